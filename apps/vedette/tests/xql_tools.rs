//! `vedette xql explain`, `vedette xql lsp` and parameters, through the real binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../../crates/engine/tests/support/mmdb.rs"]
mod mmdb;

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

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

const QUERY: &str =
    "dataset = xdr_data | filter target_port = 445 | comp count() as n by source_ip | sort desc n";

#[test]
fn explain_tells_stages_reads_and_plan_without_data() {
    let output = vedette(&["xql", "explain", QUERY]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let text = out(&output);
    for words in
        ["filter target_port = 445", "2 fields; + n; - ", "Reads", "xdr_data: 2 of ", "Plan", "Aggregate"]
    {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    let output = vedette(&["xql", "explain", QUERY, "--format", "json"]);
    let found: Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(found["stages"][2]["added"], json!(["n"]));
    assert_eq!(found["scans"][0]["dataset"], "xdr_data");
    assert!(found["operators"][0]["depth"] == 0 && found["ran"].is_null() && found["file"].is_null());
}

#[test]
fn explain_reads_files_and_tells_mistakes() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("good.xql"), QUERY).unwrap();
    std::fs::write(path("unknown.xql"), "dataset = my_own | alter a = 1 | fields a").unwrap();
    std::fs::write(path("wrong.xql"), "dataset = xdr_data | filtr a = 1").unwrap();
    let output = vedette(&["xql", "explain", &path("good.xql"), &path("unknown.xql")]);
    assert_eq!(code(&output), 1);
    assert!(
        out(&output).contains("good.xql") && out(&output).contains("alter a = 1  [+ a]"),
        "{}",
        out(&output)
    );
    assert!(err(&output).contains("my_own") && err(&output).contains("--data-dir"), "{}", err(&output));
    let output = vedette(&["xql", "explain", &path("wrong.xql"), "--format", "json"]);
    let found: Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!((code(&output), &found["diagnostics"][0]["fix"]["text"]), (1, &json!("filter")));
    std::fs::write(path("names.xql"), "dataset = my_own | comp count() as n by a | filter m = 1").unwrap();
    let output = vedette(&["xql", "explain", &path("names.xql")]);
    assert!(
        err(&output).contains("no field `m`") && !err(&output).contains("--data-dir"),
        "{}",
        err(&output)
    );
    let two = "dataset = xdr_data | filter source_ipp = \"a\" | comp count() as n by b | filter m = 1";
    let told = err(&vedette(&["xql", "explain", two]));
    for name in ["source_ipp", "`b`", "`m`"] {
        assert!(told.contains(name), "{name} is not in {told}");
    }
    let output = vedette(&["xql", "explain", &path("missing.xql")]);
    assert!(code(&output) == 1 && err(&output).contains("missing.xql"), "{}", err(&output));
}

/// Queries as they stand, as `explain` and `query` take them.
#[test]
fn check_lint_and_fmt_take_a_query_as_it_stands() {
    let output = vedette(&["xql", "check", "dataset = xdr_data | limit 1", "dataset = xdr_data | limt 1"]);
    assert_eq!(code(&output), 1);
    assert!(
        out(&output).contains("the query: ok") && out(&output).contains("did you mean `limit`"),
        "{output:?}"
    );
    let output = vedette(&["xql", "lint", "dataset=a|sort asc b|limit 1", "--format", "json"]);
    let found: Value = serde_json::from_str(&out(&output)).unwrap();
    assert!(found["file"].is_null() && found["ok"] == true, "{found}");
    let output = vedette(&["xql", "fmt", "dataset=a|limit 1"]);
    assert_eq!((code(&output), out(&output).as_str()), (0, "dataset = a\n| limit 1\n"));
    assert_eq!(code(&vedette(&["xql", "fmt", "--check", "dataset=a|limit 1"])), 1);
    let output = vedette(&["xql", "check", "missing.xql"]);
    assert!(code(&output) == 1 && err(&output).contains("missing.xql"), "{output:?}");
}

#[test]
fn explain_analyze_runs_over_the_data_and_parameters_have_values() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data").to_str().unwrap().to_owned();
    let log = folder.path().join("threat.log");
    let line = |number: usize| {
        format!(
            "May  1 10:00:02 fw 1,2026/11/24 08:00:01,007,THREAT,scan,2305,2026/11/24 08:00:0{number},10.0.0.9,10.0.0.5,\
             0.0.0.0,0.0.0.0,r,,,x,vsys1,trust,dmz,e1,e2,fwd,2026/11/24 08:00:01,0,1,0,44{number},0,0,0x0,tcp,alert,,\
             SCAN: TCP Port Scan(8001),any,medium,client-to-server,{number}\n"
        )
    };
    std::fs::write(&log, (1..5).map(line).collect::<String>()).unwrap();
    let ingested = vedette(&["ingest", "--source", "panos", "--data-dir", &data, log.to_str().unwrap()]);
    assert_eq!(code(&ingested), 0, "{}", err(&ingested));
    let query = "dataset = panw_ngfw_threat_raw | filter dest_port > $port | comp count() as n";
    let run =
        |arguments: &[&str]| vedette(&[arguments, &["--data-dir", &data, "--param", "port=442"]].concat());
    let output = run(&["query", query, "--format", "json"]);
    assert_eq!(
        serde_json::from_slice::<Value>(&output.stdout).unwrap(),
        json!([{"n": 2}]),
        "{}",
        err(&output)
    );
    let output = run(&["xql", "explain", query, "--analyze", "--format", "json"]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let found: Value = serde_json::from_str(&out(&output)).unwrap();
    let rows: Vec<u64> =
        found["stages"].as_array().unwrap().iter().map(|one| one["rows"].as_u64().unwrap()).collect();
    assert_eq!((rows, &found["ran"]["rows"]), (vec![4, 2, 1], &json!(1)));
    assert!(found["stages"].as_array().unwrap().iter().all(|one| one["elapsed_ms"].as_f64().unwrap() > 0.0));
    let text = out(&run(&["xql", "explain", query, "--analyze"]));
    assert!(text.contains("[1 fields; + n; - ") && text.contains(" ms up to here]"), "{text}");

    let without = vedette(&["query", query, "--data-dir", &data]);
    assert!(code(&without) == 1 && err(&without).contains("$port"), "{}", err(&without));
    assert_eq!(code(&vedette(&["query", query, "--data-dir", &data, "--param", "port"])), 2);
    let file = folder.path().join("q.xql");
    std::fs::write(&file, query).unwrap();
    let check = |param: &[&str]| vedette(&[&["xql", "check", file.to_str().unwrap()], param].concat());
    assert_eq!((code(&check(&[])), code(&check(&["--param", "port=1"]))), (0, 0));
    let missing = check(&["--param", "other=1"]);
    assert!(code(&missing) == 1 && out(&missing).contains("XQL408"), "{}", out(&missing));
}

/// An editor.
struct Editor {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    next: i64,
}

const URI: &str = "file:///q.xql";

impl Editor {
    fn start(encodings: &[&str]) -> (Editor, Value) {
        let folder = std::env::temp_dir().join("vedette-no-such-folder");
        let mut child = Command::new(env!("CARGO_BIN_EXE_vedette"))
            .args(["xql", "lsp", "--data-dir", folder.to_str().unwrap()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (to, from) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut editor = Editor { child, to, from, next: 0 };
        let general = json!({"positionEncodings": encodings});
        let answer =
            editor.ask("initialize", json!({"processId": null, "capabilities": {"general": general}}));
        editor.tell("initialized", json!({}));
        (editor, answer)
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        write!(self.to, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        self.to.flush().unwrap();
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// The whole answer to a request.
    fn answer(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        loop {
            let message = self.read();
            if message["id"] == id {
                return message;
            }
        }
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        let answer = self.answer(method, params);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    fn read(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.from.read_line(&mut line).unwrap() > 0, "the server left");
            match line.trim().split_once(": ") {
                Some(("Content-Length", value)) => length = value.parse().unwrap(),
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.from.read_exact(&mut body).unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    /// What is published about the text.
    fn published(&mut self) -> Value {
        let message = self.read();
        assert_eq!(message["method"], "textDocument/publishDiagnostics", "{message}");
        message["params"].clone()
    }

    fn open(&mut self, text: &str) -> Value {
        let document = json!({"uri": URI, "languageId": "xql", "version": 1, "text": text});
        self.tell("textDocument/didOpen", json!({"textDocument": document}));
        self.published()
    }

    fn at(line: u32, character: u32) -> Value {
        json!({"textDocument": {"uri": URI}, "position": {"line": line, "character": character}})
    }

    fn close(mut self) -> i32 {
        self.ask("shutdown", Value::Null);
        self.tell("exit", Value::Null);
        self.child.wait().unwrap().code().unwrap()
    }
}

/// A database is named for one run, or lies in the data folder; roles are a lookup.
#[test]
fn places_and_roles_are_what_the_user_has_set() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let record = json!({"city": {"names": {"en": "Rome"}}, "country": {"iso_code": "IT"}});
    let database = mmdb::database("Test-City", &[("192.0.2.0/24", record)]);
    std::fs::write(path("city.mmdb"), &database).unwrap();
    std::fs::write(path("hosts.csv"), "ip,user\n192.0.2.1,Ann\n10.0.0.1,bob\n").unwrap();
    std::fs::write(path("roles.csv"), "asset,role\nann,ADMIN\nann,USER\n").unwrap();
    let data = path("data");
    std::fs::create_dir(&data).unwrap();
    let places = format!("dataset = file(\"{}\") | iploc ip loc_city, loc_country", path("hosts.csv"));
    let ask = |query: &str, more: &[&str]| {
        vedette(&[&["query", "--data-dir", &data, "--format", "json", query], more].concat())
    };
    let without = ask(&places, &[]);
    assert_eq!(code(&without), 0, "{}", err(&without));
    assert!(err(&without).contains("there is no database of places"), "{}", err(&without));
    let wanted = json!([
        {"ip": "192.0.2.1", "user": "Ann", "loc_city": "Rome", "loc_country": "IT"},
        {"ip": "10.0.0.1", "user": "bob", "loc_city": null, "loc_country": null},
    ]);
    let named = ask(&places, &["--places", &path("city.mmdb")]);
    assert_eq!(serde_json::from_str::<Value>(&out(&named)).unwrap(), wanted, "{}", err(&named));
    assert_eq!(err(&named), "");
    std::fs::create_dir(format!("{data}/places")).unwrap();
    std::fs::write(format!("{data}/places/mine.mmdb"), &database).unwrap();
    let found = ask(&places, &[]);
    assert_eq!(serde_json::from_str::<Value>(&out(&found)).unwrap(), wanted, "{}", err(&found));
    let wrong = ask(&places, &["--places", &path("hosts.csv")]);
    assert_eq!(code(&wrong), 3);
    assert!(err(&wrong).contains("hosts.csv: this is no database"), "{}", err(&wrong));

    let kept = format!("dataset = file(\"{}\") | target type = lookup asset_roles", path("roles.csv"));
    let kept = ask(&kept, &[]);
    assert_eq!(code(&kept), 0, "{}", err(&kept));
    let roles = format!("dataset = file(\"{}\") | getrole user | fields asset_roles", path("hosts.csv"));
    let roles = ask(&roles, &[]);
    let wanted = json!([{"asset_roles": ["ADMIN", "USER"]}, {"asset_roles": []}]);
    assert_eq!(serde_json::from_str::<Value>(&out(&roles)).unwrap(), wanted, "{}", err(&roles));
}

#[test]
fn an_editor_is_served() {
    let (mut editor, hello) = Editor::start(&["utf-16"]);
    assert_eq!(hello["capabilities"]["positionEncoding"], "utf-16");
    let text = "dataset = xdr_data\n| filter source_ip == \"🚨\" and source_ip != \"a\"\n| comp count() as n by source_ip";
    let published = editor.open(text);
    let found = published["diagnostics"].as_array().unwrap();
    assert_eq!(found.len(), 1, "{published}");
    assert_eq!((&found[0]["code"], &found[0]["severity"]), (&json!("XQL204"), &json!(1)));
    assert!(found[0]["message"].as_str().unwrap().contains("write a single `=`"));
    let range = &found[0]["range"];
    assert_eq!(range["start"], json!({"line": 1, "character": 19}));

    let asked = json!({"textDocument": {"uri": URI}, "range": range, "context": {"diagnostics": []}});
    let actions = editor.ask("textDocument/codeAction", asked);
    assert_eq!(actions[0]["edit"]["changes"][URI][0]["newText"], "=");
    assert_eq!(
        editor.ask(
            "textDocument/formatting",
            json!({"textDocument": {"uri": URI}, "options": {"tabSize": 4, "insertSpaces": true}})
        ),
        Value::Null
    );

    let items = editor.ask("textDocument/completion", Editor::at(1, 12));
    let first = &items[0];
    assert!(first["label"].as_str().unwrap().starts_with("sou"), "{first}");
    assert_eq!(first["textEdit"]["range"]["start"], json!({"line": 1, "character": 9}));
    let hover = editor.ask("textDocument/hover", Editor::at(2, 8));
    assert!(hover["contents"]["value"].as_str().unwrap().contains("count([field])"), "{hover}");

    let mended = text.replace("==", "=");
    let change = json!({"textDocument": {"uri": URI, "version": 2}, "contentChanges": [{"text": mended}]});
    editor.tell("textDocument/didChange", change);
    let published = editor.published();
    let codes: Vec<&str> = published["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["code"].as_str().unwrap())
        .collect();
    assert!(codes.contains(&"XQL501") && published["version"] == 2, "lint warns: {published}");

    let tokens = editor.ask("textDocument/semanticTokens/full", json!({"textDocument": {"uri": URI}}));
    let data = tokens["data"].as_array().unwrap();
    assert_eq!(data[..5], [0, 0, 7, 0, 0].map(Value::from), "the stage `dataset`");
    assert_eq!(data.len() % 5, 0);
    let edits = editor.ask(
        "textDocument/formatting",
        json!({"textDocument": {"uri": URI}, "options": {"tabSize": 4, "insertSpaces": true}}),
    );
    assert!(edits[0]["newText"].as_str().unwrap().ends_with("by source_ip\n"), "{edits}");

    editor.tell("textDocument/didClose", json!({"textDocument": {"uri": URI}}));
    assert_eq!(editor.published()["diagnostics"], json!([]));
    assert_eq!(editor.ask("textDocument/hover", Editor::at(0, 0)), Value::Null);
    assert_eq!(editor.close(), 0);
}

#[test]
fn an_editor_may_count_bytes_and_say_nonsense() {
    let (mut editor, hello) = Editor::start(&["utf-8", "utf-16"]);
    assert_eq!(hello["capabilities"]["positionEncoding"], "utf-8");
    let published = editor.open("filter a = \"🚨\" and b == 1");
    assert_eq!(published["diagnostics"][0]["range"]["start"]["character"], 24);
    assert_eq!(editor.answer("textDocument/rename", json!({}))["error"]["code"], -32601);
    assert_eq!(editor.answer("textDocument/hover", json!({"position": "x"}))["error"]["code"], -32602);
    editor.tell("textDocument/didOpen", json!({"nonsense": true}));
    for (line, character) in [(0, 9999), (9999, 0), (0, 13), (u32::MAX, u32::MAX)] {
        editor.ask("textDocument/hover", Editor::at(line, character));
        editor.ask("textDocument/completion", Editor::at(line, character));
    }
    assert_eq!(editor.close(), 0);
    // An editor that leaves without a word.
    let (editor, _) = Editor::start(&[]);
    let Editor { mut child, to, from, .. } = editor;
    drop((to, from));
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn files_of_rules_are_checked_and_laid_out() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("acme.xif");
    let path = file.to_str().unwrap();
    std::fs::write(
        &file,
        "[MODEL: dataset=acme_raw]\nalter xdm.source.ipv4=src;\n[RULE:r]\nfilter a == 1;\n",
    )
    .unwrap();
    let wrong = vedette(&["xql", "check", path]);
    assert!(
        code(&wrong) == 1 && out(&wrong).contains("4:10") && out(&wrong).contains("XQL204"),
        "{}",
        out(&wrong)
    );
    assert_eq!(code(&vedette(&["xql", "fmt", path])), 1);
    std::fs::write(&file, "[MODEL: dataset=acme_raw]\nalter xdm.source.ipv4=src;").unwrap();
    for command in ["check", "lint", "fmt"] {
        assert_eq!(code(&vedette(&["xql", command, path])), 0, "{command}");
    }
    let laid_out = "[MODEL: dataset = acme_raw]\nalter xdm.source.ipv4 = src;\n";
    assert_eq!(std::fs::read_to_string(&file).unwrap(), laid_out);

    let (mut editor, _) = Editor::start(&[]);
    let text = "[MODEL: dataset = \"a\"]\nalter xdm.event.type = x";
    let document = json!({"uri": "file:///a.XIF", "languageId": "xif", "version": 1, "text": text});
    editor.tell("textDocument/didOpen", json!({"textDocument": document}));
    let published = editor.published();
    assert_eq!(published["diagnostics"][0]["code"], "XQL116", "{published}");
    assert_eq!(editor.close(), 0);
}
