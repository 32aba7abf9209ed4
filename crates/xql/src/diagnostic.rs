//! Diagnostics: errors are data with a span; they are rendered once, at the edge.

use crate::ast::Span;
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
    /// Stable, `XQL001` and up; one code for each kind of mistake.
    pub code: &'static str,
    pub message: String,
    /// What to do about it; the nearest valid name where there is one.
    pub help: Option<String>,
    pub span: Span,
}
