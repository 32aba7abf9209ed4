//! The Internet checksum (RFC 1071).

use super::{Body, Packet, Way};
use std::net::IpAddr;

/// Adds `data` as big-endian 16-bit words; an odd last byte counts as the high one.
pub fn sum(start: u64, data: &[u8]) -> u64 {
    let mut total = start;
    let mut words = data.chunks_exact(4);
    for word in &mut words {
        total += u64::from(u32::from_be_bytes([word[0], word[1], word[2], word[3]]));
    }
    let mut last = [0u8; 4];
    let rest = words.remainder();
    last[..rest.len()].copy_from_slice(rest);
    total + u64::from(u32::from_be_bytes(last))
}

/// Folds the carries back in.
pub fn fold(sum: u64) -> u16 {
    let mut sum = (sum & 0xffff_ffff) + (sum >> 32);
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

fn pseudo_header(packet: &Packet<'_>, length: u32) -> u64 {
    let addresses = match (packet.source, packet.target) {
        (IpAddr::V4(source), IpAddr::V4(target)) => sum(sum(0, &source.octets()), &target.octets()),
        (IpAddr::V6(source), IpAddr::V6(target)) => sum(sum(0, &source.octets()), &target.octets()),
        _ => 0,
    };
    addresses + u64::from(length) + u64::from(packet.ip.protocol)
}

/// See [`Packet::bad_checksum`].
pub fn transport_is_bad(packet: &Packet<'_>) -> bool {
    let whole = packet.segment.len() == packet.segment_len as usize;
    if packet.checksum_pending || packet.way == Way::Out || !whole || packet.ip.fragmented {
        return false;
    }
    let (at, covered) = match packet.body {
        Body::Tcp(_) => (16, packet.segment),
        Body::Udp(udp) => match packet.segment.get(..usize::from(udp.length)) {
            Some(covered) => (6, covered),
            None => return false,
        },
        Body::Icmp(_) => (2, packet.segment),
        _ => return false,
    };
    let Some(field) = super::bytes::u16_at(covered, at) else { return false };
    if field == 0 {
        return false;
    }
    let icmp_v4 = matches!(packet.body, Body::Icmp(icmp) if !icmp.v6);
    let pseudo = if icmp_v4 { 0 } else { pseudo_header(packet, covered.len() as u32) };
    if fold(sum(pseudo, covered)) == 0xffff {
        return false;
    }
    let offloaded = field == fold(pseudo) || field == fold(pseudo_header(packet, 0));
    icmp_v4 || !offloaded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_as_in_rfc_1071() {
        let data = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(fold(sum(0, &data)), 0xddf2);
        assert_eq!(fold(sum(0, &data[..7])), fold(0xddf2 + 0xffff - 0x00f7));
    }
}
