//! All sources that are remembered, within a bound of memory.
//!
//! Belongs here: who is forgotten. Does not belong here: what a source did.

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
    table: Table<IpAddr, Source, CLASSES>,
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
        self.table.find(&address)
    }

    pub(crate) fn lookup(&self, address: IpAddr) -> Option<&Source> {
        self.table.lookup(&address)
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
        self.table.insert(address, Source::default(), 0)
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
        Some(result)
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
        Table::<IpAddr, Source, CLASSES>::ENTRY_BYTES + source.heap_bytes() + 2 * OVERHEAD
    }
}
