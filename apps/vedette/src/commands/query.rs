//! `vedette query`: through the server when one runs on the data folder, else straight from it.

use crate::args::{QueryArgs, QueryFormat, ServerArgs};
use crate::client::Client;
use crate::data_dir;
use crate::failure::Failure;
use serde_json::{Value, json};
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use vedette_engine::{Engine, EngineConfig, ErrorKind, LakeCatalog, QueryError, QueryOptions, QueryResult};
use vedette_event::Time;
use vedette_lake::{Lake, LakeConfig};

pub fn run(args: &QueryArgs) -> Result<u8, Failure> {
    let text = match (&args.xql, &args.file) {
        (Some(text), _) => text.clone(),
        (None, Some(path)) => super::read_text(path)?,
        (None, None) => return Err(Failure::Usage("give a query, or -f FILE".to_owned())),
    };
    match Client::find(&args.target)? {
        Some(client) => remote(&client, &text, args),
        None => embedded(&args.target, &text, args),
    }
}

fn remote(client: &Client, text: &str, args: &QueryArgs) -> Result<u8, Failure> {
    let body = json!({"query": text, "limit": args.limit, "timeframe": {"from": "1970-01-01T00:00:00Z", "to": now().plus(86_400_000_000)}});
    let format = match args.format {
        QueryFormat::Table | QueryFormat::Json => "",
        QueryFormat::Ndjson => "?format=ndjson",
        QueryFormat::Csv => "?format=csv",
        QueryFormat::Arrow => "?format=arrow",
        QueryFormat::Parquet => "?format=parquet",
    };
    let mut answer = client.post(&format!("/query{format}"), &body)?;
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

fn embedded(target: &ServerArgs, text: &str, args: &QueryArgs) -> Result<u8, Failure> {
    let dir = data_dir::resolve(target.data_dir.clone());
    let runtime = super::runtime()?;
    if !dir.is_dir() {
        return Err(Failure::Input(format!(
            "there is no data in {}: ingest some, start `vedette up`, or name the folder with --data-dir",
            dir.display()
        )));
    }
    let lake = runtime
        .block_on(Lake::open(LakeConfig::new(&dir)))
        .map_err(|error| Failure::Ours(error.to_string()))?;
    let catalog = LakeCatalog::new(lake);
    let engine = Engine::new(Arc::new(catalog), EngineConfig::default()).map_err(|error| failure(text, error))?;
    let mut options = QueryOptions::at(now());
    options.limits.rows = Some(args.limit);
    let result = runtime.block_on(engine.run(text, options)).map_err(|error| failure(text, error))?;
    write(&result, args.format)?;
    tell_limit(result.limit_hit);
    Ok(0)
}

fn write(result: &QueryResult, format: QueryFormat) -> Result<(), Failure> {
    let mut out = std::io::BufWriter::new(std::io::stdout());
    match format {
        QueryFormat::Table => result.write_table(&mut out, super::table::width())?,
        QueryFormat::Json => result.write_json_rows(&mut out)?,
        QueryFormat::Ndjson => result.write_ndjson(&mut out)?,
        QueryFormat::Csv => result.write_csv(&mut out)?,
        QueryFormat::Arrow => result.write_arrow_ipc(&mut out)?,
        QueryFormat::Parquet => result.write_parquet(&mut out)?,
    }
    out.flush()?;
    Ok(())
}

fn failure(text: &str, error: QueryError) -> Failure {
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let message = if error.diagnostics.is_empty() {
        error.message.clone()
    } else {
        let all = error.diagnostics.iter().map(|one| vedette_xql::render(text, one, None, colour));
        all.collect::<Vec<_>>().join("\n")
    };
    match error.kind {
        ErrorKind::Internal => Failure::Ours(message),
        _ => Failure::Input(message),
    }
}

fn tell_limit(cut: bool) {
    if cut {
        eprintln!("The answer was cut at its row limit: there are more rows (see --limit and the limit stage).");
    }
}

pub fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
