//! `call_macro "name" parameter = value`: stages of the query library in the place of the call, with the
//! values as text in the place of `${parameter}`. The places of their mistakes are in another text, so
//! messages point at the call.

use crate::error::QueryError;
use crate::plan::{Context, Rows};
use std::sync::Arc;
use vedette_xql::ast::{MacroCall, Source};
use vedette_xql::{Diagnostic, codes};

/// Macros that call one another.
const DEEPEST: usize = 10;

pub(super) fn apply(context: &Context, rows: Rows, call: &MacroCall) -> Result<Rows, QueryError> {
    let name = &call.name.text;
    let wrong = |message: String| {
        QueryError::from(Diagnostic::error(codes::UNKNOWN_LIBRARY_QUERY, call.name.span, message))
    };
    if context.depth >= DEEPEST {
        return Err(wrong(format!("macros call one another more than {DEEPEST} deep here")));
    }
    let Some(text) = context.catalog.library_query(name) else {
        return Err(wrong(format!("the library has no query \"{name}\"")));
    };
    let text = filled(&text, call).map_err(&wrong)?;
    let parsed = vedette_xql::parse(&text);
    let Some(query) = parsed.query else {
        let why = parsed.diagnostics.iter().find(|found| found.is_error());
        let why = why.map_or("it cannot be read", |found| found.message.as_str());
        return Err(wrong(format!("the macro \"{name}\" is wrong: {why}")));
    };
    if query.source != Source::Default {
        return Err(wrong(format!(
            "\"{name}\" is a whole query, and a macro is only stages: use call for it"
        )));
    }
    let mut inner = context.clone();
    inner.depth += 1;
    // Their places are in another text.
    inner.warnings = Arc::default();
    let applied = query.stages.iter().try_fold(rows, |rows, stage| super::apply(&inner, rows, stage));
    applied.map_err(|error| match error.diagnostics.is_empty() {
        true => error,
        false => wrong(format!("the macro \"{name}\": {}", error.message)),
    })
}

/// The text with the values in the place of `${name}`.
fn filled(text: &str, call: &MacroCall) -> Result<String, String> {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else { break };
        let wanted = rest[start + 2..start + length].trim();
        let given = call.parameters.iter().find(|(name, _)| name.text.eq_ignore_ascii_case(wanted));
        let Some((_, value)) = given else {
            return Err(format!("the macro \"{}\" needs a value: {wanted} = …", call.name.text));
        };
        made.push_str(&rest[..start]);
        made.push_str(&value.text);
        rest = &rest[start + length + 1..];
    }
    made.push_str(rest);
    Ok(made)
}
