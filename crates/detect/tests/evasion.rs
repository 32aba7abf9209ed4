//! What a scanner does so as not to be seen: and is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod synthetic;

use std::net::IpAddr;
use synthetic::*;
use vedette_event::{Change, Detection, Event, Outcome, Shape};

const A: &str = "10.0.0.9";
const T: &str = "10.0.0.5";
const PORTS: [u16; 14] = [23, 79, 110, 143, 465, 587, 993, 1_433, 3_389, 5_432, 5_900, 8_443, 11_211, 27_017];

fn found(events: Vec<Event>) -> Vec<Detection> {
    scans(&told(in_order(events)))
}

fn closed(at: i64, port: u16) -> Event {
    refused(at, ip(A), ip(T), port)
}

fn page(at: i64, port: u16) -> [Event; 2] {
    connection(at, ip(A), ip(T), port, 80, 900, 40_000)
}

#[test]
fn retries_of_every_port_hide_nothing() {
    for times in [1, 2, 5] {
        let again = |n: usize| (0..times).map(move |k| closed((n as i64 * 9 + k) * SECOND, PORTS[n]));
        assert_eq!(found((0..14).flat_map(again).collect()).len(), 1, "{times} times");
    }
}

#[test]
fn successes_in_between_hide_nothing() {
    // Three pages between two closed ports, of services that are new the first time only.
    let mut events = Vec::new();
    for (n, &port) in PORTS.iter().enumerate() {
        let at = n as i64 * SECOND;
        events.push(closed(at, port));
        let pages = [80, 443, 8_080].into_iter().enumerate();
        events.extend(pages.flat_map(|(k, served)| page(at + 100_000 * (k as i64 + 1), served)));
    }
    assert_eq!(found(events).len(), 1);
    // Good conduct before does not buy a scan.
    let mut saved: Vec<Event> = (0..200).flat_map(|n| page(n * SECOND, 1_000 + n as u16)).collect();
    saved.extend(PORTS.iter().enumerate().map(|(n, &port)| closed((300 + n as i64) * SECOND, port)));
    assert_eq!(found(saved).len(), 1);
}

#[test]
fn the_order_of_ports_changes_nothing() {
    let scan = |order: &dyn Fn(usize) -> usize| -> (usize, f64) {
        let events = (0..14).map(|n| closed(n as i64 * 200_000, PORTS[order(n)])).collect();
        let scans = found(events);
        (scans.len(), scans[0].score)
    };
    let ascending = scan(&|n| n);
    assert_eq!(ascending, scan(&|n| 13 - n));
    assert_eq!(ascending, scan(&|n| n * 5 % 14));
    assert_eq!(ascending.0, 1);
}

/// A pause just beyond a minute, an hour, a day: the next scale sees it.
#[test]
fn pauses_just_beyond_a_window_hide_nothing() {
    for pause in [61, 301, 3_601, 4 * 3_600] {
        let events = (0..14).map(|n| closed(n as i64 * pause * SECOND, PORTS[n])).collect();
        assert_eq!(found(events).len(), 1, "{pause} s");
    }
    // Three at a time, then quiet for longer than any window of the quick scales.
    let bursts = (0..14).map(|n| closed((n as i64 / 3 * 4_000 + n as i64 % 3) * SECOND, PORTS[n])).collect();
    assert_eq!(found(bursts).len(), 1, "bursts");
}

/// Thirty probes in two and a half hours, no host and no port more than six times.
#[test]
fn a_slow_grid_is_found_and_a_cluster_that_starts_is_none() {
    let cell = |n: i64| (v4(0x0a00_0010 + (n * 7 % 5) as u32), PORTS[(n % 6) as usize]);
    let probe = |at: i64, n: i64| {
        let (host, port) = cell(n);
        refused(at, ip(A), host, port)
    };
    let slow: Vec<Event> = (0..30).map(|n| probe(n * 300 * SECOND, n)).collect();
    let scans = found(slow);
    assert_eq!((scans.len(), scans[0].shape), (1, Shape::Block));
    // Everybody is asked again and again until it is there.
    let starts = (0..6).flat_map(|round| (0..30).map(move |n| probe(round * 2 * SECOND + n * 1_000, n)));
    assert_eq!(found(starts.collect()).len(), 0);
    // Hosts that are off, each asked for four services: one failure each, not four.
    let off = (0..20).map(|n| {
        let (host, port) = (v4(0x0a00_0010 + n / 4), PORTS[n as usize % 4]);
        syn(i64::from(n) * 300_000, ip(A), host, port)
    });
    assert_eq!(found(off.collect()).len(), 0);
}

/// Neither half of it is enough by itself.
#[test]
fn two_addresses_that_share_a_slow_scan_are_one() {
    let half = |from: &str, ports: &[u16], begin: i64| -> Vec<Event> {
        let from: IpAddr = ip(from);
        let each = |(n, &port): (usize, &u16)| refused((begin + n as i64 * 300) * SECOND, from, ip(T), port);
        ports.iter().enumerate().map(each).collect()
    };
    let (first, second) = (half("10.0.0.9", &PORTS[..7], 0), half("10.0.0.10", &PORTS[7..], 2_400));
    assert_eq!((found(first.clone()).len(), found(second.clone()).len()), (0, 0));
    let scans = found([first, second].concat());
    assert_eq!((scans.len(), scans[0].shape, scans[0].source_ips.len()), (1, Shape::Distributed, 2));
    // Two clients with three old bookmarks each are not.
    let few = [half("10.0.0.9", &PORTS[..3], 0), half("10.0.0.10", &PORTS[3..6], 100)].concat();
    assert_eq!(found(few).len(), 0);
}

/// In the names of `others` too, packet by packet.
fn decoys(begin: i64, own: &str, others: &[&str], ports: std::ops::Range<u16>) -> Vec<Event> {
    let mut events = Vec::new();
    for port in ports {
        for (n, &from) in others.iter().chain([&own]).enumerate() {
            let at = begin + i64::from(port) * 5_000 + n as i64 * 10;
            let mut event = raw_refused(at, ip(from), ip(T), port);
            event.first.sequence = 99 + begin as u32;
            event.source_port = 41_000;
            if from != own {
                (event.outcome, event.decided) = (Outcome::Unanswered, event.time.plus(500_000));
            }
            events.push(event);
        }
    }
    events
}

fn opened(events: Vec<Event>) -> Vec<Detection> {
    told(in_order(events)).into_iter().filter(|one| one.change == Change::Opened).collect()
}

#[test]
fn a_host_scanned_twice_with_decoys_has_two_alerts_and_nobody_is_accused() {
    let first = decoys(0, "10.0.0.34", &["203.0.113.5", "203.0.113.6"], 1..60);
    let second = decoys(150 * SECOND, "10.0.0.39", &["203.0.113.15", "203.0.113.16"], 1..60);
    let scans = found([first.clone(), second].concat());
    assert_eq!(
        scans.iter().map(|scan| (scan.shape, scan.candidate_ips.len())).collect::<Vec<_>>(),
        [(Shape::Decoy, 3), (Shape::Decoy, 3)]
    );
    assert_eq!(scans[1].candidate_ips[0], ip("10.0.0.39"));
    // Beside a slow scanner that uses the same tool.
    let slow =
        (0..14).map(|n| raw_refused(n as i64 * 15 * SECOND, ip("10.0.0.29"), ip(T), 20_000 + PORTS[n]));
    let both: Vec<Event> = first.iter().cloned().map(later).chain(slow).collect();
    let scans = found(both);
    assert_eq!(scans.len(), 2, "{:#?}", scans.iter().map(|scan| &scan.name).collect::<Vec<_>>());
    assert_eq!((scans[0].shape, scans[1].shape), (Shape::Vertical, Shape::Decoy));
}

fn later(event: Event) -> Event {
    let by = 100 * SECOND;
    Event { time: event.time.plus(by), decided: event.decided.plus(by), ..event }
}

#[test]
fn a_sweep_with_decoys_is_one_alert_from_the_start() {
    let mut events = Vec::new();
    for host in 0..30_u32 {
        for (n, from) in ["203.0.113.5", "10.0.0.39", "198.51.100.7"].into_iter().enumerate() {
            let target = v4(0x0a00_0040 + host);
            let mut event = raw_refused(i64::from(host) * 5_000 + n as i64 * 10, ip(from), target, 3_389);
            (event.first.sequence, event.source_port) = (4_711, 41_000);
            if n != 1 {
                (event.outcome, event.decided) = (Outcome::Unanswered, event.time.plus(500_000));
            }
            events.push(event);
        }
    }
    let opened = opened(events.clone());
    assert_eq!(opened.len(), 1, "{:#?}", opened.iter().map(|one| &one.name).collect::<Vec<_>>());
    let scans = found(events);
    assert_eq!(
        (scans[0].shape, scans[0].distinct_hosts, scans[0].candidate_ips.len()),
        (Shape::Decoy, 30, 3)
    );
}
