//! An alert in the shapes that clients read: with its events inside, flattened, as a row of an
//! incident, and as `alert_fields`.
//!
//! Types are those of strict clients: numbers of alerts and ports of events are texts, ports of an
//! incident's rows are numbers, host addresses are a list here and one text there.

use super::alert_events::{EVENT_KEYS, events, is_outbound};
use super::words;
use crate::state::AlertRecord;
use serde_json::{Map, Value, json};
use std::net::IpAddr;
use vedette_event::{Subject, Time};

/// Addresses of one alert's hosts.
const ADDRESSES: usize = 100;

/// The host that a sensor of ours runs on, for alerts of that sensor.
#[derive(Clone, Debug, Default)]
pub struct Here {
    pub id: String,
    pub name: String,
    pub version: String,
    pub mac: Vec<String>,
}

pub fn milliseconds(time: Time) -> i64 {
    time.0.div_euclid(1000)
}

/// An alert with what the shapes have in common.
struct Facts<'a> {
    alert: &'a AlertRecord,
    /// `None` when the alert is about no host of ours.
    here: Option<&'a Here>,
    host_name: Option<String>,
    host_ips: Vec<String>,
    remote_ips: Vec<String>,
    blocked: bool,
}

impl<'a> Facts<'a> {
    fn of(alert: &'a AlertRecord, here: &'a Here) -> Facts<'a> {
        let subject = &alert.subject;
        let ours = subject.detection().is_some_and(|detection| detection.observers.contains(&here.id));
        let (own, others) = match is_outbound(subject) {
            true => (subject.source_ips(), subject.target_ips()),
            false => (subject.target_ips(), subject.source_ips()),
        };
        let few = |list: &[IpAddr]| list.iter().take(ADDRESSES).map(ToString::to_string).collect();
        let named = subject.finding().and_then(|finding| finding.hosts.first().cloned());
        let status = subject.finding().and_then(|finding| finding.fields.get("action_status"));
        Facts {
            alert,
            here: ours.then_some(here),
            host_name: named.or_else(|| ours.then(|| here.name.clone())),
            host_ips: few(own),
            remote_ips: few(others),
            blocked: status.and_then(Value::as_str).is_some_and(|word| word.eq_ignore_ascii_case("blocked")),
        }
    }

    fn mitre(&self) -> (Vec<String>, Vec<String>) {
        let mitre = self.alert.subject.mitre();
        let named = |ids: &[String]| ids.iter().map(|id| words::mitre(id)).collect();
        (named(&mitre.tactics), named(&mitre.techniques))
    }
}

/// With its events inside (`get_alerts_multi_events`, version 1).
pub fn nested(alert: &AlertRecord, here: &Here) -> Value {
    let mut shape = head(&Facts::of(alert, here));
    shape.insert("events".to_owned(), events(alert).into_iter().map(Value::Object).collect());
    Value::Object(shape)
}

/// The events' keys beside the alert's, each a list (version 2).
pub fn flat(alert: &AlertRecord, here: &Here) -> Value {
    let mut shape = head(&Facts::of(alert, here));
    let events = events(alert);
    for key in EVENT_KEYS.split_whitespace() {
        let values: Vec<Value> = events.iter().map(|event| event[key].clone()).collect();
        let empty = values.iter().all(Value::is_null);
        shape.insert(key.to_owned(), if empty { Value::Null } else { Value::Array(values) });
    }
    Value::Object(shape)
}

fn head(facts: &Facts<'_>) -> Map<String, Value> {
    let (life, subject) = (&facts.alert.life, &facts.alert.subject);
    let (tactics, techniques) = facts.mitre();
    let resolved = words::status(&life.status, life.resolution.as_deref());
    let shape = json!({
        "external_id": subject.key(),
        "severity": words::severity(facts.alert.severity()),
        "matching_status": if facts.here.is_some() { "MATCHED" } else { "UNMATCHABLE" },
        "end_match_attempt_ts": null,
        "local_insert_ts": milliseconds(life.created_at),
        "last_modified_ts": milliseconds(life.updated_at),
        "bioc_indicator": null,
        "matching_service_rule_id": subject.rule().map(|rule| rule.rule_id.to_string()),
        "attempt_counter": null,
        "bioc_category_enum_key": null,
        "case_id": life.incident_id,
        "is_whitelisted": false,
        "starred": false,
        "deduplicate_tokens": null,
        "filter_rule_id": null,
        "mitre_technique_id_and_name": techniques,
        "mitre_tactic_id_and_name": tactics,
        "agent_version": facts.here.map(|here| here.version.clone()),
        "agent_device_domain": null,
        "agent_fqdn": facts.host_name,
        "agent_os_type": if facts.here.is_some() { "Linux" } else { "NO_HOST" },
        "agent_os_sub_type": null,
        "agent_data_collection_status": facts.here.map(|_| true),
        "mac": null,
        "mac_address": facts.here.map(|here| here.mac.clone()).unwrap_or_default(),
        "agent_is_vdi": null,
        "contains_featured_host": false,
        "contains_featured_user": false,
        "contains_featured_ip": false,
        "alert_type": "Unclassified",
        "resolution_status": resolved,
        "resolution_comment": null,
        "alert_id": life.alert_id.to_string(),
        "detection_timestamp": milliseconds(subject.detected_at()),
        "name": subject.name(),
        "category": subject.category(),
        "endpoint_id": facts.here.map(|here| here.id.clone()),
        "description": description(subject),
        "host_ip": facts.host_ips,
        "host_name": facts.host_name,
        "source": words::source(subject.source()),
        "action": if facts.blocked { "BLOCKED" } else { "DETECTED" },
        "action_pretty": if facts.blocked { "Prevented (Blocked)" } else { "Detected" },
    });
    match shape {
        Value::Object(shape) => shape,
        _ => Map::new(),
    }
}

fn description(subject: &Subject) -> &str {
    if subject.summary().is_empty() { subject.name() } else { subject.summary() }
}

/// As a row of an incident's alerts: one event's keys beside the alert's, addresses as one text.
pub fn incident_row(alert: &AlertRecord, here: &Here) -> Value {
    let facts = Facts::of(alert, here);
    let (tactics, techniques) = facts.mitre();
    let mut shape = head(&facts);
    if let Some(event) = events(alert).into_iter().next() {
        shape.extend(event);
    }
    let joined = |list: &[String]| (!list.is_empty()).then(|| list.join(", "));
    let number = |shape: &Map<String, Value>, key: &str| shape.get(key).and_then(super::request::number);
    let ports = (number(&shape, "action_local_port"), number(&shape, "action_remote_port"));
    for (key, value) in [
        ("host_ip", json!(facts.host_ips.join(","))),
        ("mitre_tactic_id_and_name", json!(joined(&tactics))),
        ("mitre_technique_id_and_name", json!(joined(&techniques))),
        ("action_local_port", json!(ports.0)),
        ("action_remote_port", json!(ports.1)),
        ("agent_data_collection_status", Value::Null),
        // A text where it is known at all.
        ("event_timestamp", Value::Null),
        ("contains_featured_host", json!("NO")),
        ("contains_featured_user", json!("NO")),
        ("contains_featured_ip_address", json!("NO")),
    ] {
        shape.insert(key.to_owned(), value);
    }
    shape.remove("contains_featured_ip");
    Value::Object(shape)
}

/// `alert_fields` of `get_alerts_by_filter_data`.
pub fn fields(alert: &AlertRecord, here: &Here) -> Map<String, Value> {
    let facts = Facts::of(alert, here);
    let (life, subject) = (&alert.life, &alert.subject);
    let (tactics, techniques) = facts.mitre();
    let events: Vec<Value> = events(alert).into_iter().map(Value::Object).collect();
    let shape = json!({
        "internal_id": life.alert_id,
        "external_id": subject.key(),
        "alert_source": words::source(subject.source()),
        "matching_status": if facts.here.is_some() { "MATCHED" } else { "UNMATCHABLE" },
        "severity": words::severity_code(alert.severity()),
        "local_insert_ts": milliseconds(life.created_at),
        "source_insert_ts": milliseconds(subject.detected_at()),
        "last_modified_ts": milliseconds(life.updated_at),
        "alert_name": subject.name(),
        "alert_category": subject.category(),
        "alert_description": description(subject),
        "alert_action_status": if facts.blocked { "BLOCKED" } else { "DETECTED" },
        "resolution_status": words::status(&life.status, life.resolution.as_deref()),
        "bioc_indicator": null,
        "is_whitelisted": false,
        "starred": false,
        "agent_data_collection_status": facts.here.is_some(),
        "agent_id": facts.here.map(|here| here.id.clone()),
        "agent_hostname": facts.host_name,
        "agent_os_type": if facts.here.is_some() { "AGENT_OS_LINUX" } else { "NO_HOST" },
        "agent_ip_addresses": facts.host_ips,
        "action_local_ip": facts.host_ips,
        "action_remote_ip": facts.remote_ips,
        "user_name": subject.finding().map(|finding| finding.users.clone()),
        "mitre_tactic_id_and_name": tactics,
        "mitre_technique_id_and_name": techniques,
        "case_id": life.incident_id,
        "events_length": events.len(),
        "events": events,
    });
    match shape {
        Value::Object(shape) => shape,
        _ => Map::new(),
    }
}

/// An issue, as clients of the newer names read it: an alert under other keys.
pub fn issue(alert: &AlertRecord, here: &Here) -> Value {
    let facts = Facts::of(alert, here);
    let (life, subject) = (&alert.life, &alert.subject);
    let (tactics, techniques) = facts.mitre();
    let (progress, reason) = words::progress(&life.status, life.resolution.as_deref());
    json!({
        "id": life.alert_id,
        "_insert_time": milliseconds(life.created_at),
        "external_id": subject.key(),
        "name": subject.name(),
        "description": description(subject),
        "observation_time": milliseconds(subject.detected_at()),
        "last_update_timestamp": milliseconds(life.updated_at),
        "domain": "SECURITY",
        "detection.method": words::source(subject.source()),
        "detection.rule_id": subject.rule().map(|rule| rule.rule_id.to_string()),
        "category": subject.category(),
        "severity": words::severity(alert.severity()),
        "status.progress": progress,
        "status.resolution_reason": reason,
        "status.resolution_comment": null,
        "assigned_to": life.assignee,
        "assigned_to_pretty": life.assignee,
        "case_ids": life.incident_id.into_iter().collect::<Vec<_>>(),
        "asset_ids": facts.here.map(|here| vec![here.id.clone()]).unwrap_or_default(),
        "asset_names": facts.host_name.iter().collect::<Vec<_>>(),
        "mitre_tactics": tactics,
        "mitre_techniques": techniques,
        "tags": [],
        "normalized_fields": {
            "xdm.source.ipv4": subject.source_ips().iter().take(ADDRESSES).collect::<Vec<_>>(),
            "xdm.target.ipv4": subject.target_ips().iter().take(ADDRESSES).collect::<Vec<_>>(),
        },
        "custom_fields": {},
        "evidences": [],
        "actions": [],
    })
}

/// `get_original_alerts`: what raised it, word for word, as JSON in a text.
pub fn original(alert: &AlertRecord) -> Value {
    let subject = serde_json::to_string(&alert.subject).unwrap_or_default();
    json!({
        "internal_id": alert.life.alert_id,
        "external_id": alert.subject.key(),
        "alert_source": words::source(alert.subject.source()),
        "original_alert_json": subject,
    })
}
