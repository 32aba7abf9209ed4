//! `if` and `coalesce`.

use super::{Call, Function};
use crate::error::{QueryError, all};
use crate::expr::{Typed, unify};
use crate::kernel::{self, choose::ChooseWord};
use crate::types::{is_words, words_type};
use datafusion::logical_expr::{Case, Expr};
use datafusion::prelude::coalesce;
use datafusion::scalar::ScalarValue;

pub(super) const FUNCTIONS: &[Function] =
    &[Function { name: "if", plan: plan_if }, Function { name: "coalesce", plan: plan_coalesce }];

/// The value behind the first condition that is true; conditions that are null are not true.
fn plan_if(call: &Call<'_>) -> Result<Typed, QueryError> {
    let pairs = call.count() / 2;
    let conditions = all((0..pairs).map(|pair| call.exprs.truth(call.syntax(2 * pair)?)))?;
    let mut values = all((0..pairs).map(|pair| call.arg(2 * pair + 1)))?;
    match call.count() % 2 {
        1 => values.push(call.arg(call.count() - 1)?),
        _ => values.push(Typed::literal(ScalarValue::Null, call.span)),
    }
    let (mut values, data) = unify(values)?;
    let Some(default) = values.pop() else { return Err(call.bad(call.span, "if() needs a condition")) };
    if is_words(&data) {
        let mut args: Vec<Typed> = Vec::with_capacity(2 * pairs + 1);
        for (condition, value) in conditions.into_iter().zip(values) {
            args.push(condition);
            args.push(value);
        }
        args.push(default);
        return Ok(kernel::call(ChooseWord, args, call.span));
    }
    let arms = conditions.into_iter().zip(values);
    let arms = arms.map(|(when, then)| (Box::new(when.expr), Box::new(then.expr))).collect();
    let case = Expr::Case(Case::new(None, arms, Some(Box::new(default.expr))));
    Ok(Typed::new(case, data, call.span))
}

fn plan_coalesce(call: &Call<'_>) -> Result<Typed, QueryError> {
    let (mut values, data) = unify(call.arg_values()?)?;
    if data != words_type() {
        let values = values.into_iter().map(|value| value.expr).collect();
        return Ok(Typed::new(coalesce(values), data, call.span));
    }
    let Some(last) = values.pop() else { return Err(call.bad(call.span, "coalesce() needs a value")) };
    let mut args = Vec::new();
    for value in values {
        args.push(Typed::bool(value.expr.clone().is_not_null(), value.span));
        args.push(value);
    }
    args.push(last);
    Ok(kernel::call(ChooseWord, args, call.span))
}
