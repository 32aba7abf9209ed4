//! Any bytes as a capture file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::Arc;
use vedette_event::{Observer, ObserverKind};
use vedette_parse::flow::{FlowFolder, FolderConfig};
use vedette_parse::packet::decode_inside;
use vedette_parse::pcap::Reader;

fuzz_target!(|data: &[u8]| {
    let Ok(mut reader) = Reader::new(data) else { return };
    let observer = Observer { id: "f".to_owned(), hostname: "f".to_owned(), kind: ObserverKind::Capture };
    let mut folder = FlowFolder::new(FolderConfig::new(Arc::new(observer)));
    let mut events = Vec::new();
    for frame in reader.by_ref().filter_map(Result::ok) {
        if let Ok((_, packet)) = decode_inside(&frame) {
            folder.push(&packet, &mut events);
        }
    }
    folder.finish(&mut events);
});
