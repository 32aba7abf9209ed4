//! Logs as they are ingested: parsed, stored in their dataset, or kept in quarantine with the
//! reason, and then given to detection. Nothing is thrown away, everything is counted.

use super::following::{Followed, Following, Followings};
use crate::clock;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use vedette_event::datasets::quarantine;
use vedette_event::{Observation, Row, Time};
use vedette_lake::{Lake, LakeError};
use vedette_parse::log::{Context, Format, LineReader};
use vedette_parse::netflow;

/// Lines stored in one durable step, and the bytes of raw text that make one due earlier.
const STEP_LINES: usize = 5_000;
const STEP_BYTES: usize = 4 << 20;
/// Different reasons counted by themselves; further ones are counted together.
const REASONS: usize = 100;
/// Bytes of one input of flow records, which is held as a whole.
const WHOLE: usize = 256 << 20;

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
    /// What detection made of it.
    pub followings: Followings,
}

/// What an input is, and what reading it needs to know.
pub struct Input {
    pub format: Format,
    /// Where it came from: a file name or an address.
    pub origin: String,
    pub zone: TimeZone,
    /// The longest line in bytes.
    pub longest: usize,
}

/// Takes one input in pieces as they arrive, cut anywhere.
pub struct LineIngest<'a> {
    lake: &'a Lake,
    counts: &'a LineCounts,
    following: Arc<Following>,
    log: Option<Arc<Followed>>,
    input: Input,
    reader: Reader,
    /// The beginning of a line whose end has not come yet, at most `longest` bytes of it; of flow
    /// records all of them.
    partial: Vec<u8>,
    overlong: bool,
    line: u64,
    waiting: Vec<Parsed>,
    waiting_bytes: usize,
    seen: Vec<Observation>,
    summary: Summary,
}

enum Reader {
    Lines(LineReader),
    Flows(Box<netflow::Reader>),
}

/// A record that is not stored yet.
struct Parsed {
    dataset: &'static str,
    row: Row,
    /// Why it goes into quarantine, if it does.
    reason: Option<String>,
}

impl<'a> LineIngest<'a> {
    pub fn new(
        lake: &'a Lake,
        counts: &'a LineCounts,
        following: Arc<Following>,
        input: Input,
    ) -> LineIngest<'a> {
        let context = Context { zone: input.zone.clone(), now: clock::now(), origin: input.origin.clone() };
        let reader = match LineReader::new(input.format, context.clone()) {
            Some(lines) => Reader::Lines(lines),
            None => Reader::Flows(Box::new(netflow::Reader::new(&context))),
        };
        LineIngest {
            lake,
            counts,
            log: following.open(input.format, &input.origin, context.now),
            following,
            input,
            reader,
            partial: Vec::new(),
            overlong: false,
            line: 0,
            waiting: Vec::new(),
            waiting_bytes: 0,
            seen: Vec::new(),
            summary: Summary::default(),
        }
    }

    /// Takes the next piece. What is due is durable when it returns.
    pub async fn push(&mut self, mut piece: &[u8]) -> Result<(), LakeError> {
        self.summary.bytes += piece.len() as u64;
        if let Reader::Flows(_) = self.reader {
            self.extend(piece, WHOLE);
            return Ok(());
        }
        while let Some(end) = piece.iter().position(|byte| *byte == b'\n') {
            self.extend(&piece[..end], self.input.longest);
            self.end_line();
            piece = &piece[end + 1..];
            if self.is_due() {
                self.store().await?;
            }
        }
        self.extend(piece, self.input.longest);
        Ok(())
    }

    /// The input ends: its last line needs no line ending.
    pub async fn finish(mut self) -> Result<Summary, (Summary, LakeError)> {
        let read = match self.reader {
            Reader::Lines(_) => {
                if !self.partial.is_empty() {
                    self.end_line();
                }
                Ok(())
            }
            Reader::Flows(_) => self.read_flows().await,
        };
        let stored = match read {
            Ok(()) => self.store().await,
            error => error,
        };
        // What is durable is examined, whatever came after it.
        self.pause().await;
        match stored {
            Ok(()) => Ok(self.summary),
            Err(error) => Err((self.summary, error)),
        }
    }

    /// What is durable so far.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    fn is_due(&self) -> bool {
        self.waiting.len() >= STEP_LINES || self.waiting_bytes >= STEP_BYTES
    }

    fn extend(&mut self, part: &[u8], most: usize) {
        let room = most.saturating_sub(self.partial.len());
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
        if overlong {
            let most = self.input.longest;
            let why = format!("the line is longer than {most} bytes; its beginning is kept");
            return self.quarantine(text, Some(self.line), why);
        }
        let Reader::Lines(reader) = &mut self.reader else { return };
        match reader.read(text) {
            Ok(Some(record)) => {
                self.seen.extend(record.seen);
                self.waiting.push(Parsed { dataset: record.dataset.name, row: record.row, reason: None });
            }
            Ok(None) => {}
            Err(why) => self.quarantine(text, Some(self.line), why.to_string()),
        }
    }

    async fn read_flows(&mut self) -> Result<(), LakeError> {
        let bytes = std::mem::take(&mut self.partial);
        let mut input = netflow::Input::new(&bytes);
        let now = clock::now();
        loop {
            let Reader::Flows(reader) = &mut self.reader else { return Ok(()) };
            let mut out = netflow::Output::default();
            let more = reader.step(&mut input, now, &mut out);
            if !more {
                reader.finish(&mut out);
            }
            self.keep(out);
            if self.is_due() {
                self.store().await?;
            }
            if !more {
                break;
            }
        }
        if self.overlong {
            let why = format!(
                "the input is longer than {WHOLE} bytes; what follows was not read: ingest it in parts"
            );
            self.quarantine(&[], None, why);
        }
        Ok(())
    }

    fn keep(&mut self, out: netflow::Output) {
        for record in out.records {
            self.waiting.push(Parsed { dataset: record.dataset.name, row: record.row, reason: None });
        }
        self.seen.extend(out.seen);
        for bad in out.bad {
            // Bytes that are no text are kept as what they are, in hexadecimal.
            let hex: String = bad.raw.iter().map(|byte| format!("{byte:02x}")).collect();
            self.waiting_bytes += hex.len();
            self.quarantine(hex.as_bytes(), None, bad.why.to_string());
        }
    }

    fn quarantine(&mut self, raw: &[u8], line: Option<u64>, why: String) {
        let now: Time = clock::now();
        let source = self.input.format.as_str();
        let row = quarantine::row(now, source, &self.input.origin, line, &why, raw);
        self.waiting.push(Parsed { dataset: quarantine::DATASET.name, row, reason: Some(why) });
    }

    /// Makes what waits durable, all of it or nothing, counts it, and has it examined.
    async fn store(&mut self) -> Result<(), LakeError> {
        let seen = std::mem::take(&mut self.seen);
        if !self.waiting.is_empty() {
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
        }
        self.follow(move |following, log| following.examine(log, seen, clock::now())).await;
        Ok(())
    }

    async fn pause(&mut self) {
        self.follow(|following, log| following.pause(log, clock::now())).await;
    }

    /// Detection blocks on the state database: not on a thread that serves requests.
    async fn follow(&mut self, work: impl FnOnce(&Following, &Followed) -> Followings + Send + 'static) {
        let Some(log) = self.log.clone() else { return };
        let following = self.following.clone();
        if let Ok(done) = tokio::task::spawn_blocking(move || work(&following, &log)).await {
            self.summary.followings.add(done);
        }
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
