//! Incidents, in our API and in Cortex's.

use super::{error, now_ms};
use crate::harness::Host;
use serde_json::{Value, json};

/// Two alerts of one source and one of another.
fn host() -> Host {
    let host = Host::start();
    let key = host.key("standard", "ingest");
    for (name, source, target) in [
        ("first", "203.0.113.7", "10.0.0.5"),
        ("second", "203.0.113.7", "10.0.0.6"),
        ("other", "198.51.100.1", "10.0.0.5"),
    ] {
        let alert = json!({"vendor": "Acme", "product": "Guard", "alert_name": name, "severity": "High",
            "remote_ip": source, "local_ip": target, "host_name": format!("{name}-host"), "user_name": "ada"});
        host.call(&key, "alerts/insert_parsed_alerts", json!({"alerts": [alert]})).expect(200);
    }
    host
}

#[test]
fn alerts_of_one_source_are_one_incident() {
    let host = host();
    let all = host.get("/api/v1/incidents?sort=created_at");
    assert_eq!(all["total"], 2);
    assert_eq!(all["incidents"][0]["alert_ids"], json!([1, 2]));
    assert_eq!(all["incidents"][0]["name"], "first, and one more alert");
    let one = host.get("/api/v1/incidents/1");
    assert_eq!(one["alerts"].as_array().unwrap().len(), 2);
    assert_eq!(host.get("/api/v1/alerts/3")["incident_id"], 2);
    let rows = host.cells(
        "dataset = incidents | sort asc incident_id | fields incident_id, alert_count, status, severity",
        4,
    );
    assert_eq!(rows, [json!([1, 2, "new", "high"]), json!([2, 1, "new", "high"])]);
    let page = host.get("/api/v1/incidents?limit=1&sort=-created_at");
    assert_eq!((page["incidents"][0]["id"].as_i64(), page["next_cursor"].as_str()), (Some(2), Some("1")));
    assert_eq!(host.get("/api/v1/incidents?q=second")["total"], 1);
    assert_eq!(host.get("/api/v1/incidents?status=closed")["total"], 0);
    assert_eq!(host.send("GET", "/api/v1/incidents?sort=size", &host.local(), None).status, 400);
    assert_eq!(host.send("GET", "/api/v1/incidents/99", &host.local(), None).code(), "incident_not_found");
}

#[test]
fn an_incident_is_worked_on_and_its_history_says_by_whom() {
    let host = host();
    let ada = host.sign_in("ada", "analyst");
    let edit = |body: Value| host.send("PATCH", "/api/v1/incidents/1", &ada, Some(&body));
    edit(json!({"status": "in_progress", "assignee": "ada", "severity": "low", "starred": true})).expect(200);
    edit(json!({"status": "closed"})).expect(400);
    edit(json!({"assignee": "nobody"})).expect(400);
    edit(json!({"shoe_size": 1})).expect(400);
    let closed =
        edit(json!({"status": "closed", "resolution": "benign", "comment": "the backup"})).expect(200);
    assert_eq!(
        (closed["severity"].as_str(), closed["resolve_comment"].as_str()),
        (Some("low"), Some("the backup"))
    );
    assert!(closed["alerts"].as_array().unwrap().iter().all(|alert| alert["status"] == "closed"));
    assert!(
        closed["history"]
            .as_array()
            .unwrap()
            .iter()
            .any(|change| change["actor"] == "ada" && change["field"] == "status")
    );
    let acts = host.cells(
        "dataset = audit_logs | filter type = INCIDENTS and result = SUCCESS | fields actor, asset",
        2,
    );
    assert_eq!(acts, [json!(["ada", "1"]), json!(["ada", "1"])]);
}

#[test]
fn clients_of_cortex_list_them() {
    let host = host();
    let key = host.key("advanced", "viewer");
    let list = |data: Value| host.reply(&key, "incidents/get_incidents", data);
    let all = list(json!({"sort": {"field": "creation_time", "keyword": "asc"}}));
    assert_eq!((all["total_count"].as_i64(), all["result_count"].as_i64()), (Some(2), Some(2)));
    let one = &all["incidents"][0];
    assert_eq!(
        (one["incident_id"].as_str(), one["status"].as_str(), one["severity"].as_str()),
        (Some("1"), Some("new"), Some("high"))
    );
    assert_eq!((one["alert_count"].as_i64(), one["high_severity_alert_count"].as_i64()), (Some(2), Some(2)));
    assert_eq!(one["users"], json!(["ada"]));
    assert!(one["xdr_url"].as_str().unwrap().ends_with("/incidents/1"));
    for key in [
        "assigned_user_mail",
        "notes",
        "resolve_comment",
        "manual_severity",
        "manual_description",
        "detection_time",
    ] {
        assert!(one.get(key).is_some(), "{key}");
    }
    let count = |field: &str, operator: &str, value: Value| {
        list(json!({"filters": [{"field": field, "operator": operator, "value": value}]}))["total_count"]
            .as_i64()
            .unwrap()
    };
    assert_eq!(count("incident_id_list", "in", json!(["1", 9])), 1);
    assert_eq!(count("status", "eq", json!("new")), 2);
    assert_eq!(count("status", "neq", json!("new")), 0);
    assert_eq!(count("starred", "eq", json!("true")), 0);
    assert_eq!(count("description", "in", json!(["second"])), 1);
    assert_eq!(count("alert_sources", "in", json!(["External", "PAN NGFW"])), 2);
    assert_eq!(count("alert_sources", "in", json!(["PAN NGFW"])), 0);
    assert_eq!(count("creation_time", "gte", one["creation_time"].clone()), 2);
    assert_eq!(count("modification_time", "lte", json!(now_ms() + 60_000)), 2);
    for wrong in [
        json!({"filters": [{"field": "x", "operator": "in", "value": [1]}]}),
        json!({"search_from": 5, "search_to": 5}),
    ] {
        error(&host.call(&key, "incidents/get_incidents", wrong), 400);
    }
}

#[test]
fn extra_data_has_alerts_and_artifacts() {
    let host = host();
    let key = host.key("standard", "viewer");
    let extra = host.reply(
        &key,
        "incidents/get_incident_extra_data/",
        json!({"incident_id": 1, "alerts_limit": "1"}),
    );
    assert_eq!(
        (extra["alerts"]["total_count"].as_i64(), extra["alerts"]["data"].as_array().unwrap().len()),
        (Some(2), 1)
    );
    let alert = &extra["alerts"]["data"][0];
    assert_eq!(alert["host_ip"], "10.0.0.5", "one text here");
    assert!(alert["mitre_tactic_id_and_name"].is_null() || alert["mitre_tactic_id_and_name"].is_string());
    assert_eq!(extra["network_artifacts"]["data"][0]["network_remote_ip"], "203.0.113.7");
    assert_eq!(extra["file_artifacts"], json!({"total_count": 0, "data": []}));
    error(&host.call(&key, "incidents/get_incident_extra_data", json!({"incident_id": "99"})), 404);
    error(&host.call(&key, "incidents/get_incident_extra_data", json!({})), 400);
    let several = host.reply(&key, "incidents/get_multiple_incidents_extra_data", json!({"filters": [{"field": "incident_id_list", "operator": "in", "value": ["2"]}], "fields_to_exclude": ["network_artifacts", "file_artifacts"]}));
    assert!(several["alerts_limit_per_incident"].is_i64());
    assert_eq!(several["incidents"][0]["incident"]["incident_id"], "2");
    assert!(several["incidents"][0].get("network_artifacts").is_none());
}

#[test]
fn clients_of_cortex_work_on_them() {
    let host = host();
    host.sign_in("ada", "analyst");
    let (reads, works) = (host.key("standard", "viewer"), host.key("standard", "analyst"));
    let data = |update: Value| json!({"incident_id": "1", "update_data": update});
    error(&host.call(&reads, "incidents/update_incident", data(json!({"status": "new"}))), 403);
    let update = json!({"status": "RESOLVED_TRUE_POSITIVE", "assigned_user_mail": "Ada", "manual_severity": "medium",
        "resolve_comment": "done", "comment": {"comment_action": "add", "value": "a note"}});
    assert_eq!(host.reply(&works, "incidents/update_incident/", data(update)), json!(true));
    let one = host.get("/api/v1/incidents/1");
    assert_eq!(
        (
            one["status"].as_str(),
            one["resolution"].as_str(),
            one["severity"].as_str(),
            one["assignee"].as_str()
        ),
        (Some("closed"), Some("true_positive"), Some("medium"), Some("ada"))
    );
    host.call(
        &works,
        "incidents/update_incident",
        data(json!({"status": "new", "assigned_user_mail": "none"})),
    )
    .expect(200);
    assert_eq!(host.get("/api/v1/incidents/1")["assignee"], Value::Null);
    error(&host.call(&works, "incidents/update_incident", data(json!({"status": "gone"}))), 400);
    error(
        &host.call(&works, "incidents/update_incident", data(json!({"assigned_user_mail": "nobody@x"}))),
        400,
    );
    error(
        &host.call(&works, "incidents/update_incident", json!({"incident_id": "99", "update_data": {}})),
        404,
    );
}
