//! Connections of Zeek: conn.log as tab-separated text with its `#fields` line, or as JSON.
//!
//! What became of a connection is in `conn_state`, and in `history` how: its letters are kinds of
//! packets in order, upper case from the originator.

mod fate;

use crate::log::{
    Ends, LogError, Maker, Record, RowOf, Sides, epoch, iso, reported, transport_name, transport_named,
};
use serde_json::Value as Json;
use std::borrow::Cow;
use vedette_event::datasets::zeek::DATASET;
use vedette_event::{Icmp, Observation, Time, Transport, Value, Volume};

const FORMAT: &str = "a line of Zeek's conn.log";
/// Columns that are looked at, at most.
const MOST_COLUMNS: usize = 256;
/// The longest connection believed, in seconds: a year.
const LONGEST: f64 = 31_622_400.0;

/// What the lines that begin with `#` have told so far.
#[derive(Debug, Default)]
pub(crate) struct Header {
    separator: Option<char>,
    columns: Vec<String>,
    /// The log is of another kind: notice, dns, …
    other: bool,
}

/// One line, whichever form it has.
enum Line<'a> {
    Text(&'a Header, Vec<&'a str>),
    Json(serde_json::Map<String, Json>),
}

impl Line<'_> {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        match self {
            Line::Text(header, cells) => {
                let at = header.columns.iter().position(|column| column == name)?;
                let cell = cells.get(at).filter(|cell| !matches!(**cell, "-" | "(empty)"))?;
                Some(Cow::Borrowed(cell))
            }
            Line::Json(object) => match find(object, name)? {
                Json::String(text) => Some(Cow::Borrowed(text)),
                Json::Number(number) => Some(Cow::Owned(number.to_string())),
                Json::Bool(yes) => Some(Cow::Borrowed(if *yes { "T" } else { "F" })),
                Json::Array(items) => {
                    let items: Vec<&str> = items.iter().filter_map(Json::as_str).collect();
                    (!items.is_empty()).then(|| Cow::Owned(items.join(",")))
                }
                _ => None,
            },
        }
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.parse().ok()
    }

    fn text(&self, name: &str) -> Cow<'_, str> {
        self.get(name).unwrap_or_default()
    }

    fn time(&self) -> Option<Time> {
        let text = self.get("ts")?;
        epoch(&text).or_else(|| iso(&text))
    }

    fn is_true(&self, name: &str) -> Option<bool> {
        self.get(name).map(|cell| matches!(&*cell, "T" | "true"))
    }
}

/// `id.orig_h`, as pipelines rename it: nested, or with an underscore.
fn find<'a>(object: &'a serde_json::Map<String, Json>, name: &str) -> Option<&'a Json> {
    object.get(name).or_else(|| {
        let (outer, inner) = name.split_once('.')?;
        let nested = object.get(outer).and_then(|value| value.get(inner));
        nested.or_else(|| object.get(&format!("{outer}_{inner}")))
    })
}

pub(crate) fn parse_line(
    text: &str,
    header: &mut Header,
    maker: &mut Maker,
) -> Result<Option<Record>, LogError> {
    let text = text.trim_start_matches('\u{feff}');
    if let Some(comment) = text.strip_prefix('#') {
        read_header(comment, header);
        return Ok(None);
    }
    let line = if text.trim_start().starts_with('{') {
        match serde_json::from_str(text) {
            Ok(Json::Object(object)) => Line::Json(object),
            _ => return Err(LogError::NotThis { format: FORMAT, expected: "no complete JSON object" }),
        }
    } else if header.other {
        return Err(LogError::NotThis { format: FORMAT, expected: "the #path line names another log" });
    } else if header.columns.is_empty() {
        return Err(LogError::NotThis { format: FORMAT, expected: "no JSON, and no #fields line before it" });
    } else {
        Line::Text(header, text.split(header.separator.unwrap_or('\t')).take(MOST_COLUMNS).collect())
    };
    record(text, &line, maker).map(Some)
}

fn read_header(comment: &str, header: &mut Header) {
    if let Some(code) = comment.strip_prefix("separator \\x") {
        header.separator = u8::from_str_radix(code.trim(), 16).ok().map(char::from);
        return;
    }
    let mut words = comment.split(header.separator.unwrap_or('\t'));
    match words.next() {
        Some("fields") => header.columns = words.take(MOST_COLUMNS).map(str::to_owned).collect(),
        Some("path") => header.other = words.next().is_some_and(|path| !path.starts_with("conn")),
        _ => {}
    }
}

fn record(text: &str, line: &Line<'_>, maker: &mut Maker) -> Result<Record, LogError> {
    let (source, target) = (line.get("id.orig_h"), line.get("id.resp_h"));
    if source.is_none() && target.is_none() {
        return Err(LogError::NotThis { format: FORMAT, expected: "no id.orig_h and id.resp_h" });
    }
    let time =
        line.time().ok_or(LogError::Bad { name: "ts", expected: "seconds since 1970, or ISO 8601" })?;
    let (source, target) = Ends::addresses(&source.unwrap_or_default(), &target.unwrap_or_default())?;
    let protocol = line.get("proto").ok_or(LogError::Missing { name: "proto" })?;
    let transport = transport_named(&protocol);
    let device = line.get("_system_name").or_else(|| line.get("@system")).unwrap_or_default();
    let mut row = RowOf::new(&DATASET, "Zeek", "Zeek", time);
    row.text("log_source_name", &device);
    row.set("source_ip", source);
    row.set("dest_ip", target);
    match transport {
        Some(transport) => row.set("protocol", transport_name(transport, source.is_ipv6())),
        None => row.text("protocol", &protocol),
    }
    let seconds: f64 = line.number("duration").filter(|d: &f64| (0.0..=LONGEST).contains(d)).unwrap_or(0.0);
    fill(&mut row, line, text);
    let Some(transport) = transport else { return Ok(row.done(Vec::new())) };
    let ported = transport != Transport::Icmp;
    let port = |name| line.number::<u16>(name).unwrap_or(0);
    let (first, second) = (port("id.orig_p"), port("id.resp_p"));
    if ported {
        row.set("source_port", first);
        row.set("dest_port", second);
    }
    let ends = Ends {
        transport,
        source,
        source_port: if ported { first } else { 0 },
        target,
        target_port: if ported { second } else { 0 },
    };
    let mut event = maker.attempt(&device, ends, time);
    event.vlan = line.number("vlan");
    event.source_mac = line.get("orig_l2_addr").and_then(|mac| read_mac(&mac));
    if !ported {
        let kind = u8::try_from(first).unwrap_or(u8::MAX);
        event.icmp = Some(Icmp { kind, code: u8::try_from(second).unwrap_or(0), v6: source.is_ipv6() });
    }
    Ok(row.done(seen(line, event, time.plus((seconds * 1e6) as i64))))
}

fn seen(line: &Line<'_>, mut event: vedette_event::Event, end: Time) -> Vec<Observation> {
    let count = |name| u32::try_from(line.number::<u64>(name).unwrap_or(0)).unwrap_or(u32::MAX);
    let bytes = |name| line.number(name).unwrap_or(0);
    let sides = Sides {
        sent: Volume { packets: count("orig_pkts"), bytes: bytes("orig_bytes") },
        received: Volume { packets: count("resp_pkts"), bytes: bytes("resp_bytes") },
        ..Sides::default()
    };
    let fate = fate::of(event.transport, &line.text("conn_state"), &line.text("history"), &sides);
    if fate::is_from_responder(&line.text("conn_state")) {
        // Whom Zeek calls the originator was never heard.
        (event.source, event.target) = (event.target, event.source);
        (event.source_port, event.target_port) = (event.target_port, event.source_port);
        event.source_mac = None;
        return reported(event, fate, &Sides { sent: sides.received, received: sides.sent, ..sides }, end);
    }
    let failed = !fate.handshake && event.transport == Transport::Tcp;
    if failed && event.first.tcp_flags == fate.flags {
        event.retries = u16::try_from(sides.sent.packets.saturating_sub(1)).unwrap_or(u16::MAX);
    }
    reported(event, fate, &sides, end)
}

fn read_mac(text: &str) -> Option<[u8; 6]> {
    let bytes: Option<Vec<u8>> = text.split(':').map(|part| u8::from_str_radix(part, 16).ok()).collect();
    bytes?.try_into().ok()
}

fn fill(row: &mut RowOf, line: &Line<'_>, text: &str) {
    for (name, field) in [
        ("uid", "uid"),
        ("app", "service"),
        ("conn_state", "conn_state"),
        ("history", "history"),
        ("source_mac", "orig_l2_addr"),
        ("dest_mac", "resp_l2_addr"),
    ] {
        row.text(name, &line.text(field));
    }
    for (name, field) in [
        ("bytes_sent", "orig_bytes"),
        ("bytes_received", "resp_bytes"),
        ("packets_sent", "orig_pkts"),
        ("packets_received", "resp_pkts"),
        ("ip_bytes_sent", "orig_ip_bytes"),
        ("ip_bytes_received", "resp_ip_bytes"),
        ("missed_bytes", "missed_bytes"),
        ("vlan", "vlan"),
    ] {
        row.set(name, line.number::<i64>(field));
    }
    row.set("duration", line.number::<f64>("duration").filter(|seconds| seconds.is_finite()));
    row.set("local_orig", line.is_true("local_orig"));
    row.set("local_resp", line.is_true("local_resp"));
    if let Some(parents) = line.get("tunnel_parents") {
        row.set("tunnel_parents", Value::List(parents.split(',').map(Value::text).collect()));
    }
    row.set("_raw_log", text.to_owned());
}

#[cfg(test)]
#[path = "zeek/tests.rs"]
mod tests;
