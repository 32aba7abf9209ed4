//! `value -> a.b[0]`, `-> path{}`, `-> path[]`, `->-> jsonpath`: the tokens behind an arrow as a path.

use crate::ast::{Expr, ExprKind, JsonPath, JsonStep, JsonTake, Span};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::lower::{self, Lowering};
use crate::syntax::SyntaxKind::*;
use crate::syntax::{SyntaxNode, SyntaxToken};

/// Arrows one behind the other; each goes one level deeper into a plan.
const MOST: usize = 20;

impl Lowering {
    pub(crate) fn arrow(&mut self, node: &SyntaxNode) -> Option<Expr> {
        let value = self.expr(&lower::only_expr(node)?);
        let paths = split(node);
        if paths.len() > MOST {
            let message = format!("more than {MOST} arrows one behind the other");
            let error = Diagnostic::error(codes::NESTED_TOO_DEEPLY, lower::span(node), message);
            self.diagnostics.push(error.with_help("one arrow reaches any depth: -> a.b.c"));
            return None;
        }
        let mut whole = value;
        for tokens in paths {
            let end = tokens.last().map_or(0, |token| lower::token_span(token).end);
            let path = match path(&tokens) {
                Ok(path) => path,
                Err(error) => {
                    self.diagnostics.push(*error);
                    return None;
                }
            };
            whole = whole.map(|value| Expr {
                span: Span { start: value.span.start, end },
                kind: ExprKind::Arrow { value: Box::new(value), path },
            });
        }
        whole
    }
}

/// The tokens behind each arrow; those of `->->` begin with the second arrow.
fn split(node: &SyntaxNode) -> Vec<Vec<SyntaxToken>> {
    let mut paths: Vec<Vec<SyntaxToken>> = Vec::new();
    for token in lower::tokens(node) {
        match paths.last_mut() {
            Some(path) if path.is_empty() || token.kind() != Arrow => path.push(token),
            _ => paths.push(Vec::new()),
        }
    }
    paths
}

type Read<T> = Result<T, Box<Diagnostic>>;

fn path(tokens: &[SyntaxToken]) -> Read<JsonPath> {
    if let Some((arrow, rest)) = tokens.split_first()
        && arrow.kind() == Arrow
    {
        return query(rest);
    }
    let mut path = JsonPath { steps: Vec::new(), take: JsonTake::Scalar };
    let mut rest = tokens;
    while let Some((token, after)) = rest.split_first() {
        if path.take != JsonTake::Scalar {
            let help = "to go on inside it, write one more arrow: -> list[] -> [0].key";
            return Err(wrong(token, "nothing can follow `[]` or `{}` in a path", help));
        }
        rest = after;
        match token.kind() {
            Dot => {}
            Ident | Int | Float => keys(token.text(), &mut path.steps),
            QuotedIdent => path.steps.push(JsonStep::Key(lower::plain_text(token))),
            LBrace => {
                rest = closing(token, after, RBrace)?;
                path.take = JsonTake::Json;
            }
            LBracket => rest = bracket(token, after, &mut path)?,
            _ => return Err(wrong(token, "this is no key of a path", FORMS)),
        }
    }
    Ok(path)
}

/// `a.b.c`
fn keys(text: &str, steps: &mut Vec<JsonStep>) {
    let keys = text.split('.').filter(|key| !key.is_empty());
    steps.extend(keys.map(|key| JsonStep::Key(key.to_owned())));
}

/// `[]`, `[0]`, `["key"]`; gives what follows.
fn bracket<'t>(open: &SyntaxToken, rest: &'t [SyntaxToken], path: &mut JsonPath) -> Read<&'t [SyntaxToken]> {
    let (sign, rest) = match rest {
        [minus, rest @ ..] if minus.kind() == Minus => (-1, rest),
        _ => (1, rest),
    };
    let Some((token, after)) = rest.split_first() else { return Err(wrong(open, OPEN, FORMS)) };
    match token.kind() {
        RBracket => {
            path.take = JsonTake::Array;
            return Ok(after);
        }
        Int => {
            let Ok(index) = token.text().parse::<i64>() else {
                return Err(wrong(token, "this index is too large", FORMS));
            };
            path.steps.push(JsonStep::Index(sign * index));
        }
        kind if kind.is_string() => path.steps.push(JsonStep::Key(lower::plain_text(token))),
        Ident | QuotedIdent => {
            let help = format!("write [\"{}\"]", lower::plain_text(token));
            return Err(wrong(token, "a key in square brackets stands in quotes", &help));
        }
        _ => return Err(wrong(token, "this is neither an index nor a key", FORMS)),
    }
    closing(open, after, RBracket)
}

fn closing<'t>(
    open: &SyntaxToken,
    rest: &'t [SyntaxToken],
    kind: crate::syntax::SyntaxKind,
) -> Read<&'t [SyntaxToken]> {
    match rest.split_first() {
        Some((token, after)) if token.kind() == kind => Ok(after),
        Some((token, _)) => Err(wrong(token, "this does not belong into the brackets of a path", FORMS)),
        None => Err(wrong(open, OPEN, FORMS)),
    }
}

/// A JSONPath as written, or in quotes.
fn query(tokens: &[SyntaxToken]) -> Read<JsonPath> {
    let text = match tokens {
        [token] if token.kind().is_string() => lower::plain_text(token),
        _ => tokens.iter().map(|token| token.text()).collect(),
    };
    let text = match text.chars().next() {
        Some('$') => text,
        Some('[') => format!("${text}"),
        _ => format!("$.{text}"),
    };
    Ok(JsonPath { steps: Vec::new(), take: JsonTake::Query(text) })
}

const OPEN: &str = "this bracket is not closed";
const FORMS: &str = "the forms are: -> key.inner[0], -> [\"dotted.key\"], -> list[], -> object{}";

fn wrong(token: &SyntaxToken, message: &str, help: &str) -> Box<Diagnostic> {
    let span = lower::token_span(token);
    Box::new(Diagnostic::error(codes::UNEXPECTED_TOKEN, span, message).with_help(help))
}
