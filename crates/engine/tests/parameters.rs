//! `$name` in a query stands for a value that whoever runs it gives.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use support::{Shape, Table, Tables};
use vedette_engine::{Engine, EngineConfig, QueryError, QueryOptions};
use vedette_event::Time;

fn run(query: &str, given: &[(&str, &str)]) -> Result<String, QueryError> {
    let table = Table {
        name: "hosts".to_owned(),
        columns: [("name", "string"), ("port", "integer")].map(|(n, t)| (n.into(), t.into())).to_vec(),
        rows: vec![
            vec![json!("alpha"), json!(22)],
            vec![json!("beta*"), json!(443)],
            vec![json!("$who"), json!(1)],
        ],
    };
    let catalog = Arc::new(Tables::new(&[table], Shape { dictionaries: true, batch: 10 }));
    let engine = Engine::new(catalog, EngineConfig { threads: 1, ..EngineConfig::default() }).unwrap();
    let parameters: BTreeMap<String, String> =
        given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let options = QueryOptions { parameters, ..QueryOptions::at(Time(0)) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let query = format!("dataset = hosts | {query} | fields name");
    let result = runtime.block_on(engine.run(&query, options))?;
    let mut out = Vec::new();
    result.write_ndjson(&mut out).unwrap();
    Ok(String::from_utf8(out).unwrap().lines().collect::<Vec<_>>().join(" "))
}

#[test]
fn values_stand_where_parameters_are() {
    for (query, given) in [
        ("filter name = $who", ("who", "ALPHA")),
        ("filter name = $WHO", ("Who", "alp*")),
        ("filter name = \"$who\"", ("who", "alpha")),
        ("filter port = $port", ("port", "22")),
        ("filter port < $port", ("port", "23.5")),
        ("filter port in ($port, 7) and name != \"$who\"", ("port", "22")),
        ("filter name ~= $who", ("who", "^al")),
        ("filter concat(name, $x) = \"alpha-1\"", ("x", "-1")),
        ("filter array_any(split($list, \",\"), \"@element\" = name)", ("list", "x,alpha")),
    ] {
        let lines = run(query, &[given, ("n", "0")]).unwrap();
        let lines = lines.replace(" {\"name\":\"$who\"}", "").replace("{\"name\":\"$who\"} ", "");
        assert_eq!(lines, "{\"name\":\"alpha\"}", "{query}");
    }
}

#[test]
fn in_quotes_an_unknown_one_is_text() {
    assert_eq!(run("filter name = \"$who\"", &[]).unwrap(), "{\"name\":\"$who\"}");
}

#[test]
fn a_parameter_without_a_value_is_named() {
    let error = run("filter name = $who and port = $port", &[("port", "22")]).unwrap_err();
    assert_eq!(error.diagnostics.len(), 1);
    assert_eq!(error.diagnostics[0].message, "the parameter $who has no value");
    assert_eq!(error.diagnostics[0].span.start, 32);
}

#[test]
fn values_are_values_and_never_query() {
    assert_eq!(run("filter name = $who", &[("who", "x\" or name = \"alpha")]).unwrap(), "");
    let error = run("filter port = $port", &[("port", "22 or 1")]).unwrap_err();
    assert_eq!(error.diagnostics[0].code, "XQL403");
}
