//! `arrayexpand`: one row for each element of an array; rows whose array is null or empty are dropped.

use super::alter;
use super::sugar::Sugar;
use crate::error::QueryError;
use crate::plan::{Context, Rows};
use crate::scope::Scope;
use crate::types::{Type, list_type};
use arrow::datatypes::DataType;
use datafusion::common::{Column, NullHandling, UnnestOptions};
use datafusion::logical_expr::{LogicalPlanBuilder, cast, lit};
use datafusion::scalar::ScalarValue;
use vedette_xql::ast::{Name, Span};
use vedette_xql::{Diagnostic, codes};

pub(super) fn apply(
    context: &Context,
    rows: Rows,
    field: &Name,
    limit: Option<u64>,
    span: Span,
) -> Result<Rows, QueryError> {
    let rows = match limit {
        Some(most) => cut(context, rows, field, most, span)?,
        None => rows,
    };
    let found = rows.scope.field(field)?.clone();
    let (rows, item) = match (found.ty(), &found.data) {
        (Type::List(_), DataType::List(item)) => (rows, item.data_type().clone()),
        // Of a field of the data model that no rule makes nobody can say whether it is an array.
        (ty, _) if ty == Type::Null || found.hidden && found.name.starts_with("xdm.") => {
            let empty = cast(lit(ScalarValue::Null), list_type(DataType::Utf8));
            let value = crate::expr::Typed::new(empty, list_type(DataType::Utf8), span);
            (alter::set(rows, vec![alter::Made::new(&found.column, value)])?, DataType::Utf8)
        }
        (ty, _) => {
            let message = format!("arrayexpand needs an array, and `{}` is {}", field.text, ty.a_name());
            let error = Diagnostic::error(codes::TYPE_MISMATCH, field.span, message);
            let help = "split() makes an array of a text, json_extract_array() or `-> []` of a JSON text";
            return Err(error.with_help(help).into());
        }
    };
    let mut scope: Scope = rows.scope;
    let options = UnnestOptions { null_handling: NullHandling::Drop, ..UnnestOptions::default() };
    let column = Column::new_unqualified(&found.column);
    let plan = LogicalPlanBuilder::from(rows.plan).unnest_column_with_options(column, options)?.build()?;
    if let Some(known) = scope.fields.iter_mut().find(|known| known.name == found.name) {
        known.data = item;
        known.companions = None;
    }
    Ok(Rows { plan, scope })
}

/// Leaves the first elements of each array.
fn cut(context: &Context, rows: Rows, field: &Name, most: u64, span: Span) -> Result<Rows, QueryError> {
    let sugar = Sugar { span };
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let args = vec![sugar.field(&field.name), sugar.int(0), sugar.int(most)];
    alter::apply(context, rows, &[sugar.set(&field.text, sugar.call("arrayrange", args))])
}
