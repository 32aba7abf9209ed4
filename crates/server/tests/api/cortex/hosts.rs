//! Endpoints and audits.

use super::error;
use crate::harness::Host;
use serde_json::{Value, json};

#[test]
fn this_host_is_an_endpoint() {
    let host = Host::start();
    let key = host.key("standard", "viewer");
    let light = host.reply(&key, "endpoints/get_endpoints", json!({}));
    let one = &light[0];
    for key in ["agent_id", "agent_status", "host_name", "agent_type"] {
        assert!(one[key].is_string(), "{key}");
    }
    assert!(one["ip"].is_array());
    let full = host.reply(&key, "endpoints/get_endpoint/", json!({"search_from": 0, "search_to": 1}));
    assert_eq!((full["total_count"].as_i64(), full["result_count"].as_i64()), (Some(1), Some(1)));
    let endpoint = &full["endpoints"][0];
    assert_eq!(
        (endpoint["endpoint_id"].clone(), endpoint["endpoint_type"].as_str()),
        (one["agent_id"].clone(), Some("AGENT_TYPE_SERVER"))
    );
    assert_eq!(
        (endpoint["endpoint_status"].as_str(), endpoint["is_isolated"].as_str()),
        (Some("DISCONNECTED"), Some("AGENT_UNISOLATED"))
    );
    assert!(endpoint["first_seen"].is_i64() && endpoint["ip"].is_array() && endpoint["users"].is_array());
    let count = |field: &str, value: Value| {
        let filters = json!({"filters": [{"field": field, "operator": "in", "value": value}]});
        host.reply(&key, "endpoints/get_endpoint", filters)["total_count"].as_i64().unwrap()
    };
    assert_eq!(count("hostname", json!([one["host_name"]])), 1);
    assert_eq!(count("endpoint_status", json!(["connected"])), 0);
    assert_eq!(count("platform", json!(["linux"])), 1);
    error(
        &host.call(
            &key,
            "endpoints/get_endpoint",
            json!({"filters": [{"field": "x", "operator": "in", "value": [1]}]}),
        ),
        400,
    );
    assert_eq!(
        host.cells("dataset = endpoints | filter endpoint_status = DISCONNECTED | fields endpoint_id", 1),
        [json!([one["agent_id"]])]
    );
}

#[test]
fn audits_have_upper_case_keys_and_filters() {
    let host = Host::start();
    let key = host.key("standard", "viewer");
    host.sign_in("ada", "analyst");
    let logs = |data: Value| host.reply(&key, "audits/management_logs", data);
    let all = logs(json!({"sort": {"field": "timestamp", "keyword": "asc"}}));
    let rows = all["data"].as_array().unwrap();
    assert_eq!(all["result_count"].as_u64(), Some(rows.len() as u64));
    assert!(rows.iter().all(|row| row.as_object().unwrap().keys().all(|key| key.to_uppercase() == *key)));
    let login = rows.iter().find(|row| row["AUDIT_ENTITY"] == "AUTH").unwrap();
    assert_eq!(
        (
            login["AUDIT_OWNER_NAME"].as_str(),
            login["AUDIT_ENTITY_SUBTYPE"].as_str(),
            login["AUDIT_RESULT"].as_str()
        ),
        (Some("ada"), Some("Login"), Some("SUCCESS"))
    );
    assert!(login["AUDIT_ID"].is_i64() && login["AUDIT_INSERT_TIME"].as_i64().unwrap() > 1_600_000_000_000);
    let count = |field: &str, operator: &str, value: Value| {
        logs(json!({"filters": [{"field": field, "operator": operator, "value": value}]}))["total_count"]
            .as_i64()
            .unwrap()
    };
    assert_eq!(count("type", "in", json!(["AUTH"])), 1);
    assert_eq!(count("email", "in", json!(["ada", "\") or 1 = 1"])), 1);
    assert_eq!(count("sub_type", "in", json!(["Create"])), 2);
    assert_eq!(count("result", "in", json!(["FAIL"])), 0);
    assert_eq!(count("timestamp", "gte", login["AUDIT_INSERT_TIME"].clone()), 1);
    assert_eq!(count("timestamp", "lte", json!("1000")), 0);
    assert_eq!(logs(json!({"search_from": 0, "search_to": 1}))["data"].as_array().unwrap().len(), 1);
    error(
        &host.call(
            &key,
            "audits/management_logs",
            json!({"filters": [{"field": "x", "operator": "in", "value": [1]}]}),
        ),
        400,
    );
    let reports = host.wait(|| {
        let reports = host.reply(&key, "audits/agents_reports", json!({}));
        (reports["total_count"].as_i64() == Some(1)).then_some(reports)
    });
    for key in
        ["TIMESTAMP", "ENDPOINTID", "ENDPOINTNAME", "CATEGORY", "TYPE", "SUBTYPE", "RESULT", "DESCRIPTION"]
    {
        assert!(!reports["data"][0][key].is_null(), "{key}");
    }
}
