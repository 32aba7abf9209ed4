//! The aggregates of `comp`: one row a function. All skip nulls, except `count()`.

use crate::error::QueryError;
use crate::expr::{Exprs, Typed};
use crate::plan::Context;
use crate::scope::{Scope, column};
use crate::types::Type;
use arrow::datatypes::DataType;
use datafusion::functions_aggregate::expr_fn::{avg, count, max, min, sum};
use datafusion::logical_expr::{Expr, lit};
use vedette_xql::ast::{Aggregate, Span};
use vedette_xql::{Diagnostic, codes, nearest};

/// An aggregate function and how its call becomes part of the plan.
struct Function {
    name: &'static str,
    plan: fn(&mut Planner<'_>, &Call<'_>) -> Result<Typed, QueryError>,
}

const FUNCTIONS: &[Function] = &[
    Function { name: "count", plan: plan_count },
    Function { name: "sum", plan: plan_sum },
    Function { name: "avg", plan: plan_avg },
    Function { name: "min", plan: |planner, call| extreme(planner, call, min) },
    Function { name: "max", plan: |planner, call| extreme(planner, call, max) },
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
        let arg = self.arg()?;
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
    made: Vec<Expr>,
}

impl<'a> Planner<'a> {
    pub(crate) fn new(context: &'a Context, scope: &'a Scope) -> Planner<'a> {
        Planner { context, exprs: Exprs::new(context, scope), made: Vec::new() }
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
        Some(near) => error.with_help(format!("did you mean {near}()?")),
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
    Ok(planner.compute(sum(arg.expr), arg.data, call.span()))
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
