//! Strings.

use super::{Call, Function, like_first};
use crate::error::{QueryError, all};
use crate::expr::Typed;
use crate::kernel::{self, Columns, Simple, TextColumn, map_text, texts};
use crate::types::list_type;
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, ListBuilder, StringBuilder};
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
    Function { name: "trim", plan: |call| plan_trim(call, &TRIM) },
    Function { name: "ltrim", plan: |call| plan_trim(call, &LTRIM) },
    Function { name: "rtrim", plan: |call| plan_trim(call, &RTRIM) },
    Function { name: "split", plan: plan_split },
    Function { name: "string_count", plan: plan_count },
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

/// A kernel over a string and a fixed text; over a column of texts a dictionary is none any more.
fn beside(call: &Call<'_>, kernel: &'static Simple, text: Typed, other: Typed) -> Typed {
    let text = if other.value().is_some() { text } else { text.plain() };
    kernel::call(kernel, vec![text, other.plain()], call.span)
}

/// The characters are a set, in any order; blanks and tabs when none are given.
fn plan_trim(call: &Call<'_>, kernel: &'static Simple) -> Planned {
    let characters = if call.count() > 1 { call.text(1)? } else { call.literal(" \t") };
    Ok(beside(call, kernel, call.text(0)?, characters))
}

/// Without a delimiter, or with an empty one, at each blank.
fn plan_split(call: &Call<'_>) -> Planned {
    let delimiter = if call.count() > 1 { call.text(1)? } else { call.literal(" ") };
    Ok(kernel::call(&SPLIT, vec![call.text(0)?.plain(), delimiter.plain()], call.span))
}

fn plan_count(call: &Call<'_>) -> Planned {
    Ok(kernel::call(&COUNT, vec![call.text(0)?.plain(), call.text(1)?.plain()], call.span))
}

macro_rules! trim {
    ($kernel:ident, $name:literal, $method:ident) => {
        static $kernel: Simple = Simple {
            name: $name,
            returns: like_first,
            run: |args, rows| {
                if let ColumnarValue::Scalar(_) = &args[1] {
                    let characters = texts(&args[1])?;
                    let Some(set) = characters.get(0) else { return each(&args[0], |_| None) };
                    return each(&args[0], |text| Some(text.$method(|c| set.contains(c)).to_owned()));
                }
                rowwise(args, rows, |row| {
                    Some(row[0]?.$method(|c| row[1].is_some_and(|set| set.contains(c))).to_owned())
                        .filter(|_| row[1].is_some())
                })
            },
        };
    };
}

trim!(TRIM, "trim", trim_matches);
trim!(LTRIM, "ltrim", trim_start_matches);
trim!(RTRIM, "rtrim", trim_end_matches);

static SPLIT: Simple = Simple {
    name: "split",
    returns: |_| list_type(DataType::Utf8),
    run: |args, rows| {
        let all = Columns::new(args, rows)?;
        let (strings, delimiters) = (all.columns[0].as_string::<i32>(), all.columns[1].as_string::<i32>());
        let mut lists = ListBuilder::new(StringBuilder::new());
        for (text, delimiter) in strings.iter().zip(delimiters) {
            let Some((text, delimiter)) = text.zip(delimiter) else {
                lists.append_null();
                continue;
            };
            let delimiter = if delimiter.is_empty() { " " } else { delimiter };
            text.split(delimiter).for_each(|part| lists.values().append_value(part));
            lists.append(true);
        }
        all.done(Arc::new(lists.finish()))
    },
};

/// Occurrences do not overlap; the empty text occurs nowhere.
static COUNT: Simple = Simple {
    name: "string_count",
    returns: |_| DataType::Int64,
    run: |args, rows| {
        let all = Columns::new(args, rows)?;
        let (strings, parts) = (all.columns[0].as_string::<i32>(), all.columns[1].as_string::<i32>());
        let count = |(text, part): (Option<&str>, Option<&str>)| {
            let (text, part) = text.zip(part)?;
            let count = if part.is_empty() { 0 } else { text.matches(part).count() };
            i64::try_from(count).ok()
        };
        all.done(Arc::new(strings.iter().zip(parts).map(count).collect::<Int64Array>()))
    },
};

/// Applies a function to each string.
pub(super) fn each(input: &ColumnarValue, work: impl Fn(&str) -> Option<String>) -> Result<ColumnarValue> {
    map_text(input, None, |texts| {
        let mut made = TextColumn::new(texts.len());
        for text in texts {
            made.push(text.and_then(&work))?;
        }
        Ok(made.finish())
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
        let mut made = TextColumn::new(rows);
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
            made.push(complete.then_some(&whole))?;
        }
        done(made.finish(), scalar)
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
    let mut made = TextColumn::new(rows);
    let mut cells: Vec<Option<&str>> = Vec::with_capacity(columns.len());
    for row in 0..rows {
        cells.clear();
        cells.extend(columns.iter().map(|column| column.get(row)));
        made.push(work(&cells))?;
    }
    done(made.finish(), scalar)
}
