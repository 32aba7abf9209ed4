//! Any text at all: nothing panics, nothing is lost, every diagnostic points into the text, and a query
//! is given exactly when there is no error.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;
use vedette_xql::{MAX_DIAGNOSTICS, codes, line_column, parse, render};

fn holds_for(text: &str) {
    let parsed = parse(text);
    assert_eq!(parsed.syntax().text().to_string(), text);
    let errors = parsed.diagnostics.iter().filter(|d| d.is_error()).count();
    assert_eq!(parsed.query.is_some(), errors == 0);
    assert!(parsed.diagnostics.len() <= MAX_DIAGNOSTICS + 2);
    for d in &parsed.diagnostics {
        assert_ne!(d.code, codes::INTERNAL, "{text:?}");
        assert!(codes::code(d.code).is_some());
        let (start, end) = (d.span.start as usize, d.span.end as usize);
        assert!(start <= end && end <= text.len(), "{d:?} of {text:?}");
        assert!(text.is_char_boundary(start) && text.is_char_boundary(end), "{d:?} of {text:?}");
        let (line, column) = line_column(text, d.span.start);
        assert!(line >= 1 && column >= 1);
        for colour in [false, true] {
            let shown = render(text, d, Some("x.xql"), colour);
            assert!(shown.lines().all(|line| line.chars().count() < 700), "{shown}");
        }
    }
}

/// Pieces that meet in queries, right and wrong.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(
            &[
                "dataset",
                "=",
                "in",
                "(",
                ")",
                ",",
                "|",
                "filter",
                "alter",
                "comp",
                "by",
                "as",
                "fields",
                "sort",
                "asc",
                "desc",
                "limit",
                "dedup",
                "config",
                "timeframe",
                "between",
                "case_sensitive",
                "not",
                "and",
                "or",
                "contains",
                "~=",
                "!~=",
                "!=",
                "<",
                "incidr",
                "null",
                "true",
                "\"a*\"",
                "\"",
                "\"\"\"",
                "\\",
                "'",
                "`",
                "`a b`",
                "/*",
                "*/",
                "//",
                "\n",
                "->",
                "[",
                "]",
                "{",
                "}",
                "*",
                "-",
                "+",
                "/",
                "%",
                "1",
                "1.5",
                "24h",
                "10.0.0.1/8",
                "$x",
                "\"@element\"",
                ";",
                "||",
                "==",
                "like",
                "is",
                "where",
                "stats",
                "join",
                "view",
                "count",
                "sum",
                "if",
                "lowercase",
                "xdm.source.ip",
                "ENUM.X",
                ".",
                "é",
                "🚨",
                "“x”",
                "@",
                "#",
                "\u{a0}",
                "preset",
                "datamodel",
                "9999999999999999999999",
                "select",
                "select *",
            ][..]
        )
        .prop_map(str::to_owned),
        "[a-z_]{1,8}",
    ]
}

const QUERY: &str = include_str!("good/headline_shape.xql");

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        holds_for(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn characters(text in "\\PC{0,100}") {
        holds_for(&text);
    }

    #[test]
    fn pieces(pieces in prop::collection::vec((piece(), prop::bool::weighted(0.8)), 0..60)) {
        let text: String =
            pieces.iter().flat_map(|(piece, blank)| [piece.as_str(), if *blank { " " } else { "" }]).collect();
        holds_for(&text);
    }

    #[test]
    fn pieces_after_a_stage(
        stage in prop::sample::select(&["filter ", "alter x = ", "comp ", "fields ", "sort ", "dedup ", "limit ", "config "][..]),
        pieces in prop::collection::vec(piece(), 0..15),
    ) {
        holds_for(&format!("dataset = a | {stage}{}", pieces.join(" ")));
    }

    #[test]
    fn damaged_query(cuts in prop::collection::vec((0usize..QUERY.len(), 0usize..20, piece()), 1..6)) {
        let mut text = QUERY.to_owned();
        for (at, length, piece) in cuts {
            let mut start = at.min(text.len());
            while !text.is_char_boundary(start) {
                start -= 1;
            }
            let mut end = (start + length).min(text.len());
            while !text.is_char_boundary(end) {
                end += 1;
            }
            text.replace_range(start..end, &piece);
        }
        holds_for(&text);
    }
}

#[test]
fn every_beginning_of_a_query() {
    for (end, _) in QUERY.char_indices() {
        holds_for(&QUERY[..end]);
    }
}
