//! `alerts`: the current state of every alert, one row each.

use super::{ID, INSERT_TIME, TIME, detections};
use crate::{Dataset, Detection, Field, FieldType, Row, Time, Value};

pub const DATASET: Dataset = Dataset {
    name: "alerts",
    doc: "Alerts as they stand now: one row an alert, with its life-cycle.",
    fields: &[
        TIME,
        INSERT_TIME,
        ID,
        Field::int("alert_id", "Number of the alert, as in `vedette alerts show`."),
        Field::word("alert_source", "What raised it."),
        Field::word("status", "new, in_progress or closed."),
        Field::word("resolution", "Why it was closed; null while it is not."),
        Field::str("assignee", "User it is assigned to."),
        Field::time("updated_at", "Last change, by the campaign or by a person."),
        Field::bool("active", "The campaign is still going on."),
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
    ],
};

/// The part of an alert that people change.
#[derive(Clone, Debug, PartialEq)]
pub struct LifeCycle {
    pub alert_id: i64,
    pub created_at: Time,
    pub updated_at: Time,
    pub status: String,
    pub resolution: Option<String>,
    pub assignee: Option<String>,
    pub active: bool,
}

/// A row of [`DATASET`].
pub fn row(life: &LifeCycle, detection: &Detection) -> Row {
    let mut row = vec![
        Value::Time(detection.detected_at),
        Value::Time(life.created_at),
        Value::text(detection.id.clone()),
        Value::Int(life.alert_id),
        Value::from("Vedette analytics"),
        Value::text(life.status.clone()),
        Value::from(life.resolution.clone()),
        Value::from(life.assignee.clone()),
        Value::Time(life.updated_at),
        Value::Bool(life.active),
    ];
    row.extend(detections::facts(detection));
    row
}
