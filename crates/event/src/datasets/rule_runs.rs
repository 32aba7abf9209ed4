//! `vedette_rule_runs`: every run of a correlation rule, with what it found or why it failed.

use super::{ID, INSERT_TIME, TIME};
use crate::{Dataset, Field, Row, Time, Value};

pub const DATASET: Dataset = Dataset {
    name: "vedette_rule_runs",
    doc: "Runs of correlation rules: one row a run, and one for windows that were left out.",
    fields: &[
        TIME,
        INSERT_TIME,
        ID,
        Field::int("rule_id", "Number of the rule."),
        Field::word("rule_name", "Name of the rule at that time."),
        Field::word("mode", "scheduled or real_time."),
        Field::word("status", "ok, failed, or skipped: windows too long past to be caught up."),
        Field::time("window_start", "First moment of the search window."),
        Field::time("window_end", "First moment after it."),
        Field::int("duration_ms", "How long the query ran, in milliseconds."),
        Field::int("rows_scanned", "Rows the datasets delivered."),
        Field::int("rows_found", "Rows of the result."),
        Field::int("alerts", "Alerts that were raised or brought up to date."),
        Field::int("suppressed", "Rows kept back as the same as an earlier alert."),
        Field::int("aggregated", "Rows beyond the most alerts of one run, told of in one alert."),
        Field::str("error", "Why it failed; null when it did not."),
        Field::str("note", "What else is to be known of it: caught up late, result cut, windows left out."),
    ],
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Ok,
    Failed,
    Skipped,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Failed => "failed",
            Status::Skipped => "skipped",
        }
    }
}

/// One run.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    pub id: i64,
    pub rule_id: i64,
    pub rule_name: String,
    pub real_time: bool,
    pub status: Status,
    pub from: Time,
    pub to: Time,
    pub finished_at: Time,
    pub duration_ms: i64,
    pub rows_scanned: i64,
    pub rows_found: i64,
    pub alerts: i64,
    pub suppressed: i64,
    pub aggregated: i64,
    pub error: Option<String>,
    pub note: Option<String>,
}

/// A row of [`DATASET`].
pub fn row(run: &Run) -> Row {
    vec![
        Value::Time(run.to),
        Value::Time(run.finished_at),
        Value::text(run.id.to_string()),
        Value::Int(run.rule_id),
        Value::text(run.rule_name.clone()),
        Value::from(if run.real_time { "real_time" } else { "scheduled" }),
        Value::from(run.status.as_str()),
        Value::Time(run.from),
        Value::Time(run.to),
        Value::Int(run.duration_ms),
        Value::Int(run.rows_scanned),
        Value::Int(run.rows_found),
        Value::Int(run.alerts),
        Value::Int(run.suppressed),
        Value::Int(run.aggregated),
        Value::from(run.error.clone()),
        Value::from(run.note.clone()),
    ]
}
