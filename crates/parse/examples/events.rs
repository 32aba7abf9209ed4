//! Prints the events folded from capture files, one line each, and what went through the folder.
//!
//! `cargo run -p vedette-parse --example events -- FILE...`

#![allow(clippy::print_stdout)]

use std::sync::Arc;
use vedette_event::{Event, Observer, ObserverKind};
use vedette_parse::flow::{FlowFolder, FolderConfig};
use vedette_parse::packet::decode;
use vedette_parse::pcap::Reader;

fn main() -> std::io::Result<()> {
    for path in std::env::args().skip(1) {
        let data = std::fs::read(&path)?;
        println!("== {path}");
        match Reader::new(&data) {
            Ok(reader) => fold(reader),
            Err(error) => println!("{error}"),
        }
    }
    Ok(())
}

fn fold(reader: Reader<'_>) {
    let observer = Observer { id: "example".into(), hostname: String::new(), kind: ObserverKind::Capture };
    let mut folder = FlowFolder::new(FolderConfig::new(Arc::new(observer)));
    let mut events = Vec::new();
    let mut undecoded = 0;
    for frame in reader {
        match frame.map(|frame| decode(&frame)) {
            Ok(Ok(packet)) => folder.push(&packet, &mut events),
            Ok(Err(_)) => undecoded += 1,
            Err(error) => println!("{error}"),
        }
        events.drain(..).for_each(print);
    }
    folder.finish(&mut events);
    events.drain(..).for_each(print);
    println!("{undecoded} frames not decoded, {:?}", folder.stats());
}

fn print(event: Event) {
    println!(
        "{} {:?} {:?} {}:{} > {}:{} {:?} {:?} flags {:03x} x{} retries {} sent {}/{} received {}/{} {:?}",
        event.decided,
        event.kind,
        event.transport,
        event.source,
        event.source_port,
        event.target,
        event.target_port,
        event.outcome,
        event.closing,
        event.first.tcp_flags,
        event.count,
        event.retries,
        event.sent.packets,
        event.sent.bytes,
        event.received.packets,
        event.received.bytes,
        event.icmp.map(|icmp| (icmp.kind, icmp.code)),
    );
}
