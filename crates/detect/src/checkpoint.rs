//! What a detector remembers, as bytes: a slow scan goes on across a restart, under its identifier.
//!
//! Belongs here: the encoding and its bounds. Does not belong here: files, and when to save.
//!
//! The bytes are a head (magic, version, checksum), the campaigns, crowds and cards, and then the
//! sources, the most important first, until the limit is reached. Rates of services, what sensors
//! miss, and rows of silent connections are not kept: they are of minutes.

use crate::campaign::Campaign;
use crate::campaigns::{self, Campaigns, NoiseKey, Serial};
use crate::config::Config;
use crate::crowd::{Crowd, CrowdKey, Crowds};
use crate::detector::Detector;
use crate::fingerprint::FINGERPRINTS;
use crate::kin::{Group, Kin, KinKey};
use crate::links::{self, Links};
use crate::observers::Observers;
use crate::source::{Contact, Source};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use vedette_event::{Observer, Time};

const MAGIC: [u8; 4] = *b"VDCK";
/// Raised with every change of what is encoded: weights and techniques are part of it.
const VERSION: u16 = 8;
const HEAD: usize = MAGIC.len() + 2 + 8;
/// Bytes of a checkpoint at most, and of one that is read.
const MOST: usize = 64 << 20;
/// Before each source, and after the last.
const ANOTHER: u8 = 1;
const END: u8 = 0;

/// Why bytes are no checkpoint of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckpointError {
    NotOurs,
    /// Of another version of Vedette.
    Version(u16),
    TooLong(usize),
    /// Cut short or changed.
    Damaged,
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CheckpointError::NotOurs => f.write_str("not a checkpoint of the detector"),
            CheckpointError::Version(version) => {
                write!(f, "a checkpoint of version {version}; this Vedette reads version {VERSION}")
            }
            CheckpointError::TooLong(length) => {
                write!(f, "a checkpoint of {length} bytes; {MOST} is the most")
            }
            CheckpointError::Damaged => f.write_str("the checkpoint is cut short or damaged"),
        }
    }
}

impl std::error::Error for CheckpointError {}

/// Everything but the sources, borrowed for saving.
#[derive(Serialize)]
struct Saved<'a> {
    seeds: [u64; 4],
    clock: Time,
    events: u64,
    openings: &'a VecDeque<Time>,
    storm: Option<Serial>,
    opened: Serial,
    campaigns: Vec<campaigns::Saved<'a>>,
    crowds: Vec<(CrowdKey, &'a Crowd)>,
    kin: Vec<(KinKey, &'a Group)>,
    links: links::Saved,
    observers: &'a [Arc<Observer>],
}

/// The same, owned. The order of fields is the encoding.
#[derive(Deserialize)]
struct Restored {
    seeds: [u64; 4],
    clock: Time,
    events: u64,
    openings: VecDeque<Time>,
    storm: Option<Serial>,
    opened: Serial,
    campaigns: Vec<(Serial, Campaign, Option<NoiseKey>)>,
    crowds: Vec<(CrowdKey, Crowd)>,
    kin: Vec<(KinKey, Group)>,
    links: links::Saved,
    observers: Vec<Arc<Observer>>,
}

impl Detector {
    /// What is remembered, as at most 64 MiB; least-suspected sources are left out beyond.
    /// `None` when the campaigns alone are more.
    pub fn checkpoint(&self) -> Option<Vec<u8>> {
        self.checkpoint_within(MOST)
    }

    fn checkpoint_within(&self, most: usize) -> Option<Vec<u8>> {
        let (opened, campaigns) = self.campaigns.saved();
        let saved = Saved {
            seeds: self.seeds,
            clock: self.clock,
            events: self.events,
            openings: &self.openings,
            storm: self.storm,
            opened,
            campaigns,
            crowds: self.crowds.saved(),
            kin: self.kin.saved(),
            links: self.links.saved(),
            observers: self.observers.saved(),
        };
        let mut bytes = vec![0; HEAD];
        bytes = postcard::to_extend(&saved, bytes).ok()?;
        for (address, source) in self.sources.by_importance() {
            let before = bytes.len();
            bytes.push(ANOTHER);
            bytes = postcard::to_extend(&(address, source), bytes).ok()?;
            if bytes.len() >= most {
                bytes.truncate(before);
                break;
            }
        }
        bytes.push(END);
        let sum = checksum(&bytes[HEAD..]);
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4..6].copy_from_slice(&VERSION.to_le_bytes());
        bytes[6..HEAD].copy_from_slice(&sum.to_le_bytes());
        (bytes.len() <= most).then_some(bytes)
    }

    /// A detector that goes on where the one of a checkpoint was, within the memory of `config`.
    ///
    /// # Errors
    /// The bytes are no checkpoint, of another version, or damaged.
    pub fn restore(config: Config, bytes: &[u8]) -> Result<Detector, CheckpointError> {
        let body = body(bytes)?;
        let damaged = |_| CheckpointError::Damaged;
        let (saved, mut rest): (Restored, &[u8]) = postcard::take_from_bytes(body).map_err(damaged)?;
        let mut detector = Detector::seeded(config, saved.seeds);
        let mut sources: Vec<(IpAddr, Source)> = Vec::new();
        while let Some((&ANOTHER, after)) = rest.split_first() {
            let (source, after) = postcard::take_from_bytes(after).map_err(damaged)?;
            sources.push(source);
            rest = after;
        }
        let whole = rest == [END]
            && sources.iter().all(|(_, source)| source.contacts.iter().all(is_whole))
            && saved.campaigns.iter().all(|(_, campaign, _)| campaign.verdict.contacts.iter().all(is_whole));
        if !whole {
            return Err(CheckpointError::Damaged);
        }
        // The least important first, so that the others push it out where memory is short.
        sources.into_iter().rev().for_each(|(address, source)| detector.sources.put_back(address, source));
        detector.campaigns = Campaigns::restore(saved.opened, saved.campaigns);
        detector.crowds = Crowds::restore(saved.crowds, detector.hasher.clone());
        detector.kin = Kin::restore(saved.kin, detector.hasher.clone());
        detector.links = Links::restore(saved.links, detector.hasher.clone());
        detector.observers = Observers::restore(saved.observers);
        (detector.clock, detector.events, detector.storm) = (saved.clock, saved.events, saved.storm);
        detector.openings = saved.openings;
        Ok(detector)
    }
}

/// What may follow from a contact without a check: its row is one of ours.
fn is_whole(contact: &Contact) -> bool {
    contact.tool.is_none_or(|row| usize::from(row) < FINGERPRINTS.len())
}

fn body(bytes: &[u8]) -> Result<&[u8], CheckpointError> {
    if bytes.len() > MOST {
        return Err(CheckpointError::TooLong(bytes.len()));
    }
    let (head, body) = bytes.split_at_checked(HEAD).ok_or(CheckpointError::NotOurs)?;
    if head[..4] != MAGIC {
        return Err(CheckpointError::NotOurs);
    }
    let version = u16::from_le_bytes([head[4], head[5]]);
    if version != VERSION {
        return Err(CheckpointError::Version(version));
    }
    if head[6..] != checksum(body).to_le_bytes() {
        return Err(CheckpointError::Damaged);
    }
    Ok(body)
}

/// FNV-1a over words: against damage, not against forgery; who may write the file may do worse.
fn checksum(bytes: &[u8]) -> u64 {
    let mix = |sum: u64, word: u64| (sum ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
    let chunks = bytes.chunks_exact(8);
    let tail = chunks.remainder().iter().fold(bytes.len() as u64, |sum, &byte| mix(sum, byte.into()));
    chunks.fold(tail ^ 0xcbf2_9ce4_8422_2325, |sum, chunk| {
        mix(sum, chunk.try_into().map_or(0, u64::from_le_bytes))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing::syn;
    use vedette_event::{Event, Outcome};

    fn refused(n: u16) -> Event {
        let mut event = syn("10.0.0.9", "10.0.0.5", 100 + n);
        event.outcome = Outcome::Refused;
        event.decided = Time::from_seconds(i64::from(n) * 300);
        event.time = event.decided;
        event
    }

    fn watched(events: impl Iterator<Item = Event>) -> (Detector, usize) {
        let (mut detector, mut out) = (Detector::new(Config::default()), Vec::new());
        events.for_each(|event| detector.observe(&event, &mut out));
        (detector, out.len())
    }

    #[test]
    fn what_matters_most_is_kept_when_room_is_short() {
        let ip = |net: u8, n: u32| format!("10.{net}.{}.{}", n / 250, n % 250);
        let strangers = (0..2_000_u32).map(|n| syn(&ip(9, n), &ip(8, n), 80));
        let (detector, _) = watched((0..4).map(refused).chain(strangers));
        let all = detector.checkpoint().unwrap();
        let few = detector.checkpoint_within(20_000).unwrap();
        assert!(few.len() <= 20_000 && all.len() > 100_000, "{} {}", few.len(), all.len());
        let restored = Detector::restore(Config::default(), &few).unwrap();
        assert!(restored.sources.find("10.0.0.9".parse().unwrap()).is_some());
        assert!(restored.sources.len() > 50);
        let little = Config { memory: 0, ..Config::default() };
        assert!(Detector::restore(little, &all).unwrap().statistics().bytes <= 4 << 20);
    }

    #[test]
    fn changed_bytes_under_a_right_checksum_do_no_harm() {
        let (detector, _) = watched((0..40).map(refused));
        let bytes = detector.checkpoint().unwrap();
        let mut refusals = 0;
        for position in HEAD..bytes.len() {
            for change in [1_u8, 0x80, 0xff] {
                let mut bytes = bytes.clone();
                bytes[position] ^= change;
                let sum = checksum(&bytes[HEAD..]);
                bytes[6..HEAD].copy_from_slice(&sum.to_le_bytes());
                let Ok(mut restored) = Detector::restore(Config::default(), &bytes) else {
                    refusals += 1;
                    continue;
                };
                let mut out = Vec::new();
                (40..60).for_each(|n| restored.observe(&refused(n), &mut out));
                restored.finish(&mut out);
            }
        }
        assert!(refusals > 0);
    }
}
