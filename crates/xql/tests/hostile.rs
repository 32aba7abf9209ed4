//! Queries made to break a parser: very deep, very long, very wrong. They are answered, in time that
//! grows with their length only, on the small stack of a worker thread.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};
use vedette_xql::ast::{Expr, ExprKind, StageKind};
use vedette_xql::{Fault, MAX_DIAGNOSTICS, MAX_QUERY_BYTES, codes, parse, render};

/// The piece again and again, as far as a query may go.
fn full(head: &str, piece: &str) -> String {
    let mut text = head.to_owned();
    while text.len() + piece.len() <= MAX_QUERY_BYTES {
        text.push_str(piece);
    }
    text
}

/// Parses on a stack of one megabyte; gives the codes found.
fn codes_of(text: String) -> Vec<&'static str> {
    let run = move || {
        let start = Instant::now();
        let parsed = parse(&text);
        let took = start.elapsed();
        assert!(took < Duration::from_secs(20), "{:.60} took {took:?}", text);
        println!("{took:>10.1?}  {:?}", text.chars().take(60).collect::<String>());
        assert_eq!(parsed.syntax().text().len(), rowan_length(&text));
        assert!(parsed.diagnostics.len() <= MAX_DIAGNOSTICS + 2);
        for d in &parsed.diagnostics {
            let shown = render(&text, d, None, false);
            assert!(shown.chars().count() < 1200, "{shown}");
        }
        assert_eq!(parsed.query.is_some(), !parsed.diagnostics.iter().any(|d| d.is_error()));
        parsed.diagnostics.iter().map(|d| d.code).collect()
    };
    std::thread::Builder::new().stack_size(1 << 20).spawn(run).unwrap().join().unwrap()
}

fn rowan_length(text: &str) -> rowan::TextSize {
    rowan::TextSize::of(text)
}

#[test]
fn a_query_that_is_too_long_is_refused() {
    let text = format!("dataset = a | filter a in ({})", "\"10.0.0.1\", ".repeat(100_000));
    let parsed = parse(&text);
    assert!(text.len() > 1_000_000 && parsed.query.is_none());
    assert_eq!(parsed.diagnostics.len(), 1);
    assert_eq!(parsed.diagnostics[0].code, codes::QUERY_TOO_LONG);
    assert_eq!(parsed.diagnostics[0].fault(), Fault::Limit);
    assert_eq!(parsed.syntax().text().to_string(), text);
}

#[test]
fn deep_nesting_is_refused_with_one_message() {
    for head in [
        "(",
        "not ",
        "!",
        "if(",
        "concat(a, ",
        "(not (a = ",
        "x in (",
        "f(g(",
        "not (not lowercase(",
        "a = (",
        "a + (",
    ] {
        let codes = codes_of(full("dataset = a | filter ", head));
        assert!(codes.contains(&codes::NESTED_TOO_DEEPLY), "{head}: {codes:?}");
        assert!(!codes.contains(&codes::UNCLOSED_BRACKET), "{head}: {codes:?}");
    }
}

#[test]
fn nesting_of_real_queries_is_allowed() {
    let text = format!("dataset = a | alter x = {}y{}", "lowercase(".repeat(90), ")".repeat(90));
    assert!(parse(&text).query.is_some());
}

#[test]
fn long_chains_are_wide_and_not_deep() {
    let conditions = vec!["a = 1"; 20_000].join(" or ");
    let parsed = parse(&format!("dataset = a | filter {conditions}"));
    let query = parsed.query.unwrap();
    let StageKind::Filter(condition) = &query.stages[0].kind else { panic!() };
    assert!(depth(condition) <= 17, "{}", depth(condition));

    fn depth(e: &Expr) -> usize {
        match &e.kind {
            ExprKind::Or(a, b) => 1 + depth(a).max(depth(b)),
            _ => 1,
        }
    }
}

#[test]
fn too_many_stages_are_refused() {
    let codes = codes_of(full("dataset = a", "\n| limit 1"));
    assert_eq!(codes, [codes::TOO_MANY_STAGES]);
    let codes = codes_of(full("dataset = a", "\n| frobnicate (\"x"));
    assert!(codes.contains(&codes::TOO_MANY_STAGES) || codes.contains(&codes::TOO_MANY_MISTAKES));
}

#[test]
fn hidden_mistakes_are_counted() {
    let text = format!("dataset = a | fields {}", "\"x\", ".repeat(5000));
    let parsed = parse(&text);
    assert_eq!(parsed.diagnostics.len(), MAX_DIAGNOSTICS + 1);
    let last = parsed.diagnostics.last().unwrap();
    assert_eq!(last.code, codes::TOO_MANY_MISTAKES);
    assert_eq!(last.message, "4901 more from here on are not shown"); // 5,000 texts and one last comma
}

#[test]
fn long_nonsense_is_answered_in_time() {
    let pieces = [
        "a",
        "1",
        "\"",
        "\\\"",
        "\"\\",
        "\"\"\"",
        "\\\"\"\"\n",
        "\"a\\\"\n",
        "/*",
        "//",
        "'",
        "'\n",
        "`",
        "`\n",
        "“",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "((",
        "()",
        "[(",
        ",",
        ",,",
        "|",
        "||",
        "| |",
        ";",
        "=",
        "==",
        "a = ",
        "not ",
        "in ",
        "x in [",
        "and ",
        "a or ",
        "a and not ",
        "a + ",
        "a * ",
        "*",
        "-",
        "->",
        "a -> [",
        "a -> b ",
        "->->",
        "$x ",
        "@",
        "# ",
        "🚨",
        "é",
        "\u{300}",
        "\0",
        "\n",
        "\r\n",
        " ",
        "f(1), ",
        "frobnicate(1) = ",
        "f(x), x = g(y",
        "count() as n, ",
        "by ",
        "as ",
        "10.0.0.1 ",
        "a.b",
        "a.",
        ".",
        "1.",
        "like \"x\" ",
        "is null ",
        "where ",
        "a = b = ",
        "(a, ",
        "if(",
        "lowercase(a, \"b\" ",
        "x in (dataset = a | filter x in (",
        "<a> ",
        "{a} ",
        "extract_time(_time, \"FORTNIGHT\") = ",
        "incidr(a, \"1,1,1,1\") or ",
        "\"@element\" = ",
        "ENUM.A = ",
    ];
    for head in ["", "dataset = a | filter ", "dataset in ("] {
        for piece in pieces {
            let text = full(head, piece);
            // A part of the longest query: there are hundreds of these.
            let mut end = text.len() / 30;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            codes_of(text[..end].to_owned());
        }
    }
}

/// Eight times the text takes about eight times as long, not sixty-four.
#[test]
fn time_grows_with_length_only() {
    for (head, piece) in [
        ("dataset = a | filter ", "a = \"x\" or "),
        ("dataset = a | filter a in (", "\"10.0.0.1\", "),
        ("dataset = a | filter ", "\\\"\"\"\n"),
        ("dataset = a | alter ", "x = f(y), "),
        ("dataset = a | fields ", "\"x\" "),
        ("dataset = a | fields ", "`x`, 'y', "),
        ("", "\"a\\\"\n"),
        ("", "("),
        ("", "/* */ "),
    ] {
        let long = full(head, piece);
        let long = &long[..head.len() + piece.len() * (long.len() / 2 / piece.len())];
        let short = &long[..head.len() + piece.len() * (long.len() / 8 / piece.len())];
        let (short, long) = (best_time(short), best_time(long));
        println!("{short:>10.1?} {long:>10.1?}  {piece:?}");
        assert!(long < short * 24, "{piece:?}: {short:?}, and eight times as long: {long:?}");
    }
}

fn best_time(text: &str) -> Duration {
    let runs = (0..3).map(|_| {
        let start = Instant::now();
        std::hint::black_box(parse(text));
        start.elapsed()
    });
    runs.min().unwrap()
}
