//! Hosts that carry out this server's blocks tell of themselves, and are told whom to block.

use crate::harness::{As, Host};
use serde_json::{Value, json};

const FOLLOW: &str = "/api/v1/response/follow";

fn report(host: &str, blocked: &[&str]) -> Value {
    json!({"host": host, "carried": {"blocked": blocked, "spared": [{"address": "10.0.0.1", "why": "is a router of this host"}]}})
}

#[test]
fn a_host_that_follows_is_known_and_told_what_to_do() {
    let host = Host::start();
    let made = host.post("/api/v1/tokens", json!({"name": "followers", "role": "ingest"})).expect(201);
    let token = As::Token(made["token"].as_str().unwrap().to_owned());
    assert_eq!(host.get("/api/v1/response")["followers"], json!([]));
    let told = host.send("POST", FOLLOW, &token, Some(&report("web-2", &["203.0.113.9"]))).expect(200);
    assert_eq!(
        told,
        json!({"enabled": false, "blocks": [], "never_block": []}),
        "off until it is switched on"
    );
    host.send("POST", FOLLOW, &token, Some(&report("web-3", &[]))).expect(200);
    let followers = host.get("/api/v1/response")["followers"].clone();
    assert_eq!((followers.as_array().unwrap().len(), &followers[0]["host"]), (2, &json!("web-2")));
    assert_eq!((&followers[0]["blocked"], &followers[0]["trouble"]), (&json!(["203.0.113.9"]), &Value::Null));
    let trouble = json!({"host": "web-2", "carried": {"trouble": "nft is missing"}});
    host.send("POST", FOLLOW, &token, Some(&trouble)).expect(200);
    assert_eq!(host.get("/api/v1/response")["followers"][0]["trouble"], "nft is missing");
    let log = host.rows("dataset = audit_logs | filter type = \"RESPONSE\" | fields description");
    let log = Value::Array(log).to_string();
    assert!(log.contains("The host web-2 blocks 203.0.113.9"), "{log}");
    assert!(log.contains("The host web-2 no longer blocks 203.0.113.9"), "{log}");
    assert!(!log.contains("web-3"), "what changes nothing is no act: {log}");
    // It can do nothing else with that token.
    let block = json!({"address": "203.0.113.9", "seconds": 60, "reason": "x"});
    assert_eq!(host.send("POST", "/api/v1/response/blocks", &token, Some(&block)).status, 403);
    assert_eq!(host.send("GET", "/api/v1/response", &token, None).status, 403);
}

#[test]
fn reports_that_cannot_be_are_refused() {
    let host = Host::start();
    let many: Vec<String> = (0..1_001).map(|n| format!("10.{}.{}.1", n / 250, n % 250)).collect();
    for wrong in [
        json!({}),
        json!({"host": "x"}),
        report(" ", &[]),
        report("a\u{0}b", &[]),
        report(&"x".repeat(201), &[]),
        report("x", &["203.0.113.0/24"]),
        report("x", &["; drop table"]),
        json!({"host": "x", "carried": {"blocked": many}}),
        json!({"host": "x", "carried": {}, "enabled": true}),
    ] {
        assert_eq!(host.send("POST", FOLLOW, &host.local(), Some(&wrong)).status, 400, "{wrong}");
    }
    assert_eq!(host.get("/api/v1/response")["followers"], json!([]));
    let hostile = "<img src=x onerror=alert(1)>".to_owned();
    host.send("POST", FOLLOW, &host.local(), Some(&report(&hostile, &[]))).expect(200);
    assert_eq!(host.get("/api/v1/response")["followers"][0]["host"], hostile);
    assert_eq!(host.send("POST", FOLLOW, &As::Nobody, Some(&report("x", &[]))).status, 401);
}
