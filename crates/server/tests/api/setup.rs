//! The first user, signing in and out, throttling.

use crate::harness::{As, Host, PASSWORD};
use serde_json::json;

fn token(host: &Host) -> String {
    host.server().setup_link().unwrap().split("#token=").nth(1).unwrap().to_owned()
}

#[test]
fn the_setup_link_makes_the_first_user_once() {
    let host = Host::start();
    let status = host.send("GET", "/api/v1/setup", &As::Nobody, None).expect(200);
    assert_eq!(status["required"], true);
    let request = |token: &str, password: &str| {
        let body = json!({"token": token, "username": "Ada", "password": password});
        host.send("POST", "/api/v1/setup", &As::Nobody, Some(&body))
    };
    let token = token(&host);
    assert_eq!(request("guess", PASSWORD).code(), "setup_token_invalid");
    assert_eq!(request(&token, "short").code(), "password_too_short");
    let done = request(&token, PASSWORD);
    let me = done.expect(201);
    assert_eq!((me["username"].as_str(), me["role"].as_str()), (Some("ada"), Some("administrator")));
    let cookie = done.header("set-cookie").to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "plain HTTP on loopback");
    assert_eq!(request(&token, PASSWORD).expect(410)["error"]["code"], "setup_done");
    assert_eq!(host.send("GET", "/api/v1/setup", &As::Nobody, None).expect(200)["required"], false);
    assert!(host.server().setup_link().is_none());
    let who = As::Cookie(cookie.split(';').next().unwrap().to_owned());
    assert_eq!(host.send("GET", "/api/v1/session", &who, None).expect(200)["kind"], "session");
}

#[test]
fn a_session_begins_and_ends() {
    let host = Host::start();
    let ada = host.sign_in("ada", "administrator");
    host.send("GET", "/api/v1/alerts", &ada, None).expect(200);
    let change = json!({"current": PASSWORD, "new": "another good password"});
    let other = host.send(
        "POST",
        "/api/v1/session",
        &As::Nobody,
        Some(&json!({"username": "ada", "password": PASSWORD})),
    );
    let other = As::Cookie(other.header("set-cookie").split(';').next().unwrap().to_owned());
    host.send("DELETE", "/api/v1/session", &ada, None).expect(204);
    host.send("GET", "/api/v1/session", &ada, None).expect(401);
    host.send("POST", "/api/v1/session/password", &other, Some(&change)).expect(204);
    host.send("GET", "/api/v1/session", &other, None).expect(401);
    let old = json!({"username": "ada", "password": PASSWORD});
    host.send("POST", "/api/v1/session", &As::Nobody, Some(&old)).expect(401);
    let new = json!({"username": "ada", "password": "another good password"});
    host.send("POST", "/api/v1/session", &As::Nobody, Some(&new)).expect(200);
}

#[test]
fn guessing_is_slowed_down() {
    let host = Host::start();
    host.sign_in("ada", "viewer");
    let attempt = |password: &str| {
        let body = json!({"username": "ada", "password": password});
        host.send("POST", "/api/v1/session", &As::Nobody, Some(&body))
    };
    for _ in 0..5 {
        assert_eq!(attempt("wrong password").expect(401)["error"]["code"], "invalid_credentials");
    }
    let refused = attempt(PASSWORD);
    let error = refused.expect(429);
    assert!(error["error"]["retry_after_seconds"].as_u64().unwrap() > 200);
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 200);
}
