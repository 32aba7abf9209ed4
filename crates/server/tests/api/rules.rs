//! Correlation rules over HTTP, and what they make of rows.

use crate::harness::{As, Host};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn scheduled(name: &str) -> Value {
    json!({
        "name": name, "query": "dataset = xdr_data | comp count() as n by source_ip", "severity": "high",
        "schedule": "10 minutes", "search_window": "1 hour",
    })
}

fn real_time(query: &str) -> Value {
    json!({
        "name": "<img src=x onerror=alert(1)>", "query": query, "severity": "critical", "mode": "real_time",
        "alert_name": "<b>$source_ip</b> tried port $target_port", "category": "Test",
        "mitre": {"tactics": ["TA0007"], "techniques": ["T1046"]}, "drilldown": "dataset = xdr_data | filter source_ip = \"$source_ip\"",
    })
}

#[test]
fn shipped_rules_are_there_and_can_be_worked_on() {
    let host = Host::start();
    let rules = host.get("/api/v1/rules")["rules"].as_array().unwrap().clone();
    assert!(rules.len() >= 14, "{}", rules.len());
    assert!(rules.iter().all(|rule| rule["shipped"].is_string() && rule["modified"] == false));
    let first = &rules[0];
    let path = format!("/api/v1/rules/{}", first["id"]);
    let off = host.send("PATCH", &path, &host.local(), Some(&json!({"enabled": false}))).expect(200);
    assert_eq!((off["enabled"].as_bool(), off["next_run"].is_null()), (Some(false), true));
    let mut changed = first["rule"].clone();
    changed["severity"] = json!("low");
    let edited = host.send("PATCH", &path, &host.local(), Some(&json!({"rule": changed}))).expect(200);
    assert_eq!(
        (edited["modified"].as_bool(), edited["rule"]["severity"].as_str()),
        (Some(true), Some("low"))
    );
    let back = host.send("POST", &format!("{path}/restore"), &host.local(), Some(&json!({}))).expect(200);
    assert_eq!(back["rule"], first["rule"]);
    let refused = host.send("DELETE", &path, &host.local(), None);
    assert!(refused.expect(400)["error"]["message"].as_str().unwrap().contains("switch it off"));
}

#[test]
fn own_rules_are_made_changed_and_deleted() {
    let host = Host::start();
    let made = host.post("/api/v1/rules", json!({"rule": scheduled("mine")})).expect(201);
    let path = format!("/api/v1/rules/{}", made["id"]);
    assert!(made["next_run"].is_string() && made["shipped"].is_null());
    assert_eq!(host.get(&path)["rule"]["name"], "mine");
    assert_eq!(host.get(&format!("{path}/runs"))["runs"], json!([]));
    assert_eq!(host.send("DELETE", &path, &host.local(), None).status, 204);
    assert_eq!(host.send("GET", &path, &host.local(), None).expect(404)["error"]["code"], "rule_not_found");
    for (change, field) in [
        (json!({"severity": "urgent"}), "severity"),
        (json!({"schedule": "whenever"}), "schedule"),
        (json!({"action": "dataset", "dataset": "alerts"}), "dataset"),
        (json!({"mode": "real_time", "schedule": "", "search_window": ""}), "mode"),
        (json!({"name": "x".repeat(201)}), "name"),
    ] {
        let mut rule = scheduled("mine");
        rule.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let error = host.post("/api/v1/rules", json!({"rule": rule})).expect(400);
        assert_eq!(error["error"]["code"], "rule_invalid", "{error}");
        assert_eq!(error["error"]["mistakes"][0]["field"], field, "{error}");
        let verdict = host.post("/api/v1/rules/check", json!({"rule": rule})).expect(200);
        assert_eq!(verdict["ok"], false);
    }
    let mut wrong = scheduled("mine");
    wrong["query"] = json!("dataset = xdr_data | filter sauce_ip = \"x\"");
    let error = host.post("/api/v1/rules", json!({"rule": wrong})).expect(400);
    assert_eq!(error["error"]["diagnostics"][0]["line"], 1, "{error}");
    let unknown = json!({"rule": {"name": "a", "query": "b", "colour": "red"}});
    assert_eq!(host.post("/api/v1/rules", unknown).status, 400);
}

#[test]
fn a_real_time_rule_raises_an_alert_within_a_second() {
    let host = Host::start();
    let query = "dataset = xdr_data | filter target_port = 77 | fields source_ip, target_ip, target_port";
    let id = host.post("/api/v1/rules", json!({"rule": real_time(query)})).expect(201)["id"].clone();
    host.scan();
    host.wait(|| (!host.rows("dataset = xdr_data | filter target_port = 77").is_empty()).then_some(()));
    let stored = Instant::now();
    let list = host.wait(|| {
        let list = host.get("/api/v1/alerts?raised_by=correlation");
        (list["total"] == 1).then_some(list)
    });
    // A second, and something for a busy machine.
    assert!(stored.elapsed() < Duration::from_millis(2500), "{:?}", stored.elapsed());
    let alert = &list["alerts"][0];
    assert_eq!(alert["name"], "<b>10.7.0.9</b> tried port 77");
    assert_eq!((&alert["source"], &alert["rule_id"]), (&json!("correlation"), &id));
    assert_eq!(alert["source_ips"], json!(["10.7.0.9"]));
    assert_eq!((&alert["severity"], &alert["detection_id"]), (&json!("critical"), &Value::Null));
    let path = format!("/api/v1/alerts/{}", alert["id"]);
    let whole = host.get(&path);
    assert!(whole["detection"].is_null());
    assert_eq!(whole["finding"]["rule"]["rows"][0]["target_port"], 77);
    assert_eq!(whole["finding"]["rule"]["drilldown"], "dataset = xdr_data | filter source_ip = \"10.7.0.9\"");
    let evidence = host.get(&format!("{path}/evidence"));
    assert_eq!(host.rows(evidence["xql"].as_str().unwrap()).len(), 1, "{evidence}");
    let rows = host.cells("dataset = alerts | filter alert_source = \"Correlation\" | fields name, category, rule_id, severity, shape", 5);
    assert_eq!(rows, [json!(["<b>10.7.0.9</b> tried port 77", "Test", id, "critical", null])]);
    let closed = json!({"status": "closed", "resolution": "benign"});
    host.send("PATCH", &path, &host.local(), Some(&closed)).expect(200);
    let runs =
        host.cells("dataset = vedette_rule_runs | fields rule_id, mode, status, alerts, rows_found", 5);
    assert_eq!(runs, [json!([id, "real_time", "ok", 1, 1])]);
    assert_eq!(host.get(&format!("/api/v1/alerts?rule={id}"))["total"], 1);
    // Nothing more comes of the same rows.
    std::thread::sleep(Duration::from_millis(1200));
    assert_eq!(host.get("/api/v1/alerts?raised_by=correlation")["total"], 1);
}

#[test]
fn a_rule_is_tried_out_on_the_past() {
    let host = Host::start();
    host.scan();
    host.wait(|| (host.rows("dataset = xdr_data").len() == 100).then_some(()));
    let mut rule = scheduled("mine");
    rule["schedule"] = json!("1 hour");
    let path = "/api/v1/rules/test";
    let reply = host.post(path, json!({"rule": rule, "days": 2}));
    assert_eq!(reply.status, 200, "{}", reply.text);
    let lines: Vec<Value> = reply.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["progress"]["done"], 0);
    let result = &lines.last().unwrap()["result"];
    assert!(
        result["runs"].as_u64().unwrap() >= 47 && result["days"].as_array().unwrap().len() >= 2,
        "{result}"
    );
    assert_eq!(host.get("/api/v1/alerts?raised_by=correlation")["total"], 0, "nothing is raised");
    assert_eq!(host.post(path, json!({"rule": rule, "days": 99})).status, 400);
    rule["schedule"] = json!("1 minute");
    assert!(host.post(path, json!({"rule": rule, "days": 31})).text.contains("fewer days"));
    rule["query"] = json!("dataset = nowhere");
    assert_eq!(host.post(path, json!({"rule": rule})).code(), "rule_invalid");
}

#[test]
fn exports_of_cortex_come_in_and_go_out() {
    let host = Host::start();
    let exported = json!([
        {"rule_id": 7, "name": "Theirs", "severity": "SEV_040_HIGH", "xql_query": "dataset = xdr_data | comp count() as n by source_ip",
         "is_enabled": "ENABLED", "execution_mode": "SCHEDULED", "simple_schedule": "10 minutes", "search_window": "2 hours"},
        {"id": 8, "name": "Broken", "severity": "SEV_040_HIGH", "xql_query": "dataset = nowhere", "is_enabled": true,
         "simple_schedule": "10 minutes"},
    ]);
    let answer = host.post("/api/v1/rules/import", json!({"rules": exported})).expect(200);
    let id = answer["imported"][0]["id"].clone();
    assert_eq!(answer["refused"][0]["name"], "Broken");
    let back = host.get(&format!("/api/v1/rules/export?id={id}"));
    assert_eq!(
        (&back[0]["severity"], &back[0]["search_window"]),
        (&json!("SEV_040_HIGH"), &json!("2 hours"))
    );
    let file = host.send("GET", &format!("/api/v1/rules/export?id={id}&format=toml"), &host.local(), None);
    assert!(file.text.contains("name = \"Theirs\""), "{}", file.text);
    let all = host.get("/api/v1/rules/export").as_array().unwrap().len();
    assert!(all >= 15);
    let again =
        host.post("/api/v1/rules/import", json!({"rules": host.get("/api/v1/rules/export")})).expect(200);
    assert_eq!((again["imported"].as_array().unwrap().len(), &again["refused"]), (all, &json!([])));
    for wrong in ["id=x", "id=999", "format=xml", "format=toml"] {
        let reply = host.send("GET", &format!("/api/v1/rules/export?{wrong}"), &host.local(), None);
        assert!(reply.status.is_client_error(), "{wrong}: {}", reply.text);
    }
    assert_eq!(host.post("/api/v1/rules/import", json!({"rules": 5})).status, 400);
    let sigma = "title: Base\nname: base\nlogsource: {category: network_connection}\ndetection: {a: {outcome: refused}, condition: a}\n---\n\
                 title: Many\ncorrelation: {type: event_count, rules: [base], group-by: [SourceIp], timespan: 1h, condition: {gte: 5}}\n";
    let answer = host.post("/api/v1/rules/import", json!({"sigma": sigma})).expect(200);
    assert_eq!((&answer["imported"][0]["name"], &answer["refused"]), (&json!("Many"), &json!([])));
    assert_eq!(host.post("/api/v1/rules/import", json!({"sigma": "a: ["})).status, 400);
    assert_eq!(host.post("/api/v1/rules/import", json!({})).status, 400);
}

#[test]
fn who_only_looks_changes_nothing() {
    let host = Host::start();
    host.sign_in("root", "administrator");
    let viewer = host.sign_in("vera", "viewer");
    let send = |method: &str, path: &str, body: Value| host.send(method, path, &viewer, Some(&body)).status;
    assert_eq!(host.send("GET", "/api/v1/rules", &viewer, None).status, 200);
    assert_eq!(send("POST", "/api/v1/rules", json!({"rule": scheduled("mine")})), 403);
    assert_eq!(send("PATCH", "/api/v1/rules/1", json!({"enabled": false})), 403);
    assert_eq!(send("POST", "/api/v1/rules/test", json!({"rule": scheduled("mine")})), 403);
    assert_eq!(host.send("GET", "/api/v1/rules", &As::Nobody, None).status, 401);
}
