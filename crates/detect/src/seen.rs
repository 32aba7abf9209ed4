//! Which contacts a busy source has made, beyond those remembered one by one.
//!
//! Without it the twentieth round of a monitoring system over a thousand services would be a
//! thousand first contacts again.
//!
//! Belongs here: a bounded set of 32-bit tags. Does not belong here: what a contact is.

use serde::{Deserialize, Serialize};

/// Tags of one generation; two are kept, at most 64 KiB a source.
const MOST: usize = 8_192;
const LEAST: usize = 64;

/// A set that forgets its older half when it is full. Tags come from seeded hashes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(into = "Vec<u32>", from = "Vec<u32>")]
pub(crate) struct Seen {
    /// Open addressing, a power of two long, 0 for a free place.
    current: Vec<u32>,
    len: usize,
    previous: Vec<u32>,
}

impl Seen {
    pub(crate) fn contains(&self, key: u64) -> bool {
        let tag = tag(key);
        holds(&self.current, tag) || holds(&self.previous, tag)
    }

    pub(crate) fn insert(&mut self, key: u64) {
        if self.contains(key) {
            return;
        }
        // At most half full.
        if (self.len + 1) * 2 > self.current.len() {
            self.grow();
        }
        place(&mut self.current, tag(key));
        self.len += 1;
    }

    fn grow(&mut self) {
        if self.current.len() >= MOST {
            self.previous = std::mem::replace(&mut self.current, vec![0; MOST]);
            self.len = 0;
            return;
        }
        let size = (self.current.len() * 2).max(LEAST);
        let old = std::mem::replace(&mut self.current, vec![0; size]);
        old.into_iter().filter(|&tag| tag != 0).for_each(|tag| place(&mut self.current, tag));
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        (self.current.capacity() + self.previous.capacity()) * 4
    }
}

/// Tags, older ones first: entering them again gives a table that is whole whatever they are.
impl From<Seen> for Vec<u32> {
    fn from(seen: Seen) -> Vec<u32> {
        seen.previous.into_iter().chain(seen.current).filter(|&tag| tag != 0).collect()
    }
}

impl From<Vec<u32>> for Seen {
    fn from(tags: Vec<u32>) -> Seen {
        let mut seen = Seen::default();
        tags.into_iter().for_each(|tag| seen.insert(u64::from(tag) << 32));
        seen
    }
}

fn tag(key: u64) -> u32 {
    ((key >> 32) as u32).max(1)
}

fn start(table: &[u32], tag: u32) -> usize {
    tag.wrapping_mul(0x9e37_79b9) as usize & (table.len() - 1)
}

fn holds(table: &[u32], tag: u32) -> bool {
    if table.is_empty() {
        return false;
    }
    let mut at = start(table, tag);
    // Never full, so a free place ends the search.
    while table[at] != 0 {
        if table[at] == tag {
            return true;
        }
        at = (at + 1) & (table.len() - 1);
    }
    false
}

fn place(table: &mut [u32], tag: u32) {
    let mut at = start(table, tag);
    while table[at] != 0 {
        at = (at + 1) & (table.len() - 1);
    }
    table[at] = tag;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u64) -> u64 {
        n.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    #[test]
    fn knows_what_was_seen_lately_and_stays_small() {
        let mut seen = Seen::default();
        for n in 0..100_000 {
            seen.insert(key(n));
            assert!(seen.contains(key(n)));
        }
        assert!((97_000..100_000).all(|n| seen.contains(key(n))));
        assert!(!seen.contains(key(50)));
        assert!(seen.heap_bytes() <= 2 * MOST * 4);
        let strangers = (200_000..210_000).filter(|&n| seen.contains(key(n))).count();
        assert!(strangers < 3, "{strangers}");
    }
}
