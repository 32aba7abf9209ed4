//! `join type = left (query) as x x.key = key`: columns of another query where a condition holds.

use super::{Lower, Place, StageInfo};
use crate::ast::{Conflict, Join, JoinKind, StageKind};
use crate::codes;
use crate::grammar::expression::expression;
use crate::grammar::inner_query;
use crate::grammar::pieces::{alias, options};
use crate::lower::{self, Lowering, Pair};
use crate::parser::Parser;
use crate::syntax::SyntaxKind::*;
use crate::syntax::SyntaxNode;

pub(super) const STAGE: StageInfo = StageInfo {
    name: "join",
    place: Place::Pipe,
    form: "join [type = inner|left|right] [conflict_strategy = both|left|right] (query) as x x.key = key",
    doc: "Adds the columns of another query where a condition holds.",
    grammar,
    lower: Lower::Stage(lower),
};

fn grammar(p: &mut Parser) {
    if ["inner", "left", "right", "outer"].iter().any(|kind| p.at_word(kind)) {
        let kind = p.nth_text(0).to_lowercase();
        let mended = format!("type = {}", if kind == "outer" { "left" } else { &kind });
        p.error_mended(
            codes::BAD_SETTING,
            "the kind of a join is an option",
            format!("write: join type = {kind} (…)"),
            mended,
        );
        p.bump_error();
    }
    options(p, &["type", "conflict_strategy"]);
    if !p.at(LParen) {
        let message = format!("expected a query in brackets, found {}", p.found());
        p.error(codes::EXPECTED_VALUE, message, "write: join (dataset = name | …) as x x.key = key");
        return p.skip_to(&[]);
    }
    inner_query(p);
    if !p.at_word("as") {
        let message = format!("expected `as` and a short name for the query, found {}", p.found());
        p.error(codes::EXPECTED_NAME, message, "write: join (…) as x x.key = key");
        return p.skip_to(&[]);
    }
    alias(p);
    if p.at_word("on") || p.at_word("where") {
        p.error_mended(
            codes::FOREIGN_OPERATOR,
            "the condition of a join stands there without a word before it",
            "write: join (…) as x x.key = key",
            "",
        );
        p.bump_error();
    }
    if p.at_stage_end() {
        let message = "the condition of the join is missing";
        p.error(codes::EXPECTED_VALUE, message, "write: join (…) as x x.key = key");
        return;
    }
    if !expression(p, "the condition of the join") {
        p.skip_to(&[]);
    }
}

fn lower(l: &mut Lowering, stage: &SyntaxNode) -> Option<StageKind> {
    let pairs = lower::settings(stage);
    let kind = choose(
        l,
        &pairs,
        "type",
        JoinKind::Inner,
        &[("inner", JoinKind::Inner), ("left", JoinKind::Left), ("right", JoinKind::Right)],
    );
    let conflict = choose(
        l,
        &pairs,
        "conflict_strategy",
        Conflict::Right,
        &[("both", Conflict::Both), ("left", Conflict::Left), ("right", Conflict::Right)],
    );
    let query = lower::child(stage, Subquery).and_then(|inner| l.query(&inner));
    let on = lower::exprs(stage).find(|part| part.kind() != Subquery).and_then(|on| l.expr(&on));
    let alias = lower::alias_in(stage)??;
    Some(StageKind::Join(Join { kind: kind?, conflict: conflict?, query: Box::new(query?), alias, on: on? }))
}

fn choose<T: Copy>(
    l: &mut Lowering,
    pairs: &[Pair],
    word: &str,
    default: T,
    choices: &[(&str, T)],
) -> Option<T> {
    let Some(pair) = pairs.iter().find(|pair| pair.word.text == word) else { return Some(default) };
    let value = pair.values.first()?;
    let found = choices.iter().find(|(name, _)| name.eq_ignore_ascii_case(&value.text));
    if found.is_none() {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let message = format!("join has no {word} `{}`", value.text);
        l.bad_setting(value.span, message, format!("it has {}", names.join(", ")));
    }
    found.map(|(_, choice)| *choice)
}
