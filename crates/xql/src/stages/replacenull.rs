//! `replacenull field = value, …`: a value in the place of null.

use super::alter::{assignment, lower_assignments};
use super::{Lower, Place, StageInfo};
use crate::ast::StageKind;
use crate::grammar::pieces::comma_list;
use crate::lower::Lowering;
use crate::parser::Parser;
use crate::syntax::SyntaxNode;

pub(super) const STAGE: StageInfo = StageInfo {
    name: "replacenull",
    place: Place::Pipe,
    form: "replacenull field = value, …",
    doc: "Puts a value in the place of null.",
    grammar,
    lower: Lower::Stage(lower),
};

fn grammar(p: &mut Parser) {
    comma_list(p, assignment);
}

fn lower(l: &mut Lowering, stage: &SyntaxNode) -> Option<StageKind> {
    lower_assignments(l, stage).map(StageKind::ReplaceNull)
}
