//! The real queries of the shared folder: every one is understood, or held back only by what is not
//! supported yet. Skipped with a message where the folder is absent.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use vedette_xql::{Fault, parse, render};

fn shared(path: &str) -> Option<String> {
    let folder = std::env::var_os("VEDETTE_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let text = std::fs::read_to_string(folder.join(path)).ok();
    if text.is_none() {
        println!("skipped: {} is not there", folder.join(path).display());
    }
    text
}

fn queries() -> Vec<(String, String)> {
    let Some(lines) = shared("xql/corpus.jsonl") else { return Vec::new() };
    lines
        .lines()
        .map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            (row["id"].as_str().unwrap().to_owned(), row["query"].as_str().unwrap().to_owned())
        })
        .collect()
}

/// What is in the corpus and no XQL, by the reason.
const NOT_XQL: &[(&str, &[&str])] = &[
    (
        "a template with a placeholder where a name should be",
        &["q8317a795fa", "q92acf49eb9", "qc79703caf5", "qcbff76aeae", "q794c7c1600", "q09032f4643"],
    ),
    (
        "`+` between texts; on a live tenant the parser refuses infix arithmetic",
        &[
            "q0c3797d69f",
            "q13e1cb2d1b",
            "q1934d2fa3d",
            "q1a51c5d94f",
            "q1e42b1aa8d",
            "q213a77f9fc",
            "q3635119590",
            "q458fa7255e",
            "q6071b090d5",
            "q843261cc03",
            "q9459ffb6aa",
            "qae3378e1ed",
            "qe3c2eff7d3",
        ],
    ),
    (
        "`matches regex` and `bin()` of other languages",
        &["q2209e739c4", "q76dc62f263", "qc329478080", "q0c128e481e"],
    ),
    ("`gte` and `lt` of a converter's own tests", &["q6d5f4b15c3", "q967c9654b4"]),
    ("`dc()` of another language", &["qefbbe11ba1"]),
    ("`field[\"key\"]` of another language", &["q7f634f1c54"]),
];

#[test]
fn no_real_query_is_called_wrong() {
    let (mut whole, mut not_yet) = (0, 0);
    let mut missing: BTreeMap<String, usize> = BTreeMap::new();
    let mut not_xql: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (id, text) in queries() {
        let parsed = parse(&text);
        assert_eq!(parsed.syntax().text().to_string(), text, "{id} is not kept whole");
        let errors: Vec<_> = parsed.diagnostics.iter().filter(|d| d.is_error()).collect();
        if errors.is_empty() {
            assert!(parsed.query.is_some());
            whole += 1;
        } else if errors.iter().all(|d| d.fault() == Fault::NotSupported) {
            not_yet += 1;
            let mut reasons: Vec<_> = errors.iter().map(|d| d.message.clone()).collect();
            reasons.sort();
            reasons.dedup();
            for reason in reasons {
                *missing.entry(reason).or_default() += 1;
            }
        } else if let Some((reason, _)) = NOT_XQL.iter().find(|(_, ids)| ids.contains(&id.as_str())) {
            *not_xql.entry(*reason).or_default() += 1;
        } else {
            for d in errors.into_iter().filter(|d| d.fault() != Fault::NotSupported) {
                wrong.push(format!("{id}\n{}", render(&text, d, None, false)));
            }
        }
    }
    let mut missing: Vec<_> = missing.into_iter().collect();
    missing.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    println!("parse now: {whole}; only not supported yet: {not_yet}; called wrong: {}", wrong.len());
    for (reason, count) in not_xql {
        println!("{count:5}  no XQL: {reason}");
    }
    for (reason, count) in missing {
        println!("{count:5}  {reason}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_headline_query_has_no_diagnostics() {
    let Some(text) = shared("seed/internal_scan_threats.xql") else { return };
    let parsed = parse(&text);
    let shown: Vec<_> = parsed.diagnostics.iter().map(|d| render(&text, d, None, false)).collect();
    assert!(shown.is_empty(), "{}", shown.join("\n"));
    let query = parsed.query.unwrap();
    assert_eq!(query.stages.len(), 13);
    assert_eq!(parse(&text).syntax().text().to_string(), text);
}
