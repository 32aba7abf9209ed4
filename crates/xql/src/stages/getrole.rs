//! `getrole field [as name]`: the roles of an asset, as an array.

use super::{Lower, Place, StageInfo};
use crate::ast::StageKind;
use crate::grammar::pieces::{NameUse, alias, name};
use crate::lower::{self, Lowering};
use crate::parser::Parser;
use crate::syntax::SyntaxNode;

pub(super) const STAGE: StageInfo = StageInfo {
    name: "getrole",
    place: Place::Pipe,
    form: "getrole field [as name]",
    doc: "Adds the roles of an asset, as an array.",
    grammar,
    lower: Lower::Stage(lower),
};

fn grammar(p: &mut Parser) {
    if name(p, "a field with a host or user", NameUse::Read) {
        alias(p);
    }
}

fn lower(_: &mut Lowering, stage: &SyntaxNode) -> Option<StageKind> {
    Some(StageKind::GetRole { field: lower::name_in(stage)?, alias: lower::alias_in(stage)? })
}
