//! `tag add "a", "b"`: adds tags to the rows.

use super::{Lower, Place, StageInfo};
use crate::ast::StageKind;
use crate::codes;
use crate::grammar::pieces::comma_list;
use crate::lower::{self, Lowering};
use crate::parser::Parser;
use crate::syntax::SyntaxKind::*;
use crate::syntax::SyntaxNode;

pub(super) const STAGE: StageInfo = StageInfo {
    name: "tag",
    place: Place::Pipe,
    form: "tag add \"a\", …",
    doc: "Adds tags to the rows (field _tag).",
    grammar,
    lower: Lower::Stage(lower),
};

fn grammar(p: &mut Parser) {
    if !p.eat_word("add") {
        let message = format!("expected `add`, found {}", p.found());
        p.error(codes::UNEXPECTED_TOKEN, message, "tags can only be added: tag add \"name\"");
        return p.skip_to(&[]);
    }
    comma_list(p, |p| {
        let found = matches!(p.peek(), Str | TripleStr | StrBackslash);
        if found {
            p.bump();
        } else {
            p.unexpected("a tag in quotes");
        }
        found
    });
}

fn lower(_: &mut Lowering, stage: &SyntaxNode) -> Option<StageKind> {
    Some(StageKind::Tag(lower::texts_in(stage)))
}
