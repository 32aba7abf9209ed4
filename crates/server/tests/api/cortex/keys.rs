//! API keys: both kinds, their ends, and who is kept out.

use super::{Headers, error, nonce, now_ms};
use crate::harness::{As, Host};
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

const QUOTA: &str = "/public_api/v1/xql/get_quota";

#[test]
fn both_kinds_get_in_with_and_without_slash_content_type_and_body() {
    let host = Host::start();
    for kind in ["standard", "advanced"] {
        let key = host.key(kind, "viewer");
        assert_eq!(key.secret.len(), 128);
        for path in [QUOTA.to_owned(), format!("{QUOTA}/")] {
            for body in ["", "{}", "{\"request_data\":{}}"] {
                for json in [true, false] {
                    let reply = host.with_headers(&path, &key.headers(), body.as_bytes(), json).expect(200);
                    assert!(reply["reply"]["license_quota"].is_number(), "{reply}");
                }
            }
        }
        // The keys are good for our own API too.
        let headers = key.headers();
        let headers: Vec<_> = headers.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let me = host.send_raw("GET", "/api/v1/session", &As::Nobody, None, &headers).expect(200);
        assert_eq!((me["kind"].as_str(), me["role"].as_str()), (Some("api_key"), Some("viewer")));
    }
}

#[test]
fn nonces_and_times_do_not_matter_to_a_standard_key() {
    let host = Host::start();
    let key = host.key("standard", "viewer");
    let mut headers = key.headers();
    headers.push(("x-xdr-nonce".into(), "n".into()));
    headers.push(("x-xdr-timestamp".into(), "0".into()));
    for _ in 0..2 {
        host.with_headers(QUOTA, &headers, b"", true).expect(200);
    }
}

#[test]
fn wrong_keys_are_refused_in_both_error_shapes() {
    let host = Host::start();
    let (standard, advanced) = (host.key("standard", "viewer"), host.key("advanced", "viewer"));
    let with = |change: &dyn Fn(&mut Headers), key: &super::Key| {
        let mut headers = key.headers();
        change(&mut headers);
        error(&host.with_headers(QUOTA, &headers, b"", true), 401)["err_msg"].as_str().unwrap().to_owned()
    };
    let set = |name: &'static str, value: &'static str| {
        move |headers: &mut Headers| {
            headers.retain(|(known, _)| known != name);
            headers.push((name.to_owned(), value.to_owned()));
        }
    };
    let drop = |name: &'static str| move |headers: &mut Headers| headers.retain(|(known, _)| known != name);
    assert!(with(&set("authorization", "guess"), &standard).contains("not its own"));
    assert!(with(&set("x-xdr-auth-id", "99"), &standard).contains("does not exist"));
    assert!(with(&set("x-xdr-auth-id", "one"), &standard).contains("number"));
    assert!(with(&drop("x-xdr-auth-id"), &standard).contains("Sign in first"));
    assert!(with(&drop("authorization"), &standard).contains("missing"));
    assert!(with(&drop("x-xdr-nonce"), &advanced).contains("advanced key"));
    assert!(with(&set("x-xdr-nonce", "another"), &advanced).contains("not its own"));
    assert!(with(&set("x-xdr-timestamp", "1"), &advanced).contains("not its own"));
    error(&host.with_headers(QUOTA, &[], b"", true), 401);
}

#[test]
fn a_clock_that_is_wrong_is_named() {
    let host = Host::start();
    let key = host.key("advanced", "viewer");
    for (offset, side) in [(-2 * 3600 * 1000, "7200 s behind"), (2 * 3600 * 1000, "7200 s ahead of")] {
        // A second either way: the server reads its clock later.
        let reply = host.with_headers(QUOTA, &key.headers_at(&nonce(), now_ms() + offset), b"", true);
        let message = error(&reply, 401)["err_msg"].as_str().unwrap().to_owned();
        let side = side.split_once(' ').unwrap().1;
        assert!(message.contains("Clock skew") && message.contains(side), "{message}");
    }
    host.with_headers(QUOTA, &key.headers_at(&nonce(), now_ms() - 240_000), b"", true).expect(200);
}

const UPDATE: &str = "/public_api/v1/alerts/update_alerts";

/// Well-known clients sign once and make several calls with it, some of them again and again.
#[test]
fn under_one_nonce_reading_goes_on_and_a_change_is_taken_once() {
    let host = Host::start();
    let key = host.key("advanced", "analyst");
    let headers = key.headers();
    let page = json!({"request_data": {"search_from": 0, "search_to": 100}}).to_string();
    for _ in 0..3 {
        host.with_headers(QUOTA, &headers, b"{}", true).expect(200);
        for call in ["incidents/get_incidents/", "alerts/get_alerts_multi_events"] {
            let path = format!("/public_api/v1/{call}");
            host.with_headers(&path, &headers, page.as_bytes(), true).expect(200);
        }
    }
    let start = |query: &str| {
        let body = json!({"request_data": {"query": query}}).to_string();
        host.with_headers("/public_api/v1/xql/start_xql_query", &headers, body.as_bytes(), true)
    };
    let id = start("dataset = alerts").expect(200)["reply"].clone();
    start("dataset = alerts").expect(200);
    let ask = json!({"request_data": {"query_id": id}}).to_string();
    for _ in 0..3 {
        let path = "/public_api/v1/xql/get_query_results";
        host.with_headers(path, &headers, ask.as_bytes(), true).expect(200);
    }
    let storing = "dataset = alerts | target type = dataset append = true kept";
    start(storing).expect(200);
    assert_eq!(error(&start(storing), 401)["err_extra"]["code"], "replayed");
    let change = |severity: &str| {
        let data = json!({"alert_id_list": ["1"], "update_data": {"severity": severity}});
        let body = json!({ "request_data": data }).to_string();
        host.with_headers(UPDATE, &headers, body.as_bytes(), true)
    };
    assert_ne!(change("high").status, 401);
    let replayed = error(&change("high"), 401);
    assert!(replayed["err_msg"].as_str().unwrap().contains("nonce"), "{replayed}");
    assert_eq!(replayed["err_extra"]["code"], "replayed");
    assert_ne!(change("low").status, 401, "another change");
}

#[test]
fn a_replay_is_known_after_a_restart_too() {
    let mut host = Host::start();
    let dir = host.dir.clone();
    let key = host.key("advanced", "analyst");
    let headers = key.headers();
    assert_ne!(host.with_headers(UPDATE, &headers, b"{}", true).status, 401);
    host.stop();
    let host = Host::start_in(dir, |_| ());
    error(&host.with_headers(UPDATE, &headers, b"{}", true), 401);
    assert_ne!(host.with_headers(UPDATE, &key.headers(), b"{}", true).status, 401);
}

#[test]
fn keys_are_rotated_revoked_and_end() {
    let host = Host::start();
    let key = host.key("advanced", "analyst");
    let rotated = host.post(&format!("/api/v1/api-keys/{}/rotate", key.id), json!({})).expect(200);
    error(&host.with_headers(QUOTA, &key.headers(), b"", true), 401);
    let key = super::Key { secret: rotated["key"].as_str().unwrap().to_owned(), ..key };
    host.with_headers(QUOTA, &key.headers(), b"", true).expect(200);
    let listed = host.get("/api/v1/api-keys");
    assert_eq!(listed["api_keys"][0]["kind"], "advanced");
    assert!(listed["api_keys"][0]["last_used"].is_string());
    assert!(!listed.to_string().contains(&key.secret));
    let path = format!("/api/v1/api-keys/{}", key.id);
    host.send("DELETE", &path, &host.local(), None).expect(204);
    host.send("DELETE", &path, &host.local(), None).expect(404);
    error(&host.with_headers(QUOTA, &key.headers(), b"", true), 401);
    for wrong in [
        json!({"name": " ", "kind": "standard", "role": "viewer"}),
        json!({"name": "x", "kind": "odd", "role": "viewer"}),
        json!({"name": "x", "kind": "standard", "role": "god"}),
        json!({"name": "x", "kind": "standard", "role": "viewer", "expires_in_days": 0}),
    ] {
        assert_eq!(host.post("/api/v1/api-keys", wrong.clone()).status, 400, "{wrong}");
    }
}

#[test]
fn the_key_file_is_private_and_no_secret_is_on_disk() {
    let mut host = Host::start();
    let (standard, advanced) = (host.key("standard", "viewer"), host.key("advanced", "viewer"));
    host.with_headers(QUOTA, &advanced.headers(), b"", true).expect(200);
    let file = host.dir.path().join("secrets.key");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let secret_key = std::fs::read(&file).unwrap();
    let dir = host.dir.clone();
    host.stop();
    let mut files = vec![dir.path().to_path_buf()];
    let mut read = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        read += 1;
        let holds = |secret: &[u8]| bytes.windows(secret.len()).any(|part| part == secret);
        assert!(!holds(standard.secret.as_bytes()) && !holds(advanced.secret.as_bytes()), "{path:?}");
        assert!(path == file || !holds(&secret_key), "{path:?}");
    }
    assert!(read > 3);
}

#[test]
fn too_many_requests_with_one_key_have_to_wait() {
    let host = Host::start_with(|config| config.limits.key_requests = 40);
    let (key, other) = (host.key("standard", "viewer"), host.key("standard", "viewer"));
    for _ in 0..10 {
        host.with_headers(QUOTA, &key.headers(), b"", true).expect(200);
    }
    let refused = host.with_headers(QUOTA, &key.headers(), b"", true);
    assert!(!refused.header("retry-after").is_empty());
    error(&refused, 429);
    host.with_headers(QUOTA, &other.headers(), b"", true).expect(200);
    assert_eq!(host.send("GET", "/api/v1/alerts", &host.local(), None).status, 200);
}

#[test]
fn an_unknown_call_is_named() {
    let host = Host::start();
    let key = host.key("standard", "administrator");
    let reply = error(&host.call(&key, "endpoints/isolate", json!({})), 404);
    assert!(reply["err_msg"].as_str().unwrap().contains("endpoints/isolate"));
    let get = host.send("GET", "/public_api/v1/xql/get_quota", &host.local(), None);
    error(&get, 405);
}
