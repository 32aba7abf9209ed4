//! What a call asks for: the request data, its filters, page and order.

use crate::api::error::ApiError;
use crate::api::extract::{BodyLimit, read_body};
use axum::extract::{FromRequest, Request};
use serde_json::{Map, Value};
use std::fmt::Display;
use vedette_event::Time;

/// Items of one page, as in the original.
pub const PAGE: usize = 100;
/// Longest body where the server says nothing, in bytes.
const LONGEST: usize = 1 << 20;

/// The `request_data` of a body. A missing or empty body is an empty one, whatever its content type.
pub struct Data(pub Value);

impl<S: Send + Sync> FromRequest<S> for Data {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Data, ApiError> {
        let limit = request.extensions().get::<BodyLimit>().map_or(LONGEST, |limit| limit.0);
        let body = read_body(request.into_body(), limit).await?;
        parse(&body).map(Data)
    }
}

fn parse(body: &[u8]) -> Result<Value, ApiError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(Map::new()));
    }
    let wrong = |why: &dyn Display| ApiError::bad_request(format!("The body is not JSON: {why}."));
    match serde_json::from_slice::<Value>(body).map_err(|error| wrong(&error))? {
        // Calls on datasets have their data in `request`, as older documentation says.
        Value::Object(mut fields) => match fields.remove("request_data").or_else(|| fields.remove("request"))
        {
            None if fields.is_empty() => Ok(Value::Object(fields)),
            None => Err(ApiError::bad_request("The body has no `request_data`.")
                .help("Send `{\"request_data\": {…}}`.")),
            Some(Value::Null) => Ok(Value::Object(Map::new())),
            Some(data) => Ok(data),
        },
        Value::Null => Ok(Value::Object(Map::new())),
        _ => Err(ApiError::bad_request("The body is not an object.").help("Send `{\"request_data\": {…}}`.")),
    }
}

impl Data {
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    pub fn text(&self, key: &str) -> Result<Option<String>, ApiError> {
        self.get(key).map(|value| text(value).ok_or_else(|| wrong(key, "a text"))).transpose()
    }

    pub fn needed(&self, key: &str) -> Result<String, ApiError> {
        self.text(key)?
            .filter(|text| !text.trim().is_empty())
            .ok_or_else(|| ApiError::bad_request(format!("`{key}` is missing in `request_data`.")))
    }

    pub fn number(&self, key: &str) -> Result<Option<i64>, ApiError> {
        self.get(key).map(|value| number(value).ok_or_else(|| wrong(key, "a number"))).transpose()
    }

    pub fn flag(&self, key: &str) -> Result<Option<bool>, ApiError> {
        self.get(key).map(|value| flag(value).ok_or_else(|| wrong(key, "true or false"))).transpose()
    }

    /// A list; one item alone counts as a list of one.
    pub fn list(&self, key: &str) -> Option<Vec<Value>> {
        self.get(key).map(items)
    }

    /// The conditions: all must hold.
    pub fn filters(&self) -> Result<Vec<Filter>, ApiError> {
        match self.get("filters") {
            // One client asks for all in a word.
            None | Some(Value::String(_)) => Ok(Vec::new()),
            Some(Value::Array(filters)) => filters.iter().map(Filter::read).collect(),
            Some(_) => Err(wrong("filters", "a list of `{field, operator, value}`")),
        }
    }

    /// From which item to before which.
    pub fn page(&self) -> Result<Page, ApiError> {
        let from = self.number("search_from")?.unwrap_or(0);
        let to = self.number("search_to")?.unwrap_or_else(|| from.saturating_add(PAGE as i64));
        let span = to.checked_sub(from).filter(|span| from >= 0 && *span > 0).ok_or_else(|| {
            ApiError::bad_request("`search_from` is 0 or more, and `search_to` is more than it.")
        })?;
        if span > PAGE as i64 {
            let message = format!("`search_to` - `search_from` is {span}; one page has at most {PAGE}.");
            return Err(ApiError::bad_request(message).help("Ask page by page."));
        }
        let place = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
        Ok(Page { from: place(from), count: place(span) })
    }

    /// Field and direction; `known` are the fields to sort by, the first of them when none is given.
    pub fn sort<'a>(&self, known: &[&'a str]) -> Result<(&'a str, bool), ApiError> {
        let first = known.first().copied().unwrap_or_default();
        // One client sends a list of one.
        let sort = self.get("sort").and_then(|sort| sort.as_array().map_or(Some(sort), |list| list.first()));
        let Some(sort) = sort.filter(|sort| sort.as_object().is_some_and(|sort| !sort.is_empty())) else {
            return Ok((first, true));
        };
        let word = |key: &str| sort.get(key).and_then(Value::as_str).unwrap_or_default().to_lowercase();
        let field = word("field");
        let field = known.iter().find(|name| **name == field).ok_or_else(|| {
            ApiError::bad_request(format!("`sort.field` cannot be {field:?}; it is {}.", known.join(", ")))
        })?;
        match word("keyword").as_str() {
            "asc" => Ok((field, false)),
            "desc" | "" => Ok((field, true)),
            other => Err(ApiError::bad_request(format!("`sort.keyword` is asc or desc, not {other:?}."))),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    pub from: usize,
    pub count: usize,
}

impl Page {
    pub fn of<T>(self, items: Vec<T>) -> Vec<T> {
        items.into_iter().skip(self.from).take(self.count).collect()
    }
}

/// `{field, operator, value}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    pub field: String,
    pub operator: String,
    value: Value,
}

impl Filter {
    fn read(value: &Value) -> Result<Filter, ApiError> {
        let word = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_lowercase);
        let (Some(field), Some(operator)) = (word("field"), word("operator")) else {
            return Err(wrong("filters", "a list of `{field, operator, value}`"));
        };
        let value = value.get("value").filter(|value| !value.is_null()).cloned();
        let value =
            value.ok_or_else(|| ApiError::bad_request(format!("The filter on `{field}` has no `value`.")))?;
        Ok(Filter { field, operator, value })
    }

    /// The texts it names.
    pub fn texts(&self) -> Result<Vec<String>, ApiError> {
        items(&self.value).iter().map(|item| text(item).ok_or_else(|| self.wrong("texts"))).collect()
    }

    /// The numbers it names, also where they are texts.
    pub fn numbers(&self) -> Result<Vec<i64>, ApiError> {
        items(&self.value).iter().map(|item| number(item).ok_or_else(|| self.wrong("numbers"))).collect()
    }

    /// A moment in milliseconds.
    pub fn moment(&self) -> Result<Time, ApiError> {
        let wrong = || self.wrong("a number of milliseconds since 1970");
        number(items(&self.value).first().unwrap_or(&Value::Null))
            .map(|milliseconds| Time(milliseconds.saturating_mul(1000)))
            .ok_or_else(wrong)
    }

    pub fn flag(&self) -> Result<bool, ApiError> {
        flag(items(&self.value).first().unwrap_or(&Value::Null)).ok_or_else(|| self.wrong("true or false"))
    }

    fn wrong(&self, what: &str) -> ApiError {
        ApiError::bad_request(format!("The value of the filter on `{}` must be {what}.", self.field))
    }

    /// The error for a field that a call does not filter by.
    pub fn unknown(&self, known: &str) -> ApiError {
        let message = format!("`{}` is no field to filter by here.", self.field);
        ApiError::bad_request(message).help(format!("There is {known}."))
    }

    /// The operator, when it is one of these.
    pub fn one_of<'a>(&self, operators: &[&'a str]) -> Result<&'a str, ApiError> {
        operators.iter().copied().find(|known| *known == self.operator).ok_or_else(|| {
            let (field, operator) = (&self.field, &self.operator);
            ApiError::bad_request(format!(
                "The filter on `{field}` takes {}, not {operator:?}.",
                operators.join(" or ")
            ))
        })
    }

    /// Whether a moment passes a `gte` or `lte` filter.
    pub fn passes(&self, time: Time) -> Result<bool, ApiError> {
        let limit = self.moment()?;
        // Milliseconds are all that clients see.
        let time = Time(time.0.div_euclid(1000) * 1000);
        Ok(if self.one_of(&["gte", "lte"])? == "gte" { time >= limit } else { time <= limit })
    }
}

fn items(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        one => vec![one.clone()],
    }
}

pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

pub fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => {
            // A float in seconds or milliseconds, as one client computes it.
            number.as_i64().or_else(|| number.as_f64().filter(|n| n.abs() < 9e15).map(|n| n as i64))
        }
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(yes) => Some(*yes),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn wrong(key: &str, what: &str) -> ApiError {
    ApiError::bad_request(format!("`{key}` must be {what}."))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn data(value: Value) -> Data {
        Data(parse(json!({ "request_data": value }).to_string().as_bytes()).unwrap())
    }

    #[test]
    fn bodies_are_taken_as_clients_send_them() {
        for empty in ["", "  \n", "{}", "null", "{\"request_data\": null}", "\u{feff}{\"request_data\":{}}"] {
            assert_eq!(parse(empty.as_bytes()).unwrap(), json!({}), "{empty}");
        }
        assert_eq!(parse(b"{\"request_data\":[1]}").unwrap(), json!([1]));
        assert_eq!(parse(b"{\"request\":{\"a\":1}}").unwrap(), json!({"a": 1}));
        for wrong in ["{", "[]", "1", "{\"query\":\"x\"}", "\u{0}"] {
            assert!(parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn values_are_read_from_numbers_and_texts() {
        let data = data(json!({"a": "12", "b": 12, "c": true, "d": "FALSE", "e": null, "f": 12.0, "g": {}}));
        assert_eq!((data.number("a").unwrap(), data.number("b").unwrap()), (Some(12), Some(12)));
        assert_eq!((data.number("f").unwrap(), data.number("e").unwrap()), (Some(12), None));
        assert_eq!((data.flag("c").unwrap(), data.flag("d").unwrap()), (Some(true), Some(false)));
        assert_eq!(data.text("b").unwrap().as_deref(), Some("12"));
        assert!(data.number("g").is_err() && data.flag("a").is_err() && data.text("g").is_err());
        assert!(data.needed("e").is_err());
    }

    #[test]
    fn a_page_has_at_most_a_hundred() {
        let page = |value| data(value).page();
        assert_eq!(page(json!({})).unwrap(), Page { from: 0, count: 100 });
        assert_eq!(page(json!({"search_from": "100"})).unwrap(), Page { from: 100, count: 100 });
        assert_eq!(
            page(json!({"search_from": 5, "search_to": 8})).unwrap().of(vec![0, 1, 2, 3, 4, 5, 6]),
            [5, 6]
        );
        for (from, to) in [(0, 101), (5, 5), (9, 3), (-1, 5), (i64::MIN, i64::MAX)] {
            assert!(page(json!({"search_from": from, "search_to": to})).is_err(), "{from} {to}");
        }
    }

    #[test]
    fn filters_say_what_they_want() {
        let filters = data(json!({"filters": [
            {"field": "Severity", "operator": "IN", "value": ["low", 1]},
            {"field": "creation_time", "operator": "gte", "value": "1000"},
        ]}));
        let filters = filters.filters().unwrap();
        assert_eq!(
            (filters[0].field.as_str(), filters[0].texts().unwrap()),
            ("severity", vec!["low".into(), "1".into()])
        );
        assert!(filters[1].passes(Time(1_000_000)).unwrap() && !filters[1].passes(Time(999_999)).unwrap());
        assert!(filters[0].passes(Time(1)).is_err() && filters[0].one_of(&["eq"]).is_err());
        assert!(data(json!({"filters": "all"})).filters().unwrap().is_empty());
        for wrong in
            [json!({}), json!([1]), json!([{"field": "x"}]), json!([{"field": "x", "operator": "in"}])]
        {
            assert!(data(json!({"filters": wrong})).filters().is_err(), "{wrong}");
        }
        let sort = |value| data(json!({ "sort": value })).sort(&["creation_time", "severity"]);
        assert_eq!(sort(json!({})).unwrap(), ("creation_time", true));
        assert_eq!(sort(json!({"field": "severity", "keyword": "asc"})).unwrap(), ("severity", false));
        let list = json!([{"field": "severity", "keyword": "ASC"}]);
        assert_eq!(sort(list).unwrap(), ("severity", false));
        assert_eq!(sort(json!([])).unwrap(), ("creation_time", true));
        assert!(sort(json!({"field": "x"})).is_err());
        assert!(sort(json!({"field": "severity", "keyword": "up"})).is_err());
    }
}
