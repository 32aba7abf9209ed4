//! The sensor inside the server: started, stopped, and asked how it is.

use crate::clock;
use crate::config::SensorInput;
use crate::pipeline::Intake;
use parking_lot::Mutex;
use std::net::IpAddr;
use std::sync::Arc;
use vedette_event::{SensorLosses, Time};
use vedette_parse::probes::ProbeKeeper;
use vedette_sensor::{CaptureError, Sensor, SensorHandle, SensorHealth};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SensorState {
    Running,
    Off,
    NotPermitted,
    Failed,
    Stopped,
}

impl SensorState {
    pub fn as_str(self) -> &'static str {
        match self {
            SensorState::Running => "running",
            SensorState::Off => "off",
            SensorState::NotPermitted => "not_permitted",
            SensorState::Failed => "failed",
            SensorState::Stopped => "stopped",
        }
    }
}

/// How the sensor is.
#[derive(Clone, Debug)]
pub struct SensorReport {
    pub state: SensorState,
    /// Why it does not run.
    pub reason: Option<String>,
    pub help: Option<String>,
    pub started_at: Option<Time>,
    /// Its figures; those of its end when it is stopped.
    pub health: SensorHealth,
}

enum Inner {
    Absent { state: SensorState, reason: String, help: Option<String> },
    Running { handle: SensorHandle, started_at: Time },
    Stopped { health: Box<SensorHealth>, started_at: Time },
}

pub struct Sensing {
    inner: Mutex<Inner>,
    /// The probes of the capture that was played last.
    played: Mutex<Option<ProbeKeeper>>,
}

impl Sensing {
    /// No sensor yet; the pipeline is built before it starts.
    pub fn idle() -> Arc<Sensing> {
        let starting = Inner::Absent {
            state: SensorState::Stopped,
            reason: "the server is starting".to_owned(),
            help: None,
        };
        Arc::new(Sensing { inner: Mutex::new(starting), played: Mutex::default() })
    }

    /// Starts what the caller opened, events going into `intake`; or notes why there is none.
    pub fn begin(&self, input: SensorInput, intake: Arc<Intake>) {
        let next = match input {
            SensorInput::Off { reason, help } => Inner::Absent { state: SensorState::Off, reason, help },
            SensorInput::Failed(error) => absent(&error),
            SensorInput::Open(sensor) => start(*sensor, intake).unwrap_or_else(|error| absent(&error)),
        };
        if let Inner::Absent { state, reason, .. } = &next {
            tracing::warn!(state = state.as_str(), reason, "no sensor");
        }
        *self.inner.lock() = next;
    }

    /// Stops the sensor and hands its last events on. May take a moment.
    pub fn stop(&self) {
        let stopping = Inner::Absent {
            state: SensorState::Stopped,
            reason: "it is being stopped".to_owned(),
            help: None,
        };
        let before = std::mem::replace(&mut *self.inner.lock(), stopping);
        let after = match before {
            Inner::Running { handle, started_at } => {
                // Outside the lock: the detector asks for losses meanwhile.
                Inner::Stopped { health: Box::new(handle.stop()), started_at }
            }
            other => other,
        };
        *self.inner.lock() = after;
    }

    pub fn report(&self) -> SensorReport {
        match &*self.inner.lock() {
            Inner::Absent { state, reason, help } => SensorReport {
                state: *state,
                reason: Some(reason.clone()),
                help: help.clone(),
                started_at: None,
                health: SensorHealth::default(),
            },
            Inner::Running { handle, started_at } => running(handle.health(), *started_at),
            Inner::Stopped { health, started_at } => SensorReport {
                state: SensorState::Stopped,
                reason: Some(health.error.clone().unwrap_or_else(|| "it was stopped".to_owned())),
                help: None,
                started_at: Some(*started_at),
                health: (**health).clone(),
            },
        }
    }

    /// A capture file of the latest probes of these sources, where any are kept.
    pub fn capture_of(&self, sources: &[IpAddr]) -> Option<Vec<u8>> {
        let live = match &*self.inner.lock() {
            Inner::Running { handle, .. } => handle.capture_of(sources),
            _ => None,
        };
        live.or_else(|| self.played.lock().as_ref()?.capture(sources))
    }

    /// Takes over the probes of a capture that is being played.
    pub fn played(&self, probes: ProbeKeeper) {
        *self.played.lock() = Some(probes);
    }

    /// What it lost since its start.
    pub fn losses(&self) -> SensorLosses {
        let health = match &*self.inner.lock() {
            Inner::Running { handle, .. } => handle.health(),
            _ => return SensorLosses::default(),
        };
        SensorLosses {
            packets_dropped: health.packets_dropped_kernel,
            events_dropped: health.events_dropped,
            attempts_aggregated: health.aggregated,
        }
    }
}

fn start(sensor: Sensor, intake: Arc<Intake>) -> Result<Inner, CaptureError> {
    let sink = move |events| intake.submit(events, clock::now());
    let handle = sensor.start(vedette_sensor::observer(), sink)?;
    Ok(Inner::Running { handle, started_at: clock::now() })
}

fn running(health: SensorHealth, started_at: Time) -> SensorReport {
    let state = if health.running { SensorState::Running } else { SensorState::Failed };
    let reason =
        (!health.running).then(|| health.error.clone().unwrap_or_else(|| "it ended by itself".to_owned()));
    let help = reason.as_ref().map(|_| "restart Vedette; if it happens again, report it".to_owned());
    SensorReport { state, reason, help, started_at: Some(started_at), health }
}

fn absent(error: &CaptureError) -> Inner {
    let state = match error {
        CaptureError::NotPermitted(_) => SensorState::NotPermitted,
        _ => SensorState::Failed,
    };
    // The sensor's sentence ends in the fix, behind a semicolon.
    let text = error.to_string();
    let (reason, help) = match text.split_once("; ") {
        Some((reason, fix)) => (reason.to_owned(), Some(fix.to_owned())),
        None => (text, None),
    };
    Inner::Absent { state, reason, help }
}
