//! The tests that stand beside a rule in its file: rows in, alerts out. They need no server and no
//! stored data.
//!
//! ```toml
//! [[tests]]
//! name = "sixty refused ports are a scan"
//! rows = [{ dataset = "xdr_data", repeat = 60, every = "1s", target_port = "{n+100}" }]
//! expect = [{ severity = "high", source_ips = ["10.0.0.1"] }]
//! ```
//!
//! Times count from the test's `now`: `-30m`. `{n}` is the number of the repetition, from 0.

use super::evaluate::{self, Numbered};
use super::hits::Hit;
use super::rule::{Mode, Rule};
use super::schedule::Schedule;
use super::span;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use vedette_engine::{Engine, EngineConfig, LakeCatalog};
use vedette_event::{Dataset, FieldType, Finding, Row, Time, Value, datasets};

/// `now` of a test that says none.
const NOW: &str = "2026-01-15T12:00:00Z";
/// Rows that a test may have.
const MOST_ROWS: usize = 100_000;

/// One test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    pub name: String,
    /// The end of the window; a fixed moment when absent.
    #[serde(default)]
    pub now: Option<String>,
    /// Each has its `dataset`, may have `repeat` and `every`, and is otherwise a row.
    #[serde(default)]
    pub rows: Vec<Map<String, Json>>,
    /// What each alert must have, in order; what is not named may be anything. As many alerts are
    /// expected as are named.
    #[serde(default)]
    pub expect: Vec<Map<String, Json>>,
}

/// Runs a test; the error says what came out instead.
pub async fn run(rule: &Rule, example: &Example) -> Result<(), String> {
    let now = example.now.as_deref().unwrap_or(NOW);
    let now = Time::parse(now).ok_or_else(|| format!("now: {now:?} is not a time like {NOW}"))?;
    let found = findings(rule, example, now).await?;
    let names = || found.iter().map(|one| format!("\n  {} [{}]", one.name, one.severity.as_str()));
    if found.len() != example.expect.len() {
        let (got, wanted) = (found.len(), example.expect.len());
        return Err(format!("{got} alerts, and {wanted} were expected:{}", names().collect::<String>()));
    }
    for (number, (finding, wanted)) in found.iter().zip(&example.expect).enumerate() {
        let whole = serde_json::to_value(finding).map_err(|error| error.to_string())?;
        for (name, wanted) in wanted {
            let got = whole.get(name).or_else(|| whole.get("fields").and_then(|fields| fields.get(name)));
            if got != Some(wanted) {
                let got = got.map_or("nothing".to_owned(), ToString::to_string);
                return Err(format!("alert {}: {name} is {got}, and {wanted} was expected", number + 1));
            }
        }
    }
    Ok(())
}

/// The alerts of a run at `now`; what is the same as an earlier row of the run is left out.
async fn findings(rule: &Rule, example: &Example, now: Time) -> Result<Vec<Finding>, String> {
    let engine = engine(rows(example, now)?)?;
    let numbered = Numbered { id: 0, rule };
    let evaluated = match rule.mode {
        Mode::RealTime => evaluate::arrived(&engine, numbered, Time::ZERO, now).await,
        Mode::Scheduled => {
            let schedule = Schedule::parse(&rule.schedule, &rule.timezone)?;
            let (from, to) = evaluate::window(rule, &schedule, now);
            evaluate::scheduled(&engine, numbered, from, to).await
        }
    };
    let hits: Vec<Hit> = evaluated.map_err(|error| format!("the query: {}", error.message))?.hits;
    let mut seen = HashSet::new();
    let new = hits.into_iter().filter(|hit| hit.same.as_ref().is_none_or(|same| seen.insert(same.clone())));
    Ok(new.map(|hit| hit.finding).collect())
}

type Tables = BTreeMap<&'static str, Vec<Row>>;

/// An engine over these rows alone; every other built-in dataset is there and empty.
pub fn engine(mut tables: Tables) -> Result<Engine, String> {
    let mut catalog = LakeCatalog::without_lake();
    for dataset in datasets::ALL {
        let rows = tables.remove(dataset.name).unwrap_or_default();
        catalog = catalog.with_rows(dataset, Arc::new(move || Ok(rows.clone())));
    }
    let config = EngineConfig { threads: 1, memory_limit: 256 << 20, ..EngineConfig::default() };
    Engine::new(Arc::new(catalog), config).map_err(|error| error.message)
}

fn rows(example: &Example, now: Time) -> Result<Tables, String> {
    let (mut tables, mut count) = (Tables::new(), 0);
    for (number, given) in example.rows.iter().enumerate() {
        let wrong = |why: String| format!("row {}: {why}", number + 1);
        let name = given.get("dataset").and_then(Json::as_str).unwrap_or_default();
        let dataset =
            datasets::by_name(name).ok_or_else(|| wrong(format!("there is no dataset {name:?}")))?;
        let repeat = given.get("repeat").map_or(Some(1), Json::as_u64);
        let repeat = repeat.and_then(|n| usize::try_from(n).ok()).filter(|n| count + n <= MOST_ROWS);
        let repeat = repeat.ok_or_else(|| wrong(format!("repeat: a test has at most {MOST_ROWS} rows")))?;
        let every = match given.get("every").and_then(Json::as_str) {
            None => 0,
            Some(text) => span::parse(text).ok_or_else(|| wrong(format!("every: {text:?} is no length")))?,
        };
        count += repeat;
        let table = tables.entry(dataset.name).or_default();
        for n in 0..repeat {
            let row = row(dataset, given, now, n as i64, every);
            table.push(row.map_err(wrong)?);
        }
    }
    Ok(tables)
}

/// One repetition of a given row.
fn row(
    dataset: &'static Dataset,
    given: &Map<String, Json>,
    now: Time,
    n: i64,
    every: i64,
) -> Result<Row, String> {
    let mut row = vec![Value::Null; dataset.fields.len()];
    let mut set = |name: &str, value: Value| {
        if let Some(cell) = dataset.position(name).and_then(|at| row.get_mut(at)) {
            *cell = value;
        }
    };
    set("_time", Value::Time(now.plus(-300_000_000)));
    set("_insert_time", Value::Time(now));
    set("_id", Value::text(format!("row-{n}")));
    for (name, value) in given {
        if ["dataset", "repeat", "every"].contains(&name.as_str()) {
            continue;
        }
        let field = dataset.fields.iter().find(|field| field.name == name.to_lowercase());
        let field = field.ok_or_else(|| format!("{} has no field {name:?}", dataset.name))?;
        let mut value = cell(value, field.ty, now, n)
            .ok_or_else(|| format!("{name}: {value} is no {}", field.ty.name()))?;
        if let Value::Time(time) = &mut value {
            *time = time.plus(n * every);
        }
        set(field.name, value);
    }
    Ok(row)
}

fn cell(value: &Json, ty: FieldType, now: Time, n: i64) -> Option<Value> {
    if value.is_null() {
        return Some(Value::Null);
    }
    let text = || match value {
        Json::String(text) => counted(text, n),
        other => other.to_string(),
    };
    Some(match ty {
        FieldType::Str => Value::text(text()),
        FieldType::Int => Value::Int(text().parse().ok()?),
        FieldType::Float => Value::Float(text().parse().ok()?),
        FieldType::Bool => Value::Bool(value.as_bool()?),
        FieldType::Time => Value::Time(moment(&text(), now)?),
        FieldType::StrList | FieldType::IntList => {
            let kind = if ty == FieldType::IntList { FieldType::Int } else { FieldType::Str };
            Value::List(value.as_array()?.iter().map(|one| cell(one, kind, now, n)).collect::<Option<_>>()?)
        }
    })
}

/// `-30m` before now, or a moment.
fn moment(text: &str, now: Time) -> Option<Time> {
    match text.strip_prefix('-') {
        Some(back) => span::parse(back).map(|length| now.plus(-length)),
        None => Time::parse(text),
    }
}

/// Replaces `{n}` and `{n+5}`.
fn counted(text: &str, n: i64) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{n") {
        let Some((offset, behind)) = after.split_once('}') else { break };
        let more = if offset.is_empty() { Some("0") } else { offset.strip_prefix('+') };
        let Some(offset) = more.and_then(|digits| digits.parse::<i64>().ok()) else { break };
        out.push_str(before);
        out.push_str(&n.saturating_add(offset).to_string());
        rest = behind;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn rule() -> Rule {
        Rule {
            name: "R".into(),
            query: "dataset = xdr_data | comp count_distinct(target_port) as ports by source_ip | filter ports > 9".into(),
            severity: "high".into(),
            alert_name: "$ports ports by $source_ip".into(),
            schedule: "10 minutes".into(),
            ..Rule::default()
        }
    }

    fn example(rows: Json, expect: Json) -> Example {
        let name = "a".to_owned();
        Example {
            name,
            now: None,
            rows: serde_json::from_value(rows).unwrap(),
            expect: serde_json::from_value(expect).unwrap(),
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn rows_in_alerts_out() {
        let rows = json!([{"dataset": "xdr_data", "repeat": 10, "every": "1s", "source_ip": "10.0.0.1", "target_port": "{n+5}"}]);
        let fine = example(
            rows.clone(),
            json!([{"name": "10 ports by 10.0.0.1", "severity": "high", "source_ips": ["10.0.0.1"]}]),
        );
        assert_eq!(run(&rule(), &fine).await, Ok(()));
        let wrong = run(&rule(), &example(rows.clone(), json!([{"severity": "low"}]))).await.unwrap_err();
        assert!(wrong.contains("severity is \"high\""), "{wrong}");
        let none = run(&rule(), &example(rows, json!([]))).await.unwrap_err();
        assert!(none.contains("1 alerts, and 0 were expected"), "{none}");
        let outside = json!([{"dataset": "xdr_data", "repeat": 10, "_time": "-11m", "source_ip": "10.0.0.1", "target_port": "{n}"}]);
        assert_eq!(run(&rule(), &example(outside, json!([]))).await, Ok(()));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn mistakes_of_tests_are_named() {
        for (rows, word) in [
            (json!([{"dataset": "nowhere"}]), "no dataset"),
            (json!([{"dataset": "xdr_data", "sauce_ip": "x"}]), "sauce_ip"),
            (json!([{"dataset": "xdr_data", "target_port": "many"}]), "target_port"),
            (json!([{"dataset": "xdr_data", "repeat": 10_000_000}]), "at most"),
            (json!([{"dataset": "xdr_data", "every": "often"}]), "every"),
        ] {
            let error = run(&rule(), &example(rows, json!([]))).await.unwrap_err();
            assert!(error.contains("row 1") && error.contains(word), "{error}");
        }
    }

    #[test]
    fn repetitions_are_counted() {
        assert_eq!(counted("10.0.0.{n+1}:{n}", 6), "10.0.0.7:6");
        assert_eq!(counted("{n*2} {n", 6), "{n*2} {n");
    }
}
