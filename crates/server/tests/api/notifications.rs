//! Alerts arrive where they are to be told, signed, once, and what does not arrive is shown.

use crate::harness::Host;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Takes requests and answers each with the next of `answers`, the last one for all further ones.
fn receiver(answers: &'static [&'static str]) -> (String, Receiver<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook?token=secret-in-the-path", listener.local_addr().unwrap());
    let (sender, requests) = channel();
    std::thread::spawn(move || {
        for (n, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
            let (mut asked, mut piece) = (Vec::new(), [0; 8192]);
            while let Ok(count @ 1..) = stream.read(&mut piece) {
                asked.extend_from_slice(&piece[..count]);
            }
            let text = String::from_utf8(asked).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            let body = serde_json::from_str(body).unwrap_or(Value::Null);
            let answer = answers.get(n).or(answers.last()).unwrap();
            let _ = write!(stream, "HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            if sender.send((head.to_owned(), body)).is_err() {
                return;
            }
        }
    });
    (url, requests)
}

fn next(requests: &Receiver<(String, Value)>) -> (String, Value) {
    requests.recv_timeout(Duration::from_secs(10)).unwrap()
}

fn add(host: &Host, url: &str, settings: Value) -> Value {
    host.post("/api/v1/channels", json!({"name": "soc", "url": url, "settings": settings})).expect(201)
}

#[test]
fn an_alert_is_told_once_and_signed() {
    let host = Host::start();
    host.scan();
    let (url, requests) = receiver(&["204 No Content"]);
    let made = add(&host, &url, json!({"allow_private": true}));
    assert!(made["key"].as_str().unwrap().starts_with("whsec_"));
    let listed = host.get("/api/v1/channels");
    assert!(!listed.to_string().contains("secret-in-the-path"), "{listed}");
    let alert = host.scan();
    let (head, body) = next(&requests);
    assert!(head.contains("webhook-signature: v1,"), "{head}");
    assert_eq!((&body["type"], &body["data"]["id"]), (&json!("alert.opened"), &alert["id"]));
    assert!(
        requests.recv_timeout(Duration::from_millis(1_500)).is_err(),
        "neither the old alert nor this one again"
    );
    let told = host.wait(|| {
        let told = host.get("/api/v1/deliveries?state=delivered");
        (told["deliveries"].as_array().unwrap().len() == 1).then_some(told)
    });
    assert_eq!(told["deliveries"][0]["alert_id"], alert["id"]);
}

#[test]
fn what_is_refused_for_good_is_dead_and_can_be_tried_again() {
    let host = Host::start();
    let (url, requests) = receiver(&["410 Gone", "200 OK"]);
    add(&host, &url, json!({"allow_private": true, "shape": "slack"}));
    host.scan();
    let (_, body) = next(&requests);
    assert!(body["blocks"].is_array(), "{body}");
    let dead = host.wait(|| {
        let dead = host.get("/api/v1/deliveries?state=dead");
        dead["deliveries"].as_array().unwrap().first().cloned()
    });
    assert!(dead["last_error"].as_str().unwrap().contains("410"), "{dead}");
    assert_eq!(host.get("/api/v1/channels")["dead"], 1);
    let status = host.get("/api/v1/status");
    assert!(status["degraded"].to_string().contains("notifications_given_up"), "{}", status["degraded"]);
    let path = format!("/api/v1/deliveries/{}/retry", dead["id"]);
    assert_eq!(host.post(&path, json!({})).status, 204);
    next(&requests);
    assert_eq!(host.post(&path, json!({})).status, 404, "it is not dead any more");
}

#[test]
fn a_channel_is_tried_out_filtered_switched_off_and_removed() {
    let host = Host::start();
    let (url, requests) = receiver(&["200 OK", "500 Broken"]);
    let id =
        add(&host, &url, json!({"allow_private": true, "min_severity": "critical"}))["channel"]["id"].clone();
    let test = || host.post(&format!("/api/v1/channels/{id}/test"), json!({})).expect(200);
    assert_eq!(test(), json!({"delivered": true, "error": null}));
    assert!(next(&requests).1["data"]["name"].as_str().unwrap().contains("Test"));
    assert!(test()["error"].as_str().unwrap().contains("500"));
    next(&requests);
    host.scan();
    assert!(requests.recv_timeout(Duration::from_millis(1_200)).is_err(), "it is not critical");
    let path = format!("/api/v1/channels/{id}");
    let off = host.send("PATCH", &path, &host.local(), Some(&json!({"enabled": false}))).expect(200);
    assert_eq!(off["enabled"], false);
    assert_eq!(host.send("DELETE", &path, &host.local(), None).status, 204);
    assert_eq!(host.send("DELETE", &path, &host.local(), None).status, 404);
}

#[test]
fn channels_that_cannot_be_are_refused() {
    let host = Host::start();
    for (url, settings, says) in [
        ("http://127.0.0.1:9/", json!({}), "private network"),
        ("http://169.254.169.254/latest/meta-data", json!({}), "private network"),
        ("ftp://example.com/", json!({}), "scheme"),
        ("https://example.com/", json!({"shape": "cef"}), "syslog"),
        ("https://example.com/", json!({"shape": "pigeon"}), "pigeon"),
        (
            "https://example.com/",
            json!({"quiet_hours": {"from": "9", "to": "10:00", "timezone": "UTC"}}),
            "time of day",
        ),
    ] {
        let body = json!({"name": "x", "url": url, "settings": settings});
        let error = host.post("/api/v1/channels", body).expect(400);
        assert!(error["error"]["message"].as_str().unwrap().contains(says), "{error}");
    }
    let again = json!({"name": "x", "url": "https://example.com/"});
    host.post("/api/v1/channels", again.clone()).expect(201);
    assert!(
        host.post("/api/v1/channels", again).expect(400)["error"]["message"]
            .as_str()
            .unwrap()
            .contains("already")
    );
    assert_eq!(host.get("/api/v1/deliveries?state=dead")["deliveries"], json!([]));
    assert_eq!(host.send("GET", "/api/v1/deliveries?state=x", &host.local(), None).status, 400);
}

#[test]
fn mail_and_own_authorities_are_checked_when_a_channel_is_made() {
    let host = Host::start();
    let mail = json!({"from": "v@here.example", "to": ["ops@here.example"]});
    for (body, says) in [
        (json!({"url": "smtp://mail.example", "settings": {}}), "needs `mail`"),
        (json!({"url": "https://x.example/", "settings": {"mail": mail}}), "smtp://"),
        (
            json!({"url": "smtp://mail.example", "settings": {"mail": {"from": "x", "to": ["a@b.example"]}}}),
            "no mail address",
        ),
        (
            json!({"url": "smtp+plain://mail.example", "username": "u", "password": "p", "settings": {"mail": mail}}),
            "only encrypted",
        ),
        (json!({"url": "smtp://mail.example", "username": "u", "settings": {"mail": mail}}), "go together"),
        (json!({"url": "syslog+tls://x.example", "trust": "nonsense"}), "no certificate"),
        (json!({"url": "syslog+tcp://x.example", "trust": "x"}), "is for"),
        (
            json!({"url": "https://x.example/", "settings": {"shape": "slack", "title": "$shoe_size"}}),
            "$shoe_size",
        ),
        (json!({"url": "https://x.example/", "settings": {"shape": "ocsf", "title": "$name"}}), "programs"),
    ] {
        let mut body = body;
        body["name"] = json!("x");
        let error = host.post("/api/v1/channels", body).expect(400);
        assert!(error["error"]["message"].as_str().unwrap().contains(says), "{says}: {error}");
    }
    let good = json!({"name": "ops", "url": "smtp://mail.example:587", "username": "user-7", "password": "hunter2-secret",
        "settings": {"mail": mail, "title": "[$severity] $name"}});
    let made = host.post("/api/v1/channels", good).expect(201);
    assert_eq!(
        (&made["key"], &made["channel"]["address"]),
        (&Value::Null, &json!("smtp://mail.example:587"))
    );
    let shown = host.get("/api/v1/channels").to_string();
    assert!(!shown.contains("hunter2") && !shown.contains("user-7"), "{shown}");
}

#[test]
fn a_chat_message_has_the_title_and_text_that_were_asked_for() {
    let host = Host::start();
    let (url, requests) = receiver(&["200 OK"]);
    let settings = json!({"allow_private": true, "shape": "slack", "title": "[$severity] look", "body": "from $source_ips"});
    let id = add(&host, &url, settings)["channel"]["id"].clone();
    host.scan();
    let (_, body) = next(&requests);
    assert!(body["text"].as_str().unwrap().ends_with("] look"), "{body}");
    assert!(body["blocks"][1]["text"]["text"].as_str().unwrap().starts_with("from "), "{body}");
    assert!(id.is_i64());
}

fn patch(host: &Host, id: &Value, body: Value) -> crate::harness::Reply {
    host.send("PATCH", &format!("/api/v1/channels/{id}"), &host.local(), Some(&body))
}

#[test]
fn a_channel_is_changed_in_place_and_its_secrets_stay_secret() {
    let host = Host::start();
    let (first, second) = (receiver(&["200 OK"]), receiver(&["200 OK"]));
    let made = add(&host, &first.0, json!({"allow_private": true, "min_severity": "critical"}));
    let id = made["channel"]["id"].clone();
    let renamed =
        patch(&host, &id, json!({"name": "night", "settings": {"allow_private": true}})).expect(200);
    assert_eq!((&renamed["name"], &renamed["settings"]["min_severity"]), (&json!("night"), &Value::Null));
    host.scan();
    next(&first.1);
    let moved = patch(&host, &id, json!({"url": second.0})).expect(200);
    assert!(
        !moved.to_string().contains("secret-in-the-path") && !moved.to_string().contains("whsec"),
        "{moved}"
    );
    host.scan();
    let (head, _) = next(&second.1);
    assert!(head.contains("webhook-signature: v1,"), "it signs with the key it had: {head}");
    assert!(first.1.recv_timeout(Duration::from_millis(700)).is_err());
    for (body, says) in [
        (json!({"url": "http://10.0.0.1/", "settings": {}}), "private network"),
        (json!({"url": "ftp://x.example/"}), "scheme"),
        (json!({"name": " "}), "1 to 100"),
        (json!({"settings": {"shape": "cef", "allow_private": true}}), "syslog"),
        (json!({"username": "u", "password": "p"}), "mail servers"),
        (json!({"trust": "nonsense"}), "`trust`"),
        (json!({"key": "x"}), "key"),
    ] {
        let error = patch(&host, &id, body).expect(400);
        assert!(error["error"]["message"].as_str().unwrap().contains(says), "{says}: {error}");
    }
    assert_eq!(patch(&host, &json!(99), json!({"name": "x"})).status, 404);
    assert_eq!(patch(&host, &id, json!({})).expect(200)["name"], "night");
    let log = host.rows("dataset = audit_logs | filter type = \"NOTIFICATIONS\" | fields description");
    let log = Value::Array(log).to_string();
    assert!(log.contains("night: address") && !log.contains("secret-in-the-path"), "{log}");
}

#[test]
fn a_login_stays_with_its_server() {
    let host = Host::start();
    let mail = json!({"mail": {"from": "v@here.example", "to": ["ops@here.example"]}});
    let made = host.post(
        "/api/v1/channels",
        json!({"name": "mail", "url": "smtp://mail.example:587", "username": "user-7", "password": "hunter2", "settings": mail}),
    );
    let id = made.expect(201)["channel"]["id"].clone();
    let login = |body: Value| patch(&host, &id, body).expect(200)["has_login"] == true;
    assert!(login(json!({"name": "post"})), "it stays");
    assert!(login(json!({"url": "smtp://mail.example:587"})), "the same server");
    assert!(!login(json!({"url": "smtp://other.example:587"})), "who points it elsewhere learns no password");
    assert!(!login(json!({"url": "smtp://mail.example:587"})), "nor by going back");
    assert!(login(json!({"username": "user-8", "password": "hunter3"})));
    assert_eq!(patch(&host, &id, json!({"username": "user-9", "password": ""})).status, 400);
    assert!(!login(json!({"username": ""})));
    let shown = host.get("/api/v1/channels").to_string();
    assert!(!shown.contains("hunter") && !shown.contains("user-"), "{shown}");
}
