//! `vedette query`: through the server when one runs on the data folder, else straight from it.

use super::answering::with_server;
use crate::args::{QueryArgs, QueryFormat};
use crate::client::Client;
use crate::failure::Failure;
use serde_json::{Value, json};
use std::io::Write;

pub fn run(args: &QueryArgs) -> Result<u8, Failure> {
    let text = match (&args.xql, &args.file) {
        (Some(text), _) => text.clone(),
        (None, Some(path)) => super::read_text(path)?,
        (None, None) => return Err(Failure::Usage("give a query, or -f FILE".to_owned())),
    };
    with_server(&args.target, &text, &args.places, |client| remote(client, &text, args))
}

fn remote(client: &Client, text: &str, args: &QueryArgs) -> Result<u8, Failure> {
    let body = json!({"query": text, "limit": args.limit, "parameters": args.parameters.by_name(), "timeframe": {"from": "1970-01-01T00:00:00Z", "to": super::now().plus(86_400_000_000)}});
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
        if let Some(help) = warning["help"].as_str() {
            eprintln!("  {help}");
        }
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

fn tell_limit(cut: bool) {
    if cut {
        eprintln!(
            "The answer was cut at its row limit: there are more rows (see --limit and the limit stage)."
        );
    }
}
