//! The main job with the real binary in the lab: a host is scanned, and the alert is in the command
//! line, in XQL and in the API, whatever the host firewall does. Skips itself without root or nmap.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value;
use std::time::{Duration, Instant};
use vedette_event::Time;
use vedette_lab::Lab;

const BINARY: &str = env!("CARGO_BIN_EXE_vedette");
const WATCHED: usize = 1;

/// One host that runs Vedette, another that scans it.
struct Scene {
    lab: Lab,
    dir: tempfile::TempDir,
}

impl Scene {
    /// Runs `work` while the server is up.
    fn with_server(lab: Lab, work: impl Fn(&Scene)) {
        let scene = Scene { lab, dir: tempfile::tempdir().unwrap() };
        let dir = scene.data_dir();
        let server = scene.lab.spawn(WATCHED, &[BINARY, "up", "--data-dir", &dir, "--listen", "127.0.0.1:0"]);
        scene.wait("the server", || scene.dir.path().join("data/run/server.json").exists().then_some(()));
        work(&scene);
        drop(server);
    }

    fn data_dir(&self) -> String {
        self.dir.path().join("data").to_string_lossy().into_owned()
    }

    fn vedette(&self, arguments: &[&str]) -> (bool, String) {
        let dir = self.data_dir();
        let output = self.lab.run(WATCHED, &[&[BINARY], arguments, &["--data-dir", &dir]].concat());
        (output.success(), output.stdout.clone() + &output.stderr)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let (ok, text) = self.vedette(&[arguments, &["--format", "json"]].concat());
        assert!(ok, "{arguments:?}: {text}");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text}"))
    }

    fn wait<T>(&self, what: &str, find: impl Fn() -> Option<T>) -> T {
        let begin = Instant::now();
        loop {
            if let Some(found) = find() {
                return found;
            }
            assert!(begin.elapsed() < Duration::from_secs(20), "waited in vain for {what}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn time(value: &Value) -> Time {
    Time::parse(value.as_str().unwrap()).unwrap()
}

/// Scans with nmap's default 1,000 ports and looks everywhere for the one alert.
fn scanned(firewall: Option<&str>) {
    let Some(lab) = Lab::or_skip(2, &["nmap", "nft"]) else { return };
    if let Some(rules) = firewall {
        lab.nft(WATCHED, rules);
    }
    Scene::with_server(lab, |scene| {
        let target = scene.lab.host(WATCHED).v4.to_string();
        let scanner = scene.lab.host(0).v4.to_string();
        let output = scene.lab.run(0, &["nmap", "-n", "-Pn", "-sS", &target]);
        assert!(output.success(), "{output:?}");
        let alert = scene.wait("the alert to tell of all ports", || {
            let alerts = scene.json(&["alerts", "list"]);
            let alert = alerts.as_array().unwrap().first()?.clone();
            (alert["distinct_ports"] == 1000).then_some(alert)
        });
        let took = time(&alert["created_at"]).since(time(&alert["detected_at"])) / 1000;
        println!("alert stored {took} ms after the deciding packet");
        assert_eq!(alert["source_ips"], serde_json::json!([scanner]));
        assert_eq!(alert["scan_types"], serde_json::json!(["tcp_syn"]));
        assert_eq!(alert["mitre_techniques"], serde_json::json!(["T1046"]));
        let all = scene.json(&["alerts", "list"]);
        assert_eq!(all.as_array().unwrap().len(), 1, "one alert for the whole scan: {all}");
        let rows = scene.json(&["query", "dataset = alerts | fields source_ip, distinct_ports"]);
        assert_eq!(rows[0]["source_ip"], scanner.as_str());
        let id = alert["id"].to_string();
        let (ok, text) = scene.vedette(&["alerts", "show", &id]);
        assert!(ok && text.contains(&scanner) && text.contains("T1046"), "{text}");
        the_packets_tell_the_same(scene, &id, &scanner);
        let (ok, text) = scene.vedette(&["alerts", "explain", "--source", &scanner]);
        assert!(ok && text.contains("is in a campaign") && text.contains("1000 ports"), "{text}");
        let (ok, text) = scene.vedette(&["coverage"]);
        assert!(ok && text.contains("sensors only") && text.contains(&scanner), "{text}");
        let (ok, text) = scene.vedette(&["alerts", "close", &id, "--reason", "known_scanner"]);
        assert!(ok, "{text}");
        let (ok, text) = scene.vedette(&["selftest"]);
        assert!(ok && text.contains("whole chain works"), "{text}");
    });
}

/// The capture file of an alert, replayed, gives the same verdict.
fn the_packets_tell_the_same(scene: &Scene, id: &str, scanner: &str) {
    let file = scene.dir.path().join("alert.pcap").to_string_lossy().into_owned();
    let (ok, text) = scene.vedette(&["alerts", "capture", id, "-o", &file]);
    assert!(ok, "{text}");
    let output = scene.lab.run(WATCHED, &[BINARY, "replay", &file, "--format", "json"]);
    let scan: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    assert_eq!((&scan["kind"], &scan["source_ips"][0]), (&"scan".into(), &scanner.into()));
}

#[test]
fn a_host_that_answers() {
    scanned(None);
}

#[test]
fn a_host_that_drops_everything() {
    scanned(Some(
        "table inet lab { chain input { type filter hook input priority 0; policy drop; iifname \"lo\" accept; }; }",
    ));
}

#[test]
fn a_host_that_rejects_everything() {
    scanned(Some(
        "table inet lab { chain input { type filter hook input priority 0; iifname \"lo\" accept; reject; }; }",
    ));
}
