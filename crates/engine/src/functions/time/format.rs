//! Formats of times: the codes of strftime with the extensions XQL shares with BigQuery
//! (`%E3S` seconds with three digits behind the point, `%E*S` with as many as there are, `%Ez` the
//! offset with a colon).

use super::calendar::{date, day_of_year, split, weekday};
use super::zone::Zone;
use std::fmt::Write;
use std::ops::Range;

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// A part of a format.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    Text(String),
    Year,
    /// Two digits.
    ShortYear,
    Century,
    Month,
    MonthName,
    ShortMonthName,
    Day,
    /// With a blank instead of a zero.
    DayPadded,
    DayOfYear,
    Hour,
    HourPadded,
    Hour12,
    Hour12Padded,
    Minute,
    Second,
    /// Seconds with so many digits behind the point.
    SecondDigits(usize),
    /// Seconds with as many digits as there are.
    SecondAll,
    AmPm,
    AmPmLower,
    Weekday,
    ShortWeekday,
    /// Monday is 1, Sunday 7.
    WeekdayFromMonday,
    /// Sunday is 0.
    WeekdayFromSunday,
    /// Week of the year, weeks beginning on Sunday.
    WeekFromSunday,
    WeekFromMonday,
    IsoWeek,
    IsoYear,
    Quarter,
    Epoch,
    ZoneName,
    /// `+0100`
    Offset,
    /// `+01:00`
    OffsetColon,
}

/// A format that was read.
#[derive(Clone, Debug)]
pub(crate) struct Format {
    pub(crate) items: Vec<Item>,
}

impl Format {
    /// Reads a format; the error is a sentence that names the code nobody knows.
    pub(crate) fn parse(text: &str) -> Result<Format, String> {
        let mut items = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('%') {
            push_text(&mut items, &rest[..at]);
            let code = &rest[at + 1..];
            let length = code_items(code, &mut items)
                .ok_or_else(|| format!("`%{}` is no code of a time format", shown(code)))?;
            rest = &code[length..];
        }
        push_text(&mut items, rest);
        Ok(Format { items })
    }

    /// Appends a time.
    pub(crate) fn write(&self, micros: i64, zone: &Zone, out: &mut String) {
        let offset = zone.offset(micros);
        let local = micros.saturating_add(i64::from(offset) * SECOND);
        let clock = Clock::new(micros, local, offset);
        for item in &self.items {
            // Writing to a string cannot fail.
            let _ = clock.write(item, zone, out);
        }
    }

    /// Around `micros`: where the text is surely the same, if that is known.
    pub(crate) fn unchanged(&self, micros: i64, zone: &Zone) -> Range<i64> {
        if !matches!(zone, Zone::Utc) {
            return 0..0;
        }
        let unit = self.items.iter().map(Item::unit).min().unwrap_or(DAY);
        let start = micros.div_euclid(unit).saturating_mul(unit);
        start..start.saturating_add(unit)
    }
}

impl Item {
    /// For how long a part stays as it is, in microseconds.
    fn unit(&self) -> i64 {
        match self {
            Item::SecondDigits(_) | Item::SecondAll => 1,
            Item::Second | Item::Epoch => SECOND,
            Item::Minute => 60 * SECOND,
            Item::Hour | Item::HourPadded | Item::Hour12 | Item::Hour12Padded => 3600 * SECOND,
            Item::AmPm | Item::AmPmLower => 3600 * SECOND,
            _ => DAY,
        }
    }
}

fn push_text(items: &mut Vec<Item>, text: &str) {
    if text.is_empty() {
        return;
    }
    match items.last_mut() {
        Some(Item::Text(before)) => before.push_str(text),
        _ => items.push(Item::Text(text.to_owned())),
    }
}

fn shown(code: &str) -> String {
    code.chars().take(2).collect()
}

/// Reads one code, without its `%`; gives its length.
fn code_items(code: &str, items: &mut Vec<Item>) -> Option<usize> {
    if let Some(rest) = code.strip_prefix('E') {
        return extended(rest, items).map(|length| length + 1);
    }
    if code.starts_with(":z") {
        items.push(Item::OffsetColon);
        return Some(2);
    }
    let letter = code.chars().next()?;
    let item = match letter {
        'Y' => Item::Year,
        'y' => Item::ShortYear,
        'C' => Item::Century,
        'm' => Item::Month,
        'B' => Item::MonthName,
        'b' | 'h' => Item::ShortMonthName,
        'd' => Item::Day,
        'e' => Item::DayPadded,
        'j' => Item::DayOfYear,
        'H' => Item::Hour,
        'k' => Item::HourPadded,
        'I' => Item::Hour12,
        'l' => Item::Hour12Padded,
        'M' => Item::Minute,
        'S' => Item::Second,
        'p' => Item::AmPm,
        'P' => Item::AmPmLower,
        'A' => Item::Weekday,
        'a' => Item::ShortWeekday,
        'u' => Item::WeekdayFromMonday,
        'w' => Item::WeekdayFromSunday,
        'U' => Item::WeekFromSunday,
        'W' => Item::WeekFromMonday,
        'V' => Item::IsoWeek,
        'G' => Item::IsoYear,
        'Q' => Item::Quarter,
        's' => Item::Epoch,
        'Z' => Item::ZoneName,
        'z' => Item::Offset,
        _ => return shorthand(letter, items),
    };
    items.push(item);
    Some(1)
}

/// Codes that stand for several others, or for a character.
fn shorthand(letter: char, items: &mut Vec<Item>) -> Option<usize> {
    let long = match letter {
        'F' => "%Y-%m-%d",
        'T' | 'X' => "%H:%M:%S",
        'R' => "%H:%M",
        'D' | 'x' => "%m/%d/%y",
        'r' => "%I:%M:%S %p",
        'c' => "%a %b %e %H:%M:%S %Y",
        '%' => {
            push_text(items, "%");
            return Some(1);
        }
        'n' => {
            push_text(items, "\n");
            return Some(1);
        }
        't' => {
            push_text(items, "\t");
            return Some(1);
        }
        _ => return None,
    };
    for item in Format::parse(long).ok()?.items {
        match item {
            Item::Text(text) => push_text(items, &text),
            other => items.push(other),
        }
    }
    Some(1)
}

/// What may follow `%E`.
fn extended(code: &str, items: &mut Vec<Item>) -> Option<usize> {
    let bytes = code.as_bytes();
    match bytes {
        [b'z', ..] => {
            items.push(Item::OffsetColon);
            Some(1)
        }
        [b'4', b'Y', ..] => {
            items.push(Item::Year);
            Some(2)
        }
        [b'*', b'S', ..] => {
            items.push(Item::SecondAll);
            Some(2)
        }
        [digit @ b'0'..=b'9', b'S', ..] => {
            items.push(Item::SecondDigits(usize::from(digit - b'0')));
            Some(2)
        }
        _ => None,
    }
}

/// A moment taken apart.
struct Clock {
    micros: i64,
    offset: i32,
    days: i64,
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    /// Microseconds of the second.
    fraction: i64,
}

impl Clock {
    fn new(micros: i64, local: i64, offset: i32) -> Clock {
        let (days, within) = split(local);
        let (year, month, day) = date(days);
        Clock {
            micros,
            offset,
            days,
            year,
            month,
            day,
            hour: within / (3600 * SECOND),
            minute: within / (60 * SECOND) % 60,
            second: within / SECOND % 60,
            fraction: within % SECOND,
        }
    }

    fn write(&self, item: &Item, zone: &Zone, out: &mut String) -> std::fmt::Result {
        match item {
            Item::Text(text) => out.write_str(text),
            Item::Year => write!(out, "{:04}", self.year),
            Item::ShortYear => write!(out, "{:02}", self.year.rem_euclid(100)),
            Item::Century => write!(out, "{:02}", self.year.div_euclid(100)),
            Item::Month => write!(out, "{:02}", self.month),
            Item::MonthName => out.write_str(name(&MONTHS, self.month - 1)),
            Item::ShortMonthName => out.write_str(&name(&MONTHS, self.month - 1)[..3]),
            Item::Day => write!(out, "{:02}", self.day),
            Item::DayPadded => write!(out, "{:2}", self.day),
            Item::DayOfYear => write!(out, "{:03}", day_of_year(self.days)),
            Item::Hour => write!(out, "{:02}", self.hour),
            Item::HourPadded => write!(out, "{:2}", self.hour),
            Item::Hour12 => write!(out, "{:02}", self.hour12()),
            Item::Hour12Padded => write!(out, "{:2}", self.hour12()),
            Item::Minute => write!(out, "{:02}", self.minute),
            Item::Second => write!(out, "{:02}", self.second),
            Item::SecondDigits(digits) => self.write_fraction(*digits, out),
            Item::SecondAll => self.write_all_digits(out),
            Item::AmPm => out.write_str(if self.hour < 12 { "AM" } else { "PM" }),
            Item::AmPmLower => out.write_str(if self.hour < 12 { "am" } else { "pm" }),
            Item::Weekday => out.write_str(name(&DAYS, weekday(self.days))),
            Item::ShortWeekday => out.write_str(&name(&DAYS, weekday(self.days))[..3]),
            Item::WeekdayFromMonday => write!(out, "{}", (weekday(self.days) + 6) % 7 + 1),
            Item::WeekdayFromSunday => write!(out, "{}", weekday(self.days)),
            Item::WeekFromSunday => {
                write!(out, "{:02}", (day_of_year(self.days) + 6 - weekday(self.days)) / 7)
            }
            Item::WeekFromMonday => {
                write!(out, "{:02}", (day_of_year(self.days) + 6 - (weekday(self.days) + 6) % 7) / 7)
            }
            Item::IsoWeek => write!(out, "{:02}", self.iso().1),
            Item::IsoYear => write!(out, "{:04}", self.iso().0),
            Item::Quarter => write!(out, "{}", (self.month - 1) / 3 + 1),
            Item::Epoch => write!(out, "{}", self.micros.div_euclid(SECOND)),
            Item::ZoneName => out.write_str(&zone.abbreviation(self.micros)),
            Item::Offset => self.write_offset("", out),
            Item::OffsetColon => self.write_offset(":", out),
        }
    }

    fn hour12(&self) -> i64 {
        (self.hour + 11) % 12 + 1
    }

    /// Year and week as ISO 8601 counts them: the week belongs to the year of its Thursday.
    fn iso(&self) -> (i64, i64) {
        let thursday = self.days - (weekday(self.days) + 6) % 7 + 3;
        (date(thursday).0, (day_of_year(thursday) - 1) / 7 + 1)
    }

    fn write_fraction(&self, digits: usize, out: &mut String) -> std::fmt::Result {
        write!(out, "{:02}", self.second)?;
        if digits == 0 {
            return Ok(());
        }
        let nine = format!("{:06}000", self.fraction);
        write!(out, ".{}", &nine[..digits])
    }

    fn write_all_digits(&self, out: &mut String) -> std::fmt::Result {
        write!(out, "{:02}", self.second)?;
        if self.fraction == 0 {
            return Ok(());
        }
        let six = format!("{:06}", self.fraction);
        write!(out, ".{}", six.trim_end_matches('0'))
    }

    fn write_offset(&self, between: &str, out: &mut String) -> std::fmt::Result {
        let sign = if self.offset < 0 { '-' } else { '+' };
        let minutes = self.offset.abs() / 60;
        write!(out, "{sign}{:02}{between}{:02}", minutes / 60, minutes % 60)
    }
}

fn name(names: &[&'static str], index: i64) -> &'static str {
    usize::try_from(index).ok().and_then(|index| names.get(index).copied()).unwrap_or("???")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown_at(format: &str, micros: i64, zone: &str) -> String {
        let mut out = String::new();
        if let (Ok(format), Some(zone)) = (Format::parse(format), Zone::parse(zone)) {
            format.write(micros, &zone, &mut out);
        }
        out
    }

    const TIME: i64 = 1_709_213_405_120_000; // Thursday, 2024-02-29T13:30:05.120Z

    #[test]
    fn every_code_writes_its_part() {
        for (format, text) in [
            ("%Y-%m-%d %H:%M:%S", "2024-02-29 13:30:05"),
            ("%F %T", "2024-02-29 13:30:05"),
            ("%c", "Thu Feb 29 13:30:05 2024"),
            ("%A %a %B %b %h", "Thursday Thu February Feb Feb"),
            ("%I:%M %p %P|%k|%l", "01:30 PM pm|13| 1"),
            ("%E3S %E*S %E0S %E9S", "05.120 05.12 05 05.120000000"),
            ("%z %:z %Ez %Z", "+0000 +00:00 +00:00 UTC"),
            ("%j %u %w %U %W %V %G %Q %C %y %s", "060 4 4 08 09 09 2024 1 20 24 1709213405"),
            ("%D %R %r %e%%%n%t", "02/29/24 13:30 01:30:05 PM 29%\n\t"),
            ("day – %d", "day – 29"),
        ] {
            assert_eq!(shown_at(format, TIME, "UTC"), text, "{format}");
        }
    }

    #[test]
    fn zones_move_the_clock() {
        assert_eq!(shown_at("%F %R %Ez", TIME, "+12"), "2024-03-01 01:30 +12:00");
        assert_eq!(shown_at("%F %R %z", TIME, "-03:30"), "2024-02-29 10:00 -0330");
    }

    #[test]
    fn unknown_codes_are_named() {
        for (format, code) in [("%q", "%q"), ("at %", "%"), ("%E", "%E"), ("%Eé", "%Eé"), ("%E3", "%E3")] {
            let error = Format::parse(format).err().unwrap_or_default();
            assert!(error.contains(&format!("`{code}`")), "{format}: {error}");
        }
    }

    #[test]
    fn a_text_stays_the_same_as_long_as_it_says() {
        for format in ["%F", "%F %H", "%R", "%T", "%E3S", "%s", "text"] {
            let format = Format::parse(format).unwrap_or(Format { items: Vec::new() });
            let zone = Zone::Utc;
            let write = |micros| {
                let mut out = String::new();
                format.write(micros, &zone, &mut out);
                out
            };
            let same = format.unchanged(TIME, &zone);
            assert!(same.contains(&TIME));
            assert_eq!(write(same.start), write(TIME));
            assert_eq!(write(same.end - 1), write(TIME));
        }
    }
}
