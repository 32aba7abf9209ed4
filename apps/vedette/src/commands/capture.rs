//! A file into the detector: a capture through packets and flows, a log of another product by its
//! records.

use crate::failure::Failure;
use std::collections::HashMap;
use std::fs::File;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use vedette_detect::{Config, Detector, SourceStanding};
use vedette_event::{Detection, Event, Observer, ObserverKind, Time};
use vedette_parse::flow::{FlowFolder, FolderConfig};
use vedette_parse::log::Format;
use vedette_parse::packet::{carried, decode};
use vedette_parse::pcap::Reader;

/// Events that the detector takes at a time: folder and detector each work in a warm cache.
const BATCH: usize = 64;

/// A campaign when it was opened, and at last.
pub struct Told {
    pub opened: Detection,
    pub latest: Detection,
}

pub struct Outcome {
    /// In the order they opened.
    pub told: Vec<Told>,
    /// How sources stand that were asked about; nothing is known of some.
    pub standings: Vec<(IpAddr, Option<SourceStanding>)>,
    /// What was read: packets, or records of a log.
    pub packets: u64,
    pub unit: &'static str,
    pub events: u64,
    /// What could not be read.
    pub notes: Vec<String>,
    pub damaged: bool,
}

/// Replays a capture, or a log of another product. `local` are addresses of the host that recorded
/// a capture.
///
/// # Errors
/// The file is not there, or neither.
pub fn replay(path: &Path, config: Config, local: Vec<IpAddr>) -> Result<Outcome, Failure> {
    replay_and_explain(path, config, local, &[])
}

/// The same, and how these sources stand at the end.
///
/// # Errors
/// As [`replay`].
pub fn replay_and_explain(
    path: &Path,
    config: Config,
    local: Vec<IpAddr>,
    explain: &[IpAddr],
) -> Result<Outcome, Failure> {
    let cannot = |what: &str| Failure::Input(format!("{}: {what}", path.display()));
    let file = File::open(path).map_err(|error| cannot(&error.to_string()))?;
    let size = file.metadata().map_err(|error| cannot(&error.to_string()))?;
    if !size.is_file() {
        return Err(cannot("not a file; give a pcap or pcapng file, or a log"));
    }
    // SAFETY: the map is only read. Another process that cuts the file while it is read ends this
    // command with SIGBUS, as it does every tool that maps captures; no memory is unsound by it.
    let data = unsafe { memmap2::Mmap::map(&file) }.map_err(|error| cannot(&error.to_string()))?;
    let reader = match Reader::new(&data) {
        Ok(reader) => reader,
        Err(error) => {
            let now = super::logfile::now();
            return match vedette_parse::log::sniff(&data, now) {
                Some(format) => Ok(super::logfile::replay(format, &data, config, explain, now)),
                None => Err(cannot(&neither(&data, &error.to_string()))),
            };
        }
    };
    let hostname = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let observer = Arc::new(Observer { id: hostname.clone(), hostname, kind: ObserverKind::Capture });
    let mut folder = FlowFolder::new(FolderConfig { own_addresses: local, ..FolderConfig::new(observer) });
    let mut state = Watching { detector: Detector::new(config), changes: Vec::new(), events: 0 };
    let mut campaigns = Campaigns::default();
    let mut events = Vec::new();
    let (mut packets, mut undecoded, mut damaged) = (0u64, 0u64, false);
    let mut notes = Vec::new();
    let mut now = Time::ZERO;
    for frame in reader {
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) => {
                damaged = true;
                notes.push(error.to_string());
                if error.is_final() { break } else { continue }
            }
        };
        packets += 1;
        now = now.max(frame.time);
        // By reference: a packet is large.
        match &decode(&frame) {
            Ok(packet) => match carried(&frame, packet) {
                None => folder.push(packet, &mut events),
                Some((_, inner)) => folder.push(&inner, &mut events),
            },
            Err(_) => undecoded += 1,
        }
        if events.len() >= BATCH {
            state.take(&mut events, &mut campaigns);
        }
    }
    folder.finish(&mut events);
    state.take(&mut events, &mut campaigns);
    let standings = explain.iter().map(|&source| (source, state.detector.explain(source))).collect();
    state.detector.finish(&mut state.changes);
    campaigns.keep(&mut state.changes);
    if undecoded > 0 {
        notes.push(format!("{undecoded} of {packets} packets are no IP, ARP or ND that can be read"));
    }
    Ok(Outcome {
        packets,
        unit: "packets",
        events: state.events,
        told: campaigns.told,
        standings,
        notes,
        damaged,
    })
}

/// A file that is no capture, and no log that is known.
fn neither(data: &[u8], error: &str) -> String {
    let start = &data[..data.len().min(1024)];
    if start.iter().any(|&byte| byte < b' ' && !byte.is_ascii_whitespace()) {
        return format!("{error}; it is no log of {} either", Format::NAMES);
    }
    format!(
        "neither a capture (pcap, pcapng) nor a log that can be read for scans: those of {} can; any other text or JSON can be kept and queried with `vedette ingest --source lines|json|csv --dataset NAME`",
        Format::NAMES
    )
}

struct Watching {
    detector: Detector,
    changes: Vec<Detection>,
    events: u64,
}

impl Watching {
    fn take(&mut self, events: &mut Vec<Event>, campaigns: &mut Campaigns) {
        self.events += events.len() as u64;
        for event in events.iter() {
            self.detector.observe(event, &mut self.changes);
        }
        events.clear();
        campaigns.keep(&mut self.changes);
    }
}

/// What was told of each campaign.
#[derive(Default)]
pub struct Campaigns {
    positions: HashMap<String, usize>,
    pub told: Vec<Told>,
}

impl Campaigns {
    pub fn keep(&mut self, changes: &mut Vec<Detection>) {
        for change in changes.drain(..) {
            match self.positions.get(&change.id).and_then(|&position| self.told.get_mut(position)) {
                Some(told) => told.latest = change,
                None => {
                    self.positions.insert(change.id.clone(), self.told.len());
                    self.told.push(Told { opened: change.clone(), latest: change });
                }
            }
        }
    }
}
