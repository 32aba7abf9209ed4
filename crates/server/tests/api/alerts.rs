//! From a scan to an alert, and what people do with it.

use crate::harness::{As, Host};
use serde_json::json;

#[test]
fn a_scan_is_one_alert_everywhere() {
    let host = Host::start();
    let alert = host.scan();
    assert_eq!(alert["source_ips"], json!(["10.7.0.9"]));
    assert_eq!(alert["target_ips"], json!(["10.7.0.200"]));
    assert_eq!((alert["status"].as_str(), alert["self_test"].as_bool()), (Some("new"), Some(false)));
    let id = alert["id"].as_i64().unwrap();
    let whole = host.wait(|| {
        let whole = host.get(&format!("/api/v1/alerts/{id}"));
        (whole["probes"].as_u64().unwrap() == 100).then_some(whole)
    });
    assert_eq!(whole["detection"]["ports"], "1-100");
    assert_eq!(whole["history"][0]["field"], "created");
    let rows = host.cells("dataset = alerts | fields alert_id, source_ip, status", 3);
    assert_eq!(rows, [json!([id, "10.7.0.9", "new"])]);
    let evidence = host.wait(|| {
        let evidence = host.get(&format!("/api/v1/alerts/{id}/evidence"));
        (evidence["probes"].as_array().unwrap().len() == 100).then_some(evidence)
    });
    assert_eq!(evidence["probes"][0]["outcome"], "refused");
    assert_eq!(evidence["probes"][0]["protocol"], "tcp");
    let again = host.rows(evidence["xql"].as_str().unwrap());
    assert_eq!(again.len(), 100, "the evidence's XQL finds the same rows");
    let capture = host.send("GET", &format!("/api/v1/alerts/{id}/capture"), &host.local(), None);
    assert_eq!(
        (capture.status.as_u16(), capture.header("content-type")),
        (200, "application/vnd.tcpdump.pcap")
    );
    assert!(whole["capture_bytes"].as_u64().unwrap() > 16 * 70, "{}", whole["capture_bytes"]);
    let none = host.send("GET", "/api/v1/alerts/999/capture", &host.local(), None);
    assert_eq!(none.code(), "alert_not_found");
    let short = host.get(&format!("/api/v1/alerts/{id}/evidence?limit=7"));
    assert_eq!((short["probes"].as_array().unwrap().len(), short["limit_hit"].as_bool()), (7, Some(true)));
    let told = host.cells("dataset = vedette_detections | filter kind = \"scan\" | fields detection_id", 1);
    assert!(told.contains(&json!([whole["detection_id"]])), "{told:?}");
    let overview = host.get("/api/v1/overview");
    assert_eq!(overview["alerts"]["new"], 1);
    let buckets = overview["alerts"]["buckets"].as_array().unwrap();
    assert_eq!(buckets.len(), 24);
    assert_eq!(
        buckets
            .iter()
            .map(|b| b["high"].as_u64().unwrap()
                + b["medium"].as_u64().unwrap()
                + b["low"].as_u64().unwrap()
                + b["critical"].as_u64().unwrap()
                + b["informational"].as_u64().unwrap())
            .sum::<u64>(),
        1
    );
    assert_eq!(overview["observed"]["top_sources"][0]["value"], "10.7.0.9");
}

#[test]
fn an_alert_is_worked_on() {
    let host = Host::start();
    let id = host.scan()["id"].as_i64().unwrap();
    let ada = host.sign_in("ada", "analyst");
    let path = format!("/api/v1/alerts/{id}");
    let edit = |body: serde_json::Value| host.send("PATCH", &path, &ada, Some(&body));
    let taken = edit(json!({"status": "in_progress", "assignee": "ada"})).expect(200);
    assert_eq!((taken["status"].as_str(), taken["assignee"].as_str()), (Some("in_progress"), Some("ada")));
    assert_eq!(edit(json!({"status": "closed"})).expect(400)["error"]["code"], "resolution_required");
    assert_eq!(edit(json!({"assignee": "eve"})).expect(400)["error"]["code"], "unknown_user");
    assert_eq!(edit(json!({"status": "closed", "resolution": "self_test"})).status, 400);
    assert_eq!(edit(json!({"severity": "loud"})).status, 400);
    assert_eq!(edit(json!({"severity": "low"})).expect(200)["severity"], "low");
    let closed = edit(json!({"status": "closed", "resolution": "known_scanner", "comment": "<b>ours</b>"}))
        .expect(200);
    assert_eq!(closed["comments"][0]["text"], "<b>ours</b>");
    assert_eq!(closed["comments"][0]["author"], "ada");
    let text = json!({"text": "more"});
    host.send("POST", &format!("{path}/comments"), &ada, Some(&text)).expect(201);
    assert_eq!(host.get(&format!("{path}/comments"))["comments"].as_array().unwrap().len(), 2);
    let history = host.get(&format!("{path}/history"));
    let fields: Vec<&str> =
        history["history"].as_array().unwrap().iter().map(|c| c["field"].as_str().unwrap()).collect();
    for field in ["created", "status", "assignee", "resolution", "comment"] {
        assert!(fields.contains(&field), "{fields:?}");
    }
    let freed = edit(json!({"assignee": null})).expect(200);
    assert!(freed["assignee"].is_null());
    assert_eq!(
        host.cells("dataset = alerts | fields status, resolution", 2),
        [json!(["closed", "known_scanner"])]
    );
    assert_eq!(host.send("PATCH", "/api/v1/alerts/99", &ada, Some(&text)).status, 400);
    let missing = host.send("GET", "/api/v1/alerts/99", &ada, None).expect(404);
    assert_eq!(missing["error"]["code"], "alert_not_found");
    assert_eq!(host.send("GET", "/api/v1/alerts/abc", &ada, None).expect(404)["error"]["code"], "not_found");
}

#[test]
fn lists_are_filtered_and_paged() {
    let host = Host::start();
    let first = host.scan();
    let second = host.scan();
    assert_ne!(first["id"], second["id"]);
    let total = |filter: &str| host.get(&format!("/api/v1/alerts?{filter}"))["total"].as_u64().unwrap();
    assert_eq!(total(""), 2);
    assert_eq!(total("status=new,closed&self_test=false"), 2);
    assert_eq!(total("status=closed"), 0);
    assert_eq!(total("source=10.7.0.9"), 1);
    assert_eq!(total("q=10.7.0.10"), 1);
    assert_eq!(total("until=2001-01-01T00:00:00Z"), 0);
    assert_eq!(total("assignee=none"), 2);
    let page = host.get("/api/v1/alerts?limit=1&sort=detected_at");
    let next = page["next_cursor"].as_str().unwrap();
    let rest = host.get(&format!("/api/v1/alerts?limit=1&sort=detected_at&cursor={next}"));
    assert!(rest["next_cursor"].is_null());
    assert_ne!(page["alerts"][0]["id"], rest["alerts"][0]["id"]);
    for wrong in [
        "status=open",
        "severity=x",
        "source=host",
        "limit=0",
        "limit=501",
        "sort=name",
        "cursor=x",
        "since=yesterday",
        "unknown=1",
        "active=maybe",
    ] {
        let reply = host.send("GET", &format!("/api/v1/alerts?{wrong}"), &host.local(), None);
        assert_eq!(reply.expect(400)["error"]["code"], "bad_request", "{wrong}");
    }
    assert_eq!(host.send("GET", "/api/v1/alerts", &As::Nobody, None).code(), "unauthenticated");
}
