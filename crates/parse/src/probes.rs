//! The latest probe packets of each source, kept as bytes: what an alert's capture file is made of.
//!
//! Belongs here: which packets are worth keeping, in memory that is fixed from the start. Does not
//! belong here: files, what the packets mean ([`crate::flow`]).
//!
//! Kept are packets that begin something or refuse it: TCP with SYN, FIN, RST or without ACK, UDP,
//! SCTP, ICMP, ARP and other IP protocols, each cut to [`SNAP`] bytes. Established TCP is not: an
//! acknowledgement is kept when it belongs to no flow that is known, as those of an ACK scan do.

use crate::packet::{Body, Frame, Link, Packet, network_offset};
use crate::pcap::write;
use ahash::RandomState;
use std::collections::VecDeque;
use std::net::IpAddr;
use vedette_event::{Time, flag};

/// Bytes of a packet that are kept: headers, and the first words of a payload.
pub const SNAP: usize = 160;
/// Of each source, the first packets and the latest.
const FIRST: usize = 16;
const LATEST: usize = 16;
/// Sources in one set of the table.
const WAYS: usize = 8;
/// A source that was silent for so long begins anew, and makes room before any other.
const FORGOTTEN: i64 = 3_600_000_000;
/// Packets in one file.
const MOST_PACKETS: usize = 512;

/// One packet as it is kept, as an Ethernet frame.
#[derive(Clone)]
struct Kept {
    time: Time,
    wire_len: u32,
    len: u8,
    bytes: [u8; SNAP],
}

struct Source {
    address: IpAddr,
    last: Time,
    first: Vec<Kept>,
    latest: VecDeque<Kept>,
}

/// A table of sources with their packets. Full, it takes 32 packets of about 180 bytes a source.
pub struct ProbeKeeper {
    sets: Vec<Vec<Source>>,
    hasher: RandomState,
}

impl ProbeKeeper {
    /// A table for about `sources` sources, at least 8.
    pub fn new(sources: usize) -> ProbeKeeper {
        let sets = (sources / WAYS).max(1).next_power_of_two();
        ProbeKeeper { sets: (0..sets).map(|_| Vec::new()).collect(), hasher: RandomState::new() }
    }

    /// Keeps the packet if it is worth it: a probe under its sender, an answer under who gets it.
    /// `began` says that it began a flow ([`crate::flow::FlowFolder::began_flow`]).
    pub fn keep(&mut self, frame: &Frame<'_>, packet: &Packet<'_>, began: bool) {
        let Some(prober) = prober(packet, began) else { return };
        let Some(kept) = Kept::of(frame) else { return };
        let source = self.entry(prober, frame.time);
        source.last = source.last.max(frame.time);
        if source.first.len() < FIRST {
            source.first.push(kept);
        } else {
            if source.latest.len() == LATEST {
                source.latest.pop_front();
            }
            source.latest.push_back(kept);
        }
    }

    /// A capture file of what these sources sent and were answered, in order of time; `None` when
    /// nothing of them is kept.
    pub fn capture(&self, sources: &[IpAddr]) -> Option<Vec<u8>> {
        let known = sources.iter().filter_map(|address| self.find(*address));
        let packets = known.flat_map(|source| source.first.iter().chain(&source.latest));
        let mut packets: Vec<&Kept> = packets.take(MOST_PACKETS).collect();
        packets.sort_by_key(|kept| kept.time);
        let mut file = Vec::new();
        write::header(&mut file);
        for kept in &packets {
            let bytes = kept.bytes.get(..usize::from(kept.len)).unwrap_or_default();
            write::cut_frame(&mut file, kept.time, bytes, kept.wire_len);
        }
        (!packets.is_empty()).then_some(file)
    }

    fn set(&self, address: IpAddr) -> usize {
        // The number of sets is a power of two.
        self.hasher.hash_one(address) as usize & (self.sets.len() - 1)
    }

    fn find(&self, address: IpAddr) -> Option<&Source> {
        self.sets.get(self.set(address))?.iter().find(|source| source.address == address)
    }

    fn entry(&mut self, address: IpAddr, now: Time) -> &mut Source {
        let index = self.set(address);
        let set = &mut self.sets[index];
        let place = match set.iter().position(|source| source.address == address) {
            Some(place) => place,
            None if set.len() < WAYS => {
                set.push(Source { address, last: now, first: Vec::new(), latest: VecDeque::new() });
                set.len() - 1
            }
            None => weakest(set, now),
        };
        let source = &mut set[place];
        if source.address != address || now.since(source.last) > FORGOTTEN {
            (source.address, source.last) = (address, now);
            source.first.clear();
            source.latest.clear();
        }
        source
    }
}

/// Who makes room: whoever was forgotten, then whoever sent least, so that a flood of strangers, each
/// with one packet, pushes out its own and not a slow scanner.
fn weakest(set: &[Source], now: Time) -> usize {
    let rank = |source: &Source| match now.since(source.last) > FORGOTTEN {
        true => (0, source.last),
        false => (source.first.len() + source.latest.len(), source.last),
    };
    (0..set.len()).min_by_key(|place| rank(&set[*place])).unwrap_or_default()
}

/// Whose probe this belongs to; `None` when it is not worth keeping.
fn prober(packet: &Packet<'_>, began: bool) -> Option<IpAddr> {
    let answer = match packet.body {
        Body::Tcp(tcp) => {
            let set = |bits: u16| tcp.flags & bits == bits;
            let begins_or_ends = tcp.flags & (flag::SYN | flag::FIN | flag::RST) != 0;
            // With data it is the middle of a conversation.
            let stray = began && packet.payload_len() == 0;
            if set(flag::ACK) && !begins_or_ends && !stray {
                return None;
            }
            set(flag::SYN | flag::ACK) || set(flag::RST)
        }
        Body::Icmp(icmp) => icmp.is_error() || matches!(icmp.query(), Some((_, false))),
        Body::Resolve(resolve) => !resolve.request,
        Body::Fragment(_) | Body::Udp(_) | Body::Sctp(_) | Body::Other => false,
    };
    Some(if answer { packet.target } else { packet.source })
}

impl Kept {
    /// The frame as an Ethernet frame; `None` where nothing of it is left.
    fn of(frame: &Frame<'_>) -> Option<Kept> {
        let mut kept = Kept { time: frame.time, wire_len: frame.wire_len, len: 0, bytes: [0; SNAP] };
        let mut at = 0;
        let mut put = |part: &[u8]| {
            let part = &part[..part.len().min(SNAP - at)];
            kept.bytes[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        };
        let skipped = match frame.link {
            Link::Ethernet => None,
            Link::RawIp => Some(0),
            Link::Null => Some(4),
            Link::Sll => Some(16),
            Link::Sll2 => Some(20),
            Link::Ppp | Link::Nflog => Some(network_offset(frame)?),
        };
        match skipped {
            None => put(frame.data),
            Some(skipped) => {
                let ip = frame.data.get(skipped..)?;
                // ARP begins with the kind of its hardware, which is 1 in two bytes.
                let kind = match ip.first()? >> 4 {
                    4 => [0x08, 0x00],
                    6 => [0x86, 0xdd],
                    _ => [0x08, 0x06],
                };
                put(&[0; 12]);
                put(&kind);
                put(ip);
                kept.wire_len = (frame.wire_len + 14).saturating_sub(skipped as u32);
            }
        }
        // SNAP fits in a byte.
        kept.len = at as u8;
        (at > 0).then_some(kept)
    }
}
