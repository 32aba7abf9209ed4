//! `getrole`: the roles of an asset. Nothing tells this version of Vedette any roles, so the array is
//! empty, and the reply says so.

use super::alter;
use crate::error::QueryError;
use crate::expr::Typed;
use crate::plan::{Context, Rows};
use crate::types::{Type, list_type};
use arrow::datatypes::DataType;
use datafusion::logical_expr::lit;
use datafusion::scalar::ScalarValue;
use vedette_xql::ast::{Name, Span};
use vedette_xql::{Diagnostic, codes};

pub(super) fn apply(
    context: &Context,
    rows: Rows,
    field: &Name,
    alias: Option<&Name>,
    span: Span,
) -> Result<Rows, QueryError> {
    if let Type::List(_) = rows.scope.field(field)?.ty() {
        let message = format!("`{}` is an array; getrole takes one host or user", field.text);
        return Err(Diagnostic::error(codes::TYPE_MISMATCH, field.span, message).into());
    }
    context.warn(
        Diagnostic::warning(codes::NO_DATA, span, "no roles of assets are known here")
            .with_help("the array of roles is empty in every row"),
    );
    let none = ScalarValue::List(ScalarValue::new_list_nullable(&[], &DataType::Utf8));
    let value = Typed::new(lit(none), list_type(DataType::Utf8), span);
    let name = alias.map_or("asset_roles", |alias| alias.text.as_str());
    alter::set(rows, vec![alter::Made::new(name, value)])
}
