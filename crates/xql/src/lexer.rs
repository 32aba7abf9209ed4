//! Text to tokens. Every byte belongs to exactly one token and lexing never fails: what fits nowhere
//! becomes [`SyntaxKind::Unknown`]. What a string's content means is decided later (`literal`).
//!
//! Strings need a second look. A backslash takes the next character with it when the closing quote is
//! searched, and a string may span lines; but `"\test\"` is XQL too. So the whole text is read by that
//! rule first. When a string stays open, it is read again with strings that end on their line, and a
//! line whose strings close only if a backslash does not take the quote (or, as in `"\\""`, takes it
//! although it is itself taken) is read that way, with a warning. Each line is read at most four times,
//! so the cost stays linear.

use crate::ast::Span;
use crate::codes;
use crate::diagnostic::Diagnostic;
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

pub(crate) fn lex(text: &str) -> (Vec<Token>, Vec<Diagnostic>) {
    let mut lexer = Lexer::new(text, Strings::AnyLength);
    lexer.run();
    if lexer.open_string {
        lexer = Lexer::new(text, Strings::Pairs);
        lexer.run();
    }
    (lexer.tokens, lexer.diagnostics)
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
    diagnostics: Vec<Diagnostic>,
    open_string: bool,
    line: LineStart,
    /// No `"""` closes anything from here on: searched once only.
    no_triple_end: bool,
}

#[derive(Clone, Copy, Default)]
struct LineStart {
    pos: usize,
    tokens: usize,
    diagnostics: usize,
}

impl<'a> Lexer<'a> {
    fn new(text: &'a str, strings: Strings) -> Self {
        Lexer {
            text,
            pos: 0,
            strings,
            tokens: Vec::with_capacity(text.len() / 4),
            diagnostics: Vec::new(),
            open_string: false,
            line: LineStart::default(),
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
                LineStart { pos: self.pos, tokens: self.tokens.len(), diagnostics: self.diagnostics.len() };
            if self.strings != Strings::AnyLength {
                self.strings = Strings::Pairs;
            }
        }
    }

    fn read_line_again(&mut self) {
        self.pos = self.line.pos;
        self.tokens.truncate(self.line.tokens);
        self.diagnostics.truncate(self.line.diagnostics);
        self.strings = match self.strings {
            Strings::Pairs => Strings::NextQuote,
            Strings::NextQuote => Strings::BackslashQuote,
            _ => Strings::Hopeless,
        };
    }

    fn rest(&self) -> &'a str {
        &self.text[self.pos..]
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

    fn plain_string(&mut self) -> Option<SyntaxKind> {
        let rest = self.rest();
        let line = first_line(rest);
        let (inside, end) = match self.strings {
            Strings::AnyLength => (rest, paired_end(&rest[1..], "\"")),
            Strings::Pairs | Strings::Hopeless => (line, paired_end(&line[1..], "\"")),
            Strings::NextQuote => (line, line[1..].find('"')),
            Strings::BackslashQuote => (line, unescaped_quote(&line[1..])),
        };
        let Some(end) = end else { return self.unclosed_string(inside.len()) };
        let usual = paired_end(&rest[1..end + 2], "\"");
        match self.strings {
            Strings::NextQuote if usual.is_none() => {
                self.report_backslash(end, "ends the string, although a backslash stands before it", end);
                self.take(end + 2, StrBackslash)
            }
            Strings::BackslashQuote if usual.is_some_and(|usual| usual < end) => {
                let quote = usual.unwrap_or(end);
                self.report_backslash(quote, "does not end the string: a backslash stands before it", end);
                self.take(end + 2, Str)
            }
            _ => self.take(end + 2, Str),
        }
    }

    /// Warns about the quote at offset `quote` of the content of a string that ends at `end`.
    fn report_backslash(&mut self, quote: usize, reading: &str, end: usize) {
        let content = &self.rest()[1..1 + end];
        let span = Span { start: (self.pos + quote) as u32, end: (self.pos + quote + 2) as u32 };
        self.diagnostics.push(
            Diagnostic::warning(codes::BACKSLASH_BEFORE_QUOTE, span, format!("this quote {reading}"))
                .with_help(format!(
                    "read as the text `{}`; in triple quotes it is plain: a backslash is \\\\, a quote \\\"",
                    clip(&content.replace("\\\"", "\""))
                )),
        );
    }

    fn triple_string(&mut self) -> Option<SyntaxKind> {
        let rest = self.rest();
        let end = if self.no_triple_end { None } else { paired_end(&rest[3..], "\"\"\"") };
        if let Some(end) = end {
            return self.take(end + 6, TripleStr);
        }
        self.no_triple_end = true;
        if self.strings == Strings::AnyLength {
            return self.unclosed_string(rest.len());
        }
        self.report_unclosed(3, "close it with `\"\"\"`");
        self.take(first_line(rest).len(), TripleStr)
    }

    /// The string would end after `length` bytes, without its quote.
    fn unclosed_string(&mut self, length: usize) -> Option<SyntaxKind> {
        self.open_string = true;
        match self.strings {
            Strings::Pairs | Strings::NextQuote | Strings::BackslashQuote => return None,
            Strings::AnyLength => {} // the whole text is read again
            Strings::Hopeless => self.report_unclosed(
                1,
                "close it with `\"` on the same line; a quote inside a string is written `\\\"`",
            ),
        }
        self.take(length, Str)
    }

    fn report_unclosed(&mut self, quote: usize, help: &str) {
        self.diagnostics.push(
            Diagnostic::error(codes::UNCLOSED_STRING, self.here(quote), "this string is never closed")
                .with_help(help),
        );
    }

    /// A string in quotes that XQL does not have, if it closes on its line.
    fn foreign_string(&mut self, closing: &[char]) -> Option<SyntaxKind> {
        let line = first_line(self.rest());
        let open = line.chars().next().map_or(1, char::len_utf8);
        let Some((end, last)) =
            line[open..].char_indices().find(|(_, c)| closing.contains(c)).map(|(at, c)| (open + at, c))
        else {
            return self.unknown(open);
        };
        let content = &line[open..end];
        let length = end + last.len_utf8();
        let quotes = if closing.len() == 1 { "single quotes" } else { "these typographic quotes" };
        self.diagnostics.push(
            Diagnostic::error(
                codes::FOREIGN_QUOTES,
                self.here(length),
                format!("{quotes} do not make a string in XQL"),
            )
            .with_help(format!("write \"{}\"", clip(&content.replace('"', "\\\"")))),
        );
        self.take(length, ForeignStr)
    }

    fn quoted_name(&mut self) -> Option<SyntaxKind> {
        let line = first_line(self.rest());
        if let Some(end) = line[1..].find('`') {
            return self.take(end + 2, QuotedIdent);
        }
        let word = line[1..].find(|c| !is_name_char(c)).map_or(line.len(), |end| end + 1);
        self.diagnostics.push(
            Diagnostic::error(codes::UNCLOSED_NAME, self.here(word), "this back-quoted name is never closed")
                .with_help(format!("write `{}` with a back-quote at both ends", &line[1..word])),
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

/// Offset of the closing quote; a backslash takes the next character with it.
fn paired_end(text: &str, quote: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            _ if bytes[at..].starts_with(quote.as_bytes()) => return Some(at),
            _ => at += 1,
        }
    }
    None
}

/// Offset of the first quote without a backslash directly before it.
fn unescaped_quote(text: &str) -> Option<usize> {
    text.match_indices('"').map(|(at, _)| at).find(|&at| at == 0 || text.as_bytes()[at - 1] != b'\\')
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
