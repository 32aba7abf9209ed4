//! Starting, stopping and starting again; what the command line finds; health.

use crate::captures;
use crate::harness::{As, Host};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use vedette_server::{LocalServer, Server};

#[test]
fn state_and_rows_survive_a_restart() {
    let dir = Arc::new(tempfile::tempdir().unwrap());
    let mut host = Host::start_in(dir.clone(), |_| ());
    let id = host.scan()["id"].clone();
    host.wait(|| (host.rows("dataset = xdr_data").len() == 100).then_some(()));
    let instance = host.get("/api/v1/status")["instance_id"].clone();
    host.stop();
    let host = Host::start_in(dir, |_| ());
    assert_eq!(host.rows("dataset = xdr_data").len(), 100);
    let alert = host.get(&format!("/api/v1/alerts/{id}"));
    assert_eq!(alert["active"], true, "the detector goes on following it");
    assert_eq!(host.get("/api/v1/status")["instance_id"], instance);
}

#[test]
fn everything_taken_in_before_a_stop_is_stored() {
    let dir = Arc::new(tempfile::tempdir().unwrap());
    let mut host = Host::start_in(dir.clone(), |_| ());
    let capture = captures::scan([10, 9, 0, 1], [10, 9, 0, 2], 2000);
    host.runtime.block_on(host.server().replay_capture(&capture)).unwrap();
    host.stop();
    let host = Host::start_in(dir, |_| ());
    assert_eq!(host.rows("dataset = xdr_data | comp count() as n"), [serde_json::json!([2000])]);
    let told = host.get("/api/v1/alerts");
    assert_eq!(
        (&told["total"], &told["alerts"][0]["active"]),
        (&serde_json::json!(1), &serde_json::json!(true))
    );
}

#[test]
fn a_scan_that_goes_on_across_a_restart_is_one_alert() {
    let dir = Arc::new(tempfile::tempdir().unwrap());
    let mut host = Host::start_in(dir.clone(), |_| ());
    let play = |host: &Host, ports: u16| {
        let capture = captures::scan([10, 9, 0, 1], [10, 9, 0, 2], ports);
        host.runtime.block_on(host.server().replay_capture(&capture)).unwrap();
    };
    let alert = |host: &Host, ports: u64| {
        host.wait(|| {
            let found = host.get("/api/v1/alerts");
            let whole = &found["alerts"][0];
            (found["total"] == 1 && whole["distinct_ports"] == ports).then(|| whole["id"].clone())
        })
    };
    play(&host, 50);
    let before = alert(&host, 50);
    host.stop();
    let host = Host::start_in(dir, |_| ());
    play(&host, 60);
    assert_eq!(alert(&host, 60), before);
    assert_eq!(host.get("/api/v1/alerts?active=true")["total"], 1, "it goes on");
}

#[test]
fn an_alert_whose_campaign_the_detector_forgot_does_not_stay_active() {
    let dir = Arc::new(tempfile::tempdir().unwrap());
    let mut host = Host::start_in(dir.clone(), |_| ());
    let id = host.scan()["id"].clone();
    host.stop();
    std::fs::write(dir.path().join("detector.state"), "damaged").unwrap();
    let host = Host::start_in(dir, |_| ());
    let alert = host.get(&format!("/api/v1/alerts/{id}"));
    assert_eq!(alert["active"], false);
    let last = alert["history"].as_array().unwrap().last().unwrap();
    assert!(last["note"].as_str().unwrap().contains("restarted"), "{last}");
}

#[test]
fn the_local_command_line_finds_its_way_in() {
    let mut host = Host::start();
    let data = host.dir.path();
    let file = data.join("run/server.json");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(data).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(std::fs::metadata(data.join("state.db")).unwrap().permissions().mode() & 0o777, 0o600);
    let found = LocalServer::find(data).unwrap().unwrap();
    assert_eq!(found.url, host.base);
    assert_eq!(found.pid, std::process::id());
    let me = host.send("GET", "/api/v1/session", &As::Token(found.token), None).expect(200);
    assert_eq!((me["kind"].as_str(), me["role"].as_str()), (Some("local"), Some("administrator")));
    host.stop();
    assert!(!file.exists());
}

#[test]
fn two_servers_do_not_share_a_folder_or_an_address() {
    let host = Host::start();
    let second = |data: &std::path::Path| {
        let mut config = vedette_server::ServerConfig::new(data);
        config.listen = host.server().address();
        host.runtime.block_on(Server::start(config)).err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert!(second(host.dir.path()).contains("in use"), "{}", second(host.dir.path()));
    let other = tempfile::tempdir().unwrap();
    assert!(second(other.path()).contains("--listen"), "{}", second(other.path()));
}

#[test]
fn health_names_what_is_wrong() {
    let host = Host::start();
    assert_eq!(host.send("GET", "/livez", &As::Nobody, None).expect(200)["alive"], true);
    assert_eq!(host.send("GET", "/readyz", &As::Nobody, None).expect(200)["ready"], true);
    let status = host.get("/api/v1/status");
    assert_eq!((status["ready"].as_bool(), status["sensor"]["state"].as_str()), (Some(true), Some("off")));
    assert_eq!(status["degraded"][0]["code"], "sensor_off");
    host.server().stop_detector();
    let not_ready = host.wait(|| {
        let reply = host.send("GET", "/readyz", &As::Nobody, None);
        (reply.status == 503).then(|| reply.json())
    });
    assert_eq!(not_ready["not_ready"][0]["name"], "detector");
    let status = host.get("/api/v1/status");
    assert_eq!(status["detector"]["state"], "stopped");
    host.server().close_intake();
    let parts = host.wait(|| {
        let parts = host.send("GET", "/readyz", &As::Nobody, None).json();
        (parts["not_ready"].as_array().unwrap().len() == 2).then_some(parts)
    });
    assert_eq!(parts["not_ready"][0]["name"], "ingest");
}

#[test]
fn metrics_can_be_scraped() {
    let host = Host::start();
    host.scan();
    let text = host.send("GET", "/metrics", &As::Nobody, None).text;
    for line in [
        "vedette_ready 1",
        "vedette_sensor_running 0",
        "vedette_alerts_open 1",
        "vedette_detector_events_total 100",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert!(text.ends_with("# EOF\n"));
}
