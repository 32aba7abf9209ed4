//! Links and tunnels that put something before the packet.
#![allow(clippy::unwrap_used)]

mod support;

use support::*;
use vedette_event::Time;
use vedette_parse::packet::{Frame, Link, Way, decode, decode_inside};

/// An Ethernet frame with a SYN to port 80.
fn syn() -> Vec<u8> {
    let mut wire = Wire::default();
    wire.tcp(SCANNER, HOST, 0x02, 7, 0, b"");
    wire.frames.remove(0).3
}

/// IPv4 between the ends of a tunnel.
fn outer(protocol: u8, inside: &[u8]) -> Vec<u8> {
    let length = (20 + inside.len()) as u16;
    let mut bytes = vec![0; 12];
    bytes.extend([8, 0, 0x45, 0, (length >> 8) as u8, length as u8, 0, 1, 0, 0, 64, protocol, 0, 0]);
    bytes.extend([192, 0, 2, 1, 192, 0, 2, 2]);
    bytes.extend(inside);
    bytes
}

fn udp(port: u16, inside: &[u8]) -> Vec<u8> {
    let length = (8 + inside.len()) as u16;
    let mut bytes = vec![200, 0, (port >> 8) as u8, port as u8, (length >> 8) as u8, length as u8, 0, 0];
    bytes.extend(inside);
    outer(17, &bytes)
}

fn joined(head: &[u8], inside: &[u8]) -> Vec<u8> {
    [head, inside].concat()
}

fn frame(link: Link, data: &[u8]) -> Frame<'_> {
    let wire_len = data.len() as u32;
    Frame { time: Time(7), link, way: Way::Unknown, data, wire_len, interface: 0, checksum_pending: false }
}

/// Each tunnel around the SYN, by name.
fn tunnels() -> Vec<(&'static str, Vec<u8>)> {
    let whole = syn();
    let packet = &whole[14..];
    vec![
        ("vxlan", udp(4_789, &joined(&[8, 0, 0, 0, 0, 0, 42, 0], &whole))),
        ("geneve", udp(6_081, &joined(&[1, 0, 0x65, 0x58, 0, 0, 42, 0, 1, 2, 3, 4], &whole))),
        ("gre", outer(47, &joined(&[0, 0, 8, 0], packet))),
        ("gre with checksum and key", outer(47, &joined(&[0xa0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 9], packet))),
        ("bridged gre", outer(47, &joined(&[0, 0, 0x65, 0x58], &whole))),
        ("erspan I", outer(47, &joined(&[0, 0, 0x88, 0xbe], &whole))),
        (
            "erspan II",
            outer(47, &joined(&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 1, 0, 2, 0, 0, 0, 3], &whole)),
        ),
        (
            "erspan III",
            outer(
                47,
                &joined(&[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0], &whole),
            ),
        ),
        ("ip in ip", outer(4, packet)),
        (
            "gre in vxlan",
            udp(4_789, &joined(&[8, 0, 0, 0, 0, 0, 42, 0], &outer(47, &joined(&[0, 0, 8, 0], packet)))),
        ),
    ]
}

#[test]
fn what_a_tunnel_carries_is_what_is_read() {
    let whole = syn();
    let plain = decode(&frame(Link::Ethernet, &whole)).unwrap();
    for (name, bytes) in tunnels() {
        let outermost = frame(Link::Ethernet, &bytes);
        let (inner, packet) = decode_inside(&outermost).unwrap();
        assert_eq!(
            (packet.source, packet.target, packet.body),
            (plain.source, plain.target, plain.body),
            "{name}"
        );
        assert_eq!(packet.payload_len(), plain.payload_len(), "{name}");
        assert_eq!(decode(&inner).unwrap().source, plain.source, "{name}");
        assert_ne!(decode(&outermost).unwrap().source, plain.source, "{name}: the plain way stays outside");
    }
}

#[test]
fn what_cannot_be_read_is_the_packet_that_carries_it() {
    for (name, bytes) in tunnels() {
        let whole = decode(&frame(Link::Ethernet, &bytes)).unwrap();
        for length in 38..bytes.len() {
            let cut = frame(Link::Ethernet, &bytes[..length]);
            if let Ok((_, packet)) = decode_inside(&cut) {
                assert!(
                    packet.source == whole.source || packet.ports().1 == HOST.1,
                    "{name} cut at {length}"
                );
            }
        }
    }
    for head in [&[0, 1, 8, 0][..], &[0, 0, 0x12, 0x34], &[0x80], &[]] {
        let bytes = outer(47, head);
        assert!(
            decode_inside(&frame(Link::Ethernet, &bytes)).is_ok_and(|(_, packet)| packet.ip.protocol == 47)
        );
    }
}

#[test]
fn tunnels_in_tunnels_end() {
    let mut bytes = syn()[14..].to_vec();
    for _ in 0..40 {
        bytes = outer(4, &bytes)[14..].to_vec();
    }
    let raw = frame(Link::RawIp, &bytes);
    assert_eq!(decode_inside(&raw).unwrap().1.ip.protocol, 4, "three layers are opened, no more");
}

#[test]
fn sessions_and_logs_before_the_packet() {
    let whole = syn();
    let plain = decode(&frame(Link::Ethernet, &whole)).unwrap();
    let session = [&whole[..12], &[0x88, 0x64, 0x11, 0, 0, 7, 0, 60, 0, 0x21], &whole[14..]].concat();
    let framed = joined(&[0xff, 3, 0, 0x21], &whole[14..]);
    let bare = joined(&[0, 0x21], &whole[14..]);
    let log = joined(&[2, 0, 0, 0, 6, 0, 2, 0, 1, 1, 0, 0, 60, 0, 9, 0], &whole[14..]);
    for (link, bytes) in
        [(Link::Ethernet, session), (Link::Ppp, framed), (Link::Ppp, bare), (Link::Nflog, log)]
    {
        let packet = decode(&frame(link, &bytes)).unwrap();
        assert_eq!((packet.source, packet.body), (plain.source, plain.body), "{link:?}");
        for length in 0..bytes.len() {
            let _ = decode(&frame(link, &bytes[..length]));
        }
    }
    for hostile in [&[0; 64][..], &[2, 0, 0, 0, 3, 0, 9, 0], &[2, 0, 0, 0, 0xff, 0xff, 1, 0]] {
        assert!(decode(&frame(Link::Nflog, hostile)).is_err());
    }
}
