//! `getrole`: the roles of a user or a host, from the lookup `asset_roles` that the user fills: a row for each
//! asset and role, or an array of roles in a row. Names are compared in any case, as Windows does.
//! Without the lookup every array is empty, and the reply says so.

use super::alter;
use crate::error::QueryError;
use crate::expr::{Exprs, Typed};
use crate::plan::{Context, Rows, read};
use crate::scope::{Scope, column};
use crate::types::{Type, list_type};
use arrow::datatypes::DataType;
use datafusion::common::JoinType;
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, lit};
use datafusion::scalar::ScalarValue;
use vedette_xql::ast::{self, ExprKind, Name, Span};
use vedette_xql::{Diagnostic, codes};

/// The lookup, and the columns it must have.
pub const LOOKUP: &str = "asset_roles";
const ASSET: &str = "asset";
const ROLE: &str = "role";

pub(super) fn apply(
    context: &Context,
    rows: Rows,
    field: &Name,
    alias: Option<&Name>,
    span: Span,
) -> Result<Rows, QueryError> {
    let asset = rows.scope.field(field)?;
    if let Type::List(_) = asset.ty() {
        let message = format!("`{}` is an array; getrole takes one host or user", field.text);
        return Err(Diagnostic::error(codes::TYPE_MISMATCH, field.span, message).into());
    }
    let key = Exprs::new(context, &rows.scope).value(&as_key(field))?.plain().expr;
    let name = alias.map_or("asset_roles", |alias| alias.text.as_str());
    let none = lit(ScalarValue::List(ScalarValue::new_list_nullable(&[], &DataType::Utf8)));
    let Some(roles) = roles(context, span)? else {
        let value = Typed::new(none, list_type(DataType::Utf8), span);
        return alter::set(rows, vec![alter::Made::new(name, value)]);
    };
    let (rows, found) = joined(rows, roles, key)?;
    let value = Typed::new(coalesce(vec![column(&found), none]), list_type(DataType::Utf8), span);
    alter::set(rows, vec![alter::Made::new(name, value)])
}

/// `lowercase(trim(to_string(field)))`, as the lookup's assets are written too.
fn as_key(field: &Name) -> ast::Expr {
    let span = field.span;
    let start = ast::Expr { kind: ExprKind::Field(field.clone()), span };
    ["to_string", "trim", "lowercase"].into_iter().fold(start, |inner, name| {
        let function = Name { name: name.to_owned(), text: name.to_owned(), span };
        ast::Expr { kind: ExprKind::Call { function, args: vec![inner] }, span }
    })
}

/// The lookup as a key in lower case and an array of roles; `None` where there is no lookup.
fn roles(context: &Context, span: Span) -> Result<Option<Rows>, QueryError> {
    let Some(table) = context.catalog.provider(LOOKUP)? else {
        context.warn(
            Diagnostic::warning(codes::NO_DATA, span, "no roles of assets are known here").with_help(
                format!(
                    "the array of roles is empty in every row; make a lookup `{LOOKUP}` with the columns \
                 {ASSET} and {ROLE}"
                ),
            ),
        );
        return Ok(None);
    };
    let schema = table.schema();
    let typed = |name: &str| {
        let field = schema.fields().iter().find(|field| field.name().eq_ignore_ascii_case(name));
        field.map(|field| field.data_type().clone())
    };
    let (Some(_), Some(role)) = (typed(ASSET), typed(ROLE)) else {
        let message = format!("the dataset `{LOOKUP}` must have the columns {ASSET} and {ROLE}");
        return Err(Diagnostic::error(codes::UNKNOWN_FIELD, span, message).into());
    };
    let expand = if matches!(role, DataType::List(_)) { "| arrayexpand role" } else { "" };
    let text = format!(
        "dataset = {LOOKUP} {expand} | alter asset = lowercase(trim(to_string(asset))), role = to_string(role) \
         | comp values(role) as role by asset"
    );
    let Some(query) = vedette_xql::parse(&text).query else {
        return Err(QueryError::internal("the query for roles of assets cannot be read"));
    };
    let context = Context { timeframe: None, ..context.clone() };
    read(&context, &query).map(Some)
}

/// The rows with a hidden column of roles, and its name.
fn joined(rows: Rows, roles: Rows, key: Expr) -> Result<(Rows, String), QueryError> {
    let mut scope: Scope = rows.scope;
    let (asset, found) = (scope.hidden_name(), scope.hidden_name());
    let columns = vec![column(ASSET).alias(&asset), column(ROLE).alias(&found)];
    let roles = LogicalPlanBuilder::from(roles.plan).project(columns)?.build()?;
    let on = vec![key.eq(column(&asset))];
    // The side that is looked through keeps its order.
    let plan = LogicalPlanBuilder::from(roles).join_on(rows.plan, JoinType::Right, on)?.build()?;
    Ok((Rows { plan, scope }, found))
}
