//! The task that makes rows durable: events and detections, in the order in which they came.

use super::intake::{Intake, ToStore};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use vedette_event::datasets::xdr_data;
use vedette_event::{Event, Row};
use vedette_lake::Lake;

/// Rows of one durable step. While one is synced the next gathers.
const ROWS: usize = 20_000;
/// Waits between tries of a step that failed.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// How storing goes.
#[derive(Default)]
pub struct Storing {
    pub events: AtomicU64,
    /// Steps that failed, tries counted.
    pub failures: AtomicU64,
    /// Rows given up on, because the lake said they can never be stored.
    pub lost: AtomicU64,
    /// Failing at the moment.
    pub stuck: AtomicBool,
    pub running: AtomicBool,
    pub last_error: Mutex<Option<String>>,
}

impl Storing {
    /// Runs until the intake is closed and everything that came before is stored.
    pub async fn run(
        self: Arc<Storing>,
        lake: Lake,
        intake: Arc<Intake>,
        mut queue: UnboundedReceiver<ToStore>,
    ) {
        self.running.store(true, Ordering::Release);
        while let Some(first) = queue.recv().await {
            let step = gather(first, &mut queue);
            self.store(&lake, &intake, step).await;
        }
        self.running.store(false, Ordering::Release);
    }

    /// Stores one step, however often it takes; while it fails the queue fills up and then drops.
    async fn store(&self, lake: &Lake, intake: &Intake, step: Step) {
        let mut wait = FIRST_WAIT;
        loop {
            match lake.append_all(step.parts()).await {
                Ok(_) => break self.stored(intake, &step),
                Err(error) => {
                    self.failures.fetch_add(1, Ordering::Relaxed);
                    *self.last_error.lock() = Some(error.to_string());
                    if !self.stuck.swap(true, Ordering::AcqRel) {
                        tracing::error!(%error, "rows cannot be stored; trying again until they are");
                    }
                    if !error.is_temporary() || intake.is_closed() {
                        tracing::error!(%error, rows = step.len(), "rows were given up on");
                        self.lost.fetch_add(step.len() as u64, Ordering::Relaxed);
                        break;
                    }
                }
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
        intake.store_gauge.release(step.len());
    }

    fn stored(&self, intake: &Intake, step: &Step) {
        for events in &step.events {
            self.events.fetch_add(events.len() as u64, Ordering::Relaxed);
            intake.watches.note(|watch| &watch.stored, events);
        }
        if self.stuck.swap(false, Ordering::AcqRel) {
            tracing::info!("rows can be stored again");
            *self.last_error.lock() = None;
        }
    }
}

/// What is made durable together.
#[derive(Default)]
struct Step {
    events: Vec<Arc<Vec<Event>>>,
    rows: Vec<(&'static str, Vec<Row>)>,
    len: usize,
}

impl Step {
    fn add(&mut self, item: ToStore) {
        self.len += item.len();
        match item {
            ToStore::Events(events) => self.events.push(events),
            ToStore::Rows(dataset, rows) => self.rows.push((dataset, rows)),
        }
    }

    fn len(&self) -> usize {
        self.len
    }

    fn parts(&self) -> Vec<(&str, Vec<Row>)> {
        let mut parts: Vec<(&str, Vec<Row>)> = Vec::new();
        let seen: Vec<Row> = self.events.iter().flat_map(|events| events.iter()).map(xdr_data::row).collect();
        if !seen.is_empty() {
            parts.push((xdr_data::DATASET.name, seen));
        }
        for (dataset, rows) in &self.rows {
            match parts.iter_mut().find(|(name, _)| name == dataset) {
                Some((_, all)) => all.extend(rows.iter().cloned()),
                None => parts.push((dataset, rows.clone())),
            }
        }
        parts
    }
}

/// `first` and what waits behind it, up to the size of a step.
fn gather(first: ToStore, queue: &mut UnboundedReceiver<ToStore>) -> Step {
    let mut step = Step::default();
    step.add(first);
    while step.len() < ROWS {
        match queue.try_recv() {
            Ok(item) => step.add(item),
            Err(_) => break,
        }
    }
    step
}
