//! `fields a, b as c, d*` keeps fields; `fields - a, b` removes them.

use super::{Lower, Place, StageInfo};
use crate::ast::{self, FieldChoice, StageKind};
use crate::codes;
use crate::grammar::pieces::{NameUse, alias, comma_list, comma_missing, name};
use crate::lower::{self, Lowering};
use crate::parser::Parser;
use crate::syntax::SyntaxKind::{self, *};
use crate::syntax::SyntaxNode;

pub(super) const STAGE: StageInfo = StageInfo {
    name: "fields",
    place: Place::Pipe,
    form: "fields a, b as c, d*   or   fields - a, b",
    doc: "Chooses, renames or (with a minus) removes fields.",
    grammar,
    lower: Lower::Stage(lower),
};

fn grammar(p: &mut Parser) {
    let minus = p.eat(Minus);
    list(p, minus);
    // What is misspelt and a stage is told of as such.
    while comma_missing(p, |p| p.nth(1) != Eq && crate::grammar::nearest_stage(p).is_none()) {
        list(p, minus);
    }
}

fn list(p: &mut Parser, minus: bool) {
    comma_list(p, |p| {
        // `- a, - b` means the same as `- a, b`.
        if minus {
            p.eat(Minus);
        } else if p.at(Minus) {
            p.error(
                codes::UNEXPECTED_TOKEN,
                "fields either keeps or removes, not both",
                "write two stages: | fields - a | fields b, c",
            );
            p.bump();
        }
        choice(p)
    });
}

fn choice(p: &mut Parser) -> bool {
    if p.at(Ident) && p.nth(1) == LParen {
        let call = p.nth_text(0);
        p.error(
            codes::EXPECTED_NAME,
            "fields takes names, not functions",
            format!("compute it before: | alter name = {call}(…) | fields name"),
        );
        return false;
    }
    p.start(SyntaxKind::FieldChoice);
    let found = name(p, "a field", NameUse::Pattern);
    if found && p.at(Eq) {
        let new = p.source(p.previous_span());
        let old = p.nth_text(1);
        p.error(codes::UNEXPECTED_TOKEN, "fields renames with `as`", format!("write: fields {old} as {new}"));
        p.skip_to(&[Comma]);
    }
    alias(p);
    p.finish();
    found
}

/// `a, b as c`, for stages that name columns of their own.
pub(super) fn choices(p: &mut Parser, what: &str) {
    comma_list(p, |p| {
        p.start(SyntaxKind::FieldChoice);
        let found = name(p, what, NameUse::Read);
        alias(p);
        p.finish();
        found
    });
}

pub(super) fn lower_choices(stage: &SyntaxNode) -> Option<Vec<FieldChoice>> {
    lower::all(
        lower::children(stage, SyntaxKind::FieldChoice)
            .map(|node| Some(FieldChoice { field: lower::name_in(&node)?, alias: lower::alias_in(&node)? })),
    )
}

fn lower(_: &mut Lowering, stage: &SyntaxNode) -> Option<StageKind> {
    let choices = lower_choices(stage)?;
    let minus = lower::has_token(stage, Minus);
    Some(StageKind::Fields(if minus {
        ast::Fields::Drop(choices.into_iter().map(|choice| choice.field).collect())
    } else {
        ast::Fields::Keep(choices)
    }))
}
