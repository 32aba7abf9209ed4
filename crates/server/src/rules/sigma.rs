//! Sigma correlation rules (specification 2) become rules of ours: `event_count`, `value_count` and
//! `temporal`, with the rules they refer to in the same YAML file.
//!
//! | file | topic |
//! |---|---|
//! | `sigma` | documents, correlations, the rule that is made |
//! | `sigma/source` | which dataset a logsource is, and what its fields are called there |
//! | `sigma/detection` | selections and their modifiers as an XQL condition |
//! | `sigma/condition` | `selection and not 1 of filter_*` |
//!
//! What cannot be said exactly in XQL is refused with the reason, never left out.

mod condition;
mod detection;
mod source;

use super::rule::{Attack, Rule};
use super::span;
use serde_json::{Map, Value};
use source::Source;

/// Longest file, documents in it, and rules that one correlation refers to.
const LONGEST: usize = 1 << 20;
const MOST_DOCUMENTS: usize = 500;
const MOST_REFERENCES: usize = 50;
const TEN_MINUTES: i64 = 600_000_000;
const MINUTE: i64 = 60_000_000;

type Object = Map<String, Value>;

/// A correlation as a rule, or why it cannot be one.
pub type Read = Result<Rule, Refused>;

#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    pub title: String,
    /// A sentence.
    pub why: String,
}

/// The rules of a file; plain rules are used only where a correlation refers to them.
pub fn rules(text: &str) -> Result<Vec<Read>, String> {
    if text.len() > LONGEST {
        return Err(format!("the file has {} bytes; at most {LONGEST} are read", text.len()));
    }
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).map_err(|error| error.to_string())?;
    if documents.len() > MOST_DOCUMENTS {
        return Err(format!("the file has {} documents; at most {MOST_DOCUMENTS} are read", documents.len()));
    }
    let documents: Vec<&Object> = documents.iter().filter_map(Value::as_object).collect();
    let correlations = documents.iter().filter_map(|one| Some((*one, one.get("correlation")?.as_object()?)));
    let found: Vec<_> = correlations
        .map(|(document, correlation)| {
            let title = || word(document, "title").unwrap_or_else(|| "(no title)".to_owned());
            let named = |why| Refused { title: title(), why };
            Correlation { document, correlation, all: &documents }.rule().map_err(named)
        })
        .collect();
    match found.is_empty() {
        true => Err("no Sigma correlation is in it: a document with `correlation`".to_owned()),
        false => Ok(found),
    }
}

fn word(object: &Object, name: &str) -> Option<String> {
    object.get(name).and_then(Value::as_str).map(str::to_owned).filter(|text| !text.trim().is_empty())
}

fn words(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

struct Correlation<'a> {
    document: &'a Object,
    correlation: &'a Object,
    all: &'a [&'a Object],
}

/// A rule that is referred to: its dataset, its condition, and the name it goes by.
struct Base {
    name: String,
    source: Source,
    filter: String,
}

impl Correlation<'_> {
    fn rule(&self) -> Result<Rule, String> {
        let name = word(self.document, "title").ok_or("title: it is missing")?;
        let kind = word(self.correlation, "type").ok_or("correlation.type: it is missing")?;
        let timespan = word(self.correlation, "timespan").unwrap_or_default();
        let length = timespan_of(&timespan)
            .ok_or(format!("correlation.timespan: {timespan:?} is no length such as 10m"))?;
        let bases = self.bases()?;
        let grouped = self.grouped(&bases)?;
        let query = match kind.as_str() {
            "event_count" => count(&bases, &grouped, "count()", &self.threshold(None)?),
            "value_count" => {
                let field = self.field(&bases)?;
                count(&bases, &grouped, &format!("count_distinct({field})"), &self.threshold(Some(&field))?)
            }
            "temporal" => temporal(&bases, &grouped),
            "temporal_ordered" => {
                return Err("correlation.type: temporal_ordered cannot be said exactly in XQL; use temporal"
                    .to_owned());
            }
            other => return Err(format!("correlation.type: {other:?} is not known")),
        };
        let step = if length >= TEN_MINUTES { TEN_MINUTES } else { length.max(MINUTE) };
        let by = grouped.iter().map(|field| format!("${field}")).collect::<Vec<_>>().join(", ");
        Ok(Rule {
            alert_name: if by.is_empty() { name.clone() } else { format!("{name}: {by}") },
            name,
            description: word(self.document, "description").unwrap_or_default(),
            query,
            severity: word(self.document, "level").unwrap_or_else(|| "medium".to_owned()),
            category: "Sigma".to_owned(),
            alert_description: format!("$hits events within {}.", span::write(length)),
            mitre: attack(&words(self.document.get("tags"))),
            schedule: span::write(step),
            search_window: span::write(length.max(MINUTE)),
            // Windows overlap: what one of them told of is not told again by the next.
            suppress_for: if grouped.is_empty() { String::new() } else { span::write(length.max(MINUTE)) },
            suppress_by: grouped,
            ..Rule::default()
        })
    }

    /// The rules it refers to, by name or identifier.
    fn bases(&self) -> Result<Vec<Base>, String> {
        let names = words(self.correlation.get("rules"));
        if names.is_empty() || names.len() > MOST_REFERENCES {
            return Err(format!(
                "correlation.rules: it names {} rules; 1 to {MOST_REFERENCES} are allowed",
                names.len()
            ));
        }
        names.into_iter().map(|name| self.base(name)).collect()
    }

    fn base(&self, name: String) -> Result<Base, String> {
        let is_it = |one: &&&Object| {
            ["name", "id"].iter().any(|key| one.get(*key).and_then(Value::as_str) == Some(name.as_str()))
        };
        let missing = || format!("correlation.rules: no document of this file has the name or id {name:?}");
        let document = self.all.iter().find(is_it).ok_or_else(missing)?;
        let of = |why: String| format!("{name}: {why}");
        let detection = document.get("detection").and_then(Value::as_object);
        let detection = detection
            .ok_or_else(|| of("it has no detection; correlations of correlations are not read".to_owned()))?;
        let source = Source::of(document.get("logsource")).map_err(of)?;
        let filter = detection::condition(detection, &source).map_err(of)?;
        Ok(Base { name, source, filter })
    }

    /// The fields that events must agree in, as the first dataset calls them.
    fn grouped(&self, bases: &[Base]) -> Result<Vec<String>, String> {
        if self.correlation.contains_key("aliases") {
            return Err("correlation.aliases: fields of different names are not read".to_owned());
        }
        let names = words(self.correlation.get("group-by"));
        names.iter().map(|name| common(bases, name)).collect()
    }

    fn field(&self, bases: &[Base]) -> Result<String, String> {
        let condition = self.correlation.get("condition").and_then(Value::as_object);
        let field = condition.and_then(|condition| word(condition, "field"));
        common(bases, &field.ok_or("correlation.condition.field: it is missing")?)
    }

    /// `hits >= 10 and hits < 100`
    fn threshold(&self, field: Option<&str>) -> Result<String, String> {
        let condition = self.correlation.get("condition").and_then(Value::as_object);
        let condition = condition.ok_or("correlation.condition: it is missing")?;
        let mut parts = Vec::new();
        for (name, value) in condition {
            let operator = match name.as_str() {
                "gt" => ">",
                "gte" => ">=",
                "lt" => "<",
                "lte" => "<=",
                "eq" => "=",
                "neq" => "!=",
                "field" if field.is_some() => continue,
                other => return Err(format!("correlation.condition.{other}: it is not known")),
            };
            let number =
                value.as_u64().ok_or(format!("correlation.condition.{name}: {value} is no number"))?;
            parts.push(format!("hits {operator} {number}"));
        }
        match parts.is_empty() {
            true => Err("correlation.condition: it has no number".to_owned()),
            false => Ok(parts.join(" and ")),
        }
    }
}

/// A field that all the datasets call the same.
fn common(bases: &[Base], name: &str) -> Result<String, String> {
    let mut called = bases.iter().map(|base| base.source.field(name));
    let first = called.next().unwrap_or_else(|| Ok(name.to_owned()))?;
    for other in called {
        let other = other?;
        if other != first {
            return Err(format!("the field {name:?} is {first} in one dataset and {other} in another"));
        }
    }
    Ok(first)
}

/// The rows of all the rules; with the rule's number, when it matters which it was.
fn rows(bases: &[Base], numbered: bool) -> String {
    let one = |(number, base): (usize, &Base)| {
        let mark = if numbered { format!("\n| alter sigma_rule = {number}") } else { String::new() };
        format!("dataset = {}\n| filter {}{mark}", base.source.dataset, base.filter)
    };
    let mut all = bases.iter().enumerate().map(one);
    let first = all.next().unwrap_or_default();
    all.fold(first, |text, more| format!("{text}\n| union ({more})"))
}

fn by(grouped: &[String]) -> String {
    if grouped.is_empty() { String::new() } else { format!(" by {}", grouped.join(", ")) }
}

fn count(bases: &[Base], grouped: &[String], what: &str, threshold: &str) -> String {
    let rows = rows(bases, false);
    let times = "min(_time) as first_seen, max(_time) as last_seen";
    format!("{rows}\n| comp {what} as hits, {times}{}\n| filter {threshold}", by(grouped))
}

/// Every rule has a row in the window.
fn temporal(bases: &[Base], grouped: &[String]) -> String {
    let names: Vec<&str> = bases.iter().map(|base| base.name.as_str()).collect();
    format!(
        "// {}\n{}\n| comp count_distinct(sigma_rule) as rules_seen, count() as hits, min(_time) as first_seen, \
         max(_time) as last_seen{}\n| filter rules_seen = {}",
        names.join(", ").replace(['\n', '\r'], " "),
        rows(bases, true),
        by(grouped),
        bases.len()
    )
}

/// `10m`, `1h`, `30s`, `7d`
fn timespan_of(text: &str) -> Option<i64> {
    let text = text.trim();
    // In Sigma M is months: no window of ours is that long.
    if text.ends_with(['M', 'y', 'Y']) { None } else { span::parse(text) }
}

/// `attack.discovery`, `attack.t1046`
fn attack(tags: &[String]) -> Attack {
    let tactics = [
        ("reconnaissance", "TA0043"),
        ("resource-development", "TA0042"),
        ("initial-access", "TA0001"),
        ("execution", "TA0002"),
        ("persistence", "TA0003"),
        ("privilege-escalation", "TA0004"),
        ("defense-evasion", "TA0005"),
        ("credential-access", "TA0006"),
        ("discovery", "TA0007"),
        ("lateral-movement", "TA0008"),
        ("collection", "TA0009"),
        ("exfiltration", "TA0010"),
        ("command-and-control", "TA0011"),
        ("impact", "TA0040"),
    ];
    let mut attack = Attack::default();
    for tag in tags.iter().filter_map(|tag| tag.strip_prefix("attack.")) {
        let tag = tag.replace('_', "-");
        if let Some((_, identifier)) = tactics.iter().find(|(name, _)| *name == tag) {
            attack.tactics.push((*identifier).to_owned());
        } else if tag.starts_with('t') && tag[1..].starts_with(|c: char| c.is_ascii_digit()) {
            attack.techniques.push(tag.to_uppercase());
        }
    }
    attack
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::check::check_offline;
    use super::super::examples::{self, Example};
    use super::*;
    use serde_json::json;

    const BASE: &str = "
title: Refused
name: refused
logsource: { category: network_connection }
detection:
  selection: { outcome: refused }
  other: { DestinationPort: [22, 3389] }
  condition: selection and not other
---
";

    fn one(text: &str) -> Rule {
        rules(text).unwrap().remove(0).unwrap()
    }

    fn event_count() -> String {
        format!(
            "{BASE}title: Many refused\nlevel: high\ntags: [attack.discovery, attack.t1046]\ncorrelation:\n  type: event_count\n  \
             rules: [refused]\n  group-by: [SourceIp]\n  timespan: 15m\n  condition: {{ gte: 10 }}\n"
        )
    }

    async fn finds(rule: &Rule, rows: Value, expect: Value) {
        let verdict = check_offline(rule).await.unwrap();
        assert!(verdict.is_fine(), "{}\n{verdict:?}", rule.query);
        let example = Example {
            name: "a".into(),
            now: None,
            rows: serde_json::from_value(rows).unwrap(),
            expect: serde_json::from_value(expect).unwrap(),
        };
        assert_eq!(examples::run(rule, &example).await, Ok(()), "{}", rule.query);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn events_are_counted() {
        let rule = one(&event_count());
        assert_eq!(
            (rule.severity.as_str(), rule.schedule.as_str(), rule.search_window.as_str()),
            ("high", "10 minutes", "15 minutes")
        );
        assert_eq!(
            (rule.mitre.tactics.join(""), rule.mitre.techniques.join("")),
            ("TA0007".into(), "T1046".into())
        );
        let row = |n: u32, ip: &str, port: u32| json!({"dataset": "xdr_data", "repeat": n, "source_ip": ip, "target_port": port, "outcome": "refused"});
        let rows = json!([row(10, "10.0.0.1", 80), row(9, "10.0.0.2", 80), row(50, "10.0.0.3", 22)]);
        finds(
            &rule,
            rows,
            json!([{"name": "Many refused: 10.0.0.1", "source_ips": ["10.0.0.1"], "severity": "high"}]),
        )
        .await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn values_are_counted() {
        let text = event_count()
            .replace("event_count", "value_count")
            .replace("{ gte: 10 }", "{ field: DestinationPort, gt: 2, lt: 5 }");
        let row = |n: u32, ip: &str| json!({"dataset": "xdr_data", "repeat": n, "source_ip": ip, "target_port": "{n+80}", "outcome": "refused"});
        let rows = json!([row(3, "10.0.0.1"), row(2, "10.0.0.2"), row(5, "10.0.0.3")]);
        finds(&one(&text), rows, json!([{"source_ips": ["10.0.0.1"]}])).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn rules_are_seen_together() {
        let text = event_count()
            .replace("rules: [refused]", "rules: [refused, 7d1c]")
            .replace("event_count", "temporal")
            .replace("  condition: { gte: 10 }\n", "")
            + "---\ntitle: Opened\nid: 7d1c\nlogsource: { category: network_connection }\ndetection:\n  a: { outcome: accepted }\n  condition: a\n";
        let row = |ip: &str, outcome: &str| json!({"dataset": "xdr_data", "source_ip": ip, "target_port": 80, "outcome": outcome});
        let rows = json!([
            row("10.0.0.1", "refused"),
            row("10.0.0.1", "accepted"),
            row("10.0.0.2", "accepted"),
            row("10.0.0.3", "refused")
        ]);
        finds(&one(&text), rows, json!([{"source_ips": ["10.0.0.1"]}])).await;
    }

    #[test]
    fn what_cannot_be_said_is_refused_with_its_reason() {
        for (from, to, word) in [
            ("event_count", "temporal_ordered", "temporal_ordered"),
            ("event_count", "median", "not known"),
            ("rules: [refused]", "rules: [nobody]", "nobody"),
            ("timespan: 15m", "timespan: 3M", "timespan"),
            ("{ gte: 10 }", "{ gte: many }", "no number"),
            ("{ gte: 10 }", "{ around: 10 }", "around"),
            ("network_connection", "process_access", "logsource"),
            ("selection and not other", "selection and nothing", "nothing"),
            ("outcome: refused", "'outcome|base64': refused", "base64"),
        ] {
            let text = event_count().replace(from, to);
            let Refused { title, why } = rules(&text).unwrap().remove(0).unwrap_err();
            assert!(title == "Many refused" && why.contains(word), "{to}: {why}");
        }
        assert!(rules(BASE).unwrap_err().contains("no Sigma correlation"));
        assert!(rules("a: [").is_err() && rules("5").is_err() && rules("").is_err());
        let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n";
        assert!(rules(bomb).is_err());
    }
}
