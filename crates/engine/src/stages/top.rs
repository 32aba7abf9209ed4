//! `top`: the most frequent values, each with its count and its share in percent. The values of each
//! group stand together, the most frequent first; of equals the smaller value first. Null is no value.

use super::sugar::Sugar;
use super::{alter, comp, fields, filter, sort, windowcomp};
use crate::error::QueryError;
use crate::plan::{Context, Rows};
use vedette_xql::ast::{Comp, CompareOp, Expr, ExprKind, Fields, Name, SortKey, Span, Top, WindowCall};

const TOTAL: &str = "~total";
const PLACE: &str = "~place";
const PERCENT: &str = "top_percent";
const COUNT: &str = "top_count";

pub(super) fn apply(context: &Context, rows: Rows, top: &Top, span: Span) -> Result<Rows, QueryError> {
    let s = Sugar { span };
    rows.scope.field(&top.field)?;
    let field = Expr { kind: ExprKind::Field(top.field.clone()), span: top.field.span };
    let null = Expr { kind: ExprKind::Null, span };
    let rows = filter::apply(context, rows, &s.compare(field, CompareOp::NotEq, null))?;
    let mut by: Vec<Name> = top.by.clone();
    by.push(top.field.clone());
    let counted =
        Comp { aggregates: vec![s.aggregate("count", Vec::new(), COUNT)], by, order: Vec::new(), raw: None };
    let rows = comp::apply(context, rows, &counted)?;
    let call = |function: &str, args: Vec<Expr>, order: Vec<SortKey>, alias: &str| WindowCall {
        function: s.name(function),
        args,
        by: top.by.clone(),
        order,
        frame: None,
        alias: Some(s.name(alias)),
        span,
    };
    let place = vec![s.sort(COUNT, true), s.sort(&top.field.name, false)];
    let windows =
        [call("sum", vec![s.field(COUNT)], Vec::new(), TOTAL), call("row_number", Vec::new(), place, PLACE)];
    let rows = windowcomp::apply(context, rows, &windows)?;
    let share = s.call("divide", vec![s.call("multiply", vec![s.field(COUNT), s.int(100)]), s.field(TOTAL)]);
    let rows = alter::apply(context, rows, &[s.set(PERCENT, share)])?;
    let most = i64::try_from(top.count).unwrap_or(i64::MAX);
    let rows = filter::apply(context, rows, &s.compare(s.field(PLACE), CompareOp::LtEq, s.int(most)))?;
    let mut order: Vec<SortKey> =
        top.by.iter().map(|name| SortKey { field: name.clone(), descending: false }).collect();
    order.push(s.sort(PLACE, false));
    let rows = sort::apply(rows, &order)?;
    let mut shown: Vec<_> = top.by.iter().map(|name| s.choice(&name.text)).collect();
    shown.push(s.choice(&top.field.text));
    if top.figures.is_empty() {
        shown.extend([s.choice(COUNT), s.choice(PERCENT)]);
    }
    shown.extend(top.figures.iter().cloned());
    fields::apply(rows, &Fields::Keep(shown))
}
