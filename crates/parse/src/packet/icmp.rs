//! ICMP and ICMPv6, and the packet an error is about.

use super::DecodeError;
use super::bytes::{array_at, u8_at, u16_at, u32_at};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Icmp {
    pub kind: u8,
    pub code: u8,
    pub v6: bool,
    /// Of echo and the other queries; 0 when the capture ends before it.
    pub id: u16,
}

impl Icmp {
    /// Errors carry the start of the packet they are about.
    pub fn is_error(self) -> bool {
        if self.v6 { self.kind < 128 } else { matches!(self.kind, 3 | 4 | 5 | 11 | 12) }
    }

    /// The request kind of a query or its reply, and whether this is the request.
    pub fn query(self) -> Option<(u8, bool)> {
        match (self.v6, self.kind) {
            (false, 8) | (true, 128) => Some((self.kind, true)),
            (false, 0) => Some((8, false)),
            (true, 129) => Some((128, false)),
            // Timestamp, information, address mask; ICMPv6 node information.
            (false, 13 | 15 | 17) | (true, 139) => Some((self.kind, true)),
            (false, 14 | 16 | 18) | (true, 140) => Some((self.kind - 1, false)),
            _ => None,
        }
    }

    /// Router discovery, multicast membership and redirects: the link's own housekeeping.
    pub fn is_housekeeping(self) -> bool {
        if self.v6 {
            matches!(self.kind, 130..=138 | 141..=143 | 148 | 149 | 151..=153)
        } else {
            matches!(self.kind, 5 | 9 | 10)
        }
    }
}

/// Needs type and code.
#[inline]
pub fn read(segment: &[u8], v6: bool) -> Result<Icmp, DecodeError> {
    let head = u16_at(segment, 0).ok_or(DecodeError::Truncated("ICMP header"))?;
    let id = u16_at(segment, 4).unwrap_or_default();
    Ok(Icmp { kind: (head >> 8) as u8, code: head as u8, v6, id })
}

/// The packet quoted in an ICMP error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Embedded {
    pub source: IpAddr,
    pub target: IpAddr,
    pub protocol: u8,
    /// 0 for protocols without ports, or when it is not quoted.
    pub source_port: u16,
    pub target_port: u16,
    /// TCP sequence number; 0 when it is not quoted.
    pub sequence: u32,
    /// Of a quoted ICMP message.
    pub icmp: Option<Icmp>,
}

/// Reads the quoted packet behind the 8 bytes of the ICMP header.
pub fn embedded(segment: &[u8], v6: bool) -> Option<Embedded> {
    let quote = segment.get(8..)?;
    let (source, target, protocol, offset) = if v6 { quoted_v6(quote)? } else { quoted_v4(quote)? };
    let transport = quote.get(offset..).unwrap_or_default();
    let mut embedded =
        Embedded { source, target, protocol, source_port: 0, target_port: 0, sequence: 0, icmp: None };
    match protocol {
        6 | 17 | 132 => {
            let ports = u32_at(transport, 0)?;
            embedded.source_port = (ports >> 16) as u16;
            embedded.target_port = ports as u16;
            if protocol == 6 {
                embedded.sequence = u32_at(transport, 4).unwrap_or_default();
            }
        }
        1 if !v6 => embedded.icmp = Some(read(transport, false).ok()?),
        58 if v6 => embedded.icmp = Some(read(transport, true).ok()?),
        _ => {}
    }
    Some(embedded)
}

/// [`None`] for a quoted fragment other than the first: it has no ports.
fn quoted_v4(quote: &[u8]) -> Option<(IpAddr, IpAddr, u8, usize)> {
    let head: &[u8; 20] = array_at(quote, 0)?;
    let header_len = usize::from(head[0] & 0x0f) * 4;
    let fragment = u16::from_be_bytes([head[6], head[7]]) & 0x1fff;
    if head[0] >> 4 != 4 || header_len < 20 || fragment != 0 {
        return None;
    }
    let source = Ipv4Addr::new(head[12], head[13], head[14], head[15]);
    let target = Ipv4Addr::new(head[16], head[17], head[18], head[19]);
    Some((source.into(), target.into(), head[9], header_len))
}

fn quoted_v6(quote: &[u8]) -> Option<(IpAddr, IpAddr, u8, usize)> {
    let head: &[u8; 40] = array_at(quote, 0)?;
    if head[0] >> 4 != 6 {
        return None;
    }
    let source: &[u8; 16] = array_at(head, 8)?;
    let target: &[u8; 16] = array_at(head, 24)?;
    let (mut protocol, mut offset) = (head[6], 40);
    for _ in 0..8 {
        match protocol {
            0 | 43 | 60 => {
                let length = usize::from(u8_at(quote, offset + 1)?);
                protocol = u8_at(quote, offset)?;
                offset += (length + 1) * 8;
            }
            44 => {
                protocol = u8_at(quote, offset)?;
                if u16_at(quote, offset + 2)? & 0xfff8 != 0 {
                    return None;
                }
                offset += 8;
            }
            _ => break,
        }
    }
    Some((Ipv6Addr::from(*source).into(), Ipv6Addr::from(*target).into(), protocol, offset))
}
