//! Our header reads against those of etherparse, on generated packets and on random bytes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use etherparse::{NetSlice, PacketBuilder, SlicedPacket, TransportSlice};
use proptest::prelude::*;
use std::net::IpAddr;
use vedette_event::{Time, flag};
use vedette_parse::packet::{Body, Frame, Link, Packet, Way, decode};

fn frame(data: &[u8]) -> Frame<'_> {
    Frame {
        time: Time(1),
        link: Link::Ethernet,
        way: Way::Unknown,
        data,
        wire_len: data.len() as u32,
        interface: 0,
        checksum_pending: false,
    }
}

/// Compares every field both know.
fn compare(packet: &Packet<'_>, oracle: &SlicedPacket<'_>) {
    let addresses = match oracle.net.as_ref().unwrap() {
        NetSlice::Ipv4(ip) => {
            let header = ip.header();
            assert_eq!(packet.ip.ttl, header.ttl());
            assert_eq!(packet.ip.id, header.identification());
            assert_eq!(packet.ip.dont_fragment, header.dont_fragment());
            assert_eq!(packet.ip.options, !header.options().is_empty());
            (IpAddr::V4(header.source_addr()), IpAddr::V4(header.destination_addr()))
        }
        NetSlice::Ipv6(ip) => {
            let header = ip.header();
            assert_eq!(packet.ip.ttl, header.hop_limit());
            (IpAddr::V6(header.source_addr()), IpAddr::V6(header.destination_addr()))
        }
        NetSlice::Arp(_) => return,
    };
    match (&oracle.transport, packet.body) {
        // The target of a neighbour solicitation is the address asked for.
        (_, Body::Resolve(_)) => {}
        _ => assert_eq!((packet.source, packet.target), addresses),
    }
    match (&oracle.transport, packet.body) {
        (Some(TransportSlice::Tcp(theirs)), Body::Tcp(ours)) => {
            assert_eq!(packet.ports(), (theirs.source_port(), theirs.destination_port()));
            assert_eq!(ours.sequence, theirs.sequence_number());
            assert_eq!(ours.acknowledgement, theirs.acknowledgment_number());
            assert_eq!((ours.window, ours.urgent), (theirs.window_size(), theirs.urgent_pointer()));
            let flags = [
                (theirs.fin(), flag::FIN),
                (theirs.syn(), flag::SYN),
                (theirs.rst(), flag::RST),
                (theirs.psh(), flag::PSH),
                (theirs.ack(), flag::ACK),
                (theirs.urg(), flag::URG),
                (theirs.ece(), flag::ECE),
                (theirs.cwr(), flag::CWR),
                (theirs.ns(), flag::NS),
            ];
            for (set, bit) in flags {
                assert_eq!(ours.flags & bit != 0, set, "flag {bit:03x}");
            }
            assert_eq!(packet.payload(), theirs.payload());
            let mss = theirs.options_iterator().map_while(Result::ok).find_map(|option| match option {
                etherparse::TcpOptionElement::MaximumSegmentSize(mss) => Some(mss),
                _ => None,
            });
            if let Some(mss) = mss {
                assert_eq!(packet.tcp_options().mss, mss);
            }
        }
        (Some(TransportSlice::Udp(theirs)), Body::Udp(ours)) => {
            assert_eq!(packet.ports(), (theirs.source_port(), theirs.destination_port()));
            assert_eq!(ours.length, theirs.length());
        }
        (Some(TransportSlice::Icmpv4(theirs)), Body::Icmp(ours)) => {
            assert_eq!((ours.kind, ours.code, ours.v6), (theirs.type_u8(), theirs.code_u8(), false));
        }
        (Some(TransportSlice::Icmpv6(theirs)), Body::Icmp(ours)) => {
            assert_eq!((ours.kind, ours.code, ours.v6), (theirs.type_u8(), theirs.code_u8(), true));
        }
        (Some(_), Body::Resolve(_)) => {}
        // ICMP over IPv6, ICMPv6 over IPv4 and IGMP are protocols like others to us.
        (Some(TransportSlice::Icmpv4(_) | TransportSlice::Icmpv6(_)), Body::Other) => {}
        (Some(TransportSlice::Igmp(_)), Body::Other) => {}
        (None, Body::Fragment(_) | Body::Other | Body::Sctp(_)) => {}
        (theirs, ours) => panic!("{theirs:?} against {ours:?}"),
    }
}

fn tcp_packet(v6: bool, vlan: bool, numbers: (u16, u16, u32, u16), flags: u16, payload: &[u8]) -> Vec<u8> {
    let builder = PacketBuilder::ethernet2([1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]);
    let (source_port, target_port, sequence, window) = numbers;
    macro_rules! finish {
        ($step:expr) => {{
            let mut step = $step.tcp(source_port, target_port, sequence, window);
            for (bit, set) in [(flag::FIN, 0), (flag::SYN, 1), (flag::RST, 2), (flag::PSH, 3), (flag::NS, 4)]
            {
                if flags & bit != 0 {
                    step = match set {
                        0 => step.fin(),
                        1 => step.syn(),
                        2 => step.rst(),
                        3 => step.psh(),
                        _ => step.ns(),
                    };
                }
            }
            if flags & flag::ACK != 0 {
                step = step.ack(sequence ^ 0xffff);
            }
            let step = step
                .options(&[
                    etherparse::TcpOptionElement::MaximumSegmentSize(window ^ 0x55aa),
                    etherparse::TcpOptionElement::SelectiveAcknowledgementPermitted,
                    etherparse::TcpOptionElement::WindowScale(7),
                ])
                .unwrap();
            let mut out = Vec::new();
            step.write(&mut out, payload).unwrap();
            out
        }};
    }
    match (v6, vlan) {
        (false, false) => finish!(builder.ipv4([10, 0, 0, 1], [10, 0, 0, 2], 57)),
        (false, true) => {
            finish!(builder.single_vlan(7.try_into().unwrap()).ipv4([10, 0, 0, 1], [10, 0, 0, 2], 57))
        }
        (true, false) => finish!(builder.ipv6([1; 16], [2; 16], 57)),
        (true, true) => finish!(builder.single_vlan(7.try_into().unwrap()).ipv6([1; 16], [2; 16], 57)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn generated_tcp_packets_read_alike(
        v6: bool, vlan: bool, numbers: (u16, u16, u32, u16), flags in 0u16..0x200,
        payload in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        let bytes = tcp_packet(v6, vlan, numbers, flags, &payload);
        let packet = decode(&frame(&bytes)).unwrap();
        compare(&packet, &SlicedPacket::from_ethernet(&bytes).unwrap());
        prop_assert_eq!(packet.payload_len() as usize, payload.len());
        prop_assert_eq!(packet.tcp_options().kinds, 0x2430_0000_0000_0000);
        prop_assert_eq!(packet.vlan, vlan.then_some(7));
        // Their checksum is right, and others are wrong, except for the few that look like offload:
        // of three different ones at least one must be told.
        prop_assert!(!packet.bad_checksum());
        let at = bytes.len() - payload.len() - 32 + 16;
        let told = [1, 2, 4].iter().filter(|&&change| {
            let mut wrong = bytes.clone();
            wrong[at] ^= change;
            decode(&frame(&wrong)).unwrap().bad_checksum()
        });
        prop_assert!(told.count() > 0);
    }

    /// Whatever etherparse accepts without reserve, we read alike.
    #[test]
    fn random_headers_read_alike(
        kind in 0usize..6, mut bytes in proptest::collection::vec(any::<u8>(), 14..200), protocol: u8,
    ) {
        let protocols = [6, 17, 1, 58, 132, protocol];
        shape(&mut bytes, kind, protocols[kind]);
        let ours = decode(&frame(&bytes));
        if let (Ok(ours), Ok(theirs)) = (&ours, SlicedPacket::from_ethernet(&bytes))
            && theirs.net.is_some()
        {
            compare(ours, &theirs);
        }
    }

    #[test]
    fn random_bytes_never_panic(
        link in 0usize..5, bytes in proptest::collection::vec(any::<u8>(), 0..300), wire_len: u32,
    ) {
        let links = [Link::Ethernet, Link::Sll, Link::Sll2, Link::RawIp, Link::Null];
        let frame = Frame { link: links[link], wire_len, ..frame(&bytes) };
        touch(&frame);
    }
}

/// Makes random bytes look like IPv4 or IPv6 with this transport.
fn shape(bytes: &mut [u8], kind: usize, protocol: u8) {
    let v6 = kind % 2 == 1;
    let length = bytes.len() as u16;
    bytes[12..14].copy_from_slice(if v6 { &[0x86, 0xdd] } else { &[8, 0] });
    if bytes.len() < 14 + 40 {
        return;
    }
    if v6 {
        bytes[14] = 0x60;
        bytes[18..20].copy_from_slice(&(length - 54).to_be_bytes());
        bytes[20] = protocol;
    } else {
        bytes[14] = 0x45 + bytes[15] % 3;
        bytes[16..18].copy_from_slice(&(length - 14).to_be_bytes());
        bytes[20..22].fill(0);
        bytes[23] = protocol;
    }
}

/// Calls everything that reads the bytes.
fn touch(frame: &Frame<'_>) {
    if let Ok(packet) = decode(frame) {
        std::hint::black_box((
            packet.ports(),
            packet.payload(),
            packet.payload_len(),
            packet.tcp_options(),
            packet.embedded(),
            packet.bad_checksum(),
        ));
    }
}
