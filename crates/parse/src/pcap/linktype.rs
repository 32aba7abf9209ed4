//! Link types by number, as registered by the Tcpdump Group.

use crate::packet::Link;

/// The supported ones.
pub fn link(number: u32) -> Option<Link> {
    match number {
        1 => Some(Link::Ethernet),
        113 => Some(Link::Sll),
        276 => Some(Link::Sll2),
        // 12 and 14 are what BSD systems called raw IP.
        101 | 12 | 14 | 228 | 229 => Some(Link::RawIp),
        0 | 108 => Some(Link::Null),
        9 | 50 => Some(Link::Ppp),
        239 => Some(Link::Nflog),
        _ => None,
    }
}

/// Names of those that people meet, for messages.
pub fn name(number: u32) -> &'static str {
    match number {
        1 => "Ethernet",
        3 => "AX.25",
        6 => "token ring",
        8 => "SLIP",
        10 => "FDDI",
        51 => "PPPoE",
        104 => "Cisco HDLC",
        105 => "802.11 wireless",
        107 => "frame relay",
        117 => "OpenBSD pflog",
        119 => "802.11 with Prism header",
        122 => "IP over Fibre Channel",
        127 => "802.11 with radiotap header",
        147..=162 => "private use",
        163 => "802.11 with AVS header",
        187 | 201 => "Bluetooth HCI",
        189 | 220 => "Linux USB",
        192 => "per-packet information",
        195 | 215 | 230 => "802.15.4",
        227 => "CAN bus",
        240 => "netANALYZER",
        242 => "IP over InfiniBand",
        249 => "Windows USB",
        253 => "Linux netlink",
        271 => "vsock",
        274 => "Ethernet with mPacket preamble",
        _ => "not known to Vedette",
    }
}
