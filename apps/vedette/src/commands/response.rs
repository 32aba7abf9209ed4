//! `vedette response`: cutting sources off, through the server.

mod follow;

use super::table::cell;
use crate::args::{BlockArgs, ListFormat, ResponseCommand, ServerArgs, Switch, TextOrJson};
use crate::client::{Client, json};
use crate::data_dir;
use crate::failure::Failure;
use serde_json::{Value, json};
use std::io::Write;

pub fn run(command: &ResponseCommand) -> Result<u8, Failure> {
    let mut out = std::io::stdout().lock();
    match command {
        ResponseCommand::Status { target, format } => {
            let status = Client::need(target)?.get("/response")?;
            match format {
                TextOrJson::Json => writeln!(out, "{status}")?,
                TextOrJson::Text => write_status(&mut out, &status)?,
            }
        }
        ResponseCommand::List { target, all, format } => {
            let reply = Client::need(target)?.get(&format!("/response/blocks?all={all}"))?;
            list(&mut out, &reply["blocks"], *format)?;
        }
        ResponseCommand::Block(args) => return block(&mut out, args),
        ResponseCommand::Undo { target, block } => {
            let client = Client::need(target)?;
            let ended = client.delete_told(&format!("/response/blocks/{}", number(&client, block)?))?;
            writeln!(out, "{} is no longer blocked.", cell(&ended["address"]))?;
        }
        ResponseCommand::Follow(args) => {
            drop(out);
            return follow::run(args);
        }
        ResponseCommand::Clear { target } => clear(&mut out, target)?,
        ResponseCommand::Set { target, on, off, never_block, automatic, min_severity, span } => {
            let client = Client::need(target)?;
            let mut edit = json!({});
            if *on || *off {
                edit["enabled"] = json!(on);
            }
            if let Some(list) = never_block {
                let networks: Vec<&str> =
                    list.split(',').map(str::trim).filter(|one| !one.is_empty()).collect();
                edit["never_block"] = json!(networks);
            }
            if let Some(switch) = automatic {
                let mut policy = client.get("/response")?["policy"]["automatic"].take();
                policy["enabled"] = json!(*switch == Switch::On);
                if let Some(word) = min_severity {
                    policy["min_severity"] = json!(word);
                }
                if let Some(span) = span {
                    policy["seconds"] = json!(span.0);
                }
                edit["automatic"] = policy;
            }
            if edit == json!({}) {
                return Err(Failure::Usage(
                    "say what to change: --on, --off, --never-block or --automatic".to_owned(),
                ));
            }
            write_status(&mut out, &client.patch("/response", &edit)?)?;
        }
    }
    Ok(0)
}

fn write_status(out: &mut impl Write, status: &Value) -> std::io::Result<()> {
    let policy = &status["policy"];
    let word = |on: &Value| if *on == true { "on" } else { "off" };
    writeln!(out, "Response is {}.", word(&policy["enabled"]))?;
    if status["ready"] == false {
        writeln!(out, "No source can be blocked: {} {}", cell(&status["reason"]), cell(&status["help"]))?;
    }
    let automatic = &policy["automatic"];
    writeln!(
        out,
        "By itself: {} (confirmed scans of severity {} and above, for {} s).",
        word(&automatic["enabled"]),
        cell(&automatic["min_severity"]),
        automatic["seconds"]
    )?;
    writeln!(out, "Blocked now: {}. Hook command: {}.", status["blocks"], word(&status["hook"]))?;
    for host in status["followers"].as_array().into_iter().flatten() {
        let count = |name: &str| host[name].as_array().map_or(0, Vec::len);
        let trouble =
            if host["trouble"].is_null() { String::new() } else { format!("; {}", cell(&host["trouble"])) };
        writeln!(
            out,
            "Also on {} ({}): {} blocked, {} spared, last heard of {}{trouble}",
            cell(&host["host"]),
            cell(&host["address"]),
            count("blocked"),
            count("spared"),
            cell(&host["last_seen"])
        )?;
    }
    writeln!(out, "Never blocked:")?;
    writeln!(out, "  as set         {}", cell(&policy["never_block"]))?;
    for (title, name) in [("this host", "own"), ("its routers", "routers"), ("its resolvers", "resolvers")] {
        writeln!(out, "  {title:<14} {}", cell(&status["spared"][name]))?;
    }
    writeln!(out, "  also loopback, approved scanners, and wherever somebody used Vedette within a day")?;
    if !status["last_error"].is_null() {
        writeln!(out, "Latest trouble: {}", cell(&status["last_error"]))?;
    }
    Ok(())
}

fn list(out: &mut impl Write, blocks: &Value, format: ListFormat) -> Result<(), Failure> {
    let columns = ["id", "address", "alert_id", "reason", "created_by", "expires_at", "ending"];
    super::table::write_list(out, &columns, blocks, format, "No source is blocked.")
}

fn block(out: &mut impl Write, args: &BlockArgs) -> Result<u8, Failure> {
    let client = Client::need(&args.target)?;
    let body = json!({
        "address": args.address,
        "alert_id": args.alert,
        "seconds": args.span.0,
        "reason": args.reason.as_deref().unwrap_or_default(),
        "override": args.force,
    });
    let path = if args.dry_run { "/response/preview" } else { "/response/blocks" };
    let answer = json(client.post(path, &body)?)?;
    match (args.format, args.dry_run) {
        (TextOrJson::Json, _) => writeln!(out, "{answer}")?,
        (TextOrJson::Text, true) => write_preview(out, &answer)?,
        (TextOrJson::Text, false) => writeln!(
            out,
            "Block {}: {} is cut off until {}. End it with: vedette response undo {}",
            answer["id"],
            cell(&answer["address"]),
            cell(&answer["expires_at"]),
            answer["id"]
        )?,
    }
    // As a check does: 1 says that it would not be done.
    Ok(u8::from(args.dry_run && answer["would_block"] != true))
}

fn write_preview(out: &mut impl Write, preview: &Value) -> std::io::Result<()> {
    let address = cell(&preview["address"]);
    if preview["would_block"] == true {
        writeln!(out, "Would block {address} until {}.", cell(&preview["expires_at"]))?;
    } else {
        writeln!(out, "Would NOT block {address}:")?;
        for refusal in preview["refusals"].as_array().into_iter().flatten() {
            writeln!(out, "  - {} {}", cell(&refusal["message"]), cell(&refusal["help"]))?;
        }
    }
    for warning in preview["warnings"].as_array().into_iter().flatten() {
        writeln!(out, "Mind: {}", cell(warning))?;
    }
    if !preview["blocked_until"].is_null() {
        writeln!(out, "It is blocked already, until {}.", cell(&preview["blocked_until"]))?;
    }
    let evidence = &preview["evidence"];
    if !evidence.is_null() {
        writeln!(
            out,
            "Evidence: alert {} ({}, {}): {}",
            evidence["alert_id"],
            cell(&evidence["severity"]),
            cell(&evidence["attribution"]),
            cell(&evidence["name"])
        )?;
    }
    writeln!(out, "Open connections with it, which would hang: {}", preview["open_connections"])?;
    writeln!(out, "The firewall would be told:")?;
    for line in preview["commands"].as_str().unwrap_or_default().lines() {
        writeln!(out, "  {line}")?;
    }
    if preview["hook"] == true {
        writeln!(out, "The hook command would be told.")?;
    }
    Ok(())
}

/// The number of a block: given, or that of the address.
fn number(client: &Client, text: &str) -> Result<i64, Failure> {
    if let Ok(number) = text.parse() {
        return Ok(number);
    }
    let reply = client.get("/response/blocks")?;
    let found = reply["blocks"].as_array().into_iter().flatten().find(|block| block["address"] == text);
    found
        .and_then(|block| block["id"].as_i64())
        .ok_or_else(|| Failure::Input(format!("{text} is not blocked; `vedette response list` shows who is")))
}

/// Through the server where one runs; by ourselves where none does, so that nothing is left behind.
fn clear(out: &mut impl Write, target: &ServerArgs) -> Result<(), Failure> {
    if let Some(client) = Client::find(target)? {
        let done = json(client.post("/response/clear", &json!({}))?)?;
        let count = done["blocks"].as_array().map_or(0, Vec::len);
        return Ok(writeln!(out, "{count} blocks are ended; Vedette's table is gone.")?);
    }
    let folder = data_dir::resolve(target.data_dir.clone());
    let (table, blocks) = vedette_server::clear_response_offline(&folder).map_err(Failure::Input)?;
    let gone = if table { "Vedette's table is gone" } else { "there was no table of Vedette's" };
    Ok(writeln!(out, "{blocks} blocks are ended; {gone}.")?)
}
