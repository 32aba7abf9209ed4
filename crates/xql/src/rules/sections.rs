//! Where the sections and statements of a file are, as ranges of its tokens.

use crate::ast::Span;
use crate::codes;
use crate::diagnostic::{Diagnostic, Findings};
use crate::lexer::Token;
use crate::syntax::SyntaxKind::*;
use std::ops::Range;

/// A section: the tokens of its head with the brackets, and those behind it.
pub(super) struct Piece {
    pub head: Range<usize>,
    pub body: Range<usize>,
}

/// The sections; what stands before the first is a mistake.
pub(super) fn split(text: &str, tokens: &[Token], findings: &mut Findings) -> Vec<Piece> {
    let begin = tokens.iter().position(|token| !token.kind.is_trivia()).unwrap_or(0);
    let heads: Vec<Range<usize>> = (0..tokens.len())
        .filter(|&at| begins_head(text, tokens, at, at <= begin))
        .map(|at| head(text, tokens, at))
        .collect();
    let first = heads.first().map_or(tokens.len(), |head| head.start);
    if let Some(stray) = tokens[..first].iter().find(|token| !token.kind.is_trivia()) {
        let last = tokens[..first].iter().rev().find(|token| !token.kind.is_trivia()).unwrap_or(stray);
        let span = Span { start: stray.start, end: last.end };
        findings.push(
            Diagnostic::error(codes::BAD_SECTION, span, "this stands in no section")
                .with_help("a file of rules begins with a head, for example: [MODEL: dataset = \"my_raw\"]"),
        );
    } else if heads.is_empty() {
        let message = "there is no section in this file";
        findings.push(
            Diagnostic::error(codes::BAD_SECTION, Span::default(), message)
                .with_help("for example: [MODEL: dataset = \"my_raw\"] alter xdm.source.ipv4 = source_ip;"),
        );
    }
    let ends = heads.iter().skip(1).map(|next| next.start).chain([tokens.len()]);
    let piece = |(head, end): (&Range<usize>, usize)| Piece { head: head.clone(), body: head.end..end };
    heads.iter().zip(ends).map(piece).collect()
}

/// A `[` that begins its line, and behind it a word with `:` or `]`.
fn begins_head(text: &str, tokens: &[Token], at: usize, first: bool) -> bool {
    if tokens[at].kind != LBracket {
        return false;
    }
    let mut solid = tokens[at + 1..].iter().filter(|token| !token.kind.is_trivia());
    let word = solid.next().is_some_and(|token| token.kind == Ident);
    let sign = solid.next().is_some_and(|token| matches!(token.kind, Colon | RBracket));
    let before = tokens[..at].iter().rev().take_while(|token| token.kind.is_trivia());
    let breaks = |token: &Token| text[token.start as usize..token.end as usize].contains('\n');
    word && sign && (first || before.into_iter().any(breaks))
}

/// Up to its `]`, or to the end of its line.
fn head(text: &str, tokens: &[Token], at: usize) -> Range<usize> {
    let ends = |token: &Token| {
        let blank = &text[token.start as usize..token.end as usize];
        token.kind == RBracket || token.kind == Whitespace && blank.contains('\n')
    };
    let length = tokens[at..].iter().position(ends).map_or(tokens.len() - at, |length| {
        if tokens[at + length].kind == RBracket { length + 1 } else { length }
    });
    at..at + length
}

/// A statement without its `;`.
pub(super) struct Body {
    pub tokens: Range<usize>,
    pub closed: bool,
}

/// The statements of a body; empty ones are left out.
pub(super) fn statements(tokens: &[Token], body: Range<usize>) -> Vec<Body> {
    let mut found = Vec::new();
    let mut start = body.start;
    let empty = |range: Range<usize>| tokens[range].iter().all(|token| token.kind.is_trivia());
    for at in body.clone() {
        if tokens[at].kind == Semicolon {
            if !empty(start..at) {
                found.push(Body { tokens: start..at, closed: true });
            }
            start = at + 1;
        }
    }
    if !empty(start..body.end) {
        found.push(Body { tokens: start..body.end, closed: false });
    }
    found
}
