//! Files of parsing and modelling rules (`.xif`): sections with a head in square brackets, and statements
//! that end in `;`. A statement is a query without a source, in a dialect with a few forms of its own:
//! `call rule`, `alter x = call rule`, `drop condition`, and log parsers such as `parse_cef(_raw_log)`.
//!
//! | section | head | body |
//! |---|---|---|
//! | `INGEST` | `vendor`, `product`, `target_dataset`, `no_hit`, `ingestnull` | statements over log lines |
//! | `MODEL` | `dataset`, `model` | statements that make fields of the data model |
//! | `RULE` | its name | statements that other sections call |
//! | `CONST` | | `NAME = value;`, used as `$NAME` |
//! | `COLLECT`, `EXTEND` | as `INGEST` | statements |

mod head;
mod layout;
mod sections;
mod statement;

pub use layout::format_rules;

use crate::ast::{Config, Expr, Name, Span, Stage, Text};
use crate::codes;
use crate::diagnostic::{Diagnostic, Findings};
use crate::nearest::nearest;
use crate::{MAX_QUERY_BYTES, lexer};
use serde::Serialize;
use std::collections::HashMap;

/// More statements than any file needs.
const MAX_STATEMENTS: usize = 1000;

/// What a section is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum SectionKind {
    Ingest,
    Collect,
    Const,
    Rule,
    Extend,
    Model,
}

impl SectionKind {
    const ALL: [(&'static str, SectionKind); 6] = [
        ("INGEST", SectionKind::Ingest),
        ("COLLECT", SectionKind::Collect),
        ("CONST", SectionKind::Const),
        ("RULE", SectionKind::Rule),
        ("EXTEND", SectionKind::Extend),
        ("MODEL", SectionKind::Model),
    ];

    fn find(word: &str) -> Option<SectionKind> {
        Self::ALL.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, kind)| *kind)
    }
}

/// What a file of rules turned out to be.
#[derive(Debug)]
pub struct RuleFile {
    /// Those that could be read, in their order.
    pub sections: Vec<Section>,
    /// In order of their place.
    pub diagnostics: Vec<Diagnostic>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Section {
    pub kind: SectionKind,
    /// Of a `RULE`.
    pub name: Option<Name>,
    /// `key = value` of the head; keys in lower case.
    pub settings: Vec<(Text, Text)>,
    pub statements: Vec<Statement>,
    /// Of `CONST`: name and value.
    pub constants: Vec<(Name, Text)>,
    /// Its head.
    pub span: Span,
}

impl Section {
    /// What the head says of a key.
    pub fn setting(&self, key: &str) -> Option<&Text> {
        self.settings.iter().find(|(word, _)| word.text == key).map(|(_, value)| value)
    }
}

/// Stages up to a `;`, as far as they could be read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Statement {
    /// What a stage `config` at its beginning says.
    pub config: Config,
    pub steps: Vec<Step>,
    /// Names of the rules it calls.
    pub calls: Vec<Name>,
    /// Each `$name` outside quotes.
    pub parameters: Vec<Name>,
    pub span: Span,
}

/// One stage of a statement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Step {
    Stage(Stage),
    /// `call rule`: its stages stand here.
    Call(Name),
    /// `drop condition`: rows that fit are dropped.
    Drop(Expr),
}

/// Reads a file of rules. Never fails and never panics: what is wrong is in the diagnostics.
pub fn parse_rules(text: &str) -> RuleFile {
    let mut findings = Findings::default();
    if text.len() > MAX_QUERY_BYTES {
        let message =
            format!("the file has {} bytes; the longest that is read has {MAX_QUERY_BYTES}", text.len());
        findings.push(Diagnostic::error(codes::QUERY_TOO_LONG, Span::default(), message));
        return RuleFile { sections: Vec::new(), diagnostics: findings.finish() };
    }
    let lexed = lexer::lex(text);
    let pieces = sections::split(text, &lexed.tokens, &mut findings);
    let mut sections = Vec::new();
    let mut room = MAX_STATEMENTS;
    for piece in &pieces {
        sections.extend(section(text, piece, &lexed, &mut room, &mut findings));
    }
    findings.append(lexed.findings);
    together(&sections, &mut findings);
    RuleFile { sections, diagnostics: findings.finish() }
}

/// Every mistake in a file of rules.
pub fn check_rules(text: &str) -> Vec<Diagnostic> {
    parse_rules(text).diagnostics
}

fn section(
    text: &str,
    piece: &sections::Piece,
    lexed: &lexer::Lexed,
    room: &mut usize,
    findings: &mut Findings,
) -> Option<Section> {
    let head = head::read(text, &lexed.tokens[piece.head.clone()], findings)?;
    let mut section = Section {
        kind: head.kind,
        name: head.name,
        settings: head.settings,
        statements: Vec::new(),
        constants: Vec::new(),
        span: head.span,
    };
    let bodies = sections::statements(&lexed.tokens, piece.body.clone());
    if bodies.is_empty() {
        let message = "nothing stands in this section";
        findings.push(
            Diagnostic::warning(codes::BAD_SECTION, section.span, message)
                .with_help("add statements, each with a `;` at its end, or remove the section"),
        );
    }
    for body in bodies {
        if !body.closed {
            not_closed(&lexed.tokens[body.tokens.clone()], findings);
        }
        let tokens = &lexed.tokens[body.tokens];
        if *room == 0 {
            findings.push(too_many(tokens));
            break;
        }
        *room -= 1;
        if section.kind == SectionKind::Const {
            section.constants.extend(statement::constant(text, tokens, findings));
        } else {
            section.statements.extend(statement::read(text, tokens, &lexed.broken_lines, findings));
        }
    }
    Some(section)
}

fn too_many(tokens: &[lexer::Token]) -> Diagnostic {
    let span =
        tokens.iter().find(|token| !token.kind.is_trivia()).map_or(Span::default(), lexer::Token::span);
    let message = format!("a file may have {MAX_STATEMENTS} statements, and this is one more");
    Diagnostic::error(codes::TOO_MANY_STAGES, span, message).with_help("make several files of it")
}

fn not_closed(tokens: &[lexer::Token], findings: &mut Findings) {
    let Some(last) = tokens.iter().rev().find(|token| !token.kind.is_trivia()) else { return };
    let message = "this statement has no `;` at its end";
    findings.push(
        Diagnostic::warning(codes::BAD_SECTION, last.span(), message)
            .with_help("write `;` behind it")
            .with_fix(Span { start: last.end, end: last.end }, ";"),
    );
}

/// What only the whole file shows: names that are there twice, or not at all.
fn together(sections: &[Section], findings: &mut Findings) {
    let mut rules: HashMap<&str, Span> = HashMap::new();
    let mut models: HashMap<(String, String), Span> = HashMap::new();
    let mut constants: HashMap<&str, &Name> = HashMap::new();
    for section in sections {
        if let Some(name) = &section.name
            && rules.insert(&name.name, name.span).is_some()
        {
            twice(name.span, &format!("the rule `{}`", name.text), findings);
        }
        if section.kind == SectionKind::Model {
            let of = |key| section.setting(key).map_or_else(String::new, |value| value.text.to_lowercase());
            if models.insert((of("dataset"), of("model")), section.span).is_some() {
                twice(section.span, &format!("a model of `{}`", of("dataset")), findings);
            }
        }
        for (name, _) in &section.constants {
            if constants.insert(&name.name, name).is_some() {
                twice(name.span, &format!("the constant `{}`", name.text), findings);
            }
        }
    }
    constants_used(sections, &constants, findings);
    for name in sections.iter().flat_map(|section| &section.statements).flat_map(|one| &one.calls) {
        if !rules.contains_key(name.name.as_str()) {
            let message = format!("this file has no rule `{}`", name.text);
            let code = codes::UNKNOWN_LIBRARY_QUERY;
            findings.push(match nearest(&name.name, rules.keys().copied()) {
                Some(near) => Diagnostic::error(code, name.span, message).did_you_mean(near),
                // Rules of other files can be called too.
                None => Diagnostic::warning(code, name.span, message)
                    .with_help(format!("another file must have a section [RULE: {}]", name.text)),
            });
        }
    }
}

/// `$name` is a constant of the file.
fn constants_used(sections: &[Section], constants: &HashMap<&str, &Name>, findings: &mut Findings) {
    for name in sections.iter().flat_map(|section| &section.statements).flat_map(|one| &one.parameters) {
        if !constants.contains_key(name.name.as_str()) {
            let message = format!("no section CONST sets ${}", name.text);
            let code = codes::MISSING_PARAMETER;
            let near = nearest(&name.name, constants.keys().copied()).and_then(|near| constants.get(near));
            findings.push(match near {
                Some(near) => {
                    Diagnostic::error(code, name.span, message).did_you_mean(&format!("${}", near.text))
                }
                None => Diagnostic::warning(code, name.span, message)
                    .with_help(format!("this or another file must say: [CONST] {} = \"…\";", name.text)),
            });
        }
    }
}

fn twice(span: Span, what: &str, findings: &mut Findings) {
    findings.push(
        Diagnostic::error(codes::BAD_SECTION, span, format!("{what} is there twice"))
            .with_help("give one of them another name, or join them"),
    );
}
