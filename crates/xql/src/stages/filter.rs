//! `filter condition`: keeps the rows for which the condition is true.

use super::{Lower, Place, StageInfo};
use crate::ast::StageKind;
use crate::codes;
use crate::grammar::expression::{begins_condition, expression};
use crate::lower::{self, Lowering};
use crate::parser::Parser;
use crate::stages;
use crate::syntax::SyntaxKind::*;
use crate::syntax::SyntaxNode;

pub(super) const STAGE: StageInfo = StageInfo {
    name: "filter",
    place: Place::Pipe,
    form: "filter field = \"value\" and …",
    doc: "Keeps the rows for which the condition is true.",
    grammar,
    lower: Lower::Stage(lower),
};

fn grammar(p: &mut Parser) {
    if !expression(p, "a condition") {
        return p.skip_to(&[]);
    }
    loop {
        if p.at(Comma) {
            p.error(
                codes::COMMA_IN_CONDITION,
                "a comma does not join conditions",
                "write `and` (all must hold) or `or` (one is enough)",
            );
            p.bump_error();
        } else if begins_condition(p.peek())
            && !stages::is_stage(p.nth_text(0))
            && !(p.at(Ident) && p.nth(1) == Ident)
        {
            let message = format!("the condition ended before {}", p.found());
            p.error(codes::UNEXPECTED_TOKEN, message, "join two conditions with `and` or `or`");
        } else {
            return;
        }
        if !expression(p, "a condition") {
            return;
        }
    }
}

fn lower(l: &mut Lowering, stage: &SyntaxNode) -> Option<StageKind> {
    l.expr(&lower::only_expr(stage)?).map(StageKind::Filter)
}
