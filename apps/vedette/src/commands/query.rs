//! `vedette query`: through the server when one runs on the data folder, else straight from it.

use crate::args::{QueryArgs, QueryFormat, ServerArgs};
use crate::client::Client;
use crate::data_dir;
use crate::failure::Failure;
use serde_json::{Value, json};
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use vedette_server::{Server, ServerConfig};
use vedette_xql::ast::{Query, Source, Stage, StageKind, UnionWith};

pub fn run(args: &QueryArgs) -> Result<u8, Failure> {
    let text = match (&args.xql, &args.file) {
        (Some(text), _) => text.clone(),
        (None, Some(path)) => super::read_text(path)?,
        (None, None) => return Err(Failure::Usage("give a query, or -f FILE".to_owned())),
    };
    if vedette_xql::parse(&text).query.as_ref().is_some_and(reads_file) {
        return over_files(&args.target, &text, args);
    }
    match Client::find(&args.target)? {
        Some(client) => remote(&client, &text, args),
        None => embedded(existing(&args.target)?, &text, args),
    }
}

/// Whether the query, or one inside it, has `dataset = file(…)`.
fn reads_file(query: &Query) -> bool {
    let inner = |stage: &Stage| match &stage.kind {
        StageKind::Join(join) => reads_file(&join.query),
        StageKind::Union(UnionWith::Query(query)) => reads_file(query),
        _ => false,
    };
    matches!(query.source, Source::File(_)) || query.stages.iter().any(inner)
}

/// Files are read here, whatever server there is. The datasets beside them are those of the data
/// folder, where no server has it open.
fn over_files(target: &ServerArgs, text: &str, args: &QueryArgs) -> Result<u8, Failure> {
    let dir = data_dir::resolve(target.data_dir.clone());
    let taken = target.server.is_some() || Client::find(target)?.is_some();
    if !taken && dir.is_dir() {
        return embedded(dir, text, args);
    }
    let stores =
        |query: &Query| matches!(query.stages.last(), Some(Stage { kind: StageKind::Target(_), .. }));
    if vedette_xql::parse(text).query.as_ref().is_some_and(stores) {
        let way = "stop the server, or send the file with `vedette ingest` or `vedette lookups import`";
        return Err(Failure::Input(format!("a query over files cannot store into a running server: {way}")));
    }
    let folder = tempfile::tempdir().map_err(|error| Failure::Ours(error.to_string()))?;
    embedded(folder.path().to_owned(), text, args)
}

fn existing(target: &ServerArgs) -> Result<PathBuf, Failure> {
    let dir = data_dir::resolve(target.data_dir.clone());
    if dir.is_dir() {
        return Ok(dir);
    }
    Err(Failure::Input(format!(
        "there is no data in {}: ingest some, start `vedette up`, or name the folder with --data-dir",
        dir.display()
    )))
}

fn remote(client: &Client, text: &str, args: &QueryArgs) -> Result<u8, Failure> {
    let body = json!({"query": text, "limit": args.limit, "timeframe": {"from": "1970-01-01T00:00:00Z", "to": super::now().plus(86_400_000_000)}});
    let format = match args.format {
        QueryFormat::Table | QueryFormat::Json => "",
        QueryFormat::Ndjson => "?format=ndjson",
        QueryFormat::Csv => "?format=csv",
        QueryFormat::Arrow => "?format=arrow",
        QueryFormat::Parquet => "?format=parquet",
    };
    let mut answer = client.query(&format!("/query{format}"), text, &body)?;
    let mut out = std::io::stdout().lock();
    if !format.is_empty() {
        let cut = answer.headers().get("x-vedette-limit-hit").is_some();
        std::io::copy(&mut answer.body_mut().as_reader(), &mut out)?;
        tell_limit(cut);
        return Ok(0);
    }
    let reply: Value = answer
        .body_mut()
        .with_config()
        .limit(4 << 30)
        .read_json()
        .map_err(|error| Failure::Ours(format!("the server's answer cannot be read: {error}")))?;
    let names: Vec<&str> = list(&reply, "columns").filter_map(|one| one["name"].as_str()).collect();
    let rows = list(&reply, "rows").filter_map(Value::as_array);
    if args.format == QueryFormat::Json {
        write_objects(&mut out, &names, rows)?;
    } else {
        super::table::write(&mut out, &names, rows)?;
    }
    for warning in list(&reply, "warnings") {
        eprintln!("warning: {}", warning["message"].as_str().unwrap_or_default());
    }
    tell_limit(reply["limit_hit"] == true);
    Ok(0)
}

fn list<'a>(reply: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    reply[name].as_array().into_iter().flatten()
}

/// A JSON array of objects, a row a line.
fn write_objects<'a>(
    out: &mut impl Write,
    names: &[&str],
    rows: impl Iterator<Item = &'a Vec<Value>>,
) -> Result<(), Failure> {
    write!(out, "[")?;
    for (number, row) in rows.enumerate() {
        let object: serde_json::Map<String, Value> =
            names.iter().zip(row).map(|(name, cell)| ((*name).to_owned(), cell.clone())).collect();
        write!(out, "{}{}", if number == 0 { "\n" } else { ",\n" }, Value::Object(object))?;
    }
    writeln!(out, "\n]")?;
    Ok(())
}

/// No server runs there: one without sensor and detection answers this query, and ends.
fn embedded(dir: PathBuf, text: &str, args: &QueryArgs) -> Result<u8, Failure> {
    let mut config = ServerConfig::new(dir);
    config.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    config.detection = None;
    config.files = true;
    let runtime = super::runtime()?;
    let server = runtime.block_on(Server::start(config)).map_err(|error| Failure::Ours(error.to_string()))?;
    let answer = Client::of(&server.local()).and_then(|client| remote(&client, text, args));
    let stopped = runtime.block_on(server.stop());
    stopped.map_err(|error| Failure::Ours(error.to_string()))?;
    answer
}

fn tell_limit(cut: bool) {
    if cut {
        eprintln!(
            "The answer was cut at its row limit: there are more rows (see --limit and the limit stage)."
        );
    }
}
