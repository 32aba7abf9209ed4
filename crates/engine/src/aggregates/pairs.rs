//! Which group has which value: pairs of small numbers, each once.

use datafusion::logical_expr::EmitTo;
use smallvec::SmallVec;

/// Pairs of group and value. As long as there are at most 64 different values, a group's values
/// are the bits of one word.
#[derive(Default)]
pub(super) struct Pairs {
    bits: Vec<u64>,
    /// In use once a value beyond the bits came.
    lists: Option<Vec<List>>,
    /// Bytes that the lists hold elsewhere.
    held: usize,
}

/// The values of one group. New ones are only written behind: that touches one place of memory,
/// where looking each up in a table touches places all over it. Now and then, when the list
/// would have to grow, repetitions are taken out of it.
#[derive(Clone, Default)]
struct List(SmallVec<[u32; 4]>);

impl List {
    /// Returns by how many bytes it grew.
    fn push(&mut self, id: u32) -> usize {
        let before = self.held();
        if self.0.len() == self.0.capacity() {
            self.tidy();
            // Else the next one would come soon, and for nothing.
            if self.0.len() * 2 > self.0.capacity() {
                self.0.grow(self.0.capacity() * 2);
            }
        }
        self.0.push(id);
        self.held() - before
    }

    /// Each value once, ascending.
    fn tidy(&mut self) {
        self.0.sort_unstable();
        self.0.dedup();
    }

    fn held(&self) -> usize {
        if self.0.spilled() { self.0.capacity() * 4 } else { 0 }
    }
}

impl Pairs {
    /// Makes room for groups up to this many.
    pub(super) fn groups(&mut self, total: usize) {
        match &mut self.lists {
            Some(lists) if lists.len() < total => lists.resize_with(total, List::default),
            None if self.bits.len() < total => self.bits.resize(total, 0),
            _ => {}
        }
    }

    pub(super) fn insert(&mut self, group: usize, id: u32) {
        if self.lists.is_none() {
            if id < 64 {
                self.bits[group] |= 1 << id;
                return;
            }
            self.lists = Some(std::mem::take(&mut self.bits).into_iter().map(List::from_bits).collect());
            self.held = self.lists.iter().flatten().map(List::held).sum();
        }
        if let Some(list) = self.lists.as_mut().and_then(|lists| lists.get_mut(group)) {
            self.held += list.push(id);
        }
    }

    /// How many values each of these groups has; they are gone then, and later groups move down.
    pub(super) fn take_counts(&mut self, emit: EmitTo) -> Vec<i64> {
        match self.take_lists(emit) {
            Taken::Bits(bits) => bits.iter().map(|bits| i64::from(bits.count_ones())).collect(),
            Taken::Lists(lists) => lists.iter().map(|list| list.0.len() as i64).collect(),
        }
    }

    /// The values of these groups, group after group, and how many each has; ascending if told so by the
    /// `rank` of each value, else in any order. They are gone then, and later groups move down.
    pub(super) fn take(&mut self, emit: EmitTo, rank: Option<&[u32]>) -> (Vec<u32>, Vec<usize>) {
        let taken = self.take_lists(emit);
        let (mut ids, mut lengths) = (Vec::with_capacity(taken.len()), Vec::new());
        let mut add = |group: &mut dyn Iterator<Item = u32>| {
            let before = ids.len();
            match rank {
                Some(rank) => ids.extend(group.map(|id| rank[id as usize])),
                None => ids.extend(group),
            }
            if rank.is_some() {
                ids[before..].sort_unstable();
            }
            lengths.push(ids.len() - before);
        };
        match taken {
            Taken::Bits(bits) => bits.into_iter().for_each(|bits| add(&mut ones(bits))),
            Taken::Lists(lists) => lists.into_iter().for_each(|list| add(&mut list.0.into_iter())),
        }
        (ids, lengths)
    }

    fn take_lists(&mut self, emit: EmitTo) -> Taken {
        let Some(lists) = &mut self.lists else { return Taken::Bits(emit.take_needed(&mut self.bits)) };
        let mut taken = emit.take_needed(lists);
        self.held -= taken.iter().map(List::held).sum::<usize>();
        taken.iter_mut().for_each(List::tidy);
        if lists.is_empty() {
            self.lists = None;
        }
        Taken::Lists(taken)
    }

    /// Bytes held.
    pub(super) fn size(&self) -> usize {
        let lists = self.lists.as_ref().map_or(0, |lists| lists.capacity() * size_of::<List>());
        self.bits.capacity() * 8 + lists + self.held
    }
}

impl List {
    fn from_bits(bits: u64) -> List {
        List(ones(bits).collect())
    }
}

enum Taken {
    Bits(Vec<u64>),
    Lists(Vec<List>),
}

impl Taken {
    /// How many values there are.
    fn len(&self) -> usize {
        match self {
            Taken::Bits(bits) => bits.iter().map(|bits| bits.count_ones() as usize).sum(),
            Taken::Lists(lists) => lists.iter().map(|list| list.0.len()).sum(),
        }
    }
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

    #[test]
    fn pairs_are_kept_once_few_or_many() {
        for many in [10u32, 1_000] {
            let (mut pairs, mut same) = (Pairs::default(), Pairs::default());
            let mut expected = vec![BTreeSet::new(); 7];
            for step in 0..5_000u32 {
                let (group, id) = ((step % 7) as usize, step.wrapping_mul(2_654_435_761) % many);
                for pairs in [&mut pairs, &mut same] {
                    pairs.groups(7);
                    pairs.insert(group, id);
                }
                expected[group].insert(id);
            }
            let lengths: Vec<usize> = expected.iter().map(BTreeSet::len).collect();
            let ids = |groups: std::ops::Range<usize>| -> Vec<u32> {
                expected[groups].iter().flatten().copied().collect()
            };
            assert_eq!(pairs.take(EmitTo::First(3), None), (ids(0..3), lengths[..3].to_vec()));
            assert_eq!(pairs.take(EmitTo::All, None), (ids(3..7), lengths[3..].to_vec()));
            assert_eq!(pairs.take(EmitTo::All, None), (Vec::new(), Vec::new()));
            assert_eq!(pairs.held, 0);
            let counts: Vec<i64> = lengths.iter().map(|length| *length as i64).collect();
            assert_eq!(same.take_counts(EmitTo::First(2)), counts[..2]);
            assert_eq!(same.take_counts(EmitTo::All), counts[2..]);
        }
    }

    #[test]
    fn ranks_order_the_values() {
        for more in [None, Some(100)] {
            let mut pairs = Pairs::default();
            pairs.groups(1);
            [0, 1, 2].into_iter().chain(more).for_each(|id| pairs.insert(0, id));
            let rank: Vec<u32> = (0..=100).rev().collect();
            let (ids, _) = pairs.take(EmitTo::All, Some(&rank));
            let expected: Vec<u32> = more.map(|_| 0).into_iter().chain([98, 99, 100]).collect();
            assert_eq!(ids, expected);
        }
    }

    #[test]
    fn repetitions_take_no_room() {
        let mut pairs = Pairs::default();
        pairs.groups(1);
        (0..1_000_000u32).for_each(|step| pairs.insert(0, step % 100));
        assert!(pairs.size() < 4_096, "{}", pairs.size());
    }
}
