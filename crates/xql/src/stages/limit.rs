//! `limit n`: the first n rows.

use super::{Lower, Place, StageInfo};
use crate::ast::{Count, StageKind};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::lower::{self, Lowering};
use crate::parser::Parser;
use crate::syntax::SyntaxKind::*;
use crate::syntax::SyntaxNode;

pub(super) const STAGE: StageInfo = StageInfo {
    name: "limit",
    place: Place::Pipe,
    form: "limit 100",
    doc: "Keeps the first so many rows.",
    grammar,
    lower: Lower::Stage(lower),
};

fn grammar(p: &mut Parser) {
    if p.eat(Int) {
        return;
    }
    if p.at(Eq) && p.nth(1) == Int {
        p.error(codes::BAD_LIMIT, "limit has no `=`", format!("write: limit {}", p.nth_text(1)));
    } else if p.at(Param) {
        return p.bump();
    } else {
        let message = format!("limit needs a whole number, found {}", p.found());
        p.error(codes::BAD_LIMIT, message, "for example: limit 100");
    }
    p.skip_to(&[]);
}

fn lower(l: &mut Lowering, stage: &SyntaxNode) -> Option<StageKind> {
    if let Some(token) = lower::token(stage, Param) {
        return Some(StageKind::Limit(Count::Param(lower::parameter(&token))));
    }
    let token = lower::token(stage, Int)?;
    match token.text().parse() {
        Ok(count) => Some(StageKind::Limit(Count::Number(count))),
        Err(_) => {
            l.diagnostics.push(
                Diagnostic::error(
                    codes::NUMBER_TOO_LARGE,
                    lower::token_span(&token),
                    "this number is too large",
                )
                .with_help("the largest is 18446744073709551615; leave limit out to have every row"),
            );
            None
        }
    }
}
