//! Capture files through packets and flows into the detector.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vedette_detect::{Config, Detector};
use vedette_event::{Detection, Event, Observer, ObserverKind};
use vedette_parse::flow::{FlowFolder, FolderConfig};
use vedette_parse::packet::decode_inside;
use vedette_parse::pcap::Reader;

/// The folder of shared material, or nothing, said once, where there is none.
pub fn shared(folder: &str) -> Option<PathBuf> {
    let root = match std::env::var_os("VEDETTE_SHARED") {
        Some(root) => PathBuf::from(root),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
    };
    let path = root.join(folder);
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: {folder} is not there (set VEDETTE_SHARED)");
    None
}

pub fn events(path: &Path) -> Vec<Event> {
    let data = std::fs::read(path).unwrap();
    let id = path.file_name().unwrap().to_string_lossy().into_owned();
    let observer = Arc::new(Observer { id, hostname: String::new(), kind: ObserverKind::Capture });
    let mut folder = FlowFolder::new(FolderConfig::new(observer));
    let mut events = Vec::new();
    for frame in Reader::new(&data).unwrap().flatten() {
        if let Ok((_, packet)) = decode_inside(&frame) {
            folder.push(&packet, &mut events);
        }
    }
    folder.finish(&mut events);
    events
}

/// Everything a detector told of these events.
pub fn told(events: &[Event], config: Config) -> Vec<Detection> {
    let mut detector = Detector::new(config);
    let mut out = Vec::new();
    for event in events {
        detector.observe(event, &mut out);
    }
    detector.finish(&mut out);
    out
}

/// The last state of each campaign, in the order they opened.
pub fn final_states(told: &[Detection]) -> Vec<Detection> {
    let mut order: Vec<&str> = Vec::new();
    let mut last: BTreeMap<&str, &Detection> = BTreeMap::new();
    for detection in told {
        if !order.contains(&detection.id.as_str()) {
            order.push(&detection.id);
        }
        last.insert(&detection.id, detection);
    }
    order.into_iter().filter_map(|id| last.get(id)).map(|&detection| detection.clone()).collect()
}
