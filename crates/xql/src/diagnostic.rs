//! Diagnostics: errors are data with a span; they are rendered once, at the edge (`render`).

use crate::ast::Span;
use crate::codes::{self, Fault};
use serde::Serialize;

/// More mistakes than anyone reads at once; the rest is counted in one more diagnostic (and a limit that
/// was reached is told besides).
pub const MAX_DIAGNOSTICS: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    Warning,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnostic {
    pub severity: Severity,
    /// Stable, `XQL001` and up; one code for each kind of mistake (the table is in `codes`).
    pub code: &'static str,
    pub message: String,
    /// What to do about it; the nearest valid name where there is one.
    pub help: Option<String>,
    pub span: Span,
    /// The edit that mends it, where there is just one way.
    pub fix: Option<Fix>,
}

/// An edit: this text in the place of that part of the query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fix {
    pub span: Span,
    pub text: String,
}

impl Diagnostic {
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Error, code, message: message.into(), help: None, span, fix: None }
    }

    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, span, message) }
    }

    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With the nearest name in the place of the one it points at.
    #[must_use]
    pub fn did_you_mean(self, near: &str) -> Self {
        self.with_help(format!("did you mean `{near}`?")).with_replacement(near)
    }

    /// With the edit that puts `text` in the place of what the diagnostic points at.
    #[must_use]
    pub fn with_replacement(self, text: impl Into<String>) -> Self {
        let span = self.span;
        self.with_fix(span, text)
    }

    #[must_use]
    pub fn with_fix(mut self, span: Span, text: impl Into<String>) -> Self {
        self.fix = Some(Fix { span, text: text.into() });
        self
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Whose move it is: the author's, ours, or nobody's because it is not supported yet.
    pub fn fault(&self) -> Fault {
        codes::code(self.code).map_or(Fault::Bug, |row| row.fault)
    }
}

/// The diagnostics of one step. Hostile text has a mistake in every byte: the first thousand are kept,
/// the others counted.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Diagnostic>,
    hidden: Hidden,
}

#[derive(Clone, Copy, Debug, Default)]
struct Hidden {
    errors: usize,
    warnings: usize,
}

/// A point to go back to.
#[derive(Clone, Copy, Default)]
pub(crate) struct Mark {
    length: usize,
    hidden: Hidden,
}

/// A message may quote the query; a word of a hostile query may be as long as the query.
fn shorten(text: &mut String) {
    const MOST: usize = 400;
    if let Some((end, _)) = text.char_indices().nth(MOST) {
        text.truncate(end);
        text.push('…');
    }
}

impl Findings {
    const MOST: usize = 1000;

    pub fn push(&mut self, mut diagnostic: Diagnostic) {
        shorten(&mut diagnostic.message);
        diagnostic.help.iter_mut().for_each(shorten);
        if self.list.len() < Self::MOST {
            self.list.push(diagnostic);
        } else if diagnostic.is_error() {
            self.hidden.errors += 1;
        } else {
            self.hidden.warnings += 1;
        }
    }

    pub fn append(&mut self, mut other: Findings) {
        self.list.append(&mut other.list);
        self.hidden.errors += other.hidden.errors;
        self.hidden.warnings += other.hidden.warnings;
    }

    pub fn mark(&self) -> Mark {
        Mark { length: self.list.len(), hidden: self.hidden }
    }

    pub fn back_to(&mut self, mark: Mark) {
        self.list.truncate(mark.length);
        self.hidden = mark.hidden;
    }

    /// There are already more than will be shown: do not work hard on the next one.
    pub fn plenty(&self) -> bool {
        self.list.len() > MAX_DIAGNOSTICS
    }

    pub fn has(&self, code: &str) -> bool {
        self.list.iter().any(|one| one.code == code)
    }

    /// Changes diagnostics in their places.
    pub fn rewrite(&mut self, change: impl FnMut(&mut Diagnostic)) {
        self.list.iter_mut().for_each(change);
    }

    pub fn failed(&self) -> bool {
        self.hidden.errors > 0 || self.list.iter().any(Diagnostic::is_error)
    }

    /// In order of place; when there are too many, the last one says how many more.
    pub fn finish(mut self) -> Vec<Diagnostic> {
        self.list.sort_by_key(|diagnostic| diagnostic.span.start);
        let hidden =
            self.hidden.errors + self.hidden.warnings + self.list.len().saturating_sub(MAX_DIAGNOSTICS);
        if hidden > 0 {
            let failed = self.failed();
            let place = self.list.get(MAX_DIAGNOSTICS).map_or(Span::default(), |first| first.span);
            let cut = self.list.split_off(MAX_DIAGNOSTICS.min(self.list.len()));
            // A limit explains why nothing more was read.
            self.list.extend(cut.into_iter().find(|diagnostic| diagnostic.fault() == Fault::Limit));
            let message = format!("{hidden} more from here on are not shown");
            let mut last = Diagnostic::error(codes::TOO_MANY_MISTAKES, place, message);
            if !failed {
                last.severity = Severity::Warning;
            }
            self.list.push(last);
        }
        self.list
    }
}
