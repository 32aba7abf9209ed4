//! `Idempotency-Key`: made once, answered again.

use crate::harness::{As, Host, Reply};
use serde_json::json;

fn make(host: &Host, who: &As, key: &str, name: &str) -> Reply {
    let body = json!({"name": name, "role": "viewer"}).to_string().into_bytes();
    host.send_raw(
        "POST",
        "/api/v1/tokens",
        who,
        Some(("application/json", body)),
        &[("idempotency-key", key)],
    )
}

#[test]
fn a_call_sent_twice_is_made_once() {
    let mut host = Host::start();
    let first = make(&host, &host.local(), "k1", "a").expect(201);
    let again = make(&host, &host.local(), "k1", "a");
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.expect(201), first);
    assert_eq!(host.get("/api/v1/tokens")["tokens"].as_array().unwrap().len(), 1);
    assert_eq!(make(&host, &host.local(), "k1", "b").expect(409)["error"]["code"], "idempotency_conflict");
    make(&host, &host.local(), "k2", "a").expect(201);
    let other = host.post("/api/v1/tokens", json!({"name": "o", "role": "administrator"})).expect(201);
    let other = As::Token(other["token"].as_str().unwrap().to_owned());
    assert_ne!(make(&host, &other, "k1", "a").expect(201), first, "another caller's key is another key");
    let dir = host.dir.clone();
    host.stop();
    let host = Host::start_in(dir, |_| ());
    assert_eq!(make(&host, &host.local(), "k1", "a").expect(201), first, "over a restart");
}

#[test]
fn a_refusal_is_not_kept_and_odd_keys_are_refused() {
    let host = Host::start();
    make(&host, &host.local(), "k1", " ").expect(400);
    make(&host, &host.local(), "k1", "good").expect(201);
    make(&host, &host.local(), "", "x").expect(400);
    make(&host, &host.local(), &"x".repeat(300), "x").expect(400);
    make(&host, &As::Nobody, "k9", "x").expect(401);
}
