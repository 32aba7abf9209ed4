//! Failures with an occasion: what excuses them, and what it does not excuse.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod synthetic;

use std::sync::Arc;
use synthetic::*;
use vedette_event::{DetectionKind, Event, EventKind, Observer, ObserverKind, Outcome, Transport, Volume};

const CARD: [u8; 6] = [2, 0, 0, 0, 0, 9];

fn found(events: Vec<Event>) -> usize {
    scans(&told(events)).len()
}

/// A question by QUIC that a firewall stops, and the same page by TCP.
#[test]
fn pages_whose_quic_is_stopped_and_a_sweep_by_quic() {
    let quic = |n: u32| {
        let mut event = udp(
            i64::from(n) * 300_000,
            ip("10.0.0.2"),
            50_000 + n as u16,
            v4(0x0a00_0100 + n),
            443,
            Outcome::Rejected,
        );
        event.first.payload_len = 1_200;
        event
    };
    let page = |n: u32| {
        connection(i64::from(n) * 300_000 - 20_000, ip("10.0.0.2"), v4(0x0a00_0100 + n), 443, 500, 900, 9_000)
    };
    let mut events: Vec<Event> = (0..60).map(quic).collect();
    assert_eq!(found(events.clone()), 1, "with nothing beside it is a sweep");
    events.extend((0..60).flat_map(page));
    assert_eq!(found(in_order(events)), 0);
}

/// What resolvers and clocks answer to questions that someone asked in our name, to any port.
#[test]
fn amplified_answers_are_backscatter_and_questions_from_the_same_ports_a_scan() {
    let said = |n: u32, flags: u8| {
        let source = v4(0xc633_6400 + n % 12);
        let mut event = udp(
            i64::from(n) * 2_000,
            source,
            53,
            ip("10.0.0.5"),
            1_000 + (n * 37 % 4_000) as u16,
            Outcome::Refused,
        );
        event.first.payload_len = 600;
        event.first.payload_prefix = [0x12, 0x34, flags, 0x80, 0, 1, 0, 9, 0, 0, 0, 0, 3, b'w', b'w', b'w'];
        event.first.payload_prefix_len = 16;
        event
    };
    let reflected = told((0..600).map(|n| said(n, 0x81)).collect());
    assert!(scans(&reflected).is_empty(), "{:#?}", scans(&reflected));
    assert!(reflected.iter().any(|one| one.kind == DetectionKind::Backscatter));
    assert!(found((0..600).map(|n| said(n, 0x01)).collect()) > 0);
}

#[test]
fn endless_traces_are_no_scan_and_a_small_hop_limit_alone_is_no_excuse() {
    let trace = |n: u16, ttl: u8| {
        let port = 33_000 + n;
        let mut event =
            udp(i64::from(n) * 50_000, ip("192.0.2.9"), 40_000, ip("10.0.0.5"), port, Outcome::Refused);
        event.first.ttl = ttl;
        event
    };
    assert_eq!(found((0..200).map(|n| trace(n, 1 + (n % 15) as u8)).collect()), 0);
    assert_eq!(found((0..200).map(|n| trace(n, 20)).collect()), 1);
}

/// The first questions of a host that wants an address are in nobody's name.
#[test]
fn nameless_requests_for_one_address_are_a_host_that_starts_and_for_many_a_sweep() {
    let asks = |n: u32, card: u8| {
        let mut event = attempt(i64::from(n) * 20_000, ip("0.0.0.0"), v4(0x0a00_0001 + n), Transport::Arp, 0);
        event.source_mac = Some([2, 0, 0, 0, 0, card]);
        event
    };
    assert_eq!(found((0..60).map(|n| asks(n, n as u8)).collect()), 0, "sixty hosts that start");
    let told = told((0..60).map(|n| asks(n, 7)).collect());
    let [sweep] = &scans(&told)[..] else { panic!("{told:#?}") };
    assert_eq!(sweep.source_ips, [ip("fe80::ff:fe00:7")], "the link-local address of its card");
}

/// Forty clients that call a server.
fn calls() -> Vec<Event> {
    let call =
        |n: u32| connection(i64::from(n) * 300_000, v4(0x0a00_0100 + n), ip("10.0.0.5"), 25, 30, 90, 250_000);
    (0..40).flat_map(call).collect()
}

#[test]
fn a_server_may_ask_its_callers_who_they_are_and_no_strangers() {
    let ask = |n: u32| refused(i64::from(n) * 300_000 + 5_000, ip("10.0.0.5"), v4(0x0a00_0100 + n), 113);
    let mut events = calls();
    events.extend((0..40).map(ask));
    assert_eq!(found(events), 0);
    assert_eq!(found((0..40).map(ask).collect()), 1, "without a call it is a sweep");
    let mut late = calls();
    late.extend(
        (0..40).map(|n| refused(200 * SECOND + i64::from(n), ip("10.0.0.5"), v4(0x0a00_0100 + n), 113)),
    );
    assert_eq!(found(late), 1, "and long after it too");
}

#[test]
fn data_channels_that_a_client_gave_up_and_services_of_the_client() {
    let control = || connection(0, ip("10.0.0.66"), ip("10.0.0.5"), 21, 90, 90, 30 * SECOND);
    let back = |ports: [u16; 9]| {
        let mut events = control().to_vec();
        let open = |(n, port)| refused(SECOND + n as i64 * SECOND, ip("10.0.0.5"), ip("10.0.0.66"), port);
        events.extend(ports.into_iter().enumerate().map(open));
        events
    };
    assert_eq!(found(back([40_001, 41_020, 42_300, 43_002, 44_444, 45_006, 46_000, 47_123, 48_200])), 0);
    assert_eq!(found(back([21, 22, 23, 80, 135, 139, 443, 445, 3389])), 1, "its services are a scan");
}

#[test]
fn an_exporter_that_is_not_everywhere_and_a_sweep_of_acquaintances() {
    let scrape = |missing: u32| {
        let mut events = Vec::new();
        for host in 0..60_u32 {
            let at = i64::from(host) * 100_000;
            events.extend(connection(at, ip("10.0.0.2"), v4(0x0a00_0100 + host * 3), 9_100, 90, 900, 20_000));
            if host < missing {
                events.push(refused(at + 50_000, ip("10.0.0.2"), v4(0x0a00_0100 + host * 3), 9_187));
            }
        }
        events
    };
    assert_eq!(found(scrape(12)), 0);
    assert_eq!(found(scrape(60)), 1, "sixty are too many all the same");
}

#[test]
fn broken_ipv6_beside_ipv4_is_a_browser_and_alone_a_sweep() {
    let dial = |by_v4: bool| {
        let mut events = Vec::new();
        for n in 0..40_u32 {
            let at = i64::from(n) * 2 * SECOND;
            let mut six = syn(at, ip("fd00::80"), format!("2001:db8::{n:x}").parse().unwrap(), 443);
            six.source_mac = Some(CARD);
            events.push(six);
            if by_v4 {
                for mut four in
                    connection(at + 250_000, ip("10.0.0.80"), v4(0x5db8_0000 + n * 77), 443, 9, 9, 9_000)
                {
                    four.source_mac = Some(CARD);
                    events.push(four);
                }
            }
        }
        events
    };
    assert_eq!(found(dial(true)), 0);
    assert_eq!(found(dial(false)), 1);
}

#[test]
fn a_second_round_speaks_for_monitoring_and_not_for_quick_retries() {
    // Six services that are down and, from the second round on, two more.
    let rounds = |pause: i64| {
        let mut events = Vec::new();
        for round in 0..6 {
            for port in 1..=(6 + 2 * u16::from(round > 0)) {
                let at = round * pause + i64::from(port) * 1_000;
                events.push(refused(at, ip("10.0.0.2"), ip("10.0.0.5"), 5_000 + port * 7));
            }
        }
        events
    };
    assert_eq!(found(rounds(60 * SECOND)), 0);
    assert_eq!(found(rounds(SECOND)), 1);
}

#[test]
fn three_packets_of_a_sure_fingerprint_are_enough_and_two_are_not() {
    let some = |count: u16| {
        let probe =
            |n: u16| raw_refused(i64::from(n) * 1_000, ip("10.0.0.66"), ip("10.0.0.5"), 3_000 + n * 13);
        found((0..count).map(probe).collect())
    };
    assert_eq!((some(2), some(3)), (0, 1));
}

#[test]
fn more_datagram_services_than_a_client_needs() {
    let ports = [53, 69, 111, 123, 137, 161, 389, 500, 623, 1434, 1900, 5060, 5353, 11_211];
    let ask = |answering: &[u16], ports: &[u16]| -> Vec<Event> {
        let one = |(n, &port): (usize, &u16)| {
            let outcome = if answering.contains(&port) { Outcome::Accepted } else { Outcome::Refused };
            udp(n as i64 * 100_000, ip("10.0.0.66"), 40_000 + n as u16, ip("10.0.0.5"), port, outcome)
        };
        ports.iter().enumerate().map(one).collect()
    };
    assert_eq!(found(ask(&[53, 123, 137, 161], &ports)), 1);
    assert_eq!(found(ask(&[53, 123, 137, 389], &[53, 88, 123, 137, 138, 389, 464])), 0, "a logon");
}

/// Connections whose answers the sensor misses, and datagrams to twenty peers.
fn one_way(missing: bool, kind: ObserverKind) -> Vec<Event> {
    let observer = Arc::new(Observer { id: "edge".to_owned(), hostname: String::new(), kind });
    let mut events = Vec::new();
    for n in 0..30_i64 {
        for mut event in connection(n * 50_000, ip("10.0.0.3"), v4(0x5db8_0000 + n as u32), 443, 9, 9, 9_000)
        {
            if missing && event.kind == EventKind::Attempt {
                event.outcome = Outcome::Unknown;
                event.handshake_completed = false;
            } else if missing {
                continue;
            }
            events.push(event);
        }
    }
    for n in 0..22_u16 {
        let at = 3 * SECOND + i64::from(n) * 400_000;
        let mut event =
            udp(at, ip("10.0.0.66"), 7_946, v4(0x0a00_0200 + u32::from(n) * 5), 7_946, Outcome::Unanswered);
        event.received = Volume::default();
        events.push(event);
    }
    events.iter_mut().for_each(|event| event.observer = observer.clone());
    events
}

#[test]
fn silence_says_less_where_answers_are_not_seen() {
    assert_eq!(found(one_way(true, ObserverKind::Sensor)), 0);
    assert_eq!(found(one_way(false, ObserverKind::Sensor)), 1, "who sees the answers may judge silence");
    assert_eq!(found(one_way(true, ObserverKind::Log)), 1, "a log's unknown outcome is not a missed answer");
}
