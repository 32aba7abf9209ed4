//! Real scans and real benign traffic, recorded with labels: what must be told of each.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod captures;

use captures::{events, final_states, shared, told};
use std::path::Path;
use vedette_detect::{Config, Sensitivity};
use vedette_event::{Attribution, Change, Detection, DetectionKind, ScanType, Shape};

/// What a capture must give: exactly one scan with these properties.
struct Expected {
    scenario: &'static str,
    source: &'static str,
    sources: usize,
    kind: ScanType,
    shape: Shape,
    ports: u32,
    hosts: u32,
    attribution: Attribution,
}

const fn one(scenario: &'static str, source: &'static str, kind: ScanType, ports: u32) -> Expected {
    Expected {
        scenario,
        source,
        sources: 1,
        kind,
        shape: Shape::Vertical,
        ports,
        hosts: 1,
        attribution: Attribution::Confirmed,
    }
}

/// FIN, Xmas, ACK and UDP scans get nothing back that proves the source is real.
const fn unproven(expected: Expected) -> Expected {
    Expected { attribution: Attribution::Unconfirmed, ..expected }
}

const SCANS: [Expected; 21] = [
    one("S01", "10.50.1.128", ScanType::TcpSyn, 1_000),
    one("S03", "10.50.3.128", ScanType::TcpConnect, 100),
    unproven(one("S04", "10.50.4.128", ScanType::Udp, 50)),
    unproven(one("S05", "10.50.5.128", ScanType::TcpFin, 1_000)),
    unproven(one("S07", "10.50.7.128", ScanType::TcpXmas, 1_000)),
    unproven(one("S08", "10.50.8.128", ScanType::TcpAck, 1_000)),
    one("S11", "10.50.11.128", ScanType::OsDetection, 1_001),
    one("S12", "10.50.12.128", ScanType::VersionDetection, 4),
    one("S14", "10.50.14.128", ScanType::TcpSyn, 12),
    Expected {
        shape: Shape::Decoy,
        attribution: Attribution::Unconfirmed,
        ..one("S15", "10.50.15.128", ScanType::TcpSyn, 1_000)
    },
    one("S16", "10.50.16.128", ScanType::TcpSyn, 1_000),
    Expected {
        shape: Shape::Horizontal,
        hosts: 253,
        attribution: Attribution::Unconfirmed,
        ..one("S18", "10.50.18.128", ScanType::PingSweep, 0)
    },
    Expected {
        shape: Shape::Horizontal,
        hosts: 64,
        attribution: Attribution::Unconfirmed,
        ..one("S22", "10.50.22.128", ScanType::TcpSyn, 1)
    },
    Expected {
        shape: Shape::Distributed,
        sources: 20,
        attribution: Attribution::Unconfirmed,
        ..one("S24", "10.50.24.128", ScanType::TcpSyn, 100)
    },
    one("S26", "fd50:1a::80", ScanType::TcpSyn, 1_000),
    one("S27", "10.50.27.128", ScanType::TcpConnect, 30),
    // The address is a bystander's: told as forged, with the sender first among the candidates.
    Expected { attribution: Attribution::Spoofed, ..one("S30", "10.50.30.140", ScanType::Idle, 20) },
    one("S32", "10.50.32.128", ScanType::TcpConnect, 20),
    one("S34", "10.50.34.128", ScanType::TcpSyn, 1_000),
    // Several techniques of one campaign are several rows.
    Expected {
        shape: Shape::Horizontal,
        hosts: 253,
        attribution: Attribution::Unconfirmed,
        ..one("S18", "10.50.18.128", ScanType::ArpSweep, 0)
    },
    one("S12", "10.50.12.128", ScanType::TcpSyn, 4),
];

/// Rows of the table that are not right yet. None at present.
const KNOWN_GAPS: [&str; 0] = [];

fn scans(detections: &[Detection]) -> Vec<Detection> {
    let states = final_states(detections);
    states.into_iter().filter(|detection| detection.kind == DetectionKind::Scan).collect()
}

fn detect(path: &Path, sensitivity: Sensitivity) -> Vec<Detection> {
    told(&events(path), Config { sensitivity, ..Config::default() })
}

#[test]
fn every_scan_is_told_once_and_right() {
    let Some(folder) = shared("detect/scenarios") else { return };
    let mut wrong = Vec::new();
    for expected in &SCANS {
        let found = scans(&detect(&folder.join(format!("{}.pcap", expected.scenario)), Sensitivity::Medium));
        let [scan] = &found[..] else {
            wrong.push(format!("{}: {} scans", expected.scenario, found.len()));
            continue;
        };
        let source = scan.source_ips.first().map(ToString::to_string).unwrap_or_default();
        let is = (
            &source[..],
            scan.source_ips.len(),
            scan.shape,
            scan.distinct_ports,
            scan.distinct_hosts,
            scan.attribution,
        );
        let must = (
            expected.source,
            expected.sources,
            expected.shape,
            expected.ports,
            expected.hosts,
            expected.attribution,
        );
        if is != must || !scan.scan_types.contains(&expected.kind) {
            wrong.push(format!(
                "{}: {is:?} {:?}, must be {must:?} {:?}",
                expected.scenario, scan.scan_types, expected.kind
            ));
        }
    }
    wrong.retain(|row| !KNOWN_GAPS.iter().any(|gap| row.starts_with(gap)));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn benign_traffic_raises_no_alert() {
    let mut paths = Vec::new();
    if let Some(folder) = shared("detect/scenarios") {
        paths.extend(
            ["N01", "N02", "N04", "N05", "N06", "N08", "S23"].map(|name| folder.join(format!("{name}.pcap"))),
        );
    }
    if let Some(folder) = shared("samples/pcap/benign") {
        paths.extend(std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    }
    for path in paths {
        for sensitivity in [Sensitivity::Low, Sensitivity::Medium, Sensitivity::High] {
            let found = scans(&detect(&path, sensitivity));
            assert!(found.is_empty(), "{} {sensitivity:?}: {found:#?}", path.display());
        }
    }
}

#[test]
fn recorded_scans_from_elsewhere_are_found() {
    let Some(folder) = shared("samples/pcap/scan") else { return };
    let table = [
        ("cs_synscan.pcapng", "172.16.0.8", ScanType::TcpSyn, 1_000, 1),
        ("cs_activeosfingerprinting.pcapng", "172.16.16.128", ScanType::OsDetection, 3, 1),
        ("jst_portscan.pcapng", "192.168.56.3", ScanType::TcpSyn, 1_000, 1),
        ("ncsa_445_scan.pcap", "176.192.150.3", ScanType::HostSweep, 1, 9),
        ("ncsa_port_scan.pcap", "192.168.2.154", ScanType::TcpConnect, 10, 1),
        ("maltrail_port_scan.pcap", "203.0.113.9", ScanType::TcpSyn, 20, 1),
        ("maltrail_stealth_scan_fin.pcap", "203.0.113.9", ScanType::TcpFin, 20, 1),
        ("maltrail_stealth_scan_xmas.pcap", "203.0.113.9", ScanType::TcpXmas, 20, 1),
        ("maltrail_infection_scan.pcap", "10.0.0.5", ScanType::HostSweep, 1, 40),
    ];
    for (file, source, kind, ports, hosts) in table {
        let found = scans(&detect(&folder.join(file), Sensitivity::Medium));
        let [scan] = &found[..] else { panic!("{file}: {} scans", found.len()) };
        assert_eq!(scan.source_ips, [source.parse::<std::net::IpAddr>().unwrap()], "{file}");
        assert!(scan.scan_types.contains(&kind), "{file}: {:?}", scan.scan_types);
        assert_eq!((scan.distinct_ports, scan.distinct_hosts), (ports, hosts), "{file}");
    }
}

#[test]
fn a_flood_is_told_as_a_flood() {
    let Some(folder) = shared("detect/scenarios") else { return };
    let states = final_states(&detect(&folder.join("S23.pcap"), Sensitivity::Medium));
    let [flood] = &states[..] else { panic!("{states:#?}") };
    assert_eq!((flood.kind, flood.attribution), (DetectionKind::Flood, Attribution::Spoofed));
    assert!((19_000..=20_000).contains(&flood.probes), "{}", flood.probes);
    assert!(flood.source_ips.is_empty(), "nobody is accused");
}

#[test]
fn decided_within_a_few_probes_and_told_within_a_second() {
    let Some(folder) = shared("detect/scenarios") else { return };
    for (scenario, within) in
        [("S01", 8), ("S03", 8), ("S05", 8), ("S07", 8), ("S26", 8), ("S27", 9), ("S32", 10)]
    {
        let all = detect(&folder.join(format!("{scenario}.pcap")), Sensitivity::Medium);
        let opened = all.iter().find(|detection| detection.change == Change::Opened).unwrap();
        assert!(opened.probes <= within, "{scenario}: {} probes", opened.probes);
        let delay = opened.detected_at.since(opened.last_seen);
        assert!((0..1_000_000).contains(&delay), "{scenario}: {delay} us");
    }
}

#[test]
fn the_forger_of_an_idle_scan_is_the_first_candidate() {
    let Some(folder) = shared("detect/scenarios") else { return };
    let found = scans(&detect(&folder.join("S30.pcap"), Sensitivity::Medium));
    assert_eq!(found[0].candidate_ips[0].to_string(), "10.50.30.128");
    assert!(found[0].summary.contains("not the scanner"), "{}", found[0].summary);
}

#[test]
fn the_real_source_is_first_among_decoys() {
    let Some(folder) = shared("detect/scenarios") else { return };
    let found = scans(&detect(&folder.join("S15.pcap"), Sensitivity::Medium));
    assert_eq!(found[0].candidate_ips.len(), 11);
    assert_eq!(found[0].candidate_ips[0].to_string(), "10.50.15.128");
    assert!(found[0].reasons[0].contains("Likeliest real source"), "{:?}", found[0].reasons);
}

#[test]
fn two_runs_tell_the_same() {
    let Some(folder) = shared("detect/scenarios") else { return };
    for scenario in ["S12", "S15", "S23", "S24", "N06"] {
        let path = folder.join(format!("{scenario}.pcap"));
        // Each detector hashes with a seed of its own.
        assert_eq!(detect(&path, Sensitivity::Medium), detect(&path, Sensitivity::Medium), "{scenario}");
    }
}
