//! The shelf of wrong queries and what is said about them. Each `bad/*.xql` has its messages in a `.snap`
//! beside it; read the messages as the tired analyst who gets them. To accept new ones:
//! `INSTA_UPDATE=always cargo test -p vedette-xql`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use vedette_xql::codes::{self, CODES, Fault};
use vedette_xql::{check, check_rules, parse, render};

fn shelf() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "xql" || extension == "xif"))
        .collect();
    files.sort();
    files
}

/// The mistakes of a query, or of a file of rules.
fn found(file: &Path, text: &str) -> Vec<vedette_xql::Diagnostic> {
    if file.extension().is_some_and(|extension| extension == "xif") { check_rules(text) } else { check(text) }
}

#[test]
fn messages() {
    let files = shelf();
    assert!(files.len() >= 60);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.file_stem().unwrap().to_str().unwrap();
        let shown: Vec<_> = found(&file, &text).iter().map(|d| render(&text, d, None, false)).collect();
        assert!(!shown.is_empty(), "{name} is not wrong");
        insta::with_settings!({snapshot_path => "bad", prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_snapshot!(name, shown.join("\n"));
        });
    }
}

/// The engine's own codes have their messages tested there; limits have tests in `hostile`.
#[test]
fn every_code_of_the_front_end_is_on_the_shelf() {
    let seen: BTreeSet<&str> = shelf()
        .iter()
        .flat_map(|file| found(file, &std::fs::read_to_string(file).unwrap()))
        .map(|d| d.code)
        .collect();
    // Every function runs; the code stays for the next one that does not yet.
    let idle = codes::FUNCTION_NOT_SUPPORTED;
    let missing: Vec<_> = CODES
        .iter()
        .filter(|row| row.code != idle)
        .filter(|row| {
            !row.code.starts_with("XQL4")
                && !row.code.starts_with("XQL9")
                && matches!(row.fault, Fault::Query | Fault::NotSupported)
        })
        .filter(|row| !seen.contains(row.code))
        .map(|row| row.code)
        .collect();
    assert!(missing.is_empty(), "no example of {missing:?}");
}

#[test]
fn a_wrong_query_is_kept_whole_and_never_run() {
    for file in shelf() {
        let text = std::fs::read_to_string(&file).unwrap();
        let parsed = parse(&text);
        assert_eq!(parsed.syntax().text().to_string(), text);
        assert_eq!(parsed.query.is_some(), !parsed.diagnostics.iter().any(|d| d.is_error()));
    }
}

/// What a fix promises: applied alone it leaves no such mistake at that place, and fewer mistakes than
/// there were.
#[test]
fn fixes_mend() {
    let mut codes = BTreeSet::new();
    for file in shelf() {
        let text = std::fs::read_to_string(&file).unwrap();
        let before = found(&file, &text);
        for (one, fix) in before.iter().filter_map(|one| Some((one, one.fix.as_ref()?))) {
            let (start, end) = (fix.span.start as usize, fix.span.end as usize);
            let mended = format!("{}{}{}", &text[..start], fix.text, &text[end..]);
            let after = found(&file, &mended);
            let still =
                after.iter().any(|other| other.code == one.code && other.span.start == one.span.start);
            assert!(!still, "{}: {one:?} is still in\n{mended}", file.display());
            assert!(
                after.len() <= before.len(),
                "{}: {one:?} became worse in\n{mended}\n{after:?}",
                file.display()
            );
            codes.insert(one.code);
        }
    }
    assert!(codes.len() >= 14, "{codes:?}");
}
