//! What is wrong with a rule before it is saved: every mistake that can be found without running it.

use super::per_row;
use super::rule::{Action, Mode, Rule, severity};
use super::schedule::Schedule;
use super::{span, text};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use vedette_engine::{Engine, ErrorKind, QueryOptions};
use vedette_event::Time;
use vedette_xql::Diagnostic;
use vedette_xql::ast::StageKind;

/// Longest search window: a month.
const LONGEST_WINDOW: i64 = 31 * 24 * 3600 * 1_000_000;

/// A mistake, and the field of the rule it is in.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = RuleMistake)]
pub struct Mistake {
    pub field: &'static str,
    /// A sentence.
    pub message: String,
}

/// What is known of a rule after it was checked.
#[derive(Debug, Default)]
pub struct Verdict {
    pub mistakes: Vec<Mistake>,
    /// Of the query; the errors among them make the rule wrong.
    pub diagnostics: Vec<Diagnostic>,
}

impl Verdict {
    pub fn is_fine(&self) -> bool {
        self.mistakes.is_empty() && !self.diagnostics.iter().any(Diagnostic::is_error)
    }

    fn wrong(&mut self, field: &'static str, message: impl Into<String>) {
        self.mistakes.push(Mistake { field, message: message.into() });
    }
}

/// Checks everything but names in the query, which need a catalogue.
pub fn check(rule: &Rule) -> Verdict {
    let mut verdict = Verdict::default();
    lengths(rule, &mut verdict);
    words(rule, &mut verdict);
    times(rule, &mut verdict);
    let parsed = vedette_xql::parse(&rule.query);
    verdict.diagnostics = parsed.diagnostics;
    if let Some(query) = &parsed.query {
        if query.stages.iter().any(|stage| matches!(stage.kind, StageKind::Target(_))) {
            let help = "leave it out, and set `action = \"dataset\"` or \"lookup\" with the name";
            verdict.wrong("query", format!("a rule's query does not end in `target`: {help}"));
        }
        if rule.mode == Mode::RealTime
            && let Err(why) = per_row::check(query)
        {
            verdict.wrong("mode", why);
        }
    }
    verdict
}

/// The same, and whether the query can be planned over the engine's datasets.
pub async fn check_with(rule: &Rule, engine: &Engine, now: Time) -> Verdict {
    let mut verdict = check(rule);
    if !verdict.diagnostics.iter().any(Diagnostic::is_error)
        && let Err(error) = engine.check(&rule.query, QueryOptions::at(now)).await
    {
        if error.diagnostics.is_empty() && error.kind != ErrorKind::Internal {
            verdict.wrong("query", error.message);
        }
        verdict.diagnostics.extend(error.diagnostics);
    }
    verdict
}

/// The same without a server: over the built-in datasets, empty. An error is our fault.
pub async fn check_offline(rule: &Rule) -> Result<Verdict, String> {
    let engine = super::examples::engine(BTreeMap::new())?;
    Ok(check_with(rule, &engine, crate::clock::now()).await)
}

fn lengths(rule: &Rule, verdict: &mut Verdict) {
    let bounds = [
        ("name", &rule.name, 1, 200),
        ("description", &rule.description, 0, 10_000),
        ("query", &rule.query, 1, 100_000),
        ("category", &rule.category, 0, 200),
        ("alert_name", &rule.alert_name, 0, 500),
        ("alert_description", &rule.alert_description, 0, 10_000),
        ("drilldown", &rule.drilldown, 0, 10_000),
    ];
    for (field, text, least, most) in bounds {
        let length = text.trim().chars().count();
        if length < least || length > most {
            verdict.wrong(field, format!("it has {length} characters; {least} to {most} are allowed"));
        }
    }
    if rule.alert_fields.len() > 100 || rule.suppress_by.len() > 20 {
        verdict.wrong("alert_fields", "at most 100 mapped fields and 20 fields of suppression are allowed");
    }
    if rule.mitre.tactics.len() + rule.mitre.techniques.len() > 50 {
        verdict.wrong("mitre", "at most 50 identifiers are allowed");
    }
}

fn words(rule: &Rule, verdict: &mut Verdict) {
    if Rule::field_of(&rule.severity).is_none() && severity(&rule.severity).is_none() {
        let known = "informational, low, medium, high, critical, or $field for the word in a field";
        verdict.wrong("severity", format!("{:?} is none; it is {known}", text::cut(&rule.severity, 40)));
    }
    if rule.action != Action::Alert {
        saving(rule, verdict);
    }
    lookup(rule, verdict);
}

/// What is wrong with how rows of a lookup are named and filled.
fn lookup(rule: &Rule, verdict: &mut Verdict) {
    let (keys, fields) = (&rule.lookup_keys, &rule.lookup_fields);
    if !matches!(rule.action, Action::Lookup | Action::LookupRemove) {
        if !keys.is_empty() || !fields.is_empty() {
            verdict.wrong(
                "lookup_keys",
                "keys and fields of a lookup go with the actions lookup and lookup_remove",
            );
        }
        return;
    }
    if keys.is_empty() && rule.action == Action::LookupRemove {
        verdict
            .wrong("lookup_keys", "rows are taken out by their keys: name at least one column of the lookup");
    }
    if keys.is_empty() && !fields.is_empty() {
        verdict.wrong("lookup_keys", "fields are mapped row by row: name the columns that are a row's key");
    }
    if keys.len() > 20 || fields.len() > 100 {
        verdict.wrong("lookup_keys", "at most 20 keys and 100 mapped fields are allowed");
    }
    let column = |name: &str| {
        (1..=100).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if let Some(odd) = keys.iter().chain(fields.keys()).find(|name| !column(name)) {
        let form = "1 to 100 letters, digits and underscores";
        verdict.wrong("lookup_keys", format!("{:?} is no name of a column: {form}", text::cut(odd, 40)));
    }
    if let Some(key) = keys.iter().find(|key| !fields.is_empty() && !fields.contains_key(*key)) {
        verdict.wrong("lookup_fields", format!("nothing is mapped to the key {:?}", text::cut(key, 40)));
    }
}

/// What is wrong with where the rows are to go.
fn saving(rule: &Rule, verdict: &mut Verdict) {
    let name = rule.dataset.to_lowercase();
    let begins = name.starts_with(|first: char| first.is_ascii_lowercase());
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !begins || !plain || name.len() > 100 {
        let form = "1 to 100 letters, digits and underscores, a letter first";
        verdict
            .wrong("dataset", format!("{:?} is no name of a dataset: {form}", text::cut(&rule.dataset, 40)));
    } else if vedette_event::datasets::by_name(&name).is_some() {
        verdict.wrong("dataset", format!("{name} is a built-in dataset; choose another name"));
    }
    if rule.mode == Mode::RealTime {
        verdict.wrong("action", "a real-time rule raises alerts; give it a schedule to save its rows");
    }
    if !rule.suppress_for.is_empty() {
        verdict.wrong("suppress_for", "rows that are saved are all saved; a suppression is for alerts");
    }
}

fn times(rule: &Rule, verdict: &mut Verdict) {
    if rule.suppress_for.is_empty() != rule.suppress_by.is_empty() {
        verdict
            .wrong("suppress_for", "a suppression has both a length and the fields in which rows must agree");
    }
    if !rule.suppress_for.is_empty() && span::parse(&rule.suppress_for).is_none() {
        verdict.wrong(
            "suppress_for",
            format!("{:?} is no length of time such as \"6 hours\"", text::cut(&rule.suppress_for, 40)),
        );
    }
    if rule.mode == Mode::RealTime {
        if !rule.schedule.is_empty() || !rule.search_window.is_empty() {
            verdict.wrong(
                "schedule",
                "a real-time rule runs as rows arrive: it has no schedule and no search window",
            );
        }
        return;
    }
    if let Err(why) = Schedule::parse(&rule.schedule, &rule.timezone) {
        verdict.wrong("schedule", why);
    }
    if !rule.search_window.is_empty()
        && !span::parse(&rule.search_window)
            .is_some_and(|window| (60_000_000..=LONGEST_WINDOW).contains(&window))
    {
        let shown = text::cut(&rule.search_window, 40);
        verdict.wrong(
            "search_window",
            format!("{shown:?} is no length between a minute and 31 days, such as \"2 hours\""),
        );
    }
}

/// The mistakes as one text for a terminal, by field.
pub fn summary(verdict: &Verdict) -> String {
    let mut lines: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for mistake in &verdict.mistakes {
        lines.entry(mistake.field).or_default().push(mistake.message.clone());
    }
    let lines = lines.into_iter().map(|(field, messages)| format!("{field}: {}", messages.join("; ")));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fine() -> Rule {
        Rule {
            name: "R".into(),
            query: "dataset = xdr_data | filter target_port = 22".into(),
            severity: "high".into(),
            schedule: "10 minutes".into(),
            ..Rule::default()
        }
    }

    fn fields(rule: &Rule) -> Vec<&'static str> {
        check(rule).mistakes.iter().map(|mistake| mistake.field).collect()
    }

    #[test]
    fn each_mistake_names_its_field() {
        assert!(check(&fine()).is_fine());
        let with = |change: fn(&mut Rule)| {
            let mut rule = fine();
            change(&mut rule);
            fields(&rule)
        };
        assert_eq!(with(|rule| rule.name = " ".into()), ["name"]);
        assert_eq!(with(|rule| rule.name = "x".repeat(201)), ["name"]);
        assert_eq!(with(|rule| rule.severity = "urgent".into()), ["severity"]);
        assert_eq!(with(|rule| rule.severity = "$risk".into()), [""; 0]);
        assert_eq!(with(|rule| rule.schedule = "whenever".into()), ["schedule"]);
        assert_eq!(with(|rule| rule.search_window = "90 days".into()), ["search_window"]);
        assert_eq!(with(|rule| rule.suppress_for = "1 hour".into()), ["suppress_for"]);
        assert_eq!(with(|rule| rule.action = Action::Dataset), ["dataset"]);
        let saved = |name: &str, action| fields(&Rule { action, dataset: name.into(), ..fine() });
        assert_eq!(saved("seen_sources", Action::Dataset), [""; 0]);
        assert_eq!(saved("seen_sources", Action::Lookup), [""; 0]);
        for wrong in ["", "alerts", "xdr_data", "a b", "x | filter y = 1", "7x", "..\\up"] {
            assert_eq!(saved(wrong, Action::Dataset), ["dataset"], "{wrong}");
        }
        let keyed = |action, keys: &[&str], mapped: &[(&str, &str)]| {
            let fields_of = mapped.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
            let keys = keys.iter().map(|key| (*key).to_owned()).collect();
            fields(&Rule {
                action,
                dataset: "l".into(),
                lookup_keys: keys,
                lookup_fields: fields_of,
                ..fine()
            })
        };
        assert_eq!(keyed(Action::Lookup, &["ip"], &[("ip", "source_ip")]), [""; 0]);
        assert_eq!(keyed(Action::LookupRemove, &["ip"], &[]), [""; 0]);
        assert_eq!(keyed(Action::LookupRemove, &[], &[]), ["lookup_keys"]);
        assert_eq!(keyed(Action::Lookup, &[], &[("ip", "source_ip")]), ["lookup_keys"]);
        assert_eq!(keyed(Action::Lookup, &["ip"], &[("n", "n")]), ["lookup_fields"]);
        assert_eq!(keyed(Action::Lookup, &["a b"], &[]), ["lookup_keys"]);
        assert_eq!(keyed(Action::Dataset, &["ip"], &[]), ["lookup_keys"]);
        assert_eq!(with(|rule| rule.query.push_str(" | target type = dataset x")), ["query"]);
        assert_eq!(with(|rule| rule.mode = Mode::RealTime), ["schedule"]);
        let real_time = |query: &str| {
            fields(&Rule { mode: Mode::RealTime, schedule: String::new(), query: query.into(), ..fine() })
        };
        assert_eq!(real_time("dataset = xdr_data | filter target_port = 22"), [""; 0]);
        assert_eq!(real_time("dataset = xdr_data | comp count() as n"), ["mode"]);
    }

    #[test]
    fn a_query_that_cannot_be_read_has_its_diagnostics() {
        let verdict = check(&Rule { query: "dataset = xdr_data | filtre a".into(), ..fine() });
        assert!(!verdict.is_fine() && verdict.mistakes.is_empty() && !verdict.diagnostics.is_empty());
    }
}
