//! All sources that are remembered, within a bound of memory.
//!
//! Belongs here: who is forgotten. Does not belong here: what a source did.

use crate::networks::Host;
use crate::source::Source;
use crate::table::{Slot, Table};
use ahash::RandomState;
use std::net::IpAddr;

/// Classes of importance: strangers with one contact or good conduct, those with a failure or
/// two, suspects, and those in a campaign, which are never forgotten while it is open.
const CLASSES: usize = 4;
const IN_CAMPAIGN: u8 = 3;
/// From this score on a source is a suspect: three refusals.
const SUSPECT: f32 = 4.0;
/// From this one on it has more than one failure.
const DOUBTFUL: f32 = 2.0;
/// What the allocator adds to each of a source's pieces.
const OVERHEAD: usize = 16;

pub(crate) struct Sources {
    table: Table<Host, Source, CLASSES>,
    /// Bytes in use, and the bound.
    bytes: usize,
    limit: usize,
    /// Sources forgotten because memory was short.
    pub(crate) forgotten: u64,
}

impl Sources {
    pub(crate) fn new(limit: usize, hasher: RandomState) -> Sources {
        Sources { table: Table::new(hasher), bytes: 0, limit, forgotten: 0 }
    }

    pub(crate) fn find(&self, address: IpAddr) -> Option<Slot> {
        self.table.find(&Host(address))
    }

    pub(crate) fn lookup(&self, address: IpAddr) -> Option<&Source> {
        self.table.lookup(&Host(address))
    }

    pub(crate) fn get(&self, slot: Slot) -> Option<&Source> {
        self.table.get(slot)
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Makes room for a stranger and remembers it.
    pub(crate) fn admit(&mut self, address: IpAddr) -> Slot {
        let bytes = Self::bytes_of(&Source::default());
        while self.bytes + bytes > self.limit && self.forget_one() {}
        self.bytes += bytes;
        self.table.insert(Host(address), Source::default(), 0)
    }

    /// A source that is known, or a stranger from now on.
    pub(crate) fn meet(&mut self, address: IpAddr) -> Slot {
        self.find(address).unwrap_or_else(|| self.admit(address))
    }

    /// Changes a source and puts it where its suspicion belongs.
    pub(crate) fn change<T>(&mut self, slot: Slot, change: impl FnOnce(&mut Source) -> T) -> Option<T> {
        let source = self.table.get_mut(slot)?;
        let before = Self::bytes_of(source);
        let result = change(source);
        self.bytes = self.bytes - before + Self::bytes_of(source);
        let class = match source.suspicion() {
            _ if source.campaign.is_some() => IN_CAMPAIGN,
            suspicion if suspicion >= SUSPECT => 2,
            suspicion if suspicion >= DOUBTFUL => 1,
            _ => 0,
        };
        self.table.touch(slot, class);
        // What grew pushes out others, not itself.
        while self.bytes > self.limit
            && self.table.least(IN_CAMPAIGN.into()) != Some(slot)
            && self.forget_one()
        {}
        Some(result)
    }

    /// Sources with how much matters, the most important first, the newest first among equals.
    pub(crate) fn by_importance(&self) -> impl Iterator<Item = (&IpAddr, &Source)> {
        let of = |class| self.table.newest_first(class).map(|(Host(address), source)| (address, source));
        (0..CLASSES).rev().flat_map(of)
    }

    /// Puts a source back that a checkpoint held; one that is known stays as it is.
    pub(crate) fn put_back(&mut self, address: IpAddr, source: Source) {
        if self.find(address).is_none() {
            let slot = self.admit(address);
            self.change(slot, |place| *place = source);
        }
    }

    fn forget_one(&mut self) -> bool {
        let Some((_, source)) = self.table.least(IN_CAMPAIGN.into()).and_then(|slot| self.table.remove(slot))
        else {
            return false;
        };
        self.bytes -= Self::bytes_of(&source);
        self.forgotten += 1;
        true
    }

    fn bytes_of(source: &Source) -> usize {
        Table::<Host, Source, CLASSES>::ENTRY_BYTES + source.heap_bytes() + 2 * OVERHEAD
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::evidence::{Answer, Weight};
    use crate::fingerprint::Made;
    use crate::scales::SCALES;
    use crate::source::Contact;
    use crate::technique::Technique;
    use std::net::Ipv4Addr;
    use vedette_event::Time;

    fn ip(n: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from_bits(n))
    }

    fn fail(sources: &mut Sources, slot: Slot, times: u16) {
        for port in 0..times {
            let contact = Contact {
                key: port.into(),
                target: ip(1),
                port,
                source_port: 0,
                technique: Technique::Syn,
                answer: Answer::Refused,
                tool: None,
                made: Made::ByStack,
                os_probe: false,
                weight: Weight { host: 1.39, port: 1.39 },
                first: Time(1),
                last: Time(1),
                attempts: 1,
                taken: false,
                observer: 0,
                origin: crate::resets::Origin::Untold,
            };
            sources.change(slot, |source| source.add(contact, Time(1), SCALES, 9.0));
        }
    }

    #[test]
    fn the_less_there_is_against_a_source_the_sooner_it_is_forgotten() {
        let mut sources = Sources::new(200_000, RandomState::new());
        let failures = [1, 2, 3, 1, 2, 3];
        for (n, failures) in failures.into_iter().enumerate() {
            let slot = sources.admit(ip(n as u32));
            fail(&mut sources, slot, failures);
        }
        let remembered =
            |sources: &Sources| -> Vec<u32> { (0..6).filter(|&n| sources.find(ip(n)).is_some()).collect() };
        // Strangers arrive until the first of each class are gone.
        let mut n = 100;
        while remembered(&sources).len() > 4 {
            sources.admit(ip(n));
            n += 1;
        }
        assert_eq!(remembered(&sources), [1, 2, 4, 5], "those with one failure went first");
        for stranger in n..n + 10_000 {
            let slot = sources.admit(ip(stranger));
            fail(&mut sources, slot, 2);
        }
        assert_eq!(remembered(&sources), [2, 5], "then those with two");
        assert!(sources.bytes() <= 200_000);
    }

    #[test]
    fn what_is_in_a_campaign_stays() {
        let mut sources = Sources::new(100_000, RandomState::new());
        let slot = sources.admit(ip(1));
        sources.change(slot, |source| source.campaign = Some(1));
        for n in 2..5_000 {
            let slot = sources.admit(ip(n));
            fail(&mut sources, slot, 3);
        }
        assert!(sources.find(ip(1)).is_some());
    }
}
