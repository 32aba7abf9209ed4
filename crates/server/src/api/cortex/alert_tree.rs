//! The conditions of `get_alerts_by_filter_data`: a tree of AND and OR over the fields of an alert.

use crate::api::error::ApiError;
use serde_json::{Map, Value};
use vedette_event::Time;

const PAGE: usize = 100;
/// Deeper than anybody writes by hand.
const DEEPEST: usize = 16;
const MOST: usize = 1000;

/// What is wanted: conditions, order, page.
pub struct Wanted {
    condition: Option<Condition>,
    sort: Option<(String, bool)>,
    from: usize,
    count: usize,
}

enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Is { field: String, how: How, value: Value },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Equal,
    Other,
    Contains,
    Lacks,
    AtLeast,
    AtMost,
    Range,
    /// Within so many milliseconds of now.
    Within,
}

fn wrong(message: impl Into<String>) -> ApiError {
    ApiError::bad_request(message)
}

impl Wanted {
    pub fn read(data: &Value) -> Result<Wanted, ApiError> {
        let mut room = MOST;
        let condition =
            data.get("filter").filter(|filter| filter.as_object().is_some_and(|all| !all.is_empty()));
        let condition = condition.map(|filter| Condition::read(filter, DEEPEST, &mut room)).transpose()?;
        let sort = data.pointer("/sort/0").and_then(|sort| {
            let field = sort.get("FIELD")?.as_str()?.to_owned();
            let order = sort.get("ORDER").and_then(Value::as_str).unwrap_or("DESC");
            Some((field, !order.eq_ignore_ascii_case("asc")))
        });
        let place = |key: &str| data.pointer(&format!("/paging/{key}")).and_then(super::request::number);
        let from = place("from").unwrap_or(0);
        let span = place("to").map_or(PAGE as i64, |to| to.saturating_sub(from));
        if from < 0 || !(1..=PAGE as i64).contains(&span) {
            return Err(wrong(format!("`paging` goes from 0 or more to at most {PAGE} more than that.")));
        }
        let number = |number: i64| usize::try_from(number).unwrap_or_default();
        Ok(Wanted { condition, sort, from: number(from), count: number(span) })
    }

    /// How many rows pass, and those of the page.
    pub fn of(
        &self,
        rows: impl Iterator<Item = Map<String, Value>>,
        now: Time,
    ) -> Result<(usize, Vec<Map<String, Value>>), ApiError> {
        let mut passed = Vec::new();
        for row in rows {
            if self.condition.as_ref().map_or(Ok(true), |condition| condition.holds(&row, now))? {
                passed.push(row);
            }
        }
        let (field, descending) = self.sort.clone().unwrap_or(("source_insert_ts".to_owned(), true));
        let key = |row: &Map<String, Value>| match row.get(&field) {
            Some(Value::Number(number)) => (number.as_i64().unwrap_or_default(), String::new()),
            Some(Value::String(text)) => (0, text.to_lowercase()),
            _ => (0, String::new()),
        };
        passed.sort_by_cached_key(key);
        if descending {
            passed.reverse();
        }
        let total = passed.len();
        Ok((total, passed.into_iter().skip(self.from).take(self.count).collect()))
    }
}

impl Condition {
    fn read(value: &Value, depth: usize, room: &mut usize) -> Result<Condition, ApiError> {
        *room =
            room.checked_sub(1).ok_or_else(|| wrong(format!("A filter has at most {MOST} conditions.")))?;
        let depth = depth.checked_sub(1).ok_or_else(|| wrong("The filter is nested too deeply."))?;
        let mut branch = |key: &str| {
            let list = value.get(key)?.as_array()?;
            Some(list.iter().map(|part| Condition::read(part, depth, room)).collect::<Result<Vec<_>, _>>())
        };
        if let Some(all) = branch("AND") {
            return all.map(Condition::All);
        }
        if let Some(any) = branch("OR") {
            return any.map(Condition::Any);
        }
        let word = |key: &str| value.get(key).and_then(Value::as_str);
        let (Some(field), Some(how), Some(wanted)) =
            (word("SEARCH_FIELD"), word("SEARCH_TYPE"), value.get("SEARCH_VALUE"))
        else {
            return Err(wrong(
                "A condition is AND or OR with a list, or SEARCH_FIELD, SEARCH_TYPE and SEARCH_VALUE.",
            ));
        };
        let how = match how.to_uppercase().as_str() {
            "EQ" | "IN" | "ARRAY_CONTAINS" => How::Equal,
            "NEQ" | "NOT_IN" => How::Other,
            "CONTAINS" | "WILDCARD" => How::Contains,
            "NCONTAINS" | "NOT_CONTAINS" => How::Lacks,
            "GTE" | "GT" => How::AtLeast,
            "LTE" | "LT" => How::AtMost,
            "RANGE" => How::Range,
            "RELATIVE_TIMESTAMP" => How::Within,
            other => {
                return Err(wrong(format!(
                    "SEARCH_TYPE cannot be {other:?}; it is EQ, NEQ, IN, CONTAINS, NCONTAINS, GTE, LTE, RANGE or \
                     RELATIVE_TIMESTAMP."
                )));
            }
        };
        Ok(Condition::Is { field: field.to_owned(), how, value: wanted.clone() })
    }

    fn holds(&self, row: &Map<String, Value>, now: Time) -> Result<bool, ApiError> {
        match self {
            Condition::All(parts) => {
                parts.iter().try_fold(true, |all, part| Ok(part.holds(row, now)? && all))
            }
            Condition::Any(parts) => {
                parts.iter().try_fold(false, |any, part| Ok(part.holds(row, now)? || any))
            }
            Condition::Is { field, how, value } => {
                let cell = row.get(field.as_str()).ok_or_else(|| {
                    let known: Vec<&str> = row.keys().map(String::as_str).collect();
                    wrong(format!("There is no field {field:?} to search for."))
                        .help(format!("There is {}.", known.join(", ")))
                })?;
                Ok(holds(*how, cell, value, now))
            }
        }
    }
}

fn holds(how: How, cell: &Value, wanted: &Value, now: Time) -> bool {
    let number = super::request::number;
    let any = |test: &dyn Fn(&str, &str) -> bool| {
        texts(wanted).iter().any(|wanted| texts(cell).iter().any(|cell| test(cell, wanted)))
    };
    match how {
        How::Equal => any(&|cell, wanted| cell == wanted),
        How::Other => !any(&|cell, wanted| cell == wanted),
        How::Contains => any(&|cell, wanted| cell.contains(wanted.trim_matches('*'))),
        How::Lacks => !any(&|cell, wanted| cell.contains(wanted.trim_matches('*'))),
        How::AtLeast => number(cell).zip(number(wanted)).is_some_and(|(cell, wanted)| cell >= wanted),
        How::AtMost => number(cell).zip(number(wanted)).is_some_and(|(cell, wanted)| cell <= wanted),
        How::Range => {
            let end = |key: &str| wanted.get(key).and_then(number);
            number(cell).is_some_and(|cell| {
                end("from").is_none_or(|from| cell >= from) && end("to").is_none_or(|to| cell <= to)
            })
        }
        How::Within => number(cell)
            .zip(number(wanted))
            .is_some_and(|(cell, span)| cell >= (now.0 / 1000).saturating_sub(span)),
    }
}

/// Lower case; of a list each of its texts.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text.to_lowercase()],
        Value::Null | Value::Object(_) => Vec::new(),
        other => vec![other.to_string()],
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn rows() -> Vec<Map<String, Value>> {
        [
            json!({"internal_id": 1, "severity": "SEV_040_HIGH", "alert_name": "Port scan", "agent_ip_addresses": ["10.0.0.5"], "source_insert_ts": 1000}),
            json!({"internal_id": 2, "severity": "SEV_020_LOW", "alert_name": "Odd", "agent_ip_addresses": [], "source_insert_ts": 2000}),
        ]
        .iter()
        .map(|row| row.as_object().unwrap().clone())
        .collect()
    }

    fn found(filter: Value) -> Vec<i64> {
        let wanted = Wanted::read(&json!({"filter": filter})).unwrap();
        let (total, rows) = wanted.of(rows().into_iter(), Time(2_500_000)).unwrap();
        assert_eq!(total, rows.len());
        rows.iter().map(|row| row["internal_id"].as_i64().unwrap()).collect()
    }

    fn is(field: &str, how: &str, value: Value) -> Value {
        json!({"SEARCH_FIELD": field, "SEARCH_TYPE": how, "SEARCH_VALUE": value})
    }

    #[test]
    fn a_tree_of_conditions_narrows() {
        assert_eq!(found(json!({})), [2, 1], "the newest first");
        assert_eq!(found(is("internal_id", "EQ", json!("1"))), [1]);
        assert_eq!(found(is("severity", "EQ", json!(["SEV_040_HIGH"]))), [1]);
        assert_eq!(found(is("severity", "NEQ", json!("sev_040_high"))), [2]);
        assert_eq!(found(is("alert_name", "CONTAINS", json!("SCAN"))), [1]);
        assert_eq!(found(is("agent_ip_addresses", "EQ", json!("10.0.0.5"))), [1]);
        assert_eq!(found(is("source_insert_ts", "RANGE", json!({"from": 1500, "to": 9000}))), [2]);
        assert_eq!(found(is("source_insert_ts", "RELATIVE_TIMESTAMP", json!("600"))), [2]);
        let either = json!({"OR": [is("internal_id", "EQ", json!(1)), is("internal_id", "EQ", json!(2))]});
        assert_eq!(found(json!({"AND": [either, is("alert_name", "NCONTAINS", json!("odd"))]})), [1]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let read = |data: Value| Wanted::read(&data);
        assert!(read(json!({"filter": {"XOR": []}})).is_err());
        assert!(read(json!({"filter": is("a", "LIKE", json!(1))})).is_err());
        assert!(read(json!({"paging": {"from": 0, "to": 1000}})).is_err());
        let unknown = read(json!({"filter": is("shoe_size", "EQ", json!(1))})).unwrap();
        assert!(unknown.of(rows().into_iter(), Time(0)).is_err());
        let mut deep = is("internal_id", "EQ", json!(1));
        for _ in 0..DEEPEST {
            deep = json!({ "AND": [deep] });
        }
        assert!(read(json!({ "filter": deep })).is_err());
        let wide = json!({"OR": vec![is("internal_id", "EQ", json!(1)); MOST + 1]});
        assert!(read(json!({ "filter": wide })).is_err());
    }
}
