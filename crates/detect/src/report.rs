//! A campaign as the detection that is told.

use crate::campaign::{Arrangement, Campaign};
use crate::fingerprint::FINGERPRINTS;
use crate::networks::Networks;
use crate::payload::{self, LISTENED, RETURNED};
use crate::{explain, mitre, naming, severity, words};
use std::net::IpAddr;
use vedette_event::{
    Change, Detection, DetectionKind, Direction, Mitre, OpenPort, ScanType, Tool, port_list,
};

/// Addresses told at most.
const ADDRESSES: usize = 1_000;
/// Probes that fit a fingerprint before its tool is named.
const FITTING: u32 = 2;
/// How sure several of its first words make us.
const PAYLOAD_CONFIDENCE: f64 = 0.9;
const SELF_NAMED: f64 = 0.95;

pub(crate) fn detection(campaign: &Campaign, change: Change, networks: &Networks) -> Detection {
    let scan_types = match campaign.kind {
        DetectionKind::Scan => naming::scan_types(campaign),
        _ if campaign.class.is_some() => naming::scan_types(campaign),
        _ => Vec::new(),
    };
    let shape = naming::shape(campaign);
    let attribution = naming::attribution(campaign);
    let hosts = naming::hosts(campaign);
    let (source_ips, candidate_ips, real_source) = sources(campaign);
    let mut target_ips: Vec<IpAddr> = campaign.targets.iter().collect();
    target_ips.extend(campaign.swept.iter().filter(|_| hosts > campaign.targets.len()));
    target_ips.sort_unstable();
    target_ips.dedup();
    let addresses_cut = campaign.targets.is_cut()
        || campaign.swept.is_cut()
        || target_ips.len() > ADDRESSES
        || (campaign.member_count > campaign.members.len() as u64 && !campaign.members.is_empty());
    target_ips.truncate(ADDRESSES);
    let ports = port_list(campaign.ports.iter());
    let tool = tool(campaign, &scan_types);
    let internal = campaign.members.iter().any(|member| networks.is_internal(member.address));
    let facts = words::Facts {
        scan_types: &scan_types,
        shape,
        attribution,
        hosts,
        sources: &source_ips,
        targets: &target_ips,
        ports: &ports,
        tool: &tool.name,
        real_source: real_source.as_deref(),
    };
    let (name, summary) = (words::name(campaign, &facts), words::summary(campaign, &facts));
    let (severity, why_so_severe) =
        severity::of(campaign, &severity::Facts { internal, attribution, scan_types: &scan_types, hosts });
    let mitre = match campaign.kind {
        DetectionKind::Scan => mitre::of(internal, &scan_types, hosts),
        _ => Mitre::default(),
    };
    let mut reasons = words::reasons(campaign, real_source.as_deref());
    reasons.extend(why_so_severe);
    let probes = naming::probes(campaign, &scan_types);
    let proven = campaign.members.iter().filter(|member| member.completed > 0).map(|member| member.address);
    let proven_ips = proven.filter(|address| source_ips.contains(address)).take(ADDRESSES).collect();
    Detection {
        id: campaign.id.clone(),
        change,
        kind: campaign.kind,
        name,
        summary,
        source_ips,
        proven_ips,
        candidate_ips,
        target_ips,
        addresses_cut,
        scan_types,
        shape,
        direction: direction(campaign).to_owned(),
        first_seen: campaign.first_seen,
        last_seen: campaign.last_seen,
        detected_at: campaign.detected_at,
        probes,
        distinct_ports: campaign.ports.len(),
        distinct_hosts: hosts,
        ports,
        open_ports: campaign.open_ports.iter().collect(),
        open_services: campaign.open.keys().copied().collect::<Vec<OpenPort>>(),
        tool,
        attribution,
        severity,
        mitre,
        score: round(campaign.score),
        threshold: round(campaign.verdict.standing.bar),
        reasons,
        explanation: explain::verdict(campaign),
        sensor_losses: campaign.losses,
        processes: campaign.processes.iter().map(|process| vedette_event::Process::clone(process)).collect(),
        observers: campaign.observers.iter().map(|observer| observer.id.clone()).collect(),
        part_of: campaign.part_of.clone(),
    }
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// Sources, candidates, and why the first candidate is the likeliest.
fn sources(campaign: &Campaign) -> (Vec<IpAddr>, Vec<IpAddr>, Option<String>) {
    if campaign.arrangement == Arrangement::Decoy {
        let (candidates, reason) = naming::candidates(campaign);
        let real = candidates.first().copied().filter(|_| reason.is_some());
        return (real.into_iter().collect(), candidates, reason);
    }
    let sources: Vec<IpAddr> = campaign.members.iter().map(|member| member.address).collect();
    let candidates = campaign.forged_by.into_iter().chain(sources.iter().copied());
    let candidates = if campaign.forged_by.is_some() { candidates.collect() } else { Vec::new() };
    (sources, candidates, None)
}

fn direction(campaign: &Campaign) -> &'static str {
    let count = |direction: Direction| campaign.directions[direction as usize];
    let inbound = count(Direction::Inbound) + count(Direction::Local);
    let (outbound, observed) = (count(Direction::Outbound), count(Direction::Observed));
    if outbound > inbound && outbound >= observed {
        "outbound"
    } else if inbound > 0 && inbound >= observed {
        "inbound"
    } else {
        "observed"
    }
}

/// The tool whose fingerprints most probes fit.
fn tool(campaign: &Campaign, scan_types: &[ScanType]) -> Tool {
    let fitting = |name: &str| -> u32 {
        FINGERPRINTS
            .iter()
            .zip(campaign.tools)
            .filter(|(row, _)| row.tool == name)
            .map(|(_, count)| count)
            .sum()
    };
    let mut best: Option<(&str, u32)> = None;
    for row in &FINGERPRINTS {
        let count = fitting(row.tool);
        if count >= FITTING && best.is_none_or(|(_, most)| count > most) {
            best = Some((row.tool, count));
        }
    }
    let said = (campaign.payloads & !(LISTENED | RETURNED)).count_ones();
    let self_named = payload::self_named(campaign.payloads);
    let name = match (self_named, best) {
        (Some(name), _) | (None, Some((name, _))) => name,
        (None, None) if said >= FITTING => "nmap",
        (None, None) => return Tool::default(),
    };
    let mut tool = Tool { name: name.to_owned(), ..Tool::default() };
    if self_named.is_some() {
        tool.confidence = SELF_NAMED;
        tool.evidence.push("names itself in the HTTP header User-Agent".to_owned());
    }
    if name == "nmap" && said > 0 {
        tool.confidence = tool.confidence.max(PAYLOAD_CONFIDENCE);
        tool.evidence.push(format!("said {said} different first words of its service probes and scripts"));
    }
    for (row, count) in
        FINGERPRINTS.iter().zip(campaign.tools).filter(|&(row, count)| row.tool == name && count > 0)
    {
        if row.confidence > tool.confidence {
            tool.confidence = row.confidence;
            row.version.clone_into(&mut tool.version_hint);
        }
        tool.evidence.push(format!("{} probes: {}", words::number(count.into()), row.evidence));
    }
    if scan_types.contains(&ScanType::OsDetection) {
        tool.evidence.push(format!(
            "{} of the 16 packets of its operating system detection",
            campaign.os_probes.count_ones()
        ));
    }
    tool
}
