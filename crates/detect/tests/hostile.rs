//! Senders who want the detector blind, slow or full.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod synthetic;

use std::time::Instant;
use synthetic::*;
use vedette_detect::{Config, Detector};
use vedette_event::{Detection, Event, EventKind, Outcome, Time, Transport};

/// Deterministic noise.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) as u32
    }
}

/// A million strangers, each with one contact, over 100 s; every two seconds one quiet probe.
fn strangers_and_a_quiet_scanner(config: Config, port: impl Fn(u32) -> u16) -> (Vec<Detection>, Detector) {
    let mut random = Random(1);
    let mut detector = Detector::new(config);
    let mut out = Vec::new();
    for n in 0..1_000_000_u32 {
        let at = i64::from(n) * 100;
        let source = v4(random.next() | 1);
        detector.observe(&refused(at, source, ip("10.0.0.5"), port(n)), &mut out);
        if n % 20_000 == 0 {
            let probe = refused(at, ip("10.0.0.66"), ip("10.0.0.5"), 1_000 + (n / 20_000) as u16);
            detector.observe(&probe, &mut out);
        }
    }
    detector.finish(&mut out);
    (out, detector)
}

#[test]
fn a_quiet_scanner_is_found_beneath_a_flood_of_one_service() {
    let (told, _) = strangers_and_a_quiet_scanner(Config::default(), |_| 80);
    let found = scans(&told);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].source_ips[0], found[0].distinct_ports), (ip("10.0.0.66"), 50));
}

#[test]
fn a_quiet_scanner_is_found_beneath_a_flood_of_all_ports_in_little_memory() {
    let memory = 8 << 20;
    let config = Config { memory, ..Config::default() };
    let (told, detector) = strangers_and_a_quiet_scanner(config, |n| (n.wrapping_mul(40_503) >> 5) as u16);
    let found = scans(&told);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].source_ips[0], ip("10.0.0.66"));
    assert!(detector.statistics().bytes < memory);
}

/// Strangers spread so thinly that no flood is recognised: all of them are remembered, until
/// memory is short.
#[test]
fn strangers_push_each_other_out_and_not_the_suspect() {
    let memory = 8 << 20;
    let mut random = Random(1);
    let mut detector = Detector::new(Config { memory, ..Config::default() });
    let mut out = Vec::new();
    for n in 0..300_000_u32 {
        let at = i64::from(n) * 10_000;
        let target = v4(0x0a01_0000 + random.next() % 60_000);
        detector.observe(&refused(at, v4(random.next() | 1), target, random.next() as u16), &mut out);
        if n % 10_000 == 0 {
            detector.observe(&refused(at, ip("10.0.0.66"), ip("10.0.0.5"), (n / 10_000) as u16), &mut out);
        }
        assert!(detector.statistics().bytes < memory);
    }
    let statistics = detector.statistics();
    assert!(statistics.sources_forgotten > 200_000, "{statistics:?}");
    let found = scans(&out);
    assert_eq!(found.len(), 1, "30 probes in 50 minutes");
    assert_eq!(found[0].source_ips[0], ip("10.0.0.66"));
}

/// The same with a million of them and the memory that is the default; nothing takes longer in the end than in
/// the beginning.
#[test]
fn a_million_strangers_fit_in_the_default_memory() {
    let mut random = Random(7);
    let mut detector = Detector::new(Config::default());
    let (mut out, mut parts) = (Vec::new(), Vec::new());
    let mut begun = Instant::now();
    for n in 0..1_000_000_u32 {
        let at = i64::from(n) * 1_000;
        let target = v4(0x0a01_0000 + random.next() % 60_000);
        detector.observe(&refused(at, v4(random.next() | 1), target, random.next() as u16), &mut out);
        if n % 50_000 == 0 {
            detector.observe(&refused(at, ip("10.0.0.66"), ip("10.0.0.5"), (n / 50_000) as u16), &mut out);
        }
        if n % 100_000 == 99_999 {
            parts.push(begun.elapsed().as_secs_f64());
            begun = Instant::now();
        }
    }
    let statistics = detector.statistics();
    assert!(statistics.bytes < Config::default().memory, "{statistics:?}");
    assert!(statistics.sources > 300_000, "{statistics:?}");
    let found = scans(&out);
    assert_eq!(found.len(), 1, "20 probes in 17 minutes");
    assert_eq!(found[0].source_ips[0], ip("10.0.0.66"));
    let (first, last) = (parts[0] + parts[1], parts[8] + parts[9]);
    println!("seconds for the first and the last 200,000: {first:.2} {last:.2}");
    assert!(last < first * 4.0 + 0.5, "{parts:?}");
}

/// Everyone scans everything: as many campaigns as there is memory for.
#[test]
fn a_storm_of_invented_scanners_is_one_alert_more() {
    let mut detector = Detector::new(Config { memory: 16 << 20, ..Config::default() });
    let mut out = Vec::new();
    for n in 0..30_000_u32 {
        for port in 0..4 {
            // A target each: at one target it would be a flood.
            let mut event = syn(i64::from(n) * 100, v4(0x2d00_0000 + n * 7), v4(0x0a01_0000 + n), 100 + port);
            event.first.tcp_flags = 0;
            event.decided = event.time.plus(10);
            detector.observe(&event, &mut out);
        }
    }
    detector.finish(&mut out);
    let found = scans(&out);
    assert!(found.len() <= 130, "{}", found.len());
    let storm = found.iter().max_by_key(|scan| scan.probes).unwrap();
    assert_eq!(storm.shape, vedette_event::Shape::Distributed);
    assert!(storm.probes > 80_000, "{}", storm.probes);
    assert!(storm.addresses_cut && storm.source_ips.len() == 1_000);
    assert!(out.len() < 1_000, "{} detections", out.len());
    assert!(detector.statistics().bytes < 16 << 20);
}

#[test]
fn single_traceroute_packets_under_a_million_names_are_not_told() {
    let mut detector = Detector::new(Config { memory: 8 << 20, ..Config::default() });
    let mut out = Vec::new();
    for n in 0..100_000_u32 {
        let mut event =
            udp(i64::from(n) * 100, v4(0x2d00_0000 + n), 9, ip("10.0.0.5"), 33_440, Outcome::Unanswered);
        event.first.ttl = 3;
        detector.observe(&event, &mut out);
    }
    assert!(out.is_empty());
}

#[test]
fn campaigns_are_bounded() {
    let memory = 8 << 20;
    let mut detector = Detector::new(Config { memory, ..Config::default() });
    let mut out = Vec::new();
    for n in 0..5_000_u32 {
        for port in 0..12 {
            let target = v4(0x0a01_0000 + n);
            // Confirmed, so that each has a campaign of its own.
            let mut event = refused(i64::from(n) * 1_000, v4(0x2d00_0000 + n * 7), target, port);
            (event.outcome, event.closing) = (Outcome::Accepted, vedette_event::Closing::ResetBySource);
            detector.observe(&event, &mut out);
        }
    }
    let statistics = detector.statistics();
    assert!(statistics.bytes < memory, "{statistics:?}");
    assert!(statistics.campaigns_closed_early > 0, "{statistics:?}");
    assert_eq!(scans(&out).len(), 5_000, "told of all the same");
}

#[test]
fn events_of_any_content_do_no_harm() {
    let mut random = Random(3);
    let outcomes = [
        Outcome::Accepted,
        Outcome::Refused,
        Outcome::Rejected,
        Outcome::Unanswered,
        Outcome::MidStream,
        Outcome::Unsolicited,
    ];
    let transports =
        [Transport::Tcp, Transport::Udp, Transport::Sctp, Transport::Icmp, Transport::Arp, Transport::Ip(47)];
    let mut detector = Detector::new(Config { memory: 0, ..Config::default() });
    let mut out = Vec::new();
    for n in 0..300_000 {
        let mut pick = |count: usize| random.next() as usize % count;
        let mut event = attempt(
            0,
            v4(0x0a00_0000 + pick(300) as u32),
            v4(0x0a00_0000 + pick(300) as u32),
            transports[pick(6)],
            pick(2_000) as u16,
        );
        event.outcome = outcomes[pick(6)];
        event.kind = if pick(3) == 0 { EventKind::FlowEnd } else { EventKind::Attempt };
        event.time = [Time(i64::MIN), Time(i64::MAX), START, START.plus(n * 1_000)]
            [if n % 50 < 2 { n as usize % 2 } else { 2 + pick(2) }];
        event.decided = if pick(50) == 0 { event.time } else { START.plus(n * 1_000) };
        event.count = [0, 1, 1, 1, 1, u32::MAX][pick(6)];
        event.retries = [0, u16::MAX][pick(2)];
        event.duration = [0, i64::MIN, i64::MAX, 7][pick(4)];
        event.handshake_completed = pick(2) == 0;
        event.first.tcp_flags = pick(512) as u16;
        event.first.options = u64::from(random.next()) << 32;
        event.first.payload_prefix_len = random.next() as u8;
        event.first.payload_len = random.next() as u16;
        detector.observe(&event, &mut out);
        out.truncate(1_000);
    }
    detector.finish(&mut out);
}

/// Not a measurement (see `bench/`), only a guard against anything quadratic.
#[test]
fn time_for_an_event_does_not_grow_with_what_is_remembered() {
    let cost = |sources: u32| {
        let events: Vec<Event> = (0..200_000_u32)
            .map(|n| {
                let source = v4(0x0a00_0000 + (n % sources) * 3);
                refused(i64::from(n) * 5_000, source, v4(0x0b00_0000 + n % 7_000), (n / sources) as u16 % 3)
            })
            .collect();
        let mut detector = Detector::new(Config::default());
        let mut out = Vec::new();
        let start = Instant::now();
        events.iter().for_each(|event| detector.observe(event, &mut out));
        start.elapsed().as_nanos() as f64 / events.len() as f64
    };
    let (few, many) = (cost(1_000), cost(200_000));
    println!("{few:.0} ns with 1,000 sources, {many:.0} ns with 200,000");
    assert!(many < few * 8.0 + 2_000.0, "{few:.0} ns with few sources, {many:.0} ns with many");
}
