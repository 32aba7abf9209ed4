//! Events of Suricata (eve.json). Flows become attempts; all other events are kept as rows and say
//! nothing to the detector, which has its own opinion of the flows they belong to.

use crate::log::{
    Ends, LogError, Maker, Record, RowOf, Sides, decide, iso, payload_beyond, reported, transport_name,
    transport_named,
};
use serde_json::Value as Json;
use vedette_event::datasets::suricata::DATASET;
use vedette_event::{Icmp, Observation, Time, Transport};

const FORMAT: &str = "an event of Suricata's eve.json";
/// The largest headers a packet without payload is likely to have, by transport: Ethernet with a
/// VLAN tag, IP, and TCP with all its usual options.
const TCP_HEADERS: u64 = 78;
const UDP_HEADERS: u64 = 46;
/// What IPv6 has more than IPv4.
const V6_MORE: u64 = 20;

pub(crate) fn parse_line(text: &str, maker: &mut Maker) -> Result<Record, LogError> {
    let wrong = |expected| LogError::NotThis { format: FORMAT, expected };
    let event: Json = serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map_err(|_| wrong("no complete JSON object"))?;
    let kind = string(&event, "/event_type");
    if kind.is_empty() {
        return Err(wrong("no event_type"));
    }
    let time = iso(string(&event, "/timestamp"))
        .ok_or(LogError::Bad { name: "timestamp", expected: "ISO 8601 with an offset" })?;
    let is_flow = kind == "flow";
    let started = iso(string(&event, "/flow/start")).filter(|_| is_flow);
    let mut row = RowOf::new(&DATASET, "OISF", "Suricata", started.unwrap_or(time));
    fill(&mut row, &event, text);
    let (source, target) = (string(&event, "/src_ip"), string(&event, "/dest_ip"));
    if !is_flow && (source.is_empty() || target.is_empty()) {
        return Ok(row.done(Vec::new()));
    }
    let (source, target) = Ends::addresses(source, target)?;
    let protocol = string(&event, "/proto");
    row.set("source_ip", source);
    row.set("dest_ip", target);
    let Some(transport) = transport_named(protocol) else {
        row.text("protocol", protocol);
        return Ok(row.done(Vec::new()));
    };
    row.set("protocol", transport_name(transport, source.is_ipv6()));
    if !is_flow {
        return Ok(row.done(Vec::new()));
    }
    let port = |name: &str| number(&event, name).and_then(|port| u16::try_from(port).ok()).unwrap_or(0);
    let ends =
        Ends { transport, source, source_port: port("/src_port"), target, target_port: port("/dest_port") };
    let begun = started.unwrap_or(time);
    let seen = flow(&event, maker.attempt(string(&event, "/host"), ends, begun), begun);
    Ok(row.done(seen))
}

fn flow(json: &Json, mut event: vedette_event::Event, begun: Time) -> Vec<Observation> {
    if event.transport == Transport::Icmp {
        let part = |name| number(json, name).and_then(|value| u8::try_from(value).ok());
        let kind = part("/icmp_type").unwrap_or(if event.source.is_ipv6() { 128 } else { 8 });
        let code = part("/icmp_code").unwrap_or(0);
        event.icmp = Some(Icmp { kind, code, v6: event.source.is_ipv6() });
    }
    event.vlan = number(json, "/vlan/0").and_then(|vlan| u16::try_from(vlan).ok());
    let headers = match event.transport {
        Transport::Tcp => TCP_HEADERS,
        _ => UDP_HEADERS,
    } + if event.source.is_ipv6() { V6_MORE } else { 0 };
    let flags = |name| u16::from_str_radix(string(json, name), 16).ok();
    let (sent_flags, received_flags) = (flags("/tcp/tcp_flags_ts"), flags("/tcp/tcp_flags_tc"));
    let side = |bytes, packets, flags| {
        let count = |name| u64::try_from(number(json, name).unwrap_or(0)).unwrap_or(0);
        payload_beyond(count(bytes), count(packets), headers, flags)
    };
    let mut sides = Sides {
        sent: side("/flow/bytes_toserver", "/flow/pkts_toserver", sent_flags),
        received: side("/flow/bytes_toclient", "/flow/pkts_toclient", received_flags),
        sent_flags,
        received_flags,
    };
    // A protocol that was recognised was spoken.
    let app = string(json, "/app_proto");
    if !matches!(app, "" | "failed" | "unknown") && sides.received.packets > 0 {
        sides.sent.bytes = sides.sent.bytes.max(1);
        sides.received.bytes = sides.received.bytes.max(1);
    }
    let fate = decide(event.transport, &sides);
    let end = iso(string(json, "/flow/end")).unwrap_or(begun);
    reported(event, fate, &sides, end)
}

fn string<'a>(event: &'a Json, path: &str) -> &'a str {
    event.pointer(path).and_then(Json::as_str).unwrap_or("")
}

/// A number, or `None`; those beyond the range of our integers are left out.
fn number(event: &Json, path: &str) -> Option<i64> {
    event.pointer(path).and_then(Json::as_i64)
}

fn fill(row: &mut RowOf, event: &Json, text: &str) {
    for (name, path) in [
        ("log_source_name", "/host"),
        ("event_type", "/event_type"),
        ("inbound_if", "/in_iface"),
        ("app", "/app_proto"),
        ("flow_state", "/flow/state"),
        ("flow_reason", "/flow/reason"),
        ("tcp_flags_sent", "/tcp/tcp_flags_ts"),
        ("tcp_flags_received", "/tcp/tcp_flags_tc"),
        ("tcp_state", "/tcp/state"),
        ("signature", "/alert/signature"),
        ("category", "/alert/category"),
        ("action", "/alert/action"),
        ("community_id", "/community_id"),
    ] {
        row.text(name, string(event, path));
    }
    for (name, path) in [
        ("flow_id", "/flow_id"),
        ("source_port", "/src_port"),
        ("dest_port", "/dest_port"),
        ("icmp_type", "/icmp_type"),
        ("icmp_code", "/icmp_code"),
        ("bytes_sent", "/flow/bytes_toserver"),
        ("bytes_received", "/flow/bytes_toclient"),
        ("packets_sent", "/flow/pkts_toserver"),
        ("packets_received", "/flow/pkts_toclient"),
        ("age", "/flow/age"),
        ("signature_id", "/alert/signature_id"),
        ("vendor_severity", "/alert/severity"),
        ("vlan", "/vlan/0"),
    ] {
        row.set(name, number(event, path));
    }
    row.set("start_time", iso(string(event, "/flow/start")));
    row.set("end_time", iso(string(event, "/flow/end")));
    row.set("alerted", event.pointer("/flow/alerted").and_then(Json::as_bool));
    row.set("_raw_log", text.to_owned());
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::log::Format;
    use crate::log::testing::{error, one};
    use vedette_event::{EventKind, Outcome, Value};

    fn flow(flags: (&str, &str), sent: (u32, u32), received: (u32, u32)) -> String {
        format!(
            r#"{{"timestamp":"2026-07-05T15:52:54.001329-0400","flow_id":7,"host":"ids1","event_type":"flow","src_ip":"10.0.0.9","src_port":40000,"dest_ip":"10.0.0.5","dest_port":22,"proto":"TCP","flow":{{"pkts_toserver":{},"bytes_toserver":{},"pkts_toclient":{},"bytes_toclient":{},"start":"2026-07-05T15:51:23.453468-0400","end":"2026-07-05T15:51:24.453468-0400","state":"closed","reason":"timeout"}},"tcp":{{"tcp_flags_ts":"{}","tcp_flags_tc":"{}"}}}}"#,
            sent.0, sent.1, received.0, received.1, flags.0, flags.1
        )
    }

    #[test]
    fn flags_tell_the_fate_of_a_flow() {
        let of = |line: String| {
            let record = one(Format::Suricata, &line);
            (record.event().outcome, record.event().handshake_completed, record.seen.len())
        };
        assert_eq!(of(flow(("02", "14"), (1, 60), (1, 60))), (Outcome::Refused, false, 1));
        assert_eq!(of(flow(("02", "00"), (3, 180), (0, 0))), (Outcome::Unanswered, false, 1));
        assert_eq!(of(flow(("06", "12"), (2, 120), (1, 60))), (Outcome::Accepted, false, 1));
        assert_eq!(of(flow(("1b", "1b"), (9, 2_000), (8, 9_000))), (Outcome::Accepted, true, 2));
        assert_eq!(of(flow(("18", "18"), (9, 2_000), (8, 9_000))), (Outcome::MidStream, false, 1));
    }

    #[test]
    fn times_volumes_and_the_sensor_are_told() {
        let record = one(Format::Suricata, &flow(("1b", "1b"), (9, 2_000), (8, 9_000)));
        assert_eq!(record.cell("_time"), record.cell("start_time"));
        assert_eq!((record.cell("bytes_received"), record.cell("age")), (Value::Int(9_000), Value::Null));
        let (begin, end) = (record.event(), record.seen[1].event());
        assert_eq!((end.kind, end.time.since(begin.time)), (EventKind::FlowEnd, 1_000_000));
        assert!(end.sent.bytes > 0 && end.received.bytes > 0);
        assert_eq!(begin.observer.id, "suricata:ids1");
    }

    #[test]
    fn other_events_are_kept_and_say_nothing() {
        let alert = r#"{"timestamp":"2026-07-05T15:07:20.910626-0400","flow_id":9,"event_type":"alert","src_ip":"10.0.0.9","src_port":1,"dest_ip":"10.0.0.5","dest_port":443,"proto":"TCP","alert":{"action":"allowed","signature_id":2024833,"signature":"X","severity":1}}"#;
        let record = one(Format::Suricata, alert);
        assert_eq!(
            (record.cell("signature_id"), record.cell("event_type")),
            (Value::Int(2_024_833), Value::text("alert"))
        );
        assert!(record.seen.is_empty());
        let stats = r#"{"timestamp":"2026-07-05T15:51:23.009510-0400","event_type":"stats","stats":{}}"#;
        assert!(one(Format::Suricata, stats).seen.is_empty());
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(
            error(Format::Suricata, "{"),
            "not an event of Suricata's eve.json: no complete JSON object"
        );
        assert_eq!(
            error(Format::Suricata, "{\"a\":1}"),
            "not an event of Suricata's eve.json: no event_type"
        );
        assert_eq!(
            error(Format::Suricata, &flow(("02", "14"), (1, 60), (1, 60)).replace("10.0.0.9", "")),
            "the source address is missing"
        );
    }
}
