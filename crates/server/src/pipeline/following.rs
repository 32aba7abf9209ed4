//! Detection in ingested logs: each log has a time-line of its own (see `vedette_detect::TimeLine`),
//! so that an old log's times do not touch the live clock.
//!
//! Belongs here: which time-line a log belongs to, how many there are, what times are believed.
//! Does not belong here: the order of what a log says, reading lines.
//!
//! A log is followed by its format and origin, so that its next part goes on where the last one
//! ended: also after a restart, and after more other logs than are held in memory (see [`shelf`]).

mod shelf;

use super::Alerting;
use parking_lot::Mutex;
use shelf::{Key, Shelf};
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use vedette_detect::{Config, TimeLine};
use vedette_event::{Change, Detection, DetectionKind, Observation, Time};
use vedette_parse::log::Format;

/// Logs held in memory; the one that has been silent the longest is put away for a new one.
const LOGS: usize = 8;
/// Each may use this part of the detector's memory.
const MEMORY_PART: usize = 8;
/// A time this far after the present is not believed, in microseconds: clocks and zones differ.
const AHEAD: i64 = 86_400 * 1_000_000;

/// A log that is followed, and the campaigns of scans it told of.
pub struct Followed {
    key: Key,
    line: Mutex<Line>,
}

struct Line {
    line: TimeLine,
    /// Strays that are counted already.
    strays: u64,
    /// Nothing was examined since it was put away.
    saved: bool,
}

/// What detection made of one piece of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Followings {
    pub examined: u64,
    /// Too far ahead of the present or behind the log's own time.
    pub unexamined: u64,
    /// Identifiers of campaigns of scans that were told of.
    pub scans: HashSet<String>,
}

impl Followings {
    pub fn add(&mut self, more: Followings) {
        self.examined += more.examined;
        self.unexamined += more.unexamined;
        self.scans.extend(more.scans);
    }
}

/// The logs that are followed.
pub struct Following {
    /// `None`: detection is switched off.
    config: Option<Config>,
    alerting: Arc<Alerting>,
    /// The latest used last.
    logs: Mutex<Vec<Arc<Followed>>>,
    /// `None`: nothing outlives this process.
    shelf: Option<Shelf>,
    /// Times that what is known of a log could not be saved.
    pub unsaved: AtomicU64,
    pub examined: AtomicU64,
    pub unexamined: AtomicU64,
    /// Times a detector panicked and began anew.
    pub faults: AtomicU64,
}

impl Following {
    /// What is known of logs is kept in `folder`.
    pub fn new(config: Option<Config>, alerting: Arc<Alerting>, folder: Option<PathBuf>) -> Arc<Following> {
        let config = config.map(|config| Config { memory: config.memory / MEMORY_PART, ..config });
        Arc::new(Following {
            config,
            alerting,
            logs: Mutex::new(Vec::new()),
            shelf: folder.map(Shelf::new),
            unsaved: AtomicU64::new(0),
            examined: AtomicU64::new(0),
            unexamined: AtomicU64::new(0),
            faults: AtomicU64::new(0),
        })
    }

    /// The time-line of a log; `None` when there is no detection.
    pub fn open(&self, format: Format, origin: &str, now: Time) -> Option<Arc<Followed>> {
        let config = self.config.clone()?;
        let key = (format, origin.to_owned());
        let (log, closed) = {
            let mut logs = self.logs.lock();
            let known = logs.iter().position(|log| log.key == key).map(|position| logs.remove(position));
            let log = known.unwrap_or_else(|| {
                let line = Mutex::new(Line { line: self.recall(&key, config), strays: 0, saved: true });
                Arc::new(Followed { key, line })
            });
            logs.push(log.clone());
            (log, (logs.len() > LOGS).then(|| logs.remove(0)))
        };
        if let Some(closed) = closed {
            self.put_away(&closed, now);
            // Nobody follows it until it goes on.
            self.work(&closed, now, |line, found| line.finish(found));
        }
        Some(log)
    }

    fn recall(&self, key: &Key, config: Config) -> TimeLine {
        let Some(bytes) = self.shelf.as_ref().and_then(|shelf| shelf.get(key)) else {
            return TimeLine::new(config);
        };
        TimeLine::restore(config.clone(), &bytes).unwrap_or_else(|error| {
            tracing::warn!(origin = ?key.1, %error, "what is known of a log is of no use; it begins anew");
            TimeLine::new(config)
        })
    }

    /// Saves what is known of a log; false when nothing will be left of it.
    fn put_away(&self, log: &Followed, now: Time) -> bool {
        let Some(shelf) = &self.shelf else { return false };
        self.work(log, now, TimeLine::pause);
        let mut line = log.line.lock();
        if line.saved {
            return true;
        }
        let bytes = line.line.checkpoint().ok_or(std::io::ErrorKind::OutOfMemory.into());
        match bytes.and_then(|bytes| shelf.put(&log.key, &bytes)) {
            Ok(()) => line.saved = true,
            Err(error) => {
                if self.unsaved.fetch_add(1, Ordering::Relaxed) == 0 {
                    tracing::error!(origin = ?log.key.1, %error, "what is known of a log cannot be saved: a restart will lose it");
                }
            }
        }
        line.saved
    }

    /// Examines what a piece of a log said. Blocks on the state database.
    pub fn examine(&self, log: &Followed, seen: Vec<Observation>, now: Time) -> Followings {
        let all = seen.len();
        let believed: Vec<Observation> =
            seen.into_iter().filter(|seen| seen.decided() <= now.plus(AHEAD)).collect();
        let ahead = (all - believed.len()) as u64;
        let mut done = self.work(log, now, |line, found| {
            believed.into_iter().for_each(|seen| line.take(seen, found));
        });
        done.unexamined += ahead;
        self.unexamined.fetch_add(ahead, Ordering::Relaxed);
        done
    }

    /// The input of a log ended; it may go on later.
    pub fn pause(&self, log: &Followed, now: Time) -> Followings {
        self.work(log, now, |line, found| {
            line.pause(found);
            line.advance(now, found);
        })
    }

    /// Time has passed: campaigns of logs that say nothing more are closed, and what is known is saved.
    pub fn advance(&self, now: Time) {
        let logs: Vec<Arc<Followed>> = self.logs.lock().clone();
        for log in logs {
            self.work(&log, now, |line, found| line.advance(now, found));
            // One that is being read is saved when it pauses.
            if Arc::strong_count(&log) <= 2 {
                self.put_away(&log, now);
            }
        }
    }

    /// The server stops: the next one goes on with the logs. Where that cannot be, they are over.
    pub fn finish(&self, now: Time) {
        let logs = std::mem::take(&mut *self.logs.lock());
        for log in logs {
            if !self.put_away(&log, now) {
                self.work(&log, now, |line, found| line.finish(found));
            }
        }
    }

    fn work(
        &self,
        log: &Followed,
        now: Time,
        work: impl FnOnce(&mut TimeLine, &mut Vec<Detection>),
    ) -> Followings {
        let (mut done, mut found) = (Followings::default(), Vec::new());
        {
            let mut line = log.line.lock();
            let before = line.line.counts();
            if catch_unwind(AssertUnwindSafe(|| work(&mut line.line, &mut found))).is_err() {
                tracing::error!(origin = ?log.key.1, "the detector failed on a log and began anew; please report this");
                self.faults.fetch_add(1, Ordering::Relaxed);
                let config = self.config.clone().unwrap_or_default();
                *line = Line { line: TimeLine::new(config), strays: 0, saved: false };
            } else {
                let counts = line.line.counts();
                done.examined = counts.examined - before.examined;
                done.unexamined = counts.strays - line.strays;
                line.strays = counts.strays;
                line.saved &= counts == before;
            }
        }
        self.examined.fetch_add(done.examined, Ordering::Relaxed);
        self.unexamined.fetch_add(done.unexamined, Ordering::Relaxed);
        let scans = found.iter().filter(|d| d.kind == DetectionKind::Scan && d.change != Change::Closed);
        done.scans = scans.map(|detection| detection.id.clone()).collect();
        if !found.is_empty() {
            self.alerting.take(found, now);
        }
        done
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::intake::Intake;
    use super::super::intake::tests::probe;
    use super::*;
    use crate::live::Live;
    use crate::sensing::Sensing;
    use crate::state::Store;

    const NOW: Time = Time(1_800_000_000_000_000);
    const DAY: i64 = 86_400_000_000;

    fn following() -> (Arc<Following>, Arc<Store>) {
        let (intake, _) = Intake::new(10_000, true);
        let store = Arc::new(Store::in_memory());
        let alerting = Alerting::new(store.clone(), Live::new(4), intake, Sensing::idle());
        (Following::new(Some(Config::default()), alerting, None), store)
    }

    #[test]
    fn a_log_goes_on_after_a_restart_and_after_many_others() {
        let dir = tempfile::tempdir().unwrap();
        let part = |following: &Following, ports| {
            let log = following.open(Format::Netfilter, "a", NOW).unwrap();
            let mut done = following.examine(&log, scan(ports, NOW.plus(-1_000_000)), NOW);
            done.add(following.pause(&log, NOW));
            done.scans.len()
        };
        let begin = || {
            let alerting = following().0.alerting.clone();
            Following::new(Some(Config::default()), alerting, Some(dir.path().join("logs")))
        };
        let first = begin();
        assert_eq!(part(&first, 1..2), 0);
        first.finish(NOW);
        let second = begin();
        assert_eq!(part(&second, 2..3), 0);
        for n in 0..LOGS * 2 {
            second.open(Format::Zeek, &n.to_string(), NOW).unwrap();
        }
        assert_eq!(part(&second, 3..5), 1, "no part is enough by itself");
        assert_eq!(second.unsaved.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn where_nothing_can_be_saved_campaigns_end_with_the_server() {
        let (_, store) = following();
        let (intake, _) = Intake::new(10_000, true);
        let alerting = Alerting::new(store.clone(), Live::new(4), intake, Sensing::idle());
        let nowhere = std::path::PathBuf::from("/proc/nothing/here");
        let following = Following::new(Some(Config::default()), alerting, Some(nowhere));
        let log = following.open(Format::Netfilter, "a", NOW).unwrap();
        let done = following.examine(&log, scan(1..40, NOW.plus(-1_000_000)), NOW);
        let _ = following.pause(&log, NOW);
        following.finish(NOW);
        assert_eq!(following.unsaved.load(Ordering::Relaxed), 1);
        let totals = store.alert_totals().unwrap();
        assert_eq!((done.unexamined, totals.total, totals.active), (0, 1, 0));
    }

    fn scan(ports: std::ops::Range<u16>, from: Time) -> Vec<Observation> {
        ports
            .map(|port| Observation::Attempt(probe("127.0.0.2", port, from.plus(i64::from(port) * 1_000))))
            .collect()
    }

    #[test]
    fn yesterdays_log_raises_its_alert_which_is_over() {
        let (following, store) = following();
        let log = following.open(Format::Netfilter, "fw.log", NOW).unwrap();
        let mut done = following.examine(&log, scan(1..40, NOW.plus(-DAY)), NOW);
        done.add(following.pause(&log, NOW));
        assert_eq!((done.examined, done.unexamined, done.scans.len()), (39, 0, 1));
        let id = done.scans.iter().next().unwrap();
        let alert = store.alert_of(id).unwrap().unwrap();
        assert!(!alert.life.active && alert.life.created_at == NOW);
        // The same log once more is the same campaign.
        following.finish(NOW);
        let log = following.open(Format::Netfilter, "fw.log", NOW).unwrap();
        let mut more = following.examine(&log, scan(1..40, NOW.plus(-DAY)), NOW);
        more.add(following.pause(&log, NOW));
        assert_eq!(more.scans, done.scans);
    }

    #[test]
    fn a_log_in_parts_is_followed_and_origins_are_apart() {
        let (following, _) = following();
        let mut first = Followings::default();
        for ports in [1..4, 4..7] {
            let log = following.open(Format::Netfilter, "a", NOW).unwrap();
            first.add(following.examine(&log, scan(ports, NOW.plus(-1_000_000)), NOW));
            first.add(following.pause(&log, NOW));
        }
        assert_eq!(first.scans.len(), 1, "neither part is enough by itself");
        let mut second = Followings::default();
        for (ports, origin) in [(1..4, "b"), (4..7, "c")] {
            let log = following.open(Format::Netfilter, origin, NOW).unwrap();
            second.add(following.examine(&log, scan(ports, NOW.plus(-1_000_000)), NOW));
            second.add(following.pause(&log, NOW));
        }
        assert!(second.scans.is_empty());
    }

    #[test]
    fn times_that_are_not_believed_are_counted() {
        let (following, _) = following();
        let log = following.open(Format::Zeek, "a", NOW).unwrap();
        let done = following.examine(&log, scan(1..40, NOW.plus(2 * DAY)), NOW);
        assert_eq!((done.examined, done.unexamined, done.scans.len()), (0, 39, 0));
        assert_eq!(following.unexamined.load(Ordering::Relaxed), 39);
    }

    #[test]
    fn the_logs_followed_are_bounded() {
        let (following, _) = following();
        for n in 0..50 {
            following.open(Format::Zeek, &n.to_string(), NOW).unwrap();
        }
        assert_eq!(following.logs.lock().len(), LOGS);
        assert!(
            Following::new(None, following.alerting.clone(), None).open(Format::Zeek, "a", NOW).is_none()
        );
    }
}
