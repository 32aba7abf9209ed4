//! So many requests a minute for each API key and token, in a burst of a part of that.
//!
//! The generic cell rate algorithm: of each caller only the time is kept at which all of its requests
//! would have been used up at an even pace.

use crate::access::{Identity, IdentityKind};
use parking_lot::Mutex;
use std::collections::HashMap;
use vedette_event::Time;

/// A minute, in microseconds.
const MINUTE: i64 = 60 * 1_000_000;
/// The burst is this part of what a minute allows.
const BURST: i64 = 4;
/// Callers remembered. There are at most 1,000 tokens and 1,000 keys at one time.
const MOST: usize = 5_000;

pub struct Rates {
    /// Microseconds a request takes at an even pace.
    pace: i64,
    used_up: Mutex<HashMap<(IdentityKind, i64), i64>>,
}

impl Rates {
    pub fn new(per_minute: u32) -> Rates {
        Rates { pace: MINUTE / i64::from(per_minute.max(1)), used_up: Mutex::default() }
    }

    /// Counts a request; the seconds to wait when it is one too many. People and the command line
    /// on this machine are not counted.
    pub fn count(&self, who: &Identity, now: Time) -> Option<u64> {
        let key = (who.kind, who.number?);
        let mut used_up = self.used_up.lock();
        if used_up.len() > MOST {
            used_up.retain(|_, until| *until > now.0);
        }
        let until = used_up.entry(key).or_insert(now.0);
        let next = (*until).max(now.0).saturating_add(self.pace);
        let ahead = next - now.0 - MINUTE / BURST;
        if ahead > 0 {
            return Some(ahead.unsigned_abs().div_ceil(1_000_000));
        }
        *until = next;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Role;

    fn who(kind: IdentityKind, number: Option<i64>) -> Identity {
        Identity { name: "x".to_owned(), role: Role::Viewer, kind, number, expires_at: None }
    }

    #[test]
    fn a_burst_then_an_even_pace_each_by_itself() {
        let rates = Rates::new(60);
        let (one, two) = (who(IdentityKind::ApiKey, Some(1)), who(IdentityKind::Token, Some(1)));
        for _ in 0..15 {
            assert_eq!(rates.count(&one, Time(0)), None);
        }
        assert_eq!(rates.count(&one, Time(0)), Some(1));
        assert_eq!(rates.count(&two, Time(0)), None, "a token is no key");
        assert_eq!(rates.count(&one, Time(1_000_000)), None);
        assert_eq!(rates.count(&one, Time(1_000_000)), Some(1), "refused requests do not count");
        assert_eq!(rates.count(&one, Time(1_000_000 + MINUTE)), None);
        let person = who(IdentityKind::Session, None);
        assert!((0..1000).all(|_| rates.count(&person, Time(0)).is_none()));
    }
}
