//! `replacenull field = value, …`: a value in the place of null.

use super::alter::{assignment, lower_assignments};
use super::{Lower, Place, StageInfo};
use crate::ast::StageKind;
use crate::codes;
use crate::grammar::pieces::comma_list;
use crate::lower::Lowering;
use crate::parser::Parser;
use crate::syntax::SyntaxKind::*;
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
    let value = matches!(p.nth(2), Str | TripleStr | Int | Float);
    if matches!(p.peek(), Ident | QuotedIdent) && p.nth(1) == Comma && value {
        let (field, value) = (p.nth_text(0), p.nth_text(2));
        p.bump_error();
        let message = format!("the value for `{field}` stands behind `=`");
        let help = format!("write: replacenull {field} = {value}");
        p.error_mended(codes::ASSIGNMENT_EXPECTED, message, help, " =");
        return p.skip_to(&[]);
    }
    comma_list(p, assignment);
}

fn lower(l: &mut Lowering, stage: &SyntaxNode) -> Option<StageKind> {
    lower_assignments(l, stage).map(StageKind::ReplaceNull)
}
