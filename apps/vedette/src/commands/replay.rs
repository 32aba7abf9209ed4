//! `vedette replay`: detection in capture files, with no server and no clock.

use crate::args::ReplayArgs;
use crate::failure::Failure;
use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use vedette_detect::{Config, Detector};
use vedette_event::{Detection, DetectionKind, Event, Observer, ObserverKind, Time};
use vedette_parse::flow::{FlowFolder, FolderConfig};
use vedette_parse::pcap::Reader;

pub fn run(args: &ReplayArgs) -> Result<u8, Failure> {
    let sensitivity = args.sensitivity.into();
    let mut out = std::io::stdout().lock();
    let mut damaged = false;
    for path in &args.files {
        let outcome = replay_file(path, Config { sensitivity, ..Config::default() }, args.local.clone())?;
        for note in &outcome.notes {
            eprintln!("{}: {note}", path.display());
        }
        damaged |= outcome.damaged;
        for detection in &outcome.detections {
            if args.json() {
                let line =
                    serde_json::to_string(detection).map_err(|error| Failure::Ours(error.to_string()))?;
                writeln!(out, "{line}")?;
            } else {
                write_text(&mut out, detection)?;
            }
        }
        if !args.json() {
            let scans = outcome.detections.iter().filter(|found| found.kind == DetectionKind::Scan).count();
            eprintln!(
                "{}: {} packets, {} events, {scans} scan(s)",
                path.display(),
                outcome.packets,
                outcome.events
            );
        }
    }
    Ok(u8::from(damaged))
}

struct Outcome {
    detections: Vec<Detection>,
    packets: u64,
    events: u64,
    notes: Vec<String>,
    damaged: bool,
}

fn replay_file(path: &Path, config: Config, local: Vec<std::net::IpAddr>) -> Result<Outcome, Failure> {
    let cannot = |what: &str| Failure::Input(format!("{}: {what}", path.display()));
    let file = File::open(path).map_err(|error| cannot(&error.to_string()))?;
    let size = file.metadata().map_err(|error| cannot(&error.to_string()))?;
    if !size.is_file() {
        return Err(cannot("not a file; give a pcap or pcapng file"));
    }
    // SAFETY: the map is only read. Another process that cuts the file while it is read ends this
    // command with SIGBUS, as it does every tool that maps captures; no memory is unsound by it.
    let data = unsafe { memmap2::Mmap::map(&file) }.map_err(|error| cannot(&error.to_string()))?;
    let reader = Reader::new(&data).map_err(|error| cannot(&error.to_string()))?;
    let hostname = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let observer = Arc::new(Observer { id: hostname.clone(), hostname, kind: ObserverKind::Capture });
    let mut folder = FlowFolder::new(FolderConfig { own_addresses: local, ..FolderConfig::new(observer) });
    let mut state = Campaigns::new(config);
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
        match vedette_parse::packet::decode(&frame) {
            Ok(packet) => folder.push(&packet, &mut events),
            Err(_) => undecoded += 1,
        }
        state.take(&mut events);
    }
    folder.finish(&mut events);
    state.take(&mut events);
    state.finish();
    if undecoded > 0 {
        notes.push(format!("{undecoded} of {packets} packets are no IP, ARP or ND that can be read"));
    }
    Ok(Outcome { packets, events: state.events, detections: state.done(), notes, damaged })
}

/// The detector, and the latest word on each of its campaigns in the order they opened.
struct Campaigns {
    detector: Detector,
    changes: Vec<Detection>,
    order: Vec<String>,
    latest: HashMap<String, Detection>,
    events: u64,
}

impl Campaigns {
    fn new(config: Config) -> Campaigns {
        Campaigns {
            detector: Detector::new(config),
            changes: Vec::new(),
            order: Vec::new(),
            latest: HashMap::new(),
            events: 0,
        }
    }

    fn take(&mut self, events: &mut Vec<Event>) {
        for event in events.drain(..) {
            self.events += 1;
            self.detector.observe(&event, &mut self.changes);
        }
        self.keep();
    }

    fn finish(&mut self) {
        self.detector.finish(&mut self.changes);
        self.keep();
    }

    fn keep(&mut self) {
        for change in self.changes.drain(..) {
            if !self.latest.contains_key(&change.id) {
                self.order.push(change.id.clone());
            }
            self.latest.insert(change.id.clone(), change);
        }
    }

    fn done(mut self) -> Vec<Detection> {
        self.order.iter().filter_map(|id| self.latest.remove(id)).collect()
    }
}

fn write_text(out: &mut impl Write, found: &Detection) -> std::io::Result<()> {
    let kind = match found.kind {
        DetectionKind::Scan => "SCAN",
        DetectionKind::BenignDiscovery => "benign discovery",
        DetectionKind::Backscatter => "backscatter",
        DetectionKind::Flood => "flood",
    };
    writeln!(out, "{kind}  {}  [{}]", found.name, found.severity.as_str())?;
    writeln!(out, "  {}", found.summary)?;
    writeln!(out, "  {} to {}, decided {}", found.first_seen, found.last_seen, found.detected_at)?;
    for reason in &found.reasons {
        writeln!(out, "  - {reason}")?;
    }
    writeln!(out)
}
