//! `value in (dataset = … | …)`: is the value among those of another query? The inner query has one
//! column; its nulls are no values. Upper and lower case count, whatever the query's setting.

use crate::error::QueryError;
use crate::expr::{Exprs, Typed};
use crate::plan::read;
use datafusion::logical_expr::{LogicalPlanBuilder, in_subquery, not_in_subquery};
use std::sync::Arc;
use vedette_xql::ast::{self, Query, Span};
use vedette_xql::{Diagnostic, codes};

pub(crate) fn within(
    exprs: &Exprs<'_>,
    value: &ast::Expr,
    query: &Query,
    negated: bool,
    span: Span,
) -> Result<Typed, QueryError> {
    let value = exprs.value(value)?.plain();
    let rows = read(exprs.context, query)?;
    let column = only_column(&rows.scope.fields, query)?;
    let own = Typed::new(column.expr(), column.data.clone(), query.span).plain();
    let Some(ty) = value.ty().common(&own.ty()) else {
        let message = format!("{} is compared with rows of {}s", value.ty().a_name(), own.ty().name());
        return Err(Diagnostic::error(codes::TYPE_MISMATCH, span, message).into());
    };
    let (value, own) = (value.to(&ty), own.to(&ty));
    let inner = LogicalPlanBuilder::from(rows.plan)
        .project(vec![own.expr.alias("__in")])?
        .filter(crate::scope::column("__in").is_not_null())?
        .distinct()?
        .build()?;
    let inner = Arc::new(inner);
    let expr = match negated {
        false => in_subquery(value.expr, inner),
        // A null is not known to be in the list or not.
        true => value.expr.clone().is_not_null().and(not_in_subquery(value.expr, inner)),
    };
    Ok(Typed::bool(expr, span))
}

/// The one column that is not a system field, or the only one.
fn only_column<'a>(
    fields: &'a [crate::scope::Field],
    query: &Query,
) -> Result<&'a crate::scope::Field, QueryError> {
    let mut own = fields.iter().filter(|field| !field.is_system());
    match (own.next(), own.next(), fields) {
        (Some(only), None, _) => Ok(only),
        (None, _, [only]) => Ok(only),
        _ => {
            let message = "a query after `in` gives one field, and this one gives several";
            let error = Diagnostic::error(codes::TYPE_MISMATCH, query.span, message);
            Err(error.with_help("end it with: | fields name").into())
        }
    }
}
