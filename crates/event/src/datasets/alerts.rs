//! `alerts`: the current state of every alert, one row each.

use super::{ID, INSERT_TIME, TIME, detections};
use crate::{AlertSource, Dataset, Field, FieldType, Finding, Row, Severity, Subject, Time, Value};

pub const DATASET: Dataset = Dataset {
    name: "alerts",
    doc: "Alerts as they stand now: one row an alert, with its life-cycle.",
    fields: &[
        TIME,
        INSERT_TIME,
        ID,
        Field::int("alert_id", "Number of the alert, as in `vedette alerts show`."),
        Field::word("alert_source", "What raised it: Vedette analytics, Correlation or External."),
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
        Field::word("category", "Kind of alert in a word or two."),
        Field::int("hit_count", "Probes, rows or events it stands for."),
        Field::int("duplicates", "Later hits that were kept back as the same."),
        Field::new("hosts", FieldType::StrList, "Names of hosts it speaks of."),
        Field::new("users", FieldType::StrList, "Users it speaks of."),
        Field::int("rule_id", "Number of the correlation rule; null without one."),
        Field::word("rule_name", "Name of the correlation rule; null without one."),
        Field::word("vendor", "Vendor of the product that raised it."),
        Field::word("product", "Product that raised it."),
        Field::int("incident_id", "Number of its incident; null for a self-test and for what is excluded."),
        Field::bool("excluded", "An exclusion keeps it out of lists and notifications."),
        Field::int("excluded_by", "Number of that exclusion; null without one."),
        detections::PROCESSES,
        detections::COMMAND_LINES,
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
    /// Later hits that were kept back as the same.
    pub duplicates: i64,
    /// As a person set it; goes before what the subject says.
    pub severity: Option<Severity>,
    pub incident_id: Option<i64>,
    /// Number of the exclusion that keeps it out of lists and notifications.
    pub excluded_by: Option<i64>,
}

/// A row of [`DATASET`].
pub fn row(life: &LifeCycle, subject: &Subject) -> Row {
    let mut row = vec![
        Value::Time(subject.detected_at()),
        Value::Time(life.created_at),
        Value::text(subject.key()),
        Value::Int(life.alert_id),
        Value::from(match subject.source() {
            AlertSource::Detection => "Vedette analytics",
            AlertSource::Correlation => "Correlation",
            AlertSource::External => "External",
        }),
        Value::text(life.status.clone()),
        Value::from(life.resolution.clone()),
        Value::from(life.assignee.clone()),
        Value::Time(life.updated_at),
        Value::Bool(life.active),
    ];
    row.extend(match subject {
        Subject::Detection(detection) => detections::facts(detection),
        Subject::Finding(finding) => facts(finding),
    });
    row.extend([
        Value::text_or_null(subject.category()),
        Value::from(subject.count()),
        Value::Int(life.duplicates),
    ]);
    row.extend(match subject {
        Subject::Detection(_) => {
            [Value::Null, Value::Null, Value::Null, Value::Null, "Vedette".into(), "Vedette".into()]
        }
        Subject::Finding(finding) => [
            Value::from(finding.hosts.clone()),
            Value::from(finding.users.clone()),
            Value::from(finding.rule.as_ref().map(|rule| rule.rule_id)),
            Value::from(finding.rule.as_ref().map(|rule| rule.rule_name.clone())),
            Value::text_or_null(&finding.vendor),
            Value::text_or_null(&finding.product),
        ],
    });
    row.push(Value::from(life.incident_id));
    row.extend([Value::Bool(life.excluded_by.is_some()), Value::from(life.excluded_by)]);
    row.extend(match subject {
        Subject::Detection(detection) => detections::processes(detection),
        Subject::Finding(_) => [Value::Null, Value::Null],
    });
    if let (Some(severity), Some(place)) = (life.severity, DATASET.position("severity")) {
        row[place] = Value::from(severity.as_str());
    }
    row
}

/// The cells from `name` to `score` of what is no scan: what only scans have is null.
fn facts(finding: &Finding) -> Vec<Value> {
    let mut facts = vec![
        Value::text(finding.name.clone()),
        Value::text(finding.summary.clone()),
        Value::from(finding.source_ips.first().copied()),
        Value::from(finding.source_ips.clone()),
        Value::from(finding.target_ips.clone()),
    ];
    // scan_types, shape and direction.
    facts.extend([Value::Null, Value::Null, Value::Null]);
    facts.extend([finding.first_seen, finding.last_seen, finding.detected_at].map(Value::Time));
    // probes, distinct_ports, distinct_hosts, ports, open_ports, tool and attribution.
    facts.extend(vec![Value::Null; 7]);
    facts.extend([
        Value::from(finding.severity.as_str()),
        Value::from(finding.mitre.tactics.clone()),
        Value::from(finding.mitre.techniques.clone()),
        Value::Null,
    ]);
    facts
}
