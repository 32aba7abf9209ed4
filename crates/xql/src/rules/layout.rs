//! A file of rules in its usual layout: heads as written but for blanks, each statement as a query is laid
//! out, a blank line between sections.

use super::parse_rules;
use super::sections::{self, Piece};
use crate::Fault;
use crate::ast::Span;
use crate::codes;
use crate::diagnostic::{Diagnostic, Findings};
use crate::format::format_statement;
use crate::lexer::{self, Token};
use crate::syntax::SyntaxKind::*;
use std::ops::Range;

/// Formats a file of rules. Idempotent.
///
/// # Errors
/// The mistakes of a file that cannot be read; what is merely not supported yet is formatted.
pub fn format_rules(text: &str) -> Result<String, Vec<Diagnostic>> {
    let wrong = |one: &Diagnostic| one.is_error() && one.fault() != Fault::NotSupported;
    let mistakes: Vec<Diagnostic> = parse_rules(text).diagnostics.into_iter().filter(wrong).collect();
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let tokens = lexer::lex(text).tokens;
    let file = File { text, tokens: &tokens };
    let formatted = file.print()?;
    if words(&formatted) != words(text) {
        return Err(vec![changed()]);
    }
    Ok(formatted)
}

fn changed() -> Diagnostic {
    let message = "formatting would have changed this file, so it was left alone";
    Diagnostic::error(codes::INTERNAL, Span::default(), message)
        .with_help("this is a mistake in Vedette: please report it with the file")
}

/// What may not change: tokens and comments, but for case, blanks and a last `;`.
fn words(text: &str) -> Vec<String> {
    let tokens = lexer::lex(text).tokens.into_iter().filter(|token| token.kind != Whitespace);
    let words = tokens.map(|token| text[token.start as usize..token.end as usize].trim_end().to_lowercase());
    let words: Vec<String> = words.filter(|word| word != ";").collect();
    words.iter().flat_map(|word| word.split_whitespace().map(str::to_owned)).collect()
}

struct File<'t> {
    text: &'t str,
    tokens: &'t [Token],
}

impl File<'_> {
    fn print(&self) -> Result<String, Vec<Diagnostic>> {
        let pieces = sections::split(self.text, self.tokens, &mut Findings::default());
        let first = pieces.first().map_or(self.tokens.len(), |piece| piece.head.start);
        let mut out = self.comments(0..first);
        // A comment on lines of its own belongs to what follows it: no blank line comes between.
        let mut comment = true;
        for piece in &pieces {
            if !comment {
                out.push('\n');
            }
            out.push_str(&self.head(piece.head.clone()));
            out.push('\n');
            comment = self.body(piece, &mut out)?;
        }
        Ok(out)
    }

    fn source(&self, token: Token) -> &str {
        &self.text[token.start as usize..token.end as usize]
    }

    /// The comments among some tokens, each on its line; a blank line before one is kept.
    fn comments(&self, range: Range<usize>) -> String {
        let mut out = String::new();
        let mut blank = false;
        for token in &self.tokens[range] {
            match token.kind {
                Whitespace => blank = self.source(*token).matches('\n').count() > 1,
                Comment => {
                    if blank && !out.is_empty() {
                        out.push('\n');
                    }
                    out.push_str(self.source(*token).trim_end());
                    out.push('\n');
                }
                _ => {}
            }
        }
        out
    }

    fn head(&self, range: Range<usize>) -> String {
        if self.tokens[range.clone()].iter().any(|token| token.kind == Comment) {
            let (first, last) = (self.tokens[range.start], self.tokens[range.end - 1]);
            return self.text[first.start as usize..last.end as usize].to_owned();
        }
        let mut out = String::new();
        for (place, token) in self.tokens[range].iter().filter(|token| token.kind != Whitespace).enumerate() {
            let text = self.source(*token);
            match token.kind {
                Colon | Comma => out.push_str(&format!("{text} ")),
                Eq => out.push_str(" = "),
                Ident if place == 1 => out.push_str(&text.to_uppercase()),
                _ => out.push_str(text),
            }
        }
        out
    }

    /// The statements of a section; `true` when comments stand behind the last.
    fn body(&self, piece: &Piece, out: &mut String) -> Result<bool, Vec<Diagnostic>> {
        let mut at = piece.body.start;
        for statement in sections::statements(self.tokens, piece.body.clone()) {
            let start = at.max(statement.tokens.start);
            let after = statement.tokens.end + usize::from(statement.closed);
            out.push_str(&self.statement(piece, start..statement.tokens.end)?);
            at = self.behind(after, piece.body.end, out);
        }
        let rest = self.comments(at..piece.body.end);
        if !rest.is_empty() {
            out.push('\n');
            out.push_str(&rest);
        }
        Ok(!rest.is_empty())
    }

    fn statement(&self, piece: &Piece, range: Range<usize>) -> Result<String, Vec<Diagnostic>> {
        let (Some(first), Some(last)) = (self.tokens.get(range.start), self.tokens.get(range.end - 1)) else {
            return Ok(String::new());
        };
        let text = &self.text[first.start as usize..last.end as usize];
        let constants = self.source(self.tokens[piece.head.start + 1]).eq_ignore_ascii_case("const");
        let mut out = if constants { self.constant(range) } else { format_statement(text)? };
        out.truncate(out.trim_end().len());
        let line = out.rsplit('\n').next().unwrap_or_default();
        let tokens = lexer::lex(line).tokens;
        let comment = tokens.last().is_some_and(|last| last.kind == Comment);
        out.push_str(if comment { "\n;\n" } else { ";\n" });
        Ok(out)
    }

    /// `NAME = value`, its comments before it.
    fn constant(&self, range: Range<usize>) -> String {
        let solid = self.tokens[range.clone()].iter().filter(|token| !token.kind.is_trivia());
        let words: Vec<&str> = solid.map(|token| self.source(*token)).collect();
        self.comments(range) + &words.join(" ")
    }

    /// A comment on the line of a `;` stays there. Gives the token behind it.
    fn behind(&self, mut at: usize, end: usize, out: &mut String) -> usize {
        let begin = at;
        while at < end {
            let token = self.tokens[at];
            match token.kind {
                Whitespace if !self.source(token).contains('\n') => at += 1,
                Comment if !self.source(token).contains('\n') => {
                    out.truncate(out.trim_end_matches('\n').len());
                    out.push_str(&format!(" {}\n", self.source(token).trim_end()));
                    return at + 1;
                }
                _ => return begin,
            }
        }
        begin
    }
}
