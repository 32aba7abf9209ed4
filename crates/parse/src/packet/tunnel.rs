//! What tunnels and mirrors carry: VXLAN, GENEVE, GRE, ERSPAN, IP in IP.
//!
//! Clouds and switches mirror traffic inside VXLAN, GENEVE or ERSPAN; whoever analyses such a capture wants
//! what was mirrored. A live sensor does not look inside: anyone can send it a datagram that holds
//! a forged conversation between two others, and its host's own tunnels have interfaces of their own.
//!
//! Belongs here: one layer less. Does not belong here: links ([`super::link`]), keys and fragments of tunnels.

use super::bytes::{u8_at, u16_at};
use super::{Body, DecodeError, Frame, Link, Packet, decode};

const VXLAN: [u16; 2] = [4_789, 8_472];
const GENEVE: u16 = 6_081;
const GRE: u8 = 47;
const IP_IN_IP: [u8; 2] = [4, 41];
/// Transparent Ethernet bridging, and its frames by ERSPAN of types I and II, and III.
const BRIDGED: u16 = 0x6558;
const ERSPAN: u16 = 0x88be;
const ERSPAN_3: u16 = 0x22eb;
/// Tunnels inside tunnels that are followed.
const DEEPEST: usize = 3;

/// Reads a frame of a capture file: of a tunnel what it carries, with the frame that this is. A tunnel whose
/// content cannot be read is the packet that it is.
///
/// # Errors
/// As [`decode`], for the outermost packet.
pub fn decode_inside<'a>(frame: &Frame<'a>) -> Result<(Frame<'a>, Packet<'a>), DecodeError> {
    let packet = decode(frame)?;
    Ok(carried(frame, &packet).unwrap_or((*frame, packet)))
}

/// The same for a packet that is decoded: what it carries, and `None` where it is no tunnel. For hot paths:
/// packets are large, and most are none.
#[inline(always)]
pub fn carried<'a>(frame: &Frame<'a>, packet: &Packet<'a>) -> Option<(Frame<'a>, Packet<'a>)> {
    inside(frame, packet).and_then(innermost)
}

#[cold]
fn innermost(first: Frame<'_>) -> Option<(Frame<'_>, Packet<'_>)> {
    let (mut found, mut next) = (None, Some(first));
    for _ in 0..DEEPEST {
        let Some(frame) = next else { break };
        let Ok(packet) = decode(&frame) else { break };
        next = inside(&frame, &packet);
        found = Some((frame, packet));
    }
    found
}

/// The frame that a packet carries.
#[inline]
fn inside<'a>(frame: &Frame<'a>, packet: &Packet<'a>) -> Option<Frame<'a>> {
    let segment = packet.segment;
    let (skipped, link) = match packet.body {
        // Eight bytes of UDP and eight of VXLAN, whose first flag says that a network is named.
        Body::Udp(udp) if VXLAN.contains(&udp.target_port) && u8_at(segment, 8)? & 0x08 != 0 => {
            (16, Link::Ethernet)
        }
        Body::Udp(udp) if udp.target_port == GENEVE => geneve(segment)?,
        Body::Other if packet.ip.protocol == GRE => gre(segment)?,
        Body::Other if IP_IN_IP.contains(&packet.ip.protocol) => (0, Link::RawIp),
        _ => return None,
    };
    let data = segment.get(skipped..).filter(|data| !data.is_empty())?;
    let wire_len = packet.segment_len.saturating_sub(skipped as u32);
    Some(Frame { link, data, wire_len, ..*frame })
}

/// Version 0 with its options.
fn geneve(segment: &[u8]) -> Option<(usize, Link)> {
    let first = u8_at(segment, 8)?;
    let carried = u16_at(segment, 10)?;
    (first >> 6 == 0).then_some((16 + usize::from(first & 0x3f) * 4, carries(carried)?))
}

/// Version 0 (RFC 2784, 2890) with checksum, key and sequence number where its flags say so.
fn gre(segment: &[u8]) -> Option<(usize, Link)> {
    let (flags, carried) = (u16_at(segment, 0)?, u16_at(segment, 2)?);
    if flags & 0x0007 != 0 {
        return None;
    }
    let fields = [0x8000, 0x2000, 0x1000].iter().filter(|&&bit| flags & bit != 0).count();
    let begin = 4 + fields * 4;
    match carried {
        // Without a sequence number it is type I, which has no header of its own.
        ERSPAN => Some((begin + if flags & 0x1000 == 0 { 0 } else { 8 }, Link::Ethernet)),
        ERSPAN_3 => {
            // Its last bit says that a sub-header of eight bytes follows.
            let optional = u8_at(segment, begin + 11)? & 1 != 0;
            Some((begin + if optional { 20 } else { 12 }, Link::Ethernet))
        }
        other => Some((begin, carries(other)?)),
    }
}

fn carries(kind: u16) -> Option<Link> {
    match kind {
        BRIDGED => Some(Link::Ethernet),
        super::link::IPV4 | super::link::IPV6 => Some(Link::RawIp),
        _ => None,
    }
}
