//! `vedette keys`: API keys for clients of the Cortex API, through the server.

use super::table::write_list;
use crate::args::KeysCommand;
use crate::client::Client;
use crate::failure::Failure;
use serde_json::{Value, json};
use std::io::Write;

pub fn run(command: &KeysCommand) -> Result<u8, Failure> {
    let mut out = std::io::stdout().lock();
    match command {
        KeysCommand::List { target, format } => {
            let reply = Client::need(target)?.get("/api-keys")?;
            let columns = ["id", "name", "kind", "role", "created_by", "last_used", "expires_at"];
            write_list(&mut out, &columns, &reply["api_keys"], *format, "No API keys.")?;
        }
        KeysCommand::Create { target, name, kind, role, expires_in_days } => {
            let mut body = json!({"name": name, "kind": kind.as_str(), "role": role.as_str()});
            if let Some(days) = expires_in_days {
                body["expires_in_days"] = json!(days);
            }
            let made = crate::client::json(Client::need(target)?.post("/api-keys", &body)?)?;
            write_made(&mut out, &made)?;
        }
        KeysCommand::Rotate { target, id } => {
            let path = format!("/api-keys/{id}/rotate");
            let made = crate::client::json(Client::need(target)?.post(&path, &json!({}))?)?;
            write_made(&mut out, &made)?;
        }
        KeysCommand::Revoke { target, id } => {
            Client::need(target)?.delete(&format!("/api-keys/{id}"))?;
            writeln!(out, "API key {id} is revoked.")?;
        }
    }
    Ok(0)
}

/// The key alone on standard output, for scripts; the words about it beside.
fn write_made(out: &mut impl Write, made: &Value) -> Result<(), Failure> {
    let word = |value: &Value| super::table::cell(value);
    eprintln!(
        "API key {} ({}, {}). Clients send its number as x-xdr-auth-id. The key is shown this once:",
        word(&made["api_key"]["id"]),
        word(&made["api_key"]["kind"]),
        word(&made["api_key"]["role"])
    );
    Ok(writeln!(out, "{}", word(&made["key"]))?)
}
