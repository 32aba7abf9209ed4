//! A detector that is saved and restored goes on as if nothing had happened.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod captures;
mod synthetic;

use captures::{final_states, shared};
use synthetic::*;
use vedette_detect::{CheckpointError, Config, Detector};
use vedette_event::{Change, Detection, Event};

/// What is told when the detector is saved and restored after each of these numbers of events.
fn with_restarts(events: &[Event], restarts: &[usize]) -> Vec<Detection> {
    let mut detector = Detector::new(Config::default());
    let mut out = Vec::new();
    for (n, event) in events.iter().enumerate() {
        if restarts.contains(&n) {
            let bytes = detector.checkpoint().unwrap();
            detector = Detector::restore(Config::default(), &bytes).unwrap();
        }
        detector.observe(event, &mut out);
    }
    detector.finish(&mut out);
    out
}

/// One closed port in five minutes.
fn slow(ports: u16) -> Vec<Event> {
    (0..ports)
        .map(|n| refused(i64::from(n) * 300 * SECOND, ip("10.0.0.9"), ip("10.0.0.5"), 20 + n * 7 % 400))
        .collect()
}

#[test]
fn a_slow_scan_across_restarts_is_found_once() {
    let events = slow(60);
    let without = with_restarts(&events, &[]);
    for restarts in [&[1][..], &[5], &[8], &[9], &[30], &[3, 6, 9, 12, 40]] {
        let told = with_restarts(&events, restarts);
        assert_eq!(told, without, "restarts after {restarts:?}");
        assert_eq!(told.iter().filter(|found| found.change == Change::Opened).count(), 1);
    }
}

#[test]
fn recorded_traffic_gives_the_same_with_a_restart_in_its_middle() {
    let Some(folder) = shared("detect/scenarios") else { return };
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "pcap") {
            continue;
        }
        let events = captures::events(&path);
        let told = final_states(&with_restarts(&events, &[events.len() / 2]));
        let scans = |told: &[Detection]| -> Vec<Detection> {
            told.iter().filter(|found| found.kind == vedette_event::DetectionKind::Scan).cloned().collect()
        };
        assert_eq!(scans(&told), scans(&final_states(&with_restarts(&events, &[]))), "{}", path.display());
    }
}

#[test]
fn a_campaign_that_went_quiet_meanwhile_is_closed_by_the_clock() {
    let mut detector = Detector::new(Config::default());
    let mut out = Vec::new();
    (0..30).for_each(|n| detector.observe(&refused(n, ip("10.0.0.9"), ip("10.0.0.5"), n as u16), &mut out));
    let id = out[0].id.clone();
    let mut detector = Detector::restore(Config::default(), &detector.checkpoint().unwrap()).unwrap();
    out.clear();
    detector.advance(START.plus(3_600 * SECOND), &mut out);
    let [.., last] = &out[..] else { panic!("nothing told") };
    assert_eq!((&last.id, last.change), (&id, Change::Closed));
}

#[test]
fn bytes_that_are_no_checkpoint_are_refused() {
    let mut detector = Detector::new(Config::default());
    slow(5).iter().for_each(|event| detector.observe(event, &mut Vec::new()));
    let bytes = detector.checkpoint().unwrap();
    let refused = |bytes: &[u8]| Detector::restore(Config::default(), bytes).err();
    assert_eq!(refused(&bytes), None);
    assert_eq!(refused(b""), Some(CheckpointError::NotOurs));
    assert_eq!(refused(b"some other file entirely"), Some(CheckpointError::NotOurs));
    for length in 14..bytes.len() {
        assert_eq!(refused(&bytes[..length]), Some(CheckpointError::Damaged), "cut at {length}");
    }
    for position in 14..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[position] ^= 0x10;
        assert_eq!(refused(&bytes), Some(CheckpointError::Damaged), "changed at {position}");
    }
    let mut newer = bytes;
    newer[4] = 200;
    assert_eq!(refused(&newer), Some(CheckpointError::Version(200)));
    assert_eq!(refused(&vec![0; 65 << 20]), Some(CheckpointError::TooLong(65 << 20)));
}

#[test]
fn a_million_sources_make_a_checkpoint_within_its_bound() {
    let mut detector = Detector::new(Config::default());
    let mut out = Vec::new();
    for n in 0..300_000_u32 {
        detector
            .observe(&syn(i64::from(n) * 10_000, v4(0x0b00_0000 + n), v4(0x0a00_0000 + n), 443), &mut out);
    }
    let bytes = detector.checkpoint().unwrap();
    assert!(bytes.len() <= 64 << 20);
    let restored = Detector::restore(Config::default(), &bytes).unwrap();
    assert_eq!(restored.statistics().sources, detector.statistics().sources);
}
