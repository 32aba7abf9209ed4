//! Time frames: `24h`, `"-7d"`, `"begin"`, `"now"`, `"2021-04-01 09:00:00 -0200"`.

use crate::ast::{Duration, Span, TimePoint, TimeUnit, Timeframe};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::lexer::clip;

/// One text is a length back from now, two are the bounds of a range.
pub(crate) fn read(texts: &[(String, Span)]) -> Result<Timeframe, Diagnostic> {
    match texts {
        [(text, span)] => duration(text).map(Timeframe::Last).ok_or_else(|| {
            bad(*span, &format!("`{}` is not a time frame", clip(text)), "for example: timeframe = 24h")
        }),
        [(start, start_span), (end, end_span)] => {
            let from = point(start).ok_or_else(|| bad_point(*start_span, start))?;
            let to = point(end).ok_or_else(|| bad_point(*end_span, end))?;
            if let (TimePoint::At(a), TimePoint::At(b)) = (&from, &to)
                && a > b
            {
                let message = "the time frame ends before it begins";
                return Err(bad(*end_span, message, "write the earlier time first"));
            }
            Ok(Timeframe::Between(from, to))
        }
        _ => Err(bad(
            texts.first().map_or(Span::default(), |(_, span)| *span),
            "a time frame has one length or two bounds",
            "for example: timeframe = 24h",
        )),
    }
}

fn bad(span: Span, message: &str, help: &str) -> Diagnostic {
    Diagnostic::error(codes::BAD_TIMEFRAME, span, message)
        .with_help(format!("{help}; units are s, m (minutes), h, d, w, mo (months), y"))
}

fn bad_point(span: Span, text: &str) -> Diagnostic {
    bad(
        span,
        &format!("`{}` is not a time", clip(text)),
        "write \"-7d\", \"now\", \"begin\" or \"2026-01-31 09:00:00 +0100\"",
    )
}

/// `24h`
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let amount = text[..digits].parse().ok()?;
    let unit = match text[digits..].to_ascii_lowercase().as_str() {
        "ms" => TimeUnit::Millisecond,
        "s" => TimeUnit::Second,
        "m" => TimeUnit::Minute,
        "h" => TimeUnit::Hour,
        "d" => TimeUnit::Day,
        "w" => TimeUnit::Week,
        "mo" => TimeUnit::Month,
        "y" => TimeUnit::Year,
        _ => return None,
    };
    Some(Duration { amount, unit })
}

/// The unit that a word such as `hours` or `H` means.
pub(crate) fn unit_of_word(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    let singular = word.strip_suffix('s').filter(|rest| rest.len() > 1).unwrap_or(&word);
    Some(match singular {
        "s" | "sec" | "second" => "s",
        "m" | "min" | "minute" => "m",
        "h" | "hr" | "hour" => "h",
        "d" | "day" => "d",
        "w" | "week" => "w",
        "mo" | "month" => "mo",
        "y" | "year" => "y",
        _ => return None,
    })
}

/// A bound: without a sign a length goes back from now.
fn point(text: &str) -> Option<TimePoint> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("now") {
        return Some(TimePoint::Now);
    }
    if text.eq_ignore_ascii_case("begin") {
        return Some(TimePoint::Begin);
    }
    if let Some(ahead) = text.strip_prefix('+') {
        return duration(ahead).map(TimePoint::Ahead);
    }
    if let Some(ago) = duration(text.strip_prefix('-').unwrap_or(text)) {
        return Some(TimePoint::Ago(ago));
    }
    exact(text).map(TimePoint::At)
}

/// Microseconds since the epoch of `2021-04-01 09:00:00 -0200`; UTC without a zone, midnight without a
/// time of day.
fn exact(text: &str) -> Option<i64> {
    use jiff::fmt::strtime;
    use jiff::tz::{Offset, TimeZone};
    for format in ["%Y-%m-%d %H:%M:%S %z", "%Y-%m-%dT%H:%M:%S%z"] {
        if let Ok(time) = strtime::parse(format, text).and_then(|parts| parts.to_timestamp()) {
            return Some(time.as_microsecond());
        }
    }
    let utc = TimeZone::fixed(Offset::UTC);
    let text = [" UTC", " GMT", " Z", " utc"].iter().find_map(|zone| text.strip_suffix(zone)).unwrap_or(text);
    for format in ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M"] {
        if let Ok(time) = strtime::parse(format, text).and_then(|parts| parts.to_datetime()) {
            return utc.to_timestamp(time).ok().map(jiff::Timestamp::as_microsecond);
        }
    }
    let day = strtime::parse("%Y-%m-%d", text).and_then(|parts| parts.to_date()).ok()?;
    utc.to_timestamp(day.at(0, 0, 0, 0)).ok().map(jiff::Timestamp::as_microsecond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_to_the_microsecond() {
        // Independent figures: date -u -d '…' +%s
        assert_eq!(exact("2021-04-01 09:00:00 -0200"), Some(1_617_274_800_000_000));
        assert_eq!(exact("2021-04-01 09:00:00"), Some(1_617_267_600_000_000));
        assert_eq!(exact("2021-04-01 09:00:00 UTC"), Some(1_617_267_600_000_000));
        assert_eq!(exact("1970-01-01"), Some(0));
        assert_eq!(exact("2021-02-30 09:00:00"), None);
        assert_eq!(exact("yesterday"), None);
    }

    #[test]
    fn units_are_told_apart() {
        let of = |text| duration(text).map(|d| (d.amount, d.unit));
        assert_eq!(of("30M"), Some((30, TimeUnit::Minute)));
        assert_eq!(of("3mo"), Some((3, TimeUnit::Month)));
        assert_eq!(of("7D"), Some((7, TimeUnit::Day)));
        assert_eq!(of("d"), None);
        assert_eq!(of("7"), None);
        assert_eq!(of("99999999999999999999d"), None);
    }
}
