//! `vedette_quarantine`: input that could not be read, kept with the reason.

use super::{ID, INSERT_TIME, TIME};
use crate::{Dataset, Field, Row, Time, Value};

pub const DATASET: Dataset = Dataset {
    name: "vedette_quarantine",
    doc: "Lines and records that could not be parsed, each with the reason. Nothing is thrown away.",
    fields: &[
        TIME,
        INSERT_TIME,
        ID,
        Field::word("source", "The --source the input was given as."),
        Field::str("origin", "File name or address it came from."),
        Field::int("line", "Line number in that file, from 1; null for streams."),
        Field::word("reason", "Why it could not be parsed."),
        Field::str("_raw_log", "The input as it came, cut at 64 KiB; bytes that are not UTF-8 are replaced."),
    ],
};

/// Longest raw text kept of one line, in bytes.
pub const RAW_LIMIT: usize = 64 * 1024;

/// A row of [`DATASET`].
pub fn row(time: Time, source: &str, origin: &str, line: Option<u64>, reason: &str, raw: &[u8]) -> Row {
    let cut = &raw[..raw.len().min(RAW_LIMIT)];
    vec![
        Value::Time(time),
        Value::Null,
        Value::Null,
        Value::text(source),
        Value::text(origin),
        Value::from(line),
        Value::text(reason),
        Value::text(String::from_utf8_lossy(cut)),
    ]
}
