//! `parse_timestamp` and `parse_epoch`: a text read by the codes of a format. Blanks in the format
//! stand for any number of blanks, also none. What does not fit is null; what the format leaves
//! out is that of 1970-01-01 00:00:00.

use super::calendar::{date, days};
use super::format::{DAYS, Format, Item, MONTHS};
use super::zone::Zone;
use super::{Planned, number, unit, zone};
use crate::functions::Call;
use crate::kernel::{self, Kernel, map_text, texts};
use crate::types::time_type;
use arrow::array::{ArrayRef, TimestampMicrosecondArray};
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::ColumnarValue;
use std::sync::{Arc, OnceLock};

pub(super) fn plan_timestamp(call: &Call<'_>) -> Planned {
    plan(call, zone(call, 2)?)
}

/// Of the two settings behind the text, a single one may be either.
pub(super) fn plan_epoch(call: &Call<'_>) -> Planned {
    let unit_first = call.count() == 3 && unit(call, 2).is_ok();
    let (zone, unit) = match unit_first {
        true => ("UTC".to_owned(), unit(call, 2)?),
        false => (zone(call, 2)?, unit(call, 3)?),
    };
    let time = plan(call, zone)?;
    Ok(kernel::call(&super::TO_EPOCH, vec![time, number(unit, call)], call.span))
}

fn plan(call: &Call<'_>, zone: String) -> Planned {
    let format = call.fixed_text(0)?;
    if let Err(why) = Format::parse(&format) {
        return Err(call.bad(call.syntax(0)?.span, why));
    }
    let args = vec![call.text(1)?, call.literal(format), call.literal(zone)];
    Ok(kernel::call(ParseTimestamp::default(), args, call.span))
}

/// Arguments: text, format, zone.
#[derive(Debug, Default)]
struct ParseTimestamp(OnceLock<Option<(Format, Zone)>>);

impl Kernel for ParseTimestamp {
    fn name(&self) -> &'static str {
        "parse_timestamp"
    }

    fn returns(&self, _: &[DataType]) -> DataType {
        time_type()
    }

    fn run(&self, args: &[ColumnarValue], _: usize) -> Result<ColumnarValue> {
        let (format, zone) = (texts(&args[1])?, texts(&args[2])?);
        let made =
            self.0.get_or_init(|| Some((Format::parse(format.get(0)?).ok()?, Zone::parse(zone.get(0)?)?)));
        map_text(&args[0], None, |texts| {
            let time = |text: &str| made.as_ref().and_then(|(format, zone)| parse(format, zone, text));
            let times: TimestampMicrosecondArray = texts.iter().map(|text| text.and_then(time)).collect();
            Ok(Arc::new(times.with_timezone("UTC")) as ArrayRef)
        })
    }
}

/// What has been read of a text.
struct Fields {
    year: i64,
    century: Option<i64>,
    month: i64,
    day: i64,
    day_of_year: Option<i64>,
    hour: i64,
    afternoon: Option<bool>,
    minute: i64,
    /// Microseconds.
    second: i64,
    epoch: Option<i64>,
    zone: Option<Zone>,
}

/// The moment that a text names, in microseconds.
fn parse(format: &Format, zone: &Zone, text: &str) -> Option<i64> {
    let mut fields = Fields {
        year: 1970,
        century: None,
        month: 1,
        day: 1,
        day_of_year: None,
        hour: 0,
        afternoon: None,
        minute: 0,
        second: 0,
        epoch: None,
        zone: None,
    };
    let mut text = Text(text.trim_start());
    for item in &format.items {
        fields.read(item, &mut text)?;
    }
    text.0.trim_end().is_empty().then(|| fields.moment(zone))?
}

impl Fields {
    fn read(&mut self, item: &Item, text: &mut Text<'_>) -> Option<()> {
        match item {
            Item::Text(wanted) => text.literal(wanted)?,
            Item::Year => self.year = text.signed(4)?,
            Item::ShortYear => {
                let year = text.number(2)?;
                self.year = year + if year < 69 { 2000 } else { 1900 };
            }
            Item::Century => self.century = Some(text.number(2)?),
            Item::Month => self.month = text.number(2)?,
            Item::MonthName | Item::ShortMonthName => self.month = text.name(&MONTHS)? + 1,
            Item::Day | Item::DayPadded => self.day = text.number(2)?,
            Item::DayOfYear => self.day_of_year = Some(text.number(3)?),
            Item::Hour | Item::HourPadded => self.hour = text.number(2)?,
            Item::Hour12 | Item::Hour12Padded => {
                self.hour = text.number(2).filter(|hour| (1..=12).contains(hour))? % 12;
                self.afternoon.get_or_insert(false);
            }
            Item::Minute => self.minute = text.number(2)?,
            Item::Second | Item::SecondDigits(0) => self.second = text.number(2)? * 1_000_000,
            Item::SecondDigits(digits) => self.second = text.seconds(*digits)?,
            Item::SecondAll => self.second = text.seconds(usize::MAX)?,
            Item::AmPm | Item::AmPmLower => self.afternoon = Some(text.name(&["am", "pm"])? == 1),
            Item::Weekday | Item::ShortWeekday => drop(text.name(&DAYS)?),
            Item::WeekdayFromMonday | Item::WeekdayFromSunday | Item::Quarter => drop(text.number(1)?),
            Item::WeekFromSunday | Item::WeekFromMonday | Item::IsoWeek => drop(text.number(2)?),
            Item::IsoYear => drop(text.number(4)?),
            Item::Epoch => self.epoch = Some(text.signed(12)?.checked_mul(1_000_000)?),
            Item::ZoneName | Item::Offset | Item::OffsetColon => self.zone = Some(text.zone()?),
        }
        Some(())
    }

    fn moment(&self, zone: &Zone) -> Option<i64> {
        if let Some(epoch) = self.epoch {
            return Some(epoch);
        }
        let year = match self.century {
            Some(century) => century * 100 + self.year.rem_euclid(100),
            None => self.year,
        };
        let day = match self.day_of_year {
            Some(day) => days(year, 1, 1) + day - 1,
            None => days(year, self.month, self.day),
        };
        let asked = (year, self.month, self.day);
        let exists = match self.day_of_year {
            Some(of_year) => of_year > 0 && date(day).0 == year,
            None => (1..=12).contains(&self.month) && date(day) == asked,
        };
        let hour = if self.afternoon == Some(true) && self.hour < 12 { self.hour + 12 } else { self.hour };
        // Second 60 is a leap second: the first of the next minute.
        if !exists || hour > 23 || self.minute > 59 || self.second > 60_999_999 {
            return None;
        }
        let local = ((day * 24 + hour) * 60 + self.minute) * 60_000_000 + self.second;
        Some(self.zone.as_ref().unwrap_or(zone).to_utc(local))
    }
}

/// What is left of a text.
struct Text<'t>(&'t str);

impl<'t> Text<'t> {
    fn literal(&mut self, wanted: &str) -> Option<()> {
        for next in wanted.chars() {
            match next.is_whitespace() {
                true => self.0 = self.0.trim_start(),
                false => self.0 = self.0.strip_prefix(next)?,
            }
        }
        Some(())
    }

    /// Up to so many digits, at least one; blanks before them do not count.
    fn number(&mut self, most: usize) -> Option<i64> {
        self.0 = self.0.trim_start();
        let digits = self.0.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.0.split_at(digits);
        self.0 = rest;
        number.parse().ok()
    }

    fn signed(&mut self, most: usize) -> Option<i64> {
        match self.0.strip_prefix('-') {
            Some(rest) => {
                self.0 = rest;
                Some(-self.number(most)?)
            }
            None => self.number(most),
        }
    }

    /// Seconds with up to so many digits behind the point, in microseconds.
    fn seconds(&mut self, most: usize) -> Option<i64> {
        let whole = self.number(2)? * 1_000_000;
        let Some(rest) = self.0.strip_prefix(['.', ',']) else { return Some(whole) };
        let digits = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (fraction, rest) = rest.split_at(digits);
        self.0 = rest;
        let padded: String = fraction.chars().chain("000000".chars()).take(6).collect();
        Some(whole + padded.parse::<i64>().ok()?)
    }

    /// One of the names, whole or its first three letters, in any case; gives its place.
    fn name(&mut self, names: &[&str]) -> Option<i64> {
        self.0 = self.0.trim_start();
        let begins =
            |name: &str| self.0.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name));
        let (at, length) = names.iter().enumerate().find_map(|(at, name)| {
            let short = &name[..name.len().min(3)];
            [*name, short].iter().find(|name| begins(name)).map(|name| (at, name.len()))
        })?;
        self.0 = &self.0[length..];
        i64::try_from(at).ok()
    }

    /// `+0100`, `+01:00`, `Z`, `UTC`, `Europe/Vienna`.
    fn zone(&mut self) -> Option<Zone> {
        self.0 = self.0.trim_start();
        let of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '+' | '-' | ':');
        let end = self.0.find(|c| !of_name(c)).unwrap_or(self.0.len());
        let (name, rest) = self.0.split_at(end);
        self.0 = rest;
        if name.eq_ignore_ascii_case("gmt") { Some(Zone::Utc) } else { Zone::parse(name) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vedette_event::Time;

    fn read(format: &str, text: &str, zone: &str) -> Option<String> {
        let zone = Zone::parse(zone).unwrap_or(Zone::Utc);
        parse(&Format::parse(format).ok()?, &zone, text).map(|micros| Time(micros).rfc3339())
    }

    #[test]
    fn texts_are_read_by_their_format() {
        for (format, text, wanted) in [
            ("%Y-%m-%d %H:%M:%S", "2024-02-29 13:30:05", "2024-02-29T13:30:05.000000Z"),
            ("%Y-%m-%d %H:%M:%S ", "2024-12-06 00:00:00", "2024-12-06T00:00:00.000000Z"),
            ("%FT%H:%M:%E*SZ", "2024-02-29T13:30:05.1234567Z", "2024-02-29T13:30:05.123456Z"),
            ("%F %H:%M:%E3S", "2024-02-29 13:30:05.123", "2024-02-29T13:30:05.123000Z"),
            ("%b %d %Y %I:%M %p", "FEB 9 2024 12:05 am", "2024-02-09T00:05:00.000000Z"),
            ("%A, %d %B %Y %l:%M %p", "Thursday, 29 February 2024  1:30 PM", "2024-02-29T13:30:00.000000Z"),
            ("%Y-%m-%dT%H:%M:%S%Ez", "2024-02-29T13:30:05+02:00", "2024-02-29T11:30:05.000000Z"),
            ("%c %z", "Thu Feb 29 13:30:05 2024 -0530", "2024-02-29T19:00:05.000000Z"),
            ("%Y-%j", "2024-060", "2024-02-29T00:00:00.000000Z"),
            ("%s", "1709213405", "2024-02-29T13:30:05.000000Z"),
            ("%d/%m/%y", "1/2/69", "1969-02-01T00:00:00.000000Z"),
            ("%H:%M", " 7:05 ", "1970-01-01T07:05:00.000000Z"),
            ("%F %T", "2016-12-31 23:59:60", "2017-01-01T00:00:00.000000Z"),
        ] {
            assert_eq!(read(format, text, "UTC").as_deref(), Some(wanted), "{format}");
        }
        assert_eq!(
            read("%F %R", "2024-07-01 12:00", "America/New_York").as_deref(),
            Some("2024-07-01T16:00:00.000000Z")
        );
    }

    #[test]
    fn what_does_not_fit_is_nothing() {
        for (format, text) in [
            ("%F", "2023-02-29"),
            ("%F", "2023-13-01"),
            ("%F", "2023-01-01 x"),
            ("%F", ""),
            ("%T", "24:00:00"),
            ("%I:%M", "13:00"),
            ("%b", "Foo"),
            ("%b", "é"),
            ("%j", "366"),
            ("%Ez", "+99:00"),
            ("%s", "999999999999999999"),
            ("%Y-%m-%d", "2024/02/29"),
        ] {
            assert_eq!(read(format, text, "UTC"), None, "{format} {text}");
        }
    }
}
