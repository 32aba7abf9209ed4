//! Why a source has fired, or has not; and the rows a firewall would have written of it.

use crate::harness::{As, Host};
use serde_json::json;

#[test]
fn a_source_is_explained_whether_it_fired_or_not() {
    let host = Host::start();
    let id = host.scan()["id"].as_i64().unwrap();
    let told = host.wait(|| {
        let told = host.get("/api/v1/sources/10.7.0.9/explanation");
        (told["attempts"] == 100).then_some(told)
    });
    assert!(told["standing"]["campaign"].is_string(), "{told}");
    assert_eq!((&told["targets"], &told["ports"]), (&json!(1), &json!(100)));
    assert_eq!(told["alerts"][0]["id"], id);
    assert!(!told["standing"]["explanation"]["contacts"].as_array().unwrap().is_empty());
    assert_eq!(host.rows(told["xql"].as_str().unwrap()).len(), 100);
    let target = host.get("/api/v1/sources/10.7.0.200/explanation");
    assert_eq!((&target["standing"], &target["attempts"]), (&json!(null), &json!(0)));
    let later = host.get("/api/v1/sources/2001:db8::1/explanation?since=2020-01-01T00:00:00Z");
    assert_eq!(later["alerts"], json!([]));
}

#[test]
fn bad_questions_are_refused() {
    let host = Host::start();
    let admin = host.local();
    let ask = |path: &str| host.send("GET", &format!("/api/v1/sources/{path}"), &admin, None);
    for wrong in ["host1/explanation", "10.0.0.1;/explanation", "10.0.0.1/explanation?since=yesterday"] {
        assert_eq!(ask(wrong).status, 400, "{wrong}");
    }
    assert_eq!(ask("10.0.0.1/explanation?since=2999-01-01T00:00:00Z").status, 400);
    assert_eq!(host.send("GET", "/api/v1/sources/10.0.0.1/explanation", &As::Nobody, None).status, 401);
    let blind = Host::start_with(|config| config.detection = None);
    let answer = blind.send("GET", "/api/v1/sources/10.0.0.1/explanation", &blind.local(), None);
    assert_eq!(answer.status, 503, "{}", answer.text);
}

#[test]
fn a_detection_is_a_firewalls_row_a_port() {
    let host = Host::start();
    host.scan();
    let query = "dataset = vedette_threat_raw | filter log_type = \"threat\" and threat_name = \"SCAN: TCP SYN Scan\" \
                 | comp count_distinct(dest_port) as ports, sum(count_of_repeats) as probes, min(dest_port) as low \
                 by source_ip, dest_ip, action";
    host.wait(|| {
        let rows = host.cells(query, 6);
        rows.contains(&json!(["10.7.0.9", "10.7.0.200", "alert", 100, 100, 1])).then_some(())
    });
}
