//! Queries over rows in files and in memory at once: what is read late is the same, and all rows that
//! were looked at are counted.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::sync::Arc;
use vedette_engine::{Engine, EngineConfig, LakeCatalog, QueryOptions, QueryResult};
use vedette_event::datasets::panw::{THREAT, TRAFFIC};
use vedette_event::{Row, Time, Value};
use vedette_lake::{Lake, LakeConfig};

const END: i64 = 1_780_000_000;
const STORED: i64 = 3_000;
const FRESH: i64 = 500;

fn rows(numbers: std::ops::Range<i64>) -> Vec<Row> {
    let row = |number: i64| {
        let mut row = vec![Value::Null; THREAT.fields.len()];
        let mut set = |name: &str, value: Value| row[THREAT.position(name).unwrap()] = value;
        set("_time", Value::Time(Time::from_seconds(END - 10_000 + number)));
        set("source_ip", Value::from(format!("10.0.{}.{}", number / 50 % 10, number % 50)));
        set("action", Value::text(["allow", "Drop", "deny"][(number % 3) as usize].to_owned()));
        set("file_name", Value::from(format!("/part/{number}/Index.html")));
        set("session_id", Value::Int(number));
        row
    };
    numbers.map(row).collect()
}

/// Rows 0 to 2,999 in a file, the others in memory.
async fn engine(folder: &Path) -> Engine {
    let open = || {
        let mut config = LakeConfig::new(folder);
        config.datasets = vec![&THREAT];
        config.retention_days = 0;
        Lake::open(config)
    };
    let lake = open().await.unwrap();
    lake.append(THREAT.name, rows(0..STORED)).await.unwrap();
    lake.close().await.unwrap();
    drop(lake);
    let lake = open().await.unwrap();
    assert!(lake.datasets().iter().any(|info| info.files > 0), "nothing lies in files");
    lake.append(THREAT.name, rows(STORED..STORED + FRESH)).await.unwrap();
    Engine::new(Arc::new(LakeCatalog::new(lake)), EngineConfig { threads: 2, ..EngineConfig::default() })
        .unwrap()
}

async fn run(engine: &Engine, query: &str) -> QueryResult {
    let text = format!("dataset = panw_ngfw_threat_raw | {query}");
    engine.run(&text, QueryOptions::at(Time::from_seconds(END))).await.unwrap()
}

/// The session numbers of the result, ascending.
fn sessions(result: &QueryResult) -> Vec<i64> {
    let at = result.columns().iter().position(|column| column.name == "session_id").unwrap();
    let number = |row: Row| match row[at] {
        Value::Int(number) => number,
        _ => -1,
    };
    let mut numbers: Vec<i64> = result.rows().map(number).collect();
    numbers.sort_unstable();
    numbers
}

#[tokio::test]
async fn whole_rows_behind_a_filter_are_the_right_ones_and_all_are_counted_as_read() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path()).await;
    let all = 0..STORED + FRESH;
    let expected = |keep: fn(&i64) -> bool| -> Vec<i64> { all.clone().filter(keep).collect() };
    for (query, expected) in [
        (r#"filter source_ip = "10.0.3.7""#, expected(|n| n / 50 % 10 == 3 && n % 50 == 7)),
        (r#"filter action = "drop" and file_name contains "/9/INDEX""#, vec![]),
        (
            r#"filter action = "DROP" and file_name contains "99/INDEX""#,
            expected(|n| n % 3 == 1 && n % 100 == 99),
        ),
        (r#"filter incidr(source_ip, "10.0.9.48/31")"#, expected(|n| n / 50 % 10 == 9 && n % 50 >= 48)),
        (r#"filter source_ip != "10.0.3.7" and session_id < 5"#, vec![0, 1, 2, 3, 4]),
    ] {
        let result = run(&engine, query).await;
        assert_eq!(sessions(&result), expected, "{query}");
        assert_eq!(result.stats.rows_scanned, (STORED + FRESH) as u64, "{query}");
    }
}

#[tokio::test]
async fn the_newest_are_found_in_files_and_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path()).await;
    let newest = run(&engine, "sort desc _time | limit 600").await;
    assert_eq!(sessions(&newest), (STORED + FRESH - 600..STORED + FRESH).collect::<Vec<_>>());
    let oldest = run(&engine, r#"filter action = "deny" | sort asc _time | limit 3"#).await;
    assert_eq!(sessions(&oldest), [2, 5, 8]);
}

#[tokio::test]
async fn distinct_values_are_counted_over_both() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path()).await;
    let query = "comp count_distinct(source_ip) as sources, values(action) as actions, count_distinct(session_id) as sessions";
    let result = run(&engine, query).await;
    let row = result.rows().next().unwrap();
    assert_eq!((&row[0], &row[2]), (&Value::Int(500), &Value::Int(STORED + FRESH)));
    let one = run(&engine, "comp count_distinct(file_name) as files by source_ip | filter files != 7").await;
    assert_eq!(one.rows().count(), 0);
}

#[tokio::test]
async fn the_data_model_reads_several_datasets_of_the_lake_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = LakeConfig::new(folder.path());
    config.datasets = vec![&THREAT, &TRAFFIC];
    config.retention_days = 0;
    let lake = Lake::open(config).await.unwrap();
    lake.append(THREAT.name, rows(0..30)).await.unwrap();
    let mut row = vec![Value::Null; TRAFFIC.fields.len()];
    row[TRAFFIC.position("_time").unwrap()] = Value::Time(Time::from_seconds(END - 5));
    row[TRAFFIC.position("source_ip").unwrap()] = Value::from("192.0.2.1".to_owned());
    lake.append(TRAFFIC.name, vec![row]).await.unwrap();
    let engine = Engine::new(Arc::new(LakeCatalog::new(lake)), EngineConfig::default()).unwrap();
    for of in ["dataset in (panw_ngfw_threat_raw, panw_ngfw_traffic_raw)", "dataset in (panw_ngfw_*)", ""] {
        let text = format!(
            "datamodel {of} | filter xdm.source.ipv4 = \"192.0.2.1\" | fields xdm.source.ipv4, _time"
        );
        let found = engine.run(&text, QueryOptions::at(Time::from_seconds(END))).await;
        let found =
            found.map_err(|error| format!("{of}: {} {:?}", error.message, error.diagnostics)).unwrap();
        assert_eq!(found.rows().count(), 1, "{of}");
    }
}
