//! When to thin established TCP, and when to stop.
//!
//! A full ring drops whatever comes, the packets of attempts among it. Thinning the bulk in the
//! kernel makes room for them. Pure: told of drops and of the time.

use crate::filter::Level;
use std::time::{Duration, Instant};

const FIRST_HOLD: Duration = Duration::from_secs(10);
const LONGEST_HOLD: Duration = Duration::from_secs(640);

/// Goes to [`Level::Shed`] at the first drops and back when there were none for a while; each time
/// that going back failed the while doubles, up to ten minutes.
#[derive(Debug)]
pub struct Overload {
    until: Option<Instant>,
    hold: Duration,
    relieved: Option<Instant>,
}

impl Overload {
    pub fn new() -> Overload {
        Overload { until: None, hold: FIRST_HOLD, relieved: None }
    }

    /// The level from now on, given the packets dropped since the last call.
    pub fn level(&mut self, dropped: u64, now: Instant) -> Level {
        match self.until {
            None if dropped > 0 => {
                let soon = self.relieved.is_some_and(|at| now.duration_since(at) < LONGEST_HOLD);
                self.hold = if soon { (self.hold * 2).min(LONGEST_HOLD) } else { FIRST_HOLD };
                self.until = Some(now + self.hold);
            }
            Some(_) if dropped > 0 => self.until = Some(now + self.hold),
            Some(until) if now >= until => {
                self.until = None;
                self.relieved = Some(now);
            }
            _ => {}
        }
        if self.until.is_some() { Level::Shed } else { Level::Full }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sheds_at_once_and_goes_back_more_slowly_each_time() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut overload = Overload::new();
        assert_eq!(overload.level(0, at(0)), Level::Full);
        assert_eq!(overload.level(7, at(1)), Level::Shed);
        assert_eq!(overload.level(1, at(5)), Level::Shed);
        assert_eq!(overload.level(0, at(14)), Level::Shed);
        assert_eq!(overload.level(0, at(15)), Level::Full);
        // It overflows again soon after: twice as long.
        assert_eq!(overload.level(9, at(16)), Level::Shed);
        assert_eq!(overload.level(0, at(35)), Level::Shed);
        assert_eq!(overload.level(0, at(36)), Level::Full);
        // Long after, the first hold counts again.
        assert_eq!(overload.level(9, at(5000)), Level::Shed);
        assert_eq!(overload.level(0, at(5010)), Level::Full);
    }
}
