//! Alerts told to other systems: webhooks, chat, mail, syslog.
//!
//! ```text
//! alerts ─> each channel's cursor ─> deliveries (waiting) ─> send ─┬─> delivered
//!                                        ^──── back-off ────────────┴─> dead: shown, can be tried again
//! ```
//!
//! Belongs here: what a channel is, shapes of messages, sending, trying again. Does not belong here:
//! which alerts there are (`state`), the live stream (`live`).
//!
//! A channel's cursor and its deliveries change in one transaction, so an alert is told at least once,
//! with the same `webhook-id` each time, however often the server restarts.

pub mod channel;
#[cfg(test)]
mod encrypted;
mod mail;
mod reach;
mod send;
mod shapes;
mod template;

use crate::clock;
use crate::sealing::Sealer;
use crate::state::{ChannelRecord, StateError, Store, Tried};
use channel::Secrets;
use parking_lot::Mutex;
pub use send::{Failure, roots};
#[cfg(test)]
pub use shapes::tests::alert as tests_alert;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use vedette_event::Time;

const SECOND: i64 = 1_000_000;
const EVERY: Duration = Duration::from_millis(500);
/// Waits before each further try; after the last one a delivery is dead. In all about a day.
const WAITS: [i64; 8] = [5, 30, 120, 600, 1_800, 7_200, 21_600, 54_000];
/// Deliveries of one round. They go out one after the other: a receiver is not flooded.
const ROUND: u32 = 50;

pub struct Notifier {
    store: Arc<Store>,
    sealer: Arc<Sealer>,
    hostname: String,
    pub delivered: AtomicU64,
    pub failures: AtomicU64,
    pub last_error: Mutex<Option<String>>,
}

impl Notifier {
    pub fn new(store: Arc<Store>, sealer: Arc<Sealer>, hostname: String) -> Arc<Notifier> {
        Arc::new(Notifier {
            store,
            sealer,
            hostname,
            delivered: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            last_error: Mutex::default(),
        })
    }

    /// Runs until the server stops.
    pub async fn run(self: Arc<Notifier>, mut stopping: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                _ = stopping.wait_for(|stopping| *stopping) => return,
                () = tokio::time::sleep(EVERY) => {}
            }
            let (worker, stop) = (self.clone(), stopping.clone());
            let round = tokio::task::spawn_blocking(move || worker.round(&|| *stop.borrow())).await;
            let said = match round {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(error) => Some(error.to_string()),
            };
            if let Some(why) = &said
                && self.last_error.lock().is_none()
            {
                tracing::error!(why, "notifications cannot go on; trying again");
            }
            *self.last_error.lock() = said;
        }
    }

    /// Notes what is to be told, and tells what is due.
    fn round(&self, stop: &dyn Fn() -> bool) -> Result<(), StateError> {
        let channels = self.store.channels()?;
        for channel in channels.iter().filter(|channel| channel.enabled) {
            let now = clock::now();
            while self.store.note_deliveries(
                channel.id,
                |alert| channel.settings.due(alert.severity(), alert.subject.source(), alert.self_test, now),
                now,
            )? {}
        }
        let known: HashMap<i64, &ChannelRecord> =
            channels.iter().map(|channel| (channel.id, channel)).collect();
        for (delivery, alert) in self.store.due_deliveries(clock::now(), ROUND)? {
            let Some(channel) = known.get(&delivery.channel_id).filter(|_| !stop()) else { continue };
            let id = format!("msg_{}_{}", channel.id, delivery.alert_id);
            let now = clock::now();
            let tried = match self.send(channel, &alert, &id, now) {
                Ok(()) => {
                    self.delivered.fetch_add(1, Ordering::Relaxed);
                    Tried::Delivered
                }
                Err(failure) => {
                    self.failures.fetch_add(1, Ordering::Relaxed);
                    tracing::warn!(
                        channel = channel.name,
                        alert = delivery.alert_id,
                        why = failure.why,
                        "not delivered"
                    );
                    after(failure, delivery.attempts, clock::now())
                }
            };
            self.store.note_try(delivery.id, &tried, clock::now())?;
        }
        Ok(())
    }

    /// Sends one alert on a channel, now.
    pub fn send(
        &self,
        channel: &ChannelRecord,
        alert: &crate::state::AlertRecord,
        id: &str,
        now: Time,
    ) -> Result<(), Failure> {
        let secrets = self.secrets(channel).ok_or_else(|| Failure {
            why: "the channel's address cannot be read: the key file of the data folder is another one"
                .to_owned(),
            final_: true,
        })?;
        send::send(&channel.settings, &secrets, alert, id, &self.hostname, now)
    }

    pub fn seal(&self, channel: i64, secrets: &Secrets) -> Option<Vec<u8>> {
        let text = serde_json::to_vec(secrets).ok()?;
        self.sealer.seal(&owner(channel), &text)
    }

    pub fn secrets(&self, channel: &ChannelRecord) -> Option<Secrets> {
        let text = self.sealer.open_sealed(&owner(channel.id), &channel.sealed)?;
        serde_json::from_slice(&text).ok()
    }
}

fn owner(channel: i64) -> String {
    format!("channel:{channel}")
}

/// What follows a failed try after `attempts` earlier ones.
fn after(failure: Failure, attempts: u32, now: Time) -> Tried {
    let wait = WAITS.get(usize::try_from(attempts).unwrap_or(usize::MAX));
    match wait.filter(|_| !failure.final_) {
        Some(seconds) => Tried::Again { at: now.plus(seconds * SECOND), error: failure.why },
        None => Tried::Dead { error: failure.why },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_come_further_apart_and_end() {
        let failure = |final_| Failure { why: "x".to_owned(), final_ };
        let waits: Vec<Option<i64>> = (0..9)
            .map(|attempts| match after(failure(false), attempts, Time(0)) {
                Tried::Again { at, .. } => Some(at.0 / SECOND),
                _ => None,
            })
            .collect();
        assert_eq!(waits[..8], WAITS.map(Some));
        assert_eq!(waits[8], None);
        assert!(matches!(after(failure(true), 0, Time(0)), Tried::Dead { .. }));
    }
}
