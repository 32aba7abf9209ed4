//! `union name` or `union (query)`: appends the rows of another dataset or query.

use super::{Lower, Place, StageInfo};
use crate::ast::{StageKind, UnionWith};
use crate::codes;
use crate::grammar::inner_query;
use crate::grammar::pieces::{NameUse, name};
use crate::lower::{self, Lowering};
use crate::parser::Parser;
use crate::syntax::SyntaxKind::*;
use crate::syntax::SyntaxNode;

pub(super) const STAGE: StageInfo = StageInfo {
    name: "union",
    place: Place::Pipe,
    form: "union name   or   union (query)",
    doc: "Appends the rows of another dataset or query.",
    grammar,
    lower: Lower::Stage(lower),
};

fn grammar(p: &mut Parser) {
    if p.at(LParen) {
        return inner_query(p);
    }
    if p.at_word("dataset") && p.nth(1) == Eq {
        let help = format!("write: union {}, or: union (dataset = {} | …)", p.nth_text(2), p.nth_text(2));
        p.error(codes::UNEXPECTED_TOKEN, "union takes a name, or a query in brackets", help);
        return p.skip_to(&[]);
    }
    name(p, "the name of a dataset, or a query in brackets", NameUse::Read);
}

fn lower(l: &mut Lowering, stage: &SyntaxNode) -> Option<StageKind> {
    let with = match lower::child(stage, Subquery) {
        Some(inner) => UnionWith::Query(Box::new(l.query(&inner)?)),
        None => UnionWith::Dataset(lower::name_in(stage)?),
    };
    Some(StageKind::Union(with))
}
