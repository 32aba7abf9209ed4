//! The same packet seen twice: on loopback (sent and received), on a bridge and its ports, on a
//! VLAN and the interface below it.
//!
//! A repetition counts as the same packet only when it comes by another interface or the other way
//! within 2 ms. A capture of one interface that knows no directions has no such repetitions, and is
//! not looked at: real retransmissions there are never lost.

use crate::packet::{Body, Packet, Way};
use ahash::RandomState;
use vedette_event::Time;

const WINDOW: i64 = 2_000;
/// Places, each 32 bytes. Packets of different interfaces may be a capture block apart.
const PLACES: usize = 4_096;

#[derive(Clone, Copy)]
struct Seen {
    print: u64,
    time: Time,
    interface: u32,
    device: u32,
    way: Way,
}

pub struct Duplicates {
    seen: Vec<Seen>,
    hasher: RandomState,
    /// The only interface so far.
    interface: Option<(u32, u32)>,
    needed: bool,
}

impl Duplicates {
    pub fn new(hasher: RandomState) -> Duplicates {
        Duplicates { seen: Vec::new(), hasher, interface: None, needed: false }
    }

    /// True for the second sight of a packet.
    #[inline]
    pub fn is_duplicate(&mut self, packet: &Packet<'_>) -> bool {
        if !self.needed {
            let here = (packet.interface, packet.device);
            let first = *self.interface.get_or_insert(here);
            if packet.way == Way::Unknown && first == here {
                return false;
            }
            self.start();
        }
        self.look_up(packet)
    }

    #[cold]
    fn start(&mut self) {
        self.needed = true;
        let never = Time(i64::MIN);
        self.seen = vec![Seen { print: 0, time: never, interface: 0, device: 0, way: Way::Unknown }; PLACES];
    }

    fn look_up(&mut self, packet: &Packet<'_>) -> bool {
        let print = self.print(packet);
        let Some(place) = self.seen.get_mut(print as usize % PLACES) else { return false };
        let elsewhere =
            place.way != packet.way || place.interface != packet.interface || place.device != packet.device;
        let apart = packet.time.since(place.time).unsigned_abs();
        if place.print == print && elsewhere && apart <= WINDOW as u64 {
            return true;
        }
        *place = Seen {
            print,
            time: packet.time,
            interface: packet.interface,
            device: packet.device,
            way: packet.way,
        };
        false
    }

    /// What two sights of one packet have in common. Not the TTL, MAC addresses or VLAN, which
    /// change from interface to interface.
    fn print(&self, packet: &Packet<'_>) -> u64 {
        let body = match packet.body {
            Body::Tcp(tcp) => (tcp.sequence, tcp.acknowledgement, tcp.flags, tcp.window),
            Body::Udp(udp) => (0, 0, 0, udp.length),
            Body::Sctp(sctp) => (0, 0, u16::from(sctp.chunk.unwrap_or_default()), 0),
            Body::Icmp(icmp) => (head(packet.segment, 4), 0, u16::from(icmp.kind), icmp.id),
            Body::Resolve(resolve) => (0, 0, u16::from(resolve.request), 0),
            Body::Fragment(fragment) => (fragment.id, 0, fragment.offset, u16::from(fragment.more)),
            Body::Other => (0, 0, 0, 0),
        };
        let payload = packet.payload();
        self.hasher.hash_one((
            (packet.source, packet.target, packet.ports()),
            (body, packet.ip.id, packet.ip.protocol, packet.segment_len),
            (head(payload, 0), head(payload, 4)),
        ))
    }
}

fn head(data: &[u8], at: usize) -> u32 {
    data.get(at..).and_then(|rest| rest.first_chunk::<4>()).map_or(0, |bytes| u32::from_ne_bytes(*bytes))
}
