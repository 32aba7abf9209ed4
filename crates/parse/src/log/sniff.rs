//! Which format a file is, by its content.

use super::{Context, Format, LineReader};
use crate::netflow;
use jiff::tz::TimeZone;
use vedette_event::Time;

/// Lines looked at.
const LINES: usize = 50;
/// Bytes looked at.
const BYTES: usize = 256 * 1024;

/// The format whose parser reads one of the first lines; `None` when none does. `now` as in
/// [`Context`].
pub fn sniff(bytes: &[u8], now: Time) -> Option<Format> {
    if netflow::looks_like(bytes) {
        return Some(Format::Netflow);
    }
    let head = &bytes[..bytes.len().min(BYTES)];
    let lines = || head.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).take(LINES);
    let reads = |format: &Format| {
        let context = Context { zone: TimeZone::UTC, now, origin: String::new() };
        LineReader::new(*format, context)
            .is_some_and(|mut reader| lines().any(|line| matches!(reader.read(line), Ok(Some(_)))))
    };
    [Format::Netfilter, Format::Pfirewall, Format::Zeek, Format::Suricata, Format::Panos]
        .into_iter()
        .find(reads)
}
