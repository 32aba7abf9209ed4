//! Who comes back in a flood over all ports.
//!
//! Invented sources hardly ever repeat; who probes one port after the other does. So the second attempt
//! of a source and those that follow are told apart from the flood around them.
//!
//! Belongs here: a bounded memory of sources. Does not belong here: what is a flood.

/// Bits of one generation: 4 MiB, for a million sources.
const BITS: usize = 1 << 25;
/// A generation with more sources than this is full: one stranger in 250 would seem known.
const FULL: usize = BITS / 32;
/// Attempts of such sources that are let through in one second: a flood by a few thousand real hosts
/// repeats too.
const A_SECOND: u32 = 2_000;

#[derive(Default)]
pub struct Repeaters {
    /// Two bits a source. Empty as long as there is no flood.
    current: Vec<u64>,
    previous: Vec<u64>,
    sources: usize,
    second: i64,
    passed: u32,
}

impl Repeaters {
    /// Remembers a source by its hash; true when it was here before and may pass.
    pub fn passes(&mut self, hash: u64, second: i64) -> bool {
        let bits = [hash as usize % BITS, (hash >> 32) as usize % BITS];
        let known = holds(&self.current, bits) || holds(&self.previous, bits);
        if !known || !holds(&self.current, bits) {
            self.remember(bits);
        }
        if self.second != second {
            (self.second, self.passed) = (second, 0);
        }
        self.passed += u32::from(known);
        known && self.passed <= A_SECOND
    }

    fn remember(&mut self, bits: [usize; 2]) {
        if self.current.is_empty() || self.sources >= FULL {
            self.previous = std::mem::replace(&mut self.current, vec![0; BITS / 64]);
            self.sources = 0;
        }
        self.sources += 1;
        for bit in bits {
            self.current[bit / 64] |= 1 << (bit % 64);
        }
    }

    /// The flood is over.
    pub fn forget(&mut self) {
        *self = Repeaters::default();
    }
}

fn holds(map: &[u64], bits: [usize; 2]) -> bool {
    !map.is_empty() && bits.iter().all(|bit| map[bit / 64] & (1 << (bit % 64)) != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(number: u64) -> u64 {
        let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
    }

    #[test]
    fn who_comes_back_passes_and_strangers_do_not() {
        let mut repeaters = Repeaters::default();
        let mut strangers = 0;
        for number in 0..3_000_000 {
            let second = number as i64 / 100_000;
            strangers += u32::from(repeaters.passes(hash(number), second));
            if number % 100_000 == 99_999 {
                let passed = repeaters.passes(hash(u64::MAX), second);
                assert_eq!(passed, number > 100_000, "at {number}");
            }
        }
        assert!(strangers < 15_000, "{strangers}");
    }

    #[test]
    fn a_second_has_room_for_some() {
        let mut repeaters = Repeaters::default();
        let passed = (0..100_000).filter(|number| repeaters.passes(hash(number % 1_000), 7)).count();
        assert_eq!(passed, A_SECOND as usize);
        assert!(repeaters.passes(hash(1), 8));
        repeaters.forget();
        assert!(!repeaters.passes(hash(1), 8));
    }
}
