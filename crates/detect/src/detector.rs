//! The detector: events in, detections out.
//!
//! Belongs here: the public interface, the order of things, the clock made of event times. Does
//! not belong here: what an attempt means (see [`crate::attempt`]), what is no scan
//! (see [`crate::noise`]).

use crate::campaign::{Campaign, REOPENS};
use crate::campaigns::{Campaigns, NoiseKey, Serial};
use crate::config::Config;
use crate::crowd::Crowds;
use crate::kin::Kin;
use crate::links::Links;
use crate::lull::Lulls;
use crate::observers::Observers;
use crate::report;
use crate::services::Services;
use crate::sight::Sights;
use crate::sources::Sources;
use ahash::RandomState;
use std::collections::VecDeque;
use std::net::IpAddr;
use vedette_event::{Change, Detection, DetectionKind, Event, EventKind, Outcome, SensorLosses, Time};

/// Memory below which a detector is of no use.
const LEAST_MEMORY: usize = 4 << 20;

/// Counters for health and metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    pub events: u64,
    /// Sources and campaigns remembered now.
    pub sources: usize,
    pub campaigns: usize,
    /// Sources forgotten, and campaigns closed early, because memory was short.
    pub sources_forgotten: u64,
    pub campaigns_closed_early: u64,
    /// Bytes in use for sources and campaigns.
    pub bytes: usize,
}

/// Finds scans in a stream of events.
///
/// Feed it events in the order of [`Event::decided`]; disorder is harmless: a late event counts as of its own
/// time, for what is left of it by the latest time seen. All times are event times, so a
/// replayed capture gives the detections that live traffic gave. One detector follows one
/// time-line: do not mix live events with those of an old capture.
pub struct Detector {
    pub(crate) config: Config,
    pub(crate) margin: f64,
    pub(crate) hasher: RandomState,
    pub(crate) seeds: [u64; 4],
    pub(crate) sources: Sources,
    pub(crate) services: Services,
    pub(crate) crowds: Crowds,
    pub(crate) kin: Kin,
    pub(crate) links: Links,
    pub(crate) observers: Observers,
    pub(crate) sights: Sights,
    pub(crate) campaigns: Campaigns,
    pub(crate) lulls: Lulls,
    /// When campaigns of unconfirmed sources opened lately, and the one for those that are too many.
    pub(crate) openings: VecDeque<Time>,
    pub(crate) storm: Option<Serial>,
    campaign_bytes: usize,
    pub(crate) clock: Time,
    pub(crate) events: u64,
    closed_early: u64,
}

impl Detector {
    pub fn new(config: Config) -> Detector {
        // From the system's own source of chance, so that no sender can guess it.
        let chance = RandomState::new();
        Detector::seeded(config, [1_u8, 2, 3, 4].map(|n| chance.hash_one(n)))
    }

    /// The same seeds give the same keys of contacts, which a checkpoint holds.
    pub(crate) fn seeded(config: Config, seeds: [u64; 4]) -> Detector {
        let memory = config.memory.max(LEAST_MEMORY);
        let [a, b, c, d] = seeds;
        let hasher = RandomState::with_seeds(a, b, c, d);
        Detector {
            seeds,
            margin: config.sensitivity.margin(),
            // The tables of services, crowds and cards take at most an eighth.
            sources: Sources::new(memory / 8 * 5, hasher.clone()),
            services: Services::new(memory / 16, hasher.clone()),
            crowds: Crowds::new(hasher.clone()),
            kin: Kin::new(hasher.clone()),
            links: Links::new(hasher.clone()),
            observers: Observers::default(),
            sights: Sights::default(),
            campaigns: Campaigns::default(),
            lulls: Lulls::default(),
            openings: VecDeque::new(),
            storm: None,
            campaign_bytes: memory / 4,
            clock: Time(i64::MIN),
            events: 0,
            closed_early: 0,
            hasher,
            config,
        }
    }

    /// Takes an event in, and tells of every campaign that it opens or that has become due.
    pub fn observe(&mut self, event: &Event, out: &mut Vec<Detection>) {
        self.advance(event.decided, out);
        self.events += 1;
        match (event.kind, event.outcome) {
            (EventKind::FlowEnd, _) => self.flow_end(event, out),
            (EventKind::Attempt, Outcome::MidStream) => self.converses(event),
            (EventKind::Attempt, Outcome::Unsolicited) => self.unasked(event, out),
            (EventKind::Attempt, _) => self.attempt(event, out),
        }
    }

    /// Time has passed: tells of campaigns that have changed, and closes those that are over.
    pub fn advance(&mut self, now: Time, out: &mut Vec<Detection>) {
        if now <= self.clock {
            return;
        }
        self.clock = now;
        self.end_lulls(now, out);
        while let Some((due, serial)) = self.campaigns.first_due()
            && due <= now
        {
            self.due(serial, due, out);
        }
    }

    /// The events end: tells the final state of every campaign that is not closed.
    pub fn finish(&mut self, out: &mut Vec<Detection>) {
        self.end_all_lulls(self.clock, out);
        for serial in self.campaigns.serials() {
            self.close(serial, out);
        }
    }

    /// The sensors lost this much since the last call: it goes into every open campaign.
    pub fn note_losses(&mut self, losses: SensorLosses) {
        self.campaigns.each(|campaign| {
            if campaign.closed.is_none() {
                campaign.losses.packets_dropped += losses.packets_dropped;
                campaign.losses.events_dropped += losses.events_dropped;
                campaign.losses.attempts_aggregated += losses.attempts_aggregated;
            }
        });
    }

    pub fn statistics(&self) -> Statistics {
        Statistics {
            events: self.events,
            sources: self.sources.len(),
            campaigns: self.campaigns.len(),
            sources_forgotten: self.sources.forgotten,
            campaigns_closed_early: self.closed_early,
            bytes: self.sources.bytes() + self.campaigns.bytes(),
        }
    }

    /// Identifiers of the scans that are not closed.
    pub fn open_scans(&self) -> Vec<String> {
        let campaigns = self.campaigns.serials().into_iter().filter_map(|serial| self.campaigns.get(serial));
        let open = campaigns.filter(|one| one.kind == DetectionKind::Scan && one.closed.is_none());
        open.map(|campaign| campaign.id.clone()).collect()
    }

    fn due(&mut self, serial: Serial, now: Time, out: &mut Vec<Detection>) {
        let over = |campaign: &Campaign| campaign.closed.is_some_and(|closed| now >= closed.plus(REOPENS));
        if self.campaigns.get(serial).is_some_and(over) {
            self.forget(serial);
            return;
        }
        if let Some(change) = self.campaigns.change(serial, |campaign| campaign.due(now)).flatten() {
            self.tell(serial, change, out);
        }
        self.campaigns.reschedule(serial);
    }

    pub(crate) fn tell(&self, serial: Serial, change: Change, out: &mut Vec<Detection>) {
        if let Some(campaign) = self.campaigns.get(serial) {
            out.push(report::detection(campaign, change, &self.config.networks));
        }
    }

    /// Makes room when needed, opens a campaign and tells of it.
    pub(crate) fn open(
        &mut self,
        campaign: Campaign,
        noise: Option<NoiseKey>,
        out: &mut Vec<Detection>,
    ) -> Serial {
        while self.campaigns.is_full(self.campaign_bytes)
            && let Some((_, soonest)) = self.campaigns.first_due()
        {
            self.closed_early += 1;
            self.close(soonest, out);
            self.forget(soonest);
        }
        self.campaigns.open(campaign, noise)
    }

    fn close(&mut self, serial: Serial, out: &mut Vec<Detection>) {
        let clock = self.clock;
        let closing = self.campaigns.change(serial, |campaign| campaign.close(clock));
        if closing == Some(true) {
            self.tell(serial, Change::Closed, out);
        }
    }

    /// A campaign that does not reopen any more: its sources start anew.
    fn forget(&mut self, serial: Serial) {
        let Some(campaign) = self.campaigns.remove(serial) else { return };
        for member in &campaign.members {
            if let Some(slot) = self.sources.find(member.address) {
                self.sources.change(slot, |source| {
                    if source.campaign == Some(serial) {
                        source.begin_anew();
                    }
                });
            }
        }
        if let Some(crowd) = campaign.crowd {
            self.crowds.forget(&crowd);
        }
    }
}

/// An identifier from what makes a campaign unique: the same events give the same one.
pub(crate) fn identifier(kind: DetectionKind, address: IpAddr, port: u16, at: Time) -> String {
    // FNV-1a over 128 bits: stable everywhere, and long enough never to meet its like by chance.
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    let mut mix = |bytes: &[u8]| {
        for &byte in bytes {
            hash = (hash ^ u128::from(byte)).wrapping_mul(PRIME);
        }
    };
    mix(&[kind as u8]);
    mix(&crate::networks::bits(address).to_be_bytes());
    mix(&port.to_be_bytes());
    mix(&at.0.to_be_bytes());
    format!("{hash:032x}")
}
