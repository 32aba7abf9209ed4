//! `vedette rules`: rule files offline, and the rules of a server.

use super::table;
use crate::args::{ListFormat, RuleFormat, RulesCommand, ServerArgs, TextOrJson};
use crate::client::Client;
use crate::failure::Failure;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use vedette_server::rules::shipped::{self, Shipped};
use vedette_server::rules::{check, cortex, examples, sigma};
use vedette_xql::render;

pub fn run(command: &RulesCommand) -> Result<u8, Failure> {
    let mut out = std::io::stdout().lock();
    match command {
        RulesCommand::List { target, format } => list(&mut out, target, *format),
        RulesCommand::Check { files, format } => check_files(&mut out, files, *format),
        RulesCommand::Test { target, files, days: Some(days) } => {
            over_the_past(&mut out, target, files, *days)
        }
        RulesCommand::Test { files, .. } => test_files(&mut out, files),
        RulesCommand::Import { target, files } => import(&mut out, target, files),
        RulesCommand::Export { target, ids, format } => export(&mut out, target, ids, *format),
        RulesCommand::Set { target, id, file } => set(&mut out, target, *id, file),
        RulesCommand::Restore { target, id } => {
            let path = format!("/rules/{id}/restore");
            let record = crate::client::json(Client::need(target)?.post(&path, &json!({}))?)?;
            writeln!(out, "Rule {id} ({}) is as it came.", table::cell(&record["rule"]["name"]))?;
            Ok(0)
        }
        RulesCommand::Remove { target, id } => {
            Client::need(target)?.delete(&format!("/rules/{id}"))?;
            writeln!(out, "Rule {id} is deleted.")?;
            Ok(0)
        }
        RulesCommand::Runs { target, id, format } => {
            let reply = Client::need(target)?.get(&format!("/rules/{id}/runs"))?;
            let columns = [
                "window_end",
                "status",
                "rows_found",
                "alerts",
                "suppressed",
                "duration_ms",
                "error",
                "note",
            ];
            table::write_list(&mut out, &columns, &reply["runs"], *format, "No runs yet.")?;
            Ok(0)
        }
        RulesCommand::Enable { target, id } => switch(&mut out, target, *id, true),
        RulesCommand::Disable { target, id } => switch(&mut out, target, *id, false),
    }
}

fn list(out: &mut impl Write, target: &ServerArgs, format: ListFormat) -> Result<u8, Failure> {
    let reply = Client::need(target)?.get("/rules")?;
    if format == ListFormat::Json {
        writeln!(out, "{}", reply["rules"])?;
        return Ok(0);
    }
    let columns = ["id", "enabled", "name", "mode", "severity", "last run", "alerts", "state"];
    let rows: Vec<Vec<Value>> = reply["rules"].as_array().into_iter().flatten().map(row).collect();
    table::write(out, &columns, rows.iter())?;
    Ok(0)
}

fn row(record: &Value) -> Vec<Value> {
    let (rule, run) = (&record["rule"], &record["last_run"]);
    let state = match (record["failing_since"].is_null(), record["modified"] == true) {
        (false, _) => format!("fails: {}", table::cell(&record["last_error"])),
        (_, true) => "changed".to_owned(),
        _ => String::new(),
    };
    let mode = if rule["mode"] == "real_time" { json!("real time") } else { rule["schedule"].clone() };
    vec![
        record["id"].clone(),
        record["enabled"].clone(),
        rule["name"].clone(),
        mode,
        rule["severity"].clone(),
        run["finished_at"].clone(),
        run["alerts"].clone(),
        json!(state),
    ]
}

/// The rules of these files: a rule file each, exports of Cortex, or correlations of Sigma.
fn read(path: &Path) -> Result<Vec<Shipped>, Failure> {
    let text = super::read_text(path)?;
    let name = path.display().to_string();
    let wrong = |why: String| Failure::Input(format!("{name}: {why}"));
    if path.extension().is_some_and(|end| end == "yml" || end == "yaml") {
        return of_sigma(&name, &text);
    }
    if !text.trim_start().starts_with(['{', '[']) || path.extension().is_some_and(|end| end == "toml") {
        return Ok(vec![shipped::parse(&name, &text).map_err(Failure::Input)?]);
    }
    let document: Value = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let found = cortex::rules_of(&document).map_err(wrong)?;
    let read = found.into_iter().map(|object| {
        let imported = cortex::import(object).map_err(wrong)?;
        imported.notes.iter().for_each(|note| eprintln!("{name}: {}: {note}", imported.rule.name));
        let (rule, enabled) = (imported.rule, imported.enabled);
        Ok(Shipped { file: name.clone(), rule, enabled, examples: Vec::new() })
    });
    read.collect()
}

fn of_sigma(name: &str, text: &str) -> Result<Vec<Shipped>, Failure> {
    let wrong = |why: String| Failure::Input(format!("{name}: {why}"));
    let read = |one: sigma::Read| {
        let rule = one.map_err(|refused| wrong(format!("{}: {}", refused.title, refused.why)))?;
        Ok(Shipped { file: name.to_owned(), rule, enabled: true, examples: Vec::new() })
    };
    sigma::rules(text).map_err(wrong)?.into_iter().map(read).collect()
}

fn check_files(out: &mut impl Write, files: &[PathBuf], format: TextOrJson) -> Result<u8, Failure> {
    let runtime = super::runtime()?;
    let mut wrong = false;
    for path in files {
        let rules = match read(path) {
            Ok(rules) => rules,
            Err(Failure::Input(why)) => {
                wrong = true;
                unreadable(out, path, &why, format)?;
                continue;
            }
            Err(other) => return Err(other),
        };
        for one in rules {
            let verdict = runtime.block_on(check::check_offline(&one.rule)).map_err(Failure::Ours)?;
            wrong |= !verdict.is_fine();
            tell(out, &one, &verdict, format)?;
        }
    }
    Ok(u8::from(wrong))
}

fn unreadable(out: &mut impl Write, path: &Path, why: &str, format: TextOrJson) -> std::io::Result<()> {
    match format {
        TextOrJson::Text => writeln!(out, "{why}"),
        TextOrJson::Json => {
            let mistakes = json!([{"field": "file", "message": why}]);
            let line =
                json!({"file": path, "rule": null, "ok": false, "mistakes": mistakes, "diagnostics": []});
            writeln!(out, "{line}")
        }
    }
}

fn tell(
    out: &mut impl Write,
    one: &Shipped,
    verdict: &check::Verdict,
    format: TextOrJson,
) -> std::io::Result<()> {
    let (name, query) = (&one.rule.name, &one.rule.query);
    if format == TextOrJson::Json {
        let found: Vec<Value> =
            verdict.diagnostics.iter().map(|found| super::xql::as_json(query, found)).collect();
        let line = json!({"file": one.file, "rule": name, "ok": verdict.is_fine(), "mistakes": verdict.mistakes, "diagnostics": found});
        return writeln!(out, "{line}");
    }
    if verdict.is_fine() {
        writeln!(out, "{}: {name}: ok", one.file)?;
    }
    for line in check::summary(verdict).lines() {
        writeln!(out, "{}: {name}: {line}", one.file)?;
    }
    for found in &verdict.diagnostics {
        writeln!(
            out,
            "{}",
            render(query, found, Some(&format!("{}: query", one.file)), super::xql::colour())
        )?;
    }
    Ok(())
}

/// Runs the tests that stand in the files; those of the shipped rules when no file is named.
fn test_files(out: &mut impl Write, files: &[PathBuf]) -> Result<u8, Failure> {
    let mut rules = Vec::new();
    for path in files {
        rules.extend(read(path)?);
    }
    if files.is_empty() {
        rules = shipped::all();
    }
    let runtime = super::runtime()?;
    let (mut ran, mut failed) = (0, 0);
    for one in &rules {
        if one.examples.is_empty() {
            writeln!(out, "{}: no tests", one.file)?;
        }
        for example in &one.examples {
            ran += 1;
            match runtime.block_on(examples::run(&one.rule, example)) {
                Ok(()) => writeln!(out, "{}: {}: ok", one.file, example.name)?,
                Err(why) => {
                    failed += 1;
                    writeln!(out, "{}: {}: FAILED: {why}", one.file, example.name)?;
                }
            }
        }
    }
    writeln!(out, "{ran} tests of {} rules, {failed} failed", rules.len())?;
    Ok(u8::from(failed > 0))
}

/// What the rules would have done on the server's data.
fn over_the_past(
    out: &mut impl Write,
    target: &ServerArgs,
    files: &[PathBuf],
    days: u32,
) -> Result<u8, Failure> {
    let client = Client::need(target)?;
    for path in files {
        for one in read(path)? {
            let body = json!({"rule": one.rule, "days": days});
            let answer = client.query("/rules/test", &one.rule.query, &body)?;
            writeln!(out, "{}", one.rule.name)?;
            write_trial(out, &trial(answer.into_body().into_reader())?)?;
        }
    }
    Ok(0)
}

/// Shows the progress on a terminal, and gives the result.
fn trial(reader: impl std::io::Read) -> Result<Value, Failure> {
    let bar = std::io::stderr().is_terminal();
    for line in BufReader::new(reader).lines() {
        let line = line.map_err(|error| Failure::Ours(format!("the test broke off: {error}")))?;
        let value: Value = serde_json::from_str(&line).unwrap_or_default();
        if let Some(result) = value.get("result") {
            if bar {
                eprint!("\r\u{1b}[K");
            }
            return Ok(result.clone());
        }
        if let Some(error) = value.get("error") {
            return Err(Failure::Input(table::cell(&error["message"])));
        }
        let (done, total) = (value["progress"]["done"].as_u64(), value["progress"]["total"].as_u64());
        if let (true, Some(done), Some(total)) = (bar, done, total) {
            let filled = usize::try_from(done * 40 / total.max(1)).unwrap_or(0).min(40);
            eprint!("\r[{}{}] {done} of {total} runs", "#".repeat(filled), " ".repeat(40 - filled));
        }
    }
    Err(Failure::Ours("the server ended the test without a result".to_owned()))
}

fn write_trial(out: &mut impl Write, trial: &Value) -> std::io::Result<()> {
    for day in trial["days"].as_array().into_iter().flatten() {
        writeln!(out, "  {}  {} alerts", table::cell(&day["day"]), day["alerts"])?;
    }
    for one in trial["examples"].as_array().into_iter().flatten() {
        writeln!(out, "  [{}] {}", table::cell(&one["severity"]), table::cell(&one["name"]))?;
    }
    writeln!(
        out,
        "  {} runs: {} alerts, {} rows kept back as the same, {} rows told of together; {} rows read in {} ms",
        trial["runs"],
        trial["alerts"],
        trial["suppressed"],
        trial["aggregated"],
        trial["rows_scanned"],
        trial["elapsed_ms"]
    )
}

fn import(out: &mut impl Write, target: &ServerArgs, files: &[PathBuf]) -> Result<u8, Failure> {
    let client = Client::need(target)?;
    let mut refused = false;
    for path in files {
        for one in read(path)? {
            let body = json!({"rule": one.rule, "enabled": one.enabled});
            match client.query("/rules", &one.rule.query, &body) {
                Ok(mut answer) => {
                    let record: Value = answer.body_mut().read_json().unwrap_or_default();
                    writeln!(out, "rule {}: {}", record["id"], table::cell(&record["rule"]["name"]))?;
                }
                Err(Failure::Input(why)) => {
                    refused = true;
                    eprintln!("{}: {}: {why}", one.file, one.rule.name);
                }
                Err(other) => return Err(other),
            }
        }
    }
    Ok(u8::from(refused))
}

fn set(out: &mut impl Write, target: &ServerArgs, id: i64, file: &Path) -> Result<u8, Failure> {
    let mut rules = read(file)?;
    let (Some(one), true) = (rules.pop(), rules.is_empty()) else {
        return Err(Failure::Input(format!("{}: it must hold one rule", file.display())));
    };
    let body = json!({"rule": one.rule, "enabled": one.enabled});
    let record = Client::need(target)?.patch_query(&format!("/rules/{id}"), &one.rule.query, &body)?;
    writeln!(out, "Rule {id} ({}) is changed.", table::cell(&record["rule"]["name"]))?;
    Ok(0)
}

fn export(out: &mut impl Write, target: &ServerArgs, ids: &[i64], format: RuleFormat) -> Result<u8, Failure> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let wanted = if ids.is_empty() { String::new() } else { format!("&id={}", ids.join(",")) };
    let name = if format == RuleFormat::Toml { "toml" } else { "cortex" };
    let text = Client::need(target)?.download(&format!("/rules/export?format={name}{wanted}"))?;
    out.write_all(&text)?;
    writeln!(out)?;
    Ok(0)
}

fn switch(out: &mut impl Write, target: &ServerArgs, id: i64, on: bool) -> Result<u8, Failure> {
    let record = Client::need(target)?.patch(&format!("/rules/{id}"), &json!({"enabled": on}))?;
    let name = table::cell(&record["rule"]["name"]);
    writeln!(out, "Rule {id} ({name}) is {}.", if on { "on" } else { "off" })?;
    Ok(0)
}
