//! What stands at a path of a JSON text. The text is read once and nothing is built but what was
//! asked for; a text that is no JSON from beginning to end holds nothing.

use super::path::Step;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The JSON at a path, as it is written there; nothing where that is `null`.
pub(crate) fn find<'j>(json: &'j str, path: &[Step]) -> Option<&'j str> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let found = At(path).deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    found.map(RawValue::get).filter(|found| *found != "null")
}

/// A single value as text; nothing for objects and arrays.
pub(crate) fn scalar(json: &str) -> Option<Cow<'_, str>> {
    match json.as_bytes().first()? {
        b'{' | b'[' => None,
        b'"' => serde_json::from_str::<String>(json).ok().map(Cow::Owned),
        _ if json == "null" => None,
        _ => Some(Cow::Borrowed(json)),
    }
}

/// The elements of an array, as they are written.
pub(crate) fn elements(json: &str) -> Option<Vec<&str>> {
    if !json.trim_start().starts_with('[') {
        return None;
    }
    let items: Vec<&RawValue> = serde_json::from_str(json).ok()?;
    Some(items.into_iter().map(RawValue::get).collect())
}

/// The keys and values of an object, as they are written.
pub(crate) fn members(json: &str) -> Option<Vec<(String, &str)>> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(String, &'de str)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some((key, value)) = map.next_entry::<String, &RawValue>()? {
                members.push((key, value.get()));
            }
            Ok(members)
        }
    }
    let mut reader = serde_json::Deserializer::from_str(json);
    let members = (&mut reader).deserialize_map(Members).ok()?;
    reader.end().ok()?;
    Some(members)
}

/// Is the whole text JSON?
pub(crate) fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Without blanks between its parts.
pub(crate) fn compact(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut quoted, mut escaped) = (false, false);
    for next in json.chars() {
        if quoted {
            quoted = escaped || next != '"';
            escaped = !escaped && next == '\\';
        } else if next == '"' {
            quoted = true;
        } else if next.is_ascii_whitespace() {
            continue;
        }
        out.push(next);
    }
    out
}

/// Reads the value at a path and skips the rest.
struct At<'p>(&'p [Step]);

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        match self.0.split_first() {
            None => <&RawValue>::deserialize(from).map(Some),
            Some((step, rest)) => from.deserialize_any(Inside { step, rest }),
        }
    }
}

struct Inside<'p> {
    step: &'p Step,
    rest: &'p [Step],
}

/// A value that is neither an object nor an array has nothing inside.
macro_rules! nothing {
    ($($method:ident: $type:ty),*) => {
        $(fn $method<E>(self, _: $type) -> Result<Self::Value, E> { Ok(None) })*
    };
}

impl<'de> Visitor<'de> for Inside<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    nothing!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    /// Of equal keys the first counts.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let Step::Key(wanted) = self.step else {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(None);
        };
        let mut found = None;
        while let Some(here) = map.next_key_seed(KeyIs(wanted))? {
            if here && found.is_none() {
                found = Some(map.next_value_seed(At(self.rest))?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found.flatten())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        if let Step::Index(index) = self.step {
            for _ in 0..*index {
                if items.next_element::<IgnoredAny>()?.is_none() {
                    return Ok(None);
                }
            }
            let found = items.next_element_seed(At(self.rest))?;
            while items.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(found.flatten());
        }
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// Is the key this one?
struct KeyIs<'p>(&'p str);

impl<'de> DeserializeSeed<'de> for KeyIs<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<bool, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyIs<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::path::parse;
    use super::*;

    fn at<'j>(json: &'j str, path: &str) -> Option<&'j str> {
        find(json, &parse(path).unwrap_or_default())
    }

    #[test]
    fn values_are_found_as_they_are_written() {
        let json = r#" {"a": {"b": [1.50, "x", {"c": null}]}, "a": 2, "é\u0041": true} "#;
        assert_eq!(at(json, "$.a.b[0]"), Some("1.50"));
        assert_eq!(at(json, "$.a.b[1]"), Some("\"x\""));
        assert_eq!(at(json, "$.a.b[2]"), Some(r#"{"c": null}"#));
        assert_eq!(at(json, "$.éA"), Some("true"));
        for path in ["$.a.b[2].c", "$.a.b[3]", "$.A", "$.a.b.c", "$[0]", "$.a.b[0].x"] {
            assert_eq!(at(json, path), None, "{path}");
        }
    }

    #[test]
    fn what_is_no_json_holds_nothing() {
        for json in ["", "{", "{\"a\":1} x", "{\"a\":1,}", "{a:1}", "{\"a\":1}{\"a\":2}"] {
            assert_eq!(at(json, "$.a"), None, "{json}");
        }
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(at(&deep, "$").map(str::len), Some(deep.len()));
        assert_eq!(elements(&deep).map(|items| items.len()), Some(1));
        assert_eq!(at(&deep, &"[0]".repeat(1_000)), None);
        assert!(is_json(&deep));
    }

    #[test]
    fn blanks_go_but_not_inside_texts() {
        assert_eq!(compact(r#"{ "a b" : [ 1 , "\" x" ] }"#), r#"{"a b":[1,"\" x"]}"#);
    }
}
