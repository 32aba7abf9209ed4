//! What a log of another product says: an attempt it saw, or its own conclusion about one.

use crate::{Event, Time};

/// Another product's conclusion that the source of an attempt scans.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The attempt that the product names in its verdict.
    pub event: Event,
    /// Who says so: `PAN-OS`.
    pub product: &'static str,
    /// In its words: `SCAN: TCP Port Scan (8001)`.
    pub name: String,
    /// What it did about it, in its words; empty when it does not say.
    pub action: String,
    pub about: VerdictAbout,
}

/// What the source is said to go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerdictAbout {
    /// Ports or protocols of one host.
    Host,
    /// Hosts, for one port.
    Hosts,
}

/// One thing that a log line says, in the order of [`Observation::decided`].
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    Attempt(Event),
    Verdict(Verdict),
}

impl Observation {
    /// The attempt, as seen or as judged.
    pub fn event(&self) -> &Event {
        match self {
            Observation::Attempt(event) => event,
            Observation::Verdict(verdict) => &verdict.event,
        }
    }

    /// When it was known.
    pub fn decided(&self) -> Time {
        self.event().decided
    }
}
