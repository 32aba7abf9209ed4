//! Link headers: Ethernet with VLAN tags and PPPoE, PPP, Linux cooked capture and netfilter log, BSD loopback,
//! none.

use super::bytes::{array_at, u16_at, u32_at};
use super::{DecodeError, Frame, Link, Way};

pub const IPV4: u16 = 0x0800;
pub const ARP: u16 = 0x0806;
pub const IPV6: u16 = 0x86dd;

/// 802.1Q, 802.1ad, and the older QinQ type.
const VLAN: [u16; 3] = [0x8100, 0x88a8, 0x9100];
/// A PPPoE session: six bytes of its own, and what PPP puts before the packet.
const PPPOE: u16 = 0x8864;
/// More tags than any network uses; a frame with more is malformed.
const MAX_TAGS: usize = 4;

/// What a link header says. Small numbers rather than options and copies: this is the hottest path.
#[derive(Clone, Copy, Debug)]
pub struct Header {
    pub ether_type: u16,
    /// Where the network header begins.
    pub offset: usize,
    pub way: Way,
    pub device: u32,
    /// Where the source MAC address is; 0 when there is none (no header begins with it).
    pub mac_at: u8,
    pub multicast: bool,
    pub vlan: Option<u16>,
    pub inner_vlan: Option<u16>,
}

impl Header {
    #[inline(always)]
    fn new(frame: &Frame<'_>, ether_type: u16, offset: usize) -> Header {
        Header {
            ether_type,
            offset,
            way: frame.way,
            device: 0,
            mac_at: 0,
            multicast: false,
            vlan: None,
            inner_vlan: None,
        }
    }

    #[inline(always)]
    pub fn source_mac(&self, frame: &Frame<'_>) -> Option<[u8; 6]> {
        if self.mac_at == 0 { None } else { array_at(frame.data, usize::from(self.mac_at)).copied() }
    }
}

pub fn read(frame: &Frame<'_>) -> Result<Header, DecodeError> {
    match frame.link {
        Link::Ethernet => ethernet(frame),
        Link::Sll => sll(frame),
        Link::Sll2 => sll2(frame),
        Link::RawIp => raw(frame),
        Link::Null => null(frame),
        Link::Ppp => ppp(frame),
        Link::Nflog => nflog(frame),
    }
}

/// The hot path: an Ethernet frame with IP right behind its header.
#[inline(always)]
pub fn plain_ethernet(frame: &Frame<'_>) -> Option<Header> {
    let start: &[u8; 14] = array_at(frame.data, 0).filter(|_| frame.link == Link::Ethernet)?;
    let ether_type = u16::from_be_bytes([start[12], start[13]]);
    let header = Header { mac_at: 6, multicast: start[0] & 1 != 0, ..Header::new(frame, ether_type, 14) };
    matches!(ether_type, IPV4 | IPV6).then_some(header)
}

fn ethernet(frame: &Frame<'_>) -> Result<Header, DecodeError> {
    let start: &[u8; 14] = array_at(frame.data, 0).ok_or(DecodeError::Truncated("Ethernet header"))?;
    let mut header = Header::new(frame, u16::from_be_bytes([start[12], start[13]]), 14);
    header.mac_at = 6;
    header.multicast = start[0] & 1 != 0;
    tags(frame.data, &mut header)?;
    Ok(header)
}

/// Steps over VLAN tags and an LLC/SNAP header.
fn tags(data: &[u8], header: &mut Header) -> Result<(), DecodeError> {
    for _ in 0..MAX_TAGS {
        if !VLAN.contains(&header.ether_type) {
            return snap(data, header);
        }
        let cut = DecodeError::Truncated("VLAN tag");
        let id = u16_at(data, header.offset).ok_or(cut)? & 0x0fff;
        header.ether_type = u16_at(data, header.offset + 2).ok_or(cut)?;
        header.offset += 4;
        match header.vlan {
            None => header.vlan = Some(id),
            Some(_) => header.inner_vlan = Some(id),
        }
    }
    if VLAN.contains(&header.ether_type) { Err(DecodeError::Malformed("VLAN tags")) } else { Ok(()) }
}

/// A length instead of a type: IP may still follow behind LLC and SNAP. A PPPoE session: behind its header.
fn snap(data: &[u8], header: &mut Header) -> Result<(), DecodeError> {
    if header.ether_type == PPPOE {
        header.offset += 6;
        return ppp_protocol(data, header);
    }
    if header.ether_type < 0x0600
        && let Some([0xaa, 0xaa, 0x03, 0, 0, 0, high, low]) = array_at::<8>(data, header.offset)
    {
        header.ether_type = u16::from_be_bytes([*high, *low]);
        header.offset += 8;
    }
    Ok(())
}

/// Direction of a cooked packet by its type. Type 3 (to someone else) says nothing.
fn cooked_way(frame: &Frame<'_>, kind: u16) -> Way {
    match (frame.way, kind) {
        (Way::Unknown, 0..=2) => Way::In,
        (Way::Unknown, 4) => Way::Out,
        (known, _) => known,
    }
}

fn sll(frame: &Frame<'_>) -> Result<Header, DecodeError> {
    let cut = DecodeError::Truncated("Linux cooked header");
    let kind = u16_at(frame.data, 0).ok_or(cut)?;
    let length = u16_at(frame.data, 4).ok_or(cut)?;
    let mut header = Header::new(frame, u16_at(frame.data, 14).ok_or(cut)?, 16);
    header.way = cooked_way(frame, kind);
    header.multicast = matches!(kind, 1 | 2);
    header.mac_at = if length == 6 { 6 } else { 0 };
    tags(frame.data, &mut header)?;
    Ok(header)
}

fn sll2(frame: &Frame<'_>) -> Result<Header, DecodeError> {
    let start: &[u8; 20] = array_at(frame.data, 0).ok_or(DecodeError::Truncated("Linux cooked header"))?;
    let mut header = Header::new(frame, u16::from_be_bytes([start[0], start[1]]), 20);
    header.device = u32_at(start, 4).unwrap_or_default();
    let kind = u16::from(start[10]);
    header.way = cooked_way(frame, kind);
    header.multicast = matches!(kind, 1 | 2);
    header.mac_at = if start[11] == 6 { 12 } else { 0 };
    tags(frame.data, &mut header)?;
    Ok(header)
}

/// The EtherType that an IP version stands for.
fn by_version(frame: &Frame<'_>, offset: usize) -> Result<u16, DecodeError> {
    match frame.data.get(offset).map(|byte| byte >> 4) {
        Some(4) => Ok(IPV4),
        Some(6) => Ok(IPV6),
        Some(_) => Err(DecodeError::Malformed("IP version")),
        None => Err(DecodeError::Truncated("IP header")),
    }
}

fn raw(frame: &Frame<'_>) -> Result<Header, DecodeError> {
    Ok(Header::new(frame, by_version(frame, 0)?, 0))
}

/// The family has the byte order of whoever wrote the file; all families are small numbers, so
/// both orders can be told apart. 24, 28 and 30 are IPv6 on the BSDs and macOS, 10 on Linux.
fn null(frame: &Frame<'_>) -> Result<Header, DecodeError> {
    let family = u32_at(frame.data, 0).ok_or(DecodeError::Truncated("loopback header"))?;
    let family = family.min(family.swap_bytes());
    let ether_type = match family {
        2 => IPV4,
        10 | 24 | 28 | 30 => IPV6,
        _ => return Err(DecodeError::NotIp(0)),
    };
    Ok(Header::new(frame, ether_type, 4))
}

fn ppp(frame: &Frame<'_>) -> Result<Header, DecodeError> {
    // Address and control of HDLC, where they are not compressed away.
    let framed = frame.data.starts_with(&[0xff, 0x03]);
    let mut header = Header::new(frame, 0, if framed { 2 } else { 0 });
    ppp_protocol(frame.data, &mut header)?;
    Ok(header)
}

/// The EtherType that a PPP protocol number stands for.
fn ppp_protocol(data: &[u8], header: &mut Header) -> Result<(), DecodeError> {
    let protocol = u16_at(data, header.offset).ok_or(DecodeError::Truncated("PPP header"))?;
    header.offset += 2;
    header.ether_type = match protocol {
        0x0021 => IPV4,
        0x0057 => IPV6,
        other => return Err(DecodeError::NotIp(other)),
    };
    Ok(())
}

/// Attributes of a netfilter log: length and kind in the byte order of the host, which is little-endian on all
/// that people use; the packet is kind 9, and bit 15 marks network byte order.
fn nflog(frame: &Frame<'_>) -> Result<Header, DecodeError> {
    const PACKET: u16 = 9;
    const MOST: usize = 64;
    let cut = DecodeError::Truncated("netfilter log header");
    let mut offset = 4;
    for _ in 0..MOST {
        let [a, b, c, d] = *array_at::<4>(frame.data, offset).ok_or(cut)?;
        let (length, kind) = (usize::from(u16::from_le_bytes([a, b])), u16::from_le_bytes([c, d]));
        if length < 4 {
            return Err(DecodeError::Malformed("netfilter log attribute"));
        }
        if kind & 0x7fff == PACKET {
            return Ok(Header::new(frame, by_version(frame, offset + 4)?, offset + 4));
        }
        offset += length.next_multiple_of(4);
    }
    Err(DecodeError::Malformed("netfilter log attributes"))
}
