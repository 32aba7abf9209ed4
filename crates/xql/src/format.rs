//! A query in its usual layout. Only white space changes, and the case of stage names and of `and`,
//! `or`, `not`, `in`, `by`, `as`: every other token and every comment stays as it was written.
//!
//! A stage that fits on its line stays on it. One that does not is broken at its commas, else before
//! `or`, else before `and`, and what still does not fit is broken inside its brackets. Blank lines
//! before a stage or a comment are kept, as one.

mod layout;
mod tokens;

use crate::ast::Span;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::parser::Parser;
use crate::syntax::SyntaxNode;
use crate::{Fault, grammar, lexer, parse};

/// Lines are broken to stay within this many characters where they can be.
pub const WIDTH: usize = 100;

/// Formats a query. Idempotent.
///
/// # Errors
/// The mistakes of a query that cannot be read; what is merely not supported yet is formatted.
pub fn format(text: &str) -> Result<String, Vec<Diagnostic>> {
    let parsed = parse(text);
    format_as(&parsed.syntax(), parsed.diagnostics, |text| parse(text).syntax())
}

/// Formats a statement of a file of rules.
pub(crate) fn format_statement(text: &str) -> Result<String, Vec<Diagnostic>> {
    let read = |text: &str| {
        let lexed = lexer::lex(text);
        let mut parser = Parser::new(text, lexed.tokens, lexed.broken_lines);
        parser.rules = true;
        grammar::query(&mut parser);
        let (tree, findings) = parser.finish_tree();
        (SyntaxNode::new_root(tree), findings.finish())
    };
    let (tree, diagnostics) = read(text);
    format_as(&tree, diagnostics, |text| read(text).0)
}

fn format_as(
    tree: &SyntaxNode,
    diagnostics: Vec<Diagnostic>,
    read: impl Fn(&str) -> SyntaxNode,
) -> Result<String, Vec<Diagnostic>> {
    let wrong = |one: &Diagnostic| one.is_error() && one.fault() != Fault::NotSupported;
    if diagnostics.iter().any(wrong) {
        return Err(diagnostics.into_iter().filter(wrong).collect());
    }
    let before = tokens::collect(tree);
    let formatted = layout::print(&before);
    // Nothing but the layout may change; a mistake of ours must not reach the file.
    let after = tokens::collect(&read(&formatted));
    if !tokens::same(&before, &after) {
        let message = "formatting would have changed this query, so it was left alone";
        return Err(vec![
            Diagnostic::error(codes::INTERNAL, Span::default(), message)
                .with_help("this is a mistake in Vedette: please report it with the query"),
        ]);
    }
    Ok(formatted)
}
