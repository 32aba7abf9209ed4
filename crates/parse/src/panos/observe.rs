//! What a PAN-OS log tells the detector: the fate of a session, and the firewall's own verdicts.

use crate::log::{Ends, Fate, Maker, Sides, payload_beyond, reported, transport_named};
use std::net::IpAddr;
use vedette_event::datasets::panw;
use vedette_event::{
    Closing, Dataset, Event, Icmp, Observation, Outcome, Row, Time, Transport, Value, Verdict, VerdictAbout,
};

/// The number of the verdict "host sweep"; others are about one host.
const HOST_SWEEP: i64 = 8_002;
/// The largest headers that a packet without payload is likely to have: Ethernet with a VLAN tag,
/// IPv4, and TCP with its usual options.
const HEADERS: u64 = 78;
/// Packets of a client that was refused, and of one that reset what was accepted.
const PROBE_PACKETS: i64 = 2;

/// The cells of a row by their names.
struct Cells<'a> {
    dataset: &'static Dataset,
    row: &'a Row,
}

impl Cells<'_> {
    fn get(&self, name: &str) -> &Value {
        self.dataset.position(name).and_then(|at| self.row.get(at)).unwrap_or(&Value::Null)
    }

    fn text(&self, name: &str) -> &str {
        match self.get(name) {
            Value::Str(text) => text,
            _ => "",
        }
    }

    fn int(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Value::Int(number) => Some(*number),
            _ => None,
        }
    }

    fn time(&self, name: &str) -> Option<Time> {
        match self.get(name) {
            Value::Time(time) => Some(*time),
            _ => None,
        }
    }

    fn address(&self, name: &str) -> Option<IpAddr> {
        self.text(name).parse().ok()
    }

    fn port(&self, name: &str) -> u16 {
        self.int(name).and_then(|port| u16::try_from(port).ok()).unwrap_or(0)
    }
}

/// What a row of one of the two datasets says. Most threats and the starts of sessions say
/// nothing.
pub(crate) fn observations(dataset: &'static Dataset, row: &Row, maker: &mut Maker) -> Vec<Observation> {
    let cells = Cells { dataset, row };
    if dataset.name == panw::TRAFFIC.name { session(&cells, maker) } else { verdict(&cells, maker) }
}

fn attempt(cells: &Cells<'_>, maker: &mut Maker, time: Time) -> Option<Event> {
    let transport = transport_named(cells.text("protocol"))?;
    let ends = Ends {
        transport,
        source: cells.address("source_ip")?,
        source_port: cells.port("source_port"),
        target: cells.address("dest_ip")?,
        target_port: cells.port("dest_port"),
    };
    let device = match cells.text("log_source_name") {
        "" => cells.text("log_source_id"),
        name => name,
    };
    let mut event = maker.attempt(device, ends, time);
    if transport == Transport::Icmp {
        // The type is not in the log: what opens a session is a request.
        let v6 = event.source.is_ipv6();
        event.icmp = Some(Icmp { kind: if v6 { 128 } else { 8 }, code: 0, v6 });
    }
    Some(event)
}

fn verdict(cells: &Cells<'_>, maker: &mut Maker) -> Vec<Observation> {
    let name = cells.text("threat_name");
    if cells.text("sub_type") != "scan" && !names_scanner(name) {
        return Vec::new();
    }
    let Some(event) = cells.time("_time").and_then(|time| attempt(cells, maker, time)) else {
        return Vec::new();
    };
    let number = cells.int("threat_id");
    let name = match number {
        Some(number) => format!("{name} ({number})"),
        None => name.to_owned(),
    };
    let outcome = blocked(cells.text("action")).unwrap_or(Outcome::Unknown);
    vec![Observation::Verdict(Verdict {
        event: Event { outcome, ..event },
        product: "PAN-OS",
        name,
        action: cells.text("action").to_owned(),
        about: if number == Some(HOST_SWEEP) { VerdictAbout::Hosts } else { VerdictAbout::Host },
    })]
}

/// Signatures of other kinds ("vulnerability" mostly) that recognise a port scanner by what it says.
fn names_scanner(name: &str) -> bool {
    const SCANNERS: [&str; 5] = ["nmap ", "masscan", "zgrab", "zmap", "port scan"];
    let name = name.to_ascii_lowercase();
    SCANNERS.iter().any(|scanner| name.contains(scanner))
}

/// What the source got to see where the firewall did not let it through.
fn blocked(action: &str) -> Option<Outcome> {
    match action {
        "deny" | "drop" | "drop-packet" | "drop-all-packets" | "block-ip" | "random-drop"
        | "syncookie-sent" => Some(Outcome::Unanswered),
        "drop ICMP" | "drop-icmp" | "reset client" | "reset server" | "reset both" | "reset-client"
        | "reset-server" | "reset-both" => Some(Outcome::Rejected),
        _ => None,
    }
}

fn session(cells: &Cells<'_>, maker: &mut Maker) -> Vec<Observation> {
    if cells.text("sub_type") == "start" {
        return Vec::new();
    }
    let Some(end) = cells.time("_time") else { return Vec::new() };
    let begun = cells.time("session_start_time").unwrap_or(end).min(end);
    let Some(mut event) = attempt(cells, maker, begun) else { return Vec::new() };
    let repeats = cells.int("count_of_repeats").unwrap_or(1).saturating_sub(1);
    event.retries = u16::try_from(repeats.max(0)).unwrap_or(u16::MAX);
    let side = |bytes, packets| {
        let count = |name| u64::try_from(cells.int(name).unwrap_or(0)).unwrap_or(0);
        payload_beyond(count(bytes), count(packets), HEADERS, None)
    };
    let sides = Sides {
        sent: side("bytes_sent", "packets_sent"),
        received: side("bytes_received", "packets_received"),
        ..Sides::default()
    };
    let fate = match blocked(cells.text("action")) {
        Some(outcome) => Fate::of(outcome),
        None if event.transport == Transport::Tcp => tcp(cells),
        None if cells.get("packets_received").is_null() => Fate::of(Outcome::Unknown),
        None if sides.received.packets > 0 => Fate::of(Outcome::Accepted),
        None => Fate::of(Outcome::Unanswered),
    };
    reported(event, fate, &sides, end)
}

/// An allowed session. PAN-OS calls it incomplete when the handshake was not finished, or nothing
/// was said after it.
fn tcp(cells: &Cells<'_>) -> Fate {
    let (Some(sent), Some(received)) = (cells.int("packets_sent"), cells.int("packets_received")) else {
        return Fate::of(Outcome::Unknown);
    };
    let closing = match cells.text("session_end_reason") {
        "tcp-fin" => Closing::Fin,
        "tcp-rst-from-client" => Closing::ResetBySource,
        "tcp-rst-from-server" => Closing::ResetByTarget,
        "aged-out" => Closing::Timeout,
        _ => Closing::Open,
    };
    let short = sent <= PROBE_PACKETS && cells.text("app") == "incomplete";
    match closing {
        _ if received == 0 => Fate::of(Outcome::Unanswered),
        Closing::ResetByTarget if short && received == 1 => Fate::of(Outcome::Refused),
        Closing::ResetBySource if short => Fate { closing, ..Fate::of(Outcome::Accepted) },
        // The target's SYN-ACK, sent again, and never acknowledged.
        Closing::Timeout if sent == 1 => Fate::of(Outcome::Accepted),
        closing => Fate::opened(closing),
    }
}
