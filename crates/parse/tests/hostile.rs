//! Hostile input: random bytes, cut and changed captures, packets that contradict each other. Nothing
//! may panic, grow without bound or leave events out of order.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use proptest::prelude::*;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};
use support::{Wire, config, ethernet, ipv4, shared};
use vedette_event::{Event, Time};
use vedette_parse::flow::{FlowFolder, FolderConfig};
use vedette_parse::packet::{Frame, Link, Way, decode};
use vedette_parse::pcap::{Reader, write};

/// Reads and folds whatever is readable, into a table of 64 flows.
fn digest(data: &[u8]) -> usize {
    let Ok(reader) = Reader::new(data) else { return 0 };
    let mut folder = FlowFolder::new(FolderConfig { max_flows: 64, flood_rate: 20, ..config() });
    let mut events = Vec::new();
    let mut finals = 0;
    for item in reader {
        match item {
            Ok(frame) => {
                assert!(frame.data.len() as u64 <= u64::from(frame.wire_len));
                if let Ok(packet) = decode(&frame) {
                    folder.push(&packet, &mut events);
                }
                assert!(folder.stats().flows <= 64);
            }
            Err(error) => finals += usize::from(error.is_final()),
        }
    }
    assert!(finals <= 1);
    folder.finish(&mut events);
    check(&events, &folder);
    events.len()
}

fn check(events: &[Event], folder: &FlowFolder) {
    let stats = folder.stats();
    assert_eq!(stats.flows, 0);
    if stats.clock_steps == 0 {
        assert!(events.is_sorted_by_key(|event| event.decided));
    }
    for event in events {
        assert!(event.count >= 1 && event.duration >= 0);
        assert!(usize::from(event.first.payload_prefix_len) <= 16);
    }
    let told: u64 = events.iter().map(|event| u64::from(event.count)).sum();
    assert!(told <= 2 * stats.packets, "no events out of nothing: {told} of {}", stats.packets);
}

fn samples() -> Vec<Vec<u8>> {
    let files = [
        "detect/scenarios/S04.pcap",
        "detect/scenarios/S22.pcap",
        "detect/scenarios/S30.pcap",
        "samples/pcap/benign/ndpi_dns_fragmented.pcap",
        "samples/pcap/benign/ndpi_teredo.pcap",
        "samples/pcap/benign/zeek_dns_mdns.pcap",
        "samples/pcap/benign/cs_nowebaccess3.pcapng",
        "samples/pcap/benign/ndpi_custom_rules_same-ip_multiple_ports.pcapng",
        "samples/pcap/scan/cs_activeosfingerprinting.pcapng",
    ];
    let mut samples: Vec<Vec<u8>> =
        files.iter().filter_map(|file| shared(file)).map(|path| std::fs::read(path).unwrap()).collect();
    let mut own = Vec::new();
    write::header(&mut own);
    for (number, frame) in conversation().frames().enumerate() {
        write::frame(&mut own, Time(number as i64), frame.data);
    }
    samples.push(own);
    samples
}

fn conversation() -> Wire {
    let (a, b) = (support::SCANNER, support::HOST);
    let mut wire = Wire::new();
    wire.tcp(a, b, 2, 1, 0, b"").tcp(b, a, 0x12, 1, 2, b"").tcp(a, b, 0x10, 2, 2, b"hello");
    wire.udp(a, b, b"x").icmp_error(b.0, 3, (a, b), 17).arp(true, a.0, b.0).arp(false, b.0, a.0);
    wire.icmp(a.0, b.0, 8, 0, &[0, 1, 0, 1]).icmp(b.0, a.0, 0, 0, &[0, 1, 0, 1]);
    wire
}

#[test]
fn captures_cut_at_any_length_are_read_as_far_as_they_go() {
    for sample in samples() {
        let whole = digest(&sample);
        assert!(whole > 0);
        let step = (sample.len() / 400).max(1);
        for length in (0..sample.len().min(600)).chain((600..sample.len()).step_by(step)) {
            digest(&sample[..length]);
        }
    }
}

#[test]
fn frames_cut_at_any_length_give_what_can_be_read() {
    for frame in conversation().frames() {
        let whole = decode(&frame).unwrap();
        for length in 0..frame.data.len() {
            let cut = Frame { data: &frame.data[..length], ..frame };
            if let Ok(packet) = decode(&cut) {
                assert_eq!((packet.source, packet.target), (whole.source, whole.target));
                assert_eq!(
                    (packet.segment_len, packet.payload_len()),
                    (whole.segment_len, whole.payload_len())
                );
                assert!(!packet.bad_checksum());
            }
        }
        // Ports and flags are enough: nothing behind them may be asked for.
        let readable = (0..frame.data.len())
            .filter(|&length| decode(&Frame { data: &frame.data[..length], ..frame }).is_ok())
            .count();
        assert!(readable > 0 || matches!(whole.body, vedette_parse::packet::Body::Resolve(_)));
    }
}

/// A generator with a fixed seed: failures can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, limit: usize) -> usize {
        self.next() as usize % limit.max(1)
    }
}

#[test]
fn changed_captures_are_survived() {
    let samples = samples();
    let mut random = Random(7);
    let end = Instant::now() + Duration::from_secs(3);
    let mut rounds = 0u64;
    while Instant::now() < end {
        let mut sample = samples[random.below(samples.len())].clone();
        sample.truncate(20_000);
        for _ in 0..random.below(12) + 1 {
            let at = random.below(sample.len());
            sample[at] = random.next() as u8;
        }
        digest(&sample);
        rounds += 1;
    }
    println!("{rounds} changed captures");
}

/// Few addresses, ports and times, so that packets meet in every state.
#[test]
fn conversations_at_random_keep_the_rules() {
    let mut random = Random(11);
    let end = Instant::now() + Duration::from_secs(3);
    let mut packets = 0u64;
    while Instant::now() < end {
        let mut folder = FlowFolder::new(FolderConfig { max_flows: 20, flood_rate: 10, ..config() });
        let mut events = Vec::new();
        let mut time = 1_000_000i64;
        for _ in 0..2_000 {
            time += [0, 1, 900, 100_000, 600_000, 40_000_000][random.below(6)];
            if random.below(500) == 0 {
                time -= 20_000_000;
            }
            let data = packet(&mut random);
            let frame = Frame {
                time: Time(time),
                link: Link::Ethernet,
                way: [Way::In, Way::Out, Way::Unknown][random.below(3)],
                data: &data,
                wire_len: data.len() as u32,
                interface: random.below(2) as u32,
                checksum_pending: false,
            };
            if let Ok(packet) = decode(&frame) {
                folder.push(&packet, &mut events);
                packets += 1;
            }
            if random.below(50) == 0 {
                folder.advance(Time(time + 1_000), &mut events);
            }
            assert!(folder.stats().flows <= 20);
        }
        folder.finish(&mut events);
        check(&events, &folder);
    }
    println!("{packets} packets");
}

fn packet(random: &mut Random) -> Vec<u8> {
    let end = |random: &mut Random| (Ipv4Addr::new(10, 0, 0, random.below(3) as u8), random.below(3) as u16);
    let (from, to) = (end(random), end(random));
    let mut wire = Wire::new();
    match random.below(9) {
        0..4 => {
            let flags = random.below(0x40) as u16;
            let (seq, ack) = (random.below(4) as u32, random.below(4) as u32);
            wire.tcp(from, to, flags, seq, ack, &b"payload"[..random.below(8)])
        }
        4 => wire.udp(from, to, &b"payload"[..random.below(8)]),
        5 => wire.arp(random.below(2) == 0, from.0, to.0),
        6 => {
            let kind = [0, 3, 5, 8, 11, 13, 14, 200][random.below(8)];
            wire.icmp(from.0, to.0, kind, random.below(5) as u8, &[0, random.below(3) as u8, 0, 1])
        }
        7 => wire.icmp_error(from.0, random.below(5) as u8, (to, from), [6, 17, 1, 47][random.below(4)]),
        _ => {
            let place = (random.below(4) as u16) | if random.below(2) == 0 { 0x2000 } else { 0 };
            let id = random.below(3) as u16;
            wire.raw(ethernet(0x0800, &ipv4(from.0, to.0, 6, id, place, &[random.next() as u8; 8])))
        }
    };
    wire.frames.remove(0).3
}

#[test]
fn times_at_the_ends_of_the_range_are_survived() {
    let data = conversation().frames.remove(0).3;
    for times in [[i64::MIN, i64::MAX], [i64::MAX, i64::MIN], [i64::MAX, i64::MAX], [0, i64::MIN]] {
        let mut folder = FlowFolder::new(config());
        let mut events = Vec::new();
        for time in times {
            let frame = Frame {
                time: Time(time),
                link: Link::Ethernet,
                way: Way::Unknown,
                data: &data,
                wire_len: data.len() as u32,
                interface: 0,
                checksum_pending: false,
            };
            folder.push(&decode(&frame).unwrap(), &mut events);
            folder.advance(Time(time), &mut events);
        }
        folder.finish(&mut events);
        assert!((1..=2).contains(&events.len()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn random_files_are_survived(
        magic in 0usize..6, bytes in proptest::collection::vec(any::<u8>(), 0..2_000),
    ) {
        let heads: [&[u8]; 6] = [
            &[],
            &[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0],
            &[0xa1, 0xb2, 0x3c, 0x4d, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 113],
            &[0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0],
            &[0x0a, 0x0d, 0x0d, 0x0a, 0, 0, 0, 28, 0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0],
            &[0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0,
              0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 28, 0, 0, 0,
              1, 0, 0, 0, 20, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 6, 0, 0, 0],
        ];
        digest(&[heads[magic], &bytes].concat());
    }
}
