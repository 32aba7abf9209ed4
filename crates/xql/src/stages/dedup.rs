//! `dedup a, b [by asc|desc c]`: one row for each set of values, the first in the order.

use super::sort::{lower_keys, sort_keys};
use super::{Lower, Place, StageInfo};
use crate::ast::StageKind;
use crate::grammar::pieces::name_list;
use crate::lower::{self, Lowering};
use crate::parser::Parser;
use crate::syntax::SyntaxKind::*;
use crate::syntax::SyntaxNode;

pub(super) const STAGE: StageInfo = StageInfo {
    name: "dedup",
    place: Place::Pipe,
    form: "dedup field, … [by asc|desc field, …]",
    doc: "Keeps one row for each set of values: the first in the order given by `by`.",
    grammar,
    lower: Lower::Stage(lower),
};

fn grammar(p: &mut Parser) {
    name_list(p, "a field");
    if p.eat_word("by") {
        sort_keys(p, "by");
    }
}

fn lower(_: &mut Lowering, stage: &SyntaxNode) -> Option<StageKind> {
    let keys = lower::names_in(&lower::child(stage, NameList)?)?;
    Some(StageKind::Dedup { keys, order: lower_keys(stage)? })
}
