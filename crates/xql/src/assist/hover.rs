//! What stands at a place, in a few lines of Markdown.

use super::offers::{doc_of, setting_of};
use super::place::Place;
use super::words;
use crate::MAX_QUERY_BYTES;
use crate::ast::Span;
use crate::catalog::Catalog;
use crate::examples;
use crate::functions;
use crate::lower;
use crate::parse;
use crate::stages;
use crate::syntax::SyntaxKind::*;
use crate::syntax::{SyntaxNode, SyntaxToken};
use serde::Serialize;

/// An explanation, and the part of the text it is about.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hover {
    pub span: Span,
    /// Markdown.
    pub text: String,
}

/// What stands at byte `offset` of the text.
pub fn hover(text: &str, offset: usize, catalog: &Catalog) -> Option<Hover> {
    if text.len() > MAX_QUERY_BYTES || offset > text.len() {
        return None;
    }
    let tree = parse(text).syntax();
    let at = u32::try_from(offset).ok()?;
    let tokens = tree.token_at_offset(at.into());
    let named = |token: &SyntaxToken| matches!(token.kind(), Ident | QuotedIdent | Str);
    let token = tokens.clone().right_biased().filter(named).or_else(|| tokens.left_biased().filter(named))?;
    let text = explain(text, &token, catalog)?;
    Some(Hover { span: lower::token_span(&token), text })
}

fn explain(text: &str, token: &SyntaxToken, catalog: &Catalog) -> Option<String> {
    let node = token.parent()?;
    let outer = node.parent();
    match node.kind() {
        Name => match outer.as_ref().map(SyntaxNode::kind) {
            Some(CallExpr) => function(token.text()),
            Some(Stage) if names_a_source(outer.as_ref()?) => dataset(&lower::plain_text(token), catalog),
            _ if token.kind() == Str => None,
            _ => field(text, &node, catalog),
        },
        Stage if lower::tokens(&node).next().as_ref() == Some(token) => stage(token.text()),
        Setting if lower::tokens(&node).next().as_ref() == Some(token) => setting(token.text(), &node),
        _ if token.kind() == Ident => word(token.text()),
        _ => None,
    }
}

fn function(name: &str) -> Option<String> {
    let function = functions::find(name)?;
    let mut text = format!("```xql\n{}\n```\n{}", function.signature(), function.doc);
    for param in function.params {
        if let functions::Type::Choice(choices) = param.ty {
            text.push_str(&format!("\n\n`{}` is one of {}.", param.name, choices.join(", ")));
        }
    }
    if let Some(example) = examples::of_function(function.name) {
        text.push_str(&format!("\n\nExample: `{example}`"));
    }
    Some(text)
}

fn stage(name: &str) -> Option<String> {
    let info = stages::find(name)?;
    let mut text = format!("```xql\n{}\n```\n{}", info.form, info.doc);
    for setting in stages::settings::of(info.name) {
        text.push_str(&format!("\n- `{}`: {}", setting.name, setting.doc));
    }
    Some(text)
}

fn setting(name: &str, node: &SyntaxNode) -> Option<String> {
    let stage = node.ancestors().find(|above| above.kind() == Stage)?;
    let setting = setting_of(lower::tokens(&stage).next()?.text(), name)?;
    let choice =
        if setting.values.is_empty() { String::new() } else { format!("\n\n{}", setting.values.join(", ")) };
    Some(format!("**{}**: {}{choice}", setting.name, setting.doc))
}

fn word(text: &str) -> Option<String> {
    words::meaning(text).map(|word| format!("**{}**: {}", word.name, word.doc))
}

fn names_a_source(stage: &SyntaxNode) -> bool {
    let first = lower::tokens(stage).next();
    let source = ["dataset", "preset", "cold_dataset", "datamodel", "search", "union"];
    first.is_some_and(|word| source.iter().any(|name| word.text().eq_ignore_ascii_case(name)))
}

fn dataset(name: &str, catalog: &Catalog) -> Option<String> {
    const SHOWN: usize = 30;
    let behind = catalog.preset(name).map_or(name, |preset| &preset.dataset);
    let dataset = catalog.dataset(name).or_else(|| catalog.dataset(behind))?;
    let mut text = format!("**{}**: {}\n", dataset.name, dataset.doc);
    for field in dataset.fields.iter().take(SHOWN) {
        text.push_str(&format!("\n- `{}` {}: {}", field.name, field.ty, field.doc));
    }
    if dataset.fields.len() > SHOWN {
        text.push_str(&format!("\n- and {} more", dataset.fields.len() - SHOWN));
    }
    Some(text)
}

fn field(text: &str, name: &SyntaxNode, catalog: &Catalog) -> Option<String> {
    let name = lower::name(name);
    if let Some(constant) =
        name.text.split_once('.').filter(|(prefix, _)| prefix.eq_ignore_ascii_case("enum"))
    {
        return Some(format!("**ENUM.{}**: the constant \"{}\".", constant.1, constant.1));
    }
    let place = Place::find(text, name.span.start as usize)?;
    let fields = place.fields(catalog);
    let field = fields.find(&name.name)?;
    Some(format!("**{}** {}\n\n{}", field.name, field.ty, doc_of(field, &place)))
}
