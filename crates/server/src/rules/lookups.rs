//! Rows of a rule's result and the rows of a lookup: added, changed or taken out by their keys.
//!
//! A run that is broken off is run again: the same rows under the same keys leave the same lookup.

use super::rule::{Action, Rule};
use super::text::Row;
use serde_json::Value;
use std::collections::BTreeMap;
use vedette_engine::{ErrorKind, QueryError, TableError, Tables};
use vedette_event::Time;

/// Whether a rule's rows go into a lookup row by row; without keys they replace it whole.
pub fn by_key(rule: &Rule) -> bool {
    matches!(rule.action, Action::Lookup | Action::LookupRemove) && !rule.lookup_keys.is_empty()
}

/// Carries a result into the rule's lookup; how many rows of the lookup were added, changed or taken out.
pub fn carry(rule: &Rule, tables: &Tables, rows: Vec<Row>, now: Time) -> Result<u64, QueryError> {
    let rows: Vec<Row> = rows.into_iter().map(|row| mapped(&rule.lookup_fields, row)).collect();
    let name = &rule.dataset;
    let done = match rule.action {
        Action::LookupRemove => {
            let filters: Vec<Row> = rows.into_iter().filter_map(|row| only(&rule.lookup_keys, row)).collect();
            match tables.remove_rows(name, &filters, now) {
                // Nothing was ever put in: nothing is to be taken out.
                Err(TableError::Unknown(_)) => Ok(0),
                other => other,
            }
        }
        _ => {
            tables.merge_rows(name, &rule.lookup_keys, rows, now).map(|merged| merged.added + merged.updated)
        }
    };
    done.map_err(|error| {
        let kind = if error.is_users() { ErrorKind::Query } else { ErrorKind::Internal };
        QueryError::new(kind, format!("the lookup {name}: {error}"))
    })
}

/// A row of the result as one of the lookup. Without a mapping, fields keep their names, and those of the
/// system stay out.
fn mapped(fields: &BTreeMap<String, String>, row: Row) -> Row {
    if fields.is_empty() {
        return row.into_iter().filter(|(name, _)| !name.starts_with('_')).collect();
    }
    let value = |field: &String| row.get(field.trim_start_matches('$')).cloned().unwrap_or(Value::Null);
    fields.iter().map(|(column, field)| (column.clone(), value(field))).collect()
}

/// The key columns of a row; `None` when one of them has no value, for it would name too much.
fn only(keys: &[String], row: Row) -> Option<Row> {
    let lower: Row = row.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect();
    let value = |key: &String| {
        let key = key.to_lowercase();
        let value = lower.get(&key).filter(|value| !value.is_null())?.clone();
        Some((key, value))
    };
    keys.iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn rule(action: Action) -> Rule {
        Rule {
            action,
            dataset: "bad_sources".into(),
            lookup_keys: vec!["ip".into()],
            lookup_fields: [("ip", "source_ip"), ("hits", "$n")].map(|(a, b)| (a.into(), b.into())).into(),
            ..Rule::default()
        }
    }

    fn rows(value: Value) -> Vec<Row> {
        value.as_array().unwrap().iter().map(|row| row.as_object().unwrap().clone()).collect()
    }

    #[test]
    fn rows_change_what_has_their_key_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let tables = Tables::open(dir.path()).unwrap();
        let carry = |action, found| carry(&rule(action), &tables, rows(found), Time(1)).unwrap();
        assert_eq!(carry(Action::LookupRemove, json!([{"source_ip": "10.0.0.1"}])), 0, "no lookup yet");
        let found =
            json!([{"source_ip": "10.0.0.1", "n": 3, "other": "x"}, {"source_ip": "10.0.0.2", "n": 4}]);
        assert_eq!(carry(Action::Lookup, found.clone()), 2);
        assert_eq!(carry(Action::Lookup, found), 2, "again, after a crash");
        assert_eq!(carry(Action::Lookup, json!([{"source_ip": "10.0.0.1", "n": 9}])), 1);
        let there = tables.lookup_rows("bad_sources").unwrap();
        assert_eq!(there.len(), 2);
        assert_eq!(there[0], rows(json!([{"ip": "10.0.0.1", "hits": 9}]))[0], "only what is mapped");
        // A row without its key names nothing, not everything.
        assert_eq!(carry(Action::LookupRemove, json!([{"source_ip": null, "n": 9}, {"n": 4}])), 0);
        assert_eq!(carry(Action::LookupRemove, json!([{"source_ip": "10.0.0.1", "n": 0}])), 1);
        assert_eq!(tables.lookup_rows("bad_sources").unwrap().len(), 1);
    }

    #[test]
    fn a_name_that_is_no_lookup_is_the_rules_mistake() {
        let dir = tempfile::tempdir().unwrap();
        let tables = Tables::open(dir.path()).unwrap();
        let text = (vedette_engine::Format::Json, br#"{"a": 1}"#.as_slice());
        let kind = vedette_engine::TableKind::Dataset;
        tables.import("bad_sources", kind, true, text, Time(1)).unwrap();
        let found = rows(json!([{"source_ip": "10.0.0.1"}]));
        let refused = carry(&rule(Action::Lookup), &tables, found, Time(1)).unwrap_err();
        assert!(
            refused.kind == ErrorKind::Query && refused.message.contains("bad_sources"),
            "{}",
            refused.message
        );
    }
}
