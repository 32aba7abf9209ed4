//! What the command line promises to scripts: exit codes, data on standard output, words on
//! standard error, and messages that say what is wrong and where.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn vedette(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vedette")).args(arguments).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn demo_scan() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo-scan.pcap")
}

#[test]
fn replay_tells_one_scan_with_the_promised_keys() {
    let output = vedette(&["replay", demo_scan().to_str().unwrap(), "--format", "json"]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let text = out(&output);
    let found: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(found.len(), 1, "{text}");
    let scan = &found[0];
    for key in [
        "kind",
        "name",
        "source_ips",
        "candidate_ips",
        "target_ips",
        "scan_types",
        "shape",
        "direction",
        "first_seen",
        "last_seen",
        "detected_at",
        "probes",
        "distinct_ports",
        "distinct_hosts",
        "ports",
        "open_ports",
        "tool",
        "attribution",
        "severity",
        "mitre",
        "sensor_losses",
    ] {
        assert!(scan.get(key).is_some(), "{key} is missing");
    }
    assert_eq!(scan["kind"], "scan");
    assert_eq!(scan["source_ips"][0], "198.18.0.66");
    assert_eq!(scan["open_ports"], serde_json::json!([22, 443, 3306]));
    assert_eq!(vedette(&["replay", demo_scan().to_str().unwrap(), "--format", "json"]).stdout, output.stdout);
}

#[test]
fn a_bench_scores_labels_and_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::copy(demo_scan(), path("demo.pcap")).unwrap();
    let told = vedette(&["replay", demo_scan().to_str().unwrap(), "--format", "json"]);
    let scan: Value = serde_json::from_str(&out(&told)).unwrap();
    let source = scan["source_ips"][0].as_str().unwrap();
    let kind = scan["scan_types"][0].as_str().unwrap();
    let head = "scenario\tfile\tkind\tsources\ttypes\tshape";
    let label = |rest: &str| std::fs::write(path("manifest.tsv"), format!("{head}\n{rest}\n")).unwrap();
    let bench =
        || vedette(&["bench", "detect", &path(""), "--json", &path("s.json"), "--markdown", &path("s.md")]);

    label(&format!("a\tdemo.pcap\tpositive\t{source}\t{kind}\tvertical"));
    let output = bench();
    assert_eq!(code(&output), 0, "{}{}", out(&output), err(&output));
    let scores: Value = serde_json::from_str(&std::fs::read_to_string(path("s.json")).unwrap()).unwrap();
    assert_eq!(
        (&scores["summary"]["right_source"], &scores["scenarios"][0]["alerts"]),
        (&1.into(), &1.into())
    );
    assert!(std::fs::read_to_string(path("s.md")).unwrap().contains("| a |"));

    label("a\tdemo.pcap\tpositive\t192.0.2.1\tudp\tblock\nb\tdemo.pcap\tnegative\t\t\t");
    let output = bench();
    assert_eq!(code(&output), 1);
    assert!(out(&output).contains("FALSE ALARM") && out(&output).contains("WRONG"), "{}", out(&output));

    label("a\tmissing.pcap\tpositive");
    assert!(err(&bench()).contains("missing.pcap"));
    label("a\tdemo.pcap\tperhaps");
    assert!(err(&bench()).contains("line 2"));
}

#[test]
fn a_verdict_and_its_absence_are_explained() {
    let demo = demo_scan();
    let demo = demo.to_str().unwrap();
    let scan: Value = serde_json::from_str(&out(&vedette(&["replay", demo, "--format", "json"]))).unwrap();
    let (source, target) = (scan["source_ips"][0].as_str().unwrap(), scan["target_ips"][0].as_str().unwrap());
    let contacts = scan["explanation"]["contacts"].as_array().unwrap();
    assert!(contacts.last().unwrap()["score"].as_f64() >= scan["threshold"].as_f64());
    let text = out(&vedette(&["replay", demo, "--explain", source]));
    assert!(text.contains("is in a campaign") && text.contains("Without"), "{text}");
    let output = vedette(&["replay", demo, "--explain", "192.0.2.1", "--explain", target]);
    assert!(err(&output).contains("192.0.2.1: nothing is remembered"), "{}", err(&output));
}

#[test]
fn classes_of_discovery_are_read_from_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("us.json");
    let demo = demo_scan();
    let replay = || {
        vedette(&[
            "replay",
            demo.to_str().unwrap(),
            "--format",
            "json",
            "--classes",
            folder.path().to_str().unwrap(),
        ])
    };
    let scan: Value = serde_json::from_str(&out(&replay())).unwrap();
    let source = &scan["source_ips"][0];
    std::fs::write(
        &file,
        format!(r#"{{"name":"audit","why":"agreed","sources":[{source}],"expires":"2100-01-01T00:00:00Z"}}"#),
    )
    .unwrap();
    let covered: Value = serde_json::from_str(&out(&replay())).unwrap();
    assert_eq!(covered["kind"], "benign_discovery", "{covered}");
    std::fs::write(&file, "{}").unwrap();
    let output = replay();
    assert!(code(&output) == 1 && err(&output).contains("us.json"), "{}", err(&output));
}

#[test]
fn a_damaged_capture_gives_what_could_be_read_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let cut = folder.path().join("cut.pcap");
    let bytes = std::fs::read(demo_scan()).unwrap();
    std::fs::write(&cut, &bytes[..bytes.len() - 7]).unwrap();
    let output = vedette(&["replay", cut.to_str().unwrap(), "--format", "json"]);
    assert_eq!(code(&output), 1);
    assert_eq!(out(&output).lines().count(), 1, "the scan before the damage is told");
    assert!(err(&output).contains("cut.pcap"), "{}", err(&output));
    for (name, content) in [
        ("empty", &b""[..]),
        ("text", b"hello, this is no capture at all"),
        ("gz", b"\x1f\x8b\x08\0\0\0\0\0"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let output = vedette(&["replay", path.to_str().unwrap()]);
        assert_eq!(code(&output), 1, "{name}: {}", err(&output));
        assert!(err(&output).contains(name) && out(&output).is_empty(), "{}", err(&output));
    }
    assert_eq!(code(&vedette(&["replay", "/nonexistent/x.pcap"])), 1);
    assert_eq!(code(&vedette(&["replay", folder.path().to_str().unwrap()])), 1);
}

#[test]
fn usage_errors_exit_with_2() {
    for arguments in [&["replay"][..], &["frobnicate"], &["query"], &["up", "--listen", "nowhere"]] {
        assert_eq!(code(&vedette(arguments)), 2, "{arguments:?}");
    }
    assert_eq!(code(&vedette(&["--help"])), 0);
}

#[test]
fn logs_are_not_received_from_anybody_by_accident() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    let output = vedette(&["up", "--no-sensor", "--data-dir", dir, "--syslog", "0.0.0.0:5514"]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("--logs-from"), "{}", err(&output));
    let output = vedette(&["up", "--no-sensor", "--data-dir", dir, "--logs-from", "10.0.0.0/40"]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("10.0.0.0/40"), "{}", err(&output));
}

#[test]
fn xql_check_gives_the_promised_json() {
    let folder = tempfile::tempdir().unwrap();
    let (good, bad) = (folder.path().join("good.xql"), folder.path().join("bad.xql"));
    std::fs::write(&good, "dataset = xdr_data | filter action_remote_port = 445").unwrap();
    std::fs::write(&bad, "dataset = xdr_data\n| wher action_remote_port = 445").unwrap();
    let output =
        vedette(&["xql", "check", good.to_str().unwrap(), bad.to_str().unwrap(), "--format", "json"]);
    assert_eq!(code(&output), 1);
    let lines: Vec<Value> = out(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines[0]["ok"].as_bool(), lines[1]["ok"].as_bool()), (Some(true), Some(false)));
    let first = &lines[1]["diagnostics"][0];
    assert_eq!((first["line"].as_u64(), first["severity"].as_str()), (Some(2), Some("error")));
    assert!(first["end_column"].is_u64() && first["code"].is_string());
}

#[test]
fn xql_lint_warns_and_does_not_fail() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("one.xql");
    std::fs::write(&file, "config timeframe = 1d | dataset = a | filter user != \"root\"").unwrap();
    let output = vedette(&["xql", "lint", file.to_str().unwrap()]);
    assert_eq!((code(&output), out(&output).contains("XQL501")), (0, true), "{}", out(&output));
    std::fs::write(&file, "dataset = a | filter user == 1").unwrap();
    assert_eq!(code(&vedette(&["xql", "lint", file.to_str().unwrap()])), 1);
}

#[test]
fn xql_fmt_rewrites_what_it_can_read_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let (good, bad) = (folder.path().join("good.xql"), folder.path().join("bad.xql"));
    std::fs::write(&good, "dataset=xdr_data|limit 5").unwrap();
    std::fs::write(&bad, "dataset=xdr_data|limit").unwrap();
    let checked = vedette(&["xql", "fmt", "--check", good.to_str().unwrap()]);
    assert_eq!((code(&checked), out(&checked).contains("good.xql")), (1, true));
    assert_eq!(code(&vedette(&["xql", "fmt", bad.to_str().unwrap(), good.to_str().unwrap()])), 1);
    assert_eq!(std::fs::read_to_string(&bad).unwrap(), "dataset=xdr_data|limit");
    assert_eq!(std::fs::read_to_string(&good).unwrap(), "dataset = xdr_data\n| limit 5\n");
    assert_eq!(code(&vedette(&["xql", "fmt", "--check", good.to_str().unwrap()])), 0);
}

/// Lines of the kernel about a scan of 40 ports.
fn kernel_log() -> String {
    let line = |n: u32| {
        format!(
            "2026-11-23T08:00:{n:02}Z fw kernel: DROP IN=eth0 OUT= MAC= SRC=203.0.113.9 DST=10.0.0.5 LEN=60 TTL=52 ID=7 DF \
             PROTO=TCP SPT={} DPT={} WINDOW=64240 RES=0x00 SYN URGP=0\n",
            40_000 + n,
            20 + n
        )
    };
    (0..40).map(line).collect()
}

#[test]
fn a_log_is_replayed_like_a_capture() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("kern.log");
    std::fs::write(&log, kernel_log()).unwrap();
    let output = vedette(&["replay", log.to_str().unwrap(), "--format", "json", "--explain", "203.0.113.9"]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let first = out(&output).lines().next().unwrap().to_owned();
    let scan: Value = serde_json::from_str(&first).unwrap();
    assert_eq!(scan["source_ips"], serde_json::json!(["203.0.113.9"]));
    assert_eq!(
        (scan["scan_types"][0].as_str(), scan["distinct_ports"].as_u64()),
        (Some("tcp_syn"), Some(40))
    );
    std::fs::write(&log, format!("{}nonsense\n", kernel_log())).unwrap();
    let output = vedette(&["replay", log.to_str().unwrap()]);
    assert_eq!(code(&output), 1, "what could not be read is something wrong");
    assert!(
        err(&output).contains("1 could not be read") && err(&output).contains("40 records"),
        "{}",
        err(&output)
    );
    std::fs::write(&log, "nothing of the kind\n").unwrap();
    let output = vedette(&["replay", log.to_str().unwrap()]);
    assert_eq!(code(&output), 1);
    assert!(err(&output).contains("those of panos"), "{}", err(&output));
}

#[test]
fn a_scan_in_a_log_is_an_alert_without_a_server_too() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let log = folder.path().join("kern.log");
    std::fs::write(&log, kernel_log()).unwrap();
    let output = vedette(&["ingest", "--source", "netfilter", "--data-dir", data, log.to_str().unwrap()]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert!(out(&output).contains("netfilter_raw: 40 rows"), "{}", out(&output));
    assert!(err(&output).contains("1 scan(s) found"), "{}", err(&output));
    let query =
        "dataset = vedette_detections | filter change = \"closed\" | fields source_ip, distinct_ports";
    let output = vedette(&["query", "--data-dir", data, "--format", "json", query]);
    let rows: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&rows[0]["source_ip"], &rows[0]["distinct_ports"]), (&"203.0.113.9".into(), &40.into()));
    let unknown = vedette(&["ingest", "--source", "sysmon", "--data-dir", data, "x"]);
    assert_eq!(code(&unknown), 2);
    assert!(err(&unknown).contains("netflow"), "the sources are named: {}", err(&unknown));
}

#[test]
fn panos_logs_are_ingested_and_queried_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let log = folder.path().join("threat.log");
    let line = |number: usize| {
        format!(
            "May  1 10:00:02 fw 1,2026/11/24 08:00:01,007,THREAT,scan,2305,2026/11/24 08:00:0{number},10.0.0.9,10.0.0.5,\
             0.0.0.0,0.0.0.0,r,,,x,vsys1,trust,dmz,e1,e2,fwd,2026/11/24 08:00:01,0,1,0,44{number},0,0,0x0,tcp,alert,,\
             SCAN: TCP Port Scan(8001),any,medium,client-to-server,{number}\n"
        )
    };
    std::fs::write(&log, format!("{}{}nonsense\n", line(1), line(2))).unwrap();
    let output = vedette(&["ingest", "--source", "panos", "--data-dir", data, log.to_str().unwrap()]);
    assert_eq!(code(&output), 1, "a quarantined line is something wrong: {}", err(&output));
    assert!(out(&output).contains("panw_ngfw_threat_raw: 2 rows"), "{}", out(&output));
    assert!(err(&output).contains("vedette_quarantine"), "{}", err(&output));
    let query = "dataset = panw_ngfw_threat_raw | comp count() as n, values(dest_port) as ports by source_ip";
    let output = vedette(&["query", "--data-dir", data, "--format", "json", query]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let rows: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(rows, serde_json::json!([{"source_ip": "10.0.0.9", "n": 2, "ports": [441, 442]}]));
    let csv = vedette(&["query", "--data-dir", data, "--format", "csv", query]);
    assert!(out(&csv).starts_with("source_ip,n,ports"), "{}", out(&csv));
    let wrong =
        vedette(&["query", "--data-dir", data, "dataset = panw_ngfw_threat_raw | filter sorce_ip = null"]);
    assert_eq!(code(&wrong), 1);
    assert!(
        err(&wrong).contains("line 1, column 41") && err(&wrong).contains("source_ip"),
        "{}",
        err(&wrong)
    );
}

#[test]
fn without_data_or_server_the_words_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("none");
    let data = data.to_str().unwrap();
    let query = vedette(&["query", "--data-dir", data, "dataset = xdr_data"]);
    assert_eq!(code(&query), 1);
    assert!(err(&query).contains("vedette up"), "{}", err(&query));
    assert!(!Path::new(data).exists(), "asking makes no folder");
    let alerts = vedette(&["alerts", "list", "--data-dir", data]);
    assert_eq!(code(&alerts), 1);
    assert!(err(&alerts).contains("no server is running"), "{}", err(&alerts));
}

const RULE: &str = r#"
name = "Many ports"
query = 'dataset = xdr_data | comp count_distinct(target_port) as ports by source_ip | filter ports > 9'
severity = "high"
schedule = "10 minutes"

[[tests]]
name = "ten ports"
rows = [{ dataset = "xdr_data", repeat = 10, source_ip = "10.0.0.1", target_port = "{n}" }]
expect = [{ severity = "high", source_ips = ["10.0.0.1"] }]
"#;

#[test]
fn rule_files_are_checked_and_tested_offline() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let right = file("right.toml", RULE);
    assert_eq!(code(&vedette(&["rules", "check", &right])), 0);
    let tested = vedette(&["rules", "test", &right]);
    assert_eq!(code(&tested), 0, "{}", out(&tested));
    assert!(out(&tested).contains("1 tests of 1 rules, 0 failed"));
    let failing =
        vedette(&["rules", "test", &file("failing.toml", &RULE.replace("repeat = 10", "repeat = 9"))]);
    assert_eq!(code(&failing), 1);
    assert!(out(&failing).contains("FAILED: 0 alerts, and 1 were expected"), "{}", out(&failing));
    let wrong = file(
        "wrong.toml",
        &RULE.replace("target_port)", "target_prt)").replace("\"high\"\nsch", "\"odd\"\nsch"),
    );
    let checked = vedette(&["rules", "check", &wrong, "--format", "json"]);
    assert_eq!(code(&checked), 1);
    let line: Value = serde_json::from_str(&out(&checked)).unwrap();
    assert_eq!((&line["ok"], &line["mistakes"][0]["field"]), (&Value::Bool(false), &Value::from("severity")));
    assert!(line["diagnostics"][0]["message"].as_str().unwrap().contains("target_prt"), "{line}");
    let broken = vedette(&["rules", "check", &file("broken.toml", "name = ")]);
    assert_eq!((code(&broken), out(&broken).contains("broken.toml")), (1, true));
    let export = r#"[{"id": 1, "name": "a", "xql_query": "dataset = xdr_data", "severity": "SEV_020_LOW", "simple_schedule": "1 hour"}]"#;
    assert_eq!(code(&vedette(&["rules", "check", &file("export.json", export)])), 0);
    assert_eq!(code(&vedette(&["rules", "test"])), 0, "the shipped rules prove themselves");
    assert_eq!(code(&vedette(&["rules", "check"])), 2);
}
