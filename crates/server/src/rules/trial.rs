//! A rule over the past, before it is saved: every run it would have had, and the alerts of each day.

use super::evaluate::{self, Evaluated, Numbered};
use super::hits::{Hit, MOST_ALERTS};
use super::rule::{Action, Mode, Rule};
use super::schedule::Schedule;
use super::span;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::Sender;
use utoipa::ToSchema;
use vedette_engine::{Engine, QueryError};
use vedette_event::{Finding, Time};

/// Runs of one trial.
pub const MOST_RUNS: usize = 5000;
/// Alerts that are shown whole.
const EXAMPLES: usize = 10;
/// How often progress is told.
const EVERY: Duration = Duration::from_millis(200);
const DAY: i64 = 24 * 3600 * 1_000_000;

/// One line of the answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RuleTrialLine)]
pub enum Line {
    Progress(Progress),
    /// The last line, when all went well.
    Result(Trial),
    /// The last line otherwise, as in the answers of errors.
    #[schema(value_type = Object)]
    Error(serde_json::Value),
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = RuleTrialProgress)]
pub struct Progress {
    pub done: usize,
    pub total: usize,
}

/// What the rule would have done.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = RuleTrial)]
pub struct Trial {
    pub runs: usize,
    pub alerts: u64,
    /// Rows kept back as the same as an earlier alert.
    pub suppressed: u64,
    /// Rows beyond the most alerts of one run.
    pub aggregated: u64,
    pub rows_found: u64,
    /// The cost: rows read and milliseconds of query time, of all runs together.
    pub rows_scanned: u64,
    pub elapsed_ms: u64,
    /// Every day, those without alerts too.
    pub days: Vec<Day>,
    /// The first alerts.
    #[schema(value_type = Vec<Object>)]
    pub examples: Vec<Finding>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = RuleTrialDay)]
pub struct Day {
    /// `2026-01-31`, in UTC.
    pub day: String,
    pub alerts: u64,
}

/// The windows a rule would have had in the `days` before `now`. The error is a sentence.
pub fn windows(rule: &Rule, days: u32, now: Time) -> Result<Vec<(Time, Time)>, String> {
    let start = now.plus(-i64::from(days) * DAY);
    if rule.mode == Mode::RealTime {
        // Day by day, so that there is progress; what arrived when does not matter to it.
        return Ok((0..i64::from(days)).map(|n| (start.plus(n * DAY), start.plus((n + 1) * DAY))).collect());
    }
    let schedule = Schedule::parse(&rule.schedule, &rule.timezone)?;
    let ends = std::iter::successors(schedule.next(start), |end| schedule.next(*end));
    let ends: Vec<Time> = ends.take_while(|end| *end <= now).take(MOST_RUNS + 1).collect();
    if ends.len() > MOST_RUNS {
        return Err(format!("the rule runs more than {MOST_RUNS} times in {days} days; choose fewer days"));
    }
    Ok(ends.into_iter().map(|end| evaluate::window(rule, &schedule, end)).collect())
}

/// Runs the rule over each window and tells how far it is. Stops when nobody listens.
pub async fn run(
    engine: &Engine,
    rule: &Rule,
    windows: &[(Time, Time)],
    tell: &Sender<Line>,
) -> Result<Trial, QueryError> {
    let mut going = Going::new(rule, windows);
    let mut told = Instant::now();
    for (done, (from, to)) in windows.iter().enumerate() {
        if done == 0 || told.elapsed() > EVERY {
            told = Instant::now();
            if tell.send(Line::Progress(Progress { done, total: windows.len() })).await.is_err() {
                break;
            }
        }
        let found = evaluate::scheduled(engine, Numbered { id: 0, rule }, *from, *to).await?;
        going.add(*to, found);
    }
    Ok(going.finish())
}

struct Going {
    trial: Trial,
    suppress_for: i64,
    saves: bool,
    /// Until when rows like this one are kept back.
    quiet: HashMap<String, Time>,
    by_day: BTreeMap<i64, u64>,
}

impl Going {
    fn new(rule: &Rule, windows: &[(Time, Time)]) -> Going {
        let day = |time: Time| time.0.div_euclid(DAY);
        let first = windows.first().map_or(0, |(_, to)| day(to.plus(-1)));
        let last = windows.last().map_or(-1, |(_, to)| day(to.plus(-1)));
        Going {
            trial: Trial::default(),
            suppress_for: span::parse(&rule.suppress_for).unwrap_or(0),
            saves: rule.action != Action::Alert,
            quiet: HashMap::new(),
            by_day: (first..=last).map(|day| (day, 0)).collect(),
        }
    }

    fn add(&mut self, to: Time, found: Evaluated) {
        let trial = &mut self.trial;
        trial.runs += 1;
        trial.rows_found += found.rows_found;
        trial.rows_scanned += found.rows_scanned;
        trial.elapsed_ms += u64::try_from(found.elapsed.as_millis()).unwrap_or(u64::MAX);
        let mut alerts = 0_u64;
        // Rows that would be saved raise no alerts.
        let hits = if self.saves { Vec::new() } else { found.hits };
        for hit in hits {
            if self.is_quiet(&hit, to) {
                self.trial.suppressed += 1;
            } else if alerts < MOST_ALERTS as u64 {
                alerts += 1;
                if let Some(same) = hit.same {
                    self.quiet.insert(same, to.plus(self.suppress_for));
                }
                if self.trial.examples.len() < EXAMPLES {
                    self.trial.examples.push(hit.finding);
                }
            } else {
                self.trial.aggregated += 1;
            }
        }
        self.trial.alerts += alerts;
        *self.by_day.entry(to.plus(-1).0.div_euclid(DAY)).or_default() += alerts;
    }

    fn is_quiet(&self, hit: &Hit, to: Time) -> bool {
        hit.same.as_ref().and_then(|same| self.quiet.get(same)).is_some_and(|until| to < *until)
    }

    fn finish(self) -> Trial {
        let name = |day: i64| Time(day.saturating_mul(DAY)).rfc3339().chars().take(10).collect();
        let days = self.by_day.into_iter().map(|(day, alerts)| Day { day: name(day), alerts });
        Trial { days: days.collect(), ..self.trial }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::examples;
    use super::*;
    use vedette_event::{Row, Value, datasets::xdr_data};

    fn row(time: Time, source: &str) -> Row {
        let mut row = vec![Value::Null; xdr_data::DATASET.fields.len()];
        row[xdr_data::DATASET.position("_time").unwrap()] = Value::Time(time);
        row[xdr_data::DATASET.position("source_ip").unwrap()] = Value::text(source);
        row
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_past_is_run_through_as_it_would_have_been() {
        let now = Time::parse("2026-01-15T12:00:00Z").unwrap();
        let hour = 3_600_000_000;
        // One source every hour of the last two days.
        let rows = (0..48).map(|n| row(now.plus(-n * hour - 1), "10.0.0.1")).collect();
        let engine = examples::engine([("xdr_data", rows)].into()).unwrap();
        let mut rule = Rule {
            name: "R".into(),
            query: "dataset = xdr_data | comp count() as n by source_ip".into(),
            severity: "low".into(),
            schedule: "1 hour".into(),
            suppress_for: "6 hours".into(),
            suppress_by: vec!["source_ip".into()],
            ..Rule::default()
        };
        let windows = windows(&rule, 2, now).unwrap();
        assert_eq!(windows.len(), 48);
        let (tell, mut lines) = tokio::sync::mpsc::channel(100);
        let trial = run(&engine, &rule, &windows, &tell).await.unwrap();
        assert_eq!((trial.runs, trial.rows_found, trial.alerts, trial.suppressed), (48, 48, 8, 40));
        assert_eq!(trial.days.iter().map(|day| day.alerts).sum::<u64>(), 8);
        assert_eq!(trial.days.last().unwrap().day, "2026-01-15");
        assert!(matches!(lines.recv().await, Some(Line::Progress(Progress { done: 0, total: 48 }))));
        rule.schedule = "1 minute".into();
        assert!(super::windows(&rule, 30, now).unwrap_err().contains("fewer days"));
        rule.query = "dataset = nowhere".into();
        assert!(run(&engine, &rule, &windows, &tell).await.is_err());
    }
}
