//! `vedette selftest`: prints each link of the chain as the server proves it.

use crate::args::ServerArgs;
use crate::client::Client;
use crate::failure::Failure;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};

pub fn run(target: &ServerArgs) -> Result<u8, Failure> {
    let client = Client::need(target)?;
    let answer = client.post("/selftest", &json!({}))?;
    let mut out = std::io::stdout().lock();
    for line in BufReader::new(answer.into_body().into_reader()).lines() {
        let line = line.map_err(|error| Failure::Ours(format!("the self-test broke off: {error}")))?;
        let Ok(value) = serde_json::from_str::<Value>(&line) else { continue };
        if let Some(step) = value.get("step") {
            write_step(&mut out, step)?;
        } else if let Some(result) = value.get("result") {
            writeln!(out, "{}", super::table::cell(&result["message"]))?;
            return Ok(u8::from(result["ok"] != true));
        }
        out.flush()?;
    }
    Err(Failure::Ours("the server ended the self-test without a result".to_owned()))
}

fn write_step(out: &mut impl Write, step: &Value) -> std::io::Result<()> {
    let word = |name: &str| super::table::cell(&step[name]);
    let mark = match step["state"].as_str() {
        Some("ok") => "ok     ",
        Some("broken") => "BROKEN ",
        _ => "skipped",
    };
    writeln!(out, "{mark} {:<26} {:>6} ms  {}", word("title"), word("milliseconds"), word("detail"))?;
    if step["state"] == "broken" {
        writeln!(out, "        likely cause: {}", word("cause"))?;
        writeln!(out, "        fix: {}", word("fix"))?;
    }
    Ok(())
}
