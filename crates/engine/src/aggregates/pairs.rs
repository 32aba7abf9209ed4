//! Which group has which value: pairs of small numbers, each once.

use datafusion::logical_expr::EmitTo;
use hashbrown::HashTable;

/// Pairs of group and value. As long as there are at most 64 different values, a group's values
/// are the bits of one word.
#[derive(Default)]
pub(super) struct Pairs {
    bits: Vec<u64>,
    /// Group in the upper half. In use once a value beyond the bits came.
    table: Option<HashTable<u64>>,
    /// How many values each group has; in step with `table`.
    counts: Vec<u32>,
}

impl Pairs {
    /// Makes room for groups up to this many.
    pub(super) fn groups(&mut self, total: usize) {
        if self.table.is_some() {
            if self.counts.len() < total {
                self.counts.resize(total, 0);
            }
        } else if self.bits.len() < total {
            self.bits.resize(total, 0);
        }
    }

    pub(super) fn insert(&mut self, group: usize, id: u32) {
        if self.table.is_none() {
            if id < 64 {
                self.bits[group] |= 1 << id;
                return;
            }
            self.grow();
        }
        let Some(table) = &mut self.table else { return };
        let pair = pair(group, id);
        let entry = table.entry(hash(pair), |known| *known == pair, |known| hash(*known));
        if let hashbrown::hash_table::Entry::Vacant(free) = entry {
            free.insert(pair);
            self.counts[group] += 1;
        }
    }

    /// From bits to a table.
    fn grow(&mut self) {
        let bits = std::mem::take(&mut self.bits);
        let mut table = HashTable::with_capacity(bits.len() * 4);
        self.counts = bits.iter().map(|bits| bits.count_ones()).collect();
        for (group, bits) in bits.into_iter().enumerate() {
            for id in ones(bits) {
                let pair = pair(group, id);
                table.insert_unique(hash(pair), pair, |known| hash(*known));
            }
        }
        self.table = Some(table);
    }

    /// How many values each of these groups has; they are gone then, and later groups move down.
    pub(super) fn take_counts(&mut self, emit: EmitTo) -> Vec<i64> {
        if self.table.is_none() {
            return emit
                .take_needed(&mut self.bits)
                .iter()
                .map(|bits| i64::from(bits.count_ones()))
                .collect();
        }
        let counts = emit.take_needed(&mut self.counts);
        self.drop_first(counts.len());
        counts.into_iter().map(i64::from).collect()
    }

    /// The pairs of these groups in no order, and how many groups they are; they are gone then.
    pub(super) fn take(&mut self, emit: EmitTo) -> (Vec<u64>, usize) {
        if self.table.is_none() {
            let bits = emit.take_needed(&mut self.bits);
            let pairs = bits
                .iter()
                .enumerate()
                .flat_map(|(group, bits)| ones(*bits).map(move |id| pair(group, id)))
                .collect();
            return (pairs, bits.len());
        }
        let groups = emit.take_needed(&mut self.counts).len();
        let pairs = match &self.table {
            Some(table) => table.iter().copied().filter(|pair| group(*pair) < groups).collect(),
            None => Vec::new(),
        };
        self.drop_first(groups);
        (pairs, groups)
    }

    fn drop_first(&mut self, groups: usize) {
        if self.counts.is_empty() {
            self.table = None;
            return;
        }
        let Some(table) = &mut self.table else { return };
        let mut rest = HashTable::with_capacity(table.len());
        for old in table.drain().filter(|old| group(*old) >= groups) {
            let moved = pair(group(old) - groups, id(old));
            rest.insert_unique(hash(moved), moved, |known| hash(*known));
        }
        *table = rest;
    }

    /// Bytes held.
    pub(super) fn size(&self) -> usize {
        let table = self.table.as_ref().map_or(0, |table| table.capacity() * 9);
        self.bits.capacity() * 8 + self.counts.capacity() * 4 + table
    }
}

fn pair(group: usize, id: u32) -> u64 {
    ((group as u64) << 32) | u64::from(id)
}

pub(super) fn group(pair: u64) -> usize {
    (pair >> 32) as usize
}

pub(super) fn id(pair: u64) -> u32 {
    pair as u32
}

/// The numbers are ours, counted up from 0, so no one can aim at collisions.
fn hash(pair: u64) -> u64 {
    let wide = u128::from(pair ^ 0x9e37_79b9_7f4a_7c15) * 0xd6e8_feb8_6659_fd93;
    (wide >> 64) as u64 ^ wide as u64
}

fn ones(mut bits: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        if bits == 0 {
            return None;
        }
        let next = bits.trailing_zeros();
        bits &= bits - 1;
        Some(next)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn sorted((mut pairs, groups): (Vec<u64>, usize)) -> (Vec<(usize, u32)>, usize) {
        pairs.sort_unstable();
        (pairs.into_iter().map(|pair| (group(pair), id(pair))).collect(), groups)
    }

    #[test]
    fn pairs_are_kept_once_few_or_many() {
        for many in [10u32, 1_000] {
            let mut pairs = Pairs::default();
            let mut expected = BTreeSet::new();
            for step in 0..5_000u32 {
                let (group, id) = ((step % 7) as usize, step.wrapping_mul(2_654_435_761) % many);
                pairs.groups(7);
                pairs.insert(group, id);
                expected.insert((group, id));
            }
            let first = sorted(pairs.take(EmitTo::First(3)));
            let (begin, rest): (Vec<_>, Vec<_>) = expected.iter().copied().partition(|(group, _)| *group < 3);
            assert_eq!(first, (begin, 3));
            let counts = (0..4).map(|at| rest.iter().filter(|(group, _)| *group == at + 3).count() as i64);
            let rest: Vec<_> = rest.iter().map(|(group, id)| (group - 3, *id)).collect();
            let mut same = Pairs::default();
            for (group, id) in &rest {
                same.groups(4);
                same.insert(*group, *id);
            }
            assert_eq!(same.take_counts(EmitTo::All), counts.collect::<Vec<_>>());
            assert_eq!(sorted(pairs.take(EmitTo::All)), (rest, 4));
            assert_eq!(pairs.take(EmitTo::All), (Vec::new(), 0));
        }
    }
}
