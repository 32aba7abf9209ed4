//! Selections of a detection as XQL: maps are and, lists are or, modifiers choose the comparison.

use super::source::Source;
use super::{Object, condition};
use serde_json::Value;

/// Values of one field, so that a list does not make the query too long.
const MOST_VALUES: usize = 5000;

/// The condition of a whole detection.
pub fn condition(detection: &Object, source: &Source) -> Result<String, String> {
    let text = match detection.get("condition") {
        Some(Value::String(text)) => text,
        Some(_) => return Err("detection.condition: it is a text; lists are an old form".to_owned()),
        None => return Err("detection.condition: it is missing".to_owned()),
    };
    let names: Vec<&str> = detection.keys().map(String::as_str).filter(|name| *name != "condition").collect();
    let find = |name: &str| {
        let part = detection.get(name).filter(|_| name != "condition");
        let part = part.ok_or_else(|| format!("condition: there is no part {name:?}"))?;
        selection(part, source).map_err(|why| format!("{name}: {why}"))
    };
    condition::render(text, &names, &find)
}

fn selection(part: &Value, source: &Source) -> Result<String, String> {
    match part {
        Value::Object(fields) if !fields.is_empty() => {
            let all: Vec<String> =
                fields.iter().map(|(name, value)| field(name, value, source)).collect::<Result<_, _>>()?;
            Ok(format!("({})", all.join(" and ")))
        }
        Value::Array(list) if !list.is_empty() => {
            let all: Vec<String> = list
                .iter()
                .map(|one| if one.is_object() { selection(one, source) } else { Err(KEYWORDS.to_owned()) })
                .collect::<Result<_, _>>()?;
            Ok(format!("({})", all.join(" or ")))
        }
        _ => Err(KEYWORDS.to_owned()),
    }
}

const KEYWORDS: &str = "keywords without a field are not read; name the field";

#[derive(Clone, Copy, PartialEq)]
enum Compare {
    Equal,
    Contains,
    Starts,
    Ends,
    Matches,
    In,
    Than(&'static str),
    Exists,
}

/// `DestinationIp|cidr: 10.0.0.0/8`
fn field(key: &str, value: &Value, source: &Source) -> Result<String, String> {
    let mut parts = key.split('|');
    let name = source.field(parts.next().unwrap_or_default())?;
    let (mut compare, mut all) = (Compare::Equal, false);
    for modifier in parts {
        compare = match modifier {
            "all" => {
                all = true;
                continue;
            }
            "contains" => Compare::Contains,
            "startswith" => Compare::Starts,
            "endswith" => Compare::Ends,
            "re" => Compare::Matches,
            "cidr" => Compare::In,
            "gt" => Compare::Than(">"),
            "gte" => Compare::Than(">="),
            "lt" => Compare::Than("<"),
            "lte" => Compare::Than("<="),
            "exists" => Compare::Exists,
            other => return Err(format!("the modifier {other:?} is not read")),
        };
    }
    let values = match value {
        Value::Array(list) => list.iter().collect(),
        one => vec![one],
    };
    if values.is_empty() || values.len() > MOST_VALUES {
        return Err(format!("{key}: it has {} values; 1 to {MOST_VALUES} are allowed", values.len()));
    }
    let each: Vec<String> = values
        .into_iter()
        .map(|value| one(&name, compare, value).map_err(|why| format!("{key}: {why}")))
        .collect::<Result<_, _>>()?;
    Ok(format!("({})", each.join(if all { " and " } else { " or " })))
}

fn one(name: &str, compare: Compare, value: &Value) -> Result<String, String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        Value::Null if compare == Compare::Equal => return Ok(format!("{name} = null")),
        _ => return Err("a value is a text, a number, yes or no, or null".to_owned()),
    };
    let plain = !text.contains(['*', '?']);
    Ok(match compare {
        Compare::Exists if text == "true" => format!("{name} != null"),
        Compare::Exists if text == "false" => format!("{name} = null"),
        Compare::Exists => return Err("exists is true or false".to_owned()),
        Compare::Equal if !value.is_string() => format!("{name} = {text}"),
        Compare::Equal if text.contains('?') => return Err(ANY_LETTER.to_owned()),
        Compare::Equal => format!("{name} = {}", quoted(&text)),
        Compare::Contains if plain => format!("{name} contains {}", quoted(&text)),
        Compare::Starts if plain => format!("{name} = {}", quoted(&format!("{text}*"))),
        Compare::Ends if plain => format!("{name} = {}", quoted(&format!("*{text}"))),
        Compare::Contains | Compare::Starts | Compare::Ends => return Err(ANY_LETTER.to_owned()),
        Compare::Matches => format!("{name} ~= {}", quoted(&text)),
        Compare::In => format!("incidr({name}, {}) = true", quoted(&text)),
        Compare::Than(operator) => {
            let number: f64 = text.parse().map_err(|_| format!("{text:?} is no number"))?;
            format!("{name} {operator} {number}")
        }
    })
}

const ANY_LETTER: &str = "wildcards here cannot be said exactly in XQL; use the modifier re";

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn of(detection: Value) -> Result<String, String> {
        let source = Source::of(Some(&json!({"category": "network_connection"}))).unwrap();
        condition(detection.as_object().unwrap(), &source)
    }

    #[test]
    fn selections_become_conditions_that_can_be_read() {
        let text = of(json!({
            "a": {"DestinationPort": [22, 23], "SourceIp|cidr": ["10.0.0.0/8"], "outcome": "refus*", "interface|exists": true},
            "b": [{"Computer|startswith": "web"}, {"Computer|endswith|all": ["x", "y"]}, {"ttl|gte": 64, "vlan": null}],
            "c": {"agent_id|contains": "say \"no\" \\ | filter x = 1", "Image|re": "^a.*"},
            "condition": "a and not b or c",
        }))
        .unwrap();
        let query = format!("dataset = xdr_data | filter {text}");
        assert_eq!(vedette_xql::check(&query), [], "{query}");
        assert!(text.contains("(target_port = 22 or target_port = 23)"), "{text}");
    }

    #[test]
    fn what_is_not_read_is_named() {
        for (detection, word) in [
            (json!({"a": {"outcome": "x"}}), "condition"),
            (json!({"a": ["word"], "condition": "a"}), "keywords"),
            (json!({"a": {}, "condition": "a"}), "keywords"),
            (json!({"a": {"sauce": 1}, "condition": "a"}), "sauce"),
            (json!({"a": {"outcome": "a?c"}, "condition": "a"}), "wildcards"),
            (json!({"a": {"outcome|contains": "a*c"}, "condition": "a"}), "wildcards"),
            (json!({"a": {"outcome|utf16": "a"}, "condition": "a"}), "utf16"),
            (json!({"a": {"outcome": []}, "condition": "a"}), "values"),
            (json!({"a": {"outcome": {"x": 1}}, "condition": "a"}), "a value is"),
            (json!({"a": {"ttl|gt": "many"}, "condition": "a"}), "no number"),
        ] {
            let error = of(detection.clone()).unwrap_err();
            assert!(error.contains(word), "{detection}: {error}");
        }
    }
}
