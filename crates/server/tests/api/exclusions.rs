//! Alerts that nobody needs to see: hidden, counted, and never lost.

use crate::harness::Host;
use serde_json::{Value, json};

fn add(host: &Host, body: Value) -> Value {
    host.post("/api/v1/exclusions", body).expect(201)
}

fn totals(host: &Host, excluded: &str) -> (u64, u64) {
    let page = host.get(&format!("/api/v1/alerts?excluded={excluded}"));
    (page["total"].as_u64().unwrap(), page["excluded"].as_u64().unwrap())
}

#[test]
fn from_an_alert_to_peace_and_back() {
    let host = Host::start();
    let id = host.scan()["id"].as_i64().unwrap();
    let conditions = host.get(&format!("/api/v1/alerts/{id}/exclusion"));
    assert_eq!(conditions["sources"], json!(["10.7.0.9"]));
    assert_eq!(conditions["targets"], json!(["10.7.0.200"]));
    assert_eq!(conditions["raised_by"], json!(["detection"]));
    // The scan may still grow: its ports are not held against it here.
    let conditions = json!({"sources": conditions["sources"]});
    let preview = host.post("/api/v1/exclusions/preview", json!({"conditions": conditions})).expect(200);
    assert_eq!((preview["matched"].as_u64(), preview["open"].as_u64()), (Some(1), Some(1)));
    assert_eq!(preview["examples"][0]["id"], id);
    assert_eq!((preview["wide"].as_bool(), preview["everything"].as_bool()), (Some(false), Some(false)));
    assert_eq!(totals(&host, "hide"), (1, 0), "a preview changes nothing");

    let made =
        add(&host, json!({"conditions": conditions, "reason": "ours <b>", "alert_id": id, "stored_days": 7}));
    assert_eq!((made["hidden"].as_i64(), made["in_force"].as_bool()), (Some(1), Some(true)));
    assert_eq!(totals(&host, "hide"), (0, 1));
    assert_eq!(totals(&host, "show"), (1, 0));
    assert_eq!(totals(&host, "only"), (1, 0));
    let rows = host.cells("dataset = alerts | fields alert_id, excluded, excluded_by", 3);
    assert_eq!(rows, [json!([id, true, made["id"]])]);
    assert_eq!(host.get("/api/v1/status")["alerts"]["excluded"], 1);
    assert_eq!(host.get("/api/v1/overview")["alerts"]["excluded"], 1);
    assert_eq!(host.get("/api/v1/overview")["alerts"]["total"], 0);
    assert_eq!(host.get(&format!("/api/v1/alerts/{id}"))["excluded_by"], made["id"]);
    let listed = host.get("/api/v1/exclusions");
    assert_eq!((listed["hidden"].as_u64(), listed["exclusions"][0]["hits"].as_i64()), (Some(1), Some(1)));

    let path = format!("/api/v1/exclusions/{}", made["id"]);
    let removed = host.send("DELETE", &format!("{path}?show=true"), &host.local(), None).expect(200);
    assert_eq!(removed["shown"], 1);
    assert_eq!(totals(&host, "hide"), (1, 0));
    assert_eq!(host.send("DELETE", &path, &host.local(), None).status, 404);
    assert_eq!(host.get("/api/v1/exclusions")["exclusions"], json!([]));
    assert_eq!(host.get("/api/v1/exclusions?all=true")["exclusions"][0]["removed_by"], json!("local"));
    let log = host.cells("dataset = audit_logs | filter type = \"EXCLUSIONS\" | fields sub_type", 1);
    assert!(log.len() >= 2, "{log:?}");
}

#[test]
fn a_new_scan_is_hidden_from_its_first_moment() {
    let host = Host::start();
    add(&host, json!({"conditions": {"sources": ["10.7.0.0/24"]}, "reason": "the lab"}));
    let capture = crate::captures::scan([10, 7, 0, 9], [10, 7, 0, 200], 100);
    host.runtime.block_on(host.server().replay_capture(&capture)).unwrap();
    host.wait(|| (totals(&host, "hide") == (0, 1)).then_some(()));
    assert_eq!(host.get("/api/v1/incidents")["total"], 0);
    let found = host.cells("dataset = vedette_detections | filter kind = \"scan\" | fields name", 1);
    assert!(!found.is_empty(), "what was detected is stored all the same");
    // Another product's alert is held against it too.
    let alert = json!({"request_data": {"alerts": [{
        "product": "Guard", "vendor": "Acme", "local_ip": "10.7.0.3", "local_port": 1,
        "remote_ip": "10.7.0.4", "remote_port": 2, "event_timestamp": 1_700_000_000_000_i64,
        "severity": "Low", "alert_name": "odd"}]}});
    host.post("/public_api/v1/alerts/insert_parsed_alerts", alert).expect(200);
    let hidden = host.get("/api/v1/alerts?excluded=only&raised_by=external");
    let shown = host.get("/api/v1/alerts?raised_by=external");
    let count = |page: &Value| page["total"].as_u64().unwrap();
    assert_eq!(count(&hidden) + count(&shown), 1);
    assert_eq!(count(&hidden), 1, "{shown}");
}

#[test]
fn what_hides_too_much_is_refused() {
    let host = Host::start();
    let reason = "because";
    let post = |body: Value| host.post("/api/v1/exclusions", body);
    for conditions in [json!({}), json!({"sources": ["0.0.0.0/0"]}), json!({"name": "**"})] {
        let refused = post(json!({"conditions": conditions, "reason": reason, "wide": true}));
        assert_eq!(refused.expect(400)["error"]["code"], "exclusion_of_everything", "{conditions}");
    }
    let wide = json!({"severity_at_most": "low"});
    assert_eq!(post(json!({"conditions": wide, "reason": reason})).code(), "exclusion_too_wide");
    assert_eq!(post(json!({"conditions": wide, "reason": reason, "wide": true})).status, 201);
    for wrong in [
        json!({"conditions": {"sources": ["10.0.0.9"]}, "reason": ""}),
        json!({"conditions": {"sources": ["10.0.0.9"]}}),
        json!({"conditions": {"sources": ["10.0.0.9/8"]}, "reason": reason}),
        json!({"conditions": {"sources": ["<script>"]}, "reason": reason}),
        json!({"conditions": {"ports": "1-"}, "reason": reason}),
        json!({"conditions": {"source": ["10.0.0.9"]}, "reason": reason}),
        json!({"conditions": {"sources": ["10.0.0.9"]}, "reason": reason, "expires_in_days": 0}),
        json!({"conditions": {"sources": ["10.0.0.9"]}, "reason": reason, "expires_in_days": 99_999}),
        json!({"conditions": {"sources": vec!["10.0.0.9"; 201]}, "reason": reason}),
    ] {
        assert_eq!(post(wrong.clone()).expect(400)["error"]["code"], "bad_request", "{wrong}");
    }
    assert_eq!(host.get("/api/v1/exclusions")["exclusions"].as_array().unwrap().len(), 1);
}
