//! Floods, full tables, and that the same packets give the same events.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::net::Ipv4Addr;
use support::{HOST, SCANNER, Wire, at, config};
use vedette_event::flag::{ACK, RST, SYN};
use vedette_event::{Event, EventKind, Outcome};
use vedette_parse::flow::FolderConfig;

/// A source for each number, spread over the address space.
fn source(number: u32) -> (Ipv4Addr, u16) {
    (Ipv4Addr::from(number.wrapping_mul(2_654_435_761) | 1), (number % 60_000) as u16 + 1_024)
}

fn attempts(events: &[Event]) -> u64 {
    events.iter().filter(|event| event.kind == EventKind::Attempt).map(|event| u64::from(event.count)).sum()
}

/// 5,000 SYNs a second from as many sources.
fn flood(wire: &mut Wire, seconds: u32) {
    for number in 0..seconds * 5_000 {
        wire.tcp(source(number), HOST, SYN, number, 0, b"").wait(190);
    }
}

#[test]
fn a_flood_is_told_once_a_second_and_counted_to_the_last_packet() {
    let mut wire = Wire::new();
    flood(&mut wire, 4);
    let (events, stats) = wire.fold_with(config());
    assert_eq!(attempts(&events), 20_000);
    // 1,001 before it is recognised, 50 in each second after that, and the sums.
    assert!(events.len() < 1_300, "{}", events.len());
    let sums: Vec<_> = events.iter().filter(|event| event.count > 1).collect();
    assert_eq!(sums.iter().map(|event| u64::from(event.count)).sum::<u64>(), stats.aggregated);
    assert!((3..=5).contains(&sums.len()), "{}", sums.len());
    for sum in sums {
        assert_eq!((sum.target, sum.target_port, sum.outcome), (at(HOST.0), HOST.1, Outcome::Unanswered));
        assert_eq!(sum.first.tcp_flags, SYN);
    }
    let sources: std::collections::HashSet<_> = events.iter().map(|event| event.source).collect();
    assert!(sources.len() > 1_100, "the sample keeps the sources apart: {}", sources.len());
}

#[test]
fn a_quiet_scanner_is_seen_under_a_flood() {
    let mut wire = Wire::new();
    for number in 0..20_000 {
        wire.tcp(source(number), HOST, SYN, number, 0, b"").wait(190);
        if number % 500 == 0 {
            let port = 1_000 + (number / 500) as u16;
            wire.tcp(SCANNER, (HOST.0, port), SYN, 1, 0, b"").tcp(
                (HOST.0, port),
                SCANNER,
                RST | ACK,
                0,
                2,
                b"",
            );
        }
    }
    let events = wire.fold();
    let scanned: Vec<_> =
        events.iter().filter(|event| event.source == at(SCANNER.0)).map(|event| event.outcome).collect();
    assert_eq!(scanned, [Outcome::Refused; 40]);
}

/// At such a rate single attempts are only counted, but who comes back is not.
#[test]
fn a_quiet_scanner_is_seen_under_a_flood_of_all_ports() {
    let mut wire = Wire::new();
    for number in 0..400_000u32 {
        wire.tcp(source(number), (HOST.0, number as u16), SYN, number, 0, b"");
        if number % 10_000 == 0 {
            let port = 1_000 + (number / 10_000) as u16;
            wire.tcp(SCANNER, (HOST.0, port), SYN, 1, 0, b"");
            wire.tcp((HOST.0, port), SCANNER, RST | ACK, 0, 2, b"");
        }
    }
    let (events, stats) = wire.fold_with(config());
    let scanned = events.iter().filter(|event| event.source == at(SCANNER.0)).count();
    assert!(scanned >= 38, "{scanned} of 40");
    assert!(stats.aggregated > 340_000, "{stats:?}");
    assert_eq!(attempts(&events), 400_040);
}

#[test]
fn answers_of_a_flooded_host_are_no_attempts_of_its_own() {
    let mut wire = Wire::new();
    for number in 0..10_000 {
        let client = source(number);
        wire.tcp(client, HOST, SYN, number, 0, b"").wait(50);
        wire.tcp(HOST, client, SYN | ACK, 7, number.wrapping_add(1), b"").wait(50);
        if number % 2 == 0 {
            // Those whose addresses were forged and who are there.
            wire.tcp(client, HOST, RST, number.wrapping_add(1), 0, b"").wait(50);
        }
    }
    let (events, stats) = wire.fold_with(config());
    assert_eq!(attempts(&events), 10_000);
    assert!(events.iter().all(|event| event.target == at(HOST.0)));
    assert!(stats.absorbed > 8_000, "{stats:?}");

    let mut wire = Wire::new();
    let dns = (HOST.0, 53);
    for number in 0..10_000 {
        wire.udp(source(number), dns, b"?").wait(100);
        if number > 5_000 {
            wire.udp(dns, source(number), b"!").wait(10);
        }
    }
    let events = wire.fold();
    assert!(events.iter().all(|event| event.target == at(HOST.0)));
}

#[test]
fn a_busy_server_is_no_flood() {
    let mut wire = Wire::new();
    for number in 0..9_000 {
        let client = source(number);
        wire.tcp(client, HOST, SYN, number, 0, b"");
        wire.tcp(HOST, client, SYN | ACK, 7, number + 1, b"");
        wire.tcp(client, HOST, ACK, number + 1, 8, b"").wait(100);
    }
    let (events, stats) = wire.fold_with(config());
    assert_eq!(stats.aggregated, 0);
    assert!(events.iter().all(|event| event.outcome == Outcome::Accepted && event.count == 1));
}

#[test]
fn a_server_that_completes_most_is_no_flood_either() {
    let mut wire = Wire::new();
    for number in 0..9_000 {
        let client = source(number);
        wire.tcp(client, HOST, SYN, number, 0, b"").wait(60);
        if number % 3 != 0 {
            wire.tcp(HOST, client, SYN | ACK, 7, number + 1, b"");
            wire.tcp(client, HOST, ACK, number + 1, 8, b"");
        }
    }
    assert_eq!(wire.fold_with(config()).1.aggregated, 0);
}

#[test]
fn a_flood_ends_and_single_attempts_are_seen_again() {
    let mut wire = Wire::new();
    flood(&mut wire, 2);
    wire.wait(3_000_000);
    for number in 0..100 {
        wire.tcp((SCANNER.0, 1_000 + number), HOST, SYN, 1, 0, b"").wait(1_000);
    }
    let events = wire.fold();
    let seen = events.iter().filter(|event| event.source == at(SCANNER.0)).count();
    assert_eq!((seen, attempts(&events)), (100, 10_100));
}

#[test]
fn a_flood_over_all_ports_is_recognised_by_its_many_sources() {
    let burst = |sources: u32| {
        let mut wire = Wire::new();
        for number in 0..60_000u32 {
            let from = if sources == 1 { SCANNER } else { source(number % sources) };
            wire.tcp(from, (HOST.0, number as u16), SYN, number, 0, b"");
        }
        wire.fold_with(config())
    };
    let (events, stats) = burst(60_000);
    assert_eq!(attempts(&events), 60_000);
    assert!(stats.aggregated > 39_000, "{stats:?}");
    // One scanner at full speed, with decoys or without, is followed to the last port.
    for sources in [1, 11] {
        let (events, stats) = burst(sources);
        assert_eq!((events.len(), stats.aggregated), (60_000, 0));
    }
}

#[test]
fn backscatter_of_a_flood_elsewhere_is_aggregated_as_unsolicited() {
    let mut wire = Wire::new();
    for number in 0..10_000 {
        wire.tcp((source(number).0, 80), HOST, SYN | ACK, 1, 2, b"").wait(100);
    }
    let (events, stats) = wire.fold_with(config());
    assert!(stats.aggregated > 8_000);
    assert!(events.iter().all(|event| event.outcome == Outcome::Unsolicited));
    assert_eq!(attempts(&events), 10_000);
}

#[test]
fn a_full_table_forgets_what_is_missed_least() {
    let small = || FolderConfig { max_flows: 100, ..config() };
    // Over: refused attempts make room for new ones, and nothing is lost.
    let mut wire = Wire::new();
    for port in 0..1_000 {
        wire.tcp(SCANNER, (HOST.0, port), SYN, 1, 0, b"").tcp((HOST.0, port), SCANNER, RST | ACK, 0, 2, b"");
    }
    let (events, stats) = wire.fold_with(small());
    assert_eq!((events.len(), stats.evicted_done, stats.evicted_pending), (1_000, 900, 0));

    // A burst of strangers does not end a connection that is open.
    let mut wire = Wire::new();
    wire.tcp(SCANNER, HOST, SYN, 1, 0, b"").tcp(HOST, SCANNER, SYN | ACK, 1, 2, b"");
    wire.tcp(SCANNER, HOST, ACK, 2, 2, b"hello");
    for number in 0..1_000 {
        wire.tcp(source(number), (HOST.0, 1_000 + number as u16), SYN, 1, 0, b"");
    }
    wire.tcp(SCANNER, HOST, RST, 7, 0, b"");
    let (events, stats) = wire.fold_with(small());
    assert_eq!((stats.evicted_open, stats.evicted_pending), (0, 901));
    assert_eq!(attempts(&events), 1_001);
    assert!(events.iter().any(|event| event.kind == EventKind::FlowEnd && event.sent.bytes == 5));

    // Nothing but open connections: the longest open one ends, and says so.
    let mut wire = Wire::new();
    for number in 0..200 {
        let client = source(number);
        wire.tcp(client, HOST, SYN, 1, 0, b"").tcp(HOST, client, SYN | ACK, 1, 2, b"");
        wire.tcp(client, HOST, ACK, 2, 2, b"hello").tcp(client, HOST, ACK, 7, 2, b"again");
    }
    let (events, stats) = wire.fold_with(small());
    assert_eq!((stats.evicted_open, events.len()), (100, 400));
}

#[test]
fn the_table_never_grows_beyond_its_limit() {
    let mut wire = Wire::new();
    for number in 0..5_000u32 {
        let client = source(number);
        match number % 4 {
            0 => wire.tcp(client, (HOST.0, number as u16), SYN, 1, 0, b""),
            1 => wire.udp(client, (HOST.0, number as u16), b"x"),
            2 => wire.arp(true, client.0, Ipv4Addr::from(number)),
            _ => wire.icmp(client.0, HOST.0, 8, 0, &[0, number as u8, 0, 1]),
        };
    }
    let mut folder = vedette_parse::flow::FlowFolder::new(FolderConfig { max_flows: 500, ..config() });
    let mut events = Vec::new();
    for frame in wire.frames() {
        folder.push(&vedette_parse::packet::decode(&frame).unwrap(), &mut events);
        assert!(folder.stats().flows <= 500);
    }
    folder.finish(&mut events);
    assert_eq!(folder.stats().flows, 0);
    assert_eq!(attempts(&events), 5_000);
}

#[test]
fn flows_that_go_on_do_not_end() {
    let mut wire = Wire::new();
    let dns = (HOST.0, 53);
    for _ in 0..30 {
        wire.udp(SCANNER, dns, b"?").udp(dns, SCANNER, b"!").wait(20_000_000);
    }
    let events = wire.fold();
    assert_eq!(events.len(), 2);
    assert_eq!((events[1].sent.packets, events[1].closing), (30, vedette_event::Closing::Open));
}

#[test]
fn idle_flows_end_and_are_forgotten() {
    let mut wire = Wire::new();
    let dns = (HOST.0, 53);
    wire.udp(SCANNER, dns, b"?").udp(dns, SCANNER, b"!").udp(SCANNER, dns, b"?");
    wire.tcp(SCANNER, HOST, SYN, 1, 0, b"").tcp(HOST, SCANNER, SYN | ACK, 1, 2, b"");
    wire.tcp(SCANNER, HOST, ACK, 2, 2, b"hello").tcp(HOST, SCANNER, ACK, 2, 7, b"hello");
    let mut folder = vedette_parse::flow::FlowFolder::new(config());
    let mut events = Vec::new();
    for frame in wire.frames() {
        folder.push(&vedette_parse::packet::decode(&frame).unwrap(), &mut events);
    }
    let mut ends = Vec::new();
    for second in 0..700 {
        let before = events.len();
        folder.advance(vedette_event::Time(wire.now + second * 1_000_000), &mut events);
        ends.extend(std::iter::repeat_n(second, events.len() - before));
    }
    // Between one and two time-outs after the last packet.
    assert_eq!(ends.len(), 2);
    assert!((30..=61).contains(&ends[0]) && (300..=601).contains(&ends[1]), "{ends:?}");
    assert!(events[2..].iter().all(|event| event.closing == vedette_event::Closing::Timeout));
    assert_eq!(folder.stats().flows, 0);
}

#[test]
fn the_same_packets_give_the_same_events_whatever_the_hashes_and_the_clock() {
    let mut wire = Wire::new();
    for number in 0..3_000u32 {
        let client = source(number);
        wire.tcp(client, (HOST.0, number as u16), SYN, 1, 0, b"").wait(3_000);
        if number % 3 == 0 {
            wire.tcp((HOST.0, number as u16), client, RST | ACK, 0, 2, b"");
        }
        wire.udp(client, (HOST.0, number as u16), b"x");
    }
    let (expected, _) = wire.fold_with(config());
    for seed in 1..4 {
        let (events, _) = wire.fold_with(FolderConfig { seed, max_flows: 131_072, ..config() });
        assert!(events == expected, "seed {seed}");
    }
    // A live sensor lets time pass between packets.
    let mut folder = vedette_parse::flow::FlowFolder::new(config());
    let mut events = Vec::new();
    for frame in wire.frames() {
        folder.advance(frame.time.plus(-7), &mut events);
        folder.advance(frame.time, &mut events);
        folder.push(&vedette_parse::packet::decode(&frame).unwrap(), &mut events);
    }
    folder.finish(&mut events);
    assert!(events == expected);
}
