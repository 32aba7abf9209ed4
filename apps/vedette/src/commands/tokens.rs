//! `vedette tokens`: tokens for programs, through the server.

use super::table::{cell, write_list};
use crate::args::TokensCommand;
use crate::client::{Client, json};
use crate::failure::Failure;
use serde_json::json;
use std::io::Write;

pub fn run(command: &TokensCommand) -> Result<u8, Failure> {
    let mut out = std::io::stdout().lock();
    match command {
        TokensCommand::List { target, format } => {
            let all = Client::need(target)?.all("tokens")?;
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
