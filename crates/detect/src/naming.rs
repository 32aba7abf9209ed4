//! Which techniques, shape and attribution a campaign has, from its counts.
//!
//! Belongs here: the rules. Does not belong here: the sentences (see [`crate::words`]).

use crate::campaign::{Arrangement, Campaign, Member};
use crate::payload::{self, LISTENED, Purpose, RETURNED};
use crate::source::LineKey;
use crate::technique::Technique;
use std::net::IpAddr;
use vedette_event::{Attribution, DetectionKind, ScanType, Shape};

/// A technique is named when it makes up this part of the probes (one in so many): tools send
/// single pings and ACKs before they scan.
const NAMED_FROM: u32 = 20;
/// Ports up to which a scan of several hosts is a sweep.
const SWEEP_PORTS: u32 = 3;
/// Hosts of one port beside which a few other ports do not matter.
const MANY_HOSTS: u32 = 16;
/// Hosts from which on looking for them is a sweep.
const SWEEP_HOSTS: u32 = 3;
/// Different packets of nmap's operating system detection that name it.
const OS_PROBES: u32 = 3;
/// Different service probes that name a version detection.
const PAYLOADS: usize = 2;

/// Techniques, the most used first.
pub(crate) fn scan_types(campaign: &Campaign) -> Vec<ScanType> {
    let mut types: Vec<(u32, ScanType)> = Vec::new();
    let ported: u32 =
        Technique::ALL.iter().filter(|t| !t.is_sweep()).map(|&t| campaign.techniques[t as usize]).sum();
    for technique in Technique::ALL {
        let count = campaign.techniques[technique as usize];
        let Some(name) = technique.scan_type() else { continue };
        let named = match technique {
            Technique::Syn | Technique::Arp => false,
            Technique::Echo | Technique::IcmpQuery => sweeps(campaign, count, ported),
            _ => count > 0 && count.saturating_mul(NAMED_FROM) >= ported && (count > 1 || ported == 1),
        };
        // A window scan sends the same packets; it reads more from the answers.
        if named && technique == Technique::Ack && campaign.members.iter().any(|member| member.answered > 0) {
            types.push((count - 1, ScanType::TcpWindow));
        }
        if named && !types.iter().any(|&(_, known)| known == name) {
            types.push((count, name));
        }
    }
    types.extend(syn_types(campaign, ported));
    let arp = campaign.techniques[Technique::Arp as usize];
    if sweeps(campaign, arp, ported) {
        // Who pings a whole network is seen by a bystander as asking for all its addresses.
        let pinged = campaign.techniques[Technique::Echo as usize];
        if pinged > 0 && !types.iter().any(|&(_, known)| known == ScanType::PingSweep) {
            types.push((arp.saturating_add(1), ScanType::PingSweep));
        }
        types.push((arp, ScanType::ArpSweep));
    }
    types.sort_by_key(|&(count, _)| std::cmp::Reverse(count));
    let mut names: Vec<ScanType> = types.into_iter().map(|(_, name)| name).collect();
    if campaign.ports.len() > 0 && shape(campaign) == Shape::Horizontal {
        names.push(ScanType::HostSweep);
    }
    if campaign.os_probes.count_ones() >= OS_PROBES {
        names.push(ScanType::OsDetection);
    }
    // Who scans half-open and then completes a connection to listen asks for more than whether a port is
    // open.
    let returned = campaign.payloads & RETURNED != 0 && campaign.ports.len() == 1;
    let listened = campaign.half_open > 0 && campaign.raw_syns > 0 && campaign.payloads & LISTENED != 0;
    let listens = returned || listened;
    if payload::count(campaign.payloads, Purpose::Version) >= PAYLOADS || listens {
        names.push(ScanType::VersionDetection);
    }
    if payload::count(campaign.payloads, Purpose::Script) > 0 {
        names.push(ScanType::ScriptScan);
    }
    if campaign.forged_by.is_some() && campaign.arrangement == Arrangement::Single {
        names.push(ScanType::Idle);
    }
    names
}

fn sweeps(campaign: &Campaign, count: u32, ported: u32) -> bool {
    campaign.swept.len() >= SWEEP_HOSTS && count >= SWEEP_HOSTS && count.saturating_mul(4) >= ported
}

/// SYNs by a stack come from `connect()`, unless their sender resets what is accepted.
fn syn_types(campaign: &Campaign, ported: u32) -> Vec<(u32, ScanType)> {
    let counts =
        |count: u32| count > 0 && count.saturating_mul(NAMED_FROM) >= ported.min(campaign.ports.len().max(1));
    let mut types = Vec::new();
    let connects = campaign.completed >= campaign.half_open;
    let (mut raw, mut stack) = (campaign.raw_syns, campaign.stack_syns);
    // Of a log that tells no options: only a finished handshake shows a stack.
    *if connects && campaign.completed > 0 { &mut stack } else { &mut raw } += campaign.untold_syns;
    if !connects && raw == 0 {
        (raw, stack) = (stack, 0);
    }
    if counts(raw) {
        types.push((raw, ScanType::TcpSyn));
    }
    if counts(stack) {
        types.push((stack, ScanType::TcpConnect));
    }
    types
}

/// Probes of what a campaign is named for: a single ping before a port scan is none of them.
pub(crate) fn probes(campaign: &Campaign, scan_types: &[ScanType]) -> u64 {
    let sweeps = scan_types.iter().any(|kind| matches!(kind, ScanType::PingSweep | ScanType::ArpSweep));
    let beside = if sweeps || scan_types.is_empty() { 0 } else { campaign.sweep_probes };
    campaign.probes - beside
}

/// Hosts that a campaign touched in what it is named for.
pub(crate) fn hosts(campaign: &Campaign) -> u32 {
    let ported: u32 =
        Technique::ALL.iter().filter(|t| !t.is_sweep()).map(|&t| campaign.techniques[t as usize]).sum();
    let swept: u32 =
        Technique::ALL.iter().filter(|t| t.is_sweep()).map(|&t| campaign.techniques[t as usize]).sum();
    if campaign.targets.len() == 0 || sweeps(campaign, swept, ported) {
        campaign.targets.len().max(campaign.swept.len())
    } else {
        campaign.targets.len()
    }
}

pub(crate) fn shape(campaign: &Campaign) -> Shape {
    let (hosts, ports) = (hosts(campaign), campaign.ports.len());
    match campaign.arrangement {
        Arrangement::Decoy => Shape::Decoy,
        Arrangement::Distributed => Shape::Distributed,
        // A firewall names one of the hosts of a sweep.
        Arrangement::Single if hosts <= 1 && campaign.foreign.iter().any(|foreign| foreign.sweep) => {
            Shape::Horizontal
        }
        Arrangement::Single if hosts <= 1 => Shape::Vertical,
        // What else the source did, as others behind its address did, makes no block of a sweep.
        Arrangement::Single
            if hosts >= MANY_HOSTS
                && matches!(campaign.verdict.line, Some(LineKey::Port(..)))
                && campaign.ported_on_line.saturating_mul(4) >= campaign.ported.saturating_mul(3) =>
        {
            Shape::Horizontal
        }
        Arrangement::Single if ports <= SWEEP_PORTS || ports.saturating_mul(8) <= hosts => Shape::Horizontal,
        Arrangement::Single => Shape::Block,
    }
}

pub(crate) fn attribution(campaign: &Campaign) -> Attribution {
    let confirmed = campaign.members.iter().filter(|member| member.is_real()).count();
    let framed = campaign.members.iter().filter(|member| member.is_framed()).count();
    match (campaign.kind, campaign.arrangement) {
        (DetectionKind::Flood, _) if campaign.members.is_empty() => Attribution::Spoofed,
        (_, Arrangement::Decoy) => Attribution::Unconfirmed,
        _ if campaign.forged_by.is_some() => Attribution::Spoofed,
        _ if !campaign.processes.is_empty() => Attribution::Confirmed,
        _ if framed * 2 > campaign.members.len() => Attribution::Spoofed,
        _ if confirmed * 2 > campaign.members.len() => Attribution::Confirmed,
        _ => Attribution::Unconfirmed,
    }
}

/// Who among decoys it really was, likeliest first, and the reason for the first where there is
/// one that none of the others has.
///
/// An invented address neither finishes a handshake nor resets one, and mostly draws no answer
/// at all because the target cannot reach it. A live one resets what it did not ask for, but from where it
/// is, not from where the probes come.
pub(crate) fn candidates(campaign: &Campaign) -> (Vec<IpAddr>, Option<String>) {
    let mut members: Vec<&Member> = campaign.members.iter().collect();
    members.sort_by_key(|member| std::cmp::Reverse(liveness(member)));
    if let Some(position) = members.iter().position(|member| Some(member.address) == campaign.forged_by) {
        let real = members.remove(position);
        members.insert(0, real);
        let reason = format!("the packets of the others came from the network card of {} too", real.address);
        return (members.into_iter().map(|member| member.address).collect(), Some(reason));
    }
    let reason = match members[..] {
        [first, second, ..] if liveness(first).0 > liveness(second).0 => Some(match first {
            _ if first.completed > 0 => format!("{} completed {} handshakes", first.address, first.completed),
            _ if first.resets_same > 0 => format!(
                "{} reset {} connections after they were accepted, from where the probes came; none of the others did",
                first.address, first.resets_same
            ),
            _ if first.half_open > 0 => format!(
                "{} reset {} connections after they were accepted; none of the others did",
                first.address, first.half_open
            ),
            _ => format!("{} drew {} answers; the others drew none", first.address, first.answered),
        }),
        _ => None,
    };
    (members.into_iter().map(|member| member.address).collect(), reason)
}

/// A class, and a number to order by within it.
fn liveness(member: &Member) -> (u8, u32) {
    match member {
        Member { completed: 1.., .. } => (5, member.completed),
        _ if member.is_framed() => (0, member.answered),
        _ if member.is_real() => (4, member.resets_same),
        Member { half_open: 1.., .. } => (3, member.half_open),
        Member { answered: 3.., .. } => (2, member.answered),
        _ => (1, member.answered),
    }
}
