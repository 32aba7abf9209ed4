//! What makes packets belong together.

use std::hash::{BuildHasher, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use vedette_event::Transport;

/// Kinds of conversation beside TCP, UDP and SCTP, whose kind is their protocol number.
pub const ICMP_QUERY: u16 = 0x100;
pub const ICMP_OTHER: u16 = 0x200;
pub const RESOLVE: u16 = 0x300;
pub const OTHER: u16 = 0x400;
const V6: u16 = 0x8000;

/// Both ends and the kind of a conversation. The end that sorts lower comes first, so that both
/// directions have the same key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key {
    low: u128,
    high: u128,
    low_port: u16,
    high_port: u16,
    /// One of the constants above or a protocol number, with the address family.
    kind: u16,
}

/// An address as a number; the family is kept in the key.
pub fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

/// Into a hash: half as much of an IPv4 address.
#[inline]
pub fn write(address: IpAddr, state: &mut impl Hasher) {
    match address {
        IpAddr::V4(address) => state.write_u64(u64::from(u32::from(address))),
        IpAddr::V6(address) => state.write_u128(u128::from(address)),
    }
}

fn address(number: u128, v6: bool) -> IpAddr {
    if v6 { IpAddr::V6(Ipv6Addr::from(number)) } else { IpAddr::V4(Ipv4Addr::from(number as u32)) }
}

impl Key {
    /// The key, and whether the source is its lower end.
    #[inline]
    pub fn new(source: (IpAddr, u16), target: (IpAddr, u16), kind: u16) -> (Key, bool) {
        let kind = if source.0.is_ipv6() { kind | V6 } else { kind };
        if let (IpAddr::V4(from), IpAddr::V4(to)) = (source.0, target.0) {
            return Key::of_v4((from, source.1), (to, target.1), kind);
        }
        let source = (number(source.0), source.1);
        let target = (number(target.0), target.1);
        let source_low = source <= target;
        let (low, high) = if source_low { (source, target) } else { (target, source) };
        (Key { low: low.0, high: high.0, low_port: low.1, high_port: high.1, kind }, source_low)
    }

    /// The same for IPv4, where both ends are compared as one number each.
    #[inline]
    fn of_v4(source: (Ipv4Addr, u16), target: (Ipv4Addr, u16), kind: u16) -> (Key, bool) {
        let whole = |(address, port)| u64::from(u32::from(address)) << 16 | u64::from(port);
        let (source, target) = (whole(source), whole(target));
        let (low, high) = (source.min(target), source.max(target));
        let address = |whole: u64| u128::from(whole >> 16);
        let key = Key {
            low: address(low),
            high: address(high),
            low_port: low as u16,
            high_port: high as u16,
            kind,
        };
        (key, source <= target)
    }

    /// A conversation in which one end asks and the other answers, so that both may ask each other
    /// at the same time; `id` is what requests and replies have in common.
    pub fn with_roles(asker: IpAddr, asked: IpAddr, id: u16, kind: u16) -> (Key, bool) {
        let (mut key, asker_low) = Key::new((asker, 0), (asked, 0), kind);
        key.low_port = id;
        key.high_port = u16::from(asker_low);
        (key, asker_low)
    }

    #[inline]
    pub fn hash(&self, hasher: &ahash::RandomState) -> u64 {
        let mut state = hasher.build_hasher();
        let tail = u64::from(self.low_port) << 32 | u64::from(self.high_port) << 16 | u64::from(self.kind);
        if self.kind & V6 == 0 {
            state.write_u64((self.low as u64) << 32 | self.high as u64);
        } else {
            state.write_u128(self.low);
            state.write_u128(self.high);
        }
        state.write_u64(tail);
        state.finish()
    }

    fn has_ports(&self) -> bool {
        matches!(self.kind & !V6, 6 | 17 | 132)
    }

    /// Address and port of the lower or the higher end; port 0 where there are no ports.
    pub fn end(&self, low: bool) -> (IpAddr, u16) {
        let v6 = self.kind & V6 != 0;
        let (number, port) = if low { (self.low, self.low_port) } else { (self.high, self.high_port) };
        (address(number, v6), if self.has_ports() { port } else { 0 })
    }

    pub fn transport(&self) -> Transport {
        match self.kind & !V6 {
            6 => Transport::Tcp,
            17 => Transport::Udp,
            132 => Transport::Sctp,
            RESOLVE => Transport::Arp,
            kind if kind & 0xff00 == OTHER => Transport::Ip(kind as u8),
            _ => Transport::Icmp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_have_one_key() {
        let a = (IpAddr::from([10, 0, 0, 1]), 40_000);
        let b = (IpAddr::from([10, 0, 0, 2]), 80);
        let (there, from_low) = Key::new(a, b, 6);
        let (back, back_from_low) = Key::new(b, a, 6);
        assert_eq!(there, back);
        assert_ne!(from_low, back_from_low);
        assert_eq!((there.end(from_low), there.end(!from_low)), (a, b));
        assert_eq!(there.transport(), Transport::Tcp);
    }

    #[test]
    fn families_and_kinds_do_not_mix() {
        let v4 = Key::new((IpAddr::from([0, 0, 0, 1]), 1), (IpAddr::from([0, 0, 0, 2]), 2), 17).0;
        let v6 = |last| IpAddr::from([0u16, 0, 0, 0, 0, 0, 0, last]);
        assert_ne!(v4, Key::new((v6(1), 1), (v6(2), 2), 17).0);
        assert_eq!(Key::new((v6(1), 0), (v6(2), 0), OTHER | 47).0.transport(), Transport::Ip(47));
        assert_eq!(Key::with_roles(v6(1), v6(2), 9, ICMP_QUERY | 128).0.end(true), (v6(1), 0));
        assert_ne!(Key::with_roles(v6(1), v6(2), 0, RESOLVE).0, Key::with_roles(v6(2), v6(1), 0, RESOLVE).0);
    }
}
