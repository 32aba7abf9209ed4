//! From the rows of a result to findings. Pure.

use super::rule::{self, Rule};
use super::text::{self, Row, cut, fill, find, plain};
use serde_json::Value;
use std::net::IpAddr;
use vedette_event::datasets::rule_runs::Run;
use vedette_event::{AlertSource, Finding, Mitre, RuleHit, Severity, Time};

/// Alerts of one run; the rows beyond are told of in one alert.
pub const MOST_ALERTS: usize = 100;
/// Rows of a result that are read; there may be more, and the run says so.
pub const MOST_ROWS: u64 = 10_000;
/// Entries of a list of an alert, and rows that stand in the alert of a storm.
const MOST_ENTRIES: usize = 1000;
const STORM_ROWS: usize = 20;
/// Characters of an alert's texts.
const LONGEST_NAME: usize = 300;
const LONGEST_TEXT: usize = 4000;
const LONGEST_WORD: usize = 200;
/// Bytes of a row that is kept in its alert; of longer ones the fields are cut.
const LONGEST_ROW: usize = 32 * 1024;

/// A finding, and what its suppression goes by.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    pub finding: Finding,
    /// Equal for rows that agree in the suppression's fields; `None` without suppression.
    pub same: Option<String>,
}

/// The run the rows come from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    pub rule_id: i64,
    pub rule: &'a Rule,
    /// First moment of the window, and the first after it.
    pub from: Time,
    pub to: Time,
}

impl Origin<'_> {
    /// The hit of a row, the `number`th of its result.
    pub fn hit(&self, number: usize, row: &Row) -> Hit {
        let rule = self.rule;
        let mut finding = self.bare(row);
        finding.key = self.key(number, row);
        finding.rule = Some(self.rule_hit(1, vec![bounded(row)], fill(&rule.drilldown, row, LONGEST_TEXT)));
        map_fields(&mut finding, rule, row);
        Hit { finding, same: self.same(row) }
    }

    /// Rows of real-time rules are told apart by their identifier, whichever run finds them.
    fn key(&self, number: usize, row: &Row) -> String {
        match (rule::Mode::RealTime == self.rule.mode, find(row, "_id")) {
            (true, Some(Value::String(id))) => format!("rule:{}:row:{id}", self.rule_id),
            _ => format!("rule:{}:{}:{number}", self.rule_id, self.to.0),
        }
    }

    fn bare(&self, row: &Row) -> Finding {
        let rule = self.rule;
        let name = if rule.alert_name.is_empty() { &rule.name } else { &rule.alert_name };
        Finding {
            source: AlertSource::Correlation,
            key: String::new(),
            name: fill(name, row, LONGEST_NAME),
            summary: fill(&rule.alert_description, row, LONGEST_TEXT),
            severity: severity(rule, row),
            category: word(&rule.category, row),
            mitre: Mitre { tactics: rule.mitre.tactics.clone(), techniques: rule.mitre.techniques.clone() },
            source_ips: Vec::new(),
            target_ips: Vec::new(),
            hosts: Vec::new(),
            users: Vec::new(),
            first_seen: self.from,
            last_seen: self.to.plus(-1).max(self.from),
            detected_at: self.to,
            count: 1,
            vendor: "Vedette".to_owned(),
            product: "Correlation rules".to_owned(),
            fields: Row::new(),
            rule: None,
        }
    }

    fn rule_hit(&self, row_count: u64, rows: Vec<Row>, drilldown: String) -> RuleHit {
        RuleHit {
            rule_id: self.rule_id,
            rule_name: self.rule.name.clone(),
            query: self.rule.query.clone(),
            from: self.from,
            to: self.to,
            row_count,
            rows,
            drilldown,
        }
    }

    fn same(&self, row: &Row) -> Option<String> {
        if self.rule.suppress_for.is_empty() {
            return None;
        }
        let values = self.rule.suppress_by.iter().map(|name| find(row, name).unwrap_or(&Value::Null));
        serde_json::to_string(&values.collect::<Vec<_>>()).ok().map(|text| cut(&text, LONGEST_TEXT))
    }

    /// One finding for the `hits` that were too many to raise an alert each.
    pub fn storm(&self, hits: &[&Hit], at_least: bool) -> Finding {
        let mut finding = self.bare(&Row::new());
        let findings = || hits.iter().map(|hit| &hit.finding);
        let more = if at_least { "at least " } else { "" };
        finding.key = format!("rule:{}:{}:storm", self.rule_id, self.to.0);
        finding.name = cut(&format!("{}: {more}{} more results", self.rule.name, hits.len()), LONGEST_NAME);
        finding.summary = format!(
            "A run of this rule found {more}{} rows more than the {MOST_ALERTS} that raised an alert each. \
             They stand in this alert together; the rule goes on. Narrow the query, or set a suppression.",
            hits.len()
        );
        finding.severity = findings().map(|one| one.severity).max().unwrap_or(finding.severity);
        finding.category = findings().next().map(|one| one.category.clone()).unwrap_or_default();
        for one in findings() {
            extend(&mut finding.source_ips, &one.source_ips);
            extend(&mut finding.target_ips, &one.target_ips);
            extend(&mut finding.hosts, &one.hosts);
        }
        finding.count = hits.len() as u64;
        let rows = findings().filter_map(|one| one.rule.as_ref()).flat_map(|rule| rule.rows.iter());
        finding.rule =
            Some(self.rule_hit(finding.count, rows.take(STORM_ROWS).cloned().collect(), String::new()));
        finding
    }
}

/// The facts of an alert that says that a rule fails.
pub fn health_fields(run: &Run) -> Row {
    let mut fields = Row::new();
    fields.insert("rule_id".to_owned(), Value::from(run.rule_id));
    fields.insert("rule_name".to_owned(), Value::from(run.rule_name.clone()));
    fields
        .insert("error".to_owned(), Value::from(cut(run.error.as_deref().unwrap_or_default(), LONGEST_TEXT)));
    fields
}

/// The severity of a row's alert; a word that is none counts as medium.
fn severity(rule: &Rule, row: &Row) -> Severity {
    let word = match Rule::field_of(&rule.severity) {
        Some(name) => find(row, name).map(plain).unwrap_or_default(),
        None => rule.severity.clone(),
    };
    rule::severity(&word).unwrap_or(Severity::Medium)
}

fn word(text: &str, row: &Row) -> String {
    fill(text, row, LONGEST_WORD)
}

/// The row as it is kept: without the fields that are long and nobody reads.
fn bounded(row: &Row) -> Row {
    let mut kept = Row::new();
    let mut length = 0;
    for (name, value) in row.iter().filter(|(_, value)| !value.is_null()) {
        let mut value = value.clone();
        if let Value::String(text) = &mut value {
            *text = cut(text, LONGEST_TEXT);
        }
        if let Value::Array(items) = &mut value {
            items.truncate(MOST_ENTRIES);
        }
        length += name.len() + value.to_string().len();
        if length > LONGEST_ROW {
            kept.insert("…".to_owned(), Value::from("the rest of the row was too long to be kept"));
            break;
        }
        kept.insert(name.clone(), value);
    }
    kept
}

/// The alert's own fields, and the names under which rows carry them when a rule maps nothing. The
/// last ones are those of Cortex.
const OWN: &[(&str, &[&str])] = &[
    ("source_ips", &["source_ips", "source_ip", "src_ip", "action_local_ip", "local_ip"]),
    (
        "target_ips",
        &["target_ips", "target_ip", "dest_ip", "dst_ip", "target_hosts", "action_remote_ip", "remote_ip"],
    ),
    ("hosts", &["hosts", "host", "agent_hostname", "host_name", "hostname"]),
    ("users", &["users", "user", "source_user", "actor_effective_username", "user_name", "username"]),
    ("first_seen", &["first_seen", "_time"]),
    ("last_seen", &["last_seen", "_time"]),
    ("count", &["count"]),
];

/// The alert's own field that a rule's mapping means; `None` for one that is kept beside them.
pub fn own_field(name: &str) -> Option<&'static str> {
    let known = |(own, also): &&(&'static str, &[&str])| *own == name || also.contains(&name);
    OWN.iter().find(known).map(|(own, _)| *own)
}

fn map_fields(finding: &mut Finding, rule: &Rule, row: &Row) {
    let mut set = Vec::new();
    for (target, column) in &rule.alert_fields {
        let Some(value) = find(row, column) else { continue };
        match own_field(&target.to_lowercase()) {
            Some(own) => {
                set.push(own);
                fill_own(finding, own, value);
            }
            None => {
                let value = if value.is_string() { Value::from(plain(value)) } else { value.clone() };
                finding.fields.insert(cut(target, LONGEST_WORD), value);
            }
        }
    }
    for (own, names) in OWN.iter().filter(|(own, _)| !set.contains(own)) {
        if let Some(value) = names.iter().find_map(|name| row.get(*name)).filter(|value| !value.is_null()) {
            fill_own(finding, own, value);
        }
    }
    if finding.last_seen < finding.first_seen {
        finding.last_seen = finding.first_seen;
    }
}

fn fill_own(finding: &mut Finding, own: &str, value: &Value) {
    match own {
        "source_ips" => extend(&mut finding.source_ips, &addresses(value)),
        "target_ips" => extend(&mut finding.target_ips, &addresses(value)),
        "hosts" => extend(&mut finding.hosts, &words(value)),
        "users" => extend(&mut finding.users, &words(value)),
        "first_seen" => finding.first_seen = time(value).unwrap_or(finding.first_seen),
        "last_seen" => finding.last_seen = time(value).unwrap_or(finding.last_seen),
        _ => finding.count = value.as_u64().unwrap_or(finding.count),
    }
}

fn extend<T: Clone + PartialEq>(list: &mut Vec<T>, more: &[T]) {
    for one in more {
        if list.len() >= MOST_ENTRIES {
            return;
        }
        if !list.contains(one) {
            list.push(one.clone());
        }
    }
}

fn words(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().take(MOST_ENTRIES).flat_map(words).collect(),
        other => vec![text::plain(other)],
    }
}

fn addresses(value: &Value) -> Vec<IpAddr> {
    words(value).iter().filter_map(|word| word.trim().parse().ok()).collect()
}

fn time(value: &Value) -> Option<Time> {
    value.as_str().and_then(Time::parse)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    pub fn rule() -> Rule {
        Rule {
            name: "Scans".into(),
            query: "dataset = xdr_data".into(),
            severity: "$risk".into(),
            category: "Reconnaissance".into(),
            alert_name: "$n ports by $source_ip".into(),
            suppress_for: "1 hour".into(),
            suppress_by: vec!["source_ip".into()],
            ..Rule::default()
        }
    }

    fn row(value: Value) -> Row {
        value.as_object().unwrap().clone()
    }

    fn hit(rule: &Rule, value: Value) -> Hit {
        let origin = Origin { rule_id: 3, rule, from: Time(0), to: Time(60_000_000) };
        origin.hit(4, &row(value))
    }

    #[test]
    fn a_row_becomes_a_finding() {
        let hit = hit(
            &rule(),
            json!({"source_ip": "10.0.0.1", "target_ips": ["10.0.0.5", "x", "10.0.0.5"], "n": 7,
                   "risk": "CRITICAL", "agent_hostname": "web-1", "first_seen": "1970-01-01T00:00:05Z"}),
        );
        let finding = &hit.finding;
        assert_eq!((finding.name.as_str(), finding.severity), ("7 ports by 10.0.0.1", Severity::Critical));
        assert_eq!(finding.source_ips, ["10.0.0.1".parse::<IpAddr>().unwrap()]);
        assert_eq!(finding.target_ips.len(), 1);
        assert_eq!(finding.hosts, ["web-1"]);
        assert_eq!((finding.first_seen, finding.detected_at), (Time(5_000_000), Time(60_000_000)));
        assert_eq!(finding.key, "rule:3:60000000:4");
        assert_eq!(hit.same.as_deref(), Some("[\"10.0.0.1\"]"));
        assert_eq!(finding.rule.as_ref().unwrap().rows.len(), 1);
    }

    #[test]
    fn a_mapping_goes_before_names_and_severities_that_are_none_are_medium() {
        let mut rule = rule();
        rule.alert_fields =
            [("source_ips", "attacker"), ("ticket", "n")].map(|(a, b)| (a.into(), b.into())).into();
        let hit =
            hit(&rule, json!({"source_ip": "10.0.0.1", "attacker": "10.0.0.66", "n": 7, "risk": "odd"}));
        assert_eq!(hit.finding.source_ips, ["10.0.0.66".parse::<IpAddr>().unwrap()]);
        assert_eq!(hit.finding.fields["ticket"], json!(7));
        assert_eq!(hit.finding.severity, Severity::Medium);
    }

    #[test]
    fn real_time_rows_are_told_apart_by_their_identifier() {
        let rule = Rule { mode: rule::Mode::RealTime, suppress_for: String::new(), ..rule() };
        let hit = hit(&rule, json!({"_id": "ab-7", "source_ip": "10.0.0.1"}));
        assert_eq!((hit.finding.key.as_str(), hit.same), ("rule:3:row:ab-7", None));
    }

    #[test]
    fn hostile_rows_are_bounded() {
        let long = "A".repeat(5_000_000);
        let many: Vec<String> = (0..5000).map(|n| format!("10.1.{}.{}", n / 250, n % 250)).collect();
        let hit = hit(
            &rule(),
            json!({"source_ip": "<img src=x>", "target_ips": many, "n": long, "risk": ["high"], "blob": long}),
        );
        let kept = serde_json::to_string(&hit.finding).unwrap();
        assert!(kept.len() < 100_000, "{}", kept.len());
        assert_eq!(hit.finding.target_ips.len(), MOST_ENTRIES);
        assert!(hit.finding.source_ips.is_empty());
        assert_eq!(hit.finding.severity, Severity::High);
    }

    #[test]
    fn a_storm_is_one_finding() {
        let rule = rule();
        let origin = Origin { rule_id: 3, rule: &rule, from: Time(0), to: Time(60_000_000) };
        let hits: Vec<Hit> = (0..500)
            .map(|n| {
                origin.hit(
                    n,
                    &row(json!({"source_ip": format!("10.0.{}.{}", n / 200, n % 200), "risk": "low"})),
                )
            })
            .collect();
        let storm = origin.storm(&hits.iter().collect::<Vec<_>>(), true);
        assert_eq!((storm.count, storm.severity, storm.source_ips.len()), (500, Severity::Low, 500));
        assert_eq!(storm.name, "Scans: at least 500 more results");
        assert_eq!(storm.rule.unwrap().rows.len(), STORM_ROWS);
    }
}
