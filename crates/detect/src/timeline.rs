//! The time-line of a log.
//!
//! A log is old, lies in lines that are not quite in order, and may be followed by an older one.
//! So each has a detector of its own, whose clock is the log's: the live clock never hears of it.
//!
//! The rule for lines out of order:
//! - What is read waits until something [`HOLD`] younger has been read, and is examined in order
//!   of time: products write a flow when they think that it has ended.
//! - What comes later still, up to [`FAR`] behind the youngest, is examined at once; it counts in
//!   full, as if it had come at the latest time seen.
//! - What lies further behind is set aside. If [`BACK`] such things come in a row, or an input holds
//!   nothing else, the log has gone back in time: the campaigns so far are closed and a new time-line
//!   begins there. Otherwise they were strays: not examined, and counted.
//!
//! Belongs here: order and lateness. Does not belong here: whether a time is believed at all (who
//! knows the present does that).

use crate::checkpoint::CheckpointError;
use crate::config::Config;
use crate::detector::Detector;
use std::collections::BTreeMap;
use vedette_event::{Detection, Observation, Time};

/// As long as Zeek, NetFlow exporters and Suricata may wait with what they saw, in microseconds.
const HOLD: i64 = 300_000_000;
const FAR: i64 = 3_600_000_000;
/// What waits at most; beyond, the oldest is examined. About 400 bytes each.
const WAITING: usize = 20_000;
/// Things in a row that lie far behind and make a new time-line.
const BACK: usize = 200;

/// What became of what was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeLineCounts {
    pub examined: u64,
    /// More than an hour behind what had been read before, and not examined.
    pub strays: u64,
    /// Times that the log went back and a new time-line began.
    pub restarts: u64,
}

/// A detector that follows a log.
pub struct TimeLine {
    config: Config,
    detector: Detector,
    /// By time, then by order of arrival.
    waiting: BTreeMap<(Time, u64), Observation>,
    arrived: u64,
    newest: Option<Time>,
    behind: Vec<Observation>,
    /// Something of this input was in order.
    forward: bool,
    counts: TimeLineCounts,
}

impl TimeLine {
    pub fn new(config: Config) -> TimeLine {
        TimeLine {
            detector: Detector::new(config.clone()),
            config,
            waiting: BTreeMap::new(),
            arrived: 0,
            newest: None,
            behind: Vec::new(),
            forward: false,
            counts: TimeLineCounts::default(),
        }
    }

    /// Takes the next thing that the log says, and tells of every campaign that opens or changes.
    pub fn take(&mut self, seen: Observation, out: &mut Vec<Detection>) {
        let time = seen.decided();
        if self.newest.is_some_and(|newest| newest.since(time) > FAR) {
            self.behind.push(seen);
            if self.behind.len() >= BACK {
                self.go_back(out);
            }
            return;
        }
        self.forget_strays();
        self.forward = true;
        let newest = self.newest.map_or(time, |newest| newest.max(time));
        self.newest = Some(newest);
        self.arrived += 1;
        self.waiting.insert((time, self.arrived), seen);
        while let Some((&(first, _), _)) = self.waiting.first_key_value()
            && (first < newest.plus(-HOLD) || self.waiting.len() > WAITING)
        {
            self.examine_first(out);
        }
    }

    /// This input ends: nothing more is waited for. Campaigns stay open, for the log may go on.
    pub fn pause(&mut self, out: &mut Vec<Detection>) {
        if !self.behind.is_empty() && !self.forward {
            self.go_back(out);
        }
        self.forget_strays();
        self.forward = false;
        self.examine_all(out);
    }

    /// It is `now`, and the log says nothing more: campaigns that have gone silent are closed.
    pub fn advance(&mut self, now: Time, out: &mut Vec<Detection>) {
        self.detector.advance(now, out);
    }

    /// The log is over: tells the final state of every campaign.
    pub fn finish(&mut self, out: &mut Vec<Detection>) {
        self.pause(out);
        self.detector.finish(out);
    }

    /// What is remembered, as bytes. What still waits is left out: [`TimeLine::pause`] before.
    pub fn checkpoint(&self) -> Option<Vec<u8>> {
        let newest = self.newest.map_or(i64::MIN, |newest| newest.0);
        let mut bytes = newest.to_le_bytes().to_vec();
        bytes.extend(self.detector.checkpoint()?);
        Some(bytes)
    }

    /// A time-line that goes on where that of a checkpoint was; its counts begin anew.
    ///
    /// # Errors
    /// The bytes are no checkpoint, of another version, or damaged.
    pub fn restore(config: Config, bytes: &[u8]) -> Result<TimeLine, CheckpointError> {
        let (newest, rest) = bytes.split_first_chunk::<8>().ok_or(CheckpointError::NotOurs)?;
        let newest = i64::from_le_bytes(*newest);
        let mut line = TimeLine::new(config.clone());
        line.detector = Detector::restore(config, rest)?;
        line.newest = (newest != i64::MIN).then_some(Time(newest));
        Ok(line)
    }

    pub fn counts(&self) -> TimeLineCounts {
        self.counts
    }

    /// For questions about sources.
    pub fn detector(&self) -> &Detector {
        &self.detector
    }

    fn forget_strays(&mut self) {
        self.counts.strays += self.behind.len() as u64;
        self.behind.clear();
    }

    fn examine_first(&mut self, out: &mut Vec<Detection>) {
        if let Some((_, seen)) = self.waiting.pop_first() {
            self.counts.examined += 1;
            self.detector.observe_log(&seen, out);
        }
    }

    fn examine_all(&mut self, out: &mut Vec<Detection>) {
        while !self.waiting.is_empty() {
            self.examine_first(out);
        }
    }

    fn go_back(&mut self, out: &mut Vec<Detection>) {
        self.examine_all(out);
        self.detector.finish(out);
        self.detector = Detector::new(self.config.clone());
        self.newest = None;
        self.counts.restarts += 1;
        for seen in std::mem::take(&mut self.behind) {
            // Among themselves they may be out of order as any others.
            self.take(seen, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::syn;
    use vedette_event::{DetectionKind, Outcome};

    const HOUR: i64 = 3_600_000_000;

    /// A refused contact with a port.
    fn refused(port: u16, at: i64) -> Observation {
        let mut event = syn("10.0.0.9", "10.0.0.5", port);
        (event.time, event.decided, event.outcome) = (Time(at), Time(at), Outcome::Refused);
        Observation::Attempt(event)
    }

    fn scans(told: &[Detection]) -> usize {
        let mut ids: Vec<&str> =
            told.iter().filter(|d| d.kind == DetectionKind::Scan).map(|d| d.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.len()
    }

    fn run(inputs: &[Vec<Observation>]) -> (usize, TimeLineCounts) {
        let (mut line, mut told) = (TimeLine::new(Config::default()), Vec::new());
        for input in inputs {
            input.iter().for_each(|seen| line.take(seen.clone(), &mut told));
            line.pause(&mut told);
        }
        line.finish(&mut told);
        (scans(&told), line.counts())
    }

    fn scan(ports: std::ops::Range<u16>, at: i64) -> Vec<Observation> {
        ports.map(|port| refused(port, at + i64::from(port) * 1_000)).collect()
    }

    #[test]
    fn lines_out_of_order_give_what_lines_in_order_give() {
        let mut shuffled = scan(1..100, 100 * HOUR);
        shuffled.reverse();
        shuffled.swap(3, 70);
        let told = |input: Vec<Observation>| {
            let (mut line, mut told) = (TimeLine::new(Config::default()), Vec::new());
            input.into_iter().for_each(|seen| line.take(seen, &mut told));
            line.finish(&mut told);
            told
        };
        assert_eq!(told(shuffled), told(scan(1..100, 100 * HOUR)));
    }

    #[test]
    fn a_log_in_two_parts_is_one_time_line() {
        let (scans, counts) = run(&[scan(1..6, 100 * HOUR), scan(6..50, 100 * HOUR)]);
        assert_eq!((scans, counts.examined, counts.restarts), (1, 49, 0));
    }

    #[test]
    fn a_log_goes_on_across_a_checkpoint() {
        let (mut line, mut told) = (TimeLine::new(Config::default()), Vec::new());
        assert!(TimeLine::restore(Config::default(), &line.checkpoint().unwrap_or_default()).is_ok());
        scan(1..6, 100 * HOUR).into_iter().for_each(|seen| line.take(seen, &mut told));
        line.pause(&mut told);
        assert_eq!(scans(&told), 0);
        let bytes = line.checkpoint().unwrap_or_default();
        let restored = TimeLine::restore(Config::default(), &bytes);
        let mut line = restored.unwrap_or_else(|_| TimeLine::new(Config::default()));
        scan(6..12, 100 * HOUR).into_iter().for_each(|seen| line.take(seen, &mut told));
        line.take(refused(13, HOUR), &mut told);
        line.finish(&mut told);
        assert_eq!((scans(&told), line.counts().strays), (1, 1), "it knows how late it is");
        assert!(TimeLine::restore(Config::default(), &bytes[..bytes.len() - 1]).is_err());
        assert!(TimeLine::restore(Config::default(), &[1, 2]).is_err());
    }

    #[test]
    fn strays_are_counted_and_do_not_turn_time_back() {
        let mut input = scan(1..5, 100 * HOUR);
        input.extend(scan(5..100, 50 * HOUR));
        input.extend(scan(100..104, 100 * HOUR));
        let (scans, counts) = run(&[input]);
        assert_eq!((scans, counts.examined, counts.strays, counts.restarts), (1, 8, 95, 0));
        let (_, counts) = run(&[[scan(1..5, 100 * HOUR), vec![refused(9, 1)]].concat()]);
        assert_eq!((counts.strays, counts.restarts), (1, 0), "the last line too");
    }

    #[test]
    fn an_older_log_after_a_newer_one_is_a_time_line_of_its_own() {
        let (scans_found, counts) = run(&[scan(1..50, 100 * HOUR), scan(1..50, 50 * HOUR)]);
        assert_eq!((scans_found, counts.examined, counts.strays, counts.restarts), (2, 98, 0, 1));
        // One line from the future does not blind what follows.
        let mut input = vec![refused(1, 1_000 * HOUR)];
        input.extend(scan(2..900, 100 * HOUR));
        let (scans_found, counts) = run(&[input]);
        assert_eq!((scans_found, counts.examined, counts.restarts), (1, 899, 1));
    }

    #[test]
    fn benign_failures_of_days_do_not_add_up_by_being_late() {
        // A failure an hour for a week, the newest day first.
        let mut input = Vec::new();
        for day in (0..7_i64).rev() {
            input.extend(
                (0..24_i64).map(|hour| refused((day * 24 + hour) as u16, (1_000 + day * 240 + hour) * HOUR)),
            );
        }
        input.truncate(24 * 7);
        let fired = |input: Vec<Observation>| run(&[input]).0;
        let mut apart = Vec::new();
        for (n, seen) in input.into_iter().enumerate() {
            if n % 24 == 0 {
                apart.push(seen);
            }
        }
        assert_eq!(fired(apart), 0);
    }

    #[test]
    fn what_waits_is_bounded() {
        let (mut line, mut told) = (TimeLine::new(Config::default()), Vec::new());
        for n in 0..60_000_i64 {
            line.take(refused(80, n), &mut told);
        }
        assert!(line.waiting.len() <= WAITING, "{}", line.waiting.len());
        assert_eq!(line.counts.examined, 40_000);
    }
}
