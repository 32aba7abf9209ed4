//! `vedette lookups` and `vedette library`: what users keep beside the logs, through the server.

use crate::args::{LibraryCommand, ListFormat, LookupsCommand, ModelsCommand};
use crate::client::Client;
use crate::failure::Failure;
use serde_json::{Value, json};
use std::fs::File;
use std::io::Write;

pub fn lookups(command: &LookupsCommand) -> Result<u8, Failure> {
    let mut out = std::io::stdout().lock();
    match command {
        LookupsCommand::List { target } => {
            let reply = Client::need(target)?.get("/tables")?;
            let columns = ["name", "kind", "rows", "bytes", "updated"];
            write_rows(&mut out, &columns, &reply["tables"], "No lookups and no datasets of your own.")?;
        }
        LookupsCommand::Import { target, name, file, append } => {
            let client = Client::need(target)?;
            let path = format!(
                "/lookups/{}?format={}&append={append}",
                encode(name),
                super::ingest::format_of(file)?
            );
            let mut input =
                File::open(file).map_err(|error| Failure::Input(format!("{}: {error}", file.display())))?;
            let report = client.put_file(&path, &mut input)?;
            return super::ingest::tell_upload(name, &report);
        }
        LookupsCommand::Remove { target, name } => {
            Client::need(target)?.delete(&format!("/tables/{}", encode(name)))?;
            writeln!(out, "{name} is removed.")?;
        }
    }
    Ok(0)
}

pub fn library(command: &LibraryCommand) -> Result<u8, Failure> {
    let mut out = std::io::stdout().lock();
    match command {
        LibraryCommand::List { target } => {
            let reply = Client::need(target)?.get("/library")?;
            let columns = ["name", "about", "updated_by", "updated_at"];
            write_rows(&mut out, &columns, &reply["queries"], "The library is empty.")?;
        }
        LibraryCommand::Show { target, name } => {
            let reply = Client::need(target)?.get("/library")?;
            let same =
                |query: &&Value| query["name"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(name));
            let found = reply["queries"].as_array().into_iter().flatten().find(same);
            let found = found.ok_or_else(|| Failure::Input(format!("the library has no query {name:?}")))?;
            writeln!(out, "{}", found["query"].as_str().unwrap_or_default().trim_end())?;
        }
        LibraryCommand::Save { target, name, file, about } => {
            let text = super::read_text(file)?;
            let body = json!({"query": text, "about": about});
            Client::need(target)?.put(&format!("/library/{}", encode(name)), &text, &body)?;
            writeln!(out, "Kept; run it with: call {name:?}")?;
        }
        LibraryCommand::Remove { target, name } => {
            Client::need(target)?.delete(&format!("/library/{}", encode(name)))?;
            writeln!(out, "{name} is removed.")?;
        }
    }
    Ok(0)
}

pub fn models(command: &ModelsCommand) -> Result<u8, Failure> {
    let mut out = std::io::stdout().lock();
    match command {
        ModelsCommand::List { target } => {
            let reply = Client::need(target)?.get("/models")?;
            let columns = ["name", "models", "ingests", "rules", "bytes"];
            write_rows(&mut out, &columns, &reply["files"], "No files of rules.")?;
        }
        ModelsCommand::Show { target, name } => {
            let found = Client::need(target)?.get(&format!("/models/{}", encode(name)))?;
            writeln!(out, "{}", found["text"].as_str().unwrap_or_default().trim_end())?;
        }
        ModelsCommand::Add { target, name, file } => {
            let text = super::read_text(file)?;
            let path = format!("/models/{}", encode(name));
            let kept = Client::need(target)?.put_file(&path, &mut text.as_bytes())?;
            let list = |key: &str| super::table::cell(&kept[key]);
            writeln!(out, "Kept; models of {}, rows of {}.", list("models"), list("ingests"))?;
        }
        ModelsCommand::Remove { target, name } => {
            Client::need(target)?.delete(&format!("/models/{}", encode(name)))?;
            writeln!(out, "{name} is removed.")?;
        }
    }
    Ok(0)
}

fn write_rows(out: &mut impl Write, columns: &[&str], list: &Value, none: &str) -> Result<(), Failure> {
    super::table::write_list(out, columns, list, ListFormat::Table, none)
}

fn encode(text: &str) -> String {
    crate::client::encode(text).replace('/', "%2F")
}
