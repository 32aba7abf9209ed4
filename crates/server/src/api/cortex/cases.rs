//! Cases: what newer clients call incidents, under newer paths and keys.

use super::Reply;
use super::incidents::{ALERTS_OF_SEVERAL, Whole, apply, incident, network, page, with_alerts};
use super::request::Data;
use super::{reply, words};
use crate::access::Identity;
use crate::api::error::ApiError;
use crate::api::extract::Id;
use crate::api::incidents::no_incident;
use crate::app::App;
use crate::audit::Note;
use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;

/// The keys of an incident that a case has too, with the same values.
const SHARED: [&str; 16] = [
    "creation_time",
    "modification_time",
    "severity",
    "description",
    "assigned_user_mail",
    "assigned_user_pretty_name",
    "notes",
    "resolve_comment",
    "resolved_timestamp",
    "xdr_url",
    "starred",
    "hosts",
    "users",
    "tags",
    "mitre_tactics_ids_and_names",
    "mitre_techniques_ids_and_names",
];

/// A page in the shape of newer calls. Clients page by either count: both say what matches.
pub fn found(total: usize, data: Vec<Value>) -> Reply {
    reply(json!({"TOTAL_COUNT": total, "FILTER_COUNT": total, "DATA": data}))
}

/// Cases that pass the filters, page by page.
#[utoipa::path(post, path = "/public_api/v1/case/search", tag = "cortex", request_body = Object,
    responses((status = 200, body = Object), (status = 400, body = Object)))]
pub async fn search(State(app): State<Arc<App>>, data: Data) -> Result<Reply, ApiError> {
    let (incidents, total) = page(&app, &data).await?;
    let all = app.state(move |store, _| with_alerts(store, incidents, ALERTS_OF_SEVERAL)).await?;
    Ok(found(total, all.iter().map(|whole| case(&app, whole)).collect()))
}

fn case(app: &App, (record, alerts): &Whole) -> Value {
    let one = &record.incident;
    let incident = incident(app, record, alerts);
    let (progress, reason) = words::progress(&one.status, one.resolution.as_deref());
    let mut case = json!({
        "case_id": one.incident_id,
        "case_name": one.name,
        "case_domain": "SECURITY",
        "status_progress": progress,
        "resolve_reason": reason,
        "user_severity": one.manual_severity.map(words::severity),
        "issue_count": one.alert_count,
        "issue_ids": one.alert_ids,
        "low_severity_issue_count": incident["low_severity_alert_count"],
        "med_severity_issue_count": incident["med_severity_alert_count"],
        "high_severity_issue_count": incident["high_severity_alert_count"],
        "critical_severity_issue_count": incident["critical_severity_alert_count"],
        "issue_categories": incident["alert_categories"],
        "is_blocked": false,
        "custom_fields": {},
        "assets": [],
        "asset_ids": [],
        "case_team": [],
        "access_mode": null,
    });
    for key in SHARED {
        case[key] = incident[key].clone();
    }
    case
}

/// Changes what people change about a case. The answer has no body.
#[utoipa::path(post, path = "/public_api/v1/case/update/{id}", tag = "cortex", params(("id" = i64, Path)),
    request_body = Object, responses((status = 204), (status = 404, body = Object)))]
pub async fn update(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Identity>,
    Extension(note): Extension<Note>,
    Id(id): Id,
    data: Data,
) -> Result<StatusCode, ApiError> {
    note.asset(id);
    let change = Data(data.get("update_data").cloned().unwrap_or_default());
    apply(&app, &who, id, &change).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Addresses that a case's alerts blame: a list by itself.
#[utoipa::path(get, path = "/public_api/v1/case/artifacts/{id}", tag = "cortex", params(("id" = i64, Path)),
    responses((status = 200, body = Object), (status = 404, body = Object)))]
pub async fn artifacts(State(app): State<Arc<App>>, Id(id): Id) -> Result<Json<Value>, ApiError> {
    let found = app
        .state(move |store, _| with_alerts(store, store.incident(id)?.into_iter().collect(), 1000))
        .await?;
    let (_, alerts) = found.first().ok_or_else(|| no_incident(id))?;
    Ok(Json(Value::Array(network(alerts))))
}
