//! `transaction`: the events of one key in one row. Each other field becomes the JSON array of its values
//! in order of time.
//!
//! With a span, the events of one bucket of that length belong together. With conditions, a transaction
//! begins at an event that fits `startswith` (or at the first), and ends at one that fits `endswith`; what
//! lies between an end and the next start belongs to none. A transaction that was not ended is dropped
//! when `allowunclosed = false`, and else reaches 12 hours at most.

use super::sugar::Sugar;
use super::{alter, bin, comp, fields, filter, windowcomp};
use crate::error::QueryError;
use crate::plan::{Context, Rows};
use crate::types::{Type, time_type};
use vedette_xql::ast::{
    Bound, Comp, CompareOp, Edge, Expr, FieldChoice, Fields, Frame, Name, Span, Transaction, WindowCall,
};
use vedette_xql::{Diagnostic, codes};

/// Fields in one transaction.
const MOST_FIELDS: usize = 50;
/// Seconds that a transaction without an end reaches.
const OPEN_FOR: i64 = 12 * 60 * 60;

const TIME: &str = "_time";
const NUMBER: &str = "~number";
const START: &str = "~start";
const END: &str = "~end";
const ENDED: &str = "~ended";
const PLACE: &str = "~place";
const FIRST: &str = "~first";
const AGE: &str = "~age";

pub(super) fn apply(
    context: &Context,
    rows: Rows,
    wanted: &Transaction,
    span: Span,
) -> Result<Rows, QueryError> {
    let s = Sugar { span };
    for key in &wanted.keys {
        rows.scope.field(key)?;
    }
    if rows.scope.find(TIME).is_none_or(|field| field.data != time_type()) {
        let message = "transaction needs the field `_time`, which these rows do not have";
        return Err(Diagnostic::error(codes::UNKNOWN_FIELD, span, message).into());
    }
    let kept = gathered(&rows, wanted);
    let rows = match &wanted.span {
        Some(length) => {
            let rows = alter::apply(context, rows, &[s.set(NUMBER, s.field(TIME))])?;
            bin::apply(rows, &s.name(NUMBER), &vedette_xql::ast::BinSize::Span(length.clone()))?
        }
        None => numbered(context, rows, wanted, &s)?,
    };
    let rows = cut(context, rows, wanted, &s)?;
    gather(context, rows, wanted, &kept, &s)
}

/// The fields that become arrays.
fn gathered(rows: &Rows, wanted: &Transaction) -> Vec<String> {
    // The times are those of the first and last event.
    let fields = rows.scope.fields.iter().filter(|field| !field.hidden && field.name != TIME);
    let fields = fields.filter(|field| !wanted.keys.iter().any(|key| key.name == field.name));
    let single = fields.filter(|field| !matches!(field.ty(), Type::List(_)));
    single.map(|field| field.column.clone()).take(MOST_FIELDS).collect()
}

fn window(
    s: &Sugar,
    wanted: &Transaction,
    more: &[&str],
    function: &str,
    field: &str,
    end: f64,
    alias: &str,
) -> WindowCall {
    let mut by: Vec<Name> = wanted.keys.clone();
    by.extend(more.iter().map(|name| s.name(name)));
    let args = if field.is_empty() { Vec::new() } else { vec![s.field(field)] };
    let frame = Frame { start: Bound::Unbounded, end: Bound::Offset(end), range: false, span: s.span };
    WindowCall {
        function: s.name(function),
        args,
        by,
        order: vec![s.sort(TIME, false)],
        frame: (!field.is_empty()).then_some(frame),
        alias: Some(s.name(alias)),
        span: s.span,
    }
}

/// The number of the transaction that each event belongs to; what belongs to none is dropped.
fn numbered(context: &Context, rows: Rows, wanted: &Transaction, s: &Sugar) -> Result<Rows, QueryError> {
    let marks = [
        s.set(START, flag(s, &rows, wanted.starts.as_ref())),
        s.set(END, flag(s, &rows, wanted.ends.as_ref())),
    ];
    let rows = alter::apply(context, rows, &marks)?;
    let starts = window(s, wanted, &[], "sum", START, 0.0, NUMBER);
    let mut rows = windowcomp::apply(context, rows, &[starts])?;
    if wanted.starts.is_none() {
        // Every end begins the next one.
        let ends = window(s, wanted, &[], "sum", END, -1.0, NUMBER);
        rows = windowcomp::apply(context, rows, &[ends])?;
        let number = s.call("coalesce", vec![s.field(NUMBER), s.int(0)]);
        return alter::apply(context, rows, &[s.set(NUMBER, number)]);
    }
    let ends = window(s, wanted, &[NUMBER], "sum", END, -1.0, ENDED);
    let rows = windowcomp::apply(context, rows, &[ends])?;
    let ended = s.call("coalesce", vec![s.field(ENDED), s.int(0)]);
    let inside =
        s.and(s.compare(s.field(NUMBER), CompareOp::Gt, s.int(0)), s.compare(ended, CompareOp::Eq, s.int(0)));
    filter::apply(context, rows, &inside)
}

/// 1 where the condition holds.
fn flag(s: &Sugar, rows: &Rows, edge: Option<&Edge>) -> Expr {
    let condition = match edge {
        None => return s.int(0),
        Some(Edge::When(condition)) => condition.clone(),
        Some(Edge::Holding(text)) => {
            let fields = rows.scope.fields.iter().filter(|field| field.ty() == Type::Str && !field.hidden);
            let tests = fields.map(|field| s.contains(s.field(&field.name), s.text(&text.text)));
            match tests.reduce(|a, b| s.or(a, b)) {
                Some(test) => test,
                None => return s.int(0),
            }
        }
    };
    s.call("if", vec![condition, s.int(1), s.int(0)])
}

/// Leaves as many events as one transaction may have, and of open ones those of its longest time.
fn cut(context: &Context, rows: Rows, wanted: &Transaction, s: &Sugar) -> Result<Rows, QueryError> {
    let place = window(s, wanted, &[NUMBER], "row_number", "", 0.0, PLACE);
    let first = window(s, wanted, &[NUMBER], "min", TIME, 0.0, FIRST);
    let rows = windowcomp::apply(context, rows, &[place, first])?;
    let most = i64::try_from(wanted.max_events).unwrap_or(i64::MAX);
    let rows = filter::apply(context, rows, &s.compare(s.field(PLACE), CompareOp::LtEq, s.int(most)))?;
    if wanted.span.is_some() {
        return Ok(rows);
    }
    let age = s.call("timestamp_diff", vec![s.field(TIME), s.field(FIRST), s.text("SECOND")]);
    let rows = alter::apply(context, rows, &[s.set(AGE, age)])?;
    filter::apply(context, rows, &s.compare(s.field(AGE), CompareOp::LtEq, s.int(OPEN_FOR)))
}

fn gather(
    context: &Context,
    rows: Rows,
    wanted: &Transaction,
    kept: &[String],
    s: &Sugar,
) -> Result<Rows, QueryError> {
    let ordered = super::sort::apply(rows, &[s.sort(TIME, false)])?;
    let mut aggregates = vec![
        s.aggregate("min", vec![s.field(TIME)], "_start_time"),
        s.aggregate("max", vec![s.field(TIME)], "_end_time"),
        s.aggregate("count", Vec::new(), "_num_of_rows"),
    ];
    let closes = wanted.ends.is_some() && !wanted.allow_unclosed;
    if closes {
        aggregates.push(s.aggregate("max", vec![s.field(END)], ENDED));
    }
    aggregates.extend(kept.iter().map(|name| s.aggregate("list", vec![s.field(name)], &format!("~{name}"))));
    let mut by = wanted.keys.clone();
    by.push(s.name(NUMBER));
    let gathered = Comp { aggregates, by, order: Vec::new(), raw: None };
    let mut rows = comp::apply(context, ordered, &gathered)?;
    if closes {
        rows = filter::apply(context, rows, &s.compare(s.field(ENDED), CompareOp::Eq, s.int(1)))?;
    }
    let args = vec![s.field("_end_time"), s.field("_start_time"), s.text("SECOND")];
    let mut parts: Vec<Expr> = wanted.keys.iter().map(|key| id_part(s, &key.name)).collect();
    parts.push(id_part(s, NUMBER));
    let mut made = vec![
        s.set("_duration", s.call("timestamp_diff", args)),
        s.set("_transaction_id", s.call("sha1", vec![s.call("concat", parts)])),
    ];
    made.extend(
        kept.iter().map(|name| s.set(name, s.call("to_json_string", vec![s.field(&format!("~{name}"))]))),
    );
    let rows = alter::apply(context, rows, &made)?;
    let mut shown: Vec<FieldChoice> = wanted.keys.iter().map(|key| s.choice(&key.text)).collect();
    let own = ["_start_time", "_end_time", "_duration", "_num_of_rows", "_transaction_id"];
    shown.extend(own.into_iter().map(|name| s.choice(name)));
    shown.extend(kept.iter().map(|name| s.choice(name)));
    fields::apply(rows, &Fields::Keep(shown))
}

/// A key as a part of the transaction's id.
fn id_part(s: &Sugar, key: &str) -> Expr {
    let text = s.call("to_string", vec![s.field(key)]);
    s.call("concat", vec![s.call("coalesce", vec![text, s.text("")]), s.text("/")])
}
