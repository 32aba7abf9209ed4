//! The sensor's threads: one reads the ring and folds packets into events, one names the local
//! processes of events (see [`crate::owners`]), one hands the events to the sink.

use crate::capture::{Capture, Changes};
use crate::delivery::{self, Delivery};
use crate::filter::{Level, SHED_ONE_IN};
use crate::health::{Degraded, SensorHealth};
use crate::overload::Overload;
use crate::owners::{OwnerHealth, Stage, lock};
use crate::privilege::{self, Privileges};
use crate::{CaptureError, SensorConfig};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use vedette_event::{Event, Observer, Time};
use vedette_parse::flow::{FlowFolder, FolderConfig};
use vedette_parse::packet::{DecodeError, decode};
use vedette_parse::probes::ProbeKeeper;

/// The longest wait for packets while attempts may be waiting for time alone to decide them, and
/// when nothing came for [`QUIET`].
const BUSY: Duration = Duration::from_millis(20);
const IDLE: Duration = Duration::from_millis(100);
const QUIET: Duration = Duration::from_secs(1);
/// How often the health is brought up to date, and how often the kernel is asked for drops.
const HEALTH: Duration = Duration::from_millis(100);
const DROPS: Duration = Duration::from_secs(1);
/// Blocks read, and events collected, before other business is looked after.
const BLOCKS: usize = 32;
const BATCH: usize = 8_192;
/// Sources whose latest probes are kept, in at most 12 MB.
const KEPT_SOURCES: usize = 2_048;

/// A capture that is open and has not begun. See [`privilege`] for when to do what.
pub struct Sensor {
    capture: Capture,
    /// Made here, before the caller gives up its rights.
    owners: Option<Stage>,
    first: Changes,
    config: SensorConfig,
}

impl Sensor {
    /// Opens the capture. Packets wait in the ring until [`Sensor::start`].
    ///
    /// # Errors
    /// [`CaptureError::NotPermitted`] without CAP_NET_RAW, with the fix in its text.
    pub fn open(config: SensorConfig) -> Result<Sensor, CaptureError> {
        let (capture, first) = Capture::open(&config)?;
        let owners = config.owners.then(Stage::begin).transpose()?;
        Ok(Sensor { capture, owners, first, config })
    }

    /// Starts the sensor. `sink` gets the events in batches, in order, in a thread of its own that
    /// keeps the caller's rights; it may block: what exceeds the queue meanwhile is dropped and
    /// counted. An event reaches it within about 30 ms of its outcome.
    ///
    /// # Errors
    /// When a thread cannot be made.
    pub fn start(
        mut self,
        observer: Arc<Observer>,
        sink: impl FnMut(Vec<Event>) + Send + 'static,
    ) -> Result<SensorHandle, CaptureError> {
        let (delivery, mut arrivals) = delivery::queue(self.config.queue_events);
        let counts = delivery.counts().clone();
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            health: Mutex::default(),
            probes: Mutex::new(ProbeKeeper::new(KEPT_SOURCES)),
        });
        shared.health().running = true;
        let (mut owners, mut owners_thread) = (None, None);
        if let Some(stage) = self.owners.take() {
            let (from, to, rest) = arrivals.divert();
            let (health, thread) = stage.attend(from, to);
            (arrivals, owners, owners_thread) = (rest, Some(health), Some(thread));
        }
        let sink_thread = Builder::new()
            .name("vedette-events".to_owned())
            .spawn(move || arrivals.deliver(sink))
            .map_err(CaptureError::system("start a thread"))?;
        let (for_thread, lag) = (shared.clone(), lag(&self.config));
        let capture_thread = Builder::new()
            .name("vedette-capture".to_owned())
            .spawn(move || {
                let _ended = Ended(for_thread.clone());
                Worker::new(self, observer, delivery, for_thread, lag).run();
            })
            .map_err(CaptureError::system("start a thread"))?;
        let threads = [Some(capture_thread), owners_thread, Some(sink_thread)];
        Ok(SensorHandle { shared, counts, owners, threads: threads.into_iter().flatten().collect() })
    }
}

/// A running sensor. Dropping it stops the sensor without waiting.
pub struct SensorHandle {
    shared: Arc<Shared>,
    counts: Arc<delivery::Counts>,
    owners: Option<Arc<Mutex<OwnerHealth>>>,
    /// In the order in which they end.
    threads: Vec<JoinHandle<()>>,
}

impl SensorHandle {
    pub fn health(&self) -> SensorHealth {
        let owners = self.owners.as_ref().map(|health| lock(health).clone());
        let mut degraded = self.shared.health().degraded.clone();
        for limit in owners.iter().flat_map(|owners| &owners.limits) {
            degraded.push(Degraded::new("local processes", format!("{}; {}", limit.what, limit.help)));
        }
        SensorHealth {
            owners,
            degraded,
            events: self.counts.delivered.load(Ordering::Relaxed),
            events_dropped: self.counts.dropped.load(Ordering::Relaxed),
            events_queued: self.counts.queued.load(Ordering::Relaxed),
            ..self.shared.health().clone()
        }
    }

    /// A capture file (pcap) of the latest probes of these sources and the answers to them, where any
    /// are kept. What "kept" means: see [`vedette_parse::probes`].
    pub fn capture_of(&self, sources: &[IpAddr]) -> Option<Vec<u8>> {
        self.shared.probes().capture(sources)
    }

    /// Stops: decides what is open, hands the last events to the sink and waits until it has taken
    /// them. Returns the final figures.
    pub fn stop(mut self) -> SensorHealth {
        self.shared.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                let mut health = self.shared.health();
                health.error.get_or_insert_with(|| "a thread of the sensor panicked".to_owned());
            }
        }
        self.health()
    }
}

impl Drop for SensorHandle {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
    }
}

struct Shared {
    stop: AtomicBool,
    health: Mutex<SensorHealth>,
    probes: Mutex<ProbeKeeper>,
}

impl Shared {
    fn health(&self) -> MutexGuard<'_, SensorHealth> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn probes(&self) -> MutexGuard<'_, ProbeKeeper> {
        self.probes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Marks the sensor as ended however its thread ends.
struct Ended(Arc<Shared>);

impl Drop for Ended {
    fn drop(&mut self) {
        let mut health = self.0.health();
        health.running = false;
        if std::thread::panicking() {
            health.error = Some("the capture thread panicked".to_owned());
        }
    }
}

/// How far idle time stays behind the clock: a packet may wait in its block for up to two of the
/// kernel's timer periods, and must not find its flow already decided.
fn lag(config: &SensorConfig) -> i64 {
    i64::from(config.block_timeout_ms) * 2_000 + 5_000
}

fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// The capture thread's state.
struct Worker {
    capture: Capture,
    folder: FlowFolder,
    delivery: Delivery,
    shared: Arc<Shared>,
    events: Vec<Event>,
    /// Microseconds that idle time stays behind the clock.
    lag: i64,
    overload: Overload,
    decode_errors: u64,
    last_packet: Option<Time>,
    dropped: u64,
    active_at: Instant,
    health_at: Instant,
    drops_at: Instant,
    privileges: Privileges,
    privileges_kept: Option<String>,
}

impl Worker {
    fn new(
        sensor: Sensor,
        observer: Arc<Observer>,
        delivery: Delivery,
        shared: Arc<Shared>,
        lag: i64,
    ) -> Worker {
        let mut worker = Worker {
            capture: sensor.capture,
            folder: FlowFolder::new(FolderConfig::new(observer)),
            delivery,
            shared,
            events: Vec::new(),
            lag,
            overload: Overload::new(),
            decode_errors: 0,
            last_packet: None,
            dropped: 0,
            active_at: Instant::now(),
            health_at: Instant::now(),
            drops_at: Instant::now(),
            privileges: Privileges::default(),
            privileges_kept: None,
        };
        worker.apply(sensor.first);
        worker
    }

    fn run(&mut self) {
        match privilege::give_up_everything() {
            Ok(left) => self.privileges = left,
            Err(error) => {
                tracing::warn!(%error, "the capture thread keeps rights it does not need");
                self.privileges = privilege::current();
                self.privileges_kept = Some(error.to_string());
            }
        }
        self.publish();
        while !self.shared.stop.load(Ordering::Relaxed) {
            let before = now();
            if !self.read() {
                self.folder.advance(before.plus(-self.lag), &mut self.events);
                self.delivery.send(&mut self.events);
                let patience = if self.active_at.elapsed() < QUIET { BUSY } else { IDLE };
                if let Err(error) = self.capture.wait(patience) {
                    tracing::error!(%error, "the capture ended");
                    self.shared.health().error = Some(error.to_string());
                    break;
                }
            } else {
                self.active_at = Instant::now();
            }
            self.delivery.send(&mut self.events);
            self.look_after();
        }
        // What is in the block that the kernel is filling now.
        std::thread::sleep(Duration::from_micros(self.lag.unsigned_abs()));
        self.read();
        self.folder.finish(&mut self.events);
        self.delivery.send(&mut self.events);
        self.check_drops();
        self.publish();
    }

    /// Reads what the ring has, a few blocks at most. False when it had nothing.
    fn read(&mut self) -> bool {
        let Worker { capture, folder, events, decode_errors, last_packet, delivery, shared, .. } = self;
        let mut probes = shared.probes();
        for block in 0..BLOCKS {
            let any = capture.read(|frame| {
                *last_packet = Some(frame.time);
                match &decode(frame) {
                    Ok(packet) => {
                        folder.push(packet, events);
                        probes.keep(frame, packet, folder.began_flow());
                    }
                    // Nothing that carries an attempt: no loss.
                    Err(DecodeError::NotIp(_)) => {}
                    Err(_) => *decode_errors += 1,
                }
                if events.len() >= BATCH {
                    delivery.send(events);
                }
            });
            if !any {
                return block > 0;
            }
        }
        true
    }

    /// What has to be done now and then.
    fn look_after(&mut self) {
        let changes = self.capture.refresh();
        self.apply(changes);
        if self.drops_at.elapsed() >= DROPS {
            self.drops_at = Instant::now();
            self.check_drops();
        }
        if self.health_at.elapsed() >= HEALTH {
            self.health_at = Instant::now();
            self.publish();
        }
    }

    fn apply(&mut self, changes: Changes) {
        for (number, name) in changes.interfaces {
            self.folder.set_interface(number, &name);
        }
        if let Some(addresses) = changes.addresses {
            self.folder.set_own_addresses(addresses);
        }
    }

    fn check_drops(&mut self) {
        let before = self.dropped;
        self.dropped = self.capture.counts().dropped;
        let level = self.overload.level(self.dropped - before, self.drops_at);
        if level != self.capture.level() {
            tracing::warn!(?level, dropped = self.dropped, "capture ring overload");
        }
        self.capture.set_level(level);
    }

    fn publish(&self) {
        let counts = self.capture.last_counts();
        let folder = self.folder.stats();
        let mut health = self.shared.health();
        health.interfaces = self.capture.observed();
        health.packets_seen = counts.frames;
        health.packets_duplicate = counts.duplicates + folder.duplicates;
        health.packets_dropped_kernel = counts.dropped;
        health.decode_errors = self.decode_errors;
        health.aggregated = folder.aggregated;
        health.last_packet = self.last_packet;
        health.folder = folder;
        health.privileges = self.privileges.clone();
        health.degraded = self.degraded();
    }

    fn degraded(&self) -> Vec<Degraded> {
        let mut degraded = Vec::new();
        if self.capture.level() == Level::Shed {
            let reason = format!(
                "the capture ring overflowed: of established TCP one packet in {SHED_ONE_IN} is looked at"
            );
            degraded.push(Degraded::new("established TCP", reason));
        }
        for name in self.capture.missing() {
            degraded.push(Degraded::new("interface", format!("{name} is not there")));
        }
        if let Some(reason) = &self.privileges_kept {
            degraded.push(Degraded::new("privileges", reason.clone()));
        }
        degraded
    }
}
