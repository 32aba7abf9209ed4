//! `filter`: keeps the rows for which the condition is true (neither false nor null).

use crate::error::QueryError;
use crate::expr::Exprs;
use crate::plan::{Context, Rows};
use datafusion::logical_expr::LogicalPlanBuilder;
use vedette_xql::ast::Expr;

pub(super) fn apply(context: &Context, rows: Rows, condition: &Expr) -> Result<Rows, QueryError> {
    let condition = Exprs::new(context, &rows.scope).truth(condition)?;
    let plan = LogicalPlanBuilder::from(rows.plan).filter(condition.expr)?.build()?;
    Ok(Rows { plan, scope: rows.scope })
}
