//! Every public sample capture is read to its end without panic.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::PathBuf;
use support::{config, shared};
use vedette_parse::flow::FlowFolder;
use vedette_parse::packet::{DecodeError, decode};
use vedette_parse::pcap::Reader;

fn captures() -> Vec<PathBuf> {
    let folders = ["samples/pcap/benign", "samples/pcap/scan", "samples/other"];
    let mut files: Vec<PathBuf> = folders
        .iter()
        .filter_map(|folder| shared(folder))
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension().is_some_and(|end| matches!(end.to_str(), Some("pcap" | "pcapng" | "cap")))
        })
        .collect();
    files.sort();
    files
}

#[test]
fn every_capture_is_read_to_its_end() {
    let mut unread = Vec::new();
    let files = captures();
    for path in &files {
        let data = std::fs::read(path).unwrap();
        let mut reader = match Reader::new(&data) {
            Ok(reader) => reader,
            Err(error) => {
                unread.push(format!("{}: {error}", path.display()));
                continue;
            }
        };
        let mut folder = FlowFolder::new(config());
        let (mut events, mut frames, mut foreign) = (Vec::new(), 0u64, 0u64);
        for item in reader.by_ref() {
            frames += 1;
            match item.map(|frame| decode(&frame)) {
                Ok(Ok(packet)) => folder.push(&packet, &mut events),
                Ok(Err(DecodeError::NotIp(_))) => foreign += 1,
                Ok(Err(error)) => unread.push(format!("{} frame {frames}: {error}", path.display())),
                Err(error) => unread.push(format!("{}: {error}", path.display())),
            }
        }
        folder.finish(&mut events);
        assert_eq!(reader.position(), data.len() as u64, "{}", path.display());
        assert!(events.len() as u64 <= frames * 2);
        let stats = folder.stats();
        assert!(stats.packets + foreign >= frames - 1, "{}", path.display());
        assert_eq!((stats.flows, stats.evicted_open, stats.evicted_pending), (0, 0, 0));
    }
    println!("{} captures; not read:\n{}", files.len(), unread.join("\n"));
    // The first frame of one capture is empty.
    unread.retain(|line| !line.contains("ndpi_gnutella.pcap frame 1:"));
    assert!(unread.is_empty(), "{unread:#?}");
}
