#![allow(clippy::unwrap_used)]
use crate::log::Format;
use crate::log::testing::{error, one};
use vedette_event::{Direction, Outcome, Transport, Value, flag};

const HEAD: &str = "Mar 15 20:55:15 fw kernel: [810294.788657]";
const SYN: &str = "IN=eth0 OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC=192.0.2.7 DST=10.0.0.1 LEN=44 TOS=0x00 PREC=0x00 TTL=49 ID=53123 PROTO=TCP SPT=37933 DPT=1025 WINDOW=1024 RES=0x00 SYN URGP=0 OPT (020405B4)";

fn fate(line: &str) -> Option<Outcome> {
    one(Format::Netfilter, line).seen.first().map(|seen| seen.event().outcome)
}

#[test]
fn a_dropped_packet_is_an_unanswered_attempt() {
    let record = one(Format::Netfilter, &format!("{HEAD} DROP INVALID {SYN}"));
    assert_eq!(record.cell("action"), Value::text("drop"));
    assert_eq!(record.cell("log_prefix"), Value::text("DROP INVALID"));
    assert_eq!(record.cell("log_source_name"), Value::text("fw"));
    assert_eq!(record.cell("tcp_flags"), Value::text("SYN"));
    assert_eq!(record.cell("source_mac"), Value::text("02:00:00:00:00:02"));
    assert_eq!(record.cell("ip_id"), Value::Int(53_123), "not the ICMP identifier");
    let event = record.event();
    assert_eq!((event.outcome, event.direction), (Outcome::Unanswered, Direction::Inbound));
    assert_eq!((event.source_port, event.target_port), (37_933, 1_025));
    assert_eq!((event.first.mss, event.first.options), (1_460, 0x2000_0000_0000_0000));
    assert_eq!((event.first.window, event.first.ttl, event.first.partial), (1_024, 49, false));
    assert_eq!(event.observer.id, "netfilter:fw");
    assert_eq!(event.time.rfc3339(), "2026-03-15T20:55:15.000000Z");
}

#[test]
fn the_words_of_the_rule_tell_the_fate() {
    for (prefix, want) in [
        ("DROP", Outcome::Unanswered),
        ("iptables DROP_INPUT:", Outcome::Unanswered),
        ("[UFW BLOCK]", Outcome::Unanswered),
        ("[WAN_LOCAL-default-D]", Outcome::Unanswered),
        ("PVEFW-reject:", Outcome::Rejected),
        ("[UFW ALLOW]", Outcome::Unknown),
        ("[WAN_OUT-2000-A]", Outcome::Unknown),
        ("", Outcome::Unknown),
        ("Droplet 7:", Outcome::Unknown),
    ] {
        assert_eq!(fate(&format!("{HEAD} {prefix} {SYN}")), Some(want), "{prefix}");
    }
}

#[test]
fn what_is_not_told_is_not_made_up() {
    // Without OPT, the length tells whether there were any.
    let plain = SYN.replace(" OPT (020405B4)", "");
    let event = one(Format::Netfilter, &format!("{HEAD} DROP {plain}")).event().clone();
    assert_eq!(
        (event.first.options, event.first.mss, event.first.partial),
        (0x2000_0000_0000_0000, 0, false)
    );
    let stack = plain.replace("LEN=44", "LEN=60");
    assert!(one(Format::Netfilter, &format!("{HEAD} DROP {stack}")).event().first.partial);
    // No flags written at all is no NULL packet.
    let bare = "IN=lo OUT= SRC=127.0.0.2 DST=127.0.0.53 LEN=104 TTL=64 ID=1 PROTO=TCP SPT=5 DPT=55 LEN=84";
    let event = one(Format::Netfilter, &format!("{HEAD} [UFW BLOCK] {bare}")).event().clone();
    assert_eq!((event.first.tcp_flags, event.first.partial), (flag::SYN, true));
    assert_eq!(fate(&format!("{HEAD} [UFW AUDIT] {bare}")), None, "neither flags nor fate");
    let null = plain.replace("LEN=44", "LEN=40").replace("SYN ", "");
    assert_eq!(one(Format::Netfilter, &format!("{HEAD} DROP {null}")).event().first.tcp_flags, 0);
}

#[test]
fn answers_and_conversations_are_no_probes() {
    let of = |prefix: &str, flags: &str, length: &str| {
        let line = SYN.replace(" OPT (020405B4)", "").replace("SYN ", flags).replace("LEN=44", length);
        fate(&format!("{HEAD} {prefix} {line}"))
    };
    assert_eq!(of("DROP", "ACK ", "LEN=40"), Some(Outcome::Unanswered));
    assert_eq!(of("DROP", "ACK PSH ", "LEN=265"), Some(Outcome::MidStream));
    assert_eq!(of("ACCEPT", "ACK ", "LEN=40"), Some(Outcome::MidStream));
    assert_eq!(of("DROP", "ACK SYN ", "LEN=44"), Some(Outcome::Unsolicited));
    assert_eq!(of("ACCEPT", "RST ", "LEN=40"), Some(Outcome::MidStream));
}

#[test]
fn other_protocols_and_forms_are_read() {
    let icmp = "IN=eth0 OUT= SRC=192.0.2.7 DST=10.0.0.1 LEN=28 TTL=64 ID=7 PROTO=ICMP TYPE=3 CODE=3 [SRC=10.0.0.1 DST=192.0.2.7 LEN=60 PROTO=UDP SPT=1 DPT=2 LEN=40 ]";
    let record = one(Format::Netfilter, &format!("Jan  8 03:37:09 DENY: {icmp}"));
    assert_eq!(
        (record.cell("source_ip"), record.cell("icmp_type")),
        (Value::text("192.0.2.7"), Value::Int(3))
    );
    assert_eq!(record.cell("log_prefix"), Value::text("DENY:"));
    let six = "IN=eth0 OUT= SRC=2001:db8::1 DST=2001:db8::2 LEN=60 TC=0 HOPLIMIT=255 FLOWLBL=0 PROTO=TCP SPT=1 DPT=2 WINDOW=1024 RES=0x00 ACK URGP=0";
    assert_eq!(fate(&format!("{HEAD} DROP {six}")), Some(Outcome::Unanswered));
    let raw = "IN=eth0 OUT= SRC=192.0.2.7 DST=10.0.0.1 LEN=20 TTL=56 ID=5 PROTO=162 ";
    assert_eq!(one(Format::Netfilter, &format!("{HEAD} DROP {raw}")).event().transport, Transport::Ip(162));
    let proxmox = "0 1 PVEFW-HOST-OUT 20/Jun/2022:13:16:23 +0200 REJECT: OUT=vmbr0 SRC=10.0.0.12 DST=10.0.0.10 LEN=60 TTL=64 ID=5 DF PROTO=TCP SPT=4 DPT=22 SEQ=708451139 ACK=0 WINDOW=64240 SYN ";
    let record = one(Format::Netfilter, proxmox);
    assert_eq!((record.event().outcome, record.event().direction), (Outcome::Rejected, Direction::Outbound));
    assert_eq!(record.cell("tcp_flags"), Value::text("SYN"), "ACK=0 is a number, not a flag");
    let datagram = "IN=eth0 OUT= SRC=192.0.2.7 DST=10.0.0.1 LEN=28 TTL=56 ID=5 PROTO=UDP SPT=1 DPT=2 LEN=8";
    let event = one(Format::Netfilter, &format!("{HEAD} DROP {datagram}")).event().clone();
    assert_eq!(
        (event.first.payload_len, event.first.partial),
        (0, false),
        "an empty datagram is told as one"
    );
}

#[test]
fn what_is_wrong_is_said() {
    for (line, want) in [
        ("hello", "not a packet logged by the kernel: no IN= or OUT= with SRC= and DST="),
        (SYN, "the time at the start of the line is missing"),
        (&format!("{HEAD} {}", SYN.replace("192.0.2.7", "x")), "the source address should be an IP address"),
        (
            &format!("{HEAD} {}", SYN.replace("PROTO=TCP", "PROTO=")),
            "PROTO should be a protocol's name or number",
        ),
    ] {
        assert_eq!(error(Format::Netfilter, line), want);
    }
}
