//! IPv4 and IPv6 headers, up to the transport header.

use super::bytes::{array_at, u8_at, u16_at, u32_at};
use super::{Body, DecodeError, Fragment, Frame, IpHeader, Packet, checksum, icmp, link, sctp, tcp, udp};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Extension headers read before a chain is called malformed.
const MAX_EXTENSIONS: usize = 10;

#[inline(always)]
pub fn read_v4<'a>(frame: &Frame<'a>, link: &link::Header) -> Result<Packet<'a>, DecodeError> {
    let cut = DecodeError::Truncated("IPv4 header");
    let data = frame.data.get(link.offset..).ok_or(cut)?;
    let start: &[u8; 20] = array_at(data, 0).ok_or(cut)?;
    let header_len = usize::from(start[0] & 0x0f) * 4;
    if start[0] >> 4 != 4 || header_len < 20 {
        return Err(DecodeError::Malformed("IPv4 header"));
    }
    let on_wire = (frame.wire_len as usize).saturating_sub(link.offset).max(data.len());
    let total = match usize::from(u16::from_be_bytes([start[2], start[3]])) {
        // Left to the network card by segmentation offload.
        0 => on_wire,
        total if total < header_len => return Err(DecodeError::Malformed("IPv4 length")),
        total => total,
    };
    let header = data.get(..header_len).ok_or(cut)?;
    let fragment = u16::from_be_bytes([start[6], start[7]]);
    let id = u16::from_be_bytes([start[4], start[5]]);
    let fragmented = fragment & 0x3fff != 0;
    let ip = IpHeader {
        ttl: start[8],
        protocol: start[9],
        id,
        dont_fragment: fragment & 0x4000 != 0,
        fragmented,
        options: header_len > 20,
        // Zero is what offload leaves; the sum of a right header is zero including the field.
        bad_checksum: (start[10] | start[11]) != 0 && checksum::fold(checksum::sum(0, header)) != 0xffff,
    };
    let source = IpAddr::V4(Ipv4Addr::new(start[12], start[13], start[14], start[15]));
    let target = IpAddr::V4(Ipv4Addr::new(start[16], start[17], start[18], start[19]));
    let segment = &data[header_len..total.max(header_len).min(data.len())];
    let segment_len = (total - header_len) as u32;
    let body = if fragmented {
        let offset = (fragment & 0x1fff) * 8;
        Body::Fragment(Fragment { id: u32::from(id), offset, more: fragment & 0x2000 != 0 })
    } else {
        transport(ip.protocol, segment, segment_len, false)?
    };
    Ok(packet(frame, link, source, target, ip, segment, segment_len, body))
}

/// Where an IPv6 chain of extension headers ends.
struct Chain {
    protocol: u8,
    offset: usize,
    options: bool,
    fragment: Option<Fragment>,
}

#[inline(always)]
pub fn read_v6<'a>(frame: &Frame<'a>, link: &link::Header) -> Result<Packet<'a>, DecodeError> {
    let cut = DecodeError::Truncated("IPv6 header");
    let data = frame.data.get(link.offset..).ok_or(cut)?;
    let start: &[u8; 40] = array_at(data, 0).ok_or(cut)?;
    if start[0] >> 4 != 6 {
        return Err(DecodeError::Malformed("IPv6 header"));
    }
    let source: &[u8; 16] = array_at(start, 8).ok_or(cut)?;
    let target: &[u8; 16] = array_at(start, 24).ok_or(cut)?;
    let on_wire = (frame.wire_len as usize).saturating_sub(link.offset).max(data.len());
    let total = match usize::from(u16::from_be_bytes([start[4], start[5]])) {
        // A jumbogram or segmentation offload.
        0 => on_wire,
        payload => 40 + payload,
    };
    let chain = extensions(&data[..total.min(data.len())], start[6])?;
    let ip = IpHeader {
        ttl: start[7],
        protocol: chain.protocol,
        id: chain.fragment.map_or(0, |fragment| fragment.id as u16),
        dont_fragment: false,
        fragmented: chain.fragment.is_some(),
        options: chain.options,
        bad_checksum: false,
    };
    if chain.offset > total {
        return Err(DecodeError::Malformed("IPv6 extension header"));
    }
    let segment = data.get(chain.offset..total.min(data.len())).unwrap_or_default();
    let segment_len = u32::try_from(total - chain.offset).unwrap_or(u32::MAX);
    let source = IpAddr::V6(Ipv6Addr::from(*source));
    let target = IpAddr::V6(Ipv6Addr::from(*target));
    let body = match chain.fragment {
        Some(fragment) if fragment.more || fragment.offset != 0 => Body::Fragment(fragment),
        _ => transport(ip.protocol, segment, segment_len, true)?,
    };
    let mut packet = packet(frame, link, source, target, ip, segment, segment_len, body);
    if let Body::Icmp(message) = packet.body {
        super::neighbour(&mut packet, message);
    }
    Ok(packet)
}

/// Walks the extension headers that have the common layout, up to a fragment header that really
/// cuts (behind it only the first fragment has more), an unknown protocol, or the end.
#[inline(always)]
fn extensions(data: &[u8], first: u8) -> Result<Chain, DecodeError> {
    let mut chain = Chain { protocol: first, offset: 40, options: false, fragment: None };
    for _ in 0..MAX_EXTENSIONS {
        let unit = match chain.protocol {
            // Hop-by-hop, routing, destination options, mobility, HIP, shim6.
            0 | 43 | 60 | 135 | 139 | 140 => 8,
            // Authentication.
            51 => 4,
            44 => 0,
            _ => return Ok(chain),
        };
        let cut = DecodeError::Truncated("IPv6 extension header");
        let next = u8_at(data, chain.offset).ok_or(cut)?;
        if unit == 0 {
            let place = u16_at(data, chain.offset + 2).ok_or(cut)?;
            let id = u32_at(data, chain.offset + 4).ok_or(cut)?;
            let fragment = Fragment { id, offset: place & 0xfff8, more: place & 1 != 0 };
            chain.fragment = Some(fragment);
            chain.offset += 8;
            chain.protocol = next;
            if fragment.more || fragment.offset != 0 {
                return Ok(chain);
            }
            continue;
        }
        let length = usize::from(u8_at(data, chain.offset + 1).ok_or(cut)?);
        chain.offset += if unit == 8 { (length + 1) * 8 } else { (length + 2) * 4 };
        chain.protocol = next;
        chain.options = true;
    }
    Err(DecodeError::Malformed("IPv6 extension header chain"))
}

#[inline(always)]
#[expect(clippy::too_many_arguments)]
fn packet<'a>(
    frame: &Frame<'a>,
    link: &link::Header,
    source: IpAddr,
    target: IpAddr,
    ip: IpHeader,
    segment: &'a [u8],
    segment_len: u32,
    body: Body,
) -> Packet<'a> {
    Packet {
        time: frame.time,
        way: link.way,
        interface: frame.interface,
        device: link.device,
        source_mac: link.source_mac(frame),
        link_multicast: link.multicast,
        vlan: link.vlan,
        inner_vlan: link.inner_vlan,
        source,
        target,
        ip,
        segment,
        segment_len,
        body,
        checksum_pending: frame.checksum_pending,
    }
}

/// Reads a transport header at the start of `segment`.
///
/// # Errors
/// When the segment was cut before the fields a [`Body`] needs.
#[inline(always)]
pub(crate) fn transport(protocol: u8, segment: &[u8], wire_len: u32, v6: bool) -> Result<Body, DecodeError> {
    Ok(match protocol {
        6 => Body::Tcp(tcp::read(segment, wire_len)?),
        17 => Body::Udp(udp::read(segment)?),
        1 if !v6 => Body::Icmp(icmp::read(segment, false)?),
        58 if v6 => Body::Icmp(icmp::read(segment, true)?),
        132 => Body::Sctp(sctp::read(segment)?),
        _ => Body::Other,
    })
}
