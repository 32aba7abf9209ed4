//! What each token of a text is, for colours.

use crate::ast::Span;
use crate::functions;
use crate::lower;
use crate::parse;
use crate::syntax::SyntaxKind::{self, *};
use crate::syntax::SyntaxToken;
use serde::Serialize;

/// The class of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenClass {
    /// The name of a stage.
    Stage,
    /// Another word of the language.
    Keyword,
    Dataset,
    Field,
    /// A field where it is made.
    Definition,
    Function,
    /// The name of a setting.
    Setting,
    /// `ENUM.X`, `true`, `null`, and what a setting is set to.
    Constant,
    Parameter,
    Text,
    Number,
    Operator,
    Comment,
}

/// The tokens of a text that have a class, in order; none overlaps another. A token may span lines.
pub fn highlight(text: &str) -> Vec<(Span, TokenClass)> {
    let tree = parse(text).syntax();
    let tokens = tree.descendants_with_tokens().filter_map(rowan::NodeOrToken::into_token);
    tokens.filter_map(|token| Some((lower::token_span(&token), class(&token)?))).collect()
}

fn class(token: &SyntaxToken) -> Option<TokenClass> {
    Some(match token.kind() {
        Whitespace | Unknown | Eof => return None,
        Comment => TokenClass::Comment,
        Str | StrBackslash | TripleStr | ForeignStr => match above(token) {
            (Name, Stage) => TokenClass::Dataset,
            _ => TokenClass::Text,
        },
        Int | Float | BareAddress => TokenClass::Number,
        Param => TokenClass::Parameter,
        Ident | QuotedIdent => word(token),
        Comma | Dot | Semicolon | LParen | RParen | LBracket | RBracket | LBrace | RBrace => return None,
        _ => TokenClass::Operator,
    })
}

/// The kinds of the node around a token and of the one around that.
fn above(token: &SyntaxToken) -> (SyntaxKind, SyntaxKind) {
    let node = token.parent();
    let outer = node.as_ref().and_then(|node| node.parent());
    (node.map_or(Root, |node| node.kind()), outer.map_or(Root, |outer| outer.kind()))
}

fn word(token: &SyntaxToken) -> TokenClass {
    match above(token) {
        (Name, CallExpr) => TokenClass::Function,
        (Name, Assignment | Alias) => TokenClass::Definition,
        (Name, FieldExpr) if is_constant(token.text()) => TokenClass::Constant,
        (Name, Stage) => name_in_stage(token),
        (Name, _) => TokenClass::Field,
        (Literal, _) => TokenClass::Constant,
        (Setting, _) if is_first(token) => TokenClass::Setting,
        (Setting, _) => TokenClass::Constant,
        (Stage | OpaqueStage, _) if is_first(token) => TokenClass::Stage,
        (ArrowExpr, _) => TokenClass::Field,
        (Error, _) if functions::find(token.text()).is_some() => TokenClass::Function,
        _ => TokenClass::Keyword,
    }
}

fn is_constant(text: &str) -> bool {
    let starts =
        |prefix: &str| text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    ["enum.", "xdm_const.", "role.", "xdm_alias."].iter().any(|prefix| starts(prefix))
}

/// A name directly in a stage: of a dataset, or of a field.
fn name_in_stage(token: &SyntaxToken) -> TokenClass {
    let stage = token.parent().and_then(|name| name.parent());
    let first = stage.and_then(|stage| lower::tokens(&stage).next());
    let source = ["dataset", "preset", "cold_dataset", "datamodel", "search", "union", "target"];
    match first {
        Some(word) if source.iter().any(|name| word.text().eq_ignore_ascii_case(name)) => TokenClass::Dataset,
        _ => TokenClass::Field,
    }
}

fn is_first(token: &SyntaxToken) -> bool {
    token.parent().and_then(|node| lower::tokens(&node).next()).as_ref() == Some(token)
}
