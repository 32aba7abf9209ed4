//! The same packet seen twice: on loopback (sent and received), on a bridge and its ports, on a
//! VLAN and the interface below it.
//!
//! A repetition counts as the same packet only when it comes by another interface or the other way
//! within 2 ms. In a capture of one interface that knows no directions nothing is one: real
//! retransmissions are never lost, and only the first few are remembered as long as all packets came one
//! way: where there are several, that shows at once.

use super::key::number;
use crate::packet::{Body, Packet, Way};
use ahash::RandomState;
use std::hash::{BuildHasher, Hasher};
use vedette_event::Time;

const WINDOW: i64 = 2_000;
/// Places, each 32 bytes. Packets of different interfaces may be a capture block apart.
const PLACES: usize = 4_096;
/// Packets remembered before a second interface or way is known.
const FIRST: usize = 64;

#[derive(Clone, Copy)]
struct Seen {
    print: u64,
    time: Time,
    port: Port,
}

pub struct Duplicates {
    /// Empty as long as all packets came by one interface and one way.
    seen: Vec<Seen>,
    /// That of the first packet, and the packets until then.
    only: Option<Port>,
    first: Vec<(Print, Time)>,
    hasher: RandomState,
}

/// By which interface and which way a packet came.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Port {
    interface: u32,
    device: u32,
    way: Way,
}

impl Duplicates {
    pub fn new(hasher: RandomState) -> Duplicates {
        Duplicates { seen: Vec::new(), only: None, first: Vec::new(), hasher }
    }

    /// True for the second sight of a packet.
    #[inline]
    pub fn is_duplicate(&mut self, packet: &Packet<'_>) -> bool {
        let port = Port { interface: packet.interface, device: packet.device, way: packet.way };
        if self.seen.is_empty() {
            let only = *self.only.get_or_insert(port);
            if only == port {
                if self.first.len() < FIRST {
                    self.first.push((Print::of(packet), packet.time));
                }
                return false;
            }
            self.begin(only);
        }
        self.is_known(&Print::of(packet), packet.time, port)
    }

    /// There is a second interface or way.
    #[cold]
    fn begin(&mut self, only: Port) {
        self.seen = vec![Seen { print: 0, time: Time(i64::MIN), port: only }; PLACES];
        for (print, time) in std::mem::take(&mut self.first) {
            self.is_known(&print, time, only);
        }
    }

    fn is_known(&mut self, print: &Print, time: Time, port: Port) -> bool {
        let print = print.hash(&self.hasher);
        let Some(place) = self.seen.get_mut(print as usize % PLACES) else { return false };
        let apart = time.since(place.time).unsigned_abs();
        if place.print == print && place.port != port && apart <= WINDOW as u64 {
            return true;
        }
        *place = Seen { print, time, port };
        false
    }
}

/// What two sights of one packet have in common. Not the TTL, MAC addresses or VLAN, which change from
/// interface to interface.
#[derive(Clone, Copy)]
struct Print {
    source: u128,
    target: u128,
    /// Ports, IP identification and protocol; numbers of the transport header; its marks and the length.
    words: [u64; 3],
    head: u64,
}

impl Print {
    #[inline]
    fn of(packet: &Packet<'_>) -> Print {
        let (numbers, marks) = header(packet);
        let (from, to) = packet.ports();
        let ip = u32::from(packet.ip.id) << 8 | u32::from(packet.ip.protocol);
        let ports = u64::from(from) << 48 | u64::from(to) << 32 | u64::from(ip);
        Print {
            source: number(packet.source),
            target: number(packet.target),
            words: [ports, numbers, u64::from(marks) << 32 | u64::from(packet.segment_len)],
            head: packet.payload().first_chunk().map_or(0, |head| u64::from_ne_bytes(*head)),
        }
    }

    fn hash(&self, hasher: &RandomState) -> u64 {
        let mut state = hasher.build_hasher();
        state.write_u128(self.source);
        state.write_u128(self.target);
        self.words.iter().for_each(|word| state.write_u64(*word));
        state.write_u64(self.head);
        state.finish()
    }
}

/// The transport header's own numbers: 64 bits of sequence, 32 of flags and the like.
#[inline]
fn header(packet: &Packet<'_>) -> (u64, u32) {
    let pair = |high: u16, low: u16| u32::from(high) << 16 | u32::from(low);
    match packet.body {
        Body::Tcp(tcp) => {
            let numbers = u64::from(tcp.sequence) << 32 | u64::from(tcp.acknowledgement);
            (numbers, pair(tcp.flags, tcp.window))
        }
        Body::Udp(udp) => (0, pair(0, udp.length)),
        Body::Sctp(sctp) => (0, pair(0, sctp.chunk.map_or(256, u16::from))),
        Body::Icmp(icmp) => {
            let head = packet.segment.first_chunk().map_or(0, |head| u64::from_ne_bytes(*head));
            (head, pair(u16::from(icmp.kind), u16::from(icmp.code)))
        }
        Body::Resolve(resolve) => (0, pair(1, u16::from(resolve.request))),
        Body::Fragment(fragment) => (u64::from(fragment.id), pair(fragment.offset, u16::from(fragment.more))),
        Body::Other => (0, 0),
    }
}
