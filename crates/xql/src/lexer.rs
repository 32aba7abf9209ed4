//! Text to tokens. Every byte belongs to exactly one token and lexing never fails: what fits nowhere
//! becomes [`SyntaxKind::Unknown`]. What a string's content means is decided later (`literal`).
//!
//! Strings need a second look. A backslash takes the next character with it when the closing quote is
//! searched, and a string may span lines; but `"\test\"` is XQL too. So the whole text is read by that
//! rule first. When a string stays open, it is read again with strings that end on their line, and a
//! line whose strings close only if a backslash does not take the quote (or, as in `"\\""`, takes it
//! although it is itself taken) is read that way, with a warning. Each line is read at most four times,
//! so the cost stays linear.

mod strings;

use crate::ast::Span;
use crate::codes;
use crate::diagnostic::{Diagnostic, Findings, Mark};
use crate::syntax::SyntaxKind::{self, *};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Token {
    pub kind: SyntaxKind,
    pub start: u32,
    pub end: u32,
}

impl Token {
    pub fn span(&self) -> Span {
        Span { start: self.start, end: self.end }
    }
}

pub(crate) struct Lexed {
    pub tokens: Vec<Token>,
    pub findings: Findings,
    /// Lines, in order, in which a string stays open: the parser says nothing about them, because
    /// everything there follows from the missing quote.
    pub broken_lines: Vec<Span>,
    /// Where a `"""` begins that no other ends.
    pub open_triple: Option<usize>,
}

pub(crate) fn lex(text: &str) -> Lexed {
    let mut lexer = Lexer::new(text, Strings::AnyLength);
    lexer.run();
    let open_triple = lexer.open_triple;
    if lexer.open_string {
        lexer = Lexer::new(text, Strings::Pairs);
        lexer.run();
    }
    let Lexer { tokens, diagnostics: findings, broken_lines, .. } = lexer;
    Lexed { tokens, findings, broken_lines, open_triple }
}

/// How the end of a string is found.
#[derive(Clone, Copy, PartialEq)]
enum Strings {
    /// First reading: wherever the quote is; backslashes pair.
    AnyLength,
    /// Second reading, each line first: on this line; backslashes pair.
    Pairs,
    /// Second reading, this line did not close: at the next quote, whatever is before it.
    NextQuote,
    /// Second reading, that did not close it either: a quote after a backslash never ends a string.
    BackslashQuote,
    /// Second reading, nothing closes this line: report it.
    Hopeless,
}

struct Lexer<'a> {
    text: &'a str,
    pos: usize,
    strings: Strings,
    tokens: Vec<Token>,
    diagnostics: Findings,
    open_string: bool,
    open_triple: Option<usize>,
    broken_lines: Vec<Span>,
    line: LineStart,
    /// Where the line was last measured from, and where it ends.
    measured: (usize, usize),
    /// No `"""` closes anything from here on: searched once only.
    no_triple_end: bool,
}

#[derive(Clone, Copy, Default)]
struct LineStart {
    pos: usize,
    tokens: usize,
    diagnostics: Mark,
}

impl<'a> Lexer<'a> {
    fn new(text: &'a str, strings: Strings) -> Self {
        Lexer {
            text,
            pos: 0,
            strings,
            tokens: Vec::with_capacity(text.len() / 4),
            diagnostics: Findings::default(),
            open_string: false,
            open_triple: None,
            broken_lines: Vec::new(),
            line: LineStart::default(),
            measured: (0, 0),
            no_triple_end: false,
        }
    }

    fn run(&mut self) {
        while self.pos < self.text.len() {
            let start = self.pos;
            match self.next_kind() {
                Some(kind) => self.push(kind, start),
                None => self.read_line_again(),
            }
        }
    }

    fn push(&mut self, kind: SyntaxKind, start: usize) {
        match self.tokens.last_mut() {
            Some(last) if kind == Unknown && last.kind == Unknown => last.end = self.pos as u32,
            _ => self.tokens.push(Token { kind, start: start as u32, end: self.pos as u32 }),
        }
        if kind == Whitespace && self.text[start..self.pos].contains('\n') {
            self.line =
                LineStart { pos: self.pos, tokens: self.tokens.len(), diagnostics: self.diagnostics.mark() };
            if self.strings != Strings::AnyLength {
                self.strings = Strings::Pairs;
            }
        }
    }

    fn read_line_again(&mut self) {
        self.pos = self.line.pos;
        self.tokens.truncate(self.line.tokens);
        self.diagnostics.back_to(self.line.diagnostics);
        self.strings = match self.strings {
            Strings::Pairs => Strings::NextQuote,
            Strings::NextQuote => Strings::BackslashQuote,
            _ => Strings::Hopeless,
        };
    }

    fn rest(&self) -> &'a str {
        &self.text[self.pos..]
    }

    /// From here to the end of the line. Measured once a line, because a line may hold the whole query.
    fn rest_of_line(&mut self) -> &'a str {
        let (from, end) = self.measured;
        if !(from < end && from <= self.pos && self.pos <= end) {
            self.measured = (self.pos, self.pos + first_line(self.rest()).len());
        }
        &self.text[self.pos..self.measured.1]
    }

    fn take(&mut self, bytes: usize, kind: SyntaxKind) -> Option<SyntaxKind> {
        self.pos += bytes;
        Some(kind)
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool, kind: SyntaxKind) -> Option<SyntaxKind> {
        let rest = self.rest();
        self.take(rest.find(|c| !accept(c)).unwrap_or(rest.len()), kind)
    }

    /// Takes the next token and says its kind; `None` asks for the line to be read again.
    fn next_kind(&mut self) -> Option<SyntaxKind> {
        let rest = self.rest();
        let c = rest.chars().next()?;
        match c {
            _ if is_blank(c) => self.take_while(is_blank, Whitespace),
            '/' if rest.starts_with("//") => self.take_while(|c| c != '\n', Comment),
            '/' if rest.starts_with("/*") => self.block_comment(),
            '"' if rest.starts_with("\"\"\"") => self.triple_string(),
            '"' => self.plain_string(),
            '\'' => self.foreign_string(&['\'']),
            '“' | '”' | '„' => self.foreign_string(&['“', '”', '„', '"']),
            '‘' | '’' | '‚' => self.foreign_string(&['‘', '’', '‚', '\'']),
            '`' => self.quoted_name(),
            '$' if rest[1..].starts_with(is_name_char) => {
                self.pos += 1;
                self.take_while(is_name_char, Param)
            }
            _ if c.is_ascii_digit() => self.number_or_name(),
            _ if is_name_char(c) => self.name(),
            _ => self.punctuation(c),
        }
    }

    fn block_comment(&mut self) -> Option<SyntaxKind> {
        let rest = self.rest();
        if let Some(length) = rest[2..].find("*/") {
            return self.take(2 + length + 2, Comment);
        }
        self.diagnostics.push(
            Diagnostic::error(codes::UNCLOSED_COMMENT, self.here(2), "this comment is never closed")
                .with_help("close it with `*/`; everything after it was skipped"),
        );
        self.take(rest.len(), Comment)
    }

    fn quoted_name(&mut self) -> Option<SyntaxKind> {
        let line = self.rest_of_line();
        if let Some(end) = line[1..].find('`') {
            return self.take(end + 2, QuotedIdent);
        }
        let ends = |c| matches!(c, ',' | '|' | '(' | ')' | '=');
        let word = line[1..].find(ends).map_or(line.len(), |end| end + 1);
        let word = line[..word].trim_end().len();
        self.diagnostics.push(
            Diagnostic::error(codes::UNCLOSED_NAME, self.here(word), "this back-quoted name is never closed")
                .with_help(format!("write `{}`, with a back-quote at both ends", clip(&line[1..word]))),
        );
        self.take(word, QuotedIdent)
    }

    fn name(&mut self) -> Option<SyntaxKind> {
        loop {
            self.take_while(is_name_char, Ident);
            let rest = self.rest();
            if !(rest.starts_with('.') && rest[1..].starts_with(is_name_char)) {
                return Some(Ident);
            }
            self.pos += 1;
        }
    }

    /// `12`, `1.5`, `24h`, `3cx_raw`, and `10.0.0.0/8`, which should have been a string.
    fn number_or_name(&mut self) -> Option<SyntaxKind> {
        let start = self.pos;
        self.take_while(|c| c.is_ascii_digit(), Int);
        let mut groups = 1;
        while self.rest().starts_with('.') && self.rest()[1..].starts_with(|c: char| c.is_ascii_digit()) {
            self.pos += 1;
            self.take_while(|c| c.is_ascii_digit(), Int);
            groups += 1;
        }
        if self.rest().starts_with(is_name_char) {
            self.pos = start;
            return self.name();
        }
        if groups > 2 {
            if self.rest().starts_with('/') && self.rest()[1..].starts_with(|c: char| c.is_ascii_digit()) {
                self.pos += 1;
                self.take_while(|c| c.is_ascii_digit(), Int);
            }
            return Some(BareAddress);
        }
        Some(if groups == 2 { Float } else { Int })
    }

    fn punctuation(&mut self, c: char) -> Option<SyntaxKind> {
        let rest = self.rest();
        match PUNCTUATION.iter().find(|(text, _)| rest.starts_with(text)) {
            Some((text, kind)) => self.take(text.len(), *kind),
            None => self.unknown(c.len_utf8()),
        }
    }

    fn unknown(&mut self, bytes: usize) -> Option<SyntaxKind> {
        let merges = self.tokens.last().is_some_and(|last| last.kind == Unknown);
        let character = &self.rest()[..bytes];
        if !merges {
            let help = match character {
                "#" => Some("a comment begins with // in XQL"),
                "'" | "‘" | "’" | "“" | "”" | "„" | "‚" => Some("strings stand in double quotes"),
                "?" => Some("for a choice between two values write: if(condition, value, other)"),
                "@" => Some("the loop variable is written \"@element\", in quotes"),
                _ => None,
            };
            let shown = character.escape_debug();
            let mut diagnostic = Diagnostic::error(
                codes::UNEXPECTED_CHARACTER,
                self.here(bytes),
                format!("`{shown}` means nothing here"),
            );
            diagnostic.help = help.map(str::to_owned);
            self.diagnostics.push(diagnostic);
        }
        self.take(bytes, Unknown)
    }

    fn here(&self, bytes: usize) -> Span {
        Span { start: self.pos as u32, end: (self.pos + bytes) as u32 }
    }
}

/// Longest first.
const PUNCTUATION: &[(&str, SyntaxKind)] = &[
    ("!~=", NotMatch),
    ("~=", Match),
    ("=~", EqTilde),
    ("==", EqEq),
    ("!=", NotEq),
    ("<>", LtGt),
    ("<=", LtEq),
    (">=", GtEq),
    ("->", Arrow),
    ("||", PipePipe),
    ("&&", AmpAmp),
    ("|", Pipe),
    (",", Comma),
    (".", Dot),
    (";", Semicolon),
    (":", Colon),
    ("(", LParen),
    (")", RParen),
    ("[", LBracket),
    ("]", RBracket),
    ("{", LBrace),
    ("}", RBrace),
    ("=", Eq),
    ("<", Lt),
    (">", Gt),
    ("!", Bang),
    ("+", Plus),
    ("-", Minus),
    ("*", Star),
    ("/", Slash),
    ("%", Percent),
];

fn first_line(text: &str) -> &str {
    let line = text.find('\n').map_or(text, |end| &text[..end]);
    line.strip_suffix('\r').unwrap_or(line)
}

/// White space of any script, and what copying from web pages and chat leaves behind.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{FEFF}' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{180E}')
}

fn is_name_char(c: char) -> bool {
    c == '_' || c.is_alphanumeric() || matches!(c, '\u{300}'..='\u{36F}' | '\u{900}'..='\u{E7F}')
}

/// A piece of the query short enough for a message.
pub(crate) fn clip(text: &str) -> String {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
