//! Playing a capture into a running server as if it happened now: what `vedette demo` does.

use crate::app::App;
use crate::clock;
use std::sync::Arc;
use std::time::Duration;
use vedette_event::{Event, Observer, ObserverKind, Time};
use vedette_parse::flow::{FlowFolder, FolderConfig};
use vedette_parse::packet::{Frame, decode_inside};
use vedette_parse::pcap::{CaptureError, Reader};
use vedette_parse::probes::ProbeKeeper;

/// A capture that took longer is played faster, in microseconds.
const LONGEST: i64 = 20_000_000;
/// Events submitted at one time.
const BATCH: usize = 2_000;
/// Sources whose probes are kept as evidence.
const KEPT_SOURCES: usize = 256;

#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error("the capture: {0}")]
    Capture(#[from] CaptureError),
    #[error("the capture holds no connection attempt")]
    Nothing,
}

/// What was played.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayReport {
    pub packets: u64,
    pub events: u64,
    /// Damage in the file, in words; everything before it was played.
    pub damage: Option<String>,
}

/// Plays the capture: its events get times from now on, and enter when their time has come.
pub async fn play(app: &Arc<App>, capture: &[u8]) -> Result<ReplayReport, ReplayError> {
    let (mut events, report) = fold(capture)?;
    let (Some(first), Some(last)) =
        (events.iter().map(|event| event.time).min(), events.last().map(|event| event.decided))
    else {
        return Err(ReplayError::Nothing);
    };
    let shift = Shift { from: first, to: clock::now(), length: last.since(first).max(1) };
    for event in &mut events {
        event.time = shift.apply(event.time);
        event.decided = shift.apply(event.decided);
    }
    app.sensing.played(probes(capture, &shift)?);
    let mut waiting = events.into_iter().peekable();
    while waiting.peek().is_some() {
        let now = clock::now();
        let mut due = Vec::new();
        while due.len() < BATCH
            && let Some(event) = waiting.next_if(|event| event.decided <= now)
        {
            due.push(event);
        }
        let full = due.len() == BATCH;
        app.intake.submit(due, now);
        if !full {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    Ok(report)
}

/// From the times of the capture to times from now on.
struct Shift {
    from: Time,
    to: Time,
    length: i64,
}

impl Shift {
    fn apply(&self, time: Time) -> Time {
        let since = time.since(self.from);
        let since = if self.length > LONGEST {
            (since as f64 * LONGEST as f64 / self.length as f64) as i64
        } else {
            since
        };
        self.to.plus(since)
    }
}

/// The probes of the capture, for alerts to come.
fn probes(capture: &[u8], shift: &Shift) -> Result<ProbeKeeper, ReplayError> {
    let mut keeper = ProbeKeeper::new(KEPT_SOURCES);
    let observer = Observer { id: String::new(), hostname: String::new(), kind: ObserverKind::Capture };
    let (mut folder, mut events) = (FlowFolder::new(FolderConfig::new(Arc::new(observer))), Vec::new());
    for frame in Reader::new(capture)?.by_ref().filter_map(Result::ok) {
        let frame = Frame { time: shift.apply(frame.time), ..frame };
        if let Ok((frame, packet)) = &decode_inside(&frame) {
            folder.push(packet, &mut events);
            events.clear();
            keeper.keep(frame, packet, folder.began_flow());
        }
    }
    Ok(keeper)
}

/// The events of a capture in the order in which their outcome was known.
pub fn fold(capture: &[u8]) -> Result<(Vec<Event>, ReplayReport), ReplayError> {
    let observer = Arc::new(Observer {
        id: "capture".to_owned(),
        hostname: vedette_sensor::host_name(),
        kind: ObserverKind::Capture,
    });
    let mut folder = FlowFolder::new(FolderConfig::new(observer));
    let mut reader = Reader::new(capture)?;
    let mut events = Vec::new();
    let mut report = ReplayReport { packets: 0, events: 0, damage: None };
    for frame in reader.by_ref() {
        match frame {
            Ok(frame) => {
                report.packets += 1;
                if let Ok((_, packet)) = decode_inside(&frame) {
                    folder.push(&packet, &mut events);
                }
            }
            Err(error) => report.damage = Some(error.to_string()),
        }
    }
    folder.finish(&mut events);
    report.events = events.len() as u64;
    Ok((events, report))
}
