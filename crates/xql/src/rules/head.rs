//! The head of a section: `[MODEL: dataset = "my_raw"]`, `[RULE: name]`, `[CONST]`.

use super::SectionKind;
use crate::ast::{Name, Span, Text};
use crate::codes;
use crate::diagnostic::{Diagnostic, Findings};
use crate::lexer::{Token, clip};
use crate::literal;
use crate::nearest::nearest;
use crate::syntax::SyntaxKind::*;

pub(super) struct Head {
    pub kind: SectionKind,
    pub name: Option<Name>,
    pub settings: Vec<(Text, Text)>,
    pub span: Span,
}

/// What a head is made of, without blanks and comments.
struct Cursor<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    at: usize,
}

impl<'t> Cursor<'t> {
    fn peek(&self) -> Option<Token> {
        self.tokens.get(self.at).copied()
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.peek()?;
        self.at += 1;
        Some(token)
    }

    fn source(&self, token: Token) -> &'t str {
        &self.text[token.start as usize..token.end as usize]
    }

    /// A value with or without quotes.
    fn value(&mut self) -> Option<Text> {
        let token = self.peek()?;
        let text = match token.kind {
            kind if kind.is_string() => literal::string(kind, self.source(token)),
            QuotedIdent => self.source(token).trim_matches('`').to_owned(),
            Ident | Int | Float => self.source(token).to_owned(),
            _ => return None,
        };
        self.at += 1;
        Some(Text { text, span: token.span() })
    }
}

impl Cursor<'_> {
    /// A value, or several in brackets, which are kept with commas between them.
    fn values(&mut self) -> Option<Text> {
        let Some(open) = self.peek().filter(|token| token.kind == LParen) else { return self.value() };
        self.at += 1;
        let mut values = Vec::new();
        while let Some(value) = self.value() {
            values.push(value.text);
            self.at += usize::from(self.peek().is_some_and(|token| token.kind == Comma));
        }
        let close = self.next().filter(|token| token.kind == RParen)?;
        let span = Span { start: open.start, end: close.end };
        (!values.is_empty()).then(|| Text { text: values.join(","), span })
    }
}

/// `None` when the kind of the section is not known.
pub(super) fn read(text: &str, tokens: &[Token], findings: &mut Findings) -> Option<Head> {
    let solid: Vec<Token> = tokens.iter().filter(|token| !token.kind.is_trivia()).copied().collect();
    let span = Span { start: solid.first()?.start, end: solid.last()?.end };
    if solid.last().is_some_and(|last| last.kind != RBracket) {
        let message = "the head of this section is never closed";
        findings.push(
            Diagnostic::error(codes::UNCLOSED_BRACKET, span, message)
                .with_help("a `]` is missing in this line"),
        );
    }
    let inside = solid.iter().filter(|token| !matches!(token.kind, LBracket | RBracket)).copied().collect();
    let mut cursor = Cursor { text, tokens: inside, at: 0 };
    let word = cursor.next()?;
    let Some(kind) = SectionKind::find(cursor.source(word)) else {
        unknown_kind(cursor.source(word), word.span(), findings);
        return None;
    };
    if cursor.peek().is_some_and(|token| token.kind == Colon) {
        cursor.at += 1;
    }
    let mut head = Head { kind, name: None, settings: Vec::new(), span };
    match kind {
        SectionKind::Rule => head.name = name(&mut cursor, span, findings),
        SectionKind::Const => {}
        _ => settings(&mut cursor, &mut head, findings),
    }
    if let Some(rest) = cursor.peek() {
        let message = format!("this head goes on where it should end: `{}`", clip(cursor.source(rest)));
        findings.push(Diagnostic::error(codes::BAD_SECTION, rest.span(), message).with_help(form(kind)));
    }
    check(&head, findings);
    Some(head)
}

fn unknown_kind(word: &str, span: Span, findings: &mut Findings) {
    let names = || SectionKind::ALL.iter().map(|(name, _)| *name);
    let message = format!("there is no section `{}`", clip(word));
    let error = Diagnostic::error(codes::BAD_SECTION, span, message);
    findings.push(match nearest(&word.to_uppercase(), names()) {
        Some(near) => error.did_you_mean(near),
        None => error.with_help(format!("the sections are {}", names().collect::<Vec<_>>().join(", "))),
    });
}

fn form(kind: SectionKind) -> &'static str {
    match kind {
        SectionKind::Rule => "the form is: [RULE: name]",
        SectionKind::Const => "the form is: [CONST]",
        SectionKind::Model => "the form is: [MODEL: dataset = \"my_raw\"]",
        _ => {
            "the form is: [INGEST: vendor = \"v\", product = \"p\", target_dataset = \"v_p_raw\", no_hit = keep]"
        }
    }
}

fn name(cursor: &mut Cursor<'_>, head: Span, findings: &mut Findings) -> Option<Name> {
    let name = cursor.value().map(|value| Name {
        name: value.text.to_lowercase(),
        text: value.text,
        span: value.span,
    });
    if name.is_none() {
        let message = "this rule has no name";
        findings
            .push(Diagnostic::error(codes::BAD_SECTION, head, message).with_help(form(SectionKind::Rule)));
    }
    name
}

/// `key = value, key = value`
fn settings(cursor: &mut Cursor<'_>, head: &mut Head, findings: &mut Findings) {
    while let Some(key) = cursor.peek().filter(|token| token.kind == Ident) {
        cursor.at += 1;
        let word = Text { text: cursor.source(key).to_lowercase(), span: key.span() };
        let equals = cursor.peek().is_some_and(|token| token.kind == Eq);
        cursor.at += usize::from(equals);
        let Some(value) = cursor.values().filter(|_| equals) else {
            let message = format!("`{}` has no value", word.text);
            findings.push(
                Diagnostic::error(codes::BAD_SETTING, key.span(), message)
                    .with_help(format!("write: {} = \"…\"", word.text)),
            );
            continue;
        };
        head.settings.push((word, value));
        if cursor.peek().is_some_and(|token| token.kind == Comma) {
            cursor.at += 1;
        }
    }
}

/// Keys that must be there, and those that may.
fn keys(kind: SectionKind) -> (&'static [&'static str], &'static [&'static str]) {
    match kind {
        SectionKind::Ingest => {
            (&["vendor", "product"], &["target_dataset", "no_hit", "ingestnull", "content_id"])
        }
        SectionKind::Collect => (&[], &["vendor", "product", "target_brokers", "no_hit", "content_id"]),
        SectionKind::Extend => (&[], &["vendor", "product", "target_dataset", "no_hit", "content_id"]),
        SectionKind::Model => (&["dataset"], &["model", "content_id"]),
        SectionKind::Rule | SectionKind::Const => (&[], &[]),
    }
}

fn check(head: &Head, findings: &mut Findings) {
    let (needed, allowed) = keys(head.kind);
    let has = |key: &str| head.settings.iter().any(|(word, _)| word.text == key);
    for key in needed.iter().filter(|key| !has(key)) {
        let message = format!("this head does not say `{key}`");
        findings.push(Diagnostic::error(codes::BAD_SECTION, head.span, message).with_help(form(head.kind)));
    }
    for (word, value) in &head.settings {
        let known = || needed.iter().chain(allowed).copied();
        if !known().any(|key| key == word.text) {
            let message = format!("this section has no setting `{}`", clip(&word.text));
            let warning = Diagnostic::warning(codes::BAD_SETTING, word.span, message);
            findings.push(match nearest(&word.text, known()) {
                Some(near) => warning.did_you_mean(near),
                None => warning.with_help(format!("it has {}", known().collect::<Vec<_>>().join(", "))),
            });
        }
        let choices: &[&str] = match word.text.as_str() {
            "no_hit" => &["keep", "drop"],
            "ingestnull" => &["true", "false"],
            _ => continue,
        };
        if !choices.iter().any(|choice| choice.eq_ignore_ascii_case(&value.text)) {
            let message = format!("`{}` is not one of {}", clip(&value.text), choices.join(", "));
            findings.push(Diagnostic::error(codes::BAD_SETTING, value.span, message));
        }
    }
}
