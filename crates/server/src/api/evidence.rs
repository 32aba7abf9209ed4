//! The evidence of an alert: its probes, and the XQL that finds them.

mod afterwards;

use super::alerts::no_alert;
use super::error::ApiError;
use super::extract::{Id, Query};
use super::query::query_error;
use crate::app::App;
use crate::clock;
use afterwards::Afterwards;
use axum::Json as Answer;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use vedette_engine::{QueryLimits, QueryOptions, QueryResult};
use vedette_event::{Detection, Finding, Subject, Time, Value};
use vedette_parse::log::Format;

/// Addresses named in the query; with more of them the filter names only the other side.
const NAMED: usize = 100;
/// Longest run time of the query.
const LONGEST: std::time::Duration = std::time::Duration::from_secs(20);

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EvidenceParameters {
    /// Most probes, 1 to 10,000; 2,000 when absent.
    limit: Option<u64>,
}

#[derive(Serialize, ToSchema)]
pub struct Evidence {
    /// Finds the probes; can be changed and run again.
    xql: String,
    #[schema(value_type = String, format = DateTime)]
    from: Time,
    #[schema(value_type = String, format = DateTime)]
    to: Time,
    /// There are more probes than are listed.
    limit_hit: bool,
    /// Oldest first.
    probes: Vec<Probe>,
    /// Connections to what the scanner found open, from the verdict on, by whomever; null where nothing
    /// was found open.
    afterwards: Option<Afterwards>,
}

#[derive(Serialize, ToSchema)]
pub struct Probe {
    #[schema(value_type = Option<String>, format = DateTime)]
    time: Option<Time>,
    source_ip: Option<String>,
    source_port: Option<i64>,
    target_ip: Option<String>,
    target_port: Option<i64>,
    /// `tcp`, `udp`, `icmp`, `arp`, `sctp`, or the number of the IP protocol.
    protocol: String,
    outcome: Option<String>,
    tcp_flags: Option<i64>,
    handshake_completed: Option<bool>,
    /// Attempts this row stands for.
    count: i64,
    retries: i64,
}

/// What an alert stands on.
#[utoipa::path(get, path = "/api/v1/alerts/{id}/evidence", tag = "alerts",
    params(("id" = i64, Path), EvidenceParameters),
    responses((status = 200, body = Evidence), (status = 404, body = super::error::ErrorBody)))]
pub async fn evidence(
    State(app): State<Arc<App>>,
    Id(id): Id,
    Query(parameters): Query<EvidenceParameters>,
) -> Result<Answer<Evidence>, ApiError> {
    let limit = parameters.limit.unwrap_or(2000);
    if !(1..=10_000).contains(&limit) {
        return Err(ApiError::bad_request("`limit` is 1 to 10000."));
    }
    let alert = app.state(move |store, _| store.alert(id)).await?.ok_or_else(|| no_alert(id))?;
    let detection = match &alert.subject {
        Subject::Detection(detection) => detection,
        Subject::Finding(finding) => return Ok(Answer(of_finding(finding))),
    };
    let (from, to) = span(detection.first_seen, detection.last_seen);
    let xql = xql(detection, from, to);
    let mut options = QueryOptions::at(clock::now());
    options.limits = QueryLimits { rows: Some(limit), runtime: Some(LONGEST), ..QueryLimits::default() };
    let result = app.engine.run(&xql, options).await.map_err(|error| query_error(&xql, error))?;
    let afterwards = afterwards::of(&app, detection).await?;
    Ok(Answer(Evidence { from, to, limit_hit: result.limit_hit, probes: probes(&result), xql, afterwards }))
}

/// The packets of the alert's sources that the sensor kept, and the answers to them, as a pcap file.
#[utoipa::path(get, path = "/api/v1/alerts/{id}/capture", tag = "alerts", params(("id" = i64, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "application/vnd.tcpdump.pcap"),
              (status = 404, body = super::error::ErrorBody)))]
pub async fn capture(State(app): State<Arc<App>>, Id(id): Id) -> Result<Response, ApiError> {
    let found = app.state(move |store, _| Ok((store.alert(id)?, store.capture(id)?))).await?;
    match found {
        (None, _) => Err(no_alert(id)),
        (_, None) => Err(ApiError::not_found(format!("No packets of alert {id} were kept."))
            .help("Packets are kept of what this host's sensor sees, for the latest 2,048 sources; the alert's evidence has the attempts.")),
        (_, Some(file)) => {
            let name = format!("attachment; filename=\"alert-{id}.pcap\"");
            let headers = [
                (header::CONTENT_TYPE, "application/vnd.tcpdump.pcap".to_owned()),
                (header::CONTENT_DISPOSITION, name),
            ];
            Ok((headers, file).into_response())
        }
    }
}

/// Whole seconds around what was seen: the language has no finer ones.
pub fn span(first: Time, last: Time) -> (Time, Time) {
    let second = 1_000_000;
    let from = first.0.div_euclid(second) * second;
    let to = last.0.div_euclid(second).saturating_add(1) * second;
    (Time(from), Time(to))
}

/// The query of the rule, over the rows it saw; what a rule or another product found has no probes.
fn of_finding(finding: &Finding) -> Evidence {
    // A real-time rule's window is about arrival, and its rows may be older.
    let window = finding.rule.as_ref().map(|rule| (rule.from, rule.to.plus(-1)));
    let (first, last) = window.unwrap_or((finding.first_seen, finding.last_seen));
    let (from, to) = span(first.min(finding.first_seen), last.max(finding.last_seen));
    let xql = match &finding.rule {
        Some(rule) if rule.query.contains("timeframe") => rule.query.clone(),
        Some(rule) => {
            format!("config timeframe between \"{}\" and \"{}\"\n| {}", moment(from), moment(to), rule.query)
        }
        None => format!(
            "config timeframe between \"{}\" and \"{}\"\n| dataset = alerts\n| filter _id = \"{}:{}\"",
            moment(from),
            moment(to),
            finding.source.as_str(),
            finding.key.replace('\\', "\\\\").replace('"', "\\\""),
        ),
    };
    Evidence { xql, from, to, limit_hit: false, probes: Vec::new(), afterwards: None }
}

/// The query that finds a campaign's probes: in `xdr_data`, in the logs that told of them, or in both.
pub fn xql(detection: &Detection, from: Time, to: Time) -> String {
    let mut sources = detection.source_ips.clone();
    sources.extend(detection.candidate_ips.iter().filter(|ip| !detection.source_ips.contains(ip)));
    let mut logs: Vec<Format> = detection.observers.iter().filter_map(|id| Format::of_observer(id)).collect();
    let sensed = logs.is_empty() || logs.len() < detection.observers.len();
    logs.sort_by_key(|format| format.as_str());
    logs.dedup();
    let mut text = format!("config timeframe between \"{}\" and \"{}\"\n| ", moment(from), moment(to));
    match &logs[..] {
        [only] if !sensed => {
            let (filtered, outcome) = of_log(detection, &sources, *only);
            text.push_str(&format!(
                "{filtered}| fields _time, source_ip, source_port, dest_ip, dest_port, protocol, {outcome}"
            ));
        }
        logs => {
            let mut parts: Vec<String> =
                sensed.then(|| of_sensors(detection, &sources)).into_iter().collect();
            parts.extend(logs.iter().map(|&format| with_our_names(of_log(detection, &sources, format))));
            text.push_str(&parts.join("\n| union (\n"));
            text.push_str(&")".repeat(parts.len() - 1));
        }
    }
    text.push_str("\n| sort asc _time");
    text
}

fn of_sensors(detection: &Detection, sources: &[IpAddr]) -> String {
    let mut text = String::from("dataset = xdr_data\n| filter event_sub_type != \"DISCONNECT\"");
    let cut = detection.addresses_cut;
    for (field, addresses) in [("source_ip", sources), ("target_ip", &detection.target_ips)] {
        if let Some(condition) = one_of(field, addresses, cut) {
            text.push_str(&format!("\n    and {condition}"));
        }
    }
    text.push_str(
        "\n| fields _time, source_ip, source_port, target_ip, target_port, action_network_protocol, \
         outcome, tcp_flags, handshake_completed, attempt_count, retries",
    );
    text
}

/// The rows of a log, and its column that says what came of them.
fn of_log(detection: &Detection, sources: &[IpAddr], format: Format) -> (String, &'static str) {
    // Both of PAN-OS, where it tells of sessions and of threats.
    let mut text = match format.datasets() {
        [only] => format!("dataset = {only}\n"),
        several => format!("dataset in ({})\n", several.join(", ")),
    };
    let outcome = match format {
        Format::Zeek => "conn_state",
        Format::Suricata => "flow_state",
        _ => "action",
    };
    let cut = detection.addresses_cut;
    let named = [("source_ip", sources), ("dest_ip", &detection.target_ips)];
    let conditions: Vec<String> =
        named.into_iter().filter_map(|(field, addresses)| one_of(field, addresses, cut)).collect();
    if !conditions.is_empty() {
        text.push_str(&format!("| filter {}\n", conditions.join("\n    and ")));
    }
    (text, outcome)
}

/// A log's rows under the names of `xdr_data`, to stand beside its rows.
fn with_our_names((filtered, outcome): (String, &str)) -> String {
    format!(
        "{filtered}| alter target_ip = dest_ip, target_port = dest_port, outcome = {outcome}\n\
         | fields _time, source_ip, source_port, target_ip, target_port, outcome"
    )
}

/// None where the list is too long to name, cut, or empty.
fn one_of(field: &str, addresses: &[IpAddr], cut: bool) -> Option<String> {
    match addresses {
        [] => None,
        [one] => Some(format!("{field} = \"{one}\"")),
        many if many.len() <= NAMED && !cut => {
            let list: Vec<String> = many.iter().map(|address| format!("\"{address}\"")).collect();
            Some(format!("{field} in ({})", list.join(", ")))
        }
        _ => None,
    }
}

/// `2026-01-31 08:00:00 +0000`
pub fn moment(time: Time) -> String {
    let text = time.rfc3339();
    format!("{} +0000", text.get(..19).unwrap_or(&text).replace('T', " "))
}

fn probes(result: &QueryResult) -> Vec<Probe> {
    let columns = result.columns().iter().enumerate();
    let place: HashMap<&str, usize> = columns.map(|(index, column)| (column.name.as_str(), index)).collect();
    let read = |row: &vedette_event::Row| {
        let cell = |name: &str| place.get(name).and_then(|index| row.get(*index));
        let int = |name: &str| match cell(name) {
            Some(Value::Int(number)) => Some(*number),
            _ => None,
        };
        let text = |name: &str| match cell(name) {
            Some(Value::Str(text)) => Some(text.to_string()),
            _ => None,
        };
        Probe {
            time: match cell("_time") {
                Some(Value::Time(time)) => Some(*time),
                _ => None,
            },
            source_ip: text("source_ip"),
            source_port: int("source_port"),
            target_ip: text("target_ip").or_else(|| text("dest_ip")),
            target_port: int("target_port").or_else(|| int("dest_port")),
            protocol: text("protocol").unwrap_or_else(|| protocol(int("action_network_protocol"))),
            outcome: ["outcome", "action", "conn_state", "flow_state"].into_iter().find_map(text),
            tcp_flags: int("tcp_flags"),
            handshake_completed: match cell("handshake_completed") {
                Some(Value::Bool(yes)) => Some(*yes),
                _ => None,
            },
            count: int("attempt_count").unwrap_or(1),
            retries: int("retries").unwrap_or(0),
        }
    };
    result.rows().map(|row| read(&row)).collect()
}

fn protocol(number: Option<i64>) -> String {
    match number {
        Some(6) => "tcp".to_owned(),
        Some(17) => "udp".to_owned(),
        Some(1 | 58) => "icmp".to_owned(),
        Some(132) => "sctp".to_owned(),
        Some(0) => "arp".to_owned(),
        Some(other) => other.to_string(),
        None => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::state::tests::detection;

    #[test]
    fn the_query_is_valid_and_names_both_sides() {
        let mut campaign = detection("c1");
        campaign.candidate_ips = vec!["10.0.0.9".parse().unwrap(), "10.0.0.8".parse().unwrap()];
        let (from, to) = span(campaign.first_seen, campaign.last_seen);
        let text = xql(&campaign, from, to);
        assert_eq!(vedette_xql::check(&text), []);
        assert!(text.contains("source_ip in (\"10.0.0.9\", \"10.0.0.8\")"), "{text}");
        assert!(text.contains("target_ip = \"10.0.0.5\""), "{text}");
    }

    #[test]
    fn a_finding_leads_to_its_alert() {
        let odd = crate::state::tests::finding("a \"quoted\" \\ key");
        let evidence = of_finding(&odd);
        assert_eq!(vedette_xql::check(&evidence.xql), [], "{}", evidence.xql);
        assert!(evidence.probes.is_empty() && evidence.from < evidence.to);
    }

    #[test]
    fn what_a_log_told_of_is_looked_for_in_that_log() {
        let mut campaign = detection("c1");
        for format in Format::ALL {
            campaign.observers = vec![format!("{}:fw.log", format.as_str())];
            let text = xql(&campaign, Time(0), Time(1));
            assert_eq!(vedette_xql::check(&text), [], "{text}");
            assert!(format.datasets().iter().all(|name| text.contains(name)), "{text}");
            assert!(text.contains("dest_ip = \"10.0.0.5\""), "{text}");
        }
    }

    #[test]
    fn what_several_saw_is_looked_for_wherever_they_saw_it() {
        let mut campaign = detection("c1");
        campaign.observers = vec!["panos:fw".to_owned(), "agent-1".to_owned(), "zeek:conn.log".to_owned()];
        let text = xql(&campaign, Time(0), Time(1));
        assert_eq!(vedette_xql::check(&text), [], "{text}");
        for name in ["xdr_data", "panw_ngfw_traffic_raw", Format::Zeek.datasets()[0]] {
            assert!(text.contains(name), "{text}");
        }
        campaign.observers = vec!["agent-1".to_owned(), "agent-2".to_owned()];
        assert!(!xql(&campaign, Time(0), Time(1)).contains("union"));
    }

    #[test]
    fn long_lists_are_not_named() {
        let mut campaign = detection("c1");
        campaign.target_ips = (0..=255).map(|n| IpAddr::from([10, 0, 1, n])).collect();
        let text = xql(&campaign, Time(0), Time(1));
        assert!(!text.contains("target_ip in") && text.contains("source_ip = "), "{text}");
    }
}
