//! Alerts in the shapes that clients read.

use super::{Key, error, now_ms};
use crate::harness::Host;
use serde_json::{Value, json};

fn list(host: &Host, key: &Key, data: Value) -> Value {
    host.reply(key, "alerts/get_alerts_multi_events", data)
}

fn filtered(host: &Host, key: &Key, field: &str, operator: &str, value: Value) -> i64 {
    let filters = json!({"filters": [{"field": field, "operator": operator, "value": value}]});
    list(host, key, filters)["total_count"].as_i64().unwrap()
}

fn external() -> Value {
    json!({
        "product": "Guard", "vendor": "Acme", "local_ip": "10.0.0.5", "local_port": 22,
        "remote_ip": "203.0.113.7", "remote_port": 40000, "event_timestamp": now_ms(), "severity": "High",
        "alert_name": "Brute <script>alert(1)</script>", "alert_description": "many tries",
        "action_status": "Blocked",
    })
}

#[test]
fn an_alert_has_every_key_with_the_types_that_strict_clients_expect() {
    let host = Host::start();
    let key = host.key("advanced", "viewer");
    host.scan();
    let reply = list(&host, &key, json!({}));
    assert_eq!((reply["total_count"].as_i64(), reply["result_count"].as_i64()), (Some(1), Some(1)));
    let alert = &reply["alerts"][0];
    for text in [
        "alert_id",
        "external_id",
        "name",
        "category",
        "description",
        "severity",
        "source",
        "action",
        "action_pretty",
        "matching_status",
        "agent_os_type",
    ] {
        assert!(alert[text].is_string(), "{text}: {alert}");
    }
    for number in ["detection_timestamp", "local_insert_ts", "case_id"] {
        assert!(alert[number].is_i64(), "{number}");
    }
    for list in
        ["host_ip", "mac_address", "mitre_tactic_id_and_name", "mitre_technique_id_and_name", "events"]
    {
        assert!(alert[list].is_array(), "{list}");
    }
    for flag in ["is_whitelisted", "starred"] {
        assert!(alert[flag].is_boolean(), "{flag}");
    }
    for key in
        ["endpoint_id", "host_name", "agent_version", "agent_fqdn", "deduplicate_tokens", "filter_rule_id"]
    {
        assert!(alert.get(key).is_some(), "{key}");
    }
    assert!(["low", "medium", "high", "critical"].contains(&alert["severity"].as_str().unwrap()));
    assert!(alert["mitre_technique_id_and_name"][0].as_str().unwrap().contains(" - "));
    let event = &alert["events"][0];
    assert!(event["event_timestamp"].is_i64() && event["action_local_port"].is_string(), "{event}");
    assert_eq!(
        (event["event_type"].as_str(), event["action_country"].as_str()),
        (Some("Network Event"), Some("UNKNOWN"))
    );
    assert!(event["action_remote_ip"].as_str().unwrap().starts_with("10.7."));
    for key in ["event_id", "actor_process_image_name", "user_name", "story_id", "dst_agent_id"] {
        assert!(event.get(key).is_some(), "{key}");
    }
    let flat = host.reply(&key, "/public_api/v2/alerts/get_alerts_multi_events", json!({}));
    let flat = &flat["alerts"][0];
    assert!(
        flat.get("events").is_none() && flat["action_local_ip"].is_array() && flat["event_type"].is_array()
    );
    assert_eq!(flat["alert_id"], alert["alert_id"]);
}

#[test]
fn filters_pages_and_order_are_as_documented() {
    let host = Host::start();
    let key = host.key("standard", "viewer");
    for _ in 0..3 {
        host.scan();
    }
    let all = list(&host, &key, json!({"sort": {"field": "creation_time", "keyword": "asc"}}));
    let ids: Vec<&str> =
        all["alerts"].as_array().unwrap().iter().map(|a| a["alert_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["1", "2", "3"]);
    let page = list(
        &host,
        &key,
        json!({"search_from": 1, "search_to": 2, "sort": {"field": "creation_time", "keyword": "asc"}}),
    );
    assert_eq!((page["total_count"].as_i64(), page["result_count"].as_i64()), (Some(3), Some(1)));
    assert_eq!(page["alerts"][0]["alert_id"], "2");
    let first = &all["alerts"][0];
    let count = |field: &str, operator: &str, value: Value| filtered(&host, &key, field, operator, value);
    assert_eq!(count("alert_id_list", "in", json!([1, "3", 99])), 2);
    assert_eq!(count("external_id_list", "in", json!([first["external_id"]])), 1);
    assert_eq!(count("severity", "in", json!(["low", "medium", "high", "critical"])), 3);
    assert_eq!(count("severity", "in", json!(["unknown"])), 0);
    assert_eq!(count("alert_source", "in", json!(["Vedette analytics"])), 3);
    assert_eq!(count("alert_source", "in", json!(["XDR BIOC"])), 0);
    assert_eq!(count("creation_time", "gte", first["detection_timestamp"].clone()), 3);
    assert_eq!(count("creation_time", "lte", first["detection_timestamp"].clone()), 1);
    assert_eq!(count("server_creation_time", "gte", json!(now_ms() + 60_000)), 0);
    assert_eq!(count("server_creation_time", "lte", json!((now_ms() + 60_000).to_string())), 3);
    for wrong in [
        json!({"filters": [{"field": "shoe_size", "operator": "in", "value": [1]}]}),
        json!({"filters": [{"field": "severity", "operator": "gte", "value": "low"}]}),
        json!({"filters": [{"field": "severity", "operator": "in", "value": ["loud"]}]}),
        json!({"filters": [{"field": "creation_time", "operator": "gte", "value": "yesterday"}]}),
        json!({"search_from": 0, "search_to": 101}),
        json!({"sort": {"field": "shoe_size", "keyword": "asc"}}),
    ] {
        error(&host.call(&key, "alerts/get_alerts_multi_events", wrong), 400);
    }
}

#[test]
fn alerts_are_sent_in_found_and_worked_on() {
    let host = Host::start();
    let (sends, works) = (host.key("standard", "ingest"), host.key("advanced", "analyst"));
    let sent = host.call(&sends, "alerts/insert_parsed_alerts", json!({"alerts": [external()]})).expect(200);
    assert_eq!(sent, json!({"reply": true}));
    let line = "CEF:0|Acme|Guard|1|100|Port scan|9|src=203.0.113.8 dst=10.0.0.6 dpt=22";
    host.call(&sends, "alerts/insert_cef_alerts/", json!({"alerts": [line]})).expect(200);
    error(&host.call(&sends, "alerts/get_alerts_multi_events", json!({})), 403);
    let reply = list(
        &host,
        &works,
        json!({"filters": [{"field": "alert_source", "operator": "in", "value": ["External"]}]}),
    );
    assert_eq!(reply["total_count"], 2);
    let alert = reply["alerts"].as_array().unwrap().iter().find(|a| a["alert_id"] == "1").unwrap();
    assert_eq!((alert["action"].as_str(), alert["severity"].as_str()), (Some("BLOCKED"), Some("high")));
    assert_eq!(alert["events"][0]["action_remote_port"], "40000");

    let update = json!({"alert_id_list": ["1", 2], "update_data": {"severity": "low", "status": "resolved_false_positive", "comment": "seen"}});
    assert_eq!(host.reply(&works, "alerts/update_alerts", update)["alerts_ids"], json!(["1", "2"]));
    let alert = host.get("/api/v1/alerts/1");
    assert_eq!(
        (alert["severity"].as_str(), alert["resolution"].as_str(), alert["comments"][0]["text"].as_str()),
        (Some("low"), Some("false_positive"), Some("seen"))
    );
    assert_eq!(filtered(&host, &works, "status", "in", json!(["resolved_false_positive"])), 2);
    let rows = host.cells("dataset = alerts | filter alert_source = \"External\" | sort asc alert_id | fields severity, incident_id", 2);
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0][0], "low");
    for wrong in [
        json!({"alert_id_list": [], "update_data": {"severity": "low"}}),
        json!({"alert_id_list": [1], "update_data": {}}),
        json!({"alert_id_list": [1], "update_data": {"status": "gone"}}),
        json!({"alert_id_list": [1], "update_data": {"severity": "loud"}}),
        json!({"update_data": {"severity": "low"}}),
    ] {
        error(&host.call(&works, "alerts/update_alerts", wrong), 400);
    }
    error(
        &host.call(
            &works,
            "alerts/update_alerts",
            json!({"alert_id_list": [99], "update_data": {"severity": "low"}}),
        ),
        404,
    );
}

#[test]
fn sixty_alerts_a_request_and_the_wrong_one_is_named() {
    let host = Host::start();
    let key = host.key("standard", "ingest");
    let many = |count: usize| {
        let alerts: Vec<Value> = (0..count)
            .map(|n| {
                let mut a = external();
                a["alert_name"] = json!(format!("n{n}"));
                a
            })
            .collect();
        host.call(&key, "alerts/insert_parsed_alerts", json!({ "alerts": alerts }))
    };
    many(60).expect(200);
    error(&many(61), 400);
    error(&many(0), 400);
    let mut wrong = external();
    wrong["local_ip"] = json!("x");
    let message =
        error(&host.call(&key, "alerts/insert_parsed_alerts", json!({"alerts": [external(), wrong]})), 400);
    assert!(message["err_msg"].as_str().unwrap().contains("Alert 2"), "{message}");
    assert_eq!(host.get("/api/v1/alerts")["total"], 60, "all or none");
    error(&host.call(&key, "alerts/insert_cef_alerts", json!({"alerts": ["no cef"]})), 400);
    error(&host.call(&key, "alerts/insert_cef_alerts", json!({"alerts": [{}]})), 400);
    // Sent again it is the same alert.
    let same = external();
    for _ in 0..2 {
        host.call(&key, "alerts/insert_parsed_alerts", json!({"alerts": [same]})).expect(200);
    }
    assert_eq!(host.get("/api/v1/alerts")["total"], 61);
}

#[test]
fn alerts_by_a_tree_of_conditions_and_as_they_were_raised() {
    let host = Host::start();
    let key = host.key("standard", "viewer");
    host.scan();
    let by = |filter: Value| {
        let data = json!({"filter_data": {"filter": filter, "paging": {"from": 0, "to": 50}, "sort": [{"FIELD": "source_insert_ts", "ORDER": "DESC"}]}});
        host.call(&key, "alerts/get_alerts_by_filter_data", data)
    };
    let is = |field: &str, how: &str, value: Value| json!({"SEARCH_FIELD": field, "SEARCH_TYPE": how, "SEARCH_VALUE": value});
    let found = by(
        json!({"AND": [{"OR": [is("alert_name", "CONTAINS", json!("scan"))]}, is("internal_id", "EQ", json!(1))]}),
    );
    let found = found.expect(200)["reply"].clone();
    assert_eq!(found["result_count"], 1);
    let fields = &found["alerts"][0]["alert_fields"];
    assert!(fields["severity"].as_str().unwrap().starts_with("SEV_0") && fields["internal_id"].is_i64());
    assert_eq!(by(is("internal_id", "EQ", json!(7))).expect(200)["reply"]["result_count"], 0);
    error(&by(is("shoe_size", "EQ", json!(7))), 400);
    let original = host.reply(&key, "alerts/get_original_alerts", json!({"alert_id_list": ["1"]}));
    let raised: Value =
        serde_json::from_str(original["alerts"][0]["original_alert_json"].as_str().unwrap()).unwrap();
    assert!(raised["probes"].as_u64().unwrap() > 0, "{raised}");
}
