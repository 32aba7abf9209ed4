//! JSON in texts: `->`, `json_extract…`, and making JSON.
//!
//! A text that is no JSON, a path that leads nowhere and a JSON `null` all give null.

mod find;
mod make;
mod path;
mod query;
mod write;

pub(super) use find::{elements, scalar};

use super::{Call, Function, like_first};
use crate::error::QueryError;
use crate::expr::{Exprs, Typed};
use crate::kernel::{self, Simple, text_lists, texts};
use crate::output::ColumnView;
use crate::types::{Type, list_type};
use arrow::array::{ListBuilder, StringArray, StringBuilder};
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::ColumnarValue;
use datafusion::scalar::ScalarValue;
use path::Step;
use std::sync::Arc;
use vedette_xql::ast::{self, JsonPath, JsonTake, Span};
use vedette_xql::{Diagnostic, codes};

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "json_extract", plan: |call| plan_extract(call, &EXTRACT) },
    Function { name: "json_extract_scalar", plan: |call| plan_extract(call, &EXTRACT_SCALAR) },
    Function { name: "json_extract_array", plan: |call| plan_extract(call, &EXTRACT_ARRAY) },
    Function { name: "json_extract_scalar_array", plan: |call| plan_extract(call, &EXTRACT_SCALAR_ARRAY) },
    Function { name: "json_path_extract", plan: query::plan },
    Function { name: "to_json_string", plan: |call| Ok(json(call.arg(0)?)) },
    Function { name: "object_create", plan: make::plan_create },
    Function { name: "object_merge", plan: make::plan_merge },
];

type Planned = std::result::Result<Typed, QueryError>;

/// `value -> path`
pub(crate) fn arrow(exprs: &Exprs<'_>, value: &ast::Expr, path: &JsonPath, span: Span) -> Planned {
    let value = json(exprs.value(value)?);
    let kernel = match &path.take {
        JsonTake::Scalar => &EXTRACT_SCALAR,
        JsonTake::Json => &EXTRACT,
        JsonTake::Array => &EXTRACT_ARRAY,
        JsonTake::Query(text) => return query::find(value, text, span),
    };
    // A negative index leads nowhere.
    if path.steps.iter().any(|step| matches!(step, ast::JsonStep::Index(index) if *index < 0)) {
        let message = "an index in a path counts from 0 and is never negative";
        let help = "arrayindex(field -> list[], -1) takes the last element";
        return Err(Diagnostic::error(codes::BAD_ARGUMENT, span, message).with_help(help).into());
    }
    let path = Typed::literal(ScalarValue::Utf8(Some(path::write(&path.steps))), span);
    Ok(kernel::call(kernel, vec![value, path], span))
}

/// Any value as JSON text.
fn json(value: Typed) -> Typed {
    let span = value.span;
    match value.ty() {
        Type::Str => value,
        Type::Null => value.to(&Type::Str),
        _ => kernel::call(&TO_JSON, vec![value], span),
    }
}

fn plan_extract(call: &Call<'_>, kernel: &'static Simple) -> Planned {
    let value = json(call.arg(0)?);
    let path = call.text(1)?;
    match path.text() {
        Some(text) => {
            path::parse(text).map_err(|why| call.bad(path.span, format!("this is no JSON path: {why}")))?;
            Ok(kernel::call(kernel, vec![value, path], call.span))
        }
        // Each row has a path of its own.
        None => Ok(kernel::call(kernel, vec![value.plain(), path.plain()], call.span)),
    }
}

static TO_JSON: Simple = Simple {
    name: "to_json",
    returns: |_| DataType::Utf8,
    run: |args, _| {
        super::numbers::of_one(args, |array| {
            let view = ColumnView::of(array.as_ref());
            let made: StringArray = (0..array.len()).map(|row| write::alone(view.cell(row))).collect();
            Arc::new(made)
        })
    },
};

static EXTRACT: Simple = Simple {
    name: "json_extract",
    returns: like_first,
    run: |args, rows| extract(args, rows, |json, path| find::find(json, path).map(find::compact)),
};

static EXTRACT_SCALAR: Simple = Simple {
    name: "json_extract_scalar",
    returns: like_first,
    run: |args, rows| {
        extract(args, rows, |json, path| {
            find::find(json, path).and_then(scalar).map(std::borrow::Cow::into_owned)
        })
    },
};

static EXTRACT_ARRAY: Simple = Simple {
    name: "json_extract_array",
    returns: |_| list_type(DataType::Utf8),
    run: |args, rows| {
        extract_list(args, rows, |json, path| {
            let items = elements(find::find(json, path)?)?;
            Some(items.into_iter().map(|item| Some(find::compact(item))).collect())
        })
    },
};

/// An array that holds anything but single values gives null.
static EXTRACT_SCALAR_ARRAY: Simple = Simple {
    name: "json_extract_scalar_array",
    returns: |_| list_type(DataType::Utf8),
    run: |args, rows| extract_list(args, rows, |json, path| scalars(find::find(json, path)?)),
};

fn scalars(json: &str) -> Option<Vec<Option<String>>> {
    let item = |item: &str| match scalar(item) {
        None if item != "null" => None,
        text => Some(text.map(std::borrow::Cow::into_owned)),
    };
    elements(json)?.into_iter().map(item).collect()
}

fn extract(
    args: &[ColumnarValue],
    rows: usize,
    take: impl Fn(&str, &[Step]) -> Option<String>,
) -> Result<ColumnarValue> {
    match fixed_path(&args[1])? {
        Some(path) => super::strings::each(&args[0], |text| take(text, &path)),
        None => super::strings::rowwise(args, rows, |row| take(row[0]?, &path::parse(row[1]?).ok()?)),
    }
}

fn extract_list(
    args: &[ColumnarValue],
    rows: usize,
    take: impl Fn(&str, &[Step]) -> Option<Vec<Option<String>>>,
) -> Result<ColumnarValue> {
    if let Some(path) = fixed_path(&args[1])? {
        return text_lists(&args[0], |text| take(text, &path));
    }
    let (values, paths) = (texts(&args[0])?, texts(&args[1])?);
    let mut lists = ListBuilder::new(StringBuilder::new());
    for row in 0..rows {
        let list = values.get(row).zip(paths.get(row));
        lists.append_option(list.and_then(|(text, path)| take(text, &path::parse(path).ok()?)));
    }
    Ok(ColumnarValue::Array(Arc::new(lists.finish())))
}

/// The path, where it is the same in every row.
fn fixed_path(arg: &ColumnarValue) -> Result<Option<Vec<Step>>> {
    let ColumnarValue::Scalar(_) = arg else { return Ok(None) };
    Ok(texts(arg)?.get(0).and_then(|path| path::parse(path).ok()))
}

/// A text that holds a JSON array as an array: texts without quotes, all else as it is written.
pub(super) fn array_of(text: Typed) -> Typed {
    let span = text.span;
    kernel::call(&ITEMS, vec![text], span)
}

static ITEMS: Simple = Simple {
    name: "json_items",
    returns: |_| list_type(DataType::Utf8),
    run: |args, _| text_lists(&args[0], items),
};

/// The elements of a JSON array; texts without quotes, `null` as null.
pub(super) fn items(text: &str) -> Option<Vec<Option<String>>> {
    let item = |item: &str| match item.as_bytes().first() {
        Some(b'{' | b'[') => Some(find::compact(item)),
        _ => scalar(item).map(std::borrow::Cow::into_owned),
    };
    Some(elements(text)?.into_iter().map(item).collect())
}
