//! How much it matters: one written rule.
//!
//! Points: 2 for a source among our own hosts (an intruder, or a host that went bad), 1 for one
//! from the Internet (everyone is scanned from there all day); 1 when open ports were found, 1
//! more when remote administration or data stores are among them; 1 for breadth (16 hosts, or
//! 10,000 ports); 1 for service or script probes, which prepare an attack; less 1 when the sources
//! are invented; 1 when it is repeated after a pause, or goes on for a day or more. Up to 1 point is low, 2 medium, 3 and 4
//! high, more critical. What is recognised as no scan is informational.

use crate::campaign::Campaign;
use vedette_event::{Attribution, DetectionKind, ScanType, Severity};

/// Remote administration and data stores: what an intruder moves through.
const ADMINISTRATION: [u16; 24] = [
    22, 23, 111, 135, 139, 389, 445, 512, 513, 514, 623, 1433, 1521, 2049, 2375, 3306, 3389, 5432, 5900,
    5985, 5986, 6379, 9200, 27017,
];
const MANY_HOSTS: u32 = 16;
const MANY_PORTS: u32 = 10_000;
const A_DAY: i64 = 86_400_000_000;
const INSIDE: &str = "a source among our own hosts";

/// What the rule needs besides the campaign.
pub(crate) struct Facts<'a> {
    pub(crate) internal: bool,
    pub(crate) attribution: Attribution,
    pub(crate) scan_types: &'a [ScanType],
    pub(crate) hosts: u32,
}

/// The severity, and the points it is made of as a sentence; none of what is no scan.
pub(crate) fn of(campaign: &Campaign, facts: &Facts<'_>) -> (Severity, Option<String>) {
    if campaign.kind != DetectionKind::Scan {
        return (Severity::Informational, None);
    }
    let probing =
        [ScanType::VersionDetection, ScanType::ScriptScan].iter().any(|kind| facts.scan_types.contains(kind));
    let administration = ADMINISTRATION.iter().any(|&port| campaign.open_ports.contains(port));
    let again = campaign.resumed > 0 || campaign.last_seen.since(campaign.first_seen) >= A_DAY;
    let parts = [
        (true, if facts.internal { 2 } else { 1 }, if facts.internal { INSIDE } else { "a source outside" }),
        (campaign.open_ports.len() > 0, 1, "open ports found"),
        (administration, 1, "administration or data among them"),
        (facts.hosts >= MANY_HOSTS || campaign.ports.len() >= MANY_PORTS, 1, "many hosts or ports"),
        (probing, 1, "services were questioned"),
        (again, 1, "it was repeated, or goes on for a day or more"),
        (facts.attribution == Attribution::Spoofed, -1, "the source is not the one it seems"),
    ];
    let points: i32 = parts.iter().filter(|(counts, ..)| *counts).map(|(_, points, _)| points).sum();
    let severity = match points {
        ..=1 => Severity::Low,
        2 => Severity::Medium,
        3..=4 => Severity::High,
        _ => Severity::Critical,
    };
    let counted = parts.iter().filter(|(counts, ..)| *counts);
    let words: Vec<String> = counted.map(|(_, points, why)| format!("{why} {points:+}")).collect();
    (severity, Some(format!("Severity {} ({points}): {}", severity.as_str(), words.join(", "))))
}
