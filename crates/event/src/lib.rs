//! The vocabulary of Vedette: what was observed ([`Event`]), what was concluded ([`Detection`]),
//! and how both look as rows of a dataset ([`Dataset`], [`Field`], [`Value`]).
//!
//! Belongs here: plain data, its units and its names. Does not belong here: parsing, detection,
//! storage, I/O, a clock, Arrow, async.

mod alert;
mod dataset;
pub mod datasets;
mod detection;
mod event;
mod observation;
mod time;
mod value;

pub use alert::{AlertSource, Finding, RuleHit, Subject};
pub use dataset::{Dataset, Field, FieldType};
pub use detection::{
    Attribution, Change, Detection, DetectionKind, Explanation, Mitre, OpenPort, ScanType, SensorLosses,
    Severity, Shape, Tool, WeighedContact, port_list,
};
pub use event::{
    Agent, Closing, Direction, Event, EventKind, FirstPacket, Icmp, Observer, ObserverKind, Outcome, Process,
    SourceReset, Transport, Volume, flag,
};
pub use observation::{Observation, Verdict, VerdictAbout};
pub use time::Time;
pub use value::{Row, Value};
