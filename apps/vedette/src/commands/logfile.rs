//! A log of another product through its time-line into the detector.

use super::capture::{Campaigns, Outcome};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};
use vedette_detect::{Config, TimeLine};
use vedette_event::{Detection, Observation, Time};
use vedette_parse::log::{Context, Format, LineReader};
use vedette_parse::netflow;

pub fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// Replays a log; times without a zone are UTC.
pub fn replay(format: Format, data: &[u8], config: Config, explain: &[IpAddr], now: Time) -> Outcome {
    let mut log = Log {
        line: TimeLine::new(config),
        changes: Vec::new(),
        campaigns: Campaigns::default(),
        records: 0,
        bad: BTreeMap::new(),
    };
    let context = Context::utc(now, format.as_str());
    match LineReader::new(format, context.clone()) {
        Some(reader) => log.read_lines(reader, data),
        None => log.read_flows(&context, data, now),
    }
    log.line.pause(&mut log.changes);
    let detector = log.line.detector();
    let standings = explain.iter().map(|&source| (source, detector.explain(source))).collect();
    log.line.finish(&mut log.changes);
    log.campaigns.keep(&mut log.changes);
    let counts = log.line.counts();
    let mut notes: Vec<String> =
        log.bad.iter().map(|(why, count)| format!("{count} could not be read: {why}")).collect();
    if counts.strays > 0 {
        notes.push(format!(
            "{} records lie more than an hour behind what was read before them, and were not examined: give the file in order of time",
            counts.strays
        ));
    }
    Outcome {
        damaged: !notes.is_empty(),
        told: log.campaigns.told,
        standings,
        packets: log.records,
        unit: "records",
        events: counts.examined,
        notes,
    }
}

struct Log {
    line: TimeLine,
    changes: Vec<Detection>,
    campaigns: Campaigns,
    records: u64,
    /// What could not be read, by reason.
    bad: BTreeMap<String, u64>,
}

impl Log {
    fn read_lines(&mut self, mut reader: LineReader, data: &[u8]) {
        for text in data.split(|byte| *byte == b'\n').filter(|text| !text.trim_ascii().is_empty()) {
            match reader.read(text) {
                Ok(Some(record)) => {
                    self.records += 1;
                    self.take(record.seen);
                }
                Ok(None) => {}
                Err(why) => *self.bad.entry(why.to_string()).or_insert(0) += 1,
            }
        }
    }

    fn read_flows(&mut self, context: &Context, data: &[u8], now: Time) {
        let (mut reader, mut input) = (netflow::Reader::new(context), netflow::Input::new(data));
        loop {
            let mut out = netflow::Output::default();
            let more = reader.step(&mut input, now, &mut out);
            if !more {
                reader.finish(&mut out);
            }
            self.records += out.records.len() as u64;
            for bad in out.bad {
                *self.bad.entry(bad.why.to_string()).or_insert(0) += 1;
            }
            self.take(out.seen);
            if !more {
                return;
            }
        }
    }

    fn take(&mut self, seen: Vec<Observation>) {
        seen.into_iter().for_each(|seen| self.line.take(seen, &mut self.changes));
        self.campaigns.keep(&mut self.changes);
    }
}
