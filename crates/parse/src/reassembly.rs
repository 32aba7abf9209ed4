//! IP fragments, put together as far as transport headers go.
//!
//! Kept is the head of each datagram ([`HEAD`] bytes), which is enough for the headers and the
//! first payload bytes whatever the fragment size, and not the rest: nothing here reads payloads.
//! Where fragments overlap the first bytes seen win, as in Linux for IPv4 before it began to drop
//! such datagrams; the overlap is counted.

use crate::packet::{Body, Fragment, IpHeader, Packet, transport};
use ahash::RandomState;
use hashbrown::HashTable;
use std::net::IpAddr;
use vedette_event::Time;

/// Bytes kept of each datagram: a TCP header with all options is 60, an ICMP error that quotes an
/// IPv6 header and ports 56.
pub const HEAD: usize = 128;
/// A datagram whose fragments do not come within this time is given up (RFC 1122: 60 to 120 s for
/// hosts; Linux 30 s).
const TIMEOUT: i64 = 30_000_000;

/// What happened to fragments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReassemblyStats {
    pub fragments: u64,
    /// Datagrams whose transport header could be read.
    pub completed: u64,
    /// Fragments that contradicted bytes seen before.
    pub overlaps: u64,
    /// Datagrams given up after 30 s without a readable header.
    pub timeouts: u64,
    /// Datagrams given up to make room.
    pub evicted: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    source: IpAddr,
    target: IpAddr,
    id: u32,
    /// 0 for IPv6, where later fragments need not say it.
    protocol: u8,
}

/// One datagram in the making.
#[derive(Clone, Copy)]
struct Datagram {
    key: Key,
    hash: u64,
    expires: Time,
    head: [u8; HEAD],
    /// One bit for each byte of `head` that is there.
    known: u128,
    /// Of the whole datagram behind the IP header, once the last fragment was seen.
    total: Option<u32>,
    /// Highest end seen so far.
    seen: u32,
    /// Bytes of all fragments so far.
    received: u32,
    /// From the first fragment.
    ip: Option<IpHeader>,
    done: bool,
}

/// A bounded table of datagrams in the making, oldest first.
pub struct Reassembler {
    index: HashTable<u32>,
    /// A ring: datagram number `n` lives at `n % capacity`.
    ring: Vec<Datagram>,
    capacity: usize,
    oldest: usize,
    next: usize,
    hasher: RandomState,
    stats: ReassemblyStats,
}

impl Reassembler {
    /// `capacity` datagrams at a time, about 250 bytes each.
    pub fn new(capacity: usize, hasher: RandomState) -> Reassembler {
        Reassembler {
            index: HashTable::new(),
            ring: Vec::new(),
            capacity: capacity.max(1),
            oldest: 0,
            next: 0,
            hasher,
            stats: ReassemblyStats::default(),
        }
    }

    pub fn stats(&self) -> ReassemblyStats {
        self.stats
    }

    /// Takes a fragment. Gives the packet once, as soon as its transport header is there; later
    /// fragments of the same datagram are absorbed. The packet's time is that of `packet`, its bytes
    /// are in `head`.
    pub fn push<'h>(
        &mut self,
        packet: &Packet<'_>,
        fragment: Fragment,
        head: &'h mut [u8; HEAD],
    ) -> Option<Packet<'h>> {
        self.stats.fragments += 1;
        self.expire(packet.time);
        let slot = self.slot(packet, fragment);
        let datagram = self.ring.get_mut(slot)?;
        let overlaps = datagram.add(packet, fragment);
        self.stats.overlaps += u64::from(overlaps);
        if datagram.done {
            return None;
        }
        let whole = datagram.whole(packet, head)?;
        self.stats.completed += 1;
        Some(whole)
    }

    /// The place of the fragment's datagram, made when it is new.
    fn slot(&mut self, packet: &Packet<'_>, fragment: Fragment) -> usize {
        let v4 = packet.source.is_ipv4();
        let protocol = if v4 { packet.ip.protocol } else { 0 };
        let key = Key { source: packet.source, target: packet.target, id: fragment.id, protocol };
        let hash = self.hasher.hash_one((key.source, key.target, key.id, key.protocol));
        let ring = &self.ring;
        if let Some(&slot) = self.index.find(hash, |&slot| ring[slot as usize].key == key) {
            let datagram = &mut self.ring[slot as usize];
            if datagram.is_over() {
                // Identifiers come round: 16 bits are few for a scan.
                *datagram = Datagram { expires: datagram.expires, ..Datagram::new(key, hash, packet.time) };
            }
            return slot as usize;
        }
        if self.next - self.oldest >= self.capacity {
            self.stats.evicted += u64::from(!self.ring[self.oldest % self.capacity].done);
            self.drop_oldest();
        }
        let slot = self.next % self.capacity;
        self.next += 1;
        let datagram = Datagram::new(key, hash, packet.time.plus(TIMEOUT));
        match self.ring.get_mut(slot) {
            Some(place) => *place = datagram,
            None => self.ring.push(datagram),
        }
        let ring = &self.ring;
        self.index.insert_unique(hash, slot as u32, |&slot| ring[slot as usize].hash);
        slot
    }

    fn expire(&mut self, now: Time) {
        while self.oldest < self.next {
            let datagram = &self.ring[self.oldest % self.capacity];
            if datagram.expires > now {
                break;
            }
            self.stats.timeouts += u64::from(!datagram.done);
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        let slot = (self.oldest % self.capacity) as u32;
        let hash = self.ring[slot as usize].hash;
        if let Ok(entry) = self.index.find_entry(hash, |&found| found == slot) {
            entry.remove();
        }
        self.oldest += 1;
    }
}

impl Datagram {
    fn new(key: Key, hash: u64, expires: Time) -> Datagram {
        Datagram {
            key,
            hash,
            expires,
            head: [0; HEAD],
            known: 0,
            total: None,
            seen: 0,
            received: 0,
            ip: None,
            done: false,
        }
    }

    /// Read, and all its fragments seen: another fragment with this identifier is of another
    /// datagram.
    fn is_over(&self) -> bool {
        self.done && self.total.is_some_and(|total| self.received >= total)
    }

    /// Adds what is new; true when the fragment contradicts what was there.
    fn add(&mut self, packet: &Packet<'_>, fragment: Fragment) -> bool {
        let offset = u32::from(fragment.offset);
        let end = offset + packet.segment_len;
        self.seen = self.seen.max(end);
        self.received = self.received.saturating_add(packet.segment_len);
        if !fragment.more && self.total.is_none() {
            self.total = Some(end);
        }
        if fragment.offset == 0 && self.ip.is_none() {
            self.ip = Some(packet.ip);
        }
        let mut contradicts = false;
        for (place, &byte) in (usize::from(fragment.offset)..HEAD).zip(packet.segment) {
            let bit = 1u128 << place;
            if self.known & bit == 0 {
                self.known |= bit;
                self.head[place] = byte;
            } else {
                contradicts |= self.head[place] != byte;
            }
        }
        contradicts
    }

    /// The packet, when its transport header is complete, or will never be longer than it is.
    fn whole<'h>(&mut self, last: &Packet<'_>, head: &'h mut [u8; HEAD]) -> Option<Packet<'h>> {
        let ip = self.ip?;
        let have = self.known.trailing_ones() as usize;
        let total = self.total.unwrap_or(self.seen);
        let complete = self.total.is_some_and(|total| have as u32 >= total);
        let needed = match ip.protocol {
            6 if have >= 13 => usize::from(self.head[12] >> 4).max(5) * 4,
            6 => 20,
            1 | 17 | 58 => 8,
            132 => 16,
            _ => 1,
        };
        if have < needed && !complete {
            return None;
        }
        let v6 = last.source.is_ipv6();
        *head = self.head;
        let segment = &head[..have];
        let body = transport(ip.protocol, segment, total, v6).ok()?;
        self.done = true;
        let mut packet = Packet { ip, segment, segment_len: total, body, ..*last };
        packet.ip.fragmented = true;
        packet.checksum_pending = true;
        if let Body::Icmp(message) = packet.body
            && v6
        {
            crate::packet::neighbour(&mut packet, message);
        }
        Some(packet)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::packet::Way;
    use vedette_event::flag;

    fn fragment<'a>(time: i64, id: u32, offset: u16, more: bool, data: &'a [u8]) -> Packet<'a> {
        Packet {
            time: Time(time),
            way: Way::Unknown,
            interface: 0,
            device: 0,
            source_mac: None,
            link_multicast: false,
            vlan: None,
            inner_vlan: None,
            source: IpAddr::from([10, 0, 0, 1]),
            target: IpAddr::from([10, 0, 0, 2]),
            ip: IpHeader { protocol: 6, fragmented: true, ..IpHeader::default() },
            segment: data,
            segment_len: data.len() as u32,
            body: Body::Fragment(Fragment { id, offset, more }),
            checksum_pending: false,
        }
    }

    fn push(table: &mut Reassembler, packet: &Packet<'_>) -> Option<Packet<'static>> {
        let Body::Fragment(fragment) = packet.body else { panic!("not a fragment") };
        table.push(packet, fragment, Box::leak(Box::new([0; HEAD])))
    }

    /// A SYN to port 80 with an MSS option.
    const SYN: [u8; 24] =
        [0x9c, 0x40, 0, 80, 0, 0, 0, 7, 0, 0, 0, 0, 0x60, 0x02, 4, 0, 0, 0, 0, 0, 2, 4, 5, 0xb4];

    #[test]
    fn eight_byte_fragments_in_any_order_give_one_packet() {
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
            let mut table = Reassembler::new(16, RandomState::new());
            let mut packets = 0;
            for piece in order {
                let at = piece * 8;
                let part = fragment(0, 7, at as u16, piece < 2, &SYN[at..at + 8]);
                if let Some(packet) = push(&mut table, &part) {
                    packets += 1;
                    let Body::Tcp(tcp) = packet.body else { panic!("not TCP") };
                    assert_eq!((tcp.target_port, tcp.flags), (80, flag::SYN));
                    assert_eq!(packet.tcp_options().mss, 1460);
                    assert!(packet.ip.fragmented);
                }
            }
            assert_eq!(packets, 1, "{order:?}");
        }
    }

    #[test]
    fn the_first_of_overlapping_bytes_wins_and_is_counted() {
        let mut table = Reassembler::new(16, RandomState::new());
        assert!(push(&mut table, &fragment(0, 1, 0, true, &SYN[..8])).is_none());
        let mut forged = SYN;
        forged[3] = 22;
        assert!(push(&mut table, &fragment(0, 1, 0, true, &forged[..16])).is_none());
        let packet = push(&mut table, &fragment(0, 1, 16, false, &SYN[16..])).unwrap();
        assert_eq!(packet.ports().1, 80);
        assert_eq!(table.stats().overlaps, 1);
    }

    #[test]
    fn repeated_fragments_are_no_overlap_and_give_no_second_packet() {
        let mut table = Reassembler::new(16, RandomState::new());
        assert!(push(&mut table, &fragment(0, 1, 0, true, &SYN[..16])).is_none());
        assert!(push(&mut table, &fragment(0, 1, 0, true, &SYN[..16])).is_none());
        assert!(push(&mut table, &fragment(0, 1, 16, false, &SYN[16..])).is_some());
        assert!(push(&mut table, &fragment(0, 1, 16, false, &SYN[16..])).is_none());
        assert_eq!(table.stats().overlaps, 0);
    }

    #[test]
    fn an_identifier_can_be_used_again() {
        let mut table = Reassembler::new(16, RandomState::new());
        let mut other = SYN;
        other[3] = 22;
        for (syn, port) in [(SYN, 80), (other, 22)] {
            assert!(push(&mut table, &fragment(0, 1, 0, true, &syn[..8])).is_none());
            assert!(push(&mut table, &fragment(0, 1, 8, true, &syn[8..16])).is_none());
            let packet = push(&mut table, &fragment(0, 1, 16, false, &syn[16..])).unwrap();
            assert_eq!(packet.ports().1, port);
        }
        assert_eq!(table.stats().overlaps, 0);
    }

    #[test]
    fn the_table_is_bounded_and_forgets() {
        let mut table = Reassembler::new(4, RandomState::new());
        for id in 0..100 {
            push(&mut table, &fragment(i64::from(id), id, 0, true, &SYN[..8]));
        }
        assert_eq!((table.stats().evicted, table.index.len()), (96, 4));
        push(&mut table, &fragment(TIMEOUT + 1_000, 200, 0, true, &SYN[..8]));
        assert_eq!((table.stats().timeouts, table.index.len()), (4, 1));
    }

    #[test]
    fn nothing_is_read_from_what_never_came() {
        let mut table = Reassembler::new(4, RandomState::new());
        // The last fragment without the first.
        assert!(push(&mut table, &fragment(0, 1, 16, false, &SYN[16..])).is_none());
        // A datagram that ends inside the TCP header before the flags.
        assert!(push(&mut table, &fragment(0, 2, 0, true, &SYN[..8])).is_none());
        assert!(push(&mut table, &fragment(0, 2, 8, false, &SYN[8..12])).is_none());
    }
}
