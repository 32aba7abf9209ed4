//! What keeps others out.

use crate::harness::{As, Host};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Sends raw bytes and returns what comes back until the server hangs up.
fn raw(host: &Host, request: &str) -> String {
    let mut stream = TcpStream::connect(host.server().address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    // Who is turned away may find that out while it still writes: that is an answer too.
    let _ = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn foreign_names_for_loopback_are_refused() {
    let host = Host::start();
    let get = |name: &str| {
        raw(&host, &format!("GET /api/v1/setup HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n"))
    };
    assert!(get("localhost:1").starts_with("HTTP/1.1 200"));
    assert!(get("[::1]:1").starts_with("HTTP/1.1 200"));
    let refused = get("evil.example");
    assert!(refused.starts_with("HTTP/1.1 421") && refused.contains("wrong_host"), "{refused}");
    assert!(raw(&host, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n").starts_with("HTTP/1.1 4"));
}

#[test]
fn foreign_pages_cannot_act_for_a_user() {
    let host = Host::start();
    let ada = host.sign_in("ada", "administrator");
    let body = || Some(("application/json", json!({"name": "x", "role": "viewer"}).to_string().into_bytes()));
    let send = |headers: &[(&str, &str)]| host.send_raw("POST", "/api/v1/tokens", &ada, body(), headers);
    assert_eq!(send(&[]).expect(403)["error"]["code"], "csrf");
    let own = host.base.clone();
    assert_eq!(send(&[("x-vedette-request", "1"), ("origin", &own)]).status, 201);
    for origin in ["http://evil.example", "null", "https://127.0.0.1:1"] {
        assert_eq!(send(&[("x-vedette-request", "1"), ("origin", origin)]).code(), "csrf", "{origin}");
    }
    assert_eq!(send(&[("x-vedette-request", "1"), ("sec-fetch-site", "cross-site")]).code(), "csrf");
    // Reading is no act, and a token is not sent by browsers by themselves.
    assert_eq!(host.send_raw("GET", "/api/v1/users", &ada, None, &[]).status, 200);
    assert_eq!(host.send_raw("POST", "/api/v1/tokens", &host.local(), body(), &[]).status, 201);
    let form = Some(("application/x-www-form-urlencoded", b"name=x&role=viewer".to_vec()));
    assert_eq!(host.send_raw("POST", "/api/v1/tokens", &host.local(), form, &[]).status, 415);
    let sign_in = Some(("application/json", b"{}".to_vec()));
    assert_eq!(host.send_raw("POST", "/api/v1/session", &As::Nobody, sign_in, &[]).code(), "csrf");
}

#[test]
fn every_answer_carries_the_headers() {
    let host = Host::start();
    for path in ["/", "/alerts/1", "/api/v1/setup", "/api/v1/none", "/livez", "/assets/none.js"] {
        let reply = host.send("GET", path, &As::Nobody, None);
        let policy = reply.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert_eq!(reply.header("x-frame-options"), "DENY");
        assert!(!reply.header("x-request-id").is_empty());
        if path.starts_with("/api") {
            assert_eq!(reply.header("cache-control"), "no-store");
        }
    }
    let unknown = host.send("GET", "/api/v1/none", &As::Nobody, None);
    assert_eq!(unknown.expect(404)["error"]["request_id"], unknown.header("x-request-id"));
    assert_eq!(host.send("PUT", "/api/v1/alerts", &host.local(), None).code(), "method_not_allowed");
    assert_eq!(host.send("DELETE", "/index.html", &As::Nobody, None).status, 405);
}

#[test]
fn heads_and_connections_are_bounded() {
    let host = Host::start_with(|config| config.limits.connections = 5);
    let long = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(200_000));
    let answer = raw(&host, &long);
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431") || answer.starts_with("HTTP/1.1 400"),
        "{answer}"
    );
    // On a busy machine the five may be closed for their silence before the sixth comes.
    let turned_away = || {
        let held: Vec<TcpStream> =
            (0..5).map(|_| TcpStream::connect(host.server().address()).unwrap()).collect();
        std::thread::sleep(Duration::from_millis(200));
        let begin = Instant::now();
        let answer = raw(&host, "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        drop(held);
        answer.is_empty() && begin.elapsed() < Duration::from_secs(5)
    };
    assert!((0..5).any(|_| turned_away()), "the sixth connection is turned away at once");
    host.wait(|| {
        let answer = raw(&host, "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        answer.starts_with("HTTP/1.1 200").then_some(())
    });
}

#[test]
fn nothing_secret_is_told() {
    let host = Host::start();
    host.sign_in("ada", "administrator");
    let local = host.server().local().token;
    for path in
        ["/api/v1/status", "/api/v1/users", "/api/v1/tokens", "/api/v1/overview", "/metrics", "/readyz"]
    {
        let text = host.send("GET", path, &host.local(), None).text;
        assert!(!text.contains(&local) && !text.contains("argon2") && !text.contains("token_hash"), "{path}");
    }
}

#[test]
fn hostile_requests_get_answers_not_crashes() {
    let host = Host::start();
    for request in [
        "GET /%00 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "GET /api/v1/alerts/%2e%2e%2f HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "GET /api/v1/alerts/99999999999999999999 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nX-Vedette-Request: 1\r\nContent-Type: application/json\r\nContent-Length: 1\r\nConnection: close\r\n\r\n{",
        "BREW /pot HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "\u{0}\u{1}\u{2}\r\n\r\n",
    ] {
        let answer = raw(&host, request);
        assert!(
            answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.1 2"),
            "{request:?}: {answer}"
        );
        assert!(!answer.contains("root:"), "{answer}");
    }
    assert_eq!(host.get("/api/v1/status")["http"]["panics"], 0);
}
