//! `vedette_detections`: every campaign the detectors told of, benign ones included, as it stood
//! at each change. `alerts` holds the current state of those that matter.

use super::{ID, INSERT_TIME, TIME};
use crate::{Change, Dataset, Detection, DetectionKind, Field, FieldType, Process, Row, Shape, Value};

pub const DATASET: Dataset = Dataset {
    name: "vedette_detections",
    doc: "What the detectors concluded, at each change of a campaign: scans, and what was recognised as benign discovery, backscatter or flood.",
    fields: &[
        TIME,
        INSERT_TIME,
        ID,
        Field::str("detection_id", "Identifier of the campaign; the same for all its rows."),
        Field::word("change", "opened, updated or closed."),
        Field::word("kind", "scan, benign_discovery, backscatter or flood."),
        Field::str("name", "One line: what, whom, from where."),
        Field::str("summary", "The same in a sentence or two."),
        Field::ip("source_ip", "The likeliest source."),
        Field::new("source_ips", FieldType::StrList, "All sources, at most 1,000."),
        Field::new("target_ips", FieldType::StrList, "All targets, at most 1,000."),
        Field::new("scan_types", FieldType::StrList, "Techniques seen."),
        Field::word("shape", "vertical, horizontal, block, distributed or decoy."),
        Field::word("direction", "inbound, outbound or observed."),
        Field::time("first_seen", "First probe."),
        Field::time("last_seen", "Latest probe."),
        Field::time("detected_at", "Time of the deciding packet."),
        Field::int("probes", "Attempts counted."),
        Field::int("distinct_ports", "Different ports probed."),
        Field::int("distinct_hosts", "Different hosts probed."),
        Field::str("ports", "Ports probed, as ranges."),
        Field::new("open_ports", FieldType::IntList, "Probed ports that answered as open."),
        Field::word("tool", "Tool it looks like; null when unknown."),
        Field::word("attribution", "confirmed, unconfirmed or spoofed."),
        Field::word("severity", "informational, low, medium, high or critical."),
        Field::new("mitre_tactics", FieldType::StrList, "ATT&CK tactics."),
        Field::new("mitre_techniques", FieldType::StrList, "ATT&CK techniques."),
        Field::new("score", FieldType::Float, "Evidence score."),
        Field::new("reasons", FieldType::StrList, "Why it was concluded, strongest first."),
        PROCESSES,
        COMMAND_LINES,
        Field::new(
            "candidate_ips",
            FieldType::StrList,
            "Decoys and the one among them that scans, where that is so; at most 1,000.",
        ),
    ],
};

/// Of an outgoing scan; shared with `alerts`.
pub(crate) const PROCESSES: Field = Field::new(
    "processes",
    FieldType::StrList,
    "Local processes that made the probes, by name, where a sensor saw them.",
);
pub(crate) const COMMAND_LINES: Field =
    Field::new("process_command_lines", FieldType::StrList, "Their command lines, in the same order.");

/// The cells of [`PROCESSES`] and [`COMMAND_LINES`]; null where none is known.
pub(crate) fn processes(detection: &Detection) -> [Value; 2] {
    if detection.processes.is_empty() {
        return [Value::Null, Value::Null];
    }
    let each = |text: fn(&Process) -> &str| {
        Value::List(detection.processes.iter().map(|process| Value::text(text(process))).collect())
    };
    [each(|process| &process.name), each(|process| &process.command_line)]
}

/// A row of [`DATASET`] for one change of a campaign.
pub fn row(detection: &Detection) -> Row {
    let mut row = vec![
        Value::Time(detection.last_seen),
        Value::Null,
        Value::Null,
        Value::text(detection.id.clone()),
        Value::from(match detection.change {
            Change::Opened => "opened",
            Change::Updated => "updated",
            Change::Closed => "closed",
        }),
        Value::from(match detection.kind {
            DetectionKind::Scan => "scan",
            DetectionKind::BenignDiscovery => "benign_discovery",
            DetectionKind::Backscatter => "backscatter",
            DetectionKind::Flood => "flood",
        }),
    ];
    row.extend(facts(detection));
    row.push(Value::from(detection.reasons.clone()));
    row.extend(processes(detection));
    row.push(Value::from(detection.candidate_ips.clone()));
    row
}

/// The cells from `name` to `score`, shared with `alerts`.
pub(crate) fn facts(d: &Detection) -> Vec<Value> {
    let shape = match d.shape {
        Shape::Vertical => "vertical",
        Shape::Horizontal => "horizontal",
        Shape::Block => "block",
        Shape::Distributed => "distributed",
        Shape::Decoy => "decoy",
    };
    let attribution = match d.attribution {
        crate::Attribution::Confirmed => "confirmed",
        crate::Attribution::Unconfirmed => "unconfirmed",
        crate::Attribution::Spoofed => "spoofed",
    };
    vec![
        Value::text(d.name.clone()),
        Value::text(d.summary.clone()),
        Value::from(d.source_ips.first().or(d.candidate_ips.first()).copied()),
        Value::from(d.source_ips.clone()),
        Value::from(d.target_ips.clone()),
        Value::List(d.scan_types.iter().map(|kind| Value::from(kind.as_str())).collect()),
        Value::from(shape),
        Value::text(d.direction.clone()),
        Value::Time(d.first_seen),
        Value::Time(d.last_seen),
        Value::Time(d.detected_at),
        Value::from(d.probes),
        Value::from(d.distinct_ports),
        Value::from(d.distinct_hosts),
        Value::text(d.ports.clone()),
        Value::from(d.open_ports.clone()),
        Value::text_or_null(&d.tool.name),
        Value::from(attribution),
        Value::from(d.severity.as_str()),
        Value::from(d.mitre.tactics.clone()),
        Value::from(d.mitre.techniques.clone()),
        Value::from(d.score),
    ]
}
