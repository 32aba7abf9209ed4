//! Tables that users make, files in the place of datasets, and queries by name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use vedette_engine::{
    Engine, EngineConfig, ErrorKind, Format, LakeCatalog, QueryError, QueryLimits, QueryOptions, TableKind,
    Tables,
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
        let library = Arc::new(|name: &str| match name.to_lowercase().as_str() {
            "hosts of an owner" => Some("dataset = owners | filter owner = $who | fields host".to_owned()),
            "itself" => Some("call \"Itself\"".to_owned()),
            "broken" => Some("dataset = owners | filer x".to_owned()),
            _ => None,
        });
        let captures = Arc::new(|path: &Path| Err(format!("{}: not a capture file", path.display())));
        let catalog = LakeCatalog::without_lake().with_tables(tables.clone()).with_library(library);
        let catalog = Arc::new(catalog.with_files(captures));
        let config = EngineConfig { threads: 2, ..EngineConfig::default() };
        let engine = Engine::new(catalog, config).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Bench { dir, tables, engine, runtime }
    }

    fn run_with(&self, query: &str, change: impl FnOnce(&mut QueryOptions)) -> Result<String, QueryError> {
        let mut options = QueryOptions { may_store: true, ..QueryOptions::at(NOW) };
        change(&mut options);
        let result = self.runtime.block_on(self.engine.run(query, options))?;
        let mut out = Vec::new();
        result.write_ndjson(&mut out).unwrap();
        Ok(String::from_utf8(out).unwrap().trim().to_owned())
    }

    /// The rows, without the system's fields that the query does not name.
    fn run(&self, query: &str) -> String {
        let rows = self.run_with(query, |_| ()).unwrap_or_else(|error| panic!("{query}: {error}"));
        let bare = |line: &str| {
            let mut row: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap();
            row.retain(|name, _| {
                !["_time", "_insert_time", "_id"].contains(&name.as_str()) || query.contains(name)
            });
            serde_json::Value::Object(row).to_string()
        };
        rows.lines().map(bare).collect::<Vec<_>>().join("\n")
    }

    fn wrong(&self, query: &str) -> (String, &'static str) {
        let error = self.run_with(query, |_| ()).expect_err(query);
        (error.message.clone(), error.diagnostics.first().map_or("", |found| found.code))
    }

    fn import(&self, name: &str, kind: TableKind, append: bool, format: Format, text: &str) -> u64 {
        let done = self.tables.import(name, kind, append, (format, text.as_bytes()), NOW).unwrap();
        assert_eq!(done.refused, Vec::<String>::new());
        done.rows
    }

    fn owners(&self) {
        let csv = "Host,owner,port\nb1,ada,22\na2,bob,80\nc3,ada,443\n";
        self.import("owners", TableKind::Lookup, false, Format::Csv, csv);
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }
}

#[test]
fn a_lookup_keeps_the_order_of_its_rows_and_joins() {
    let bench = Bench::new();
    bench.owners();
    let rows = bench.run("dataset = owners | fields host, port");
    assert_eq!(
        rows,
        "{\"host\":\"b1\",\"port\":22}\n{\"host\":\"a2\",\"port\":80}\n{\"host\":\"c3\",\"port\":443}"
    );
    bench.import("seen", TableKind::Dataset, true, Format::Json, "{\"h\":\"a2\"}\n{\"h\":\"zz\"}");
    let joined =
        "dataset = seen | join type = left (dataset = owners) as o o.host = h | sort asc h | fields h, owner";
    assert_eq!(bench.run(joined), "{\"h\":\"a2\",\"owner\":\"bob\"}\n{\"h\":\"zz\",\"owner\":null}");
    bench.import("owners", TableKind::Lookup, false, Format::Csv, "host\nonly\n");
    assert_eq!(bench.run("dataset = owners"), "{\"host\":\"only\"}", "replaced whole");
}

#[test]
fn a_dataset_grows_columns_and_keeps_types() {
    let bench = Bench::new();
    let add = |text: &str| bench.import("app", TableKind::Dataset, true, Format::Json, text);
    add("{\"ts\":\"2026-01-31T08:00:00Z\",\"user\":\"ada\",\"n\":1}");
    add("{\"ts\":\"2026-01-31T09:00:00Z\",\"user\":7,\"n\":\"x\",\"new\":{\"k\":[1,2]}}");
    let rows = bench.run(
        "dataset = app | sort asc _time | alter second = new -> k[1], whole = _raw_json -> n | fields user, n, second, whole, _time",
    );
    let lines: Vec<&str> = rows.lines().collect();
    assert_eq!(
        lines[0],
        "{\"user\":\"ada\",\"n\":1,\"second\":null,\"whole\":\"1\",\"_time\":\"2026-01-31T08:00:00.000000Z\"}"
    );
    assert!(
        lines[1].starts_with("{\"user\":\"7\",\"n\":null,\"second\":\"2\",\"whole\":\"x\""),
        "{}",
        lines[1]
    );
    let framed = "config timeframe between \"2026-01-31 08:30:00 +0000\" and \"2026-01-31 10:00:00 +0000\" | dataset = app | comp count() as n";
    assert_eq!(bench.run(framed), "{\"n\":1}");
}

#[test]
fn many_small_parts_become_one_and_survive_the_program() {
    let bench = Bench::new();
    for n in 0..70 {
        bench.import(
            "app",
            TableKind::Dataset,
            true,
            Format::Json,
            &format!("{{\"n\":{n},\"f{}\":1}}", n % 3),
        );
    }
    let sum = "dataset = app | comp sum(n) as n, sum(f0) as a, sum(f2) as c";
    assert_eq!(bench.run(sum), "{\"n\":2415,\"a\":24,\"c\":23}");
    let parts = || std::fs::read_dir(bench.dir.path().join("tables/app")).unwrap().count();
    assert!(parts() > 60, "what a query may be reading stays");
    let Bench { dir, tables, engine, .. } = bench;
    drop((tables, engine));
    let again = Bench::open(dir);
    assert_eq!(again.run(sum), "{\"n\":2415,\"a\":24,\"c\":23}");
    assert!(std::fs::read_dir(again.dir.path().join("tables/app")).unwrap().count() < 40);
    assert_eq!(again.tables.list()[0].rows, 70);
}

#[test]
fn target_keeps_the_rows_of_a_query() {
    let bench = Bench::new();
    bench.owners();
    let query = "dataset = owners | filter owner = \"ada\" | alter _time = current_time() | target type = lookup ada_hosts";
    assert_eq!(bench.run(query).lines().count(), 2, "the rows are shown too");
    assert_eq!(
        bench.run("dataset = ada_hosts"),
        "{\"host\":\"b1\",\"owner\":\"ada\",\"port\":22}\n{\"host\":\"c3\",\"owner\":\"ada\",\"port\":443}",
        "a lookup has no _time unless `fields` names it"
    );
    bench.run("dataset = owners | limit 1 | fields owner | target type = lookup append = true ada_hosts");
    assert_eq!(bench.run("dataset = ada_hosts | comp count() as n, count(host) as h"), "{\"n\":3,\"h\":2}");
    bench.run("dataset = owners | comp count() as n by owner | target type = dataset counts");
    bench.run("dataset = owners | comp count() as n by owner | target type = dataset append = true counts");
    assert_eq!(
        bench.run("dataset = counts | comp sum(n) as n by owner | sort asc owner | fields owner, n"),
        "{\"owner\":\"ada\",\"n\":4}\n{\"owner\":\"bob\",\"n\":2}"
    );
    bench.run("dataset = owners | comp count() as n by owner | target type = dataset counts");
    assert_eq!(bench.run("dataset = counts | comp sum(n) as n"), "{\"n\":3}", "replaced");
}

#[test]
fn an_append_that_is_made_once_is_made_once() {
    let bench = Bench::new();
    bench.owners();
    let append = |bench: &Bench, once: &str| {
        let query = "dataset = owners | fields owner | target type = dataset append = true kept";
        bench.run_with(query, |options| options.once = Some(once.to_owned())).unwrap();
        bench.run("dataset = kept | comp count() as n")
    };
    assert_eq!(append(&bench, "window 1"), "{\"n\":3}");
    assert_eq!(append(&bench, "window 1"), "{\"n\":3}");
    assert_eq!(append(&bench, "window 2"), "{\"n\":6}");
    let again = Bench::open(bench.dir);
    assert_eq!(append(&again, "window 2"), "{\"n\":6}", "over a restart");
    let plain = "dataset = owners | fields owner | target type = dataset append = true kept";
    again.run(plain);
    again.run(plain);
    assert_eq!(again.run("dataset = kept | comp count() as n"), "{\"n\":12}", "without a name each time");
}

#[test]
fn target_is_refused_with_a_reason() {
    let bench = Bench::new();
    bench.owners();
    let store = "dataset = owners | target type = lookup mine";
    let error = bench.run_with(store, |options| options.may_store = false).unwrap_err();
    assert_eq!((error.kind, error.diagnostics[0].code), (ErrorKind::Query, "XQL413"));
    assert!(bench.tables.list().iter().all(|table| table.name != "mine"));
    assert_eq!(bench.wrong("dataset = owners | target type = lookup xdr_data").1, "XQL411");
    let (message, code) = bench.wrong("dataset = owners | target type = dataset owners");
    assert_eq!((message.as_str(), code), ("`owners` is a lookup, not a dataset", "XQL411"));
    bench
        .run_with(store, |options| options.limits = QueryLimits { rows: Some(1), ..QueryLimits::default() })
        .unwrap();
    assert_eq!(
        bench.run("dataset = mine | comp count() as n"),
        "{\"n\":3}",
        "the limit is for what is shown"
    );
}

#[test]
fn names_that_are_none_are_refused() {
    let bench = Bench::new();
    for name in ["", "../x", "a-b", "1a", "alerts", "XDR_DATA", "a/b", "é", &"x".repeat(101)] {
        let done = bench.tables.import(name, TableKind::Dataset, true, (Format::Json, b"{\"a\":1}"), NOW);
        assert!(done.is_err_and(|error| error.is_users()), "{name}");
    }
    assert!(!bench.tables.remove("../tables").unwrap() && !bench.tables.remove("nothing").unwrap());
}

#[test]
fn an_append_that_does_not_fit_loses_nothing() {
    let bench = Bench::new();
    bench.owners();
    let wrong = bench.tables.import("owners", TableKind::Dataset, true, (Format::Json, b"{\"a\":1}"), NOW);
    assert!(wrong.unwrap_err().to_string().contains("is a lookup"));
    let wrong = bench.tables.import("owners", TableKind::Lookup, false, (Format::Json, b"[1,"), NOW);
    assert!(wrong.is_err());
    assert_eq!(bench.run("dataset = owners | comp count() as n"), "{\"n\":3}");
}

#[test]
fn files_are_datasets() {
    let bench = Bench::new();
    let json =
        bench.file("a b*.ndjson", "{\"_time\":\"2026-01-31T08:00:00Z\",\"Name\":\"x\",\"n\":2}\n{\"n\":3}\n");
    let query = format!("dataset = file(\"{json}\") | filter n > 2 or name = \"X\" | fields n, _time");
    assert_eq!(
        bench.run(&query),
        "{\"n\":2,\"_time\":\"2026-01-31T08:00:00.000000Z\"}\n{\"n\":3,\"_time\":null}"
    );
    let csv = bench.file("hosts.csv", "host,port\na,22\n");
    assert_eq!(bench.run(&format!("dataset = file(\"{csv}\")")), "{\"host\":\"a\",\"port\":22}");
    let result = bench
        .runtime
        .block_on(bench.engine.run(&format!("dataset = file(\"{csv}\")"), QueryOptions::at(NOW)));
    let path = bench.dir.path().join("Made #1.parquet");
    result.unwrap().write_parquet(&mut std::fs::File::create(&path).unwrap()).unwrap();
    let query = format!("dataset = file(\"{}\") | comp sum(port) as port by host", path.display());
    assert_eq!(bench.run(&query), "{\"host\":\"a\",\"port\":22}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let bench = Bench::new();
    let broken = bench.file("broken.json", "{\"a\":1}\nnonsense\n");
    let fake = bench.file("fake.parquet", "PAR1");
    let other = bench.file("scan.pcap", "no capture");
    for (path, says) in [
        (broken.as_str(), "line 2"),
        (&fake, "fake.parquet"),
        (&other, "not a capture"),
        ("missing.csv", "No such file"),
    ] {
        let (message, code) = bench.wrong(&format!("dataset = file(\"{path}\")"));
        assert_eq!(code, "XQL412");
        assert!(message.contains(says), "{message}");
    }
    assert_eq!(bench.wrong("dataset = file(x)").1, "XQL210");
}

#[test]
fn a_query_of_the_library_is_called_by_name() {
    let bench = Bench::new();
    bench.owners();
    assert_eq!(bench.run("call \"Hosts of an Owner\" who = \"bob\" | limit 5"), "{\"host\":\"a2\"}");
    let (message, code) = bench.wrong("call \"Hosts of an owner\"");
    assert!(message.contains("who") && code == "XQL410", "{code} {message}");
    assert_eq!(bench.wrong("call \"nothing\"").1, "XQL410");
    assert!(bench.wrong("call \"itself\"").0.contains("deep"));
    assert!(bench.wrong("call \"broken\"").0.contains("filer"));
}
