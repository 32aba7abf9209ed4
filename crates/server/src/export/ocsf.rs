//! OCSF 1.8: Detection Finding and Network Activity.

use super::{addresses, millis, protocol, time, value, word};
use crate::state::AlertRecord;
use serde_json::{Map, Value, json};
use vedette_event::Severity;

const VERSION: &str = "1.8.0";
/// Pairs of addresses of one finding.
const PAIRS: usize = 10;
/// Of MITRE ATT&CK.
const ATTACK: &str = "19";

/// Class 2004 in category 2 (findings).
pub fn alert(alert: &AlertRecord) -> Value {
    let subject = &alert.subject;
    let (severity_id, severity) = severity(alert.severity());
    let (activity_id, activity, status_id, status) = standing(alert);
    json!({
        "class_uid": 2004, "class_name": "Detection Finding",
        "category_uid": 2, "category_name": "Findings",
        "activity_id": activity_id, "activity_name": activity, "type_uid": 200_400 + activity_id,
        "time": millis(alert.life.created_at),
        "severity_id": severity_id, "severity": severity,
        "status_id": status_id, "status": status, "is_alert": true,
        "count": subject.count(),
        "message": subject.name(),
        "metadata": metadata(json!(alert.life.alert_id.to_string()), &[]),
        "finding_info": {
            "uid": subject.key(), "title": subject.name(), "desc": subject.summary(),
            "types": [subject.category()], "attacks": attacks(alert),
            "created_time": millis(subject.detected_at()), "modified_time": millis(alert.life.updated_at),
            "first_seen_time": millis(subject.first_seen()), "last_seen_time": millis(subject.last_seen()),
        },
        "evidences": evidences(alert),
    })
}

/// What happened to it and how it stands: activity (1 create, 2 update, 3 close) and status (1 new, 2 in
/// progress, 3 suppressed, 4 resolved).
fn standing(alert: &AlertRecord) -> (u32, &'static str, u32, &'static str) {
    let life = &alert.life;
    let (activity_id, activity, status_id, status) = match life.status.as_str() {
        "closed" => (3, "Close", 4, "Resolved"),
        "in_progress" => (2, "Update", 2, "In Progress"),
        _ => (1, "Create", 1, "New"),
    };
    match life.excluded_by {
        Some(_) => (activity_id, activity, 3, "Suppressed"),
        None => (activity_id, activity, status_id, status),
    }
}

fn attacks(alert: &AlertRecord) -> Vec<Value> {
    let mitre = alert.subject.mitre();
    let tactics = mitre.tactics.iter().map(|id| json!({"tactic": {"uid": id}, "version": ATTACK}));
    let techniques = mitre.techniques.iter().map(|id| json!({"technique": {"uid": id}, "version": ATTACK}));
    tactics.chain(techniques).collect()
}

fn evidences(alert: &AlertRecord) -> Vec<Value> {
    let subject = &alert.subject;
    let (sources, targets) = (addresses(subject.source_ips()), addresses(subject.target_ips()));
    let pairs = sources.len().max(targets.len()).min(PAIRS);
    let end = |list: &[String], n: usize| list.get(n).or(list.first()).map(|ip| json!({ "ip": ip }));
    let pair = |n| json!({"src_endpoint": end(&sources, n), "dst_endpoint": end(&targets, n)});
    (0..pairs).map(pair).collect()
}

fn severity(severity: Severity) -> (u8, &'static str) {
    match severity {
        Severity::Informational => (1, "Informational"),
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}

fn metadata(uid: Value, profiles: &[&str]) -> Value {
    json!({
        "version": VERSION, "uid": uid, "profiles": profiles,
        "product": {"name": "Vedette", "vendor_name": "Vedette", "version": env!("CARGO_PKG_VERSION")},
    })
}

/// Activity by what came of an attempt.
fn activity(outcome: &str) -> (u32, &'static str) {
    match outcome {
        "accepted" => (1, "Open"),
        "refused" | "rejected" => (5, "Refuse"),
        "unanswered" => (4, "Fail"),
        "mid_stream" => (6, "Traffic"),
        _ => (99, "Other"),
    }
}

/// Class 4001 in category 4, with the profile of the host that saw it.
pub fn event(row: &Map<String, Value>) -> Value {
    let outcome = word(row, "outcome");
    let (activity, activity_name) = activity(outcome);
    let (direction_id, direction) = match word(row, "direction") {
        "inbound" => (1, "Inbound"),
        "outbound" => (2, "Outbound"),
        "local" => (4, "Local"),
        _ => (0, "Unknown"),
    };
    let (protocol_name, protocol_num) = protocol(row);
    let (status_id, status) = match outcome {
        "accepted" => (1, "Success"),
        "refused" | "rejected" | "unanswered" => (2, "Failure"),
        _ => (0, "Unknown"),
    };
    let on_a_host = !word(row, "agent_id").is_empty() || !word(row, "agent_hostname").is_empty();
    let device =
        json!({"uid": value(row, "agent_id"), "hostname": value(row, "agent_hostname"), "type_id": 0});
    json!({
        "class_uid": 4001, "class_name": "Network Activity",
        "category_uid": 4, "category_name": "Network Activity",
        "activity_id": activity, "activity_name": activity_name, "type_uid": 400_100 + activity,
        "time": time(row).map(millis),
        "severity_id": 1, "severity": "Informational",
        "status_id": status_id, "status": status,
        "status_detail": Some(outcome).filter(|word| !word.is_empty()),
        "metadata": metadata(value(row, "_id"), if on_a_host { &["host"] } else { &[] }),
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
        "device": on_a_host.then_some(device),
    })
}
