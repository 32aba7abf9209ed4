//! From detections to alerts: the row that says what was concluded, the alert that grows, the news
//! to those who listen.

use super::intake::Intake;
use crate::live::{Live, News};
use crate::sensing::Sensing;
use crate::state::{AlertRecord, StateError, Store, Stored};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use vedette_event::datasets::{detections, threat};
use vedette_event::{Change, Detection, DetectionKind, Finding, Row, Severity, Time};

/// Alerts kept for another try while the state database fails; beyond it the newest are given up.
const PENDING: usize = 10_000;
/// Sources whose packets go into one capture file.
const MOST_SUSPECTS: usize = 64;
/// Their latest probe is not longer ago, in microseconds.
const FRESH: i64 = 3_600_000_000;

pub struct Alerting {
    store: Arc<Store>,
    live: Arc<Live>,
    intake: Arc<Intake>,
    sensing: Arc<Sensing>,
    /// Detections whose alert could not be stored yet, the latest state of each campaign.
    pending: Mutex<HashMap<String, (Detection, bool)>>,
    pub detections: AtomicU64,
    /// Tries to store an alert that failed.
    pub failures: AtomicU64,
    /// Alerts given up on.
    pub lost: AtomicU64,
    pub last_error: Mutex<Option<String>>,
}

impl Alerting {
    pub fn new(
        store: Arc<Store>,
        live: Arc<Live>,
        intake: Arc<Intake>,
        sensing: Arc<Sensing>,
    ) -> Arc<Alerting> {
        Arc::new(Alerting {
            store,
            live,
            intake,
            sensing,
            pending: Mutex::new(HashMap::new()),
            detections: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            last_error: Mutex::new(None),
        })
    }

    /// Takes what the detector told of, in order.
    pub fn take(&self, found: Vec<Detection>, now: Time) {
        self.detections.fetch_add(found.len() as u64, Ordering::Relaxed);
        let mut rows = Vec::with_capacity(found.len());
        for mut detection in found {
            let watch = self.intake.watches.of(&detection);
            if watch.is_some() {
                mark_self_test(&mut detection);
            }
            rows.push(detections::row(&detection));
            if let Some(watch) = &watch {
                let _ = watch.detection.set(detection.id.clone());
            }
            if detection.kind == DetectionKind::Scan {
                self.alert(detection, watch.is_some(), now);
            }
        }
        self.intake.submit_rows(detections::DATASET.name, rows);
    }

    /// Takes what another product found; its alert as it stands then. An error is the caller's to
    /// tell: nothing is kept for another try.
    pub fn take_finding(&self, finding: &Finding, now: Time) -> Result<AlertRecord, StateError> {
        let stored = self.store.record_finding(finding, now)?;
        let alert = stored.alert.clone();
        self.tell_stored(stored);
        Ok(alert)
    }

    /// News of an alert that was stored elsewhere; none of one that is excluded.
    pub fn tell_stored(&self, stored: Stored) {
        if stored.alert.life.excluded_by.is_some() {
            return;
        }
        if stored.new {
            tracing::info!(alert = stored.alert.life.alert_id, name = ?stored.alert.subject.name(), "alert");
        }
        self.live.tell(if stored.new { News::Opened } else { News::Updated }, stored.alert);
    }

    /// Tries again what could not be stored.
    pub fn retry(&self, now: Time) {
        let waiting = std::mem::take(&mut *self.pending.lock());
        for (_, (detection, self_test)) in waiting {
            self.alert(detection, self_test, now);
        }
    }

    pub fn waiting(&self) -> usize {
        self.pending.lock().len()
    }

    fn alert(&self, detection: Detection, self_test: bool, now: Time) {
        match self.record(&detection, self_test, now) {
            Ok((stored, threats)) => {
                self.intake.submit_rows(threat::DATASET.name, threats);
                let news = match (stored.new, detection.change) {
                    (true, _) => News::Opened,
                    (_, Change::Closed) if !stored.alert.life.active => News::Closed,
                    _ => News::Updated,
                };
                if stored.alert.life.excluded_by.is_none() {
                    if stored.new {
                        tracing::info!(alert = stored.alert.life.alert_id, name = ?detection.name, "alert");
                    }
                    self.live.tell(news, stored.alert);
                }
                *self.last_error.lock() = None;
            }
            Err(error) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
                if self.last_error.lock().replace(error.to_string()).is_none() {
                    tracing::error!(%error, "an alert cannot be stored; trying again until it is");
                }
                self.keep(detection, self_test);
            }
        }
    }

    /// The alert as it stands now, and what this change adds to `vedette_threat_raw`. A self-test adds
    /// nothing there: rules over that dataset are about scans that somebody else makes.
    fn record(
        &self,
        detection: &Detection,
        self_test: bool,
        now: Time,
    ) -> Result<(Stored, Vec<Row>), StateError> {
        let before = self.store.campaign(&detection.id)?;
        let stored = self.store.record_detection(detection, self_test, now)?;
        let suspects: Vec<IpAddr> =
            detection.source_ips.iter().chain(&detection.candidate_ips).copied().collect();
        // The sensor's packets of today say nothing about yesterday's log.
        let fresh = now.since(detection.last_seen) < FRESH;
        let suspects = suspects.get(..MOST_SUSPECTS).unwrap_or(&suspects);
        if let Some(file) = fresh.then(|| self.sensing.capture_of(suspects)).flatten() {
            self.store.keep_capture(stored.alert.life.alert_id, &file)?;
        }
        let threats = match self_test {
            true => Vec::new(),
            false => threat::rows(detection, before.as_ref()),
        };
        Ok((stored, threats))
    }

    fn keep(&self, detection: Detection, self_test: bool) {
        let mut pending = self.pending.lock();
        if pending.len() < PENDING || pending.contains_key(&detection.id) {
            pending.insert(detection.id.clone(), (detection, self_test));
        } else {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A self-test's campaign is a real one that nobody needs to look at, and it says so.
fn mark_self_test(detection: &mut Detection) {
    detection.name = format!("Self-test: {}", detection.name);
    detection.summary = format!("Vedette's own self-test sent these probes. {}", detection.summary);
    detection.severity = Severity::Informational;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::super::intake::ToStore;
    use super::*;
    use crate::live::Heard;
    use crate::state::tests::{detection, finding};

    fn alerting() -> (Arc<Alerting>, Arc<Store>, Arc<Live>, super::super::intake::Outlets) {
        let (intake, outlets) = Intake::new(100, true);
        let (store, live) = (Arc::new(Store::in_memory()), Live::new(4));
        (Alerting::new(store.clone(), live.clone(), intake, Sensing::idle()), store, live, outlets)
    }

    #[tokio::test]
    async fn a_scan_becomes_a_row_an_alert_and_news() {
        let (alerting, store, live, mut outlets) = alerting();
        let mut listener = live.subscribe().unwrap();
        let mut flood = detection("f1");
        flood.kind = DetectionKind::Flood;
        alerting.take(vec![detection("c1"), flood], Time(5));
        assert!(store.alert_of("c1").unwrap().is_some() && store.alert_of("f1").unwrap().is_none());
        let Some(Heard::Alert(news)) = listener.next().await else { panic!("no news") };
        assert_eq!((news.0, news.1.subject.key().as_str()), (News::Opened, "c1"));
        let mut stored = Vec::new();
        while let Ok(ToStore::Rows(dataset, rows)) = outlets.store.try_recv() {
            stored.push((dataset, rows.len()));
        }
        assert_eq!(stored, [("vedette_threat_raw", 1), ("vedette_detections", 2)]);
    }

    #[tokio::test]
    async fn a_finding_is_stored_and_told() {
        let (alerting, store, live, _outlets) = alerting();
        let mut listener = live.subscribe().unwrap();
        let alert = alerting.take_finding(&finding("f1"), Time(5)).unwrap();
        let Some(Heard::Alert(news)) = listener.next().await else { panic!("no news") };
        assert_eq!((news.0, news.1.life.alert_id), (News::Opened, alert.life.alert_id));
        store.break_alerts(true);
        assert!(alerting.take_finding(&finding("f2"), Time(6)).is_err());
        store.break_alerts(false);
    }

    #[test]
    fn a_self_test_is_marked_as_one() {
        let (alerting, store, _, _outlets) = alerting();
        let mut ours = detection("c1");
        let watch = alerting.intake.watches.begin(ours.source_ips[0], ours.target_ips[0]);
        alerting.take(vec![ours.clone()], Time(5));
        let alert = store.alert_of("c1").unwrap().unwrap();
        assert!(alert.self_test && alert.subject.name().starts_with("Self-test: "));
        assert_eq!(alert.subject.severity(), Severity::Informational);
        assert_eq!(watch.detection.get().map(String::as_str), Some("c1"));
        ours.id = "c2".into();
        ours.target_ips.push("10.0.0.6".parse().unwrap());
        alerting.take(vec![ours], Time(6));
        assert!(!store.alert_of("c2").unwrap().unwrap().self_test, "a real scan must not hide behind it");
    }

    #[test]
    fn an_alert_that_cannot_be_stored_is_kept_and_tried_again() {
        let (alerting, store, _, _outlets) = alerting();
        store.break_alerts(true);
        alerting.take(vec![detection("c1")], Time(5));
        assert_eq!((alerting.waiting(), alerting.failures.load(Ordering::Relaxed)), (1, 1));
        assert!(alerting.last_error.lock().is_some());
        store.break_alerts(false);
        alerting.retry(Time(6));
        assert_eq!(alerting.waiting(), 0);
        assert!(store.alert_of("c1").unwrap().is_some());
    }
}
