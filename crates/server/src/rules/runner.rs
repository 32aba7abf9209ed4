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
use vedette_engine::{Engine, ErrorKind, QueryError, Tables};
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
    tables: Arc<Tables>,
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
    /// `tables` are those of the engine's catalogue: rules change lookups row by row.
    pub fn new(
        store: Arc<Store>,
        (engine, tables): (Engine, Arc<Tables>),
        alerting: Arc<Alerting>,
        settled: Settled,
    ) -> Arc<Runner> {
        Arc::new(Runner {
            store,
            engine,
            tables,
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
            let evaluated = evaluate::carried_out((&self.engine, &self.tables), rule, from, to).await;
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
mod tests;
