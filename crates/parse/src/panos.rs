//! PAN-OS threat and traffic logs in CSV form, under a BSD or RFC 5424 syslog header or bare, into
//! rows of `panw_ngfw_threat_raw` and `panw_ngfw_traffic_raw`.
//!
//! Columns are found by position. PAN-OS only ever appends columns from version to version, so a
//! short line is an older version (its missing columns are null) and a longer one is a newer
//! version (its tail stays in `_raw_log`).

mod csv;
mod layout;
mod observe;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use layout::{Column, Kind};
pub(crate) use observe::observations;
use thiserror::Error;
use vedette_event::datasets::panw;
use vedette_event::{Dataset, Row, Time, Value};

/// One log as a row of its dataset.
#[derive(Clone, Debug)]
pub struct Record {
    pub dataset: &'static Dataset,
    pub row: Row,
}

/// Why a line gave no row. Each message says what to do or what is known.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum PanosError {
    #[error("not a PAN-OS CSV log: no `number,date time,serial,TYPE` found in the line")]
    NotPanos,
    #[error(
        "a {format} log: only the CSV format of PAN-OS is read so far; change the format in the firewall's syslog profile to the default"
    )]
    OtherFormat { format: &'static str },
    #[error("log type {name} has no dataset yet: THREAT and TRAFFIC are read")]
    OtherType { name: String },
    #[error("the line ends after {have} columns; a {kind} log has at least {need}")]
    TooShort { kind: &'static str, have: usize, need: usize },
    #[error("column {position} ({name}) should be {expected}")]
    BadColumn { position: usize, name: &'static str, expected: &'static str },
}

/// Reads one line, without its line ending.
///
/// `zone` is the firewall's time zone, for the times that carry none.
pub fn parse_line(line: &[u8], zone: &TimeZone) -> Result<Record, PanosError> {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end_matches(['\r', '\n']);
    let body = csv::body(text).ok_or_else(|| unreadable(text))?;
    let columns = csv::split(body);
    let kind = columns.get(3).map(|name| name.to_ascii_uppercase()).unwrap_or_default();
    let (dataset, own, high_res, need) = match kind.as_str() {
        "THREAT" => (&panw::THREAT, layout::THREAT, layout::THREAT_HIGH_RES, 36),
        "TRAFFIC" => (&panw::TRAFFIC, layout::TRAFFIC, layout::TRAFFIC_HIGH_RES, 38),
        _ => return Err(PanosError::OtherType { name: cut(&kind) }),
    };
    if columns.len() < need {
        let kind = if need == 36 { "THREAT" } else { "TRAFFIC" };
        return Err(PanosError::TooShort { kind, have: columns.len(), need });
    }
    let precise = columns.get(high_res).and_then(|text| iso_time(text));
    let zone = precise.as_ref().map_or(zone, |(_, zone)| zone);
    let mut row = vec![Value::Null; dataset.fields.len()];
    for column in layout::COMMON.iter().chain(own) {
        let Some(text) = columns.get(column.position) else { continue };
        set(dataset, &mut row, column.name, read(column, text, zone)?);
    }
    if let Some((time, _)) = precise {
        set(dataset, &mut row, "time_generated_high_res", Value::Time(time));
    }
    derive(dataset, &mut row, &columns);
    set(dataset, &mut row, "_raw_log", Value::text(text));
    Ok(Record { dataset, row })
}

/// What follows from other columns: event time, names split in two, and the like.
fn derive(dataset: &Dataset, row: &mut Row, columns: &[String]) {
    let get = |row: &Row, name| dataset.position(name).map(|at| row[at].clone()).unwrap_or_default();
    let time = [get(row, "time_generated_high_res"), get(row, "time_generated"), get(row, "log_time")];
    let time = time.into_iter().find(|value| !value.is_null()).unwrap_or_default();
    set(dataset, row, "_time", time);
    set(dataset, row, "_vendor", Value::from("PANW"));
    set(dataset, row, "_product", Value::from("NGFW"));
    if let Value::Str(user) = get(row, "source_user") {
        let short = user.rsplit_once('\\').map_or(&*user, |(_, name)| name);
        set(dataset, row, "source_user_info_name", Value::text_or_null(short));
    }
    if let Some(threat) = columns.get(32).filter(|_| dataset.name == panw::THREAT.name) {
        let (name, number) = threat_name(threat);
        set(dataset, row, "threat_name", Value::text_or_null(name));
        set(dataset, row, "threat_id", Value::from(number));
        if let Value::Str(severity) = get(row, "vendor_severity") {
            set(dataset, row, "severity", Value::text(capitalised(&severity)));
        }
        if let (Value::Str(kind), Value::Str(url)) = (get(row, "sub_type"), get(row, "file_name"))
            && kind == "url"
        {
            set(dataset, row, "url_domain", Value::text_or_null(url_host(&url)));
        }
    }
}

fn set(dataset: &Dataset, row: &mut Row, name: &str, value: Value) {
    if let Some(at) = dataset.position(name) {
        row[at] = value;
    }
}

fn read(column: &Column, text: &str, zone: &TimeZone) -> Result<Value, PanosError> {
    let bad = |expected| PanosError::BadColumn { position: column.position + 1, name: column.name, expected };
    let text = text.trim();
    if text.is_empty() && !column.required {
        return Ok(Value::Null);
    }
    match column.kind {
        Kind::Text => Ok(Value::text(text)),
        Kind::Lower => Ok(Value::text(text.to_lowercase())),
        Kind::Int => text.parse::<i64>().map(Value::Int).map_err(|_| bad("a whole number")),
        Kind::Time => time(text, zone).map(Value::Time).ok_or_else(|| bad("a date and time")),
        Kind::Address => match text.parse::<std::net::IpAddr>() {
            Ok(address) => Ok(Value::text(address.to_string())),
            Err(_) => Err(bad("an IP address")),
        },
    }
}

/// `2018/11/30 16:44:36`, or ISO 8601 with or without an offset.
fn time(text: &str, zone: &TimeZone) -> Option<Time> {
    if let Some((time, _)) = iso_time(text) {
        return Some(time);
    }
    let local = match text.contains('/') {
        true => DateTime::strptime("%Y/%m/%d %H:%M:%S", text).ok()?,
        false => text.parse::<DateTime>().ok()?,
    };
    let stamp = zone.to_ambiguous_timestamp(local).compatible().ok()?;
    Some(Time(stamp.as_microsecond()))
}

/// ISO 8601 with an offset, and the offset as a zone.
fn iso_time(text: &str) -> Option<(Time, TimeZone)> {
    let stamp: jiff::Timestamp = text.parse().ok()?;
    let offset = jiff::fmt::temporal::Pieces::parse(text).ok()?.to_numeric_offset()?;
    Some((Time(stamp.as_microsecond()), TimeZone::fixed(offset)))
}

/// `SCAN: TCP Port Scan(8001)` into its name and number.
fn threat_name(text: &str) -> (&str, Option<i64>) {
    let text = text.trim();
    let split = text.strip_suffix(')').and_then(|inner| inner.rsplit_once('('));
    match split.and_then(|(name, number)| Some((name.trim_end(), number.parse::<i64>().ok()?))) {
        Some((name, number)) => (name, Some(number)),
        None => (text, text.parse().ok()),
    }
}

fn url_host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

fn unreadable(text: &str) -> PanosError {
    if text.contains("CEF:") {
        PanosError::OtherFormat { format: "CEF" }
    } else if text.contains("LEEF:") {
        PanosError::OtherFormat { format: "LEEF" }
    } else {
        PanosError::NotPanos
    }
}

/// A word from the input, short enough for a message.
fn cut(word: &str) -> String {
    word.chars().take(32).collect()
}

#[cfg(test)]
#[path = "panos/tests.rs"]
mod tests;
