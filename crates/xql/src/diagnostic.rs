//! Diagnostics: errors are data with a span; they are rendered once, at the edge (`render`).

use crate::ast::Span;
use crate::codes::{self, Fault};
use serde::Serialize;

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
}

impl Diagnostic {
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Error, code, message: message.into(), help: None, span }
    }

    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, span, message) }
    }

    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
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
