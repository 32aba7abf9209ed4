//! From received messages to durable rows and to detection, some at a time.

use super::{Kind, Received, Receiving};
use crate::app::App;
use crate::clock;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;
use vedette_event::datasets::quarantine;
use vedette_event::{Observation, Row, Time};
use vedette_parse::log::{Context, Format, recognise};
use vedette_parse::netflow::Output;

/// Rows of one durable step, and how long the first of them waits for others.
const ROWS: usize = 5_000;
const PATIENCE: Duration = Duration::from_millis(300);
/// Waits between tries of a step that failed.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// What was seen longer ago than this, in microseconds, is not news: a sender that was cut off
/// delivers late. Flows are told when they end, and wait for their other half.
const FRESH: i64 = 600 * 1_000_000;

/// What is made durable together.
#[derive(Default)]
struct Step {
    parts: Vec<(&'static str, Vec<Row>)>,
    rows: usize,
    bytes: usize,
    stored: u64,
    quarantined: u64,
    fresh: Vec<Observation>,
    old: HashMap<(Format, IpAddr), Vec<Observation>>,
}

/// Runs until nothing more can come, and everything that came is written.
pub async fn run(app: Arc<App>, mut queue: UnboundedReceiver<Received>) {
    let receiving = app.receiving.clone();
    while let Some(first) = queue.recv().await {
        let mut step = Step::default();
        step.add(&receiving, first);
        let end = Instant::now() + PATIENCE;
        while step.rows < ROWS {
            match tokio::time::timeout_at(end, queue.recv()).await {
                Ok(Some(more)) => step.add(&receiving, more),
                _ => break,
            }
        }
        write(&app, &receiving, step).await;
    }
}

async fn write(app: &Arc<App>, receiving: &Receiving, mut step: Step) {
    let mut wait = FIRST_WAIT;
    loop {
        let parts = step.parts.iter().map(|(name, rows)| (*name, rows.clone())).collect();
        match app.lake.append_all(parts).await {
            Ok(_) => break,
            Err(error) => {
                if receiving.counts.failures.fetch_add(1, Ordering::Relaxed) == 0 {
                    tracing::error!(%error, "received logs cannot be stored; trying again until they are");
                }
                if !error.is_temporary() || receiving.to_write.lock().is_none() {
                    tracing::error!(%error, rows = step.rows, "received logs were given up on");
                    receiving.counts.lost.fetch_add(step.rows as u64, Ordering::Relaxed);
                    receiving.queue.release(step.bytes);
                    return;
                }
            }
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
    receiving.queue.release(step.bytes);
    receiving.counts.stored.fetch_add(step.stored, Ordering::Relaxed);
    receiving.counts.quarantined.fetch_add(step.quarantined, Ordering::Relaxed);
    app.lines.accepted.fetch_add(step.stored, Ordering::Relaxed);
    app.lines.quarantined.fetch_add(step.quarantined, Ordering::Relaxed);
    app.following.examined.fetch_add(step.fresh.len() as u64, Ordering::Relaxed);
    app.intake.submit_observations(std::mem::take(&mut step.fresh));
    follow(app, std::mem::take(&mut step.old)).await;
}

/// What is old goes to a time-line of its sender: it must not touch the live clock.
async fn follow(app: &Arc<App>, old: HashMap<(Format, IpAddr), Vec<Observation>>) {
    if old.is_empty() {
        return;
    }
    let following = app.following.clone();
    // Blocks on the state database.
    let done = tokio::task::spawn_blocking(move || {
        let now = clock::now();
        for ((format, sender), seen) in old {
            if let Some(log) = following.open(format, &sender.to_string(), now) {
                following.examine(&log, seen, now);
                following.pause(&log, now);
            }
        }
    });
    let _ = done.await;
}

impl Step {
    fn add(&mut self, receiving: &Receiving, received: Received) {
        let now = clock::now();
        self.bytes += received.size();
        let context =
            Context { zone: receiving.config.zone.clone(), now, origin: received.sender.to_string() };
        match received.kind {
            Kind::Netflow => self.add_flows(receiving, &received, &context),
            _ => self.add_line(receiving, &received, &context),
        }
    }

    fn add_line(&mut self, receiving: &Receiving, received: &Received, context: &Context) {
        let mut senders = receiving.senders.lock();
        let sender = senders.of(received.sender, context.now);
        let found = if received.cut { None } else { recognise(&received.bytes) };
        let Some((format, line)) = found else {
            let why = match received.cut {
                true => "the message is too long; its beginning is kept".to_owned(),
                false => format!("not a log of {}", Format::NAMES),
            };
            sender.count(None, 0, 1);
            return self.quarantine("syslog", received.sender, &why, &received.bytes);
        };
        match sender.reader(format, context).map(|reader| reader.read(line)) {
            Some(Ok(Some(record))) => {
                sender.count(Some(format), 1, 0);
                self.stored += 1;
                self.row(record.dataset.name, record.row);
                self.see(format, received.sender, record.seen, context.now);
            }
            Some(Ok(None)) | None => {}
            Some(Err(why)) => {
                sender.count(Some(format), 0, 1);
                self.quarantine(format.as_str(), received.sender, &why.to_string(), &received.bytes);
            }
        }
    }

    fn add_flows(&mut self, receiving: &Receiving, received: &Received, context: &Context) {
        let Output { records, seen, bad } = {
            let mut senders = receiving.senders.lock();
            let sender = senders.of(received.sender, context.now);
            let out = sender.flows(context).read(&received.bytes, context.now);
            sender.count(Some(Format::Netflow), out.records.len() as u64, out.bad.len() as u64);
            out
        };
        self.stored += records.len() as u64;
        for record in records {
            self.row(record.dataset.name, record.row);
        }
        self.see(Format::Netflow, received.sender, seen, context.now);
        for bad in bad {
            let hex: String = bad.raw.iter().map(|byte| format!("{byte:02x}")).collect();
            self.quarantine(Format::Netflow.as_str(), received.sender, &bad.why.to_string(), hex.as_bytes());
        }
    }

    fn see(&mut self, format: Format, sender: IpAddr, seen: Vec<Observation>, now: Time) {
        for mut one in seen {
            if now.since(one.decided()) > FRESH || one.decided().since(now) > FRESH {
                self.old.entry((format, sender)).or_default().push(one);
                continue;
            }
            // A clock that is ahead must not set ours.
            let event = match &mut one {
                Observation::Attempt(event) => event,
                Observation::Verdict(verdict) => &mut verdict.event,
            };
            event.decided = event.decided.min(now);
            event.time = event.time.min(event.decided);
            self.fresh.push(one);
        }
    }

    fn quarantine(&mut self, source: &str, sender: IpAddr, why: &str, raw: &[u8]) {
        self.quarantined += 1;
        let row = quarantine::row(clock::now(), source, &sender.to_string(), None, why, raw);
        self.row(quarantine::DATASET.name, row);
    }

    fn row(&mut self, dataset: &'static str, row: Row) {
        self.rows += 1;
        match self.parts.iter_mut().find(|(name, _)| *name == dataset) {
            Some((_, rows)) => rows.push(row),
            None => self.parts.push((dataset, vec![row])),
        }
    }
}
