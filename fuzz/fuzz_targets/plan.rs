//! Queries made of any bytes, with every stage and function, planned and run over a few rows: nothing panics, and
//! nothing is our mistake. The queries are those of the test `random_queries` of the engine.
#![no_main]

#[path = "../../crates/engine/tests/support/random.rs"]
mod random;

use libfuzzer_sys::fuzz_target;
use std::sync::{Arc, OnceLock};
use vedette_engine::{Engine, EngineConfig, ErrorKind, LakeCatalog, QueryOptions};
use vedette_event::{Dataset, Field, FieldType, Row, Time, Value};

const NOW: Time = Time(1_769_860_800_000_000);

static T: Dataset = Dataset {
    name: "t",
    doc: "",
    fields: &[
        Field::time("_time", ""),
        Field::str("_id", ""),
        Field::int("i", ""),
        Field::new("f", FieldType::Float, ""),
        Field::str("s", ""),
        Field::word("w", ""),
        Field::new("b", FieldType::Bool, ""),
        Field::time("at", ""),
        Field::new("l", FieldType::StrList, ""),
        Field::new("n", FieldType::IntList, ""),
        Field::ip("ip", ""),
        Field::str("js", ""),
    ],
};

static U: Dataset = Dataset {
    name: "u",
    doc: "",
    fields: &[Field::int("i", ""), Field::str("s", ""), Field::str("note", "")],
};

fn rows() -> Vec<Row> {
    let texts = || Value::List(vec![Value::from("a"), Value::from("1"), Value::Null]);
    let numbers = || Value::List(vec![Value::Int(1), Value::Null]);
    let full = |n: i64| {
        vec![
            Value::Time(NOW),
            Value::from("a"),
            Value::Int(n),
            Value::Float(0.5),
            Value::from("a,b"),
            Value::from("w"),
            Value::Bool(n > 0),
            Value::Time(Time(n)),
            texts(),
            numbers(),
            Value::from("10.0.0.1"),
            Value::from("{\"a\":{\"b\":[1,\"x\"]}}"),
        ]
    };
    vec![full(7), full(i64::MAX), vec![Value::Null; 12]]
}

fn engine() -> &'static (Engine, tokio::runtime::Runtime) {
    static ENGINE: OnceLock<(Engine, tokio::runtime::Runtime)> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let few = || Ok(vec![vec![Value::Int(7), Value::from("a"), Value::Null]]);
        let catalog = LakeCatalog::without_lake()
            .with_rows(&T, Arc::new(|| Ok(rows())))
            .with_rows(&U, Arc::new(few));
        let config = EngineConfig { threads: 1, memory_limit: 256 << 20, ..EngineConfig::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        (Engine::new(Arc::new(catalog), config).unwrap(), runtime)
    })
}

fuzz_target!(|bytes: &[u8]| {
    let (engine, runtime) = engine();
    let text = random::query(&mut random::Choices::new(bytes));
    if let Err(error) = runtime.block_on(engine.run(&text, QueryOptions::at(NOW))) {
        assert!(error.kind != ErrorKind::Internal, "{text}\n{error}");
    }
});
