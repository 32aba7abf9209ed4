//! One scan that the sensor and a log saw is one alert, in either order.

use crate::captures;
use crate::harness::Host;
use crate::receiving::dropped;
use serde_json::Value;

/// What the sensor sees.
fn seen(host: &Host) {
    let capture = captures::scan([10, 9, 0, 1], [10, 9, 0, 2], 100);
    host.runtime.block_on(host.server().replay_capture(&capture)).unwrap();
}

/// What a firewall's log says, ingested as a file.
fn logged(host: &Host, source: &str) {
    let lines: Vec<String> = (1..60).map(|port| dropped("fw-1", source, "10.9.0.2", port)).collect();
    let body = ("text/plain", lines.join("\n").into_bytes());
    let path = "/api/v1/ingest/netfilter?origin=fw.log";
    let report = host.send_raw("POST", path, &host.local(), Some(body), &[]).expect(200);
    assert_eq!(report["accepted"], 59, "{report}");
}

fn alerts(host: &Host, count: u64) -> Vec<Value> {
    let found = host.wait(|| {
        let found = host.get("/api/v1/alerts");
        (found["total"] == count).then_some(found)
    });
    found["alerts"].as_array().unwrap().clone()
}

fn check(host: &Host) {
    // An alert that grows is told again every second.
    let whole = host.wait(|| {
        let whole = host.get(&format!("/api/v1/alerts/{}", alerts(host, 1)[0]["id"]));
        (whole["distinct_ports"] == 100).then_some(whole)
    });
    let view = &whole["seen_by"][0];
    assert_eq!(view["observers"][0], "netfilter:fw-1", "{whole}");
    let rows = host.rows(view["xql"].as_str().unwrap());
    assert_eq!(rows.len(), 59);
    assert!(whole["history"].as_array().unwrap().iter().any(|change| change["field"] == "seen_by"));
}

#[test]
fn the_log_after_the_sensor() {
    let host = Host::start();
    seen(&host);
    alerts(&host, 1);
    logged(&host, "10.9.0.1");
    check(&host);
}

#[test]
fn the_sensor_after_the_log() {
    let host = Host::start();
    logged(&host, "10.9.0.1");
    alerts(&host, 1);
    seen(&host);
    check(&host);
}

#[test]
fn another_source_is_another_alert() {
    let host = Host::start();
    seen(&host);
    logged(&host, "10.9.0.77");
    alerts(&host, 2);
}
