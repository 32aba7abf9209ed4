//! The audit log: every administrative act, whoever did it, whatever came of it.

use crate::harness::{As, Host};
use serde_json::{Value, json};

fn rows(host: &Host, filter: &str) -> Vec<Value> {
    let query = format!(
        "dataset = audit_logs | {filter} | sort asc audit_id | fields audit_id, actor, actor_kind, type, sub_type, \
         result, reason, asset, description, client_ip"
    );
    host.cells(&query, 10)
}

#[test]
fn who_did_what_and_what_came_of_it() {
    let host = Host::start();
    let ada = host.sign_in("ada", "administrator");
    let bob = host.sign_in("bob", "viewer");
    let wrong = json!({"username": "Ada", "password": "not this one, sorry"});
    host.send("POST", "/api/v1/session", &As::Nobody, Some(&wrong)).expect(401);
    host.send("PATCH", "/api/v1/users/bob", &bob, Some(&json!({"role": "administrator"}))).expect(403);
    let change = json!({"role": "analyst", "password": "a very different one"});
    host.send("PATCH", "/api/v1/users/bob", &ada, Some(&change)).expect(200);
    host.send("DELETE", "/api/v1/users/nobody", &ada, None).expect(404);
    let all = rows(&host, "filter type in (\"AUTH\", \"USERS\")");
    let told: Vec<_> = all
        .iter()
        .map(|row| [1, 3, 4, 5, 6, 7].map(|n| row[n].as_str().unwrap_or("-").to_owned()).join(" "))
        .collect();
    assert_eq!(
        told,
        [
            "local USERS Create SUCCESS - ada",
            "ada AUTH Login SUCCESS - -",
            "local USERS Create SUCCESS - bob",
            "bob AUTH Login SUCCESS - -",
            "ada AUTH Login FAIL invalid_credentials -",
            "bob USERS Edit FAIL forbidden bob",
            "ada USERS Edit SUCCESS - bob",
            "ada USERS Delete FAIL not_found nobody",
        ]
    );
    assert_eq!(all[6][8], "Changed the user bob: role analyst, a new password");
    assert!(all.iter().all(|row| row[9] == "127.0.0.1"));
    let numbers: Vec<_> = all.iter().map(|row| row[0].as_i64().unwrap()).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");
    let text = json!(all).to_string();
    for secret in ["not this one", "a very different one", crate::harness::PASSWORD] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[test]
fn keys_and_tokens_are_in_it_without_their_secrets() {
    let host = Host::start();
    let key = host.key("advanced", "administrator");
    let headers = key.headers();
    let headers: Vec<_> = headers.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let body = Some(("application/json", br#"{"name": "t", "role": "viewer"}"#.to_vec()));
    let made = host.send_raw("POST", "/api/v1/tokens", &As::Nobody, body, &headers).expect(201);
    let all = rows(&host, "filter type in (\"API_KEYS\", \"TOKENS\")");
    assert_eq!(all.len(), 2);
    assert_eq!(all[0][8], format!("Made the advanced API key {} (test) with the role administrator", key.id));
    assert_eq!((all[1][1].as_str(), all[1][2].as_str()), (Some("test"), Some("api_key")));
    let numbers = host.cells("dataset = audit_logs | filter type = TOKENS | fields api_key_id", 1);
    assert_eq!(numbers, [json!([key.id])]);
    let text = json!(all).to_string();
    assert!(!text.contains(&key.secret) && !text.contains(made["token"].as_str().unwrap()));
}

#[test]
fn the_log_outlives_a_restart_and_numbers_go_on() {
    let mut host = Host::start();
    let dir = host.dir.clone();
    host.key("standard", "viewer");
    let before = rows(&host, "filter type = API_KEYS");
    host.stop();
    let host = Host::start_in(dir, |_| ());
    host.key("standard", "viewer");
    let after = rows(&host, "filter type = API_KEYS");
    assert_eq!((before.len(), after.len()), (1, 2));
    assert_eq!(after[0], before[0]);
    assert!(after[1][0].as_i64() > after[0][0].as_i64());
}

#[test]
fn hostile_names_are_kept_as_text_and_cut() {
    let host = Host::start();
    let name = format!("'; DROP TABLE <script>\u{1b}[2J{}", "x".repeat(5000));
    host.send("DELETE", "/api/v1/users/%00%1b%3Cscript%3E", &host.local(), None).expect(404);
    host.post(
        "/api/v1/users",
        json!({"username": name, "password": "long enough for this", "role": "viewer"}),
    )
    .expect(400);
    let all = rows(&host, "filter type = USERS");
    assert_eq!(all.len(), 2);
    assert!(all.iter().all(|row| row[7].as_str().unwrap().chars().count() <= 500));
}
