//! The recorded scans and benign traffic, folded: the facts of their manifest must come out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::{BTreeMap, HashSet};
use support::{fold_file, shared};
use vedette_event::{Closing, Event, EventKind, Outcome, Transport, flag};
use vedette_parse::flow::FolderStats;

struct Scenario {
    name: String,
    sources: String,
    victim: String,
    /// Packets, retries included.
    probes: u64,
    ports: usize,
    events: Vec<Event>,
    stats: FolderStats,
}

impl Scenario {
    /// Attempts of the scenario's only source on its victim.
    fn probing(&self) -> impl Iterator<Item = &Event> {
        self.attempts().filter(|event| {
            event.source.to_string() == self.sources && event.target.to_string() == self.victim
        })
    }

    /// Attempts with TCP, UDP or ICMP.
    fn attempts(&self) -> impl Iterator<Item = &Event> {
        self.events
            .iter()
            .filter(|event| event.kind == EventKind::Attempt && event.transport != Transport::Arp)
    }

    fn open_ports(&self) -> HashSet<u16> {
        self.probing()
            .filter(|event| event.outcome == Outcome::Accepted)
            .map(|event| event.target_port)
            .collect()
    }

    /// How many attempts had each outcome.
    fn outcomes(&self) -> BTreeMap<String, usize> {
        let mut outcomes = BTreeMap::new();
        for event in self.attempts() {
            *outcomes.entry(format!("{:?}", event.outcome)).or_default() += 1;
        }
        outcomes
    }
}

fn load() -> Option<Vec<Scenario>> {
    let folder = shared("detect/scenarios")?;
    let manifest = std::fs::read_to_string(folder.join("manifest.tsv")).unwrap();
    let scenarios = manifest.lines().skip(1).map(|line| {
        let column: Vec<&str> = line.split('\t').collect();
        let (events, stats) = fold_file(&std::fs::read(folder.join(column[1])).unwrap());
        Scenario {
            name: column[0].into(),
            sources: column[4].into(),
            victim: column[5].into(),
            probes: column[6].parse().unwrap(),
            ports: column[7].parse().unwrap(),
            events,
            stats,
        }
    });
    Some(scenarios.collect())
}

fn one(name: &str) -> Option<Scenario> {
    load()?.into_iter().find(|scenario| scenario.name == name)
}

#[test]
fn every_scenario_shows_its_probes_and_ports() {
    let Some(scenarios) = load() else { return };
    assert_eq!(scenarios.len(), 26);
    for scenario in scenarios {
        let name = &scenario.name;
        assert!(scenario.events.is_sorted_by_key(|event| event.decided), "{name}");
        assert_eq!((scenario.stats.duplicates, scenario.stats.clock_steps), (0, 0), "{name}");
        // One source and one victim; the others have tests of their own.
        let single = scenario.sources.parse::<std::net::IpAddr>().is_ok();
        if !single || matches!(&name[..], "N04" | "S18" | "S22") {
            continue;
        }
        let probing: Vec<_> = scenario.probing().filter(|event| event.transport != Transport::Icmp).collect();
        let ports: HashSet<u16> = probing.iter().map(|event| event.target_port).collect();
        assert_eq!(ports.len(), scenario.ports, "{name}");
        // Each probe is an attempt, a retry, or a repetition after the attempt was told.
        let probes: u64 = probing.iter().map(|event| u64::from(event.count) + u64::from(event.retries)).sum();
        assert!(probes <= scenario.probes, "{name}: {probes}");
        assert!(probes * 10 >= scenario.probes * 3, "{name}: {probes} of {}", scenario.probes);
    }
}

/// Scans of a host that refuses: every port once, the open ones with the scanner's reset.
#[test]
fn scans_learn_the_four_open_ports() {
    for name in ["S01", "S03", "S16", "S26"] {
        let Some(scenario) = one(name) else { return };
        let open = scenario.open_ports();
        assert_eq!(open.len(), 4, "{name}");
        assert!(open.contains(&22) && open.contains(&80), "{name}: {open:?}");
        let expected = [("Accepted".to_owned(), 4), ("Refused".to_owned(), scenario.ports - 4)];
        assert_eq!(scenario.outcomes(), BTreeMap::from(expected), "{name}");
        let connect = name == "S03";
        for event in scenario.probing().filter(|event| event.outcome == Outcome::Accepted) {
            assert_eq!(event.handshake_completed, connect, "{name}");
            let closing = if connect { Closing::Open } else { Closing::ResetBySource };
            assert_eq!(event.closing, closing, "{name}");
        }
        assert!(scenario.probing().all(|event| event.first.tcp_flags == flag::SYN));
    }
}

#[test]
fn nmap_leaves_its_fingerprint_in_fragments_too() {
    for name in ["S01", "S16"] {
        let Some(scenario) = one(name) else { return };
        for event in scenario.probing() {
            let first = event.first;
            assert_eq!(
                (first.window, first.mss, first.options),
                (1024, 1460, 0x2000_0000_0000_0000),
                "{name}"
            );
            assert_eq!((first.fragmented, first.bad_checksum), (name == "S16", false), "{name}");
            assert!(!first.dont_fragment && first.sequence != 0 && (37..=59).contains(&first.ttl));
        }
    }
}

#[test]
fn a_dropping_firewall_leaves_attempts_unanswered() {
    let Some(scenario) = one("S34") else { return };
    assert_eq!(scenario.open_ports().len(), 4);
    let expected = [("Accepted".to_owned(), 6), ("Unanswered".to_owned(), 1992)];
    assert_eq!(scenario.outcomes(), BTreeMap::from(expected));
}

#[test]
fn flowless_scans_keep_their_flags() {
    for (name, flags) in [("S05", flag::FIN), ("S07", flag::FIN | flag::PSH | flag::URG), ("S08", flag::ACK)]
    {
        let Some(scenario) = one(name) else { return };
        assert!(scenario.probing().all(|event| event.first.tcp_flags == flags), "{name}");
        let refused = scenario.probing().filter(|event| event.outcome == Outcome::Refused).count();
        assert_eq!(refused, if name == "S08" { 1_000 } else { 996 }, "{name}");
    }
}

#[test]
fn late_dns_answers_are_no_probes() {
    let Some(scenario) = one("N05") else { return };
    assert!(scenario.attempts().all(|event| event.source.to_string() == scenario.victim));
    let expected = [("Accepted".to_owned(), 448), ("Unanswered".to_owned(), 50)];
    assert_eq!(scenario.outcomes(), BTreeMap::from(expected));
    let late = scenario.events.iter().filter(|event| event.kind == EventKind::FlowEnd).count();
    assert!(late >= 50, "{late} late answers");
}

#[test]
fn benign_conversations_have_ends_with_data_both_ways() {
    for name in ["N01", "N04", "N06"] {
        let Some(scenario) = one(name) else { return };
        let ends: Vec<_> = scenario.events.iter().filter(|event| event.kind == EventKind::FlowEnd).collect();
        let accepted = scenario.attempts().filter(|event| event.outcome == Outcome::Accepted).count();
        assert_eq!(ends.len(), accepted, "{name}");
        assert!(ends.iter().all(|end| end.handshake_completed), "{name}");
        let talked = ends.iter().filter(|end| end.sent.bytes + end.received.bytes > 0).count();
        assert!(talked * 10 >= ends.len() * 9, "{name}: {talked} of {}", ends.len());
    }
}

#[test]
fn a_flood_is_aggregated() {
    let Some(scenario) = one("S23") else { return };
    let all: u64 = scenario.attempts().map(|event| u64::from(event.count)).sum();
    assert_eq!(all, 20_000);
    assert!(scenario.events.len() < 3_000, "{}", scenario.events.len());
    assert!(scenario.stats.aggregated > 17_000);
}

#[test]
fn sweeps_and_many_sources_are_seen_one_by_one() {
    let Some(sweep) = one("S18") else { return };
    let asked: HashSet<_> = sweep
        .events
        .iter()
        .filter(|event| event.transport == Transport::Arp && event.kind == EventKind::Attempt)
        .filter(|event| event.source.to_string() == sweep.sources)
        .map(|event| event.target)
        .collect();
    assert_eq!(asked.len(), 253);
    assert_eq!(sweep.outcomes(), BTreeMap::from([("Accepted".to_owned(), 1)]));

    let Some(masscan) = one("S22") else { return };
    assert_eq!(masscan.outcomes(), BTreeMap::from([("Refused".to_owned(), 64)]));

    let Some(distributed) = one("S24") else { return };
    let sources: HashSet<_> = distributed.attempts().map(|event| event.source).collect();
    let ports: HashSet<_> = distributed.attempts().map(|event| event.target_port).collect();
    assert_eq!((sources.len(), ports.len()), (20, 100));

    let Some(decoys) = one("S15") else { return };
    let sources: HashSet<_> = decoys.attempts().map(|event| event.source).collect();
    assert_eq!((sources.len(), decoys.attempts().count()), (11, 11_000));
}
