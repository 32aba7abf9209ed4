//! `bin`: a time or number becomes the start of its bucket.
//!
//! Times: buckets of a fixed length are counted from the epoch (weeks from a Sunday), or from `timeshift`;
//! days, weeks, months and years are those of the calendar of `timezone` (UTC). Numbers: `span` is the
//! width of a bucket; for `bins` it is the smallest round width that needs no more buckets.

use super::alter;
use crate::error::QueryError;
use crate::expr::Typed;
use crate::functions::Zone;
use crate::kernel::{self, Columns, Simple, texts};
use crate::plan::Rows;
use crate::scope::column;
use crate::types::{Type, time_type};
use arrow::array::{Array, AsArray, Float64Array, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimestampMicrosecondType};
use datafusion::common::Result;
use datafusion::functions_aggregate::min_max::{max_udaf, min_udaf};
use datafusion::logical_expr::{ColumnarValue, Expr, LogicalPlanBuilder, cast, lit, try_cast};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;
use vedette_xql::ast::{BinSize, BinSpan, Name, TimeUnit};
use vedette_xql::{Diagnostic, codes};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
/// The Sunday before the epoch.
const SUNDAY: i64 = -4 * DAY;

pub(super) fn apply(rows: Rows, name: &Name, size: &BinSize) -> std::result::Result<Rows, QueryError> {
    let field = rows.scope.field(name)?;
    let typed = Typed::new(field.expr(), field.data.clone(), name.span);
    let value = match (size, field.ty()) {
        (BinSize::Span(span), Type::Time) => of_time(typed, span)?,
        (BinSize::Width(width), Type::Int | Type::Float) => of_number(typed, *width),
        (BinSize::Most(most), Type::Int | Type::Float) => return in_range(rows, name, *most),
        (_, Type::Null) => typed,
        (_, ty) => {
            let (wanted, help) = match size {
                BinSize::Span(_) => ("times", "to_timestamp() or parse_timestamp() makes a time of it"),
                BinSize::Width(_) | BinSize::Most(_) => {
                    ("numbers", "for times write span = 1h; to_integer() reads a text")
                }
            };
            let message = format!("this bin is for {wanted}, and `{}` is {}", name.text, ty.a_name());
            let error = Diagnostic::error(codes::TYPE_MISMATCH, name.span, message);
            return Err(error.with_help(help).into());
        }
    };
    let column = field.column.clone();
    alter::set(rows, vec![alter::Made::new(column, value)])
}

fn of_number(number: Typed, width: f64) -> Typed {
    let span = number.span;
    if number.ty() == Type::Int && width.fract() == 0.0 && width < 9e18 {
        let width = Typed::literal(ScalarValue::Int64(Some(width as i64)), span);
        return kernel::call(&FLOOR, vec![number, width], span);
    }
    let width = lit(width);
    let number = number.to(&Type::Float);
    let down = datafusion::functions::math::expr_fn::floor(number.expr / width.clone());
    Typed::new(down * width, number.data, span)
}

/// The smallest and the largest number are found first, then each number its bucket.
fn in_range(rows: Rows, name: &Name, most: u64) -> std::result::Result<Rows, QueryError> {
    let mut scope = rows.scope.clone();
    let field = scope.field(name)?.clone();
    let (low, high) = (scope.hidden_name(), scope.hidden_name());
    let number = || cast(field.expr(), DataType::Float64);
    let bounds = LogicalPlanBuilder::from(rows.plan.clone())
        .aggregate(
            Vec::<Expr>::new(),
            vec![min_udaf().call(vec![number()]).alias(&low), max_udaf().call(vec![number()]).alias(&high)],
        )?
        .build()?;
    let plan = LogicalPlanBuilder::from(rows.plan).cross_join(bounds)?.build()?;
    let floats = |expr| Typed::new(expr, DataType::Float64, name.span);
    let most = Typed::literal(ScalarValue::Int64(Some(i64::try_from(most).unwrap_or(i64::MAX))), name.span);
    let args = vec![floats(number()), floats(column(&low)), floats(column(&high)), most];
    let mut made = kernel::call(&ROUND_RANGE, args, name.span);
    if field.ty() == Type::Int {
        // A bucket may begin below the least integer.
        made = Typed::new(try_cast(made.expr, DataType::Int64), DataType::Int64, name.span);
    }
    alter::set(Rows { plan, scope }, vec![alter::Made::new(field.column, made)])
}

/// Arguments: number, smallest, largest, most buckets.
static ROUND_RANGE: Simple = Simple {
    name: "bin_range",
    returns: |_| DataType::Float64,
    run: |args, rows| {
        let all = Columns::new(args, rows)?;
        let floats = |at: usize| all.columns[at].as_primitive::<Float64Type>();
        let (numbers, low, high) = (floats(0), floats(1), floats(2));
        let most = all.integer(3, 0).unwrap_or(1);
        let width = (all.rows > 0 && low.is_valid(0) && high.is_valid(0))
            .then(|| round_width(low.value(0), high.value(0), most));
        let start = |number: f64| width.map(|width| (number / width).floor() * width);
        let made: Float64Array = numbers.unary_opt(start);
        all.done(Arc::new(made))
    },
};

/// The smallest of 1, 2, 5, 10, 20, … (and their fractions) that divides the range into few enough buckets.
fn round_width(low: f64, high: f64, most: i64) -> f64 {
    let most = most.max(1) as f64;
    let range = (high - low).abs();
    if !range.is_finite() || range == 0.0 {
        return 1.0;
    }
    let mut exponent = (range / most).log10().floor() as i32;
    loop {
        for step in [1.0, 2.0, 5.0] {
            let width = step * 10f64.powi(exponent);
            let buckets = (high / width).floor() - (low / width).floor() + 1.0;
            if buckets <= most || exponent > 320 {
                return width;
            }
        }
        // One bucket cannot hold both sides of zero, however wide it is.
        if most < 2.0 && low < 0.0 && high >= 0.0 && exponent > (range.log10() as i32) + 2 {
            return 10f64.powi(exponent);
        }
        exponent += 1;
    }
}

static FLOOR: Simple = Simple {
    name: "bin_number",
    returns: |_| DataType::Int64,
    run: |args, rows| {
        let arrays = ColumnarValue::values_to_arrays(&broadcast(args, rows)?)?;
        let (numbers, widths) =
            (arrays[0].as_primitive::<Int64Type>(), arrays[1].as_primitive::<Int64Type>());
        let width = if widths.is_empty() { 1 } else { widths.value(0).max(1) };
        let down = numbers.unary_opt::<_, Int64Type>(|number| number.div_euclid(width).checked_mul(width));
        Ok(ColumnarValue::Array(Arc::new(down)))
    },
};

/// Scalars as arrays of as many rows.
fn broadcast(args: &[ColumnarValue], rows: usize) -> Result<Vec<ColumnarValue>> {
    args.iter().map(|arg| Ok(ColumnarValue::Array(arg.to_array(rows)?))).collect()
}

fn of_time(time: Typed, span: &BinSpan) -> std::result::Result<Typed, QueryError> {
    let zone = match &span.timezone {
        Some(zone) if Zone::parse(&zone.text).is_none() => {
            let message = format!("there is no time zone \"{}\"", zone.text);
            let error = Diagnostic::error(codes::BAD_SETTING, zone.span, message);
            return Err(error.with_help("for example: \"+08:00\" or \"America/Chicago\"").into());
        }
        Some(zone) => zone.text.clone(),
        None => "UTC".to_owned(),
    };
    let amount = i64::try_from(span.length.amount).unwrap_or(i64::MAX);
    let (length, months) = match span.length.unit {
        TimeUnit::Millisecond => (1_000, 0),
        TimeUnit::Second => (SECOND, 0),
        TimeUnit::Minute => (60 * SECOND, 0),
        TimeUnit::Hour => (3_600 * SECOND, 0),
        TimeUnit::Day => (DAY, 0),
        TimeUnit::Week => (7 * DAY, 0),
        TimeUnit::Month => (0, amount),
        TimeUnit::Year => (0, amount.saturating_mul(12)),
    };
    let origin = match (span.timeshift, span.length.unit) {
        (Some(seconds), _) => seconds.saturating_mul(SECOND),
        (None, TimeUnit::Week) => SUNDAY,
        (None, _) => 0,
    };
    let number = |n: i64| Typed::literal(ScalarValue::Int64(Some(n)), time.span);
    let shifted = Typed::literal(ScalarValue::Boolean(Some(span.timeshift.is_some())), time.span);
    let zone = Typed::literal(ScalarValue::Utf8(Some(zone)), time.span);
    let span = time.span;
    let args = vec![
        time.clone(),
        number(length.saturating_mul(amount)),
        number(months),
        number(origin),
        shifted,
        zone,
    ];
    let made = kernel::call(&BIN_TIME, args, span);
    Ok(Typed::new(cast(made.expr, time_type()), time_type(), span))
}

/// Arguments: time, length in microseconds or 0, months, origin, is the origin a moment, zone.
static BIN_TIME: Simple = Simple {
    name: "bin_time",
    returns: |_| time_type(),
    run: |args, rows| {
        let number = |at: usize| -> Result<i64> {
            let array = args[at].to_array(1)?;
            Ok(array.as_primitive::<Int64Type>().values().first().copied().unwrap_or(0))
        };
        let (length, months, origin) = (number(1)?, number(2)?, number(3)?);
        let fixed = matches!(&args[4], ColumnarValue::Scalar(ScalarValue::Boolean(Some(true))));
        let zone = texts(&args[5])?;
        let zone = zone.get(0).and_then(Zone::parse).unwrap_or(Zone::Utc);
        let times = args[0].to_array(rows)?;
        let times = times.as_primitive::<TimestampMicrosecondType>();
        let bucket = Bucket { length, months, origin, fixed, zone };
        let floored: TimestampMicrosecondArray = times.unary_opt(|micros| bucket.start(micros));
        Ok(ColumnarValue::Array(Arc::new(floored.with_timezone("UTC"))))
    },
};

struct Bucket {
    length: i64,
    months: i64,
    origin: i64,
    /// The origin is a moment, and not a time on the clock of the zone.
    fixed: bool,
    zone: Zone,
}

impl Bucket {
    fn start(&self, micros: i64) -> Option<i64> {
        let offset = i64::from(self.zone.offset(micros)) * SECOND;
        if self.months > 0 {
            return Some(self.zone.to_utc(months_floor(micros.checked_add(offset)?, self.months)?));
        }
        let length = self.length.max(1);
        // Shorter buckets than a day do not depend on the clock's changes.
        if length < DAY || self.fixed {
            let offset = if self.fixed { 0 } else { offset };
            let local = micros.checked_add(offset)?.checked_sub(self.origin)?;
            return local
                .div_euclid(length)
                .checked_mul(length)?
                .checked_add(self.origin)?
                .checked_sub(offset);
        }
        let local = micros.checked_add(offset)?.checked_sub(self.origin)?;
        let start = local.div_euclid(length).checked_mul(length)?.checked_add(self.origin)?;
        Some(self.zone.to_utc(start))
    }
}

/// The start of the run of months, counted from January of year 0.
fn months_floor(local: i64, months: i64) -> Option<i64> {
    let date = jiff::Timestamp::from_microsecond(local).ok()?.to_zoned(jiff::tz::TimeZone::UTC).date();
    let count = i64::from(date.year()) * 12 + i64::from(date.month()) - 1;
    let start = count.div_euclid(months) * months;
    let year = i16::try_from(start.div_euclid(12)).ok()?;
    let month = i8::try_from(start.rem_euclid(12)).ok()? + 1;
    let day = jiff::civil::Date::new(year, month, 1).ok()?;
    Some(day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_microsecond())
}
