//! `vedette channels`: where alerts are told, and what did not arrive, through the server.

use super::table::write_list;
use crate::args::{ChannelArgs, ChannelsCommand, ListFormat, ServerArgs};
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
        ChannelsCommand::Add { target, name, url, more } => add(&mut out, target, (name, url), more)?,
        ChannelsCommand::Set { target, id, name, url, more } => {
            set(&mut out, (target, *id), (name.as_deref(), url.as_deref()), more)?;
        }
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

fn add(
    out: &mut impl Write,
    target: &ServerArgs,
    (name, url): (&str, &str),
    more: &ChannelArgs,
) -> Result<(), Failure> {
    let mut body = json!({"name": name, "url": url});
    body["settings"] = Value::Object(settings_of(Map::new(), more)?);
    secrets_of(&mut body, more, std::env::var(PASSWORD).ok())?;
    let made = client::json(Client::need(target)?.post("/channels", &body)?)?;
    let word = |value: &Value| super::table::cell(value);
    writeln!(out, "Channel {} tells alerts from now on.", word(&made["channel"]["id"]))?;
    if let Some(key) = made["key"].as_str() {
        eprintln!("It signs what it sends (Standard Webhooks) with this key, shown this once:");
        writeln!(out, "{key}")?;
    }
    eprintln!("Try it: vedette channels test {}", word(&made["channel"]["id"]));
    Ok(())
}

fn set(
    out: &mut impl Write,
    (target, id): (&ServerArgs, i64),
    (name, url): (Option<&str>, Option<&str>),
    more: &ChannelArgs,
) -> Result<(), Failure> {
    let client = Client::need(target)?;
    let listed = client.get("/channels")?;
    let known = listed["channels"].as_array().into_iter().flatten().find(|one| one["id"] == id);
    let known = known.ok_or_else(|| {
        Failure::Input(format!("there is no channel {id}: `vedette channels list` shows them"))
    })?;
    let body = change_of(known, (name, url), more, std::env::var(PASSWORD).ok())?;
    let changed = client.patch(&format!("/channels/{id}"), &body)?;
    let word = |name: &str| super::table::cell(&changed[name]);
    writeln!(out, "Channel {id} is changed: {} to {}.", word("name"), word("address"))?;
    if known["has_login"] == true && changed["has_login"] == false {
        eprintln!("It has no login any more: a login stays with its server. Give --username anew.");
    }
    Ok(())
}

/// The request that changes a channel. The server takes settings whole, so those that are not named are
/// sent as they are.
fn change_of(
    known: &Value,
    (name, url): (Option<&str>, Option<&str>),
    more: &ChannelArgs,
    password: Option<String>,
) -> Result<Value, Failure> {
    let before = known["settings"].as_object().cloned().unwrap_or_default();
    let after = settings_of(before.clone(), more)?;
    let mut body = json!({});
    if after != before {
        body["settings"] = Value::Object(after);
    }
    for (field, text) in [("name", name), ("url", url)] {
        if let Some(text) = text {
            body[field] = json!(text);
        }
    }
    secrets_of(&mut body, more, password)?;
    if body == json!({}) {
        return Err(Failure::Usage(
            "nothing to change: `vedette channels set --help` names what may".to_owned(),
        ));
    }
    Ok(body)
}

/// Takes a setting away.
const NONE: &str = "none";

/// The settings with what the arguments say of them.
fn settings_of(mut settings: Map<String, Value>, more: &ChannelArgs) -> Result<Map<String, Value>, Failure> {
    let mut set = |name: &str, value: Value| match value {
        Value::Null => drop(settings.remove(name)),
        value => drop(settings.insert(name.to_owned(), value)),
    };
    let or_none = |text: &str| if text == NONE { Value::Null } else { json!(text) };
    if let Some(shape) = more.shape {
        set("shape", json!(shape.as_str()));
    }
    for (name, text) in [("min_severity", &more.min_severity), ("title", &more.title), ("body", &more.body)] {
        if let Some(text) = text {
            set(name, or_none(text));
        }
    }
    match more.sources.as_slice() {
        [] => {}
        [none] if none == NONE => set("sources", Value::Null),
        sources => set("sources", json!(sources)),
    }
    if let Some(hours) = &more.quiet {
        set("quiet_hours", quiet_of(hours, more.timezone.as_deref())?);
    }
    if let Some(allow) = more.allow_private {
        set("allow_private", json!(allow));
    }
    let mut mail = settings.get("mail").filter(|mail| mail.is_object()).cloned().unwrap_or(json!({}));
    if let Some(from) = &more.from {
        mail["from"] = json!(from);
    }
    if !more.to.is_empty() {
        mail["to"] = json!(more.to);
    }
    if more.from.is_some() || !more.to.is_empty() {
        if mail["from"].is_null() || mail["to"].is_null() {
            return Err(Failure::Usage("mail has both --from and --to".to_owned()));
        }
        settings.insert("mail".to_owned(), mail);
    }
    Ok(settings)
}

fn quiet_of(hours: &str, zone: Option<&str>) -> Result<Value, Failure> {
    if hours == NONE {
        return Ok(Value::Null);
    }
    let zone = zone.ok_or_else(|| Failure::Usage("--quiet needs --timezone".to_owned()))?;
    let (from, to) = hours
        .split_once('-')
        .ok_or_else(|| Failure::Usage(format!("--quiet is a span like 22:00-06:30, not {hours:?}")))?;
    Ok(json!({"from": from.trim(), "to": to.trim(), "timezone": zone}))
}

/// Login and authority, where the arguments speak of them.
fn secrets_of(body: &mut Value, more: &ChannelArgs, password: Option<String>) -> Result<(), Failure> {
    match more.username.as_deref() {
        None => {}
        Some(NONE) => body["username"] = json!(""),
        Some(username) => {
            let password = password.ok_or_else(|| {
                Failure::Usage(format!("--username needs the password in the environment: {PASSWORD}"))
            })?;
            body["username"] = json!(username);
            body["password"] = json!(password);
        }
    }
    match &more.trust {
        None => {}
        Some(path) if path.as_os_str() == NONE => body["trust"] = json!(""),
        Some(path) => body["trust"] = json!(super::read_text(path)?),
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::args::{Args, Command};
    use clap::Parser;

    fn parsed(words: &[&str]) -> ChannelArgs {
        let args = ["vedette", "channels", "set", "7"].iter().chain(words);
        match Args::try_parse_from(args).unwrap().command {
            Command::Channels(ChannelsCommand::Set { more, .. }) => *more,
            _ => unreachable!("another command"),
        }
    }

    fn change(known: &Value, words: &[&str]) -> Result<Value, Failure> {
        change_of(known, (None, None), &parsed(words), Some("secret".to_owned()))
    }

    #[test]
    fn arguments_become_settings() {
        let words = "--from a@x.example --to b@x.example,c@x.example --username u --quiet 22:00-06:30 \
                     --timezone Europe/Rome --min-severity high --allow-private";
        let more = parsed(&words.split_whitespace().collect::<Vec<_>>());
        let settings = settings_of(Map::new(), &more).unwrap();
        assert_eq!(settings["mail"]["to"], json!(["b@x.example", "c@x.example"]));
        assert_eq!(settings["quiet_hours"]["to"], "06:30");
        assert_eq!(settings["allow_private"], true);
        let mut body = json!({});
        secrets_of(&mut body, &more, Some("secret".to_owned())).unwrap();
        assert_eq!(body, json!({"username": "u", "password": "secret"}));
        assert!(secrets_of(&mut body, &more, None).is_err(), "the password is missing");
        assert!(settings_of(Map::new(), &parsed(&[])).unwrap().is_empty());
        for odd in
            [vec!["--quiet", "22:00", "--timezone", "UTC"], vec!["--quiet", "1:00-2:00"], vec!["--to", "b@x"]]
        {
            assert!(settings_of(Map::new(), &parsed(&odd)).is_err(), "{odd:?}");
        }
    }

    #[test]
    fn a_change_keeps_what_it_does_not_name() {
        let known = json!({"settings": {"shape": "slack", "title": "$name", "min_severity": "high"}});
        let changed = change(&known, &["--title", "none", "--sources", "detection"]).unwrap();
        let whole = json!({"shape": "slack", "min_severity": "high", "sources": ["detection"]});
        assert_eq!(changed, json!({"settings": whole}));
        assert_eq!(change(&known, &["--username", "none"]).unwrap(), json!({"username": ""}));
        let private = change(&known, &["--allow-private=false"]).unwrap();
        assert_eq!(private["settings"]["allow_private"], false);
        assert!(matches!(change(&known, &[]), Err(Failure::Usage(_))));
        assert!(matches!(change(&known, &["--min-severity", "high"]), Err(Failure::Usage(_))), "as it is");
        let renamed =
            change_of(&known, (Some("ops"), Some("https://x.example")), &parsed(&[]), None).unwrap();
        assert_eq!(renamed, json!({"name": "ops", "url": "https://x.example"}));
    }
}
