//! The text log of the Windows Firewall (pfirewall.log): dropped packets, allowed connections.
//!
//! The `#Fields` line names the columns. An allowed line is written when a connection is let
//! begin; what became of it is not in the log.

use crate::log::{Context, Ends, LogError, Maker, Record, RowOf, local, transport_name, transport_named};
use vedette_event::datasets::pfirewall::DATASET;
use vedette_event::{Direction, Event, Icmp, Observation, Outcome, Transport, flag};

const FORMAT: &str = "a line of the Windows Firewall log";
/// The columns of version 1.5, for a log whose beginning is missing.
const COLUMNS: [&str; 17] = [
    "date", "time", "action", "protocol", "src-ip", "dst-ip", "src-port", "dst-port", "size", "tcpflags",
    "tcpsyn", "tcpack", "tcpwin", "icmptype", "icmpcode", "info", "path",
];
/// Columns that are looked at, at most.
const MOST_COLUMNS: usize = 64;
/// IP and TCP headers without options.
const BARE_V4: u16 = 40;
const BARE_V6: u16 = 60;

/// What the lines that begin with `#` have told so far.
#[derive(Debug)]
pub(crate) struct Header {
    columns: Vec<String>,
    /// Times are UTC rather than local.
    utc: bool,
}

impl Default for Header {
    fn default() -> Header {
        Header { columns: COLUMNS.map(str::to_owned).to_vec(), utc: false }
    }
}

/// The cells of a line by the names of their columns.
struct Line<'a> {
    header: &'a Header,
    cells: Vec<&'a str>,
}

impl<'a> Line<'a> {
    fn get(&self, name: &str) -> &'a str {
        let at = self.header.columns.iter().position(|column| column == name);
        at.and_then(|at| self.cells.get(at)).copied().filter(|cell| *cell != "-").unwrap_or("")
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name).parse().ok()
    }
}

pub(crate) fn parse_line(
    text: &str,
    header: &mut Header,
    context: &Context,
    maker: &mut Maker,
) -> Result<Option<Record>, LogError> {
    if let Some(comment) = text.trim_start_matches('\u{feff}').strip_prefix('#') {
        read_header(comment, header);
        return Ok(None);
    }
    let line = Line { header, cells: text.split_ascii_whitespace().take(MOST_COLUMNS).collect() };
    let wrong = LogError::NotThis { format: FORMAT, expected: "no date, time, action and protocol" };
    let (date, clock) = (line.get("date"), line.get("time"));
    let at: jiff::civil::DateTime = format!("{date}T{clock}").parse().map_err(|_| wrong.clone())?;
    let zone = if header.utc { jiff::tz::TimeZone::UTC } else { context.zone.clone() };
    let time = local(at, &zone).ok_or(LogError::Bad { name: "the time", expected: "a date and time" })?;
    let action = line.get("action").to_ascii_lowercase();
    if !matches!(action.as_str(), "allow" | "drop" | "open" | "close" | "open-inbound" | "info-events-lost") {
        return Err(wrong);
    }
    let mut row = RowOf::new(&DATASET, "Microsoft", "Windows Firewall", time);
    row.text("action", &action);
    fill(&mut row, &line, text);
    if action == "info-events-lost" {
        return Ok(Some(row.done(Vec::new())));
    }
    let (source, target) = Ends::addresses(line.get("src-ip"), line.get("dst-ip"))?;
    let transport = transport_named(line.get("protocol"))
        .ok_or(LogError::Bad { name: "the protocol", expected: "a protocol's name or number" })?;
    let ends = Ends {
        transport,
        source,
        source_port: line.number("src-port").unwrap_or(0),
        target,
        target_port: line.number("dst-port").unwrap_or(0),
    };
    row.set("source_ip", source);
    row.set("dest_ip", target);
    row.set("protocol", transport_name(transport, ends.v6()));
    let seen = event(&line, &action, maker.attempt("", ends, time));
    Ok(Some(row.done(seen.map(Observation::Attempt).into_iter().collect())))
}

fn read_header(comment: &str, header: &mut Header) {
    match comment.split_once(':') {
        Some(("Fields", names)) => {
            let names = names.split_ascii_whitespace().take(MOST_COLUMNS);
            header.columns = names.map(str::to_ascii_lowercase).collect();
        }
        Some(("Time Format", kind)) => header.utc = matches!(kind.trim(), "UTC" | "GMT"),
        _ => {}
    }
}

fn fill(row: &mut RowOf, line: &Line<'_>, text: &str) {
    for (name, column) in [
        ("source_port", "src-port"),
        ("dest_port", "dst-port"),
        ("packet_length", "size"),
        ("tcp_sequence", "tcpsyn"),
        ("tcp_acknowledgement", "tcpack"),
        ("tcp_window", "tcpwin"),
        ("icmp_type", "icmptype"),
        ("icmp_code", "icmpcode"),
        ("process_id", "pid"),
    ] {
        row.set(name, line.number::<i64>(column));
    }
    row.text("tcp_flags", line.get("tcpflags"));
    row.text("info", line.get("info"));
    row.text("path", line.get("path"));
    row.set("_raw_log", text.to_owned());
}

/// The attempt; `None` for the end of a connection and for what is no packet of its own.
fn event(line: &Line<'_>, action: &str, mut event: Event) -> Option<Event> {
    event.direction = match line.get("path").to_ascii_uppercase().as_str() {
        "SEND" => Direction::Outbound,
        "RECEIVE" => Direction::Inbound,
        _ => Direction::Observed,
    };
    event.outcome = match action {
        "drop" => Outcome::Unanswered,
        "close" => return None,
        _ => Outcome::Unknown,
    };
    match event.transport {
        Transport::Tcp if action == "drop" => dropped_tcp(line, &mut event),
        Transport::Icmp => {
            let kind = line.number("icmptype")?;
            event.icmp =
                Some(Icmp { kind, code: line.number("icmpcode").unwrap_or(0), v6: event.source.is_ipv6() });
        }
        _ => {}
    }
    Some(event)
}

/// The flags of a dropped packet are written as letters.
fn dropped_tcp(line: &Line<'_>, event: &mut Event) {
    let letters = line.get("tcpflags");
    if letters.is_empty() {
        return;
    }
    let bit = |letter| match letter {
        'F' => flag::FIN,
        'S' => flag::SYN,
        'R' => flag::RST,
        'P' => flag::PSH,
        'A' => flag::ACK,
        'U' => flag::URG,
        'E' => flag::ECE,
        'C' => flag::CWR,
        _ => 0,
    };
    let flags = letters.chars().fold(0, |flags, letter| flags | bit(letter));
    event.first.tcp_flags = flags;
    event.first.window = line.number("tcpwin").unwrap_or(0);
    let bare = if event.source.is_ipv6() { BARE_V6 } else { BARE_V4 };
    let is_bare = line.number::<u16>("size") == Some(bare);
    event.first.partial = !is_bare;
    if flags & flag::RST != 0 || flags & (flag::SYN | flag::ACK) == (flag::SYN | flag::ACK) {
        event.outcome = Outcome::Unsolicited;
    } else if flags & flag::ACK != 0 && !is_bare {
        event.outcome = Outcome::MidStream;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::log::Format;
    use crate::log::testing::{error, one, reader};
    use vedette_event::{Direction, Outcome, Value, flag};

    fn line(rest: &str) -> String {
        format!("2026-06-22 12:19:41 {rest}")
    }

    #[test]
    fn a_dropped_syn_is_unanswered_and_an_allowed_one_unknown() {
        let record = one(
            Format::Pfirewall,
            &line("DROP TCP 10.0.0.9 10.0.0.5 40000 445 52 S 12345 0 64240 - - - RECEIVE"),
        );
        assert_eq!(record.cell("action"), Value::text("drop"));
        assert_eq!(
            (record.cell("dest_port"), record.cell("tcp_window")),
            (Value::Int(445), Value::Int(64_240))
        );
        let event = record.event();
        assert_eq!((event.outcome, event.direction), (Outcome::Unanswered, Direction::Inbound));
        assert_eq!((event.first.tcp_flags, event.first.partial), (flag::SYN, true), "options are not told");
        let record =
            one(Format::Pfirewall, &line("ALLOW TCP 10.0.0.5 10.0.0.9 50000 443 0 - 0 0 0 - - - SEND"));
        let event = record.event();
        assert_eq!((event.outcome, event.direction), (Outcome::Unknown, Direction::Outbound));
        assert_eq!(record.cell("tcp_flags"), Value::Null);
    }

    #[test]
    fn answers_and_conversations_are_no_probes() {
        let fate = |size: &str, flags: &str| {
            let text =
                line(&format!("DROP TCP 10.0.0.9 10.0.0.5 443 50000 {size} {flags} 1 1 64 - - - RECEIVE"));
            one(Format::Pfirewall, &text).event().outcome
        };
        assert_eq!(fate("40", "A"), Outcome::Unanswered);
        assert_eq!(fate("64", "AP"), Outcome::MidStream);
        assert_eq!(fate("40", "RA"), Outcome::Unsolicited);
        assert_eq!(fate("52", "SA"), Outcome::Unsolicited);
    }

    #[test]
    fn the_header_names_the_columns_and_the_kind_of_time() {
        let mut reader = reader(Format::Pfirewall);
        for comment in
            ["#Version: 1.5", "#Time Format: Local", "#Fields: time date action protocol dst-ip src-ip pid"]
        {
            assert!(reader.read(comment.as_bytes()).unwrap().is_none());
        }
        let record = reader.read(b"12:00:00 2026-06-22 DROP UDP 10.0.0.5 10.0.0.9 77").unwrap().unwrap();
        assert_eq!(
            (record.cell("source_ip"), record.cell("process_id")),
            (Value::text("10.0.0.9"), Value::Int(77))
        );
        let lost = "2026-06-22 12:00:00 INFO-EVENTS-LOST - - - - - - - - - - - - 17 -";
        let record = one(Format::Pfirewall, lost);
        assert_eq!((record.cell("info"), record.seen.len()), (Value::text("17"), 0));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let wrong = "not a line of the Windows Firewall log: no date, time, action and protocol";
        assert_eq!(error(Format::Pfirewall, "hello"), wrong);
        assert_eq!(error(Format::Pfirewall, &line("EAT TCP 1.2.3.4 1.2.3.4")), wrong);
        assert_eq!(
            error(Format::Pfirewall, &line("DROP TCP - 10.0.0.5 1 2")),
            "the source address is missing"
        );
        assert_eq!(
            error(Format::Pfirewall, &line("DROP NOTHING 10.0.0.9 10.0.0.5 1 2")),
            "the protocol should be a protocol's name or number"
        );
    }
}
