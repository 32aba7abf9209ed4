//! What campaigns look like over their lives, from events made by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod synthetic;

use std::net::IpAddr;
use std::sync::Arc;
use synthetic::*;
use vedette_detect::{Config, Detector, Sensitivity};
use vedette_event::{
    Attribution, Change, Closing, Detection, Direction, Event, Outcome, Process, ScanType, SensorLosses,
    Severity, Shape, Transport,
};

const A: &str = "10.0.0.66";
const T: &str = "10.0.0.5";

fn scan(at: i64, gap: i64, ports: std::ops::Range<u16>) -> Vec<Event> {
    ports.enumerate().map(|(n, port)| refused(at + n as i64 * gap, ip(A), ip(T), port)).collect()
}

#[track_caller]
fn only(told: &[Detection]) -> Detection {
    let found = scans(told);
    assert_eq!(found.len(), 1, "{found:#?}");
    found[0].clone()
}

#[test]
fn opened_updated_at_most_once_a_second_and_closed() {
    let told = told(scan(0, 10_000, 1..1_001));
    assert_eq!(told[0].change, Change::Opened);
    assert_eq!(told[0].probes, 7);
    let last = told.last().unwrap();
    assert_eq!((last.change, last.probes, &last.ports[..]), (Change::Closed, 1_000, "1-1000"));
    let updates = told.len() - 2;
    assert!((5..=10).contains(&updates), "{updates} updates in 10 s");
    assert!(told.iter().all(|detection| detection.id == told[0].id));
}

#[test]
fn closed_by_silence_without_any_event() {
    let mut detector = Detector::new(Config::default());
    let mut out = Vec::new();
    for event in scan(0, 10_000, 1..50) {
        detector.observe(&event, &mut out);
    }
    out.clear();
    detector.advance(START.plus(200 * SECOND), &mut out);
    assert_eq!(changes(&out), [Change::Updated]);
    out.clear();
    detector.advance(START.plus(400 * SECOND), &mut out);
    assert_eq!(changes(&out), [Change::Closed]);
    out.clear();
    detector.advance(START.plus(9_000 * SECOND), &mut out);
    detector.finish(&mut out);
    assert!(out.is_empty());
}

#[test]
fn asking_for_the_time_changes_nothing_that_is_told() {
    let mut events = scan(0, 3 * SECOND, 1..200);
    events.extend(scan(1_000 * SECOND, 10_000, 200..300));
    let events = in_order(events);
    let quiet = run(Config::default(), &events);
    let mut detector = Detector::new(Config::default());
    let mut out = Vec::new();
    let mut now = START;
    for event in &events {
        while now < event.decided {
            detector.advance(now, &mut out);
            now = now.plus(200_000);
        }
        detector.observe(event, &mut out);
    }
    detector.finish(&mut out);
    assert_eq!(out, quiet);
}

#[test]
fn resumed_soon_it_is_the_same_and_later_another() {
    let mut events = scan(0, 10_000, 1..50);
    events.extend(scan(900 * SECOND, 10_000, 50..60));
    events.extend(scan(20_000 * SECOND, 10_000, 60..80));
    let told = told(events);
    let found = scans(&told);
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].probes, found[1].probes), (59, 20));
    assert_ne!(found[0].id, found[1].id);
    let of_first: Vec<Change> = told
        .iter()
        .filter(|detection| detection.id == found[0].id)
        .map(|detection| detection.change)
        .collect();
    assert_eq!(of_first.first(), Some(&Change::Opened));
    assert_eq!(of_first.iter().filter(|&&change| change == Change::Closed).count(), 2);
}

#[test]
fn slow_scans_are_one_campaign_and_decided_within_ten_probes() {
    for (gap, most) in [(15, 8), (300, 9), (1_800, 10)] {
        let told = told(scan(0, gap * SECOND, 1..61));
        assert!(told[0].probes <= most, "every {gap} s: {} probes", told[0].probes);
        assert_eq!(only(&told).probes, 60, "every {gap} s");
        let closed = told.iter().filter(|detection| detection.change == Change::Closed).count();
        assert_eq!(closed, 1, "every {gap} s: gaps are part of it");
    }
}

#[test]
fn several_hosts_are_one_campaign() {
    let mut events = Vec::new();
    for host in 1..=20_u32 {
        for port in 1..=30_u16 {
            let at = i64::from(host) * SECOND + i64::from(port) * 1_000;
            events.push(refused(at, ip(A), v4(0x0a00_0100 + host), port));
        }
    }
    let scan = only(&told(events));
    assert_eq!((scan.distinct_hosts, scan.distinct_ports, scan.shape), (20, 30, Shape::Block));
    assert_eq!(scan.probes, 600);
}

#[test]
fn one_port_on_many_hosts_is_a_sweep() {
    let events =
        (1..=60).map(|host| refused(i64::from(host) * 1_000, ip(A), v4(0x0a00_0100 + host), 445)).collect();
    let scan = only(&told(events));
    assert_eq!((scan.shape, scan.distinct_hosts, scan.distinct_ports), (Shape::Horizontal, 60, 1));
    assert_eq!(scan.scan_types, [ScanType::TcpConnect, ScanType::HostSweep]);
    assert_eq!(scan.mitre.techniques, ["T1046", "T1018"]);
}

#[test]
fn retries_and_repetitions_are_no_evidence() {
    let mut events = Vec::new();
    for n in 0..500 {
        let mut event = refused(n * 100_000, ip(A), ip(T), (n % 5) as u16 + 1);
        event.retries = 3;
        events.push(event);
    }
    assert!(scans(&told(events)).is_empty());
}

#[test]
fn success_elsewhere_does_not_excuse() {
    let mut events = scan(0, 2 * SECOND, 1..40);
    for n in 0..400_u32 {
        let site = v4(0x5db8_0000 + n * 77);
        events.extend(connection(i64::from(n) * 200_000, ip(A), site, 443, 900, 30_000, 100_000));
    }
    let scan = only(&told(events));
    assert_eq!((scan.distinct_ports, scan.distinct_hosts), (39, 1));
}

#[test]
fn daily_life_of_a_scanner_is_not_counted() {
    let mut events = scan(0, 10_000, 1..40);
    for n in 0..50_u32 {
        let site = v4(0x5db8_0000 + n * 77);
        events.extend(connection(SECOND + i64::from(n) * 20_000, ip(A), site, 443, 900, 30_000, 100_000));
    }
    let scan = only(&told(events));
    assert_eq!((scan.probes, scan.distinct_hosts, &scan.ports[..]), (39, 1, "1-39"));
}

#[test]
fn a_pause_just_over_a_minute_between_small_bursts_does_not_help() {
    let mut events = Vec::new();
    for burst in 0..10_u16 {
        events.extend(scan(i64::from(burst) * 70 * SECOND, 1_000, burst * 4 + 1..burst * 4 + 5));
    }
    let told = told(events);
    assert!(told[0].probes <= 9);
    assert_eq!(only(&told).probes, 40);
}

#[test]
fn two_scanners_are_two_campaigns() {
    let mut events = scan(0, 10_000, 1..40);
    events.extend(
        (1..40).map(|port| refused(i64::from(port) * 10_000 + 60 * SECOND, ip("10.0.0.67"), ip(T), port)),
    );
    assert_eq!(scans(&told(events)).len(), 2);
}

/// Probes of two addresses, the second from `begin` on and at `ports`.
fn moved(
    begin: i64,
    ports: std::ops::Range<u16>,
    packet: fn(i64, IpAddr, IpAddr, u16) -> Event,
) -> Vec<Event> {
    let each = |at: i64, source: &'static str, ports: std::ops::Range<u16>| {
        (0..).zip(ports).map(move |(n, port)| packet(at + n * 15 * SECOND, ip(source), ip(T), port))
    };
    each(0, A, 1..20).chain(each(begin, "10.0.0.67", ports)).collect()
}

#[test]
fn a_slow_scanner_that_changes_its_address_is_one_campaign() {
    let scan = only(&told(moved(20 * 15 * SECOND, 20..40, raw_refused)));
    assert_eq!((scan.shape, scan.distinct_ports), (Shape::Distributed, 39));
    assert_eq!(scan.source_ips, [ip(A), ip("10.0.0.67")]);
}

#[test]
fn another_scanner_with_any_programs_packets_is_not_the_same() {
    let again = moved(20 * 15 * SECOND, 1..20, refused);
    assert_eq!(scans(&told(again)).len(), 2, "the same ports by a stack that everyone has");
}

#[test]
fn work_shared_by_many_is_one_campaign_even_if_each_does_little() {
    let mut events = Vec::new();
    for source in 0..20_u32 {
        for n in 0..2 {
            let port = 100 + (source * 2 + n) as u16;
            let at = i64::from(source) * 3 * SECOND + i64::from(n);
            events.push(raw_refused(at, v4(0x0a00_0a00 + source), ip(T), port));
        }
    }
    let scan = only(&told(events));
    assert_eq!((scan.shape, scan.source_ips.len(), scan.distinct_ports), (Shape::Distributed, 20, 40));
}

#[test]
fn neighbours_who_come_to_a_scanned_host_are_not_accused() {
    let mut events = scan(0, 10_000, 1..100);
    for client in 0..30_u32 {
        for (n, port) in [443, 8_443].into_iter().enumerate() {
            let at = i64::from(client) * 30_000 + n as i64 * 500;
            events.extend(connection(at, v4(0x0a00_0b00 + client), ip(T), port, 700, 5_000, 50_000));
        }
    }
    let scan = only(&told(events));
    assert_eq!(scan.source_ips, [ip(A)]);
}

#[test]
fn clients_of_services_of_their_own_are_not_accused() {
    let mut events = scan(0, 10_000, 1..100);
    for client in 0..10_u32 {
        for n in 0..3 {
            let (at, port) = (i64::from(client) * 30_000 + n * 500, 5_000 + (client * 3) as u16 + n as u16);
            events.extend(connection(at, v4(0x0a00_0b00 + client), ip(T), port, 700, 5_000, 50_000));
        }
    }
    // Two more share the work, with hardly enough against each.
    for source in 0..2_u32 {
        for n in 0..3 {
            let (at, port) =
                (SECOND + i64::from(source) * 90_000 + n, 6_000 + (source * 3) as u16 + n as u16);
            events.push(refused(at, v4(0x0a00_0c00 + source), ip(T), port));
        }
    }
    for scan in scans(&told(events)) {
        let client = scan.source_ips.iter().find(|source| source.to_string().starts_with("10.0.11."));
        assert_eq!(client, None, "{:?}", scan.source_ips);
    }
}

#[test]
fn a_conversation_after_the_end_does_not_reopen() {
    let mut events = scan(0, 10_000, 1..40);
    events.extend(connection(900 * SECOND, ip(A), ip(T), 443, 900, 9_000, SECOND));
    let told = told(events);
    assert_eq!(told.last().unwrap().change, Change::Closed);
    assert_eq!(told.iter().filter(|detection| detection.change == Change::Closed).count(), 1);
}

#[test]
fn conversations_with_the_next_host_are_no_part_of_its_scan() {
    let mut events = connection(0, ip(A), ip("10.0.0.6"), 443, 900, 9_000, SECOND).to_vec();
    events.extend(scan(5 * SECOND, 10_000, 1..40));
    events.extend((1..10).map(|port| refused(9 * SECOND + i64::from(port), ip(A), ip("10.0.0.6"), port)));
    let scan = only(&told(events));
    assert_eq!((&scan.ports[..], scan.distinct_hosts, scan.probes), ("1-39", 2, 48));
}

#[test]
fn a_single_probe_of_another_kind_is_not_named() {
    let mut events = scan(SECOND, 10_000, 1..60);
    for port in [80, 443] {
        let mut before = refused(0, ip(A), ip(T), port);
        before.first.tcp_flags = vedette_event::flag::ACK;
        before.first.options = 0;
        events.push(before);
    }
    events.push(ping(10, ip(A), ip(T), true));
    let scan = only(&told(events));
    assert_eq!(scan.scan_types, [ScanType::TcpConnect]);
    assert_eq!((scan.probes, scan.distinct_ports), (61, 61), "the ping is no port probe");
}

#[test]
fn decoys_that_nothing_answers() {
    let mut events = Vec::new();
    for port in 1..=50_u16 {
        for source in 0..5_u32 {
            let mut event = raw_refused(
                i64::from(port) * 2_000 + i64::from(source) * 20,
                v4(0x2d00_0001 + source * 999),
                ip(T),
                port,
            );
            (event.outcome, event.decided) = (Outcome::Unanswered, event.time.plus(500_000));
            events.push(event);
        }
    }
    let told = told(events);
    let scan = only(&told);
    assert_eq!((scan.shape, scan.attribution), (Shape::Decoy, Attribution::Unconfirmed));
    assert_eq!((scan.source_ips.len(), scan.candidate_ips.len(), scan.distinct_ports), (0, 5, 50));
    assert_eq!(told[0].shape, Shape::Decoy, "from the start: {:?}", told[0].summary);
}

/// The real source's probes are refused at once, those of its decoys count as unanswered half a second later.
#[test]
fn decoys_that_are_known_later_than_the_real_source_join_its_alert() {
    let mut events = Vec::new();
    for port in 1..=60_u16 {
        for source in 0..6_u32 {
            let from = if source == 5 { ip(A) } else { v4(0x2d00_0001 + source * 999) };
            let mut event = raw_refused(i64::from(port) * 100 + i64::from(source) * 7, from, ip(T), port);
            event.first.tcp_flags = vedette_event::flag::FIN;
            event.first.options = 0;
            if source < 5 || port > 3 {
                (event.outcome, event.decided) = (Outcome::Unanswered, event.time.plus(500_000));
            }
            events.push(event);
        }
    }
    let scan = only(&told(events));
    assert_eq!((scan.shape, scan.candidate_ips.len()), (Shape::Decoy, 6));
    assert_eq!(scan.source_ips, [ip(A)], "it drew answers");
}

/// Two sources that were told apart at first, since minutes lay between them.
#[test]
fn campaigns_that_turn_out_to_go_in_step_become_one() {
    let other = "10.0.0.67";
    let probe = |at: i64, source: &str, port: u16| {
        let mut event = raw_refused(at, ip(source), ip(T), port);
        // Each has sequence numbers of its own, so that the packets are no twins.
        event.first.sequence = u32::from(port) * 7 + if source == A { 0 } else { 1_000_000 };
        event
    };
    let mut events = Vec::new();
    for n in 0..8_u16 {
        events.push(probe(i64::from(n) * 1_000, A, 100 + n));
        events.push(probe(200 * SECOND + i64::from(n) * 1_000, other, 100 + n));
    }
    let apart = scans(&told(events.clone()));
    assert_eq!(apart.len(), 2, "{apart:#?}");
    for port in 1_000..1_100_u16 {
        for (n, source) in [A, other].into_iter().enumerate() {
            let at = 210 * SECOND + i64::from(port) * 10_000 + n as i64 * 30;
            events.push(probe(at, source, port));
        }
    }
    let told = told(events);
    let found = scans(&told);
    assert_eq!(found.len(), 2, "two identifiers, of which one ended");
    assert_eq!((found[0].shape, found[0].candidate_ips.len()), (Shape::Decoy, 2));
    assert_eq!((found[0].distinct_ports, found[0].probes), (108, 216));
    assert_eq!(found[1].change, Change::Closed);
    assert!(found[1].reasons[0].contains(&found[0].id), "{:?}", found[1].reasons);
    assert!(found[1].probes < 100, "the rest is told of the first");
    let after = told.iter().rev().take_while(|detection| detection.id == found[0].id).count();
    assert!(after > 0, "the last word is of the first one");
}

#[test]
fn a_connection_confirms_and_open_ports_are_told_with_what_followed() {
    let mut events = scan(0, 10_000, 1..30);
    let mut open = refused(SECOND, ip(A), ip(T), 22);
    (open.outcome, open.closing) = (Outcome::Accepted, Closing::ResetBySource);
    events.push(open);
    events.extend(connection(60 * SECOND, ip(A), ip(T), 22, 2_000, 3_000, SECOND));
    let scan = only(&told(events));
    assert_eq!(scan.attribution, Attribution::Confirmed);
    assert_eq!(scan.open_ports, [22]);
    assert!(scan.summary.contains("Connections followed to 1 of them"), "{}", scan.summary);
    assert_eq!(scan.severity, Severity::High);
}

#[test]
fn a_local_process_is_confirmed_and_outbound() {
    let process = Arc::new(Process { pid: 7, name: "nmap".to_owned(), ..Process::default() });
    let mut events = scan(0, 10_000, 1..30);
    for event in &mut events {
        event.direction = Direction::Outbound;
        event.process = Some(Arc::clone(&process));
    }
    let scan = only(&told(events));
    assert_eq!((scan.attribution, &scan.direction[..]), (Attribution::Confirmed, "outbound"));
    assert_eq!(scan.processes, [Process { pid: 7, name: "nmap".to_owned(), ..Process::default() }]);
    assert!(scan.summary.contains("the probes are of nmap (process 7"), "{}", scan.summary);
}

#[test]
fn the_process_that_answers_a_scan_is_not_the_scanner() {
    let process = Arc::new(Process { pid: 7, name: "sshd".to_owned(), ..Process::default() });
    let mut events = scan(0, 10_000, 1..30);
    for event in &mut events {
        event.process = Some(Arc::clone(&process));
    }
    let scan = only(&told(events));
    assert_eq!((scan.attribution, scan.processes), (Attribution::Unconfirmed, Vec::new()));
}

#[test]
fn a_program_started_anew_for_each_probe_is_named_once_and_few_are_named() {
    let mut events = scan(0, 10_000, 1..60);
    for (n, event) in events.iter_mut().enumerate() {
        let name = format!("tool-{}", n / 5);
        let process = Process { pid: n as u32, command_line: name.clone(), name, ..Process::default() };
        event.direction = Direction::Outbound;
        event.process = Some(Arc::new(process));
    }
    let scan = only(&told(events));
    let names: Vec<&str> = scan.processes.iter().map(|process| process.name.as_str()).collect();
    assert!(scan.processes.len() <= 4 && names[0] != names[1], "{names:?}");
}

#[test]
fn from_the_internet_it_is_reconnaissance() {
    let mut events = scan(0, 10_000, 1..30);
    events.iter_mut().for_each(|event| event.source = ip("203.0.113.7"));
    let scan = only(&told(events));
    assert_eq!((&scan.mitre.tactics[0][..], scan.severity), ("TA0043", Severity::Low));
    assert_eq!(scan.mitre.techniques, ["T1595.001"]);
}

#[test]
fn seen_by_two_agents_it_is_one_campaign_of_one_set_of_ports() {
    let mut events = scan(0, 10_000, 1..30);
    let other = Arc::new(vedette_event::Observer {
        id: "agent-2".to_owned(),
        hostname: "other".to_owned(),
        kind: vedette_event::ObserverKind::Sensor,
    });
    let mut seen_there = scan(3, 10_000, 1..30);
    for event in &mut seen_there {
        event.observer = Arc::clone(&other);
        event.direction = Direction::Outbound;
    }
    events.extend(seen_there);
    let scan = only(&told(events));
    assert_eq!((scan.distinct_ports, scan.probes), (29, 29), "each probe counts once");
    assert_eq!(scan.observers, ["agent-1", "agent-2"]);
}

#[test]
fn losses_are_told_in_open_campaigns() {
    let mut detector = Detector::new(Config::default());
    let mut out = Vec::new();
    for event in scan(0, 10_000, 1..20) {
        detector.observe(&event, &mut out);
    }
    detector.note_losses(SensorLosses { packets_dropped: 12, ..SensorLosses::default() });
    detector.finish(&mut out);
    assert_eq!(out.last().unwrap().sensor_losses.packets_dropped, 12);
}

#[test]
fn sensitivity_moves_the_bar() {
    let probes = |sensitivity| {
        let config = Config { sensitivity, ..Config::default() };
        run(config, &scan(0, 10_000, 1..30))[0].probes
    };
    assert_eq!(probes(Sensitivity::High), 6);
    assert_eq!(probes(Sensitivity::Medium), 7);
    assert_eq!(probes(Sensitivity::Low), 9);
}

#[test]
fn out_of_order_and_doubled_events_give_the_same_verdict() {
    let mut events = scan(0, 10_000, 1..100);
    events.extend(scan(0, 10_000, 1..100));
    let mut state = 7_u64;
    for n in (1..events.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        events.swap(n, (state >> 33) as usize % (n + 1));
    }
    let found = scans(&run(Config::default(), &events));
    assert_eq!((found.len(), found[0].distinct_ports), (1, 99));
}

#[test]
fn sweeps_of_the_lan() {
    let mut events = Vec::new();
    for host in 1..=100_u32 {
        events.push(attempt(i64::from(host) * 10_000, ip(A), v4(0x0a00_0100 + host), Transport::Arp, 0));
    }
    let scan = only(&told(events));
    assert_eq!((&scan.scan_types[..], scan.shape), (&[ScanType::ArpSweep][..], Shape::Horizontal));
    assert_eq!((scan.distinct_hosts, scan.distinct_ports), (100, 0));
    let events =
        (1..=100).map(|host| ping(i64::from(host) * 10_000, ip(A), v4(0x0a00_0100 + host), host % 9 == 0));
    let scan = only(&told(events.collect()));
    assert_eq!((&scan.scan_types[..], scan.distinct_hosts), (&[ScanType::PingSweep][..], 100));
}
