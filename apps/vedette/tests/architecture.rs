//! The table of crates in ARCHITECTURE.md against what the manifests say.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

fn metadata() -> Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Normal and build dependencies by package; tests may import what they like.
fn edges() -> BTreeMap<String, BTreeSet<String>> {
    let all = metadata();
    let packages = all["packages"].as_array().unwrap();
    let dependencies = |package: &Value| {
        let list = package["dependencies"].as_array().unwrap();
        list.iter()
            .filter(|one| one["kind"] != "dev")
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect()
    };
    packages
        .iter()
        .map(|package| (package["name"].as_str().unwrap().to_owned(), dependencies(package)))
        .collect()
}

struct Rule {
    ours: BTreeSet<String>,
    never: BTreeSet<String>,
}

fn rules() -> BTreeMap<String, Rule> {
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ARCHITECTURE.md")).unwrap();
    let words =
        |cell: &str| cell.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    let rows = text.lines().filter(|line| line.starts_with("| vedette"));
    rows.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        (cells[0].to_owned(), Rule { ours: words(cells[2]), never: words(cells[3]) })
    })
    .collect()
}

#[test]
fn the_manifests_are_what_the_architecture_says() {
    let (edges, rules) = (edges(), rules());
    let named: Vec<_> = rules.keys().collect();
    assert_eq!(
        edges.keys().collect::<Vec<_>>(),
        named,
        "ARCHITECTURE.md and the workspace list different crates"
    );
    for (name, imports) in &edges {
        let rule = &rules[name];
        let ours: BTreeSet<_> = imports.iter().filter(|one| one.starts_with("vedette")).cloned().collect();
        assert_eq!(ours, rule.ours, "{name}: imports of ours differ from ARCHITECTURE.md");
        let banned: Vec<_> = imports.intersection(&rule.never).collect();
        assert!(banned.is_empty(), "{name} must never import {banned:?}");
    }
}

/// Every test that the threat model names, as `path: name`, is there.
#[test]
fn the_tests_of_the_threat_model_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("docs/threat-model.md")).unwrap();
    let named = text.split('`').filter_map(|part| part.split_once(": "));
    let named: Vec<(&str, &str)> = named.filter(|(path, _)| path.contains('/')).collect();
    assert!(named.len() > 30, "the table has shrunk: {}", named.len());
    for (path, test) in named {
        let code = std::fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        let there = if path.ends_with(".rs") { format!("fn {test}(") } else { test.to_owned() };
        assert!(code.contains(&there), "{path} has no test {test:?}");
    }
}
