//! Packets in another order than they were sent: capture rings out of step, merged captures.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use support::{HOST, SCANNER, Wire, at};
use vedette_event::flag::{ACK, PSH, RST, SYN};
use vedette_event::{Outcome, Transport};

fn outcomes(wire: &Wire) -> Vec<(Outcome, bool)> {
    wire.fold().iter().map(|event| (event.outcome, event.source == at(SCANNER.0))).collect()
}

#[test]
fn a_reset_before_its_syn_refuses_it() {
    let mut wire = Wire::new();
    wire.tcp(HOST, SCANNER, RST | ACK, 0, 101, b"").tcp(SCANNER, HOST, SYN, 100, 0, b"");
    assert_eq!(outcomes(&wire), [(Outcome::Unsolicited, false), (Outcome::Refused, true)]);
}

#[test]
fn another_reset_does_not_refuse_it_nor_one_long_before() {
    for (acknowledged, pause) in [(7_777, 0), (101, 20_000)] {
        let mut wire = Wire::new();
        wire.tcp(HOST, SCANNER, RST | ACK, 0, acknowledged, b"");
        wire.wait(pause).tcp(SCANNER, HOST, SYN, 100, 0, b"");
        assert_eq!(outcomes(&wire)[1], (Outcome::Unanswered, true), "{acknowledged} {pause}");
    }
}

#[test]
fn traffic_before_its_syn_leaves_the_answer_open() {
    let mut wire = Wire::new();
    wire.tcp(SCANNER, HOST, ACK | PSH, 101, 501, b"hello")
        .tcp(HOST, SCANNER, ACK, 501, 106, b"")
        .tcp(SCANNER, HOST, SYN, 100, 0, b"");
    assert_eq!(outcomes(&wire), [(Outcome::MidStream, true), (Outcome::Unknown, true)]);
}

#[test]
fn a_reply_before_its_request_answers_it() {
    let mut wire = Wire::new();
    wire.arp(false, HOST.0, SCANNER.0).arp(true, SCANNER.0, HOST.0);
    let events = wire.fold();
    let asked = events.iter().find(|event| event.source == at(SCANNER.0)).unwrap();
    assert_eq!((asked.transport, asked.outcome), (Transport::Arp, Outcome::Accepted));
    let mut late = Wire::new();
    late.arp(false, HOST.0, SCANNER.0).wait(50_000).arp(true, SCANNER.0, HOST.0);
    let events = late.fold();
    let asked = events.iter().find(|event| event.source == at(SCANNER.0)).unwrap();
    assert_eq!(asked.outcome, Outcome::Unanswered);
}

#[test]
fn where_a_reset_of_the_source_came_from_is_told() {
    let mut wire = Wire::new();
    wire.tcp(SCANNER, HOST, SYN, 100, 0, b"")
        .tcp(HOST, SCANNER, SYN | ACK, 500, 101, b"")
        .tcp(SCANNER, HOST, RST, 101, 0, b"");
    let events = wire.fold();
    let reset = events[0].reset.expect("half-open");
    assert_eq!((reset.ttl, reset.mac), (events[0].first.ttl, events[0].source_mac));
    let mut refused = Wire::new();
    refused.tcp(SCANNER, HOST, SYN, 100, 0, b"").tcp(HOST, SCANNER, RST | ACK, 0, 101, b"");
    assert_eq!(refused.fold()[0].reset, None, "the target's reset is none of the source");
}
