//! Logs read into a time-line, for tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code)]

use std::path::PathBuf;
use vedette_detect::{Config, TimeLine, TimeLineCounts};
use vedette_event::{Detection, DetectionKind, Observation, Row, Time};
use vedette_parse::log::{Context, Format, LineReader, Record};
use vedette_parse::netflow;

/// 2026-11-24T12:00:00Z
pub const NOW: Time = Time(1_795_521_600_000_000);

/// What a log gave.
#[derive(Default)]
pub struct Read {
    pub records: usize,
    pub bad: Vec<String>,
    pub first: Option<Row>,
    /// Campaigns of scans as they stand at the end, in the order they opened.
    pub scans: Vec<Detection>,
    /// The same of everything else.
    pub others: Vec<Detection>,
    pub told: Vec<Detection>,
    pub counts: TimeLineCounts,
}

pub fn context() -> Context {
    Context { zone: jiff::tz::TimeZone::UTC, now: NOW, origin: "test.log".to_owned() }
}

pub fn lines(format: Format, bytes: &[u8]) -> Read {
    let mut reader = LineReader::new(format, context()).unwrap();
    let mut read = Read::default();
    let mut line = TimeLine::new(Config::default());
    for text in bytes.split(|byte| *byte == b'\n').filter(|text| !text.trim_ascii().is_empty()) {
        match reader.read(text) {
            Ok(Some(record)) => read.note(record, &mut line),
            Ok(None) => {}
            Err(error) => read.bad.push(error.to_string()),
        }
    }
    read.end(line)
}

pub fn flows(bytes: &[u8]) -> Read {
    let mut reader = netflow::Reader::new(&context());
    let (mut read, mut line) = (Read::default(), TimeLine::new(Config::default()));
    let mut output = reader.read(bytes, NOW);
    reader.finish(&mut output);
    output.records.into_iter().for_each(|record| read.note(record, &mut line));
    output.seen.into_iter().for_each(|seen| line.take(seen, &mut read.told));
    read.bad.extend(output.bad.iter().map(|bad| bad.why.to_string()));
    read.end(line)
}

pub fn observations(seen: impl IntoIterator<Item = Observation>) -> Read {
    let (mut read, mut line) = (Read::default(), TimeLine::new(Config::default()));
    seen.into_iter().for_each(|seen| line.take(seen, &mut read.told));
    read.end(line)
}

impl Read {
    fn note(&mut self, record: Record, line: &mut TimeLine) {
        self.records += 1;
        self.first.get_or_insert(record.row);
        record.seen.into_iter().for_each(|seen| line.take(seen, &mut self.told));
    }

    fn end(mut self, mut line: TimeLine) -> Read {
        line.finish(&mut self.told);
        self.counts = line.counts();
        for detection in &self.told {
            let scan = detection.kind == DetectionKind::Scan;
            let list = if scan { &mut self.scans } else { &mut self.others };
            match list.iter_mut().find(|known| known.id == detection.id) {
                Some(known) => *known = detection.clone(),
                None => list.push(detection.clone()),
            }
        }
        self
    }
}

/// A shared sample; skips with a message where there are none.
pub fn sample(name: &str) -> Option<Vec<u8>> {
    let shared = std::env::var_os("VEDETTE_SHARED").map(PathBuf::from);
    let shared = shared.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    let path = shared.join("samples").join(name);
    match std::fs::read(&path) {
        Ok(bytes) => Some(bytes),
        Err(_) if !shared.is_dir() => {
            println!("skipped: {} is not there", shared.display());
            None
        }
        Err(error) => panic!("{}: {error}", path.display()),
    }
}
