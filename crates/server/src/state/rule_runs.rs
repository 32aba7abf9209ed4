//! Runs of rules. What a run found, the window it was for, and the record of it are one step: after a
//! crash all of it is there or none, and the window is run again.

use super::alerts::{Stored, record_finding_in};
use super::rules::{due_after, load as load_rule};
use super::{StateError, Store};
use crate::rules::hits::{Hit, MOST_ALERTS, Origin};
use crate::rules::rule::Rule;
use crate::rules::{hits, span};
use rusqlite::{OptionalExtension, Row, Transaction, params};
use vedette_event::datasets::rule_runs::{Run, Status};
use vedette_event::{AlertSource, Finding, Mitre, Severity, Time};

/// Runs that are kept, the latest.
const MOST_RUNS: i64 = 100_000;

/// A run that is over.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Its `alerts`, `suppressed` and `aggregated` are filled in here.
    pub run: Run,
    /// Where the cursor must stand, and where it goes.
    pub cursor: (Time, Time),
    pub hits: Vec<Hit>,
    /// The result had more rows than were read.
    pub cut: bool,
}

/// What a run left behind.
pub struct Outcome {
    pub run: Run,
    pub alerts: Vec<Stored>,
}

impl Store {
    /// Stores what a run found and moves its rule's cursor. `None` when the cursor no longer stands
    /// where the run began: the rule was changed, switched off or removed meanwhile.
    pub fn finish_run(&self, done: Finished, now: Time) -> Result<Option<Outcome>, StateError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let Some(record) = load_rule(&transaction, done.run.rule_id)? else { return Ok(None) };
        let (from, to) = done.cursor;
        if !record.enabled || record.cursor != from {
            return Ok(None);
        }
        transaction.execute(
            "UPDATE rules SET cursor = ?2, next_due = ?3 WHERE id = ?1",
            params![record.id, to.0, due_after(&record.rule, to).0],
        )?;
        let mut filed = Filing { transaction: &transaction, run: done.run, alerts: Vec::new(), now };
        filed.file(&record.rule, &done.hits, done.cut)?;
        filed.note_health(record.failing_since)?;
        let Filing { mut run, alerts, .. } = filed;
        run.id = insert(&transaction, &run)?;
        transaction.commit()?;
        Ok(Some(Outcome { run, alerts }))
    }

    /// Moves a cursor without a record: nothing arrived, or the clock went back.
    pub fn move_cursor(&self, id: i64, from: Time, to: Time) -> Result<(), StateError> {
        let connection = self.lock();
        let Some(record) = load_rule(&connection, id)? else { return Ok(()) };
        connection.execute(
            "UPDATE rules SET cursor = ?3, next_due = ?4 WHERE id = ?1 AND cursor = ?2",
            params![id, from.0, to.0, due_after(&record.rule, to).0],
        )?;
        Ok(())
    }

    /// The latest runs, of one rule or of all, oldest first.
    pub fn rule_runs(&self, rule: Option<i64>, limit: u32) -> Result<Vec<Run>, StateError> {
        let connection = self.lock();
        let mut statement = connection.prepare(&format!(
            "SELECT {RUN} FROM rule_runs WHERE ?1 IS NULL OR rule_id = ?1 ORDER BY id DESC LIMIT {limit}"
        ))?;
        let mut runs = statement.query_map([rule], read)?.collect::<Result<Vec<_>, _>>()?;
        runs.reverse();
        Ok(runs)
    }

    /// The latest run of each rule.
    pub fn last_runs(&self) -> Result<Vec<Run>, StateError> {
        let connection = self.lock();
        let mut statement = connection.prepare(&format!(
            "SELECT {RUN} FROM rule_runs WHERE id IN (SELECT max(id) FROM rule_runs GROUP BY rule_id)"
        ))?;
        let runs = statement.query_map([], read)?.collect::<Result<_, _>>()?;
        Ok(runs)
    }

    /// Forgets runs beyond the latest, and suppressions that are over.
    pub fn tidy_rules(&self, now: Time) -> Result<(), StateError> {
        let connection = self.lock();
        connection
            .execute("DELETE FROM rule_runs WHERE id <= (SELECT max(id) FROM rule_runs) - ?1", [MOST_RUNS])?;
        connection.execute("DELETE FROM rule_suppressions WHERE until <= ?1", [now.0])?;
        Ok(())
    }
}

const RUN: &str = "id, rule_id, rule_name, real_time, status, window_start, window_end, finished_at, \
     duration_ms, rows_scanned, rows_found, alerts, suppressed, aggregated, error, note";

fn read(row: &Row<'_>) -> rusqlite::Result<Run> {
    let status: String = row.get(4)?;
    Ok(Run {
        id: row.get(0)?,
        rule_id: row.get(1)?,
        rule_name: row.get(2)?,
        real_time: row.get(3)?,
        status: match status.as_str() {
            "ok" => Status::Ok,
            "skipped" => Status::Skipped,
            _ => Status::Failed,
        },
        from: Time(row.get(5)?),
        to: Time(row.get(6)?),
        finished_at: Time(row.get(7)?),
        duration_ms: row.get(8)?,
        rows_scanned: row.get(9)?,
        rows_found: row.get(10)?,
        alerts: row.get(11)?,
        suppressed: row.get(12)?,
        aggregated: row.get(13)?,
        error: row.get(14)?,
        note: row.get(15)?,
    })
}

fn insert(transaction: &Transaction<'_>, run: &Run) -> Result<i64, StateError> {
    transaction.execute(
        "INSERT INTO rule_runs (rule_id, rule_name, real_time, status, window_start, window_end,
             finished_at, duration_ms, rows_scanned, rows_found, alerts, suppressed, aggregated, error, note)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        params![
            run.rule_id,
            run.rule_name,
            run.real_time,
            run.status.as_str(),
            run.from.0,
            run.to.0,
            run.finished_at.0,
            run.duration_ms,
            run.rows_scanned,
            run.rows_found,
            run.alerts,
            run.suppressed,
            run.aggregated,
            run.error,
            run.note,
        ],
    )?;
    Ok(transaction.last_insert_rowid())
}

/// Turns the hits of one run into alerts.
struct Filing<'a> {
    transaction: &'a Transaction<'a>,
    run: Run,
    alerts: Vec<Stored>,
    now: Time,
}

impl Filing<'_> {
    fn file(&mut self, rule: &Rule, hits: &[Hit], cut: bool) -> Result<(), StateError> {
        let mut storm = Vec::new();
        for hit in hits {
            if self.is_suppressed(hit)? {
                self.run.suppressed += 1;
            } else if self.alerts.len() < MOST_ALERTS {
                let stored = record_finding_in(self.transaction, &hit.finding, self.now)?;
                self.suppress(rule, hit, stored.alert.life.alert_id)?;
                self.alerts.push(stored);
            } else {
                storm.push(hit);
            }
        }
        if !storm.is_empty() {
            let origin = Origin { rule_id: self.run.rule_id, rule, from: self.run.from, to: self.run.to };
            let finding = origin.storm(&storm, cut);
            self.alerts.push(record_finding_in(self.transaction, &finding, self.now)?);
            self.run.aggregated = storm.len() as i64;
        }
        self.run.alerts = self.alerts.len() as i64;
        Ok(())
    }

    /// Whether the hit is the same as one that raised an alert a while ago; it is then counted there.
    fn is_suppressed(&self, hit: &Hit) -> Result<bool, StateError> {
        let Some(same) = &hit.same else { return Ok(false) };
        let earlier: Option<(i64, i64)> = self
            .transaction
            .query_row(
                "SELECT alert_id, until FROM rule_suppressions WHERE rule_id = ?1 AND same = ?2",
                params![self.run.rule_id, same],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        let Some((alert, _)) = earlier.filter(|(_, until)| self.run.to.0 < *until) else { return Ok(false) };
        self.transaction.execute(
            "UPDATE alerts SET duplicates = duplicates + 1, updated_at = ?2 WHERE id = ?1",
            params![alert, self.now.0],
        )?;
        Ok(true)
    }

    fn suppress(&self, rule: &Rule, hit: &Hit, alert: i64) -> Result<(), StateError> {
        let (Some(same), Some(length)) = (&hit.same, span::parse(&rule.suppress_for)) else { return Ok(()) };
        self.transaction.execute(
            "INSERT INTO rule_suppressions (rule_id, same, alert_id, until) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (rule_id, same) DO UPDATE SET alert_id = excluded.alert_id, until = excluded.until",
            params![self.run.rule_id, same, alert, self.run.to.plus(length).0],
        )?;
        Ok(())
    }

    /// A rule that fails raises one alert for as long as it goes on failing, and says so in its record.
    fn note_health(&mut self, failing_since: Option<Time>) -> Result<(), StateError> {
        let id = self.run.rule_id;
        match self.run.status {
            Status::Skipped => {}
            Status::Ok => {
                self.transaction.execute(
                    "UPDATE rules SET failing_since = NULL, last_error = NULL
                     WHERE id = ?1 AND failing_since IS NOT NULL",
                    [id],
                )?;
            }
            Status::Failed => {
                let since = failing_since.unwrap_or(self.run.to);
                self.transaction.execute(
                    "UPDATE rules SET failing_since = ?2, last_error = ?3 WHERE id = ?1",
                    params![id, since.0, self.run.error],
                )?;
                let finding = failing(&self.run, since);
                self.alerts.push(record_finding_in(self.transaction, &finding, self.now)?);
            }
        }
        Ok(())
    }
}

/// What says that a rule fails, and is therefore blind.
fn failing(run: &Run, since: Time) -> Finding {
    let error = run.error.clone().unwrap_or_default();
    Finding {
        source: AlertSource::Correlation,
        key: format!("rule:{}:failing:{}", run.rule_id, since.0),
        name: format!("A correlation rule fails: {}", run.rule_name),
        summary: format!(
            "Rule {} has raised no alerts since the window that ended at {since}: {error}. Mend or switch off \
             the rule; `dataset = vedette_rule_runs` has its runs.",
            run.rule_id
        ),
        severity: Severity::Medium,
        category: "Health".to_owned(),
        mitre: Mitre::default(),
        source_ips: Vec::new(),
        target_ips: Vec::new(),
        hosts: Vec::new(),
        users: Vec::new(),
        first_seen: since,
        last_seen: run.to.max(since),
        detected_at: since,
        count: 1,
        vendor: "Vedette".to_owned(),
        product: "Correlation rules".to_owned(),
        fields: hits::health_fields(run),
        rule: None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    const MINUTE: i64 = 60_000_000;

    fn store() -> (Store, i64, Rule) {
        let store = Store::in_memory();
        let rule = Rule {
            name: "Scans".into(),
            query: "dataset = xdr_data".into(),
            severity: "low".into(),
            schedule: "10 minutes".into(),
            suppress_for: "1 hour".into(),
            suppress_by: vec!["source_ip".into()],
            ..Rule::default()
        };
        let id = store.add_rule(&rule, true, "ada", Time(0)).unwrap().id;
        (store, id, rule)
    }

    /// A run of the window that ends at `minute`, with a row from each of these sources.
    fn run(id: i64, rule: &Rule, cursor: i64, minute: i64, sources: &[String]) -> Finished {
        let (from, to) = (Time((minute - 10) * MINUTE), Time(minute * MINUTE));
        let origin = Origin { rule_id: id, rule, from, to };
        let row = |source: &String| json!({"source_ip": source}).as_object().unwrap().clone();
        let hits: Vec<Hit> = sources.iter().enumerate().map(|(n, ip)| origin.hit(n, &row(ip))).collect();
        let run = Run {
            id: 0,
            rule_id: id,
            rule_name: rule.name.clone(),
            real_time: false,
            status: Status::Ok,
            from,
            to,
            finished_at: to,
            duration_ms: 1,
            rows_scanned: 1,
            rows_found: hits.len() as i64,
            alerts: 0,
            suppressed: 0,
            aggregated: 0,
            error: None,
            note: None,
        };
        Finished { run, cursor: (Time(cursor * MINUTE), to), hits, cut: false }
    }

    fn ips(range: std::ops::Range<usize>) -> Vec<String> {
        range.map(|n| format!("10.0.{}.{}", n / 200, n % 200)).collect()
    }

    #[test]
    fn a_window_is_stored_once() {
        let (store, id, rule) = store();
        let first = run(id, &rule, 0, 10, &ips(0..2));
        let outcome = store.finish_run(first.clone(), Time(1)).unwrap().unwrap();
        assert_eq!((outcome.run.alerts, outcome.alerts.len()), (2, 2));
        assert!(store.finish_run(first, Time(2)).unwrap().is_none(), "the same window again");
        assert_eq!(store.alert_totals().unwrap().total, 2);
        let record = store.rule(id).unwrap().unwrap();
        assert_eq!(record.cursor, Time(10 * MINUTE));
        assert_eq!(store.rule_runs(Some(id), 10).unwrap().len(), 1);
        store.change_rule(id, None, Some(false), "ada", Time(3)).unwrap();
        assert!(store.finish_run(run(id, &rule, 10, 20, &ips(0..1)), Time(4)).unwrap().is_none());
    }

    #[test]
    fn a_run_that_cannot_be_stored_leaves_its_window_open() {
        let (store, id, rule) = store();
        store.break_alerts(true);
        assert!(store.finish_run(run(id, &rule, 0, 10, &ips(0..2)), Time(1)).is_err());
        store.break_alerts(false);
        assert_eq!(store.rule(id).unwrap().unwrap().cursor, Time(0));
        assert!(store.rule_runs(None, 10).unwrap().is_empty());
        assert!(store.finish_run(run(id, &rule, 0, 10, &ips(0..2)), Time(1)).unwrap().is_some());
    }

    #[test]
    fn what_was_told_of_is_kept_back_and_counted() {
        let (store, id, rule) = store();
        let again = [ips(0..1), ips(0..1)].concat();
        let first = store.finish_run(run(id, &rule, 0, 10, &again), Time(1)).unwrap().unwrap();
        assert_eq!((first.run.alerts, first.run.suppressed), (1, 1));
        let alert = first.alerts[0].alert.life.alert_id;
        let second = store.finish_run(run(id, &rule, 10, 20, &ips(0..2)), Time(2)).unwrap().unwrap();
        assert_eq!((second.run.alerts, second.run.suppressed), (1, 1));
        assert_eq!(store.alert(alert).unwrap().unwrap().life.duplicates, 2);
        // An hour after the first it is told of again.
        let later = store.finish_run(run(id, &rule, 20, 70, &ips(0..1)), Time(3)).unwrap().unwrap();
        assert_eq!((later.run.alerts, later.run.suppressed), (1, 0));
        store.tidy_rules(Time(i64::MAX)).unwrap();
    }

    #[test]
    fn a_storm_is_bounded_and_the_rule_goes_on() {
        let (store, id, rule) = store();
        let mut flood = run(id, &rule, 0, 10, &ips(0..5000));
        flood.cut = true;
        let outcome = store.finish_run(flood, Time(1)).unwrap().unwrap();
        assert_eq!(outcome.alerts.len(), MOST_ALERTS + 1);
        assert_eq!(outcome.run.aggregated, 4900);
        let storm = outcome.alerts.last().unwrap().alert.subject.clone();
        assert_eq!(storm.count(), 4900);
        assert!(storm.name().contains("at least 4900"), "{}", storm.name());
        assert!(store.rule(id).unwrap().unwrap().enabled);
        assert!(store.finish_run(run(id, &rule, 10, 20, &[]), Time(2)).unwrap().is_some());
    }

    #[test]
    fn failing_is_one_alert_until_it_works_again() {
        let (store, id, rule) = store();
        let failed = |cursor, minute| {
            let mut run = run(id, &rule, cursor, minute, &[]);
            run.run.status = Status::Failed;
            run.run.error = Some("the query is wrong".into());
            run
        };
        store.finish_run(failed(0, 10), Time(1)).unwrap().unwrap();
        let second = store.finish_run(failed(10, 20), Time(2)).unwrap().unwrap();
        assert!(!second.alerts[0].new);
        assert_eq!(store.alert_totals().unwrap().total, 1);
        let record = store.rule(id).unwrap().unwrap();
        assert_eq!(record.failing_since, Some(Time(10 * MINUTE)));
        assert!(record.enabled && record.last_error.is_some());
        store.finish_run(run(id, &rule, 20, 30, &[]), Time(3)).unwrap().unwrap();
        assert_eq!(store.rule(id).unwrap().unwrap().failing_since, None);
        let third = store.finish_run(failed(30, 40), Time(4)).unwrap().unwrap();
        assert!(third.alerts[0].new, "a new failure is a new alert");
    }
}
