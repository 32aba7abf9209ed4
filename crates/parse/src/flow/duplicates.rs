//! The same packet seen twice: on loopback (sent and received), on a bridge and its ports, on a
//! VLAN and the interface below it.
//!
//! A repetition counts as the same packet only when it comes by another interface or the other way
//! within 2 ms. In a capture of one interface that knows no directions nothing is one: real
//! retransmissions are never lost, and nothing is remembered as long as all packets came one way.

use super::key::number;
use crate::packet::{Body, Packet, Way};
use ahash::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::net::IpAddr;
use vedette_event::Time;

const WINDOW: i64 = 2_000;
/// Places, each 32 bytes. Packets of different interfaces may be a capture block apart.
const PLACES: usize = 4_096;

#[derive(Clone, Copy)]
struct Seen {
    print: u64,
    time: Time,
    port: Port,
}

pub struct Duplicates {
    /// Empty as long as all packets came by one interface and one way.
    seen: Vec<Seen>,
    /// That of the first packet.
    only: Option<Port>,
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
        Duplicates { seen: Vec::new(), only: None, hasher }
    }

    /// True for the second sight of a packet.
    #[inline]
    pub fn is_duplicate(&mut self, packet: &Packet<'_>) -> bool {
        let port = Port { interface: packet.interface, device: packet.device, way: packet.way };
        if self.seen.is_empty() {
            // A direction is only known where both are: from the first packet on there may be two sights.
            if port.way == Way::Unknown && *self.only.get_or_insert(port) == port {
                return false;
            }
            let never = Seen { print: 0, time: Time(i64::MIN), port };
            self.seen = vec![never; PLACES];
        }
        self.is_known(packet, port)
    }

    fn is_known(&mut self, packet: &Packet<'_>, port: Port) -> bool {
        let print = self.print(packet);
        let Some(place) = self.seen.get_mut(print as usize % PLACES) else { return false };
        let apart = packet.time.since(place.time).unsigned_abs();
        if place.print == print && place.port != port && apart <= WINDOW as u64 {
            return true;
        }
        *place = Seen { print, time: packet.time, port };
        false
    }

    /// What two sights of one packet have in common. Not the TTL, MAC addresses or VLAN, which
    /// change from interface to interface.
    #[inline]
    fn print(&self, packet: &Packet<'_>) -> u64 {
        let mut state = self.hasher.build_hasher();
        match (packet.source, packet.target) {
            (IpAddr::V4(source), IpAddr::V4(target)) => {
                state.write_u64(u64::from(u32::from(source)) << 32 | u64::from(u32::from(target)));
            }
            (source, target) => {
                state.write_u128(number(source));
                state.write_u128(number(target));
            }
        }
        let (numbers, marks) = header(packet);
        let (from, to) = packet.ports();
        let ip = u32::from(packet.ip.id) << 8 | u32::from(packet.ip.protocol);
        state.write_u64(u64::from(from) << 48 | u64::from(to) << 32 | u64::from(ip));
        state.write_u64(numbers);
        state.write_u64(u64::from(marks) << 32 | u64::from(packet.segment_len));
        if let Some(head) = packet.payload().first_chunk() {
            state.write_u64(u64::from_ne_bytes(*head));
        }
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
