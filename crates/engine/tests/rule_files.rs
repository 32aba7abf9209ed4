//! Files of rules that users keep: sections `MODEL` behind `datamodel`, sections `INGEST` before storing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use tempfile::TempDir;
use vedette_engine::{
    Engine, EngineConfig, Format, LakeCatalog, QueryOptions, RuleFileError, TableKind, Tables,
};
use vedette_event::Time;

const NOW: Time = Time(1_800_000_000_000_000);

struct Bench {
    dir: TempDir,
    tables: Arc<Tables>,
    engine: Engine,
    runtime: tokio::runtime::Runtime,
}

impl Bench {
    fn new() -> Bench {
        Bench::open(tempfile::tempdir().unwrap())
    }

    fn open(dir: TempDir) -> Bench {
        let tables = Arc::new(Tables::open(&dir.path().join("tables")).unwrap());
        let catalog = Arc::new(LakeCatalog::without_lake().with_tables(tables.clone()));
        let engine = Engine::new(catalog, EngineConfig { threads: 2, ..EngineConfig::default() }).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Bench { dir, tables, engine, runtime }
    }

    fn run(&self, query: &str) -> String {
        let result = self.runtime.block_on(self.engine.run(query, QueryOptions::at(NOW)));
        let result = result.unwrap_or_else(|error| panic!("{query}: {error}"));
        let mut out = Vec::new();
        result.write_ndjson(&mut out).unwrap();
        // Without the system's fields, which results carry along.
        let bare = |line: &str| {
            let mut row: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap();
            row.retain(|name, _| !["_time", "_insert_time", "_id"].contains(&name.as_str()));
            let raw = query.contains("_raw_log");
            row.retain(|name, _| raw || name != "_raw_log");
            serde_json::to_string(&row).unwrap()
        };
        String::from_utf8(out).unwrap().lines().map(bare).collect::<Vec<_>>().join(" ")
    }

    /// Rows stored, refused and dropped.
    fn import(&self, name: &str, format: Format, text: &str) -> Result<(u64, u64, u64), String> {
        let done = self.engine.import(&self.tables, name.to_owned(), (format, text.as_bytes().to_vec()), NOW);
        let done = self.runtime.block_on(done).map_err(|error| error.to_string())?;
        Ok((done.rows, done.refused.len() as u64, done.dropped))
    }

    fn keep(&self, name: &str, text: &str) -> Result<(), String> {
        self.tables.rules().keep(name, text).map(drop).map_err(|error| match error {
            RuleFileError::Wrong { file, diagnostics, .. } => format!("{file}: {}", diagnostics[0].message),
            other => other.to_string(),
        })
    }
}

const LOGINS: &str = r#"{"who":"Ann","from":"10.0.0.1","ok":true}
{"who":"Bob","from":"10.0.0.2","ok":false}
"#;

#[test]
fn a_model_makes_a_dataset_part_of_the_data_model() {
    let bench = Bench::new();
    bench.import("app_logins_raw", Format::Json, LOGINS).unwrap();
    bench
        .keep(
            "logins",
            "[CONST]\nWORD = \"login\";\n[RULE: names]\nalter xdm.source.user.username = lowercase(who);\n\
             [MODEL: dataset = app_logins_raw]\ncall names | alter xdm.source.ipv4 = from, xdm.event.type = $WORD;\n",
        )
        .unwrap();
    let query = "datamodel dataset = app_logins_raw | sort asc xdm.source.user.username \
                 | fields xdm.source.user.username, xdm.source.ipv4, xdm.event.type, xdm.target.ipv4";
    let rows = bench.run(query);
    assert_eq!(rows.matches("\"xdm.event.type\":\"login\"").count(), 2, "{rows}");
    assert!(rows.contains("\"xdm.source.user.username\":\"ann\""), "{rows}");
    assert!(rows.contains("\"xdm.source.ipv4\":\"10.0.0.2\""), "{rows}");
    let all = bench.run("datamodel | filter xdm.event.type = \"login\" | comp count() as n");
    assert_eq!(all, r#"{"n":2}"#);

    // Statements stand side by side: each has the rows that it lets through.
    bench
        .keep(
            "logins",
            "[MODEL: dataset = app_logins_raw]\nfilter ok | alter xdm.event.outcome = \"SUCCESS\";\n\
             filter not ok | alter xdm.event.outcome = \"FAILED\";\n",
        )
        .unwrap();
    let query = "datamodel dataset = app_logins_raw | comp count() as n by xdm.event.outcome | sort asc xdm.event.outcome";
    assert_eq!(
        bench.run(query),
        r#"{"xdm.event.outcome":"FAILED","n":1} {"xdm.event.outcome":"SUCCESS","n":1}"#
    );
    assert!(bench.tables.rules().remove("logins").unwrap());
    assert!(!bench.tables.rules().remove("logins").unwrap());
}

/// What a collector leaves out never comes to the sections INGEST, and what it makes is there for them.
#[test]
fn collectors_come_first() {
    let bench = Bench::new();
    bench
        .keep(
            "shop",
            "[INGEST: vendor = acme, product = shop, target_dataset = acme_shop_raw, no_hit = drop]\n\
             filter kind = \"order\" | alter number = to_integer(arrayindex(split(_raw_log, \" \"), 1));\n\
             [COLLECT: vendor = acme, product = shop, no_hit = drop]\n\
             filter _raw_log not contains \"debug\" | alter kind = arrayindex(split(_raw_log, \" \"), 0);\n",
        )
        .unwrap();
    assert_eq!(bench.tables.rules().list()[0].ingests, ["acme_shop_raw"]);
    let text = "order 17 came\norder 3 debug\nnoise of others\norder 4 went\n";
    assert_eq!(bench.import("acme_shop_raw", Format::Lines, text), Ok((2, 0, 2)), "one left out by each");
    let query = "dataset = acme_shop_raw | sort asc number | fields number, kind";
    assert_eq!(bench.run(query), r#"{"number":4,"kind":"order"} {"number":17,"kind":"order"}"#);

    // A collector alone, which keeps what its rules do not let through.
    bench.keep("shop", "[COLLECT: vendor = acme, product = shop, no_hit = keep]\nfilter _raw_log contains \"a\" | alter mark = 1;\n").unwrap();
    assert_eq!(bench.import("acme_shop_raw", Format::Lines, "aa\nbb\n"), Ok((2, 0, 0)));
    let rows = bench
        .run("dataset = acme_shop_raw | filter number = null | sort asc _raw_log | fields _raw_log, mark");
    assert_eq!(rows, r#"{"_raw_log":"aa","mark":1} {"_raw_log":"bb","mark":null}"#);
}

#[test]
fn rows_go_through_the_rules_of_their_dataset() {
    let bench = Bench::new();
    bench
        .keep(
            "shop",
            "[INGEST: vendor = acme, product = shop, target_dataset = acme_shop_raw, no_hit = drop]\n\
             filter _raw_log contains \"order\" | alter number = to_integer(arrayindex(regextract(_raw_log, \"order (\\d+)\"), 0));\n",
        )
        .unwrap();
    let text = "order 17 came\nnoise\norder 4 went\n";
    assert_eq!(bench.import("acme_shop_raw", Format::Lines, text), Ok((2, 0, 1)));
    let query = "dataset = acme_shop_raw | sort asc number | fields number, _raw_log";
    assert_eq!(
        bench.run(query),
        r#"{"number":4,"_raw_log":"order 4 went"} {"number":17,"_raw_log":"order 17 came"}"#
    );
    // Ids stay one for each row.
    assert_eq!(bench.run("dataset = acme_shop_raw | comp count_distinct(_id) as n"), r#"{"n":2}"#);

    // What no statement lets through stays as it came, and `drop` leaves out.
    bench
        .keep(
            "visits",
            "[INGEST: vendor = acme, product = web, target_dataset = acme_web_raw, no_hit = keep]\n\
             filter code >= 500 | alter class = \"bad\";\n",
        )
        .unwrap();
    let csv = "path,code\n/a,200\n/b,503\n";
    assert_eq!(bench.import("acme_web_raw", Format::Csv, csv), Ok((2, 0, 0)));
    assert_eq!(
        bench.run("dataset = acme_web_raw | sort asc path | fields path, class"),
        r#"{"path":"/a","class":null} {"path":"/b","class":"bad"}"#
    );
    // Other datasets are as they were.
    assert_eq!(bench.import("plain", Format::Json, LOGINS), Ok((2, 0, 0)));
}

#[test]
fn a_wrong_file_changes_nothing() {
    let bench = Bench::new();
    let head = "[INGEST: vendor = a, product = b, target_dataset = a_b_raw, no_hit = keep]\n";
    for (rules, words) in [
        ("filter x == = 1;", "wrong: "),
        ("call nowhere;", "no file has a rule `nowhere`"),
        ("alter x = $NOTHING;", "no section CONST sets $NOTHING"),
        ("alter _id = \"1\";", "cannot be set"),
        ("comp count() as n;", "wrong: "),
    ] {
        let error = bench.keep("wrong", &format!("{head}{rules}\n")).unwrap_err();
        assert!(error.contains(words), "{rules}: {error}");
    }
    assert_eq!(
        bench.keep("../up", "[CONST]\nA = 1;\n").unwrap_err(),
        "`../up` is no name for a file of rules: it takes 1 to 100 letters, digits and underscores"
    );
    assert!(bench.tables.rules().list().is_empty());
    let shaped = bench.keep("late", &format!("{head}alter y = add(x, 1);\n"));
    shaped.unwrap();
    let model = "[MODEL: dataset = a_b_raw]\nalter xdm.event.type = \"a\";\n";
    bench.keep("model", model).unwrap();
    let twice = bench.keep("second", model).unwrap_err();
    assert_eq!(twice, "second: the file `model` has a section MODEL for `a_b_raw` already");
    // Rules meet fields they do not fit only when rows come: nothing is stored then.
    let error = bench.import("a_b_raw", Format::Json, r#"{"x":{"y":1}}"#);
    if let Err(error) = error {
        assert!(error.contains("(file `late`) cannot be carried out"), "{error}");
        assert!(bench.tables.list().is_empty());
    }
}

#[test]
fn files_are_there_after_a_new_start() {
    let bench = Bench::new();
    bench.keep("Base", "[RULE: lower]\nalter who = lowercase(who);\n").unwrap();
    bench.keep("top", "[MODEL: dataset = a_b_raw]\ncall lower | alter xdm.event.type = who;\n").unwrap();
    let needed = bench.tables.rules().remove("base").unwrap_err();
    assert!(matches!(needed, RuleFileError::Wrong { file, .. } if file == "top"));
    bench.tables.import("a_b_raw", TableKind::Dataset, true, (Format::Json, LOGINS.as_bytes()), NOW).unwrap();
    let Bench { dir, tables, engine, .. } = bench;
    drop((tables, engine));
    // A file that was harmed is left out, and the others stay.
    std::fs::write(dir.path().join("tables/.rules/harmed.xif"), "[MODEL: dataset = c_raw]\ncall nowhere;\n")
        .unwrap();
    let bench = Bench::open(dir);
    let list = bench.tables.rules().list();
    assert_eq!(list.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["base", "top"]);
    assert_eq!(list[0].rules, ["lower"]);
    assert_eq!(list[1].models, ["a_b_raw"]);
    assert_eq!(bench.tables.list().len(), 1);
    let rows = bench.run("datamodel dataset = a_b_raw | filter xdm.event.type = \"ann\" | comp count() as n");
    assert_eq!(rows, r#"{"n":1}"#);
}
