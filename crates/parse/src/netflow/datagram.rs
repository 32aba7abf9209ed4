//! The layout of datagrams: headers, sets, records.

use super::flow::{Flow, Times};
use super::template::{Field, Template, TemplateKey, Templates, VARIABLE};
use super::{Exporter, FORMAT, VERSIONS};
use crate::log::LogError;
use std::net::{IpAddr, Ipv4Addr};
use vedette_event::Time;

const V5_HEAD: usize = 24;
const V5_RECORD: usize = 48;
/// Records of a version 5 datagram at most.
const V5_MOST: usize = 30;
const V9_HEAD: usize = 20;
const IPFIX_HEAD: usize = 16;
/// Sets below are templates.
const FIRST_DATA: u16 = 256;
/// Bit of an IPFIX field number: an enterprise follows.
const ENTERPRISE: u16 = 0x8000;
/// A time in a header that is believed: 2000 to 2100.
const BELIEVED: std::ops::Range<u32> = 946_684_800..4_102_444_800;

/// What the header of a datagram says, for its records.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) version: u16,
    pub(super) domain: u32,
    pub(super) exporter: Option<IpAddr>,
    pub(super) uptime: Option<u32>,
    pub(super) sent: Time,
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|two| u16::from_be_bytes(*two))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|four| u32::from_be_bytes(*four))
}

/// Whether a datagram begins here: a version, and a header that makes sense.
pub(super) fn begins(bytes: &[u8]) -> bool {
    let sent = match u16_at(bytes, 0) {
        Some(5 | 9) => u32_at(bytes, 8),
        Some(10) if u16_at(bytes, 2).is_some_and(|length| usize::from(length) >= IPFIX_HEAD) => {
            u32_at(bytes, 4)
        }
        _ => None,
    };
    sent.is_some_and(|sent| BELIEVED.contains(&sent))
}

/// Reads the datagram at the start of `bytes`. Gives what follows it, and what was wrong with it;
/// records before the trouble are kept.
pub(super) fn read<'a>(
    bytes: &'a [u8],
    from: Exporter,
    templates: &mut Templates,
    out: &mut Vec<Flow>,
) -> (&'a [u8], Option<LogError>) {
    let (length, result) = match u16_at(bytes, 0) {
        Some(5) => version_5(bytes, from, out),
        Some(9) => version_9(bytes, from, templates, out),
        Some(10) => ipfix(bytes, from, templates, out),
        _ => (
            bytes.len(),
            Err(LogError::NotThis { format: FORMAT, expected: "no version 5, 9 or 10 at its start" }),
        ),
    };
    // A data set may have waited for a template that this datagram brought.
    for waiting in templates.ready() {
        let template = templates.find(&waiting.key).cloned();
        if let Some(template) = template {
            let _ = records(&waiting.body, &template, &waiting.head, out);
        }
    }
    (bytes.get(length.max(1)..).unwrap_or(&[]), result.err())
}

fn cut() -> LogError {
    LogError::NotThis { format: FORMAT, expected: "the datagram is cut short" }
}

fn sent(seconds: u32, from: Exporter) -> Time {
    if BELIEVED.contains(&seconds) { Time::from_seconds(seconds.into()) } else { from.received }
}

fn version_5(bytes: &[u8], from: Exporter, out: &mut Vec<Flow>) -> (usize, Result<(), LogError>) {
    let (Some(count), Some(uptime), Some(seconds), Some(nanos), Some(sampling)) =
        (u16_at(bytes, 2), u32_at(bytes, 4), u32_at(bytes, 8), u32_at(bytes, 12), u16_at(bytes, 22))
    else {
        return (bytes.len(), Err(cut()));
    };
    let count = usize::from(count);
    if count == 0 || count > V5_MOST {
        let expected = "a version 5 datagram has 1 to 30 records";
        return (bytes.len(), Err(LogError::NotThis { format: FORMAT, expected }));
    }
    let sent = sent(seconds, from).plus(i64::from(nanos.min(999_999_999)) / 1_000);
    let engine = u16_at(bytes, 20).unwrap_or(0);
    let head = Head { version: 5, domain: engine.into(), exporter: from.address, uptime: Some(uptime), sent };
    let one_in = u32::from(sampling & 0x3fff);
    for n in 0..count {
        let at = V5_HEAD + n * V5_RECORD;
        let Some(record) = bytes.get(at..at + V5_RECORD) else { return (bytes.len(), Err(cut())) };
        out.push(v5_record(record, &head, one_in));
    }
    (V5_HEAD + count * V5_RECORD, Ok(()))
}

fn v5_record(record: &[u8], head: &Head, one_in: u32) -> Flow {
    let u16_of = |at| u16_at(record, at);
    let u32_of = |at| u32_at(record, at);
    let address = |at| u32_of(at).map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits)));
    let byte = |at: usize| record.get(at).copied();
    let times = Times {
        uptime: head.uptime,
        first: u32_of(24),
        last: u32_of(28),
        sent: head.sent,
        ..Times::default()
    };
    let (start, end) = times.resolve();
    let protocol = byte(38);
    let icmp = u16_of(34).filter(|_| protocol == Some(1)).map(|both| ((both >> 8) as u8, both as u8));
    Flow {
        version: 5,
        exporter: head.exporter,
        domain: head.domain,
        source: address(0),
        target: address(4),
        next_hop: address(8).filter(|hop| !hop.is_unspecified()),
        inbound: u16_of(12).map(u32::from),
        outbound: u16_of(14).map(u32::from),
        packets: u32_of(16).map(u64::from),
        bytes: u32_of(20).map(u64::from),
        start,
        end,
        source_port: u16_of(32),
        target_port: u16_of(34),
        flags: byte(37).map(u16::from),
        protocol,
        tos: byte(39),
        source_as: u16_of(40).map(u32::from),
        target_as: u16_of(42).map(u32::from),
        icmp,
        sampling: (one_in > 1).then_some(one_in),
        ..Flow::default()
    }
}

fn version_9(
    bytes: &[u8],
    from: Exporter,
    templates: &mut Templates,
    out: &mut Vec<Flow>,
) -> (usize, Result<(), LogError>) {
    let (Some(uptime), Some(seconds), Some(domain)) = (u32_at(bytes, 4), u32_at(bytes, 8), u32_at(bytes, 16))
    else {
        return (bytes.len(), Err(cut()));
    };
    let head =
        Head { version: 9, domain, exporter: from.address, uptime: Some(uptime), sent: sent(seconds, from) };
    let mut at = V9_HEAD;
    // The header does not say how long the datagram is. Where the next one begins, its version
    // stands in place of the number of a set, and sets have none such.
    while at < bytes.len() && !(VERSIONS.contains(&u16_at(bytes, at).unwrap_or(0)) && begins(&bytes[at..])) {
        match set(bytes, at, &head, templates, out) {
            Ok(next) => at = next,
            Err(why) => return (bytes.len(), Err(why)),
        }
    }
    (at, Ok(()))
}

fn ipfix(
    bytes: &[u8],
    from: Exporter,
    templates: &mut Templates,
    out: &mut Vec<Flow>,
) -> (usize, Result<(), LogError>) {
    let (Some(length), Some(seconds), Some(domain)) = (u16_at(bytes, 2), u32_at(bytes, 4), u32_at(bytes, 12))
    else {
        return (bytes.len(), Err(cut()));
    };
    let length = usize::from(length);
    let Some(message) = bytes.get(..length).filter(|_| length >= IPFIX_HEAD) else {
        return (bytes.len(), Err(cut()));
    };
    let head = Head { version: 10, domain, exporter: from.address, uptime: None, sent: sent(seconds, from) };
    let mut at = IPFIX_HEAD;
    while at < message.len() {
        match set(message, at, &head, templates, out) {
            Ok(next) => at = next,
            Err(why) => return (length, Err(why)),
        }
    }
    (length, Ok(()))
}

/// Reads the set at `at`, and says where the next one is.
fn set(
    bytes: &[u8],
    at: usize,
    head: &Head,
    templates: &mut Templates,
    out: &mut Vec<Flow>,
) -> Result<usize, LogError> {
    let (Some(id), Some(length)) = (u16_at(bytes, at), u16_at(bytes, at + 2)) else { return Err(cut()) };
    let end = at + usize::from(length);
    let body = bytes.get(at + 4..end).filter(|_| length >= 4).ok_or_else(cut)?;
    let key = |id| TemplateKey { exporter: head.exporter, version: head.version, domain: head.domain, id };
    match (head.version, id) {
        (9, 0) | (10, 2) => learn(body, head, false, templates, key),
        (9, 1) | (10, 3) => learn(body, head, true, templates, key),
        (_, FIRST_DATA..) => match templates.find(&key(id)).cloned() {
            Some(template) => records(body, &template, head, out)?,
            None if templates.wait(key(id), *head, body) => {}
            None => {
                return Err(LogError::Missing {
                    name: "the template of a data set, and room to wait for it",
                });
            }
        },
        _ => {
            return Err(LogError::NotThis {
                format: FORMAT,
                expected: "a set with a number that means nothing",
            });
        }
    }
    Ok(end)
}

/// Learns the templates of a set; one that is cut ends it.
fn learn(
    mut body: &[u8],
    head: &Head,
    options: bool,
    templates: &mut Templates,
    key: impl Fn(u16) -> TemplateKey,
) {
    while let Some((id, template, rest)) = template(body, head.version, options) {
        if id >= FIRST_DATA {
            templates.learn(key(id), template);
        }
        body = rest;
    }
}

fn template(body: &[u8], version: u16, options: bool) -> Option<(u16, Template, &[u8])> {
    let id = u16_at(body, 0)?;
    // Version 9 counts the bytes of both kinds of an options template's fields, IPFIX the fields.
    let (count, mut at) = match (version, options) {
        (9, true) => ((usize::from(u16_at(body, 2)?) + usize::from(u16_at(body, 4)?)) / 4, 6),
        (10, true) => (usize::from(u16_at(body, 2)?), 6),
        _ => (usize::from(u16_at(body, 2)?), 4),
    };
    let mut fields = Vec::with_capacity(count.min(64));
    for _ in 0..count {
        let (number, length) = (u16_at(body, at)?, u16_at(body, at + 2)?);
        at += 4;
        let (enterprise, number) = match version == 10 && number & ENTERPRISE != 0 {
            true => {
                at += 4;
                (u32_at(body, at - 4)?, number & !ENTERPRISE)
            }
            false => (0, number),
        };
        fields.push(Field { enterprise, number, length });
    }
    Some((id, Template { fields, options }, body.get(at..)?))
}

/// The records of a data set; what is left is padding.
fn records(body: &[u8], template: &Template, head: &Head, out: &mut Vec<Flow>) -> Result<(), LogError> {
    let Some(least) = template.least() else { return Ok(()) };
    let mut rest = body;
    while rest.len() >= least {
        let mut flow =
            Flow { version: head.version, exporter: head.exporter, domain: head.domain, ..Flow::default() };
        let mut times = Times { uptime: head.uptime, sent: head.sent, ..Times::default() };
        for field in &template.fields {
            let (value, after) = value(rest, field).ok_or_else(cut)?;
            flow.set(field.enterprise, field.number, value, &mut times);
            rest = after;
        }
        (flow.start, flow.end) = times.resolve();
        if !template.options {
            out.push(flow);
        }
    }
    Ok(())
}

fn value<'a>(bytes: &'a [u8], field: &Field) -> Option<(&'a [u8], &'a [u8])> {
    let (length, skip) = match field.length {
        VARIABLE => match *bytes.first()? {
            255 => (usize::from(u16_at(bytes, 1)?), 3),
            short => (usize::from(short), 1),
        },
        fixed => (usize::from(fixed), 0),
    };
    let bytes = bytes.get(skip..)?;
    (bytes.len() >= length).then(|| bytes.split_at(length))
}
