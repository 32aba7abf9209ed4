//! A bounded table whose entries are forgotten in a fixed order: least important class first,
//! least recently used first within a class.
//!
//! What is forgotten depends on the order of events alone, never on hash values, so that two runs
//! over the same events agree although the hash is seeded anew in each process (without a seed,
//! a sender could choose addresses that collide).
//!
//! Belongs here: storage. Does not belong here: what an entry means, or when it is unimportant.

use ahash::RandomState;
use hashbrown::HashTable;
use std::hash::Hash;

/// A handle to an entry; valid until the entry is removed.
pub(crate) type Slot = u32;

const NONE: Slot = Slot::MAX;
/// Entries are stored in pieces of this many, so that growing never copies them.
const PIECE: usize = 1024;

struct Entry<K, V> {
    key: K,
    value: V,
    prev: Slot,
    next: Slot,
    class: u8,
}

/// Entries of `CLASSES` classes of importance; class 0 goes first.
pub(crate) struct Table<K, V, const CLASSES: usize> {
    pieces: Vec<Vec<Option<Entry<K, V>>>>,
    free: Vec<Slot>,
    index: HashTable<Slot>,
    /// Oldest and newest entry of each class.
    ends: [(Slot, Slot); CLASSES],
    hasher: RandomState,
}

impl<K: Hash + Eq + Copy, V, const CLASSES: usize> Table<K, V, CLASSES> {
    /// Bytes an entry takes, its share of the index included, without what it owns elsewhere.
    pub(crate) const ENTRY_BYTES: usize = size_of::<Option<Entry<K, V>>>() + 8;

    pub(crate) fn new(hasher: RandomState) -> Self {
        Table {
            pieces: Vec::new(),
            free: Vec::new(),
            index: HashTable::new(),
            ends: [(NONE, NONE); CLASSES],
            hasher,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    pub(crate) fn find(&self, key: &K) -> Option<Slot> {
        let hash = self.hasher.hash_one(key);
        self.index.find(hash, |&slot| self.entry(slot).is_some_and(|entry| entry.key == *key)).copied()
    }

    pub(crate) fn key(&self, slot: Slot) -> Option<K> {
        self.entry(slot).map(|entry| entry.key)
    }

    pub(crate) fn get(&self, slot: Slot) -> Option<&V> {
        self.entry(slot).map(|entry| &entry.value)
    }

    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut V> {
        self.entry_mut(slot).map(|entry| &mut entry.value)
    }

    pub(crate) fn lookup(&self, key: &K) -> Option<&V> {
        self.find(key).and_then(|slot| self.get(slot))
    }

    /// Adds an entry as the newest of its class. The key must not be in the table.
    pub(crate) fn insert(&mut self, key: K, value: V, class: u8) -> Slot {
        let entry = Some(Entry { key, value, prev: NONE, next: NONE, class });
        let slot = match self.free.pop() {
            Some(slot) => {
                self.pieces[slot as usize / PIECE][slot as usize % PIECE] = entry;
                slot
            }
            None => self.append(entry),
        };
        self.link(slot, class);
        let hash = self.hasher.hash_one(key);
        let (pieces, hasher) = (&self.pieces, &self.hasher);
        self.index.insert_unique(hash, slot, |&slot| {
            let entry = &pieces[slot as usize / PIECE][slot as usize % PIECE];
            entry.as_ref().map_or(0, |entry| hasher.hash_one(entry.key))
        });
        slot
    }

    /// Makes an entry the newest of `class`.
    pub(crate) fn touch(&mut self, slot: Slot, class: u8) {
        let newest = self.ends[class as usize].1;
        if newest == slot && self.entry(slot).is_some_and(|entry| entry.class == class) {
            return;
        }
        self.unlink(slot);
        self.link(slot, class);
    }

    pub(crate) fn remove(&mut self, slot: Slot) -> Option<(K, V)> {
        let key = self.key(slot)?;
        let hash = self.hasher.hash_one(key);
        if let Ok(found) = self.index.find_entry(hash, |&other| other == slot) {
            found.remove();
        }
        self.unlink(slot);
        self.free.push(slot);
        let entry = self.pieces[slot as usize / PIECE][slot as usize % PIECE].take()?;
        Some((entry.key, entry.value))
    }

    /// The entry to forget next among the classes below `below`.
    pub(crate) fn least(&self, below: usize) -> Option<Slot> {
        self.ends[..below.min(CLASSES)].iter().map(|&(oldest, _)| oldest).find(|&slot| slot != NONE)
    }

    /// Entries of a class, the newest first.
    pub(crate) fn newest_first(&self, class: usize) -> impl Iterator<Item = (&K, &V)> {
        let mut slot = self.ends.get(class).map_or(NONE, |&(_, newest)| newest);
        std::iter::from_fn(move || {
            let entry = self.entry(slot)?;
            slot = entry.prev;
            Some((&entry.key, &entry.value))
        })
    }

    fn entry(&self, slot: Slot) -> Option<&Entry<K, V>> {
        self.pieces.get(slot as usize / PIECE)?.get(slot as usize % PIECE)?.as_ref()
    }

    fn entry_mut(&mut self, slot: Slot) -> Option<&mut Entry<K, V>> {
        self.pieces.get_mut(slot as usize / PIECE)?.get_mut(slot as usize % PIECE)?.as_mut()
    }

    fn append(&mut self, entry: Option<Entry<K, V>>) -> Slot {
        if self.pieces.last().is_none_or(|piece| piece.len() == PIECE) {
            self.pieces.push(Vec::with_capacity(PIECE));
        }
        let before = (self.pieces.len() - 1) * PIECE;
        let piece = &mut self.pieces[before / PIECE];
        piece.push(entry);
        (before + piece.len() - 1) as Slot
    }

    fn link(&mut self, slot: Slot, class: u8) {
        let (_, newest) = self.ends[class as usize];
        if let Some(entry) = self.entry_mut(slot) {
            (entry.prev, entry.next, entry.class) = (newest, NONE, class);
        }
        match self.entry_mut(newest) {
            Some(entry) => entry.next = slot,
            None => self.ends[class as usize].0 = slot,
        }
        self.ends[class as usize].1 = slot;
    }

    fn unlink(&mut self, slot: Slot) {
        let Some(&Entry { prev, next, class, .. }) = self.entry(slot) else { return };
        match self.entry_mut(prev) {
            Some(entry) => entry.next = next,
            None => self.ends[class as usize].0 = next,
        }
        match self.entry_mut(next) {
            Some(entry) => entry.prev = prev,
            None => self.ends[class as usize].1 = prev,
        }
    }
}

/// A table of one class that forgets its least recently used entry when it is full.
pub(crate) struct Recent<K, V> {
    table: Table<K, V, 1>,
    limit: usize,
}

impl<K: Hash + Eq + Copy, V> Recent<K, V> {
    pub(crate) fn new(limit: usize, hasher: RandomState) -> Self {
        Recent { table: Table::new(hasher), limit }
    }

    pub(crate) fn lookup(&self, key: &K) -> Option<&V> {
        self.table.lookup(key)
    }

    /// The entry of `key`, made by `new` when there is none. It becomes the newest.
    pub(crate) fn entry(&mut self, key: K, new: impl FnOnce() -> V) -> Option<&mut V> {
        let slot = match self.table.find(&key) {
            Some(slot) => {
                self.table.touch(slot, 0);
                slot
            }
            None => {
                if self.table.len() >= self.limit {
                    self.table.least(1).map(|oldest| self.table.remove(oldest));
                }
                self.table.insert(key, new(), 0)
            }
        };
        self.table.get_mut(slot)
    }

    /// All of them, the least recently used first: put back in this order they are as they were.
    pub(crate) fn oldest_first(&self) -> Vec<(K, &V)> {
        let mut all: Vec<_> = self.table.newest_first(0).map(|(key, value)| (*key, value)).collect();
        all.reverse();
        all
    }

    pub(crate) fn find_mut(&mut self, key: &K) -> Option<&mut V> {
        let slot = self.table.find(key)?;
        self.table.touch(slot, 0);
        self.table.get_mut(slot)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn forgets_the_least_important_then_the_oldest() {
        let mut table: Table<u32, &str, 2> = Table::new(RandomState::new());
        let a = table.insert(1, "a", 0);
        table.insert(2, "b", 0);
        table.insert(3, "c", 1);
        table.touch(a, 0);
        let mut order = Vec::new();
        while let Some(slot) = table.least(2) {
            order.push(table.remove(slot).unwrap().0);
        }
        assert_eq!(order, [2, 1, 3]);
        assert_eq!(table.len(), 0);
    }

    #[test]
    fn moving_between_classes_keeps_both_lists_whole() {
        let mut table: Table<u32, u32, 3> = Table::new(RandomState::new());
        let slots: Vec<Slot> = (0..100).map(|n| table.insert(n, n, 0)).collect();
        for (n, &slot) in slots.iter().enumerate() {
            table.touch(slot, (n % 3) as u8);
        }
        assert_eq!(table.least(1).and_then(|slot| table.get(slot)), Some(&0));
        let mut order = Vec::new();
        while let Some(slot) = table.least(3) {
            order.push(table.remove(slot).unwrap().0);
        }
        let expected: Vec<u32> = (0..3).flat_map(|class| (class..100).step_by(3)).collect();
        assert_eq!(order, expected);
    }

    #[test]
    fn slots_are_used_again_and_found_by_key() {
        let mut table: Table<u64, u64, 1> = Table::new(RandomState::new());
        for round in 0..3 {
            for n in 0..5_000 {
                table.insert(n, n + round, 0);
            }
            assert_eq!(table.lookup(&4_999), Some(&(4_999 + round)));
            while let Some(slot) = table.least(1) {
                table.remove(slot);
            }
        }
        assert_eq!(table.pieces.len(), 5_000_usize.div_ceil(PIECE));
    }

    #[test]
    fn recent_stays_within_its_limit() {
        let mut recent: Recent<u32, u32> = Recent::new(3, RandomState::new());
        for n in 0..10 {
            *recent.entry(n, || 0).unwrap() += 1;
            recent.find_mut(&0);
        }
        assert_eq!(recent.table.len(), 3);
        assert!(recent.lookup(&0).is_some(), "what is used stays");
        assert!(recent.lookup(&5).is_none());
    }
}
