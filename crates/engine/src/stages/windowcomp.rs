//! `windowcomp`: a value for each row, computed over the rows around it.
//!
//! Without `sort` the frame is the whole group; with it, the rows from the first to the current one.
//! Rows that the sort keys hold equal come in the order they had before. Nulls are skipped, as in `comp`.

use super::alter::{self, Made};
use super::sort::order_keys;
use crate::error::{QueryError, all};
use crate::expr::{Exprs, Typed};
use crate::plan::{Context, Rows};
use crate::scope::{OrderKey, Scope, column, is_reserved};
use crate::types::{Type, time_type};
use arrow::datatypes::DataType;
use datafusion::functions_aggregate::{
    average::avg_udaf,
    count::count_udaf,
    median::median_udaf,
    min_max::{max_udaf, min_udaf},
    stddev::{stddev_pop_udaf, stddev_udaf},
    sum::sum_udaf,
};
use datafusion::functions_window::{
    lead_lag::lag_udwf,
    nth_value::{first_value_udwf, last_value_udwf},
    rank::{dense_rank_udwf, rank_udwf},
    row_number::row_number_udwf,
};
use datafusion::logical_expr::expr::{WindowFunction, WindowFunctionParams};
use datafusion::logical_expr::{
    Expr, LogicalPlanBuilder, SortExpr, WindowFrame, WindowFrameBound, WindowFrameUnits,
    WindowFunctionDefinition, cast, lit,
};
use datafusion::scalar::ScalarValue;
use std::collections::HashMap;
use vedette_xql::ast::{Bound, Frame, Name, SortKey, WindowCall};
use vedette_xql::{Diagnostic, codes};

pub(super) fn apply(context: &Context, rows: Rows, calls: &[WindowCall]) -> Result<Rows, QueryError> {
    let names = names(calls)?;
    let planned = all(calls.iter().map(|call| plan(context, &rows.scope, call)))?;
    let mut scope = rows.scope.clone();
    let mut made = Vec::new();
    let mut builder = LogicalPlanBuilder::from(rows.plan);
    for ((window, data), name) in planned.into_iter().zip(names) {
        let hidden = scope.hidden_name();
        // One step for each call: the windows of one step must have the same order.
        builder = builder.window(vec![window.alias(&hidden)])?;
        let value = cast(column(&hidden), data.clone());
        made.push(Made::new(name, Typed::new(value, data, Default::default())));
    }
    alter::set(Rows { plan: builder.build()?, scope }, made)
}

/// The alias of each call, or `<function>_<n>`.
fn names(calls: &[WindowCall]) -> Result<Vec<String>, QueryError> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    all(calls.iter().map(|call| match &call.alias {
        Some(alias) if is_reserved(&alias.name) => {
            let message = format!("`{}` is a name that Vedette uses itself", alias.text);
            Err(Diagnostic::error(codes::BAD_ARGUMENT, alias.span, message).into())
        }
        Some(alias) => Ok(alias.text.clone()),
        None => {
            let count = counts.entry(&call.function.name).or_default();
            *count += 1;
            Ok(format!("{}_{count}", call.function.name))
        }
    }))
}

fn plan(context: &Context, scope: &Scope, call: &WindowCall) -> Result<(Expr, DataType), QueryError> {
    let exprs = Exprs::new(context, scope);
    let args = all(call.args.iter().map(|arg| exprs.value(arg)))?;
    let (function, args, data) = function(call, args)?;
    let by = all(call.by.iter().map(|name| {
        let field = scope.field(name)?;
        if let Type::List(_) = field.ty() {
            let message =
                format!("`{}` is {}; windowcomp groups by single values", name.text, field.ty().a_name());
            return Err(Diagnostic::error(codes::TYPE_MISMATCH, name.span, message).into());
        }
        Ok(Typed::new(field.expr(), field.data.clone(), name.span).plain().expr)
    }))?;
    let by_time = by_time(call)?;
    let call = by_time.as_ref().unwrap_or(call);
    let keys = order_keys(scope, &call.order)?;
    let frame = frame(call, scope)?;
    let range = frame.units == WindowFrameUnits::Range;
    let order = order(call, scope, &keys, range);
    let params = WindowFunctionParams {
        args,
        partition_by: by,
        order_by: order,
        window_frame: frame,
        filter: None,
        null_treatment: None,
        distinct: false,
    };
    let window = Expr::WindowFunction(Box::new(WindowFunction { fun: function, params }));
    Ok((window, data))
}

/// `earliest` and `latest` look at the whole group in the order of time.
fn by_time(call: &WindowCall) -> Result<Option<WindowCall>, QueryError> {
    if !matches!(call.function.name.as_str(), "earliest" | "latest") {
        return Ok(None);
    }
    if call.frame.is_some() || !call.order.is_empty() {
        let message = format!("{}() has its own order, that of _time", call.function.name);
        let error = Diagnostic::error(codes::BAD_ARGUMENT, call.span, message);
        return Err(error
            .with_help("leave out sort and between, or use first_value() or last_value()")
            .into());
    }
    let span = call.span;
    let time = Name { name: "_time".into(), text: "_time".into(), span };
    let frame = Frame { start: Bound::Unbounded, end: Bound::Unbounded, range: false, span };
    let order = vec![SortKey { field: time, descending: false }];
    Ok(Some(WindowCall { order, frame: Some(frame), ..call.clone() }))
}

/// Where only the keys decide what is equal, nothing may be added to them.
fn order(call: &WindowCall, scope: &Scope, keys: &[OrderKey], range: bool) -> Vec<SortExpr> {
    let whole = !range && !matches!(call.function.name.as_str(), "rank" | "dense_rank");
    let before = scope.order.iter().chain(&scope.ties).filter(|_| whole);
    let mut order: Vec<&OrderKey> = Vec::new();
    for key in keys.iter().chain(before) {
        if !order.iter().any(|known| known.column == key.column) {
            order.push(key);
        }
    }
    order.into_iter().map(OrderKey::expr).collect()
}

fn function(
    call: &WindowCall,
    mut args: Vec<Typed>,
) -> Result<(WindowFunctionDefinition, Vec<Expr>, DataType), QueryError> {
    let name = call.function.name.as_str();
    let given = (!args.is_empty()).then(|| args.remove(0));
    let arg = || given.clone().ok_or_else(|| wrong(call, "a field"));
    let int = DataType::Int64;
    let float = DataType::Float64;
    Ok(match name {
        "count" => {
            let counted = given.map_or(lit(1i64), |arg| arg.expr);
            (count_udaf().into(), vec![counted], int)
        }
        "sum" => {
            let arg = number(call, arg()?)?;
            (sum_udaf().into(), vec![arg.expr], arg.data)
        }
        "avg" => (avg_udaf().into(), vec![number(call, arg()?)?.to(&Type::Float).expr], float),
        "median" => (median_udaf().into(), vec![number(call, arg()?)?.to(&Type::Float).expr], float),
        "stddev_population" => {
            (stddev_pop_udaf().into(), vec![number(call, arg()?)?.to(&Type::Float).expr], float)
        }
        "stddev_sample" => (stddev_udaf().into(), vec![number(call, arg()?)?.to(&Type::Float).expr], float),
        "min" | "max" => {
            let arg = arg()?.plain();
            if let Type::List(_) = arg.ty() {
                return Err(wrong(call, "a single value"));
            }
            let function = if name == "min" { min_udaf() } else { max_udaf() };
            (function.into(), vec![arg.expr], arg.data)
        }
        "row_number" => (row_number_udwf().into(), Vec::new(), int),
        "rank" | "dense_rank" if call.order.is_empty() => {
            let message = format!("{name}() needs an order");
            let error = Diagnostic::error(codes::ARGUMENT_COUNT, call.span, message);
            let help = format!("write: windowcomp {name}() by key sort desc field as place");
            return Err(error.with_help(help).into());
        }
        "rank" => (rank_udwf().into(), Vec::new(), int),
        "dense_rank" => (dense_rank_udwf().into(), Vec::new(), int),
        "earliest" | "latest" => {
            let arg = arg()?.plain();
            let function = if name == "earliest" { first_value_udwf() } else { last_value_udwf() };
            (function.into(), vec![arg.expr], arg.data)
        }
        "first_value" | "last_value" | "lag" => {
            let arg = arg()?.plain();
            let function = match name {
                "first_value" => first_value_udwf(),
                "last_value" => last_value_udwf(),
                _ => lag_udwf(),
            };
            (function.into(), vec![arg.expr], arg.data)
        }
        _ => return Err(wrong(call, "another function")),
    })
}

/// A number; strings are read as numbers.
fn number(call: &WindowCall, arg: Typed) -> Result<Typed, QueryError> {
    match arg.ty() {
        Type::Int | Type::Float => Ok(arg),
        Type::Null => Ok(arg.to(&Type::Int)),
        Type::Str => Ok(crate::functions::to_float(arg)),
        _ => Err(wrong(call, "a number")),
    }
}

fn wrong(call: &WindowCall, wanted: &str) -> QueryError {
    let message = format!("{}() needs {wanted} here", call.function.name);
    Diagnostic::error(codes::TYPE_MISMATCH, call.span, message).into()
}

fn frame(call: &WindowCall, scope: &Scope) -> Result<WindowFrame, QueryError> {
    let whole = || WindowFrameBound::Preceding(ScalarValue::UInt64(None));
    let Some(frame) = &call.frame else {
        let end = match call.order.is_empty() {
            true => WindowFrameBound::Following(ScalarValue::UInt64(None)),
            false => WindowFrameBound::CurrentRow,
        };
        return Ok(WindowFrame::new_bounds(WindowFrameUnits::Rows, whole(), end));
    };
    let unbounded = frame.start == Bound::Unbounded && frame.end == Bound::Unbounded;
    if !frame.range || unbounded {
        let (start, end) = (rows_bound(frame.start, true), rows_bound(frame.end, false));
        check_order(frame, call)?;
        return Ok(WindowFrame::new_bounds(WindowFrameUnits::Rows, start, end));
    }
    let key = match call.order.as_slice() {
        [key] => scope.field(&key.field)?,
        _ => return Err(no_range(frame)),
    };
    let ty = key.ty();
    if !ty.is_number() && key.data != time_type() || key.data == time_type() {
        return Err(no_range(frame));
    }
    check_order(frame, call)?;
    let (start, end) = (range_bound(frame.start, true, &ty), range_bound(frame.end, false, &ty));
    Ok(WindowFrame::new_bounds(WindowFrameUnits::Range, start, end))
}

fn no_range(frame: &Frame) -> QueryError {
    let message = "a frame of a range needs one sort key, and that a number";
    let error = Diagnostic::error(codes::TYPE_MISMATCH, frame.span, message);
    error.with_help("to_epoch() makes a number of a time").into()
}

fn check_order(frame: &Frame, call: &WindowCall) -> Result<(), QueryError> {
    if let (Bound::Offset(start), Bound::Offset(end)) = (frame.start, frame.end)
        && start > end
    {
        let message = "the frame ends before it begins";
        let error = Diagnostic::error(codes::BAD_ARGUMENT, frame.span, message);
        return Err(error.with_help("the earlier bound comes first: between -2 and 0").into());
    }
    if call.order.is_empty() && (frame.start != Bound::Unbounded || frame.end != Bound::Unbounded) {
        let message = "a frame needs an order of the rows";
        let error = Diagnostic::error(codes::BAD_ARGUMENT, frame.span, message);
        return Err(error.with_help("add: sort asc _time").into());
    }
    Ok(())
}

fn rows_bound(bound: Bound, start: bool) -> WindowFrameBound {
    let rows = |n: f64| ScalarValue::UInt64(Some(n.abs() as u64));
    match bound {
        Bound::Unbounded if start => WindowFrameBound::Preceding(ScalarValue::UInt64(None)),
        Bound::Unbounded => WindowFrameBound::Following(ScalarValue::UInt64(None)),
        Bound::Offset(0.0) => WindowFrameBound::CurrentRow,
        Bound::Offset(n) if n < 0.0 => WindowFrameBound::Preceding(rows(n)),
        Bound::Offset(n) => WindowFrameBound::Following(rows(n)),
    }
}

fn range_bound(bound: Bound, start: bool, ty: &Type) -> WindowFrameBound {
    let distance = |n: Option<f64>| match ty {
        Type::Int => ScalarValue::Int64(n.map(|n| n.abs() as i64)),
        _ => ScalarValue::Float64(n.map(f64::abs)),
    };
    match bound {
        Bound::Unbounded if start => WindowFrameBound::Preceding(distance(None)),
        Bound::Unbounded => WindowFrameBound::Following(distance(None)),
        Bound::Offset(0.0) => WindowFrameBound::CurrentRow,
        Bound::Offset(n) if n < 0.0 => WindowFrameBound::Preceding(distance(Some(n))),
        Bound::Offset(n) => WindowFrameBound::Following(distance(Some(n))),
    }
}
