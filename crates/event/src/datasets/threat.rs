//! `vedette_threat_raw`: our own detections in the shape of a firewall's threat log, so that a query
//! written for `panw_ngfw_threat_raw` runs with one word changed and without any firewall.

use super::panw;
use crate::{Change, Dataset, Detection, Row, ScanType, Severity, Value};
use std::collections::HashSet;
use std::net::IpAddr;

pub const DATASET: Dataset = Dataset {
    name: "vedette_threat_raw",
    doc: "Scans that Vedette detected, with the columns and threat names of panw_ngfw_threat_raw: a row for each new source, target and port of a campaign (at most 1,000 a campaign), and one for each further technique or tool.",
    fields: panw::THREAT.fields,
};

/// Rows of one campaign, at most: a scan of every port would otherwise write 65,535.
const MOST_ROWS: usize = 1_000;

/// What `detection` adds to `before`, its last row-giving state; `None` when it has just opened.
///
/// A row stands for something new: a source, a target or a port. In a block, target and port of a
/// row are both of the campaign but need not have been probed together. `count_of_repeats` of the
/// last row holds the probes that have no row of their own.
pub fn rows(detection: &Detection, before: Option<&Detection>) -> Vec<Row> {
    let sources = New::of(sources(detection), before.map(sources));
    let targets = New::of(detection.target_ips.clone(), before.map(|was| was.target_ips.clone()));
    let ports = New::of(ports(&detection.ports), before.map(|was| ports(&was.ports)));
    let told = sources.told.max(targets.told).max(ports.told);
    let wanted = sources.fresh().max(targets.fresh()).max(ports.fresh());
    let count = wanted.min(MOST_ROWS.saturating_sub(told));
    let main = main_name(detection);
    let mut all: Vec<Row> =
        (0..count).map(|n| row(detection, main, sources.pick(n), targets.pick(n), ports.pick(n))).collect();
    let probes = detection.probes.saturating_sub(before.map_or(0, |was| was.probes));
    if let Some(last) = all.last_mut() {
        let others = count.saturating_sub(1) as u64;
        set(last, "count_of_repeats", Value::from(probes.saturating_sub(others).max(1)));
    }
    let told_before: Vec<Signature> = before.map(further_names).unwrap_or_default();
    let further = further_names(detection).into_iter().filter(|name| !told_before.contains(name));
    all.extend(further.map(|name| row(detection, name, sources.pick(0), targets.pick(0), None)));
    all
}

/// A list of which the first rows of the campaign have told a part.
struct New<T> {
    all: Vec<T>,
    fresh: Vec<T>,
    told: usize,
}

impl<T: Copy + Eq + std::hash::Hash> New<T> {
    fn of(all: Vec<T>, before: Option<Vec<T>>) -> New<T> {
        let known: HashSet<T> = before.into_iter().flatten().collect();
        let fresh = all.iter().filter(|item| !known.contains(item)).copied().collect();
        New { all, fresh, told: known.len() }
    }

    fn fresh(&self) -> usize {
        self.fresh.len()
    }

    /// The n-th new one; when those run out, whatever there is, in turn.
    fn pick(&self, n: usize) -> Option<T> {
        let again = || self.all.get(n % self.all.len().max(1)).copied();
        self.fresh.get(n).copied().or_else(again)
    }
}

/// The real source where it is known, otherwise everyone it may have been, likeliest first.
fn sources(detection: &Detection) -> Vec<IpAddr> {
    match detection.source_ips.is_empty() {
        true => detection.candidate_ips.iter().take(1).copied().collect(),
        false => detection.source_ips.clone(),
    }
}

/// The numbers of a list of ranges: `22,80-90`.
fn ports(list: &str) -> Vec<u16> {
    let range = |part: &str| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        Some(from.parse().ok()?..=to.parse().ok()?)
    };
    list.split(',').filter_map(range).flatten().take(MOST_ROWS * 2).collect()
}

/// Name and number of a threat; no number where firewalls have none for it.
type Signature = (&'static str, Option<i64>);

/// What most of the probes were.
fn main_name(detection: &Detection) -> Signature {
    match detection.scan_types.first() {
        Some(ScanType::TcpSyn) => ("SCAN: TCP SYN Scan", Some(8001)),
        Some(ScanType::TcpConnect) => ("SCAN: TCP Connect Scan", Some(8001)),
        Some(
            ScanType::TcpFin
            | ScanType::TcpNull
            | ScanType::TcpXmas
            | ScanType::TcpAck
            | ScanType::TcpWindow
            | ScanType::TcpMaimon
            | ScanType::TcpOther
            | ScanType::Idle,
        ) => ("SCAN: Stealth Port Scan", Some(8001)),
        Some(ScanType::Udp) => ("SCAN: UDP Port Scan", Some(8003)),
        Some(ScanType::PingSweep | ScanType::ArpSweep) => ("SCAN: Ping Sweep", Some(8002)),
        Some(ScanType::IpProtocol) => ("SCAN: Network Enumeration", Some(8006)),
        Some(ScanType::HostSweep | ScanType::SctpInit | ScanType::SctpCookieEcho) => {
            ("SCAN: Network Enumeration", Some(8002))
        }
        Some(ScanType::OsDetection) => ("SCAN: Nmap OS Detection", None),
        Some(ScanType::ScriptScan) => ("SCAN: Nmap Script Scan", None),
        Some(ScanType::VersionDetection) | None => ("SCAN: TCP Port Scan", Some(8001)),
    }
}

/// What else was recognised.
fn further_names(detection: &Detection) -> Vec<Signature> {
    let has = |kind| detection.scan_types.contains(&kind);
    let (os, scripts) = (has(ScanType::OsDetection), has(ScanType::ScriptScan));
    let intense = os && has(ScanType::VersionDetection);
    [
        (os, "SCAN: Nmap OS Detection"),
        (scripts, "SCAN: Nmap Script Scan"),
        (intense, "SCAN: Intense Scan"),
        (detection.tool.name == "masscan", "Masscan Port Scanning Tool Detection"),
    ]
    .into_iter()
    .filter_map(|(seen, name)| seen.then_some((name, None)))
    .filter(|name| *name != main_name(detection))
    .collect()
}

fn row(
    detection: &Detection,
    (name, number): Signature,
    source: Option<IpAddr>,
    target: Option<IpAddr>,
    port: Option<u16>,
) -> Row {
    let mut row = vec![Value::Null; DATASET.fields.len()];
    let time = match detection.change {
        Change::Opened => detection.detected_at,
        Change::Updated | Change::Closed => detection.last_seen,
    };
    for (field, value) in [
        ("_time", Value::Time(time)),
        ("time_generated", Value::Time(time)),
        ("_vendor", Value::from("Vedette")),
        ("_product", Value::from("Vedette")),
        ("log_type", Value::from("threat")),
        ("sub_type", Value::from("scan")),
        ("threat_category", Value::from("scan")),
        ("threat_name", Value::from(name)),
        ("threat_id", Value::from(number)),
        ("source_ip", Value::from(source)),
        ("dest_ip", Value::from(target)),
        ("dest_port", Value::from(port)),
        ("protocol", protocol(detection)),
        // The sensor sees and does not block.
        ("action", Value::from("alert")),
        ("severity", Value::from(severity(detection.severity))),
        ("vendor_severity", Value::from(detection.severity.as_str())),
        ("direction", Value::from("client-to-server")),
        ("session_id", Value::Int(0)),
        ("count_of_repeats", Value::Int(1)),
        ("log_source_id", Value::from(detection.observers.first().cloned())),
        ("_raw_log", Value::text(format!("{} (campaign {})", detection.name, detection.id))),
    ] {
        set(&mut row, field, value);
    }
    row
}

fn set(row: &mut Row, field: &str, value: Value) {
    if let Some(cell) = DATASET.position(field).and_then(|position| row.get_mut(position)) {
        *cell = value;
    }
}

fn protocol(detection: &Detection) -> Value {
    match detection.scan_types.first() {
        Some(ScanType::Udp) => "udp".into(),
        Some(ScanType::PingSweep) => "icmp".into(),
        Some(ScanType::SctpInit | ScanType::SctpCookieEcho) => "sctp".into(),
        Some(ScanType::ArpSweep | ScanType::IpProtocol | ScanType::HostSweep) | None => Value::Null,
        Some(_) => "tcp".into(),
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Informational => "Informational",
        Severity::Low => "Low",
        Severity::Medium => "Medium",
        Severity::High => "High",
        Severity::Critical => "Critical",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{Attribution, DetectionKind, Mitre, Shape, Time, Tool};

    fn scan(ports: &str, targets: &[&str], probes: u64) -> Detection {
        Detection {
            id: "c1".into(),
            change: Change::Opened,
            kind: DetectionKind::Scan,
            name: "TCP SYN scan".into(),
            summary: String::new(),
            source_ips: vec!["10.0.0.9".parse().unwrap()],
            proven_ips: Vec::new(),
            part_of: None,
            candidate_ips: Vec::new(),
            target_ips: targets.iter().map(|ip| ip.parse().unwrap()).collect(),
            addresses_cut: false,
            scan_types: vec![ScanType::TcpSyn],
            shape: Shape::Vertical,
            direction: "inbound".into(),
            first_seen: Time(1),
            last_seen: Time(9),
            detected_at: Time(5),
            probes,
            distinct_ports: 0,
            distinct_hosts: 0,
            ports: ports.into(),
            open_ports: Vec::new(),
            open_services: Vec::new(),
            tool: Tool::default(),
            attribution: Attribution::Unconfirmed,
            severity: Severity::High,
            mitre: Mitre::default(),
            score: 0.0,
            threshold: 0.0,
            reasons: Vec::new(),
            explanation: crate::Explanation::default(),
            sensor_losses: crate::SensorLosses::default(),
            processes: Vec::new(),
            observers: vec!["host1".into()],
        }
    }

    fn cell(row: &Row, field: &str) -> Value {
        row[DATASET.position(field).unwrap()].clone()
    }

    fn values(rows: &[Row], field: &str) -> Vec<Value> {
        rows.iter().map(|row| cell(row, field)).collect()
    }

    #[test]
    fn a_vertical_scan_gives_a_row_a_port_and_then_only_new_ones() {
        let opened = scan("22,80-81", &["10.0.0.5"], 4);
        let first = rows(&opened, None);
        assert_eq!(values(&first, "dest_port"), [22, 80, 81].map(Value::Int));
        assert_eq!(values(&first, "count_of_repeats"), [1, 1, 2].map(Value::Int), "the sum is the probes");
        assert_eq!(cell(&first[0], "threat_name"), Value::from("SCAN: TCP SYN Scan"));
        assert_eq!(cell(&first[0], "severity"), Value::from("High"));
        assert_eq!(cell(&first[0], "_time"), Value::Time(Time(5)));
        let mut grown = scan("22,80-82", &["10.0.0.5"], 6);
        grown.change = Change::Updated;
        grown.scan_types.push(ScanType::OsDetection);
        let next = rows(&grown, Some(&opened));
        assert_eq!(values(&next, "dest_port"), [Value::Int(82), Value::Null]);
        assert_eq!(cell(&next[1], "threat_name"), Value::from("SCAN: Nmap OS Detection"));
        assert_eq!(cell(&next[0], "_time"), Value::Time(Time(9)));
        assert!(rows(&grown, Some(&grown)).is_empty(), "nothing new, no row");
    }

    #[test]
    fn a_sweep_gives_a_row_a_target_and_a_block_names_each_side_once() {
        let sweep = rows(&scan("445", &["10.0.0.1", "10.0.0.2"], 2), None);
        assert_eq!(values(&sweep, "dest_port"), [445, 445].map(Value::Int));
        let block = rows(&scan("1-3", &["10.0.0.1", "10.0.0.2"], 6), None);
        assert_eq!(block.len(), 3);
        let hosts: HashSet<String> =
            values(&block, "dest_ip").iter().map(|value| format!("{value:?}")).collect();
        assert_eq!(hosts.len(), 2);
        let ping = scan("", &["10.0.0.1"], 1);
        assert_eq!(values(&rows(&ping, None), "dest_port"), [Value::Null]);
    }

    #[test]
    fn a_scan_of_every_port_is_bounded_over_all_its_rows() {
        let opened = scan("1-900", &["10.0.0.5"], 900);
        let grown = scan("1-65535", &["10.0.0.5"], 65_535);
        assert_eq!(rows(&opened, None).len(), 900);
        let rest = rows(&grown, Some(&opened));
        assert_eq!(rest.len(), 100);
        assert_eq!(cell(rest.last().unwrap(), "count_of_repeats"), Value::Int(65_535 - 900 - 99));
    }

    #[test]
    fn every_name_is_one_a_firewall_would_give_and_bad_lists_give_nothing() {
        for kind in [ScanType::TcpFin, ScanType::Udp, ScanType::ArpSweep, ScanType::ScriptScan] {
            let mut detection = scan("1", &["10.0.0.5"], 1);
            detection.scan_types = vec![kind];
            assert!(main_name(&detection).0.starts_with("SCAN: "));
        }
        assert!(ports("").is_empty() && ports("x,5-,70000,9-3").is_empty());
    }
}
