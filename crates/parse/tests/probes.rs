//! What is kept of each source's packets, and what a flood of strangers cannot push out.
#![allow(clippy::unwrap_used)]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use vedette_event::{Observer, ObserverKind, Time};
use vedette_parse::flow::{FlowFolder, FolderConfig};
use vedette_parse::packet::{Frame, Link, Way, decode};
use vedette_parse::pcap::Reader;
use vedette_parse::probes::{ProbeKeeper, SNAP};

const US: [u8; 4] = [10, 0, 0, 5];
const THEM: [u8; 4] = [10, 0, 0, 9];

fn segment(from: [u8; 4], to: [u8; 4], port: u16, flags: u8, payload: usize) -> Vec<u8> {
    let mut bytes = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, 6, 0, 0];
    bytes.extend(from);
    bytes.extend(to);
    bytes.extend(40_000_u16.to_be_bytes());
    bytes.extend(port.to_be_bytes());
    bytes.extend([0, 0, 0, 1, 0, 0, 0, 1, 0x50, flags, 4, 0, 0, 0, 0, 0]);
    bytes.extend(std::iter::repeat_n(b'x', payload));
    let length = u16::try_from(bytes.len()).unwrap();
    bytes[2..4].copy_from_slice(&length.to_be_bytes());
    bytes
}

fn see(keeper: &mut ProbeKeeper, time: i64, ip: &[u8]) {
    see_in(&mut None, keeper, time, ip);
}

/// With a folder, which knows the flows, as a sensor has it.
fn see_in(folder: &mut Option<FlowFolder>, keeper: &mut ProbeKeeper, time: i64, ip: &[u8]) {
    let frame = Frame {
        time: Time(time),
        link: Link::RawIp,
        way: Way::Unknown,
        data: ip,
        wire_len: ip.len() as u32,
        interface: 0,
        checksum_pending: false,
    };
    let packet = decode(&frame).unwrap();
    let began = folder.as_mut().is_some_and(|folder| {
        folder.push(&packet, &mut Vec::new());
        folder.began_flow()
    });
    keeper.keep(&frame, &packet, began);
}

/// Times and lengths on the wire of what is kept.
fn kept(keeper: &ProbeKeeper, sources: &[[u8; 4]]) -> Vec<(i64, u32)> {
    let sources: Vec<IpAddr> = sources.iter().map(|ip| Ipv4Addr::from(*ip).into()).collect();
    let Some(file) = keeper.capture(&sources) else { return Vec::new() };
    let mut reader = Reader::new(&file).unwrap();
    let frames: Vec<(i64, u32)> = reader
        .by_ref()
        .map(|frame| {
            let frame = frame.unwrap();
            assert!(decode(&frame).is_ok() && frame.data.len() <= SNAP);
            (frame.time.0, frame.wire_len)
        })
        .collect();
    frames
}

#[test]
fn probes_and_their_answers_are_kept_and_conversations_are_not() {
    let mut keeper = ProbeKeeper::new(64);
    see(&mut keeper, 1, &segment(THEM, US, 22, 0x02, 0));
    see(&mut keeper, 2, &segment(US, THEM, 22, 0x12, 0));
    see(&mut keeper, 3, &segment(THEM, US, 22, 0x18, 900));
    see(&mut keeper, 4, &segment(THEM, US, 23, 0x02, 900));
    see(&mut keeper, 5, &segment(US, THEM, 23, 0x14, 0));
    assert_eq!(kept(&keeper, &[THEM]), [(1, 54), (2, 54), (4, 954), (5, 54)]);
    assert!(kept(&keeper, &[[192, 0, 2, 1]]).is_empty());
}

#[test]
fn an_ack_that_belongs_to_no_flow_is_a_probe() {
    let observer = Observer { id: String::new(), hostname: String::new(), kind: ObserverKind::Capture };
    let mut folder = Some(FlowFolder::new(FolderConfig::new(Arc::new(observer))));
    let mut keeper = ProbeKeeper::new(64);
    let mut see = |time, ip: &[u8]| see_in(&mut folder, &mut keeper, time, ip);
    see(1, &segment(THEM, US, 80, 0x10, 0));
    see(2, &segment(US, THEM, 80, 0x04, 0));
    // A conversation: its acknowledgements are not probes; nor is one whose begin was not seen.
    see(3, &segment(THEM, US, 22, 0x02, 0));
    see(4, &segment(THEM, US, 22, 0x10, 0));
    see(5, &segment(THEM, US, 22, 0x18, 20));
    see(6, &segment(THEM, US, 23, 0x18, 20));
    see(7, &segment(THEM, US, 23, 0x10, 0));
    let times: Vec<i64> = kept(&keeper, &[THEM]).into_iter().map(|(time, _)| time).collect();
    assert_eq!(times, [1, 2, 3]);
}

#[test]
fn of_many_packets_the_first_and_the_latest_stay() {
    let mut keeper = ProbeKeeper::new(64);
    for n in 0..1_000 {
        see(&mut keeper, n, &segment(THEM, US, n as u16, 0x02, 0));
    }
    let times: Vec<i64> = kept(&keeper, &[THEM]).into_iter().map(|(time, _)| time).collect();
    assert_eq!(times, (0..16).chain(984..1_000).collect::<Vec<_>>());
    see(&mut keeper, 1_000 + 3_600_000_001, &segment(THEM, US, 1, 0x02, 0));
    assert_eq!(kept(&keeper, &[THEM]).len(), 1, "after an hour of silence it begins anew");
}

#[test]
fn a_flood_of_strangers_pushes_out_its_own() {
    let mut keeper = ProbeKeeper::new(64);
    for n in 0..4 {
        see(&mut keeper, n, &segment(THEM, US, n as u16, 0x02, 0));
    }
    for n in 0..100_000_u32 {
        see(&mut keeper, 10 + i64::from(n), &segment((n + 0x0b00_0000).to_be_bytes(), US, 80, 0x02, 0));
    }
    assert_eq!(kept(&keeper, &[THEM]).len(), 4);
}

#[test]
fn a_file_is_bounded_however_many_sources_it_has() {
    let mut keeper = ProbeKeeper::new(4_096);
    let sources: Vec<[u8; 4]> = (0..200_u8).map(|n| [10, 1, 0, n]).collect();
    for time in 0..10 {
        for source in &sources {
            see(&mut keeper, time, &segment(*source, US, time as u16, 0x02, 0));
        }
    }
    assert_eq!(kept(&keeper, &sources).len(), 512);
}

#[test]
fn arp_from_a_live_capture_is_kept_as_what_it_is() {
    let mut cooked = vec![0, 1, 0, 1, 0, 6, 2, 0, 0, 0, 0, 9, 0, 0, 0x08, 0x06];
    cooked.extend([0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 9]);
    cooked.extend(THEM);
    cooked.extend([0; 6]);
    cooked.extend(US);
    let frame = Frame {
        time: Time(1),
        link: Link::Sll,
        way: Way::In,
        data: &cooked,
        wire_len: cooked.len() as u32,
        interface: 0,
        checksum_pending: false,
    };
    let mut keeper = ProbeKeeper::new(16);
    keeper.keep(&frame, &decode(&frame).unwrap(), false);
    let file = keeper.capture(&[IpAddr::from(THEM)]).unwrap();
    let mut reader = Reader::new(&file).unwrap();
    let frame = reader.next().unwrap().unwrap();
    let packet = decode(&frame).unwrap();
    assert_eq!((packet.source, packet.target), (IpAddr::from(THEM), IpAddr::from(US)));
}
