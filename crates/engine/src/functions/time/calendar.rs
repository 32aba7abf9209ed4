//! The calendar over microseconds since the epoch, by arithmetic alone: any 64-bit number is a
//! date, however far.

const DAY: i64 = 86_400_000_000;

/// Days since the epoch and microseconds into the day.
pub(crate) fn split(micros: i64) -> (i64, i64) {
    (micros.div_euclid(DAY), micros.rem_euclid(DAY))
}

/// Year, month (1 to 12) and day (1 to 31) of a number of days since the epoch.
pub(crate) fn date(days: i64) -> (i64, i64, i64) {
    // Eras of 400 years, counted from 1 March of year 0.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Days since the epoch of a date.
pub(crate) fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// 0 = Sunday.
pub(crate) fn weekday(days: i64) -> i64 {
    (days + 4).rem_euclid(7)
}

/// 1 to 366.
pub(crate) fn day_of_year(day: i64) -> i64 {
    let (year, _, _) = date(day);
    day - days(year, 1, 1) + 1
}

/// A part of a time, as `extract_time` gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Day,
    DayOfWeek,
    DayOfYear,
    Hour,
    Microsecond,
    Millisecond,
    Minute,
    Month,
    Quarter,
    Second,
    Year,
}

impl Part {
    pub(crate) fn parse(name: &str) -> Option<Part> {
        Some(match name.to_uppercase().as_str() {
            "DAY" => Part::Day,
            "DAYOFWEEK" => Part::DayOfWeek,
            "DAYOFYEAR" => Part::DayOfYear,
            "HOUR" => Part::Hour,
            "MICROSECOND" => Part::Microsecond,
            "MILLISECOND" => Part::Millisecond,
            "MINUTE" => Part::Minute,
            "MONTH" => Part::Month,
            "QUARTER" => Part::Quarter,
            "SECOND" => Part::Second,
            "YEAR" => Part::Year,
            _ => return None,
        })
    }

    pub(crate) fn of(self, micros: i64) -> i64 {
        let (day, within) = split(micros);
        match self {
            Part::Day => date(day).2,
            // Sunday is 1.
            Part::DayOfWeek => weekday(day) + 1,
            Part::DayOfYear => day_of_year(day),
            Part::Hour => within / 3_600_000_000,
            Part::Microsecond => within % 1_000_000,
            Part::Millisecond => within % 1_000_000 / 1_000,
            Part::Minute => within / 60_000_000 % 60,
            Part::Month => date(day).1,
            Part::Quarter => (date(day).1 - 1) / 3 + 1,
            Part::Second => within / 1_000_000 % 60,
            Part::Year => date(day).0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_go_there_and_back() {
        assert_eq!(date(0), (1970, 1, 1));
        assert_eq!(date(-1), (1969, 12, 31));
        assert_eq!(date(19_782), (2024, 2, 29));
        assert_eq!(weekday(0), 4); // a Thursday
        for day in (-1_000_000..1_000_000).step_by(37) {
            let (year, month, dom) = date(day);
            assert_eq!(days(year, month, dom), day);
            let theirs = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().days(day));
            if let Ok(theirs) = theirs {
                let own = (i64::from(theirs.year()), i64::from(theirs.month()), i64::from(theirs.day()));
                assert_eq!((year, month, dom), own);
                assert_eq!(i64::from(theirs.day_of_year()), day_of_year(day));
            }
        }
    }

    #[test]
    fn the_ends_of_time_are_dates() {
        for micros in [i64::MIN, i64::MAX] {
            for part in [Part::Year, Part::DayOfYear, Part::DayOfWeek, Part::Microsecond] {
                part.of(micros);
            }
        }
    }
}
