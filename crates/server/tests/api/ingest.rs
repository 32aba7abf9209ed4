//! Log lines over HTTP.

use crate::harness::{Host, Reply};
use serde_json::json;

/// A threat log as PAN-OS 9 sends it, made from the layout.
pub fn threat(source: &str, name: &str) -> String {
    format!(
        "1,2026/11/24 08:00:01,007200001056,THREAT,scan,2561,2026/11/24 08:00:00,{source},10.0.0.5,0.0.0.0,0.0.0.0,\
         rule1,,,not-applicable,vsys1,untrust,trust,ethernet1/1,ethernet1/2,log,2026/11/24 08:00:01,0,1,40000,445,\
         0,0,0x0,tcp,alert,\"\",{name}(8001),any,medium,client-to-server,1,0x0,10.0.0.0-10.255.255.255,\
         10.0.0.0-10.255.255.255,0,,0,,,0,,,,,,,,0,0,0,0,0,,PA-VM"
    )
}

fn send(host: &Host, path: &str, body: impl Into<Vec<u8>>) -> Reply {
    host.send_raw("POST", path, &host.local(), Some(("text/plain", body.into())), &[])
}

#[test]
fn good_lines_become_rows_and_bad_ones_go_to_quarantine() {
    let host = Host::start();
    let good = threat("10.0.0.9", "SCAN: TCP Port Scan");
    let body = format!("{good}\r\n\n{good}\nnonsense\n1,2026/11/24 08:00:01,3,SYSTEM,x\n{good}");
    let report = send(&host, "/api/v1/ingest/panos?origin=fw.log", body).expect(200);
    assert_eq!((report["accepted"].as_u64(), report["quarantined"].as_u64()), (Some(3), Some(2)), "{report}");
    assert_eq!(report["datasets"], json!([{"name": "panw_ngfw_threat_raw", "rows": 3}]));
    assert_eq!(report["reasons"].as_array().unwrap().len(), 2);
    let rows = host.rows("dataset = panw_ngfw_threat_raw | comp count() as n by source_ip, threat_name");
    assert_eq!(rows, [json!(["10.0.0.9", "SCAN: TCP Port Scan", 3])]);
    let rows =
        host.cells("dataset = vedette_quarantine | sort asc line | fields source, origin, line, _raw_log", 4);
    assert_eq!(rows[0], json!(["panos", "fw.log", 4, "nonsense"]));
    assert_eq!(rows.len(), 2);
    let status = host.get("/api/v1/status");
    assert_eq!(status["quarantined_rows"], 2);
    assert_eq!(
        (status["ingest"]["lines_accepted"].as_u64(), status["ingest"]["lines_quarantined"].as_u64()),
        (Some(3), Some(2))
    );
}

#[test]
fn hostile_lines_are_bounded_and_kept() {
    let host = Host::start_with(|config| config.limits.ingest_line = 10_000);
    let mut body = vec![b'x'; 100_000];
    body.push(b'\n');
    body.extend([0xff, 0xfe, 0x00, b'\n']);
    body.extend(b"\n\n\n");
    let report = send(&host, "/api/v1/ingest/panos", body).expect(200);
    assert_eq!((report["accepted"].as_u64(), report["quarantined"].as_u64()), (Some(0), Some(2)));
    let rows = host.rows("dataset = vedette_quarantine | filter line = 1 | fields reason");
    assert!(rows[0][0].as_str().unwrap().contains("longer than 10000 bytes"), "{rows:?}");
    let huge =
        host.rows("dataset = vedette_quarantine | filter line = 1 | alter n = len(_raw_log) | fields line");
    assert_eq!(huge.len(), 1);
}

#[test]
fn requests_that_make_no_sense_are_named() {
    let host = Host::start_with(|config| config.limits.ingest_body = 5_000);
    assert_eq!(send(&host, "/api/v1/ingest/sysmon", "x").status, 404);
    assert_eq!(send(&host, "/api/v1/ingest/panos?dataset=xdr_data", "x").status, 400);
    assert_eq!(send(&host, "/api/v1/ingest/panos?timezone=Mars/Base", "x").status, 400);
    assert_eq!(
        send(&host, "/api/v1/ingest/panos?dataset=panw_ngfw_threat_raw&timezone=%2B02:00", "").status,
        200
    );
    let lines = format!("{}\n", threat("10.0.0.9", "SCAN: TCP Port Scan")).repeat(100);
    let cut = send(&host, "/api/v1/ingest/panos", lines).expect(413);
    assert_eq!(cut["error"]["code"], "body_too_large");
    let stored = cut["error"]["stored"]["accepted"].as_u64().unwrap();
    let rows = host.rows("dataset = panw_ngfw_threat_raw | comp count() as n");
    assert_eq!(rows, [json!([stored])], "what was stored is told");
}

/// A SYN that the kernel of `fw` dropped at `second` past eight.
fn dropped(second: u32, port: u32) -> String {
    format!(
        "2026-11-23T08:{:02}:{:02}Z fw kernel: [UFW BLOCK] IN=eth0 OUT= MAC= SRC=203.0.113.9 DST=10.0.0.5 LEN=60 TTL=52 \
         ID=7 DF PROTO=TCP SPT={} DPT={port} WINDOW=64240 RES=0x00 SYN URGP=0\n",
        second / 60,
        second % 60,
        40_000 + port
    )
}

#[test]
fn a_scan_in_an_old_log_is_one_alert_that_leads_back_to_its_lines() {
    let host = Host::start();
    let log: String = (0..40).map(|n| dropped(n, 20 + n)).collect();
    let report = send(&host, "/api/v1/ingest/netfilter?origin=kern.log", log.clone()).expect(200);
    assert_eq!(
        (report["accepted"].as_u64(), report["quarantined"].as_u64()),
        (Some(40), Some(0)),
        "{report}"
    );
    assert_eq!((report["examined"].as_u64(), report["scans"].as_u64()), (Some(40), Some(1)), "{report}");
    let alerts = host.get("/api/v1/alerts");
    assert_eq!(alerts["alerts"].as_array().unwrap().len(), 1, "{alerts}");
    let text = host.get("/api/v1/alerts/1").to_string();
    assert!(text.contains("203.0.113.9") && text.contains("netfilter:fw"), "{text}");
    assert!(text.contains("2026-11-23T08:00"), "the time is the log's: {text}");
    let evidence = host.get("/api/v1/alerts/1/evidence");
    assert_eq!(evidence["probes"].as_array().unwrap().len(), 40, "{evidence}");
    assert_eq!(
        (&evidence["probes"][0]["outcome"], &evidence["probes"][0]["protocol"]),
        (&json!("drop"), &json!("tcp"))
    );
    // The same log once more is the same alert.
    send(&host, "/api/v1/ingest/netfilter?origin=again.log", log).expect(200);
    assert_eq!(host.get("/api/v1/alerts")["alerts"].as_array().unwrap().len(), 1);
    let status = host.get("/api/v1/status");
    assert_eq!(status["ingest"]["log_events_examined"], 80);
    assert_eq!(status["detector"]["events"], 0, "the live detector did not hear of it");
    let rows = host.cells("dataset = vedette_detections | filter change = \"opened\" | fields source_ip", 1);
    assert_eq!(rows[0], json!(["203.0.113.9"]));
}

#[test]
fn the_firewalls_own_verdict_is_an_alert_and_its_reason() {
    let host = Host::start();
    let line = threat("10.0.0.9", "SCAN: TCP Port Scan");
    let report = send(&host, "/api/v1/ingest/panos?origin=fw.log", line).expect(200);
    assert_eq!(report["scans"].as_u64(), Some(1), "{report}");
    let says = "PAN-OS says: SCAN: TCP Port Scan (8001), alert";
    let alert = host.get("/api/v1/alerts/1").to_string();
    assert!(alert.contains(says), "{alert}");
    let list = host.get("/api/v1/alerts").to_string();
    assert!(list.contains(says), "in its summary: {list}");
}

#[test]
fn flow_records_are_read_as_bytes_and_what_is_none_is_kept() {
    let host = Host::start();
    let mut datagram = vec![0, 5, 0, 1, 0, 0, 0xea, 0x60];
    datagram.extend(1_795_521_600_u32.to_be_bytes());
    datagram.extend([0; 12]);
    datagram.extend([
        10, 0, 0, 9, 10, 0, 0, 5, 0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 1, 0, 0, 0, 44, 0, 0, 0, 1, 0, 0, 0, 2,
    ]);
    datagram.extend([0x9c, 0x40, 0, 22, 0, 2, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    // A line feed is a byte like any other.
    datagram.extend(b"\n rest");
    let report = send(&host, "/api/v1/ingest/netflow?origin=nf.dat", datagram).expect(200);
    assert_eq!((report["accepted"].as_u64(), report["quarantined"].as_u64()), (Some(1), Some(1)), "{report}");
    let rows = host.cells("dataset = netflow_raw | fields source_ip, dest_port, tcp_flags, version", 4);
    assert_eq!(rows, [json!(["10.0.0.9", 22, 2, 5])]);
    let rows = host.cells("dataset = vedette_quarantine | fields source, _raw_log", 2);
    assert_eq!(rows, [json!(["netflow", "0a2072657374"])]);
}

#[test]
fn every_format_has_its_dataset() {
    let host = Host::start();
    let zeek = r#"{"ts":1795000000.5,"id.orig_h":"10.0.0.9","id.orig_p":1,"id.resp_h":"10.0.0.5","id.resp_p":22,"proto":"tcp","conn_state":"S0","tunnel_parents":["C1"]}"#;
    let eve = r#"{"timestamp":"2026-11-23T08:00:00.000000+0000","event_type":"dns","src_ip":"10.0.0.9","dest_ip":"10.0.0.5","proto":"UDP"}"#;
    let pfirewall = "2026-11-23 08:00:00 DROP TCP 10.0.0.9 10.0.0.5 1 22 52 S 1 0 64240 - - - RECEIVE";
    for (source, dataset, line) in [
        ("zeek", "zeek_conn_raw", zeek),
        ("suricata", "suricata_eve_raw", eve),
        ("pfirewall", "microsoft_windows_firewall_raw", pfirewall),
        ("netfilter", "netfilter_raw", &dropped(0, 22)),
    ] {
        let report = send(&host, &format!("/api/v1/ingest/{source}"), line).expect(200);
        assert_eq!(report["datasets"], json!([{"name": dataset, "rows": 1}]), "{source}");
        let internal = "incidr(source_ip, \"10.0.0.0/8\") or incidr(source_ip, \"203.0.113.0/24\")";
        let rows = host.cells(&format!("dataset = {dataset} | filter {internal} | fields dest_ip"), 1);
        assert_eq!(rows, [json!(["10.0.0.5"])], "{source}");
        let rows = host.cells(&format!("datamodel dataset = {dataset} | fields xdm.target.ipv4"), 1);
        assert_eq!(rows, [json!(["10.0.0.5"])], "{source}");
    }
}

#[test]
fn a_day_ahead_is_stored_and_not_examined() {
    let host = Host::start();
    let log: String = (0..40).map(|n| dropped(n, 20 + n).replace("2026-11-23", "2099-01-01")).collect();
    let report = send(&host, "/api/v1/ingest/netfilter", log).expect(200);
    assert_eq!(
        (report["accepted"].as_u64(), report["unexamined"].as_u64(), report["scans"].as_u64()),
        (Some(40), Some(40), Some(0)),
        "{report}"
    );
}

#[test]
fn the_time_zone_counts() {
    let host = Host::start();
    let line = threat("10.0.0.9", "SCAN: TCP Port Scan");
    send(&host, "/api/v1/ingest/panos?timezone=Europe/Berlin", line).expect(200);
    let rows = host.cells("dataset = panw_ngfw_threat_raw | fields _time", 1);
    assert_eq!(rows, [json!(["2026-11-24T07:00:00.000000Z"])]);
}
