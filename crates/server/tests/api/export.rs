//! Alerts and events for other systems, line by line, and alerts as they are raised.

use crate::harness::{As, Host};
use serde_json::{Value, json};

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
