//! `search "a", "b" [dataset = name]`: rows that hold the texts in any field.

use super::dataset::{grammar as dataset, names};
use super::{Lower, Place, StageInfo};
use crate::ast::{Search, Source};
use crate::codes;
use crate::grammar::pieces::comma_list;
use crate::lower::{self, Lowering};
use crate::parser::Parser;
use crate::syntax::SyntaxKind::*;
use crate::syntax::SyntaxNode;

pub(super) const STAGE: StageInfo = StageInfo {
    name: "search",
    place: Place::Source,
    form: "search \"text\", … [dataset = name]",
    doc: "Finds texts in every field of the datasets.",
    grammar,
    lower: Lower::Source(lower),
};

fn grammar(p: &mut Parser) {
    comma_list(p, |p| {
        let found = matches!(p.peek(), Str | TripleStr | StrBackslash);
        if found {
            p.bump();
        } else {
            let message = format!("search needs a text in quotes, found {}", p.found());
            p.error(codes::EXPECTED_VALUE, message, "for example: search \"10.0.0.1\" dataset = xdr_data");
        }
        found
    });
    if p.at_word("in") && p.nth(1) == Ident {
        let dataset = p.nth_text(1);
        let help = format!("write: search \"…\" dataset = {dataset}");
        p.error_mended(codes::UNEXPECTED_TOKEN, "the place to search is a dataset", help, "dataset =");
        return p.skip_to(&[]);
    }
    if p.eat_word("dataset") {
        dataset(p, "dataset");
    }
}

fn lower(_: &mut Lowering, stage: &SyntaxNode) -> Option<Source> {
    let texts = lower::texts_in(stage);
    if texts.is_empty() {
        return None;
    }
    Some(Source::Search(Search { texts, datasets: names(stage).unwrap_or_default() }))
}
