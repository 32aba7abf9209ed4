//! `replacenull`: a value in the place of null. What the value is decides, as in coalesce(), which
//! type the field has afterwards.

use super::alter;
use super::sugar::Sugar;
use crate::error::{QueryError, all};
use crate::plan::{Context, Rows};
use vedette_xql::ast::{Assignment, Expr, ExprKind, Span};

pub(super) fn apply(
    context: &Context,
    rows: Rows,
    assignments: &[Assignment],
    span: Span,
) -> Result<Rows, QueryError> {
    let sugar = Sugar { span };
    let filled = all(assignments.iter().map(|assignment| {
        let target = &assignment.target;
        rows.scope.field(target)?;
        let old = Expr { kind: ExprKind::Field(target.clone()), span: target.span };
        let value = sugar.call("coalesce", vec![old, assignment.value.clone()]);
        Ok(Assignment { target: target.clone(), value })
    }))?;
    alter::apply(context, rows, &filled)
}
