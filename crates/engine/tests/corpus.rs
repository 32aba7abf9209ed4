//! The real queries of the shared folder, run on datasets made for each of them: what the engine
//! says is missing is added (a dataset, a field), and a field of a type that does not fit gets the
//! type that the message asks for. What is left when nothing more can be added is a failure.
//! Skipped with a message where the folder is absent. `VEDETTE_QUERIES=folder` runs the `.xql` files of a
//! folder instead, to try queries from elsewhere.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use support::{Shape, Table, Tables};
use vedette_engine::{Engine, EngineConfig, QueryError, QueryOptions};
use vedette_event::Time;
use vedette_xql::Diagnostic;

const NOW: Time = Time(1_769_860_800_000_000);

/// Of the queries that parse, this many cannot run, for a reason in the query itself.
const WRONG: &[(&str, &str)] = &[];

fn queries() -> Vec<(String, String)> {
    if let Some(folder) = std::env::var_os("VEDETTE_QUERIES") {
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let own = files.filter(|path| path.extension().is_some_and(|end| end == "xql"));
        let read = |path: PathBuf| (path.display().to_string(), std::fs::read_to_string(&path).unwrap());
        return own.map(read).collect();
    }
    let folder = std::env::var_os("VEDETTE_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let file = folder.join("xql/corpus.jsonl");
    let Ok(lines) = std::fs::read_to_string(&file) else {
        println!("skipped: {} is not there", file.display());
        return Vec::new();
    };
    let row = |line: &str| {
        let row: Json = serde_json::from_str(line).unwrap();
        (row["id"].as_str().unwrap().to_owned(), row["query"].as_str().unwrap().to_owned())
    };
    lines.lines().map(row).collect()
}

#[test]
fn real_queries_plan_and_run() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let only = std::env::var("CASE").unwrap_or_default();
    let (mut ran, mut held_back) = (0, 0);
    let mut failed = Vec::new();
    for (id, query) in queries().into_iter().filter(|(id, _)| id.contains(&only)) {
        if vedette_xql::parse(&query).query.is_none() {
            held_back += 1;
            continue;
        }
        match runtime.block_on(World::new(&query).run()) {
            Ok(()) => ran += 1,
            Err(_) if WRONG.iter().any(|(known, _)| *known == id) => held_back += 1,
            Err(error) => failed.push(format!("{id}: {error}")),
        }
    }
    println!("{ran} queries ran, {held_back} are not understood or held back by what is not supported yet");
    assert!(failed.is_empty(), "{} of the queries failed:\n{}", failed.len(), failed.join("\n"));
}

/// The datasets made for one query.
struct World<'q> {
    query: &'q str,
    datasets: BTreeSet<String>,
    /// Every dataset has every field.
    fields: BTreeMap<String, &'static str>,
    parameters: BTreeMap<String, String>,
    /// Types that were tried for a field.
    tried: BTreeSet<(String, &'static str)>,
}

const TYPES: [&str; 6] = ["string", "integer", "timestamp", "[string]", "boolean", "float"];

impl<'q> World<'q> {
    fn new(query: &'q str) -> World<'q> {
        let fields = [("_time", "timestamp"), ("_insert_time", "timestamp"), ("_id", "string")];
        World {
            query,
            datasets: BTreeSet::from(["xdr_data".to_owned()]),
            fields: fields.into_iter().map(|(name, ty)| (name.to_owned(), ty)).collect(),
            parameters: BTreeMap::new(),
            tried: BTreeSet::new(),
        }
    }

    async fn run(mut self) -> Result<(), String> {
        loop {
            let error = match self.attempt().await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            let mut changed = false;
            for found in error.diagnostics.iter().filter(|found| found.is_error()) {
                changed |= self.mend(found);
            }
            if !changed {
                let places = error.diagnostics.iter().filter(|found| found.is_error());
                let places: Vec<String> = places
                    .map(|found| format!("{} {} at `{}`", found.code, found.message, self.text(found)))
                    .collect();
                return Err(format!("{} {}", error.message, places.join("; ")));
            }
        }
    }

    async fn attempt(&self) -> Result<(), QueryError> {
        let tables: Vec<Table> = self.datasets.iter().map(|name| self.table(name)).collect();
        let catalog = Arc::new(Tables::new(&tables, Shape { dictionaries: true, batch: 2 }));
        let engine = Engine::new(catalog, EngineConfig { threads: 1, ..EngineConfig::default() })?;
        let parameters = self.parameters.clone();
        let options = QueryOptions { parameters, may_store: true, ..QueryOptions::at(NOW) };
        engine.run(self.query, options).await.map(|_| ())
    }

    fn table(&self, name: &str) -> Table {
        let row = |at: usize| self.fields.values().map(|ty| value(ty, at)).collect();
        Table {
            name: name.to_owned(),
            columns: self.fields.iter().map(|(name, ty)| (name.clone(), (*ty).to_owned())).collect(),
            rows: (0..4).map(row).collect(),
        }
    }

    fn text(&self, found: &Diagnostic) -> &'q str {
        self.query.get(found.span.start as usize..found.span.end as usize).unwrap_or("")
    }

    /// Adds or changes what the message asks for; `false` when that was tried before.
    fn mend(&mut self, found: &Diagnostic) -> bool {
        let text = self.text(found);
        match found.code {
            "XQL401" => self.datasets.insert(text.trim_matches(['"', '`', '*']).to_lowercase()),
            "XQL402" => {
                let name = found.message.split('`').nth(1).unwrap_or(text).to_lowercase();
                // In a datamodel query the raw fields go by `dataset.field`.
                let raw = self.datasets.iter().find_map(|set| name.strip_prefix(set)?.strip_prefix('.'));
                let name = raw.map_or(name.clone(), str::to_owned);
                self.fields.insert(name, "string").is_none()
            }
            "XQL403" => self.retype(&found.message, text),
            "XQL408" if text.starts_with('$') => {
                self.parameters.insert(text[1..].to_owned(), "10".to_owned()).is_none()
            }
            _ => false,
        }
    }

    /// The field that the query gives this name, with `as` or by `name = field` alone.
    fn renamed(&self, alias: &str) -> Option<String> {
        let query = self.query.to_lowercase();
        let part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let before = |text: &str| text[text.rfind(|c: char| !part(c)).map_or(0, |at| at + 1)..].to_owned();
        let behind = |text: &str| text.chars().take_while(|c| part(*c)).collect::<String>();
        let named = query.find(&format!(" as {alias}")).map(|at| before(&query[..at]));
        let set = query.find(&format!("{alias} = ")).map(|at| behind(&query[at + alias.len() + 3..]));
        [named, set].into_iter().flatten().find(|name| self.fields.contains_key(name))
    }

    fn retype(&mut self, message: &str, text: &str) -> bool {
        let wanted = [("a timestamp", "timestamp"), ("a number", "integer"), ("an integer", "integer")];
        let hint = wanted.iter().find(|(words, _)| message.contains(words)).map(|(_, ty)| *ty);
        let order: Vec<&'static str> = hint.into_iter().chain(TYPES).collect();
        let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'));
        for word in words.map(str::to_lowercase).filter(|name| !name.starts_with("_time")) {
            // A new name is mostly made of that of the field it stands for.
            let longest = self.fields.keys().filter(|name| word.ends_with(name.as_str()));
            let renamed = self.renamed(word.rsplit('.').next().unwrap_or(&word));
            let longest = longest.max_by_key(|name| name.len()).cloned();
            let Some(name) = renamed.or(longest) else { continue };
            let Some(own) = self.fields.get(&name).copied() else { continue };
            self.tried.insert((name.clone(), own));
            for ty in &order {
                if self.tried.insert((name.clone(), ty)) {
                    self.fields.insert(name, ty);
                    return true;
                }
            }
        }
        false
    }
}

/// The value of a field in one row; null in the last.
fn value(ty: &str, row: usize) -> Json {
    if row == 3 {
        return Json::Null;
    }
    match ty {
        "string" => json!(["10.0.0.1", "{\"a\":{\"b\":[1,\"x\"]}}", "2026-01-31 08:00:00"][row]),
        "integer" => json!(row * 1000),
        "float" => json!(row as f64 / 2.0),
        "boolean" => json!(row == 1),
        "timestamp" => json!(format!("2026-01-31T11:5{row}:00Z")),
        _ => json!(["a", "{\"k\":1}", null]),
    }
}
