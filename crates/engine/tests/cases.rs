//! Runs the text files in `tests/cases`: datasets, then queries and the rows they must give.
//!
//! ```text
//! dataset hosts
//! name: string, port: integer, tags: [string]
//! "a" | 22 | ["x", "y"]
//! b | null | null
//!
//! case what it shows
//! dataset = hosts | filter port != null | fields name
//! =>
//! name: string
//! "a"
//!
//! value lowercase(s) => string: "abc"
//! ```
//!
//! The last line is short for a query that computes one value in the dataset `one`.
//!
//! Cells are JSON; what is not JSON is a string as it stands. Column types: string, word (few
//! distinct values), ip, integer, float, boolean, timestamp, [string], [integer]. After `=>` may
//! stand `any order`, `list cut`, `limit N` (the engine's row limit, which must be hit), or
//! `error CODE "part of the query" words of the message`. Datasets of `datasets.txt` are there
//! for every file. Each case runs with dictionaries and without, in one batch and in many.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/case_files.rs"]
mod case_files;
mod support;

use case_files::{Case, cells, read};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use support::{Shape, Tables};
use vedette_engine::{Engine, EngineConfig, QueryError, QueryOptions, QueryResult};
use vedette_event::Time;

/// Now, for all cases: 2026-01-31T12:00:00Z, a Saturday.
const NOW: Time = Time(1_769_860_800_000_000);

const SHAPES: [Shape; 3] = [
    Shape { dictionaries: true, batch: 1000 },
    Shape { dictionaries: false, batch: 1000 },
    Shape { dictionaries: true, batch: 2 },
];

#[test]
fn every_case_gives_what_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let only = std::env::var("CASE").unwrap_or_default();
    let shared = read(files.iter().find(|file| file.ends_with("datasets.txt")).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut failed = String::new();
    let mut count = 0;
    for file in &files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let mut parsed = read(file);
        parsed.tables.extend(shared.tables.iter().cloned());
        for shape in SHAPES {
            let catalog = Arc::new(Tables::new(&parsed.tables, shape));
            let usual = engine(catalog.clone(), None);
            for case in parsed.cases.iter().filter(|case| format!("{name}: {}", case.name).contains(&only)) {
                // One row comes in one batch either way.
                if shape.batch == 2 && case.query.starts_with("dataset = one | alter r = ") {
                    continue;
                }
                count += 1;
                let found = match case.expectation.strip_prefix("limit ") {
                    None => runtime.block_on(run(case, &usual, false)),
                    Some(limit) => {
                        let limited = engine(catalog.clone(), Some(limit.parse().unwrap()));
                        runtime.block_on(run(case, &limited, true))
                    }
                };
                if let Some(difference) = found {
                    let _ = writeln!(
                        failed,
                        "--- {name}: {} ({shape:?})\n{}\n{difference}",
                        case.name, case.query
                    );
                }
            }
        }
    }
    println!("{count} runs of cases");
    assert!(failed.is_empty(), "{failed}");
}

fn engine(catalog: Arc<Tables>, limit: Option<u64>) -> Engine {
    let config =
        EngineConfig { threads: 2, row_limit: limit.unwrap_or(1_000_000), ..EngineConfig::default() };
    Engine::new(catalog, config).unwrap()
}

/// The fields that names alone tell, as completion and `explain` offline tell them, are those of the result.
#[test]
fn names_alone_tell_the_fields() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let files = || std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let shared = read(&files().find(|file| file.ends_with("datasets.txt")).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mut count, mut differ) = (0, String::new());
    for file in files() {
        let mut parsed = read(&file);
        parsed.tables.extend(shared.tables.iter().cloned());
        let catalog = Arc::new(Tables::new(&parsed.tables, SHAPES[0]));
        let names = vedette_engine::names(catalog.as_ref());
        let engine = engine(catalog.clone(), None);
        for case in parsed.cases.iter().filter(|case| !case.query.starts_with("dataset = one | alter r = ")) {
            let Ok(result) = runtime.block_on(engine.run(&case.query, QueryOptions::at(NOW))) else {
                continue;
            };
            let query = vedette_xql::parse(&case.query).query.unwrap();
            let fields = vedette_xql::flow::fields_of(&query, &names);
            let told: BTreeSet<String> = fields.shown().map(|field| field.name.to_lowercase()).collect();
            let real: BTreeSet<String> =
                result.columns().iter().map(|column| column.name.to_lowercase()).collect();
            count += 1;
            if told != real && !fields.open {
                let _ = writeln!(differ, "{}\n  told {told:?}\n  real {real:?}", case.query);
            }
        }
    }
    assert!(count > 140, "{count}");
    assert!(differ.is_empty(), "{differ}");
}

async fn run(case: &Case, engine: &Engine, limited: bool) -> Option<String> {
    let result = engine.run(&case.query, QueryOptions::at(NOW)).await;
    match (result, case.expectation.strip_prefix("error ")) {
        (Ok(result), None) => compare(case, &result, limited),
        (Err(error), Some(expected)) => compare_error(case, &error, expected),
        (Ok(result), Some(_)) => Some(format!("no error, but\n{}", lines(&result).join("\n"))),
        (Err(error), None) => Some(format!("error: {} {:?}", error.message, error.diagnostics)),
    }
}

fn compare(case: &Case, result: &QueryResult, limited: bool) -> Option<String> {
    let mut found = lines(result);
    let mut expected: Vec<String> = case.rows.iter().map(|row| tidy(row)).collect();
    if case.expectation == "any order" {
        found[1..].sort();
        expected[1..].sort();
    }
    if result.list_cut != (case.expectation == "list cut") {
        return Some(format!("list_cut is {}", result.list_cut));
    }
    if result.limit_hit != limited {
        return Some(format!("limit_hit is {}", result.limit_hit));
    }
    (found != expected).then(|| format!("expected\n{}\nfound\n{}\n", expected.join("\n"), found.join("\n")))
}

/// `CODE "text it points at" words`
fn compare_error(case: &Case, error: &QueryError, expected: &str) -> Option<String> {
    let (code, rest) = expected.split_once(' ').unwrap_or((expected, ""));
    let Some(diagnostic) = error.diagnostics.iter().find(|diagnostic| diagnostic.is_error()) else {
        return Some(format!("an error without diagnostics: {error:?}"));
    };
    let span = diagnostic.span.start as usize..diagnostic.span.end as usize;
    let place = case.query.get(span).unwrap_or("?");
    let whole = format!("{} {}", diagnostic.message, diagnostic.help.as_deref().unwrap_or(""));
    let (wanted, words) = match rest.strip_prefix('`').and_then(|rest| rest.split_once('`')) {
        Some((wanted, words)) => (wanted, words.trim()),
        None => (place, rest),
    };
    let good = diagnostic.code == code && place == wanted && whole.contains(words);
    (!good).then(|| format!("expected error {expected}\nfound {} at `{place}`: {whole}", diagnostic.code))
}

/// Header and rows of a result as the files write them.
fn lines(result: &QueryResult) -> Vec<String> {
    let header: Vec<String> =
        result.columns().iter().map(|column| format!("{}: {}", column.name, column.type_name)).collect();
    let mut all = vec![header.join(", ")];
    let mut json = Vec::new();
    result.write_ndjson(&mut json).unwrap();
    for line in String::from_utf8(json).unwrap().lines() {
        let row: serde_json::Map<String, Json> = serde_json::from_str(line).unwrap();
        let cells: Vec<String> = row.values().map(Json::to_string).collect();
        all.push(cells.join(" | "));
    }
    all
}

/// A line of a file with every cell as JSON; the header stays as it is.
fn tidy(row: &str) -> String {
    if row.contains(": ") && !row.starts_with(['"', '[', '{']) && !row.contains(" | ") {
        return row.to_owned();
    }
    cells(row).iter().map(Json::to_string).collect::<Vec<_>>().join(" | ")
}
