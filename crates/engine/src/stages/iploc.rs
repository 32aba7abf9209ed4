//! `iploc`: where an IPv4 address is in the world. No database of places comes with Vedette: without one
//! the columns are null, and the reply says so. Nothing is guessed.

use super::alter;
use crate::error::QueryError;
use crate::expr::Typed;
use crate::plan::{Context, Rows};
use crate::types::Type;
use arrow::datatypes::DataType;
use datafusion::logical_expr::lit;
use datafusion::scalar::ScalarValue;
use vedette_xql::ast::{IpLoc, Span};
use vedette_xql::stages::iploc::COLUMNS;
use vedette_xql::{Diagnostic, codes};

pub(super) fn apply(context: &Context, rows: Rows, iploc: &IpLoc, span: Span) -> Result<Rows, QueryError> {
    let field = rows.scope.field(&iploc.field)?;
    if !matches!(field.ty(), Type::Str | Type::Null) {
        let message = format!("iploc reads addresses, and `{}` is {}", iploc.field.text, field.ty().a_name());
        return Err(Diagnostic::error(codes::TYPE_MISMATCH, iploc.field.span, message).into());
    }
    context.warn(
        Diagnostic::warning(codes::NO_DATA, span, "there is no database of places here")
            .with_help("the columns of iploc are null in every row"),
    );
    let suffix = iploc.suffix.as_deref().unwrap_or("");
    let mut names: Vec<String> = Vec::new();
    for choice in &iploc.columns {
        names.push(match &choice.alias {
            Some(alias) => alias.text.clone(),
            None => format!("{}{suffix}", choice.field.name),
        });
    }
    if names.is_empty() {
        names.extend(COLUMNS.iter().map(|column| format!("{column}{suffix}")));
    }
    let null = || Typed::new(lit(ScalarValue::Utf8(None)), DataType::Utf8, span);
    alter::set(rows, names.into_iter().map(|name| alter::Made::new(name, null())).collect())
}
