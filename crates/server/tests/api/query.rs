//! XQL over HTTP.

use crate::harness::Host;
use serde_json::json;

#[test]
fn an_answer_has_columns_rows_and_figures() {
    let host = Host::start();
    host.scan();
    let answer = host.wait(|| {
        let answer = host.query(
            "dataset = xdr_data | filter target_port <= 5 | fields _time, source_ip, target_port, is_internal_ip | sort asc target_port",
        );
        (answer["row_count"] == 5).then_some(answer)
    });
    assert_eq!(
        json!(answer["columns"].as_array().unwrap()[..4]),
        json!([{"name": "_time", "type": "timestamp"}, {"name": "source_ip", "type": "string"},
               {"name": "target_port", "type": "integer"}, {"name": "is_internal_ip", "type": "boolean"}])
    );
    let row = &answer["rows"][0];
    assert!(row[0].as_str().unwrap().ends_with('Z'));
    assert_eq!((&row[1], &row[2], &row[3]), (&json!("10.7.0.9"), &json!(1), &json!(true)));
    assert_eq!(
        (answer["limit_hit"].as_bool(), answer["warnings"].as_array().unwrap().len()),
        (Some(false), 0)
    );
    assert!(answer["stats"]["elapsed_ms"].is_u64());
    let cut = host.post("/api/v1/query", json!({"query": "dataset = xdr_data", "limit": 3}));
    assert_eq!(cut.header("x-vedette-limit-hit"), "true");
    let cut = cut.expect(200);
    assert_eq!((cut["row_count"].as_u64(), cut["limit_hit"].as_bool()), (Some(3), Some(true)));
}

#[test]
fn other_formats_are_asked_for_by_name_or_accept() {
    let host = Host::start();
    host.scan();
    let body = json!({"query": "dataset = alerts | comp count() as n by alert_id, status"});
    let ask = |format: &str| host.post(&format!("/api/v1/query?format={format}"), body.clone());
    let csv = ask("csv");
    assert_eq!(csv.text.trim(), "alert_id,status,n\r\n1,new,1");
    assert!(csv.header("content-type").starts_with("text/csv"));
    assert_eq!(ask("ndjson").text, "{\"alert_id\":1,\"status\":\"new\",\"n\":1}\n");
    assert_eq!(ask("xml").status, 400);
    for (format, magic) in [("parquet", "PAR1"), ("arrow", "\u{fffd}")] {
        let reply = ask(format);
        assert_eq!(reply.status, 200, "{format}");
        let _ = magic;
    }
    let accept = host.send_raw(
        "POST",
        "/api/v1/query",
        &host.local(),
        Some(("application/json", body.to_string().into_bytes())),
        &[("accept", "text/csv")],
    );
    assert_eq!(accept.text.trim(), "alert_id,status,n\r\n1,new,1");
}

#[test]
fn a_wrong_query_gets_its_place_its_reason_and_the_nearest_name() {
    let host = Host::start();
    let error = host.post("/api/v1/query", json!({"query": "dataset = xdr_data\n| filter source_ipp = 1"}));
    let error = error.expect(400);
    assert_eq!(error["error"]["code"], "query_invalid");
    let found = &error["error"]["diagnostics"][0];
    assert_eq!((found["line"].as_u64(), found["column"].as_u64()), (Some(2), Some(10)), "{found}");
    assert!(found.to_string().contains("source_ip"), "{found}");
    let check = |query: &str| host.post("/api/v1/query/check", json!({"query": query})).expect(200);
    assert_eq!(check("dataset = xdr_data | limit 1")["ok"], true);
    assert_eq!(check("dataset = xdr_data | filter nonsense = 1")["ok"], false);
    assert_eq!(check("dataset = xdr_data | filtre x = 1")["ok"], false);
    assert_eq!(check("dataset = no_such_dataset")["ok"], false);
}

#[test]
fn a_mistake_may_carry_its_fix() {
    let host = Host::start();
    let text = "dataset = xdr_data | filter sorce_ip = null";
    let found = host.post("/api/v1/query/check", json!({"query": text})).expect(200);
    let fix = &found["diagnostics"][0]["fix"];
    assert_eq!((&fix["start"], &fix["end"], &fix["text"]), (&json!(28), &json!(36), &json!("source_ip")));
}

#[test]
fn completion_and_hover_know_the_query() {
    let host = Host::start();
    let ask = |path: &str, marked: &str| {
        let offset = marked.find('^').unwrap();
        host.post(path, json!({"query": marked.replace('^', ""), "offset": offset})).expect(200)
    };
    let labels = |marked: &str| -> Vec<String> {
        let found = ask("/api/v1/xql/complete", marked);
        let items = found["items"].as_array().unwrap().iter();
        items.map(|item| item["label"].as_str().unwrap().to_owned()).collect()
    };
    assert!(labels("dataset = ^").contains(&"alerts".to_owned()));
    assert_eq!(
        labels("dataset = xdr_data | comp count() as how_many by source_ip | sort desc how^"),
        ["how_many"]
    );
    let library = json!({"query": "dataset = alerts | limit 1", "about": ""});
    host.send("PUT", "/api/v1/library/one%20alert", &host.local(), Some(&library)).expect(200);
    assert_eq!(labels("call \"one^"), ["one alert"]);
    let found = ask("/api/v1/xql/complete", "dataset = xdr_data | filter source^_ip = 1");
    assert_eq!(
        (&found["start"], &found["end"], &found["items"][0]["kind"]),
        (&json!(28), &json!(34), &json!("field"))
    );
    let text = ask("/api/v1/xql/hover", "dataset = xdr_data | fil^ter a = 1");
    assert!(text["start"] == 21 && text["text"].as_str().unwrap().contains("Keeps the rows"), "{text}");
    assert_eq!(ask("/api/v1/xql/hover", "dataset = xdr_data | limit 1^0")["text"], "");
    let far = json!({"query": "ä", "offset": usize::MAX});
    host.post("/api/v1/xql/complete", far.clone()).expect(200);
    host.post("/api/v1/xql/hover", far).expect(200);
    assert_eq!(host.post("/api/v1/xql/hover", json!({"query": "a"})).status, 400);
}

#[test]
fn a_query_is_explained() {
    let host = Host::start();
    let query = "dataset = alerts | filter severity = \"high\" | comp count() as n";
    let found = host.post("/api/v1/query/explain", json!({"query": query})).expect(200);
    assert_eq!(found["stages"][1]["text"], "filter severity = \"high\"");
    assert_eq!((&found["stages"][2]["added"], &found["ran"]), (&json!(["n"]), &json!(null)));
    assert_eq!(found["scans"][0]["dataset"], "alerts");
    let body = json!({"query": query, "analyze": true, "timeframe": {"last_seconds": 60}});
    let found = host.post("/api/v1/query/explain", body).expect(200);
    assert_eq!((&found["ran"]["rows"], &found["stages"][2]["rows"]), (&json!(1), &json!(1)));
    assert!(found["timeframe"]["from"].is_string());
    let wrong = host.post("/api/v1/query/explain", json!({"query": "dataset = nowhere"})).expect(400);
    assert_eq!(wrong["error"]["diagnostics"][0]["code"], "XQL401");
}

#[test]
fn hostile_queries_are_refused_in_good_order() {
    let host = Host::start();
    let deep = format!("dataset = xdr_data | filter {}1 = 1{}", "(".repeat(20_000), ")".repeat(20_000));
    for query in ["", "|", "\u{0}", "dataset = xdr_data | filter source_ip ~= \"((((\"", deep.as_str()] {
        let reply = host.post("/api/v1/query", json!({"query": query}));
        assert!(reply.status == 400 || reply.status == 200, "{}: {}", reply.status, reply.text);
    }
    let long = "x".repeat(900_000);
    assert_eq!(host.post("/api/v1/query", json!({"query": long})).status, 400);
    let huge = "x".repeat(2 << 20);
    assert_eq!(
        host.post("/api/v1/query", json!({"query": huge})).expect(413)["error"]["code"],
        "body_too_large"
    );
    for body in [
        json!({"query": "dataset = alerts", "limit": 0}),
        json!({"query": 1}),
        json!([]),
        json!({"query": "dataset = alerts", "timeframe": {}}),
        json!({"query": "dataset = alerts", "timeframe": {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}}),
    ] {
        assert_eq!(host.post("/api/v1/query", body).expect(400)["error"]["code"], "bad_request");
    }
}

#[test]
fn the_time_frame_of_the_request_counts() {
    let host = Host::start();
    host.scan();
    let query = "dataset = xdr_data | comp count() as n";
    host.wait(|| (host.rows(query) == [json!([100])]).then_some(()));
    let old = json!({"from": "2001-01-01T00:00:00Z", "to": "2001-01-02T00:00:00Z"});
    let answer = host.post("/api/v1/query", json!({"query": query, "timeframe": old})).expect(200);
    assert_eq!(answer["rows"], json!([[0]]));
    let recent = json!({"query": query, "timeframe": {"last_seconds": 3600}});
    assert_eq!(host.post("/api/v1/query", recent).expect(200)["rows"], json!([[100]]));
}

#[test]
fn datasets_are_described() {
    let host = Host::start();
    let datasets = host.get("/api/v1/datasets");
    let list = datasets["datasets"].as_array().unwrap();
    let names: Vec<&str> = list.iter().map(|dataset| dataset["name"].as_str().unwrap()).collect();
    for name in [
        "alerts",
        "xdr_data",
        "panw_ngfw_threat_raw",
        "panw_ngfw_traffic_raw",
        "vedette_detections",
        "vedette_quarantine",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
    let alerts = list.iter().find(|dataset| dataset["name"] == "alerts").unwrap();
    assert_eq!(alerts["kind"], "current");
    assert!(alerts["fields"].as_array().unwrap().iter().any(|field| field["name"] == "alert_id"
        && field["type"] == "integer"
        && !field["doc"].as_str().unwrap().is_empty()));
}

/// Two clients that hang up in the middle of a query that would go on for years: nothing of it is left.
#[test]
fn a_client_that_hangs_up_frees_its_query() {
    use std::io::Write;
    let host = Host::start();
    host.scan();
    let running = || {
        let text = host.send("GET", "/metrics", &host.local(), None).text;
        let figure = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(name)).unwrap();
            line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()
        };
        (figure("vedette_queries_running "), figure("vedette_query_memory_bytes "))
    };
    let joins: String = (0..6)
        .map(|n| format!(" | join (dataset = xdr_data | fields _time) as a{n} a{n}._time >= _time"))
        .collect();
    let query = format!("dataset = xdr_data | fields _time{joins} | comp count()");
    let body = json!({"query": query}).to_string();
    let mut clients = Vec::new();
    for _ in 0..2 {
        let mut client = std::net::TcpStream::connect(host.server().address()).unwrap();
        let token = host.server().local().token;
        write!(
            client,
            "POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
             X-Vedette-Request: 1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        clients.push(client);
    }
    // Rules of the server run their own.
    host.wait(|| (running().0 >= 2).then_some(()));
    std::thread::sleep(std::time::Duration::from_millis(1000));
    assert!(running().0 >= 2, "both are at work");
    drop(clients);
    let begun = std::time::Instant::now();
    host.wait(|| (running() == (0, 0)).then_some(()));
    println!("let go after {:?}", begun.elapsed());
}
