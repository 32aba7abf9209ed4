//! `vedette incidents`: list, look, change, through the server.

use super::table::write_list;
use crate::args::{IncidentsCommand, SetIncident, TextOrJson};
use crate::client::Client;
use crate::failure::Failure;
use serde_json::{Map, Value, json};
use std::io::Write;

pub fn run(command: &IncidentsCommand) -> Result<u8, Failure> {
    let mut out = std::io::stdout().lock();
    match command {
        IncidentsCommand::List { target, status, limit, format } => {
            let status = status.as_ref().map(|words| format!("&status={words}")).unwrap_or_default();
            let reply = Client::need(target)?.get(&format!("/incidents?limit={limit}{status}"))?;
            let columns =
                ["id", "severity", "status", "assignee", "alert_count", "updated_at", "source_ips", "name"];
            write_list(&mut out, &columns, &reply["incidents"], *format, "No incidents.")?;
        }
        IncidentsCommand::Show { target, id, format } => {
            let incident = Client::need(target)?.get(&format!("/incidents/{id}"))?;
            match format {
                TextOrJson::Json => writeln!(out, "{incident}")?,
                TextOrJson::Text => write_incident(&mut out, &incident)?,
            }
        }
        IncidentsCommand::Set(change) => {
            let body = body_of(change)?;
            let changed = Client::need(&change.target)?.patch(&format!("/incidents/{}", change.id), &body)?;
            let word = |name: &str| super::table::cell(&changed[name]);
            writeln!(out, "Incident {} is {}, severity {}.", change.id, word("status"), word("severity"))?;
        }
    }
    Ok(0)
}

fn body_of(change: &SetIncident) -> Result<Value, Failure> {
    let mut body = Map::new();
    let texts = [
        ("status", &change.status),
        ("resolution", &change.reason),
        ("severity", &change.severity),
        ("comment", &change.comment),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            body.insert(name.to_owned(), json!(text));
        }
    }
    // A reason is given for closing and for nothing else.
    if change.reason.is_some() && change.status.is_none() {
        body.insert("status".to_owned(), json!("closed"));
    }
    if let Some(name) = &change.assignee {
        let name = (name != "none").then_some(name);
        body.insert("assignee".to_owned(), json!(name));
    }
    if let Some(starred) = change.starred {
        body.insert("starred".to_owned(), json!(starred));
    }
    if body.is_empty() {
        let what = "--status, --reason, --assignee, --severity, --starred or --comment";
        return Err(Failure::Usage(format!("nothing to change: give {what}")));
    }
    Ok(Value::Object(body))
}

fn write_incident(out: &mut impl Write, incident: &Value) -> Result<(), Failure> {
    let word = |value: &Value| super::table::cell(value);
    writeln!(out, "{}  [{}]", word(&incident["name"]), word(&incident["severity"]))?;
    for name in [
        "status",
        "resolution",
        "resolve_comment",
        "assignee",
        "starred",
        "source_ips",
        "victims",
        "first_alert_at",
        "last_alert_at",
        "created_at",
        "updated_at",
        "closed_at",
    ] {
        if !incident[name].is_null() && incident[name] != json!([]) {
            writeln!(out, "  {name:<16} {}", word(&incident[name]))?;
        }
    }
    let list = |name: &str| incident[name].as_array().cloned().unwrap_or_default();
    writeln!(out, "\n{} alerts", word(&incident["alert_count"]))?;
    let columns = ["id", "severity", "status", "detected_at", "name"];
    let rows: Vec<Vec<Value>> = list("alerts")
        .iter()
        .map(|alert| columns.iter().map(|name| alert[*name].clone()).collect())
        .collect();
    super::table::write(out, &columns, rows.iter())?;
    let history = list("history");
    if !history.is_empty() {
        writeln!(out, "\nHistory")?;
    }
    for change in history {
        let (old, new) = (word(&change["old"]), word(&change["new"]));
        let from = if old.is_empty() { String::new() } else { format!(": {old} -> ") };
        let new = if old.is_empty() && !new.is_empty() { format!(": {new}") } else { new };
        let (at, actor, field) = (word(&change["time"]), word(&change["actor"]), word(&change["field"]));
        let note = word(&change["note"]);
        let note = if note.is_empty() { note } else { format!("  ({note})") };
        writeln!(out, "  {at}  {actor}  {field}{from}{new}{note}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::args::{Args, Command};
    use clap::Parser;

    fn body(words: &[&str]) -> Result<Value, Failure> {
        let args = ["vedette", "incidents", "set", "7"].iter().chain(words);
        match Args::try_parse_from(args).unwrap().command {
            Command::Incidents(IncidentsCommand::Set(change)) => body_of(&change),
            _ => unreachable!("another command"),
        }
    }

    #[test]
    fn arguments_become_the_change() {
        assert_eq!(
            body(&["--reason", "benign"]).unwrap(),
            json!({"status": "closed", "resolution": "benign"})
        );
        assert_eq!(body(&["--assignee", "none"]).unwrap(), json!({"assignee": null}));
        assert_eq!(
            body(&["--starred", "true", "--comment", "x"]).unwrap(),
            json!({"starred": true, "comment": "x"})
        );
        assert!(matches!(body(&[]), Err(Failure::Usage(_))));
    }
}
