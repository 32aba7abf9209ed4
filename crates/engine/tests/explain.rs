//! What is told about how a query is carried out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::sync::Arc;
use support::{Shape, Table, Tables};
use vedette_engine::{Engine, EngineConfig, ErrorKind, Explanation, QueryError, QueryLimits, QueryOptions};
use vedette_event::Time;

const NOW: Time = Time(1_769_860_800_000_000);

fn engine() -> Engine {
    let rows =
        (0..100i64).map(|n| vec![(NOW.0 - n * 1_000_000).into(), format!("u{}", n % 7).into(), n.into()]);
    let table = Table {
        name: "events".to_owned(),
        columns: [("_time", "timestamp"), ("user", "string"), ("n", "integer")]
            .map(|(name, ty)| (name.into(), ty.into()))
            .to_vec(),
        rows: rows.collect(),
    };
    let catalog = Arc::new(Tables::new(&[table], Shape { dictionaries: true, batch: 10 }));
    Engine::new(catalog, EngineConfig { threads: 2, ..EngineConfig::default() }).unwrap()
}

fn explain_with(query: &str, options: QueryOptions, analyze: bool) -> Result<Explanation, QueryError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(engine().explain(query, options, analyze))
}

fn explain(query: &str, analyze: bool) -> Explanation {
    explain_with(query, QueryOptions::at(NOW), analyze).unwrap()
}

const QUERY: &str = "dataset = events | filter user = \"u1\" | comp count() as c by user | view graph type = pie xaxis = user yaxis = c";

#[test]
fn stages_and_fields_in_order() {
    let found = explain(QUERY, false);
    let pieces: Vec<&str> =
        found.stages.iter().map(|stage| &QUERY[stage.span.start as usize..stage.span.end as usize]).collect();
    assert_eq!(pieces[..2], ["dataset = events | ", "filter user = \"u1\""]);
    let names =
        |at: usize| found.stages[at].fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>();
    assert_eq!(names(0), ["_time", "user", "n"]);
    assert_eq!(names(2), ["user", "c"]);
    assert_eq!(found.stages.len(), 4);
    assert!(found.stages.iter().all(|stage| stage.rows.is_none()) && found.ran.is_none());
    assert!(found.operators.iter().all(|one| one.rows.is_none() && one.busy.is_none()));
}

#[test]
fn what_is_read() {
    let found = explain(QUERY, false);
    assert_eq!(found.scans.len(), 1);
    let scan = &found.scans[0];
    assert_eq!(
        (scan.dataset.as_str(), &scan.columns[..], scan.of_columns),
        ("events", &["user".to_owned()][..], 3)
    );
    let read = found.operators.last().unwrap();
    assert!(read.name.contains("DataSource") && read.estimated_rows.is_some(), "{read:?}");
    assert!(found.logical.contains("TableScan: events"), "{}", found.logical);
    let both = explain("dataset = events | join (dataset = events | fields user) as o o.user = user", false);
    assert_eq!(both.scans.len(), 2);
    let inside = explain("dataset = events | filter user in (dataset = events | fields user)", false);
    assert_eq!(inside.scans.len(), 2, "{}", inside.logical);
}

#[test]
fn a_time_frame_is_told_in_times() {
    let found = explain("config timeframe = 1h | dataset = events", false);
    assert_eq!(found.timeframe, Some((Time(NOW.0 - 3_600_000_000), NOW)));
    assert_eq!(explain("dataset = events", false).timeframe, None);
}

#[test]
fn analyze_counts_and_times() {
    let found = explain(&format!("config timeframe = 50s | {QUERY}"), true);
    let rows: Vec<Option<u64>> = found.stages.iter().map(|stage| stage.rows).collect();
    assert_eq!(rows, [Some(51), Some(8), Some(1), Some(1)]);
    let (last, elapsed) = found.ran.unwrap();
    assert_eq!((last, found.stages.last().unwrap().elapsed), (1, Some(elapsed)));
    assert!(found.stages.iter().all(|stage| stage.elapsed.is_some_and(|time| !time.is_zero())));
    let counted = found.operators.iter().filter(|one| one.rows.is_some()).count();
    assert!(counted >= found.operators.len() / 2, "{:?}", found.operators);
    assert!(found.operators.iter().any(|one| one.busy.is_some()));
}

#[test]
fn analyze_tells_the_rows_of_every_stage() {
    let rows = |query: &str| {
        let stages = explain(query, true).stages;
        stages.iter().map(|stage| stage.rows.unwrap()).collect::<Vec<_>>()
    };
    let query = "dataset = events | filter n < 50 | alter m = n | dedup user | sort asc m | fields m";
    assert_eq!(rows(query), [100, 50, 50, 7, 7, 7]);
    let query =
        "dataset = events | fields n | limit 20 | union (dataset = events) | filter n = 3 | alter m = 1";
    assert_eq!(rows(query), [100, 100, 20, 120, 2, 2]);
    assert_eq!(rows("dataset = events"), [100]);
    assert_eq!(
        rows("dataset = events | filter n > 90 | comp count() as c"),
        [100, 9, 1],
        "no column is read"
    );
    let query =
        "dataset = events | windowcomp count() by user as c | filter c > 14 | comp count() as n | sort asc n";
    assert_eq!(rows(query), [100, 100, 30, 1, 1]);
}

#[test]
fn mistakes_and_limits_are_errors() {
    let wrong = explain_with("dataset = events | filter usr = 1", QueryOptions::at(NOW), false).unwrap_err();
    assert_eq!(wrong.kind, ErrorKind::Query);
    assert_eq!(wrong.diagnostics[0].fix.as_ref().unwrap().text, "user");
    assert!(explain_with("dataset = ", QueryOptions::at(NOW), true).is_err());
    let join = "dataset = events | join (dataset = events) as a a.n >= n | join (dataset = events) as b b.n >= n | join (dataset = events) as c c.n >= n | join (dataset = events) as d d.n >= n";
    let limits = QueryLimits { runtime: Some(std::time::Duration::from_millis(1)), ..QueryLimits::default() };
    let slow = explain_with(join, QueryOptions { limits, ..QueryOptions::at(NOW) }, true).unwrap_err();
    assert_eq!(slow.kind, ErrorKind::Resources, "{slow:?}");
}

#[test]
fn the_built_in_datasets_can_be_planned_without_data() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let engine = Engine::new(Arc::new(vedette_engine::empty_catalog()), EngineConfig::default()).unwrap();
    let query = "dataset = xdr_data | filter target_port = 445 | comp count() as n by source_ip";
    let found = runtime.block_on(engine.explain(query, QueryOptions::at(NOW), true)).unwrap();
    assert_eq!(found.stages.iter().map(|stage| stage.rows).collect::<Vec<_>>(), [Some(0); 3]);
    let names = vedette_engine::names(&vedette_engine::empty_catalog());
    let xdr = names.dataset("xdr_data").unwrap();
    assert!(xdr.model.contains(&"xdm.source.ipv4".to_owned()) && !xdr.doc.is_empty());
    assert!(names.preset("xdr_process").is_some() && names.aliases.contains(&"ip".to_owned()));
}
