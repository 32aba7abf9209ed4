//! What administrators do on the command line, against a real server: tokens, rules, channels, exports.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const BINARY: &str = env!("CARGO_BIN_EXE_vedette");

struct Server {
    child: Child,
    dir: tempfile::TempDir,
}

/// What a command said: exit code, standard output, standard error.
struct Said(i32, String, String);

impl Server {
    fn start() -> Server {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data").display().to_string();
        let child = Command::new(BINARY)
            .args(["up", "--no-sensor", "--data-dir", &data, "--listen", "127.0.0.1:0"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Server { child, dir };
        let begin = Instant::now();
        while server.run(&["response", "status"]).0 != 0 {
            assert!(begin.elapsed() < Duration::from_secs(60), "the server does not come up");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    fn run(&self, arguments: &[&str]) -> Said {
        let data = self.dir.path().join("data").display().to_string();
        let output = Command::new(BINARY).args(arguments).args(["--data-dir", &data]).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        Said(output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    }

    fn good(&self, arguments: &[&str]) -> String {
        let Said(code, out, error) = self.run(arguments);
        assert_eq!(code, 0, "{arguments:?}: {out} {error}");
        out
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let text = self.good(&[arguments, &["--format", "json"]].concat());
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const RULE: &str = r#"
name = "Many"
severity = "low"
schedule = "10 minutes"
query = 'dataset = xdr_data | comp count() as n by source_ip'
"#;

#[test]
fn tokens_are_made_used_and_ended() {
    let server = Server::start();
    assert_eq!(server.json(&["tokens", "list"]), json!([]));
    let token = server.good(&["tokens", "create", "followers", "--role", "ingest", "--expires-in-days", "7"]);
    assert!(token.starts_with("vdt_") && token.lines().count() == 1, "{token}");
    let list = server.json(&["tokens", "list"]);
    assert_eq!((&list[0]["name"], &list[0]["role"]), (&json!("followers"), &json!("ingest")));
    assert!(!list.to_string().contains(&token));
    let local: Value =
        serde_json::from_slice(&std::fs::read(server.dir.path().join("data/run/server.json")).unwrap())
            .unwrap();
    let with_token = || {
        let url = local["url"].as_str().unwrap();
        let output = Command::new(BINARY)
            .args(["response", "status", "--server", url])
            .env("VEDETTE_TOKEN", &token)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(with_token().contains("you have the role ingest"), "{}", with_token());
    server.good(&["tokens", "revoke", &list[0]["id"].to_string()]);
    assert!(with_token().contains("Sign in first"), "{}", with_token());
    assert_eq!(server.run(&["tokens", "revoke", "99"]).0, 1);
}

#[test]
fn a_rule_is_made_changed_restored_and_deleted() {
    let server = Server::start();
    let file = server.file("rule.toml", RULE);
    assert!(server.good(&["rules", "import", &file]).contains("Many"));
    let id = |name: &str| {
        let rules = server.json(&["rules", "list"]);
        let found = rules.as_array().unwrap().iter().find(|one| one["rule"]["name"] == name).cloned();
        found.unwrap_or_else(|| panic!("{name} is not in {rules}"))["id"].to_string()
    };
    let own = id("Many");
    let changed = server.file("changed.toml", &RULE.replace("Many", "More").replace("low", "high"));
    assert!(server.good(&["rules", "set", &own, &changed]).contains("More"));
    assert_eq!(id("More"), own);
    let wrong = server.file("wrong.toml", &RULE.replace("comp count()", "compt count()"));
    let Said(code, _, error) = server.run(&["rules", "set", &own, &wrong]);
    assert!(code == 1 && error.contains("compt"), "the mistake is pointed at: {error}");
    assert_eq!(server.json(&["rules", "runs", &own]), json!([]));
    assert_eq!(server.run(&["rules", "set", "99999", &file]).0, 1);
    // One that came with Vedette is changed, restored, and cannot be deleted.
    let shipped = id("Host sweep");
    server.good(&["rules", "set", &shipped, &file]);
    assert!(server.good(&["rules", "restore", &shipped]).contains("Host sweep"));
    assert_eq!(server.run(&["rules", "remove", &shipped]).0, 1);
    assert!(server.good(&["rules", "remove", &own]).contains("deleted"));
    assert_eq!(server.run(&["rules", "remove", &own]).0, 1);
}

#[test]
fn a_channel_is_added_changed_and_its_secrets_are_not_told() {
    let server = Server::start();
    let url = "http://127.0.0.1:1/hook?token=of-the-path";
    let key = server.good(&["channels", "add", "hook", url, "--allow-private"]);
    assert!(key.contains("whsec_"), "{key}");
    let set = ["channels", "set", "1", "--name", "soc", "--min-severity", "high", "--title", "none"];
    assert!(server.good(&set).contains("soc to http://127.0.0.1:1"));
    let list = server.json(&["channels", "list"]);
    assert_eq!((&list[0]["name"], &list[0]["settings"]["min_severity"]), (&json!("soc"), &json!("high")));
    assert_eq!(list[0]["settings"]["allow_private"], true, "what is not named stays");
    assert!(!list.to_string().contains("of-the-path"));
    server.good(&["channels", "set", "1", "--min-severity", "none"]);
    assert!(server.json(&["channels", "list"])[0]["settings"]["min_severity"].is_null());
    assert_eq!(server.run(&["channels", "set", "1"]).0, 2);
    assert_eq!(server.run(&["channels", "set", "1", "--url", "ftp://x"]).0, 1);
    let Said(code, _, error) = server.run(&["channels", "test", "1"]);
    assert!(code == 1 && error.contains("Not delivered"), "{error}");
}

#[test]
fn what_is_known_is_exported_in_both_schemas() {
    let server = Server::start();
    let log = "Jan 31 08:00:00 fw kernel: IN=eth0 OUT= MAC= SRC=203.0.113.9 DST=10.0.0.5 LEN=44 TTL=50 ID=1 PROTO=TCP \
               SPT=40000 DPT=PORT WINDOW=1024 RES=0x00 SYN URGP=0\n";
    let lines: String = (1..200).map(|port| log.replace("PORT", &port.to_string())).collect();
    let file = server.file("kern.log", &lines);
    server.good(&["ingest", "--source", "netfilter", &file]);
    let begin = Instant::now();
    let alerts = loop {
        let text = server.good(&["export", "--what", "alerts", "--format", "ocsf"]);
        if !text.is_empty() {
            break text;
        }
        assert!(begin.elapsed() < Duration::from_secs(30), "no alert is exported");
        std::thread::sleep(Duration::from_millis(100));
    };
    let finding: Value = serde_json::from_str(alerts.lines().next().unwrap()).unwrap();
    assert_eq!((&finding["class_uid"], &finding["status"]), (&json!(2004), &json!("New")), "{finding}");
    let ecs = server.good(&["export", "--format", "ecs", "--since", "9999d"]);
    assert!(ecs.starts_with("{\"@timestamp\""), "{ecs}");
    assert_eq!(server.run(&["export", "--limit", "5"]).0, 2, "alerts come all");
    assert_eq!(server.run(&["export", "--what", "events", "--follow"]).0, 2);
    server.good(&["export", "--what", "events", "--limit", "5"]);
}
