//! Alerts and events in the words of other systems: OCSF 1.8 and the Elastic Common Schema 9.
//!
//! Pure: a record in, an object out; what is not known is left out, for neither schema takes null. Belongs
//! here: what their fields are called. Does not belong here: which records (`api::export`), messages for
//! people (`notify::shapes`). `scripts/conformance.sh` holds real answers against the published schemas.

mod ecs;
mod ocsf;

use crate::state::AlertRecord;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::net::IpAddr;
use utoipa::ToSchema;
use vedette_event::Time;

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
    known(match schema {
        Schema::Ocsf => ocsf::alert(alert),
        Schema::Ecs => ecs::alert(alert),
    })
}

/// A row of `xdr_data` by the names of its fields; times are microseconds since 1970.
pub fn event(schema: Schema, row: &Map<String, Value>) -> Value {
    known(match schema {
        Schema::Ocsf => ocsf::event(row),
        Schema::Ecs => ecs::event(row),
    })
}

/// Without nulls, and without the objects and lists that are empty then.
fn known(value: Value) -> Value {
    let is_known = |value: &Value| match value {
        Value::Null => false,
        Value::Object(object) => !object.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    };
    match value {
        Value::Object(object) => {
            let kept = object.into_iter().map(|(name, value)| (name, known(value)));
            Value::Object(kept.filter(|(_, value)| is_known(value)).collect())
        }
        Value::Array(items) => items.into_iter().map(known).filter(is_known).collect(),
        other => other,
    }
}

fn addresses(list: &[IpAddr]) -> Vec<String> {
    list.iter().take(ADDRESSES).map(ToString::to_string).collect()
}

fn millis(time: Time) -> i64 {
    time.0.div_euclid(1_000)
}

fn value(row: &Map<String, Value>, name: &str) -> Value {
    row.get(name).cloned().unwrap_or_default()
}

fn word<'a>(row: &'a Map<String, Value>, name: &str) -> &'a str {
    row.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn time(row: &Map<String, Value>) -> Option<Time> {
    row.get("_time").and_then(Value::as_i64).map(Time)
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
        assert_eq!(made["metadata"]["profiles"], json!(["host"]), "`device` belongs to it");
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
    fn what_is_not_known_is_left_out() {
        let text = event(Schema::Ocsf, &row("refused")).to_string()
            + &event(Schema::Ecs, &row("refused")).to_string();
        assert!(!text.contains("null") && !text.contains("\"mac\"") && !text.contains("traffic"), "{text}");
        let made = crate::notify::tests_alert("scan");
        let text = alert(Schema::Ocsf, &made).to_string() + &alert(Schema::Ecs, &made).to_string();
        assert!(!text.contains("null") && !text.contains("[]"), "{text}");
    }

    #[test]
    fn a_hardware_address_is_written_as_each_schema_wants_it() {
        let mut row = row("accepted");
        row.insert("source_mac".into(), json!("02:00:5e:10:00:0a"));
        assert_eq!(event(Schema::Ocsf, &row)["src_endpoint"]["mac"], "02:00:5e:10:00:0a");
        assert_eq!(event(Schema::Ecs, &row)["source"]["mac"], "02-00-5E-10-00-0A");
        row.insert("direction".into(), json!("observed"));
        assert_eq!(event(Schema::Ecs, &row)["network"]["direction"], "unknown");
        assert_eq!(event(Schema::Ocsf, &row)["connection_info"]["direction_id"], 0);
    }

    #[test]
    fn a_closed_alert_says_so() {
        let mut made = crate::notify::tests_alert("scan");
        let status = |made: &AlertRecord| {
            let finding = alert(Schema::Ocsf, made);
            (finding["activity_id"].clone(), finding["type_uid"].clone(), finding["status"].clone())
        };
        assert_eq!(status(&made), (json!(1), json!(200_401), json!("New")));
        made.life.status = "closed".to_owned();
        assert_eq!(status(&made), (json!(3), json!(200_403), json!("Resolved")));
        made.life.excluded_by = Some(1);
        assert_eq!(status(&made).2, "Suppressed");
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
