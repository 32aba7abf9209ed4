//! Time frames as first and last moments.

use jiff::{Span, Timestamp, tz::TimeZone};
use vedette_event::Time;
use vedette_xql::ast::{Duration, TimePoint, TimeUnit, Timeframe};

/// First and last microsecond of a time frame, both inside it. Months and years are those of the
/// calendar, in UTC; what lies beyond the calendar is its first or last moment.
pub(crate) fn bounds(frame: &Timeframe, now: Time) -> (i64, i64) {
    match frame {
        Timeframe::Last(length) => (back(now, *length), now.0),
        Timeframe::Between(from, to) => (point(from, now), point(to, now)),
    }
}

fn point(point: &TimePoint, now: Time) -> i64 {
    match point {
        TimePoint::Begin => 0,
        TimePoint::Now => now.0,
        TimePoint::Ago(length) => back(now, *length),
        TimePoint::Ahead(length) => forward(now, *length),
        TimePoint::At(micros) => *micros,
    }
}

fn back(now: Time, length: Duration) -> i64 {
    shifted(now, length, true).unwrap_or_else(|| Timestamp::MIN.as_microsecond())
}

fn forward(now: Time, length: Duration) -> i64 {
    shifted(now, length, false).unwrap_or_else(|| Timestamp::MAX.as_microsecond())
}

fn shifted(now: Time, length: Duration, back: bool) -> Option<i64> {
    let amount = i64::try_from(length.amount).ok()?;
    let amount = if back { -amount } else { amount };
    let span = span(amount, length.unit)?;
    let zoned = Timestamp::from_microsecond(now.0).ok()?.to_zoned(TimeZone::UTC);
    Some(zoned.checked_add(span).ok()?.timestamp().as_microsecond())
}

fn span(amount: i64, unit: TimeUnit) -> Option<Span> {
    match unit {
        TimeUnit::Millisecond => Span::new().try_milliseconds(amount),
        TimeUnit::Second => Span::new().try_seconds(amount),
        TimeUnit::Minute => Span::new().try_minutes(amount),
        TimeUnit::Hour => Span::new().try_hours(amount),
        TimeUnit::Day => Span::new().try_days(amount),
        TimeUnit::Week => Span::new().try_weeks(amount),
        TimeUnit::Month => Span::new().try_months(amount),
        TimeUnit::Year => Span::new().try_years(amount),
    }
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_774_958_400_000_000); // 2026-03-31T12:00:00Z

    fn last(amount: u64, unit: TimeUnit) -> String {
        Time(bounds(&Timeframe::Last(Duration { amount, unit }), NOW).0).rfc3339()
    }

    #[test]
    fn frames_count_back_from_now() {
        assert_eq!(NOW.rfc3339(), "2026-03-31T12:00:00.000000Z");
        assert_eq!(last(500, TimeUnit::Millisecond), "2026-03-31T11:59:59.500000Z");
        assert_eq!(last(90, TimeUnit::Minute), "2026-03-31T10:30:00.000000Z");
        assert_eq!(last(1, TimeUnit::Week), "2026-03-24T12:00:00.000000Z");
        assert_eq!(last(1, TimeUnit::Month), "2026-02-28T12:00:00.000000Z");
        assert_eq!(last(2, TimeUnit::Year), "2024-03-31T12:00:00.000000Z");
    }

    #[test]
    fn frames_between_two_points() {
        let hour = Duration { amount: 1, unit: TimeUnit::Hour };
        let frame = Timeframe::Between(TimePoint::Ago(hour), TimePoint::Ahead(hour));
        assert_eq!(bounds(&frame, NOW), (NOW.0 - 3_600_000_000, NOW.0 + 3_600_000_000));
        let frame = Timeframe::Between(TimePoint::Begin, TimePoint::At(5));
        assert_eq!(bounds(&frame, NOW), (0, 5));
    }

    #[test]
    fn absurd_frames_reach_as_far_as_the_calendar() {
        let frame = Timeframe::Last(Duration { amount: u64::MAX, unit: TimeUnit::Year });
        assert_eq!(bounds(&frame, NOW), (Timestamp::MIN.as_microsecond(), NOW.0));
    }
}
