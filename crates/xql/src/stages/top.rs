//! `top [n] field [by key, …] [top_count as a[, top_percent as b]]`: the most frequent values.

use super::fields::{choices, lower_choices};
use super::{Lower, Place, StageInfo};
use crate::ast::{StageKind, Top};
use crate::codes;
use crate::grammar::pieces::{NameUse, comma_list, name};
use crate::lower::{self, Lowering};
use crate::parser::Parser;
use crate::syntax::SyntaxKind::*;
use crate::syntax::SyntaxNode;

pub(super) const STAGE: StageInfo = StageInfo {
    name: "top",
    place: Place::Pipe,
    form: "top [n] field [by key, …] [top_count as a[, top_percent as b]]",
    doc: "Keeps the most frequent values, with their count and share.",
    grammar,
    lower: Lower::Stage(lower),
};

/// Values kept when no number is written.
const DEFAULT: u64 = 10;

const FIGURES: [&str; 2] = ["top_count", "top_percent"];

fn grammar(p: &mut Parser) {
    p.eat(Int);
    if !name(p, "a field", NameUse::Read) {
        return p.skip_to(&[]);
    }
    if p.at_word("limit") && matches!(p.nth(1), Int) {
        let message = "the number of values stands before the field in top";
        p.error(codes::UNEXPECTED_TOKEN, message, format!("write: top {} field", p.nth_text(1)));
        return p.skip_to(&[]);
    }
    if p.eat_word("by") {
        p.start(NameList);
        comma_list(p, |p| name(p, "a field to group by", NameUse::Read));
        p.finish();
    }
    if FIGURES.iter().any(|figure| p.at_word(figure)) {
        choices(p, "top_count or top_percent");
    }
}

fn lower(l: &mut Lowering, stage: &SyntaxNode) -> Option<StageKind> {
    let count = match lower::token(stage, Int) {
        Some(number) => l.number(&number)?,
        None => DEFAULT,
    };
    let figures = lower_choices(stage)?;
    if let Some(stray) = figures.iter().find(|figure| !FIGURES.contains(&figure.field.name.as_str())) {
        let message = format!("top has no figure `{}`", stray.field.text);
        l.bad_setting(stray.field.span, message, "it has top_count and top_percent");
        return None;
    }
    let by = match lower::child(stage, NameList) {
        Some(keys) => lower::names_in(&keys)?,
        None => Vec::new(),
    };
    Some(StageKind::Top(Top { count, field: lower::name_in(stage)?, by, figures }))
}
