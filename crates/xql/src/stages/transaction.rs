//! `transaction key, … [span = 1h | startswith = … endswith = …] [maxevents = n]`: the events of one
//! key in one row.

use super::bin::span;
use super::{Lower, Place, StageInfo};
use crate::ast::{Edge, ExprKind, StageKind, Text, Transaction};
use crate::codes;
use crate::grammar::expression::expression;
use crate::grammar::pieces::{name_list, option, options};
use crate::lower::{self, Lowering};
use crate::parser::Parser;
use crate::syntax::SyntaxKind::*;
use crate::syntax::SyntaxNode;

pub(super) const STAGE: StageInfo = StageInfo {
    name: "transaction",
    place: Place::Pipe,
    form: "transaction key, … [span = 1h | startswith = condition endswith = condition] [maxevents = n]",
    doc: "Gathers the events of one key into one row.",
    grammar,
    lower: Lower::Stage(lower),
};

const OPTIONS: [&str; 5] = ["span", "timeshift", "timezone", "allowunclosed", "maxevents"];
/// Events in one transaction when no number is written.
const MOST_EVENTS: u64 = 100;

fn grammar(p: &mut Parser) {
    name_list(p, "a field whose events belong together");
    while p.at(Ident) && p.nth(1) == Eq {
        if p.at_word("startswith") || p.at_word("endswith") {
            edge(p);
        } else if p.at_word("maxspan") {
            p.error(codes::BAD_SETTING, "transaction has no option `maxspan`", "write: span = 1h");
            p.start(Error);
            p.bump();
            p.bump();
            p.bump();
            p.finish();
        } else if OPTIONS.iter().any(|word| p.at_word(word)) {
            option(p);
        } else {
            // Says what is wrong with it.
            options(p, &OPTIONS);
        }
    }
}

fn edge(p: &mut Parser) {
    p.start(Setting);
    p.bump();
    p.bump();
    expression(p, "a condition or a text in quotes");
    p.finish();
}

fn lower(l: &mut Lowering, stage: &SyntaxNode) -> Option<StageKind> {
    let keys = lower::names_in(&lower::child(stage, NameList)?)?;
    let pairs = lower::settings(stage);
    let mut made = Transaction {
        keys,
        span: span(l, &pairs)?,
        starts: None,
        ends: None,
        allow_unclosed: true,
        max_events: MOST_EVENTS,
    };
    for (node, pair) in lower::children(stage, Setting).zip(&pairs) {
        match pair.word.text.as_str() {
            "startswith" => made.starts = Some(lower_edge(l, &node)?),
            "endswith" => made.ends = Some(lower_edge(l, &node)?),
            "allowunclosed" => made.allow_unclosed = l.yes_or_no(pair.values.first()?)?,
            "maxevents" => made.max_events = l.whole(pair.values.first()?, 1)?,
            _ => {}
        }
    }
    if made.span.is_some() && (made.starts.is_some() || made.ends.is_some()) {
        let message = "transaction ends by a span or by conditions, not by both";
        l.bad_setting(lower::span(stage), message, "leave out span, or startswith and endswith");
        return None;
    }
    Some(StageKind::Transaction(made))
}

fn lower_edge(l: &mut Lowering, node: &SyntaxNode) -> Option<Edge> {
    let expr = l.expr(&lower::only_expr(node)?)?;
    Some(match expr.kind {
        ExprKind::Str(text) => Edge::Holding(Text { text, span: expr.span }),
        _ => Edge::When(expr),
    })
}
