//! Incidents: lists, one with all that is known of it, and what clients do to them.

use super::alert_events::is_outbound;
use super::alert_shape::{Here, incident_row, milliseconds};
use super::alerts::no_word;
use super::request::{Data, Filter, Page};
use super::{Reply, paged, reply, words};
use crate::access::Identity;
use crate::api::error::ApiError;
use crate::api::incidents::{no_incident, tell};
use crate::app::App;
use crate::audit::Note;
use crate::state::{
    AlertRecord, IncidentEdit, IncidentFilter, IncidentRecord, IncidentSort, StateError, Status, Store,
};
use axum::Extension;
use axum::extract::State;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use vedette_event::Time;

/// Alerts of one incident, where a client asks for it, and where it asks for several.
const ALERTS: i64 = 1000;
pub const ALERTS_OF_SEVERAL: u32 = 50;
/// Hosts that an incident lists, and artifacts.
const SHOWN: usize = 100;
const FIELDS: &str = "incident_id_list, status, severity, starred, description, alert_sources, creation_time \
     and modification_time";

/// Incidents that pass the filters, page by page.
#[utoipa::path(post, path = "/public_api/v1/incidents/get_incidents", tag = "cortex", request_body = Object,
    responses((status = 200, body = Object), (status = 400, body = Object)))]
pub async fn list(State(app): State<Arc<App>>, data: Data) -> Result<Reply, ApiError> {
    let (incidents, total) = page(&app, &data).await?;
    let sums = app.state(move |store, _| with_alerts(store, incidents, ALERTS_OF_SEVERAL)).await?;
    let shown = sums.iter().map(|(record, alerts)| incident(&app, record, alerts)).collect();
    Ok(paged(total, "incidents", shown))
}

pub async fn page(app: &App, data: &Data) -> Result<(Vec<IncidentRecord>, usize), ApiError> {
    let Page { from, count } = data.page()?;
    let mut filter = IncidentFilter::default();
    for wanted in data.filters()? {
        narrow(&mut filter, &wanted)?;
    }
    let known = ["creation_time", "modification_time", "severity", "incident_id", "case_id", "id"];
    let (key, descending) = data.sort(&known)?;
    let key = match key {
        "modification_time" => IncidentSort::UpdatedAt,
        "severity" => IncidentSort::Severity,
        _ => IncidentSort::CreatedAt,
    };
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let page = app
        .state(move |store, _| store.list_incidents(&filter, (key, descending), count, from as u64))
        .await?;
    Ok((page.incidents, usize::try_from(page.total).unwrap_or(usize::MAX)))
}

fn narrow(filter: &mut IncidentFilter, wanted: &Filter) -> Result<(), ApiError> {
    match wanted.field.as_str() {
        "incident_id_list" | "incident_id" | "case_id" | "case_id_list" | "id" => {
            wanted.one_of(&["in", "eq"])?;
            filter.ids = Some(wanted.numbers()?);
        }
        "status" | "status_progress" => {
            let not = wanted.one_of(&["eq", "neq", "in"])? == "neq";
            for word in wanted.texts()? {
                let (status, _) = words::status_named(&word).ok_or_else(|| no_word("status", &word))?;
                if not { filter.not_status.push(status) } else { filter.status.push(status) }
            }
        }
        "starred" => {
            wanted.one_of(&["eq"])?;
            filter.starred = Some(wanted.flag()?);
        }
        "severity" => {
            wanted.one_of(&["in", "eq"])?;
            let mut all = Vec::new();
            for word in wanted.texts()? {
                all.extend(words::severities(&word).ok_or_else(|| no_word("severity", &word))?);
            }
            // No incident is of unknown severity.
            if all.is_empty() { filter.ids = Some(Vec::new()) } else { filter.severity = all }
        }
        // All that is seen here is of this domain.
        "case_domain" | "incident_domain" => {
            wanted.one_of(&["in", "eq"])?;
            if !wanted.texts()?.iter().any(|word| word.eq_ignore_ascii_case("security")) {
                filter.ids = Some(Vec::new());
            }
        }
        "description" | "case_name" => {
            wanted.one_of(&["in", "contains", "eq"])?;
            filter.text = wanted.texts()?;
        }
        "alert_sources" => {
            wanted.one_of(&["in", "eq"])?;
            let words = wanted.texts()?;
            let known = words.iter().filter_map(|word| words::source_named(word));
            filter.raised_by = Some(known.map(|source| source.as_str().to_owned()).collect());
        }
        "creation_time" => between(wanted, &mut filter.created)?,
        "modification_time" | "last_update_timestamp" => between(wanted, &mut filter.updated)?,
        "assigned_user_mail" | "assigned_user" => {
            wanted.one_of(&["in", "eq"])?;
            match wanted.texts()?.as_slice() {
                [one] => filter.assignee = Some(one.trim().to_lowercase()),
                _ => return Err(ApiError::bad_request("`assigned_user_mail` is filtered by one user.")),
            }
        }
        _ => return Err(wanted.unknown(FIELDS)),
    }
    Ok(())
}

fn between(wanted: &Filter, span: &mut (Option<Time>, Option<Time>)) -> Result<(), ApiError> {
    let moment = wanted.moment()?;
    if wanted.one_of(&["gte", "lte"])? == "gte" {
        span.0 = Some(span.0.map_or(moment, |known| known.max(moment)));
    } else {
        // Incidents are finer than the milliseconds that clients see.
        let end = moment.plus(999);
        span.1 = Some(span.1.map_or(end, |known| known.min(end)));
    }
    Ok(())
}

pub type Whole = (IncidentRecord, Vec<AlertRecord>);

pub fn with_alerts(
    store: &Store,
    records: Vec<IncidentRecord>,
    limit: u32,
) -> Result<Vec<Whole>, StateError> {
    let alerts = |record: &IncidentRecord| store.incident_alerts(record.incident.incident_id, limit);
    records.into_iter().map(|record| alerts(&record).map(|alerts| (record, alerts))).collect()
}

pub fn incident(app: &App, record: &IncidentRecord, alerts: &[AlertRecord]) -> Value {
    let one = &record.incident;
    let [informational, low, medium, high, critical] = one.by_severity;
    let unique =
        |list: Vec<String>| list.into_iter().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>();
    let subjects = || alerts.iter().map(|alert| &alert.subject);
    let findings = || subjects().filter_map(|subject| subject.finding());
    let mitre = |pick: fn(&AlertRecord) -> &Vec<String>| {
        unique(alerts.iter().flat_map(pick).map(|id| words::mitre(id)).collect())
    };
    let users = unique(findings().flat_map(|finding| finding.users.clone()).collect());
    let hosts: Vec<String> = one.target_ips.iter().take(SHOWN).cloned().collect();
    json!({
        "incident_id": one.incident_id.to_string(),
        "incident_name": null,
        "creation_time": milliseconds(one.created_at),
        "modification_time": milliseconds(one.updated_at),
        "detection_time": milliseconds(one.first_alert_at),
        "status": words::status(&one.status, one.resolution.as_deref()),
        "severity": words::severity(one.effective_severity()),
        "description": one.name,
        "assigned_user_mail": one.assignee,
        "assigned_user_pretty_name": one.assignee,
        "alert_count": one.alert_count,
        "low_severity_alert_count": informational + low,
        "med_severity_alert_count": medium,
        "high_severity_alert_count": high,
        "critical_severity_alert_count": critical,
        "user_count": users.len(),
        "host_count": one.target_ips.len(),
        "notes": null,
        "resolve_comment": record.resolve_comment,
        "resolved_timestamp": one.closed_at.map(milliseconds),
        "manual_severity": one.manual_severity.map(words::severity),
        "manual_description": null,
        "xdr_url": url(app, one.incident_id),
        "starred": one.starred,
        "hosts": hosts,
        "users": users,
        "incident_sources": unique(subjects().map(|subject| words::source(subject.source()).to_owned()).collect()),
        "rule_based_score": null,
        "manual_score": null,
        "wildfire_hits": 0,
        "alerts_grouping_status": if one.status == "closed" { "Disabled" } else { "Enabled" },
        "mitre_tactics_ids_and_names": mitre(|alert| &alert.subject.mitre().tactics),
        "mitre_techniques_ids_and_names": mitre(|alert| &alert.subject.mitre().techniques),
        "alert_categories": unique(subjects().map(|subject| subject.category().to_owned()).collect()),
        "original_tags": [],
        "tags": [],
    })
}

/// Where a person looks at it.
fn url(app: &App, incident: i64) -> String {
    let scheme = if app.is_tls() { "https" } else { "http" };
    let address = app.address;
    let host = if address.ip().is_unspecified() {
        format!("{}:{}", app.hostname, address.port())
    } else {
        address.to_string()
    };
    format!("{scheme}://{host}/incidents/{incident}")
}

fn whole(app: &App, here: &Here, (record, alerts): &Whole, artifacts: bool) -> Value {
    let rows: Vec<Value> = alerts.iter().map(|alert| incident_row(alert, here)).collect();
    let mut all = json!({
        "incident": incident(app, record, alerts),
        "alerts": {"total_count": record.incident.alert_count, "data": rows},
    });
    if artifacts {
        let network = network(alerts);
        all["network_artifacts"] = json!({"total_count": network.len(), "data": network});
        all["file_artifacts"] = json!({"total_count": 0, "data": []});
    }
    all
}

/// Addresses that hosts of ours had to do with: who scanned them, or whom they scanned.
pub fn network(alerts: &[AlertRecord]) -> Vec<Value> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for alert in alerts {
        let subject = &alert.subject;
        let remote = if is_outbound(subject) { subject.target_ips() } else { subject.source_ips() };
        for address in remote.iter().take(SHOWN) {
            *counts.entry(address.to_string()).or_default() += 1;
        }
    }
    let artifact = |(address, count): (String, u64)| {
        json!({
            "type": "IP",
            "alert_count": count,
            "is_manual": false,
            "network_domain": null,
            "network_remote_ip": address,
            "network_remote_port": null,
            "network_country": "UNKNOWN",
        })
    };
    counts.into_iter().take(SHOWN).map(artifact).collect()
}

/// One incident with its alerts and artifacts.
#[utoipa::path(post, path = "/public_api/v1/incidents/get_incident_extra_data", tag = "cortex",
    request_body = Object, responses((status = 200, body = Object), (status = 404, body = Object)))]
pub async fn extra(State(app): State<Arc<App>>, data: Data) -> Result<Reply, ApiError> {
    let id = id(&data)?;
    let limit = data.number("alerts_limit")?.unwrap_or(ALERTS);
    let limit = u32::try_from(limit.clamp(0, ALERTS)).unwrap_or_default();
    let found = app
        .state(move |store, _| with_alerts(store, store.incident(id)?.into_iter().collect(), limit))
        .await?;
    let found = found.first().ok_or_else(|| no_incident(id))?;
    Ok(reply(whole(&app, &app.hosts.here(), found, true)))
}

fn id(data: &Data) -> Result<i64, ApiError> {
    let wrong = || ApiError::bad_request("`incident_id` is the number of an incident.");
    data.needed("incident_id")?.trim().parse().map_err(|_| wrong())
}

/// Incidents that pass the filters, each with its alerts and artifacts.
#[utoipa::path(post, path = "/public_api/v1/incidents/get_multiple_incidents_extra_data", tag = "cortex",
    request_body = Object, responses((status = 200, body = Object), (status = 400, body = Object)))]
pub async fn several(State(app): State<Arc<App>>, data: Data) -> Result<Reply, ApiError> {
    let excluded = data.list("fields_to_exclude").unwrap_or_default();
    let artifacts = !excluded.iter().any(|field| field == "network_artifacts");
    let (incidents, total) = page(&app, &data).await?;
    let found = app.state(move |store, _| with_alerts(store, incidents, ALERTS_OF_SEVERAL)).await?;
    let here = app.hosts.here();
    let shown: Vec<Value> = found.iter().map(|one| whole(&app, &here, one, artifacts)).collect();
    Ok(reply(json!({
        "total_count": total,
        "result_count": shown.len(),
        "alerts_limit_per_incident": ALERTS_OF_SEVERAL,
        "incidents": shown,
    })))
}

/// Changes what people change about an incident.
#[utoipa::path(post, path = "/public_api/v1/incidents/update_incident", tag = "cortex",
    request_body = Object, responses((status = 200, body = Object), (status = 404, body = Object)))]
pub async fn update(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Identity>,
    Extension(note): Extension<Note>,
    data: Data,
) -> Result<Reply, ApiError> {
    let id = id(&data)?;
    note.asset(id);
    let change = Data(data.get("update_data").cloned().unwrap_or_default());
    apply(&app, &who, id, &change).await?;
    Ok(reply(json!(true)))
}

/// What clients change about an incident, in the words of incidents or of cases.
pub async fn apply(app: &App, who: &Identity, id: i64, change: &Data) -> Result<(), ApiError> {
    let word = |names: [&str; 2]| -> Result<Option<String>, ApiError> {
        let [first, second] = names.map(|name| change.text(name));
        Ok(first?.filter(|word| !word.is_empty()).or(second?.filter(|word| !word.is_empty())))
    };
    // A reason says more than `Resolved`, which is what a case's progress says.
    let status = word(["resolve_reason", "status"])?.or(word(["status_progress", "status"])?);
    let status =
        status.map(|word| words::status_named(&word).ok_or_else(|| no_word("status", &word))).transpose()?;
    let severity = word(["manual_severity", "user_severity"])?;
    let severity = severity
        .map(|word| words::severity_to_set(&word).ok_or_else(|| no_word("manual_severity", &word)))
        .transpose()?;
    let assignee = change.text("assigned_user_mail")?.map(|name| name.trim().to_lowercase());
    let starred = change.flag("starred")?;
    let comment = match change.get("comment") {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Object(comment)) => comment.get("value").and_then(Value::as_str).map(str::to_owned),
        // Cases have one text of notes, to which clients add: each is a comment here.
        _ => change.text("notes")?,
    };
    let resolve_comment = change.text("resolve_comment")?.filter(|text| !text.trim().is_empty());
    let closes = status.is_some_and(|(status, _)| status == Status::Closed);
    let by = who.name.clone();
    let edited = app
        .state(move |store, now| {
            let edit = IncidentEdit {
                status: status.map(|(status, _)| status),
                resolution: status.and_then(|(_, resolution)| resolution),
                assignee: assignee
                    .as_deref()
                    .map(|name| Some(name).filter(|name| !matches!(*name, "" | "none"))),
                severity,
                starred,
                comment: comment.as_deref().filter(|text| !text.trim().is_empty()),
                resolve_comment: resolve_comment.as_deref(),
            };
            store.edit_incident(id, &edit, &by, now)
        })
        .await?;
    edited.ok_or_else(|| no_incident(id))?;
    if closes {
        tell(app, id).await?;
    }
    Ok(())
}
