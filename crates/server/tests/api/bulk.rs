//! One change to many alerts; how long alerts are kept; lists of users.

use crate::harness::Host;
use serde_json::{Value, json};

#[test]
fn many_alerts_are_closed_at_once() {
    let host = Host::start();
    let ids: Vec<i64> = (0..3).map(|_| host.scan()["id"].as_i64().unwrap()).collect();
    let bulk = |body: Value| host.post("/api/v1/alerts/bulk", body);
    let close = json!({"status": "closed", "resolution": "benign", "comment": "a test"});
    let counted = bulk(json!({"filter": "status=new&self_test=false", "change": close, "dry_run": true}));
    assert_eq!(counted.expect(200)["matched"], 3);
    assert_eq!(host.get("/api/v1/alerts?status=new")["total"], 3, "only counted");
    let wrong_count = bulk(json!({"filter": "status=new", "expected": 2, "change": close}));
    let wrong_count = wrong_count.expect(409);
    assert_eq!(
        (wrong_count["error"]["code"].as_str(), wrong_count["error"]["matched"].as_u64()),
        (Some("count_changed"), Some(3))
    );
    let mut some = ids.clone();
    some.push(ids[0]);
    some.push(4711);
    let done = bulk(json!({"ids": some, "change": {"status": "in_progress"}})).expect(200);
    assert_eq!((done["matched"].as_u64(), done["changed"].as_u64()), (Some(4), Some(3)));
    assert_eq!(done["missing"], json!([4711]));
    let again = bulk(json!({"ids": ids, "change": {"status": "in_progress"}})).expect(200);
    assert_eq!((again["changed"].as_u64(), again["unchanged"].as_u64()), (Some(0), Some(3)));
    let done = bulk(json!({"filter": "status=in_progress", "expected": 3, "change": close})).expect(200);
    assert_eq!(done["changed"], 3);
    assert_eq!(host.get(&format!("/api/v1/alerts/{}", ids[0]))["comments"][0]["text"], "a test");
}

#[test]
fn a_wrong_bulk_changes_nothing() {
    let host = Host::start();
    let id = host.scan()["id"].as_i64().unwrap();
    for (wrong, code) in [
        (json!({"change": {"severity": "low"}}), "bad_request"),
        (json!({"ids": [id], "filter": "", "change": {"severity": "low"}}), "bad_request"),
        (json!({"filter": "status=new", "change": {"severity": "low"}}), "bad_request"),
        (json!({"filter": "state=new", "expected": 1, "change": {"severity": "low"}}), "bad_request"),
        (json!({"filter": "source=\u{1}", "expected": 1, "change": {"severity": "low"}}), "bad_request"),
        (json!({"ids": [id], "change": {"status": "closed"}}), "resolution_required"),
        (json!({"ids": [id], "change": {"assignee": "eve"}}), "unknown_user"),
        (json!({"ids": (0..10_001).collect::<Vec<i64>>(), "change": {"severity": "low"}}), "bad_request"),
    ] {
        let reply = host.post("/api/v1/alerts/bulk", wrong);
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (400, code), "{}", reply.text);
    }
    let alert = host.get(&format!("/api/v1/alerts/{id}"));
    assert_eq!(alert["history"].as_array().unwrap().iter().filter(|c| c["actor"] != "vedette").count(), 0);
}

#[test]
fn how_long_alerts_are_kept_is_set_and_shown() {
    let host = Host::start();
    assert_eq!(host.get("/api/v1/retention")["closed_alert_days"], 365);
    let set = |days: Value| {
        host.send("PATCH", "/api/v1/retention", &host.local(), Some(&json!({"closed_alert_days": days})))
    };
    assert_eq!(set(json!(30)).expect(200)["closed_alert_days"], 30);
    for wrong in [json!(0), json!(40_000), json!(-1), json!("x")] {
        assert_eq!(set(wrong.clone()).status, 400, "{wrong}");
    }
    let status = host.get("/api/v1/status");
    assert_eq!(
        (status["alerts"]["closed_alert_days"].as_u64(), status["alerts"]["expired"].as_u64()),
        (Some(30), Some(0))
    );
}

#[test]
fn users_and_tokens_come_page_by_page() {
    let host = Host::start();
    for name in ["a", "b", "c"] {
        let user = json!({"username": name, "password": crate::harness::PASSWORD, "role": "administrator"});
        host.post("/api/v1/users", user).expect(201);
        host.post("/api/v1/tokens", json!({"name": name, "role": "viewer"})).expect(201);
    }
    for (path, list, name) in [("users", "users", "username"), ("tokens", "tokens", "name")] {
        let first = host.get(&format!("/api/v1/{path}?limit=2"));
        assert_eq!((first["total"].as_u64(), first[list].as_array().unwrap().len()), (Some(3), 2));
        let next = first["next_cursor"].as_str().unwrap();
        let second = host.get(&format!("/api/v1/{path}?limit=2&cursor={next}"));
        assert_eq!((second[list][0][name].as_str(), second["next_cursor"].is_null()), (Some("c"), true));
        for wrong in ["limit=0", "limit=501", "cursor=x", "page=2"] {
            assert_eq!(host.send("GET", &format!("/api/v1/{path}?{wrong}"), &host.local(), None).status, 400);
        }
    }
}
