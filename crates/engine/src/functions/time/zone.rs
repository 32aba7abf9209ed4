//! Time zones: `UTC`, `Europe/Vienna`, `+03:00`, `+3`, `-0530`.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

#[derive(Clone, Debug)]
pub(crate) enum Zone {
    Utc,
    /// Seconds east of UTC.
    Fixed(i32),
    Named(TimeZone),
}

impl Zone {
    pub(crate) fn parse(text: &str) -> Option<Zone> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("utc") || text.eq_ignore_ascii_case("z") {
            return Some(Zone::Utc);
        }
        if let Some(seconds) = offset(text) {
            return Some(Zone::Fixed(seconds));
        }
        TimeZone::get(text).ok().map(Zone::Named)
    }

    /// Seconds east of UTC at that moment.
    pub(crate) fn offset(&self, micros: i64) -> i32 {
        match self {
            Zone::Utc => 0,
            Zone::Fixed(seconds) => *seconds,
            Zone::Named(zone) => match Timestamp::from_microsecond(micros) {
                Ok(stamp) => zone.to_offset(stamp).seconds(),
                Err(_) => 0,
            },
        }
    }

    /// `UTC`, `CEST`, `+03`.
    pub(crate) fn abbreviation(&self, micros: i64) -> String {
        match (self, Timestamp::from_microsecond(micros)) {
            (Zone::Utc, _) => "UTC".to_owned(),
            (Zone::Named(zone), Ok(stamp)) => zone.to_offset_info(stamp).abbreviation().to_owned(),
            (Zone::Fixed(seconds), Ok(stamp)) => match Offset::from_seconds(*seconds) {
                Ok(offset) => offset.to_time_zone().to_offset_info(stamp).abbreviation().to_owned(),
                Err(_) => "UTC".to_owned(),
            },
            _ => "UTC".to_owned(),
        }
    }

    /// The moment at which a clock of this zone shows `local`, microseconds as if it were UTC.
    /// Of a time that a change of the clock skips, the moment after the change.
    pub(crate) fn to_utc(&self, local: i64) -> i64 {
        let shifted = |offset: i32| local.saturating_sub(i64::from(offset) * 1_000_000);
        let guess = shifted(self.offset(local));
        shifted(self.offset(guess))
    }
}

/// `+03:00`, `+0300`, `+3`, with either sign; in seconds.
fn offset(text: &str) -> Option<i32> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 4 && digits.is_ascii() => digits.split_at(2),
        None => (digits, "0"),
    };
    let number =
        |text: &str| text.bytes().all(|digit| digit.is_ascii_digit()).then(|| text.parse::<i32>().ok());
    let (hours, minutes) = (number(hours)??, number(minutes)??);
    (hours <= 18 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_read_in_every_form() {
        for (text, seconds) in [("+03:00", 10_800), ("+3", 10_800), ("-0530", -19_800), ("+0", 0)] {
            assert_eq!(offset(text), Some(seconds), "{text}");
        }
        for text in ["", "+", "3", "+99", "+1:99", "+-3", "+é"] {
            assert_eq!(offset(text), None, "{text}");
        }
    }
}
