//! Lookups, datasets of users and the query library, and who may change them.

use crate::harness::{As, Host, Reply};
use serde_json::json;

fn send(host: &Host, method: &str, path: &str, who: &As, body: &str) -> Reply {
    let body = Some(("application/octet-stream", body.as_bytes().to_vec()));
    host.send_raw(method, path, who, body, &[("x-vedette-request", "1")])
}

#[test]
fn a_lookup_is_uploaded_queried_and_removed() {
    let host = Host::start();
    let local = host.local();
    let report = send(&host, "PUT", "/api/v1/lookups/owners?format=csv", &local, "ip,owner\n10.7.0.9,ada\n")
        .expect(200);
    assert_eq!((&report["rows"], &report["refused_lines"]), (&json!(1), &json!(0)));
    assert_eq!(host.cells("dataset = owners | fields ip, owner", 2), [json!(["10.7.0.9", "ada"])]);
    host.scan();
    let query =
        "dataset = alerts | join type = inner (dataset = owners) as o o.ip = source_ip | fields owner";
    assert_eq!(host.cells(query, 1), [json!(["ada"])]);
    let names: Vec<_> = host.get("/api/v1/datasets")["datasets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["name"].clone())
        .collect();
    assert!(names.contains(&json!("owners")));
    assert_eq!(host.get("/api/v1/tables")["tables"][0]["kind"], "lookup");
    assert_eq!(host.send("DELETE", "/api/v1/tables/owners", &local, None).status, 204);
    assert_eq!(host.send("DELETE", "/api/v1/tables/owners", &local, None).status, 404);
    assert_eq!(host.send("DELETE", "/api/v1/tables/xdr_data", &local, None).status, 404);
}

#[test]
fn json_makes_a_dataset_and_bad_input_says_where() {
    let host = Host::start();
    let local = host.local();
    let add = |body: &str| send(&host, "POST", "/api/v1/datasets/app_log", &local, body);
    let report = add("{\"a\":1}\nnonsense\n{\"a\":\"x\"}").expect(200);
    assert_eq!((&report["rows"], &report["refused_lines"]), (&json!(2), &json!(1)));
    assert!(report["refused"][0].as_str().unwrap().starts_with("line 2"));
    assert_eq!(host.cells("dataset = app_log | comp count() as n", 1), [json!([2])]);
    for (path, status) in [
        ("/api/v1/datasets/alerts", 400),
        ("/api/v1/datasets/a-b", 400),
        ("/api/v1/datasets/app_log?format=xml", 400),
        ("/api/v1/datasets/app_log?append=false", 400),
        ("/api/v1/datasets/..%2Fx", 400),
    ] {
        let reply = send(&host, "POST", path, &local, "{\"a\":1}");
        assert_eq!(reply.status.as_u16(), status, "{path}: {}", reply.text);
    }
}

#[test]
fn only_those_who_work_may_store() {
    let host = Host::start();
    let (viewer, analyst) = (host.sign_in("vera", "viewer"), host.sign_in("ada", "analyst"));
    let store = json!({"query": "dataset = alerts | target type = lookup mine"});
    let refused = host.send("POST", "/api/v1/query", &viewer, Some(&store)).expect(400);
    assert_eq!(refused["error"]["diagnostics"][0]["code"], "XQL413");
    host.send("POST", "/api/v1/query", &analyst, Some(&store)).expect(200);
    assert_eq!(host.get("/api/v1/tables")["tables"][0]["name"], "mine");
    for (method, path) in
        [("PUT", "/api/v1/lookups/x"), ("PUT", "/api/v1/library/x"), ("DELETE", "/api/v1/tables/mine")]
    {
        assert_eq!(host.send(method, path, &viewer, Some(&json!({}))).status, 403, "{method} {path}");
    }
    let file = json!({"query": "dataset = file(\"/etc/hosts.csv\")"});
    let refused = host.send("POST", "/api/v1/query", &analyst, Some(&file)).expect(400);
    assert!(refused["error"]["message"].as_str().unwrap().contains("not read here"), "{refused}");
}

#[test]
fn queries_are_kept_by_name_and_called() {
    let host = Host::start();
    let ada = host.sign_in("ada", "analyst");
    let id = host.scan()["id"].clone();
    let path = "/api/v1/library/Alerts%20of";
    let body =
        json!({"query": "dataset = alerts | filter source_ip = $ip | fields alert_id", "about": "by source"});
    let kept = host.send("PUT", path, &ada, Some(&body)).expect(200);
    assert_eq!((&kept["name"], &kept["updated_by"]), (&json!("Alerts of"), &json!("ada")));
    assert_eq!(host.cells("call \"alerts of\" ip = \"10.7.0.9\"", 1), [json!([id])]);
    assert_eq!(host.get("/api/v1/library")["queries"].as_array().unwrap().len(), 1);
    let wrong =
        host.send("PUT", path, &ada, Some(&json!({"query": "dataset = alerts | filer x"}))).expect(400);
    assert_eq!(wrong["error"]["code"], "query_invalid");
    assert!(wrong["error"]["diagnostics"][0]["help"].as_str().unwrap().contains("filter"));
    assert_eq!(host.send("DELETE", path, &ada, None).status, 204);
    assert_eq!(host.send("DELETE", path, &ada, None).status, 404);
}
