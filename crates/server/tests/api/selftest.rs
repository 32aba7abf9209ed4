//! The self-test: whole with a real sensor, and every link broken for real and named.
//!
//! With a real sensor the tests need CAP_NET_RAW; without it they say so and are skipped, but for
//! the one that needs its absence. Probes go from loopback to loopback only.

use crate::harness::{As, Host};
use crate::live::Stream;
use serde_json::{Value, json};
use std::net::TcpStream;
use std::time::Duration;
use vedette_sensor::{Sensor, SensorConfig};
use vedette_server::{SelfTestOutcome, SelfTestStep, SensorInput, ServerConfig, StepState};

const NAMES: [&str; 9] =
    ["server", "capture", "packets", "events", "stored", "queryable", "detected", "alert", "notification"];

fn sensor() -> Option<SensorInput> {
    match Sensor::open(SensorConfig::default()) {
        Ok(sensor) => Some(SensorInput::Open(Box::new(sensor))),
        Err(error) => {
            println!("skipped: {error}");
            None
        }
    }
}

/// A server with a real sensor, or `None` where that is not permitted.
fn watching(change: impl FnOnce(&mut ServerConfig)) -> Option<Host> {
    let sensor = sensor()?;
    Some(Host::start_with(|config| {
        config.sensor = sensor;
        change(config);
    }))
}

fn run(host: &Host) -> (Vec<SelfTestStep>, SelfTestOutcome) {
    let (steps, outcome) = host.runtime.block_on(host.server().self_test());
    let names: Vec<&str> = steps.iter().map(|step| step.name).collect();
    assert_eq!(names, NAMES, "one step a link, in order");
    for step in &steps {
        println!(
            "{:<13} {:?} {:>5} ms  {} {:?}",
            step.name, step.state, step.milliseconds, step.detail, step.cause
        );
        assert_eq!(step.cause.is_some() && step.fix.is_some(), step.state == StepState::Broken);
    }
    (steps, outcome)
}

/// The link is the first broken one, named with a cause and a fix that hold these words.
fn expect_broken(host: &Host, link: &str, cause: &str, fix: &str) -> Vec<SelfTestStep> {
    let (steps, outcome) = run(host);
    assert_eq!((outcome.ok, outcome.broken), (false, Some(link)));
    let step = steps.iter().find(|step| step.name == link).unwrap();
    let (why, what) = (step.cause.clone().unwrap(), step.fix.clone().unwrap());
    assert!(why.contains(cause), "cause: {why}");
    assert!(what.contains(fix), "fix: {what}");
    assert!(outcome.message.contains(step.title) && outcome.message.contains(cause), "{}", outcome.message);
    steps
}

fn state(steps: &[SelfTestStep], name: &str) -> StepState {
    steps.iter().find(|step| step.name == name).unwrap().state
}

#[test]
fn the_whole_chain_works() {
    let Some(host) = watching(|_| ()) else { return };
    let (steps, outcome) = run(&host);
    assert!(outcome.ok && steps.iter().all(|step| step.state == StepState::Ok), "{outcome:?}");
    let detected = steps.iter().find(|step| step.name == "notification").unwrap();
    assert!(detected.milliseconds < 5000, "{}", detected.milliseconds);
    let alert = host.get(&format!("/api/v1/alerts/{}", outcome.alert_id.unwrap()));
    assert_eq!((alert["self_test"].as_bool(), alert["status"].as_str()), (Some(true), Some("closed")));
    assert_eq!(
        (alert["resolution"].as_str(), alert["severity"].as_str()),
        (Some("self_test"), Some("informational"))
    );
    assert!(alert["name"].as_str().unwrap().starts_with("Self-test: "));
    assert_eq!(host.get("/api/v1/overview")["alerts"]["total"], 0);
    let (_, again) = run(&host);
    assert!(again.ok && again.alert_id != outcome.alert_id, "a second test is a campaign of its own");
}

#[test]
fn over_http_every_line_is_json() {
    let Some(host) = watching(|_| ()) else { return };
    let reply = host.send("POST", "/api/v1/selftest", &host.local(), Some(&json!({})));
    assert_eq!(reply.header("content-type"), "application/x-ndjson");
    let lines: Vec<Value> = reply.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), NAMES.len() + 1, "{}", reply.text);
    for (line, name) in lines.iter().zip(NAMES) {
        assert_eq!(line["step"]["name"], name);
    }
    assert_eq!(lines[9]["result"]["ok"], true, "{}", reply.text);
}

#[test]
fn only_one_runs_at_a_time() {
    let Some(host) = watching(|_| ()) else { return };
    let ask = || host.send("POST", "/api/v1/selftest", &host.local(), Some(&json!({}))).status.as_u16();
    let mut statuses = std::thread::scope(|scope| {
        let other = scope.spawn(ask);
        [ask(), other.join().unwrap()]
    });
    statuses.sort_unstable();
    assert!(statuses == [200, 409] || statuses == [200, 200], "{statuses:?}");
}

#[test]
fn broken_server_no_connection_left() {
    let Some(host) = watching(|config| config.limits.connections = 2) else { return };
    let _held: Vec<TcpStream> =
        (0..2).map(|_| TcpStream::connect(host.server().address()).unwrap()).collect();
    std::thread::sleep(Duration::from_millis(200));
    expect_broken(&host, "server", "no connection", "too many connections");
}

#[test]
fn broken_capture_switched_off() {
    let host = Host::start();
    let steps = expect_broken(&host, "capture", "not asked for", "--no-sensor");
    assert_eq!(state(&steps, "server"), StepState::Ok);
    assert_eq!(state(&steps, "notification"), StepState::Skipped);
}

#[test]
fn broken_capture_not_permitted() {
    // In a thread of its own: rights belong to threads, and they do not come back.
    let refused = std::thread::spawn(|| {
        for set in [caps::CapSet::Effective, caps::CapSet::Permitted] {
            caps::drop(None, set, caps::Capability::CAP_NET_RAW).unwrap();
        }
        Sensor::open(SensorConfig::default())
    });
    let refused = refused.join().unwrap();
    assert!(refused.is_err(), "opened without CAP_NET_RAW");
    let host = Host::start_with(|config| config.sensor = refused.into());
    expect_broken(&host, "capture", "CAP_NET_RAW", "");
    let status = host.get("/api/v1/status");
    assert_eq!(status["sensor"]["state"], "not_permitted");
    assert!(status["sensor"]["reason"].as_str().unwrap().contains("CAP_NET_RAW"));
    assert!(!status["sensor"]["help"].as_str().unwrap().is_empty());
    assert_eq!(host.send("GET", "/readyz", &As::Nobody, None).status, 200, "the rest works");
}

#[test]
fn broken_capture_stopped() {
    let Some(host) = watching(|_| ()) else { return };
    host.runtime.block_on(host.server().stop_sensor());
    expect_broken(&host, "capture", "stopped", "restart");
}

#[test]
fn broken_packets_another_interface() {
    let config = SensorConfig { interfaces: vec!["vdt-none0".to_owned()], ..SensorConfig::default() };
    let Ok(sensor) = Sensor::open(config) else { return };
    let host = Host::start_with(|config| config.sensor = SensorInput::Open(Box::new(sensor)));
    let steps = expect_broken(&host, "packets", "does not watch loopback", "add `lo`");
    assert_eq!(state(&steps, "capture"), StepState::Ok);
    assert_eq!(state(&steps, "events"), StepState::Skipped);
}

#[test]
fn broken_events_intake_closed() {
    let Some(host) = watching(|_| ()) else { return };
    host.server().close_intake();
    let steps = expect_broken(&host, "events", "ingest is closed", "restart");
    assert_eq!(state(&steps, "packets"), StepState::Ok);
}

#[test]
fn broken_stored_queue_full() {
    // Room for nothing: the detector's queue is as small, so it misses the events too.
    let Some(host) = watching(|config| config.limits.queue_events = 0) else { return };
    let steps = expect_broken(&host, "stored", "the queue to the store was full", "faster");
    assert_eq!(state(&steps, "queryable"), StepState::Skipped);
    assert_eq!(state(&steps, "detected"), StepState::Broken, "named too, but not as the first");
}

#[test]
fn broken_detected_switched_off() {
    let Some(host) = watching(|config| config.detection = None) else { return };
    let steps = expect_broken(&host, "detected", "switched off", "detection on");
    assert_eq!(state(&steps, "queryable"), StepState::Ok);
    assert_eq!(state(&steps, "alert"), StepState::Skipped);
}

#[test]
fn broken_detected_thread_gone() {
    let Some(host) = watching(|_| ()) else { return };
    host.server().stop_detector();
    host.wait(|| (host.get("/api/v1/status")["detector"]["state"] == "stopped").then_some(()));
    expect_broken(&host, "detected", "has stopped", "restart");
}

#[test]
fn broken_alert_state_database() {
    let Some(host) = watching(|_| ()) else { return };
    let sql = |text: &str| {
        let done =
            std::process::Command::new("sqlite3").arg(host.dir.path().join("state.db")).arg(text).status();
        done.is_ok_and(|status| status.success())
    };
    if !sql("CREATE TRIGGER t BEFORE INSERT ON alerts BEGIN SELECT RAISE(FAIL, 'disk is full'); END") {
        println!("skipped: no sqlite3 on this machine");
        return;
    }
    let steps = expect_broken(&host, "alert", "could not be stored", "data folder");
    assert_eq!(state(&steps, "detected"), StepState::Ok);
    let ready = host.send("GET", "/readyz", &As::Nobody, None).expect(503);
    assert_eq!(ready["not_ready"][0]["name"], "alerts");
    assert!(sql("DROP TRIGGER t"));
    // The sensor sees the probes of tests that run beside this one, too: at least one.
    host.wait(|| (host.get("/api/v1/alerts")["total"].as_u64() >= Some(1)).then_some(()));
}

#[test]
fn broken_notification_no_stream_left() {
    let Some(host) = watching(|config| config.limits.live_streams = 1) else { return };
    let _held = Stream::open(&host).unwrap();
    let steps = expect_broken(&host, "notification", "live streams are taken", "close clients");
    assert_eq!(state(&steps, "alert"), StepState::Ok);
}
