//! What stands behind a value in a condition: `= value`, `in (…)`, `contains "…"`, and the operators of
//! other languages.

use crate::ast::Span;
use crate::codes;
use crate::diagnostic::{Diagnostic, Fix};
use crate::foreign;
use crate::grammar;
use crate::grammar::expression::{Level, begins_value, bracketed, expression, level, literal};
use crate::grammar::habits;
use crate::lexer::clip;
use crate::parser::Parser;
use crate::stages;
use crate::syntax::SyntaxKind::*;

pub(super) fn comparison(p: &mut Parser) {
    if let Some(mistake) = foreign::symbol(p.peek()) {
        let message = format!("XQL has no {}", p.found());
        p.error_mended(codes::FOREIGN_OPERATOR, message, mistake.0, mistake.1);
    }
    if p.at(Ident) {
        return word_comparison(p);
    }
    if matches!(p.peek(), Eq | EqEq | NotEq) && p.nth(1) == LParen && p.nth(3) == Comma {
        return list_without_in(p);
    }
    let what = format!("a value after {}", p.found());
    p.bump();
    level(p, Level::Add, &what);
}

/// `field = ("a", "b")`
fn list_without_in(p: &mut Parser) {
    let operator = if p.at(NotEq) { "not in" } else { "in" };
    let field = clip(p.source(p.previous_span()));
    let message = format!("{} compares with one value, not with a list", p.found());
    p.error(codes::UNEXPECTED_TOKEN, message, format!("write: {field} {operator} (…, …)"));
    p.bump();
    in_list(p, operator);
}

fn word_comparison(p: &mut Parser) {
    let field = field_before(p);
    if p.at_word("not") && p.nth_is_word(1, "null") {
        return habits::not_null(p, field.as_deref());
    }
    let negated = p.eat_word("not");
    if let Some(help) = foreign::operator(p, 0) {
        let message = format!("XQL has no operator `{}`", p.nth_text(0).to_lowercase());
        let help = foreign_help(p).unwrap_or_else(|| help.to_owned());
        let mut diagnostic = Diagnostic::error(codes::FOREIGN_OPERATOR, p.span(), message).with_help(help);
        diagnostic.fix = mended(p);
        p.report(diagnostic);
        let between = p.at_word("between");
        p.bump();
        p.eat_word("not"); // `is not null`
        p.eat_word("regex"); // `matches regex`
        if between {
            level(p, Level::Add, "a value");
            if p.eat_word("and") {
                level(p, Level::Add, "a value");
            }
            return;
        }
        level(p, Level::Add, "a value");
        return;
    }
    let list = p.at_word("in");
    let word = p.nth_text(0).to_lowercase();
    p.bump();
    if list {
        in_list(p, if negated { "not in" } else { "in" });
    } else if habits::at_list_of_texts(p) {
        habits::list_of_texts(p, &word, field.as_deref());
    } else {
        level(p, Level::Add, &format!("a text after `{word}`"));
    }
}

/// The operator in signs, where the rest of the condition can stay as it is.
fn mended(p: &Parser) -> Option<Fix> {
    let word = p.nth_text(0).to_lowercase();
    let sign = match word.as_str() {
        "is" if p.nth_is_word(1, "null") => "=",
        "is" if p.nth_is_word(1, "not") && p.nth_is_word(2, "null") => "!=",
        "eq" | "equals" => "=",
        "ne" => "!=",
        "gt" => ">",
        "gte" => ">=",
        "lt" => "<",
        "lte" => "<=",
        "matches" | "regexp" | "rlike" if p.nth(1) == Str => "~=",
        "has" if p.nth(1) == Str => "contains",
        _ => return None,
    };
    let last = if sign == "!=" && word == "is" { p.nth_token(1) } else { None };
    let end = last.map_or(p.span().end, |token| token.end);
    Some(Fix { span: Span { start: p.span().start, end }, text: sign.to_owned() })
}

/// The field before the operator, where it is a plain name.
fn field_before(p: &Parser) -> Option<String> {
    let named = matches!(p.previous_kind(), Some(Ident | QuotedIdent));
    named.then(|| clip(p.source(p.previous_span())))
}

/// The advice with the query's own words in it, where that is simple.
fn foreign_help(p: &Parser) -> Option<String> {
    let field = field_before(p)?;
    if p.at_word("is") && p.nth_is_word(1, "null") {
        return Some(format!("write {field} = null"));
    }
    if p.at_word("is") && p.nth_is_word(1, "not") && p.nth_is_word(2, "null") {
        return Some(format!("write {field} != null"));
    }
    let bound = |n| matches!(p.nth(n), Int | Float | Str | Ident).then(|| clip(p.nth_text(n)));
    if p.at_word("between") && p.nth_is_word(2, "and") {
        return Some(format!("write {field} >= {} and {field} <= {}", bound(1)?, bound(3)?));
    }
    None
}

/// The right side of `in`: `(a, b)` or `(dataset = …)`.
fn in_list(p: &mut Parser, operator: &str) {
    match p.peek() {
        LParen if begins_query(p) => subquery(p),
        LParen if p.nth(1) == RParen => {
            let help = format!("write: {operator} (\"a\", \"b\")");
            p.error(codes::EXPECTED_VALUE, "this list is empty", help);
            p.start(InList);
            p.bump();
            p.bump();
            p.finish();
        }
        LParen if habits::at_select(p) => habits::select(p, operator),
        LParen => {
            p.start(InList);
            bracketed(p, |p| {
                expression(p, "a value");
            });
            p.finish();
        }
        LBracket => {
            p.error(
                codes::UNEXPECTED_TOKEN,
                "a list stands in round brackets",
                format!("write: {operator} (…, …)"),
            );
            p.take_brackets();
        }
        _ => {
            let message = format!("`{operator}` needs a list in brackets, found {}", p.found());
            let shown = if begins_value(p) { clip(p.nth_text(0)) } else { "\"a\"".to_owned() };
            p.error(codes::EXPECTED_VALUE, message, format!("write: {operator} ({shown}, …)"));
            if begins_value(p) {
                level(p, Level::Add, "a value");
            }
            while p.at(Comma) && matches!(p.nth(1), Str | TripleStr | Int | Float) {
                p.bump();
                literal(p);
            }
        }
    }
}

/// Does a query begin behind the bracket at the cursor?
pub(super) fn begins_query(p: &Parser) -> bool {
    let word = p.nth_text(1);
    p.nth(1) == Ident && stages::begins_query(word) && matches!(p.nth(2), Eq | Ident)
}

pub(super) fn subquery(p: &mut Parser) {
    grammar::inner_query(p);
}
