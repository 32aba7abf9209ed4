//! CPU nanoseconds a packet of decoding, folding and detecting, for capture files: the best of five runs.
//!
//! `cargo run --release -p vedette-detect --example replay_speed FILE...`

#![allow(clippy::print_stdout)]

use std::sync::Arc;
use std::time::Duration;
use vedette_detect::{Config, Detector};
use vedette_event::{Event, Observer, ObserverKind};
use vedette_parse::flow::{FlowFolder, FolderConfig};
use vedette_parse::packet::{carried, decode};
use vedette_parse::pcap::Reader;

/// Events taken by the detector at a time, as `vedette replay` does.
const BATCH: usize = 64;

fn main() {
    println!(
        "{:>10} {:>8} {:>8} {:>8} {:>9} {:>9}",
        "packets", "fold", "detect", "total ns", "M/s", "events"
    );
    for path in std::env::args().skip(1) {
        let data = match std::fs::read(&path) {
            Ok(data) => data,
            Err(error) => {
                eprintln!("{path}: {error}");
                std::process::exit(1);
            }
        };
        let best = |detect: bool| (0..5).map(|_| run(&data, detect)).min().unwrap_or_default();
        let (folding, packets, events) = best(false);
        let (total, ..) = best(true);
        let each = |time: Duration| time.as_nanos() as f64 / packets.max(1) as f64;
        println!(
            "{packets:>10} {:>8.1} {:>8.1} {:>8.1} {:>9.2} {events:>9} {path}",
            each(folding),
            each(total.saturating_sub(folding)),
            each(total),
            1e3 / each(total)
        );
    }
}

fn run(data: &[u8], detect: bool) -> (Duration, u64, u64) {
    let observer =
        Arc::new(Observer { id: String::new(), hostname: String::new(), kind: ObserverKind::Capture });
    let mut folder = FlowFolder::new(FolderConfig::new(observer));
    let mut detector = Detector::new(Config::default());
    let (mut events, mut out): (Vec<Event>, _) = (Vec::new(), Vec::new());
    let (mut packets, mut count) = (0, 0);
    let begun = cpu_time();
    let Ok(reader) = Reader::new(data) else { return Default::default() };
    for frame in reader.flatten() {
        packets += 1;
        // By reference: a packet is large.
        if let Ok(packet) = &decode(&frame) {
            match carried(&frame, packet) {
                None => folder.push(packet, &mut events),
                Some((_, inner)) => folder.push(&inner, &mut events),
            }
        }
        if events.len() < BATCH {
            continue;
        }
        count += events.len() as u64;
        if detect {
            events.iter().for_each(|event| detector.observe(event, &mut out));
        }
        events.clear();
        out.clear();
    }
    (cpu_time().saturating_sub(begun), packets, count)
}

/// This thread's time on a processor (Linux), which other programs do not add to.
fn cpu_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or_default();
    Duration::from_nanos(nanos)
}
