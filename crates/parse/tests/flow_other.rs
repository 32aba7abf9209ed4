//! What UDP, ICMP, ARP, SCTP, other protocols and fragments become.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::net::Ipv4Addr;
use support::{HOST, SCANNER, Wire, at, config, ethernet, ipv4, tcp};
use vedette_event::flag::{ACK, RST, SYN};
use vedette_event::{Event, EventKind, Outcome, Transport};

const DNS: support::End = (HOST.0, 53);
const ROUTER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 254);

fn only(events: &[Event]) -> &Event {
    assert_eq!(events.len(), 1, "{events:#?}");
    &events[0]
}

fn outcomes(wire: &Wire) -> Vec<(EventKind, Outcome)> {
    wire.fold().iter().map(|event| (event.kind, event.outcome)).collect()
}

#[test]
fn a_udp_reply_accepts_and_tells_everything_at_once() {
    let mut wire = Wire::new();
    wire.udp(SCANNER, DNS, b"question").udp(DNS, SCANNER, b"a longer answer");
    let events = wire.fold();
    let event = only(&events);
    assert_eq!((event.transport, event.outcome), (Transport::Udp, Outcome::Accepted));
    assert_eq!((event.sent.bytes, event.received.bytes), (8, 15));
    assert_eq!(event.first.payload_prefix(), b"question");
}

#[test]
fn a_udp_flow_that_goes_on_has_an_end() {
    let mut wire = Wire::new();
    for _ in 0..5 {
        wire.udp(SCANNER, DNS, b"question").udp(DNS, SCANNER, b"answer");
    }
    let events = wire.fold();
    assert_eq!(events.len(), 2);
    assert_eq!(
        (events[1].kind, events[1].sent.packets, events[1].received.packets),
        (EventKind::FlowEnd, 5, 5)
    );
}

#[test]
fn udp_without_a_reply_is_unanswered_and_repetitions_are_retries() {
    let mut wire = Wire::new();
    wire.udp(SCANNER, DNS, b"question").udp(SCANNER, DNS, b"question").udp(SCANNER, DNS, b"another");
    let events = wire.fold();
    assert_eq!((only(&events).outcome, only(&events).retries), (Outcome::Unanswered, 1));
}

#[test]
fn a_late_udp_reply_is_no_probe_of_the_server() {
    let mut wire = Wire::new();
    wire.udp(SCANNER, DNS, b"question").wait(45_000_000).udp(DNS, SCANNER, b"answer");
    // The asker has closed its port by then.
    wire.icmp_error(SCANNER.0, 3, (DNS, SCANNER), 17);
    let expected = [(EventKind::Attempt, Outcome::Unanswered), (EventKind::FlowEnd, Outcome::Accepted)];
    assert_eq!(outcomes(&wire), expected);
}

#[test]
fn port_unreachable_refuses_udp() {
    let mut wire = Wire::new();
    wire.udp(SCANNER, DNS, b"").icmp_error(HOST.0, 3, (SCANNER, DNS), 17);
    let events = wire.fold();
    assert_eq!(only(&events).outcome, Outcome::Refused);
    assert_eq!(only(&events).icmp.map(|icmp| (icmp.kind, icmp.code)), Some((3, 3)));
}

#[test]
fn an_error_about_the_answer_is_no_outcome_of_the_question() {
    let mut wire = Wire::new();
    wire.udp(SCANNER, DNS, b"question").icmp_error(SCANNER.0, 3, (DNS, SCANNER), 17);
    assert_eq!(only(&wire.fold()).outcome, Outcome::Unanswered);
}

#[test]
fn errors_that_nobody_caused_are_unsolicited() {
    let mut wire = Wire::new();
    for port in 0..20 {
        wire.icmp_error(ROUTER, 1, (SCANNER, (HOST.0, port)), 6);
    }
    let events = wire.fold();
    let event = only(&events);
    assert_eq!((event.outcome, event.transport), (Outcome::Unsolicited, Transport::Icmp));
    assert_eq!((event.source, event.target), (at(ROUTER), at(SCANNER.0)));
}

#[test]
fn answers_to_a_question_to_everyone_are_no_attempts() {
    let everyone = (Ipv4Addr::new(239, 255, 255, 250), 1900);
    let mut wire = Wire::new();
    wire.udp(SCANNER, everyone, b"M-SEARCH");
    for device in 1..50 {
        wire.udp((Ipv4Addr::new(10, 0, 0, device + 10), 1900), SCANNER, b"HTTP/1.1 200 OK");
    }
    let (events, stats) = wire.fold_with(config());
    assert_eq!(only(&events).target, at(everyone.0));
    assert_eq!(stats.absorbed, 49);
    // Another port of the asker was not waiting for anything.
    wire.udp((Ipv4Addr::new(10, 0, 0, 99), 1900), (SCANNER.0, 161), b"?");
    assert_eq!(wire.fold().len(), 2);
}

#[test]
fn answers_to_everyone_and_to_hosts_without_an_address_are_no_attempts() {
    let everyone = |port| (Ipv4Addr::BROADCAST, port);
    let mut wire = Wire::new();
    // An industrial controller, and DHCP in both its ways.
    wire.udp((SCANNER.0, 62_657), everyone(5_560), b"?").udp((HOST.0, 5_560), everyone(62_657), b"!");
    let nobody = (Ipv4Addr::UNSPECIFIED, 68);
    wire.udp(nobody, everyone(67), b"discover").udp((ROUTER, 67), everyone(68), b"offer");
    wire.udp((ROUTER, 67), (HOST.0, 68), b"acknowledge");
    let (events, stats) = wire.fold_with(config());
    assert_eq!((events.len(), stats.absorbed), (2, 3), "{events:#?}");
    // Nobody asked port 123.
    wire.udp((ROUTER, 123), (HOST.0, 68), b"?");
    assert_eq!(wire.fold().len(), 3);
}

#[test]
fn a_service_that_asks_from_its_own_port_can_still_be_probed() {
    let everyone = (Ipv4Addr::new(10, 0, 0, 255), 137);
    let mut wire = Wire::new();
    // A broadcast address that only the link knows as one.
    let question = ipv4(SCANNER.0, everyone.0, 17, 1, 0, &support::udp(137, 137, b"name?"));
    let mut frame = ethernet(0x0800, &question);
    frame[..6].fill(0xff);
    wire.raw(frame).udp((HOST.0, 40_000), (SCANNER.0, 137), b"name?");
    assert_eq!(wire.fold().len(), 2);
}

#[test]
fn echo_is_matched_by_identifier() {
    let mut wire = Wire::new();
    wire.icmp(SCANNER.0, HOST.0, 8, 0, &[0, 7, 0, 1]).icmp(HOST.0, SCANNER.0, 0, 0, &[0, 7, 0, 1]);
    wire.icmp(SCANNER.0, HOST.0, 8, 0, &[0, 8, 0, 1]);
    wire.icmp(HOST.0, SCANNER.0, 0, 0, &[0, 9, 0, 1]);
    let events = wire.fold();
    let found: Vec<_> = events.iter().map(|event| (event.source, event.outcome)).collect();
    assert!(found.contains(&(at(SCANNER.0), Outcome::Accepted)));
    assert!(found.contains(&(at(SCANNER.0), Outcome::Unanswered)));
    assert!(found.contains(&(at(HOST.0), Outcome::Unsolicited)), "{found:?}");
    assert_eq!(events[0].icmp.map(|icmp| icmp.kind), Some(8));
    assert_eq!(found.len(), 3);
}

#[test]
fn both_sides_can_ping_with_the_same_identifier() {
    let mut wire = Wire::new();
    wire.icmp(SCANNER.0, HOST.0, 8, 0, &[0, 7, 0, 1]).icmp(HOST.0, SCANNER.0, 8, 0, &[0, 7, 0, 1]);
    assert_eq!(outcomes(&wire), [(EventKind::Attempt, Outcome::Unanswered); 2]);
}

#[test]
fn arp_asks_and_is_answered() {
    let mut wire = Wire::new();
    wire.arp(true, SCANNER.0, HOST.0).arp(false, HOST.0, SCANNER.0);
    wire.arp(true, SCANNER.0, ROUTER).wait(1_000_000).arp(true, SCANNER.0, ROUTER);
    // The other side asks, too.
    wire.arp(true, HOST.0, SCANNER.0);
    let events = wire.fold();
    let found: Vec<_> = events.iter().map(|event| (event.source, event.target, event.outcome)).collect();
    let expected = [
        (at(SCANNER.0), at(HOST.0), Outcome::Accepted),
        (at(SCANNER.0), at(ROUTER), Outcome::Unanswered),
        (at(HOST.0), at(SCANNER.0), Outcome::Unanswered),
    ];
    assert_eq!(found, expected);
    assert_eq!(events[0].source_mac, Some([2, 0, 0, 0, 0, 9]));
}

#[test]
fn gratuitous_arp_is_no_attempt_and_an_unasked_reply_is_unsolicited() {
    let mut wire = Wire::new();
    wire.arp(true, HOST.0, HOST.0).arp(false, HOST.0, HOST.0);
    let (events, stats) = wire.fold_with(config());
    assert_eq!((events.len(), stats.housekeeping), (0, 2));
    wire.arp(false, HOST.0, SCANNER.0);
    assert_eq!(only(&wire.fold()).outcome, Outcome::Unsolicited);
    // A question after it is an attempt.
    wire.arp(true, SCANNER.0, HOST.0);
    assert_eq!(outcomes(&wire).len(), 2);
}

#[test]
fn sctp_is_told_by_its_first_chunk() {
    let chunk = |from: u16, to: u16, kind: u8| {
        let mut packet = [from.to_be_bytes(), to.to_be_bytes()].concat();
        packet.extend_from_slice(&[0; 8]);
        packet.extend_from_slice(&[kind, 0, 0, 4]);
        packet
    };
    let cases: [(u8, Option<u8>, Outcome); 6] = [
        (1, Some(2), Outcome::Accepted),
        (1, Some(6), Outcome::Refused),
        (1, None, Outcome::Unanswered),
        (10, Some(6), Outcome::Refused),
        (2, None, Outcome::Unsolicited),
        (0, Some(3), Outcome::MidStream),
    ];
    for (first, answer, outcome) in cases {
        let mut wire = Wire::new();
        wire.ip(SCANNER.0, HOST.0, 132, &chunk(1_000, 36_412, first));
        if let Some(answer) = answer {
            wire.ip(HOST.0, SCANNER.0, 132, &chunk(36_412, 1_000, answer));
        }
        let events = wire.fold();
        assert_eq!(only(&events).outcome, outcome, "{first} {answer:?}");
        assert_eq!((only(&events).target_port, only(&events).first.payload_prefix()[0]), (36_412, first));
    }
}

#[test]
fn other_protocols_are_attempts_by_number() {
    let mut wire = Wire::new();
    wire.ip(SCANNER.0, HOST.0, 47, b"gre").ip(HOST.0, SCANNER.0, 47, b"gre");
    wire.ip(SCANNER.0, HOST.0, 99, b"").icmp_error(HOST.0, 2, ((SCANNER.0, 0), (HOST.0, 0)), 99);
    let events = wire.fold();
    let found: Vec<_> = events.iter().map(|event| (event.transport, event.outcome)).collect();
    assert_eq!(found, [(Transport::Ip(47), Outcome::Accepted), (Transport::Ip(99), Outcome::Refused)]);
    // Membership reports are the link's own business.
    let mut wire = Wire::new();
    wire.ip(HOST.0, Ipv4Addr::new(224, 0, 0, 22), 2, &[0x22; 16]);
    assert_eq!(wire.fold().len(), 0);
}

#[test]
fn fragments_are_put_together_before_they_are_folded() {
    let syn = tcp(SCANNER, HOST, SYN, 100, 0, b"");
    let mut wire = Wire::new();
    for (place, part) in syn.chunks(8).enumerate() {
        let more = if place < 2 { 0x2000 } else { 0 };
        let packet = ipv4(SCANNER.0, HOST.0, 6, 9, more | place as u16, part);
        wire.raw(ethernet(0x0800, &packet));
    }
    wire.tcp(HOST, SCANNER, RST | ACK, 0, 101, b"");
    let (events, stats) = wire.fold_with(config());
    let event = only(&events);
    assert_eq!((event.outcome, event.target_port), (Outcome::Refused, HOST.1));
    assert!(event.first.fragmented && !event.first.bad_checksum);
    assert_eq!((stats.reassembly.fragments, stats.reassembly.completed), (3, 1));
}

#[test]
fn bad_checksums_are_told_and_offloaded_ones_are_not() {
    let judge = |change: fn(&mut Vec<u8>), way| {
        let mut segment = tcp(SCANNER, HOST, SYN, 100, 0, b"");
        change(&mut segment);
        let mut wire = Wire::new();
        wire.way = way;
        wire.ip(SCANNER.0, HOST.0, 6, &segment);
        only(&wire.fold()).first.bad_checksum
    };
    assert!(!judge(|_| {}, None));
    assert!(judge(|segment| segment[17] ^= 1, None));
    assert!(!judge(|segment| segment[17] ^= 1, Some(vedette_parse::packet::Way::Out)));
    assert!(!judge(|segment| segment[16..18].fill(0), None));
    // What the kernel leaves for the network card: 10.0.0.9 + 10.0.0.1 + 6 + 20.
    assert!(!judge(|segment| segment[16..18].copy_from_slice(&(0x1400u16 + 10 + 26).to_be_bytes()), None));
}
