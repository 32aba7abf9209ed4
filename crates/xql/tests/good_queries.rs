//! Right queries and what they mean: each `good/*.xql` has its typed tree in a `.snap` beside it. To
//! accept new ones: `INSTA_UPDATE=always cargo test -p vedette-xql`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod dump;

use std::path::{Path, PathBuf};
use vedette_xql::ast::{Span, StageKind};
use vedette_xql::{parse, render};

fn shelf() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/good");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "xql"))
        .collect();
    files.sort();
    assert!(files.len() >= 20);
    files
        .iter()
        .map(|file| {
            (file.file_stem().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(file).unwrap())
        })
        .collect()
}

#[test]
fn meanings() {
    for (name, text) in shelf() {
        let parsed = parse(&text);
        let mut shown: Vec<_> = parsed.diagnostics.iter().map(|d| render(&text, d, None, false)).collect();
        let query = parsed.query.unwrap_or_else(|| panic!("{name}: {}", shown.join("\n")));
        shown.push(dump::query(&query));
        insta::with_settings!({snapshot_path => "good", prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_snapshot!(name, shown.join("\n"));
        });
    }
}

#[test]
fn spans_hold_what_they_name() {
    for (name, text) in shelf() {
        let query = parse(&text).query.unwrap();
        let at = |span: Span| &text[span.start as usize..span.end as usize];
        dump::names(&query, &mut |found| {
            let written = at(found.span).replace('`', "");
            assert!(
                written.trim_matches('"') == found.text && found.text.to_lowercase() == found.name,
                "{name}: {found:?} is {written}"
            );
        });
        for stage in &query.stages {
            assert!(at(stage.span).chars().next().unwrap().is_alphabetic(), "{name}: {}", at(stage.span));
        }
    }
}

#[test]
fn a_query_spans_its_stages() {
    let text = "/* a */ config timeframe = 1d | dataset = a | limit 1 ; // end";
    let span = parse(text).query.unwrap().span;
    assert_eq!(
        &text[span.start as usize..span.end as usize],
        "config timeframe = 1d | dataset = a | limit 1"
    );
}

#[test]
fn the_text_of_a_span_is_the_expression() {
    for (name, text) in shelf() {
        dump::expressions(&parse(&text).query.unwrap(), &mut |e| {
            let part = &text[e.span.start as usize..e.span.end as usize];
            // Outside its loop it is none.
            if part.contains("@element") && !part.contains("arraymap(") {
                return;
            }
            let again = parse(&format!("filter {part}")).query.unwrap_or_else(|| panic!("{name}: {part}"));
            let StageKind::Filter(again) = &again.stages[0].kind else { panic!() };
            assert_eq!(dump::expr(again), dump::expr(e), "{name}: {part}");
        });
    }
}
