//! The sentences of a detection: name, summary, reasons.
//!
//! Belongs here: wording. Does not belong here: any decision.

use crate::campaign::{Campaign, Member};
use crate::evidence::{self, Answer};
use crate::fingerprint::FINGERPRINTS;
use crate::scales;
use crate::source::{Aside, LineKey};
use crate::technique::Technique;
use std::collections::BTreeMap;
use std::net::IpAddr;
use vedette_event::{Attribution, DetectionKind, ObserverKind, ScanType, Shape};

/// What the sentences are made of besides the campaign.
pub(crate) struct Facts<'a> {
    pub(crate) scan_types: &'a [ScanType],
    pub(crate) shape: Shape,
    pub(crate) attribution: Attribution,
    pub(crate) hosts: u32,
    pub(crate) sources: &'a [IpAddr],
    pub(crate) targets: &'a [IpAddr],
    pub(crate) ports: &'a str,
    pub(crate) tool: &'a str,
    pub(crate) real_source: Option<&'a str>,
}

pub(crate) fn scan_name(kind: ScanType) -> &'static str {
    match kind {
        ScanType::TcpSyn => "TCP SYN scan",
        ScanType::TcpConnect => "TCP connect scan",
        ScanType::TcpFin => "TCP FIN scan",
        ScanType::TcpNull => "TCP NULL scan",
        ScanType::TcpXmas => "TCP Xmas scan",
        ScanType::TcpAck => "TCP ACK scan",
        ScanType::TcpWindow => "TCP window scan",
        ScanType::TcpMaimon => "TCP Maimon scan",
        ScanType::TcpOther => "TCP scan with odd flags",
        ScanType::Udp => "UDP scan",
        ScanType::SctpInit => "SCTP INIT scan",
        ScanType::SctpCookieEcho => "SCTP COOKIE-ECHO scan",
        ScanType::IpProtocol => "IP protocol scan",
        ScanType::PingSweep => "Ping sweep",
        ScanType::ArpSweep => "ARP sweep",
        ScanType::HostSweep => "Host sweep",
        ScanType::OsDetection => "Operating system detection",
        ScanType::VersionDetection => "Service version detection",
        ScanType::ScriptScan => "Script scan",
        ScanType::Idle => "Idle scan",
    }
}

/// 12345 as "12,345".
pub(crate) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn plural(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{} {many}", number(count)) }
}

fn whom(facts: &Facts<'_>) -> String {
    match facts.targets {
        [only] if facts.hosts <= 1 => only.to_string(),
        _ => plural(facts.hosts.into(), "host", "hosts"),
    }
}

fn from(campaign: &Campaign, facts: &Facts<'_>) -> String {
    match (facts.shape, facts.sources) {
        (Shape::Decoy, [likeliest]) => {
            format!("{likeliest} hidden among {} candidates", number(campaign.member_count))
        }
        (Shape::Decoy, _) => format!("one of {} candidates", number(campaign.member_count)),
        (_, [only]) => only.to_string(),
        _ => plural(campaign.member_count, "source", "sources"),
    }
}

pub(crate) fn name(campaign: &Campaign, facts: &Facts<'_>) -> String {
    let (whom, from) = (whom(facts), from(campaign, facts));
    match campaign.kind {
        DetectionKind::Flood if facts.sources.is_empty() => {
            format!("Flood of {whom} from {} invented sources", number(campaign.member_count))
        }
        DetectionKind::Flood => format!("Flood of {whom} from {from}"),
        DetectionKind::Backscatter => format!("Backscatter from {from} at {whom}"),
        DetectionKind::BenignDiscovery => match &campaign.class {
            Some(class) if class.scanner => format!("Approved scan ({}) of {whom} from {from}", class.name),
            Some(class) => format!("{} of {whom} from {from}", capital(&class.name)),
            None => format!("Traceroute to {whom} from {from}"),
        },
        DetectionKind::Scan => {
            let what = facts.scan_types.first().map_or("Scan", |&kind| scan_name(kind));
            let ports = match (facts.shape, campaign.ports.len()) {
                (Shape::Horizontal, 1) => format!(" for port {}", facts.ports),
                (Shape::Horizontal | Shape::Block, 2..) => {
                    format!(" for {} ports", number(campaign.ports.len().into()))
                }
                _ => String::new(),
            };
            if let Some(both) = scan_and_sweep(campaign, facts, &from) {
                return both;
            }
            let distributed = if facts.shape == Shape::Distributed { "Distributed " } else { "" };
            format!("{distributed}{what} of {whom}{ports} from {from}")
        }
    }
}

/// A scan of the ports of a few hosts beside a search for many: two things that one source did.
fn scan_and_sweep(campaign: &Campaign, facts: &Facts<'_>, from: &str) -> Option<String> {
    const FEW: u32 = 8;
    let sweeps = |kind: &&ScanType| matches!(kind, ScanType::PingSweep | ScanType::ArpSweep);
    let sweep = facts.scan_types.iter().find(sweeps)?;
    let scan = facts.scan_types.iter().find(|kind| !sweeps(kind) && **kind != ScanType::HostSweep)?;
    let (scanned, swept, ports) = (campaign.targets.len(), campaign.swept.len(), campaign.ports.len());
    if ports == 0 || scanned == 0 || scanned.saturating_mul(FEW) > swept {
        return None;
    }
    let scanned = match campaign.targets.iter().next() {
        Some(only) if scanned == 1 => only.to_string(),
        _ => plural(scanned.into(), "host", "hosts"),
    };
    Some(format!(
        "{} of {scanned} ({}) and {} of {} hosts from {from}",
        scan_name(*scan),
        plural(ports.into(), "port", "ports"),
        scan_name(*sweep),
        number(swept.into())
    ))
}

pub(crate) fn summary(campaign: &Campaign, facts: &Facts<'_>) -> String {
    let (whom, from) = (whom(facts), from(campaign, facts));
    let seconds = campaign.last_seen.since(campaign.first_seen) as f64 / 1e6;
    // Logs tell whole seconds.
    let of_logs = campaign.observers.iter().all(|observer| observer.kind == ObserverKind::Log);
    let within = if seconds < 1.0 && of_logs { "a second".to_owned() } else { duration(seconds) };
    let probes = plural(campaign.probes, "packet", "packets");
    match campaign.kind {
        DetectionKind::Flood => format!(
            "{probes} within {within}, which finish nothing; no port is looked for. {}",
            flood_sources(campaign, facts)
        ),
        DetectionKind::Backscatter => format!(
            "{from} sent {probes} to {whom} within {within} that answer nothing {whom} asked: someone uses our addresses as invented sources."
        ),
        DetectionKind::BenignDiscovery if campaign.class.is_some() => {
            format!(
                "{} {} of {whom} within {within}; it is covered by the class \"{}\" and raises no alert.",
                capital(&from),
                tried(campaign),
                campaign.class.as_ref().map_or("", |class| class.name.as_str())
            )
        }
        DetectionKind::BenignDiscovery => {
            format!("{from} traced the route to {whom}: {probes} with small hop limits within {within}.")
        }
        DetectionKind::Scan => {
            let tool =
                if facts.tool.is_empty() { String::new() } else { format!(" It looks like {}.", facts.tool) };
            let learnt = learnt(campaign);
            let verdict =
                campaign.foreign.first().map_or(String::new(), |known| format!(" {}.", known.words));
            format!(
                "{} {} of {whom} within {within}.{learnt}{tool}{verdict} {}",
                capital(&from),
                tried(campaign),
                certainty(campaign, facts)
            )
        }
    }
}

fn flood_sources(campaign: &Campaign, facts: &Facts<'_>) -> String {
    if facts.sources.is_empty() {
        format!("{} sources, each once: they are invented.", number(campaign.member_count))
    } else {
        format!("All come from {}.", from(campaign, facts))
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => format!("{:.0} ms", (s * 1_000.0).max(1.0)),
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7_200.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.0} h", s / 3_600.0),
        s => format!("{:.0} days", s / 86_400.0),
    }
}

fn tried(campaign: &Campaign) -> String {
    match (campaign.ports.len(), campaign.protocols.len()) {
        (0, 0) => "looked for the addresses".to_owned(),
        (0, protocols) => format!("tried {}", plural(protocols.into(), "IP protocol", "IP protocols")),
        (ports, 0) => format!("tried {}", plural(ports.into(), "port", "ports")),
        (ports, protocols) => format!(
            "tried {} and {}",
            plural(protocols.into(), "IP protocol", "IP protocols"),
            plural(ports.into(), "port", "ports")
        ),
    }
}

fn learnt(campaign: &Campaign) -> String {
    let open = campaign.open_ports.len();
    if open == 0 {
        return if campaign.ports.len() == 0 { String::new() } else { " None answered as open.".to_owned() };
    }
    let some: Vec<String> = campaign.open_ports.iter().take(8).map(|port| port.to_string()).collect();
    let more = if open > 8 { ", …" } else { "" };
    let after = match campaign.open.values().filter(|used| used.connections > 0).count() {
        0 => String::new(),
        n => format!(" Connections followed to {}.", plural(n as u64, "of them", "of them")),
    };
    format!(" {} as open: {}{more}.{after}", plural(open.into(), "answered", "answered"), some.join(", "))
}

fn certainty(campaign: &Campaign, facts: &Facts<'_>) -> String {
    if let Some(forger) = campaign.forged_by
        && facts.shape != Shape::Decoy
    {
        return format!(
            "The apparent source is not the scanner: its packets came from the network card of {forger} (idle scan or forged address)."
        );
    }
    match (facts.shape, facts.attribution) {
        (Shape::Decoy, _) => match facts.real_source {
            Some(reason) => format!("All but one source are likely decoys: {reason}."),
            None => "All but one source are likely decoys; nothing tells which.".to_owned(),
        },
        (_, Attribution::Confirmed) if !campaign.processes.is_empty() => {
            format!("The source is confirmed: the probes are of {}.", programs(campaign))
        }
        (_, Attribution::Confirmed) => "The source is confirmed: it received our answers.".to_owned(),
        (_, Attribution::Unconfirmed) if campaign.half_open > 0 => {
            "The source address is not confirmed: it reset our answers, as any live host does.".to_owned()
        }
        (_, Attribution::Unconfirmed) => "The source address is not confirmed.".to_owned(),
        (_, Attribution::Spoofed) if campaign.members.iter().any(Member::is_framed) => {
            "The apparent source is not the scanner: it reset our answers, but from another place than the probes came from (forged address)."
                .to_owned()
        }
        (_, Attribution::Spoofed) => "The source addresses are invented.".to_owned(),
    }
}

/// `nmap (process 812, user root)`; of several, their names.
fn programs(campaign: &Campaign) -> String {
    match &campaign.processes[..] {
        [only] => format!("{} (process {}, user {})", short(&only.name), only.pid, short(&only.user)),
        several => {
            let mut names: Vec<String> = several.iter().map(|process| short(&process.name)).collect();
            names.dedup();
            names.join(", ")
        }
    }
}

/// Names are a stranger's words.
fn short(name: &str) -> String {
    name.chars().filter(|letter| !letter.is_control()).take(40).collect()
}

/// Why it fired, strongest first, each with its number.
pub(crate) fn reasons(campaign: &Campaign, real_source: Option<&str>) -> Vec<String> {
    let mut reasons = Vec::new();
    if let Some(whole) = &campaign.part_of {
        reasons.push(format!("It turned out to be part of detection {whole}: their sources go in step"));
    }
    if let Some(class) = &campaign.class {
        reasons.push(format!("Covered by the class \"{}\": {}", class.name, class.why));
    }
    if let Some(reason) = real_source {
        reasons.push(format!("Likeliest real source: {reason}"));
    }
    if let Some(impostor) = &campaign.impostor {
        reasons.push(capital(impostor));
    }
    if campaign.storm {
        reasons.push(
            "So many campaigns of unconfirmed sources began within a minute that these are told together"
                .to_owned(),
        );
    }
    for foreign in &campaign.foreign {
        let times = if foreign.count > 1 {
            format!(" ({} times)", number(foreign.count.into()))
        } else {
            String::new()
        };
        reasons.push(format!("{}{times}", foreign.words));
    }
    let mut groups: BTreeMap<(Technique, u8), (Answer, u32, f32)> = BTreeMap::new();
    for contact in &campaign.verdict.contacts {
        let group =
            groups.entry((contact.technique, contact.answer as u8)).or_insert((contact.answer, 0, 0.0));
        group.1 += 1;
        group.2 += contact.weight.host.max(contact.weight.port);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by(|(_, a), (_, b)| b.2.total_cmp(&a.2));
    for ((technique, _), (answer, count, weight)) in groups {
        reasons.push(format!(
            "{} {}: {weight:+.1}",
            plural(
                count.into(),
                &format!("{} contact", technique_name(technique)),
                &format!("{} contacts", technique_name(technique))
            ),
            answer.words()
        ));
    }
    reasons.extend(besides(campaign));
    let fitted: u32 = campaign.tools.iter().sum();
    if let Some(row) =
        campaign.tools.iter().enumerate().max_by_key(|&(row, &count)| (count, std::cmp::Reverse(row)))
        && *row.1 > 0
    {
        let of = FINGERPRINTS[row.0].tool;
        reasons.push(format!(
            "{} fit a fingerprint of {of} (in a first contact's weight it is {:.1})",
            plural(fitted.into(), "probe", "probes"),
            evidence::tool(FINGERPRINTS[row.0].confidence)
        ));
    }
    reasons.push(standing(campaign));
    reasons
}

/// What weighed besides contacts.
fn besides(campaign: &Campaign) -> Vec<String> {
    let mut groups: BTreeMap<Aside, (u64, f32)> = BTreeMap::new();
    for note in &campaign.verdict.notes {
        let group = groups.entry(note.what).or_default();
        (group.0, group.1) = (group.0 + 1, group.1 + note.weight);
    }
    let sentence = |(what, (count, weight)): (Aside, (u64, f32))| match what {
        Aside::OsProbe => {
            let (one, many) = ("packet", "different packets");
            format!("{} of an operating system detection: {weight:+.1}", plural(count, one, many))
        }
        Aside::Words => {
            format!("{} scanners know: {weight:+.1}", plural(count, "thing said that", "things said that"))
        }
        Aside::NotAgain => format!("None of it was repeated, as monitoring would have: {weight:+.1}"),
    };
    groups.into_iter().map(sentence).collect()
}

/// Of evidence that is no contact, the words of its row: what it was, and what about it.
pub(crate) fn aside(what: Aside) -> (&'static str, &'static str) {
    match what {
        Aside::OsProbe => ("OS detection", "window and options of its table"),
        Aside::Words => ("words", "said or called as scanners do"),
        Aside::NotAgain => ("silence", "not repeated since"),
    }
}

fn standing(campaign: &Campaign) -> String {
    let verdict = &campaign.verdict;
    let line = about(verdict.line);
    if verdict.is_foreign(campaign.kind) {
        return format!("The verdict of another product about {line} is enough by itself");
    }
    format!(
        "Evidence over {} for {line}: {:.1}; {:.1} is enough",
        scales::words(verdict.standing.scale),
        verdict.standing.score,
        verdict.standing.bar
    )
}

/// What the contacts on a line have in common.
pub(crate) fn about(line: Option<LineKey>) -> String {
    match line {
        Some(LineKey::Host(host)) => format!("distinct ports of {host}"),
        Some(LineKey::Port(technique, 0)) => format!("{} of distinct hosts", technique_name(technique)),
        Some(LineKey::Port(_, port)) => format!("port {port} of distinct hosts"),
        Some(LineKey::Spread) => "many ports of many hosts".to_owned(),
        None => "all sources together".to_owned(),
    }
}

pub(crate) fn technique_name(technique: Technique) -> &'static str {
    match technique {
        Technique::Syn => "SYN",
        Technique::Fin => "FIN",
        Technique::Null => "NULL",
        Technique::Xmas => "Xmas",
        Technique::Ack => "ACK",
        Technique::Maimon => "FIN+ACK",
        Technique::OddFlags => "odd-flag",
        Technique::Udp => "UDP",
        Technique::SctpInit => "SCTP INIT",
        Technique::SctpCookieEcho => "SCTP COOKIE-ECHO",
        Technique::IpProtocol => "IP protocol",
        Technique::Echo => "ping",
        Technique::IcmpQuery => "ICMP query",
        Technique::Arp => "ARP",
        Technique::SynAck => "SYN-ACK",
        Technique::Answer => "unasked",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_thousands() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(19_999), "19,999");
        assert_eq!(number(1_234_567), "1,234,567");
    }
}
