//! Files of parsing and modelling rules: read, checked, laid out; whatever the text.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;
use vedette_xql::rules::{SectionKind, Step, parse_rules};
use vedette_xql::{check_rules, format_rules};

const FILE: &str = r#"// Our own firewall.

/* Two kinds of lines. */
[CONST]
DROPPED = "drop"; // as the device writes it
Limit = 5;

[ingest:vendor="acme", product="fw", target_dataset = acme_fw_raw, no_hit= drop, ingestnull = true ]
config case_sensitive = true
| filter _raw_log contains "acme" // every line has it
| alter action = arrayindex(regextract(_raw_log, "action=(\w+)"), 0), tags = call add_tags
| call tidy_up;
drop action = $DROPPED and to_integer(n) > $limit;

[RULE:tidy_up]
fields - tmp*;
[RULE: Add_Tags]
tag add "a", "b";
// The end of rules.

[MODEL: dataset=acme_fw_raw, model = Network]
filter action != null
| alter xdm.source.ipv4 = src,
    xdm.observer.action = _raw->["a"].b;
"#;

#[test]
fn sections_and_statements() {
    let file = parse_rules(FILE);
    assert!(file.diagnostics.is_empty(), "{:?}", file.diagnostics);
    let kinds: Vec<SectionKind> = file.sections.iter().map(|section| section.kind).collect();
    use SectionKind::{Const, Ingest, Model, Rule};
    assert_eq!(kinds, [Const, Ingest, Rule, Rule, Model]);
    let [constants, ingest, _, tags, model] = &file.sections[..] else { panic!() };
    assert_eq!((constants.constants.len(), constants.constants[1].1.text.as_str()), (2, "5"));
    assert_eq!(ingest.setting("target_dataset").unwrap().text, "acme_fw_raw");
    assert_eq!(ingest.statements.len(), 2);
    let first = &ingest.statements[0];
    assert!(
        matches!(&first.steps[..], [Step::Stage(_), Step::Call(name)] if name.name == "tidy_up"),
        "{first:?}"
    );
    assert_eq!(
        first.calls.iter().map(|call| call.name.as_str()).collect::<Vec<_>>(),
        ["add_tags", "tidy_up"]
    );
    assert!(matches!(&ingest.statements[1].steps[..], [Step::Drop(_)]));
    assert_eq!(tags.name.as_ref().unwrap().name, "add_tags");
    assert_eq!(model.setting("dataset").unwrap().text, "acme_fw_raw");
    // Places are those of the file.
    let Step::Stage(stage) = &model.statements[0].steps[1] else { panic!() };
    assert!(FILE[stage.span.start as usize..stage.span.end as usize].starts_with("alter xdm.source.ipv4"));
}

const LAID_OUT: &str = r#"// Our own firewall.

/* Two kinds of lines. */
[CONST]
DROPPED = "drop"; // as the device writes it
Limit = 5;

[INGEST: vendor = "acme", product = "fw", target_dataset = acme_fw_raw, no_hit = drop, ingestnull = true]
config case_sensitive = true
| filter _raw_log contains "acme" // every line has it
| alter action = arrayindex(regextract(_raw_log, "action=(\w+)"), 0), tags = call add_tags
| call tidy_up;
drop action = $DROPPED and to_integer(n) > $limit;

[RULE: tidy_up]
fields - tmp*;

[RULE: Add_Tags]
tag add "a", "b";

// The end of rules.
[MODEL: dataset = acme_fw_raw, model = Network]
filter action != null
| alter xdm.source.ipv4 = src, xdm.observer.action = _raw -> ["a"].b;
"#;

#[test]
fn a_file_is_laid_out() {
    let once = format_rules(FILE).unwrap();
    assert_eq!(once.replace("_raw->[\"a\"].b", "_raw -> [\"a\"].b"), LAID_OUT);
    assert_eq!(format_rules(&once).unwrap(), once);
    assert!(check_rules(&once).is_empty());
    assert!(format_rules("[MODEL: dataset = \"a\"]\nalter x == 1;").is_err());
    // What this version does not run is laid out all the same; a missing `;` is added.
    let parser = "[INGEST:vendor=\"v\",product=\"p\"]\nalter x=parse_cef(_raw_log) // why\n";
    let shown = format_rules(parser).unwrap();
    assert_eq!(shown, "[INGEST: vendor = \"v\", product = \"p\"]\nalter x = parse_cef(_raw_log) // why\n;\n");
    assert_eq!(format_rules(&shown).unwrap(), shown);
}

#[test]
fn shipped_models_are_right_and_keep_their_meaning() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../engine/models");
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(check_rules(&text).is_empty());
        let shown = format_rules(&text).unwrap();
        assert_eq!(format_rules(&shown).unwrap(), shown);
        let stages = |text: &str| -> usize {
            let sections = parse_rules(text).sections;
            sections.iter().flat_map(|section| &section.statements).map(|one| one.steps.len()).sum()
        };
        assert_eq!(stages(&text), stages(&shown));
    }
}

fn holds_for(text: &str) {
    for one in check_rules(text) {
        assert_ne!(one.code, vedette_xql::codes::INTERNAL, "{text:?}");
        assert!(text.get(one.span.start as usize..one.span.end as usize).is_some(), "{one:?} of {text:?}");
        if let Some(fix) = one.fix {
            assert!(text.get(fix.span.start as usize..fix.span.end as usize).is_some(), "{text:?}");
        }
    }
    if let Ok(shown) = format_rules(text) {
        assert_eq!(format_rules(&shown).as_ref(), Ok(&shown), "{text:?}");
    }
}

fn piece() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "\n[MODEL: dataset = \"a\"]\n",
        "\n[RULE: r]\n",
        "\n[CONST]\n",
        "\n[INGEST: vendor = \"v\", product = \"p\"]\n",
        "[",
        "]",
        ":",
        ";",
        "|",
        "=",
        ",",
        "\n",
        "// c\n",
        "/* c */",
        "filter",
        "alter",
        "call",
        "r",
        "drop",
        "config",
        "dataset",
        "a",
        "$A",
        "\"x\"",
        "\"",
        "1",
        "(",
        ")",
        "and",
        "parse_cef(a)",
        "fields - b",
        "xdm.a",
        "ä",
        "{",
    ];
    prop::sample::select(WORDS).prop_map(|word| format!("{word} "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_pieces(pieces in prop::collection::vec(piece(), 0..30)) {
        holds_for(&pieces.concat());
    }

    #[test]
    fn any_text(text in "\\PC{0,60}") {
        holds_for(&text);
        holds_for(&format!("[MODEL: dataset = \"a\"]\n{text};"));
    }

    #[test]
    fn a_damaged_file(cut in 0..FILE.len(), length in 0usize..20, piece in piece()) {
        let (mut start, mut end) = (cut, (cut + length).min(FILE.len()));
        while !FILE.is_char_boundary(start) { start -= 1; }
        while !FILE.is_char_boundary(end) { end += 1; }
        let mut text = FILE.to_owned();
        text.replace_range(start..end, &piece);
        holds_for(&text);
    }
}

#[test]
fn long_files_do_not_take_long() {
    let begun = std::time::Instant::now();
    holds_for(&"[RULE: r]\nfilter a = 1;\n".repeat(2_000));
    holds_for(&format!("[RULE: r]\n{}", "filter a = 1;\n".repeat(10_000)));
    holds_for(&"\n[MODEL:".repeat(20_000));
    holds_for(&"x".repeat(1 << 20));
    let many = check_rules(&format!("[RULE: r]\n{}", "filter a = 1;\n".repeat(1_001)));
    assert_eq!(many.iter().map(|one| one.code).collect::<Vec<_>>(), [vedette_xql::codes::TOO_MANY_STAGES]);
    assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{:?}", begun.elapsed());
}
