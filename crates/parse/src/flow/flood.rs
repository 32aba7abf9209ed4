//! Floods: so many unresolved attempts on one target and port that single ones say nothing.
//!
//! A flood is recognised when more than `rate` attempts of one second on one target, port and class
//! stay without a completed handshake or reply, and are at least half of all attempts there. From
//! then on the first [`SAMPLE`] attempts of each second are still followed one by one, and the others
//! are only counted and told once a second. It ends with a second that had less than half of
//! `rate`. A target whose ports are flooded at random by many sources is recognised the same way, at
//! [`SPREAD`] times the rate; other ports and other targets are followed as ever, and so is a scan of
//! few sources, however fast. Of such a flood, sources that come back are followed too
//! ([`super::repeaters`]).

use super::repeaters::Repeaters;
use super::state::first_packet;
use crate::packet::{Packet, Way};
use ahash::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::net::IpAddr;
use vedette_event::{FirstPacket, Time, Transport};

/// Attempts of each second of a flood that are followed one by one.
const SAMPLE: u32 = 50;
/// How much more than one port all ports of a target may have.
const SPREAD: u32 = 20;
/// Of the 64 bits that sources are hashed to, how many must be seen before a flood over all ports is
/// one: about 44 sources, more than a scan with decoys has.
const MANY_SOURCES: u32 = 32;
/// Floods told apart at one time; the attempts of further ones are followed one by one, within the
/// table's limits.
const MAX_FLOODS: usize = 64;
/// Counters: sets of four, of which the least used is given to a newcomer.
const SETS: usize = 256;
const WAYS: usize = 4;

/// Kinds of attempts that are counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Syn,
    /// Other TCP packets that may be attempts.
    TcpOther,
    /// Answers that nobody asked for.
    Answer,
    Datagram,
}

#[derive(Clone, Copy, Default)]
struct Counter {
    /// 0 for a free place.
    hash: u64,
    second: i64,
    begun: u32,
    completed: u32,
    /// One bit for each hash of a source, modulo 64.
    sources: u64,
    /// Number of the flood plus one; 0 for none.
    flood: u32,
}

impl Counter {
    /// Counts from 0 again in a new second.
    #[inline]
    fn enter(&mut self, second: i64) {
        if self.second != second {
            *self = Counter { hash: self.hash, flood: self.flood, second, ..Counter::default() };
        }
    }
}

/// What makes a flood.
struct Limit {
    hash: u64,
    /// Unresolved attempts a second.
    rate: u32,
    /// Bits of sources.
    sources: u32,
}

/// The first attempt of a second that was only counted.
#[derive(Clone, Copy)]
pub struct Sample {
    pub source: (IpAddr, u16),
    pub time: Time,
    pub first: FirstPacket,
    pub way: Way,
    pub interface: u32,
    pub source_mac: Option<[u8; 6]>,
    pub vlan: Option<u16>,
}

/// What one flood did in one second.
pub struct Aggregate {
    pub transport: Transport,
    pub class: Class,
    pub target: IpAddr,
    pub port: u16,
    /// Attempts beyond those followed one by one.
    pub count: u32,
    pub last: Time,
    pub sample: Sample,
}

struct Flood {
    hash: u64,
    transport: Transport,
    class: Class,
    target: IpAddr,
    /// Of the last attempt, where the flood is spread over ports.
    port: u16,
    begun: u32,
    count: u32,
    last: Time,
    sample: Option<Sample>,
}

pub struct Floods {
    rate: u32,
    counters: Vec<Counter>,
    floods: Vec<Flood>,
    repeaters: Repeaters,
    hasher: RandomState,
}

/// The target of attempts that are counted together.
#[derive(Clone, Copy)]
pub struct Aim {
    pub target: IpAddr,
    pub port: u16,
    pub class: Class,
}

impl Aim {
    /// Of the port, and of all ports of the target.
    #[inline]
    fn hashes(&self, hasher: &RandomState) -> [u64; 2] {
        let mut all = hasher.build_hasher();
        super::key::write(self.target, &mut all);
        all.write_u8(self.class as u8);
        let mut port = all.clone();
        port.write_u16(self.port);
        [port, all].map(|state| state.finish() | 1)
    }
}

impl Floods {
    pub fn new(rate: u32, hasher: RandomState) -> Floods {
        let counters = vec![Counter::default(); SETS * WAYS];
        Floods { rate, counters, floods: Vec::new(), repeaters: Repeaters::default(), hasher }
    }

    pub fn any(&self) -> bool {
        !self.floods.is_empty()
    }

    /// Counts a new attempt. True when it is part of a flood and must not be followed.
    #[inline]
    pub fn absorbs(&mut self, aim: Aim, transport: Transport, packet: &Packet<'_>, now: Time) -> bool {
        let [port, all] = aim.hashes(&self.hasher);
        let second = now.seconds();
        let spread = self.rate.saturating_mul(SPREAD);
        let mut sender = self.hasher.build_hasher();
        super::key::write(packet.source, &mut sender);
        let sender = sender.finish();
        let source = 1 << (sender % 64);
        let over_port = Limit { hash: port, rate: self.rate, sources: 0 };
        let over_all = Limit { hash: all, rate: spread, sources: MANY_SOURCES };
        let flood = self.beyond_sample(over_port, source, aim, transport, second).or_else(|| {
            let all = self.beyond_sample(over_all, source, aim, transport, second)?;
            (!self.repeaters.passes(sender, second)).then_some(all)
        });
        let Some(flood) = flood.and_then(|at| self.floods.get_mut(at)) else { return false };
        flood.count = flood.count.saturating_add(1);
        flood.last = packet.time;
        if flood.sample.is_none() {
            flood.port = aim.port;
            flood.sample = Some(sample(packet));
        }
        true
    }

    /// The flood that an attempt is part of, where this second has its sample already.
    fn beyond_sample(
        &mut self,
        limit: Limit,
        source: u64,
        aim: Aim,
        transport: Transport,
        second: i64,
    ) -> Option<usize> {
        let Limit { hash, rate, sources } = limit;
        let number = self.floods.len();
        let counter = self.counter(hash, second)?;
        counter.begun = counter.begun.saturating_add(1);
        counter.sources |= source;
        if counter.flood == 0 {
            let unresolved = counter.begun.saturating_sub(counter.completed);
            let few = counter.sources.count_ones() < sources;
            if unresolved <= rate || unresolved < counter.begun / 2 || few || number >= MAX_FLOODS {
                return None;
            }
            counter.flood = number as u32 + 1;
            self.begin(hash, aim, transport);
        }
        let at = (self.counter(hash, second)?.flood as usize).checked_sub(1)?;
        let flood = self.floods.get_mut(at)?;
        flood.begun = flood.begun.saturating_add(1);
        (flood.begun > SAMPLE).then_some(at)
    }

    /// The attempts of the second in which a flood is recognised were followed: they are the sample.
    #[cold]
    fn begin(&mut self, hash: u64, aim: Aim, transport: Transport) {
        self.floods.push(Flood {
            hash,
            transport,
            class: aim.class,
            target: aim.target,
            port: aim.port,
            begun: self.rate,
            count: 0,
            last: Time::ZERO,
            sample: None,
        });
    }

    /// An attempt was completed after all.
    #[inline]
    pub fn completed(&mut self, aim: Aim, now: Time) {
        let second = now.seconds();
        for hash in aim.hashes(&self.hasher) {
            if let Some(counter) = self.find(hash, second) {
                counter.completed = counter.completed.saturating_add(1);
            }
        }
    }

    /// Whether attempts on this target are being aggregated: then its answers belong to nobody we
    /// know of.
    pub fn covers(&mut self, aim: Aim) -> bool {
        if self.floods.is_empty() {
            return false;
        }
        let [port, all] = aim.hashes(&self.hasher);
        self.floods.iter().any(|flood| flood.hash == port || flood.hash == all)
    }

    /// Tells what each flood did since the last call and ends those that ebbed. To be called once a
    /// second while there [are any](Floods::any).
    pub fn tick(&mut self, mut tell: impl FnMut(Aggregate)) {
        let quiet = self.rate / 2;
        let mut kept = Vec::new();
        for mut flood in self.floods.drain(..) {
            if let Some(sample) = flood.sample.take() {
                tell(Aggregate {
                    transport: flood.transport,
                    class: flood.class,
                    target: flood.target,
                    port: flood.port,
                    count: flood.count,
                    last: flood.last,
                    sample,
                });
            }
            let goes_on = flood.begun > quiet;
            flood.begun = 0;
            flood.count = 0;
            if goes_on {
                kept.push(flood);
            }
        }
        self.floods = kept;
        if self.floods.is_empty() {
            self.repeaters.forget();
        }
        self.renumber();
    }

    /// Counters say the number of their flood.
    fn renumber(&mut self) {
        for counter in &mut self.counters {
            if counter.flood != 0 {
                let place = self.floods.iter().position(|flood| flood.hash == counter.hash);
                counter.flood = place.map_or(0, |place| place as u32 + 1);
            }
        }
    }

    fn set(hash: u64) -> std::ops::Range<usize> {
        let first = (hash >> 32) as usize % SETS * WAYS;
        first..first + WAYS
    }

    fn find(&mut self, hash: u64, second: i64) -> Option<&mut Counter> {
        let counter = self.counters[Floods::set(hash)].iter_mut().find(|counter| counter.hash == hash)?;
        counter.enter(second);
        Some(counter)
    }

    /// The counter of `hash`, which may take the place of the least used one of its set.
    #[inline]
    fn counter(&mut self, hash: u64, second: i64) -> Option<&mut Counter> {
        let set = &mut self.counters[Floods::set(hash)];
        let at = match set.iter().position(|counter| counter.hash == hash) {
            Some(at) => at,
            None => {
                let worth = |counter: &Counter| {
                    let begun = if counter.second == second { counter.begun } else { 0 };
                    (counter.flood, begun)
                };
                let (at, least) = set.iter().enumerate().min_by_key(|(_, counter)| worth(counter))?;
                if least.flood != 0 {
                    return None;
                }
                set[at] = Counter { hash, second, ..Counter::default() };
                at
            }
        };
        let counter = &mut set[at];
        counter.enter(second);
        Some(counter)
    }
}

#[cold]
fn sample(packet: &Packet<'_>) -> Sample {
    Sample {
        source: (packet.source, packet.ports().0),
        time: packet.time,
        first: first_packet(packet),
        way: packet.way,
        interface: packet.interface,
        source_mac: packet.source_mac,
        vlan: packet.vlan,
    }
}
