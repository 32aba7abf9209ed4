//! Where a place in a query is: its stage, the brackets open around it, the word being typed. XQL is read
//! from left to right, so only the text before the place counts.

use crate::MAX_QUERY_BYTES;
use crate::ast::{Source, Span, StageKind};
use crate::catalog::Catalog;
use crate::codes;
use crate::flow::{self, Fields};
use crate::functions::{self, Function};
use crate::lexer::{self, Token};
use crate::stages::{self, Lower, StageInfo};
use crate::syntax::SyntaxKind::{self, *};
use crate::syntax::SyntaxNode;
use crate::{grammar, lower, parser};

/// A bracket that is open at the place, or a query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Open {
    /// A query: its first token, and the first token of the stage that is being written.
    Query {
        first: usize,
        stage: usize,
    },
    /// The arguments of the function whose name is that token.
    Call {
        name: usize,
    },
    /// A list behind `in`.
    List,
    /// A bracket behind `join` or `union`: a query is to begin.
    Inner,
    Other,
}

#[derive(Debug)]
pub(super) struct Place<'t> {
    text: &'t str,
    /// What stands before the word, without blanks and comments.
    tokens: Vec<Token>,
    /// Innermost last; the first is the query itself.
    open: Vec<Open>,
    /// The word being typed, empty between words.
    pub word: Span,
    /// A text in quotes is being typed: it begins behind this offset.
    pub in_string: Option<usize>,
}

impl<'t> Place<'t> {
    /// `None` in a comment, and in a text that is too long to be a query.
    pub fn find(text: &'t str, offset: usize) -> Option<Place<'t>> {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        if offset > MAX_QUERY_BYTES {
            return None;
        }
        let before = &text[..offset];
        let lexed = lexer::lex(before);
        if in_comment(&lexed, before) {
            return None;
        }
        let mut tokens: Vec<Token> =
            lexed.tokens.into_iter().filter(|token| !token.kind.is_trivia()).collect();
        let in_string = string_start(before, &lexed.broken_lines, lexed.open_triple);
        let cut = in_string.unwrap_or(offset);
        tokens.retain(|token| (token.end as usize) < cut || in_string.is_none());
        let word = match in_string {
            Some(start) => Span { start: start as u32, end: offset as u32 },
            None => take_word(&mut tokens, offset as u32),
        };
        let open = open(before, &tokens);
        Some(Place { text: before, tokens, open, word, in_string })
    }

    pub fn typed(&self) -> &'t str {
        &self.text[self.word.start as usize..self.word.end as usize]
    }

    fn text_of(&self, token: Token) -> &'t str {
        &self.text[token.start as usize..token.end as usize]
    }

    fn query(&self) -> (usize, usize) {
        let of = |open: &Open| match open {
            Open::Query { first, stage } => Some((*first, *stage)),
            _ => None,
        };
        self.open.iter().rev().find_map(of).unwrap_or((0, 0))
    }

    /// The innermost open bracket of the stage.
    pub fn bracket(&self) -> Option<Open> {
        self.open.last().copied().filter(|open| !matches!(open, Open::Query { .. }))
    }

    /// The stage being written; `None` where its name is to stand.
    pub fn stage(&self) -> Option<&'static StageInfo> {
        let first = self.tokens.get(self.query().1)?;
        (first.kind == Ident).then(|| stages::find(self.text_of(*first)))?
    }

    /// Is the name of a stage to stand here?
    pub fn at_stage_name(&self) -> bool {
        self.query().1 >= self.tokens.len() && self.bracket().is_none()
    }

    /// May the source of the query still be named: does nothing but `config` stand before?
    pub fn at_source(&self) -> bool {
        let (first, stage) = self.query();
        let named = |token: &Token, words: &[&str]| {
            token.kind == Ident && words.iter().any(|word| self.text_of(*token).eq_ignore_ascii_case(word))
        };
        let begun = self.tokens[first.min(self.tokens.len())..stage.min(self.tokens.len())]
            .split(|token| token.kind == Pipe)
            .filter_map(|stage| stage.first());
        begun.into_iter().all(|token| named(token, &["config"]))
    }

    /// Kind and text of the token that stands `n` before the word (0: directly before), in this stage.
    pub fn back(&self, n: usize) -> (SyntaxKind, &'t str) {
        let at = self.tokens.len().checked_sub(n + 1).filter(|at| *at >= self.query().1);
        at.map_or((Eof, ""), |at| (self.tokens[at].kind, self.text_of(self.tokens[at])))
    }

    /// Is the token `n` before the word that word of the language?
    pub fn back_is(&self, n: usize, word: &str) -> bool {
        let (kind, text) = self.back(n);
        kind == Ident && text.eq_ignore_ascii_case(word)
    }

    /// The tokens of the stage that stand outside its brackets, as words.
    pub fn outside(&self) -> impl Iterator<Item = (SyntaxKind, &'t str)> {
        let mut depth = 0usize;
        self.tokens[self.query().1.min(self.tokens.len())..].iter().filter_map(move |token| {
            match token.kind {
                LParen => depth += 1,
                RParen => depth = depth.saturating_sub(1),
                _ if depth == 0 => return Some((token.kind, self.text_of(*token))),
                _ => {}
            }
            None
        })
    }

    /// Has the stage that word outside brackets?
    pub fn has_word(&self, word: &str) -> bool {
        self.outside().any(|(kind, text)| kind == Ident && text.eq_ignore_ascii_case(word))
    }

    /// Does the last `word = …` of the stage set one of these?
    pub fn has_setting_word(&self, one: &str, other: &str) -> bool {
        let words: Vec<_> = self.outside().collect();
        let last = words
            .windows(2)
            .rev()
            .find(|pair| pair[0].0 == Ident && pair[1].0 == Eq && setting_word(pair[0].1));
        last.is_some_and(|pair| [one, other].iter().any(|word| word.eq_ignore_ascii_case(pair[0].1)))
    }

    /// Does the place lie in no query inside another?
    pub fn at_outermost(&self) -> bool {
        self.open.iter().filter(|open| matches!(open, Open::Query { .. })).count() == 1
            && self.bracket().is_none()
    }

    /// A piece of the text before the place.
    pub fn piece(&self, span: Span) -> &'t str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The function whose arguments are being written, and which of them (from 0).
    pub fn call(&self) -> Option<(&'static Function, usize)> {
        let Some(Open::Call { name }) = self.bracket() else { return None };
        let function = functions::find(self.text_of(*self.tokens.get(name)?))?;
        let (mut depth, mut commas) = (0usize, 0);
        for token in &self.tokens[name + 2..] {
            match token.kind {
                LParen => depth += 1,
                RParen => depth = depth.saturating_sub(1),
                Comma if depth == 0 => commas += 1,
                _ => {}
            }
        }
        Some((function, commas))
    }

    /// The fields of the rows that the stage reads.
    pub fn fields(&self, catalog: &Catalog) -> Fields {
        let (first, stage) = self.query();
        let start = self.tokens.get(first).map_or(self.word.start, |token| token.start);
        let end = match stage.checked_sub(1).and_then(|pipe| self.tokens.get(pipe)) {
            Some(pipe) if stage > first => pipe.start,
            _ => start,
        };
        let mut fields = fields_of_text(self.text, start, end, catalog);
        if self.stage().is_some_and(|info| info.name == "join") && self.bracket().is_none() {
            self.inner_fields(catalog, &mut fields);
        }
        fields
    }

    /// In the condition of a join: what its query has, by `alias.name` and by bare name.
    fn inner_fields(&self, catalog: &Catalog, fields: &mut Fields) {
        let tokens = &self.tokens[self.query().1.min(self.tokens.len())..];
        let Some(begin) = tokens.iter().position(|token| token.kind == LParen) else { return };
        let mut depth = 0usize;
        let end = tokens.iter().enumerate().skip(begin).find_map(|(at, token)| {
            match token.kind {
                LParen => depth += 1,
                RParen => depth -= 1,
                _ => {}
            }
            (depth == 0).then_some(at)
        });
        let (Some(end), Some(first)) = (end, tokens.get(begin + 1)) else { return };
        let alias = tokens.get(end + 2).map(|token| self.text_of(*token)).unwrap_or_default();
        let inner = fields_of_text(self.text, first.start, tokens[end].start, catalog);
        for field in inner.shown() {
            let named = format!("{alias}.{}", field.name);
            fields.add(flow::FlowField { name: named, ..field.clone() });
        }
        inner.shown().for_each(|field| fields.add(field.clone()));
    }
}

fn setting_word(word: &str) -> bool {
    stages::settings::of("transaction").iter().any(|setting| setting.name.eq_ignore_ascii_case(word))
}

/// The text ends within a comment.
fn in_comment(lexed: &lexer::Lexed, text: &str) -> bool {
    let last = lexed.tokens.last().filter(|last| last.kind == Comment);
    let to_line_end = |last: &Token| text[last.start as usize..].starts_with("//");
    last.is_some_and(|last| to_line_end(last) || lexed.findings.has(codes::UNCLOSED_COMMENT))
}

/// Where the content of a string begins that the text ends in.
fn string_start(text: &str, broken_lines: &[Span], open_triple: Option<usize>) -> Option<usize> {
    if let Some(start) = open_triple {
        return Some(start + 3);
    }
    let line = broken_lines.last().filter(|line| line.end as usize >= text.trim_end().len())?;
    let quote = text.get(line.start as usize..)?.rfind('"')?;
    Some(line.start as usize + quote + 1)
}

/// Takes the word that ends at the place off the tokens: `xdm.source.` is one too.
fn take_word(tokens: &mut Vec<Token>, offset: u32) -> Span {
    let mut start = offset;
    while let Some(last) = tokens.last().filter(|last| last.end == start) {
        match last.kind {
            Ident | QuotedIdent | Param | Dot => start = last.start,
            Int | Float if start == offset => start = last.start,
            _ => break,
        }
        tokens.pop();
    }
    Span { start, end: offset }
}

fn open(text: &str, tokens: &[Token]) -> Vec<Open> {
    let word = |at: usize| {
        tokens
            .get(at)
            .filter(|token| token.kind == Ident)
            .map(|token| &text[token.start as usize..token.end as usize])
    };
    let is = |at: usize, words: &[&str]| {
        word(at).is_some_and(|text| words.iter().any(|word| word.eq_ignore_ascii_case(text)))
    };
    let mut open = vec![Open::Query { first: 0, stage: 0 }];
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            LParen => {
                let before = at.checked_sub(1);
                let goes_on =
                    tokens.get(at + 2).is_none_or(|next| matches!(next.kind, Eq | Ident | Str | Pipe));
                open.push(if goes_on && word(at + 1).is_some_and(stages::begins_query) {
                    Open::Query { first: at + 1, stage: at + 1 }
                } else {
                    bracket(before, &is, word)
                });
            }
            LBracket | LBrace => open.push(Open::Other),
            RParen | RBracket | RBrace if open.len() > 1 => {
                open.pop();
            }
            Pipe => {
                while !matches!(open.last(), Some(Open::Query { .. })) {
                    open.pop();
                }
                if let Some(Open::Query { stage, .. }) = open.last_mut() {
                    *stage = at + 1;
                }
            }
            _ => {}
        }
    }
    open
}

fn bracket<'a>(
    before: Option<usize>,
    is: &impl Fn(usize, &[&str]) -> bool,
    word: impl Fn(usize) -> Option<&'a str>,
) -> Open {
    match before {
        Some(at) if is(at, &["in"]) => Open::List,
        Some(at) if is(at, &["join", "union"]) => Open::Inner,
        Some(at) if is(at, &["inner", "left", "right", "both"]) => Open::Inner,
        Some(at) if is(at, &["and", "or", "not", "filter", "contains", "incidr", "by", "as"]) => Open::Other,
        Some(at) if word(at).is_some() => Open::Call { name: at },
        _ => Open::Other,
    }
}

/// The fields behind the stages of a piece of the text that holds whole stages of one query.
fn fields_of_text(text: &str, start: u32, end: u32, catalog: &Catalog) -> Fields {
    let piece = text.get(start as usize..end as usize).unwrap_or_default();
    let (source, stages) = read(piece);
    // Places are those of the whole text.
    let moved = |span: Span| Span { start: span.start + start, end: span.end + start };
    let stages: Vec<(StageKind, Span)> = stages.into_iter().map(|(kind, span)| (kind, moved(span))).collect();
    flow::after(&source, stages.iter().map(|(kind, span)| (kind, *span)), catalog)
}

/// The source and those stages that can be read.
fn read(piece: &str) -> (Source, Vec<(StageKind, Span)>) {
    let lexer::Lexed { tokens, broken_lines, .. } = lexer::lex(piece);
    let mut parser = parser::Parser::new(piece, tokens, broken_lines);
    grammar::query(&mut parser);
    let (tree, _) = parser.finish_tree();
    let root = SyntaxNode::new_root(tree);
    let mut lowering = lower::Lowering::default();
    let (mut source, mut stages) = (Source::Default, Vec::new());
    for node in lower::children(&root, Stage) {
        let info = lower::tokens(&node).next().and_then(|token| crate::stages::find(token.text()));
        match info.map(|info| info.lower) {
            Some(Lower::Source(lower)) => {
                source = lower(&mut lowering, &node).unwrap_or(Source::Dataset(Vec::new()));
            }
            Some(Lower::Stage(lower)) => {
                stages.extend(lower(&mut lowering, &node).map(|kind| (kind, lower::span(&node))));
            }
            Some(Lower::Config(_)) | None => {}
        }
    }
    (source, stages)
}
