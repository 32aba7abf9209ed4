//! `dedup`: of the rows with the same keys the first one, in the order given here or by an
//! earlier `sort`. Null is a key like any other.

use super::sort::order_keys;
use crate::error::{QueryError, all};
use crate::plan::Rows;
use crate::scope::{OrderKey, column};
use crate::types::Type;
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::{Expr, ExprFunctionExt, LogicalPlanBuilder, lit};
use vedette_xql::ast::{Name, SortKey};
use vedette_xql::{Diagnostic, codes};

pub(super) fn apply(rows: Rows, keys: &[Name], order: &[SortKey]) -> Result<Rows, QueryError> {
    let mut scope = rows.scope.clone();
    let keys = all(keys.iter().map(|name| {
        let field = scope.field(name)?;
        if let Type::List(_) = field.ty() {
            let message = format!("`{}` is {}; dedup takes single values", name.text, field.ty().a_name());
            return Err(Diagnostic::error(codes::TYPE_MISMATCH, name.span, message).into());
        }
        Ok(field.expr())
    }))?;
    let by = order_keys(&scope, order)?;
    let first: Vec<_> = by.iter().chain(&scope.order).chain(&scope.ties).map(OrderKey::expr).collect();

    let number = scope.hidden_name();
    let row = row_number().partition_by(keys);
    // An empty order is none at all for the planner: any row of the keys is the first.
    let row = if first.is_empty() { row.build()? } else { row.order_by(first).build()? };
    let row = row.alias(&number);
    let whole: Vec<Expr> = rows.plan.schema().columns().into_iter().map(Expr::Column).collect();
    let plan = LogicalPlanBuilder::from(rows.plan)
        .window(vec![row])?
        .filter(column(&number).eq(lit(1u64)))?
        .project(whole)?
        .build()?;
    Ok(Rows { plan, scope })
}
