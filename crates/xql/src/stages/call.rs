//! `call "name" [parameter = value …]`: runs a query of the library. `call_macro "name" …` puts stages of
//! the library in, with the values in the place of `${parameter}`.

use super::{Lower, Place, StageInfo};
use crate::ast::{LibraryCall, MacroCall, Name, Source, StageKind, Text};
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

pub(super) const MACRO: StageInfo = StageInfo {
    name: "call_macro",
    place: Place::Pipe,
    form: "call_macro \"macro name\" [parameter = value, …]",
    doc: "Puts stages of the query library in here, with the values in the place of ${parameter}.",
    grammar,
    lower: Lower::Stage(lower_macro),
};

fn grammar(p: &mut Parser) {
    let word = matches!(p.peek(), Ident | QuotedIdent) && p.nth(1) != Eq;
    if !word && !matches!(p.peek(), Str | TripleStr | StrBackslash) {
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

/// The name, in quotes or, when it is one word, without.
fn named(stage: &SyntaxNode) -> Option<Text> {
    let token = lower::tokens(stage).nth(1)?;
    Some(Text { text: lower::plain_text(&token), span: lower::token_span(&token) })
}

fn lower_macro(_: &mut Lowering, stage: &SyntaxNode) -> Option<StageKind> {
    let pairs = lower::children(stage, Setting).map(|setting| {
        let mut tokens = lower::tokens(&setting);
        let word = tokens.next()?;
        let name = Name {
            name: word.text().to_lowercase(),
            text: word.text().to_owned(),
            span: lower::token_span(&word),
        };
        let values: Vec<_> = tokens.filter(|token| !matches!(token.kind(), Eq | EqEq)).collect();
        let text = values.iter().map(|token| token.text().to_owned()).collect();
        Some((name, Text { text, span: lower::token_span(values.first()?) }))
    });
    Some(StageKind::Macro(MacroCall { name: named(stage)?, parameters: lower::all(pairs)? }))
}

fn lower(_: &mut Lowering, stage: &SyntaxNode) -> Option<Source> {
    let query = named(stage)?;
    let pairs = lower::settings(stage).into_iter().map(|pair| {
        let name = Name { name: pair.word.text.clone(), text: pair.word.text, span: pair.word.span };
        Some((name, pair.values.into_iter().next()?))
    });
    Some(Source::Call(LibraryCall { query, parameters: lower::all(pairs)? }))
}
