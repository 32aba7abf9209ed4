//! From one type to another. What cannot be read is null.

use super::{Call, Function};
use crate::error::QueryError;
use crate::expr::Typed;
use crate::kernel::{self, Simple, map_text};
use crate::output::{Cell, ColumnView, write_cell};
use crate::types::Type;
use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray, StringBuilder};
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, cast};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;
use vedette_event::Time;

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "to_string", plan: plan_to_string },
    Function { name: "to_integer", plan: plan_to_integer },
    Function { name: "to_float", plan: plan_to_float },
    Function { name: "to_number", plan: plan_to_float },
    Function { name: "to_boolean", plan: plan_to_boolean },
];

fn plan_to_string(call: &Call<'_>) -> std::result::Result<Typed, QueryError> {
    Ok(Typed { span: call.span, ..call.arg(0)?.to(&Type::Str) })
}

fn plan_to_integer(call: &Call<'_>) -> std::result::Result<Typed, QueryError> {
    let arg = call.arg(0)?;
    match arg.ty() {
        Type::Int => Ok(arg),
        Type::Str => Ok(kernel::call(&TO_INTEGER, vec![arg], call.span)),
        Type::Float => Ok(kernel::call(&super::numbers::TRUNCATE, vec![arg], call.span)),
        Type::Bool | Type::Null => {
            Ok(Typed::new(cast(arg.expr, DataType::Int64), DataType::Int64, call.span))
        }
        _ => Err(call.wrong(&arg, "a number")),
    }
}

fn plan_to_float(call: &Call<'_>) -> std::result::Result<Typed, QueryError> {
    let arg = call.arg(0)?;
    match arg.ty() {
        Type::Str => Ok(to_float(arg)),
        Type::Int | Type::Float | Type::Bool | Type::Null => Ok(arg.to(&Type::Float)),
        _ => Err(call.wrong(&arg, "a number")),
    }
}

fn plan_to_boolean(call: &Call<'_>) -> std::result::Result<Typed, QueryError> {
    let arg = call.arg(0)?;
    match arg.ty() {
        Type::Bool => Ok(arg),
        Type::Null => Ok(Typed::literal(ScalarValue::Boolean(None), call.span)),
        Type::Str => Ok(kernel::call(&TO_BOOLEAN, vec![arg], call.span)),
        _ => Err(call.wrong(&arg, "a string")),
    }
}

/// A string as an integer.
pub(super) fn to_integer(text: Typed) -> Typed {
    let span = text.span;
    kernel::call(&TO_INTEGER, vec![text], span)
}

/// A string as a float.
pub(crate) fn to_float(text: Typed) -> Typed {
    let span = text.span;
    kernel::call(&TO_FLOAT, vec![text], span)
}

static TO_INTEGER: Simple = Simple {
    name: "to_integer",
    returns: |_| DataType::Int64,
    run: |args, _| {
        map_text(&args[0], None, |texts| {
            let numbers: Int64Array = texts.iter().map(|text| text.and_then(integer)).collect();
            Ok(Arc::new(numbers) as ArrayRef)
        })
    },
};

static TO_FLOAT: Simple = Simple {
    name: "to_float",
    returns: |_| DataType::Float64,
    run: |args, _| {
        map_text(&args[0], None, |texts| {
            let numbers: Float64Array = texts.iter().map(|text| text.and_then(float)).collect();
            Ok(Arc::new(numbers) as ArrayRef)
        })
    },
};

static TO_BOOLEAN: Simple = Simple {
    name: "to_boolean",
    returns: |_| DataType::Boolean,
    run: |args, _| {
        map_text(&args[0], None, |texts| {
            let truths: BooleanArray = texts.iter().map(|text| text.and_then(truth)).collect();
            Ok(Arc::new(truths) as ArrayRef)
        })
    },
};

/// Decimal or, after `0x`, hexadecimal; blanks around it do not count.
fn integer(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    if let Some(digits) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let number = i64::from_str_radix(digits, 16).ok()?;
        return Some(if negative { -number } else { number });
    }
    text.parse().ok()
}

fn float(text: &str) -> Option<f64> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        return Some(number);
    }
    integer(text).map(|number| number as f64)
}

pub(crate) fn truth(text: &str) -> Option<bool> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// Any value as text: whole floats without a fraction, timestamps in RFC 3339, arrays as JSON.
pub(crate) fn to_text(args: &[ColumnarValue], _: usize) -> Result<ColumnarValue> {
    match &args[0] {
        ColumnarValue::Scalar(scalar) => {
            let text = texts_of(&scalar.to_array()?)?;
            Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&text, 0)?))
        }
        ColumnarValue::Array(array) => Ok(ColumnarValue::Array(Arc::new(texts_of(array)?))),
    }
}

fn texts_of(array: &ArrayRef) -> Result<StringArray> {
    let view = ColumnView::of(array.as_ref());
    let mut texts = StringBuilder::with_capacity(array.len(), 8 * array.len());
    for row in 0..array.len() {
        match text_of(view.cell(row)) {
            Some(text) => texts.append_value(text),
            None => texts.append_null(),
        }
    }
    Ok(texts.finish())
}

/// A cell as `to_string()` writes it.
pub(crate) fn text_of(cell: Cell<'_>) -> Option<String> {
    Some(match cell {
        Cell::Null => return None,
        Cell::Bool(yes) => yes.to_string(),
        Cell::Int(number) => number.to_string(),
        Cell::Float(number) => number.to_string(),
        Cell::Str(text) => text.to_owned(),
        Cell::Time(micros) => Time(micros).rfc3339(),
        list @ Cell::List(_) => {
            let mut json = Vec::new();
            write_cell(&mut json, list).ok()?;
            String::from_utf8(json).ok()?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_from_text() {
        assert_eq!(integer(" 42 "), Some(42));
        assert_eq!(integer("-0x1F"), Some(-31));
        assert_eq!(integer("0x"), None);
        assert_eq!(integer("0x-5"), None);
        assert_eq!(integer("1.5"), None);
        assert_eq!(integer("9223372036854775808"), None);
        assert_eq!(float("1e3"), Some(1000.0));
        assert_eq!(float("0xff"), Some(255.0));
        assert_eq!(float("ten"), None);
    }
}
