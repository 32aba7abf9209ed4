//! `json_path_extract` and `->->`: full JSONPath (RFC 9535), with wildcards, slices and filters.

use super::{Planned, json};
use crate::expr::Typed;
use crate::functions::Call;
use crate::kernel::{self, Kernel, map_text, texts};
use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::ColumnarValue;
use datafusion::scalar::ScalarValue;
use serde_json::Value;
use serde_json_path::JsonPath;
use std::sync::{Arc, OnceLock};
use vedette_xql::ast::Span;
use vedette_xql::{Diagnostic, codes};

/// Each `..` may multiply what is found by the depth of the JSON, each `*` by its width.
const MOST_WILD: usize = 4;

pub(super) fn plan(call: &Call<'_>) -> Planned {
    let path = call.fixed_text(1)?;
    let value = json(call.arg(0)?);
    check(&path, call.syntax(1)?.span)?;
    find_checked(value, path, call.span)
}

/// What the path finds: the value itself where the path leads to one place, else all of them in a
/// JSON array. Null where there is nothing.
pub(super) fn find(value: Typed, path: &str, span: Span) -> Planned {
    check(path, span)?;
    find_checked(value, path.to_owned(), span)
}

fn find_checked(value: Typed, path: String, span: Span) -> Planned {
    let path = Typed::literal(ScalarValue::Utf8(Some(path)), span);
    Ok(kernel::call(Query::default(), vec![value, path], span))
}

fn check(path: &str, span: Span) -> std::result::Result<(), crate::QueryError> {
    let error = |message: String| Diagnostic::error(codes::BAD_ARGUMENT, span, message).into();
    if let Err(why) = JsonPath::parse(path) {
        return Err(error(format!("this is no JSONPath: {}", why.message())));
    }
    if path.matches("..").count() + path.matches('*').count() > MOST_WILD {
        return Err(error(format!("a JSONPath may hold at most {MOST_WILD} of `*` and `..`")));
    }
    Ok(())
}

/// A path and whether it can lead to one place only.
type Read = (JsonPath, bool);

#[derive(Debug, Default)]
struct Query(OnceLock<Option<Read>>);

impl Kernel for Query {
    fn name(&self) -> &'static str {
        "json_path_extract"
    }

    fn returns(&self, args: &[DataType]) -> DataType {
        crate::functions::like_first(args)
    }

    fn run(&self, args: &[ColumnarValue], _: usize) -> Result<ColumnarValue> {
        let text = texts(&args[1])?;
        let path = self.0.get_or_init(|| text.get(0).and_then(read));
        map_text(&args[0], None, |texts| {
            let find = |text: &str| query(path.as_ref()?, &serde_json::from_str(text).ok()?);
            let found: StringArray = texts.iter().map(|text| text.and_then(find)).collect();
            Ok(Arc::new(found) as ArrayRef)
        })
    }
}

fn read(text: &str) -> Option<Read> {
    Some((JsonPath::parse(text).ok()?, super::path::parse(text).is_ok()))
}

fn query((path, one_place): &Read, json: &Value) -> Option<String> {
    let found = path.query(json).all();
    match found.as_slice() {
        [] | [Value::Null] => None,
        [one] if *one_place => Some(one.to_string()),
        all => serde_json::to_string(all).ok(),
    }
}
