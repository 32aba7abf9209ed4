//! Correlation rules.

use super::error;
use crate::harness::Host;
use serde_json::{Value, json};

fn rule(name: &str) -> Value {
    json!({
        "name": name, "severity": "SEV_040_HIGH", "xql_query": "dataset = xdr_data | comp count() as n by source_ip",
        "is_enabled": "ENABLED", "description": "d", "alert_name": name, "alert_category": "DISCOVERY",
        "execution_mode": "SCHEDULED", "search_window": "1 hours", "simple_schedule": "10 minutes",
        "timezone": "UTC", "alert_fields": {}, "mitre_defs": {}, "dataset": "alerts", "action": "ALERTS",
    })
}

#[test]
fn rules_are_added_changed_found_and_deleted() {
    let host = Host::start();
    let (reads, works) = (host.key("standard", "viewer"), host.key("advanced", "analyst"));
    let get =
        |filters: Value| host.call(&reads, "correlations/get", json!({ "filters": filters })).expect(200);
    let shipped = get(json!([]))["objects_count"].as_i64().unwrap();
    assert!(shipped > 0);
    let mut broken = rule("broken");
    broken["xql_query"] = json!("dataset = xdr_data | filtre x");
    let added = host.call(&works, "correlations/insert", json!([rule("mine"), broken])).expect(200);
    assert_eq!(
        (added["added_objects"].as_array().unwrap().len(), added["errors"][0]["index"].as_i64()),
        (1, Some(1))
    );
    assert_eq!(added["added_objects"], added["reply"]["added_objects"], "at top level and inside `reply`");
    let id = added["added_objects"][0]["id"].as_i64().unwrap();
    let named = json!([{"field": "name", "operator": "in", "value": ["MINE"]}]);
    let found = get(named);
    assert_eq!(
        (found["objects_count"].as_i64(), found["objects"][0]["rule_id"].as_i64()),
        (Some(1), Some(id))
    );
    assert_eq!(found["objects"][0]["severity"], "SEV_040_HIGH");
    let mut changed = rule("mine");
    changed["rule_id"] = json!(id);
    changed["is_enabled"] = json!(false);
    let updated = host.call(&works, "correlations/insert", json!([changed])).expect(200);
    assert_eq!(updated["updated_objects"][0]["id"], id);
    let off = json!([{"field": "is_enabled", "operator": "eq", "value": false}, {"field": "rule_id", "operator": "in", "value": [id]}]);
    assert_eq!(get(off.clone())["objects_count"], 1);
    error(&host.call(&reads, "correlations/delete", json!({"filters": off})), 403);
    let gone = host.call(&works, "correlations/delete", json!({ "filters": off })).expect(200);
    assert_eq!(gone["objects"], json!([id]));
    assert_eq!(get(json!([]))["objects_count"], shipped);
}

#[test]
fn what_is_wrong_is_said_and_nothing_goes_by_accident() {
    let host = Host::start();
    let key = host.key("standard", "analyst");
    error(&host.call(&key, "correlations/delete", json!({})), 400);
    error(
        &host.call(
            &key,
            "correlations/delete",
            json!({"filters": [{"field": "x", "operator": "in", "value": [1]}]}),
        ),
        400,
    );
    error(&host.call(&key, "correlations/insert", json!([])), 400);
    error(&host.call(&key, "correlations/insert", json!([{"name": "x"}])), 400);
    let mut unknown = rule("x");
    unknown["rule_id"] = json!(99_999);
    error(&host.call(&key, "correlations/insert", json!([unknown])), 400);
    error(&host.call(&key, "correlations/insert", json!(vec![rule("x"); 101])), 400);
}
