//! The OpenAPI document and the server say the same.

use crate::harness::Host;
use serde_json::Value;

#[test]
fn the_document_is_whole_and_its_references_lead_somewhere() {
    let host = Host::start();
    let document = host.get("/api/v1/openapi.json");
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 20);
    for reference in references {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value.as_str() {
                    Some(text) if key == "$ref" => found.push(text.to_owned()),
                    _ => collect(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
}

/// Answers hold exactly the fields that the document gives them.
#[test]
fn answers_look_as_documented() {
    let host = Host::start();
    let alert = host.scan();
    let document = host.get("/api/v1/openapi.json");
    let id = alert["id"].as_i64().unwrap();
    let cases = [
        ("/api/v1/overview", "Overview".to_owned()),
        ("/api/v1/status", "Status".to_owned()),
        ("/api/v1/alerts", "AlertList".to_owned()),
        ("/api/v1/datasets", "Datasets".to_owned()),
        ("/api/v1/setup", "SetupStatus".to_owned()),
        ("/api/v1/session", "Me".to_owned()),
        ("/api/v1/assignees", "Assignees".to_owned()),
        ("/api/v1/rules", "RuleList".to_owned()),
        (&format!("/api/v1/alerts/{id}"), "Alert".to_owned()),
        (&format!("/api/v1/alerts/{id}/evidence"), "Evidence".to_owned()),
        (&format!("/api/v1/alerts/{id}/history"), "History".to_owned()),
    ];
    for (path, schema) in cases {
        let pointer = format!("/components/schemas/{schema}");
        let schema = document.pointer(&pointer).unwrap_or_else(|| panic!("no {pointer}"));
        compare(&document, schema, &host.get(path), path);
    }
}

/// Every key of the value is in the schema, and every key of the schema in the value.
fn compare(document: &Value, schema: &Value, value: &Value, path: &str) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.trim_start_matches('#')).unwrap();
        return compare(document, target, value, path);
    }
    let properties = properties(document, schema);
    if let Some(fields) = value.as_object() {
        if properties.is_empty() {
            return;
        }
        for (key, value) in fields {
            let Some((_, schema)) = properties.iter().find(|(name, _)| name == key) else {
                panic!("{path}.{key} is not documented");
            };
            compare(document, schema, value, &format!("{path}.{key}"));
        }
        for (name, _) in &properties {
            assert!(fields.contains_key(name), "{path}.{name} is documented and missing");
        }
    }
    if let Some(items) = value.as_array() {
        for item in items.iter().take(3) {
            compare(document, &schema["items"], item, &format!("{path}[]"));
        }
    }
}

fn properties(document: &Value, schema: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    if let Some(fields) = schema["properties"].as_object() {
        all.extend(fields.iter().map(|(name, schema)| (name.clone(), schema.clone())));
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        let part = match part["$ref"].as_str() {
            Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
            None => part,
        };
        all.extend(properties(document, part));
    }
    all
}
