//! The open campaigns, and when each is to be told again.
//!
//! Belongs here: storage and the time-table. Does not belong here: what a campaign is.

use crate::campaign::Campaign;
use ahash::RandomState;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use vedette_event::{DetectionKind, Time};

/// Campaigns at once, however small; beyond, the quietest are closed early.
const MOST: usize = 65_536;

/// What a recognised thing other than a scan is about: floods by target and port, backscatter by
/// who answers, discovery by who discovers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct NoiseKey {
    pub(crate) kind: DetectionKind,
    pub(crate) address: IpAddr,
    pub(crate) port: u16,
}

/// A campaign's number in the order of opening; never used twice.
pub(crate) type Serial = u32;

/// A campaign as a checkpoint holds it.
pub(crate) type Saved<'a> = (Serial, &'a Campaign, Option<NoiseKey>);

struct Entry {
    campaign: Campaign,
    due: Time,
    noise: Option<NoiseKey>,
}

#[derive(Default)]
pub(crate) struct Campaigns {
    entries: HashMap<Serial, Entry, RandomState>,
    timetable: BTreeSet<(Time, Serial)>,
    noise: HashMap<NoiseKey, Serial, RandomState>,
    opened: Serial,
    bytes: usize,
}

impl Campaigns {
    pub(crate) fn get(&self, serial: Serial) -> Option<&Campaign> {
        self.entries.get(&serial).map(|entry| &entry.campaign)
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn is_full(&self, limit: usize) -> bool {
        self.bytes > limit || self.len() >= MOST
    }

    pub(crate) fn open(&mut self, campaign: Campaign, noise: Option<NoiseKey>) -> Serial {
        self.opened = self.opened.wrapping_add(1);
        let (serial, due) = (self.opened, campaign.next_due());
        self.bytes += campaign.heap_bytes();
        self.timetable.insert((due, serial));
        if let Some(key) = noise {
            self.noise.insert(key, serial);
        }
        self.entries.insert(serial, Entry { campaign, due, noise });
        serial
    }

    /// Changes a campaign. Its time is brought forward at once, and put back only when it comes,
    /// so that a thousand probes do not move it a thousand times.
    pub(crate) fn change<T>(&mut self, serial: Serial, change: impl FnOnce(&mut Campaign) -> T) -> Option<T> {
        let entry = self.entries.get_mut(&serial)?;
        let before = entry.campaign.heap_bytes();
        let result = change(&mut entry.campaign);
        self.bytes = (self.bytes + entry.campaign.heap_bytes()).saturating_sub(before);
        let next = entry.campaign.next_due();
        if next < entry.due {
            self.timetable.remove(&(entry.due, serial));
            entry.due = next;
            self.timetable.insert((next, serial));
        }
        Some(result)
    }

    /// The campaign whose time comes first, and that time.
    pub(crate) fn first_due(&self) -> Option<(Time, Serial)> {
        self.timetable.first().copied()
    }

    /// Its time came and was dealt with: enters the next one.
    pub(crate) fn reschedule(&mut self, serial: Serial) {
        if let Some(entry) = self.entries.get_mut(&serial) {
            self.timetable.remove(&(entry.due, serial));
            // A time that does not move on would never end.
            entry.due = entry.campaign.next_due().max(entry.due.plus(1));
            self.timetable.insert((entry.due, serial));
        }
    }

    pub(crate) fn remove(&mut self, serial: Serial) -> Option<Campaign> {
        let entry = self.entries.remove(&serial)?;
        self.bytes = self.bytes.saturating_sub(entry.campaign.heap_bytes());
        self.timetable.remove(&(entry.due, serial));
        if let Some(key) = entry.noise {
            self.noise.remove(&key);
        }
        Some(entry.campaign)
    }

    pub(crate) fn noise(&self, key: &NoiseKey) -> Option<Serial> {
        self.noise.get(key).copied()
    }

    /// What a checkpoint keeps: how many were opened, and each by its number.
    pub(crate) fn saved(&self) -> (Serial, Vec<Saved<'_>>) {
        let mut all: Vec<_> =
            self.entries.iter().map(|(&serial, entry)| (serial, &entry.campaign, entry.noise)).collect();
        all.sort_unstable_by_key(|&(serial, ..)| serial);
        (self.opened, all)
    }

    /// Puts campaigns back under their numbers.
    pub(crate) fn restore(opened: Serial, saved: Vec<(Serial, Campaign, Option<NoiseKey>)>) -> Campaigns {
        let mut campaigns = Campaigns::default();
        for (serial, campaign, noise) in saved.into_iter().take(MOST) {
            campaigns.opened = serial.wrapping_sub(1);
            campaigns.open(campaign, noise);
        }
        campaigns.opened = opened;
        campaigns
    }

    /// Every campaign's number, in the order of opening.
    pub(crate) fn serials(&self) -> Vec<Serial> {
        let mut serials: Vec<Serial> = self.entries.keys().copied().collect();
        serials.sort_unstable();
        serials
    }

    /// The order does not matter to what is done: the same to each.
    pub(crate) fn each(&mut self, mut change: impl FnMut(&mut Campaign)) {
        self.entries.values_mut().for_each(|entry| change(&mut entry.campaign));
    }
}
