//! `incidents`: alerts that belong together, one row a group, as they stand now.

use super::{ID, INSERT_TIME, TIME};
use crate::{Dataset, Field, FieldType, Row, Severity, Time, Value};

pub const DATASET: Dataset = Dataset {
    name: "incidents",
    doc: "Alerts that belong together by source, victim and time: one row an incident, with its life-cycle.",
    fields: &[
        TIME,
        INSERT_TIME,
        ID,
        Field::int("incident_id", "Number of the incident."),
        Field::str("name", "One line: what, and how many alerts."),
        Field::word("status", "new, in_progress or closed."),
        Field::word("resolution", "Why it was closed; null while it is not."),
        Field::word("severity", "Of its worst alert, or as a person set it."),
        Field::str("assignee", "User it is assigned to."),
        Field::bool("starred", "A person marked it."),
        Field::time("created_at", "When its first alert was raised."),
        Field::time("updated_at", "Last change, by an alert or by a person."),
        Field::time("closed_at", "When it was closed."),
        Field::time("first_alert_at", "Time of the earliest detection in it."),
        Field::time("last_alert_at", "Time of the latest detection in it."),
        Field::int("alert_count", "Alerts in it."),
        Field::new("alert_ids", FieldType::IntList, "Numbers of its alerts, at most 1,000."),
        Field::new("source_ips", FieldType::StrList, "Sources of its alerts, at most 1,000."),
        Field::new("target_ips", FieldType::StrList, "Victims of its alerts, at most 1,000."),
    ],
};

/// An incident as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    pub incident_id: i64,
    pub name: String,
    pub status: String,
    pub resolution: Option<String>,
    /// Of the worst alert.
    pub severity: Severity,
    /// As a person set it; goes before.
    pub manual_severity: Option<Severity>,
    pub assignee: Option<String>,
    pub starred: bool,
    pub created_at: Time,
    pub updated_at: Time,
    pub closed_at: Option<Time>,
    pub first_alert_at: Time,
    pub last_alert_at: Time,
    pub alert_count: i64,
    /// Alerts by severity rank (0 informational to 4 critical).
    pub by_severity: [i64; 5],
    pub alert_ids: Vec<i64>,
    pub source_ips: Vec<String>,
    pub target_ips: Vec<String>,
}

impl Incident {
    /// What a person said, else what its worst alert says.
    pub fn effective_severity(&self) -> Severity {
        self.manual_severity.unwrap_or(self.severity)
    }
}

/// A row of [`DATASET`].
pub fn row(incident: &Incident) -> Row {
    vec![
        Value::Time(incident.last_alert_at),
        Value::Time(incident.created_at),
        Value::text(incident.incident_id.to_string()),
        Value::Int(incident.incident_id),
        Value::text(incident.name.clone()),
        Value::text(incident.status.clone()),
        Value::from(incident.resolution.clone()),
        Value::from(incident.effective_severity().as_str()),
        Value::from(incident.assignee.clone()),
        Value::Bool(incident.starred),
        Value::Time(incident.created_at),
        Value::Time(incident.updated_at),
        Value::from(incident.closed_at),
        Value::Time(incident.first_alert_at),
        Value::Time(incident.last_alert_at),
        Value::Int(incident.alert_count),
        Value::from(incident.alert_ids.clone()),
        Value::from(incident.source_ips.clone()),
        Value::from(incident.target_ips.clone()),
    ]
}
