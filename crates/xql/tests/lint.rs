//! Linting real and hostile queries.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use vedette_xql::{RULES, lint};

#[test]
fn long_queries_do_not_take_long() {
    let conditions: Vec<String> = (0..4_000).map(|n| format!("f{n} != \"v{n}\"")).collect();
    let columns: Vec<String> = (0..2_000).map(|n| format!("c{n} = add(x, {n})")).collect();
    for text in [
        format!("dataset = a | filter {}", conditions.join(" or ")),
        format!("dataset = a | filter {}", conditions.join(" and ")),
        format!("dataset = a | alter {} | comp count() as n by q", columns.join(", ")),
        format!("dataset = a {}", "| filter b = 1 ".repeat(500)),
    ] {
        let begun = Instant::now();
        lint(&text);
        // Far more than it takes; a step that is quadratic takes minutes.
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}: {}", begun.elapsed(), &text[..60]);
    }
}

#[test]
fn real_queries_are_linted() {
    let folder = std::env::var_os("VEDETTE_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let Ok(lines) = std::fs::read_to_string(folder.join("xql/corpus.jsonl")) else {
        return println!("skipped: {} has no corpus", folder.display());
    };
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for line in lines.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let found = lint(row["query"].as_str().unwrap());
        assert!(found.windows(2).all(|pair| pair[0].span.start <= pair[1].span.start), "{}", row["id"]);
        for one in &found {
            assert!(one.is_error() || one.help.is_some(), "{}: {one:?}", row["id"]);
        }
        let mut codes: Vec<&str> = found.iter().map(|one| one.code).collect();
        codes.dedup();
        codes.into_iter().for_each(|code| *counts.entry(code).or_default() += 1);
    }
    for rule in RULES {
        println!("{} {:4} {}", rule.code, counts.get(rule.code).copied().unwrap_or_default(), rule.doc);
    }
}

/// The page is made from the rules; `UPDATE=1` writes it.
#[test]
fn the_page_of_the_rules_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/lint.md");
    let mut page = "# What `vedette xql lint` warns of\n\nQueries that run and probably do not say what was \
                    meant, or cost more than they need. A comment `// allow XQL501` anywhere in a query \
                    silences that rule in it.\nMade from the rules in `crates/xql/src/lint/`.\n"
        .to_owned();
    for rule in RULES {
        let (bad, good) = (vedette_xql::format(rule.bad).unwrap(), vedette_xql::format(rule.good).unwrap());
        let bad = bad.replace('\n', "\n    ");
        let good = good.replace('\n', "\n    ");
        let (bad, good) = (bad.trim_end(), good.trim_end());
        page += &format!(
            "\n## {}: {}\n\n{}\n\n    {bad}\n\nBetter:\n\n    {good}\n",
            rule.code, rule.doc, rule.why
        );
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == page, "docs/lint.md is not what the rules say: run this test with UPDATE=1");
}
