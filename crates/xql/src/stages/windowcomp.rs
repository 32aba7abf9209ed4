//! `windowcomp fn([field]) [by key, …] [sort [asc|desc] key, …] [between a and b] [frame_type = range]
//! [as name], …`: computes over the rows around each row. The keys may also stand as in SQL, behind the
//! name: `over(partition by key order by key desc)`.

use super::sort::lower_keys;
use super::{Lower, Place, StageInfo};
use crate::ast::{self, Bound, Frame, StageKind};
use crate::codes;
use crate::grammar::expression::call;
use crate::grammar::pieces::{NameUse, alias, comma_list, name, option};
use crate::lower::{self, Lowering};
use crate::parser::Parser;
use crate::syntax::SyntaxKind::{self, *};
use crate::syntax::SyntaxNode;

pub(super) const STAGE: StageInfo = StageInfo {
    name: "windowcomp",
    place: Place::Pipe,
    form: "windowcomp fn(field) [by key] [sort asc key] [between a and b] [frame_type = range] [as name]",
    doc: "Computes over the rows around each row.",
    grammar,
    lower: Lower::Stage(lower),
};

fn grammar(p: &mut Parser) {
    loop {
        p.start(SyntaxKind::WindowCall);
        let found = window_call(p);
        p.finish();
        if !found {
            p.skip_to(&[Comma]);
        }
        if !p.eat(Comma) {
            return;
        }
    }
}

fn window_call(p: &mut Parser) -> bool {
    if !(p.at(Ident) && p.nth(1) == LParen) {
        let message = format!("windowcomp needs a function, found {}", p.found());
        p.error(codes::NOT_AN_AGGREGATE, message, "for example: windowcomp count() by host as n");
        return false;
    }
    call(p);
    if p.eat_word("by") {
        p.start(NameList);
        keys(p, |p| name(p, "a field to group by", NameUse::Read));
        p.finish();
    }
    if p.eat_word("sort") {
        keys(p, |p| {
            p.start(SortKey);
            if p.at_word("asc") || p.at_word("desc") {
                p.bump();
            }
            let found = name(p, "a field to sort by", NameUse::Read);
            p.finish();
            found
        });
    }
    frame(p);
    if p.at_word("frame_type") && p.nth(1) == Eq {
        option(p);
    }
    alias(p);
    if p.at_word("over") && p.nth(1) == LParen {
        over(p);
        if p.previous_kind() == Some(RParen) {
            alias(p);
        }
    }
    if (p.at_word("partition") || p.at_word("order")) && p.nth_is_word(1, "by") {
        let word = p.nth_text(0).to_lowercase();
        let message = format!("`{word} by` stands in brackets behind `over` in windowcomp");
        let help = "write: windowcomp fn(field) by key sort asc key as name, or fn(field) as name over(partition by key order by key asc)";
        p.error(codes::UNEXPECTED_TOKEN, message, help);
        p.skip_to(&[Comma]);
    }
    if p.at_word("by") || p.at_word("sort") || p.at_word("between") {
        let word = p.nth_text(0).to_lowercase();
        let message = format!("`{word}` stands before this in windowcomp");
        let help = "the order is: function, by, sort, between, frame_type, as";
        p.error(codes::UNEXPECTED_TOKEN, message, help);
        p.skip_to(&[Comma]);
    }
    true
}

/// `over(partition by key, … order by key [asc|desc], …)`
fn over(p: &mut Parser) {
    p.bump();
    let open = p.span();
    p.bump();
    if p.at_word("partition") && p.nth_is_word(1, "by") {
        p.bump();
        p.bump();
        p.start(NameList);
        comma_list(p, |p| name(p, "a field to group by", NameUse::Read));
        p.finish();
    }
    if p.at_word("order") && p.nth_is_word(1, "by") {
        p.bump();
        p.bump();
        comma_list(p, |p| {
            p.start(SortKey);
            let found = name(p, "a field to sort by", NameUse::Read);
            if p.at_word("asc") || p.at_word("desc") {
                p.bump();
            }
            p.finish();
            found
        });
    }
    if !p.at(RParen) {
        p.unexpected("`partition by`, `order by` or `)`");
        p.skip_to(&[RParen]);
    }
    if !p.eat(RParen) {
        p.unclosed_bracket(open);
    }
}

/// Names between commas, up to the next function.
fn keys(p: &mut Parser, item: impl Fn(&mut Parser) -> bool) {
    while item(p) {
        if !p.at(Comma) || p.nth(1) == Ident && p.nth(2) == LParen {
            return;
        }
        p.bump();
    }
}

fn frame(p: &mut Parser) {
    if !p.at_word("between") {
        return;
    }
    p.start(SyntaxKind::Frame);
    p.bump();
    bound(p);
    if p.eat_word("and") {
        bound(p);
    }
    p.finish();
}

fn bound(p: &mut Parser) {
    match p.peek() {
        Int | Float => p.bump(),
        Minus if matches!(p.nth(1), Int | Float) => {
            p.bump();
            p.bump();
        }
        Ident if p.at_word("null") => p.bump(),
        _ => {
            let message = format!("expected a number or null, found {}", p.found());
            let help = "0 is the current row, -2 the second before it, null the first or last";
            p.error(codes::EXPECTED_VALUE, message, help);
        }
    }
}

fn lower(l: &mut Lowering, stage: &SyntaxNode) -> Option<StageKind> {
    let calls: Vec<_> =
        lower::children(stage, SyntaxKind::WindowCall).map(|node| lower_call(l, &node)).collect();
    lower::all(calls).map(StageKind::WindowComp)
}

fn lower_call(l: &mut Lowering, node: &SyntaxNode) -> Option<ast::WindowCall> {
    let call = lower::child(node, SyntaxKind::CallExpr)?;
    let args = l.arguments(&call);
    let by = match lower::child(node, NameList) {
        Some(keys) => lower::names_in(&keys)?,
        None => Vec::new(),
    };
    Some(ast::WindowCall {
        function: lower::name_in(&call)?,
        args: args?,
        by,
        order: lower_keys(node)?,
        frame: lower_frame(l, node)?,
        alias: lower::alias_in(node)?,
        span: lower::span(node),
    })
}

/// The outer `None` is a mistake.
fn lower_frame(l: &mut Lowering, call: &SyntaxNode) -> Option<Option<Frame>> {
    let mut range = false;
    if let Some(pair) = lower::settings(call).into_iter().next() {
        let value = pair.values.first()?;
        match value.text.to_ascii_lowercase().as_str() {
            "range" => range = true,
            "rows" | "row" => {}
            _ => {
                l.bad_setting(value.span, "a frame is of rows or of a range", "write: frame_type = range");
                return None;
            }
        }
    }
    let Some(node) = lower::child(call, SyntaxKind::Frame) else { return Some(None) };
    let bounds = bounds(&node);
    let span = lower::span(&node);
    let end = Bound::Offset(0.0);
    match bounds.as_slice() {
        [start @ Bound::Offset(from)] if *from <= 0.0 => {
            Some(Some(Frame { start: *start, end, range, span }))
        }
        [start @ Bound::Unbounded] => Some(Some(Frame { start: *start, end, range, span })),
        [start, end] => Some(Some(Frame { start: *start, end: *end, range, span })),
        [_] => {
            l.bad_setting(span, "a frame that begins after the current row needs an end", "between 1 and 3");
            None
        }
        _ => None,
    }
}

fn bounds(node: &SyntaxNode) -> Vec<Bound> {
    let mut bounds = Vec::new();
    let mut sign = 1.0;
    for token in lower::tokens(node) {
        match token.kind() {
            Minus => sign = -1.0,
            Int | Float => {
                bounds.push(Bound::Offset(sign * token.text().parse().unwrap_or(0.0)));
                sign = 1.0;
            }
            Ident if token.text().eq_ignore_ascii_case("null") => bounds.push(Bound::Unbounded),
            _ => {}
        }
    }
    bounds
}
