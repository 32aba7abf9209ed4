//! `call_macro "name"`: stages of the query library in the place of the call.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use datafusion::catalog::TableProvider;
use serde_json::json;
use std::sync::Arc;
use support::{Shape, Table, Tables};
use vedette_engine::{Catalog, DatasetFields, Engine, EngineConfig, QueryError, QueryOptions};
use vedette_event::Time;

struct WithLibrary(Tables);

impl Catalog for WithLibrary {
    fn datasets(&self) -> Vec<DatasetFields> {
        self.0.datasets()
    }

    fn provider(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, QueryError> {
        self.0.provider(name)
    }

    fn library_query(&self, name: &str) -> Option<String> {
        let text = match name {
            "small" => "filter port < ${most}",
            "label" => "alter class = if(${field} < ${ bound }, \"low\", ${other})",
            "both" => {
                "call_macro \"small\" most = ${limit} | call_macro \"label\" field=port, bound=100, other=\"high\""
            }
            "round" => "call_macro \"round\"",
            "whole" => "dataset = hosts | limit 1",
            "wrong" => "filter port ==",
            "stranger" => "filter nothing = 1",
            "open" => "filter port < ${most",
            _ => return None,
        };
        Some(text.to_owned())
    }
}

fn run(query: &str) -> Result<String, QueryError> {
    let table = Table {
        name: "hosts".to_owned(),
        columns: [("name", "string"), ("port", "integer")].map(|(n, t)| (n.into(), t.into())).to_vec(),
        rows: vec![vec![json!("a"), json!(22)], vec![json!("b"), json!(443)], vec![json!("c"), json!(9000)]],
    };
    let catalog = Arc::new(WithLibrary(Tables::new(&[table], Shape { dictionaries: true, batch: 10 })));
    let engine = Engine::new(catalog, EngineConfig { threads: 1, ..EngineConfig::default() }).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let result = runtime.block_on(engine.run(query, QueryOptions::at(Time(0))))?;
    let mut out = Vec::new();
    result.write_ndjson(&mut out).unwrap();
    Ok(String::from_utf8(out).unwrap().lines().collect::<Vec<_>>().join(" "))
}

#[test]
fn the_stages_stand_in_the_place_of_the_call() {
    let small = run("dataset = hosts | call_macro \"small\" most=500 | fields name").unwrap();
    assert_eq!(small, r#"{"name":"a"} {"name":"b"}"#);
    let both = run("dataset = hosts | CALL_MACRO \"both\" limit = 500 | fields class").unwrap();
    assert_eq!(both, r#"{"class":"low"} {"class":"high"}"#);
    // A name that is one word needs no quotes, and a field can be a value.
    let word = run("dataset = hosts | call_macro label field=port, bound=port, other=name | fields class");
    assert_eq!(word.unwrap(), r#"{"class":"a"} {"class":"b"} {"class":"c"}"#);
    let inside = run(
        "dataset = hosts | join (dataset = hosts | call_macro small most=30 | fields name as n) as j j.n = name | fields n",
    );
    assert_eq!(inside.unwrap(), r#"{"n":"a"}"#);
}

#[test]
fn mistakes_point_at_the_call_and_say_what_is_wrong() {
    for (call, words) in [
        ("\"small\"", "needs a value: most"),
        ("\"nothing\"", "no query \"nothing\""),
        ("\"round\"", "more than 10 deep"),
        ("\"whole\"", "use call for it"),
        ("\"wrong\"", "is wrong"),
        ("\"stranger\"", "no field `nothing`"),
        ("\"open\"", "is wrong"),
        ("\"small\" most = \"x\"", "the macro \"small\""),
    ] {
        let query = format!("dataset = hosts | call_macro {call}");
        let error = run(&query).unwrap_err();
        let found = &error.diagnostics[0];
        assert!(found.message.contains(words), "{query}: {}", found.message);
        assert_eq!(found.code, "XQL410", "{query}");
        let place = &query[found.span.start as usize..found.span.end as usize];
        assert!(call.starts_with(place), "{query}: {place}");
    }
}
