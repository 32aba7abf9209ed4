//! Nanoseconds a packet of reading, decoding and folding, by kind of traffic: the best of five runs.
//!
//! `cargo run --release -p vedette-parse --example fold_speed [MILLION_PACKETS]`
//!
//! With `--write FILE` after the number it writes the mixed capture and measures nothing; with a number of
//! sources after that, connections of that many clients to one service instead.

#![allow(clippy::print_stdout)]

use std::sync::Arc;
use std::time::Duration;
use vedette_event::{Event, Observer, ObserverKind, Time, flag};
use vedette_parse::flow::{FlowFolder, FolderConfig, FolderStats};
use vedette_parse::packet::{Way, decode};
use vedette_parse::pcap::{Reader, write};

const SERVER: u32 = 0x0a00_0001;

fn main() {
    let million: f64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1.0);
    let packets = (million * 1e6) as usize;
    if std::env::args().nth(2).as_deref() == Some("--write") {
        let file = std::env::args().nth(3).unwrap_or_default();
        let mut traffic = Traffic::new();
        let sources = std::env::args().nth(4).and_then(|text| text.parse().ok());
        traffic.sources = sources.unwrap_or(1);
        let make = if sources.is_some() { Traffic::connection } else { Traffic::mixed };
        if let Err(error) = std::fs::write(&file, traffic.capture(packets, make)) {
            eprintln!("{file}: {error}");
            std::process::exit(1);
        }
        return;
    }
    type Make = fn(&mut Traffic);
    let kinds: [(&str, Make); 7] = [
        ("web sessions", Traffic::session),
        ("DNS", Traffic::dns),
        ("SYN scan, closed", Traffic::scan_closed),
        ("SYN scan, dropped", Traffic::scan_dropped),
        ("SYN flood", Traffic::flood),
        ("SYN flood, live", Traffic::flood),
        ("mixed", Traffic::mixed),
    ];
    println!("{:<20} {:>9} {:>8} {:>8} {:>9} {:>9}", "", "packets", "decode", "fold", "total ns", "events");
    for (name, make) in kinds {
        let capture = Traffic::new().capture(packets, make);
        let live = name.ends_with("live");
        let best = |fold| {
            (0..5).map(|_| run(&capture, fold, live)).min_by_key(|(time, _)| *time).unwrap_or_default()
        };
        let (decoding, _) = best(false);
        let (total, stats) = best(true);
        let each = |time: Duration| time.as_nanos() as f64 / stats.packets as f64;
        println!(
            "{name:<20} {:>9} {:>8.1} {:>8.1} {:>9.1} {:>9} flows {} aggregated {}",
            stats.packets,
            each(decoding),
            each(total) - each(decoding),
            each(total),
            stats.attempts + stats.flow_ends,
            stats.flows,
            stats.aggregated,
        );
    }
}

/// `live`: the direction is known, as it is to a sensor, so that duplicates are looked for.
fn run(capture: &[u8], fold: bool, live: bool) -> (Duration, FolderStats) {
    let observer = Observer { id: String::new(), hostname: String::new(), kind: ObserverKind::Capture };
    let mut folder = FlowFolder::new(FolderConfig::new(Arc::new(observer)));
    let mut events: Vec<Event> = Vec::new();
    let mut sum = 0u64;
    let begin = cpu_time();
    if let Ok(reader) = Reader::new(capture) {
        for mut frame in reader.flatten() {
            if live {
                frame.way = Way::In;
            }
            if let Ok(packet) = decode(&frame) {
                sum += u64::from(packet.ports().0);
                if fold {
                    folder.push(&packet, &mut events);
                    if events.len() > 1_000 {
                        events.clear();
                    }
                }
            }
        }
    }
    let time = cpu_time().saturating_sub(begin);
    std::hint::black_box(sum);
    (time, folder.stats())
}

/// This thread's time on a processor (Linux), which other programs do not add to.
fn cpu_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or_default();
    Duration::from_nanos(nanos)
}

/// A generator with a fixed seed.
struct Traffic {
    out: Vec<u8>,
    count: usize,
    time: i64,
    random: u64,
    scanned: u32,
    /// Clients of `connection`.
    sources: u32,
}

impl Traffic {
    fn new() -> Traffic {
        Traffic { out: Vec::new(), count: 0, time: 1_700_000_000_000_000, random: 42, scanned: 0, sources: 1 }
    }

    fn capture(mut self, packets: usize, make: fn(&mut Traffic)) -> Vec<u8> {
        write::header(&mut self.out);
        while self.count < packets {
            make(&mut self);
        }
        self.out
    }

    fn random(&mut self) -> u32 {
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 32) as u32
    }

    fn packet(&mut self, from: (u32, u16), to: (u32, u16), protocol: u8, transport: &[u8]) {
        let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
        frame.extend_from_slice(&[0x45, 0]);
        frame.extend_from_slice(&(20 + 4 + transport.len() as u16).to_be_bytes());
        frame.extend_from_slice(&[0, 7, 0x40, 0, 64, protocol, 0, 0]);
        frame.extend_from_slice(&from.0.to_be_bytes());
        frame.extend_from_slice(&to.0.to_be_bytes());
        frame.extend_from_slice(&from.1.to_be_bytes());
        frame.extend_from_slice(&to.1.to_be_bytes());
        frame.extend_from_slice(transport);
        write::frame(&mut self.out, Time(self.time), &frame);
        self.count += 1;
        // 100,000 packets a second.
        self.time += 10;
    }

    fn tcp(&mut self, from: (u32, u16), to: (u32, u16), flags: u16, payload: usize) {
        let mut transport = vec![0u8; 16 + payload];
        transport[3] = 1;
        transport[8] = 0x50;
        transport[9] = flags as u8;
        transport[10] = 4;
        self.packet(from, to, 6, &transport);
    }

    fn session(&mut self) {
        let client = (0x0a01_0000 | (self.random() & 0xffff), 32_768 + (self.random() & 0x7fff) as u16);
        let server = (SERVER, 443);
        self.tcp(client, server, flag::SYN, 0);
        self.tcp(server, client, flag::SYN | flag::ACK, 0);
        self.tcp(client, server, flag::ACK, 0);
        for turn in 0..12 {
            let (from, to) = if turn % 3 == 0 { (client, server) } else { (server, client) };
            self.tcp(from, to, flag::ACK | flag::PSH, 200);
        }
        self.tcp(client, server, flag::FIN | flag::ACK, 0);
        self.tcp(server, client, flag::FIN | flag::ACK, 0);
        self.tcp(client, server, flag::ACK, 0);
    }

    /// From any of the sources: a handshake and its end.
    fn connection(&mut self) {
        let client =
            (0x0b00_0000 + self.random() % self.sources.max(1), 32_768 + (self.random() & 0x7fff) as u16);
        let server = (SERVER, 443);
        self.tcp(client, server, flag::SYN, 0);
        self.tcp(server, client, flag::SYN | flag::ACK, 0);
        self.tcp(client, server, flag::ACK, 0);
        self.tcp(client, server, flag::RST | flag::ACK, 0);
    }

    fn dns(&mut self) {
        let client = (0x0a01_0000 | (self.random() & 0xff), 32_768 + (self.random() & 0x7fff) as u16);
        let mut question = vec![0u8; 4 + 30];
        question[1] = 38;
        self.packet(client, (SERVER, 53), 17, &question);
        self.packet((SERVER, 53), client, 17, &question);
    }

    fn probe(&mut self) -> ((u32, u16), (u32, u16)) {
        self.scanned = self.scanned.wrapping_add(1);
        let scanner = 0x0a02_0000 | (self.scanned >> 16);
        ((scanner, 40_000), (SERVER, self.scanned as u16))
    }

    fn scan_closed(&mut self) {
        let (from, to) = self.probe();
        self.tcp(from, to, flag::SYN, 0);
        self.tcp(to, from, flag::RST | flag::ACK, 0);
    }

    fn scan_dropped(&mut self) {
        let (from, to) = self.probe();
        self.tcp(from, to, flag::SYN, 0);
    }

    fn flood(&mut self) {
        let from = (self.random(), self.random() as u16);
        self.tcp(from, (SERVER, 80), flag::SYN, 0);
    }

    /// By packets: half sessions, a tenth DNS, a fifth scans, a fifth flood.
    fn mixed(&mut self) {
        self.session();
        self.dns();
        for _ in 0..2 {
            self.scan_closed();
            self.scan_dropped();
            self.flood();
            self.flood();
            self.flood();
        }
    }
}
