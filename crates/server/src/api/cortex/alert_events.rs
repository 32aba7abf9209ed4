//! The events inside an alert: its contacts, as connections of a host.

use super::alert_shape::milliseconds;
use super::words;
use crate::state::AlertRecord;
use serde_json::{Map, Value, json};
use std::net::IpAddr;
use vedette_event::{Subject, Time};

/// Events of one alert.
const EVENTS: usize = 32;

/// Every key of an event that clients may look for, null where we know nothing.
pub const EVENT_KEYS: &str = "agent_install_type agent_host_boot_time event_sub_type module_id association_strength \
    dst_association_strength story_id event_id event_type event_timestamp actor_process_instance_id \
    actor_process_image_path actor_process_image_name actor_process_command_line \
    actor_process_signature_status actor_process_signature_vendor actor_process_image_sha256 \
    actor_process_image_md5 actor_process_causality_id actor_causality_id actor_process_os_pid \
    actor_thread_thread_id causality_actor_process_image_name causality_actor_process_command_line \
    causality_actor_process_image_path causality_actor_process_signature_vendor \
    causality_actor_process_signature_status causality_actor_causality_id \
    causality_actor_process_execution_time causality_actor_process_image_md5 \
    causality_actor_process_image_sha256 action_file_path action_file_name action_file_md5 action_file_sha256 \
    action_file_macro_sha256 action_registry_data action_registry_key_name action_registry_value_name \
    action_registry_full_key action_local_ip action_local_port action_remote_ip action_remote_port \
    action_external_hostname action_country action_process_instance_id action_process_causality_id \
    action_process_image_name action_process_image_sha256 action_process_image_command_line \
    action_process_signature_status action_process_signature_vendor os_actor_effective_username \
    os_actor_process_instance_id os_actor_process_image_path os_actor_process_image_name \
    os_actor_process_command_line os_actor_process_signature_status os_actor_process_signature_vendor \
    os_actor_process_image_sha256 os_actor_process_causality_id os_actor_causality_id os_actor_process_os_pid \
    os_actor_thread_thread_id fw_app_id fw_interface_from fw_interface_to fw_rule fw_rule_id fw_device_name \
    fw_serial_number fw_url_domain fw_email_subject fw_email_sender fw_email_recipient fw_app_subcategory \
    fw_app_category fw_app_technology fw_vsys fw_xff fw_misc fw_is_phishing dst_agent_id \
    dst_causality_actor_process_execution_time dns_query_name dst_action_external_hostname dst_action_country \
    dst_action_external_port user_name";

/// The contacts that decided, or, where none are kept, who and whom.
pub fn events(alert: &AlertRecord) -> Vec<Map<String, Value>> {
    let subject = &alert.subject;
    let mut found = Vec::new();
    if let Subject::Detection(detection) = subject {
        for contact in detection.explanation.contacts.iter().take(EVENTS) {
            let source = contact.source.or(detection.source_ips.first().copied());
            let mut event = event(subject, contact.time);
            ends(&mut event, subject, json!(source), json!(contact.target));
            let port = if is_outbound(subject) { "action_remote_port" } else { "action_local_port" };
            event.insert(port.into(), json!(contact.port.to_string()));
            found.push(event);
        }
    }
    if found.is_empty() {
        let mut event = event(subject, subject.detected_at());
        let first = |list: &[IpAddr]| json!(list.first());
        ends(&mut event, subject, first(subject.source_ips()), first(subject.target_ips()));
        if let Some(finding) = subject.finding() {
            for (key, field) in [("action_local_port", "local_port"), ("action_remote_port", "remote_port")] {
                event.insert(key.into(), json!(finding.fields.get(field).and_then(super::request::text)));
            }
            event.insert("user_name".into(), json!(finding.users.first()));
        }
        found.push(event);
    }
    found
}

/// Whether the scan went out from a host of ours: its own end of each contact is then the source.
pub fn is_outbound(subject: &Subject) -> bool {
    subject.detection().is_some_and(|detection| detection.direction == "outbound")
}

/// The two ends of a contact: `local` is the host's own, as in `xdr_data`.
fn ends(event: &mut Map<String, Value>, subject: &Subject, source: Value, target: Value) {
    let (local, remote) = if is_outbound(subject) { (source, target) } else { (target, source) };
    event.insert("action_local_ip".into(), local);
    event.insert("action_remote_ip".into(), remote);
}

fn event(subject: &Subject, time: Time) -> Map<String, Value> {
    let mut event: Map<String, Value> =
        EVENT_KEYS.split_whitespace().map(|key| (key.to_owned(), Value::Null)).collect();
    event.insert("event_type".into(), json!("Network Event"));
    event.insert("event_timestamp".into(), json!(milliseconds(time)));
    event.insert("story_id".into(), json!(subject.detection().map(|detection| detection.id.clone())));
    event.insert("action_country".into(), json!("UNKNOWN"));
    event.insert("agent_install_type".into(), json!("NA"));
    // The local process that scans, where the sensor knows it.
    if let Some(process) = subject.detection().and_then(|detection| detection.processes.first()) {
        event.insert("actor_process_image_name".into(), json!(process.name));
        event.insert("actor_process_image_path".into(), json!(process.path));
        event.insert("actor_process_command_line".into(), json!(process.command_line));
        event.insert("actor_process_os_pid".into(), json!(process.pid));
        event.insert("user_name".into(), json!(process.user));
    }
    event
}

/// `get_correlation_alert_data`: the events without the keys that say nothing, and their span.
pub fn contributing_events(alert: &AlertRecord) -> Value {
    let events: Vec<Map<String, Value>> = events(alert)
        .into_iter()
        .map(|event| {
            let mut event: Map<String, Value> =
                event.into_iter().filter(|(_, value)| !value.is_null()).collect();
            let time = event.get("event_timestamp").cloned().unwrap_or_default();
            event.insert("_time".to_owned(), time);
            event.insert("_vendor".to_owned(), json!("Vedette"));
            event.insert("_product".to_owned(), json!(words::source(alert.subject.source())));
            event
        })
        .collect();
    let subject = &alert.subject;
    json!({
        "investigation_link": null,
        "events": events,
        "events_viewdef": {},
        "activity_first_seen_at": milliseconds(subject.first_seen()),
        "activity_last_seen_at": milliseconds(subject.last_seen()),
        "drilldown_min_ts": milliseconds(subject.first_seen()),
        "drilldown_max_ts": milliseconds(subject.last_seen()),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::state::Store;
    use crate::state::tests::detection;
    use vedette_event::WeighedContact;

    fn of(direction: &str, contacts: usize) -> Map<String, Value> {
        let mut campaign = detection("c1");
        campaign.direction = direction.to_owned();
        let (source, target) = (campaign.source_ips[0], campaign.target_ips[0]);
        let contact = WeighedContact {
            time: Time(1),
            source: Some(source),
            target,
            port: 22,
            technique: "SYN".to_owned(),
            answer: "refused".to_owned(),
            weight: 1.0,
            score: 1.0,
        };
        campaign.explanation.contacts = vec![contact; contacts];
        let alert = Store::in_memory().record_detection(&campaign, false, Time(5)).unwrap().alert;
        events(&alert).remove(0)
    }

    #[test]
    fn the_local_end_is_that_of_the_host_of_ours() {
        for contacts in [0, 1] {
            let came = of("inbound", contacts);
            assert_eq!(
                (&came["action_remote_ip"], &came["action_local_ip"]),
                (&json!("10.0.0.9"), &json!("10.0.0.5"))
            );
            let went = of("outbound", contacts);
            assert_eq!(
                (&went["action_local_ip"], &went["action_remote_ip"]),
                (&json!("10.0.0.9"), &json!("10.0.0.5"))
            );
        }
        assert_eq!(of("inbound", 1)["action_local_port"], "22");
        let went = of("outbound", 1);
        assert_eq!((&went["action_remote_port"], &went["action_local_port"]), (&json!("22"), &Value::Null));
    }
}
