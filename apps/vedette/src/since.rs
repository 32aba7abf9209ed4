//! A point in time as users give it: itself, or how long ago it was.

use std::str::FromStr;
use vedette_event::Time;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Since {
    At(Time),
    /// Microseconds.
    Ago(i64),
}

impl Since {
    pub fn before(self, now: Time) -> Time {
        match self {
            Since::At(time) => time,
            Since::Ago(micros) => now.plus(-micros),
        }
    }
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Since, String> {
        let seconds = |unit: char| match unit {
            's' => Some(1),
            'm' => Some(60),
            'h' => Some(3_600),
            'd' => Some(86_400),
            'w' => Some(7 * 86_400),
            _ => None,
        };
        let ago = || {
            let seconds = seconds(text.chars().last()?)?;
            let number: u32 = text.get(..text.len() - 1)?.parse().ok()?;
            i64::from(number).checked_mul(seconds)?.checked_mul(1_000_000)
        };
        ago().map(Since::Ago).or_else(|| Time::parse(text).map(Since::At)).ok_or_else(|| {
            "give a time like 2026-01-31T08:00:00Z, or how long ago it was: 30m, 12h, 7d".to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_spans_are_read_and_nonsense_is_not() {
        assert_eq!("2h".parse(), Ok(Since::Ago(7_200_000_000)));
        assert_eq!("1970-01-01T00:00:01Z".parse(), Ok(Since::At(Time(1_000_000))));
        assert_eq!(Since::Ago(5).before(Time(7)), Time(2));
        for wrong in ["", "d", "-1d", "1y", "yesterday", "1é", "99999999999d"] {
            assert!(wrong.parse::<Since>().is_err(), "{wrong}");
        }
    }
}
