//! Arithmetic. A result that an integer cannot hold is null, as is a division by zero.

use super::{Call, Function};
use crate::error::QueryError;
use crate::expr::Typed;
use crate::kernel::{self, Simple};
use crate::types::Type;
use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::Result;
use datafusion::logical_expr::ColumnarValue;
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "add", plan: |call| arithmetic(call, &ADD_INTEGERS, &ADD_FLOATS) },
    Function { name: "subtract", plan: |call| arithmetic(call, &SUBTRACT_INTEGERS, &SUBTRACT_FLOATS) },
    Function { name: "multiply", plan: |call| arithmetic(call, &MULTIPLY_INTEGERS, &MULTIPLY_FLOATS) },
    Function { name: "divide", plan: plan_divide },
    Function { name: "safe_add", plan: |call| arithmetic(call, &ADD_INTEGERS, &ADD_FLOATS) },
    Function { name: "safe_subtract", plan: |call| arithmetic(call, &SUBTRACT_INTEGERS, &SUBTRACT_FLOATS) },
    Function { name: "safe_multiply", plan: |call| arithmetic(call, &MULTIPLY_INTEGERS, &MULTIPLY_FLOATS) },
    Function { name: "safe_divide", plan: plan_divide },
    Function { name: "safe_negate", plan: plan_negate },
    Function { name: "power", plan: |call| arithmetic(call, &POWER_INTEGERS, &POWER_FLOATS) },
    Function { name: "pow", plan: |call| arithmetic(call, &POWER_INTEGERS, &POWER_FLOATS) },
    Function { name: "abs", plan: plan_abs },
    Function { name: "floor", plan: |call| whole(call, &FLOOR) },
    Function { name: "ceil", plan: |call| whole(call, &CEIL) },
    Function { name: "bitwise_and", plan: |call| bitwise(call, &BITWISE_AND) },
    Function { name: "bitwise_or", plan: |call| bitwise(call, &BITWISE_OR) },
    Function { name: "bitwise_xor", plan: |call| bitwise(call, &BITWISE_XOR) },
    Function { name: "bitwise_sleft", plan: |call| bitwise(call, &SHIFT_LEFT) },
    Function { name: "bitwise_sright", plan: |call| bitwise(call, &SHIFT_RIGHT) },
];

type Planned = std::result::Result<Typed, QueryError>;

fn arithmetic(call: &Call<'_>, integers: &'static Simple, floats: &'static Simple) -> Planned {
    let (a, b) = (call.number(0)?, call.number(1)?);
    if a.ty() == Type::Int && b.ty() == Type::Int {
        return Ok(kernel::call(integers, vec![a, b], call.span));
    }
    Ok(kernel::call(floats, vec![a.to(&Type::Float), b.to(&Type::Float)], call.span))
}

fn plan_divide(call: &Call<'_>) -> Planned {
    Ok(kernel::call(&DIVIDE, vec![call.float(0)?, call.float(1)?], call.span))
}

fn plan_negate(call: &Call<'_>) -> Planned {
    let arg = call.number(0)?;
    let (kernel, zero): (&'static Simple, _) = match arg.ty() {
        Type::Int => (&SUBTRACT_INTEGERS, ScalarValue::Int64(Some(0))),
        _ => (&SUBTRACT_FLOATS, ScalarValue::Float64(Some(0.0))),
    };
    Ok(kernel::call(kernel, vec![Typed::literal(zero, call.span), arg], call.span))
}

fn plan_abs(call: &Call<'_>) -> Planned {
    let arg = call.number(0)?;
    let kernel = if arg.ty() == Type::Int { &ABS_INTEGER } else { &ABS_FLOAT };
    Ok(kernel::call(kernel, vec![arg], call.span))
}

fn whole(call: &Call<'_>, kernel: &'static Simple) -> Planned {
    let arg = call.number(0)?;
    if arg.ty() == Type::Int {
        return Ok(arg);
    }
    Ok(kernel::call(kernel, vec![arg], call.span))
}

fn bitwise(call: &Call<'_>, kernel: &'static Simple) -> Planned {
    let (a, b) = (call.integer(0)?, call.integer(1)?);
    for arg in [&a, &b] {
        if arg.ty() != Type::Int {
            return Err(call.wrong(arg, "an integer"));
        }
    }
    Ok(kernel::call(kernel, vec![a, b], call.span))
}

macro_rules! integers {
    ($kernel:ident, $name:literal, $work:expr) => {
        static $kernel: Simple = Simple {
            name: $name,
            returns: |_| DataType::Int64,
            run: |args, rows| of_two::<Int64Type>(args, rows, $work),
        };
    };
}

macro_rules! floats {
    ($kernel:ident, $name:literal, $work:expr) => {
        static $kernel: Simple = Simple {
            name: $name,
            returns: |_| DataType::Float64,
            run: |args, rows| of_two::<Float64Type>(args, rows, $work),
        };
    };
}

integers!(ADD_INTEGERS, "add_integers", i64::checked_add);
integers!(SUBTRACT_INTEGERS, "subtract_integers", i64::checked_sub);
integers!(MULTIPLY_INTEGERS, "multiply_integers", i64::checked_mul);
integers!(POWER_INTEGERS, "power_integers", |a: i64, b| u32::try_from(b).ok().and_then(|b| a.checked_pow(b)));
integers!(BITWISE_AND, "bitwise_and", |a, b| Some(a & b));
integers!(BITWISE_OR, "bitwise_or", |a, b| Some(a | b));
integers!(BITWISE_XOR, "bitwise_xor", |a, b| Some(a ^ b));
// Bits that leave at the left are lost; there are no places to the right.
integers!(SHIFT_LEFT, "bitwise_sleft", |a: i64, b| match b {
    64.. => Some(0),
    _ => u32::try_from(b).ok().and_then(|places| a.checked_shl(places)),
});
// As of a number without a sign: zeros come in from the left.
integers!(SHIFT_RIGHT, "bitwise_sright", |a: i64, b| match b {
    64.. => Some(0),
    _ => u32::try_from(b).ok().and_then(|places| (a as u64).checked_shr(places)).map(|bits| bits as i64),
});
floats!(ADD_FLOATS, "add_floats", |a, b| Some(a + b));
floats!(SUBTRACT_FLOATS, "subtract_floats", |a, b| Some(a - b));
floats!(MULTIPLY_FLOATS, "multiply_floats", |a, b| Some(a * b));
floats!(POWER_FLOATS, "power_floats", |a: f64, b| Some(a.powf(b)));
floats!(DIVIDE, "divide", |a, b| if b == 0.0 { None } else { Some(a / b) });

static ABS_INTEGER: Simple = Simple {
    name: "abs_integer",
    returns: |_| DataType::Int64,
    run: |args, _| {
        of_one(args, |array| {
            let absolute: Int64Array = array.as_primitive::<Int64Type>().unary_opt(i64::checked_abs);
            Arc::new(absolute)
        })
    },
};

static ABS_FLOAT: Simple = Simple {
    name: "abs_float",
    returns: |_| DataType::Float64,
    run: |args, _| {
        of_one(args, |array| Arc::new(array.as_primitive::<Float64Type>().unary::<_, Float64Type>(f64::abs)))
    },
};

static FLOOR: Simple = Simple {
    name: "floor",
    returns: |_| DataType::Int64,
    run: |args, _| of_one(args, |array| to_integers(array, f64::floor)),
};

static CEIL: Simple = Simple {
    name: "ceil",
    returns: |_| DataType::Int64,
    run: |args, _| of_one(args, |array| to_integers(array, f64::ceil)),
};

pub(super) static TRUNCATE: Simple = Simple {
    name: "truncate",
    returns: |_| DataType::Int64,
    run: |args, _| of_one(args, |array| to_integers(array, f64::trunc)),
};

pub(super) fn to_integers(array: &ArrayRef, round: impl Fn(f64) -> f64) -> ArrayRef {
    let floats: &Float64Array = array.as_primitive();
    let integers: Int64Array = floats.unary_opt(|number| integer(round(number)));
    Arc::new(integers)
}

/// A whole float as an integer, if one can hold it.
fn integer(number: f64) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    (-LIMIT..LIMIT).contains(&number).then_some(number as i64)
}

pub(super) fn of_one(args: &[ColumnarValue], work: impl Fn(&ArrayRef) -> ArrayRef) -> Result<ColumnarValue> {
    match &args[0] {
        ColumnarValue::Array(array) => Ok(ColumnarValue::Array(work(array))),
        ColumnarValue::Scalar(scalar) => {
            Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&work(&scalar.to_array()?), 0)?))
        }
    }
}

pub(super) fn of_two<T: arrow::datatypes::ArrowPrimitiveType>(
    args: &[ColumnarValue],
    rows: usize,
    work: impl Fn(T::Native, T::Native) -> Option<T::Native>,
) -> Result<ColumnarValue> {
    let scalar = args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
    let rows = if scalar { 1 } else { rows };
    let (a, b) = (args[0].to_array(rows)?, args[1].to_array(rows)?);
    let (a, b) = (a.as_primitive::<T>(), b.as_primitive::<T>());
    let result: ArrayRef = Arc::new(
        (0..rows)
            .map(
                |row| {
                    if a.is_valid(row) && b.is_valid(row) { work(a.value(row), b.value(row)) } else { None }
                },
            )
            .collect::<arrow::array::PrimitiveArray<T>>(),
    );
    match scalar {
        true => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?)),
        false => Ok(ColumnarValue::Array(result)),
    }
}
