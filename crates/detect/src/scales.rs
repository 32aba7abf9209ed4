//! Evidence over a minute, an hour, a day and a week at once.
//!
//! Each scale forgets exponentially with its own time constant and has its own bar, so that a
//! thousand probes in a second and one probe in five minutes are both decided within a few
//! probes, and a client's rare failures of a whole week do not add up to a scan.
//!
//! Belongs here: decay, floor, bar. Does not belong here: what a contact weighs.

use serde::{Deserialize, Serialize};
use vedette_event::Time;

pub(crate) const SCALES: usize = 4;

/// Time constants in seconds: after one of them 37 % is left.
const SECONDS: [f64; SCALES] = [60.0, 3_600.0, 86_400.0, 604_800.0];
/// What the bar of each scale lies above the minute's. Longer scales hold more benign failures
/// and more chances to fail: ln 2, ln 7 and ln 33 more.
const ABOVE: [f64; SCALES] = [0.0, 0.7, 2.0, 3.5];
/// Good conduct cannot be saved up: three successes' worth is all that counts.
const FLOOR: f32 = -4.2;

/// One sequential test on all scales.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Evidence {
    sums: [f32; SCALES],
    /// When the sums were last brought up to date.
    at: Time,
}

/// Where a test stands on the scale on which it is closest to its bar.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Standing {
    pub(crate) scale: usize,
    pub(crate) score: f64,
    pub(crate) bar: f64,
}

impl Standing {
    pub(crate) fn is_decided(self) -> bool {
        self.score >= self.bar
    }
}

impl Evidence {
    pub(crate) fn starting(at: Time) -> Evidence {
        Evidence { sums: [0.0; SCALES], at }
    }

    /// Adds a weight at a time to the first `scales` scales. What comes late counts as what is left of it
    /// by now, so that the order of telling makes no difference: not to a log that is read backwards, and
    /// not to an agent that delivers what it saw an hour ago.
    pub(crate) fn add(&mut self, weight: f32, at: Time, scales: usize) {
        let elapsed = at.since(self.at) as f64 / 1e6;
        if elapsed > 0.0 {
            for (sum, seconds) in self.sums.iter_mut().zip(SECONDS) {
                *sum *= left(elapsed / seconds);
            }
            self.at = at;
        }
        for (scale, sum) in self.sums[..scales.min(SCALES)].iter_mut().enumerate() {
            let weight = if elapsed < 0.0 { weight * left(-elapsed / SECONDS[scale]) } else { weight };
            *sum = (*sum + weight).max(FLOOR);
        }
    }

    /// How it stands, by the bar of `margin` (see [`crate::Sensitivity::margin`]).
    pub(crate) fn standing(&self, margin: f64) -> Standing {
        let on =
            |scale: usize| Standing { scale, score: f64::from(self.sums[scale]), bar: margin + ABOVE[scale] };
        // Of equals the shortest scale.
        (1..SCALES).map(on).fold(on(0), |best, standing| {
            if standing.score - standing.bar > best.score - best.bar { standing } else { best }
        })
    }

    /// The sum on one scale.
    pub(crate) fn on(&self, scale: usize) -> f64 {
        self.sums.get(scale).map_or(0.0, |&sum| f64::from(sum))
    }

    /// The greatest sum, whatever its bar: how suspicious it is.
    pub(crate) fn suspicion(&self) -> f32 {
        self.sums.iter().fold(FLOOR, |most, &sum| most.max(sum))
    }
}

/// What is left after so many time constants.
fn left(constants: f64) -> f32 {
    // Beyond, nothing is, and `exp` is slow.
    if constants < 40.0 { (-constants).exp() as f32 } else { 0.0 }
}

/// How far back contacts belong to what a scale decided, in microseconds: what is older has
/// decayed below a hundredth.
pub(crate) fn reach(scale: usize) -> i64 {
    (SECONDS[scale.min(SCALES - 1)] * 5.0 * 1e6) as i64
}

/// What a scale adds to the bar.
pub(crate) fn above(scale: usize) -> f64 {
    ABOVE[scale.min(SCALES - 1)]
}

/// "a minute", … for reasons.
pub(crate) fn words(scale: usize) -> &'static str {
    ["a minute", "an hour", "a day", "a week"][scale.min(SCALES - 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many contacts of `weight`, one every `seconds`, it takes.
    fn contacts_needed(weight: f32, seconds: i64) -> Option<usize> {
        let mut evidence = Evidence::default();
        (1..500).find(|&n| {
            evidence.add(weight, Time::from_seconds(n as i64 * seconds), SCALES);
            evidence.standing(9.0).is_decided()
        })
    }

    #[test]
    fn fast_and_slow_scans_need_few_probes() {
        assert_eq!(contacts_needed(1.39, 0), Some(7));
        assert_eq!(contacts_needed(1.39, 15), Some(8));
        assert_eq!(contacts_needed(1.39, 300), Some(9));
        assert_eq!(contacts_needed(1.39, 3_600), Some(10));
    }

    #[test]
    fn one_failure_in_days_never_adds_up() {
        assert_eq!(contacts_needed(1.39, 3 * 86_400), None);
    }

    #[test]
    fn success_is_not_saved_up() {
        let mut evidence = Evidence::default();
        for n in 0..1_000 {
            evidence.add(-1.39, Time::from_seconds(n), SCALES);
        }
        for _ in 0..10 {
            evidence.add(1.39, Time::from_seconds(1_000), SCALES);
        }
        assert!(evidence.standing(9.0).is_decided());
    }

    #[test]
    fn the_order_of_telling_makes_no_difference() {
        let sums = |times: &[i64]| {
            let mut evidence = Evidence::starting(Time::from_seconds(times[0]));
            times.iter().for_each(|&at| evidence.add(1.39, Time::from_seconds(at), SCALES));
            evidence.sums
        };
        let (forth, back) = (sums(&[0, 30, 400, 4_000]), sums(&[4_000, 400, 30, 0]));
        assert!(forth.iter().zip(back).all(|(a, b)| (a - b).abs() < 1e-4), "{forth:?} {back:?}");
    }

    #[test]
    fn a_moment_late_is_as_good_as_in_time() {
        let mut evidence = Evidence::starting(Time::from_seconds(10_000));
        evidence.add(5.0, Time::from_seconds(10_000), SCALES);
        evidence.add(5.0, Time::from_seconds(9_999), SCALES);
        assert!(evidence.standing(9.0).score > 9.9);
    }
}
