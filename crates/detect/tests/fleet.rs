//! What many agents see, each of itself alone, is one campaign.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod synthetic;

use std::net::IpAddr;
use std::sync::Arc;
use synthetic::*;
use vedette_event::{Detection, Event, Observer, ObserverKind, ScanType, Shape};

const AGENTS: u32 = 60;
const SCANNER: &str = "10.0.9.9";

fn agent(n: u32) -> IpAddr {
    v4(0x0a00_0100 + n)
}

/// Seen by the agent whose address is the target.
fn seen_by_target(mut event: Event) -> Event {
    let id = format!("agent-{}", event.target);
    event.observer = Arc::new(Observer { hostname: id.clone(), id, kind: ObserverKind::Sensor });
    event
}

fn touches(gap: i64, make: impl Fn(i64, IpAddr, IpAddr) -> Event) -> Vec<Event> {
    (0..AGENTS).map(|n| seen_by_target(make(i64::from(n) * gap, ip(SCANNER), agent(n)))).collect()
}

#[track_caller]
fn one(told: &[Detection]) -> Detection {
    let found = scans(told);
    assert_eq!(found.len(), 1, "{found:#?}");
    found[0].clone()
}

#[track_caller]
fn whole_fleet(told: &[Detection]) -> Detection {
    let scan = one(told);
    assert_eq!((scan.shape, scan.distinct_hosts), (Shape::Horizontal, AGENTS));
    assert_eq!(scan.observers.len(), AGENTS as usize, "every agent that saw it is named");
    assert_eq!((scan.source_ips.as_slice(), &*scan.direction), (&[ip(SCANNER)][..], "inbound"));
    scan
}

#[test]
fn one_port_over_sixty_agents_is_one_campaign() {
    for outcome_is_silence in [false, true] {
        let make = |at, source, target| match outcome_is_silence {
            true => syn(at, source, target, 445),
            false => refused(at, source, target, 445),
        };
        for gap in [1_000, SECOND, 120 * SECOND] {
            let scan = whole_fleet(&told(touches(gap, make)));
            assert_eq!(scan.ports, "445", "a gap of {gap} us");
        }
    }
}

#[test]
fn whatever_the_order_in_which_agents_deliver() {
    // Each agent ships by itself, up to half a minute late.
    let mut events = in_order(touches(SECOND, |at, source, target| refused(at, source, target, 3_389)));
    for chunk in events.chunks_mut(30) {
        chunk.reverse();
    }
    whole_fleet(&run(vedette_detect::Config::default(), &events));
}

#[test]
fn a_ping_sweep_over_the_fleet() {
    let scan = whole_fleet(&told(touches(SECOND, |at, source, target| ping(at, source, target, true))));
    assert_eq!(scan.scan_types, [ScanType::PingSweep]);
}

#[test]
fn a_ping_sweep_over_scattered_agents_that_all_answer() {
    let each = |n: u32| {
        let mut event = ping(i64::from(n) * SECOND / 10, ip(SCANNER), v4(0x0a00_0000 + n * 1_009), true);
        event.observer = Arc::new(Observer {
            id: format!("agent-{n}"),
            hostname: String::new(),
            kind: ObserverKind::Sensor,
        });
        event
    };
    let scan = whole_fleet(&told((1..=AGENTS).map(each).collect()));
    assert_eq!(scan.scan_types, [ScanType::PingSweep]);
}

#[test]
fn one_port_that_half_of_the_fleet_serves() {
    let mut events = Vec::new();
    for n in 0..AGENTS {
        let at = i64::from(n) * SECOND;
        match n % 2 {
            0 => events.push(raw_refused(at, ip(SCANNER), agent(n), 22)),
            _ => {
                let [mut open, _] = connection(at, ip(SCANNER), agent(n), 22, 0, 0, 1_000);
                open.first = raw_refused(at, ip(SCANNER), agent(n), 22).first;
                (open.handshake_completed, open.closing) = (false, vedette_event::Closing::ResetBySource);
                events.push(open);
            }
        }
    }
    let scan = whole_fleet(&told(events.into_iter().map(seen_by_target).collect()));
    assert_eq!((scan.open_services.len(), scan.open_ports.as_slice()), (30, &[22][..]));
}

#[test]
fn every_agent_scanned_by_the_same_source_is_one_campaign_too() {
    let mut events = Vec::new();
    for n in 0..AGENTS {
        for port in 0..20 {
            let at = (i64::from(n) * 20 + i64::from(port)) * 10_000;
            events.push(seen_by_target(refused(at, ip(SCANNER), agent(n), 1_000 + port)));
        }
    }
    let scan = one(&told(events));
    assert_eq!((scan.shape, scan.distinct_hosts, scan.distinct_ports), (Shape::Block, AGENTS, 20));
    assert_eq!(scan.observers.len(), AGENTS as usize);
}

#[test]
fn who_is_served_by_the_whole_fleet_is_no_scanner() {
    let polls = (0..AGENTS)
        .flat_map(|n| connection(i64::from(n) * SECOND, ip(SCANNER), agent(n), 9_100, 200, 40_000, 50_000));
    assert!(scans(&told(polls.map(seen_by_target).collect())).is_empty());
    // Two agents are down.
    let polls = (0..AGENTS).flat_map(|n| match n {
        7 | 30 => vec![syn(i64::from(n) * SECOND, ip(SCANNER), agent(n), 9_100)],
        n => connection(i64::from(n) * SECOND, ip(SCANNER), agent(n), 9_100, 200, 40_000, 50_000).to_vec(),
    });
    assert!(scans(&told(polls.map(seen_by_target).collect())).is_empty());
}
