//! A diagnostic as text for people: what is wrong, the line with a mark under the place, what to do.

use crate::ast::Span;
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::line_column;
use std::fmt::Write;
use unicode_width::UnicodeWidthChar;

/// Wider lines are shown in part, round the mark.
const WIDEST: usize = 100;

/// The diagnostic in a few lines, with a line end. `colour` adds ANSI colours.
pub fn render(text: &str, diagnostic: &Diagnostic, file_name: Option<&str>, colour: bool) -> String {
    let paint = Paint { on: colour };
    let (word, tone) = match diagnostic.severity {
        Severity::Error => ("error", RED),
        Severity::Warning => ("warning", YELLOW),
    };
    let (line, column) = line_column(text, diagnostic.span.start);
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    let bar = paint.with(BLUE, "|");
    let excerpt = Excerpt::new(text, diagnostic.span);
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "{}: {}",
        paint.with(tone, &format!("{word}[{}]", diagnostic.code)),
        paint.with(BOLD, &diagnostic.message)
    );
    let place = file_name.map_or_else(String::new, |name| format!("{name}:"));
    let _ = writeln!(out, "{margin}{} {place}{line}:{column}", paint.with(BLUE, "-->"));
    let _ = writeln!(out, "{margin} {bar}");
    let _ = writeln!(out, "{} {bar} {}", paint.with(BLUE, &number), excerpt.line);
    let mark = format!("{}{}", " ".repeat(excerpt.before), paint.with(tone, &"^".repeat(excerpt.width)));
    let _ = writeln!(out, "{margin} {bar} {mark}");
    if let Some(help) = &diagnostic.help {
        let _ = writeln!(out, "{margin} {} {}: {help}", paint.with(BLUE, "="), paint.with(BOLD, "help"));
    }
    out
}

/// The line a place stands on, in part where it is long, and the marks under it.
pub fn excerpt(text: &str, span: Span) -> (String, String) {
    let excerpt = Excerpt::new(text, span);
    (excerpt.line, format!("{}{}", " ".repeat(excerpt.before), "^".repeat(excerpt.width)))
}

const RED: &str = "1;31";
const YELLOW: &str = "1;33";
const BLUE: &str = "1;34";
const BOLD: &str = "1";

struct Paint {
    on: bool,
}

impl Paint {
    fn with(&self, tone: &str, text: &str) -> String {
        if self.on { format!("\u{1b}[{tone}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// The line of the mark as it is shown, and where the mark goes, in columns of the terminal.
struct Excerpt {
    line: String,
    before: usize,
    width: usize,
}

impl Excerpt {
    fn new(text: &str, span: Span) -> Excerpt {
        let start = floor(text, span.start as usize);
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
        let end = floor(text, span.end as usize).clamp(start, line_end);
        let mut excerpt = Excerpt { line: String::new(), before: 0, width: 0 };
        let from = excerpt.skip_to(text, line_start, start);
        let mut column = if from > line_start { excerpt.push('…') } else { 0 };
        for (shown, (at, c)) in text[from..line_end].char_indices().enumerate() {
            let at = from + at;
            // Some characters have no width: they are counted too.
            if column >= WIDEST || shown >= WIDEST {
                excerpt.push('…');
                break;
            }
            let width = excerpt.push(c);
            if at < start {
                excerpt.before = column + width;
            } else if at < end {
                excerpt.width += width;
            }
            column += width;
        }
        if start == from {
            excerpt.before = usize::from(from > line_start);
        }
        excerpt.width = excerpt.width.max(1);
        excerpt
    }

    /// Where the shown part of the line begins: its start, or some way before the mark.
    fn skip_to(&self, text: &str, line_start: usize, start: usize) -> usize {
        let before = text[line_start..start].chars().rev();
        let mut room = WIDEST * 2 / 3;
        let mut from = start;
        for c in before {
            let width = shown_width(c).max(1);
            if width > room {
                return from;
            }
            room -= width;
            from -= c.len_utf8();
        }
        line_start
    }

    /// Adds a character as it can be shown on one line; gives its width.
    fn push(&mut self, c: char) -> usize {
        let width = shown_width(c);
        match c {
            '\t' => self.line.push_str("    "),
            '\r' => {}
            _ if c.width().is_none() => self.line.push('\u{FFFD}'),
            _ => self.line.push(c),
        }
        width
    }
}

fn shown_width(c: char) -> usize {
    match c {
        '\t' => 4,
        '\r' => 0,
        _ => c.width().unwrap_or(1),
    }
}

fn floor(text: &str, mut offset: usize) -> usize {
    offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}
