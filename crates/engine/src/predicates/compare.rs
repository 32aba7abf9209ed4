//! `= != < <= > >=` and `in`.

use super::Planned;
use super::patterns::{Kind, TextTest};
use crate::error::{QueryError, all};
use crate::expr::{Exprs, Typed};
use crate::functions::{parse_moment, truth_of};
use crate::kernel;
use crate::types::{Type, is_words};
use datafusion::logical_expr::{Expr, Operator, binary_expr, lit};
use datafusion::scalar::ScalarValue;
use vedette_xql::ast::{self, CompareOp, Span};
use vedette_xql::{Diagnostic, codes};

pub(super) fn compare(
    exprs: &Exprs<'_>,
    op: CompareOp,
    left: &ast::Expr,
    right: &ast::Expr,
    span: Span,
) -> Planned {
    let right = match op {
        CompareOp::Eq | CompareOp::NotEq => exprs.operand(right),
        _ => exprs.value(right),
    };
    let (left, right) = (exprs.value(left)?, right?);
    if let Some(test) = null_test(op, &left, &right, span) {
        return Ok(test);
    }
    if left.ty() == Type::Null || right.ty() == Type::Null {
        return Ok(Typed::literal(ScalarValue::Boolean(None), span));
    }
    match op {
        CompareOp::Eq => equal(exprs, left, right, span),
        CompareOp::NotEq => {
            let equal = equal(exprs, left, right, span)?;
            Ok(Typed::bool(negated(equal.expr), span))
        }
        _ => ordered(op, left, right, span),
    }
}

/// `not (a = b)` is `a != b` where the plan compares by itself, which prunes better.
fn negated(expr: Expr) -> Expr {
    match expr {
        Expr::BinaryExpr(binary) if binary.op == Operator::Eq => {
            binary_expr(*binary.left, Operator::NotEq, *binary.right)
        }
        other => Expr::Not(Box::new(other)),
    }
}

/// `= null` and `!= null`.
fn null_test(op: CompareOp, left: &Typed, right: &Typed, span: Span) -> Option<Typed> {
    let value = match (left.is_null_literal(), right.is_null_literal()) {
        (_, true) => left,
        (true, false) => right,
        _ => return None,
    };
    match op {
        CompareOp::Eq => Some(Typed::bool(value.expr.clone().is_null(), span)),
        CompareOp::NotEq => Some(Typed::bool(value.expr.clone().is_not_null(), span)),
        _ => Some(Typed::literal(ScalarValue::Boolean(None), span)),
    }
}

fn equal(exprs: &Exprs<'_>, left: Typed, right: Typed, span: Span) -> Planned {
    // What was written into the query stands on the right from here on.
    let (left, right) = if left.value().is_some() { (right, left) } else { (left, right) };
    if let Type::List(_) = left.ty() {
        if right.ty() == left.ty() {
            return Ok(Typed::bool(left.expr.eq(right.expr), span));
        }
        return element(exprs, left, vec![right], span);
    }
    if let (Type::List(_), _) = (right.ty(), left.ty()) {
        return element(exprs, right, vec![left], span);
    }
    if wild(&right) && left.ty() != Type::Time {
        return Ok(text_test(exprs, left.to(&Type::Str), vec![right], false, span));
    }
    let (left, right) = meet(left, right, span)?;
    if left.ty() == Type::Str {
        return Ok(text_test(exprs, left, vec![right], false, span));
    }
    Ok(Typed::bool(left.expr.eq(right.expr), span))
}

/// Is it a text of the query with a `*`?
fn wild(typed: &Typed) -> bool {
    typed.text().is_some_and(|text| text.contains('*'))
}

/// Is the string one of the texts? `exact` keeps case in any case.
fn text_test(exprs: &Exprs<'_>, value: Typed, texts: Vec<Typed>, exact: bool, span: Span) -> Typed {
    let sensitive = exact || exprs.context.case_sensitive;
    let fixed = texts.iter().all(|text| text.text().is_some_and(|text| !text.contains('*')));
    if let (true, true, [text]) = (sensitive, fixed && !is_words(&value.data), texts.as_slice()) {
        return Typed::bool(value.expr.eq(text.expr.clone()), span);
    }
    let mut args = vec![value];
    args.extend(texts.into_iter().map(Typed::plain));
    kernel::call(TextTest::new(Kind::Equals, sensitive), args, span)
}

fn ordered(op: CompareOp, left: Typed, right: Typed, span: Span) -> Planned {
    let (left, right) = match (left.ty(), right.ty()) {
        // A number orders a string as the number it reads as.
        (Type::Str, ty) if ty.is_number() && right.value().is_some() => {
            (left.to(&Type::Float), right.to(&Type::Float))
        }
        (ty, Type::Str) if ty.is_number() && left.value().is_some() => {
            (left.to(&Type::Float), right.to(&Type::Float))
        }
        _ => meet(left, right, span)?,
    };
    if let Type::Bool | Type::List(_) = left.ty() {
        let message = format!("{}s have no order", left.ty().name());
        return Err(Diagnostic::error(codes::TYPE_MISMATCH, span, message).into());
    }
    let op = match op {
        CompareOp::Lt => Operator::Lt,
        CompareOp::LtEq => Operator::LtEq,
        CompareOp::Gt => Operator::Gt,
        CompareOp::GtEq => Operator::GtEq,
        CompareOp::Eq => Operator::Eq,
        CompareOp::NotEq => Operator::NotEq,
    };
    Ok(Typed::bool(binary_expr(left.plain().expr, op, right.plain().expr), span))
}

/// Both sides as one type. What was written into the query takes the other side's type when it
/// can be read as one; otherwise the types must fit by themselves.
fn meet(left: Typed, right: Typed, span: Span) -> Result<(Typed, Typed), QueryError> {
    let (a, b) = (left.ty(), right.ty());
    if a == b {
        return Ok((left, right));
    }
    if a.is_number() && b.is_number() {
        return Ok((left.to(&Type::Float), right.to(&Type::Float)));
    }
    if right.value().is_some() {
        let right = literal_as(&right, &a).ok_or_else(|| mismatch(&left, &right, span))?;
        return Ok((left, right));
    }
    if left.value().is_some() {
        let left = literal_as(&left, &b).ok_or_else(|| mismatch(&left, &right, span))?;
        return Ok((left, right));
    }
    Err(mismatch(&left, &right, span))
}

/// Words that stand for a number where a field holds one: operating systems in `agent_os_type`,
/// protocols in `action_network_protocol`.
const CODES: [(&str, i64); 8] = [
    ("AGENT_OS_WINDOWS", 1),
    ("AGENT_OS_MAC", 2),
    ("AGENT_OS_MACOS", 2),
    ("AGENT_OS_LINUX", 4),
    ("ICMP", 1),
    ("TCP", 6),
    ("UDP", 17),
    ("SCTP", 132),
];

fn code(word: &str) -> Option<i64> {
    CODES.iter().find(|(known, _)| known.eq_ignore_ascii_case(word.trim())).map(|(_, number)| *number)
}

/// A literal read as another type.
fn literal_as(literal: &Typed, ty: &Type) -> Option<Typed> {
    let value = match (literal.value()?, ty) {
        (ScalarValue::Utf8(Some(text)), Type::Int) => match text.trim().parse::<i64>().ok().or(code(text)) {
            Some(number) => ScalarValue::Int64(Some(number)),
            None => ScalarValue::Float64(Some(text.trim().parse().ok()?)),
        },
        (ScalarValue::Utf8(Some(text)), Type::Float) => ScalarValue::Float64(Some(text.trim().parse().ok()?)),
        (ScalarValue::Utf8(Some(text)), Type::Bool) => ScalarValue::Boolean(Some(truth_of(text)?)),
        (ScalarValue::Utf8(Some(text)), Type::Time) => parse_moment(text)?,
        (ScalarValue::Int64(Some(number)), Type::Str) => ScalarValue::Utf8(Some(number.to_string())),
        (ScalarValue::Float64(Some(number)), Type::Str) => ScalarValue::Utf8(Some(number.to_string())),
        (ScalarValue::Boolean(Some(yes)), Type::Str) => ScalarValue::Utf8(Some(yes.to_string())),
        _ => return None,
    };
    Some(Typed::literal(value, literal.span))
}

fn mismatch(left: &Typed, right: &Typed, span: Span) -> QueryError {
    let (a, b) = (left.ty(), right.ty());
    let message = format!("{} cannot be compared with {}", a.a_name(), b.a_name());
    let error = Diagnostic::error(codes::TYPE_MISMATCH, span, message);
    let pair = [&a, &b];
    let help = if pair.contains(&&Type::Time) && pair.iter().any(|ty| ty.is_number()) {
        "to_epoch() makes a number of a timestamp, to_timestamp() a timestamp of a number"
    } else if pair.contains(&&Type::Time) {
        "write the moment as \"2026-01-31T08:00:00Z\", or read it with parse_timestamp()"
    } else if pair.contains(&&Type::Str) && pair.iter().any(|ty| ty.is_number()) {
        "to_integer() or to_float() reads the string as a number, to_string() writes the number"
    } else {
        "to_string() on both sides compares them as texts"
    };
    error.with_help(help).into()
}

/// `value in (list)`: null in the list is a test for null.
pub(super) fn within(exprs: &Exprs<'_>, value: &ast::Expr, list: &[ast::Expr], span: Span) -> Planned {
    let value = exprs.value(value)?;
    let items = all(list.iter().map(|item| exprs.operand(item)))?;
    let (nulls, items): (Vec<Typed>, Vec<Typed>) = items.into_iter().partition(Typed::is_null_literal);
    let test = if items.is_empty() {
        let none = lit(ScalarValue::Boolean(if nulls.is_empty() { Some(false) } else { None }));
        Typed::bool(none, span)
    } else {
        one_of(exprs, value.clone(), items, span)?
    };
    if nulls.is_empty() {
        return Ok(test);
    }
    // With null in the list, null is in it: the test is never unknown.
    Ok(Typed::bool(value.expr.is_null().or(test.expr.is_true()), span))
}

fn one_of(exprs: &Exprs<'_>, value: Typed, items: Vec<Typed>, span: Span) -> Planned {
    if let Type::List(_) = value.ty() {
        return element(exprs, value, items, span);
    }
    if value.ty() == Type::Null {
        return Ok(Typed::literal(ScalarValue::Boolean(None), span));
    }
    let fixed = items.iter().all(|item| item.value().is_some());
    if fixed && (value.ty() == Type::Str || items.iter().any(wild)) && value.ty() != Type::Time {
        let texts = all(items.into_iter().map(|item| {
            literal_as(&item, &Type::Str)
                .or_else(|| (item.ty() == Type::Str).then(|| item.clone()))
                .ok_or_else(|| mismatch(&value, &item, item.span))
        }))?;
        return Ok(text_test(exprs, value.to(&Type::Str), texts, false, span));
    }
    if !fixed && value.ty() == Type::Str {
        // Beside something that is not written into the query, case counts for all.
        let tests = all(items.into_iter().map(|item| {
            let item_span = item.span;
            let (value, item) = meet(value.clone(), item, item_span)?;
            Ok(text_test(exprs, value, vec![item], true, span).expr)
        }))?;
        return Ok(Typed::bool(super::balanced(tests, Expr::or), span));
    }
    let pairs = all(items.into_iter().map(|item| {
        let item_span = item.span;
        meet(value.clone(), item, item_span)
    }))?;
    let same = pairs.iter().all(|(left, _)| left.data == value.data);
    if same {
        let list = pairs.into_iter().map(|(_, item)| item.expr).collect();
        return Ok(Typed::bool(value.expr.in_list(list, false), span));
    }
    let tests = pairs.into_iter().map(|(left, right)| left.expr.eq(right.expr)).collect();
    Ok(Typed::bool(super::balanced(tests, Expr::or), span))
}

/// Is some element of the array one of the values?
fn element(exprs: &Exprs<'_>, array: Typed, values: Vec<Typed>, span: Span) -> Planned {
    let fixed = values.len() == 1 || values.iter().all(|value| value.value().is_some());
    if !fixed {
        let tests =
            all(values.into_iter().map(|value| Ok(element(exprs, array.clone(), vec![value], span)?.expr)))?;
        return Ok(Typed::bool(super::balanced(tests, Expr::or), span));
    }
    let mut args = vec![array];
    for value in values {
        if let (Type::List(_), _) = (value.ty(), ()) {
            return Err(mismatch(&args[0], &value, span));
        }
        args.push(value.to(&Type::Str).plain());
    }
    Ok(kernel::call(TextTest::new(Kind::Equals, exprs.context.case_sensitive), args, span))
}
