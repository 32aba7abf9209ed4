//! The manual's chapter on the language, docs/xql.md: made from the tables of the language that completion
//! uses too, with the results that the engine gives for their examples. `UPDATE=1` writes it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use serde_json::Value as Json;
use std::fmt::Write;
use std::sync::Arc;
use support::{Shape, Table, Tables};
use vedette_engine::{
    Catalog, DatasetFields, Engine, EngineConfig, LakeCatalog, QueryError, QueryOptions, QueryResult, Target,
};
use vedette_event::Time;
use vedette_xql::examples::{SAMPLES, Sample, of_function, of_stage};
use vedette_xql::functions::{FUNCTIONS, Function, Kind, Type};
use vedette_xql::stages::{Place, STAGES, StageInfo, settings};

/// Now, for all examples: 2026-01-31T12:00:00Z.
const NOW: Time = Time(1_769_860_800_000_000);

/// The datasets of the examples, and the built-in ones without rows.
struct Names {
    samples: Tables,
    built_in: LakeCatalog,
}

impl Catalog for Names {
    fn datasets(&self) -> Vec<DatasetFields> {
        [self.samples.datasets(), self.built_in.datasets()].concat()
    }

    fn provider(
        &self,
        name: &str,
    ) -> Result<Option<Arc<dyn datafusion::catalog::TableProvider>>, QueryError> {
        match self.samples.provider(name)? {
            Some(table) => Ok(Some(table)),
            None => self.built_in.provider(name),
        }
    }

    fn library_query(&self, name: &str) -> Option<String> {
        let query = "dataset = visits | filter host = $host | comp count() as visits";
        match name {
            "visits of a host" => Some(query.to_owned()),
            "in kilobytes" => Some("alter kilobytes = divide(${of}, 1000)".to_owned()),
            _ => None,
        }
    }

    fn store(&self, _: &Target, _: &QueryResult, _: (Time, Option<&str>)) -> Result<(), QueryError> {
        Ok(())
    }
}

struct Manual {
    engine: Engine,
    runtime: tokio::runtime::Runtime,
    page: String,
}

impl Manual {
    fn new() -> Manual {
        let tables: Vec<Table> = SAMPLES.iter().map(table).collect();
        let samples = Tables::new(&tables, Shape { dictionaries: true, batch: 100 });
        let names = Names { samples, built_in: vedette_engine::empty_catalog() };
        let config = EngineConfig { threads: 1, ..EngineConfig::default() };
        Manual {
            engine: Engine::new(Arc::new(names), config).unwrap(),
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
            page: String::new(),
        }
    }

    /// Names of the columns, and the cells of each row as JSON.
    fn run(&self, query: &str) -> (Vec<String>, Vec<Vec<Json>>) {
        let result = self
            .runtime
            .block_on(self.engine.run(query, QueryOptions { may_store: true, ..QueryOptions::at(NOW) }));
        let result = result.unwrap_or_else(|error| panic!("{query}: {error:?}"));
        let names = result.columns().iter().map(|column| column.name.clone()).collect();
        let mut out = Vec::new();
        result.write_ndjson(&mut out).unwrap();
        let row = |line: &str| {
            let row: serde_json::Map<String, Json> = serde_json::from_str(line).unwrap();
            row.into_iter().map(|(_, cell)| cell).collect()
        };
        (names, String::from_utf8(out).unwrap().lines().map(row).collect())
    }

    fn say(&mut self, text: &str) {
        writeln!(self.page, "{text}").unwrap();
    }

    fn table(&mut self, names: &[String], rows: &[Vec<Json>]) {
        self.say(&format!("| {} |", names.join(" | ")));
        self.say(&format!("|{}", "---|".repeat(names.len())));
        for row in rows {
            let cells: Vec<String> = row.iter().map(cell).collect();
            self.say(&format!("| {} |", cells.join(" | ")));
        }
        if rows.is_empty() {
            self.say("\n(no rows)");
        }
    }

    fn query(&mut self, query: &str) {
        let shown = vedette_xql::format(query).unwrap();
        self.say(&format!("\n```xql\n{}\n```\n", shown.trim_end()));
        let (names, rows) = self.run(query);
        self.table(&names, &rows);
    }

    fn stage(&mut self, info: &StageInfo) {
        self.say(&format!("\n### {}\n\n{}\n\nForm: `{}`", info.name, info.doc, info.form));
        if !settings::of(info.name).is_empty() {
            self.say("");
        }
        for setting in settings::of(info.name) {
            let values = setting.values.join("`, `");
            let values = if values.is_empty() { values } else { format!(" For example `{values}`.") };
            self.say(&format!("- `{}`: {}{values}", setting.name, setting.doc));
        }
        of_stage(info.name).iter().for_each(|query| self.query(query));
    }

    fn function(&mut self, function: &Function) {
        let example = of_function(function.name).unwrap();
        let (example, result) = if function.kind == Kind::Scalar {
            let (_, rows) = self.run(&format!("dataset = one | alter r = {example} | fields r"));
            (example.to_owned(), cell(&rows[0][0]))
        } else {
            let (names, rows) = self.run(&format!("dataset = visits | {example}"));
            let shown = rows.iter().map(|row| {
                let named = names.iter().zip(row).filter(|(name, _)| *name != "_time");
                named.map(|(name, one)| format!("{name} {}", cell(one))).collect::<Vec<_>>().join(", ")
            });
            (example.to_owned(), shown.collect::<Vec<_>>().join("; "))
        };
        let doc = format!("{}{}", function.doc, choices(function));
        self.say(&format!(
            "| `{}` | {} | {} | `{}` | {result} |",
            code(&function.signature()),
            type_name(function.result),
            escaped(&doc),
            code(&example)
        ));
    }

    fn functions(&mut self, title: &str, intro: &str, fits: impl Fn(Kind) -> bool) {
        self.say(&format!("\n## {title}\n\n{intro}\n"));
        self.say("| form | gives | what it does | example | result |\n|---|---|---|---|---|");
        FUNCTIONS.iter().filter(|function| fits(function.kind)).for_each(|function| self.function(function));
    }
}

fn table(sample: &Sample) -> Table {
    Table {
        name: sample.name.to_owned(),
        columns: sample.columns.iter().map(|(name, ty)| ((*name).to_owned(), (*ty).to_owned())).collect(),
        rows: sample.rows.iter().map(|row| serde_json::from_str(row).unwrap()).collect(),
    }
}

/// A value in a cell of a table.
fn cell(value: &Json) -> String {
    match value {
        Json::String(text) if text.is_empty() => "(empty text)".to_owned(),
        Json::String(text) => escaped(text),
        other => escaped(&other.to_string()),
    }
}

fn escaped(text: &str) -> String {
    code(text).replace('*', "\\*")
}

/// In back-quotes only the bar of the table needs care.
fn code(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn choices(function: &Function) -> String {
    let lists = function.params.iter().filter_map(|param| match param.ty {
        Type::Choice(choices) => Some(format!(" `{}`: {}.", param.name, choices.join(", "))),
        _ => None,
    });
    lists.collect()
}

fn type_name(ty: Type) -> &'static str {
    match ty {
        Type::Same => "as given",
        Type::Boolean | Type::Condition => "boolean",
        Type::Integer => "integer",
        Type::Float => "float",
        Type::Number => "number",
        Type::Timestamp => "timestamp",
        Type::Array => "array",
        Type::Json => "JSON text",
        Type::Any => "any",
        _ => "string",
    }
}

#[test]
fn the_chapter_on_the_language_is_current() {
    let mut manual = Manual::new();
    manual.say(
        "# XQL, the language\n\nThe stages, functions and operators that Vedette runs, each with an example and what the \
         example gives.\nMade from the tables in `crates/xql/src`; every example was run for it. Where Vedette differs \
         from Cortex, or\nwhere it is not established what Cortex does, is in differences-from-cortex.md; what \
         `vedette xql lint` warns of in lint.md.\n\n\
         A query is a source and stages behind it, with `|` between them. `config` may stand before the source, and \
         without a source\n`xdr_data` is read. Names and words are the same in upper and lower case. Comments are \
         `// to the end of the line` and `/* … */`.\nThe examples are run at 2026-01-31T12:00:00Z.",
    );
    manual.say("\n## The rows of the examples");
    for sample in SAMPLES.iter().filter(|sample| sample.name != "one") {
        manual.say(&format!("\n`{}`\n", sample.name));
        let (names, rows) = manual.run(&format!("dataset = {}", sample.name));
        manual.table(&names, &rows);
    }
    manual.say("\n## Sources and settings");
    STAGES.iter().filter(|info| info.place != Place::Pipe).for_each(|info| manual.stage(info));
    manual.say("\n## Stages");
    STAGES.iter().filter(|info| info.place == Place::Pipe).for_each(|info| manual.stage(info));
    manual.say("\n## Operators\n");
    manual.say("`=`, `!=`, `<`, `<=`, `>`, `>=` compare; `*` in a text behind `=` or `!=` stands for any run of characters.");
    manual.say("`~=` and `!~=` look for a regular expression. `->` reaches into JSON: `text -> key.inner[0]`, `-> list[]` as an array, `-> part{}` as JSON.\n");
    for (name, doc) in vedette_xql::assist::operators() {
        manual.say(&format!("- `{name}`: {doc}"));
    }
    manual.functions("Functions", "In `alter`, `filter` and wherever a value may stand.", |kind| {
        kind == Kind::Scalar
    });
    manual.functions("Aggregates", "In `comp`; the examples read `visits`.", Kind::is_aggregate);
    let window = |kind: Kind| kind == Kind::Window;
    let intro = "In `windowcomp`, beside the aggregates `avg`, `count`, `max`, `median`, `min`, `stddev_population`, `stddev_sample` and `sum`.";
    manual.functions("Window functions", intro, window);
    manual.say("\n## Codes of messages\n\n| code | meaning |\n|---|---|");
    for code in vedette_xql::codes::CODES {
        manual.say(&format!("| {} | {} |", code.code, escaped(code.meaning)));
    }

    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/xql.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &manual.page).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == manual.page, "docs/xql.md is not what the tables say: run this test with UPDATE=1");
}
