//! Every route for every role, and who is not anybody.

use crate::harness::{As, Host};
use serde_json::{Value, json};

const ROLES: [&str; 4] = ["viewer", "analyst", "administrator", "ingest"];

/// Method, path, and the roles that may (all others get 403). An empty list: anyone, signed in or not.
fn expected() -> Vec<(&'static str, &'static str, Vec<&'static str>)> {
    let view = vec!["viewer", "analyst", "administrator"];
    let work = vec!["analyst", "administrator"];
    let admin = vec!["administrator"];
    vec![
        ("GET", "/livez", vec![]),
        ("GET", "/readyz", vec![]),
        ("GET", "/metrics", vec![]),
        ("GET", "/api/v1/openapi.json", vec![]),
        ("GET", "/api/v1/setup", vec![]),
        ("POST", "/api/v1/setup", vec![]),
        ("POST", "/api/v1/session", vec![]),
        ("GET", "/api/v1/session", ROLES.to_vec()),
        ("DELETE", "/api/v1/session", ROLES.to_vec()),
        ("POST", "/api/v1/session/password", ROLES.to_vec()),
        ("GET", "/api/v1/overview", view.clone()),
        ("GET", "/api/v1/status", view.clone()),
        ("GET", "/api/v1/alerts", view.clone()),
        ("GET", "/api/v1/alerts/{id}", view.clone()),
        ("PATCH", "/api/v1/alerts/{id}", work.clone()),
        ("POST", "/api/v1/alerts/bulk", work.clone()),
        ("GET", "/api/v1/alerts/{id}/exclusion", view.clone()),
        ("GET", "/api/v1/exclusions", view.clone()),
        ("POST", "/api/v1/exclusions", work.clone()),
        ("POST", "/api/v1/exclusions/preview", view.clone()),
        ("GET", "/api/v1/exclusions/{id}", view.clone()),
        ("PATCH", "/api/v1/exclusions/{id}", work.clone()),
        ("DELETE", "/api/v1/exclusions/{id}", work.clone()),
        ("GET", "/api/v1/response", view.clone()),
        ("PATCH", "/api/v1/response", admin.clone()),
        ("GET", "/api/v1/response/blocks", view.clone()),
        ("POST", "/api/v1/response/blocks", work.clone()),
        ("DELETE", "/api/v1/response/blocks/{id}", work.clone()),
        ("POST", "/api/v1/response/preview", view.clone()),
        ("POST", "/api/v1/response/clear", admin.clone()),
        ("POST", "/api/v1/response/follow", vec!["ingest", "administrator"]),
        ("GET", "/api/v1/retention", view.clone()),
        ("PATCH", "/api/v1/retention", admin.clone()),
        ("GET", "/api/v1/alerts/{id}/comments", view.clone()),
        ("POST", "/api/v1/alerts/{id}/comments", work.clone()),
        ("GET", "/api/v1/alerts/{id}/history", view.clone()),
        ("GET", "/api/v1/alerts/{id}/evidence", view.clone()),
        ("GET", "/api/v1/alerts/{id}/capture", view.clone()),
        ("GET", "/api/v1/sources/{ip}/explanation", view.clone()),
        ("GET", "/api/v1/assignees", work.clone()),
        ("GET", "/api/v1/rules", view.clone()),
        ("POST", "/api/v1/rules", work.clone()),
        ("POST", "/api/v1/rules/check", view.clone()),
        ("POST", "/api/v1/rules/test", work.clone()),
        ("GET", "/api/v1/rules/export", view.clone()),
        ("POST", "/api/v1/rules/import", work.clone()),
        ("GET", "/api/v1/rules/{id}", view.clone()),
        ("PATCH", "/api/v1/rules/{id}", work.clone()),
        ("DELETE", "/api/v1/rules/{id}", work.clone()),
        ("POST", "/api/v1/rules/{id}/restore", work.clone()),
        ("GET", "/api/v1/rules/{id}/runs", view.clone()),
        ("POST", "/api/v1/query", view.clone()),
        ("POST", "/api/v1/query/check", view.clone()),
        ("POST", "/api/v1/query/explain", view.clone()),
        ("POST", "/api/v1/xql/complete", view.clone()),
        ("POST", "/api/v1/xql/hover", view.clone()),
        ("GET", "/api/v1/datasets", view.clone()),
        ("POST", "/api/v1/datasets/{name}", vec!["ingest", "administrator"]),
        ("GET", "/api/v1/tables", view.clone()),
        ("DELETE", "/api/v1/tables/{name}", admin.clone()),
        ("PUT", "/api/v1/lookups/{name}", work.clone()),
        ("GET", "/api/v1/library", view.clone()),
        ("PUT", "/api/v1/library/{name}", work.clone()),
        ("DELETE", "/api/v1/library/{name}", work.clone()),
        ("GET", "/api/v1/models", view.clone()),
        ("GET", "/api/v1/models/{name}", view.clone()),
        ("PUT", "/api/v1/models/{name}", admin.clone()),
        ("POST", "/api/v1/models/{name}/check", view.clone()),
        ("DELETE", "/api/v1/models/{name}", admin.clone()),
        ("POST", "/api/v1/ingest/{source}", vec!["ingest", "administrator"]),
        ("POST", "/api/v1/selftest", work.clone()),
        ("GET", "/api/v1/events", view.clone()),
        ("GET", "/api/v1/export/alerts", view.clone()),
        ("GET", "/api/v1/export/events", view.clone()),
        ("GET", "/api/v1/users", admin.clone()),
        ("POST", "/api/v1/users", admin.clone()),
        ("PATCH", "/api/v1/users/{username}", admin.clone()),
        ("DELETE", "/api/v1/users/{username}", admin.clone()),
        ("GET", "/api/v1/channels", admin.clone()),
        ("POST", "/api/v1/channels", admin.clone()),
        ("PATCH", "/api/v1/channels/{id}", admin.clone()),
        ("DELETE", "/api/v1/channels/{id}", admin.clone()),
        ("POST", "/api/v1/channels/{id}/test", admin.clone()),
        ("GET", "/api/v1/deliveries", admin.clone()),
        ("POST", "/api/v1/deliveries/{id}/retry", admin.clone()),
        ("GET", "/api/v1/tokens", admin.clone()),
        ("POST", "/api/v1/tokens", admin.clone()),
        ("DELETE", "/api/v1/tokens/{id}", admin.clone()),
        ("GET", "/api/v1/api-keys", admin.clone()),
        ("POST", "/api/v1/api-keys", admin.clone()),
        ("POST", "/api/v1/api-keys/{id}/rotate", admin.clone()),
        ("DELETE", "/api/v1/api-keys/{id}", admin),
        ("POST", "/public_api/v1/xql/start_xql_query", view.clone()),
        ("POST", "/public_api/v1/xql/get_query_results", view.clone()),
        ("POST", "/public_api/v1/xql/get_query_results_stream", view.clone()),
        ("POST", "/public_api/v1/xql/get_quota", view.clone()),
        ("POST", "/public_api/v1/alerts/get_alerts_multi_events", view.clone()),
        ("POST", "/public_api/v2/alerts/get_alerts_multi_events", view.clone()),
        ("POST", "/public_api/v1/alerts/get_alerts", view.clone()),
        ("POST", "/public_api/v1/alerts/get_alerts_by_filter_data", view.clone()),
        ("POST", "/public_api/v1/alerts/get_original_alerts", view.clone()),
        ("POST", "/public_api/v1/alerts/update_alerts", work.clone()),
        ("POST", "/public_api/v1/alerts/insert_parsed_alerts", vec!["ingest", "administrator"]),
        ("POST", "/public_api/v1/alerts/insert_cef_alerts", vec!["ingest", "administrator"]),
        ("POST", "/public_api/v1/incidents/get_incidents", view.clone()),
        ("POST", "/public_api/v1/incidents/get_incident_extra_data", view.clone()),
        ("POST", "/public_api/v1/incidents/get_multiple_incidents_extra_data", view.clone()),
        ("POST", "/public_api/v1/incidents/update_incident", work.clone()),
        ("POST", "/public_api/v1/alerts/get_correlation_alert_data", view.clone()),
        ("POST", "/public_api/v1/case/search", view.clone()),
        ("POST", "/public_api/v1/case/update/{id}", work.clone()),
        ("GET", "/public_api/v1/case/artifacts/{id}", view.clone()),
        ("POST", "/public_api/v1/issue/search", view.clone()),
        ("POST", "/public_api/v1/issue/{id}", work.clone()),
        ("POST", "/public_api/v1/xql/get_datasets", view.clone()),
        ("POST", "/public_api/v1/xql/lookups/get_data", view.clone()),
        ("POST", "/public_api/v1/xql/lookups/add_data", work.clone()),
        ("POST", "/public_api/v1/xql/lookups/remove_data", work.clone()),
        ("GET", "/public_api/v1/healthcheck", vec![]),
        ("POST", "/public_api/v1/system/get_tenant_info", view.clone()),
        ("POST", "/public_api/v1/api_keys/validate", ROLES.to_vec()),
        ("POST", "/api_keys/validate", ROLES.to_vec()),
        ("POST", "/public_api/v1/endpoints/get_endpoint", view.clone()),
        ("POST", "/public_api/v1/endpoints/get_endpoints", view.clone()),
        ("POST", "/public_api/v1/audits/management_logs", view.clone()),
        ("POST", "/public_api/v1/audits/agents_reports", view.clone()),
        ("POST", "/public_api/v1/correlations/get", view.clone()),
        ("POST", "/public_api/v1/correlations/insert", work.clone()),
        ("POST", "/public_api/v1/correlations/delete", work.clone()),
        ("GET", "/api/v1/incidents", view.clone()),
        ("GET", "/api/v1/incidents/{id}", view),
        ("PATCH", "/api/v1/incidents/{id}", work),
    ]
}

fn concrete(path: &str) -> String {
    path.replace("{id}", "4711")
        .replace("{source}", "none")
        .replace("{username}", "nobody")
        .replace("{ip}", "10.0.0.1")
        .replace("{name}", "nothing")
}

#[test]
fn every_route_for_every_role() {
    let host = Host::start();
    let tokens: Vec<As> = ROLES
        .iter()
        .map(|role| {
            let made = host.post("/api/v1/tokens", json!({"name": role, "role": role})).expect(201);
            As::Token(made["token"].as_str().unwrap().to_owned())
        })
        .collect();
    for (method, path, allowed) in expected() {
        // Its answer has no end; who may is seen in `live`.
        if path == "/api/v1/events" {
            continue;
        }
        let concrete = concrete(path);
        // A body that no route takes: who may gets 400 or 404, who may not gets 401 or 403.
        let body = ["POST", "PATCH", "PUT"].contains(&method).then(|| json!({"no such": "field"}));
        let ask = |who: &As| host.send(method, &concrete, who, body.as_ref()).status.as_u16();
        let nobody = ask(&As::Nobody);
        if allowed.is_empty() {
            assert!(nobody != 401 && nobody != 403, "{method} {path}: {nobody}");
            continue;
        }
        assert_eq!(nobody, 401, "{method} {path}");
        assert_eq!(ask(&As::Token("vdt_guess".to_owned())), 401, "{method} {path}");
        for (role, token) in ROLES.iter().zip(&tokens) {
            let status = ask(token);
            if allowed.contains(role) {
                assert!(status != 401 && status != 403, "{method} {path} as {role}: {status}");
                assert!(status < 500, "{method} {path} as {role}: {status}");
            } else {
                assert_eq!(status, 403, "{method} {path} as {role}");
            }
        }
    }
}

/// The table above is complete: it names what the OpenAPI document names, which another test holds
/// against the server's own table.
#[test]
fn the_matrix_names_every_route() {
    let host = Host::start();
    let document = host.get("/api/v1/openapi.json");
    let mut documented: Vec<(String, String)> = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            documented.push((method.to_uppercase(), path.clone()));
        }
    }
    let mut named: Vec<(String, String)> =
        expected().into_iter().map(|(method, path, _)| (method.to_owned(), path.to_owned())).collect();
    documented.sort();
    named.sort();
    assert_eq!(documented, named);
}

#[test]
fn tokens_and_users_are_administered() {
    let host = Host::start();
    let made =
        host.post("/api/v1/tokens", json!({"name": "x", "role": "viewer", "expires_in_days": 1})).expect(201);
    let token = As::Token(made["token"].as_str().unwrap().to_owned());
    host.send("GET", "/api/v1/alerts", &token, None).expect(200);
    let listed = host.get("/api/v1/tokens");
    assert_eq!(listed["tokens"][0]["name"], "x");
    assert!(!listed.to_string().contains(made["token"].as_str().unwrap()));
    let path = format!("/api/v1/tokens/{}", made["id"]);
    host.send("DELETE", &path, &host.local(), None).expect(204);
    host.send("GET", "/api/v1/alerts", &token, None).expect(401);

    let ada = host.sign_in("ada", "administrator");
    let bob = host.sign_in("bob", "viewer");
    let again = json!({"username": "BOB", "password": "another good password", "role": "viewer"});
    assert_eq!(host.post("/api/v1/users", again).expect(409)["error"]["code"], "user_exists");
    let role = json!({"role": "analyst"});
    host.send("PATCH", "/api/v1/users/bob", &ada, Some(&role)).expect(200);
    host.send("GET", "/api/v1/alerts", &bob, None).expect(401);
    let users: Value = host.get("/api/v1/users");
    assert_eq!(users["users"][1]["role"], "analyst");
    assert!(!users.to_string().contains("argon2"));
    host.send("DELETE", "/api/v1/users/bob", &ada, None).expect(204);
    let last = host.send("DELETE", "/api/v1/users/ada", &ada, None).expect(400);
    assert!(last["error"]["message"].as_str().unwrap().contains("last administrator"));
}
