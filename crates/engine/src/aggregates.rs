//! The aggregates of `comp`: one row a function. All skip nulls, except `count()`.

mod distinct;
mod frequent;
mod intern;
mod list;
mod pairs;
mod quantiles;
mod single;
mod sum;

use crate::error::QueryError;
use crate::expr::{Exprs, Typed};
use crate::plan::Context;
use crate::scope::{OrderKey, Scope, column};
use crate::types::{Type, list_type, time_type};
use arrow::datatypes::DataType;
use datafusion::functions_aggregate::expr_fn::{
    approx_distinct, avg, count, first_value, max, median, min, stddev, stddev_pop, sum, var_sample,
};
use datafusion::logical_expr::expr::NullTreatment;
use datafusion::logical_expr::{Expr, ExprFunctionExt, SortExpr, lit};
use datafusion::scalar::ScalarValue;
use distinct::What;
use vedette_xql::ast::{Aggregate, Span};
use vedette_xql::{Diagnostic, codes, nearest};

/// An aggregate function and how its call becomes part of the plan.
struct Function {
    name: &'static str,
    plan: fn(&mut Planner<'_>, &Call<'_>) -> Result<Typed, QueryError>,
}

const FUNCTIONS: &[Function] = &[
    Function { name: "count", plan: plan_count },
    Function { name: "count_distinct", plan: plan_count_distinct },
    Function { name: "values", plan: plan_values },
    Function { name: "list", plan: plan_list },
    Function { name: "earliest", plan: |planner, call| by_time(planner, call, false) },
    Function { name: "latest", plan: |planner, call| by_time(planner, call, true) },
    Function { name: "first", plan: |planner, call| by_order(planner, call, false) },
    Function { name: "last", plan: |planner, call| by_order(planner, call, true) },
    Function { name: "sum", plan: plan_sum },
    Function { name: "avg", plan: plan_avg },
    Function { name: "min", plan: |planner, call| extreme(planner, call, min) },
    Function { name: "max", plan: |planner, call| extreme(planner, call, max) },
    Function { name: "median", plan: |planner, call| statistic(planner, call, median) },
    Function { name: "stddev_population", plan: |planner, call| statistic(planner, call, stddev_pop) },
    Function { name: "stddev_sample", plan: |planner, call| statistic(planner, call, stddev) },
    Function { name: "var", plan: |planner, call| statistic(planner, call, var_sample) },
    Function { name: "approx_count", plan: plan_approx_count },
    Function { name: "approx_quantiles", plan: plan_quantiles },
    Function { name: "approx_top", plan: plan_top },
];

/// One call in a `comp`.
struct Call<'a> {
    aggregate: &'a Aggregate,
    args: Vec<Typed>,
}

impl Call<'_> {
    fn span(&self) -> Span {
        self.aggregate.span
    }

    fn arg(&self) -> Result<Typed, QueryError> {
        match self.args.first() {
            Some(arg) => Ok(arg.clone()),
            None => {
                let message = format!("{}() needs a field or a value", self.aggregate.function.name);
                Err(Diagnostic::error(codes::ARGUMENT_COUNT, self.span(), message).into())
            }
        }
    }

    /// A number; strings are read as numbers.
    fn number(&self) -> Result<Typed, QueryError> {
        self.as_number(self.arg()?)
    }

    fn as_number(&self, arg: Typed) -> Result<Typed, QueryError> {
        match arg.ty() {
            Type::Int | Type::Float => Ok(arg),
            Type::Null => Ok(arg.to(&Type::Int)),
            Type::Str => Ok(crate::functions::to_float(arg)),
            _ => Err(self.wrong(&arg, "a number")),
        }
    }

    /// Anything but an array.
    fn single(&self) -> Result<Typed, QueryError> {
        let arg = self.arg()?;
        match arg.ty() {
            Type::List(_) => Err(self.wrong(&arg, "a single value")),
            Type::Null => Ok(arg.to(&Type::Str)),
            _ => Ok(arg),
        }
    }

    /// A whole number from 1 to `most`, written into the query.
    fn fixed_number(&self, at: usize, most: i64) -> Result<usize, QueryError> {
        let number = self.args.get(at).and_then(Typed::value).cloned();
        match number {
            Some(ScalarValue::Int64(Some(number))) if (1..=most).contains(&number) => {
                usize::try_from(number).map_err(|_| QueryError::internal("a number is negative"))
            }
            _ => {
                let function = &self.aggregate.function.name;
                let span = self.args.get(at).map_or(self.span(), |arg| arg.span);
                let message = format!("{function}() needs a whole number from 1 to {most} here");
                Err(Diagnostic::error(codes::BAD_ARGUMENT, span, message).into())
            }
        }
    }

    fn wrong(&self, arg: &Typed, wanted: &str) -> QueryError {
        let function = &self.aggregate.function.name;
        let message = format!("{function}() needs {wanted} here, and this is {}", arg.ty().a_name());
        let error = Diagnostic::error(codes::TYPE_MISMATCH, arg.span, message);
        match arg.ty() {
            Type::List(_) => error.with_help("arrayexpand makes one row of each element").into(),
            _ => error.into(),
        }
    }
}

/// Collects what the plan must compute for all aggregates of a `comp`. Equal computations are
/// made once.
pub(crate) struct Planner<'a> {
    context: &'a Context,
    exprs: Exprs<'a>,
    /// What `values()` is asked for somewhere in the stage: counting it costs nothing more.
    listed: Vec<Expr>,
    made: Vec<Expr>,
}

impl<'a> Planner<'a> {
    pub(crate) fn new(context: &'a Context, scope: &'a Scope, aggregates: &[Aggregate]) -> Planner<'a> {
        let exprs = Exprs::new(context, scope);
        let values = aggregates.iter().filter(|aggregate| aggregate.function.name == "values");
        // What is wrong with an argument is told when its own turn comes.
        let listed = values.filter_map(|call| Some(exprs.value(call.args.first()?).ok()?.expr)).collect();
        Planner { context, exprs, listed, made: Vec::new() }
    }

    /// The column in which the plan puts this aggregate.
    fn compute(&mut self, aggregate: Expr, data: DataType, span: Span) -> Typed {
        let at = self.made.iter().position(|known| *known == aggregate).unwrap_or_else(|| {
            self.made.push(aggregate);
            self.made.len() - 1
        });
        Typed::new(column(&name(at)), data, span)
    }

    /// Everything to compute, under the names the results go by.
    pub(crate) fn finish(self) -> Vec<Expr> {
        self.made.into_iter().enumerate().map(|(at, expr)| expr.alias(name(at))).collect()
    }
}

fn name(at: usize) -> String {
    format!("__a{at}")
}

/// The value of an aggregate, as an expression over the columns that the plan computes.
pub(crate) fn plan(planner: &mut Planner<'_>, aggregate: &Aggregate) -> Result<Typed, QueryError> {
    let args = crate::error::all(aggregate.args.iter().map(|arg| planner.exprs.value(arg)))?;
    let call = Call { aggregate, args };
    match FUNCTIONS.iter().find(|function| function.name == aggregate.function.name) {
        Some(function) => (function.plan)(planner, &call),
        None => Err(unknown(aggregate).into()),
    }
}

fn unknown(aggregate: &Aggregate) -> Diagnostic {
    let name = &aggregate.function;
    if vedette_xql::functions::find(&name.name).is_some() {
        let message = format!("{}() does not run in this version yet", name.name);
        return Diagnostic::error(codes::FUNCTION_NOT_SUPPORTED, name.span, message);
    }
    let message = format!("there is no aggregate {}()", name.text);
    let error = Diagnostic::error(codes::UNKNOWN_FUNCTION, name.span, message);
    match nearest(&name.name, FUNCTIONS.iter().map(|function| function.name)) {
        Some(near) => error.with_help(format!("did you mean {near}()?")).with_replacement(near),
        None => error,
    }
}

/// Rows without an argument, else values that are not null.
fn plan_count(planner: &mut Planner<'_>, call: &Call<'_>) -> Result<Typed, QueryError> {
    let counted = match call.args.first() {
        None => lit(1i64),
        Some(arg) => arg.expr.clone(),
    };
    Ok(planner.compute(count(counted), DataType::Int64, call.span()))
}

fn plan_sum(planner: &mut Planner<'_>, call: &Call<'_>) -> Result<Typed, QueryError> {
    let arg = call.number()?;
    let sum = if arg.ty() == Type::Int { sum::call(arg.expr) } else { sum(arg.expr) };
    Ok(planner.compute(sum, arg.data, call.span()))
}

fn plan_avg(planner: &mut Planner<'_>, call: &Call<'_>) -> Result<Typed, QueryError> {
    let arg = call.number()?.to(&Type::Float);
    Ok(planner.compute(avg(arg.expr), DataType::Float64, call.span()))
}

fn extreme(
    planner: &mut Planner<'_>,
    call: &Call<'_>,
    function: fn(Expr) -> Expr,
) -> Result<Typed, QueryError> {
    let arg = call.single()?.plain();
    Ok(planner.compute(function(arg.expr), arg.data, call.span()))
}

fn plan_values(planner: &mut Planner<'_>, call: &Call<'_>) -> Result<Typed, QueryError> {
    let arg = call.single()?;
    let data = list_type(distinct::value_type(&arg.data));
    Ok(planner.compute(distinct::call(What::Values, arg.expr), data, call.span()))
}

fn plan_count_distinct(planner: &mut Planner<'_>, call: &Call<'_>) -> Result<Typed, QueryError> {
    let arg = call.single()?;
    let span = call.span();
    if planner.listed.contains(&arg.expr) {
        let values = plan_values(planner, call)?;
        return Ok(crate::kernel::call(&crate::functions::ARRAY_LENGTH, vec![values], span));
    }
    Ok(planner.compute(distinct::call(What::Count, arg.expr), DataType::Int64, span))
}

fn plan_approx_count(planner: &mut Planner<'_>, call: &Call<'_>) -> Result<Typed, QueryError> {
    let arg = call.single()?.plain();
    let counted = planner.compute(approx_distinct(arg.expr), DataType::UInt64, call.span());
    Ok(Typed::new(
        datafusion::logical_expr::cast(counted.expr, DataType::Int64),
        DataType::Int64,
        call.span(),
    ))
}

/// Whole numbers stay whole.
fn plan_quantiles(planner: &mut Planner<'_>, call: &Call<'_>) -> Result<Typed, QueryError> {
    let arg = call.number()?;
    let number = call.fixed_number(1, quantiles::MOST)?;
    let distinct = match call.args.get(2) {
        None => false,
        Some(distinct) => match distinct.value() {
            Some(ScalarValue::Boolean(Some(distinct))) => *distinct,
            _ => {
                let message = "approx_quantiles() needs true or false here: only distinct values?";
                return Err(Diagnostic::error(codes::BAD_ARGUMENT, distinct.span, message).into());
            }
        },
    };
    let whole = arg.ty() == Type::Int;
    let bounds = quantiles::call(arg.to(&Type::Float).expr, number, distinct);
    let bounds = planner.compute(bounds, list_type(DataType::Float64), call.span());
    Ok(if whole { crate::kernel::call(&quantiles::WHOLE, vec![bounds], call.span()) } else { bounds })
}

fn plan_top(planner: &mut Planner<'_>, call: &Call<'_>) -> Result<Typed, QueryError> {
    let number = if call.args.len() > 1 { call.fixed_number(1, frequent::MOST)? } else { 10 };
    let mut args = vec![call.single()?.plain().expr];
    if let Some(weight) = call.args.get(2) {
        args.push(call.as_number(weight.clone())?.to(&Type::Float).expr);
    }
    Ok(planner.compute(frequent::call(args, number), list_type(DataType::Utf8), call.span()))
}

fn plan_list(planner: &mut Planner<'_>, call: &Call<'_>) -> Result<Typed, QueryError> {
    let arg = call.single()?;
    let data = list_type(distinct::value_type(&arg.data));
    let cut = planner.context.list_cut.clone();
    Ok(planner.compute(list::call(arg.expr, cut), data, call.span()))
}

fn statistic(
    planner: &mut Planner<'_>,
    call: &Call<'_>,
    function: fn(Expr) -> Expr,
) -> Result<Typed, QueryError> {
    let arg = call.number()?.to(&Type::Float);
    Ok(planner.compute(function(arg.expr), DataType::Float64, call.span()))
}

/// The value in the row with the smallest or largest `_time`. Rows without a value or a time do
/// not count; of several rows at the same moment the smallest (largest) value is taken.
fn by_time(planner: &mut Planner<'_>, call: &Call<'_>, last: bool) -> Result<Typed, QueryError> {
    let arg = call.arg()?;
    let name = &call.aggregate.function.name;
    let time = planner.exprs.scope.find("_time").filter(|field| field.data == time_type());
    let Some(time) = time else {
        let message = format!("{name}() needs the field `_time`, which these rows do not have");
        return Err(Diagnostic::error(codes::UNKNOWN_FIELD, call.span(), message).into());
    };
    if arg.expr == time.expr() {
        return extreme(planner, call, if last { max } else { min });
    }
    let key = |expr: Expr| expr.sort(!last, false);
    let mut order = vec![key(time.expr())];
    let arg = arg.plain();
    if !matches!(arg.ty(), Type::List(_)) && !arg.expr.column_refs().is_empty() {
        order.push(key(arg.expr.clone()));
    }
    first_of(planner, arg, order, call.span())
}

/// The value of the first or last row in the order of an earlier `sort`, else of time.
fn by_order(planner: &mut Planner<'_>, call: &Call<'_>, last: bool) -> Result<Typed, QueryError> {
    let scope = planner.exprs.scope;
    let mut keys: Vec<OrderKey> = Vec::new();
    for key in scope.order.iter().chain(&scope.ties) {
        if !keys.iter().any(|earlier| earlier.column == key.column) {
            keys.push(key.clone());
        }
    }
    if keys.is_empty() {
        return by_time(planner, call, last);
    }
    let order = keys.into_iter().map(|mut key| {
        key.descending ^= last;
        key.expr()
    });
    first_of(planner, call.arg()?.plain(), order.collect(), call.span())
}

fn first_of(
    planner: &mut Planner<'_>,
    arg: Typed,
    order: Vec<SortExpr>,
    span: Span,
) -> Result<Typed, QueryError> {
    // The builder forgets an order that was given before it.
    let first = first_value(arg.expr, Vec::new()).order_by(order);
    let first = first.null_treatment(NullTreatment::IgnoreNulls).build()?;
    Ok(planner.compute(first, arg.data, span))
}
