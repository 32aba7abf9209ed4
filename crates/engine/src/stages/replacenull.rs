//! `replacenull`: a value in the place of null, and in the place of an empty array. What the value is
//! decides, as in coalesce(), which type the field has afterwards; for a time it may be written as a text.

use super::alter;
use super::sugar::Sugar;
use crate::error::{QueryError, all};
use crate::functions::parse_moment;
use crate::plan::{Context, Rows};
use crate::types::Type;
use datafusion::scalar::ScalarValue;
use vedette_xql::ast::{Assignment, CompareOp, Expr, ExprKind, Span};

pub(super) fn apply(
    context: &Context,
    rows: Rows,
    assignments: &[Assignment],
    span: Span,
) -> Result<Rows, QueryError> {
    let sugar = Sugar { span };
    let filled = all(assignments.iter().map(|assignment| {
        let target = &assignment.target;
        let ty = rows.scope.field(target)?.ty();
        let old = Expr { kind: ExprKind::Field(target.clone()), span: target.span };
        let new = match (&ty, &assignment.value.kind) {
            (Type::Time, ExprKind::Str(text)) if parse_moment(text).is_some() => moment(text, &sugar),
            _ => assignment.value.clone(),
        };
        let value = match ty {
            Type::List(_) => {
                let empty = sugar.call("array_length", vec![old.clone()]);
                let filled = sugar.compare(empty, CompareOp::Gt, sugar.int(0));
                sugar.call("if", vec![filled, old, new])
            }
            _ => sugar.call("coalesce", vec![old, new]),
        };
        Ok(Assignment { target: target.clone(), value })
    }))?;
    alter::apply(context, rows, &filled)
}

/// A written time as an expression that is one.
fn moment(text: &str, sugar: &Sugar) -> Expr {
    let micros = match parse_moment(text) {
        Some(ScalarValue::TimestampMicrosecond(Some(micros), _)) => micros,
        _ => 0,
    };
    sugar.call("to_timestamp", vec![sugar.int(micros), sugar.text("MICROS")])
}
