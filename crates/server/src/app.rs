//! The parts of a running server, as handlers, the self-test and the health report see them.

use crate::clock;
use crate::config::Limits;
use crate::hosts::Hosts;
use crate::live::Live;
use crate::notify::Notifier;
use crate::pipeline::following::Following;
use crate::pipeline::lines::LineCounts;
use crate::pipeline::{Alerting, Detecting, Intake, Storing};
use crate::queries::Queries;
use crate::rate::Rates;
use crate::receiving::Receiving;
use crate::response::Responder;
use crate::rules::Runner;
use crate::sealing::Sealer;
use crate::secret::Secret;
use crate::sensing::Sensing;
use crate::setup::Setup;
use crate::state::{StateError, Store};
use crate::throttle::Throttle;
use crate::tls::Certificate;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::sync::Semaphore;
use vedette_engine::{Engine, Tables};
use vedette_event::Time;
use vedette_lake::Lake;

pub struct App {
    pub store: Arc<Store>,
    pub lake: Lake,
    pub engine: Engine,
    pub tables: Arc<Tables>,
    pub intake: Arc<Intake>,
    pub storing: Arc<Storing>,
    pub detecting: Arc<Detecting>,
    pub alerting: Arc<Alerting>,
    pub rules: Arc<Runner>,
    pub sensing: Arc<Sensing>,
    pub hosts: Arc<Hosts>,
    pub live: Arc<Live>,
    pub setup: Setup,
    /// The token of the command line on this machine.
    pub local: Secret,
    pub queries: Queries,
    pub throttle: Throttle,
    pub rates: Rates,
    pub sealer: Arc<Sealer>,
    pub notifier: Arc<Notifier>,
    pub responder: Arc<Responder>,
    /// Password hashing at one time: it takes memory and a core each.
    pub hashing: Semaphore,
    /// Requests under way.
    pub requests: Arc<Semaphore>,
    pub self_test: Semaphore,
    pub lines: LineCounts,
    pub following: Arc<Following>,
    pub receiving: Arc<Receiving>,
    pub counts: HttpCounts,
    pub certificate: Option<Arc<Certificate>>,
    pub address: SocketAddr,
    pub data_dir: PathBuf,
    pub limits: Limits,
    pub retention: (u32, u64),
    /// How the detector is set; `None` when detection is off.
    pub detection: Option<vedette_detect::Config>,
    /// Files of classes that were left out, and why.
    pub class_troubles: Vec<String>,
    pub started_at: Time,
    pub hostname: String,
    pub instance_id: String,
    /// Becomes true when the server stops: streams end.
    pub stopping: tokio::sync::watch::Receiver<bool>,
}

/// Requests since the start.
#[derive(Default)]
pub struct HttpCounts {
    pub requests: AtomicU64,
    pub client_errors: AtomicU64,
    pub server_errors: AtomicU64,
    pub panics: AtomicU64,
    /// Connections and requests turned away because there were too many.
    pub refused: AtomicU64,
    pub connections: AtomicU64,
}

impl App {
    pub fn is_tls(&self) -> bool {
        self.certificate.is_some()
    }

    /// How the server is reached from this machine.
    pub fn local_address(&self) -> SocketAddr {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(match address {
                SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
            });
        }
        address
    }

    /// Runs a short piece of work on the state database where blocking is fine.
    pub async fn state<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store, Time) -> Result<T, StateError> + Send + 'static,
    ) -> Result<T, StateError> {
        let store = self.store.clone();
        tokio::task::spawn_blocking(move || work(&store, clock::now()))
            .await
            .unwrap_or(Err(StateError::Broken))
    }
}
