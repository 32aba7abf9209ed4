//! `date_floor`: the start of the year, month, week, day or hour that a time is in.

use super::calendar::{date, days, split, weekday};
use super::zone::Zone;
use super::{Planned, zone};
use crate::functions::{Call, numbers};
use crate::kernel::{self, Kernel, texts};
use crate::types::time_type;
use arrow::array::{AsArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use datafusion::common::Result;
use datafusion::logical_expr::ColumnarValue;
use std::sync::{Arc, OnceLock};

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Year,
    Month,
    /// From Sunday.
    Week,
    Day,
    Hour,
}

impl Unit {
    fn parse(text: &str) -> Option<Unit> {
        Some(match text.trim().to_lowercase().as_str() {
            "y" => Unit::Year,
            "mo" => Unit::Month,
            "w" => Unit::Week,
            "d" => Unit::Day,
            "h" => Unit::Hour,
            _ => return None,
        })
    }

    /// The start of the unit, on the same clock.
    fn floor(self, local: i64) -> i64 {
        let (day, within) = split(local);
        let (year, month, _) = date(day);
        let start = match self {
            Unit::Year => days(year, 1, 1),
            Unit::Month => days(year, month, 1),
            Unit::Week => day - weekday(day),
            Unit::Day => day,
            Unit::Hour => return local.saturating_sub(within % HOUR),
        };
        start.saturating_mul(DAY)
    }
}

pub(super) fn plan(call: &Call<'_>) -> Planned {
    let unit = call.fixed_text(1)?;
    if Unit::parse(&unit).is_none() {
        let message = format!("date_floor() does not know the unit `{unit}`: it knows y, mo, w, d and h");
        return Err(call.bad(call.syntax(1)?.span, message));
    }
    let args = vec![call.time(0)?, call.literal(unit), call.literal(zone(call, 2)?)];
    Ok(kernel::call(DateFloor::default(), args, call.span))
}

/// Arguments: time, unit, zone.
#[derive(Debug, Default)]
struct DateFloor(OnceLock<Option<(Unit, Zone)>>);

impl Kernel for DateFloor {
    fn name(&self) -> &'static str {
        "date_floor"
    }

    fn returns(&self, _: &[DataType]) -> DataType {
        time_type()
    }

    fn run(&self, args: &[ColumnarValue], _: usize) -> Result<ColumnarValue> {
        let (unit, zone) = (texts(&args[1])?, texts(&args[2])?);
        let made = self.0.get_or_init(|| Some((Unit::parse(unit.get(0)?)?, Zone::parse(zone.get(0)?)?)));
        numbers::of_one(args, |times| {
            let times = times.as_primitive::<TimestampMicrosecondType>();
            let floored: TimestampMicrosecondArray = times.unary_opt(|micros| {
                let (unit, zone) = made.as_ref()?;
                let local = micros.saturating_add(i64::from(zone.offset(micros)) * 1_000_000);
                Some(zone.to_utc(unit.floor(local)))
            });
            Arc::new(floored.with_timezone("UTC"))
        })
    }
}
