//! How a first packet looks: which tool may have made it, and whether a stack or a person did.
//!
//! Belongs here: relations between fields of one packet, one row a tool. Does not belong here:
//! what follows from them. A fingerprint is one flag away from being evaded, so it only ever adds
//! to evidence and names what was found by it.

use crate::technique::Technique;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use vedette_event::{Event, FirstPacket, Outcome, Transport, flag};

/// A TCP option kind: the maximum segment size.
const MSS: u8 = 2;

/// One fingerprint. Numbers are those of the tools' sources and of captures.
pub(crate) struct Fingerprint {
    pub(crate) tool: &'static str,
    pub(crate) version: &'static str,
    /// How sure a match makes us, given several of them.
    pub(crate) confidence: f64,
    pub(crate) evidence: &'static str,
    matches: fn(&Event) -> bool,
}

pub(crate) const FINGERPRINTS: [Fingerprint; 11] = [
    Fingerprint {
        tool: "masscan",
        version: "1.3.3 or later (since November 2023)",
        confidence: 0.95,
        evidence: "IP id = destination address ^ port ^ sequence number; window 1025, MSS option",
        matches: |e| e.first.window == 1025 && masscan_id(e),
    },
    Fingerprint {
        tool: "masscan",
        version: "before November 2023",
        confidence: 0.95,
        evidence: "IP id = destination address ^ port ^ sequence number; no TCP options",
        matches: |e| e.first.options == 0 && masscan_id(e),
    },
    Fingerprint {
        tool: "zmap",
        version: "up to 4.0",
        confidence: 0.9,
        evidence: "IP id 54321, window 65535",
        matches: |e| is_syn(e) && e.first.ip_id == 54_321 && e.first.window == 65_535,
    },
    Fingerprint {
        tool: "Mirai",
        version: "and descendants",
        confidence: 0.9,
        evidence: "sequence number = destination address, no TCP options",
        matches: |e| is_syn(e) && e.first.options == 0 && v4(e.target) == Some(e.first.sequence),
    },
    Fingerprint {
        tool: "naabu",
        version: "",
        confidence: 0.6,
        evidence: "window 1024, only an MSS option, TTL above 200",
        matches: |e| {
            let v4 = e.target.is_ipv4();
            is_syn(e) && v4 && e.first.window == 1024 && only_mss(&e.first) && e.first.ttl > 200
        },
    },
    Fingerprint {
        tool: "nmap",
        version: "as measured with 7.9x",
        confidence: 0.9,
        evidence: "SYN with window 1024, only an MSS option of 1440 or 1460, DF off, TTL below 60 (IPv4)",
        matches: |e| is_syn(e) && matches!(e.first.mss, 1440 | 1460) && only_mss(&e.first) && raw_nmap(e),
    },
    Fingerprint {
        tool: "nmap",
        version: "as measured with 7.9x",
        confidence: 0.85,
        evidence: "FIN, NULL, Xmas, Maimon or ACK probe with window 1024, no options, TTL below 60",
        matches: |e| {
            let probe = matches!(
                Technique::of(e),
                Some(Technique::Fin | Technique::Null | Technique::Xmas | Technique::Maimon | Technique::Ack)
            );
            e.transport == Transport::Tcp && probe && e.first.options == 0 && raw_nmap(e)
        },
    },
    Fingerprint {
        tool: "hping3",
        version: "as measured with 3.0.0-alpha-2",
        confidence: 0.6,
        evidence: "window 512, no TCP options, TTL at most 64",
        matches: |e| {
            e.transport == Transport::Tcp
                && e.first.window == 512
                && e.first.options == 0
                && e.first.ttl <= 64
                && e.first.tcp_flags & (flag::RST | flag::PSH) == 0
        },
    },
    Fingerprint {
        tool: "zmap",
        version: "4.1 or later",
        confidence: 0.5,
        evidence: "window 65535, TTL above 200, DF off, no option or MSS alone",
        matches: |e| {
            is_syn(e)
                && e.first.window == 65_535
                && e.first.ttl > 200
                && !e.first.dont_fragment
                && (e.first.options == 0 || only_mss(&e.first))
        },
    },
    Fingerprint {
        tool: "nmap",
        version: "as measured with 7.9x",
        confidence: 0.95,
        evidence: "packet of the operating system detection (window and option order of its table)",
        matches: |e| os_probe(e).is_some(),
    },
    Fingerprint {
        tool: "nmap",
        version: "as measured with 7.9x",
        confidence: 0.9,
        evidence: "question of its UDP scan, with the constants of its table",
        matches: crate::payload::is_nmap_question,
    },
];

/// The row of [`FINGERPRINTS`] that a packet fits.
pub(crate) fn of(event: &Event) -> Option<usize> {
    if event.first.partial {
        return None;
    }
    FINGERPRINTS.iter().position(|row| (row.matches)(event))
}

fn is_syn(event: &Event) -> bool {
    const DECIDING: u16 = flag::FIN | flag::SYN | flag::RST | flag::ACK;
    event.transport == Transport::Tcp && event.first.tcp_flags & DECIDING == flag::SYN
}

fn v4(address: IpAddr) -> Option<u32> {
    match address {
        IpAddr::V4(v4) => Some(v4.to_bits()),
        IpAddr::V6(_) => None,
    }
}

fn masscan_id(event: &Event) -> bool {
    let port = u32::from(event.target_port);
    is_syn(event)
        && v4(event.target)
            .is_some_and(|address| (address ^ port ^ event.first.sequence) as u16 == event.first.ip_id)
}

/// IPv6 has no fragment bit, and nmap leaves its hop limit to the system.
fn raw_nmap(event: &Event) -> bool {
    let first = &event.first;
    first.window == 1024 && (event.target.is_ipv6() || (!first.dont_fragment && first.ttl < 60))
}

/// Made by a tool that takes another TTL for each probe: nmap's raw packets begin with 37 to 59.
pub(crate) fn chooses_ttl(event: &Event) -> bool {
    event.first.ttl < 60 && is_crafted(event) && raw_nmap(event)
}

/// Option kinds in order, padding left out.
fn options(first: &FirstPacket) -> impl Iterator<Item = u8> {
    let packed = first.options;
    (0..16).map(move |n| (packed >> (60 - 4 * n)) as u8 & 0xf).filter(|&kind| kind > 1)
}

fn only_mss(first: &FirstPacket) -> bool {
    options(first).eq([MSS])
}

/// A SYN without any of the options that every general-purpose stack has sent for twenty years.
pub(crate) fn is_crafted(event: &Event) -> bool {
    is_syn(event) && !event.first.partial && !event.first.shows_stack()
}

/// Who made a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Made {
    /// A general-purpose stack, or it is no SYN.
    ByStack,
    ByHand,
    /// A log does not tell the options.
    Untold,
}

pub(crate) fn made(event: &Event) -> Made {
    if is_crafted(event) {
        Made::ByHand
    } else if event.first.partial {
        Made::Untold
    } else {
        Made::ByStack
    }
}

/// What the packets of one sender and kind have in common: equal values may be one tool, or one
/// person's machine, or just the same operating system.
pub(crate) fn stack(event: &Event) -> u64 {
    let first = &event.first;
    let window = if is_crafted(event) { u64::from(first.window) } else { 0 };
    first.options ^ (u64::from(first.mss) << 17) ^ (window << 33) ^ u64::from(first.dont_fragment)
}

/// What a raw packet tool repeats for all the addresses it pretends to be: sequence number and
/// source port. Zero for transports and stacks where they say nothing, and for logs that do not
/// tell the sequence number.
pub(crate) fn twin(event: &Event) -> u64 {
    if event.transport != Transport::Tcp || event.first.sequence == 0 {
        return 0;
    }
    (u64::from(event.first.sequence) << 16) | u64::from(event.source_port)
}

/// Kinds of packets in nmap's operating system detection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum OsProbe {
    Seq1,
    Seq2,
    Seq3,
    Seq4,
    Seq5,
    Seq6,
    Ecn,
    T2,
    T3,
    T4,
    T5,
    T6,
    T7,
    U1,
    Ie1,
    Ie2,
}

/// Flags, window and options of the TCP ones. T2 to T6 share their options.
const OS_PROBES: [(OsProbe, u16, u16, u64); 13] = {
    use OsProbe::*;
    const T: u64 = 0x3128_4000_0000_0000;
    const SYN: u16 = flag::SYN;
    const FPU: u16 = flag::FIN | flag::PSH | flag::URG;
    [
        (Seq1, SYN, 1, T),
        (Seq2, SYN, 63, 0x2348_0000_0000_0000),
        (Seq3, SYN, 4, 0x8113_1200_0000_0000),
        (Seq4, SYN, 4, 0x4830_0000_0000_0000),
        (Seq5, SYN, 16, 0x2483_0000_0000_0000),
        (Seq6, SYN, 512, 0x2480_0000_0000_0000),
        (Ecn, SYN | flag::ECE | flag::CWR, 3, 0x3124_1100_0000_0000),
        (T2, 0, 128, T),
        (T3, FPU | SYN, 256, T),
        (T4, flag::ACK, 1024, T),
        (T5, SYN, 31_337, T),
        (T6, flag::ACK, 32_768, T),
        (T7, FPU, 65_535, T),
    ]
};

/// Which packet of nmap's operating system detection this is.
pub(crate) fn os_probe(event: &Event) -> Option<OsProbe> {
    let first = &event.first;
    match event.transport {
        Transport::Tcp => OS_PROBES
            .iter()
            .find(|&&(_, flags, window, options)| {
                first.window == window && first.tcp_flags & 0xff == flags && first.options == options
            })
            .map(|&(probe, ..)| probe),
        // 300 times the letter C.
        Transport::Udp if first.payload_len == 300 => {
            let prefix = first.payload_prefix();
            (!prefix.is_empty() && prefix.iter().all(|&byte| byte == b'C')).then_some(OsProbe::U1)
        }
        Transport::Icmp if event.outcome != Outcome::Rejected => match event.icmp.map(|icmp| icmp.code) {
            Some(9) => Some(OsProbe::Ie1),
            _ if matches!(first.payload_len, 150 | 158) => Some(OsProbe::Ie2),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{probe, syn};

    fn tool(event: &Event) -> &'static str {
        of(event).map_or("", |row| FINGERPRINTS[row].tool)
    }

    #[test]
    fn a_stack_is_not_a_tool() {
        let event = syn("10.0.0.9", "10.0.0.5", 80);
        assert_eq!(tool(&event), "");
        assert!(!is_crafted(&event));
    }

    #[test]
    fn nmap_is_recognised_and_one_changed_field_is_not() {
        let mut event = syn("10.0.0.9", "10.0.0.5", 80);
        event.first = FirstPacket {
            tcp_flags: flag::SYN,
            ttl: 50,
            window: 1024,
            mss: 1460,
            options: 0x2000_0000_0000_0000,
            ..FirstPacket::default()
        };
        assert_eq!(tool(&event), "nmap");
        event.first.window = 1025;
        assert_eq!(tool(&event), "");
        assert!(is_crafted(&event));
    }

    #[test]
    fn what_a_log_does_not_tell_is_no_fingerprint() {
        let mut event = syn("10.0.0.9", "10.0.0.5", 80);
        event.first = FirstPacket { tcp_flags: flag::SYN, window: 512, ..FirstPacket::default() };
        assert_eq!((tool(&event), made(&event)), ("hping3", Made::ByHand));
        event.first.partial = true;
        assert_eq!((tool(&event), made(&event)), ("", Made::Untold));
        assert_eq!(twin(&event), 0, "without a sequence number equal ports say nothing");
    }

    #[test]
    fn relations_between_fields() {
        let mut event = syn("10.0.0.9", "10.0.0.5", 445);
        event.first.options = 0;
        event.first.window = 1024;
        event.first.sequence = 0x1234_5678;
        event.first.ip_id = (0x0a00_0005_u32 ^ 445 ^ 0x1234_5678) as u16;
        assert_eq!(tool(&event), "masscan");
        event.first.ip_id ^= 1;
        assert_eq!(tool(&event), "");
        event.first.sequence = 0x0a00_0005;
        assert_eq!(tool(&event), "Mirai");
    }

    #[test]
    fn os_detection_packets() {
        let mut event = syn("10.0.0.9", "10.0.0.5", 22);
        event.first.window = 31_337;
        event.first.options = 0x3128_4000_0000_0000;
        assert_eq!(os_probe(&event), Some(OsProbe::T5));
        let mut event = probe("10.0.0.9", "10.0.0.5", 35_096, Transport::Udp);
        event.first.payload_len = 300;
        event.first.payload_prefix = [b'C'; 16];
        event.first.payload_prefix_len = 16;
        assert_eq!(os_probe(&event), Some(OsProbe::U1));
    }
}
