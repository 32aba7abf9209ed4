//! Calls of newer clients, and the small ones that clients make before they begin.

use super::{error, now_ms};
use crate::harness::{As, Host};
use serde_json::{Value, json};

fn sent(host: &Host, name: &str, severity: &str) {
    let key = host.key("standard", "ingest");
    let alert = json!({"vendor": "Acme", "product": "Guard", "alert_name": name, "severity": severity,
        "remote_ip": "203.0.113.7", "local_ip": "10.0.0.5", "local_port": 22, "remote_port": 4000,
        "event_timestamp": now_ms(), "host_name": "web-1", "user_name": "ada"});
    host.call(&key, "alerts/insert_parsed_alerts", json!({"alerts": [alert]})).expect(200);
}

#[test]
fn clients_learn_that_the_server_is_there_and_their_key_is_good() {
    let host = Host::start();
    let health = host.send("GET", "/public_api/v1/healthcheck", &As::Nobody, None).expect(200);
    assert_eq!(health, json!({"status": "available"}));
    let key = host.key("advanced", "ingest");
    for path in ["/api_keys/validate/", "/public_api/v1/api_keys/validate"] {
        let body = host.with_headers(path, &key.headers(), b"{}", true).expect(200);
        assert_eq!(body["reply"], true, "{path}");
        error(&host.with_headers(path, &[], b"{}", true), 401);
    }
    let reader = host.key("standard", "viewer");
    let tenant = host.reply(&reader, "system/get_tenant_info/", json!({}));
    assert!(tenant["installed_prevent"].is_i64() && tenant["tenant_name"].is_string(), "{tenant}");
}

#[test]
fn a_case_is_an_incident_under_newer_names() {
    let host = Host::start();
    sent(&host, "first", "High");
    sent(&host, "second", "Low");
    let (reads, works) = (host.key("advanced", "viewer"), host.key("standard", "analyst"));
    let search = |data: Value| host.reply(&reads, "case/search/", data);
    let all = search(json!({"search_from": 0, "search_to": 100,
        "sort": [{"field": "creation_time", "keyword": "desc"}]}));
    assert_eq!((&all["TOTAL_COUNT"], &all["FILTER_COUNT"]), (&json!(1), &json!(1)));
    let case = &all["DATA"][0];
    assert_eq!((&case["case_id"], &case["status_progress"]), (&json!(1), &json!("New")));
    assert_eq!(case["issue_ids"], json!([1, 2]));
    assert_eq!((&case["severity"], &case["case_domain"]), (&json!("high"), &json!("SECURITY")));
    let count = |field: &str, operator: &str, value: Value| {
        let filter = json!({"field": field, "operator": operator, "value": value});
        search(json!({"filters": [filter]}))["TOTAL_COUNT"].as_i64().unwrap()
    };
    assert_eq!(count("case_id", "in", json!([1])), 1);
    assert_eq!(count("id", "in", json!([9])), 0);
    assert_eq!(count("severity", "in", json!(["high", "critical"])), 1);
    assert_eq!(count("severity", "in", json!(["medium"])), 0);
    assert_eq!(count("case_domain", "in", json!(["SECURITY"])), 1);
    assert_eq!(count("case_domain", "in", json!(["POSTURE"])), 0);
    assert_eq!(count("status_progress", "in", json!(["In Progress"])), 0);
    error(
        &host.call(&reads, "case/search", json!({"filters": [{"field": "x", "operator": "in", "value": 1}]})),
        400,
    );

    let update = json!({"update_data": {"status_progress": "Resolved", "user_severity": "Low",
        "resolve_reason": "Resolved - False Positive", "resolve_comment": "the backup"}});
    error(&host.call(&reads, "case/update/1", update.clone()), 403);
    assert_eq!(host.call(&works, "case/update/1", update.clone()).status, 204);
    error(&host.call(&works, "case/update/99", update), 404);
    let closed = search(json!({}))["DATA"][0].clone();
    assert_eq!(closed["resolve_reason"], "Resolved - False Positive");
    assert_eq!((&closed["resolve_comment"], &closed["user_severity"]), (&json!("the backup"), &json!("low")));
    error(&host.call(&works, "case/update/1", json!({"update_data": {"resolve_reason": "Bored"}})), 400);

    let get = |path: &str| {
        let headers = reads.headers();
        let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        host.send_raw("GET", path, &As::Nobody, None, &headers)
    };
    let artifacts = get("/public_api/v1/case/artifacts/1/").expect(200);
    assert_eq!(artifacts[0]["network_remote_ip"], "203.0.113.7", "a list by itself");
    error(&get("/public_api/v1/case/artifacts/99"), 404);
}

#[test]
fn an_issue_is_an_alert_under_newer_names() {
    let host = Host::start();
    sent(&host, "first", "High");
    sent(&host, "second", "Low");
    let key = host.key("standard", "viewer");
    let search = |data: Value| host.reply(&key, "issue/search", data);
    let all = search(json!({"sort": {"field": "id", "keyword": "asc"}}));
    assert_eq!(all["TOTAL_COUNT"], 2);
    let issue = &all["DATA"][0];
    assert_eq!((&issue["id"], &issue["name"], &issue["case_ids"]), (&json!(1), &json!("first"), &json!([1])));
    assert_eq!((&issue["status.progress"], &issue["detection.method"]), (&json!("New"), &json!("External")));
    let count = |field: &str, operator: &str, value: Value| {
        let filter = json!({"field": field, "operator": operator, "value": value});
        search(json!({"filters": [filter]}))["TOTAL_COUNT"].as_i64().unwrap()
    };
    assert_eq!(count("id", "in", json!([2])), 1);
    assert_eq!(count("severity", "in", json!(["high"])), 1);
    assert_eq!(count("status.progress", "in", json!(["New"])), 2);
    assert_eq!(count("_insert_time", "lte", json!(now_ms() - 3_600_000)), 0);
    assert_eq!(count("last_update_timestamp", "gte", json!(now_ms() - 3_600_000)), 2);
    error(
        &host.call(&key, "issue/search", json!({"filters": [{"field": "x", "operator": "in", "value": 1}]})),
        400,
    );
}

#[test]
fn alerts_are_sorted_filtered_and_named_as_clients_do() {
    let host = Host::start();
    sent(&host, "first", "High");
    sent(&host, "second", "Low");
    let key = host.key("standard", "viewer");
    for field in ["detection_timestamp", "alert_id", "last_modified_ts", "local_insert_ts", "severity"] {
        let data = json!({"sort": {"field": field, "keyword": "asc"}, "search_from": 0, "search_to": 30});
        let found = host.reply(&key, "alerts/get_alerts_multi_events", data);
        assert_eq!(found["result_count"], 2, "{field}");
    }
    let modified =
        json!({"filters": [{"field": "last_modified_ts", "operator": "gte", "value": now_ms() + 60_000}]});
    assert_eq!(host.reply(&key, "alerts/get_alerts_multi_events", modified)["total_count"], 0);
    let one = json!({"alert_id": "2", "filter_alert_fields": false});
    let found = host.reply(&key, "/public_api/v2/alerts/get_alerts_multi_events", one);
    assert_eq!((&found["total_count"], &found["alerts"][0]["name"]), (&json!(1), &json!("second")));
    // One client writes its cursor as a float.
    let float = format!(
        "{{\"request_data\":{{\"filters\":[{{\"field\":\"server_creation_time\",\"operator\":\"gte\",\"value\":{}.0}}]}}}}",
        now_ms() - 60_000
    );
    let path = "/public_api/v2/alerts/get_alerts_multi_events";
    let answer = host.with_headers(path, &key.headers(), float.as_bytes(), true).expect(200);
    assert_eq!(answer["reply"]["total_count"], 2);
    let behind = host.reply(&key, "alerts/get_correlation_alert_data/", json!({"alert_id": 1}));
    let event = &behind["events"][0];
    assert!(event["_time"].is_i64() && event["action_remote_ip"] == "203.0.113.7", "{behind}");
    error(&host.call(&key, "alerts/get_correlation_alert_data", json!({"alert_id": 99})), 404);
    error(&host.call(&key, "alerts/get_correlation_alert_data", json!({})), 400);
}

#[test]
fn programs_keep_lookups() {
    let host = Host::start();
    let (reads, works) = (host.key("standard", "viewer"), host.key("standard", "analyst"));
    // Older documentation has the data in `request`.
    let call = |key: &super::Key, call: &str, data: Value| {
        let body = json!({ "request": data }).to_string();
        host.with_headers(
            &format!("/public_api/v1/xql/lookups/{call}"),
            &key.headers(),
            body.as_bytes(),
            true,
        )
    };
    let add = json!({"dataset_name": "bad_hosts", "key_fields": ["ip"],
        "data": [{"ip": "10.0.0.1", "why": "old"}, {"ip": "10.0.0.2", "why": "x"}]});
    error(&call(&reads, "add_data", add.clone()), 403);
    assert_eq!(
        call(&works, "add_data", add).expect(200)["reply"],
        json!({"added": 2, "updated": 0, "skipped": 0})
    );
    let again = json!({"dataset_name": "bad_hosts", "key_fields": ["ip"], "data": [{"ip": "10.0.0.1", "why": "new"}]});
    assert_eq!(call(&works, "add_data", again).expect(200)["reply"]["updated"], 1);
    let get = json!({"dataset_name": "bad_hosts", "filters": [{"ip": "10.0.0.1"}]});
    let found = call(&reads, "get_data", get).expect(200)["reply"].clone();
    assert_eq!(
        found,
        json!({"data": [{"ip": "10.0.0.1", "why": "new"}], "filter_count": 1, "total_count": 2})
    );
    let rows = host.cells("dataset = bad_hosts | filter why = \"new\" | fields ip", 1);
    assert_eq!(rows, [json!(["10.0.0.1"])]);
    let listed = host.reply(&reads, "xql/get_datasets", json!({}));
    let of = |name: &str| listed.as_array().unwrap().iter().find(|one| one["Dataset Name"] == name).cloned();
    assert_eq!(of("bad_hosts").unwrap()["Type"], "LOOKUP");
    assert_eq!(of("xdr_data").unwrap()["Default Query Target"], true);
    error(&call(&works, "remove_data", json!({"dataset_name": "bad_hosts", "filters": [{}]})), 400);
    let gone = json!({"dataset_name": "bad_hosts", "filters": [{"ip": "10.0.0.1"}]});
    assert_eq!(call(&works, "remove_data", gone).expect(200)["reply"], json!({"deleted": 1}));
    error(&call(&reads, "get_data", json!({"dataset_name": "nothing_such"})), 404);
    error(&call(&works, "add_data", json!({"dataset_name": "xdr_data", "data": [{"a": 1}]})), 400);
    error(&call(&works, "add_data", json!({"dataset_name": "x", "data": [1]})), 400);
}
