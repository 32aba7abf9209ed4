//! The hosts that carry out this server's blocks, as they last told of themselves. They tell every few
//! seconds, so nothing of it outlives a restart.

use super::follow::Carried;
use parking_lot::Mutex;
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::IpAddr;
use utoipa::ToSchema;
use vedette_event::Time;

const MOST: usize = 1000;
/// Who has not told anything for a day is forgotten, in microseconds.
const REMEMBERED: i64 = 86_400_000_000;

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Follower {
    /// As it calls itself.
    pub host: String,
    /// From where it tells.
    pub address: String,
    #[schema(value_type = String, format = DateTime)]
    pub last_seen: Time,
    #[serde(flatten)]
    pub carried: Carried,
}

/// What a report changed, for the audit log.
#[derive(Debug, PartialEq)]
pub struct Changed {
    pub begun: Vec<IpAddr>,
    pub ended: Vec<IpAddr>,
}

#[derive(Default)]
pub struct Followers(Mutex<BTreeMap<String, Follower>>);

impl Followers {
    pub fn list(&self, now: Time) -> Vec<Follower> {
        let mut all = self.0.lock();
        all.retain(|_, one| now.since(one.last_seen) < REMEMBERED);
        all.values().cloned().collect()
    }

    /// Takes a report; `None` when there are too many hosts already.
    pub fn note(&self, report: Follower) -> Option<Changed> {
        let mut all = self.0.lock();
        all.retain(|_, one| report.last_seen.since(one.last_seen) < REMEMBERED);
        if all.len() >= MOST && !all.contains_key(&report.host) {
            return None;
        }
        let now = report.carried.blocked.clone();
        let before =
            all.insert(report.host.clone(), report).map(|one| one.carried.blocked).unwrap_or_default();
        let only = |list: &[IpAddr], other: &[IpAddr]| {
            list.iter().filter(|address| !other.contains(address)).copied().collect()
        };
        Some(Changed { begun: only(&now, &before), ended: only(&before, &now) })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn report(host: &str, seen: i64, blocked: &[&str]) -> Follower {
        let blocked = blocked.iter().map(|one| one.parse().unwrap()).collect();
        let carried = Carried { blocked, ..Carried::default() };
        Follower { host: host.into(), address: "10.0.0.7".into(), last_seen: Time(seen), carried }
    }

    #[test]
    fn a_report_says_what_changed_and_old_ones_are_forgotten() {
        let all = Followers::default();
        let first = all.note(report("web-2", 1, &["10.0.0.1", "10.0.0.2"])).unwrap();
        assert_eq!((first.begun.len(), first.ended.len()), (2, 0));
        let second = all.note(report("web-2", 2, &["10.0.0.2", "10.0.0.3"])).unwrap();
        assert_eq!(second.begun, ["10.0.0.3".parse::<IpAddr>().unwrap()]);
        assert_eq!(second.ended, ["10.0.0.1".parse::<IpAddr>().unwrap()]);
        for n in 1..MOST {
            assert!(all.note(report(&n.to_string(), 3, &[])).is_some());
        }
        assert!(all.note(report("one more", 4, &[])).is_none());
        assert_eq!(all.list(Time(5)).len(), MOST);
        assert!(all.note(report("one more", 3 + REMEMBERED, &[])).is_some());
        assert_eq!(all.list(Time(3 + REMEMBERED)).len(), 1);
    }
}
