//! Tokens to lines.

use super::WIDTH;
use super::tokens::{Break, Token};
use crate::syntax::SyntaxKind::{Eof, LParen, Pipe, RParen};
use std::ops::Range;

const STEP: usize = 4;

/// The whole text, with a newline at its end.
pub(super) fn print(tokens: &[Token]) -> String {
    let mut printer = Printer::new(tokens);
    printer.query();
    let mut text = printer.out;
    text.truncate(text.trim_end().len());
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

struct Printer<'a> {
    tokens: &'a [Token],
    /// Width of everything before token N when nothing is broken.
    before: Vec<usize>,
    /// Comments that end their line, before token N and on it.
    comments: Vec<usize>,
    /// Where the bracket that token N opens is closed.
    closes: Vec<Option<usize>>,
    out: String,
    column: usize,
    /// The next token begins a line, indented so far.
    newline: Option<usize>,
    /// Where a line goes on when a comment has ended it.
    indent: usize,
}

impl<'a> Printer<'a> {
    fn new(tokens: &'a [Token]) -> Self {
        let (mut before, mut comments) = (vec![0], vec![0]);
        let (mut width, mut ended) = (0, 0);
        for token in tokens {
            let inline = token.comments.iter().map(|one| one.text.chars().count() + 1).sum::<usize>();
            width += token.text.chars().count() + usize::from(token.space) + inline;
            ended += token.comments.iter().filter(|one| one.ends_line() || one.own_line).count();
            before.push(width);
            comments.push(ended);
        }
        let closes = closes(tokens);
        Printer { tokens, before, comments, closes, out: String::new(), column: 0, newline: None, indent: 0 }
    }

    /// Stage by stage, each on a line of its own.
    fn query(&mut self) {
        let mut start = 0;
        while start < self.tokens.len() {
            let end = self.stage_end(start);
            self.stage(start..end);
            self.newline = Some(0);
            self.indent = 0;
            start = end;
        }
    }

    /// The next pipe outside brackets, or the end.
    fn stage_end(&self, start: usize) -> usize {
        self.outside_brackets(start..self.tokens.len())
            .find(|at| *at > start && matches!(self.tokens[*at].kind, Pipe | Eof))
            .unwrap_or(self.tokens.len())
    }

    fn stage(&mut self, range: Range<usize>) {
        let head = (range.start + 1 + usize::from(self.tokens[range.start].kind == Pipe)).min(range.end);
        for at in range.start..head {
            self.token(at);
        }
        let rest = head..range.end;
        if rest.is_empty() {
            return;
        }
        self.indent = STEP;
        if self.fits(&rest) {
            return self.flat(rest);
        }
        let list = self.first_break(&rest) == Some(Break::List);
        if list {
            self.newline = Some(STEP);
        }
        self.segment(rest, if list { STEP } else { 0 }, STEP);
    }

    /// Lays out tokens that begin on a line indented by `line`; lines that follow get `next`.
    fn segment(&mut self, range: Range<usize>, line: usize, next: usize) {
        if self.fits(&range) {
            return self.flat(range);
        }
        let Some(level) = self.first_break(&range) else { return self.groups(range, line) };
        let mut start = range.start;
        for at in self.outside_brackets(range.clone()).collect::<Vec<_>>() {
            if at > start && self.tokens[at].break_before == Some(level) {
                self.segment(start..at, next, next + STEP);
                self.newline = Some(next);
                self.indent = next;
                start = at;
            }
        }
        self.segment(start..range.end, next, next + STEP);
    }

    /// Tokens without a place to break but inside their brackets.
    fn groups(&mut self, range: Range<usize>, line: usize) {
        let mut at = range.start;
        while at < range.end {
            let close = self.closes[at];
            self.token(at);
            at += 1;
            let Some(close) = close.filter(|close| *close > at) else { continue };
            if self.fits(&(at..close + 1)) {
                self.flat(at..close + 1);
            } else {
                let deeper = line + STEP;
                self.newline = Some(deeper);
                self.indent = deeper;
                self.segment(at..close, deeper, deeper);
                self.newline = Some(line);
                self.indent = line;
                self.token(close);
            }
            at = close + 1;
        }
    }

    fn flat(&mut self, range: Range<usize>) {
        range.for_each(|at| self.token(at));
    }

    /// The comments before a token, then the token.
    fn token(&mut self, at: usize) {
        let token = &self.tokens[at];
        let indent = self.newline.unwrap_or(self.indent);
        for comment in &token.comments {
            if comment.own_line || self.newline_forced() {
                self.break_line(indent, comment.blank);
            } else if self.column > 0 {
                self.put(" ");
            }
            self.put(&comment.text);
            if comment.ends_line() || comment.own_line {
                self.newline = Some(indent);
            }
        }
        if token.kind == Eof {
            return;
        }
        let blank = token.blank && token.kind == Pipe;
        match self.newline.take() {
            Some(indent) => self.break_line(indent, blank),
            None if token.space && self.column > 0 => self.put(" "),
            None => {}
        }
        self.put(&token.text);
    }

    /// A comment has just ended the line.
    fn newline_forced(&self) -> bool {
        let line = self.out.rsplit('\n').next().unwrap_or_default();
        self.newline.is_some() && line.trim_start().starts_with("//")
    }

    fn break_line(&mut self, indent: usize, blank: bool) {
        self.newline = None;
        if !self.out.is_empty() {
            self.out.push_str(if blank { "\n\n" } else { "\n" });
        }
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
    }

    fn put(&mut self, text: &str) {
        self.out.push_str(text);
        match text.rsplit_once('\n') {
            Some((_, last)) => self.column = last.chars().count(),
            None => self.column += text.chars().count(),
        }
    }

    /// On what is left of the line, with the comma behind; no comment ends a line in it.
    fn fits(&self, range: &Range<usize>) -> bool {
        let column = self.newline.unwrap_or(self.column);
        let width = self.before[range.end] - self.before[range.start];
        let inside = self.comments[range.end] - self.comments[(range.start + 1).min(range.end)];
        inside == 0 && column + width < WIDTH
    }

    fn first_break(&self, range: &Range<usize>) -> Option<Break> {
        self.outside_brackets(range.clone())
            .filter(|at| *at > range.start)
            .filter_map(|at| self.tokens[at].break_before)
            .min()
    }

    /// Tokens of the range outside its brackets, and brackets that begin an item of a list.
    fn outside_brackets(&self, range: Range<usize>) -> impl Iterator<Item = usize> {
        let mut next = range.start;
        std::iter::from_fn(move || {
            while next < range.end {
                let at = next;
                next = self.closes[at].unwrap_or(at) + 1;
                let token = &self.tokens[at];
                if token.break_before.is_some() || !matches!(token.kind, LParen | RParen) {
                    return Some(at);
                }
            }
            None
        })
    }
}

fn closes(tokens: &[Token]) -> Vec<Option<usize>> {
    let (mut closes, mut open) = (vec![None; tokens.len()], Vec::new());
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            LParen => open.push(at),
            RParen => {
                if let Some(opened) = open.pop() {
                    closes[opened] = Some(at);
                }
            }
            _ => {}
        }
    }
    closes
}
