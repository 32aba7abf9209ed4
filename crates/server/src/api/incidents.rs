//! Incidents: list, look, work on.

use super::alerts::{AlertSummary, address_list, severity, words};
use super::error::ApiError;
use super::extract::{Id, Json, Query};
use crate::access::Identity;
use crate::app::App;
use crate::audit::Note;
use crate::live::News;
use crate::state::{
    Change, IncidentEdit, IncidentFilter, IncidentRecord, IncidentSort, Resolution, StateError, Status, Store,
};
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json as Answer};
use serde::{Deserialize, Deserializer, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use vedette_event::{Severity, Time};

/// Alerts that an incident shows.
const MOST_ALERTS: u32 = 1000;

/// An incident as lists show it.
#[derive(Serialize, ToSchema)]
pub struct IncidentSummary {
    id: i64,
    name: String,
    /// `new`, `in_progress` or `closed`.
    status: String,
    resolution: Option<String>,
    resolve_comment: Option<String>,
    assignee: Option<String>,
    /// Of its worst alert, or as a person set it.
    #[schema(value_type = String)]
    severity: Severity,
    severity_set: bool,
    starred: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
    #[schema(value_type = Option<String>, format = DateTime)]
    closed_at: Option<Time>,
    #[schema(value_type = String, format = DateTime)]
    first_alert_at: Time,
    #[schema(value_type = String, format = DateTime)]
    last_alert_at: Time,
    alert_count: i64,
    alert_ids: Vec<i64>,
    /// Addresses, the first 10.
    source_ips: Vec<String>,
    source_count: usize,
    /// Addresses and host names, the first 10.
    victims: Vec<String>,
    victim_count: usize,
}

impl IncidentSummary {
    fn of(record: IncidentRecord) -> IncidentSummary {
        let incident = record.incident;
        IncidentSummary {
            severity: incident.effective_severity(),
            severity_set: incident.manual_severity.is_some(),
            id: incident.incident_id,
            name: incident.name,
            status: incident.status,
            resolution: incident.resolution,
            resolve_comment: record.resolve_comment,
            assignee: incident.assignee,
            starred: incident.starred,
            created_at: incident.created_at,
            updated_at: incident.updated_at,
            closed_at: incident.closed_at,
            first_alert_at: incident.first_alert_at,
            last_alert_at: incident.last_alert_at,
            alert_count: incident.alert_count,
            alert_ids: incident.alert_ids,
            source_count: incident.source_ips.len(),
            source_ips: address_list(incident.source_ips),
            victim_count: incident.target_ips.len(),
            victims: address_list(incident.target_ips),
        }
    }
}

/// An incident with its alerts and history.
#[derive(Serialize, ToSchema)]
#[schema(as = Incident)]
pub struct IncidentAnswer {
    #[serde(flatten)]
    summary: IncidentSummary,
    /// Oldest first, at most 1,000.
    alerts: Vec<AlertSummary>,
    history: Vec<Change>,
}

#[derive(Serialize, ToSchema)]
pub struct IncidentList {
    incidents: Vec<IncidentSummary>,
    /// How many match, on all pages.
    total: u64,
    /// For the next page; null on the last.
    next_cursor: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct IncidentParameters {
    /// `new`, `in_progress`, `closed`; several with commas.
    status: Option<String>,
    /// `informational` to `critical`; several with commas.
    severity: Option<String>,
    assignee: Option<String>,
    starred: Option<bool>,
    /// Looked for in the text of its alerts.
    q: Option<String>,
    /// `created_at`, `updated_at` or `severity`, with `-` in front for descending.
    sort: Option<String>,
    /// 1 to 500; 50 when absent.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IncidentChange {
    /// Closing an incident closes its open alerts too.
    status: Option<Status>,
    /// Needed to close.
    resolution: Option<Resolution>,
    /// A user's name; null takes the assignee away.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    assignee: Option<Option<String>>,
    #[schema(value_type = Option<String>)]
    severity: Option<Severity>,
    starred: Option<bool>,
    comment: Option<String>,
}

/// Tells `null` from absent.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

pub fn no_incident(id: i64) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "incident_not_found", format!("There is no incident {id}."))
        .help("`GET /api/v1/incidents` lists them.")
}

/// Incidents, page by page.
#[utoipa::path(get, path = "/api/v1/incidents", tag = "incidents", params(IncidentParameters),
    responses((status = 200, body = IncidentList), (status = 400, body = super::error::ErrorBody)))]
pub async fn list(
    State(app): State<Arc<App>>,
    Query(wanted): Query<IncidentParameters>,
) -> Result<Answer<IncidentList>, ApiError> {
    let filter = IncidentFilter {
        status: words(wanted.status.as_deref(), "status", |word| {
            Status::ALL.into_iter().find(|status| status.as_str() == word)
        })?,
        severity: words(wanted.severity.as_deref(), "severity", severity)?,
        assignee: wanted.assignee.map(|name| name.to_lowercase()),
        starred: wanted.starred,
        text: wanted
            .q
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
            .into_iter()
            .collect(),
        ..IncidentFilter::default()
    };
    let sort = sort(wanted.sort.as_deref().unwrap_or("-updated_at"))?;
    let limit = wanted.limit.unwrap_or(50);
    if !(1..=500).contains(&limit) {
        return Err(ApiError::bad_request("`limit` is 1 to 500."));
    }
    let wrong = |_| ApiError::bad_request("`cursor` is not one that was given out.");
    let offset: u64 = wanted.cursor.as_deref().map_or(Ok(0), str::parse).map_err(wrong)?;
    let page = app.state(move |store, _| store.list_incidents(&filter, sort, limit, offset)).await?;
    let end = offset.saturating_add(page.incidents.len() as u64);
    Ok(Answer(IncidentList {
        next_cursor: (end < page.total && !page.incidents.is_empty()).then(|| end.to_string()),
        incidents: page.incidents.into_iter().map(IncidentSummary::of).collect(),
        total: page.total,
    }))
}

fn sort(text: &str) -> Result<(IncidentSort, bool), ApiError> {
    let key = match text.trim_start_matches('-') {
        "created_at" => IncidentSort::CreatedAt,
        "updated_at" => IncidentSort::UpdatedAt,
        "severity" => IncidentSort::Severity,
        _ => {
            return Err(ApiError::bad_request("`sort` is created_at, updated_at or severity.")
                .help("With `-` in front for descending."));
        }
    };
    Ok((key, text.starts_with('-')))
}

/// One incident with its alerts and history.
#[utoipa::path(get, path = "/api/v1/incidents/{id}", tag = "incidents", params(("id" = i64, Path)),
    responses((status = 200, body = IncidentAnswer), (status = 404, body = super::error::ErrorBody)))]
pub async fn show(State(app): State<Arc<App>>, Id(id): Id) -> Result<Answer<IncidentAnswer>, ApiError> {
    let found = app.state(move |store, _| whole(store, store.incident(id)?)).await?;
    found.map(Answer).ok_or_else(|| no_incident(id))
}

fn whole(store: &Store, record: Option<IncidentRecord>) -> Result<Option<IncidentAnswer>, StateError> {
    let Some(record) = record else { return Ok(None) };
    let id = record.incident.incident_id;
    let alerts = store.incident_alerts(id, MOST_ALERTS)?;
    Ok(Some(IncidentAnswer {
        summary: IncidentSummary::of(record),
        alerts: alerts.iter().map(AlertSummary::of).collect(),
        history: store.incident_history(id)?,
    }))
}

/// Changes what people change about an incident.
#[utoipa::path(patch, path = "/api/v1/incidents/{id}", tag = "incidents", params(("id" = i64, Path)),
    request_body = IncidentChange,
    responses((status = 200, body = IncidentAnswer), (status = 400, body = super::error::ErrorBody),
              (status = 404, body = super::error::ErrorBody)))]
pub async fn edit(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Identity>,
    Extension(note): Extension<Note>,
    Id(id): Id,
    Json(change): Json<IncidentChange>,
) -> Result<Answer<IncidentAnswer>, ApiError> {
    note.say(format!("Changed incident {id}"));
    let closes = change.status == Some(Status::Closed);
    let edited = app
        .state(move |store, now| {
            let edit = IncidentEdit {
                status: change.status,
                resolution: change.resolution,
                assignee: change.assignee.as_ref().map(Option::as_deref),
                severity: change.severity,
                starred: change.starred,
                comment: change.comment.as_deref(),
                resolve_comment: change.comment.as_deref().filter(|_| closes),
            };
            let record = store.edit_incident(id, &edit, &who.name, now)?;
            whole(store, record)
        })
        .await?;
    let answer = edited.ok_or_else(|| no_incident(id))?;
    if closes {
        tell(&app, id).await?;
    }
    Ok(Answer(answer))
}

/// Tells of the alerts of an incident that was closed, for they were too.
pub async fn tell(app: &App, id: i64) -> Result<(), ApiError> {
    let alerts = app.state(move |store, _| store.incident_alerts(id, MOST_ALERTS)).await?;
    alerts.into_iter().for_each(|alert| app.live.tell(News::Edited, alert));
    Ok(())
}
