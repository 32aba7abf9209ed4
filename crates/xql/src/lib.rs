//! The language front end: text to a lossless tree, to a typed tree, with every mistake named.
//!
//! | step | goes in | comes out | where |
//! |---|---|---|---|
//! | lex | text | tokens that cover every byte | `lexer` |
//! | parse | tokens | lossless tree | `parser` (machine), `grammar` and `stages` (language) |
//! | check | tree | diagnostics: functions, arguments, forms not supported yet | `check` |
//! | lower | tree | `ast` | `lower`, and each stage in `stages` |
//! | show | diagnostic | text for people | `render` |
//! | lint | typed tree | warnings | `lint`, one file a rule |
//! | format | lossless tree | the same query in its usual layout | `format` |
//! | follow | typed tree, catalogue | the fields behind each stage | `flow` |
//! | rules | files of parsing and modelling rules | sections with their statements | `rules` |
//! | assist | text, a place in it, catalogue | completion, hover, classes of tokens | `assist` |
//!
//! A stage is one file in `stages`, a function one row in `functions`, a kind of mistake one row in
//! `codes`. Not here: anything that needs data or a catalogue (the engine's), files, clocks.

mod arrow;
pub mod assist;
pub mod ast;
pub mod catalog;
mod check;
pub mod codes;
mod diagnostic;
pub mod examples;
pub mod flow;
mod foreign;
mod format;
pub mod functions;
mod grammar;
mod lexer;
mod lint;
mod literal;
mod lower;
mod nearest;
mod parser;
pub mod pattern;
mod render;
pub mod rules;
mod source;
pub mod stages;
pub mod syntax;
mod timeframe;

pub use catalog::{Catalog, CatalogDataset, CatalogField, CatalogPreset};
pub use codes::Fault;
pub use diagnostic::{Diagnostic, Fix, MAX_DIAGNOSTICS, Severity};
pub use format::{WIDTH, format};
pub use lint::{RULES, Rule, lint};
pub use nearest::nearest;
pub use render::{excerpt, render};
pub use rules::{check_rules, format_rules};
pub use source::line_column;

use ast::Span;
use rowan::{GreenNode, GreenNodeBuilder, Language};
use syntax::{SyntaxKind, SyntaxNode, Xql};

/// The longest query that is read, in bytes. The longest real ones have some 10,000.
pub const MAX_QUERY_BYTES: usize = 512 * 1024;

/// What a text turned out to be.
#[derive(Debug)]
pub struct Parsed {
    /// There when no diagnostic is an error.
    pub query: Option<ast::Query>,
    /// In order of their place in the text.
    pub diagnostics: Vec<Diagnostic>,
    tree: GreenNode,
}

impl Parsed {
    /// The lossless tree: its text is the text that was parsed.
    pub fn syntax(&self) -> SyntaxNode {
        SyntaxNode::new_root(self.tree.clone())
    }
}

/// Reads a query. Never fails and never panics: what is wrong is in the diagnostics.
pub fn parse(text: &str) -> Parsed {
    if text.len() > MAX_QUERY_BYTES {
        return too_long(text);
    }
    let lexer::Lexed { tokens, mut findings, broken_lines, .. } = lexer::lex(text);
    let mut parser = parser::Parser::new(text, tokens, broken_lines);
    grammar::query(&mut parser);
    let (tree, syntax_errors) = parser.finish_tree();
    findings.append(syntax_errors);

    let root = SyntaxNode::new_root(tree.clone());
    check::check(&root, &mut findings);
    let mut lowering = lower::Lowering::default();
    let lowered = lowering.query(&root);
    findings.append(lowering.diagnostics);

    let query = if findings.failed() { None } else { lowered };
    if query.is_none() && !findings.failed() {
        findings.push(unexplained());
    }
    Parsed { query, diagnostics: findings.finish(), tree }
}

fn unexplained() -> Diagnostic {
    let message = "this query could not be read, and no reason was found";
    Diagnostic::error(codes::INTERNAL, Span::default(), message)
        .with_help("this is a mistake in Vedette: please report it with the query")
}

/// Every mistake in a text that can be found without data: names of fields too, once the query itself has said
/// which there are.
pub fn check(text: &str) -> Vec<Diagnostic> {
    check_with(text, &Catalog::default())
}

/// Every mistake of a query over datasets whose fields are known; of others as [`check`] does.
pub fn check_with(text: &str, catalog: &Catalog) -> Vec<Diagnostic> {
    let Parsed { query, diagnostics: mut found, .. } = parse(text);
    if let Some(query) = query {
        found.extend(flow::unknown_names(&query, catalog));
        found.sort_by_key(|one| one.span.start);
    }
    found
}

/// An error for each `$name` of a query, outside quotes, that has no value; names are asked for in lower
/// case, without the `$`.
pub fn missing_parameters(text: &str, given: impl Fn(&str) -> bool) -> Vec<Diagnostic> {
    let tree = parse(text).syntax();
    let tokens = tree.descendants_with_tokens().filter_map(rowan::NodeOrToken::into_token);
    let used = tokens.filter(|token| token.kind() == SyntaxKind::Param);
    let names = used.map(|token| lower::parameter(&token)).filter(|name| !given(&name.name));
    let missing = names.map(|name| {
        let message = format!("the parameter ${} has no value", name.text);
        Diagnostic::error(codes::MISSING_PARAMETER, name.span, message)
            .with_help(format!("give it one: --param {}=…", name.text))
    });
    missing.collect()
}

fn too_long(text: &str) -> Parsed {
    let mut builder = GreenNodeBuilder::new();
    builder.start_node(Xql::kind_to_raw(SyntaxKind::Root));
    builder.token(Xql::kind_to_raw(SyntaxKind::Unknown), text);
    builder.finish_node();
    let message =
        format!("the query has {} bytes; the longest that is read has {MAX_QUERY_BYTES}", text.len());
    let diagnostic = Diagnostic::error(codes::QUERY_TOO_LONG, Span::default(), message)
        .with_help("put long lists into a lookup dataset");
    Parsed { query: None, diagnostics: vec![diagnostic], tree: builder.finish() }
}

/// The text of a macro with each `${name}` as a plain name, so that it can be checked before it has values.
pub fn without_placeholders(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains("${") {
        return text.into();
    }
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else { break };
        made.push_str(&rest[..start]);
        made.push_str(rest[start + 2..start + length].trim());
        rest = &rest[start + length + 1..];
    }
    made.push_str(rest);
    made.into()
}
