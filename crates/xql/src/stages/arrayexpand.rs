//! `arrayexpand field [limit n]`: one row for each element of an array.

use super::{Lower, Place, StageInfo};
use crate::ast::StageKind;
use crate::codes;
use crate::grammar::pieces::{NameUse, name};
use crate::lower::{self, Lowering};
use crate::parser::Parser;
use crate::syntax::SyntaxKind::*;
use crate::syntax::SyntaxNode;

pub(super) const STAGE: StageInfo = StageInfo {
    name: "arrayexpand",
    place: Place::Pipe,
    form: "arrayexpand field [limit n]",
    doc: "Makes one row of every element of an array.",
    grammar,
    lower: Lower::Stage(lower),
};

fn grammar(p: &mut Parser) {
    if p.at(Ident) && p.nth(1) == LParen {
        let call = p.nth_text(0);
        let help = format!("compute it before: | alter list = {call}(…) | arrayexpand list");
        p.error(codes::EXPECTED_NAME, "arrayexpand takes a field, not a function", help);
        return p.skip_to(&[]);
    }
    if name(p, "a field that holds an array", NameUse::Read) && p.eat_word("limit") && !p.eat(Int) {
        p.unexpected("a whole number after `limit`");
    }
}

fn lower(l: &mut Lowering, stage: &SyntaxNode) -> Option<StageKind> {
    let field = lower::name_in(stage)?;
    let limit = match lower::token(stage, Int) {
        Some(number) => Some(l.number(&number)?),
        None => None,
    };
    Some(StageKind::ArrayExpand { field, limit })
}
