//! `call "name" [parameter = value …]`: runs a query of the library.

use super::{Lower, Place, StageInfo};
use crate::ast::{LibraryCall, Name, Source};
use crate::codes;
use crate::grammar::pieces::option;
use crate::lower::{self, Lowering};
use crate::parser::Parser;
use crate::syntax::SyntaxKind::*;
use crate::syntax::SyntaxNode;

pub(super) const STAGE: StageInfo = StageInfo {
    name: "call",
    place: Place::Source,
    form: "call \"query name\" [parameter = value …]",
    doc: "Runs a query of the query library.",
    grammar,
    lower: Lower::Source(lower),
};

fn grammar(p: &mut Parser) {
    if !matches!(p.peek(), Str | TripleStr | StrBackslash) {
        let message = format!("expected the name of a library query in quotes, found {}", p.found());
        p.error(codes::EXPECTED_NAME, message, "for example: call \"Scans of the day\" host = \"a\"");
        return p.skip_to(&[]);
    }
    p.bump();
    while p.at(Ident) && p.nth(1) == Eq {
        option(p);
        p.eat(Comma);
    }
}

fn lower(_: &mut Lowering, stage: &SyntaxNode) -> Option<Source> {
    let query = lower::texts_in(stage).into_iter().next()?;
    let pairs = lower::settings(stage).into_iter().map(|pair| {
        let name = Name { name: pair.word.text.clone(), text: pair.word.text, span: pair.word.span };
        Some((name, pair.values.into_iter().next()?))
    });
    Some(Source::Call(LibraryCall { query, parameters: lower::all(pairs)? }))
}
