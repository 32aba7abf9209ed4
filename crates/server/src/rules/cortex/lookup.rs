//! `lookup_mapping`: how rows of a result become rows of a lookup. No export with one was seen in public, so
//! every spelling that similar mappings have is read.

use super::{fields, is_yes, word};
use crate::rules::rule::{Action, Rule};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The names under which mappings carry a lookup's column and the query's field.
const COLUMN: &[&str] = &["lookup_field", "lookup_column", "lookup", "target_field", "target", "to"];
const FIELD: &[&str] = &["query_field", "xql_field", "field", "source_field", "source", "from", "value"];
const KEY: &[&str] = &["is_key", "key", "is_key_field", "key_field", "primary_key"];

/// Fills how rows of a lookup are named: a list of mappings, or an object from column to field. Without a
/// column that is said to be a key, all of them are: the same row is there once.
pub fn with_lookup(mut rule: Rule, mapping: Option<&Value>, notes: &mut Vec<String>) -> Result<Rule, String> {
    let wrong =
        || "lookup_mapping: it is a list of {\"lookup_field\", \"query_field\", \"is_key\"}".to_owned();
    match mapping {
        None | Some(Value::Null) => {}
        Some(Value::String(text)) if text.is_empty() => {}
        Some(Value::Object(map)) => rule.lookup_fields = fields(Some(&Value::Object(map.clone()))),
        Some(Value::Array(list)) => {
            for one in list {
                let one = one.as_object().ok_or_else(wrong)?;
                let named = |names: &[&str]| names.iter().find_map(|name| word(one, name));
                let column = named(COLUMN).ok_or_else(wrong)?;
                let field = named(FIELD).unwrap_or_else(|| column.clone());
                if KEY.iter().any(|name| one.get(*name).is_some_and(is_yes)) {
                    rule.lookup_keys.push(column.clone());
                }
                rule.lookup_fields.insert(column, field.trim_start_matches('$').to_owned());
            }
        }
        Some(_) => return Err(wrong()),
    }
    if !matches!(rule.action, Action::Lookup | Action::LookupRemove) {
        if !rule.lookup_fields.is_empty() {
            notes.push("lookup_mapping: it is left out, for the rule's action is another".to_owned());
        }
        (rule.lookup_keys, rule.lookup_fields) = (Vec::new(), BTreeMap::new());
    } else if rule.lookup_keys.is_empty() && !rule.lookup_fields.is_empty() {
        rule.lookup_keys = rule.lookup_fields.keys().cloned().collect();
        notes.push(
            "lookup_mapping: no column is said to be a key, so a row is known by all of them".to_owned(),
        );
    }
    Ok(rule)
}

pub fn lookup_mapping(rule: &Rule) -> Value {
    let keys = rule.lookup_keys.iter().filter(|key| !rule.lookup_fields.contains_key(*key));
    let all = rule.lookup_fields.iter().chain(keys.map(|key| (key, key)));
    all.map(|(column, field)| {
        json!({"lookup_field": column, "query_field": field, "is_key": rule.lookup_keys.contains(column)})
    })
    .collect()
}
