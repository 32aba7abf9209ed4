//! From the lossless tree to `ast`. Lowering never guesses: a part that did not parse gives `None`, and
//! some diagnostic has said why. Everything is visited even so, to find every mistake in one pass.

use crate::ast::{self, CompareOp, Expr, ExprKind, Name, Source, Span, Stage, Text};
use crate::codes;
use crate::diagnostic::{Diagnostic, Findings};
use crate::literal;
use crate::stages::{self, Lower};
use crate::syntax::SyntaxKind::{self, *};
use crate::syntax::{SyntaxElement, SyntaxNode, SyntaxToken};

#[derive(Default)]
pub(crate) struct Lowering {
    pub diagnostics: Findings,
}

impl Lowering {
    pub fn query(&mut self, root: &SyntaxNode) -> Option<ast::Query> {
        let mut config = ast::Config::default();
        let mut source = Some(Source::Default);
        let mut stages = Vec::new();
        for node in children(root, SyntaxKind::Stage) {
            let info = tokens(&node).next().and_then(|token| stages::find(token.text()));
            match info.map(|info| info.lower) {
                Some(Lower::Config(lower)) => lower(self, &node, &mut config),
                Some(Lower::Source(lower)) => source = lower(self, &node),
                Some(Lower::Stage(lower)) => {
                    stages.push(lower(self, &node).map(|kind| Stage { kind, span: span(&node) }));
                }
                None => stages.push(None),
            }
        }
        Some(ast::Query { config, source: source?, stages: all(stages)?, span: query_span(root) })
    }

    pub fn arguments(&mut self, call: &SyntaxNode) -> Option<Vec<Expr>> {
        let list = child(call, ArgList)?;
        let args: Vec<_> = exprs(&list).map(|arg| self.expr(&arg)).collect();
        all(args)
    }

    pub fn expr(&mut self, node: &SyntaxNode) -> Option<Expr> {
        let kind = match node.kind() {
            Literal => self.literal(node)?,
            FieldExpr => field(name_in(node)?),
            CallExpr => {
                let args = self.arguments(node);
                ExprKind::Call { function: name_in(node)?, args: args? }
            }
            // The brackets belong to the span, so that the text of a span is an expression.
            ParenExpr => self.expr(&only_expr(node)?)?.kind,
            NotExpr => ExprKind::Not(Box::new(self.expr(&only_expr(node)?)?)),
            AndExpr | OrExpr => return self.logic(node),
            CompareExpr => self.compare(node)?,
            ArrowExpr => return self.arrow(node),
            // Reported by the parser or the check.
            _ => {
                for inner in exprs(node) {
                    self.expr(&inner);
                }
                return None;
            }
        };
        Some(Expr { kind, span: span(node) })
    }

    fn literal(&mut self, node: &SyntaxNode) -> Option<ExprKind> {
        let token = tokens(node).last()?;
        let text = token.text();
        Some(match token.kind() {
            Int => {
                let digits = if has_token(node, Minus) { format!("-{text}") } else { text.to_owned() };
                match digits.parse() {
                    Ok(number) => ExprKind::Int(number),
                    Err(_) => {
                        self.diagnostics.push(
                            Diagnostic::error(
                                codes::NUMBER_TOO_LARGE,
                                span(node),
                                "this number is too large",
                            )
                            .with_help(
                                "whole numbers go up to 9223372036854775807; write it in quotes \
                                            if it is an identifier",
                            ),
                        );
                        return None;
                    }
                }
            }
            Float => {
                let number: f64 = text.parse().ok()?;
                ExprKind::Float(if has_token(node, Minus) { -number } else { number })
            }
            kind if kind.is_string() => ExprKind::Str(literal::string(kind, text)),
            Param => ExprKind::Param(parameter(&token)),
            Ident if text.eq_ignore_ascii_case("null") => ExprKind::Null,
            Ident => ExprKind::Bool(text.eq_ignore_ascii_case("true")),
            _ => return None,
        })
    }

    /// A flat chain becomes a balanced tree: ten thousand conditions are fourteen levels deep.
    fn logic(&mut self, node: &SyntaxNode) -> Option<Expr> {
        let make: fn(Box<Expr>, Box<Expr>) -> ExprKind =
            if node.kind() == AndExpr { ExprKind::And } else { ExprKind::Or };
        let operators = tokens(node).count();
        let parts: Vec<_> = exprs(node).map(|part| self.expr(&part)).collect();
        let mut parts = all(parts)?;
        if parts.len() != operators + 1 {
            return None; // a side is missing, which was reported
        }
        while parts.len() > 1 {
            let mut next = Vec::with_capacity(parts.len().div_ceil(2));
            let mut pairs = parts.into_iter();
            while let Some(left) = pairs.next() {
                next.push(match pairs.next() {
                    Some(right) => {
                        let span = Span { start: left.span.start, end: right.span.end };
                        Expr { kind: make(Box::new(left), Box::new(right)), span }
                    }
                    None => left,
                });
            }
            parts = next;
        }
        parts.pop()
    }

    fn compare(&mut self, node: &SyntaxNode) -> Option<ExprKind> {
        let query = child(node, Subquery).map(|inner| self.query(&inner));
        let sides: Vec<_> =
            exprs(node).filter(|side| side.kind() != Subquery).map(|side| self.expr(&side)).collect();
        let list = child(node, InList).map(|list| {
            let items: Vec<_> = exprs(&list).map(|item| self.expr(&item).map(word)).collect();
            all(items)
        });
        let negated = has_word(node, "not");
        let operator = tokens(node).find(|token| !token.text().eq_ignore_ascii_case("not"))?;
        let mut sides = all(sides)?.into_iter();
        let value = Box::new(sides.next()?);
        if let Some(query) = query {
            return Some(ExprKind::InQuery { value, query: Box::new(query?), negated });
        }
        if let Some(list) = list {
            return Some(ExprKind::In { value, list: list?, negated });
        }
        let right = Box::new(sides.next()?);
        if sides.next().is_some() {
            return None; // a chain, which was reported
        }
        if is_role(node) && matches!(operator.kind(), Eq | NotEq) {
            // Roles are an array, and this asks whether it holds one.
            return Some(ExprKind::Contains { value, part: right, negated: operator.kind() == NotEq });
        }
        let compare = |op| ExprKind::Compare { op, left: value.clone(), right: right.clone() };
        let equality =
            |op| ExprKind::Compare { op, left: value.clone(), right: Box::new(word(*right.clone())) };
        Some(match operator.kind() {
            Eq | EqEq => equality(CompareOp::Eq),
            NotEq | LtGt => equality(CompareOp::NotEq),
            Lt => compare(CompareOp::Lt),
            LtEq => compare(CompareOp::LtEq),
            Gt => compare(CompareOp::Gt),
            GtEq => compare(CompareOp::GtEq),
            Match | EqTilde => ExprKind::Matches { value, pattern: right, negated: false },
            NotMatch => ExprKind::Matches { value, pattern: right, negated: true },
            _ => match operator.text().to_ascii_lowercase().as_str() {
                "contains" => ExprKind::Contains { value, part: right, negated },
                "incidr" => ExprKind::InCidr { value, range: right, v6: false, negated },
                "incidr6" => ExprKind::InCidr { value, range: right, v6: true, negated },
                _ => return None,
            },
        })
    }
}

/// Constants are texts: `ENUM.STORY` is `STORY`.
fn field(name: Name) -> ExprKind {
    const PREFIXES: [&str; 3] = ["enum.", "xdm_const.", "role."];
    match PREFIXES.iter().find(|prefix| name.name.starts_with(**prefix)) {
        Some(prefix) => ExprKind::Str(name.text.get(prefix.len()..).unwrap_or_default().to_owned()),
        None => ExprKind::Field(name),
    }
}

/// A bare name on the right of a comparison may be an enum value.
fn word(expr: Expr) -> Expr {
    match expr.kind {
        ExprKind::Field(name) => Expr { kind: ExprKind::Word(name), span: expr.span },
        _ => expr,
    }
}

/// `roles = ROLE.X`
fn is_role(compare: &SyntaxNode) -> bool {
    let right = exprs(compare).nth(1).and_then(|right| name_in(&right));
    right.is_some_and(|name| name.name.starts_with("role."))
}

/// `$name`
pub(crate) fn parameter(token: &SyntaxToken) -> Name {
    let text = token.text().trim_start_matches('$').to_owned();
    Name { name: text.to_lowercase(), text, span: token_span(token) }
}

// Reading the tree

pub(crate) fn all<T>(parts: impl IntoIterator<Item = Option<T>>) -> Option<Vec<T>> {
    parts.into_iter().collect()
}

pub(crate) fn span(node: &SyntaxNode) -> Span {
    let range = node.text_range();
    Span { start: range.start().into(), end: range.end().into() }
}

pub(crate) fn token_span(token: &SyntaxToken) -> Span {
    let range = token.text_range();
    Span { start: range.start().into(), end: range.end().into() }
}

/// From the first stage to the last.
fn query_span(root: &SyntaxNode) -> Span {
    let start = root.first_child().map_or(0, |first| first.text_range().start().into());
    let end = root.last_child().map_or(start, |last| last.text_range().end().into());
    Span { start, end }
}

pub(crate) fn children(node: &SyntaxNode, kind: SyntaxKind) -> impl Iterator<Item = SyntaxNode> {
    node.children().filter(move |child| child.kind() == kind)
}

pub(crate) fn child(node: &SyntaxNode, kind: SyntaxKind) -> Option<SyntaxNode> {
    children(node, kind).next()
}

/// The tokens directly in a node, without blanks and comments.
pub(crate) fn tokens(node: &SyntaxNode) -> impl Iterator<Item = SyntaxToken> {
    node.children_with_tokens()
        .filter_map(SyntaxElement::into_token)
        .filter(|token| !token.kind().is_trivia())
}

pub(crate) fn token(node: &SyntaxNode, kind: SyntaxKind) -> Option<SyntaxToken> {
    tokens(node).find(|token| token.kind() == kind)
}

pub(crate) fn has_token(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    token(node, kind).is_some()
}

pub(crate) fn has_word(node: &SyntaxNode, word: &str) -> bool {
    tokens(node).any(|token| token.kind() == Ident && token.text().eq_ignore_ascii_case(word))
}

/// The expressions directly in a node.
pub(crate) fn exprs(node: &SyntaxNode) -> impl Iterator<Item = SyntaxNode> {
    node.children().filter(|child| {
        matches!(
            child.kind(),
            Literal
                | FieldExpr
                | CallExpr
                | ParenExpr
                | NotExpr
                | AndExpr
                | OrExpr
                | CompareExpr
                | Subquery
                | ArrowExpr
                | ArithmeticExpr
                | RuleCall
        )
    })
}

pub(crate) fn only_expr(node: &SyntaxNode) -> Option<SyntaxNode> {
    exprs(node).next()
}

/// The text of a token without its quotes.
pub(crate) fn plain_text(token: &SyntaxToken) -> String {
    match token.kind() {
        QuotedIdent => token.text().trim_matches('`').to_owned(),
        kind if kind.is_string() => literal::string(kind, token.text()),
        _ => token.text().to_owned(),
    }
}

/// A `Name` node.
pub(crate) fn name(node: &SyntaxNode) -> Name {
    let text: String = tokens(node).map(|token| plain_text(&token)).collect();
    Name { name: text.to_lowercase(), text, span: span(node) }
}

pub(crate) fn name_in(node: &SyntaxNode) -> Option<Name> {
    child(node, SyntaxKind::Name).map(|node| name(&node))
}

pub(crate) fn names_in(node: &SyntaxNode) -> Option<Vec<Name>> {
    Some(children(node, SyntaxKind::Name).map(|node| name(&node)).collect())
}

/// `None`: an alias without its name.
pub(crate) fn alias_in(node: &SyntaxNode) -> Option<Option<Name>> {
    match child(node, Alias) {
        Some(alias) => name_in(&alias).map(Some),
        None => Some(None),
    }
}

/// A `Setting` node: `word = value` or `word = value, value` or `word(value, …)`.
pub(crate) struct Pair {
    pub word: Text,
    pub values: Vec<Text>,
}

pub(crate) fn settings(node: &SyntaxNode) -> Vec<Pair> {
    children(node, Setting).filter_map(|setting| option(&setting)).collect()
}

fn option(setting: &SyntaxNode) -> Option<Pair> {
    let mut tokens = tokens(setting);
    let word = tokens.next()?;
    let mut values: Vec<Text> = Vec::new();
    let mut sign: Option<u32> = None;
    for token in tokens {
        match token.kind() {
            Eq | EqEq | Comma | LParen | RParen => {}
            Minus => sign = Some(token_span(&token).start),
            _ => {
                let mut value = Text { text: plain_text(&token), span: token_span(&token) };
                if let Some(start) = sign.take() {
                    value.text.insert(0, '-');
                    value.span.start = start;
                }
                values.push(value);
            }
        }
    }
    let word = Text { text: word.text().to_ascii_lowercase(), span: token_span(&word) };
    Some(Pair { word, values })
}

/// Every string directly in a node.
pub(crate) fn texts_in(node: &SyntaxNode) -> Vec<Text> {
    tokens(node)
        .filter(|token| token.kind().is_string())
        .map(|token| Text { text: plain_text(&token), span: token_span(&token) })
        .collect()
}

impl Lowering {
    pub(crate) fn bad_setting(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(codes::BAD_SETTING, span, message).with_help(help));
    }

    /// A number token.
    pub(crate) fn number(&mut self, token: &SyntaxToken) -> Option<u64> {
        let number = token.text().parse().ok();
        if number.is_none() {
            let message = "this number is too large";
            self.diagnostics.push(Diagnostic::error(codes::NUMBER_TOO_LARGE, token_span(token), message));
        }
        number
    }

    /// `true` or `false`.
    pub(crate) fn yes_or_no(&mut self, value: &Text) -> Option<bool> {
        match value.text.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                self.bad_setting(value.span, "this is either true or false", "write true or false");
                None
            }
        }
    }

    /// A whole number from `least`.
    pub(crate) fn whole(&mut self, value: &Text, least: u64) -> Option<u64> {
        let number = value.text.parse().ok().filter(|number| *number >= least);
        if number.is_none() {
            self.bad_setting(value.span, format!("this is a whole number from {least}"), "for example: 10");
        }
        number
    }
}
