//! `dataset = name`, `dataset in (a, b*)`, and the same for `preset`: where the rows come from.

use super::{Lower, Place, StageInfo};
use crate::ast::{Name, Source};
use crate::codes;
use crate::grammar::pieces::{NameUse, at_placeholder, comma_list, name, placeholder};
use crate::lower;
use crate::parser::Parser;
use crate::syntax::SyntaxKind::{self, *};
use crate::syntax::SyntaxNode;

pub(super) const DATASET: StageInfo = StageInfo {
    name: "dataset",
    place: Place::Source,
    form: "dataset = name   or   dataset in (a, b*)",
    doc: "Says which dataset the rows come from.",
    grammar: |p| grammar(p, "dataset"),
    lower: Lower::Source(|_, stage| file(stage).or_else(|| names(stage).map(Source::Dataset))),
};

pub(super) const PRESET: StageInfo = StageInfo {
    name: "preset",
    place: Place::Source,
    form: "preset = name",
    doc: "Says which preset (a chosen part of xdr_data) the rows come from.",
    grammar: |p| grammar(p, "preset"),
    lower: Lower::Source(|_, stage| names(stage).map(Source::Preset)),
};

pub(super) const COLD: StageInfo = StageInfo {
    name: "cold_dataset",
    place: Place::Source,
    form: "cold_dataset = name",
    doc: "Reads archived rows of a dataset; here they are kept with the others.",
    grammar: |p| grammar(p, "cold_dataset"),
    lower: Lower::Source(|_, stage| names(stage).map(Source::ColdDataset)),
};

pub(super) const DATAMODEL: StageInfo = StageInfo {
    name: "datamodel",
    place: Place::Source,
    form: "datamodel dataset = name   or   datamodel",
    doc: "Reads datasets through the data model (xdm.* fields).",
    grammar: datamodel,
    lower: Lower::Source(|_, stage| Some(Source::Datamodel(names(stage).unwrap_or_default()))),
};

fn datamodel(p: &mut Parser) {
    if p.eat_word("dataset") {
        grammar(p, "dataset");
    }
}

pub(super) fn grammar(p: &mut Parser, word: &str) {
    match p.peek() {
        Eq => {
            p.bump();
            single(p, word);
        }
        Ident if p.at_word("in") => {
            p.bump();
            list(p, word);
        }
        EqEq => {
            p.error_mended(codes::FOREIGN_OPERATOR, "XQL has no `==`", format!("write: {word} = name"), "=");
            p.bump();
            single(p, word);
        }
        _ => {
            let message = format!("expected `=` after `{word}`, found {}", p.found());
            p.error(codes::UNEXPECTED_TOKEN, message, format!("write: {word} = name"));
            if p.at(Ident) && !super::is_stage(p.nth_text(0)) {
                single(p, word);
            }
        }
    }
}

fn single(p: &mut Parser, word: &str) {
    if p.at_word("file") && p.nth(1) == LParen {
        return file_name(p);
    }
    if p.at(LParen) {
        p.error(
            codes::UNEXPECTED_TOKEN,
            format!("`{word} =` takes one name"),
            format!("for several write: {word} in (a, b)"),
        );
        return p.skip_to(&[]);
    }
    if source_name(p, word) && p.at(Comma) {
        let first = p.source(p.previous_span());
        p.error(
            codes::UNEXPECTED_TOKEN,
            format!("`{word} =` takes one name"),
            format!("for several write: {word} in ({first}, {})", p.nth_text(1)),
        );
        p.skip_to(&[]);
    }
}

fn list(p: &mut Parser, word: &str) {
    let open = p.span();
    if !p.eat(LParen) {
        p.unexpected("a list in brackets");
        return p.skip_to(&[]);
    }
    comma_list(p, |p| {
        let found = source_name(p, word);
        if !found {
            p.skip_to(&[Comma, RParen]);
        } else if !matches!(p.peek(), Comma | RParen) && !p.at_stage_end() {
            p.unexpected("`,` or `)`");
            p.skip_to(&[Comma, RParen]);
        }
        true
    });
    if !p.eat(RParen) {
        p.unclosed_bracket(open);
    }
}

/// A name, a pattern such as `panw_*`, or either in double quotes.
fn source_name(p: &mut Parser, word: &str) -> bool {
    match p.peek() {
        Str | TripleStr => {
            p.start(SyntaxKind::Name);
            p.bump();
            p.finish();
            true
        }
        LBrace | Lt if at_placeholder(p) => {
            placeholder(p);
            true
        }
        Param => {
            p.start(SyntaxKind::Name);
            p.bump();
            p.finish();
            true
        }
        _ => name(p, &format!("the name of a {word}"), NameUse::Pattern),
    }
}

/// `file("name.parquet")`
fn file_name(p: &mut Parser) {
    p.bump();
    let open = p.span();
    p.bump();
    if matches!(p.peek(), Str | TripleStr | StrBackslash) {
        p.bump();
    } else {
        let message = format!("expected the name of a file in quotes, found {}", p.found());
        p.error(codes::EXPECTED_NAME, message, "for example: dataset = file(\"scan.pcap\")");
        p.skip_to(&[RParen]);
    }
    if !p.eat(RParen) {
        p.unclosed_bracket(open);
    }
}

fn file(stage: &SyntaxNode) -> Option<Source> {
    lower::texts_in(stage).into_iter().next().map(Source::File)
}

pub(super) fn names(stage: &SyntaxNode) -> Option<Vec<Name>> {
    let names = lower::names_in(stage)?;
    (!names.is_empty()).then_some(names)
}
