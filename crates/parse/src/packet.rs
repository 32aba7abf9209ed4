//! One frame, read as far as its bytes allow: link, VLAN, IP, transport header.
//!
//! Belongs here: bounds-checked reads of headers, without state, allocation or copies. Does not
//! belong here: what packets mean together ([`crate::flow`]), fragments put together
//! ([`crate::reassembly`]), application protocols.

mod arp;
mod bytes;
mod checksum;
mod icmp;
mod ip;
mod link;
mod sctp;
mod tcp;
mod tunnel;
mod udp;

pub use icmp::{Embedded, Icmp};
pub use sctp::Sctp;
pub(crate) use sctp::chunk;
pub use tcp::{Tcp, TcpOptions};
pub use tunnel::{carried, decode_inside};
pub use udp::Udp;

pub(crate) use arp::neighbour;
pub(crate) use ip::transport;

use std::net::IpAddr;
use thiserror::Error;
use vedette_event::Time;

/// What a frame's first byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    Ethernet,
    /// Linux cooked capture, version 1 (`LINKTYPE_LINUX_SLL`, 113).
    Sll,
    /// Version 2 (276).
    Sll2,
    /// IPv4 or IPv6 without a link header (101, 12, 14, 228, 229).
    RawIp,
    /// BSD loopback (0: host byte order; 108: network byte order).
    Null,
    /// PPP (9, 50).
    Ppp,
    /// What the Linux firewall copies out by `NFLOG` (239).
    Nflog,
}

/// Which way a frame went, where the capture knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    In,
    Out,
    Unknown,
}

/// One captured frame.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    pub time: Time,
    pub link: Link,
    pub way: Way,
    /// Bytes captured; may be fewer than were on the wire.
    pub data: &'a [u8],
    /// Bytes on the wire.
    pub wire_len: u32,
    /// Index into the interfaces of the capture; 0 when there is only one.
    pub interface: u32,
    /// The transport checksum in `data` is not filled in yet (checksum offload: what this host
    /// sends, and what it receives from a virtual machine or namespace of its own), so it must not
    /// be judged. Capture files do not say: false.
    pub checksum_pending: bool,
}

/// A decoded packet. Copying it copies no payload.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    pub time: Time,
    pub way: Way,
    /// As in the frame.
    pub interface: u32,
    /// The interface a cooked capture (version 2) of many interfaces names; 0 elsewhere.
    pub device: u32,
    pub source_mac: Option<[u8; 6]>,
    /// Sent to a multicast or broadcast address of the link.
    pub link_multicast: bool,
    /// Outer VLAN identifier.
    pub vlan: Option<u16>,
    /// Innermost VLAN identifier where there are several tags.
    pub inner_vlan: Option<u16>,
    pub source: IpAddr,
    /// For [`Body::Resolve`]: of a request the address asked for, of a reply its receiver.
    pub target: IpAddr,
    /// All zero for ARP.
    pub ip: IpHeader,
    /// What follows the IP headers, as far as it was captured.
    pub segment: &'a [u8],
    /// Its length on the wire by the IP header.
    pub segment_len: u32,
    pub body: Body,
    pub(crate) checksum_pending: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IpHeader {
    /// TTL or hop limit.
    pub ttl: u8,
    /// Of the transport, behind all extension headers.
    pub protocol: u8,
    /// IPv4 identification; the low half of the fragment identification for IPv6 fragments.
    pub id: u16,
    pub dont_fragment: bool,
    /// This packet is a fragment, or was put together from fragments.
    pub fragmented: bool,
    /// IPv4 options, or IPv6 extension headers other than the fragment header.
    pub options: bool,
    /// The IPv4 header checksum is wrong.
    pub bad_checksum: bool,
}

/// The transport header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    Tcp(Tcp),
    Udp(Udp),
    Sctp(Sctp),
    Icmp(Icmp),
    /// ARP, or IPv6 neighbour discovery.
    Resolve(Resolve),
    /// A fragment that must be put together first.
    Fragment(Fragment),
    /// Any other IP protocol, by [`IpHeader::protocol`].
    Other,
}

/// "Who has `asked`?", or the answer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolve {
    pub request: bool,
    /// The address asked for or announced.
    pub asked: IpAddr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    pub id: u32,
    /// In bytes.
    pub offset: u16,
    pub more: bool,
}

/// Why a frame gave no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// Something other than IP or ARP, by its EtherType (an 802.3 length where there is none).
    #[error("not IP or ARP: EtherType 0x{0:04x}")]
    NotIp(u16),
    #[error("the capture ends inside the {0}")]
    Truncated(&'static str),
    #[error("malformed {0}")]
    Malformed(&'static str),
}

/// Reads a frame.
///
/// # Errors
/// [`DecodeError::NotIp`] for traffic that is none of our business; the others for frames that were
/// cut before the fields a packet needs (for TCP the flags, for UDP and SCTP the ports, for
/// ICMP type and code) or that contradict themselves.
#[inline(never)]
pub fn decode<'a>(frame: &Frame<'a>) -> Result<Packet<'a>, DecodeError> {
    if let Some(header) = link::plain_ethernet(frame) {
        return match header.ether_type {
            link::IPV4 => ip::read_v4(frame, &header),
            _ => ip::read_v6(frame, &header),
        };
    }
    let header = link::read(frame)?;
    match header.ether_type {
        link::IPV4 => ip::read_v4(frame, &header),
        link::IPV6 => ip::read_v6(frame, &header),
        link::ARP => arp::read(frame, &header),
        other => Err(DecodeError::NotIp(other)),
    }
}

/// Where the packet begins in a frame that [`decode`] reads.
pub(crate) fn network_offset(frame: &Frame<'_>) -> Option<usize> {
    link::read(frame).ok().map(|header| header.offset)
}

impl<'a> Packet<'a> {
    /// Source and target port; 0 where there are none.
    pub fn ports(&self) -> (u16, u16) {
        match self.body {
            Body::Tcp(tcp) => (tcp.source_port, tcp.target_port),
            Body::Udp(udp) => (udp.source_port, udp.target_port),
            Body::Sctp(sctp) => (sctp.source_port, sctp.target_port),
            _ => (0, 0),
        }
    }

    /// Bytes of the transport header (0 for other IP protocols).
    fn header_len(&self) -> usize {
        match self.body {
            Body::Tcp(tcp) => usize::from(tcp.header_len),
            Body::Udp(_) | Body::Icmp(_) => 8,
            Body::Sctp(_) => 12,
            _ => 0,
        }
    }

    /// Transport payload, as far as it was captured. For SCTP this is the chunks.
    pub fn payload(&self) -> &'a [u8] {
        self.segment.get(self.header_len()..).unwrap_or_default()
    }

    /// Transport payload bytes on the wire.
    #[inline]
    pub fn payload_len(&self) -> u32 {
        let header = self.header_len() as u32;
        match self.body {
            Body::Udp(udp) if udp.length >= 8 => {
                u32::from(udp.length).saturating_sub(header).min(self.segment_len.saturating_sub(header))
            }
            _ => self.segment_len.saturating_sub(header),
        }
    }

    /// TCP options; none for other packets.
    pub fn tcp_options(&self) -> TcpOptions {
        match self.body {
            Body::Tcp(tcp) => tcp::options(self.segment, tcp.header_len),
            _ => TcpOptions::default(),
        }
    }

    /// The packet that an ICMP error is about, where enough of it is there.
    pub fn embedded(&self) -> Option<Embedded> {
        match self.body {
            Body::Icmp(icmp) if icmp.is_error() => icmp::embedded(self.segment, icmp.v6),
            _ => None,
        }
    }

    /// Whether a checksum is wrong for certain.
    ///
    /// Not judged are transport checksums of packets that this host sends or that the capture marks
    /// as pending, of cut or fragmented packets, and checksums that look like offload: zero, or
    /// the sum of the pseudo header alone, which is what the kernel leaves for the network card.
    pub fn bad_checksum(&self) -> bool {
        self.ip.bad_checksum || checksum::transport_is_bad(self)
    }
}
