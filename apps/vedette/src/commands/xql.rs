//! `vedette xql`: mistakes of a query, doubtful places in it, its layout, how it is carried out, and all of
//! that for editors.

pub mod explain;
pub mod lsp;

use crate::args::{TextOrJson, XqlCheckArgs, XqlFmtArgs};
use crate::failure::Failure;
use serde_json::json;
use std::io::{IsTerminal, Write};
use std::path::Path;
use vedette_xql::{Diagnostic, Severity, line_column, render};

/// Shows what `look` finds in each file; fails when an error is among it.
pub fn look_at_files(args: &XqlCheckArgs, look: fn(&str) -> Vec<Diagnostic>) -> Result<u8, Failure> {
    let parameters = args.parameters.by_name();
    let mut out = std::io::stdout().lock();
    let colour = colour();
    let mut wrong = false;
    for path in &args.files {
        let (name, text) = given(path)?;
        let rules = are_rules(path);
        let mut found = if rules { vedette_xql::check_rules(&text) } else { look(&text) };
        if !parameters.is_empty() && !rules {
            found.extend(vedette_xql::missing_parameters(&text, |name| parameters.contains_key(name)));
        }
        let ok = !found.iter().any(|one| one.severity == Severity::Error);
        wrong |= !ok;
        if args.format == TextOrJson::Json {
            let diagnostics: Vec<_> = found.iter().map(|one| as_json(&text, one)).collect();
            writeln!(out, "{}", json!({"file": shown(&name), "ok": ok, "diagnostics": diagnostics}))?;
            continue;
        }
        for one in &found {
            writeln!(out, "{}", render(&text, one, shown(&name), colour))?;
        }
        if found.is_empty() {
            writeln!(out, "{}: ok", shown(&name).unwrap_or("the query"))?;
        }
    }
    Ok(u8::from(wrong))
}

/// The name and the text of what was given: of a file, or of a word that can only be a query.
pub fn given(path: &Path) -> Result<(String, String), Failure> {
    let word = path.to_str().filter(|word| word.contains(['|', '=', '\n', ' ']) && !path.exists());
    match word {
        Some(query) => Ok((String::new(), query.to_owned())),
        None => Ok((path.display().to_string(), super::read_text(path)?)),
    }
}

fn shown(name: &str) -> Option<&str> {
    (!name.is_empty()).then_some(name)
}

/// Files of parsing and modelling rules go by their ending.
fn are_rules(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("xif"))
}

pub fn colour() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Rewrites each file that is not in the usual layout, whole or not at all.
pub fn format_files(args: &XqlFmtArgs) -> Result<u8, Failure> {
    let mut failed = false;
    for path in &args.files {
        let (name, text) = given(path)?;
        let format = if are_rules(path) { vedette_xql::format_rules } else { vedette_xql::format };
        let formatted = match format(&text) {
            Ok(formatted) => formatted,
            Err(mistakes) => {
                mistakes.iter().for_each(|one| eprintln!("{}", render(&text, one, shown(&name), colour())));
                failed = true;
                continue;
            }
        };
        if args.check {
            failed |= formatted != text;
            if formatted != text {
                println!("{}: not in the usual layout", shown(&name).unwrap_or("the query"));
            }
        } else if name.is_empty() || name == "-" {
            std::io::stdout().lock().write_all(formatted.as_bytes())?;
        } else if formatted != text {
            replace(path, &formatted)?;
        }
    }
    Ok(u8::from(failed))
}

/// Writes beside the file and renames, so that no query is lost half-way.
fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    let wrong =
        |error: &dyn std::fmt::Display| Failure::Ours(format!("cannot write {}: {error}", path.display()));
    // The file a link points to, not the link, is what is rewritten.
    let path = path.canonicalize().map_err(|error| wrong(&error))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| wrong(&error))?;
    file.write_all(text.as_bytes()).map_err(|error| wrong(&error))?;
    let rights = std::fs::metadata(&path).map_err(|error| wrong(&error))?.permissions();
    file.as_file().set_permissions(rights).map_err(|error| wrong(&error))?;
    file.persist(&path).map_err(|error| wrong(&error))?;
    Ok(())
}

/// A diagnostic as the command line promises it.
pub fn as_json(text: &str, found: &vedette_xql::Diagnostic) -> serde_json::Value {
    let (line, column) = line_column(text, found.span.start);
    let (end_line, end_column) = line_column(text, found.span.end);
    let fix =
        found.fix.as_ref().map(|fix| json!({"start": fix.span.start, "end": fix.span.end, "text": fix.text}));
    json!({
        "severity": found.severity, "code": found.code, "message": found.message, "help": found.help,
        "line": line, "column": column, "end_line": end_line, "end_column": end_column, "fix": fix,
    })
}
