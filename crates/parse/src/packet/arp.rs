//! Address resolution: ARP, and the neighbour messages of ICMPv6.

use super::bytes::array_at;
use super::{Body, DecodeError, Frame, Icmp, IpHeader, Packet, Resolve, link};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub fn read<'a>(frame: &Frame<'a>, link: &link::Header) -> Result<Packet<'a>, DecodeError> {
    let cut = DecodeError::Truncated("ARP message");
    let data = frame.data.get(link.offset..).ok_or(cut)?;
    let message: &[u8; 28] = array_at(data, 0).ok_or(cut)?;
    // Ethernet and IPv4 addresses only: hardware type is not looked at (802.11 and others use the
    // same layout), the lengths are.
    if message[2..6] != [0x08, 0x00, 6, 4] {
        return Err(DecodeError::Malformed("ARP message"));
    }
    let request = match u16::from_be_bytes([message[6], message[7]]) {
        1 => true,
        2 => false,
        // Reverse and inverse ARP.
        _ => return Err(DecodeError::NotIp(link::ARP)),
    };
    let sender = IpAddr::V4(Ipv4Addr::new(message[14], message[15], message[16], message[17]));
    let target = IpAddr::V4(Ipv4Addr::new(message[24], message[25], message[26], message[27]));
    let asked = if request { target } else { sender };
    Ok(Packet {
        time: frame.time,
        way: link.way,
        interface: frame.interface,
        device: link.device,
        source_mac: array_at(message, 8).copied(),
        link_multicast: link.multicast,
        vlan: link.vlan,
        inner_vlan: link.inner_vlan,
        source: sender,
        target,
        ip: IpHeader::default(),
        segment: &[],
        segment_len: 0,
        body: Body::Resolve(Resolve { request, asked }),
        checksum_pending: true,
    })
}

/// Turns a neighbour solicitation or advertisement into [`Body::Resolve`]; anything else stays.
///
/// The solicitation goes to a multicast address made from the one asked for: the packet's target
/// becomes the address asked for, as with ARP.
pub fn neighbour(packet: &mut Packet<'_>, message: Icmp) {
    let request = match message.kind {
        135 => true,
        136 => false,
        _ => return,
    };
    let Some(asked) = array_at::<16>(packet.segment, 8) else { return };
    let asked = IpAddr::V6(Ipv6Addr::from(*asked));
    if request {
        packet.target = asked;
    }
    packet.body = Body::Resolve(Resolve { request, asked });
}
