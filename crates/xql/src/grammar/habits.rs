//! Whole constructs of other languages where a value or condition stands: read past as one, and named once,
//! so that one habit is one mistake.

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::grammar::pieces::is_reserved;
use crate::lexer::clip;
use crate::parser::Parser;
use crate::stages;
use crate::syntax::SyntaxKind::*;
use crate::timeframe;

/// `case when a then b else c end`, `if a then b else c`.
pub(super) fn at_branching(p: &Parser) -> bool {
    let value = matches!(p.nth(1), Ident | QuotedIdent | Int | Str) && !is_reserved(p.nth_text(1));
    p.at_word("case") && p.nth_is_word(1, "when")
        || p.at_word("if") && value && !stages::is_stage(p.nth_text(1))
}

pub(super) fn branching(p: &mut Parser) {
    let message = if p.at_word("if") { "`if` is a function" } else { "XQL has no `case when`" };
    p.error(codes::FOREIGN_OPERATOR, message, "write: if(condition, value, condition, value, …, other)");
    p.start(Error);
    while !p.at_stage_end() && !matches!(p.peek(), RParen | Comma) {
        let last = p.at_word("end");
        if p.at(LParen) {
            p.take_brackets();
        } else {
            p.bump();
        }
        if last {
            break;
        }
    }
    p.finish();
}

/// `-7d`: a time, as other languages take it away from now.
pub(super) fn at_length_of_time(p: &Parser) -> bool {
    p.nth(1) == Ident && p.joined(1) && timeframe::duration(p.nth_text(1)).is_some()
}

pub(super) fn length_of_time(p: &mut Parser) {
    let length = p.nth_text(1);
    p.error(
        codes::INFIX_ARITHMETIC,
        format!("`{}{length}` is no moment", p.nth_text(0)),
        format!(
            "to read the rows of the last {length} begin with: config timeframe = {length} | dataset = …; to \
             compare: to_timestamp(subtract(to_epoch(current_time()), seconds), \"SECONDS\")"
        ),
    );
    p.start(Error);
    p.bump();
    p.bump();
    p.finish();
}

/// `field contains ("a", "b")`, `field incidr ("a", "b")`; the cursor stands on the bracket.
pub(super) fn at_list_of_texts(p: &Parser) -> bool {
    p.at(LParen) && matches!(p.nth(1), Str | TripleStr) && p.nth(2) == Comma
}

pub(super) fn list_of_texts(p: &mut Parser, word: &str, field: Option<&str>) {
    let field = field.unwrap_or("field");
    let (first, second) = (clip(p.nth_text(1)), clip(p.nth_text(3)));
    let help = if word == "contains" {
        format!("write: {field} contains {first} or {field} contains {second}")
    } else {
        let bare = |text: &str| text.trim_matches('"').to_owned();
        format!("several ranges stand in one text: {field} {word} \"{}, {}\"", bare(&first), bare(&second))
    };
    p.error(codes::UNEXPECTED_TOKEN, format!("`{word}` takes one text, not a list"), help);
    p.start(Error);
    p.take_brackets();
    p.finish();
}

/// `in (select b from c)`; the cursor stands on the bracket.
pub(super) fn at_select(p: &Parser) -> bool {
    p.at(LParen) && p.nth_is_word(1, "select") && matches!(p.nth(2), Ident | QuotedIdent | Star)
}

pub(super) fn select(p: &mut Parser, operator: &str) {
    let simple = p.nth_is_word(3, "from") && p.nth(4) == Ident;
    let help = match simple {
        true => {
            let (field, dataset) = (clip(p.nth_text(2)), clip(p.nth_text(4)));
            format!("write: {operator} (dataset = {dataset} | fields {field})")
        }
        false => format!("write: {operator} (dataset = name | fields field)"),
    };
    p.error(codes::FOREIGN_STAGE, "a query in brackets is XQL too", help);
    p.start(Error);
    p.take_brackets();
    p.finish();
}

/// `field not null`; the cursor stands on `not`.
pub(super) fn not_null(p: &mut Parser, field: Option<&str>) {
    let end = p.nth_token(1).map_or(p.span().end, |token| token.end);
    let span = crate::ast::Span { start: p.span().start, end };
    p.report(
        Diagnostic::error(codes::FOREIGN_OPERATOR, span, "`not null` needs `!=`")
            .with_help(format!("write: {} != null", field.unwrap_or("field")))
            .with_replacement("!= null"),
    );
    p.bump();
    p.bump();
}
