//! Connections that are opened and closed without a word: scans of open ports, and their benign twins.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod synthetic;

use synthetic::*;
use vedette_detect::{Config, Detector};
use vedette_event::{Closing, Event, Outcome, ScanType, Shape, Transport};

const PORTS: [u16; 8] = [22, 25, 80, 443, 3306, 5432, 8080, 9090];

/// One silent connection to each of `ports`, one after the other.
fn round(at: i64, ports: &[u16]) -> Vec<Event> {
    let each = |(n, &port): (usize, &u16)| {
        connection(at + n as i64 * 5_000, ip("10.0.0.9"), ip("10.0.0.5"), port, 0, 0, 1_000)
    };
    ports.iter().enumerate().flat_map(each).collect()
}

#[test]
fn a_row_of_open_ports_that_nobody_comes_back_to_is_a_scan() {
    for ports in [&PORTS[..5], &PORTS[..]] {
        let told = told(round(0, ports));
        let [scan] = &scans(&told)[..] else { panic!("{told:#?}") };
        assert_eq!((scan.shape, &scan.scan_types[..]), (Shape::Vertical, &[ScanType::TcpConnect][..]));
        assert_eq!(scan.open_ports, ports);
    }
}

#[test]
fn it_is_told_when_no_round_has_followed_without_any_event() {
    let mut detector = Detector::new(Config::default());
    let mut out = Vec::new();
    let many: Vec<u16> = (1_000..1_012).collect();
    in_order(round(0, &many)).iter().for_each(|event| detector.observe(event, &mut out));
    detector.advance(START.plus(300 * SECOND), &mut out);
    assert!(out.is_empty(), "the next round may still come");
    detector.advance(START.plus(340 * SECOND), &mut out);
    assert_eq!(scans(&out).len(), 1, "{out:#?}");
}

/// However long the list: most monitoring looks every five minutes.
#[test]
fn forty_services_every_five_minutes_are_monitoring() {
    for services in [11, 24, 40] {
        let ports: Vec<u16> = (1_000..1_000 + services).collect();
        let events: Vec<Event> = (0..6).flat_map(|n| round(n * 300 * SECOND, &ports)).collect();
        assert!(scans(&told(events)).is_empty(), "{services}");
    }
}

#[test]
fn rounds_of_monitoring_are_none_however_long_they_take() {
    for (every, rounds) in [(10, 12), (60, 12), (300, 12)] {
        let events: Vec<Event> = (0..rounds).flat_map(|n| round(n * every * SECOND, &PORTS)).collect();
        assert!(scans(&told(events)).is_empty(), "every {every} s");
    }
}

/// As many services as a port scan finds open: what tells them apart is the next round.
#[test]
fn thirty_services_once_a_minute_are_monitoring() {
    let ports: Vec<u16> = (1_000..1_030).collect();
    let mut events: Vec<Event> = (0..5).flat_map(|n| round(n * 60 * SECOND, &ports)).collect();
    let down =
        |n: i64| refused(n * 60 * SECOND + 1_000, ip("10.0.0.9"), ip("10.0.0.5"), 5_666 + (n % 3) as u16);
    events.extend((0..5).map(down));
    assert!(scans(&told(events)).is_empty());
    // In turns over the minute, so that a row is never whole before its first service comes again.
    let turns = (0..150).flat_map(|n| round(n * 2 * SECOND, &ports[n as usize % 30..][..1]));
    assert!(scans(&told(turns.collect())).is_empty());
    assert_eq!(scans(&told(round(0, &ports))).len(), 1, "once is a scan");
}

/// One silent connection to a service of each of many hosts.
fn pool_round(at: i64, members: std::ops::Range<u32>, down: u32) -> Vec<Event> {
    let each = |n: u32| {
        let (at, target) = (at + i64::from(n) * 5_000, v4(0x0a00_0200 + n));
        match n % 10 == 9 && n / 10 < down {
            true => vec![syn(at, ip("10.0.0.9"), target, 8_080)],
            false => connection(at, ip("10.0.0.9"), target, 8_080, 0, 0, 1_000).to_vec(),
        }
    };
    members.flat_map(each).collect()
}

#[test]
fn checks_of_a_large_pool_are_no_sweep_and_one_visit_to_each_host_is() {
    let checks: Vec<Event> = (0..12).flat_map(|n| pool_round(n * 10 * SECOND, 0..80, 6)).collect();
    assert!(scans(&told(checks)).is_empty());
    let found = scans(&told(pool_round(0, 0..60, 0)));
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!((found[0].shape, &found[0].ports[..]), (Shape::Horizontal, "8080"));
}

#[test]
fn answered_pings_of_scattered_hosts_are_a_sweep_unless_they_come_again() {
    let round = |at: i64, hosts: i64| -> Vec<Event> {
        (0..hosts)
            .map(|n| ping(at + n * 100_000, ip("10.0.0.9"), v4(0x0a01_0000 + n as u32 * 37), true))
            .collect()
    };
    let found = scans(&told(round(0, 60)));
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!((found[0].distinct_hosts, &found[0].scan_types[..]), (60, &[ScanType::PingSweep][..]));
    for every in [5, 60, 300] {
        let rounds: Vec<Event> = (0..8).flat_map(|n| round(n * every * SECOND, 60)).collect();
        assert!(scans(&told(rounds)).is_empty(), "every {every} s");
    }
    assert!(scans(&told(round(0, 10))).is_empty(), "a look at a few hosts");
}

#[test]
fn four_silent_services_are_a_client_with_several_connections() {
    assert!(scans(&told(round(0, &PORTS[..4]))).is_empty());
}

#[test]
fn connect_and_reset_of_four_open_ports_at_once_is_a_scan() {
    let each =
        |(n, &port): (i64, &u16)| connection(n * 200, ip("10.0.0.9"), ip("10.0.0.5"), port, 0, 0, 2_000);
    let mut events: Vec<Event> = (0..).zip(&PORTS[..4]).flat_map(each).collect();
    for event in &mut events {
        if event.closing == Closing::Fin {
            event.closing = Closing::ResetBySource;
        }
    }
    assert_eq!(scans(&told(events)).len(), 1);
}

#[test]
fn open_datagram_services_asked_from_one_port_speak_for_nobody() {
    let target = ip("10.0.0.5");
    let ask = |at: i64, from: u16, port: u16, outcome| udp(at, ip("10.0.0.9"), from, target, port, outcome);
    let mixed = |from: &dyn Fn(u16) -> u16| -> Vec<Event> {
        (0..14_u16)
            .map(|n| {
                let outcome = if n % 2 == 0 { Outcome::Accepted } else { Outcome::Refused };
                ask(i64::from(n) * 10_000, from(n), 100 + n, outcome)
            })
            .collect()
    };
    assert_eq!(scans(&told(mixed(&|_| 41_000))).len(), 1);
    assert!(scans(&told(mixed(&|n| 41_000 + n))).is_empty(), "a client takes a port for each question");
}

#[test]
fn services_that_all_answer_one_socket_are_a_scan_of_versions() {
    let ask = |n: u16, from: u16| {
        udp(i64::from(n) * 10, ip("10.0.0.9"), from, ip("10.0.0.5"), 100 + n, Outcome::Accepted)
    };
    assert_eq!(scans(&told((0..20).map(|n| ask(n, 41_000)).collect())).len(), 1);
    assert!(scans(&told((0..20).map(|n| ask(n, 41_000 + n)).collect())).is_empty(), "a client of each");
    assert!(scans(&told((0..6).map(|n| ask(n, 41_000)).collect())).is_empty(), "a few services");
}

#[test]
fn node_status_of_a_row_of_hosts_is_a_sweep_although_they_answer() {
    let query = |n: u32| {
        let mut event =
            udp(i64::from(n) * 20_000, ip("10.0.0.9"), 137, v4(0x0a00_0100 + n), 137, Outcome::Accepted);
        event.first.payload_prefix[12..].copy_from_slice(b"\x20CKA");
        event.first.payload_prefix_len = 16;
        event
    };
    let told = told((1..40).map(query).collect());
    let [scan] = &scans(&told)[..] else { panic!("{told:#?}") };
    assert_eq!((scan.shape, scan.distinct_hosts), (Shape::Horizontal, 39));
    assert!(scans(&synthetic::told((1..4).map(query).collect())).is_empty(), "a few look-ups");
}

#[test]
fn names_that_others_ask_for_are_no_sweep() {
    let registration = |n: u32| udp(0, ip("10.0.0.9"), 137, v4(0x0a00_0100 + n), 137, Outcome::Accepted);
    let events: Vec<Event> = (1..40).map(registration).collect();
    assert!(events.iter().all(|event| event.transport == Transport::Udp));
    assert!(scans(&told(events)).is_empty());
}

/// SNMP asked in nmap's words, or in those of a management station.
#[test]
fn a_question_with_constants_of_nmap_is_no_management() {
    let poll = |n: u32, question: &[u8; 16]| {
        let target = v4(0x0a00_0100 + n);
        let mut event =
            udp(i64::from(n) * 20_000, ip("10.0.0.9"), 40_000 + n as u16, target, 161, Outcome::Accepted);
        event.first.payload_prefix = *question;
        event.first.payload_prefix_len = 16;
        event
    };
    let sweep = |question: &[u8; 16]| (1..40).map(|n| poll(n, question)).collect::<Vec<_>>();
    let found = scans(&told(sweep(b"\x30\x3a\x02\x01\x03\x30\x0f\x02\x02\x4a\x69\x02\x03\0\xff\xe3")));
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].shape, &found[0].tool.name[..]), (Shape::Horizontal, "nmap"));
    assert!(scans(&told(sweep(b"\x30\x29\x02\x01\x01\x04\x06public\xa0\x1c\x02"))).is_empty());
}
