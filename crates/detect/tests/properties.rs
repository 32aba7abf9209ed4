//! Damage on the way never turns benign traffic into a scan: packets lost, doubled, out of order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod captures;
mod synthetic;

use captures::shared;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use synthetic::scans;
use vedette_detect::Config;
use vedette_event::{Event, Observer, ObserverKind};
use vedette_parse::flow::{FlowFolder, FolderConfig};
use vedette_parse::packet::decode;
use vedette_parse::pcap::Reader;

/// splitmix64: the same sequence everywhere.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn of_hundred(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }
}

/// Parts in a hundred that are lost, doubled, and swapped with the next.
#[derive(Clone, Copy, Debug)]
struct Damage {
    lost: u64,
    doubled: u64,
    swapped: u64,
}

const KINDS: [Damage; 7] = [
    Damage { lost: 0, doubled: 100, swapped: 0 },
    Damage { lost: 0, doubled: 0, swapped: 30 },
    Damage { lost: 1, doubled: 0, swapped: 0 },
    Damage { lost: 5, doubled: 5, swapped: 5 },
    Damage { lost: 20, doubled: 0, swapped: 0 },
    Damage { lost: 30, doubled: 10, swapped: 10 },
    Damage { lost: 50, doubled: 0, swapped: 0 },
];

fn events(path: &Path, damage: Damage, chance: &mut Chance) -> Vec<Event> {
    let data = std::fs::read(path).unwrap();
    let id = path.file_name().unwrap().to_string_lossy().into_owned();
    let observer = Arc::new(Observer { id, hostname: String::new(), kind: ObserverKind::Capture });
    let mut frames: Vec<_> = Reader::new(&data).unwrap().flatten().collect();
    let mut at = 0;
    while at + 1 < frames.len() {
        if chance.of_hundred(damage.swapped) {
            frames.swap(at, at + 1);
            at += 1;
        }
        at += 1;
    }
    let mut folder = FlowFolder::new(FolderConfig::new(observer));
    let mut events = Vec::new();
    for frame in &frames {
        let Ok(packet) = decode(frame) else { continue };
        if chance.of_hundred(damage.lost) {
            continue;
        }
        folder.push(&packet, &mut events);
        if chance.of_hundred(damage.doubled) {
            folder.push(&packet, &mut events);
        }
    }
    folder.finish(&mut events);
    events
}

fn benign() -> Vec<PathBuf> {
    let mut paths = Vec::new();
    if let Some(folder) = shared("detect/scenarios") {
        let names = ["N01", "N02", "N04", "N05", "N06", "N08"];
        paths.extend(names.map(|name| folder.join(format!("{name}.pcap"))));
    }
    if let Some(folder) = shared("samples/pcap/benign") {
        paths.extend(std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    }
    paths.sort();
    paths
}

#[test]
fn benign_captures_stay_benign_whatever_happened_on_the_way() {
    let mut wrong = Vec::new();
    for path in benign() {
        for damage in KINDS {
            for seed in 0..8 {
                let told = captures::told(&events(&path, damage, &mut Chance(seed)), Config::default());
                for scan in scans(&told) {
                    wrong.push(format!("{} {damage:?} {seed}: {}", path.display(), scan.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_scan_survives_what_happens_on_the_way() {
    let Some(folder) = shared("detect/scenarios") else { return };
    for name in ["S01", "S03", "S05", "S14", "S22", "S26"] {
        for damage in &KINDS[..5] {
            let path = folder.join(format!("{name}.pcap"));
            let told = captures::told(&events(&path, *damage, &mut Chance(1)), Config::default());
            assert_eq!(scans(&told).len(), 1, "{name} {damage:?}");
        }
    }
}
