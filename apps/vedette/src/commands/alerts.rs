//! `vedette alerts`: list, show, close, through the server.

use crate::args::{AlertsCommand, BulkArgs, ListFormat, TextOrJson};
use crate::client::Client;
use crate::failure::Failure;
use serde_json::{Value, json};
use std::io::Write;
use std::net::IpAddr;
use std::time::Duration;
use vedette_event::Time;

pub fn run(command: &AlertsCommand) -> Result<u8, Failure> {
    let mut out = std::io::stdout().lock();
    match command {
        AlertsCommand::List { target, format, status, excluded, limit } => {
            let status = status.as_ref().map(|words| format!("&status={words}")).unwrap_or_default();
            let shown = if *excluded { "&excluded=show" } else { "" };
            let reply = Client::need(target)?.get(&format!("/alerts?limit={limit}{status}{shown}"))?;
            let alerts: Vec<Value> = reply["alerts"].as_array().cloned().unwrap_or_default();
            if *format == ListFormat::Json {
                writeln!(out, "{}", Value::Array(alerts))?;
            } else if alerts.is_empty() {
                eprintln!("No alerts.");
            } else {
                write_list(&mut out, &alerts)?;
            }
            tell_hidden(&reply["excluded"]);
        }
        AlertsCommand::Bulk(args) => bulk(&mut out, args)?,
        AlertsCommand::Show { target, id, format } => {
            let client = Client::need(target)?;
            let alert = client.get(&format!("/alerts/{id}"))?;
            match format {
                TextOrJson::Json => writeln!(out, "{alert}")?,
                TextOrJson::Text => {
                    write_alert(&mut out, &alert)?;
                    if alert["detection"].is_object() {
                        let evidence = client.get(&format!("/alerts/{id}/evidence?limit=1"))?;
                        write_afterwards(&mut out, &evidence["afterwards"])?;
                        write_evidence(&mut out, *id, &evidence["xql"], &alert["capture_bytes"])?;
                    }
                }
            }
        }
        AlertsCommand::Explain { target, id, source, since, format } => {
            let client = Client::need(target)?;
            match (id, source) {
                (Some(id), _) => explain_alert(&mut out, &client, *id, *format)?,
                (None, Some(source)) => {
                    explain_source(&mut out, &client, *source, since.before(super::now()), *format)?;
                }
                (None, None) => return Err(Failure::Usage("give an alert's ID, or --source IP".to_owned())),
            }
        }
        AlertsCommand::Capture { target, id, output } => {
            let file = Client::need(target)?.download(&format!("/alerts/{id}/capture"))?;
            if output.as_os_str() == "-" {
                out.write_all(&file)?;
            } else {
                std::fs::write(output, &file)
                    .map_err(|error| Failure::Input(format!("{}: {error}", output.display())))?;
                eprintln!("{}: {} bytes", output.display(), file.len());
            }
        }
        AlertsCommand::Close { target, id, reason, comment } => {
            let mut change = json!({"status": "closed", "resolution": reason});
            if let Some(text) = comment {
                change["comment"] = json!(text);
            }
            Client::need(target)?.patch(&format!("/alerts/{id}"), &change)?;
            writeln!(out, "Alert {id} is closed: {reason}.")?;
        }
    }
    Ok(0)
}

/// What exclusions keep out of sight is never kept quiet.
fn tell_hidden(count: &Value) {
    if let Some(count) = count.as_u64().filter(|count| *count > 0) {
        eprintln!(
            "{count} more are hidden by exclusions: `vedette alerts list --excluded` shows them, `vedette exclusions list` says why."
        );
    }
}

fn bulk(out: &mut impl Write, args: &BulkArgs) -> Result<(), Failure> {
    let mut change = json!({});
    let given = [
        ("status", &args.status),
        ("resolution", &args.reason),
        ("assignee", &args.assignee),
        ("severity", &args.severity),
        ("comment", &args.comment),
    ];
    for (name, value) in given {
        if let Some(text) = value {
            change[name] = if name == "assignee" && text == "none" { Value::Null } else { json!(text) };
        }
    }
    if change == json!({}) {
        return Err(Failure::Usage(
            "say what to change: --status, --reason, --assignee, --severity or --comment".to_owned(),
        ));
    }
    let mut body = json!({"change": change, "dry_run": true});
    match &args.filter {
        Some(filter) => body["filter"] = json!(filter),
        None => body["ids"] = json!(args.ids),
    }
    let client = Client::need(&args.target)?;
    let counted = crate::client::json(client.post("/alerts/bulk", &body)?)?;
    let matched = counted["matched"].clone();
    if !args.yes {
        return Ok(writeln!(out, "{matched} alerts; nothing is changed yet: add --yes to change them.")?);
    }
    body["dry_run"] = json!(false);
    if args.filter.is_some() {
        body["expected"] = matched;
    }
    let done = crate::client::json(client.post("/alerts/bulk", &body)?)?;
    writeln!(out, "{} changed, {} as wanted already.", done["changed"], done["unchanged"])?;
    for id in done["missing"].as_array().into_iter().flatten() {
        writeln!(out, "  {id}: there is no such alert")?;
    }
    for refused in done["refused"].as_array().into_iter().flatten() {
        writeln!(out, "  {}: {}", refused["id"], super::table::cell(&refused["message"]))?;
    }
    Ok(())
}

fn explain_alert(out: &mut impl Write, client: &Client, id: i64, format: TextOrJson) -> Result<(), Failure> {
    let alert = client.get(&format!("/alerts/{id}"))?;
    let detection = &alert["detection"];
    if detection.is_null() {
        return Err(Failure::Input(format!(
            "no detector raised alert {id}, so there are no contacts to weigh; `vedette alerts show {id}` has its facts"
        )));
    }
    let numbers = &detection["explanation"];
    match format {
        TextOrJson::Json => writeln!(out, "{numbers}")?,
        TextOrJson::Text => {
            writeln!(out, "{}", super::table::cell(&alert["name"]))?;
            super::explain::write(out, numbers, &detection["threshold"])?;
        }
    }
    Ok(())
}

/// Why a source has fired, or has not.
fn explain_source(
    out: &mut impl Write,
    client: &Client,
    source: IpAddr,
    since: Time,
    format: TextOrJson,
) -> Result<(), Failure> {
    let answer = client.get(&format!("/sources/{source}/explanation?since={since}"))?;
    if format == TextOrJson::Json {
        return Ok(writeln!(out, "{answer}")?);
    }
    let word = |value: &Value| super::table::cell(value);
    let standing = &answer["standing"];
    match standing.is_null() {
        true => writeln!(out, "{source}: the detector remembers nothing of it")?,
        false => writeln!(out, "{source} {}", super::explain::verdict(standing))?,
    }
    writeln!(
        out,
        "  since {}: {}, {}, {}",
        word(&answer["since"]),
        counted(&answer["attempts"], "attempt"),
        counted(&answer["targets"], "host"),
        counted(&answer["ports"], "port")
    )?;
    for alert in answer["alerts"].as_array().into_iter().flatten() {
        writeln!(out, "  alert {}  {}", word(&alert["id"]), word(&alert["name"]))?;
    }
    writeln!(out, "  the sensor lost since its start: {}", losses(&answer["sensor_losses"]))?;
    if !standing.is_null() {
        super::explain::write(out, &standing["explanation"], &standing["threshold"])?;
    }
    Ok(())
}

/// `1 port`, `12 ports`.
fn counted(count: &Value, what: &str) -> String {
    let plural = if *count == 1 { "" } else { "s" };
    format!("{} {what}{plural}", super::table::cell(count))
}

/// What a sensor did not see, in words.
fn losses(losses: &Value) -> String {
    let some = losses.as_object().into_iter().flatten().filter(|(_, count)| **count != 0);
    let some: Vec<String> = some
        .map(|(what, count)| format!("{} {}", super::table::cell(count), what.replace('_', " ")))
        .collect();
    if some.is_empty() { "nothing".to_owned() } else { some.join(", ") }
}

/// Names the latest alert as soon as it is there, and shows it whole once it has stopped growing.
pub fn show_first(client: &Client) -> Result<(), Failure> {
    let (mut latest, mut unchanged) = (Value::Null, 0);
    for _ in 0..60 {
        std::thread::sleep(Duration::from_millis(50));
        // An alert that grows is told again every second or two.
        if !latest.is_null() {
            std::thread::sleep(Duration::from_millis(1_200));
        }
        let alert = client.get("/alerts?limit=1")?["alerts"][0].take();
        if latest.is_null() && !alert.is_null() {
            println!("  {}", super::table::cell(&alert["name"]));
        }
        let settled = !alert.is_null() && alert["probes"] == latest["probes"];
        unchanged = if settled { unchanged + 1 } else { 0 };
        latest = alert;
        if unchanged == 2 {
            break;
        }
    }
    let Some(id) = latest["id"].as_i64() else {
        return Err(Failure::Ours("the recorded scan raised no alert".to_owned()));
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nThe alert, as `vedette alerts show {id}` prints it:\n")?;
    write_alert(&mut out, &client.get(&format!("/alerts/{id}"))?)?;
    Ok(writeln!(out)?)
}

fn write_list(out: &mut impl Write, alerts: &[Value]) -> std::io::Result<()> {
    let columns = ["id", "severity", "status", "detected_at", "source", "name", "probes", "open_ports"];
    let rows: Vec<Vec<Value>> =
        alerts.iter().map(|alert| columns.iter().map(|name| alert[*name].clone()).collect()).collect();
    super::table::write(out, &columns, rows.iter())
}

/// Who used what the scanner found open.
fn write_afterwards(out: &mut impl Write, afterwards: &Value) -> std::io::Result<()> {
    let word = |value: &Value| super::table::cell(value);
    for used in afterwards["connections"].as_array().into_iter().flatten().take(20) {
        let who = if used["scanner"] == true { "the scanner" } else { "another" };
        writeln!(
            out,
            "  {:<18} {}:{} by {} ({who}): {}, {} bytes out, {} in",
            "used afterwards",
            word(&used["target_ip"]),
            word(&used["target_port"]),
            word(&used["source_ip"]),
            counted(&used["connections"], "connection"),
            word(&used["bytes_sent"]),
            word(&used["bytes_received"]),
        )?;
    }
    Ok(())
}

/// Where the attempts and the packets are.
fn write_evidence(out: &mut impl Write, id: i64, xql: &Value, capture: &Value) -> std::io::Result<()> {
    if !capture.is_null() {
        let bytes = super::table::cell(capture);
        writeln!(out, "  {:<18} `vedette alerts capture {id} -o FILE` ({bytes} bytes)", "packets")?;
    }
    writeln!(out, "  {:<18} as XQL:", "evidence")?;
    xql.as_str().unwrap_or_default().lines().try_for_each(|line| writeln!(out, "    {line}"))
}

/// The tool with what it was known by, and what the sensor lost meanwhile.
fn write_observed(out: &mut impl Write, detection: &Value) -> std::io::Result<()> {
    let word = |value: &Value| super::table::cell(value);
    let tool = &detection["tool"];
    if tool["name"].as_str().is_some_and(|name| !name.is_empty()) {
        let hint = tool["version_hint"].as_str().filter(|hint| !hint.is_empty());
        let hint = hint.map_or(String::new(), |hint| format!(" {hint},"));
        let sure = tool["confidence"].as_f64().unwrap_or_default() * 100.0;
        writeln!(out, "  {:<18} {}:{hint} {sure:.0} % sure", "looks like", word(&tool["name"]))?;
        for evidence in tool["evidence"].as_array().into_iter().flatten() {
            writeln!(out, "  {:<18} - {}", "", word(evidence))?;
        }
    }
    writeln!(out, "  {:<18} {}", "lost by the sensor", losses(&detection["sensor_losses"]))
}

fn write_alert(out: &mut impl Write, alert: &Value) -> std::io::Result<()> {
    let word = |value: &Value| super::table::cell(value);
    writeln!(out, "{}  [{}]", word(&alert["name"]), word(&alert["severity"]))?;
    writeln!(out, "{}", word(&alert["summary"]))?;
    for name in [
        "source",
        "rule_name",
        "category",
        "status",
        "resolution",
        "assignee",
        "excluded_by",
        "active",
        "attribution",
        "scan_types",
        "source_ips",
        "target_ips",
        "hosts",
        "users",
        "duplicates",
        "probes",
        "distinct_ports",
        "distinct_hosts",
        "open_ports",
        "first_seen",
        "last_seen",
        "detected_at",
        "mitre_tactics",
        "mitre_techniques",
    ] {
        if !alert[name].is_null() && alert[name] != json!([]) && alert[name] != json!("") {
            writeln!(out, "  {name:<18} {}", word(&alert[name]))?;
        }
    }
    for process in alert["detection"]["processes"].as_array().into_iter().flatten() {
        let (pid, user) = (word(&process["pid"]), word(&process["user"]));
        let line = format!("{} (pid {pid}, user {user})", word(&process["command_line"]));
        writeln!(out, "  {:<18} {}: {line}", "process", word(&process["name"]))?;
    }
    if alert["detection"].is_object() {
        write_observed(out, &alert["detection"])?;
    }
    for view in alert["seen_by"].as_array().into_iter().flatten() {
        writeln!(out, "  {:<18} {}: {}", "also seen by", word(&view["observers"]), word(&view["summary"]))?;
        for reason in view["reasons"].as_array().into_iter().flatten().take(3) {
            writeln!(out, "  {:<18}   - {}", "", word(reason))?;
        }
    }
    for reason in alert["detection"]["reasons"].as_array().into_iter().flatten() {
        writeln!(out, "  - {}", word(reason))?;
    }
    Ok(())
}
