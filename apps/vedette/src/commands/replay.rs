//! `vedette replay`: detection in capture files, with no server and no clock.

use crate::args::ReplayArgs;
use crate::commands::capture;
use crate::failure::Failure;
use std::io::Write;
use vedette_detect::Config;
use vedette_event::{Detection, DetectionKind};

pub fn run(args: &ReplayArgs) -> Result<u8, Failure> {
    let sensitivity = args.sensitivity.into();
    let mut out = std::io::stdout().lock();
    let mut damaged = false;
    for path in &args.files {
        let outcome = capture::replay(path, Config { sensitivity, ..Config::default() }, args.local.clone())?;
        for note in &outcome.notes {
            eprintln!("{}: {note}", path.display());
        }
        damaged |= outcome.damaged;
        for detection in outcome.told.iter().map(|told| &told.latest) {
            if args.json() {
                let line =
                    serde_json::to_string(detection).map_err(|error| Failure::Ours(error.to_string()))?;
                writeln!(out, "{line}")?;
            } else {
                write_text(&mut out, detection)?;
            }
        }
        if !args.json() {
            let scans = outcome.told.iter().filter(|told| told.latest.kind == DetectionKind::Scan).count();
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
