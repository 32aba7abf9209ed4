//! The machine under the grammar: a cursor over the tokens, the builder of the lossless tree, and the
//! rules of recovery. What a stage or an expression looks like is in `grammar` and `stages`.
//!
//! Blanks and comments go into the tree just before the next token, so no node begins or ends with one.

use crate::ast::Span;
use crate::codes;
use crate::diagnostic::{Diagnostic, Findings};
use crate::lexer::{Token, clip};
use crate::syntax::SyntaxKind::{self, *};
use rowan::{Checkpoint, GreenNode, GreenNodeBuilder, Language};

/// Brackets and prefix operators inside one another. Real queries stay below 20; the bound keeps every
/// recursion over the tree within the smallest thread stacks.
pub(crate) const MAX_NESTING: u32 = 100;

const NONE: u32 = u32::MAX;

pub(crate) struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    /// Indices of the tokens that are no trivia.
    solid: Vec<u32>,
    /// For each solid token that opens a bracket, the solid token that closes it.
    closes: Vec<u32>,
    /// The next solid token.
    at: usize,
    /// The next token to go into the tree.
    written: usize,
    builder: GreenNodeBuilder<'static>,
    broken_lines: Vec<Span>,
    diagnostics: Findings,
    nesting: u32,
    /// Queries in brackets that the cursor is inside of.
    pub inner_queries: u32,
    /// Stages read so far, those of inner queries too.
    pub stages: usize,
    /// Nothing more is reported: the text was given up.
    gave_up: bool,
    last_error: Option<Span>,
    /// The text is a statement of a file of rules.
    pub rules: bool,
    /// The form of the stage being read, for messages.
    pub stage_form: Option<&'static str>,
}

impl<'t> Parser<'t> {
    pub fn new(text: &'t str, tokens: Vec<Token>, broken_lines: Vec<Span>) -> Self {
        let solid: Vec<u32> =
            (0..tokens.len() as u32).filter(|&i| !tokens[i as usize].kind.is_trivia()).collect();
        let closes = match_brackets(&tokens, &solid);
        Parser {
            text,
            tokens,
            solid,
            closes,
            at: 0,
            written: 0,
            builder: GreenNodeBuilder::new(),
            broken_lines,
            diagnostics: Findings::default(),
            nesting: 0,
            inner_queries: 0,
            stages: 0,
            gave_up: false,
            last_error: None,
            rules: false,
            stage_form: None,
        }
    }

    pub fn finish_tree(self) -> (GreenNode, Findings) {
        (self.builder.finish(), self.diagnostics)
    }

    // Looking

    pub fn nth_token(&self, n: usize) -> Option<Token> {
        self.solid.get(self.at + n).map(|&i| self.tokens[i as usize])
    }

    pub fn nth(&self, n: usize) -> SyntaxKind {
        self.nth_token(n).map_or(Eof, |token| token.kind)
    }

    pub fn peek(&self) -> SyntaxKind {
        self.nth(0)
    }

    pub fn at(&self, kind: SyntaxKind) -> bool {
        self.peek() == kind
    }

    pub fn nth_text(&self, n: usize) -> &'t str {
        self.nth_token(n).map_or("", |token| &self.text[token.start as usize..token.end as usize])
    }

    pub fn nth_is_word(&self, n: usize, word: &str) -> bool {
        self.nth(n) == Ident && self.nth_text(n).eq_ignore_ascii_case(word)
    }

    pub fn at_word(&self, word: &str) -> bool {
        self.nth_is_word(0, word)
    }

    /// Is token `n` written directly after the one before it?
    pub fn joined(&self, n: usize) -> bool {
        match (self.solid.get(self.at + n), (self.at + n).checked_sub(1).and_then(|i| self.solid.get(i))) {
            (Some(this), Some(before)) => *this == before + 1,
            _ => false,
        }
    }

    /// Does the stage end here, whatever it holds?
    pub fn at_stage_end(&self) -> bool {
        match self.peek() {
            Pipe | PipePipe | Semicolon | Eof => true,
            RParen => self.inner_queries > 0,
            _ => false,
        }
    }

    pub fn span(&self) -> Span {
        match self.nth_token(0) {
            Some(token) => token.span(),
            None => {
                // Behind the last word, where a reader expects what is missing.
                let end = self.previous_span().end;
                Span { start: end, end }
            }
        }
    }

    pub fn previous_span(&self) -> Span {
        self.at
            .checked_sub(1)
            .and_then(|i| self.solid.get(i))
            .map_or(Span::default(), |&i| self.tokens[i as usize].span())
    }

    pub fn previous_kind(&self) -> Option<SyntaxKind> {
        let before = self.at.checked_sub(1).and_then(|i| self.solid.get(i));
        before.map(|&i| self.tokens[i as usize].kind)
    }

    /// The current token as it appears in a message.
    pub fn found(&self) -> String {
        match self.peek() {
            Eof => "the end of the query".to_owned(),
            _ => format!("`{}`", clip(self.nth_text(0))),
        }
    }

    pub fn source(&self, span: Span) -> &'t str {
        &self.text[span.start as usize..span.end as usize]
    }

    // Building

    pub fn bump(&mut self) {
        if let Some(&solid) = self.solid.get(self.at) {
            self.write_up_to(solid as usize + 1);
            self.at += 1;
        }
    }

    /// Blanks and comments before the next token.
    fn trivia(&mut self) {
        let next = self.solid.get(self.at).map_or(self.tokens.len(), |&i| i as usize);
        self.write_up_to(next);
    }

    fn write_up_to(&mut self, end: usize) {
        for token in &self.tokens[self.written..end] {
            let text = &self.text[token.start as usize..token.end as usize];
            self.builder.token(crate::syntax::Xql::kind_to_raw(token.kind), text);
        }
        self.written = end;
    }

    pub fn start(&mut self, kind: SyntaxKind) {
        if kind != Root {
            self.trivia();
        }
        self.builder.start_node(crate::syntax::Xql::kind_to_raw(kind));
    }

    pub fn checkpoint(&mut self) -> Checkpoint {
        self.trivia();
        self.builder.checkpoint()
    }

    pub fn start_at(&mut self, checkpoint: Checkpoint, kind: SyntaxKind) {
        self.builder.start_node_at(checkpoint, crate::syntax::Xql::kind_to_raw(kind));
    }

    pub fn finish(&mut self) {
        self.builder.finish_node();
    }

    pub fn finish_root(&mut self) {
        self.trivia();
        self.finish();
    }

    pub fn eat(&mut self, kind: SyntaxKind) -> bool {
        let found = self.at(kind);
        if found {
            self.bump();
        }
        found
    }

    pub fn eat_word(&mut self, word: &str) -> bool {
        let found = self.at_word(word);
        if found {
            self.bump();
        }
        found
    }

    // Nesting

    /// Enters one level; `false` when that is too deep: then the rest of the text is skipped.
    pub fn enter(&mut self) -> bool {
        self.nesting += 1;
        if self.nesting <= MAX_NESTING {
            return true;
        }
        let span = self.span();
        self.last_error = None; // whatever else is wrong here, this must be said
        self.report(
            Diagnostic::error(
                codes::NESTED_TOO_DEEPLY,
                span,
                format!("brackets and functions are nested more than {MAX_NESTING} deep here"),
            )
            .with_help("compute the inner parts in an `alter` stage of their own"),
        );
        self.give_up();
        false
    }

    /// Skips the rest of the text; nothing in it is reported.
    pub fn give_up(&mut self) {
        self.gave_up = true;
        self.skip_all();
    }

    pub fn leave(&mut self) {
        self.nesting -= 1;
    }

    // Errors

    /// One error for one place: what follows from an error at the same token is not reported again.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        if self.gave_up {
            return;
        }
        if diagnostic.is_error() {
            if self.lexer_has_spoken(diagnostic.span) {
                return;
            }
            if self.last_error == Some(diagnostic.span) {
                return;
            }
            self.last_error = Some(diagnostic.span);
        }
        self.diagnostics.push(diagnostic);
    }

    /// Of a character that means nothing, or of a line with an open string.
    fn lexer_has_spoken(&self, span: Span) -> bool {
        if self.at(Unknown) && span == self.span() {
            return true;
        }
        let next = self.broken_lines.partition_point(|line| line.end < span.start);
        self.broken_lines.get(next).is_some_and(|line| line.start <= span.start)
    }

    pub fn error(&mut self, code: &'static str, message: impl Into<String>, help: impl Into<String>) {
        let diagnostic = Diagnostic::error(code, self.span(), message).with_help(help);
        self.report(diagnostic);
    }

    /// The same, with the edit that puts `text` in the place of the current token.
    pub fn error_mended(
        &mut self,
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
        text: impl Into<String>,
    ) {
        let diagnostic = Diagnostic::error(code, self.span(), message).with_help(help);
        self.report(diagnostic.with_replacement(text));
    }

    /// The current token does not belong here; says what the stage looks like.
    pub fn unexpected(&mut self, wanted: &str) {
        let message = format!("expected {wanted}, found {}", self.found());
        let span = self.span();
        let mut diagnostic = Diagnostic::error(codes::UNEXPECTED_TOKEN, span, message);
        diagnostic.help = self.stage_form.map(|form| format!("the form is: {form}"));
        self.report(diagnostic);
    }

    // Skipping

    fn skip_all(&mut self) {
        if self.at(Eof) {
            return;
        }
        self.start(Error);
        while !self.at(Eof) {
            self.bump();
        }
        self.finish();
    }

    /// Takes the current token, and with an opening bracket everything up to its partner.
    fn bump_balanced(&mut self) {
        let end = self.closes.get(self.at).copied().unwrap_or(NONE);
        self.bump();
        if end != NONE {
            while self.at <= end as usize {
                self.bump();
            }
        }
    }

    /// The tokens of a stage that is not looked into, up to the pipe that ends it.
    pub fn take_opaque(&mut self) {
        while !self.at_stage_end() {
            self.bump_balanced();
        }
    }

    /// A bracketed part that is not looked into; the cursor stands on its opening bracket.
    pub fn take_brackets(&mut self) {
        if self.closes.get(self.at).is_some_and(|&end| end != NONE) {
            self.bump_balanced();
        } else {
            self.unclosed_bracket(self.span());
            self.skip_to(&[]);
        }
    }

    /// Skips, in an error node, to one of `kinds` or to the end of the stage.
    pub fn skip_to(&mut self, kinds: &[SyntaxKind]) {
        if self.at_stage_end() || kinds.contains(&self.peek()) {
            return;
        }
        self.start(Error);
        while !self.at_stage_end() && !kinds.contains(&self.peek()) {
            self.bump_balanced();
        }
        self.finish();
    }

    /// Takes one token that does not belong here.
    pub fn bump_error(&mut self) {
        self.start(Error);
        self.bump();
        self.finish();
    }

    pub fn unclosed_bracket(&mut self, open: Span) {
        // Brackets that end at the same place are one mistake.
        let here = self.span();
        if self.last_error == Some(here) {
            return;
        }
        let bracket = self.source(open);
        let close = match bracket {
            "[" => "]",
            "{" => "}",
            _ => ")",
        };
        let line = crate::source::line_column(self.text, here.start).0;
        let place = match self.peek() {
            Eof => "before the end of the query".to_owned(),
            _ => format!("before the {} in line {line}", self.found()),
        };
        self.report(
            Diagnostic::error(codes::UNCLOSED_BRACKET, open, format!("this `{bracket}` is never closed"))
                .with_help(format!("a `{close}` is missing {place}")),
        );
        self.last_error = Some(here);
    }
}

/// For each opening bracket the closing one, by solid index.
fn match_brackets(tokens: &[Token], solid: &[u32]) -> Vec<u32> {
    let mut closes = vec![NONE; solid.len()];
    let mut open: Vec<(usize, SyntaxKind)> = Vec::new();
    for (i, &token) in solid.iter().enumerate() {
        match tokens[token as usize].kind {
            LParen => open.push((i, RParen)),
            LBracket => open.push((i, RBracket)),
            LBrace => open.push((i, RBrace)),
            kind @ (RParen | RBracket | RBrace) => {
                if let Some(&(start, wanted)) = open.last()
                    && wanted == kind
                {
                    open.pop();
                    closes[start] = i as u32;
                }
            }
            _ => {}
        }
    }
    closes
}
