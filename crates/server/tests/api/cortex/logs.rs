//! No secret is in the log, at its most talkative.

use super::Key;
use crate::harness::{As, Host, PASSWORD};
use serde_json::json;
use std::io::Write;
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn nothing_secret_is_logged() {
    let log = Log::default();
    let writer = log.clone();
    // For the whole process: the server's threads log too. Other tests' lines are in it as well.
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter("off,vedette=trace,vedette_server=trace,hyper=trace,rustls=trace,lettre=trace")
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let host = Host::start();
    let mut secrets = vec![PASSWORD.to_owned(), host.server().local().token];
    let cookie = host.sign_in("ada", "administrator");
    if let As::Cookie(cookie) = &cookie {
        secrets.push(cookie.split_once('=').unwrap().1.to_owned());
    }
    let wrong = json!({"username": "ada", "password": "a-wrong-password-of-mine"});
    host.send("POST", "/api/v1/session", &As::Nobody, Some(&wrong)).expect(401);
    secrets.push("a-wrong-password-of-mine".to_owned());
    let token = host.post("/api/v1/tokens", json!({"name": "t", "role": "viewer"})).expect(201);
    secrets.push(token["token"].as_str().unwrap().to_owned());
    host.send("GET", "/api/v1/alerts", &As::Token(secrets.last().unwrap().clone()), None).expect(200);
    for kind in ["standard", "advanced"] {
        let key = host.key(kind, "viewer");
        host.call(&key, "xql/get_quota", json!({})).expect(200);
        let bad = Key { secret: format!("{}x", key.secret), ..key };
        host.call(&bad, "xql/get_quota", json!({})).expect(401);
        secrets.extend([bad.secret.clone(), bad.secret[..128].to_owned()]);
    }
    secrets.extend(channels(&host));
    let text = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(text.contains("an API key was refused") && text.contains("a sign-in failed"), "the log is empty");
    for secret in secrets {
        assert!(!text.contains(&secret), "{secret} is in the log");
    }
}

/// Channels that are made, tried in vain and changed: their addresses, keys and logins.
fn channels(host: &Host) -> Vec<String> {
    let url = "http://127.0.0.1:1/hook?token=secret-of-the-webhook";
    let made =
        host.post("/api/v1/channels", json!({"name": "w", "url": url, "settings": {"allow_private": true}}));
    let made = made.expect(201);
    let test =
        |id: &serde_json::Value| host.post(&format!("/api/v1/channels/{id}/test"), json!({})).expect(200);
    assert_eq!(test(&made["channel"]["id"])["delivered"], false);
    let mail = json!({"name": "m", "url": "smtps://127.0.0.1:1", "username": "user-of-the-mail", "password": "first-of-the-mail",
        "settings": {"allow_private": true, "mail": {"from": "v@here.example", "to": ["ops@here.example"]}}});
    let id = host.post("/api/v1/channels", mail).expect(201)["channel"]["id"].clone();
    assert_eq!(test(&id)["delivered"], false);
    let login = json!({"username": "user-of-the-mail", "password": "second-of-the-mail"});
    host.send("PATCH", &format!("/api/v1/channels/{id}"), &host.local(), Some(&login)).expect(200);
    host.scan();
    host.wait(|| (host.get("/api/v1/channels")["waiting"].as_u64()? >= 2).then_some(()));
    std::thread::sleep(std::time::Duration::from_secs(1));
    let key = made["key"].as_str().unwrap().trim_start_matches("whsec_").to_owned();
    let texts = ["secret-of-the-webhook", "user-of-the-mail", "first-of-the-mail", "second-of-the-mail"];
    texts.iter().map(|text| (*text).to_owned()).chain([key]).collect()
}
