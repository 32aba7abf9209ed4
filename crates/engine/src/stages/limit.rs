//! `limit`: the first rows, in the order an earlier `sort` asked for.

use crate::error::QueryError;
use crate::plan::{Context, Rows};
use datafusion::logical_expr::LogicalPlanBuilder;
use vedette_xql::ast::Count;
use vedette_xql::{Diagnostic, codes};

pub(super) fn apply(context: &Context, rows: Rows, count: &Count) -> Result<Rows, QueryError> {
    let count = usize::try_from(number(context, count)?).unwrap_or(usize::MAX);
    let mut builder = LogicalPlanBuilder::from(rows.plan);
    if !rows.scope.order.is_empty() {
        builder = builder.sort(rows.scope.full_order())?;
    }
    let plan = builder.limit(0, Some(count))?.build()?;
    Ok(Rows { plan, scope: rows.scope })
}

fn number(context: &Context, count: &Count) -> Result<u64, QueryError> {
    let name = match count {
        Count::Number(number) => return Ok(*number),
        Count::Param(name) => name,
    };
    let text = context.parameter_text(name)?;
    text.trim().parse().map_err(|_| {
        let message = format!("the parameter ${} is \"{text}\", and limit needs a whole number", name.text);
        Diagnostic::error(codes::BAD_LIMIT, name.span, message).into()
    })
}
