//! `vedette exclusions`: alerts that nobody needs to see, through the server.

use super::table::cell;
use crate::args::{ConditionArgs, ExclusionsCommand, ListFormat, TextOrJson};
use crate::client::{Client, json};
use crate::failure::Failure;
use serde_json::{Value, json};
use std::io::Write;

pub fn run(command: &ExclusionsCommand) -> Result<u8, Failure> {
    let mut out = std::io::stdout().lock();
    match command {
        ExclusionsCommand::List { target, all, format } => {
            let reply = Client::need(target)?.get(&format!("/exclusions?all={all}"))?;
            list(&mut out, &reply, *format)?;
        }
        ExclusionsCommand::Preview { target, conditions, days, format } => {
            let client = Client::need(target)?;
            let body = json!({"conditions": read(&client, conditions)?, "days": days});
            let preview = json(client.post("/exclusions/preview", &body)?)?;
            match format {
                TextOrJson::Json => writeln!(out, "{preview}")?,
                TextOrJson::Text => write_preview(&mut out, &body["conditions"], &preview)?,
            }
        }
        ExclusionsCommand::Add { target, conditions, reason, expires_in_days, stored_days, wide } => {
            let client = Client::need(target)?;
            let body = json!({
                "conditions": read(&client, conditions)?,
                "reason": reason,
                "expires_in_days": expires_in_days,
                "alert_id": conditions.alert,
                "stored_days": stored_days,
                "wide": wide,
            });
            let made = json(client.post("/exclusions", &body)?)?;
            writeln!(out, "Exclusion {} is in force until {}.", made["id"], cell(&made["expires_at"]))?;
            if stored_days.is_some() {
                writeln!(out, "{} stored alerts are hidden by it.", made["hidden"])?;
            }
        }
        ExclusionsCommand::Remove { target, id, show } => {
            let removed = Client::need(target)?.delete_told(&format!("/exclusions/{id}?show={show}"))?;
            writeln!(out, "Exclusion {id} is removed; {} alerts are shown again.", removed["shown"])?;
        }
    }
    Ok(0)
}

fn list(out: &mut impl Write, reply: &Value, format: ListFormat) -> Result<(), Failure> {
    if format == ListFormat::Json {
        return Ok(writeln!(out, "{}", reply["exclusions"])?);
    }
    let all: Vec<&Value> = reply["exclusions"].as_array().into_iter().flatten().collect();
    if all.is_empty() {
        eprintln!("No exclusions.");
    } else {
        let columns = ["id", "hides", "reason", "hits", "last_hit_at", "expires_at", "created_by"];
        let row = |one: &&Value| -> Vec<Value> {
            let cell = |name: &&str| match *name {
                "hides" => Value::from(in_words(&one["conditions"])),
                name => one[name].clone(),
            };
            columns.iter().map(cell).collect()
        };
        let rows: Vec<Vec<Value>> = all.iter().map(row).collect();
        super::table::write(out, &columns, rows.iter())?;
    }
    eprintln!("{} alerts are hidden now; `vedette alerts list --excluded` shows them.", reply["hidden"]);
    Ok(())
}

/// The conditions as they are given: an alert's, with those of the options in their place.
fn read(client: &Client, args: &ConditionArgs) -> Result<Value, Failure> {
    let mut conditions = match args.alert {
        Some(id) => client.get(&format!("/alerts/{id}/exclusion"))?,
        None => json!({}),
    };
    let lists = [
        ("sources", &args.source),
        ("targets", &args.target_ip),
        ("hosts", &args.host),
        ("scan_types", &args.scan_type),
        ("raised_by", &args.raised_by),
    ];
    for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        conditions[name] = json!(list);
    }
    let texts = [
        ("ports", &args.ports),
        ("name", &args.name),
        ("category", &args.category),
        ("severity_at_most", &args.severity_at_most),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            conditions[name] = json!(text);
        }
    }
    if let Some(rule) = args.rule {
        conditions["rule_id"] = json!(rule);
    }
    Ok(conditions)
}

/// `sources 10.0.0.9; ports 22`.
fn in_words(conditions: &Value) -> String {
    let parts = conditions.as_object().into_iter().flatten();
    parts
        .map(|(name, value)| format!("{} {}", name.replace('_', " "), cell(value)))
        .collect::<Vec<_>>()
        .join("; ")
}

fn write_preview(out: &mut impl Write, conditions: &Value, preview: &Value) -> std::io::Result<()> {
    writeln!(out, "Hides alerts with: {}", in_words(conditions))?;
    writeln!(
        out,
        "In the last {} days: {} of {} alerts, {} of them open, {} closed as true positives{}.",
        preview["days"],
        preview["matched"],
        preview["looked_at"],
        preview["open"],
        preview["true_positives"],
        if preview["cut"] == true { " (older ones were not looked at)" } else { "" },
    )?;
    for alert in preview["examples"].as_array().into_iter().flatten() {
        writeln!(
            out,
            "  {:>6}  {:<13} {}",
            cell(&alert["id"]),
            cell(&alert["severity"]),
            cell(&alert["name"])
        )?;
    }
    if preview["everything"] == true {
        writeln!(out, "It holds for every alert: it cannot be made.")?;
    } else if preview["wide"] == true {
        writeln!(out, "Wide: {} Making it needs --wide.", cell(&preview["why_wide"]))?;
    }
    Ok(())
}
