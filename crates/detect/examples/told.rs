//! What the detector tells of capture files, each by itself: one line of JSON a campaign, in its last
//! state, with the file's name. `vedette bench detect` scores the same; this builds in seconds.
//!
//! `cargo run --release -p vedette-detect --example told FILE...`

#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use vedette_detect::{Config, Detector};
use vedette_event::{Detection, Observer, ObserverKind};
use vedette_parse::flow::{FlowFolder, FolderConfig};
use vedette_parse::packet::decode_inside;
use vedette_parse::pcap::Reader;

fn main() {
    for path in std::env::args().skip(1) {
        match tell(&path) {
            Ok(lines) => lines.iter().for_each(|line| println!("{line}")),
            Err(error) => {
                eprintln!("{path}: {error}");
                std::process::exit(1);
            }
        }
    }
}

fn tell(path: &str) -> Result<Vec<serde_json::Value>, Box<dyn std::error::Error>> {
    let data = std::fs::read(path)?;
    let id = Path::new(path).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let observer = Observer { id: id.clone(), hostname: String::new(), kind: ObserverKind::Capture };
    let mut folder = FlowFolder::new(FolderConfig::new(Arc::new(observer)));
    let mut detector = Detector::new(Config::default());
    let (mut events, mut out) = (Vec::new(), Vec::new());
    for frame in Reader::new(&data)?.flatten() {
        if let Ok((_, packet)) = decode_inside(&frame) {
            folder.push(&packet, &mut events);
        }
        events.drain(..).for_each(|event| detector.observe(&event, &mut out));
    }
    folder.finish(&mut events);
    events.drain(..).for_each(|event| detector.observe(&event, &mut out));
    detector.finish(&mut out);
    let mut last: BTreeMap<String, Detection> = BTreeMap::new();
    out.into_iter().for_each(|detection| {
        last.insert(detection.id.clone(), detection);
    });
    last.values()
        .map(|detection| {
            let mut line = serde_json::to_value(detection)?;
            if let Some(fields) = line.as_object_mut() {
                fields.insert("file".to_owned(), id.clone().into());
            }
            Ok(line)
        })
        .collect()
}
