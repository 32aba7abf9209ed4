//! Logs of other products: from a line, or a file of flow records, to a row of its dataset and to
//! what the detector can learn from it.
//!
//! Belongs here: what all formats share: the reader that chooses one, the record, the errors.
//! Does not belong here: any one format (see the file of its name), files, a clock.
//!
//! A log tells less than a packet. What it does not tell is never made up: an attempt whose fate
//! is not in the log is [`vedette_event::Outcome::Unknown`], and a packet whose options are not
//! told is [`vedette_event::FirstPacket::partial`].

mod fate;
mod make;
mod recognise;
mod row;
mod sniff;
mod stamp;

use crate::{netfilter, panos, pfirewall, suricata, zeek};
pub(crate) use fate::{Fate, Sides, decide, payload_beyond, reported};
use jiff::tz::TimeZone;
pub(crate) use make::{Ends, Maker, transport_name, transport_named, transport_of};
pub use recognise::recognise;
pub(crate) use row::RowOf;
pub use sniff::sniff;
pub(crate) use stamp::{epoch, iso, local, syslog};
use thiserror::Error;
use vedette_event::datasets as sets;
use vedette_event::{Dataset, Observation, Row, Time};

/// A format of logs, by the name that `--source` gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    Panos,
    Pfirewall,
    Netfilter,
    Zeek,
    Suricata,
    Netflow,
}

impl Format {
    pub const ALL: [Format; 6] = [
        Format::Panos,
        Format::Pfirewall,
        Format::Netfilter,
        Format::Zeek,
        Format::Suricata,
        Format::Netflow,
    ];
    /// All names, for messages.
    pub const NAMES: &'static str = "panos, pfirewall, netfilter, zeek, suricata and netflow";

    pub fn parse(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.as_str() == name)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Format::Panos => "panos",
            Format::Pfirewall => "pfirewall",
            Format::Netfilter => "netfilter",
            Format::Zeek => "zeek",
            Format::Suricata => "suricata",
            Format::Netflow => "netflow",
        }
    }

    /// The format of the log by which an observer saw (see [`vedette_event::Observer::id`]).
    pub fn of_observer(id: &str) -> Option<Format> {
        Format::parse(id.split_once(':')?.0)
    }

    /// Where its records go, each by its type.
    pub fn datasets(self) -> &'static [&'static str] {
        match self {
            Format::Panos => &[sets::panw::THREAT.name, sets::panw::TRAFFIC.name],
            Format::Pfirewall => &[sets::pfirewall::DATASET.name],
            Format::Netfilter => &[sets::netfilter::DATASET.name],
            Format::Zeek => &[sets::zeek::DATASET.name],
            Format::Suricata => &[sets::suricata::DATASET.name],
            Format::Netflow => &[sets::netflow::DATASET.name],
        }
    }

    /// Datagrams rather than lines: read with [`crate::netflow::Reader`].
    pub fn is_binary(self) -> bool {
        self == Format::Netflow
    }
}

/// What a log leaves out and its reader has to know.
#[derive(Clone, Debug)]
pub struct Context {
    /// Of the device, for times that carry none.
    pub zone: TimeZone,
    /// When it is read: a time without a year is the last such time that is not later than a day
    /// from here.
    pub now: Time,
    /// File name or address it came from.
    pub origin: String,
}

impl Context {
    /// Times that carry no zone are UTC.
    pub fn utc(now: Time, origin: impl Into<String>) -> Context {
        Context { zone: TimeZone::UTC, now, origin: origin.into() }
    }
}

/// One record of a log.
#[derive(Clone, Debug)]
pub struct Record {
    pub dataset: &'static Dataset,
    pub row: Row,
    /// What the detector learns from it: nothing, an attempt, an attempt and its end, a verdict.
    pub seen: Vec<Observation>,
}

/// Why something gave no record. The words hold nothing of the input, so that equal troubles can
/// be counted together.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum LogError {
    #[error("not {format}: {expected}")]
    NotThis { format: &'static str, expected: &'static str },
    #[error("{name} is missing")]
    Missing { name: &'static str },
    #[error("{name} should be {expected}")]
    Bad { name: &'static str, expected: &'static str },
    #[error(transparent)]
    Panos(#[from] panos::PanosError),
}

/// Reads the lines of one log in order.
pub struct LineReader {
    context: Context,
    maker: Maker,
    parser: Parser,
}

enum Parser {
    Panos,
    Pfirewall(pfirewall::Header),
    Netfilter,
    Zeek(zeek::Header),
    Suricata,
}

impl LineReader {
    /// `None` for a format that has no lines.
    pub fn new(format: Format, context: Context) -> Option<LineReader> {
        let parser = match format {
            Format::Panos => Parser::Panos,
            Format::Pfirewall => Parser::Pfirewall(pfirewall::Header::default()),
            Format::Netfilter => Parser::Netfilter,
            Format::Zeek => Parser::Zeek(zeek::Header::default()),
            Format::Suricata => Parser::Suricata,
            Format::Netflow => return None,
        };
        let maker = Maker::new(format, &context.origin);
        Some(LineReader { context, maker, parser })
    }

    /// It is read at another moment now: for one that reads on as lines come.
    pub fn set_now(&mut self, now: Time) {
        self.context.now = now;
    }

    /// One line without its line ending; `None` for comments and headers.
    ///
    /// # Errors
    /// The line is not of the format, or lacks what the format always has.
    pub fn read(&mut self, line: &[u8]) -> Result<Option<Record>, LogError> {
        let (context, maker) = (&self.context, &mut self.maker);
        if let Parser::Panos = self.parser {
            let panos::Record { dataset, row } = panos::parse_line(line, &context.zone)?;
            let seen = panos::observations(dataset, &row, maker);
            return Ok(Some(Record { dataset, row, seen }));
        }
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end_matches(['\r', '\n']);
        match &mut self.parser {
            Parser::Pfirewall(header) => pfirewall::parse_line(text, header, context, maker),
            Parser::Zeek(header) => zeek::parse_line(text, header, maker),
            Parser::Suricata => suricata::parse_line(text, maker).map(Some),
            _ => netfilter::parse_line(text, context, maker).map(Some),
        }
    }
}

#[cfg(test)]
pub(crate) mod testing {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use vedette_event::{Event, Value};

    /// 2026-11-24T12:00:00Z
    pub(crate) const NOW: Time = Time(1_795_521_600_000_000);

    pub(crate) fn reader(format: Format) -> LineReader {
        let context = Context { zone: TimeZone::UTC, now: NOW, origin: "test.log".to_owned() };
        LineReader::new(format, context).unwrap()
    }

    pub(crate) fn one(format: Format, line: &str) -> Record {
        match reader(format).read(line.as_bytes()) {
            Ok(Some(record)) => record,
            other => panic!("{other:?}: {line}"),
        }
    }

    pub(crate) fn error(format: Format, line: &str) -> String {
        reader(format).read(line.as_bytes()).unwrap_err().to_string()
    }

    impl Record {
        pub(crate) fn cell(&self, name: &str) -> Value {
            self.row[self.dataset.position(name).unwrap()].clone()
        }

        pub(crate) fn event(&self) -> &Event {
            self.seen[0].event()
        }
    }
}
