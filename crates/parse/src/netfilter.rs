//! Packets that the Linux kernel logged: the LOG target of iptables and nftables, UFW, Proxmox.
//!
//! A line is one packet and the words of its rule. Whether it was dropped is in those words, when
//! the administrator put it there: what says neither has an unknown fate.

use crate::log::{Context, Ends, LogError, Maker, Record, RowOf, syslog, transport_name, transport_named};
use std::net::IpAddr;
use vedette_event::datasets::netfilter::DATASET;
use vedette_event::{Direction, Event, FirstPacket, Icmp, Observation, Outcome, Time, Transport, flag};

const FORMAT: &str = "a packet logged by the kernel";
const FLAGS: [(&str, u16); 9] = [
    ("FIN", flag::FIN),
    ("SYN", flag::SYN),
    ("RST", flag::RST),
    ("PSH", flag::PSH),
    ("ACK", flag::ACK),
    ("URG", flag::URG),
    ("ECE", flag::ECE),
    ("CWR", flag::CWR),
    ("NS", flag::NS),
];
/// IP and TCP headers without options.
const BARE_V4: u16 = 40;
const BARE_V6: u16 = 60;
/// A maximum segment size option as [`FirstPacket::options`] holds it.
const MSS_ALONE: u64 = 0x2000_0000_0000_0000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Reject,
    Drop,
    Accept,
}

impl Action {
    /// From the words of the rule: UFW, Ubiquiti's endings (`[WAN_LOCAL-default-D]`), and whatever
    /// people write.
    fn of(prefix: &str) -> Option<Action> {
        let words = || prefix.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_ascii_lowercase);
        let any = |names: &[&str]| words().any(|word| names.contains(&word.as_str()));
        let ending = prefix.trim_end().strip_suffix(']').and_then(|inner| inner.rsplit_once('-'));
        let ending = ending.map_or("", |(_, letter)| letter);
        if any(&["reject", "rejected"]) || ending == "R" {
            Some(Action::Reject)
        } else if any(&["drop", "dropped", "deny", "denied", "block", "blocked"]) || ending == "D" {
            Some(Action::Drop)
        } else if any(&["allow", "allowed", "accept", "accepted", "audit", "pass"]) || ending == "A" {
            Some(Action::Accept)
        } else {
            None
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Action::Reject => "reject",
            Action::Drop => "drop",
            Action::Accept => "accept",
        }
    }
}

/// The fields of the packet as they are written.
#[derive(Default)]
struct Packet<'a> {
    inbound: &'a str,
    outbound: &'a str,
    mac: &'a str,
    source: &'a str,
    target: &'a str,
    protocol: &'a str,
    length: Option<u16>,
    ttl: Option<u8>,
    ip_id: Option<u16>,
    source_port: Option<u16>,
    target_port: Option<u16>,
    window: Option<u16>,
    urgent: Option<u16>,
    sequence: Option<u32>,
    icmp_type: Option<u8>,
    icmp_code: Option<u8>,
    /// The second LEN: of a datagram with its header.
    datagram: Option<u16>,
    options: Option<&'a str>,
    flags: u16,
    dont_fragment: bool,
    fragment: bool,
}

pub(crate) fn parse_line(line: &str, context: &Context, maker: &mut Maker) -> Result<Record, LogError> {
    let start = body(line)
        .ok_or(LogError::NotThis { format: FORMAT, expected: "no IN= or OUT= with SRC= and DST=" })?;
    let (head, text) = line.split_at(start);
    // The head must end in a space for its last word to be told.
    let head = format!("{head} ");
    let (time, host, prefix) =
        syslog(&head, context).ok_or(LogError::Missing { name: "the time at the start of the line" })?;
    let prefix = prefix_of(prefix);
    let packet = Packet::read(text);
    let (source, target) = Ends::addresses(packet.source, packet.target)?;
    let transport = transport_named(packet.protocol)
        .ok_or(LogError::Bad { name: "PROTO", expected: "a protocol's name or number" })?;
    let ends = Ends {
        transport,
        source,
        source_port: packet.source_port.unwrap_or(0),
        target,
        target_port: packet.target_port.unwrap_or(0),
    };
    let action = Action::of(prefix);
    let row = row(line, time, host, prefix, action, &packet, &ends);
    let seen = packet.event(action, maker.attempt(host, ends, time));
    Ok(row.done(seen.map(Observation::Attempt).into_iter().collect()))
}

/// Where the packet begins.
fn body(line: &str) -> Option<usize> {
    let begins = |&(at, _): &(usize, &str)| at == 0 || !line.as_bytes()[at - 1].is_ascii_alphanumeric();
    let input = line.match_indices("IN=").find(begins);
    let output = line.match_indices("OUT=").find(begins);
    let (at, _) = [input, output].into_iter().flatten().min_by_key(|(at, _)| *at)?;
    (line[at..].contains(" SRC=") && line[at..].contains(" DST=")).then_some(at)
}

/// What is left of the head: without the kernel's name and its uptime in brackets.
fn prefix_of(head: &str) -> &str {
    let head = head.trim();
    let head = head.strip_prefix("kernel:").unwrap_or(head).trim_start();
    let uptime = |inside: &str| inside.trim().parse::<f64>().is_ok();
    match head.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inside, rest)) if uptime(inside) => rest.trim_start(),
        _ => head,
    }
}

impl<'a> Packet<'a> {
    fn read(text: &'a str) -> Packet<'a> {
        let mut packet = Packet::default();
        let mut words = text.split_ascii_whitespace();
        while let Some(word) = words.next() {
            // From here on it is the packet inside an ICMP error.
            if word.starts_with('[') {
                break;
            }
            match word.split_once('=') {
                Some((name, value)) => packet.set(name, value),
                None if word == "DF" => packet.dont_fragment = true,
                None if word.starts_with("FRAG:") => packet.fragment = true,
                None if word == "OPT" => {
                    let hex = words.next().unwrap_or("");
                    packet.options = Some(hex.trim_matches(['(', ')']));
                }
                None => {
                    let known = FLAGS.iter().find(|(name, _)| *name == word);
                    packet.flags |= known.map_or(0, |(_, bit)| *bit);
                }
            }
        }
        packet
    }

    fn set(&mut self, name: &str, value: &'a str) {
        fn first<T: std::str::FromStr>(cell: &mut Option<T>, value: &str) {
            if cell.is_none() {
                *cell = value.parse().ok();
            }
        }
        match name {
            "IN" => self.inbound = value,
            "OUT" => self.outbound = value,
            "MAC" => self.mac = value,
            "SRC" => self.source = value,
            "DST" => self.target = value,
            "PROTO" => self.protocol = value,
            "LEN" if self.length.is_some() => first(&mut self.datagram, value),
            "LEN" => first(&mut self.length, value),
            "TTL" | "HOPLIMIT" => first(&mut self.ttl, value),
            "ID" => first(&mut self.ip_id, value),
            "SPT" => first(&mut self.source_port, value),
            "DPT" => first(&mut self.target_port, value),
            "WINDOW" => first(&mut self.window, value),
            "URGP" => first(&mut self.urgent, value),
            "SEQ" => first(&mut self.sequence, value),
            "TYPE" => first(&mut self.icmp_type, value),
            "CODE" => first(&mut self.icmp_code, value),
            _ => {}
        }
    }

    /// The attempt; `None` for a packet that says nothing to a detector.
    fn event(&self, action: Option<Action>, mut event: Event) -> Option<Event> {
        event.direction = match (self.inbound.is_empty(), self.outbound.is_empty()) {
            (false, true) => Direction::Inbound,
            (true, false) => Direction::Outbound,
            _ => Direction::Observed,
        };
        event.source_mac = self.source_mac();
        event.first = FirstPacket {
            ttl: self.ttl.unwrap_or(0),
            ip_id: self.ip_id.unwrap_or(0),
            dont_fragment: self.dont_fragment,
            fragmented: self.fragment,
            ..event.first
        };
        let fate = match action {
            Some(Action::Drop) => Outcome::Unanswered,
            Some(Action::Reject) => Outcome::Rejected,
            Some(Action::Accept) | None => Outcome::Unknown,
        };
        event.outcome = fate;
        match event.transport {
            Transport::Tcp => self.tcp(&mut event)?,
            Transport::Udp => {
                event.first.payload_len = self.datagram.map_or(0, |length| length.saturating_sub(8));
                event.first.partial = self.datagram.is_none();
            }
            Transport::Icmp => {
                let kind = self.icmp_type?;
                event.icmp =
                    Some(Icmp { kind, code: self.icmp_code.unwrap_or(0), v6: event.source.is_ipv6() });
                event.first.partial = false;
            }
            _ => event.first.partial = false,
        }
        // A later fragment has no ports.
        let ports = matches!(event.transport, Transport::Tcp | Transport::Udp | Transport::Sctp);
        (!ports || self.target_port.is_some()).then_some(event)
    }

    fn tcp(&self, event: &mut Event) -> Option<()> {
        let dropped = event.outcome != Outcome::Unknown;
        // The kernel writes WINDOW with the flags: without it, none were written.
        let Some(window) = self.window else { return dropped.then_some(()) };
        event.first.tcp_flags = self.flags;
        event.first.window = window;
        event.first.urgent = self.urgent.unwrap_or(0);
        event.first.sequence = self.sequence.unwrap_or(0);
        let bare = if event.source.is_ipv6() { BARE_V6 } else { BARE_V4 };
        let beyond = self.length.map(|length| length.saturating_sub(bare));
        if let Some((options, mss)) = self.options.and_then(read_options) {
            (event.first.options, event.first.mss, event.first.partial) = (options, mss, false);
        } else if beyond == Some(0) {
            event.first.partial = false;
        } else if self.flags & (flag::SYN | flag::ACK) == flag::SYN && beyond == Some(4) {
            // A SYN without data has room for one option of four bytes: a segment size.
            (event.first.options, event.first.partial) = (MSS_ALONE, false);
        }
        let (syn, ack) = (self.flags & flag::SYN != 0, self.flags & flag::ACK != 0);
        let rst = self.flags & flag::RST != 0;
        if rst || (syn && ack) {
            // An answer. Dropped, it is one that the firewall knows no question for.
            event.outcome = if dropped { Outcome::Unsolicited } else { Outcome::MidStream };
        } else if ack && (!dropped || beyond != Some(0)) {
            event.outcome = Outcome::MidStream;
        }
        Some(())
    }

    /// The kernel writes destination, source and type of the frame.
    fn source_mac(&self) -> Option<[u8; 6]> {
        let bytes: Option<Vec<u8>> =
            self.mac.split(':').map(|part| u8::from_str_radix(part, 16).ok()).collect();
        let bytes = bytes.filter(|bytes| bytes.len() >= 14)?;
        let source: [u8; 6] = bytes.get(6..12)?.try_into().ok()?;
        (source != [0; 6]).then_some(source)
    }

    fn flag_names(&self) -> String {
        let set = FLAGS.iter().filter(|(_, bit)| self.flags & bit != 0).map(|(name, _)| *name);
        set.collect::<Vec<_>>().join(" ")
    }
}

/// TCP options in hexadecimal: their kinds, and the segment size.
fn read_options(hex: &str) -> Option<(u64, u16)> {
    let digit = |at: usize| hex.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let (mut kinds, mut mss, mut at, mut count) = (0_u64, 0_u16, 0, 0_u32);
    while at < hex.len() {
        let kind = digit(at)?;
        if kind == 0 {
            break;
        }
        if count < 16 {
            kinds |= u64::from(kind.min(15)) << (60 - 4 * count);
            count += 1;
        }
        let length = if kind == 1 { 1 } else { digit(at + 2).filter(|length| *length >= 2)? };
        if kind == 2 && length == 4 {
            mss = u16::from_be_bytes([digit(at + 4)?, digit(at + 6)?]);
        }
        at += 2 * usize::from(length);
    }
    Some((kinds, mss))
}

fn row(
    line: &str,
    time: Time,
    host: &str,
    prefix: &str,
    action: Option<Action>,
    packet: &Packet<'_>,
    ends: &Ends,
) -> RowOf {
    let ports = matches!(ends.transport, Transport::Tcp | Transport::Udp | Transport::Sctp);
    let mac = packet.source_mac().map(|mac| mac.map(|byte| format!("{byte:02x}")).join(":"));
    let mut row = RowOf::new(&DATASET, "Linux", "Netfilter", time);
    row.text("log_source_name", host);
    row.text("log_prefix", prefix.trim_end());
    row.set("action", action.map(Action::as_str).map(str::to_owned));
    row.text("inbound_if", packet.inbound);
    row.text("outbound_if", packet.outbound);
    row.set("source_ip", ends.source);
    row.set("dest_ip", ends.target);
    row.set("source_port", packet.source_port.filter(|_| ports));
    row.set("dest_port", packet.target_port.filter(|_| ports));
    row.set("protocol", transport_name(ends.transport, ends.v6()));
    if packet.window.is_some() {
        row.set("tcp_flags", packet.flag_names());
    }
    row.set("packet_length", packet.length);
    row.set("ttl", packet.ttl);
    row.set("ip_id", packet.ip_id.filter(|_| matches!(ends.source, IpAddr::V4(_))));
    row.set("tcp_window", packet.window);
    row.set("icmp_type", packet.icmp_type);
    row.set("icmp_code", packet.icmp_code);
    row.set("source_mac", mac);
    row.set("_raw_log", line.to_owned());
    row
}

#[cfg(test)]
#[path = "netfilter/tests.rs"]
mod tests;
