//! When a rule is due, and for which windows. Pure: the time is an argument, so that restarts, gaps
//! and jumps of the clock are tested without waiting.
//!
//! A rule's windows are numbered by the moments at which they fall due, which depend on the schedule
//! alone. The state remembers the last moment that was dealt with (the cursor) and moves it in the
//! same step that stores the alerts: a window is run once, whatever happens in between.

use super::span;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use vedette_event::Time;

/// A window is run so long after its end: rows seen at the end need a moment to be stored.
pub const SETTLE: i64 = 10_000_000;
/// Missed windows that are caught up, the latest; the earlier ones are left out and told of.
pub const CATCH_UP: usize = 24;
/// The clock may go back so far before a rule starts anew from the present.
const CLOCK_SLACK: i64 = 120_000_000;
/// Missed windows are counted up to here.
const COUNTED: u64 = 100_000;

const SHORTEST_STEP: i64 = 60_000_000;

#[derive(Clone, Debug)]
pub enum Schedule {
    /// Every so many microseconds, counted from 1970, so that restarts do not shift it.
    Every(i64),
    Cron(Box<Cron>, TimeZone),
}

/// What is to be done for a rule now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Due {
    /// Moments at which windows end, oldest first.
    pub run: Vec<Time>,
    /// Windows that are too many to be caught up.
    pub skipped: Option<Skipped>,
    /// The cursor lies in the future: the clock went back. Where it begins anew.
    pub restart_at: Option<Time>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Skipped {
    pub count: u64,
    /// There are more than were counted.
    pub at_least: bool,
    pub first: Time,
    pub last: Time,
}

impl Schedule {
    /// Reads a length of time, or five cron fields in a time zone. The error is a sentence.
    pub fn parse(text: &str, zone: &str) -> Result<Schedule, String> {
        let text = text.trim();
        if let Some(step) = span::parse(text) {
            if step < SHORTEST_STEP {
                return Err(
                    "the schedule is at least a minute; for less, make it a real-time rule".to_owned()
                );
            }
            return Ok(Schedule::Every(step));
        }
        let zone = zone.trim();
        let zone = if zone.is_empty() { "UTC" } else { zone };
        let zone = TimeZone::get(zone)
            .map_err(|_| format!("there is no time zone {zone:?}; write it as Europe/Rome or UTC"))?;
        if text.split_whitespace().count() != 5 {
            return Err(format!(
                "the schedule {text:?} is neither a length such as \"10 minutes\" nor five cron fields such as \"*/10 * * * *\""
            ));
        }
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(text).map_err(|why| format!("the cron fields {text:?}: {why}"))?;
        let schedule = Schedule::Cron(Box::new(cron), zone);
        if schedule.next(Time::ZERO).is_none() {
            return Err(format!("the cron fields {text:?} name a moment that never comes"));
        }
        Ok(schedule)
    }

    /// The first moment after `time`; `None` when there is none any more.
    pub fn next(&self, time: Time) -> Option<Time> {
        match self {
            Schedule::Every(step) => Some(Time(time.0.div_euclid(*step).checked_add(1)?.checked_mul(*step)?)),
            Schedule::Cron(cron, zone) => {
                cron.find_next_occurrence(&zoned(time, zone)?, false).ok().map(|found| micros(&found))
            }
        }
    }

    /// The last moment at or before `time`.
    pub fn last(&self, time: Time) -> Option<Time> {
        match self {
            Schedule::Every(step) => Some(Time(time.0.div_euclid(*step) * step)),
            Schedule::Cron(cron, zone) => {
                cron.find_previous_occurrence(&zoned(time, zone)?, true).ok().map(|found| micros(&found))
            }
        }
    }

    /// The step of a simple schedule; for cron the gap before the next moment, as a guess of it.
    pub fn step(&self, now: Time) -> i64 {
        match self {
            Schedule::Every(step) => *step,
            Schedule::Cron(..) => {
                let first = self.next(now);
                let second = first.and_then(|first| self.next(first));
                first.zip(second).map_or(SHORTEST_STEP, |(a, b)| b.since(a).max(SHORTEST_STEP))
            }
        }
    }

    /// When to look at a rule again whose cursor stands here.
    pub fn due_after(&self, cursor: Time) -> Time {
        self.next(cursor).map_or(Time(i64::MAX), |next| next.plus(SETTLE))
    }

    /// What is due at `now`, after everything up to `cursor` was dealt with.
    pub fn due(&self, cursor: Time, now: Time) -> Due {
        if cursor.0 > now.0.saturating_add(CLOCK_SLACK) {
            return Due { restart_at: Some(now), ..Due::default() };
        }
        let until = now.plus(-SETTLE);
        let mut run = Vec::new();
        let mut moment = self.last(until);
        while let Some(time) = moment.filter(|time| *time > cursor && run.len() < CATCH_UP) {
            run.push(time);
            moment = self.last(time.plus(-1));
        }
        run.reverse();
        let skipped = moment.filter(|time| *time > cursor).map(|last| self.skipped(cursor, last));
        Due { run, skipped, restart_at: None }
    }

    /// The windows after `cursor` up to `last`.
    fn skipped(&self, cursor: Time, last: Time) -> Skipped {
        let first = self.next(cursor).unwrap_or(last);
        if let Schedule::Every(step) = self {
            let count = (last.since(first) / step).max(0) as u64 + 1;
            return Skipped { count, at_least: false, first, last };
        }
        let (mut count, mut moment) = (1, first);
        while count < COUNTED && moment < last {
            let Some(next) = self.next(moment) else { break };
            moment = next;
            count += 1;
        }
        Skipped { count, at_least: moment < last, first, last }
    }
}

fn zoned(time: Time, zone: &TimeZone) -> Option<Zoned> {
    Timestamp::from_microsecond(time.0).ok().map(|stamp| stamp.to_zoned(zone.clone()))
}

fn micros(zoned: &Zoned) -> Time {
    Time(zoned.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(text: &str) -> Time {
        Time::parse(text).unwrap()
    }

    fn every(text: &str) -> Schedule {
        Schedule::parse(text, "").unwrap()
    }

    const MINUTE: i64 = 60_000_000;

    #[test]
    fn each_window_is_due_once_after_it_settled() {
        let schedule = every("10 minutes");
        let cursor = at("2026-01-15T12:00:00Z");
        assert_eq!(schedule.due(cursor, at("2026-01-15T12:09:59Z")), Due::default());
        assert_eq!(schedule.due(cursor, at("2026-01-15T12:10:05Z")), Due::default(), "rows may still come");
        let due = schedule.due(cursor, at("2026-01-15T12:10:10Z"));
        assert_eq!(due.run, [at("2026-01-15T12:10:00Z")]);
        assert_eq!(schedule.due(due.run[0], at("2026-01-15T12:10:11Z")), Due::default());
        assert_eq!(schedule.due_after(cursor), at("2026-01-15T12:10:10Z"));
    }

    #[test]
    fn a_walk_over_hours_with_restarts_loses_and_doubles_nothing() {
        let schedule = every("7 minutes");
        let start = at("2026-01-15T12:00:00Z");
        let (mut cursor, mut now, mut seen) = (start, start, Vec::new());
        // Looks come at odd moments, as after restarts, some of them hours apart.
        for gap in [3, 11, 1, 0, 29, 120, 6, 7, 8, 1, 2, 90] {
            now = now.plus(gap * MINUTE);
            let due = schedule.due(cursor, now);
            assert_eq!((due.skipped, due.restart_at), (None, None));
            seen.extend(due.run.iter().copied());
            cursor = due.run.last().copied().unwrap_or(cursor);
        }
        let all: Vec<Time> = std::iter::successors(schedule.next(start), |time| schedule.next(*time))
            .take_while(|time| *time <= now.plus(-SETTLE))
            .collect();
        assert_eq!(seen, all);
    }

    #[test]
    fn too_many_missed_windows_are_left_out_and_counted() {
        let schedule = every("10 minutes");
        let cursor = at("2026-01-01T00:00:00Z");
        let due = schedule.due(cursor, at("2026-01-04T00:01:00Z"));
        assert_eq!(due.run.len(), CATCH_UP);
        assert_eq!(due.run.last(), Some(&at("2026-01-04T00:00:00Z")));
        let skipped = due.skipped.unwrap();
        assert_eq!(skipped.count, 3 * 144 - CATCH_UP as u64);
        assert_eq!(skipped.first, at("2026-01-01T00:10:00Z"));
        assert_eq!(skipped.last.plus(10 * MINUTE), due.run[0]);
        // A clock that leapt a thousand years ahead costs no more.
        let leap = schedule.due(cursor, at("3026-01-01T00:00:00Z"));
        assert_eq!(leap.run.len(), CATCH_UP);
        let cron = Schedule::parse("* * * * *", "").unwrap();
        let leap = cron.due(cursor, at("2036-01-01T00:00:00Z"));
        assert!(leap.skipped.unwrap().at_least && leap.run.len() == CATCH_UP);
    }

    #[test]
    fn a_clock_that_goes_back_does_not_blind_a_rule() {
        let schedule = every("10 minutes");
        let now = at("2026-01-15T12:05:00Z");
        assert_eq!(schedule.due(at("2027-01-01T00:00:00Z"), now).restart_at, Some(now));
        // A small step is waited out: nothing runs twice.
        assert_eq!(schedule.due(now.plus(MINUTE), now), Due::default());
    }

    #[test]
    fn cron_follows_the_zone_over_the_change_of_the_clocks() {
        let schedule = Schedule::parse("30 8 * * *", "Europe/Rome").unwrap();
        // The clocks go forward on 29 March 2026.
        let due = schedule.due(at("2026-03-27T12:00:00Z"), at("2026-03-30T12:00:00Z"));
        let ends = ["2026-03-28T07:30:00Z", "2026-03-29T06:30:00Z", "2026-03-30T06:30:00Z"].map(at);
        assert_eq!(due.run, ends);
        // 02:30 does not exist that night: the day is not skipped silently, and nothing runs twice.
        let night = Schedule::parse("30 2 * * *", "Europe/Rome").unwrap();
        let due = night.due(at("2026-03-27T12:00:00Z"), at("2026-03-30T12:00:00Z"));
        assert!((2..=3).contains(&due.run.len()) && due.run.is_sorted(), "{due:?}");
    }

    #[test]
    fn wrong_schedules_say_what_is_wrong() {
        for (text, zone, word) in [
            ("30 seconds", "", "at least a minute"),
            ("soon", "", "neither a length"),
            ("61 * * * *", "", "cron fields"),
            ("* * * * * *", "", "neither a length"),
            ("0 0 30 2 *", "", "never comes"),
            ("0 8 * * *", "Mars/Olympus", "time zone"),
        ] {
            let error = Schedule::parse(text, zone).unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
    }

    #[test]
    fn ends_of_time_do_not_overflow() {
        let schedule = every("1 minute");
        for time in [Time(i64::MIN), Time(i64::MAX)] {
            let _ = (schedule.due(time, Time(0)), schedule.due(Time(0), time), schedule.due_after(time));
        }
        let cron = Schedule::parse("0 0 1 1 *", "").unwrap();
        let _ = (cron.due(Time(0), Time(i64::MAX)), cron.due_after(Time(i64::MAX)));
    }
}
