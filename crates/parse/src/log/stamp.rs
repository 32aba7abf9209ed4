//! Times as logs write them.

use super::Context;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use vedette_event::Time;

/// A time without a year is not later than this after it was read, in microseconds: clocks differ.
const AHEAD: i64 = 86_400 * 1_000_000;
/// 29 February may be this many years back.
const LEAP: i16 = 8;

/// ISO 8601 with an offset, with or without a colon in it.
pub(crate) fn iso(text: &str) -> Option<Time> {
    if !text.as_bytes().first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let stamp: jiff::Timestamp = text.parse().ok()?;
    Some(Time(stamp.as_microsecond()))
}

/// Seconds since 1970 with a fraction: `1588205199.82437`.
pub(crate) fn epoch(text: &str) -> Option<Time> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i64 = whole.parse().ok()?;
    if !part.bytes().all(|byte| byte.is_ascii_digit()) || !(0..=253_402_300_799).contains(&seconds) {
        return None;
    }
    let digits: String = part.chars().chain("000000".chars()).take(6).collect();
    Some(Time(seconds * 1_000_000 + digits.parse::<i64>().ok()?))
}

/// A date and time in a zone.
pub(crate) fn local(at: DateTime, zone: &TimeZone) -> Option<Time> {
    let stamp = zone.to_ambiguous_timestamp(at).compatible().ok()?;
    Some(Time(stamp.as_microsecond()))
}

/// The head of a syslog line: its time, the host where there is one, and the rest.
///
/// RFC 3164 (`Mar 15 20:55:15 host …`), RFC 5424 and ISO forms (`2015-03-07T05:09:30+02:00 host`),
/// each with or without a priority; and that of Proxmox (`0 3 CHAIN 20/Jun/2022:13:09:14 +0200`).
pub(crate) fn syslog<'a>(line: &'a str, context: &Context) -> Option<(Time, &'a str, &'a str)> {
    let line = line.trim_start_matches('\u{feff}').trim_start();
    let line = match line.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        Some((priority, rest)) if priority.bytes().all(|byte| byte.is_ascii_digit()) => rest.trim_start(),
        _ => line,
    };
    let line =
        line.strip_prefix("1 ").filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(line);
    let (first, rest) = line.split_once(' ')?;
    if let Some(time) = iso(first) {
        let (host, rest) = host(rest);
        return Some((time, host, rest));
    }
    if let Some((time, rest)) = bsd(line, context) {
        let (host, rest) = host(rest);
        return Some((time, host, rest));
    }
    proxmox(line).map(|(time, rest)| (time, "", rest))
}

/// A first word that names no program (`kernel:`) and no rule is the host.
fn host(rest: &str) -> (&str, &str) {
    let rest = rest.trim_start();
    match rest.split_once(' ') {
        Some((word, rest)) if !word.ends_with(':') && !word.contains(['[', '=']) => (word, rest),
        _ => ("", rest),
    }
}

/// `Mar 15 20:55:15 `, sometimes with the year behind the day.
fn bsd<'a>(line: &'a str, context: &Context) -> Option<(Time, &'a str)> {
    let mut rest = line;
    let mut word = || {
        rest = rest.trim_start();
        let (word, after) = rest.split_once(' ')?;
        rest = after;
        Some(word)
    };
    let month = month(word()?)?;
    let day: i8 = word()?.parse().ok()?;
    let mut clock = word()?;
    let year: Option<i16> = clock.parse().ok().filter(|year| (1970..=9999).contains(year));
    if year.is_some() {
        clock = word()?;
    }
    let clock: jiff::civil::Time = clock.parse().ok()?;
    let at =
        |year: i16| local(jiff::civil::Date::new(year, month, day).ok()?.to_datetime(clock), &context.zone);
    if let Some(year) = year {
        return Some((at(year)?, rest));
    }
    let this = jiff::Timestamp::from_microsecond(context.now.0).ok()?.to_zoned(context.zone.clone()).year();
    let last = context.now.plus(AHEAD);
    let years = (0..=LEAP).map(|back| this.saturating_add(1).saturating_sub(back));
    let time = years.filter_map(at).find(|time| *time <= last)?;
    Some((time, rest))
}

fn month(name: &str) -> Option<i8> {
    const NAMES: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let position = NAMES.iter().position(|known| *known == name)?;
    i8::try_from(position + 1).ok()
}

/// `0 3 PVEFW-HOST-IN 20/Jun/2022:13:09:14 +0200 …`
fn proxmox(line: &str) -> Option<(Time, &str)> {
    let words: Vec<&str> = line.splitn(6, ' ').collect();
    let [_, _, _, date, offset, rest] = words[..] else { return None };
    let stamp = jiff::fmt::strtime::parse("%d/%b/%Y:%H:%M:%S %z", format!("{date} {offset}")).ok()?;
    let stamp = stamp.to_timestamp().ok()?;
    Some((Time(stamp.as_microsecond()), rest))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::log::testing::NOW;

    fn read(line: &str) -> Option<(String, String, String)> {
        let context = Context { zone: TimeZone::UTC, now: NOW, origin: String::new() };
        syslog(line, &context).map(|(time, host, rest)| (time.rfc3339(), host.to_owned(), rest.to_owned()))
    }

    #[test]
    fn every_head_is_read() {
        for (line, time, host) in [
            ("Mar 15 20:55:15 fw kernel: x", "2026-03-15T20:55:15.000000Z", "fw"),
            ("Nov 24 13:00:00 fw kernel: x", "2026-11-24T13:00:00.000000Z", "fw"),
            ("Dec 20 20:10:01 fw kernel: x", "2025-12-20T20:10:01.000000Z", "fw"),
            ("Feb 29 01:02:03 fw kernel: x", "2024-02-29T01:02:03.000000Z", "fw"),
            ("<4>Jan  8 03:37:09 kernel: x", "2026-01-08T03:37:09.000000Z", ""),
            ("Jan 8 2019 03:37:09 fw kernel: x", "2019-01-08T03:37:09.000000Z", "fw"),
            ("2015-03-07T05:09:30.045015+02:00 fw kernel: x", "2015-03-07T03:09:30.045015Z", "fw"),
            ("2015-03-07T05:09:30+0200 fw kernel: x", "2015-03-07T03:09:30.000000Z", "fw"),
            ("<6>1 2021-03-12T14:10:18Z fw kernel - - - x", "2021-03-12T14:10:18.000000Z", "fw"),
            ("0 3 PVEFW-HOST-IN 20/Jun/2022:13:09:14 +0200 x", "2022-06-20T11:09:14.000000Z", ""),
        ] {
            let read = read(line);
            let (have, who, _) = read.unwrap_or_default();
            assert_eq!((have.as_str(), who.as_str()), (time, host), "{line}");
        }
        for line in
            ["", " ", "IN=eth0", "Foo 1 00:00:00 x", "Jan 40 00:00:00 x", "Feb 30 01:02:03 h x", "<x>"]
        {
            assert_eq!(read(line), None, "{line}");
        }
    }

    #[test]
    fn seconds_keep_their_microseconds() {
        assert_eq!(epoch("1588205199.82437"), Some(Time(1_588_205_199_824_370)));
        assert_eq!(epoch("1588205199"), Some(Time(1_588_205_199_000_000)));
        for bad in ["", "x", "-1", "1.x", "99999999999999999999", "9999999999999"] {
            assert_eq!(epoch(bad), None, "{bad}");
        }
    }
}
