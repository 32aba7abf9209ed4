//! A connection attempt, whatever saw it: live sensor, capture file or another product's log.

use crate::Time;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::sync::Arc;

/// TCP flag bits, as in the header's 13th byte, with the NS bit as 0x100.
pub mod flag {
    pub const FIN: u16 = 0x01;
    pub const SYN: u16 = 0x02;
    pub const RST: u16 = 0x04;
    pub const PSH: u16 = 0x08;
    pub const ACK: u16 = 0x10;
    pub const URG: u16 = 0x20;
    pub const ECE: u16 = 0x40;
    pub const CWR: u16 = 0x80;
    pub const NS: u16 = 0x100;
}

/// Who saw the event.
#[derive(Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Observer {
    /// Stable identifier: of the agent, or of the log source or file.
    pub id: String,
    pub hostname: String,
    pub kind: ObserverKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ObserverKind {
    Sensor,
    Capture,
    Log,
}

/// Where the attempt went, seen from the observer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The target is the observer's own address.
    Inbound,
    /// The source is the observer's own address.
    Outbound,
    /// Between two addresses of this host (loopback).
    Local,
    /// Neither is known to be the observer's: forwarded or mirrored traffic, or a capture file
    /// that does not say whose it is.
    Observed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    Tcp,
    Udp,
    Sctp,
    /// ICMP or ICMPv6; `target_port` is 0, the type and code are in [`Event::icmp`].
    Icmp,
    /// ARP request or IPv6 neighbour solicitation: "who has `target`?".
    Arp,
    /// Any other IP protocol, by its number; `target_port` is 0.
    Ip(u8),
}

impl Transport {
    /// The IP protocol number; ARP has none (0).
    pub fn number(self) -> u8 {
        match self {
            Transport::Tcp => 6,
            Transport::Udp => 17,
            Transport::Sctp => 132,
            Transport::Icmp => 1,
            Transport::Arp => 0,
            Transport::Ip(number) => number,
        }
    }
}

/// What became of the attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The target answered as an open port does: SYN-ACK, INIT-ACK, a UDP reply, an echo reply,
    /// an ARP reply. For TCP, [`Event::handshake_completed`] says whether the source finished.
    Accepted,
    /// RST, ABORT, or ICMP port unreachable from the target itself.
    Refused,
    /// ICMP unreachable or prohibited, from anyone.
    Rejected,
    /// Nothing within 500 ms, or before the capture ended.
    Unanswered,
    /// The first packet seen belongs to a conversation that had begun before: data or
    /// acknowledgements both ways.
    MidStream,
    /// Answers that nobody asked for as far as the observer saw: SYN-ACK or RST without a SYN,
    /// an ICMP error about a packet never seen, a UDP or echo reply without a request.
    Unsolicited,
    /// The observer saw the attempt and does not know what came of it: a log of what was let
    /// through, sampled flows, one direction only.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// The attempt, emitted at its first outcome or 500 ms after the first packet.
    Attempt,
    /// The end of a flow whose attempt was accepted: totals of both sides.
    FlowEnd,
}

/// How an accepted flow ended. `Open` on attempts and on flows cut by time-out or end of capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Closing {
    #[default]
    Open,
    Fin,
    /// The source sent RST (right after SYN-ACK: a half-open scan).
    ResetBySource,
    ResetByTarget,
    Timeout,
}

/// Packets and payload bytes of one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Volume {
    pub packets: u32,
    /// Transport payload bytes.
    pub bytes: u64,
}

/// What the first packet of the attempt looked like: the raw material of fingerprints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct FirstPacket {
    /// TCP flags, see [`flag`]; 0 for other transports.
    pub tcp_flags: u16,
    /// TTL or hop limit as received.
    pub ttl: u8,
    pub window: u16,
    pub sequence: u32,
    pub acknowledgement: u32,
    pub urgent: u16,
    pub ip_id: u16,
    pub dont_fragment: bool,
    /// The packet came in IP fragments.
    pub fragmented: bool,
    pub bad_checksum: bool,
    /// IP options or extension headers other than a fragment header were present.
    pub ip_options: bool,
    /// TCP maximum segment size option; 0 when absent.
    pub mss: u16,
    /// TCP option kinds in order, one hexadecimal nibble each from the high end (kinds above 14
    /// as 15), at most 16; 0 when there are none.
    pub options: u64,
    /// First payload bytes, as many as `payload_prefix_len` says.
    pub payload_prefix: [u8; 16],
    pub payload_prefix_len: u8,
    /// Transport payload bytes of this packet.
    pub payload_len: u16,
    /// The scanner that the payload's HTTP header `User-Agent` names.
    pub agent: Option<Agent>,
    /// Made from a log that tells less than the packet, or from a packet that the capture cut inside its
    /// TCP options: what is 0 here is not known. TCP flags are always told.
    pub partial: bool,
}

/// Scanners that name themselves to web servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Agent {
    /// nmap's scripts: `Mozilla/5.0 (compatible; Nmap Scripting Engine; …)`.
    NmapScripts,
    /// `masscan/1.3`
    Masscan,
    /// `Mozilla/5.0 zgrab/0.x`
    Zgrab,
}

impl FirstPacket {
    /// Whether a TCP option of this kind (1 to 14) is in [`FirstPacket::options`].
    #[inline]
    fn has_option(&self, kind: u8) -> bool {
        const EACH: u64 = 0x1111_1111_1111_1111;
        // Zero where the kind is; taking one from each nibble borrows into the top bit of the first zero.
        let others = self.options ^ u64::from(kind).wrapping_mul(EACH);
        others.wrapping_sub(EACH) & !others & (EACH << 3) != 0
    }

    /// Window scale, selective acknowledgement or timestamp are among the options: every general-purpose
    /// stack has sent some of them for twenty years.
    #[inline]
    pub fn shows_stack(&self) -> bool {
        const WINDOW_SCALE: u8 = 3;
        const SACK: u8 = 4;
        const TIMESTAMP: u8 = 8;
        [WINDOW_SCALE, SACK, TIMESTAMP].into_iter().any(|kind| self.has_option(kind))
    }

    pub fn payload_prefix(&self) -> &[u8] {
        let end = usize::from(self.payload_prefix_len).min(self.payload_prefix.len());
        &self.payload_prefix[..end]
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Icmp {
    pub kind: u8,
    pub code: u8,
    /// ICMPv6 rather than ICMP.
    pub v6: bool,
}

/// The packet with which a source reset an answer before the handshake was complete. That a host lives at
/// the address follows from it, and that the host sent the probe does not: any host resets what it did not
/// ask for. Where the packet came from tells more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceReset {
    /// TTL or hop limit as received.
    pub ttl: u8,
    pub mac: Option<[u8; 6]>,
}

/// The local process of an attempt, where the sensor knows it: the one that made it where it goes out
/// from this host, the one that serves it where it comes in.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Process {
    pub pid: u32,
    pub name: String,
    pub path: String,
    pub command_line: String,
    pub user: String,
}

/// A connection attempt, or the end of an accepted one.
///
/// `source` is the sender of the first packet seen. Whether that makes it the initiator is for
/// the outcome to say: an [`Outcome::Unsolicited`] or [`Outcome::MidStream`] source may well be
/// the answering side.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub kind: EventKind,
    /// Time of the first packet (of the last one, for [`EventKind::FlowEnd`]).
    pub time: Time,
    /// When the outcome was known. Events leave a folder in the order of this time.
    pub decided: Time,
    pub observer: Arc<Observer>,
    pub direction: Direction,
    pub transport: Transport,
    pub source: IpAddr,
    pub source_port: u16,
    pub target: IpAddr,
    pub target_port: u16,
    pub outcome: Outcome,
    /// TCP: the source completed the three-way handshake.
    pub handshake_completed: bool,
    pub closing: Closing,
    /// Attempts this event stands for: 1, or more where the folder aggregated a flood.
    pub count: u32,
    /// Repeated first packets (retransmissions) beyond the first.
    pub retries: u16,
    pub sent: Volume,
    pub received: Volume,
    /// From first to last packet, in microseconds.
    pub duration: i64,
    pub first: FirstPacket,
    /// Of the request for ICMP attempts; of the ICMP error for rejected ones.
    pub icmp: Option<Icmp>,
    pub source_mac: Option<[u8; 6]>,
    /// With [`Closing::ResetBySource`] before the handshake was complete; `None` where it was not seen.
    pub reset: Option<SourceReset>,
    pub vlan: Option<u16>,
    /// Name of the interface, empty when unknown.
    pub interface: Arc<str>,
    pub process: Option<Arc<Process>>,
}

impl Event {
    /// The address on the observer's side; the target where no side is the observer's.
    pub fn local(&self) -> (IpAddr, u16) {
        match self.direction {
            Direction::Outbound => (self.source, self.source_port),
            _ => (self.target, self.target_port),
        }
    }

    /// The local process that began it; `None` also where the local side is the one that answers.
    pub fn sending_process(&self) -> Option<&Arc<Process>> {
        let ours = matches!(self.direction, Direction::Outbound | Direction::Local);
        self.process.as_ref().filter(|_| ours)
    }

    /// The other side of [`Event::local`].
    pub fn remote(&self) -> (IpAddr, u16) {
        match self.direction {
            Direction::Outbound => (self.target, self.target_port),
            _ => (self.source, self.source_port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_found_at_each_place_and_nowhere_else() {
        for options in
            [0, 0x2481_3000_0000_0000, 0x3333_3333_3333_3333, 0x1010_0000_0000_0004, 0x8421_1248_0f0f_f0f9]
        {
            let first = FirstPacket { options, ..FirstPacket::default() };
            for kind in 1..15 {
                let there = (0..16).any(|place| (options >> (60 - 4 * place)) as u8 & 0xf == kind);
                assert_eq!(first.has_option(kind), there, "{kind} in {options:016x}");
            }
        }
    }
}
