//! What a correlation rule is: the same fields in its file, in the API and in the state.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use vedette_event::Severity;

/// A rule. Texts marked so replace `$field` by the value of the row's field.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RuleText)]
pub struct Rule {
    /// 1 to 200 characters.
    pub name: String,
    /// What it finds, why that matters, when it is wrong.
    #[serde(default)]
    pub description: String,
    /// XQL.
    pub query: String,
    /// `informational` to `critical`, or `$field`: the word in that field of each row.
    #[serde(default = "medium")]
    pub severity: String,
    /// A word or two; `$field` takes it from the row.
    #[serde(default)]
    pub category: String,
    /// Name of the alerts, with `$field`; the rule's own name when empty.
    #[serde(default)]
    pub alert_name: String,
    /// With `$field`.
    #[serde(default)]
    pub alert_description: String,
    /// From the name of an alert's field to the query's field it is taken from. `source_ips`,
    /// `target_ips`, `hosts`, `users`, `first_seen`, `last_seen` and `count` fill the alert's own;
    /// every other name is kept beside them.
    #[serde(default)]
    pub alert_fields: BTreeMap<String, String>,
    #[serde(default)]
    pub mitre: Attack,
    #[serde(default)]
    pub mode: Mode,
    /// A length (`10 minutes`) or five cron fields (`0 8 * * MON`).
    #[serde(default)]
    pub schedule: String,
    /// Of the cron fields: `Europe/Rome`. UTC when empty.
    #[serde(default)]
    pub timezone: String,
    /// How far back each run looks: `1 hour`. As long as the schedule's step when empty.
    #[serde(default)]
    pub search_window: String,
    /// Rows that agree in `suppress_by` raise no alert again for so long; empty: every row raises one.
    #[serde(default)]
    pub suppress_for: String,
    #[serde(default)]
    pub suppress_by: Vec<String>,
    /// XQL that leads on from an alert, with `$field`.
    #[serde(default)]
    pub drilldown: String,
    #[serde(default)]
    pub action: Action,
    /// With every action but `alert`: the name of the dataset or lookup.
    #[serde(default)]
    pub dataset: String,
    /// Columns of the lookup whose values name a row of it. With `lookup`, rows of the result change those
    /// that have their values and are added where there are none; without keys they replace the lookup.
    #[serde(default)]
    pub lookup_keys: Vec<String>,
    /// From a column of the lookup to the query's field; all fields under their own names when absent.
    #[serde(default)]
    pub lookup_fields: BTreeMap<String, String>,
}

fn medium() -> String {
    Severity::Medium.as_str().to_owned()
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RuleMode)]
pub enum Mode {
    /// Over windows of time, on a schedule.
    #[default]
    Scheduled,
    /// On rows as they arrive.
    RealTime,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RuleAction)]
pub enum Action {
    /// A row raises an alert.
    #[default]
    Alert,
    /// Rows are added to a dataset of the user's own.
    Dataset,
    /// Rows replace those of a lookup, or change them by `lookup_keys`.
    Lookup,
    /// Rows of a lookup that have the values of `lookup_keys` are taken out.
    LookupRemove,
}

/// MITRE ATT&CK identifiers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Attack {
    #[serde(default)]
    pub tactics: Vec<String>,
    #[serde(default)]
    pub techniques: Vec<String>,
}

impl Rule {
    /// The field that a severity or category `$field` is taken from.
    pub fn field_of(text: &str) -> Option<&str> {
        text.trim()
            .strip_prefix('$')
            .map(|name| name.trim_matches(['{', '}']))
            .filter(|name| !name.is_empty())
    }
}

/// Severities in the words of rules, of Cortex, and of logs.
pub fn severity(word: &str) -> Option<Severity> {
    let word = word.trim().to_lowercase();
    let word =
        word.strip_prefix("sev_").and_then(|rest| rest.split_once('_')).map_or(word.as_str(), |(_, w)| w);
    Some(match word {
        "informational" | "info" | "information" => Severity::Informational,
        "low" => Severity::Low,
        "medium" | "moderate" => Severity::Medium,
        "high" => Severity::High,
        "critical" => Severity::Critical,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_of_all_dialects() {
        assert_eq!(severity("SEV_010_INFO"), Some(Severity::Informational));
        assert_eq!(severity("SEV_050_CRITICAL"), Some(Severity::Critical));
        assert_eq!(severity(" High "), Some(Severity::High));
        assert_eq!(severity("SEV_HIGH_"), None);
        assert_eq!(severity("urgent"), None);
        assert_eq!(Rule::field_of("$risk"), Some("risk"));
        assert_eq!(Rule::field_of("${risk}"), Some("risk"));
        assert_eq!((Rule::field_of("high"), Rule::field_of("$")), (None, None));
    }
}
