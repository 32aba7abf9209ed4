//! What the case files must show between them: every stage and function with values, with null and with wrong
//! types, and every worked example of the language reference (reference.txt says which case shows which).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/case_files.rs"]
mod case_files;
#[allow(dead_code)]
mod support;

use case_files::{Case, File, read};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use vedette_xql::functions::{FUNCTIONS, Function, Kind, Type};
use vedette_xql::stages::STAGES;

/// Fewest cases there may be.
const LEAST: usize = 600;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// The files by name, without their ending.
fn files() -> BTreeMap<String, File> {
    let entries = std::fs::read_dir(folder().join("cases")).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), read(&path))).collect()
}

/// The datasets that a file sees, with the columns that hold a null somewhere.
fn with_nulls(files: &BTreeMap<String, File>, file: &File) -> BTreeMap<String, BTreeSet<String>> {
    let tables = file.tables.iter().chain(&files["datasets"].tables);
    tables
        .map(|table| {
            let holds = |at: usize| {
                table.rows.iter().any(|row| {
                    row[at].is_null()
                        || row[at].as_array().is_some_and(|list| list.iter().any(|one| one.is_null()))
                })
            };
            let columns = table.columns.iter().enumerate().filter(|(at, _)| holds(*at));
            (table.name.to_lowercase(), columns.map(|(_, (name, _))| name.to_lowercase()).collect())
        })
        .collect()
}

fn is_error(case: &Case) -> bool {
    case.expectation.starts_with("error")
}

/// Does the query meet a null: one that is written, or a column that holds one?
fn meets_null(case: &Case, tables: &BTreeMap<String, BTreeSet<String>>) -> bool {
    let query = case.query.to_lowercase();
    let words: BTreeSet<&str> = query
        .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'))
        .filter(|w| !w.is_empty())
        .collect();
    words.contains("null")
        || tables.iter().any(|(name, columns)| {
            let named = words.contains(name.as_str());
            named && columns.iter().any(|column| words.contains(column.as_str()))
        })
}

/// Can a value of the wrong type be given to it at all?
fn is_typed(function: &Function) -> bool {
    function.params.iter().any(|param| !matches!(param.ty, Type::Any | Type::Same))
}

/// Functions that read whatever they are given, with the reason.
const TAKES_ANYTHING: &[(&str, &str)] = &[];

#[test]
fn every_function_is_shown_with_values_with_null_and_with_wrong_types() {
    let files = files();
    let mut missing = Vec::new();
    for function in FUNCTIONS {
        let call = Regex::new(&format!(r"(?i)\b{}\s*\(", function.name)).unwrap();
        let (mut values, mut null, mut wrong) = (false, function.params.is_empty(), !is_typed(function));
        wrong |= TAKES_ANYTHING.iter().any(|(name, _)| *name == function.name);
        for file in files.values() {
            let tables = with_nulls(&files, file);
            for case in file.cases.iter().filter(|case| call.is_match(&case.query)) {
                wrong |= is_error(case);
                values |= !is_error(case);
                null |= !is_error(case) && meets_null(case, &tables);
            }
        }
        let lacks = [(values, "values"), (null, "null"), (wrong, "a wrong type")];
        missing.extend(
            lacks
                .iter()
                .filter(|(there, _)| !there)
                .map(|(_, what)| format!("{} with {what}", function.name)),
        );
    }
    assert!(missing.is_empty(), "no case shows: {}", missing.join(", "));
}

/// Stages that mistakes of data cannot reach: what is wrong with them is wrong in the text (crates/xql/tests/bad).
const NO_WRONG_DATA: &[&str] = &["config", "limit", "tag", "view", "fields"];

#[test]
fn every_stage_is_shown_with_rows_with_null_and_going_wrong() {
    let files = files();
    let mut missing = Vec::new();
    for stage in STAGES {
        let begins = Regex::new(&format!(r"(?i)(^|\||\(|\n)\s*{}\b", stage.name)).unwrap();
        let (mut rows, mut null, mut wrong) = (false, false, NO_WRONG_DATA.contains(&stage.name));
        for file in files.values() {
            let tables = with_nulls(&files, file);
            for case in file.cases.iter().filter(|case| begins.is_match(&case.query)) {
                wrong |= is_error(case);
                rows |= !is_error(case);
                null |= !is_error(case) && meets_null(case, &tables);
            }
        }
        let lacks = [(rows, "rows"), (null, "null"), (wrong, "a mistake")];
        missing.extend(
            lacks.iter().filter(|(there, _)| !there).map(|(_, what)| format!("{} with {what}", stage.name)),
        );
    }
    // Their cases are in Rust, where there are files, a library and somewhere to store (tables.rs, macros.rs).
    let elsewhere = ["call with", "call_macro with", "target with rows", "target with null"];
    missing.retain(|one| !elsewhere.iter().any(|known| one.starts_with(known)));
    assert!(missing.is_empty(), "no case shows: {}", missing.join(", "));
}

#[test]
fn there_are_enough_cases() {
    let count: usize = files().values().map(|file| file.cases.len()).sum();
    println!("{count} cases");
    assert!(count >= LEAST, "{count}");
}

/// A line of reference.txt: `section | what it shows | file: name of the case, or elsewhere: where`.
struct Shown {
    section: String,
    case: String,
}

fn reference() -> Vec<Shown> {
    let text = std::fs::read_to_string(folder().join("reference.txt")).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let shown = |line: &str| {
        let parts: Vec<&str> = line.splitn(3, " | ").collect();
        let [section, _, case] = parts[..] else { panic!("reference.txt: {line}") };
        Shown { section: section.trim().to_owned(), case: case.trim().to_owned() }
    };
    lines.map(shown).collect()
}

#[test]
fn the_cases_that_show_the_reference_are_there() {
    let files = files();
    let mut missing = Vec::new();
    for shown in reference() {
        let Some((file, name)) = shown.case.split_once(": ") else {
            panic!("{}: {}", shown.section, shown.case)
        };
        let there = match file {
            // Somewhere else in the tree: a file that must exist.
            "elsewhere" => folder().join("..").join(name).exists(),
            _ => {
                files.get(file).is_some_and(|file| file.cases.iter().any(|case| case.name.starts_with(name)))
            }
        };
        if !there {
            missing.push(format!("{}: {}", shown.section, shown.case));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// Each section that the shared reference cites has a line. Skipped with a message where it is absent.
#[test]
fn every_section_of_the_reference_has_a_case() {
    let shared = std::env::var_os("VEDETTE_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let path = shared.join("xql/reference.md");
    let Ok(text) = std::fs::read_to_string(&path) else {
        return println!("skipped: {} is not there", path.display());
    };
    let have: BTreeSet<String> = reference().into_iter().map(|shown| shown.section).collect();
    let cited = Regex::new(r"14\.\d+(?:\.\d+)*(?:–\d+)?").unwrap();
    let mut missing = BTreeSet::new();
    for found in cited.find_iter(&text) {
        for section in sections(found.as_str()) {
            if !have.contains(&section) {
                missing.insert(section);
            }
        }
    }
    // The sections of the reference itself that hold decisions and worked results.
    missing.extend(["9", "11"].iter().map(|n| format!("ref {n}")).filter(|section| !have.contains(section)));
    assert!(missing.is_empty(), "no line in reference.txt for {missing:?}");
}

/// `14.4.41–46` is six sections.
fn sections(cited: &str) -> Vec<String> {
    let Some((first, last)) = cited.split_once('–') else { return vec![cited.to_owned()] };
    let (chapter, from) = first.rsplit_once('.').unwrap();
    let (from, to): (u32, u32) = (from.parse().unwrap(), last.parse().unwrap());
    (from..=to).map(|n| format!("{chapter}.{n}")).collect()
}

/// Window and aggregate functions are different kinds; the table above must not forget one.
#[test]
fn the_catalogue_has_every_kind() {
    for kind in [Kind::Scalar, Kind::Aggregate, Kind::AggregateOrWindow, Kind::Window] {
        assert!(FUNCTIONS.iter().any(|function| function.kind == kind), "{kind:?}");
    }
}
