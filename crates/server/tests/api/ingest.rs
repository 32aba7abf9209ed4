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

#[test]
fn the_time_zone_counts() {
    let host = Host::start();
    let line = threat("10.0.0.9", "SCAN: TCP Port Scan");
    send(&host, "/api/v1/ingest/panos?timezone=Europe/Berlin", line).expect(200);
    let rows = host.cells("dataset = panw_ngfw_threat_raw | fields _time", 1);
    assert_eq!(rows, [json!(["2026-11-24T07:00:00.000000Z"])]);
}
