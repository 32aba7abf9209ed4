//! Frames made by hand, and what a folder makes of them.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use vedette_event::{Event, Observer, ObserverKind, Time};
use vedette_parse::flow::{FlowFolder, FolderConfig, FolderStats};
use vedette_parse::packet::{Frame, Link, Way, decode};
use vedette_parse::pcap::Reader;

/// The material beside the checkout; [`None`] with a message where it is absent.
pub fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("VEDETTE_SHARED")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    let path = root.join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is not here (set VEDETTE_SHARED)", path.display());
    None
}

pub fn config() -> FolderConfig {
    let observer = Observer { id: "test".into(), hostname: String::new(), kind: ObserverKind::Capture };
    FolderConfig::new(Arc::new(observer))
}

/// Events and counters of a whole capture file; frames that do not decode are left out.
pub fn fold_file(data: &[u8]) -> (Vec<Event>, FolderStats) {
    let mut folder = FlowFolder::new(config());
    let mut events = Vec::new();
    for frame in Reader::new(data).unwrap() {
        if let Ok(packet) = decode(&frame.unwrap()) {
            folder.push(&packet, &mut events);
        }
    }
    folder.finish(&mut events);
    (events, folder.stats())
}

pub type End = (Ipv4Addr, u16);

pub const SCANNER: End = (Ipv4Addr::new(10, 0, 0, 9), 40_000);
pub const HOST: End = (Ipv4Addr::new(10, 0, 0, 1), 80);

pub fn at(address: Ipv4Addr) -> IpAddr {
    IpAddr::V4(address)
}

/// A conversation as a capture sees it: frames with times in microseconds.
#[derive(Default)]
pub struct Wire {
    pub frames: Vec<(i64, Way, u32, Vec<u8>)>,
    pub now: i64,
    pub way: Option<Way>,
    pub interface: u32,
    ip_id: u16,
}

impl Wire {
    pub fn new() -> Wire {
        Wire { now: 1_000_000_000, ..Wire::default() }
    }

    /// Lets time pass before the next frame.
    pub fn wait(&mut self, micros: i64) -> &mut Wire {
        self.now += micros;
        self
    }

    pub fn raw(&mut self, frame: Vec<u8>) -> &mut Wire {
        self.frames.push((self.now, self.way.unwrap_or(Way::Unknown), self.interface, frame));
        self.now += 10;
        self
    }

    /// The last frame once more.
    pub fn again(&mut self, way: Way, interface: u32) -> &mut Wire {
        let mut last = self.frames.last().unwrap().clone();
        (last.0, last.1, last.2) = (last.0 + 5, way, interface);
        self.frames.push(last);
        self
    }

    pub fn ip(&mut self, from: Ipv4Addr, to: Ipv4Addr, protocol: u8, body: &[u8]) -> &mut Wire {
        self.ip_id = self.ip_id.wrapping_add(1);
        let frame = ethernet(0x0800, &ipv4(from, to, protocol, self.ip_id, 0, body));
        self.raw(frame)
    }

    pub fn tcp(&mut self, from: End, to: End, flags: u16, seq: u32, ack: u32, payload: &[u8]) -> &mut Wire {
        self.ip(from.0, to.0, 6, &tcp(from, to, flags, seq, ack, payload))
    }

    pub fn udp(&mut self, from: End, to: End, payload: &[u8]) -> &mut Wire {
        self.ip(from.0, to.0, 17, &udp(from.1, to.1, payload))
    }

    /// An ICMP message with correct checksum.
    pub fn icmp(&mut self, from: Ipv4Addr, to: Ipv4Addr, kind: u8, code: u8, rest: &[u8]) -> &mut Wire {
        let mut message = vec![kind, code, 0, 0];
        message.extend_from_slice(rest);
        let sum = checksum(&message);
        message[2..4].copy_from_slice(&sum.to_be_bytes());
        self.ip(from, to, 1, &message)
    }

    /// An ICMP error by `from` that quotes the first packet ever sent from `about`'s first end to its
    /// second with this protocol.
    pub fn icmp_error(&mut self, from: Ipv4Addr, code: u8, about: (End, End), protocol: u8) -> &mut Wire {
        let ports = [about.0.1.to_be_bytes(), about.1.1.to_be_bytes()].concat();
        let mut rest = vec![0; 4];
        rest.extend_from_slice(&ipv4(about.0.0, about.1.0, protocol, 1, 0, &[&ports[..], &[0; 4]].concat()));
        self.icmp(from, about.0.0, 3, code, &rest)
    }

    pub fn arp(&mut self, request: bool, sender: Ipv4Addr, target: Ipv4Addr) -> &mut Wire {
        let mut body = vec![0, 1, 8, 0, 6, 4, 0, if request { 1 } else { 2 }];
        body.extend_from_slice(&[2, 0, 0, 0, 0, 9]);
        body.extend_from_slice(&sender.octets());
        body.extend_from_slice(&[0; 6]);
        body.extend_from_slice(&target.octets());
        self.raw(ethernet(0x0806, &body))
    }

    pub fn frames(&self) -> impl Iterator<Item = Frame<'_>> {
        self.frames.iter().map(|(time, way, interface, data)| Frame {
            time: Time(*time),
            link: Link::Ethernet,
            way: *way,
            data,
            wire_len: data.len() as u32,
            interface: *interface,
            checksum_pending: false,
        })
    }

    pub fn fold_with(&self, config: FolderConfig) -> (Vec<Event>, FolderStats) {
        let mut folder = FlowFolder::new(config);
        let mut events = Vec::new();
        for frame in self.frames() {
            folder.push(&decode(&frame).unwrap(), &mut events);
        }
        folder.finish(&mut events);
        assert!(events.is_sorted_by_key(|event| event.decided), "events leave in order");
        (events, folder.stats())
    }

    pub fn fold(&self) -> Vec<Event> {
        self.fold_with(config()).0
    }
}

pub fn ethernet(ether_type: u16, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9];
    frame.extend_from_slice(&ether_type.to_be_bytes());
    frame.extend_from_slice(body);
    frame
}

/// `fragment` is the field of flags and offset.
pub fn ipv4(from: Ipv4Addr, to: Ipv4Addr, protocol: u8, id: u16, fragment: u16, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x45, 0];
    packet.extend_from_slice(&(20 + body.len() as u16).to_be_bytes());
    packet.extend_from_slice(&id.to_be_bytes());
    packet.extend_from_slice(&fragment.to_be_bytes());
    packet.extend_from_slice(&[64, protocol, 0, 0]);
    packet.extend_from_slice(&from.octets());
    packet.extend_from_slice(&to.octets());
    let sum = checksum(&packet);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    packet.extend_from_slice(body);
    packet
}

pub fn tcp(from: End, to: End, flags: u16, seq: u32, ack: u32, payload: &[u8]) -> Vec<u8> {
    let mut segment = Vec::new();
    segment.extend_from_slice(&from.1.to_be_bytes());
    segment.extend_from_slice(&to.1.to_be_bytes());
    segment.extend_from_slice(&seq.to_be_bytes());
    segment.extend_from_slice(&ack.to_be_bytes());
    segment.extend_from_slice(&(0x5000 | flags).to_be_bytes());
    segment.extend_from_slice(&1024u16.to_be_bytes());
    segment.extend_from_slice(&[0; 4]);
    segment.extend_from_slice(payload);
    let mut covered = [from.0.octets(), to.0.octets()].concat();
    covered.extend_from_slice(&[0, 6]);
    covered.extend_from_slice(&(segment.len() as u16).to_be_bytes());
    covered.extend_from_slice(&segment);
    let sum = checksum(&covered);
    segment[16..18].copy_from_slice(&sum.to_be_bytes());
    segment
}

pub fn udp(from: u16, to: u16, payload: &[u8]) -> Vec<u8> {
    let mut datagram = Vec::new();
    datagram.extend_from_slice(&from.to_be_bytes());
    datagram.extend_from_slice(&to.to_be_bytes());
    datagram.extend_from_slice(&(8 + payload.len() as u16).to_be_bytes());
    datagram.extend_from_slice(&[0, 0]);
    datagram.extend_from_slice(payload);
    datagram
}

fn checksum(data: &[u8]) -> u16 {
    let mut sum = 0u32;
    for pair in data.chunks(2) {
        sum += u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |&low| u32::from(low));
    }
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}
