//! What a folder has to know, and what it tells about itself.

use crate::reassembly::ReassemblyStats;
use ahash::RandomState;
use std::net::IpAddr;
use std::sync::Arc;
use vedette_event::{Observer, ObserverKind};

/// What a folder has to know.
#[derive(Clone, Debug)]
pub struct FolderConfig {
    pub observer: Arc<Observer>,
    /// The observer's own addresses: they decide the direction. Where there are none, the frame's
    /// way does.
    pub own_addresses: Vec<IpAddr>,
    /// Flows kept at one time, at about 270 bytes each.
    pub max_flows: usize,
    /// Unresolved attempts a second on one target and port that make a flood.
    pub flood_rate: u32,
    /// Of the hash functions. Senders choose their addresses, so it must not be known to them; where
    /// nobody can react, a fixed one makes folding the same packets give exactly the same events.
    pub seed: u64,
}

impl FolderConfig {
    /// A random seed for a sensor, a fixed one for captures. No own addresses, 131,072 flows (35 MB when full), floods from 1,000 attempts a second.
    pub fn new(observer: Arc<Observer>) -> FolderConfig {
        let seed = match observer.kind {
            ObserverKind::Sensor => RandomState::new().hash_one(0u64),
            ObserverKind::Capture | ObserverKind::Log => 0x5eed,
        };
        FolderConfig { observer, own_addresses: Vec::new(), max_flows: 131_072, flood_rate: 1_000, seed }
    }

    pub(super) fn hasher(&self) -> RandomState {
        let seed = self.seed;
        RandomState::with_seeds(seed, seed.rotate_left(17), !seed, seed.rotate_left(43))
    }
}

/// What went through a folder, and what it could not keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FolderStats {
    pub packets: u64,
    /// Packets seen before on another interface or the other way.
    pub duplicates: u64,
    /// Events of attempts.
    pub attempts: u64,
    /// Attempts that stand in events only as a count, because of a flood.
    pub aggregated: u64,
    /// Events of ended flows.
    pub flow_ends: u64,
    /// Packets that say nothing about attempts: see the module.
    pub housekeeping: u64,
    /// Answers to multicast questions and of flooded targets, which belong to no attempt.
    pub absorbed: u64,
    /// Attempts decided before their time, because the table was full.
    pub evicted_pending: u64,
    /// Open flows ended before their time, because the table was full.
    pub evicted_open: u64,
    /// Ended flows forgotten before their time, because the table was full.
    pub evicted_done: u64,
    /// The clock went back by more than 5 s: everything open was decided.
    pub clock_steps: u64,
    pub reassembly: ReassemblyStats,
    /// Flows in the table now.
    pub flows: usize,
}
