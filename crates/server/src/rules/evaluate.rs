//! One run of a rule's query over a window.

use super::hits::{Hit, MOST_ROWS, Origin};
use super::lookups;
use super::per_row;
use super::rule::{Action, Rule};
use super::schedule::Schedule;
use super::span;
use super::text::Row;
use serde_json::Value as Json;
use std::sync::Arc;
use std::time::Duration;
use vedette_engine::{Engine, ErrorKind, QueryError, QueryLimits, QueryOptions, QueryResult, Tables};
use vedette_event::{Time, Value};
use vedette_xql::ast::{TimePoint, Timeframe};

/// The longest a rule's query may run.
const LONGEST: Duration = Duration::from_secs(300);

/// Rows that one run may save.
const MOST_SAVED: u64 = 100_000;

/// What a run found.
#[derive(Debug)]
pub struct Evaluated {
    pub hits: Vec<Hit>,
    /// Rows of the result that were read, those that were saved among them.
    pub rows_found: u64,
    /// The result had more rows than were read.
    pub cut: bool,
    pub rows_scanned: u64,
    pub elapsed: Duration,
}

/// A rule, with its number in the state; 0 for one that is not saved.
#[derive(Clone, Copy)]
pub struct Numbered<'a> {
    pub id: i64,
    pub rule: &'a Rule,
}

/// The window that ends at this moment: as long as the rule says, or back to the moment before.
pub fn window(rule: &Rule, schedule: &Schedule, end: Time) -> (Time, Time) {
    let from = match span::parse(&rule.search_window) {
        Some(length) => end.plus(-length),
        None => schedule.last(end.plus(-1)).unwrap_or(end),
    };
    (from, end)
}

/// The rows of the window from `from` up to and without `to`, as if it were that moment.
pub async fn scheduled(
    engine: &Engine,
    rule: Numbered<'_>,
    from: Time,
    to: Time,
) -> Result<Evaluated, QueryError> {
    let mut options = options(to);
    options.timeframe = Some(frame(from, to));
    let result = engine.run(&rule.rule.query, options).await?;
    Ok(evaluated(&Origin { rule_id: rule.id, rule: rule.rule, from, to }, &result))
}

/// The rows that were stored after `from`, up to and with `to`.
pub async fn arrived(
    engine: &Engine,
    rule: Numbered<'_>,
    from: Time,
    to: Time,
) -> Result<Evaluated, QueryError> {
    let parsed = vedette_xql::parse(&rule.rule.query);
    let Some(query) = parsed.query else {
        // The engine says it better.
        engine.run(&rule.rule.query, options(to)).await?;
        return Err(QueryError::new(ErrorKind::Internal, "the query could not be read"));
    };
    let result = engine.run_parsed(per_row::arrived(query, from, to), options(to)).await?;
    Ok(evaluated(&Origin { rule_id: rule.id, rule: rule.rule, from, to }, &result))
}

/// The same with what is to be done with the rows: those of a rule that saves them are saved, and
/// there are no hits.
pub async fn carried_out(
    (engine, tables): (&Engine, &Arc<Tables>),
    rule: Numbered<'_>,
    from: Time,
    to: Time,
) -> Result<Evaluated, QueryError> {
    let mut options = options(to);
    options.timeframe = Some(frame(from, to));
    options.limits.rows = Some(MOST_SAVED);
    if lookups::by_key(rule.rule) {
        let result = engine.run(&rule.rule.query, options).await?;
        into_lookup(rule.rule, tables, &result, to).await?;
        return Ok(saved(&result));
    }
    let Some(text) = saving(rule, to) else { return scheduled(engine, rule, from, to).await };
    options.may_store = true;
    // A crash between the rows and the bookkeeping leaves the window open: it is run again.
    options.once = Some(format!("rule {} window {}", rule.id, to.0));
    Ok(saved(&engine.run(&text, options).await?))
}

fn saved(result: &QueryResult) -> Evaluated {
    Evaluated {
        hits: Vec::new(),
        rows_found: result.row_count() as u64,
        cut: result.limit_hit,
        rows_scanned: result.stats.rows_scanned,
        elapsed: result.stats.elapsed,
    }
}

/// Lookups are files: they are written where waiting does no harm.
async fn into_lookup(
    rule: &Rule,
    tables: &Arc<Tables>,
    result: &QueryResult,
    now: Time,
) -> Result<u64, QueryError> {
    let (rule, tables, found) = (rule.clone(), tables.clone(), rows(result).collect());
    let work = tokio::task::spawn_blocking(move || lookups::carry(&rule, &tables, found, now));
    work.await.unwrap_or_else(|error| Err(QueryError::new(ErrorKind::Internal, error.to_string())))
}

/// The rows of a result by the names of their fields.
fn rows(result: &QueryResult) -> impl Iterator<Item = Row> + '_ {
    let names: Vec<String> = result.columns().iter().map(|column| column.name.clone()).collect();
    result.rows().map(move |cells| names.iter().cloned().zip(cells.iter().map(json)).collect())
}

/// The query of a rule that saves its rows. Rows of a dataset say which window they are from.
fn saving(Numbered { id, rule }: Numbered<'_>, to: Time) -> Option<String> {
    let (query, name) = (&rule.query, &rule.dataset);
    match rule.action {
        Action::Alert | Action::LookupRemove => None,
        Action::Lookup => Some(format!("{query}\n| target type = lookup {name}")),
        Action::Dataset => Some(format!(
            "{query}\n| alter rule_id = {id}, rule_window_end = to_timestamp({}, \"MICROS\")\n| target type = dataset append = true {name}",
            to.0
        )),
    }
}

fn frame(from: Time, to: Time) -> Timeframe {
    Timeframe::Between(TimePoint::At(from.0), TimePoint::At(to.0.saturating_sub(1)))
}

fn options(now: Time) -> QueryOptions {
    let mut options = QueryOptions::at(now);
    options.limits = QueryLimits { rows: Some(MOST_ROWS), runtime: Some(LONGEST), ..QueryLimits::default() };
    options
}

fn evaluated(origin: &Origin<'_>, result: &QueryResult) -> Evaluated {
    let hits = rows(result).enumerate().map(|(number, row)| origin.hit(number, &row));
    Evaluated { hits: hits.collect(), ..saved(result) }
}

/// A cell as JSON, as in the answers of queries.
fn json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(yes) => Json::from(*yes),
        Value::Int(number) => Json::from(*number),
        Value::Float(number) => Json::from(*number),
        Value::Str(text) => Json::from(text.as_ref()),
        Value::Time(time) => Json::from(time.rfc3339()),
        Value::List(items) => items.iter().map(json).collect(),
    }
}
