//! From the capture thread to the sink: a bounded queue and a thread of its own, so that a sink
//! that takes its time never holds up the ring.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use vedette_event::Event;

/// The sending side.
pub struct Delivery {
    batches: Sender<Vec<Event>>,
    counts: Arc<Counts>,
    limit: u64,
}

/// The receiving side.
pub struct Arrivals {
    batches: Receiver<Vec<Event>>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
pub struct Counts {
    pub delivered: AtomicU64,
    pub dropped: AtomicU64,
    pub queued: AtomicU64,
}

/// A queue for at most `limit` events.
pub fn queue(limit: usize) -> (Delivery, Arrivals) {
    let (sender, receiver) = channel();
    let counts = Arc::new(Counts::default());
    let delivery = Delivery { batches: sender, counts: counts.clone(), limit: limit as u64 };
    (delivery, Arrivals { batches: receiver, counts })
}

impl Delivery {
    /// Hands on what fits, in order, and leaves `events` empty. The rest is dropped and counted.
    pub fn send(&self, events: &mut Vec<Event>) {
        if events.is_empty() {
            return;
        }
        let mut batch = std::mem::take(events);
        let room = self.limit.saturating_sub(self.counts.queued.load(Ordering::Relaxed));
        let kept = batch.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        let mut dropped = (batch.len() - kept) as u64;
        batch.truncate(kept);
        if kept > 0 {
            self.counts.queued.fetch_add(kept as u64, Ordering::Relaxed);
            // The sink's thread ended: it panicked.
            if self.batches.send(batch).is_err() {
                self.counts.queued.fetch_sub(kept as u64, Ordering::Relaxed);
                dropped += kept as u64;
            }
        }
        self.counts.dropped.fetch_add(dropped, Ordering::Relaxed);
    }

    pub fn counts(&self) -> &Arc<Counts> {
        &self.counts
    }
}

impl Arrivals {
    /// Puts a stage in between: what came from the capture comes out of the first, and what is put
    /// into the second goes to the sink. What waits in either is queued.
    pub fn divert(self) -> (Receiver<Vec<Event>>, Sender<Vec<Event>>, Arrivals) {
        let (to, rest) = channel();
        (self.batches, to, Arrivals { batches: rest, counts: self.counts })
    }

    /// Calls `sink` with every batch until the sending side is gone.
    pub fn deliver(self, mut sink: impl FnMut(Vec<Event>)) {
        for batch in self.batches {
            let count = batch.len() as u64;
            sink(batch);
            self.counts.queued.fetch_sub(count, Ordering::Relaxed);
            self.counts.delivered.fetch_add(count, Ordering::Relaxed);
        }
    }
}
