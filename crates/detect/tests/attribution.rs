//! Whose probes they were: what a reset proves, and what it does not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod synthetic;

use std::net::IpAddr;
use synthetic::*;
use vedette_event::{Attribution, Closing, Detection, Event, Outcome, Shape, SourceReset, Transport};

const T: &str = "10.0.0.5";
const SCANNER: [u8; 6] = [2, 0, 0, 0, 0, 9];
const BYSTANDER: [u8; 6] = [2, 0, 0, 0, 0, 7];

/// A half-open probe by hand with a TTL and a card, reset with others.
fn half_open(at: i64, source: IpAddr, port: u16, probe: (u8, [u8; 6]), reset: (u8, [u8; 6])) -> Event {
    let mut event = raw_refused(at, source, ip(T), port);
    // No tool's: its TTL tells.
    (event.first.window, event.first.ttl) = (2048, probe.0);
    (event.outcome, event.closing) = (Outcome::Accepted, Closing::ResetBySource);
    event.source_mac = Some(probe.1);
    event.reset = Some(SourceReset { ttl: reset.0, mac: Some(reset.1) });
    event
}

fn scan(source: &str, probe: (u8, [u8; 6]), reset: (u8, [u8; 6])) -> Detection {
    let ports = (20..40_u16).map(|port| half_open(i64::from(port) * 1_000, ip(source), port, probe, reset));
    scans(&told(ports.collect())).remove(0)
}

#[test]
fn a_live_host_whose_address_is_forged_is_not_confirmed() {
    let other_card = scan("10.0.0.7", (64, SCANNER), (64, BYSTANDER));
    assert_eq!(other_card.attribution, Attribution::Spoofed);
    assert!(other_card.summary.contains("from another place"), "{}", other_card.summary);
    let other_way = scan("10.0.9.7", (61, SCANNER), (63, SCANNER));
    assert_eq!(other_way.attribution, Attribution::Spoofed, "two routers less");
}

#[test]
fn resets_that_came_as_the_probes_came_confirm_and_others_leave_it_open() {
    assert_eq!(scan("10.0.9.7", (61, SCANNER), (61, SCANNER)).attribution, Attribution::Confirmed);
    assert_eq!(scan("10.0.9.7", (252, SCANNER), (61, SCANNER)).attribution, Attribution::Confirmed);
    let mut events = Vec::new();
    for port in 20..40_u16 {
        let mut event =
            half_open(i64::from(port) * 1_000, ip("10.0.9.7"), port, (43, SCANNER), (61, SCANNER));
        // nmap's own packets, whose TTL is any.
        event.first.window = 1024;
        events.push(event);
    }
    let unknown = scans(&told(events)).remove(0);
    assert_eq!(unknown.attribution, Attribution::Unconfirmed);
    assert!(unknown.summary.contains("as any live host does"), "{}", unknown.summary);
}

#[test]
fn a_finished_handshake_is_proof_whatever_the_resets_say() {
    let mut events: Vec<Event> = (20..40_u16)
        .map(|port| half_open(i64::from(port) * 1_000, ip("10.0.9.7"), port, (61, SCANNER), (63, SCANNER)))
        .collect();
    events.extend(connection(SECOND, ip("10.0.9.7"), ip(T), 25, 40, 90, 1_000));
    assert_eq!(scans(&told(events))[0].attribution, Attribution::Confirmed);
}

#[test]
fn the_real_source_is_first_although_its_decoys_live_and_reset_too() {
    let mut events = Vec::new();
    for port in 20..60_u16 {
        for (n, source) in ["10.0.0.7", "10.0.0.9", "10.0.0.8"].into_iter().enumerate() {
            let card = if source == "10.0.0.9" { SCANNER } else { BYSTANDER };
            let at = i64::from(port) * 1_000 + n as i64 * 20;
            events.push(half_open(at, ip(source), port, (64, SCANNER), (64, card)));
        }
    }
    let scan = scans(&told(events)).remove(0);
    assert_eq!((scan.shape, scan.attribution), (Shape::Decoy, Attribution::Unconfirmed));
    assert_eq!((scan.source_ips, scan.candidate_ips.len()), (vec![ip("10.0.0.9")], 3));
}

#[test]
fn the_card_of_a_router_says_nothing() {
    // The card asks as 10.0.0.1 and carries packets of 10.0.9.7, which is not of this network.
    let mut events = Vec::new();
    let mut asks = attempt(0, ip("10.0.0.1"), ip(T), Transport::Arp, 0);
    asks.source_mac = Some(SCANNER);
    events.push(asks);
    for port in 20..40_u16 {
        events.push(half_open(i64::from(port) * 1_000, ip("10.0.9.7"), port, (63, SCANNER), (60, SCANNER)));
    }
    assert_eq!(scans(&told(events))[0].attribution, Attribution::Spoofed, "by its distance");
}
