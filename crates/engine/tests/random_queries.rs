//! Random queries through everything that reads, plans and runs them: nothing panics, nothing is our mistake,
//! nothing hangs, and the layout keeps the meaning. `PROPTEST_CASES` makes it longer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/random.rs"]
mod random;
mod support;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use random::{Choices, DATASETS, query};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::{Shape, Table, Tables};
use vedette_engine::{Engine, EngineConfig, ErrorKind, QueryOptions};
use vedette_event::Time;

const NOW: Time = Time(1_769_860_800_000_000);
/// A query of a few rows is done in this time, also where others use the processors.
const LONGEST: Duration = Duration::from_secs(20);

fn cell(ty: &str, row: usize) -> Json {
    if row == 3 {
        return Json::Null;
    }
    match ty {
        "timestamp" => json!(["2026-01-31T08:00:00Z", "1969-12-31T23:59:59.5Z", "2026-01-31T08:00:00Z"][row]),
        "integer" => json!([7, -1, i64::MAX][row]),
        "float" => json!([0.5, -2.0, 1e300][row]),
        "boolean" => json!(row == 0),
        "ip" => json!(["10.0.0.1", "fc00::1", "none"][row]),
        "[string]" => json!([["a", "b"], [null, ""], []])[row].clone(),
        "[integer]" => json!([[1, 2, 3], [], [null]])[row].clone(),
        _ => json!(["a", "{\"a\":{\"b\":[1,\"x\"]}}", "Ä,b 2026-01-31"][row]),
    }
}

fn engine() -> Engine {
    let tables: Vec<Table> = DATASETS
        .iter()
        .map(|(name, columns)| Table {
            name: (*name).to_owned(),
            columns: columns.iter().map(|(name, ty)| ((*name).to_owned(), (*ty).to_owned())).collect(),
            rows: (0..4).map(|row| columns.iter().map(|(_, ty)| cell(ty, row)).collect()).collect(),
        })
        .collect();
    let config = EngineConfig { threads: 2, memory_limit: 256 << 20, ..EngineConfig::default() };
    Engine::new(Arc::new(Tables::new(&tables, Shape { dictionaries: true, batch: 2 })), config).unwrap()
}

/// What is wrong with how a query is treated, if anything; counts what became of it.
async fn treat(
    engine: &Engine,
    text: &str,
    counts: &mut BTreeMap<&'static str, usize>,
) -> Result<(), String> {
    let begun = Instant::now();
    let mut count = |what| *counts.entry(what).or_default() += 1;
    let found = vedette_xql::check(text);
    vedette_xql::lint(text);
    let names = vedette_engine::names(engine.catalog());
    let middle = (0..=text.len() / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    for at in [text.len(), middle] {
        vedette_xql::assist::complete(text, at, &names);
        vedette_xql::assist::hover(text, at, &names);
    }
    if found.iter().any(vedette_xql::Diagnostic::is_error) {
        count("not understood");
        return Ok(());
    }
    let laid_out = vedette_xql::format(text).map_err(|_| "checked and not laid out".to_owned())?;
    if vedette_xql::format(&laid_out).as_ref() != Ok(&laid_out) {
        return Err(format!("the layout is not stable:\n{laid_out}"));
    }
    let options = QueryOptions::at(NOW);
    let plan = |text: String| {
        let options = options.clone();
        async move { engine.explain(&text, options, false).await.map(|found| found.logical) }
    };
    match (plan(text.to_owned()).await, plan(laid_out.clone()).await) {
        (Ok(one), Ok(other)) if one == other => {}
        (Err(one), Err(other)) if one.message == other.message => {}
        (one, other) => return Err(format!("the layout changes the plan:\n{laid_out}\n{one:?}\n{other:?}")),
    }
    match engine.run(text, options).await {
        Ok(_) => count("ran"),
        Err(error) if error.kind == ErrorKind::Internal => return Err(format!("our mistake: {error}")),
        Err(error) if error.kind == ErrorKind::Query && error.diagnostics.is_empty() => {
            return Err(format!("no place: {error}"));
        }
        Err(error) => count(match error.kind {
            ErrorKind::Query => "refused",
            ErrorKind::Resources => "over its limits",
            _ => "not supported",
        }),
    }
    match begun.elapsed() {
        long if long > LONGEST => Err(format!("took {long:?}")),
        _ => Ok(()),
    }
}

#[test]
fn random_queries_are_planned_and_run_or_refused() {
    let (engine, counts) = (engine(), std::cell::RefCell::new(BTreeMap::new()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(120);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let bytes = proptest::collection::vec(any::<u8>(), 4..300);
    let result = runner.run(&bytes, |bytes| {
        let text = query(&mut Choices::new(&bytes));
        runtime
            .block_on(treat(&engine, &text, &mut counts.borrow_mut()))
            .map_err(|why| TestCaseError::fail(format!("{text}\n{why}")))
    });
    let counts = counts.into_inner();
    println!("{counts:?}");
    if let Err(found) = result {
        panic!("{found}");
    }
    let of = |what| counts.get(what).copied().unwrap_or(0) as u32;
    assert!(of("ran") * 5 > cases, "a fifth of the queries makes sense: {counts:?}");
    assert!(of("refused") * 50 > cases, "and some do not: {counts:?}");
}
