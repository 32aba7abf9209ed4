//! Mathematics beyond arithmetic. What has no finite value is null.

use super::numbers::{TRUNCATE, of_one, of_two, to_integers};
use super::{Call, Function};
use crate::error::QueryError;
use crate::expr::Typed;
use crate::kernel::{self, Simple};
use crate::types::Type;
use arrow::array::{AsArray, Float64Array, Int64Array};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::Result;
use datafusion::functions::math::expr_fn::random;
use datafusion::logical_expr::ColumnarValue;
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "sqrt", plan: |call| of_float(call, &SQRT) },
    Function { name: "cbrt", plan: |call| of_float(call, &CBRT) },
    Function { name: "exp", plan: |call| of_float(call, &EXP) },
    Function { name: "ln", plan: |call| of_float(call, &LN) },
    Function { name: "log10", plan: |call| of_float(call, &LOG10) },
    Function { name: "log", plan: plan_log },
    Function { name: "sin", plan: |call| of_float(call, &SIN) },
    Function { name: "cos", plan: |call| of_float(call, &COS) },
    Function { name: "tan", plan: |call| of_float(call, &TAN) },
    Function { name: "cot", plan: |call| of_float(call, &COT) },
    Function { name: "sec", plan: |call| of_float(call, &SEC) },
    Function { name: "csc", plan: |call| of_float(call, &CSC) },
    Function { name: "asin", plan: |call| of_float(call, &ASIN) },
    Function { name: "acos", plan: |call| of_float(call, &ACOS) },
    Function { name: "atan", plan: |call| of_float(call, &ATAN) },
    Function { name: "sign", plan: plan_sign },
    Function { name: "pi", plan: |call| Ok(number(call, std::f64::consts::PI)) },
    Function { name: "rand", plan: |call| Ok(Typed::new(random(), DataType::Float64, call.span)) },
    Function { name: "mod", plan: |call| pair(call, &MOD_INTEGERS, &MOD_FLOATS) },
    Function { name: "div", plan: |call| pair(call, &DIV_INTEGERS, &DIV_FLOATS) },
    Function { name: "round", plan: |call| digits(call, &ROUND, &ROUND_INTEGERS, &ROUND_FLOATS) },
    Function { name: "trunc", plan: |call| digits(call, &TRUNCATE, &TRUNC_INTEGERS, &TRUNC_FLOATS) },
];

type Planned = std::result::Result<Typed, QueryError>;

fn number(call: &Call<'_>, value: f64) -> Typed {
    Typed::literal(ScalarValue::Float64(Some(value)), call.span)
}

fn of_float(call: &Call<'_>, kernel: &'static Simple) -> Planned {
    Ok(kernel::call(kernel, vec![call.float(0)?], call.span))
}

fn plan_log(call: &Call<'_>) -> Planned {
    let base = if call.count() > 1 { call.float(1)? } else { number(call, std::f64::consts::E) };
    Ok(kernel::call(&LOG, vec![call.float(0)?, base], call.span))
}

fn plan_sign(call: &Call<'_>) -> Planned {
    Ok(kernel::call(&SIGN, vec![call.float(0)?], call.span))
}

/// Integers among themselves stay exact.
fn pair(call: &Call<'_>, integers: &'static Simple, floats: &'static Simple) -> Planned {
    let (a, b) = (call.number(0)?, call.number(1)?);
    if a.ty() == Type::Int && b.ty() == Type::Int {
        return Ok(kernel::call(integers, vec![a, b], call.span));
    }
    Ok(kernel::call(floats, vec![a.to(&Type::Float), b.to(&Type::Float)], call.span))
}

/// `round(x)` is an integer, `round(x, 2)` a number of two digits behind the point.
fn digits(
    call: &Call<'_>,
    whole: &'static Simple,
    integers: &'static Simple,
    floats: &'static Simple,
) -> Planned {
    let value = call.number(0)?;
    let is_int = value.ty() == Type::Int;
    if call.count() < 2 {
        return Ok(if is_int { value } else { kernel::call(whole, vec![value], call.span) });
    }
    let places = call.integer(1)?;
    if places.ty() != Type::Int {
        return Err(call.wrong(&places, "an integer"));
    }
    if is_int {
        return Ok(kernel::call(integers, vec![value, places], call.span));
    }
    Ok(kernel::call(floats, vec![value, places.to(&Type::Float)], call.span))
}

macro_rules! floats {
    ($($kernel:ident $name:literal $work:expr;)*) => {$(
        static $kernel: Simple = Simple {
            name: $name,
            returns: |_| DataType::Float64,
            run: |args, _| finite(args, $work),
        };
    )*};
}

floats! {
    SQRT "sqrt" f64::sqrt;
    CBRT "cbrt" f64::cbrt;
    EXP "exp" f64::exp;
    LN "ln" f64::ln;
    LOG10 "log10" f64::log10;
    SIN "sin" f64::sin;
    COS "cos" f64::cos;
    TAN "tan" f64::tan;
    COT "cot" |x| 1.0 / x.tan();
    SEC "sec" |x| 1.0 / x.cos();
    CSC "csc" |x| 1.0 / x.sin();
    ASIN "asin" f64::asin;
    ACOS "acos" f64::acos;
    ATAN "atan" f64::atan;
}

fn finite(args: &[ColumnarValue], work: impl Fn(f64) -> f64) -> Result<ColumnarValue> {
    of_one(args, |array| {
        let made: Float64Array =
            array.as_primitive::<Float64Type>().unary_opt(|x| Some(work(x)).filter(|made| made.is_finite()));
        Arc::new(made)
    })
}

macro_rules! two {
    ($($kernel:ident $name:literal $data:ident $ty:ty, $work:expr;)*) => {$(
        static $kernel: Simple = Simple {
            name: $name,
            returns: |_| DataType::$data,
            run: |args, rows| of_two::<$ty>(args, rows, $work),
        };
    )*};
}

two! {
    LOG "log" Float64 Float64Type, |x, base| some(x.ln() / base.ln());
    MOD_INTEGERS "mod_integers" Int64 Int64Type, i64::checked_rem;
    MOD_FLOATS "mod_floats" Float64 Float64Type, |a, b| some(a % b);
    DIV_INTEGERS "div_integers" Int64 Int64Type, i64::checked_div;
    ROUND_INTEGERS "round_integers" Int64 Int64Type, |x, places| tens(x, places, true);
    TRUNC_INTEGERS "trunc_integers" Int64 Int64Type, |x, places| tens(x, places, false);
    ROUND_FLOATS "round_floats" Float64 Float64Type, |x, places| scaled(x, places, f64::round);
    TRUNC_FLOATS "trunc_floats" Float64 Float64Type, |x, places| scaled(x, places, f64::trunc);
}

static DIV_FLOATS: Simple = Simple {
    name: "div_floats",
    returns: |_| DataType::Int64,
    run: |args, rows| {
        let quotients = of_two::<Float64Type>(args, rows, |a, b| some(a / b))?;
        of_one(&[quotients], |array| to_integers(array, f64::trunc))
    },
};

static SIGN: Simple = Simple {
    name: "sign",
    returns: |_| DataType::Int64,
    run: |args, _| {
        of_one(args, |array| {
            let sign = |x: f64| i64::from(x > 0.0) - i64::from(x < 0.0);
            let signs: Int64Array = array.as_primitive::<Float64Type>().unary(sign);
            Arc::new(signs)
        })
    },
};

/// Halves go away from zero.
static ROUND: Simple = Simple {
    name: "round",
    returns: |_| DataType::Int64,
    run: |args, _| of_one(args, |array| to_integers(array, f64::round)),
};

fn some(made: f64) -> Option<f64> {
    Some(made).filter(|made| made.is_finite())
}

/// A float of so many digits behind the point.
fn scaled(x: f64, places: f64, cut: impl Fn(f64) -> f64) -> Option<f64> {
    // A float has no more digits than these.
    let places = places.clamp(-330.0, 330.0) as i32;
    let (up, scale) = (places >= 0, 10f64.powi(places.abs()));
    let made = if up { cut(x * scale) / scale } else { cut(x / scale) * scale };
    // So many digits that the scale leaves no finite number: nothing is cut off.
    if up && !made.is_finite() { some(x) } else { some(made) }
}

/// An integer whose last digits are zeros.
fn tens(x: i64, places: i64, round: bool) -> Option<i64> {
    if places >= 0 {
        return Some(x);
    }
    let Some(scale) = u32::try_from(places.unsigned_abs()).ok().and_then(|n| 10i64.checked_pow(n)) else {
        return Some(0);
    };
    let (whole, rest) = (x / scale, x % scale);
    let away = round && rest.unsigned_abs() >= scale.unsigned_abs().div_ceil(2);
    (whole + if away { x.signum() } else { 0 }).checked_mul(scale)
}
