//! The task that runs rules when they are due.
//!
//! A run ends in one step of the state (`Store::finish_run`). Whatever breaks off before that, a crash
//! or a stop of the server among it, leaves the window open, and it is run again.

use super::evaluate::{self, Evaluated, Numbered};
use super::rule::Mode;
use super::schedule::{Schedule, Skipped};
use crate::clock;
use crate::pipeline::Alerting;
use crate::state::{Finished, RuleRecord, StateError, Store};
use parking_lot::Mutex;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use vedette_engine::{Engine, ErrorKind, QueryError};
use vedette_event::Time;
use vedette_event::datasets::rule_runs::{Run, Status};

/// How often the state is asked what is due: rows raise an alert within a second of their arrival.
const TICK: Duration = Duration::from_millis(400);
/// Rules that run at one time; queries of people need room too.
const AT_ONCE: usize = 2;
/// Tries of a run that fails through no fault of its rule, and the wait between them.
const TRIES: u32 = 3;
const BETWEEN_TRIES: Duration = Duration::from_secs(10);
/// Wait of a real-time rule that fails through its own fault.
const BETWEEN_FAILURES: Duration = Duration::from_secs(60);
/// How often the arrival up to which rows were seen is stored when nothing was found.
const KEEP_SEEN: i64 = 30_000_000;
/// How often old runs are forgotten.
const TIDY: Duration = Duration::from_secs(600);

/// The arrival up to which every row can be seen; see `Lake::settled_until`.
pub type Settled = Box<dyn Fn() -> Time + Send + Sync>;

pub struct Runner {
    store: Arc<Store>,
    engine: Engine,
    alerting: Arc<Alerting>,
    settled: Settled,
    running: Mutex<HashSet<i64>>,
    /// Tries of the run under way that failed, and when to try again.
    tries: Mutex<HashMap<i64, (u32, Instant)>>,
    /// Of real-time rules: the cursor in the state, and how much further rows were seen.
    seen: Mutex<HashMap<i64, (Time, Time)>>,
    turns: Semaphore,
    pub runs: AtomicU64,
    pub failures: AtomicU64,
    /// Why the state could not be asked or told, while it cannot.
    pub last_error: Mutex<Option<String>>,
}

impl Runner {
    pub fn new(store: Arc<Store>, engine: Engine, alerting: Arc<Alerting>, settled: Settled) -> Arc<Runner> {
        Arc::new(Runner {
            store,
            engine,
            alerting,
            settled,
            running: Mutex::default(),
            tries: Mutex::default(),
            seen: Mutex::default(),
            turns: Semaphore::new(AT_ONCE),
            runs: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            last_error: Mutex::new(None),
        })
    }

    /// Runs until the server stops. Runs under way are then broken off; their windows stay open.
    pub async fn run(self: Arc<Runner>, mut stopping: watch::Receiver<bool>) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let (mut tasks, mut tidied) = (JoinSet::new(), None::<Instant>);
        loop {
            tokio::select! {
                _ = stopping.wait_for(|stopping| *stopping) => break,
                _ = tick.tick() => {}
            }
            while tasks.try_join_next().is_some() {}
            if tidied.is_none_or(|last| last.elapsed() > TIDY) {
                tidied = Some(Instant::now());
                self.state(|store, now| store.tidy_rules(now)).await;
            }
            for record in self.state(|store, now| store.due_rules(now)).await.unwrap_or_default() {
                if let Some(turn) = Turn::take(&self, record.id) {
                    let runner = self.clone();
                    tasks.spawn(async move {
                        let _turn = turn;
                        let Ok(_permit) = runner.turns.acquire().await else { return };
                        runner.look_at(&record, clock::now()).await;
                    });
                }
            }
        }
        tasks.shutdown().await;
    }

    /// Does what is due for a rule at this moment.
    pub async fn look_at(&self, record: &RuleRecord, now: Time) {
        let id = record.id;
        if self.tries.lock().get(&id).is_some_and(|(_, when)| Instant::now() < *when) {
            return;
        }
        match record.rule.mode {
            Mode::Scheduled => self.scheduled(record, now).await,
            Mode::RealTime => self.real_time(record, now).await,
        }
    }

    async fn scheduled(&self, record: &RuleRecord, now: Time) {
        let rule = Numbered { id: record.id, rule: &record.rule };
        let schedule = match Schedule::parse(&record.rule.schedule, &record.rule.timezone) {
            Ok(schedule) => schedule,
            Err(why) => {
                let run = failed(record, now, now, why);
                self.finish(Finished::of(run, (record.cursor, now))).await;
                return;
            }
        };
        let due = schedule.due(record.cursor, now);
        let mut cursor = record.cursor;
        if let Some(to) = due.restart_at {
            let note = format!("the clock went back from {cursor}; the rule begins anew from the present");
            self.finish(Finished::of(skipped(record, to, to, note), (cursor, to))).await;
            return;
        }
        if let Some(left_out) = due.skipped {
            let (run, to) =
                (skipped(record, left_out.first, left_out.last, note_of(&left_out)), left_out.last);
            if !self.finish(Finished::of(run, (cursor, to))).await {
                return;
            }
            cursor = to;
        }
        for (number, end) in due.run.iter().enumerate() {
            let (from, to) = evaluate::window(&record.rule, &schedule, *end);
            let late =
                (number + 1 < due.run.len()).then_some("caught up: its time came while Vedette did not run");
            let evaluated = evaluate::carried_out(&self.engine, rule, from, to).await;
            let Some(done) = self.settle(record, (from, to), evaluated, late) else { return };
            if !self.finish(Finished { cursor: (cursor, *end), ..done }).await {
                return;
            }
            cursor = *end;
        }
    }

    async fn real_time(&self, record: &RuleRecord, now: Time) {
        let until = (self.settled)().min(now);
        let seen = self.seen.lock().get(&record.id).filter(|(cursor, _)| *cursor == record.cursor).copied();
        let from = seen.map_or(record.cursor, |(_, seen)| seen);
        if until < from {
            // The clock went back: rows that come now bear earlier times than those seen.
            return self.keep_seen(record, until, until.plus(-KEEP_SEEN)).await;
        }
        if until == from {
            return;
        }
        let rule = Numbered { id: record.id, rule: &record.rule };
        let evaluated = evaluate::arrived(&self.engine, rule, from, until).await;
        if record.failing_since.is_none() && evaluated.as_ref().is_ok_and(|found| found.hits.is_empty()) {
            self.tries.lock().remove(&record.id);
            return self.keep_seen(record, until, record.cursor).await;
        }
        let Some(done) = self.settle(record, (from, until.plus(1)), evaluated, None) else { return };
        let mut to = until;
        if done.run.status == Status::Failed {
            // The rows are looked at again, but not every second.
            to = record.cursor;
            self.tries.lock().insert(record.id, (0, Instant::now() + BETWEEN_FAILURES));
        }
        self.finish(Finished { cursor: (record.cursor, to), ..done }).await;
    }

    /// Remembers that rows up to `until` were seen and nothing found; now and then in the state too.
    async fn keep_seen(&self, record: &RuleRecord, until: Time, stored: Time) {
        if until.since(stored) < KEEP_SEEN {
            self.seen.lock().insert(record.id, (record.cursor, until));
            return;
        }
        let (id, from) = (record.id, record.cursor);
        self.state(move |store, _| store.move_cursor(id, from, until)).await;
    }

    /// What is to be stored of a run; `None` when it is to be tried again.
    fn settle(
        &self,
        record: &RuleRecord,
        (from, to): (Time, Time),
        evaluated: Result<Evaluated, QueryError>,
        note: Option<&str>,
    ) -> Option<Finished> {
        let found = match evaluated {
            Ok(found) => found,
            Err(error) if self.may_try_again(record.id, &error) => return None,
            Err(error) => return Some(Finished::of(failed(record, from, to, error.message), (to, to))),
        };
        self.tries.lock().remove(&record.id);
        let mut notes: Vec<String> = note.map(str::to_owned).into_iter().collect();
        if found.cut {
            notes.push(format!("the result was cut at {} rows", found.rows_found));
        }
        let run = Run {
            duration_ms: i64::try_from(found.elapsed.as_millis()).unwrap_or(i64::MAX),
            rows_scanned: i64::try_from(found.rows_scanned).unwrap_or(i64::MAX),
            rows_found: i64::try_from(found.rows_found).unwrap_or(i64::MAX),
            note: (!notes.is_empty()).then(|| notes.join("; ")),
            ..blank(record, Status::Ok, from, to)
        };
        Some(Finished { run, cursor: (to, to), hits: found.hits, cut: found.cut })
    }

    /// Whether a run is left for another try: its rule is right, and it did not fail too often.
    fn may_try_again(&self, id: i64, error: &QueryError) -> bool {
        if matches!(error.kind, ErrorKind::Query | ErrorKind::Unsupported) {
            return false;
        }
        let mut tries = self.tries.lock();
        let (count, when) = tries.entry(id).or_insert((0, Instant::now()));
        *count += 1;
        *when = Instant::now() + BETWEEN_TRIES;
        if *count < TRIES {
            tracing::warn!(rule = id, error = ?error.message, "a rule's query failed; it is tried again");
            return true;
        }
        tries.remove(&id);
        false
    }

    /// Stores a run and tells of its alerts. False when its rule was changed meanwhile, or the state
    /// could not take it: nothing more is to be done for this rule now.
    async fn finish(&self, done: Finished) -> bool {
        if done.run.status == Status::Failed {
            self.failures.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(rule = done.run.rule_id, error = ?done.run.error, "a correlation rule failed");
        }
        let stored = self.state(move |store, now| {
            let mut done = done;
            done.run.finished_at = now;
            store.finish_run(done, now)
        });
        let Some(Some(outcome)) = stored.await else { return false };
        self.runs.fetch_add(1, Ordering::Relaxed);
        outcome.alerts.into_iter().for_each(|alert| self.alerting.tell_stored(alert));
        true
    }

    async fn state<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store, Time) -> Result<T, StateError> + Send + 'static,
    ) -> Option<T> {
        let store = self.store.clone();
        let done = tokio::task::spawn_blocking(move || work(&store, clock::now())).await;
        match done.unwrap_or(Err(StateError::Broken)) {
            Ok(value) => {
                *self.last_error.lock() = None;
                Some(value)
            }
            Err(error) => {
                if self.last_error.lock().replace(error.to_string()).is_none() {
                    tracing::error!(%error, "rules cannot be run: the state fails");
                }
                None
            }
        }
    }
}

/// A rule is looked at by one task at a time.
struct Turn(Arc<Runner>, i64);

impl Turn {
    fn take(runner: &Arc<Runner>, id: i64) -> Option<Turn> {
        runner.running.lock().insert(id).then(|| Turn(runner.clone(), id))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.running.lock().remove(&self.1);
    }
}

impl Finished {
    fn of(run: Run, cursor: (Time, Time)) -> Finished {
        Finished { run, cursor, hits: Vec::new(), cut: false }
    }
}

fn blank(record: &RuleRecord, status: Status, from: Time, to: Time) -> Run {
    Run {
        id: 0,
        rule_id: record.id,
        rule_name: record.rule.name.clone(),
        real_time: record.rule.mode == Mode::RealTime,
        status,
        from,
        to,
        finished_at: to,
        duration_ms: 0,
        rows_scanned: 0,
        rows_found: 0,
        alerts: 0,
        suppressed: 0,
        aggregated: 0,
        error: None,
        note: None,
    }
}

fn failed(record: &RuleRecord, from: Time, to: Time, error: String) -> Run {
    Run { error: Some(super::text::cut(&error, 2000)), ..blank(record, Status::Failed, from, to) }
}

fn skipped(record: &RuleRecord, from: Time, to: Time, note: String) -> Run {
    Run { note: Some(note), ..blank(record, Status::Skipped, from, to) }
}

fn note_of(skipped: &Skipped) -> String {
    let more = if skipped.at_least { "more than " } else { "" };
    format!(
        "{more}{} windows that ended from {} to {} were left out: their time came while Vedette did not run, \
         and only the latest are caught up",
        skipped.count, skipped.first, skipped.last
    )
}

#[cfg(test)]
mod tests {
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
        let catalog =
            LakeCatalog::without_lake().with_rows(dataset, Arc::new(move || Ok(given.lock().clone())));
        let folder = tempfile::tempdir().unwrap();
        let catalog = catalog.with_tables(Arc::new(Tables::open(folder.path()).unwrap()));
        let config = EngineConfig { threads: 2, memory_limit: 256 << 20, ..EngineConfig::default() };
        let engine = Engine::new(Arc::new(catalog), config).unwrap();
        let (intake, _outlets) = Intake::new(10, true);
        let alerting = Alerting::new(store.clone(), Live::new(1), intake, Sensing::idle());
        let until = Box::new(move || Time(mark.load(Ordering::SeqCst)));
        let runner = Runner::new(store.clone(), engine, alerting, until);
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
        let many: Vec<Value> =
            (0..1000).map(|n| Value::text(format!("10.1.{}.{}", n / 250, n % 250))).collect();
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
        let rule = every_ten_minutes(
            "dataset = vedette_detections | arrayexpand target_ips | fields name, target_ips",
        );
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
        let arrive =
            |id: &str, arrived: i64, source: &str| scene.rows.lock().push(probe(id, 1, arrived, source));
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
        let saving =
            |action, dataset: &str| Rule { action, dataset: dataset.into(), ..every_ten_minutes(COUNT) };
        scene.store.add_rule(&saving(Action::Dataset, "seen_sources"), true, "ada", Time(0)).unwrap();
        scene.store.add_rule(&saving(Action::Lookup, "last_sources"), true, "ada", Time(0)).unwrap();
        for minute in [11, 21, 31] {
            scene.look(Time(minute * MINUTE)).await;
        }
        let count = async |text: &str| {
            scene
                .runner
                .engine
                .run(text, vedette_engine::QueryOptions::at(Time(0)))
                .await
                .unwrap()
                .row_count()
        };
        assert_eq!(count("dataset = seen_sources | filter n = 10 and rule_id = 1").await, 3);
        assert_eq!(count("dataset = seen_sources | dedup rule_window_end").await, 3);
        assert_eq!(count("dataset = last_sources").await, 1, "only what the last window found");
        assert!(scene.store.latest_alerts(10).unwrap().is_empty());
        assert!(scene.runs().iter().all(|run| run.status == Status::Ok && run.rows_found == 1));
        // A name that is already that of a lookup.
        scene
            .store
            .add_rule(&saving(Action::Dataset, "last_sources"), true, "ada", Time(31 * MINUTE))
            .unwrap();
        scene.look(Time(41 * MINUTE)).await;
        assert_eq!(scene.store.failing_rules().unwrap().len(), 1);
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
}
