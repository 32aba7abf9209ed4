//! What TCP packets become.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use support::{HOST, SCANNER, Wire, at, config};
use vedette_event::flag::{ACK, FIN, PSH, RST, SYN, URG};
use vedette_event::{Closing, Direction, Event, EventKind, Outcome};
use vedette_parse::packet::Way;

/// The only event.
fn only(events: &[Event]) -> &Event {
    assert_eq!(events.len(), 1, "{events:#?}");
    &events[0]
}

fn handshake(wire: &mut Wire) -> &mut Wire {
    wire.tcp(SCANNER, HOST, SYN, 100, 0, b"")
        .tcp(HOST, SCANNER, SYN | ACK, 500, 101, b"")
        .tcp(SCANNER, HOST, ACK, 101, 501, b"")
}

#[test]
fn a_connection_is_an_attempt_and_an_end() {
    let mut wire = Wire::new();
    handshake(&mut wire)
        .tcp(SCANNER, HOST, ACK | PSH, 101, 501, b"GET / HTTP/1.1\r\n\r\n")
        .tcp(HOST, SCANNER, ACK | PSH, 501, 119, b"HTTP/1.1 200 OK\r\n")
        .tcp(SCANNER, HOST, FIN | ACK, 119, 518, b"")
        .tcp(HOST, SCANNER, FIN | ACK, 518, 120, b"")
        .tcp(SCANNER, HOST, ACK, 120, 519, b"");
    let events = wire.fold();
    assert_eq!(events.len(), 2, "{events:#?}");
    let (attempt, end) = (&events[0], &events[1]);
    assert_eq!((attempt.kind, attempt.outcome), (EventKind::Attempt, Outcome::Accepted));
    assert!(attempt.handshake_completed);
    assert_eq!((attempt.source, attempt.source_port), (at(SCANNER.0), SCANNER.1));
    assert_eq!((attempt.target, attempt.target_port), (at(HOST.0), HOST.1));
    assert_eq!((attempt.sent.packets, attempt.received.packets), (2, 1));
    assert_eq!((attempt.time.0, attempt.decided.0), (1_000_000_000, 1_000_000_020));
    assert_eq!(attempt.first.payload_prefix_len, 0);
    assert_eq!((end.kind, end.closing), (EventKind::FlowEnd, Closing::Fin));
    assert_eq!((end.sent.packets, end.sent.bytes), (4, 18));
    assert_eq!((end.received.packets, end.received.bytes), (3, 17));
    assert_eq!(end.first.payload_prefix(), b"GET / HTTP/1.1\r\n");
    assert_eq!((end.first.payload_len, end.first.tcp_flags), (18, SYN));
    assert_eq!(end.duration, 60);
}

#[test]
fn a_half_open_scan_resets_what_it_opened() {
    let mut wire = Wire::new();
    wire.tcp(SCANNER, HOST, SYN, 100, 0, b"")
        .tcp(HOST, SCANNER, SYN | ACK, 500, 101, b"")
        .tcp(SCANNER, HOST, RST, 101, 0, b"");
    let events = wire.fold();
    let event = only(&events);
    assert_eq!((event.outcome, event.closing), (Outcome::Accepted, Closing::ResetBySource));
    assert!(!event.handshake_completed);
}

#[test]
fn silence_after_syn_ack_is_accepted_after_half_a_second() {
    let mut wire = Wire::new();
    wire.tcp(SCANNER, HOST, SYN, 100, 0, b"").tcp(HOST, SCANNER, SYN | ACK, 500, 101, b"");
    wire.wait(2_000_000).tcp(HOST, (SCANNER.0, 1), RST, 0, 0, b"");
    let events = wire.fold();
    let event = &events[0];
    assert_eq!((event.outcome, event.handshake_completed), (Outcome::Accepted, false));
    assert_eq!(event.decided.0, 1_000_000_010 + 500_000);
}

#[test]
fn a_late_handshake_still_has_an_end() {
    let mut wire = Wire::new();
    wire.tcp(SCANNER, HOST, SYN, 100, 0, b"")
        .tcp(HOST, SCANNER, SYN | ACK, 500, 101, b"")
        .wait(700_000)
        .tcp(SCANNER, HOST, ACK, 101, 501, b"")
        .tcp(HOST, SCANNER, RST | ACK, 501, 101, b"");
    let events = wire.fold();
    assert_eq!(events.len(), 2);
    assert!(!events[0].handshake_completed);
    assert!(events[1].handshake_completed);
    assert_eq!(events[1].closing, Closing::ResetByTarget);
}

#[test]
fn a_late_handshake_makes_a_connection_like_others() {
    let mut wire = Wire::new();
    wire.tcp(SCANNER, HOST, SYN, 100, 0, b"")
        .tcp(HOST, SCANNER, SYN | ACK, 500, 101, b"")
        .wait(700_000)
        .tcp(SCANNER, HOST, ACK, 101, 501, b"")
        // Silent for longer than a UDP flow may be.
        .wait(200_000_000)
        .tcp(SCANNER, HOST, ACK, 101, 501, b"hello")
        .tcp(HOST, SCANNER, RST | ACK, 501, 106, b"");
    let events = wire.fold();
    assert_eq!(events.len(), 2, "{events:#?}");
    assert_eq!((events[1].closing, events[1].sent.bytes), (Closing::ResetByTarget, 5));
}

#[test]
fn a_late_syn_ack_makes_the_flow_accepted_but_no_second_attempt() {
    let mut wire = Wire::new();
    wire.tcp(SCANNER, HOST, SYN, 100, 0, b"")
        .wait(1_000_000)
        .tcp(SCANNER, HOST, SYN, 100, 0, b"")
        .tcp(HOST, SCANNER, SYN | ACK, 500, 101, b"")
        .tcp(SCANNER, HOST, ACK, 101, 501, b"")
        .tcp(SCANNER, HOST, RST, 101, 0, b"");
    let events = wire.fold();
    assert_eq!(events.len(), 2, "{events:#?}");
    assert_eq!((events[0].kind, events[0].outcome), (EventKind::Attempt, Outcome::Unanswered));
    assert_eq!((events[1].kind, events[1].outcome), (EventKind::FlowEnd, Outcome::Accepted));
    assert_eq!(events[1].retries, 1);
}

#[test]
fn who_acknowledges_an_answer_that_was_not_seen_was_answered() {
    // One direction only, and a SYN-ACK that was lost.
    let mut wire = Wire::new();
    wire.tcp(SCANNER, HOST, SYN, 100, 0, b"").tcp(SCANNER, HOST, ACK, 101, 501, b"");
    wire.tcp(SCANNER, HOST, ACK | PSH, 101, 501, b"GET /").tcp(SCANNER, HOST, FIN | ACK, 106, 520, b"");
    assert_eq!(only(&wire.fold()).outcome, Outcome::Unknown);
    let mut wire = Wire::new();
    wire.tcp(SCANNER, HOST, SYN, 100, 0, b"").tcp(SCANNER, HOST, ACK | PSH, 101, 501, b"GET /");
    wire.tcp(HOST, SCANNER, ACK | PSH, 501, 106, b"ok").tcp(SCANNER, HOST, ACK | PSH, 106, 503, b"more");
    let events = wire.fold();
    assert_eq!((events[0].outcome, events[0].handshake_completed), (Outcome::Accepted, true));
    assert_eq!((events[1].kind, events[1].sent.bytes, events[1].received.bytes), (EventKind::FlowEnd, 9, 2));
    // Reset in mid-conversation: that is no refusal.
    let mut wire = Wire::new();
    wire.tcp(SCANNER, HOST, SYN, 100, 0, b"").tcp(SCANNER, HOST, ACK | PSH, 101, 501, b"GET /");
    wire.tcp(HOST, SCANNER, RST, 501, 0, b"");
    assert_eq!(only(&wire.fold()).outcome, Outcome::Unknown);
}

#[test]
fn what_follows_a_syn_without_acknowledging_is_no_excuse() {
    let after = |flags: u16, seq: u32, ack: u32| {
        let mut wire = Wire::new();
        wire.tcp(SCANNER, HOST, SYN, 100, 0, b"").tcp(SCANNER, HOST, flags, seq, ack, b"");
        wire.fold()[0].outcome
    };
    assert_eq!(after(RST, 101, 0), Outcome::Unanswered);
    assert_eq!(after(ACK, 101, 0), Outcome::Unanswered);
    assert_eq!(after(ACK, 70_000_000, 9), Outcome::Unanswered, "of another connection");
    // A closed port's reset says so, whatever the scanner sent to look served.
    let mut wire = Wire::new();
    wire.tcp(SCANNER, HOST, SYN, 100, 0, b"").tcp(SCANNER, HOST, ACK, 101, 501, b"");
    wire.tcp(HOST, SCANNER, RST | ACK, 0, 101, b"").tcp(HOST, SCANNER, RST, 501, 0, b"");
    assert_eq!(only(&wire.fold()).outcome, Outcome::Refused);
}

#[test]
fn a_reset_refuses() {
    let mut wire = Wire::new();
    wire.tcp(SCANNER, HOST, SYN, 100, 0, b"").tcp(HOST, SCANNER, RST | ACK, 0, 101, b"");
    // What masscan sends after every answer, and a SYN that Windows repeats after a reset.
    wire.tcp(SCANNER, HOST, RST, 101, 0, b"").wait(500_000).tcp(SCANNER, HOST, SYN, 100, 0, b"");
    assert_eq!(only(&wire.fold()).outcome, Outcome::Refused);
}

#[test]
fn retransmissions_are_retries_and_other_ports_are_other_attempts() {
    let mut wire = Wire::new();
    for _ in 0..3 {
        wire.tcp(SCANNER, HOST, SYN, 100, 0, b"");
    }
    wire.tcp((SCANNER.0, SCANNER.1 + 1), HOST, SYN, 100, 0, b"");
    let events = wire.fold();
    assert_eq!(events.len(), 2);
    assert_eq!((events[0].retries, events[0].sent.packets, events[1].retries), (2, 3, 0));
    assert!(events.iter().all(|event| event.outcome == Outcome::Unanswered));
}

#[test]
fn the_same_ports_can_be_used_again() {
    let mut wire = Wire::new();
    wire.tcp(SCANNER, HOST, SYN, 100, 0, b"").tcp(HOST, SCANNER, RST | ACK, 0, 101, b"");
    wire.wait(10_000).tcp(SCANNER, HOST, SYN, 9_000, 0, b"").tcp(HOST, SCANNER, RST | ACK, 0, 9_001, b"");
    // And by the other side.
    wire.wait(10_000).tcp(HOST, SCANNER, SYN, 7, 0, b"").tcp(SCANNER, HOST, RST | ACK, 0, 8, b"");
    let events = wire.fold();
    assert_eq!(events.len(), 3);
    assert_eq!(events[2].source, at(HOST.0));
}

#[test]
fn a_connection_whose_end_was_missed_ends_when_its_ports_are_used_again() {
    let mut wire = Wire::new();
    handshake(&mut wire).tcp(SCANNER, HOST, ACK, 101, 501, b"hello").wait(1_000_000);
    wire.tcp(SCANNER, HOST, SYN, 77, 0, b"").tcp(HOST, SCANNER, RST | ACK, 0, 78, b"");
    let kinds: Vec<_> = wire.fold().iter().map(|event| (event.kind, event.outcome)).collect();
    let expected = [
        (EventKind::Attempt, Outcome::Accepted),
        (EventKind::FlowEnd, Outcome::Accepted),
        (EventKind::Attempt, Outcome::Refused),
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn flowless_probes_keep_their_flags() {
    let probes = [FIN, 0, FIN | PSH | URG, ACK, FIN | ACK, PSH, SYN | FIN | PSH | URG, FIN | RST];
    for flags in probes {
        let mut wire = Wire::new();
        wire.tcp(SCANNER, HOST, flags, 100, 0, b"");
        let silent = wire.fold();
        assert_eq!(only(&silent).outcome, Outcome::Unanswered, "{flags:03x}");
        assert_eq!(only(&silent).first.tcp_flags, flags);

        wire.tcp(HOST, SCANNER, RST | ACK, 0, 101, b"");
        assert_eq!(only(&wire.fold()).outcome, Outcome::Refused, "{flags:03x}");
    }
}

#[test]
fn another_probe_between_the_same_ports_is_another_attempt() {
    let mut wire = Wire::new();
    for flags in [FIN, 0, FIN | PSH | URG] {
        wire.tcp(SCANNER, HOST, flags, 100, 0, b"").tcp(HOST, SCANNER, RST | ACK, 0, 101, b"");
    }
    // A repetition is none.
    wire.tcp(SCANNER, HOST, FIN | PSH | URG, 100, 0, b"");
    let flags: Vec<_> = wire.fold().iter().map(|event| event.first.tcp_flags).collect();
    assert_eq!(flags, [FIN, 0, FIN | PSH | URG]);
}

#[test]
fn an_ack_scan_with_payload_is_refused_by_the_book() {
    let mut wire = Wire::new();
    wire.tcp(SCANNER, HOST, ACK, 100, 777, b"xxxx").tcp(HOST, SCANNER, RST, 777, 0, b"");
    assert_eq!(only(&wire.fold()).outcome, Outcome::Refused);
}

#[test]
fn a_conversation_that_began_before_is_mid_stream() {
    let mut wire = Wire::new();
    wire.tcp(HOST, SCANNER, ACK | PSH, 500, 100, b"data").tcp(SCANNER, HOST, ACK, 100, 504, b"");
    for turn in 0..100 {
        wire.tcp(HOST, SCANNER, ACK | PSH, 504 + turn, 100, b"x").tcp(
            SCANNER,
            HOST,
            ACK,
            100,
            505 + turn,
            b"",
        );
    }
    wire.tcp(HOST, SCANNER, FIN | ACK, 604, 100, b"").tcp(SCANNER, HOST, FIN | ACK, 100, 605, b"");
    assert_eq!(only(&wire.fold()).outcome, Outcome::MidStream);
}

#[test]
fn a_conversation_that_is_reset_is_mid_stream_too() {
    let mut wire = Wire::new();
    wire.tcp(HOST, SCANNER, ACK | PSH, 500, 100, b"data").tcp(SCANNER, HOST, RST | ACK, 100, 504, b"");
    let events = wire.fold();
    assert_eq!((only(&events).outcome, only(&events).closing), (Outcome::MidStream, Closing::ResetByTarget));
}

#[test]
fn one_way_of_a_conversation_is_mid_stream_when_it_goes_on() {
    let mut wire = Wire::new();
    wire.tcp(HOST, SCANNER, ACK, 500, 100, b"data").tcp(HOST, SCANNER, ACK, 504, 100, b"data");
    assert_eq!(only(&wire.fold()).outcome, Outcome::MidStream);
}

#[test]
fn answers_without_a_question_are_unsolicited() {
    for flags in [SYN | ACK, RST, RST | ACK] {
        let mut wire = Wire::new();
        wire.tcp(HOST, SCANNER, flags, 500, 101, b"").tcp(HOST, SCANNER, flags, 500, 101, b"");
        let events = wire.fold();
        assert_eq!(only(&events).outcome, Outcome::Unsolicited, "{flags:03x}");
        assert_eq!(only(&events).source, at(HOST.0));
        // The host that was used as a decoy resets it.
        wire.tcp(SCANNER, HOST, RST, 101, 0, b"");
        assert_eq!(only(&wire.fold()).outcome, Outcome::Unsolicited, "{flags:03x}");
    }
}

#[test]
fn a_syn_seen_after_its_syn_ack_is_put_right() {
    let mut wire = Wire::new();
    wire.tcp(HOST, SCANNER, SYN | ACK, 500, 101, b"")
        .tcp(SCANNER, HOST, SYN, 100, 0, b"")
        .tcp(SCANNER, HOST, ACK, 101, 501, b"");
    let events = wire.fold();
    let event = only(&events);
    assert_eq!((event.outcome, event.source), (Outcome::Accepted, at(SCANNER.0)));
    assert_eq!((event.sent.packets, event.received.packets), (2, 1));
}

#[test]
fn icmp_refuses_or_rejects_by_who_says_it() {
    let router = std::net::Ipv4Addr::new(10, 0, 0, 254);
    let cases = [
        (HOST.0, 3, Outcome::Refused),
        (HOST.0, 13, Outcome::Rejected),
        (router, 1, Outcome::Rejected),
        (router, 3, Outcome::Rejected),
        // Fragmentation needed says nothing about the port.
        (router, 4, Outcome::Unanswered),
    ];
    for (from, code, outcome) in cases {
        let mut wire = Wire::new();
        wire.tcp(SCANNER, HOST, SYN, 100, 0, b"").icmp_error(from, code, (SCANNER, HOST), 6);
        let events = wire.fold();
        assert_eq!(only(&events).outcome, outcome, "{from} {code}");
        if outcome != Outcome::Unanswered {
            assert_eq!(only(&events).icmp.map(|icmp| (icmp.kind, icmp.code)), Some((3, code)));
        }
    }
}

#[test]
fn half_a_second_decides_and_time_can_pass_without_packets() {
    let mut folder = vedette_parse::flow::FlowFolder::new(config());
    let mut wire = Wire::new();
    wire.tcp(SCANNER, HOST, SYN, 100, 0, b"");
    let mut events = Vec::new();
    for frame in wire.frames() {
        folder.push(&vedette_parse::packet::decode(&frame).unwrap(), &mut events);
    }
    folder.advance(vedette_event::Time(1_000_499_999), &mut events);
    assert!(events.is_empty());
    folder.advance(vedette_event::Time(1_000_500_000), &mut events);
    assert_eq!(only(&events).decided.0, 1_000_500_000);
}

#[test]
fn direction_comes_from_own_addresses_then_from_the_way() {
    let mut wire = Wire::new();
    wire.tcp(SCANNER, HOST, SYN, 100, 0, b"");
    let with = |own: &[std::net::Ipv4Addr]| {
        let own_addresses = own.iter().map(|&address| at(address)).collect();
        let config = vedette_parse::flow::FolderConfig { own_addresses, ..config() };
        only(&wire.fold_with(config).0).direction
    };
    assert_eq!(with(&[]), Direction::Observed);
    assert_eq!(with(&[HOST.0]), Direction::Inbound);
    assert_eq!(with(&[SCANNER.0]), Direction::Outbound);
    assert_eq!(with(&[HOST.0, SCANNER.0]), Direction::Local);
    assert_eq!(with(&[std::net::Ipv4Addr::new(1, 2, 3, 4)]), Direction::Observed);

    let mut inbound = Wire::new();
    inbound.way = Some(Way::In);
    inbound.tcp(SCANNER, HOST, SYN, 100, 0, b"");
    assert_eq!(only(&inbound.fold()).direction, Direction::Inbound);

    let local = (std::net::Ipv4Addr::LOCALHOST, 5);
    let mut wire = Wire::new();
    wire.tcp(local, (local.0, 6), SYN, 100, 0, b"");
    assert_eq!(only(&wire.fold()).direction, Direction::Local);
}

#[test]
fn loopback_shows_everything_twice_and_counts_it_once() {
    let here = (std::net::Ipv4Addr::LOCALHOST, 40_000);
    let there = (std::net::Ipv4Addr::LOCALHOST, 22);
    let mut wire = Wire::new();
    wire.way = Some(Way::Out);
    wire.tcp(here, there, SYN, 100, 0, b"").again(Way::In, 0);
    wire.tcp(there, here, RST | ACK, 0, 101, b"").again(Way::In, 0);
    let (events, stats) = wire.fold_with(config());
    let event = only(&events);
    assert_eq!((event.retries, event.sent.packets, event.received.packets), (0, 1, 1));
    assert_eq!(stats.duplicates, 2);
}

#[test]
fn a_bridge_shows_packets_on_every_port_and_counts_them_once() {
    let mut wire = Wire::new();
    wire.tcp(SCANNER, HOST, SYN, 100, 0, b"").again(Way::Unknown, 1).again(Way::Unknown, 2);
    let (events, stats) = wire.fold_with(config());
    assert_eq!((only(&events).retries, stats.duplicates), (0, 2));
}

#[test]
fn real_retransmissions_are_no_duplicates() {
    // On one interface that knows no way, and with known ways.
    for way in [Way::Unknown, Way::In] {
        let mut wire = Wire::new();
        wire.way = Some(way);
        wire.tcp(SCANNER, HOST, SYN, 100, 0, b"").again(way, 0);
        let (events, stats) = wire.fold_with(config());
        assert_eq!((only(&events).retries, stats.duplicates), (1, 0));
    }
}

#[test]
fn a_clock_set_back_decides_what_is_open_and_goes_on() {
    let mut wire = Wire::new();
    wire.tcp(SCANNER, HOST, SYN, 100, 0, b"").wait(-3_600_000_000);
    wire.tcp(SCANNER, (HOST.0, 81), SYN, 100, 0, b"").wait(600_000);
    wire.tcp(SCANNER, (HOST.0, 82), SYN, 100, 0, b"");
    let mut folder = vedette_parse::flow::FlowFolder::new(config());
    let mut events = Vec::new();
    for frame in wire.frames() {
        folder.push(&vedette_parse::packet::decode(&frame).unwrap(), &mut events);
    }
    assert_eq!(folder.stats().clock_steps, 1);
    assert_eq!(events.len(), 2, "the second attempt is decided while the third is open");
}
