//! Time: all of it in microseconds since the epoch, parts and texts in UTC unless a zone is named.

mod calendar;
mod floor;
mod format;
mod parse;
mod zone;

use super::{Call, Function};
use crate::error::QueryError;
use crate::expr::Typed;
use crate::kernel::{self, Kernel, Simple, texts};
use crate::timeframe::bounds;
use crate::types::{Type, time_type};
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringBuilder, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use calendar::Part;
use datafusion::common::Result;
use datafusion::logical_expr::ColumnarValue;
use datafusion::scalar::ScalarValue;
use format::Format;
use std::sync::{Arc, OnceLock};
use vedette_event::Time;
pub(crate) use zone::Zone;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "current_time",
        plan: |call| Ok(Typed::literal(moment(call.exprs.context.now.0), call.span)),
    },
    Function { name: "timestamp_diff", plan: plan_diff },
    Function { name: "extract_time", plan: plan_extract },
    Function { name: "to_epoch", plan: plan_to_epoch },
    Function { name: "to_timestamp", plan: plan_to_timestamp },
    Function { name: "timestamp_seconds", plan: plan_to_timestamp },
    Function { name: "format_timestamp", plan: plan_format },
    Function { name: "parse_timestamp", plan: parse::plan_timestamp },
    Function { name: "parse_epoch", plan: parse::plan_epoch },
    Function { name: "date_floor", plan: floor::plan },
    Function { name: "time_frame_end", plan: plan_frame_end },
];

type Planned = std::result::Result<Typed, QueryError>;

pub(crate) fn moment(micros: i64) -> ScalarValue {
    ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into()))
}

/// A timestamp written as text: RFC 3339, or a date with or without a time and an offset; UTC
/// when it has none.
pub(crate) fn parse_moment(text: &str) -> Option<ScalarValue> {
    let text = text.trim();
    if let Some(time) = Time::parse(text) {
        return Some(moment(time.0));
    }
    if let Ok(civil) = text.parse::<jiff::civil::DateTime>() {
        let stamp = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
        return Some(moment(stamp.as_microsecond()));
    }
    let stamp = jiff::Timestamp::strptime("%Y-%m-%d %H:%M:%S %z", text).ok()?;
    Some(moment(stamp.as_microsecond()))
}

/// Microseconds in one unit of `to_epoch`, `to_timestamp` and `timestamp_diff`.
fn unit(call: &Call<'_>, index: usize) -> std::result::Result<i64, QueryError> {
    if call.count() <= index {
        return Ok(1_000_000);
    }
    let name = call.fixed_text(index)?;
    Ok(match name.to_uppercase().as_str() {
        "SECONDS" | "SECOND" => 1_000_000,
        "MILLIS" | "MILLISECOND" | "MILLISECONDS" => 1_000,
        "MICROS" | "MICROSECOND" | "MICROSECONDS" => 1,
        "MINUTE" => 60_000_000,
        "HOUR" => 3_600_000_000,
        "DAY" => 86_400_000_000,
        _ => {
            let message = format!("{}() does not know the unit `{name}`", call.name.name);
            return Err(call.bad(call.syntax(index)?.span, message));
        }
    })
}

/// An integer of the plan, as the kernels here take their settings.
fn number(value: i64, call: &Call<'_>) -> Typed {
    Typed::literal(ScalarValue::Int64(Some(value)), call.span)
}

fn plan_diff(call: &Call<'_>) -> Planned {
    let args = vec![call.time(0)?, call.time(1)?, number(unit(call, 2)?, call)];
    Ok(kernel::call(&DIFF, args, call.span))
}

fn plan_to_epoch(call: &Call<'_>) -> Planned {
    let args = vec![call.time(0)?, number(unit(call, 1)?, call)];
    Ok(kernel::call(&TO_EPOCH, args, call.span))
}

fn plan_to_timestamp(call: &Call<'_>) -> Planned {
    let arg = call.number(0)?;
    let arg = if arg.ty() == Type::Float {
        kernel::call(&super::numbers::TRUNCATE, vec![arg], call.span)
    } else {
        arg
    };
    Ok(kernel::call(&TO_TIMESTAMP, vec![arg, number(unit(call, 1)?, call)], call.span))
}

/// Of a query without a time frame it is now.
fn plan_frame_end(call: &Call<'_>) -> Planned {
    let context = call.exprs.context;
    let end = context.timeframe.as_ref().map_or(context.now.0, |frame| bounds(frame, context.now).1);
    Ok(Typed::literal(moment(end), call.span))
}

/// A zone that was written into the query; UTC when there is none.
fn zone(call: &Call<'_>, index: usize) -> std::result::Result<String, QueryError> {
    if call.count() <= index {
        return Ok("UTC".to_owned());
    }
    let zone = call.fixed_text(index)?;
    match Zone::parse(&zone) {
        Some(_) => Ok(zone),
        None => Err(call.bad(call.syntax(index)?.span, format!("there is no time zone `{zone}`"))),
    }
}

fn plan_extract(call: &Call<'_>) -> Planned {
    let name = call.fixed_text(1)?;
    if Part::parse(&name).is_none() {
        return Err(call.bad(call.syntax(1)?.span, format!("a time has no part `{name}`")));
    }
    Ok(kernel::call(&EXTRACT, vec![call.time(0)?, call.literal(name)], call.span))
}

fn plan_format(call: &Call<'_>) -> Planned {
    let format = call.fixed_text(0)?;
    if let Err(why) = Format::parse(&format) {
        return Err(call.bad(call.syntax(0)?.span, why));
    }
    let zone = zone(call, 2)?;
    let args = vec![call.time(1)?, call.literal(format), call.literal(zone)];
    Ok(kernel::call(FormatTimestamp::default(), args, call.span))
}

static DIFF: Simple = Simple {
    name: "timestamp_diff",
    returns: |_| DataType::Int64,
    run: |args, rows| {
        let unit = setting(&args[2]);
        let (a, b) = (args[0].to_array(rows)?, args[1].to_array(rows)?);
        let (a, b) =
            (a.as_primitive::<TimestampMicrosecondType>(), b.as_primitive::<TimestampMicrosecondType>());
        let whole: Int64Array = (0..a.len())
            .map(|row| {
                let both = a.is_valid(row) && b.is_valid(row);
                both.then(|| a.value(row).checked_sub(b.value(row))).flatten().map(|micros| micros / unit)
            })
            .collect();
        Ok(ColumnarValue::Array(Arc::new(whole)))
    },
};

static TO_EPOCH: Simple = Simple {
    name: "to_epoch",
    returns: |_| DataType::Int64,
    run: |args, _| {
        let unit = setting(&args[1]);
        super::numbers::of_one(args, |times| {
            let times = times.as_primitive::<TimestampMicrosecondType>();
            Arc::new(times.unary::<_, Int64Type>(|micros| micros.div_euclid(unit)))
        })
    },
};

static TO_TIMESTAMP: Simple = Simple {
    name: "to_timestamp",
    returns: |_| time_type(),
    run: |args, _| {
        let unit = setting(&args[1]);
        super::numbers::of_one(args, |numbers| {
            let numbers = numbers.as_primitive::<Int64Type>();
            let times: TimestampMicrosecondArray = numbers.unary_opt(|number| number.checked_mul(unit));
            Arc::new(times.with_timezone("UTC")) as ArrayRef
        })
    },
};

static EXTRACT: Simple = Simple {
    name: "extract_time",
    returns: |_| DataType::Int64,
    run: |args, _| {
        let part = texts(&args[1])?.get(0).and_then(Part::parse);
        super::numbers::of_one(args, |times| {
            let times = times.as_primitive::<TimestampMicrosecondType>();
            let parts: Int64Array = times.unary_opt(|micros| part.map(|part| part.of(micros)));
            Arc::new(parts)
        })
    },
};

/// A setting of a kernel; the planner wrote it into the plan.
fn setting(value: &ColumnarValue) -> i64 {
    match value {
        ColumnarValue::Scalar(ScalarValue::Int64(Some(number))) if *number > 0 => *number,
        _ => 1,
    }
}

/// `format_timestamp`: time, format, zone.
#[derive(Debug, Default)]
struct FormatTimestamp(OnceLock<Option<(Format, Zone)>>);

impl Kernel for FormatTimestamp {
    fn name(&self) -> &'static str {
        "format_timestamp"
    }

    fn returns(&self, _: &[DataType]) -> DataType {
        DataType::Utf8
    }

    fn run(&self, args: &[ColumnarValue], _: usize) -> Result<ColumnarValue> {
        let (format, zone) = (texts(&args[1])?, texts(&args[2])?);
        let made = self.0.get_or_init(|| {
            let format = format.get(0).and_then(|text| Format::parse(text).ok())?;
            Some((format, zone.get(0).and_then(Zone::parse)?))
        });
        super::numbers::of_one(args, |times| {
            let times = times.as_primitive::<TimestampMicrosecondType>();
            Arc::new(write_all(times, made.as_ref()).finish())
        })
    }
}

fn write_all(times: &TimestampMicrosecondArray, made: Option<&(Format, Zone)>) -> StringBuilder {
    let mut out = StringBuilder::with_capacity(times.len(), 20 * times.len());
    let mut text = String::new();
    // Rows come roughly in the order of time: most repeat the text of the row before.
    let mut same = 0..0i64;
    for time in times {
        match (time, made) {
            (Some(micros), Some((format, zone))) => {
                if !same.contains(&micros) {
                    text.clear();
                    format.write(micros, zone, &mut text);
                    same = format.unchanged(micros, zone);
                }
                out.append_value(&text);
            }
            _ => out.append_null(),
        }
    }
    out
}
