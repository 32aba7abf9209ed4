//! A server that runs: what is known of it, and how it stops.

use super::{Parts, ServerError};
use crate::app::App;
use crate::clock;
use crate::local::{self, LocalServer};
use crate::selftest;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::watch;
use vedette_lake::LakeError;

/// A server that answers. Stop it with [`RunningServer::stop`]; dropping it only closes ingest.
pub struct RunningServer {
    pub(super) app: Arc<App>,
    pub(super) stop: watch::Sender<bool>,
    pub(super) parts: Option<Parts>,
}

impl RunningServer {
    /// Where it listens; the port is the real one when 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.app.address
    }

    /// For people: with this host's name where it listens on every address.
    pub fn url(&self) -> String {
        let address = self.app.address;
        if address.ip().is_unspecified() {
            return format!("https://{}:{}", self.app.hostname, address.port());
        }
        self.url_of(address)
    }

    fn url_of(&self, address: SocketAddr) -> String {
        let scheme = if self.app.is_tls() { "https" } else { "http" };
        format!("{scheme}://{address}")
    }

    /// The one-time link that makes the first user; `None` when there is one.
    pub fn setup_link(&self) -> Option<String> {
        let token = self.app.setup.token()?;
        Some(format!("{}/setup#token={}", self.url(), token.reveal()))
    }

    /// File and SHA-256 fingerprint of the certificate authority, with TLS.
    pub fn authority(&self) -> Option<(PathBuf, String)> {
        let authority = self.app.certificate.as_ref()?.authority();
        Some((authority.file().to_path_buf(), authority.fingerprint()))
    }

    /// What the command line reads to get in.
    pub fn local(&self) -> LocalServer {
        LocalServer::new(
            self.url_of(self.app.local_address()),
            self.authority(),
            &self.app.local,
            self.app.started_at,
        )
    }

    pub(super) fn publish(&self) -> Result<(), ServerError> {
        let path = self.app.data_dir.clone();
        self.local().publish(&path).map_err(|source| ServerError::Folder { path, source })
    }

    /// Why there is no sensor, and what would help; `None` while it runs.
    pub fn sensor_trouble(&self) -> Option<(String, Option<String>)> {
        let report = self.app.sensing.report();
        let running = report.state == crate::sensing::SensorState::Running;
        (!running).then(|| (report.reason.unwrap_or_default(), report.help))
    }

    /// Interfaces the sensor observes.
    pub fn interfaces(&self) -> Vec<String> {
        self.app.sensing.report().health.interfaces
    }

    /// Where logs are received, each by its kind.
    pub fn receivers(&self) -> Vec<(&'static str, SocketAddr)> {
        self.app.receiving.listeners.iter().map(|(kind, address)| (kind.as_str(), *address)).collect()
    }

    /// Days and bytes rows are kept.
    pub fn retention(&self) -> (u32, u64) {
        self.app.retention
    }

    /// Runs the self-test without a client.
    pub async fn self_test(&self) -> (Vec<selftest::Step>, selftest::Outcome) {
        let (tell, mut lines) = tokio::sync::mpsc::channel(32);
        let outcome = selftest::run(&self.app, tell).await;
        let mut steps = Vec::new();
        while let Ok(line) = lines.try_recv() {
            if let selftest::Line::Step(step) = line {
                steps.push(step);
            }
        }
        (steps, outcome)
    }

    /// Plays a capture as if it happened now; see [`crate::replay`].
    pub async fn replay_capture(&self, capture: &[u8]) -> Result<crate::ReplayReport, crate::ReplayError> {
        crate::replay::play(&self.app, capture).await
    }

    /// Stops the sensor alone; the server says so everywhere.
    pub async fn stop_sensor(&self) {
        let sensing = self.app.sensing.clone();
        let _ = tokio::task::spawn_blocking(move || sensing.stop()).await;
    }

    /// No more events are taken in: the first step of stopping, also for tests of what happens then.
    pub fn close_intake(&self) {
        self.app.intake.close();
    }

    /// Detection ends; storing goes on. Also for tests of what is said then.
    pub fn stop_detector(&self) {
        self.app.intake.close_detector();
    }

    /// Stops in order: sensor, detector, store, lake; nothing that was taken in is lost.
    pub async fn stop(mut self) -> Result<(), LakeError> {
        local::withdraw(&self.app.data_dir);
        self.app.queries.stop();
        self.stop_sensor().await;
        self.app.receiving.close();
        if let Some(parts) = self.parts.take() {
            let _ = parts.writing.await;
            self.app.intake.close_detector();
            if let Some(detector) = parts.detector {
                let _ = tokio::task::spawn_blocking(move || detector.join()).await;
            }
            let following = self.app.following.clone();
            let _ = tokio::task::spawn_blocking(move || following.finish(clock::now())).await;
            self.app.intake.close();
            let _ = parts.storing.await;
            let _ = self.stop.send(true);
            let _ = parts.rules.await;
            let _ = parts.notifier.await;
            let _ = parts.housekeeping.await;
            let _ = parts.responding.await;
            let _ = parts.serving.await;
        }
        self.app.lake.close().await
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        self.app.intake.close();
        if self.parts.is_some() {
            local::withdraw(&self.app.data_dir);
        }
    }
}
