//! Layout: what it looks like, that it is stable, and that it changes nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::PathBuf;
use vedette_xql::{format, parse};

#[track_caller]
fn formatted(text: &str) -> String {
    let once = format(text).unwrap_or_else(|errors| panic!("{text}\n{errors:?}"));
    let twice = format(&once).unwrap_or_else(|errors| panic!("{once}\n{errors:?}"));
    assert_eq!(once, twice, "not idempotent");
    once
}

#[track_caller]
fn gives(text: &str, expected: &str) {
    assert_eq!(formatted(text), expected.trim_start());
}

#[test]
fn stages_begin_lines_and_words_are_in_lower_case() {
    gives(
        "DATASET=xdr_data|FILTER a=1 AND NOT b in(1,2)|comp COUNT( ) AS N BY c ,d|limit 5",
        r#"
dataset = xdr_data
| filter a = 1 and not b in (1, 2)
| comp COUNT() as N by c, d
| limit 5
"#,
    );
}

#[test]
fn config_stands_before_its_query() {
    gives(
        "config case_sensitive=false timeframe = 24h|dataset= a",
        "config case_sensitive = false timeframe = 24h\n| dataset = a\n",
    );
}

#[test]
fn long_lists_take_a_line_each() {
    gives(
        r#"dataset = a | alter first = if(source contains "one", "the first text of it", source contains "two", "the second text of it", "neither"), second = concat(a, b)
           | filter name in ("a long name of something", "another long name of something", "a third long name of it")"#,
        r#"
dataset = a
| alter
    first = if(
        source contains "one", "the first text of it",
        source contains "two", "the second text of it",
        "neither"
    ),
    second = concat(a, b)
| filter name in (
    "a long name of something", "another long name of something", "a third long name of it"
)
"#,
    );
}

#[test]
fn long_conditions_break_before_or_then_before_and() {
    let long = |n: usize| format!("field_{n} = \"a value that is long enough\"");
    let text = format!("dataset = a | filter {} or {} and ({} or {})", long(1), long(2), long(3), long(4));
    gives(
        &text,
        r#"
dataset = a
| filter field_1 = "a value that is long enough"
    or field_2 = "a value that is long enough"
        and (field_3 = "a value that is long enough" or field_4 = "a value that is long enough")
"#,
    );
}

#[test]
fn comments_and_blank_lines_stay_where_they_are() {
    gives(
        "// what this is\ndataset = a // the rows\n\n\n// ===== part two =====\n|   filter b = 1 /* really */ and c = 2\n| comp\n// first\ncount() as n, // how many\nsum(x) as s // all of it\nby d\n// | limit 5\n",
        r#"
// what this is
dataset = a // the rows

// ===== part two =====
| filter b = 1 /* really */ and c = 2
| comp
    // first
    count() as n, // how many
    sum(x) as s // all of it
    by d
// | limit 5
"#,
    );
}

#[test]
fn what_is_significant_in_names_and_texts_is_kept() {
    gives(
        "dataset = a | fields event_*,   _time | fields  - _raw_log | alter x = b->c.d[0], y = \"  two  spaces \", z = `a  b`",
        r#"
dataset = a
| fields event_*, _time
| fields - _raw_log
| alter x = b->c.d[0], y = "  two  spaces ", z = `a  b`
"#,
    );
}

#[test]
fn a_wrong_query_is_refused_with_its_mistakes() {
    let errors = format("dataset = a | filter b == ").unwrap_err();
    assert!(!errors.is_empty() && errors.iter().all(|one| one.is_error()), "{errors:?}");
    assert!(format("").is_err(), "an empty text is no query");
}

/// What the query says, without the places where it says it.
fn meaning(text: &str) -> String {
    let shown = format!("{:?}", parse(text).query);
    let mut out = String::new();
    let mut rest = shown.as_str();
    while let Some(at) = rest.find("Span {") {
        out.push_str(&rest[..at]);
        rest = rest[at..].split_once('}').map_or("", |(_, after)| after);
    }
    out + rest
}

#[test]
fn real_queries_keep_their_meaning_and_their_comments() {
    let folder = std::env::var_os("VEDETTE_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let Ok(lines) = std::fs::read_to_string(folder.join("xql/corpus.jsonl")) else {
        return println!("skipped: {} has no corpus", folder.display());
    };
    let mut done = 0;
    for line in lines.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let query = row["query"].as_str().unwrap();
        let Ok(_) = format(query) else { continue };
        let once = formatted(query);
        assert_eq!(meaning(query), meaning(&once), "{}\n{once}", row["id"]);
        let bare = |text: &str| text.split_whitespace().collect::<String>().to_lowercase();
        assert_eq!(bare(query), bare(&once), "{}\n{once}", row["id"]);
        done += 1;
    }
    println!("{done} queries formatted");
    assert!(done > 250, "{done} of {} queries", lines.lines().count());
}

#[test]
fn conditions_of_a_long_if_keep_their_values() {
    let text = "dataset = a | alter kind = if(event_type = ENUM.PROCESS and action_process_image_name contains \"cmd\", \
                \"a command line\", event_type = ENUM.FILE, \"a file\", \"something else\")";
    let shown = r#"dataset = a
| alter kind = if(
    event_type = ENUM.PROCESS and action_process_image_name contains "cmd", "a command line",
    event_type = ENUM.FILE, "a file",
    "something else"
)
"#;
    assert_eq!(format(text).unwrap(), shown);
    let long = "x".repeat(90);
    let pair = format!("dataset = a | alter k = if(b = \"{long}\", \"{long}\", c)");
    assert!(format(&pair).unwrap().contains(&format!("\n    b = \"{long}\",\n        \"{long}\",\n    c\n")));
}

#[test]
fn an_item_in_brackets_begins_its_line() {
    let condition = "(source_ip = \"10.0.0.1\" or source_ip = \"10.0.0.2\" or source_ip = \"10.0.0.3\")";
    let text = format!("dataset = a | alter k = if({condition}, (b = 1), {condition}, (b = 2))");
    let shown = format(&text).unwrap();
    assert!(shown.contains(&format!("\n    {condition}, (b = 1),\n    {condition}, (b = 2)\n")), "{shown}");
    assert_eq!(format(&shown).unwrap(), shown);
}
