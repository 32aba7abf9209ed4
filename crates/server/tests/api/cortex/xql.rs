//! Queries in two steps.

use super::error;
use crate::harness::Host;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use std::io::Read;

fn result(host: &Host, key: &super::Key, query: &str, more: Value) -> Value {
    let id = host.reply(key, "xql/start_xql_query", json!({"query": query, "timeframe": {}}));
    let mut data = json!({"query_id": id, "pending_flag": false, "format": "json"});
    data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    host.reply(key, "xql/get_query_results/", data)
}

fn stored(host: &Host, rows: u64) {
    host.wait(|| (host.rows("dataset = xdr_data | comp count() as n") == [json!([rows])]).then_some(()));
}

#[test]
fn a_query_is_started_and_its_result_asked_for() {
    let host = Host::start();
    let key = host.key("advanced", "viewer");
    host.scan();
    stored(&host, 100);
    let query = "config case_sensitive = false | dataset = xdr_dataset | filter event_type = NETWORK and \
                 action_local_port in(1,2) and action_remote_ip in (\"*\") | sort asc target_port | \
                 fields _time, action_local_port, is_internal_ip, actor_process_image_name";
    let reply = result(&host, &key, query, json!({}));
    assert_eq!((reply["status"].as_str(), reply["number_of_results"].as_i64()), (Some("SUCCESS"), Some(2)));
    assert!(reply["remaining_quota"].is_f64() && reply["query_cost"].as_object().unwrap().len() == 1);
    let row = &reply["results"]["data"][0];
    assert!(row["_time"].as_i64().unwrap() > 1_600_000_000_000, "milliseconds: {row}");
    assert_eq!((&row["action_local_port"], &row["is_internal_ip"]), (&json!(1), &json!(true)));
    assert_eq!(row["actor_process_image_name"], Value::Null);
    let cut = result(&host, &key, "dataset = xdr_data", json!({"limit": "7"}));
    assert_eq!(
        (cut["results"]["data"].as_array().unwrap().len(), cut["number_of_results"].as_i64()),
        (7, Some(7))
    );
    let quota = host.reply(&key, "xql/get_quota", json!({}));
    for field in [
        "license_quota",
        "additional_purchased_quota",
        "eval_quota",
        "used_quota",
        "daily_used_quota",
        "total_daily_running_queries",
    ] {
        assert!(quota[field].is_number(), "{field}");
    }
    assert_eq!(quota["total_daily_running_queries"], 2);
}

#[test]
fn a_wrong_query_gets_its_place_as_json_in_the_message() {
    let host = Host::start();
    let key = host.key("standard", "viewer");
    let start = |query: &str| host.call(&key, "xql/start_xql_query", json!({"query": query}));
    let body = error(&start("dataset = xdr_data\n| filter source_ipp = 1"), 400);
    let place: Value = serde_json::from_str(body["err_msg"].as_str().unwrap()).unwrap();
    assert_eq!((place["line"].as_i64(), place["column"].as_i64()), (Some(2), Some(10)));
    assert!(place["message"].as_str().unwrap().contains("source_ip"), "{place}");
    for query in ["", "dataset = no_such", "dataset = xdr_data | filtre x = 1", "\u{0}"] {
        error(&start(query), 400);
    }
    error(&host.call(&key, "xql/start_xql_query", json!({})), 400);
    error(&host.call(&key, "xql/start_xql_query", json!({"query": {"a": 1}})), 400);
    error(
        &host.call(&key, "xql/start_xql_query", json!({"query": "dataset = alerts", "timeframe": "1d"})),
        400,
    );
}

#[test]
fn a_query_that_fails_on_its_way_says_so_in_its_status() {
    let host = Host::start_with(|config| config.engine.max_runtime = std::time::Duration::ZERO);
    let key = host.key("standard", "viewer");
    let reply = result(&host, &key, "dataset = xdr_data", json!({}));
    assert_eq!(reply["status"], "FAIL");
    let message: Value = serde_json::from_str(reply["err_msg"].as_str().unwrap()).unwrap();
    assert!(message["message"].as_str().unwrap().contains("longer"), "{message}");
}

#[test]
fn long_results_are_a_stream_packed_for_the_client_to_unpack() {
    let host = Host::start();
    let key = host.key("advanced", "viewer");
    for _ in 0..11 {
        host.scan();
    }
    stored(&host, 1100);
    let reply = result(&host, &key, "dataset = xdr_data", json!({}));
    assert_eq!(reply["number_of_results"], 1100);
    assert!(reply["results"].get("data").is_none());
    let id = reply["results"]["stream_id"].as_str().unwrap();
    let short = result(&host, &key, "dataset = xdr_data", json!({"limit": 1000}));
    assert_eq!(short["results"]["data"].as_array().unwrap().len(), 1000);
    let long = result(&host, &key, "dataset = xdr_data", json!({"limit": 5000}));
    assert!(long["results"]["stream_id"].is_string());

    let ask = |packed: bool| {
        let data = json!({"request_data": {"stream_id": id, "is_gzip_compressed": packed}}).to_string();
        let mut headers = key.headers();
        headers.push(("accept-encoding".into(), "gzip".into()));
        host.bytes("/public_api/v1/xql/get_query_results_stream", &headers, data.as_bytes())
    };
    let (plain_headers, plain) = ask(false);
    assert!(plain_headers.get("content-encoding").is_none());
    assert!(plain_headers.get("content-length").is_none(), "chunked");
    let (packed_headers, packed) = ask(true);
    assert!(packed_headers.get("content-encoding").is_none(), "{packed_headers:?}");
    let mut unpacked = String::new();
    GzDecoder::new(packed.as_slice()).read_to_string(&mut unpacked).unwrap();
    assert_eq!(unpacked.as_bytes(), plain);
    let rows: Vec<Value> = unpacked.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 1100);
    assert!(rows.iter().all(|row| row["_time"].is_i64()));
}

#[test]
fn a_result_is_its_owners() {
    let host = Host::start();
    let (mine, yours, root) = (
        host.key("standard", "viewer"),
        host.key("standard", "viewer"),
        host.key("standard", "administrator"),
    );
    let id = host.reply(&mine, "xql/start_xql_query", json!({"query": "dataset = alerts"}));
    let ask = |key| host.call(key, "xql/get_query_results", json!({"query_id": id, "pending_flag": false}));
    error(&ask(&yours), 404);
    assert_eq!(ask(&root).expect(200)["reply"]["status"], "SUCCESS");
    assert_eq!(ask(&mine).expect(200)["reply"]["status"], "SUCCESS");
    error(&host.call(&mine, "xql/get_query_results", json!({"query_id": "none"})), 404);
    error(&host.call(&mine, "xql/get_query_results_stream", json!({"stream_id": "none"})), 404);
    error(&host.call(&mine, "xql/get_query_results", json!({"query_id": id, "format": "xml"})), 400);
    error(&host.call(&mine, "xql/get_query_results", json!({"query_id": id, "limit": 0})), 400);
}

#[test]
fn the_time_frame_of_the_call_counts() {
    let host = Host::start();
    let key = host.key("standard", "viewer");
    host.scan();
    stored(&host, 100);
    let count = |timeframe: Value| {
        let data = json!({"query": "dataset = xdr_data | comp count() as n", "timeframe": timeframe, "tenants": ["a"]});
        let id = host.reply(&key, "xql/start_xql_query", data);
        let reply =
            host.reply(&key, "xql/get_query_results", json!({"query_id": id, "pending_flag": "false"}));
        reply["results"]["data"][0]["n"].as_i64().unwrap()
    };
    assert_eq!(count(json!({"relativeTime": 3_600_000})), 100);
    assert_eq!(count(json!({"from": 0, "to": "86400000"})), 0);
    assert_eq!(count(json!({})), 100);
}
/// The queries that one client of the API makes by itself.
#[test]
fn queries_that_clients_make_are_taken() {
    let shared = std::env::var("VEDETTE_SHARED").unwrap_or_else(|_| "../shared".to_owned());
    let Ok(text) = std::fs::read_to_string(format!("{shared}/samples/other/demisto_xql_builtin_queries.xql"))
    else {
        eprintln!("skipped: no shared samples");
        return;
    };
    let host = Host::start();
    let key = host.key("standard", "viewer");
    let mut taken = 0;
    for query in text.split("\n\n").map(str::trim).filter(|query| query.contains('=')) {
        let reply = host.call(&key, "xql/start_xql_query", json!({"query": query}));
        assert_eq!(reply.status, 200, "{query}\n{}", reply.text);
        taken += 1;
    }
    assert!(taken > 0);
}

/// Fields that only Cortex fills are null here, and the answer says so; others are still unknown.
#[test]
fn fields_that_only_cortex_fills_are_null() {
    let host = Host::start();
    let query = "dataset = xdr_data | filter action_file_sha256 = null or action_evtlog_event_id in (1,2) | \
                 comp count() as n by causality_actor_process_os_pid";
    let answer = host.query(query);
    assert!(answer["warnings"].to_string().contains("action_file_sha256"), "{answer}");
    assert_eq!(host.query("dataset = xdr_data")["warnings"], json!([]));
    let unknown =
        host.post("/api/v1/query", json!({"query": "dataset = xdr_data | filter action_shoe_size = 1"}));
    assert_eq!(unknown.status, 400);
}

/// The shapes of queries that a Sigma back end writes for this API.
#[test]
fn queries_made_of_sigma_rules_are_taken() {
    let host = Host::start();
    let key = host.key("standard", "viewer");
    host.scan();
    stored(&host, 100);
    let count = |filter: &str| {
        let query = format!("config case_sensitive = false | {filter} | comp count() as n");
        result(&host, &key, &query, json!({}))["results"]["data"][0]["n"].as_i64()
    };
    let network = "preset=network_story | filter event_type = ENUM.NETWORK and (agent_os_type = ENUM.AGENT_OS_LINUX \
                   and ((action_local_port in (1, 2)) and action_remote_ip incidr \"10.0.0.0/8\" and \
                   action_network_protocol = \"tcp\"))";
    assert_eq!(count(network), Some(2));
    assert_eq!(count(&network.replace("AGENT_OS_LINUX", "AGENT_OS_WINDOWS")), Some(0));
    let process = "preset=xdr_process | filter (event_type = ENUM.PROCESS and event_sub_type = ENUM.PROCESS_START) \
                   and (agent_os_type = ENUM.AGENT_OS_MAC and (action_process_image_command_line contains \"whoami\" \
                   and action_process_os_pid = 5 and action_process_image_path ~= \"n(map|cat)\"))";
    assert_eq!(count(process), Some(0));
}
