//! The tokens of a query with what stands around them.

use crate::syntax::SyntaxKind::{self, *};
use crate::syntax::{SyntaxNode, SyntaxToken};

/// A comment before a token.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Comment {
    pub text: String,
    /// It begins a line; otherwise it stands behind something.
    pub own_line: bool,
    /// A line was left blank before it.
    pub blank: bool,
}

impl Comment {
    /// Nothing can follow it on its line.
    pub fn ends_line(&self) -> bool {
        self.text.starts_with("//") || self.text.contains('\n')
    }
}

/// Where a line may be broken, the first choice first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Break {
    /// Before the pipe of a query inside another.
    Pipe,
    /// After a comma, and before `by`.
    List,
    /// Between a condition of `if` and its value.
    Pair,
    Or,
    And,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub kind: SyntaxKind,
    pub text: String,
    /// A space stands before it when it follows another token on a line.
    pub space: bool,
    /// A line can begin with it.
    pub break_before: Option<Break>,
    pub comments: Vec<Comment>,
    /// A line was left blank before it.
    pub blank: bool,
}

/// All tokens; the last has no text and holds the comments at the end.
pub(super) fn collect(root: &SyntaxNode) -> Vec<Token> {
    let mut all: Vec<Token> = Vec::new();
    let mut around = Around::default();
    for token in root.descendants_with_tokens().filter_map(rowan::NodeOrToken::into_token) {
        match token.kind() {
            Whitespace => around.newlines += token.text().matches('\n').count(),
            Comment => around.comment(token.text(), all.is_empty()),
            Eof => {}
            kind => {
                let space = space(&token, all.last());
                let break_before = break_before(&token, all.last());
                all.push(Token {
                    kind,
                    text: text(&token),
                    space,
                    break_before,
                    blank: around.newlines > 1,
                    comments: std::mem::take(&mut around.comments),
                });
                around = Around::default();
            }
        }
    }
    pair_up(&mut all);
    let comments = std::mem::take(&mut around.comments);
    all.push(Token {
        kind: Eof,
        text: String::new(),
        space: false,
        break_before: None,
        comments,
        blank: false,
    });
    all
}

/// In `if(a, b, c, d)` each condition keeps its value beside it where there is room.
fn pair_up(tokens: &mut [Token]) {
    // For each open bracket: the number of commas so far, when it is that of an `if`.
    let mut open: Vec<Option<usize>> = Vec::new();
    for at in 0..tokens.len() {
        match tokens[at].kind {
            LParen | LBracket | LBrace => {
                let before = at.checked_sub(1).map(|before| &tokens[before]);
                let call =
                    before.is_some_and(|name| name.kind == Ident && name.text.eq_ignore_ascii_case("if"));
                open.push(call.then_some(0));
            }
            RParen | RBracket | RBrace => {
                open.pop();
            }
            Comma => {
                let Some(Some(commas)) = open.last_mut() else { continue };
                *commas += 1;
                if *commas % 2 == 1
                    && let Some(value) = tokens.get_mut(at + 1)
                    && value.break_before == Some(Break::List)
                {
                    value.break_before = Some(Break::Pair);
                }
            }
            _ => {}
        }
    }
}

/// The same query: tokens and comments, whatever the layout.
pub(super) fn same(a: &[Token], b: &[Token]) -> bool {
    let comments = |token: &Token| token.comments.iter().map(|one| one.text.clone()).collect::<Vec<_>>();
    a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| {
            a.kind == b.kind && a.text.eq_ignore_ascii_case(&b.text) && comments(a) == comments(b)
        })
}

/// What was passed since the last token.
#[derive(Default)]
struct Around {
    newlines: usize,
    comments: Vec<Comment>,
}

impl Around {
    fn comment(&mut self, text: &str, at_start: bool) {
        let own_line = self.newlines > 0 || (at_start && self.comments.is_empty());
        let text = text.trim_end().to_owned();
        self.comments.push(Comment { own_line, blank: self.newlines > 1, text });
        self.newlines = 0;
    }
}

/// White space or a comment stands before it.
fn is_apart(token: &SyntaxToken) -> bool {
    token.prev_token().is_some_and(|before| before.kind().is_trivia())
}

fn parent(token: &SyntaxToken) -> SyntaxKind {
    token.parent().map_or(Root, |node| node.kind())
}

fn is_word(token: &SyntaxToken, words: &[&str]) -> bool {
    token.kind() == Ident && words.iter().any(|word| token.text().eq_ignore_ascii_case(word))
}

/// Names of stages and the words between expressions are written in lower case.
fn text(token: &SyntaxToken) -> String {
    let lower = match parent(token) {
        Stage | OpaqueStage => begins_stage(token) || is_word(token, &["by"]),
        AndExpr | OrExpr | NotExpr | CompareExpr => {
            is_word(token, &["and", "or", "not", "in", "contains", "incidr"])
        }
        Alias => is_word(token, &["as"]),
        _ => false,
    };
    if lower { token.text().to_lowercase() } else { token.text().to_owned() }
}

/// The first word of its stage.
fn begins_stage(token: &SyntaxToken) -> bool {
    token.kind() == Ident
        && token.parent().is_some_and(|stage| {
            let words = stage.children_with_tokens().filter_map(rowan::NodeOrToken::into_token);
            words.into_iter().find(|one| one.kind() == Ident).as_ref() == Some(token)
        })
}

/// Where white space can matter (in names, behind signs) it stays as it was.
fn space(token: &SyntaxToken, before: Option<&Token>) -> bool {
    let Some(before) = before else { return false };
    let sign =
        |kind| matches!(kind, Eq | EqEq | NotEq | LtGt | Lt | LtEq | Gt | GtEq | Match | NotMatch | EqTilde);
    match (before.kind, token.kind()) {
        (_, Comma | RParen) | (LParen, _) => false,
        (Comma | Pipe, _) | (_, Pipe) => true,
        (_, LParen) if parent(token) == ArgList => false,
        (before, after) if sign(before) || sign(after) => true,
        (RParen, Ident) | (_, LParen) if parent(token) != OpaqueStage => true,
        _ => is_apart(token),
    }
}

fn break_before(token: &SyntaxToken, before: Option<&Token>) -> Option<Break> {
    match parent(token) {
        _ if token.kind() == Pipe => Some(Break::Pipe),
        _ if before.is_some_and(|before| before.kind == Comma) => Some(Break::List),
        Stage if is_word(token, &["by"]) => Some(Break::List),
        OrExpr if is_word(token, &["or"]) || token.kind() == PipePipe => Some(Break::Or),
        AndExpr if is_word(token, &["and"]) || token.kind() == AmpAmp => Some(Break::And),
        _ => None,
    }
}
