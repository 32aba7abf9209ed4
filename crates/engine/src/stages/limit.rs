//! `limit`: the first rows, in the order an earlier `sort` asked for.

use crate::error::QueryError;
use crate::plan::Rows;
use datafusion::logical_expr::LogicalPlanBuilder;

pub(super) fn apply(rows: Rows, count: u64) -> Result<Rows, QueryError> {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let mut builder = LogicalPlanBuilder::from(rows.plan);
    if !rows.scope.order.is_empty() {
        builder = builder.sort(rows.scope.full_order())?;
    }
    let plan = builder.limit(0, Some(count))?.build()?;
    Ok(Rows { plan, scope: rows.scope })
}
