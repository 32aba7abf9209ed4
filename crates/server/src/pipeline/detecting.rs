//! The thread that runs the detector. It owns it: no lock, no async, nothing that waits for a disk
//! but the state database.

use super::alerting::Alerting;
use super::intake::{Intake, ToDetector};
use super::remembering::Remembering;
use crate::clock;
use crate::sensing::Sensing;
use parking_lot::Mutex;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use vedette_detect::{Config, Detector, SourceStanding, Statistics};
use vedette_event::{Detection, Event, Observation, SensorLosses, Time};

/// How often time is told to the detector, and how far behind the clock: what a sensor is about to
/// deliver must not come late.
const TICK: Duration = Duration::from_millis(200);
const BEHIND: i64 = 250_000;
/// Events looked at before what was found is told.
const CHUNK: usize = 512;
/// Questions that wait at one time.
const MOST_QUESTIONS: usize = 100;

type Question = (IpAddr, oneshot::Sender<Option<SourceStanding>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DetectorState {
    /// Switched off in the configuration.
    Off,
    Running,
    /// It ended: the server stops, or the thread died.
    Stopped,
}

impl DetectorState {
    pub fn as_str(self) -> &'static str {
        match self {
            DetectorState::Off => "off",
            DetectorState::Running => "running",
            DetectorState::Stopped => "stopped",
        }
    }
}

/// How detecting goes.
#[derive(Default)]
pub struct Detecting {
    wanted: AtomicBool,
    running: AtomicBool,
    pub events: AtomicU64,
    /// Times the detector panicked and began anew.
    pub faults: AtomicU64,
    statistics: Mutex<Statistics>,
    questions: Mutex<Vec<Question>>,
    /// Times that what is remembered could not be written, since the last time it could.
    pub unsaved: AtomicU64,
}

impl Detecting {
    pub fn new(wanted: bool) -> Arc<Detecting> {
        Arc::new(Detecting { wanted: AtomicBool::new(wanted), ..Detecting::default() })
    }

    pub fn state(&self) -> DetectorState {
        match (self.wanted.load(Ordering::Acquire), self.running.load(Ordering::Acquire)) {
            (false, _) => DetectorState::Off,
            (true, true) => DetectorState::Running,
            (true, false) => DetectorState::Stopped,
        }
    }

    pub fn statistics(&self) -> Statistics {
        *self.statistics.lock()
    }

    /// Why a source has fired, or has not, as the detector stands at its next tick; `None` when it
    /// remembers nothing of it. An error is a sentence for the user.
    pub async fn explain(&self, source: IpAddr) -> Result<Option<SourceStanding>, &'static str> {
        let stopped = "The detector does not run, so it weighs nothing.";
        if self.state() != DetectorState::Running {
            return Err(stopped);
        }
        let (sender, answer) = oneshot::channel();
        {
            let mut waiting = self.questions.lock();
            waiting.retain(|(_, sender)| !sender.is_closed());
            if waiting.len() >= MOST_QUESTIONS {
                return Err("Too many questions wait for the detector.");
            }
            waiting.push((source, sender));
        }
        answer.await.map_err(|_| stopped)
    }

    /// Runs until the queue ends. Campaigns then stay open: what is remembered goes to the file it was
    /// recalled from, from where the next run goes on with it.
    pub fn run(
        self: Arc<Detecting>,
        config: Config,
        recalled: Recalled,
        queue: Receiver<ToDetector>,
        intake: Arc<Intake>,
        sensing: Arc<Sensing>,
        alerting: Arc<Alerting>,
    ) {
        let _running = Running::begin(&self.running);
        let mut worker = Worker {
            detector: recalled.detector,
            remembering: recalled.remembering,
            config,
            health: self.clone(),
            intake,
            sensing,
            alerting,
            found: Vec::new(),
            told_losses: SensorLosses::default(),
        };
        let mut next_tick = Instant::now() + TICK;
        loop {
            match queue.recv_timeout(next_tick.saturating_duration_since(Instant::now())) {
                Ok(ToDetector::Events(events)) => worker.examine(&events),
                Ok(ToDetector::Observations(seen)) => worker.examine_logs(&seen),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break worker.finish(),
            }
            if Instant::now() >= next_tick {
                worker.tick(clock::now());
                next_tick = Instant::now() + TICK;
            }
        }
    }
}

/// The detector as the last run left it.
pub struct Recalled {
    detector: Detector,
    remembering: Remembering,
}

impl Recalled {
    /// From the file `state`; a new detector where there is none of use.
    pub fn from(config: &Config, state: PathBuf) -> Recalled {
        let remembering = Remembering::new(state);
        Recalled { detector: remembering.recall(config.clone()), remembering }
    }

    /// Scans that it goes on following.
    pub fn open_scans(&self) -> Vec<String> {
        self.detector.open_scans()
    }
}

/// Says that the thread runs, for as long as it does, panics included.
struct Running<'a>(&'a AtomicBool);

impl<'a> Running<'a> {
    fn begin(flag: &'a AtomicBool) -> Running<'a> {
        flag.store(true, Ordering::Release);
        Running(flag)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

struct Worker {
    detector: Detector,
    remembering: Remembering,
    config: Config,
    health: Arc<Detecting>,
    intake: Arc<Intake>,
    sensing: Arc<Sensing>,
    alerting: Arc<Alerting>,
    found: Vec<Detection>,
    told_losses: SensorLosses,
}

impl Worker {
    fn examine(&mut self, events: &[Event]) {
        for chunk in events.chunks(CHUNK) {
            self.guarded(|detector, found| {
                for event in chunk {
                    detector.observe(event, found);
                }
            });
            self.tell();
        }
        self.intake.detector_gauge.release(events.len());
        self.intake.watches.note(|watch| &watch.examined, events);
        self.health.events.fetch_add(events.len() as u64, Ordering::Relaxed);
    }

    fn examine_logs(&mut self, seen: &[Observation]) {
        for chunk in seen.chunks(CHUNK) {
            self.guarded(|detector, found| {
                for one in chunk {
                    detector.observe_log(one, found);
                }
            });
            self.tell();
        }
        self.intake.detector_gauge.release(seen.len());
        self.health.events.fetch_add(seen.len() as u64, Ordering::Relaxed);
    }

    fn tick(&mut self, now: Time) {
        let losses = self.new_losses();
        self.guarded(|detector, found| {
            if losses != SensorLosses::default() {
                detector.note_losses(losses);
            }
            detector.advance(now.plus(-BEHIND), found);
        });
        self.tell();
        self.answer();
        self.alerting.retry(now);
        *self.health.statistics.lock() = self.detector.statistics();
        self.remembering.keep(&self.detector);
        self.health.unsaved.store(self.remembering.failures(), Ordering::Relaxed);
    }

    fn finish(&mut self) {
        if !self.remembering.finish(&self.detector) {
            // Nobody will go on with them.
            self.guarded(|detector, found| detector.finish(found));
            self.tell();
        }
        self.alerting.retry(clock::now());
    }

    fn answer(&self) {
        for (source, sender) in std::mem::take(&mut *self.health.questions.lock()) {
            // Who asked may have gone.
            let _ = sender.send(self.detector.explain(source));
        }
    }

    fn tell(&mut self) {
        if !self.found.is_empty() {
            self.alerting.take(std::mem::take(&mut self.found), clock::now());
        }
    }

    /// A mistake in the detector costs its memory of the sources so far, not detection itself.
    fn guarded(&mut self, work: impl FnOnce(&mut Detector, &mut Vec<Detection>)) {
        let (detector, found) = (&mut self.detector, &mut self.found);
        if catch_unwind(AssertUnwindSafe(|| work(detector, found))).is_err() {
            tracing::error!("the detector failed on an event and began anew; please report this");
            self.health.faults.fetch_add(1, Ordering::Relaxed);
            self.detector = Detector::new(self.config.clone());
        }
    }

    /// What was lost before the detector since the last tick.
    fn new_losses(&mut self) -> SensorLosses {
        let sensor = self.sensing.losses();
        let now = SensorLosses {
            events_dropped: sensor.events_dropped + self.intake.detector_gauge.dropped(),
            ..sensor
        };
        let before = std::mem::replace(&mut self.told_losses, now);
        SensorLosses {
            packets_dropped: now.packets_dropped.saturating_sub(before.packets_dropped),
            events_dropped: now.events_dropped.saturating_sub(before.events_dropped),
            attempts_aggregated: now.attempts_aggregated.saturating_sub(before.attempts_aggregated),
        }
    }
}
