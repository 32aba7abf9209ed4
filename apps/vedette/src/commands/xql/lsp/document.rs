//! A text with its lines: places of the library (bytes) as places of the protocol (line and column), and
//! back.

use lsp_types::{Position, Range};
use vedette_xql::ast::Span;

pub struct Document {
    pub text: String,
    /// A file of parsing and modelling rules.
    pub rules: bool,
    /// Where each line begins.
    lines: Vec<usize>,
    /// Columns count bytes; else units of UTF-16.
    utf8: bool,
}

impl Document {
    pub fn new(text: String, rules: bool, utf8: bool) -> Document {
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(breaks).collect();
        Document { text, rules, lines, utf8 }
    }

    /// The byte of a place; past the end of a line is its end.
    pub fn offset(&self, place: Position) -> usize {
        let Some((start, line)) = usize::try_from(place.line).ok().and_then(|line| self.line(line)) else {
            return self.text.len();
        };
        let mut left = place.character as usize;
        for (at, c) in line.char_indices() {
            let width = if self.utf8 { c.len_utf8() } else { c.len_utf16() };
            if left < width {
                return start + at;
            }
            left -= width;
        }
        start + line.trim_end_matches(['\n', '\r']).len()
    }

    /// A line's first byte and its text, with its end.
    fn line(&self, number: usize) -> Option<(usize, &str)> {
        let start = *self.lines.get(number)?;
        let end = self.lines.get(number + 1).copied().unwrap_or(self.text.len());
        Some((start, &self.text[start..end]))
    }

    /// The place of a byte.
    pub fn position(&self, offset: usize) -> Position {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.lines.partition_point(|start| *start <= offset).saturating_sub(1);
        let before = &self.text[self.lines[line]..offset];
        let column = if self.utf8 { before.len() } else { before.encode_utf16().count() };
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Position { line: small(line), character: small(column) }
    }

    pub fn range(&self, span: Span) -> Range {
        Range { start: self.position(span.start as usize), end: self.position(span.end as usize) }
    }

    /// The parts of a span, one for each line it reaches over.
    pub fn pieces(&self, span: Span) -> Vec<Range> {
        let (mut start, end) = (span.start as usize, span.end as usize);
        let mut pieces = Vec::new();
        while start < end {
            let line = self.lines.partition_point(|begin| *begin <= start);
            let line_end = self.lines.get(line).copied().unwrap_or(self.text.len()).min(end);
            let piece = self.text[start..line_end].trim_end_matches(['\n', '\r']);
            if !piece.is_empty() {
                pieces.push(Range { start: self.position(start), end: self.position(start + piece.len()) });
            }
            start = line_end.max(start + 1);
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_go_there_and_back() {
        let text = "a🚨b\r\nä\n";
        for (utf8, behind_the_light) in [(true, 5), (false, 3)] {
            let document = Document::new(text.to_owned(), false, utf8);
            for (offset, _) in text.char_indices().filter(|(_, c)| !matches!(c, '\r' | '\n')) {
                assert_eq!(document.offset(document.position(offset)), offset, "{offset}");
            }
            assert_eq!(document.position(5).character, behind_the_light);
            assert_eq!(document.offset(Position { line: 0, character: 99 }), 6);
            assert_eq!(document.offset(Position { line: 9, character: 0 }), text.len());
            assert_eq!(document.position(99), Position { line: 2, character: 0 });
            assert_eq!(document.pieces(Span { start: 0, end: 11 }).len(), 2);
        }
    }
}
