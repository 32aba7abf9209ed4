//! Slowing down those who guess passwords.
//!
//! Failures count for the address they come from and for the account they aim at, each by itself:
//! one address cannot try many accounts, many addresses cannot try one. After five failures
//! within the window every further try has to wait until the window has passed; a success clears
//! the account. Held in memory and bounded.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::IpAddr;
use vedette_event::Time;

/// Failures that are free, for an account and for an address (users behind one proxy share it).
const ACCOUNT_FREE: u32 = 5;
const ADDRESS_FREE: u32 = 20;
/// 5 minutes, in microseconds.
const WINDOW: i64 = 5 * 60 * 1_000_000;
/// Keys remembered; beyond it the oldest half is forgotten.
const MOST: usize = 10_000;

#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Account(String),
    Address(IpAddr),
}

struct Failures {
    count: u32,
    last: Time,
}

#[derive(Default)]
pub struct Throttle(Mutex<HashMap<Key, Failures>>);

impl Throttle {
    /// Seconds this caller has to wait before trying this account, if any.
    pub fn wait(&self, address: IpAddr, account: &str, now: Time) -> Option<u64> {
        let failures = self.0.lock();
        let keys =
            [(Key::Account(account.to_lowercase()), ACCOUNT_FREE), (Key::Address(address), ADDRESS_FREE)];
        keys.into_iter()
            .filter_map(|(key, free)| {
                let known = failures.get(&key).filter(|known| known.count >= free)?;
                let left = WINDOW - now.since(known.last);
                (left > 0).then(|| left.unsigned_abs().div_ceil(1_000_000))
            })
            .max()
    }

    pub fn failed(&self, address: IpAddr, account: &str, now: Time) {
        let mut failures = self.0.lock();
        for key in [Key::Account(account.to_lowercase()), Key::Address(address)] {
            let entry = failures.entry(key).or_insert(Failures { count: 0, last: now });
            if now.since(entry.last) >= WINDOW {
                entry.count = 0;
            }
            entry.count = entry.count.saturating_add(1);
            entry.last = now;
        }
        if failures.len() > MOST {
            let mut times: Vec<i64> = failures.values().map(|known| known.last.0).collect();
            let middle = times.len() / 2;
            let (_, median, _) = times.select_nth_unstable(middle);
            let median = *median;
            failures.retain(|_, known| known.last.0 > median);
        }
    }

    pub fn succeeded(&self, account: &str) {
        self.0.lock().remove(&Key::Account(account.to_lowercase()));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn address(n: u32) -> IpAddr {
        IpAddr::V4(std::net::Ipv4Addr::from(n))
    }

    #[test]
    fn an_account_is_protected_from_many_addresses() {
        let throttle = Throttle::default();
        for n in 0..ACCOUNT_FREE {
            assert_eq!(throttle.wait(address(n), "ada", Time(0)), None);
            throttle.failed(address(n), "ADA", Time(0));
        }
        assert_eq!(throttle.wait(address(99), "ada", Time(1_000_000)), Some(299));
        assert_eq!(throttle.wait(address(99), "bob", Time(1_000_000)), None);
        assert_eq!(throttle.wait(address(99), "ada", Time(WINDOW)), None);
        throttle.succeeded("ada");
        assert_eq!(throttle.wait(address(99), "ada", Time(1)), None);
    }

    #[test]
    fn an_address_cannot_try_many_accounts() {
        let throttle = Throttle::default();
        for n in 0..ADDRESS_FREE {
            throttle.failed(address(1), &format!("user{n}"), Time(0));
        }
        assert!(throttle.wait(address(1), "fresh", Time(0)).is_some());
        assert!(throttle.wait(address(2), "fresh", Time(0)).is_none());
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::default();
        for n in 0..30_000 {
            throttle.failed(address(n), &n.to_string(), Time(i64::from(n)));
        }
        assert!(throttle.0.lock().len() <= MOST + 1);
    }
}
