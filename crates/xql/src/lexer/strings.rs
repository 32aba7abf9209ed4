//! Strings: where they end, and what is said when they do not. The rules are at the head of `lexer`.

use super::{Lexer, Strings, clip};
use crate::ast::Span;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::lexer::Token;
use crate::syntax::SyntaxKind::{self, *};

impl Lexer<'_> {
    pub(super) fn plain_string(&mut self) -> Option<SyntaxKind> {
        let rest = self.rest();
        let line = self.rest_of_line();
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

    pub(super) fn triple_string(&mut self) -> Option<SyntaxKind> {
        let rest = self.rest();
        let end = if self.no_triple_end { None } else { paired_end(&rest[3..], "\"\"\"") };
        if let Some(end) = end {
            return self.take(end + 6, TripleStr);
        }
        self.no_triple_end = true;
        if self.strings == Strings::AnyLength {
            self.open_triple = Some(self.pos);
            return self.unclosed_string(rest.len());
        }
        self.broken_line();
        self.report_unclosed(3, "close it with `\"\"\"`");
        let length = self.rest_of_line().len();
        self.take(length, TripleStr)
    }

    /// The string would end after `length` bytes, without its quote.
    fn unclosed_string(&mut self, length: usize) -> Option<SyntaxKind> {
        self.open_string = true;
        match self.strings {
            Strings::Pairs | Strings::NextQuote | Strings::BackslashQuote => return None,
            Strings::AnyLength => {} // the whole text is read again
            Strings::Hopeless => {
                self.broken_line();
                self.report_unpaired();
            }
        }
        self.take(length, Str)
    }

    fn broken_line(&mut self) {
        let end = self.pos + self.rest_of_line().len();
        self.broken_lines.push(Span { start: self.line.pos as u32, end: end as u32 });
    }

    /// The quotes of this line do not pair up. The one that stays open is the last, but the one that is
    /// missing may be earlier: after a string that runs on into the next word.
    fn report_unpaired(&mut self) {
        let help = "close it with `\"` on the same line; a quote inside a string is written `\\\"`";
        let strings = &self.tokens[self.line.tokens.min(self.tokens.len())..];
        let runs_on = strings
            .windows(2)
            .find(|pair| pair[0].kind == Str && pair[1].kind == Ident)
            .map(|pair| pair[0].span())
            .or_else(|| strings.last().filter(|last| last.kind == Str).map(Token::span));
        let Some(span) = runs_on else { return self.report_unclosed(1, help) };
        let content = clip(&self.text[span.start as usize..span.end as usize]);
        self.diagnostics.push(
            Diagnostic::error(codes::UNCLOSED_STRING, span, "a quote is missing in this line")
                .with_help(format!("it seems that {content} runs on too far; close it where it should end")),
        );
    }

    fn report_unclosed(&mut self, quote: usize, help: &str) {
        self.diagnostics.push(
            Diagnostic::error(codes::UNCLOSED_STRING, self.here(quote), "this string is never closed")
                .with_help(help),
        );
    }

    /// A string in quotes that XQL does not have, if it closes on its line.
    pub(super) fn foreign_string(&mut self, closing: &[char]) -> Option<SyntaxKind> {
        let line = self.rest_of_line();
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
            .with_help(format!("write \"{}\"", clip(&content.replace('"', "\\\""))))
            .with_replacement(format!("\"{}\"", content.replace('"', "\\\""))),
        );
        self.take(length, ForeignStr)
    }
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
