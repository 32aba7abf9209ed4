//! `vedette channels`: where alerts are told, and what did not arrive, through the server.

use crate::args::{AddChannel, ChannelsCommand, ListFormat, ServerArgs};
use crate::client::{self, Client};
use crate::failure::Failure;
use serde_json::{Map, Value, json};
use std::io::Write;

/// Where the password of a mail server comes from: never from the arguments, which others can see.
const PASSWORD: &str = "VEDETTE_CHANNEL_PASSWORD";

pub fn run(command: &ChannelsCommand) -> Result<u8, Failure> {
    let mut out = std::io::stdout().lock();
    match command {
        ChannelsCommand::List { target, format } => list(&mut out, target, *format)?,
        ChannelsCommand::Add(new) => add(&mut out, new)?,
        ChannelsCommand::Test { target, id } => return test(&mut out, target, *id),
        ChannelsCommand::On { target, id } => switch(&mut out, target, *id, true)?,
        ChannelsCommand::Off { target, id } => switch(&mut out, target, *id, false)?,
        ChannelsCommand::Remove { target, id } => {
            Client::need(target)?.delete(&format!("/channels/{id}"))?;
            writeln!(out, "Channel {id} is removed.")?;
        }
        ChannelsCommand::Deliveries { target, state, limit, format } => {
            let state = state.map(|state| format!("&state={}", state.as_str())).unwrap_or_default();
            let reply = Client::need(target)?.get(&format!("/deliveries?limit={limit}{state}"))?;
            let columns =
                ["id", "channel_id", "alert_id", "state", "attempts", "next_at", "updated_at", "last_error"];
            write_list(&mut out, &columns, &reply["deliveries"], *format, "No deliveries.")?;
        }
        ChannelsCommand::Retry { target, id, .. } => retry(&mut out, target, *id)?,
    }
    Ok(0)
}

fn list(out: &mut impl Write, target: &ServerArgs, format: ListFormat) -> Result<(), Failure> {
    let reply = Client::need(target)?.get("/channels")?;
    let mut channels = reply["channels"].as_array().cloned().unwrap_or_default();
    if format == ListFormat::Table {
        for channel in &mut channels {
            let settings = channel["settings"].take();
            let mail = !settings["mail"].is_null();
            channel["shape"] = if mail { json!("mail") } else { settings["shape"].clone() };
            channel["min_severity"] = settings["min_severity"].clone();
        }
    }
    let columns = ["id", "name", "enabled", "address", "shape", "min_severity", "created_by"];
    write_list(out, &columns, &Value::Array(channels), format, "No channels: alerts are told nowhere.")?;
    let count = |name: &str| reply[name].as_u64().unwrap_or_default();
    if count("dead") > 0 {
        eprintln!("{} deliveries were given up: `vedette channels deliveries --state dead`", count("dead"));
    }
    if count("waiting") > 0 {
        eprintln!("{} deliveries are waiting.", count("waiting"));
    }
    Ok(())
}

fn add(out: &mut impl Write, new: &AddChannel) -> Result<(), Failure> {
    let body = body_of(new, std::env::var(PASSWORD).ok())?;
    let made = client::json(Client::need(&new.target)?.post("/channels", &body)?)?;
    let word = |value: &Value| super::table::cell(value);
    writeln!(out, "Channel {} tells alerts from now on.", word(&made["channel"]["id"]))?;
    if let Some(key) = made["key"].as_str() {
        eprintln!("It signs what it sends (Standard Webhooks) with this key, shown this once:");
        writeln!(out, "{key}")?;
    }
    eprintln!("Try it: vedette channels test {}", word(&made["channel"]["id"]));
    Ok(())
}

/// The request that makes the channel.
fn body_of(new: &AddChannel, password: Option<String>) -> Result<Value, Failure> {
    let mut settings = Map::new();
    let mut set = |name: &str, value: Value| settings.insert(name.to_owned(), value);
    if let Some(shape) = new.shape {
        set("shape", json!(shape.as_str()));
    }
    if let Some(severity) = &new.min_severity {
        set("min_severity", json!(severity));
    }
    if !new.sources.is_empty() {
        set("sources", json!(new.sources));
    }
    if let (Some(hours), Some(zone)) = (&new.quiet, &new.timezone) {
        let (from, to) = hours
            .split_once('-')
            .ok_or_else(|| Failure::Usage(format!("--quiet is a span like 22:00-06:30, not {hours:?}")))?;
        set("quiet_hours", json!({"from": from.trim(), "to": to.trim(), "timezone": zone}));
    }
    if new.allow_private {
        set("allow_private", json!(true));
    }
    if let Some(from) = &new.from {
        set("mail", json!({"from": from, "to": new.to}));
    }
    for (name, text) in [("title", &new.title), ("body", &new.body)] {
        if let Some(text) = text {
            set(name, json!(text));
        }
    }
    let mut body = json!({"name": new.name, "url": new.url, "settings": settings});
    if let Some(username) = &new.username {
        let password = password.ok_or_else(|| {
            Failure::Usage(format!("--username needs the password in the environment: {PASSWORD}"))
        })?;
        body["username"] = json!(username);
        body["password"] = json!(password);
    }
    if let Some(path) = &new.trust {
        body["trust"] = json!(super::read_text(path)?);
    }
    Ok(body)
}

fn test(out: &mut impl Write, target: &ServerArgs, id: i64) -> Result<u8, Failure> {
    let trial = client::json(Client::need(target)?.post(&format!("/channels/{id}/test"), &json!({}))?)?;
    if trial["delivered"] == true {
        writeln!(out, "Delivered.")?;
        return Ok(0);
    }
    eprintln!("Not delivered: {}", super::table::cell(&trial["error"]));
    Ok(1)
}

fn switch(out: &mut impl Write, target: &ServerArgs, id: i64, on: bool) -> Result<(), Failure> {
    Client::need(target)?.patch(&format!("/channels/{id}"), &json!({ "enabled": on }))?;
    Ok(writeln!(out, "Channel {id} is {}.", if on { "on" } else { "off" })?)
}

fn retry(out: &mut impl Write, target: &ServerArgs, id: Option<i64>) -> Result<(), Failure> {
    let client = Client::need(target)?;
    let ids: Vec<i64> = match id {
        Some(id) => vec![id],
        None => {
            let dead = client.get("/deliveries?state=dead&limit=500")?;
            dead["deliveries"].as_array().into_iter().flatten().filter_map(|one| one["id"].as_i64()).collect()
        }
    };
    for id in &ids {
        client.post(&format!("/deliveries/{id}/retry"), &json!({}))?;
    }
    match ids.as_slice() {
        [] => eprintln!("No delivery was given up."),
        [id] => writeln!(out, "Delivery {id} is tried again now.")?,
        more => writeln!(out, "{} deliveries are tried again now.", more.len())?,
    }
    Ok(())
}

/// A list as a table or as JSON; words on standard error where it is empty.
pub fn write_list(
    out: &mut impl Write,
    columns: &[&str],
    list: &Value,
    format: ListFormat,
    none: &str,
) -> Result<(), Failure> {
    let list = list.as_array().cloned().unwrap_or_default();
    if format == ListFormat::Json {
        return Ok(writeln!(out, "{}", Value::Array(list))?);
    }
    if list.is_empty() {
        eprintln!("{none}");
        return Ok(());
    }
    let rows: Vec<Vec<Value>> =
        list.iter().map(|row| columns.iter().map(|name| row[*name].clone()).collect()).collect();
    Ok(super::table::write(out, columns, rows.iter())?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::args::{Args, Command};
    use clap::Parser;

    fn parsed(words: &[&str]) -> AddChannel {
        let args = ["vedette", "channels", "add"].iter().chain(words);
        match Args::try_parse_from(args).unwrap().command {
            Command::Channels(ChannelsCommand::Add(new)) => *new,
            _ => unreachable!("another command"),
        }
    }

    #[test]
    fn arguments_become_the_request() {
        let new = parsed(&[
            "ops",
            "smtp://mail.example:587",
            "--from",
            "a@x.example",
            "--to",
            "b@x.example,c@x.example",
            "--username",
            "u",
            "--quiet",
            "22:00-06:30",
            "--timezone",
            "Europe/Rome",
            "--min-severity",
            "high",
        ]);
        let body = body_of(&new, Some("secret".to_owned())).unwrap();
        assert_eq!(body["settings"]["mail"]["to"], json!(["b@x.example", "c@x.example"]));
        assert_eq!(body["settings"]["quiet_hours"]["to"], "06:30");
        assert_eq!((&body["username"], &body["password"]), (&json!("u"), &json!("secret")));
        assert!(body_of(&new, None).is_err(), "the password is missing");
        let bare = body_of(&parsed(&["hook", "https://x.example/"]), Some("unused".to_owned())).unwrap();
        assert_eq!(bare, json!({"name": "hook", "url": "https://x.example/", "settings": {}}));
        let odd = parsed(&["hook", "https://x.example/", "--quiet", "22:00", "--timezone", "UTC"]);
        assert!(body_of(&odd, None).is_err());
    }
}
