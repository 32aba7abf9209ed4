//! `vedette tokens`: tokens for programs, through the server.

use super::channels::write_list;
use super::table::cell;
use crate::args::TokensCommand;
use crate::client::{Client, json};
use crate::failure::Failure;
use serde_json::{Value, json};
use std::io::Write;

pub fn run(command: &TokensCommand) -> Result<u8, Failure> {
    let mut out = std::io::stdout().lock();
    match command {
        TokensCommand::List { target, format } => {
            let all = Value::Array(all(&Client::need(target)?)?);
            let columns = ["id", "name", "role", "created_by", "last_used", "expires_at"];
            write_list(&mut out, &columns, &all, *format, "No tokens.")?;
        }
        TokensCommand::Create { target, name, role, expires_in_days } => {
            let mut body = json!({"name": name, "role": role.as_str()});
            if let Some(days) = expires_in_days {
                body["expires_in_days"] = json!(days);
            }
            let made = json(Client::need(target)?.post("/tokens", &body)?)?;
            // The token alone on standard output, for scripts.
            eprintln!(
                "Token {} ({}), for `Authorization: Bearer` or VEDETTE_TOKEN. It is shown this once:",
                cell(&made["id"]),
                role.as_str()
            );
            writeln!(out, "{}", cell(&made["token"]))?;
        }
        TokensCommand::Revoke { target, id } => {
            Client::need(target)?.delete(&format!("/tokens/{id}"))?;
            writeln!(out, "Token {id} is revoked.")?;
        }
    }
    Ok(0)
}

/// Every page of the list.
fn all(client: &Client) -> Result<Vec<Value>, Failure> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/tokens?limit=500{cursor}"))?;
        all.extend(page["tokens"].as_array().cloned().unwrap_or_default());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(all),
        }
    }
}
