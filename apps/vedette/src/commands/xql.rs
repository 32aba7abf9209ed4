//! `vedette xql check`: finds every mistake of a query, offline.

use crate::args::{TextOrJson, XqlCheckArgs};
use crate::failure::Failure;
use serde_json::json;
use std::io::{IsTerminal, Write};
use vedette_xql::{Severity, check, line_column, render};

pub fn check_files(args: &XqlCheckArgs) -> Result<u8, Failure> {
    let mut out = std::io::stdout().lock();
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let mut wrong = false;
    for path in &args.files {
        let text = super::read_text(path)?;
        let name = path.display().to_string();
        let found = check(&text);
        let ok = !found.iter().any(|one| one.severity == Severity::Error);
        wrong |= !ok;
        if args.format == TextOrJson::Json {
            let diagnostics: Vec<_> = found.iter().map(|one| as_json(&text, one)).collect();
            writeln!(out, "{}", json!({"file": name, "ok": ok, "diagnostics": diagnostics}))?;
            continue;
        }
        for one in &found {
            writeln!(out, "{}", render(&text, one, Some(&name), colour))?;
        }
        if found.is_empty() {
            writeln!(out, "{name}: ok")?;
        }
    }
    Ok(u8::from(wrong))
}

/// A diagnostic as the command line promises it.
pub fn as_json(text: &str, found: &vedette_xql::Diagnostic) -> serde_json::Value {
    let (line, column) = line_column(text, found.span.start);
    let (end_line, end_column) = line_column(text, found.span.end);
    json!({
        "severity": found.severity, "code": found.code, "message": found.message, "help": found.help,
        "line": line, "column": column, "end_line": end_line, "end_column": end_column,
    })
}
