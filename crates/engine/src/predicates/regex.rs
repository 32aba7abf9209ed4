//! `~=`: a regular expression somewhere in a text. What expressions are is the language's to say.

use super::patterns::some_element;
use crate::error::QueryError;
use crate::expr::{Exprs, Typed};
use crate::kernel::{self, Kernel, Memo, map_text, texts};
use crate::types::Type;
use arrow::array::{ArrayRef, BooleanArray, StringArray};
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::ColumnarValue;
use regex::Regex;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use vedette_xql::ast::{self, Span};
pub(crate) use vedette_xql::pattern::re2;
use vedette_xql::{Diagnostic, codes};

/// Finds the pattern anywhere in the string, or in some element of an array; case counts unless the pattern says `(?i)`.
pub(super) fn matches(
    exprs: &Exprs<'_>,
    value: &ast::Expr,
    pattern: &ast::Expr,
    span: Span,
) -> std::result::Result<Typed, QueryError> {
    let (value, pattern) = (exprs.value(value)?, exprs.value(pattern)?);
    if !matches!(pattern.ty(), Type::Str | Type::Null) {
        let message = format!("~= needs a pattern, and this is {}", pattern.ty().a_name());
        return Err(Diagnostic::error(codes::TYPE_MISMATCH, pattern.span, message).into());
    }
    if let Some(text) = pattern.text() {
        compile(text, pattern.span)?;
    }
    let fixed = pattern.value().is_some();
    let value = match value.ty() {
        // Some element matches.
        Type::List(_) if fixed => value.to(&Type::List(Box::new(Type::Str))),
        _ => value.to(&Type::Str),
    };
    Ok(kernel::call(Search::default(), vec![value, pattern.to(&Type::Str)], span))
}

/// The expression of a pattern in the query, or an error at its place.
pub(crate) fn compile(text: &str, span: Span) -> std::result::Result<Regex, QueryError> {
    re2(text).map_err(|why| {
        let message = format!("this regular expression cannot be read: {why}");
        Diagnostic::error(codes::BAD_PATTERN, span, message).into()
    })
}

/// Arguments: the string, the pattern.
#[derive(Debug, Default)]
struct Search {
    regex: OnceLock<Option<Regex>>,
    memo: Memo,
}

impl Kernel for Search {
    fn name(&self) -> &'static str {
        "regex_search"
    }

    fn returns(&self, _: &[DataType]) -> DataType {
        DataType::Boolean
    }

    fn run(&self, args: &[ColumnarValue], rows: usize) -> Result<ColumnarValue> {
        let patterns = texts(&args[1])?;
        if let ColumnarValue::Array(_) = &args[1] {
            return search_rows(&args[0], &patterns, rows);
        }
        let regex = self.regex.get_or_init(|| patterns.get(0).and_then(|text| re2(text).ok()));
        let search = |words: &StringArray| -> BooleanArray {
            words.iter().map(|word| Some(regex.as_ref()?.is_match(word?))).collect()
        };
        match &args[0] {
            array if matches!(array.data_type(), DataType::List(_)) => some_element(array, search),
            value => map_text(value, Some(&self.memo), |words| Ok(Arc::new(search(words)) as ArrayRef)),
        }
    }
}

/// Each row has a pattern of its own; one that cannot be read gives null.
fn search_rows(value: &ColumnarValue, patterns: &kernel::Texts<'_>, rows: usize) -> Result<ColumnarValue> {
    const KEPT: usize = 64;
    let values = texts(value)?;
    let mut known: HashMap<&str, Option<Regex>> = HashMap::new();
    let mut found = Vec::with_capacity(rows);
    for row in 0..rows {
        let Some((value, pattern)) = values.get(row).zip(patterns.get(row)) else {
            found.push(None);
            continue;
        };
        if known.len() >= KEPT && !known.contains_key(pattern) {
            known.clear();
        }
        let regex = known.entry(pattern).or_insert_with(|| re2(pattern).ok());
        found.push(regex.as_ref().map(|regex| regex.is_match(value)));
    }
    Ok(ColumnarValue::Array(Arc::new(BooleanArray::from(found))))
}
