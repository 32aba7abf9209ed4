//! The way in: one order for all sources, and bounded queues behind it.

use super::observed::Observed;
use super::watch::Watches;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use vedette_event::{Event, Observation, Row, Time};

/// What the storing task takes.
pub enum ToStore {
    Events(Arc<Vec<Event>>),
    Rows(&'static str, Vec<Row>),
}

impl ToStore {
    pub fn len(&self) -> usize {
        match self {
            ToStore::Events(events) => events.len(),
            ToStore::Rows(_, rows) => rows.len(),
        }
    }
}

/// What the detector takes.
pub enum ToDetector {
    Events(Arc<Vec<Event>>),
    /// Of logs that are received as they are written; their rows are stored already.
    Observations(Vec<Observation>),
}

impl ToDetector {
    pub fn len(&self) -> usize {
        match self {
            ToDetector::Events(events) => events.len(),
            ToDetector::Observations(seen) => seen.len(),
        }
    }
}

/// How full a queue is, and what did not fit. Shared by both of its ends.
pub struct Gauge {
    queued: AtomicUsize,
    capacity: usize,
    dropped: AtomicU64,
}

impl Gauge {
    pub fn new(capacity: usize) -> Arc<Gauge> {
        Arc::new(Gauge { queued: AtomicUsize::new(0), capacity, dropped: AtomicU64::new(0) })
    }

    /// Takes room for `count` items, or counts them as dropped.
    pub fn reserve(&self, count: usize) -> bool {
        let fits = self
            .queued
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |queued| {
                queued.checked_add(count).filter(|sum| *sum <= self.capacity)
            })
            .is_ok();
        if !fits {
            self.drop_items(count);
        }
        fits
    }

    pub fn release(&self, count: usize) {
        self.queued.fetch_sub(count, Ordering::AcqRel);
    }

    pub fn drop_items(&self, count: usize) {
        self.dropped.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub fn queued(&self) -> usize {
        self.queued.load(Ordering::Acquire)
    }

    pub fn capacity(&self) -> usize {
        self.capacity
    }

    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// The two queues behind the intake.
struct Ways {
    store: tokio::sync::mpsc::UnboundedSender<ToStore>,
    detector: Option<std::sync::mpsc::Sender<ToDetector>>,
}

/// Where events enter. Cheap to call from any thread; never blocks on a disk or a detector.
pub struct Intake {
    /// `None` once closed. The lock also gives both ways the same order.
    ways: Mutex<Option<Ways>>,
    closed: AtomicBool,
    received: AtomicU64,
    refused: AtomicU64,
    pub store_gauge: Arc<Gauge>,
    pub detector_gauge: Arc<Gauge>,
    pub observed: Mutex<Observed>,
    pub watches: Watches,
}

/// The far ends of the queues.
pub struct Outlets {
    pub store: tokio::sync::mpsc::UnboundedReceiver<ToStore>,
    pub detector: std::sync::mpsc::Receiver<ToDetector>,
}

impl Intake {
    /// `detection` false: nothing is sent to a detector.
    pub fn new(capacity: usize, detection: bool) -> (Arc<Intake>, Outlets) {
        let (store, store_out) = tokio::sync::mpsc::unbounded_channel();
        let (detector, detector_out) = std::sync::mpsc::channel();
        let ways = Ways { store, detector: detection.then_some(detector) };
        let intake = Arc::new(Intake {
            ways: Mutex::new(Some(ways)),
            closed: AtomicBool::new(false),
            received: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            store_gauge: Gauge::new(capacity),
            detector_gauge: Gauge::new(capacity),
            observed: Mutex::new(Observed::default()),
            watches: Watches::default(),
        });
        (intake, Outlets { store: store_out, detector: detector_out })
    }

    /// Takes a batch in. What a full queue refuses is counted on that queue; a closed intake
    /// refuses all of it.
    pub fn submit(&self, events: Vec<Event>, now: Time) {
        if events.is_empty() {
            return;
        }
        let count = events.len();
        let events = Arc::new(events);
        {
            let ways = self.ways.lock();
            let Some(ways) = ways.as_ref() else {
                self.refused.fetch_add(count as u64, Ordering::Relaxed);
                return;
            };
            // The detector first: an alert is what cannot wait.
            if let Some(detector) = &ways.detector
                && self.detector_gauge.reserve(count)
                && detector.send(ToDetector::Events(events.clone())).is_err()
            {
                self.detector_gauge.release(count);
                self.detector_gauge.drop_items(count);
            }
            if self.store_gauge.reserve(count) && ways.store.send(ToStore::Events(events.clone())).is_err() {
                self.store_gauge.release(count);
                self.store_gauge.drop_items(count);
            }
        }
        self.received.fetch_add(count as u64, Ordering::Relaxed);
        self.watches.note(|watch| &watch.arrived, &events);
        self.observed.lock().note(&events, now);
    }

    /// What logs say that come as they are written: for the detector alone, in turn with the events.
    pub fn submit_observations(&self, seen: Vec<Observation>) {
        let count = seen.len();
        let ways = self.ways.lock();
        let Some(detector) = ways.as_ref().and_then(|ways| ways.detector.as_ref()) else { return };
        if count > 0
            && self.detector_gauge.reserve(count)
            && detector.send(ToDetector::Observations(seen)).is_err()
        {
            self.detector_gauge.release(count);
            self.detector_gauge.drop_items(count);
        }
    }

    /// Rows of our own making, to be stored in turn with the events.
    pub fn submit_rows(&self, dataset: &'static str, rows: Vec<Row>) {
        let count = rows.len();
        let ways = self.ways.lock();
        let Some(ways) = ways.as_ref() else {
            self.refused.fetch_add(count as u64, Ordering::Relaxed);
            return;
        };
        if self.store_gauge.reserve(count) && ways.store.send(ToStore::Rows(dataset, rows)).is_err() {
            self.store_gauge.release(count);
            self.store_gauge.drop_items(count);
        }
    }

    /// No more detection: its queue ends, and the detector finishes.
    pub fn close_detector(&self) {
        if let Some(ways) = self.ways.lock().as_mut() {
            ways.detector = None;
        }
    }

    /// Nothing more comes in; both queues end when they are empty.
    pub fn close(&self) {
        *self.ways.lock() = None;
        self.closed.store(true, Ordering::Release);
    }

    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Events and rows that came when the intake was closed.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use vedette_event::*;

    /// A refused SYN from 127.1.1.1 to `target`.
    pub(crate) fn probe(target: &str, port: u16, time: Time) -> Event {
        Event {
            kind: EventKind::Attempt,
            time,
            decided: time,
            observer: Arc::new(Observer { id: "o".into(), hostname: "h".into(), kind: ObserverKind::Sensor }),
            direction: Direction::Inbound,
            transport: Transport::Tcp,
            source: "127.1.1.1".parse().unwrap(),
            source_port: 40_000,
            target: target.parse().unwrap(),
            target_port: port,
            outcome: Outcome::Refused,
            handshake_completed: false,
            closing: Closing::Open,
            count: 1,
            retries: 0,
            sent: Volume { packets: 1, bytes: 0 },
            received: Volume { packets: 1, bytes: 0 },
            duration: 10,
            first: FirstPacket { tcp_flags: flag::SYN, ttl: 64, window: 1024, ..FirstPacket::default() },
            icmp: None,
            source_mac: None,
            reset: None,
            vlan: None,
            interface: "lo".into(),
            process: None,
        }
    }

    #[test]
    fn a_full_queue_drops_and_counts_and_the_other_goes_on() {
        let (intake, mut outlets) = Intake::new(3, true);
        let batch = |n: u16| (0..n).map(|port| probe("127.0.0.1", port, Time(1))).collect::<Vec<_>>();
        intake.submit(batch(3), Time(1));
        assert_eq!(outlets.detector.recv().unwrap().len(), 3);
        intake.detector_gauge.release(3);
        intake.submit(batch(2), Time(1));
        assert_eq!(outlets.detector.recv().unwrap().len(), 2);
        assert_eq!((intake.store_gauge.dropped(), intake.detector_gauge.dropped()), (2, 0));
        assert_eq!(outlets.store.try_recv().unwrap().len(), 3);
        assert!(outlets.store.try_recv().is_err());
        assert_eq!(intake.received(), 5);
    }

    #[test]
    fn a_closed_intake_refuses_and_counts() {
        let (intake, outlets) = Intake::new(10, true);
        intake.close();
        intake.submit(vec![probe("127.0.0.1", 1, Time(1))], Time(1));
        assert_eq!((intake.received(), intake.refused()), (0, 1));
        assert!(outlets.detector.recv().is_err());
    }

    #[test]
    fn a_dead_detector_counts_as_drops_and_storing_goes_on() {
        let (intake, Outlets { mut store, detector }) = Intake::new(10, true);
        drop(detector);
        intake.submit(vec![probe("127.0.0.1", 1, Time(1))], Time(1));
        assert_eq!((intake.detector_gauge.dropped(), intake.detector_gauge.queued()), (1, 0));
        assert_eq!(store.try_recv().unwrap().len(), 1);
    }
}
