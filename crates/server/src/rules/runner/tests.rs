//! Windows, catching up, suppression and saving, against a real state and lake.

#![allow(clippy::unwrap_used)]
use super::super::hits::{MOST_ALERTS, MOST_ROWS};
use super::super::rule::{Action, Rule};
use super::*;
use crate::live::Live;
use crate::pipeline::Intake;
use crate::sensing::Sensing;
use std::path::Path;
use std::sync::atomic::AtomicI64;
use vedette_engine::{EngineConfig, LakeCatalog, Tables};
use vedette_event::datasets::{detections, xdr_data};
use vedette_event::{Dataset, Row, Value};

const MINUTE: i64 = 60_000_000;
/// The rows of the dataset as they stand, the time up to which they can be seen, a runner over both.
struct Scene {
    store: Arc<Store>,
    runner: Arc<Runner>,
    rows: Arc<Mutex<Vec<Row>>>,
    settled: Arc<AtomicI64>,
    _folder: tempfile::TempDir,
}

fn scene(store: Store, dataset: &'static Dataset) -> Scene {
    let (store, rows) = (Arc::new(store), Arc::new(Mutex::new(Vec::new())));
    let settled = Arc::new(AtomicI64::new(0));
    let (given, mark) = (rows.clone(), settled.clone());
    let catalog = LakeCatalog::without_lake().with_rows(dataset, Arc::new(move || Ok(given.lock().clone())));
    let folder = tempfile::tempdir().unwrap();
    let tables = Arc::new(Tables::open(folder.path()).unwrap());
    let catalog = catalog.with_tables(tables.clone());
    let config = EngineConfig { threads: 2, memory_limit: 256 << 20, ..EngineConfig::default() };
    let engine = Engine::new(Arc::new(catalog), config).unwrap();
    let (intake, _outlets) = Intake::new(10, true);
    let alerting = Alerting::new(store.clone(), Live::new(1), intake, Sensing::idle());
    let until = Box::new(move || Time(mark.load(Ordering::SeqCst)));
    let runner = Runner::new(store.clone(), (engine, tables), alerting, until);
    Scene { store, runner, rows, settled, _folder: folder }
}

impl Scene {
    async fn look(&self, now: Time) {
        for record in self.store.due_rules(now).unwrap() {
            self.runner.look_at(&record, now).await;
        }
    }

    fn runs(&self) -> Vec<Run> {
        self.store.rule_runs(None, 1000).unwrap()
    }
}

fn cells(dataset: &Dataset, cells: &[(&str, Value)]) -> Row {
    let mut row = vec![Value::Null; dataset.fields.len()];
    for (name, value) in cells {
        row[dataset.position(name).unwrap()] = value.clone();
    }
    row
}

fn probe(id: &str, time: i64, arrived: i64, source: &str) -> Row {
    cells(
        &xdr_data::DATASET,
        &[
            ("_time", Value::Time(Time(time))),
            ("_insert_time", Value::Time(Time(arrived))),
            ("_id", Value::text(id)),
            ("source_ip", Value::text(source)),
        ],
    )
}

fn every_ten_minutes(query: &str) -> Rule {
    Rule {
        name: "R".into(),
        query: query.into(),
        severity: "high".into(),
        alert_name: "$n from $source_ip".into(),
        schedule: "10 minutes".into(),
        ..Rule::default()
    }
}

const COUNT: &str = "dataset = xdr_data | comp count() as n by source_ip";

#[tokio::test(flavor = "multi_thread")]
async fn over_restarts_each_row_is_counted_in_one_window() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.db");
    let open = |path: &Path| Store::open(path).unwrap();
    open(&path).add_rule(&every_ten_minutes(COUNT), true, "ada", Time(0)).unwrap();
    let rows: Vec<Row> = (0..200).map(|n| probe(&n.to_string(), n * MINUTE, 0, "10.0.0.1")).collect();
    let mut now = 0;
    for gap in [3, 8, 1, 0, 45, 9, 14, 100] {
        now += gap * MINUTE + 11_000_000;
        let scene = scene(open(&path), &xdr_data::DATASET);
        scene.rows.lock().clone_from(&rows);
        // Twice, and from two tasks: what is done is not done again.
        tokio::join!(scene.look(Time(now)), scene.look(Time(now)));
    }
    let store = open(&path);
    let runs = store.rule_runs(None, 1000).unwrap();
    let ends: Vec<i64> = runs.iter().map(|run| run.to.0 / MINUTE).collect();
    let last = (now - 10_000_000) / MINUTE / 10;
    assert_eq!(ends, (1..=last).map(|n| n * 10).collect::<Vec<_>>());
    let counted: u64 = store
        .latest_alerts(1000)
        .unwrap()
        .iter()
        .map(|alert| {
            let name = alert.subject.name().split(' ').next().unwrap().to_owned();
            name.parse::<u64>().unwrap()
        })
        .sum();
    assert_eq!(counted, last as u64 * 10, "each row in one window, at the edges too");
    assert!(runs.iter().any(|run| run.note.as_deref().is_some_and(|note| note.contains("caught up"))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_query_fails_aloud_and_is_tried_with_each_window() {
    let scene = scene(Store::in_memory(), &xdr_data::DATASET);
    scene.store.add_rule(&every_ten_minutes("dataset = nowhere"), true, "ada", Time(0)).unwrap();
    scene.look(Time(11 * MINUTE)).await;
    scene.look(Time(21 * MINUTE)).await;
    let runs = scene.runs();
    assert_eq!(runs.len(), 2);
    assert!(runs.iter().all(|run| run.status == Status::Failed && run.error.is_some()), "{runs:?}");
    let rule = scene.store.rules().unwrap().pop().unwrap();
    assert!(rule.enabled && rule.failing_since == Some(Time(10 * MINUTE)));
    assert_eq!(scene.store.failing_rules().unwrap().len(), 1);
    let alerts = scene.store.latest_alerts(10).unwrap();
    assert_eq!((alerts.len(), alerts[0].subject.category()), (1, "Health"));
    assert_eq!(scene.runner.failures.load(Ordering::Relaxed), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_of_days_are_left_out_and_the_clock_may_jump() {
    let scene = scene(Store::in_memory(), &xdr_data::DATASET);
    scene.store.add_rule(&every_ten_minutes(COUNT), true, "ada", Time(0)).unwrap();
    let now = Time(5 * 24 * 60 * MINUTE + 30_000_000);
    scene.look(now).await;
    let runs = scene.runs();
    assert_eq!(runs.len(), 1 + super::super::schedule::CATCH_UP);
    assert_eq!(runs[0].status, Status::Skipped);
    assert!(runs[0].note.as_deref().unwrap().starts_with("696 windows"), "{:?}", runs[0].note);
    // The clock goes back by days: the rule goes on, and says so.
    let back = Time(24 * 60 * MINUTE);
    scene.look(back).await;
    let told = scene.runs().pop().unwrap();
    assert!(told.note.as_deref().unwrap().contains("clock went back"), "{told:?}");
    scene.look(back.plus(11 * MINUTE)).await;
    assert_eq!(scene.runs().pop().unwrap().to, back.plus(10 * MINUTE));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_million_rows_are_a_storm_and_no_harm() {
    let scene = scene(Store::in_memory(), &detections::DATASET);
    let many: Vec<Value> = (0..1000).map(|n| Value::text(format!("10.1.{}.{}", n / 250, n % 250))).collect();
    let row = |n: i64| {
        cells(
            &detections::DATASET,
            &[
                ("_time", Value::Time(Time(MINUTE))),
                ("name", Value::text(format!("<script>alert({n})</script>{}", "x".repeat(1000)))),
                ("target_ips", Value::List(many.clone())),
            ],
        )
    };
    *scene.rows.lock() = (0..1000).map(row).collect();
    let rule =
        every_ten_minutes("dataset = vedette_detections | arrayexpand target_ips | fields name, target_ips");
    scene.store.add_rule(&Rule { alert_name: "$name".into(), ..rule }, true, "ada", Time(0)).unwrap();
    scene.look(Time(11 * MINUTE)).await;
    let run = scene.runs().pop().unwrap();
    assert_eq!((run.rows_found as u64, run.alerts as usize), (MOST_ROWS, MOST_ALERTS + 1));
    assert_eq!(run.aggregated as u64, MOST_ROWS - MOST_ALERTS as u64);
    assert!(run.note.unwrap().contains("cut"));
    let alerts = scene.store.latest_alerts(1000).unwrap();
    assert!(alerts.iter().all(|alert| alert.subject.name().chars().count() <= 301));
    assert!(scene.store.rules().unwrap()[0].enabled);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_row_that_arrives_is_seen_once() {
    let scene = scene(Store::in_memory(), &xdr_data::DATASET);
    let query = "dataset = xdr_data | filter source_ip = \"10.0.0.1\" | fields source_ip";
    let rule = Rule { mode: Mode::RealTime, schedule: String::new(), ..every_ten_minutes(query) };
    scene.store.add_rule(&rule, true, "ada", Time(10)).unwrap();
    let arrive = |id: &str, arrived: i64, source: &str| scene.rows.lock().push(probe(id, 1, arrived, source));
    let alerts = || scene.store.latest_alerts(100).unwrap().len();
    arrive("old", 9, "10.0.0.1");
    arrive("a", 20, "10.0.0.1");
    arrive("b", 30, "10.0.0.1");
    scene.settled.store(25, Ordering::SeqCst);
    scene.look(Time(1000)).await;
    assert_eq!(alerts(), 1, "neither what came before the rule nor what may not be whole yet");
    scene.settled.store(40, Ordering::SeqCst);
    scene.look(Time(1000)).await;
    scene.look(Time(1000)).await;
    assert_eq!(alerts(), 2);
    scene.settled.store(60, Ordering::SeqCst);
    arrive("c", 50, "10.0.0.2");
    scene.look(Time(1000)).await;
    assert_eq!((alerts(), scene.runs().len()), (2, 2), "runs that find nothing are not recorded");
    // The clock goes back, and a row arrives by the new time.
    scene.settled.store(15, Ordering::SeqCst);
    scene.look(Time(1000)).await;
    arrive("d", 17, "10.0.0.1");
    scene.settled.store(18, Ordering::SeqCst);
    scene.look(Time(1000)).await;
    assert_eq!(alerts(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_saved_instead_of_raised() {
    let scene = scene(Store::in_memory(), &xdr_data::DATASET);
    let minutes: Vec<Row> = (0..30).map(|n| probe(&n.to_string(), n * MINUTE, 0, "10.0.0.1")).collect();
    scene.rows.lock().clone_from(&minutes);
    let saving = |action, dataset: &str| Rule { action, dataset: dataset.into(), ..every_ten_minutes(COUNT) };
    scene.store.add_rule(&saving(Action::Dataset, "seen_sources"), true, "ada", Time(0)).unwrap();
    scene.store.add_rule(&saving(Action::Lookup, "last_sources"), true, "ada", Time(0)).unwrap();
    for minute in [11, 21, 31] {
        scene.look(Time(minute * MINUTE)).await;
    }
    let count = async |text: &str| {
        scene.runner.engine.run(text, vedette_engine::QueryOptions::at(Time(0))).await.unwrap().row_count()
    };
    assert_eq!(count("dataset = seen_sources | filter n = 10 and rule_id = 1").await, 3);
    assert_eq!(count("dataset = seen_sources | dedup rule_window_end").await, 3);
    assert_eq!(count("dataset = last_sources").await, 1, "only what the last window found");
    // As after a crash between the rows and the mark that the window is done.
    let run = scene.runs().into_iter().find(|run| run.rule_id == 1).unwrap();
    let rule = saving(Action::Dataset, "seen_sources");
    let numbered = Numbered { id: 1, rule: &rule };
    let places = (&scene.runner.engine, &scene.runner.tables);
    evaluate::carried_out(places, numbered, run.from, run.to).await.unwrap();
    assert_eq!(count("dataset = seen_sources").await, 3, "the window's rows are not saved again");
    assert!(scene.store.latest_alerts(10).unwrap().is_empty());
    assert!(scene.runs().iter().all(|run| run.status == Status::Ok && run.rows_found == 1));
    // A name that is already that of a lookup.
    scene.store.add_rule(&saving(Action::Dataset, "last_sources"), true, "ada", Time(31 * MINUTE)).unwrap();
    scene.look(Time(41 * MINUTE)).await;
    assert_eq!(scene.store.failing_rules().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lookup_is_kept_row_by_row() {
    let scene = scene(Store::in_memory(), &xdr_data::DATASET);
    let seen = |id: &str, minute, source| probe(id, minute * MINUTE, 0, source);
    *scene.rows.lock() = vec![seen("a", 1, "10.0.0.1"), seen("b", 12, "10.0.0.2"), seen("c", 13, "10.0.0.1")];
    let keyed = |action, query: &str| Rule {
        action,
        dataset: "known".into(),
        lookup_keys: vec!["ip".into()],
        lookup_fields: [("ip".to_owned(), "source_ip".to_owned()), ("hits".to_owned(), "n".to_owned())]
            .into(),
        ..every_ten_minutes(query)
    };
    scene.store.add_rule(&keyed(Action::Lookup, COUNT), true, "ada", Time(0)).unwrap();
    scene.look(Time(11 * MINUTE)).await;
    scene.look(Time(21 * MINUTE)).await;
    let rows = || scene.runner.tables.lookup_rows("known").unwrap();
    assert_eq!(rows().len(), 2, "one was added, the other stayed: {:?}", rows());
    let gone = "dataset = xdr_data | filter source_ip = \"10.0.0.2\" | comp count() as n by source_ip";
    let rule = Rule { search_window: "1 hour".into(), ..keyed(Action::LookupRemove, gone) };
    scene.store.add_rule(&rule, true, "ada", Time(21 * MINUTE)).unwrap();
    scene.look(Time(31 * MINUTE)).await;
    assert_eq!(rows().len(), 1, "{:?}", rows());
    assert!(scene.runs().iter().all(|run| run.status == Status::Ok), "{:?}", scene.runs());
    assert!(scene.store.latest_alerts(10).unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_state_loses_no_window() {
    let scene = scene(Store::in_memory(), &xdr_data::DATASET);
    scene.rows.lock().push(probe("a", MINUTE, 0, "10.0.0.1"));
    scene.store.add_rule(&every_ten_minutes(COUNT), true, "ada", Time(0)).unwrap();
    scene.store.break_alerts(true);
    scene.look(Time(11 * MINUTE)).await;
    assert!(scene.runner.last_error.lock().is_some() && scene.runs().is_empty());
    scene.store.break_alerts(false);
    scene.look(Time(11 * MINUTE)).await;
    assert_eq!(scene.runs().len(), 1);
    assert!(scene.runner.last_error.lock().is_none());
}
