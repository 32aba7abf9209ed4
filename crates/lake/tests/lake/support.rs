//! A small dataset and ways to look at it.

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::Expr;
use std::path::Path;
use std::time::Duration;
use vedette_event::{Dataset, Field, FieldType, Row, Time, Value};
use vedette_lake::{Lake, LakeConfig};

pub const THINGS: Dataset = Dataset {
    name: "things",
    doc: "Numbered rows.",
    fields: &[
        Field::time("_time", "When."),
        Field::time("_insert_time", "When stored."),
        Field::str("_id", "Identifier."),
        Field::int("n", "Number."),
        Field::word("word", "Few values."),
        Field::ip("ip", "Address."),
        Field::new("tags", FieldType::StrList, "Tags."),
        Field::new("ports", FieldType::IntList, "Ports."),
        Field::new("score", FieldType::Float, "Score."),
        Field::bool("odd", "Odd."),
    ],
};

pub const OTHERS: Dataset = Dataset {
    name: "others",
    doc: "Numbered rows beside.",
    fields: &[
        Field::time("_time", "When."),
        Field::time("_insert_time", "When stored."),
        Field::str("_id", "Identifier."),
        Field::int("n", "Number."),
    ],
};

/// A lake that does nothing by itself.
pub fn config(dir: &Path) -> LakeConfig {
    LakeConfig {
        datasets: vec![&THINGS, &OTHERS],
        flush_interval: Duration::from_secs(3600),
        wal_segment_bytes: 1 << 20,
        vacuum_grace: Duration::ZERO,
        ..LakeConfig::new(dir)
    }
}

pub async fn open(dir: &Path) -> Lake {
    Lake::open(config(dir)).await.unwrap()
}

/// Row `n` of `things`; its time is `n` seconds after the epoch.
pub fn row(n: i64) -> Row {
    vec![
        Value::Time(Time::from_seconds(n)),
        Value::Null,
        Value::Null,
        Value::Int(n),
        Value::from(["red", "green", "blue"][n.rem_euclid(3) as usize]),
        Value::text(if n % 2 == 0 {
            format!("10.0.{}.{}", n / 256 % 256, n % 256)
        } else {
            format!("fe80::{n:x}")
        }),
        Value::List(vec![Value::from("a"), Value::text(n.to_string())]),
        Value::List(vec![Value::Int(n), Value::Null]),
        Value::Float(n as f64 / 2.0),
        Value::Bool(n % 2 == 1),
    ]
}

pub fn rows(numbers: std::ops::Range<i64>) -> Vec<Row> {
    numbers.map(row).collect()
}

pub fn other(n: i64) -> Row {
    vec![Value::Time(Time::from_seconds(n)), Value::Null, Value::Null, Value::Int(n)]
}

/// The columns named of the rows the filter lets through.
pub async fn read(lake: &Lake, dataset: &str, columns: &[&str], filter: Option<Expr>) -> Vec<RecordBatch> {
    let table = SessionContext::new().read_table(lake.provider(dataset).unwrap()).unwrap();
    let table = match filter {
        Some(filter) => table.filter(filter).unwrap(),
        None => table,
    };
    table.select_columns(columns).unwrap().collect().await.unwrap()
}

/// The numbers of a dataset, sorted.
pub async fn numbers(lake: &Lake, dataset: &str) -> Vec<i64> {
    ints(&read(lake, dataset, &["n"], None).await)
}

pub fn ints(batches: &[RecordBatch]) -> Vec<i64> {
    let mut numbers: Vec<i64> = batches
        .iter()
        .flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec())
        .collect();
    numbers.sort_unstable();
    numbers
}

/// Files of a folder that end so.
pub fn files(dir: &Path, ending: &str) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let mut paths: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    paths.sort();
    paths
}

pub fn wal_files(dir: &Path) -> Vec<std::path::PathBuf> {
    files(&dir.join("wal"), ".wal")
}

pub fn parquet_files(dir: &Path, dataset: &str) -> Vec<std::path::PathBuf> {
    files(&dir.join("datasets").join(dataset), ".parquet")
}
