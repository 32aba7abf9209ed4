//! Whose an address is: ours, the Internet's, or nobody's.

use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr};

/// The networks that count as internal.
#[derive(Clone, Debug, Default)]
pub struct Networks {
    /// Prefixes counted as internal besides the ranges that the Internet does not route.
    also_internal: Vec<(IpAddr, u8)>,
}

/// How an attempt crosses the border of the internal networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crossing {
    /// From the Internet to one of ours.
    In,
    /// From one of ours to the Internet.
    Out,
    /// Between two of ours, or between two strangers.
    None,
}

impl Networks {
    /// Counts `prefixes` (address and prefix length) as internal too. Lengths beyond the
    /// address's are held at its length.
    pub fn with_internal(prefixes: impl IntoIterator<Item = (IpAddr, u8)>) -> Networks {
        Networks { also_internal: prefixes.into_iter().collect() }
    }

    pub fn is_internal(&self, address: IpAddr) -> bool {
        unrouted(address) || self.also_internal.iter().any(|&(base, length)| within(address, base, length))
    }

    pub(crate) fn crossing(&self, source: IpAddr, target: IpAddr) -> Crossing {
        match (self.is_internal(source), self.is_internal(target)) {
            (false, true) => Crossing::In,
            (true, false) => Crossing::Out,
            _ => Crossing::None,
        }
    }
}

/// Private (RFC 1918), shared (RFC 6598), loopback, link-local, benchmarking (RFC 2544) and
/// unique local (RFC 4193) addresses.
fn unrouted(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => unrouted_v4(v4),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => unrouted_v4(v4),
            None => {
                v6.is_loopback()
                    || (v6.segments()[0] & 0xfe00) == 0xfc00
                    || (v6.segments()[0] & 0xffc0) == 0xfe80
            }
        },
    }
}

fn unrouted_v4(v4: Ipv4Addr) -> bool {
    let [a, b, ..] = v4.octets();
    v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (18..20).contains(&b))
}

pub(crate) fn within(address: IpAddr, base: IpAddr, length: u8) -> bool {
    let (a, b, width) = match (address, base) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(a.to_bits()), u128::from(b.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits(), b.to_bits(), 128),
        _ => return false,
    };
    let rest = width - u32::from(length).min(width);
    a.checked_shr(rest).unwrap_or(0) == b.checked_shr(rest).unwrap_or(0)
}

/// An address that names one host: not multicast, broadcast or unspecified. What goes to all,
/// goes to nobody in particular and is no probe.
pub(crate) fn is_one_host(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !(v4.is_multicast() || v4.is_broadcast() || v4.is_unspecified()),
        IpAddr::V6(v6) => !(v6.is_multicast() || v6.is_unspecified()),
    }
}

/// Both families in 128 bits: IPv4 in its IPv4-mapped form.
pub(crate) fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// An address as a key of a table: it hashes as one number, in a fraction of the time that its own way
/// takes, piece by piece. Every event looks several up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Host(pub(crate) IpAddr);

impl Hash for Host {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(bits(self.0));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn internal_is_what_the_internet_does_not_route() {
        let networks = Networks::default();
        for ours in
            ["10.1.2.3", "192.168.0.1", "172.31.9.9", "100.64.0.1", "198.18.0.5", "fd50::1", "fe80::1", "::1"]
        {
            assert!(networks.is_internal(ip(ours)), "{ours}");
        }
        for theirs in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2001:db8::1", "203.0.113.9"] {
            assert!(!networks.is_internal(ip(theirs)), "{theirs}");
        }
    }

    #[test]
    fn further_prefixes_can_be_internal() {
        let networks = Networks::with_internal([(ip("203.0.113.0"), 24), (ip("2001:db8::"), 32)]);
        assert!(networks.is_internal(ip("203.0.113.200")));
        assert!(!networks.is_internal(ip("203.0.114.1")));
        assert!(networks.is_internal(ip("2001:db8:ffff::1")));
        assert!(!networks.is_internal(ip("2001:db9::1")));
        assert!(Networks::with_internal([(ip("0.0.0.0"), 0)]).is_internal(ip("8.8.8.8")));
    }
}
