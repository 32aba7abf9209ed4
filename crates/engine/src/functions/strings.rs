//! Strings.

use super::{Call, Function, like_first};
use crate::error::{QueryError, all};
use crate::expr::Typed;
use crate::kernel::{self, Simple, map_text, texts};
use arrow::array::{ArrayRef, Int64Array, StringArray, StringBuilder};
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::ColumnarValue;
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "concat", plan: plan_concat },
    Function { name: "len", plan: |call| Ok(kernel::call(&LEN, vec![call.text(0)?], call.span)) },
    Function { name: "lowercase", plan: |call| Ok(kernel::call(&LOWER, vec![call.text(0)?], call.span)) },
    Function { name: "uppercase", plan: |call| Ok(kernel::call(&UPPER, vec![call.text(0)?], call.span)) },
    Function { name: "replace", plan: plan_replace },
];

type Planned = std::result::Result<Typed, QueryError>;

/// All parts one behind the other; null when one is null.
fn plan_concat(call: &Call<'_>) -> Planned {
    let parts = all((0..call.count()).map(|index| call.text(index)))?;
    Ok(kernel::call(&CONCAT, parts, call.span))
}

fn plan_replace(call: &Call<'_>) -> Planned {
    Ok(kernel::call(&REPLACE, vec![call.text(0)?, call.text(1)?, call.text(2)?], call.span))
}

/// Applies a function to each string.
pub(super) fn each(input: &ColumnarValue, work: impl Fn(&str) -> Option<String>) -> Result<ColumnarValue> {
    map_text(input, None, |texts| {
        let made: StringArray = texts.iter().map(|text| text.and_then(&work)).collect();
        Ok(Arc::new(made) as ArrayRef)
    })
}

static LEN: Simple = Simple {
    name: "len",
    returns: |_| DataType::Int64,
    run: |args, _| {
        map_text(&args[0], None, |texts| {
            let count = |text: &str| i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
            Ok(Arc::new(texts.iter().map(|text| text.map(count)).collect::<Int64Array>()) as ArrayRef)
        })
    },
};

static LOWER: Simple = Simple {
    name: "lowercase",
    returns: like_first,
    run: |args, _| each(&args[0], |text| Some(text.to_lowercase())),
};

static UPPER: Simple = Simple {
    name: "uppercase",
    returns: like_first,
    run: |args, _| each(&args[0], |text| Some(text.to_uppercase())),
};

/// Longest string a function makes of one row. Longer ones are null: a `replace` inside a
/// `replace` must not fill the memory.
pub(super) const LONGEST: usize = 16 << 20;

static REPLACE: Simple = Simple {
    name: "replace",
    returns: |_| DataType::Utf8,
    run: |args, rows| {
        rowwise(args, rows, |row| {
            let (text, old, new) = (row[0]?, row[1]?, row[2]?);
            if old.is_empty() {
                return Some(text.to_owned());
            }
            let grown = text.len().checked_div(old.len())?.checked_mul(new.len())?;
            (grown <= LONGEST).then(|| text.replace(old, new))
        })
    },
};

static CONCAT: Simple = Simple {
    name: "concat",
    returns: |_| DataType::Utf8,
    run: |args, rows| {
        let columns = args.iter().map(texts).collect::<Result<Vec<_>>>()?;
        let scalar = args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if scalar { 1 } else { rows };
        let mut made = StringBuilder::with_capacity(rows, 16 * rows);
        let mut whole = String::new();
        for row in 0..rows {
            whole.clear();
            let complete = columns.iter().all(|column| match column.get(row) {
                Some(part) if whole.len() + part.len() <= LONGEST => {
                    whole.push_str(part);
                    true
                }
                _ => false,
            });
            made.append_option(complete.then_some(&whole));
        }
        done(Arc::new(made.finish()), scalar)
    },
};

/// A column of results, or one value when all arguments were the same in every row.
pub(super) fn done(made: ArrayRef, scalar: bool) -> Result<ColumnarValue> {
    Ok(match scalar {
        true => ColumnarValue::Scalar(ScalarValue::try_from_array(&made, 0)?),
        false => ColumnarValue::Array(made),
    })
}

/// Applies a function of several strings to each row.
pub(super) fn rowwise(
    args: &[ColumnarValue],
    rows: usize,
    work: impl Fn(&[Option<&str>]) -> Option<String>,
) -> Result<ColumnarValue> {
    let columns = args.iter().map(texts).collect::<Result<Vec<_>>>()?;
    let scalar = args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
    let rows = if scalar { 1 } else { rows };
    let mut made = StringBuilder::with_capacity(rows, 16 * rows);
    let mut cells: Vec<Option<&str>> = Vec::with_capacity(columns.len());
    for row in 0..rows {
        cells.clear();
        cells.extend(columns.iter().map(|column| column.get(row)));
        made.append_option(work(&cells));
    }
    done(Arc::new(made.finish()), scalar)
}
