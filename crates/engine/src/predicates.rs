//! Conditions: `and`, `or`, `not`, comparisons, `in`, `contains`, `~=`, `incidr`.
//!
//! Null is SQL's: a comparison with null is neither true nor false, and `filter` keeps what is
//! true. Only `= null` and `!= null` test for it.

mod compare;
mod patterns;
mod regex;
mod wildcard;

use crate::error::QueryError;
use crate::expr::{Exprs, Typed};
use crate::functions::in_ranges;
use crate::kernel;
use crate::types::Type;
use datafusion::logical_expr::{Expr, lit};
use patterns::{Kind, TextTest};
use vedette_xql::ast::{self, ExprKind, Span};
use vedette_xql::{Diagnostic, codes};

pub(crate) use regex::{compile, re2};

type Planned = Result<Typed, QueryError>;

/// The plan of a condition. `truth` says that null may as well be false.
pub(crate) fn plan(exprs: &Exprs<'_>, expr: &ast::Expr, truth: bool) -> Planned {
    let span = expr.span;
    match &expr.kind {
        ExprKind::And(_, _) => chain(exprs, expr, truth, true),
        ExprKind::Or(_, _) => chain(exprs, expr, truth, false),
        ExprKind::Not(inner) => {
            // Here null and false differ: `not` of null is null.
            let inner = condition(exprs, inner, false)?;
            Ok(Typed::bool(Expr::Not(Box::new(inner.expr)), span))
        }
        ExprKind::Compare { op, left, right } => compare::compare(exprs, *op, left, right, span),
        ExprKind::In { value, list, negated } => negate(compare::within(exprs, value, list, span)?, *negated),
        ExprKind::Contains { value, part, negated } => negate(contains(exprs, value, part, span)?, *negated),
        ExprKind::Matches { value, pattern, negated } => {
            negate(regex::matches(exprs, value, pattern, span)?, *negated)
        }
        ExprKind::InCidr { value, range, negated, .. } => {
            negate(in_ranges(exprs, value, range, span, truth && !negated)?, *negated)
        }
        _ => Err(QueryError::internal("a value was taken for a condition")),
    }
}

fn negate(typed: Typed, negated: bool) -> Planned {
    if negated { Ok(Typed::bool(Expr::Not(Box::new(typed.expr)), typed.span)) } else { Ok(typed) }
}

fn condition(exprs: &Exprs<'_>, expr: &ast::Expr, truth: bool) -> Planned {
    if truth {
        return exprs.truth(expr);
    }
    let typed = exprs.value(expr)?;
    match typed.ty() {
        Type::Bool => Ok(typed),
        Type::Null => Ok(typed.to(&Type::Bool)),
        // The message is the same.
        _ => exprs.truth(expr),
    }
}

/// `a and b and c …`, however long: a balanced tree, because plans are walked recursively.
fn chain(exprs: &Exprs<'_>, expr: &ast::Expr, truth: bool, and: bool) -> Planned {
    let mut terms = Vec::new();
    let mut open = vec![expr];
    while let Some(next) = open.pop() {
        match (&next.kind, and) {
            (ExprKind::And(left, right), true) | (ExprKind::Or(left, right), false) => {
                open.push(right);
                open.push(left);
            }
            _ => terms.push(next),
        }
    }
    let terms = crate::error::all(terms.into_iter().map(|term| condition(exprs, term, truth)))?;
    let terms: Vec<Expr> = terms.into_iter().map(|term| term.expr).collect();
    Ok(Typed::bool(balanced(terms, if and { Expr::and } else { Expr::or }), expr.span))
}

fn balanced(mut terms: Vec<Expr>, join: fn(Expr, Expr) -> Expr) -> Expr {
    while terms.len() > 1 {
        let mut next = Vec::with_capacity(terms.len().div_ceil(2));
        let mut pairs = terms.into_iter();
        while let Some(left) = pairs.next() {
            next.push(match pairs.next() {
                Some(right) => join(left, right),
                None => left,
            });
        }
        terms = next;
    }
    terms.pop().unwrap_or_else(|| lit(true))
}

/// Part of a string; some element of an array; part of a number's text.
fn contains(exprs: &Exprs<'_>, value: &ast::Expr, part: &ast::Expr, span: Span) -> Planned {
    let (value, part) = (exprs.value(value)?, exprs.value(part)?);
    let in_array = matches!(value.ty(), Type::List(_));
    if matches!(part.ty(), Type::List(_)) {
        let message = "contains looks for one value, and this is an array".to_owned();
        let help = "to ask whether an array holds a value, put the array on the left";
        return Err(Diagnostic::error(codes::TYPE_MISMATCH, part.span, message).with_help(help).into());
    }
    let value = if in_array { value } else { value.to(&Type::Str) };
    let test = TextTest::new(Kind::Contains, exprs.context.case_sensitive);
    Ok(kernel::call(test, vec![value, part.to(&Type::Str)], span))
}
