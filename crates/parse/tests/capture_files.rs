//! Capture files of every supported form, and damaged ones.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use support::{HOST, SCANNER, ethernet, ipv4};
use vedette_event::Time;
use vedette_parse::packet::{Link, Way, decode};
use vedette_parse::pcap::{CaptureError, Reader, write};

fn frame(number: u8) -> Vec<u8> {
    ethernet(0x0800, &ipv4(SCANNER.0, HOST.0, 17, 1, 0, &support::udp(number.into(), 53, b"x")))
}

/// Little or big endian integers.
#[derive(Clone, Copy)]
struct Order(bool);

impl Order {
    fn u16(self, value: u16) -> [u8; 2] {
        if self.0 { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn u32(self, value: u32) -> [u8; 4] {
        if self.0 { value.to_be_bytes() } else { value.to_le_bytes() }
    }
}

fn classic(order: Order, magic: u32, link: u32, frames: &[(u32, u32, Vec<u8>)]) -> Vec<u8> {
    let mut file = order.u32(magic).to_vec();
    file.extend([order.u16(2), order.u16(4)].concat());
    file.extend([order.u32(0), order.u32(0), order.u32(65_535), order.u32(link)].concat());
    for (seconds, fraction, data) in frames {
        let length = order.u32(data.len() as u32);
        file.extend([order.u32(*seconds), order.u32(*fraction), length, order.u32(1_500)].concat());
        if magic == 0xa1b2_cd34 {
            file.extend([0; 8]);
        }
        file.extend(data);
    }
    file
}

fn block(order: Order, kind: u32, body: &[u8]) -> Vec<u8> {
    let mut body = body.to_vec();
    body.resize(body.len().next_multiple_of(4), 0);
    let length = order.u32(body.len() as u32 + 12);
    [&order.u32(kind)[..], &length, &body, &length].concat()
}

fn option(order: Order, code: u16, value: &[u8]) -> Vec<u8> {
    let mut option = [order.u16(code), order.u16(value.len() as u16)].concat();
    option.extend(value);
    option.resize(option.len().next_multiple_of(4), 0);
    option
}

fn section(order: Order) -> Vec<u8> {
    let body = [&order.u32(0x1a2b_3c4d)[..], &order.u16(1), &order.u16(0), &[0xff; 8]].concat();
    block(order, 0x0a0d_0d0a, &body)
}

fn interface(order: Order, link: u16, options: &[u8]) -> Vec<u8> {
    block(order, 1, &[&order.u16(link)[..], &[0; 2], &order.u32(0), options].concat())
}

fn enhanced(order: Order, interface: u32, stamp: u64, data: &[u8], options: &[u8]) -> Vec<u8> {
    let mut body = order.u32(interface).to_vec();
    body.extend(order.u32((stamp >> 32) as u32));
    body.extend(order.u32(stamp as u32));
    body.extend(order.u32(data.len() as u32));
    body.extend(order.u32(1_500));
    body.extend(data);
    body.resize(body.len().next_multiple_of(4), 0);
    body.extend(options);
    block(order, 6, &body)
}

fn times(file: &[u8]) -> Vec<i64> {
    Reader::new(file).unwrap().map(|frame| frame.unwrap().time.0).collect()
}

#[test]
fn classic_files_of_both_byte_orders_and_resolutions() {
    for big in [false, true] {
        for (magic, fraction) in [(0xa1b2_c3d4, 250), (0xa1b2_3c4d, 250_999), (0xa1b2_cd34, 250)] {
            let frames = [(10, fraction, frame(1)), (11, fraction, frame(2))];
            let file = classic(Order(big), magic, 1, &frames);
            assert_eq!(times(&file), [10_000_250, 11_000_250], "{big} {magic:x}");
            for found in Reader::new(&file).unwrap() {
                let found = found.unwrap();
                assert_eq!((found.link, found.way, found.wire_len), (Link::Ethernet, Way::Unknown, 1_500));
                assert_eq!(decode(&found).unwrap().ports().1, 53);
            }
        }
    }
}

#[test]
fn what_is_written_can_be_read() {
    let mut file = Vec::new();
    write::header(&mut file);
    write::frame(&mut file, Time(1_700_000_000_123_456), &frame(1));
    write::frame(&mut file, Time(-5), &frame(2));
    assert_eq!(times(&file), [1_700_000_000_123_456, 999_995]);
}

#[test]
fn old_files_with_swapped_lengths() {
    let order = Order(true);
    for (minor, captured_first) in [(1u16, false), (3, false), (3, true), (4, true)] {
        let data = frame(1);
        let mut file = classic(order, 0xa1b2_c3d4, 1, &[(1, 2, data.clone())]);
        file[6..8].copy_from_slice(&order.u16(minor));
        if !captured_first {
            file[32..36].copy_from_slice(&order.u32(1_500));
            file[36..40].copy_from_slice(&order.u32(data.len() as u32));
        }
        let found = Reader::new(&file).unwrap().next().unwrap().unwrap();
        assert_eq!((found.data.len(), found.wire_len), (data.len(), 1_500), "2.{minor}");
    }
}

#[test]
fn every_link_type_gives_the_same_packet() {
    let ip = ipv4(SCANNER.0, HOST.0, 17, 1, 0, &support::udp(9, 53, b"x"));
    let sll = |kind: u8| [&[0, kind, 0, 1, 0, 6, 2, 0, 0, 0, 0, 9, 0, 0, 8, 0][..], &ip].concat();
    let sll2 =
        |kind: u8| [&[8, 0, 0, 0, 0, 0, 0, 7, 0, 1, kind, 6, 2, 0, 0, 0, 0, 9, 0, 0][..], &ip].concat();
    let snap = {
        let length = (ip.len() as u16 + 8).to_be_bytes();
        [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9][..], &length, &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &ip].concat()
    };
    let vlan = [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 0x81, 0, 0xe0, 5, 8, 0][..], &ip].concat();
    let qinq =
        [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0][..], &ip].concat();
    let null = |family: [u8; 4]| [&family[..], &ip].concat();
    let mac = Some([2, 0, 0, 0, 0, 9]);
    let cases = [
        (1, ethernet(0x0800, &ip), Way::Unknown, mac, None, None),
        (1, snap, Way::Unknown, mac, None, None),
        (1, vlan, Way::Unknown, mac, Some(5), None),
        (1, qinq, Way::Unknown, mac, Some(5), Some(6)),
        (113, sll(0), Way::In, mac, None, None),
        (113, sll(1), Way::In, mac, None, None),
        (113, sll(3), Way::Unknown, mac, None, None),
        (113, sll(4), Way::Out, mac, None, None),
        (276, sll2(4), Way::Out, mac, None, None),
        (276, sll2(0), Way::In, mac, None, None),
        (101, ip.clone(), Way::Unknown, None, None, None),
        (12, ip.clone(), Way::Unknown, None, None, None),
        (228, ip.clone(), Way::Unknown, None, None, None),
        (0, null([2, 0, 0, 0]), Way::Unknown, None, None, None),
        (0, null([0, 0, 0, 2]), Way::Unknown, None, None, None),
        (108, null([0, 0, 0, 2]), Way::Unknown, None, None, None),
    ];
    for (link, data, way, mac, vlan, inner) in cases {
        let file = classic(Order(false), 0xa1b2_c3d4, link, &[(1, 2, data)]);
        let packet = decode(&Reader::new(&file).unwrap().next().unwrap().unwrap()).unwrap();
        assert_eq!(packet.ports(), (9, 53), "link type {link}");
        assert_eq!(
            (packet.way, packet.source_mac, packet.vlan, packet.inner_vlan),
            (way, mac, vlan, inner),
            "{link}"
        );
        assert_eq!(packet.device, if link == 276 { 7 } else { 0 });
    }
}

#[test]
fn pcapng_with_sections_interfaces_clocks_and_directions() {
    for big in [false, true] {
        let order = Order(big);
        let nano = option(order, 9, &[9]);
        let binary = option(order, 9, &[0x80 | 10]);
        let seconds = if big { 3_600u64.to_be_bytes() } else { 3_600u64.to_le_bytes() };
        let shifted = [option(order, 2, b"eth7"), option(order, 14, &seconds), vec![0; 4]].concat();
        let inbound = [option(order, 1, b"a comment"), option(order, 2, &order.u32(1))].concat();
        let outbound = option(order, 2, &order.u32(2));
        let file = [
            section(order),
            interface(order, 1, &[]),
            interface(order, 1, &nano),
            interface(order, 1, &shifted),
            interface(order, 1, &binary),
            enhanced(order, 0, 1_000_001, &frame(1), &[]),
            block(order, 0x0bad, b"something newer"),
            enhanced(order, 1, 2_000_001_999, &frame(2), &inbound),
            enhanced(order, 2, 3_000_000, &frame(3), &outbound),
            enhanced(order, 3, 4 * 1024 + 512, &frame(4), &[]),
            // The other byte order, and interfaces counted anew.
            section(Order(!big)),
            interface(Order(!big), 1, &[]),
            enhanced(Order(!big), 0, 5_000_000, &frame(5), &[]),
        ]
        .concat();
        let mut reader = Reader::new(&file).unwrap();
        let found: Vec<_> = reader
            .by_ref()
            .map(|frame| frame.unwrap())
            .map(|frame| (frame.time.0, frame.interface, frame.way, decode(&frame).unwrap().ports().0))
            .collect();
        let expected = [
            (1_000_001, 0, Way::Unknown, 1),
            (2_000_001, 1, Way::In, 2),
            (3_603_000_000, 2, Way::Out, 3),
            (4_500_000, 3, Way::Unknown, 4),
            (5_000_000, 4, Way::Unknown, 5),
        ];
        assert_eq!(found, expected);
        assert_eq!(reader.interfaces()[2].name, "eth7");
    }
}

#[test]
fn interfaces_do_not_outlive_their_section() {
    let order = Order(false);
    let file = [
        section(order),
        interface(order, 1, &[]),
        interface(order, 1, &[]),
        section(order),
        interface(order, 1, &[]),
        enhanced(order, 1, 1, &frame(1), &[]),
    ]
    .concat();
    let items: Vec<_> = Reader::new(&file).unwrap().collect();
    assert!(matches!(items[..], [Err(CaptureError::DamagedBlocks { count: 1, .. })]), "{items:?}");
}

#[test]
fn simple_and_obsolete_packet_blocks() {
    let order = Order(false);
    let data = frame(1);
    let simple = [&order.u32(data.len() as u32)[..], &data].concat();
    let mut obsolete = [order.u16(0), order.u16(3)].concat();
    for field in [0, 7, data.len() as u32, 99] {
        obsolete.extend(order.u32(field));
    }
    obsolete.extend(&data);
    let file =
        [section(order), interface(order, 1, &[]), block(order, 3, &simple), block(order, 2, &obsolete)]
            .concat();
    let found: Vec<_> = Reader::new(&file).unwrap().map(|frame| frame.unwrap()).collect();
    assert_eq!(found.iter().map(|frame| frame.time.0).collect::<Vec<_>>(), [0, 7]);
    assert!(found.iter().all(|frame| decode(frame).unwrap().ports().0 == 1));
}

#[test]
fn an_unsupported_link_type_is_named_and_the_other_interfaces_go_on() {
    let file = classic(Order(false), 0xa1b2_c3d4, 127, &[]);
    let message = Reader::new(&file).err().unwrap().to_string();
    assert!(message.contains("127") && message.contains("radiotap"), "{message}");

    let order = Order(false);
    let file = [
        section(order),
        interface(order, 127, &[]),
        interface(order, 1, &[]),
        enhanced(order, 0, 1, b"radio", &[]),
        enhanced(order, 1, 2, &frame(1), &[]),
    ]
    .concat();
    let mut reader = Reader::new(&file).unwrap();
    let items: Vec<_> = reader.by_ref().collect();
    assert_eq!(items.len(), 2);
    assert!(!items[0].as_ref().unwrap_err().is_final());
    assert_eq!(items[1].as_ref().unwrap().interface, 1);
    assert_eq!(reader.skipped(), 1);
}

#[test]
fn damage_gives_everything_before_it_and_one_error_with_its_place() {
    let mut file = classic(Order(false), 0xa1b2_c3d4, 1, &[(1, 0, frame(1)), (2, 0, frame(2))]);
    let whole = file.len();
    file.truncate(whole - 1);
    let items: Vec<_> = Reader::new(&file).unwrap().collect();
    assert_eq!(items.len(), 2);
    let offset = (24 + (whole - 24) / 2) as u64;
    assert_eq!(items[1].as_ref().unwrap_err(), &CaptureError::Cut { what: "a frame", offset });

    let order = Order(false);
    let start = [section(order), interface(order, 1, &[])].concat();
    let good = enhanced(order, 0, 1, &frame(1), &[]);
    // A block that makes no sense between two that do.
    let lost = enhanced(order, 9, 1, &frame(1), &[]);
    let file = [&start[..], &good, &lost, &good].concat();
    let items: Vec<_> = Reader::new(&file).unwrap().collect();
    assert_eq!(items.len(), 3);
    let error = items[2].as_ref().unwrap_err();
    assert!(matches!(error, CaptureError::DamagedBlocks { count: 1, .. }) && error.is_final(), "{error}");
    // Lengths that do not agree: nothing behind can be trusted.
    let mut file = [&start[..], &good, &good, &good].concat();
    let second = start.len() + good.len();
    file[second + 4] ^= 0x40;
    let items: Vec<_> = Reader::new(&file).unwrap().collect();
    assert_eq!(items.len(), 2);
    let message = items[1].as_ref().unwrap_err().to_string();
    assert!(message.contains(&format!("byte {second}")), "{message}");
}

#[test]
fn what_is_no_capture_is_named() {
    let cases: [(&[u8], &str); 8] = [
        (&[0x1f, 0x8b, 8, 0], "gzip"),
        (&[0x28, 0xb5, 0x2f, 0xfd, 0], "zstd"),
        (b"\xfd7zXZ\0", "xz"),
        (b"PK\x03\x04....", "zip"),
        (b"{\"event_type\":\"flow\"}", "text"),
        (&[0, 1, 2, 3, 4, 5], "first bytes"),
        (&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0], "ends inside the file header"),
        (b"", "empty"),
    ];
    for (data, word) in cases {
        let message = Reader::new(data).err().unwrap().to_string();
        assert!(message.contains(word), "{message}");
    }
}
