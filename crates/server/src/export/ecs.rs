//! The Elastic Common Schema 9.

use super::{addresses, protocol, time, value, word};
use crate::state::AlertRecord;
use serde_json::{Map, Value, json};
use std::net::IpAddr;
use vedette_event::Severity;

const VERSION: &str = "9.1.0";

pub fn alert(alert: &AlertRecord) -> Value {
    let (life, subject) = (&alert.life, &alert.subject);
    let (sources, targets) = (addresses(subject.source_ips()), addresses(subject.target_ips()));
    let related: Vec<&String> = sources.iter().chain(&targets).collect();
    let finding = subject.finding();
    json!({
        "@timestamp": subject.detected_at().to_string(),
        "ecs": {"version": VERSION},
        "message": subject.name(),
        "event": {
            "kind": "alert", "category": ["intrusion_detection", "network"], "type": ["info"],
            "module": "vedette", "dataset": "vedette.alert", "provider": subject.source().as_str(),
            "id": life.alert_id.to_string(), "created": life.created_at.to_string(),
            "start": subject.first_seen().to_string(), "end": subject.last_seen().to_string(),
            "severity": severity(alert.severity()), "action": subject.category(), "reason": subject.summary(),
        },
        "rule": {"name": subject.name(), "category": subject.category(),
                 "id": subject.rule().map(|rule| rule.rule_id.to_string())},
        "observer": observer(),
        "source": {"ip": sources.first(), "address": sources.first()},
        "destination": {"ip": targets.first(), "address": targets.first()},
        "related": {
            "ip": related,
            "hosts": finding.map(|finding| finding.hosts.clone()),
            "user": finding.map(|finding| finding.users.clone()),
        },
        "threat": {"framework": "MITRE ATT&CK",
                   "tactic": {"id": subject.mitre().tactics},
                   "technique": {"id": subject.mitre().techniques}},
        "labels": {"status": life.status, "severity": alert.severity().as_str()},
    })
}

fn observer() -> Value {
    json!({"vendor": "Vedette", "product": "Vedette", "version": env!("CARGO_PKG_VERSION")})
}

/// As Elastic's own rules weigh theirs.
fn severity(severity: Severity) -> u8 {
    match severity {
        Severity::Informational => 10,
        Severity::Low => 21,
        Severity::Medium => 47,
        Severity::High => 73,
        Severity::Critical => 99,
    }
}

pub fn event(row: &Map<String, Value>) -> Value {
    let outcome = word(row, "outcome");
    let (result, kinds) = match outcome {
        "accepted" => ("success", ["connection", "start"]),
        "refused" | "rejected" => ("failure", ["connection", "denied"]),
        "unanswered" => ("failure", ["connection", "end"]),
        _ => ("unknown", ["connection", "info"]),
    };
    let address: Option<IpAddr> = word(row, "target_ip").parse().ok();
    let (transport, number) = protocol(row);
    json!({
        "@timestamp": time(row).map(|time| time.to_string()),
        "ecs": {"version": VERSION},
        "event": {"kind": "event", "category": ["network"], "type": kinds, "outcome": result,
                  "action": Some(outcome).filter(|word| !word.is_empty()),
                  "module": "vedette", "dataset": "vedette.network", "id": value(row, "_id")},
        "source": {"ip": value(row, "source_ip"), "address": value(row, "source_ip"),
                   "port": value(row, "source_port"), "mac": mac(row),
                   "bytes": value(row, "action_upload"), "packets": value(row, "action_pkts_sent")},
        "destination": {"ip": value(row, "target_ip"), "address": value(row, "target_ip"),
                        "port": value(row, "target_port"),
                        "bytes": value(row, "action_download"), "packets": value(row, "action_pkts_received")},
        "network": {"transport": transport, "iana_number": number.as_i64().map(|number| number.to_string()),
                    "type": address.map(|address| if address.is_ipv4() { "ipv4" } else { "ipv6" }),
                    "direction": direction(row)},
        "host": {"id": value(row, "agent_id"), "name": value(row, "agent_hostname")},
        "observer": observer(),
        "related": {"ip": [value(row, "source_ip"), value(row, "target_ip")]},
    })
}

/// The words the schema has.
fn direction(row: &Map<String, Value>) -> &str {
    match word(row, "direction") {
        known @ ("inbound" | "outbound") => known,
        "local" => "internal",
        _ => "unknown",
    }
}

/// As RFC 7042 writes it.
fn mac(row: &Map<String, Value>) -> Option<String> {
    let text = row.get("source_mac").and_then(Value::as_str)?;
    Some(text.to_uppercase().replace(':', "-"))
}
