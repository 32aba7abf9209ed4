//! Alerts and events in the words of other systems: OCSF 1.8 and the Elastic Common Schema 9.
//!
//! Pure: a record in, an object out. Belongs here: what their fields are called. Does not belong here:
//! which records (`api::export`), messages for people (`notify::shapes`).

use crate::state::AlertRecord;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::net::IpAddr;
use utoipa::ToSchema;
use vedette_event::{Severity, Time};

/// Addresses of one alert that are told.
const ADDRESSES: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Schema {
    /// Detection Finding (2004) and Network Activity (4001).
    Ocsf,
    /// `event.kind: alert` and `event.category: network`.
    Ecs,
}

pub fn alert(schema: Schema, alert: &AlertRecord) -> Value {
    match schema {
        Schema::Ocsf => crate::notify::ocsf(alert),
        Schema::Ecs => ecs_alert(alert),
    }
}

/// A row of `xdr_data` by the names of its fields; times are microseconds since 1970.
pub fn event(schema: Schema, row: &Map<String, Value>) -> Value {
    match schema {
        Schema::Ocsf => ocsf_event(row),
        Schema::Ecs => ecs_event(row),
    }
}

fn ecs_alert(alert: &AlertRecord) -> Value {
    let (life, subject) = (&alert.life, &alert.subject);
    let all = |list: &[IpAddr]| list.iter().take(ADDRESSES).map(ToString::to_string).collect::<Vec<_>>();
    let (sources, targets) = (all(subject.source_ips()), all(subject.target_ips()));
    let related: Vec<&String> = sources.iter().chain(&targets).collect();
    let finding = subject.finding();
    json!({
        "@timestamp": subject.detected_at().to_string(),
        "ecs": {"version": "9.1.0"},
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
        "observer": {"vendor": "Vedette", "product": "Vedette", "version": env!("CARGO_PKG_VERSION")},
        "source": {"ip": sources.first()},
        "destination": {"ip": targets.first()},
        "related": {
            "ip": related,
            "hosts": finding.map(|finding| finding.hosts.clone()).unwrap_or_default(),
            "user": finding.map(|finding| finding.users.clone()).unwrap_or_default(),
        },
        "threat": {"framework": "MITRE ATT&CK",
                   "tactic": {"id": subject.mitre().tactics},
                   "technique": {"id": subject.mitre().techniques}},
        "labels": {"status": life.status, "severity": alert.severity().as_str()},
    })
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

fn millis(row: &Map<String, Value>, name: &str) -> Value {
    row.get(name).and_then(Value::as_i64).map_or(Value::Null, |micros| json!(micros.div_euclid(1_000)))
}

fn value(row: &Map<String, Value>, name: &str) -> Value {
    row.get(name).cloned().unwrap_or_default()
}

fn word<'a>(row: &'a Map<String, Value>, name: &str) -> &'a str {
    row.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Name of a protocol by its number (IANA); 0 is ARP in our rows.
fn protocol(row: &Map<String, Value>) -> (Value, Value) {
    let number = row.get("action_network_protocol").and_then(Value::as_i64);
    let name = match number {
        Some(0) => return (json!("arp"), Value::Null),
        Some(1) => "icmp",
        Some(6) => "tcp",
        Some(17) => "udp",
        Some(58) => "ipv6-icmp",
        Some(132) => "sctp",
        _ => return (Value::Null, json!(number)),
    };
    (json!(name), json!(number))
}

/// Activity (1 open, 4 fail, 5 refuse, 6 traffic, 99 other) by what came of an attempt.
fn activity(outcome: &str) -> (u16, &'static str) {
    match outcome {
        "accepted" => (1, "Open"),
        "refused" | "rejected" => (5, "Refuse"),
        "unanswered" => (4, "Fail"),
        "mid_stream" => (6, "Traffic"),
        _ => (99, "Other"),
    }
}

/// OCSF 1.8 Network Activity: class 4001 in category 4.
fn ocsf_event(row: &Map<String, Value>) -> Value {
    let outcome = word(row, "outcome");
    let (activity, activity_name) = activity(outcome);
    let (direction_id, direction) = match word(row, "direction") {
        "inbound" => (1, "Inbound"),
        "outbound" => (2, "Outbound"),
        "local" => (4, "Local"),
        _ => (0, "Unknown"),
    };
    let (protocol_name, protocol_num) = protocol(row);
    let (status_id, status) = if outcome == "accepted" { (1, "Success") } else { (2, "Failure") };
    json!({
        "class_uid": 4001, "class_name": "Network Activity",
        "category_uid": 4, "category_name": "Network Activity",
        "activity_id": activity, "activity_name": activity_name, "type_uid": 400_100 + u32::from(activity),
        "time": millis(row, "_time"),
        "severity_id": 1, "severity": "Informational",
        "status_id": status_id, "status": status, "status_detail": outcome,
        "metadata": {
            "version": "1.8.0", "uid": value(row, "_id"),
            "product": {"name": "Vedette", "vendor_name": "Vedette", "version": env!("CARGO_PKG_VERSION")},
        },
        "src_endpoint": {"ip": value(row, "source_ip"), "port": value(row, "source_port"),
                         "mac": value(row, "source_mac")},
        "dst_endpoint": {"ip": value(row, "target_ip"), "port": value(row, "target_port")},
        "connection_info": {
            "direction_id": direction_id, "direction": direction,
            "protocol_name": protocol_name,
            "protocol_num": protocol_num,
        },
        "traffic": {"bytes_out": value(row, "action_upload"), "bytes_in": value(row, "action_download"),
                    "packets_out": value(row, "action_pkts_sent"), "packets_in": value(row, "action_pkts_received")},
        "device": {"uid": value(row, "agent_id"), "hostname": value(row, "agent_hostname"), "type_id": 0},
    })
}

fn ecs_event(row: &Map<String, Value>) -> Value {
    let outcome = word(row, "outcome");
    let (result, kinds) = match outcome {
        "accepted" => ("success", ["connection", "start"]),
        "refused" | "rejected" => ("failure", ["connection", "denied"]),
        "unanswered" => ("failure", ["connection", "end"]),
        _ => ("unknown", ["connection", "info"]),
    };
    let time = row.get("_time").and_then(Value::as_i64).map(|micros| Time(micros).to_string());
    json!({
        "@timestamp": time,
        "ecs": {"version": "9.1.0"},
        "event": {"kind": "event", "category": ["network"], "type": kinds, "outcome": result, "action": outcome,
                  "module": "vedette", "dataset": "vedette.network", "id": value(row, "_id")},
        "source": {"ip": value(row, "source_ip"), "port": value(row, "source_port"),
                   "mac": value(row, "source_mac")},
        "destination": {"ip": value(row, "target_ip"), "port": value(row, "target_port")},
        "network": {"transport": protocol(row).0,
                    "direction": value(row, "direction")},
        "host": {"id": value(row, "agent_id"), "name": value(row, "agent_hostname")},
        "observer": {"vendor": "Vedette", "product": "Vedette", "version": env!("CARGO_PKG_VERSION")},
        "related": {"ip": [value(row, "source_ip"), value(row, "target_ip")]},
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn row(outcome: &str) -> Map<String, Value> {
        let row = json!({"_time": 1_700_000_000_123_456_i64, "_id": "e1", "source_ip": "203.0.113.7", "source_port": 40000,
            "target_ip": "10.0.0.5", "target_port": 22, "action_network_protocol": 6, "outcome": outcome,
            "direction": "inbound", "agent_id": "a", "agent_hostname": "web-1"});
        row.as_object().unwrap().clone()
    }

    #[test]
    fn an_event_is_a_network_activity() {
        let made = event(Schema::Ocsf, &row("refused"));
        assert_eq!((&made["class_uid"], &made["type_uid"]), (&json!(4001), &json!(400_105)));
        assert_eq!((&made["time"], &made["activity_id"]), (&json!(1_700_000_000_123_i64), &json!(5)));
        assert_eq!(made["connection_info"]["protocol_num"], 6);
        assert_eq!((&made["dst_endpoint"]["port"], &made["status_id"]), (&json!(22), &json!(2)));
        for (outcome, id) in [("accepted", 1), ("unanswered", 4), ("mid_stream", 6), ("?", 99)] {
            let made = event(Schema::Ocsf, &row(outcome));
            assert_eq!(made["type_uid"].as_u64().unwrap(), 400_100 + id, "{outcome}");
        }
    }

    #[test]
    fn an_event_in_the_common_schema() {
        let made = event(Schema::Ecs, &row("accepted"));
        assert_eq!(made["@timestamp"], "2023-11-14T22:13:20.123456Z");
        assert_eq!(
            (&made["event"]["outcome"], &made["network"]["transport"]),
            (&json!("success"), &json!("tcp"))
        );
        assert_eq!(made["related"]["ip"], json!(["203.0.113.7", "10.0.0.5"]));
    }

    #[test]
    fn rows_with_nothing_in_them_do_no_harm() {
        for schema in [Schema::Ocsf, Schema::Ecs] {
            assert!(event(schema, &Map::new()).is_object());
        }
    }

    #[test]
    fn an_alert_in_both() {
        let made = crate::notify::tests_alert("scan <b>");
        let ecs = alert(Schema::Ecs, &made);
        assert_eq!((&ecs["event"]["kind"], &ecs["event"]["severity"]), (&json!("alert"), &json!(47)));
        assert_eq!(
            (&ecs["source"]["ip"], &ecs["threat"]["technique"]["id"][0]),
            (&json!("10.0.0.9"), &json!("T1046"))
        );
        assert_eq!(alert(Schema::Ocsf, &made)["class_uid"], 2004);
    }
}
