//! The shape in which Cortex exports correlation rules, read and written. Exports disagree on names and
//! words; every spelling that was seen is read.

mod lookup;

use super::rule::{Action, Attack, Mode, Rule, severity};
use crate::state::RuleRecord;
use lookup::{lookup_mapping, with_lookup};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use vedette_event::Severity;

/// A rule that was read, and what of it has no meaning here.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// Its number where it was exported.
    pub id: Option<i64>,
    pub rule: Rule,
    pub enabled: bool,
    /// Sentences.
    pub notes: Vec<String>,
}

/// The rules of an export: one, an array, or an object that holds the array. The error is a sentence.
pub fn rules_of(document: &Value) -> Result<Vec<&Map<String, Value>>, String> {
    let not = || "no rules are in it: an export is a rule or an array of rules".to_owned();
    let list = match document {
        Value::Array(list) => list.iter().collect(),
        Value::Object(object) if object.contains_key("xql_query") => vec![document],
        Value::Object(object) => {
            let inner = ["objects", "rules", "correlation_rules", "data", "reply"];
            let inner = inner.iter().find_map(|name| object.get(*name)).ok_or_else(not)?;
            return rules_of(inner);
        }
        _ => return Err(not()),
    };
    list.into_iter().map(|one| one.as_object().ok_or_else(not)).collect()
}

/// Reads one rule. The error names the field.
pub fn import(object: &Map<String, Value>) -> Result<Imported, String> {
    let text = |name: &str| word(object, name);
    let need = |name: &str| text(name).ok_or_else(|| format!("{name}: it is missing"));
    let mut notes = Vec::new();
    let real_time = text("execution_mode").is_some_and(|mode| mode.eq_ignore_ascii_case("REAL_TIME"));
    let (suppress_for, suppress_by) = suppression(object);
    let rule = Rule {
        name: need("name")?,
        description: text("description").unwrap_or_default(),
        query: need("xql_query")?,
        severity: severity_of(object)?,
        category: category_of(object),
        alert_name: text("alert_name").unwrap_or_default(),
        alert_description: text("alert_description").unwrap_or_default(),
        alert_fields: fields(object.get("alert_fields")),
        mitre: mitre(object.get("mitre_defs")),
        mode: if real_time { Mode::RealTime } else { Mode::Scheduled },
        schedule: if real_time { String::new() } else { schedule(object) },
        timezone: if real_time { String::new() } else { text("timezone").unwrap_or_default() },
        search_window: if real_time { String::new() } else { text("search_window").unwrap_or_default() },
        suppress_for,
        suppress_by,
        drilldown: text("investigation_query_link").unwrap_or_default(),
        action: action(object, &mut notes),
        dataset: text("dataset").filter(|name| name != "alerts").unwrap_or_default(),
        ..Rule::default()
    };
    let rule = with_lookup(rule, object.get("lookup_mapping"), &mut notes)?;
    let id = ["rule_id", "id"].iter().find_map(|name| object.get(*name)).and_then(number);
    Ok(Imported { id, rule, enabled: enabled(object), notes })
}

/// A field as text; empty and null are absent.
fn word(object: &Map<String, Value>, name: &str) -> Option<String> {
    let text = match object.get(name)? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| !text.trim().is_empty())
}

fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}

fn is_yes(value: &Value) -> bool {
    match value {
        Value::Bool(yes) => *yes,
        Value::Number(number) => number.as_i64() == Some(1),
        Value::String(word) => matches!(word.to_lowercase().as_str(), "true" | "enabled" | "yes" | "1"),
        _ => false,
    }
}

/// On unless it says otherwise.
fn enabled(object: &Map<String, Value>) -> bool {
    ["is_enabled", "enabled", "status"].iter().find_map(|name| object.get(*name)).is_none_or(is_yes)
}

fn severity_of(object: &Map<String, Value>) -> Result<String, String> {
    if let Some(field) = word(object, "user_defined_severity") {
        return Ok(format!("${}", field.trim_start_matches('$')));
    }
    let given = word(object, "severity").unwrap_or_else(|| Severity::Medium.as_str().to_owned());
    let known = severity(&given).map(|severity| severity.as_str().to_owned());
    known.ok_or_else(|| format!("severity: {given:?} is none that is known"))
}

fn category_of(object: &Map<String, Value>) -> String {
    if let Some(field) = word(object, "user_defined_category") {
        return format!("${}", field.trim_start_matches('$'));
    }
    let word = word(object, "alert_category").unwrap_or_default();
    // RECONNAISSANCE, CREDENTIAL_ACCESS
    let is_constant = word.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    if !is_constant {
        return word;
    }
    let lower = word.to_lowercase().replace('_', " ");
    let mut letters = lower.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

fn fields(value: Option<&Value>) -> BTreeMap<String, String> {
    let pairs = value.and_then(Value::as_object).into_iter().flatten();
    let text = |value: &Value| value.as_str().map(|text| text.trim_start_matches('$').to_owned());
    pairs
        .filter_map(|(name, value)| Some((name.clone(), text(value)?)))
        .filter(|(_, to)| !to.is_empty())
        .collect()
}

/// `{"TA0007 - Discovery": ["T1046 - Network Service Discovery"]}`
fn mitre(value: Option<&Value>) -> Attack {
    let identifier = |text: &str| text.split([' ', '-']).next().unwrap_or_default().to_owned();
    let mut attack = Attack::default();
    for (tactic, techniques) in value.and_then(Value::as_object).into_iter().flatten() {
        attack.tactics.push(identifier(tactic));
        let list = techniques.as_array().into_iter().flatten().filter_map(Value::as_str);
        attack.techniques.extend(list.map(identifier));
    }
    attack.tactics.retain(|one| !one.is_empty());
    attack.techniques.retain(|one| !one.is_empty());
    attack.techniques.dedup();
    attack
}

fn schedule(object: &Map<String, Value>) -> String {
    let simple = word(object, "simple_schedule").filter(|text| super::span::parse(text).is_some());
    simple.or_else(|| word(object, "crontab")).or_else(|| word(object, "search_window")).unwrap_or_default()
}

fn suppression(object: &Map<String, Value>) -> (String, Vec<String>) {
    if !object.get("suppression_enabled").is_some_and(is_yes) {
        return (String::new(), Vec::new());
    }
    let fields = object.get("suppression_fields").and_then(Value::as_array).into_iter().flatten();
    let fields: Vec<String> = fields.filter_map(Value::as_str).map(str::to_owned).collect();
    match word(object, "suppression_duration") {
        Some(duration) if !fields.is_empty() => (duration, fields),
        _ => (String::new(), Vec::new()),
    }
}

fn action(object: &Map<String, Value>, notes: &mut Vec<String>) -> Action {
    match word(object, "action").unwrap_or_default().to_uppercase().as_str() {
        "SAVE_TO_DATASET" | "DATASET" => Action::Dataset,
        "UPDATE_LOOKUP" | "ADD_TO_LOOKUP" | "LOOKUP" | "ADD_DATA_TO_LOOKUP" | "LOOKUP_ADD" => Action::Lookup,
        "REMOVE_FROM_LOOKUP" | "REMOVE_DATA_FROM_LOOKUP" | "LOOKUP_REMOVE" => Action::LookupRemove,
        "" | "ALERT" | "ALERTS" | "ISSUE" | "CASE" => Action::Alert,
        other => {
            notes.push(format!("action: {other} is not known; the rule raises alerts"));
            Action::Alert
        }
    }
}

/// A rule as Cortex exports it.
pub fn export(record: &RuleRecord) -> Value {
    let rule = &record.rule;
    let own = |text: &String| Rule::field_of(text).map(str::to_owned);
    let (user_severity, user_category) = (own(&rule.severity), own(&rule.category));
    let real_time = rule.mode == Mode::RealTime;
    let simple = super::span::parse(&rule.schedule).map(|_| rule.schedule.clone());
    let or_null = |text: &str| if text.is_empty() { Value::Null } else { json!(text) };
    json!({
        "rule_id": record.id,
        "name": rule.name,
        "description": rule.description,
        "severity": user_severity.as_ref().map_or_else(|| constant(&rule.severity), |_| "User Defined"),
        "user_defined_severity": user_severity,
        "xql_query": rule.query,
        "is_enabled": record.enabled,
        "alert_name": if rule.alert_name.is_empty() { &rule.name } else { &rule.alert_name },
        "alert_category": user_category.as_ref().map_or_else(|| rule.category.to_uppercase().replace(' ', "_"), |_| "User Defined".to_owned()),
        "user_defined_category": user_category,
        "alert_type": Value::Null,
        "alert_description": rule.alert_description,
        "alert_domain": "DOMAIN_SECURITY",
        "alert_fields": rule.alert_fields,
        "execution_mode": if real_time { "REAL_TIME" } else { "SCHEDULED" },
        "search_window": or_null(&rule.search_window),
        "simple_schedule": simple,
        "timezone": or_null(&rule.timezone),
        "crontab": if real_time || simple.is_some() { Value::Null } else { json!(rule.schedule) },
        "suppression_enabled": !rule.suppress_for.is_empty(),
        "suppression_duration": or_null(&rule.suppress_for),
        "suppression_fields": if rule.suppress_by.is_empty() { Value::Null } else { json!(rule.suppress_by) },
        "dataset": if rule.action == Action::Alert { "alerts" } else { rule.dataset.as_str() },
        "mitre_defs": mitre_defs(&rule.mitre),
        "investigation_query_link": rule.drilldown,
        "drilldown_query_timeframe": "ALERT",
        "mapping_strategy": if rule.alert_fields.is_empty() { "AUTO" } else { "CUSTOM" },
        "action": match rule.action {
            Action::Alert => "ALERTS",
            Action::Dataset => "SAVE_TO_DATASET",
            Action::Lookup => "UPDATE_LOOKUP",
            Action::LookupRemove => "REMOVE_FROM_LOOKUP",
        },
        "lookup_mapping": lookup_mapping(rule),
    })
}

fn constant(word: &str) -> &'static str {
    match severity(word).unwrap_or(Severity::Medium) {
        Severity::Informational => "SEV_010_INFO",
        Severity::Low => "SEV_020_LOW",
        Severity::Medium => "SEV_030_MEDIUM",
        Severity::High => "SEV_040_HIGH",
        Severity::Critical => "SEV_050_CRITICAL",
    }
}

/// All techniques under each tactic: which belongs to which is not kept.
fn mitre_defs(attack: &Attack) -> Value {
    let defs = attack.tactics.iter().map(|tactic| (tactic.clone(), json!(attack.techniques)));
    Value::Object(defs.collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use vedette_event::Time;

    fn exported() -> Value {
        json!({
            "rule_id": 17, "name": "Scans", "severity": "SEV_040_HIGH", "xql_query": "dataset = xdr_data",
            "is_enabled": true, "alert_category": "CREDENTIAL_ACCESS", "execution_mode": "SCHEDULED",
            "search_window": "2 hours", "simple_schedule": "10 minutes", "timezone": "Asia/Jerusalem",
            "crontab": "*/10 * * * *", "suppression_enabled": true, "suppression_duration": "1 hours",
            "suppression_fields": ["source_ip"], "alert_fields": {"actionlocalip": "source_ip"},
            "mitre_defs": {"TA0007 - Discovery": ["T1046 - Network Service Discovery", "T1018"]},
        })
    }

    fn read(value: &Value) -> Imported {
        import(value.as_object().unwrap()).unwrap()
    }

    #[test]
    fn both_spellings_are_read() {
        let one = read(&exported());
        let mut other = exported();
        let map = other.as_object_mut().unwrap();
        map.insert("id".into(), json!("17"));
        map.remove("rule_id");
        map.insert("is_enabled".into(), json!("ENABLED"));
        assert_eq!(read(&other), one);
        assert_eq!((one.id, one.enabled, one.rule.category.as_str()), (Some(17), true, "Credential access"));
        assert_eq!(one.rule.mitre.techniques, ["T1046", "T1018"]);
        assert_eq!(one.rule.severity, "high");
        assert_eq!((one.rule.schedule.as_str(), one.rule.suppress_for.as_str()), ("10 minutes", "1 hours"));
        for word in [json!("DISABLED"), json!(false), json!(0)] {
            other.as_object_mut().unwrap().insert("is_enabled".into(), word);
            assert!(!read(&other).enabled);
        }
        assert!(super::super::check::check(&one.rule).is_fine());
    }

    #[test]
    fn what_is_exported_is_read_again() {
        let mut imported = read(&exported());
        imported.rule.severity = "$risk".into();
        imported.rule.alert_name = "x".into();
        imported.rule.action = Action::LookupRemove;
        imported.rule.dataset = "seen".into();
        imported.rule.lookup_keys = vec!["ip".into()];
        imported.rule.lookup_fields = [("ip".to_owned(), "source_ip".to_owned())].into();
        let record = RuleRecord {
            id: 17,
            shipped: None,
            modified: false,
            enabled: false,
            created_at: Time(0),
            created_by: "ada".into(),
            updated_at: Time(0),
            updated_by: "ada".into(),
            cursor: Time(0),
            next_due: Time(0),
            failing_since: None,
            last_error: None,
            rule: imported.rule.clone(),
        };
        let again = read(&export(&record));
        assert_eq!((again.rule, again.enabled), (imported.rule, false));
    }

    #[test]
    fn lookup_mappings_are_read_and_written() {
        let with = |action: &str, mapping: Value| {
            let mut rule = exported();
            let map = rule.as_object_mut().unwrap();
            map.insert("action".into(), json!(action));
            map.insert("dataset".into(), json!("bad_sources"));
            map.insert("suppression_enabled".into(), json!(false));
            map.insert("lookup_mapping".into(), mapping);
            import(rule.as_object().unwrap())
        };
        let list = json!([{"lookup_field": "ip", "query_field": "$source_ip", "is_key": true},
                          {"lookup_column": "hits", "field": "n"}]);
        let read = with("ADD_TO_LOOKUP", list).unwrap();
        assert_eq!((read.rule.action, &read.rule.lookup_keys[..]), (Action::Lookup, &["ip".to_owned()][..]));
        assert_eq!(read.rule.lookup_fields["ip"], "source_ip");
        assert_eq!(read.rule.lookup_fields["hits"], "n");
        assert!(
            super::super::check::check(&read.rule).is_fine() && read.notes.is_empty(),
            "{:?}",
            read.notes
        );
        let object = with("REMOVE_FROM_LOOKUP", json!({"ip": "source_ip"})).unwrap();
        assert_eq!((object.rule.action, object.rule.lookup_keys.len()), (Action::LookupRemove, 1));
        assert!(object.notes[0].contains("all of them"), "{:?}", object.notes);
        assert!(with("ALERTS", json!({"ip": "x"})).unwrap().rule.lookup_fields.is_empty());
        assert!(with("UPDATE_LOOKUP", json!([])).unwrap().rule.lookup_keys.is_empty(), "it replaces");
        for wrong in [json!(7), json!(["ip"]), json!([{"field": "x"}])] {
            assert!(with("ADD_TO_LOOKUP", wrong).unwrap_err().contains("lookup_mapping"));
        }
    }

    #[test]
    fn exports_come_wrapped_and_broken() {
        let list = json!({"objects": [exported(), exported()]});
        assert_eq!(rules_of(&list).unwrap().len(), 2);
        assert_eq!(rules_of(&exported()).unwrap().len(), 1);
        for wrong in [json!(5), json!({"a": 1}), json!([1]), json!(null)] {
            assert!(rules_of(&wrong).is_err());
        }
        let missing = import(json!({"name": "x"}).as_object().unwrap()).unwrap_err();
        assert!(missing.contains("xql_query"));
        let odd = import(json!({"name": "x", "xql_query": "y", "severity": "PURPLE"}).as_object().unwrap());
        assert!(odd.unwrap_err().contains("PURPLE"));
        let nested = json!({"name": ["x"], "xql_query": {"a": 1}});
        assert!(import(nested.as_object().unwrap()).is_err());
    }
}
