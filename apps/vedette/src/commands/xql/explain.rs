//! `vedette xql explain`: how queries are understood and carried out.

use super::super::answering::{reads_file, with_server};
use crate::args::{ServerArgs, TextOrJson, XqlExplainArgs};
use crate::client::Client;
use crate::failure::Failure;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;
use vedette_xql::{Diagnostic, Severity, codes};

pub fn run(args: &XqlExplainArgs) -> Result<u8, Failure> {
    let queries: Vec<(String, String)> =
        args.queries.iter().map(|one| super::given(Path::new(one))).collect::<Result<_, _>>()?;
    let mut failed = 0;
    for (name, text) in &queries {
        let of_data = args.analyze || is_named(&args.target) || reads_file(text);
        failed |= if of_data {
            with_server(&args.target, text, &[], |client| online(client, args, name, text))?
        } else {
            offline(args, name, text)?
        };
    }
    Ok(failed)
}

fn is_named(target: &ServerArgs) -> bool {
    target.data_dir.is_some() || target.server.is_some()
}

fn online(client: &Client, args: &XqlExplainArgs, name: &str, text: &str) -> Result<u8, Failure> {
    let body = json!({"query": text, "analyze": args.analyze, "parameters": args.parameters.by_name()});
    let mut answer = client.query("/query/explain", text, &body)?;
    let explained: Value = answer
        .body_mut()
        .read_json()
        .map_err(|error| Failure::Ours(format!("the server's answer cannot be read: {error}")))?;
    show(args.format, name, &explained)?;
    Ok(0)
}

fn offline(args: &XqlExplainArgs, name: &str, text: &str) -> Result<u8, Failure> {
    let runtime = super::super::runtime()?;
    let found = runtime.block_on(vedette_server::explain_offline(text, args.parameters.by_name()));
    let (mut explained, diagnostics) = match found {
        Ok(found) => (json!(found.explained), found.diagnostics),
        Err(error) if error.diagnostics.is_empty() => return Err(Failure::Ours(error.to_string())),
        Err(error) => (Value::Null, error.diagnostics),
    };
    let planned = explained["logical"].as_str().is_some_and(|plan| !plan.is_empty());
    if args.format == TextOrJson::Json {
        if explained.is_null() {
            explained = json!({});
        }
        explained["diagnostics"] = diagnostics.iter().map(|one| super::as_json(text, one)).collect();
        show(args.format, name, &explained)?;
        return Ok(u8::from(!planned));
    }
    if !explained.is_null() {
        show(args.format, name, &explained)?;
    }
    let file = (!name.is_empty()).then_some(name);
    for one in &diagnostics {
        eprintln!("{}", vedette_xql::render(text, one, file, false));
    }
    // Any other mistake in the query is reason enough.
    let reason = |one: &Diagnostic| one.severity == Severity::Error && one.code != codes::UNKNOWN_DATASET;
    let mistaken = diagnostics.iter().any(reason);
    if !planned && !mistaken && !explained.is_null() {
        eprintln!(
            "There is no plan: offline only the built-in datasets are known. For a plan over your data, \
             name it with --data-dir or --server."
        );
    }
    Ok(u8::from(!planned))
}

fn show(format: TextOrJson, name: &str, explained: &Value) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if format == TextOrJson::Json {
        let mut line = explained.clone();
        line["file"] = if name.is_empty() { Value::Null } else { json!(name) };
        writeln!(out, "{line}")?;
        return Ok(());
    }
    if !name.is_empty() {
        writeln!(out, "{name}")?;
    }
    write!(out, "{}", page(explained))?;
    Ok(())
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

/// The explanation as text, in three parts.
fn page(explained: &Value) -> String {
    let mut text = String::new();
    stages(&mut text, explained);
    if list(explained, "operators").is_empty() {
        return text;
    }
    reads(&mut text, explained);
    plan(&mut text, explained);
    text
}

// Writing to a String cannot fail.

fn stages(text: &mut String, explained: &Value) {
    let _ = writeln!(text, "Stages");
    for (number, stage) in list(explained, "stages").iter().enumerate() {
        let _ = write!(text, "  {:>2}  {}", number + 1, stage["text"].as_str().unwrap_or_default());
        let mut notes = Vec::new();
        match list(stage, "fields").len() {
            0 => {}
            count => notes.push(format!("{count} fields")),
        }
        if number > 0 {
            notes.extend(names("+", list(stage, "added")));
            notes.extend(names("-", list(stage, "removed")));
        }
        notes.extend(stage["rows"].as_u64().map(|rows| format!("{rows} rows")));
        notes.extend(stage["elapsed_ms"].as_f64().map(|time| format!("{time:.1} ms up to here")));
        let notes = if notes.is_empty() { String::new() } else { format!("  [{}]", notes.join("; ")) };
        let _ = writeln!(text, "{notes}");
    }
}

/// `+ a, b and 3 more`
fn names(sign: &str, all: &[Value]) -> Option<String> {
    const SHOWN: usize = 6;
    if all.is_empty() {
        return None;
    }
    let shown: Vec<&str> = all.iter().take(SHOWN).filter_map(Value::as_str).collect();
    let more = all.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    Some(format!("{sign} {}{rest}", shown.join(", ")))
}

fn reads(text: &mut String, explained: &Value) {
    let _ = writeln!(text, "\nReads");
    if let (Some(from), Some(to)) =
        (explained["timeframe"]["from"].as_str(), explained["timeframe"]["to"].as_str())
    {
        let _ = writeln!(text, "  rows from {from} to {to}");
    }
    for scan in list(explained, "scans") {
        let columns: Vec<&str> = list(scan, "columns").iter().filter_map(Value::as_str).collect();
        let dataset = scan["dataset"].as_str().unwrap_or_default();
        let _ = writeln!(
            text,
            "  {dataset}: {} of {} columns ({})",
            columns.len(),
            scan["of_columns"],
            columns.join(", ")
        );
        for filter in list(scan, "filters").iter().filter_map(Value::as_str) {
            let _ = writeln!(text, "    left to the dataset: {filter}");
        }
        if let Some(limit) = scan["limit"].as_u64() {
            let _ = writeln!(text, "    at most {limit} rows");
        }
    }
}

fn plan(text: &mut String, explained: &Value) {
    let _ = writeln!(text, "\nPlan");
    for one in list(explained, "operators") {
        let depth = one["depth"].as_u64().and_then(|depth| usize::try_from(depth).ok()).unwrap_or(0);
        let detail = one["detail"].as_str().unwrap_or_default();
        let mut notes = Vec::new();
        notes.extend(one["estimated_rows"].as_u64().map(|rows| format!("estimated {rows} rows")));
        notes.extend(one["rows"].as_u64().map(|rows| format!("{rows} rows")));
        notes.extend(one["busy_ms"].as_f64().map(|time| format!("{time:.1} ms")));
        let notes = if notes.is_empty() { String::new() } else { format!("  [{}]", notes.join("; ")) };
        let name = one["name"].as_str().unwrap_or_default();
        let line = format!("{}{name} {detail}", "  ".repeat(depth + 1));
        let _ = writeln!(text, "{}{notes}", clip(line.trim_end()));
    }
    if let (Some(rows), Some(time)) =
        (explained["ran"]["rows"].as_u64(), explained["ran"]["elapsed_ms"].as_f64())
    {
        let _ = writeln!(text, "\n{rows} rows in {time:.1} ms");
    }
}

/// A line of the plan as far as it is of use.
fn clip(line: &str) -> String {
    const WIDEST: usize = 160;
    match line.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
