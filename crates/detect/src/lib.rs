//! Finds scans in a stream of connection attempts, and tells each as one campaign that grows.
//!
//! A source is judged by evidence, not by counters: every first contact with a (target, port,
//! technique) has a weight ([`evidence`]), the weights add up along the rows and columns of the
//! matrix of hosts and ports ([`source`]) over four time scales ([`scales`]), and a source whose
//! sum passes the bar opens a campaign ([`judge`]). Sources that go in step, or share the work,
//! are one campaign ([`crowd`]). Floods, backscatter and traceroute are recognised as what they
//! are ([`noise`]).
//!
//! | file | topic |
//! |---|---|
//! | `detector` | the interface; time |
//! | `attempt`, `judge` | from event to evidence, from evidence to campaign |
//! | `evidence`, `technique`, `fingerprint`, `payload`, `scales` | weights, kinds of probes, tools, time scales |
//! | `source`, `sources`, `services`, `links`, `observers`, `sight`, `table`, `sets`, `seen` | what is remembered, within bounds |
//! | `crowd`, `resets` | decoys and distributed scans; who sent a probe |
//! | `lull` | silent connections that are not made again |
//! | `noise` | what is no scan |
//! | `foreign` | verdicts of other products |
//! | `timeline` | logs: event time, order, lateness |
//! | `class`, `classify` | discovery that raises no alert, from files |
//! | `checkpoint` | what is remembered, as bytes |
//! | `campaign`, `campaigns`, `merge`, `naming`, `severity`, `mitre`, `words`, `explain`, `report` | what is told |
//!
//! Deliberately absent: a clock, I/O, async, anything random that could show in the output.

mod attempt;
mod campaign;
mod campaigns;
mod checkpoint;
mod class;
mod classify;
mod config;
mod crowd;
mod detector;
mod evidence;
mod explain;
mod fingerprint;
mod foreign;
mod judge;
mod kin;
mod links;
mod lull;
mod merge;
mod mitre;
mod naming;
mod networks;
mod noise;
mod observers;
mod payload;
mod report;
mod resets;
mod scales;
mod seen;
mod services;
mod sets;
mod severity;
mod sight;
mod source;
mod sources;
mod table;
mod technique;
#[cfg(test)]
mod testing;
mod timeline;
mod words;

pub use checkpoint::CheckpointError;
pub use class::Class;
pub use config::{Config, Sensitivity};
pub use detector::{Detector, Statistics};
pub use explain::SourceStanding;
pub use networks::Networks;
pub use timeline::{TimeLine, TimeLineCounts};
