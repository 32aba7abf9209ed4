//! Alerts and events for other systems, line by line, and alerts as they are raised.

use crate::harness::{As, Host};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

fn lines(host: &Host, path: &str) -> Vec<Value> {
    let reply = host.send_raw("GET", path, &host.local(), None, &[]);
    assert_eq!(reply.status, 200, "{path}");
    reply.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn alerts_come_line_by_line_in_both_schemas() {
    let host = Host::start();
    assert!(lines(&host, "/api/v1/export/alerts?format=ocsf").is_empty());
    let alert = host.scan();
    let ocsf = lines(&host, "/api/v1/export/alerts?format=ocsf");
    assert_eq!((ocsf.len(), &ocsf[0]["class_uid"]), (1, &json!(2004)));
    assert_eq!(ocsf[0]["metadata"]["uid"], alert["id"].to_string());
    let ecs = lines(&host, "/api/v1/export/alerts?format=ecs&since=2020-01-01T00:00:00Z");
    assert_eq!((&ecs[0]["event"]["kind"], &ecs[0]["event"]["module"]), (&json!("alert"), &json!("vedette")));
    assert!(lines(&host, "/api/v1/export/alerts?format=ecs&since=2999-01-01T00:00:00Z").is_empty());
    for wrong in ["", "?format=pigeon", "?format=ocsf&since=yesterday", "?format=ocsf&shoe=1"] {
        let path = format!("/api/v1/export/alerts{wrong}");
        assert_eq!(host.send("GET", &path, &host.local(), None).status, 400, "{wrong}");
    }
    assert_eq!(host.send("GET", "/api/v1/export/alerts?format=ocsf", &As::Nobody, None).status, 401);
}

#[test]
fn events_come_line_by_line() {
    let host = Host::start();
    host.scan();
    let path = "/api/v1/export/events?format=ocsf&limit=3";
    let events = host.wait(|| Some(lines(&host, path)).filter(|lines| lines.len() == 3));
    assert!(events.iter().all(|event| event["class_uid"] == 4001), "{events:?}");
    assert!(events[0]["src_endpoint"]["ip"].is_string() && events[0]["time"].is_i64(), "{}", events[0]);
    let ecs = lines(&host, "/api/v1/export/events?format=ecs&limit=1");
    assert_eq!(ecs[0]["event"]["category"], json!(["network"]));
    let backwards = "/api/v1/export/events?format=ecs&since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z";
    for wrong in [backwards, "/api/v1/export/events?format=ecs&limit=0"] {
        assert_eq!(host.send("GET", wrong, &host.local(), None).status, 400, "{wrong}");
    }
}

/// Raises alerts as another product sends them, 60 a request.
fn raise(host: &Host, from: usize, count: usize) {
    let alert = |n: usize| {
        json!({"product": "P", "vendor": "V", "local_ip": "10.0.0.5", "local_port": 22, "remote_ip": "203.0.113.7",
            "remote_port": 40_000, "event_timestamp": 1_700_000_000_000_i64 + n as i64, "severity": "Low",
            "alert_name": format!("alert {n}"), "alert_description": "x"})
    };
    let numbers: Vec<usize> = (from..from + count).collect();
    for some in numbers.chunks(60) {
        let alerts: Vec<Value> = some.iter().map(|n| alert(*n)).collect();
        let body = json!({"request_data": {"alerts": alerts}});
        host.post("/public_api/v1/alerts/insert_parsed_alerts", body).expect(200);
    }
}

#[test]
fn more_alerts_than_a_page_come_each_once_and_in_order() {
    let host = Host::start();
    raise(&host, 0, 1_030);
    for format in ["ocsf", "ecs"] {
        let all = lines(&host, &format!("/api/v1/export/alerts?format={format}"));
        let id = |line: &Value| {
            let place = if format == "ocsf" { &line["metadata"]["uid"] } else { &line["event"]["id"] };
            place.as_str().unwrap().parse::<i64>().unwrap()
        };
        let numbers: Vec<i64> = all.iter().map(id).collect();
        assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), 1_030, "{format}");
        assert!(numbers.is_sorted(), "{format}");
    }
}

/// The lines of a stream as they come.
fn follow(host: &Host, format: &str) -> Receiver<Value> {
    let url = format!("{}/api/v1/export/alerts?format={format}&follow=true", host.base);
    let As::Token(token) = host.local() else { unreachable!() };
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let request = ureq::get(&url).header("authorization", format!("Bearer {token}"));
        let body = request.call().unwrap().into_body();
        for line in BufReader::new(body.into_reader()).lines() {
            let Ok(line) = line else { return };
            if sender.send(serde_json::from_str(&line).unwrap()).is_err() {
                return;
            }
        }
    });
    receiver
}

#[test]
fn a_follower_hears_what_was_and_what_comes() {
    let mut host = Host::start();
    raise(&host, 0, 3);
    let streams = [follow(&host, "ocsf"), follow(&host, "ecs")];
    let next = |stream: &Receiver<Value>| stream.recv_timeout(Duration::from_secs(5)).unwrap();
    for stream in &streams {
        (0..3).for_each(|_| drop(next(stream)));
        assert!(stream.recv_timeout(Duration::from_millis(300)).is_err(), "nothing more yet");
    }
    raise(&host, 3, 2);
    host.scan();
    for stream in &streams {
        let heard: Vec<Value> = (0..3).map(|_| next(stream)).collect();
        let names: Vec<&str> = heard.iter().map(|one| one["message"].as_str().unwrap()).collect();
        assert_eq!(names[..2], ["alert 3", "alert 4"]);
    }
    // A server that stops does not wait for who listens.
    host.stop();
    for stream in &streams {
        assert!(stream.recv_timeout(Duration::from_secs(5)).is_err());
    }
}
