//! Twins of scans that are none: nothing may be told of them as a scan.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod synthetic;

use synthetic::*;
use vedette_event::{Closing, DetectionKind, Event, Outcome, Transport, flag};

#[track_caller]
fn nothing(events: Vec<Event>) {
    let found = scans(&told(events));
    assert!(found.is_empty(), "{:#?}", found.first());
}

#[test]
fn a_browser_on_many_sites_some_of_which_are_down() {
    let mut events = Vec::new();
    for n in 0..300_u32 {
        let site = v4(0x5db8_0000 + n * 77);
        let at = i64::from(n) * 150_000;
        match n % 7 {
            0 => events.push(syn(at, ip("10.0.0.5"), site, 443)),
            _ => events.extend(connection(at, ip("10.0.0.5"), site, 443, 900, 30_000, 400_000)),
        }
    }
    nothing(events);
}

#[test]
fn health_checks_of_a_load_balancer_over_a_pool() {
    let mut events = Vec::new();
    for round in 0..60_i64 {
        for host in 0..40_u32 {
            let at = round * 5 * SECOND + i64::from(host) * 40_000;
            events.extend(connection(at, ip("10.0.0.2"), v4(0x0a01_0000 + host), 8080, 0, 0, 1_000));
        }
    }
    nothing(events);
}

#[test]
fn half_open_checks_of_a_load_balancer_over_a_pool() {
    let mut events = Vec::new();
    for round in 0..60_i64 {
        for host in 0..20_u32 {
            let at = round * 5 * SECOND + i64::from(host) * 40_000;
            let mut event = refused(at, ip("10.0.0.2"), v4(0x0a01_0000 + host), 8080);
            (event.outcome, event.closing) = (Outcome::Accepted, Closing::ResetBySource);
            events.push(event);
        }
    }
    nothing(events);
}

#[test]
fn more_hosts_to_watch_than_are_remembered_one_by_one() {
    let mut events = Vec::new();
    for round in 0..20 {
        for host in 0..150_u32 {
            let at = round * 60 * SECOND + i64::from(host) * 10_000;
            events.push(ping(at, ip("10.0.0.9"), v4(0x0a05_0000 + host * 11), true));
        }
    }
    nothing(events);
}

#[test]
fn a_flood_of_ones_own_and_what_it_draws() {
    let mut events = Vec::new();
    for n in 0..400_u16 {
        let mut event = syn(i64::from(n) * 1_000, ip("10.0.0.5"), ip("10.0.0.80"), 80);
        event.source_port = n;
        events.push(event);
        let mut answer = syn(i64::from(n) * 1_000 + 10, ip("10.0.0.80"), ip("10.0.0.5"), n);
        answer.source_port = 80;
        answer.outcome = Outcome::Unsolicited;
        answer.first.tcp_flags = flag::SYN | flag::ACK;
        events.push(answer);
    }
    let told = told(events);
    assert!(of_kind(&told, DetectionKind::Backscatter).is_empty(), "it was asked for");
}

#[test]
fn monitoring_of_eight_services_on_each_of_ten_hosts() {
    let mut events = Vec::new();
    for round in 0..30_i64 {
        for host in 0..10_u32 {
            for (n, port) in [22, 25, 80, 443, 3306, 5432, 8080, 9090].into_iter().enumerate() {
                let at = round * 60 * SECOND + i64::from(host) * SECOND + n as i64 * 20_000;
                let heard = if matches!(port, 22 | 25 | 3306) { 60 } else { 0 };
                events.extend(connection(
                    at,
                    ip("10.0.0.9"),
                    v4(0x0a02_0000 + host * 5),
                    port,
                    0,
                    heard,
                    2_000,
                ));
            }
        }
    }
    nothing(events);
}

#[test]
fn retries_to_a_service_that_is_dead_for_a_day() {
    let events =
        (0..86_400 / 5).map(|n| refused(n * 5 * SECOND, ip("10.0.0.5"), ip("10.0.0.6"), 5432)).collect();
    nothing(events);
}

#[test]
fn a_storm_of_reconnections_when_a_service_stops() {
    let mut events = Vec::new();
    for client in 0..200_u32 {
        for n in 0..20 {
            let at = n * 500_000 + i64::from(client) * 1_000;
            events.push(refused(at, v4(0x0a03_0000 + client), ip("10.0.0.6"), 5672));
        }
    }
    nothing(events);
}

#[test]
fn knocking_at_a_handful_of_ports() {
    let mut events = Vec::new();
    for (n, port) in [7_000, 8_000, 9_000, 12_345, 23_456].into_iter().enumerate() {
        events.push(syn(n as i64 * 300_000, ip("10.0.0.5"), ip("10.0.0.6"), port));
    }
    events.extend(connection(2 * SECOND, ip("10.0.0.5"), ip("10.0.0.6"), 22, 2_000, 3_000, SECOND));
    nothing(events);
}

/// The capture lost the begin of the control connection, and most of what its data connections said.
#[test]
fn data_channels_beside_a_conversation_whose_begin_was_lost() {
    let mut control = syn(0, ip("10.0.0.5"), ip("10.0.0.6"), 21);
    (control.outcome, control.first.tcp_flags) = (Outcome::MidStream, flag::ACK | flag::PSH);
    let mut events = vec![control];
    for n in 0..20_u16 {
        let at = SECOND + i64::from(n) * SECOND / 2;
        events.extend(connection(at, ip("10.0.0.5"), ip("10.0.0.6"), 50_000 + n, 0, 0, 90_000));
    }
    nothing(events.clone());
    // Without the conversation nothing excuses them.
    assert_eq!(scans(&told(events.split_off(1))).len(), 1);
}

/// One direction only: all the answers of a resolver, and none of its questions.
#[test]
fn answers_of_a_resolver_whose_questions_are_not_seen() {
    let late = |n: u16| n.is_multiple_of(50);
    let answer = |n: u16| {
        let outcome = if late(n) { Outcome::Refused } else { Outcome::Unanswered };
        udp(i64::from(n) * 30_000, ip("10.0.0.6"), 53, ip("10.0.0.5"), 32_768 + n * 7, outcome)
    };
    nothing((0..600).map(answer).collect());
}

#[test]
fn data_channels_of_ftp_and_rpc() {
    let mut events = Vec::new();
    events.extend(connection(0, ip("10.0.0.5"), ip("10.0.0.6"), 21, 900, 2_000, 100 * SECOND));
    for n in 0..60_u16 {
        let at = SECOND * (1 + i64::from(n));
        // Downloads: the server speaks, the client does not.
        events.extend(connection(at, ip("10.0.0.5"), ip("10.0.0.6"), 50_000 + n * 7, 0, 90_000, 200_000));
        // Active mode: the server connects back.
        events.extend(connection(
            at + 300_000,
            ip("10.0.0.6"),
            ip("10.0.0.5"),
            40_000 + n * 7,
            9_000,
            0,
            200_000,
        ));
    }
    nothing(events);
}

#[test]
fn late_answers_of_a_resolver_and_the_errors_they_draw() {
    let mut events = Vec::new();
    for n in 0..300_u16 {
        let at = i64::from(n) * 20_000;
        let asked = if n % 10 == 0 { Outcome::Unanswered } else { Outcome::Accepted };
        events.push(udp(at, ip("10.0.0.5"), 30_000 + n, ip("10.0.0.53"), 53, asked));
        if n % 10 == 0 {
            events.push(udp(at + 700_000, ip("10.0.0.53"), 53, ip("10.0.0.5"), 30_000 + n, Outcome::Refused));
        }
    }
    nothing(events);
}

#[test]
fn a_peer_to_peer_client_with_mostly_dead_peers() {
    let mut events = Vec::new();
    for n in 0..600_u32 {
        let peer = v4(0x2d00_0000 + n * 65_537);
        let port = 1_025 + (n * 7_919 % 60_000) as u16;
        let at = i64::from(n) * 200_000;
        match n % 4 {
            0 => events.extend(connection(at, ip("10.0.0.5"), peer, port, 70, 500, SECOND)),
            1 => events.push(refused(at, ip("10.0.0.5"), peer, port)),
            _ => events.push(syn(at, ip("10.0.0.5"), peer, port)),
        }
        events.push(udp(at + 7, ip("10.0.0.5"), 6_881, peer, port, Outcome::Unanswered));
    }
    nothing(events);
}

#[test]
fn peers_that_come_for_a_port_long_closed() {
    let mut events = Vec::new();
    for n in 0..2_000_u32 {
        events.push(refused(i64::from(n) * 200_000, v4(0x2d00_0000 + n * 65_537), ip("10.0.0.5"), 51_413));
    }
    nothing(events);
}

#[test]
fn acknowledgements_of_connections_that_the_target_forgot() {
    let mut events = Vec::new();
    // The clients still talk to a server that restarted; then the server's side of it.
    for n in 0..100_u16 {
        let mut event = refused(i64::from(n) * 30_000, v4(0x0a04_0000 + u32::from(n)), ip("10.0.0.6"), 443);
        event.first.tcp_flags = flag::ACK;
        events.push(event);
    }
    for n in 0..40_u16 {
        let [open, _] = connection(i64::from(n), ip("10.0.0.5"), ip("10.0.0.6"), 443, 0, 0, SECOND);
        events.push(open);
        let mut event = refused(10 * SECOND + i64::from(n), ip("10.0.0.6"), ip("10.0.0.5"), 40_000 + n);
        event.source_port = 443;
        event.first.tcp_flags = flag::ACK;
        event.first.options = 0;
        events.push(event);
    }
    nothing(events);
}

#[test]
fn discovery_by_multicast_and_broadcast() {
    let mut events = Vec::new();
    for (n, target) in
        ["224.0.0.251", "239.255.255.250", "255.255.255.255", "ff02::fb"].into_iter().enumerate()
    {
        for port in [5_353, 1_900, 67, 137, 3_702, 5_355] {
            let source = if target.contains(':') { "fe80::5" } else { "10.0.0.5" };
            events.push(udp(n as i64 * SECOND, ip(source), port, ip(target), port, Outcome::Unanswered));
        }
    }
    nothing(events);
}

#[test]
fn one_way_traffic_to_collectors() {
    let mut events = Vec::new();
    for (n, port) in [514, 8_125, 2_055, 6_343, 4_739, 12_201].into_iter().enumerate() {
        for round in 0..50 {
            events.push(udp(
                round * SECOND + n as i64,
                ip("10.0.0.5"),
                9_000,
                ip("10.0.0.7"),
                port,
                Outcome::Unanswered,
            ));
        }
    }
    nothing(events);
}

#[test]
fn a_monitoring_host_that_pings_those_it_watches() {
    let mut events = Vec::new();
    for round in 0..20 {
        for host in 0..40_u32 {
            let at = round * 60 * SECOND + i64::from(host) * 10_000;
            events.push(ping(at, ip("10.0.0.9"), v4(0x0a05_0000 + host * 11), host % 13 != 0));
        }
    }
    nothing(events);
}

#[test]
fn a_router_that_starts_and_asks_for_the_hosts_it_knows() {
    let mut events = Vec::new();
    for host in 0..100_u32 {
        // The hosts had asked for the router before.
        let mut event =
            attempt(i64::from(host) * SECOND, v4(0x0a06_0002 + host), ip("10.6.0.1"), Transport::Arp, 0);
        event.source_mac = Some([2, 0, 0, 0, 6, host as u8]);
        events.push(event);
        let at = 200 * SECOND + i64::from(host) * 20_000;
        let mut event = attempt(at, ip("10.6.0.1"), v4(0x0a06_0002 + host), Transport::Arp, 0);
        event.source_mac = Some([2, 0, 0, 0, 6, 254]);
        events.push(event);
    }
    nothing(events);
}

#[test]
fn a_windows_logon() {
    let mut events = Vec::new();
    for (n, port) in [88, 389, 445, 135, 3_268, 49_668, 49_670, 636].into_iter().enumerate() {
        events.extend(connection(
            n as i64 * 5_000,
            ip("10.0.0.5"),
            ip("10.0.0.10"),
            port,
            1_500,
            2_500,
            SECOND,
        ));
    }
    // Ports the domain controller does not serve.
    events.push(refused(SECOND, ip("10.0.0.5"), ip("10.0.0.10"), 139));
    events.push(refused(SECOND + 9, ip("10.0.0.5"), ip("10.0.0.10"), 80));
    nothing(events);
}

#[test]
fn floods_with_invented_sources_are_floods() {
    let mut events = Vec::new();
    for n in 0..20_000_u32 {
        events.push(syn(i64::from(n) * 200, v4(n.wrapping_mul(2_654_435_761)), ip("10.0.0.5"), 80));
    }
    let told = told(events);
    assert!(scans(&told).is_empty());
    let floods = of_kind(&told, DetectionKind::Flood);
    assert_eq!(floods.len(), 1);
    // Those before it was recognised are known by their rate only.
    assert!((19_990..=20_000).contains(&floods[0].probes), "{}", floods[0].probes);
}

#[test]
fn floods_over_all_ports_are_floods() {
    let mut events = Vec::new();
    for n in 0..20_000_u32 {
        let port = (n.wrapping_mul(40_503) >> 3) as u16;
        events.push(refused(i64::from(n) * 200, v4(n.wrapping_mul(2_654_435_761)), ip("10.0.0.5"), port));
    }
    let told = told(events);
    assert!(scans(&told).is_empty(), "{:#?}", scans(&told)[0]);
    assert_eq!(of_kind(&told, DetectionKind::Flood).len(), 1);
}

#[test]
fn backscatter_is_backscatter() {
    let mut events = Vec::new();
    for n in 0..500_u16 {
        let mut event =
            syn(i64::from(n) * 10_000, ip("203.0.113.80"), v4(0x0a07_0000 + u32::from(n % 7)), 1_024 + n * 5);
        event.source_port = 80;
        event.outcome = Outcome::Unsolicited;
        event.first.tcp_flags = if n % 3 == 0 { flag::RST | flag::ACK } else { flag::SYN | flag::ACK };
        events.push(event);
    }
    let told = told(events);
    assert!(scans(&told).is_empty());
    assert_eq!(of_kind(&told, DetectionKind::Backscatter).len(), 1);
}

/// Without a router of its own the flooded host asks the LAN for each invented address.
#[test]
fn a_flooded_host_that_looks_for_those_it_must_answer() {
    let host = ip("10.0.0.5");
    let mut events = Vec::new();
    for n in 0..12_000_u32 {
        let (at, stranger) = (i64::from(n) * 400, v4(0x3000_0000 + n * 7_919));
        events.push(udp(at, stranger, 1_024 + n as u16 % 60_000, host, 53, Outcome::Unanswered));
        if n % 8 == 0 {
            events.push(attempt(at + 100, host, stranger, Transport::Arp, 0));
        }
    }
    nothing(events);
}

#[test]
fn a_host_that_looks_for_its_callers() {
    let host = ip("10.0.0.5");
    let mut events = Vec::new();
    for n in 0..100_u32 {
        let (at, caller) = (i64::from(n) * 20_000, v4(0x0a00_0100 + n));
        events.extend(connection(at, caller, host, 443, 200, 900, 50_000));
        events.push(attempt(at + 50, host, caller, Transport::Arp, 0));
    }
    nothing(events);
}
