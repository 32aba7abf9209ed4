//! `call "name"`: a query of the library in the place of a source. Its parameters are those of the call;
//! what the call does not give, the query around it may have been given.

use crate::error::QueryError;
use crate::plan::{Context, Rows, read as read_query};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;
use vedette_xql::ast::LibraryCall;
use vedette_xql::{Diagnostic, codes};

/// Library queries that call one another.
const DEEPEST: usize = 10;

pub(crate) fn read(context: &Context, call: &LibraryCall) -> Result<Rows, QueryError> {
    let name = &call.query.text;
    let wrong = |message: String| {
        QueryError::from(Diagnostic::error(codes::UNKNOWN_LIBRARY_QUERY, call.query.span, message))
    };
    if context.depth >= DEEPEST {
        return Err(wrong(format!("library queries call one another more than {DEEPEST} deep here")));
    }
    let Some(text) = context.catalog.library_query(name) else {
        return Err(wrong(format!("the library has no query \"{name}\"")));
    };
    let parsed = vedette_xql::parse(&text);
    let Some(query) = parsed.query else {
        let why = parsed.diagnostics.iter().find(|found| found.is_error());
        let why = why.map_or("it cannot be read", |found| found.message.as_str());
        return Err(wrong(format!("the library query \"{name}\" is wrong: {why}")));
    };
    let mut context = context.clone();
    context.depth += 1;
    // Their places are in another text.
    context.warnings = Arc::default();
    let mut parameters = (*context.parameters).clone();
    for (name, value) in &call.parameters {
        parameters.insert(name.name.clone(), ScalarValue::Utf8(Some(value.text.clone())));
    }
    context.parameters = Arc::new(parameters);
    read_query(&context, &query).map_err(|error| match error.diagnostics.is_empty() {
        true => error,
        false => wrong(format!("the library query \"{name}\": {}", error.message)),
    })
}
