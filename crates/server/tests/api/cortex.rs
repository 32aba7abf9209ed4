//! A client of the Cortex API, as strict and as careless as real ones, and the tests of its calls.

mod alerts;
mod correlations;
mod hosts;
mod incidents;
mod keys;
mod logs;
mod newer;
mod xql;

use crate::harness::{As, Host, Reply};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Names and values of a request's headers.
pub type Headers = Vec<(String, String)>;

/// An API key with its secret.
pub struct Key {
    pub id: i64,
    pub secret: String,
    pub advanced: bool,
}

pub fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64
}

/// 64 characters, another one each time.
pub fn nonce() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let salt = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    let text = format!("{:x}", Sha256::digest(format!("{salt} {}", NEXT.fetch_add(1, Ordering::Relaxed))));
    assert_eq!(text.len(), 64);
    text
}

impl Key {
    /// The headers of a request with this key.
    pub fn headers(&self) -> Headers {
        self.headers_at(&nonce(), now_ms())
    }

    pub fn headers_at(&self, nonce: &str, timestamp: i64) -> Headers {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let id = pair("x-xdr-auth-id", &self.id.to_string());
        if !self.advanced {
            return vec![id, pair("authorization", &self.secret)];
        }
        let hash = format!("{:x}", Sha256::digest(format!("{}{nonce}{timestamp}", self.secret)));
        vec![
            id,
            pair("x-xdr-nonce", nonce),
            pair("x-xdr-timestamp", &timestamp.to_string()),
            pair("authorization", &hash),
        ]
    }
}

impl Host {
    pub fn key(&self, kind: &str, role: &str) -> Key {
        let made = self.post("/api/v1/api-keys", json!({"name": "test", "kind": kind, "role": role}));
        let made = made.expect(201);
        Key {
            id: made["api_key"]["id"].as_i64().unwrap(),
            secret: made["key"].as_str().unwrap().to_owned(),
            advanced: kind == "advanced",
        }
    }

    /// A POST with these headers; the body has no content type unless `json` says so.
    pub fn with_headers(&self, path: &str, headers: &[(String, String)], body: &[u8], json: bool) -> Reply {
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let kind = if json { "application/json" } else { "" };
        self.send_raw("POST", path, &As::Nobody, Some((kind, body.to_vec())), &headers)
    }

    /// A call, without its `/public_api/v1`.
    pub fn call(&self, key: &Key, call: &str, data: Value) -> Reply {
        let body = json!({ "request_data": data }).to_string();
        let path = if call.starts_with('/') { call.to_owned() } else { format!("/public_api/v1/{call}") };
        self.with_headers(&path, &key.headers(), body.as_bytes(), true)
    }

    /// The reply of a call that works.
    pub fn reply(&self, key: &Key, call: &str, data: Value) -> Value {
        self.call(key, call, data).expect(200)["reply"].clone()
    }
}

/// An error has the same three fields at top level and inside `reply`.
pub fn error(reply: &Reply, status: u16) -> Value {
    let body = reply.expect(status);
    assert_eq!(body["err_code"], status);
    for field in ["err_code", "err_msg", "err_extra"] {
        assert_eq!(body[field], body["reply"][field], "{field}");
    }
    assert!(!body["err_msg"].as_str().unwrap().is_empty());
    body
}
