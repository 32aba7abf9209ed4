//! Log lines as they are ingested: parsed, stored in their dataset, or kept in quarantine with the
//! reason. Nothing is thrown away, everything is counted.

use crate::clock;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use vedette_event::datasets::{panw, quarantine};
use vedette_event::{Row, Time};
use vedette_lake::{Lake, LakeError};
use vedette_parse::panos;

/// Lines stored in one durable step, and the bytes of raw text that make one due earlier.
const STEP_LINES: usize = 5_000;
const STEP_BYTES: usize = 4 << 20;
/// Different reasons counted by themselves; further ones are counted together.
const REASONS: usize = 100;

/// What kind of lines these are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Panos,
}

impl Source {
    pub const NAMES: &'static str = "panos";

    pub fn parse(name: &str) -> Option<Source> {
        (name == "panos").then_some(Source::Panos)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Source::Panos => "panos",
        }
    }

    /// Where its lines go, each by its type.
    pub fn datasets(self) -> &'static [&'static str] {
        match self {
            Source::Panos => &[panw::THREAT.name, panw::TRAFFIC.name],
        }
    }
}

/// A time zone by its name in the system's database, or by its offset: `+02:00`. An error is a
/// sentence for the user.
pub fn zone(name: &str) -> Result<TimeZone, String> {
    let offset = || jiff::fmt::strtime::parse("%:z", name).ok()?.offset().map(TimeZone::fixed);
    match name {
        "UTC" | "utc" | "Z" => Ok(TimeZone::UTC),
        name => TimeZone::get(name)
            .ok()
            .or_else(offset)
            .ok_or_else(|| format!("There is no time zone {name:?}: give one like Europe/Berlin or +02:00.")),
    }
}

/// Counters of all ingest since the start.
#[derive(Default)]
pub struct LineCounts {
    pub accepted: AtomicU64,
    pub quarantined: AtomicU64,
}

/// What became of one input.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    pub accepted: u64,
    pub quarantined: u64,
    /// Lines in quarantine by reason.
    pub reasons: BTreeMap<String, u64>,
    /// Rows stored by dataset.
    pub datasets: BTreeMap<&'static str, u64>,
    /// Bytes read.
    pub bytes: u64,
}

/// Takes one input in pieces as they arrive, cut anywhere.
pub struct LineIngest<'a> {
    lake: &'a Lake,
    counts: &'a LineCounts,
    source: Source,
    origin: String,
    zone: TimeZone,
    longest: usize,
    /// The beginning of a line whose end has not come yet, at most `longest` bytes of it.
    partial: Vec<u8>,
    overlong: bool,
    line: u64,
    waiting: Vec<Parsed>,
    waiting_bytes: usize,
    summary: Summary,
}

/// A line that is not stored yet.
struct Parsed {
    dataset: &'static str,
    row: Row,
    /// Why it goes into quarantine, if it does.
    reason: Option<String>,
}

impl<'a> LineIngest<'a> {
    /// `origin` says where the input came from: a file name or an address. `longest` is the
    /// longest line in bytes.
    pub fn new(
        lake: &'a Lake,
        counts: &'a LineCounts,
        source: Source,
        origin: impl Into<String>,
        zone: TimeZone,
        longest: usize,
    ) -> LineIngest<'a> {
        LineIngest {
            lake,
            counts,
            source,
            origin: origin.into(),
            zone,
            longest,
            partial: Vec::new(),
            overlong: false,
            line: 0,
            waiting: Vec::new(),
            waiting_bytes: 0,
            summary: Summary::default(),
        }
    }

    /// Takes the next piece. What is due is durable when it returns.
    pub async fn push(&mut self, mut piece: &[u8]) -> Result<(), LakeError> {
        self.summary.bytes += piece.len() as u64;
        while let Some(end) = piece.iter().position(|byte| *byte == b'\n') {
            self.extend(&piece[..end]);
            self.end_line();
            piece = &piece[end + 1..];
            if self.waiting.len() >= STEP_LINES || self.waiting_bytes >= STEP_BYTES {
                self.store().await?;
            }
        }
        self.extend(piece);
        Ok(())
    }

    /// The input ends: its last line needs no line ending.
    pub async fn finish(mut self) -> Result<Summary, (Summary, LakeError)> {
        if !self.partial.is_empty() {
            self.end_line();
        }
        match self.store().await {
            Ok(()) => Ok(self.summary),
            Err(error) => Err((self.summary, error)),
        }
    }

    /// What is durable so far.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    fn extend(&mut self, part: &[u8]) {
        let room = self.longest.saturating_sub(self.partial.len());
        self.overlong |= part.len() > room;
        self.partial.extend_from_slice(&part[..part.len().min(room)]);
    }

    fn end_line(&mut self) {
        self.line += 1;
        let line = std::mem::take(&mut self.partial);
        let overlong = std::mem::take(&mut self.overlong);
        let text = line.strip_suffix(b"\r").unwrap_or(&line);
        if text.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        self.waiting_bytes += text.len();
        let parsed = if overlong {
            let why = format!("the line is longer than {} bytes; its beginning is kept", self.longest);
            self.quarantined(text, why)
        } else {
            match self.source {
                Source::Panos => match panos::parse_line(text, &self.zone) {
                    Ok(record) => Parsed { dataset: record.dataset.name, row: record.row, reason: None },
                    Err(why) => self.quarantined(text, why.to_string()),
                },
            }
        };
        self.waiting.push(parsed);
    }

    fn quarantined(&self, line: &[u8], why: String) -> Parsed {
        let now: Time = clock::now();
        let row = quarantine::row(now, self.source.as_str(), &self.origin, Some(self.line), &why, line);
        Parsed { dataset: quarantine::DATASET.name, row, reason: Some(why) }
    }

    /// Makes what waits durable, all of it or nothing, and counts it.
    async fn store(&mut self) -> Result<(), LakeError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let mut parts: Vec<(&str, Vec<Row>)> = Vec::new();
        let mut accepted: BTreeMap<&'static str, u64> = BTreeMap::new();
        let mut reasons = Vec::new();
        for parsed in std::mem::take(&mut self.waiting) {
            match parts.iter_mut().find(|(name, _)| *name == parsed.dataset) {
                Some((_, rows)) => rows.push(parsed.row),
                None => parts.push((parsed.dataset, vec![parsed.row])),
            }
            match parsed.reason {
                Some(why) => reasons.push(why),
                None => *accepted.entry(parsed.dataset).or_insert(0) += 1,
            }
        }
        self.waiting_bytes = 0;
        self.lake.append_all(parts).await?;
        self.count(accepted, reasons);
        Ok(())
    }

    fn count(&mut self, accepted: BTreeMap<&'static str, u64>, reasons: Vec<String>) {
        let (good, bad) = (accepted.values().sum::<u64>(), reasons.len() as u64);
        self.counts.accepted.fetch_add(good, Ordering::Relaxed);
        self.counts.quarantined.fetch_add(bad, Ordering::Relaxed);
        self.summary.accepted += good;
        self.summary.quarantined += bad;
        for (dataset, count) in accepted {
            *self.summary.datasets.entry(dataset).or_insert(0) += count;
        }
        for why in reasons {
            let known = self.summary.reasons.contains_key(&why) || self.summary.reasons.len() < REASONS;
            let why = if known { why } else { "other reasons".to_owned() };
            *self.summary.reasons.entry(why).or_insert(0) += 1;
        }
    }
}
