//! `vedette replay`: detection in capture files and in logs of other products, with no server and no
//! clock.

use crate::args::ReplayArgs;
use crate::commands::capture::{self, Told};
use crate::failure::Failure;
use std::io::Write;
use std::net::IpAddr;
use vedette_detect::{Config, SourceStanding};
use vedette_event::{Detection, DetectionKind};

pub fn run(args: &ReplayArgs) -> Result<u8, Failure> {
    let mut config = Config { sensitivity: args.sensitivity.into(), ..Config::default() };
    if let Some(folder) = &args.classes {
        let (classes, troubles) = vedette_server::classes::with_own(folder);
        config.classes = classes;
        if !troubles.is_empty() {
            return Err(Failure::Input(troubles.join("\n")));
        }
    }
    let mut out = std::io::stdout().lock();
    let mut damaged = false;
    for path in &args.files {
        let outcome = capture::replay_and_explain(path, config.clone(), args.local.clone(), &args.explain)?;
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
        for (source, standing) in &outcome.standings {
            write_standing(&mut out, *source, standing.as_ref(), args.json())?;
        }
        if !args.json() {
            let (packets, unit, events) = (outcome.packets, outcome.unit, outcome.events);
            let counted = counted(&outcome.told);
            eprintln!("{}: {packets} {unit}, {events} events, {counted}", path.display());
        }
    }
    Ok(u8::from(damaged))
}

/// How many scans there were, and how much that is none.
fn counted(told: &[Told]) -> String {
    let all = |wanted: DetectionKind| told.iter().filter(move |told| told.latest.kind == wanted);
    let parts = all(DetectionKind::Scan).filter(|told| told.latest.part_of.is_some()).count();
    let mut text = format!("{} scan(s)", all(DetectionKind::Scan).count() - parts);
    let others = [
        (parts, "told first as its own and then as part of another"),
        (all(DetectionKind::BenignDiscovery).count(), "benign"),
        (all(DetectionKind::Flood).count(), "flood(s)"),
        (all(DetectionKind::Backscatter).count(), "backscatter"),
    ];
    for (count, words) in others.into_iter().filter(|(count, _)| *count > 0) {
        text += &format!(", {count} {words}");
    }
    text
}

/// Why a source has fired, or has not.
fn write_standing(
    out: &mut impl Write,
    source: IpAddr,
    standing: Option<&SourceStanding>,
    json: bool,
) -> Result<(), Failure> {
    let Some(standing) = standing else {
        eprintln!("{source}: nothing is remembered of it: it made no attempt, or was forgotten");
        return Ok(());
    };
    let numbers = serde_json::to_value(standing).map_err(|error| Failure::Ours(error.to_string()))?;
    if json {
        return Ok(writeln!(out, "{numbers}")?);
    }
    writeln!(out, "{source} {}", super::explain::verdict(&numbers))?;
    super::explain::write(out, &numbers["explanation"], &numbers["threshold"])?;
    Ok(writeln!(out)?)
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
