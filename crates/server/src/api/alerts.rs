//! Alerts: list, look, work on.

mod parameters;
mod summary;

use super::error::ApiError;
use super::extract::{Id, Json, Query};
use crate::access::Identity;
use crate::app::App;
use crate::live::News;
use crate::state::{
    AlertFilter, AlertRecord, Change, Comment, Edit, ExcludedFilter, Resolution, StateError, Status, Store,
};
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json as Answer};
pub use parameters::{ListParameters, filter, severity, sort, words};
use serde::{Deserialize, Deserializer, Serialize};
use std::sync::Arc;
pub use summary::{AlertSummary, address_list};
use utoipa::ToSchema;
use vedette_event::{Detection, Finding, Severity, Subject, Time};

/// An alert with everything about it.
#[derive(Serialize, ToSchema)]
pub struct Alert {
    #[serde(flatten)]
    summary: AlertSummary,
    /// As printed by `vedette replay --format json`; null for what is no detection.
    #[schema(value_type = Option<Object>)]
    detection: Option<Detection>,
    /// What a correlation rule or another product found; null for a detection.
    #[schema(value_type = Option<Object>)]
    finding: Option<Finding>,
    /// Others that saw the same scan: a sensor's alert may have been told of by logs too.
    seen_by: Vec<View>,
    comments: Vec<Comment>,
    history: Vec<Change>,
    /// Size of the capture file of its probes; null where the sensor kept none.
    capture_bytes: Option<u64>,
}

/// What another observer saw of the same scan.
#[derive(Serialize, ToSchema)]
#[schema(as = AlertView)]
pub struct View {
    /// Who: `panos:fw-1`, `zeek:conn.log`, or a sensor's identifier.
    observers: Vec<String>,
    detection_id: String,
    name: String,
    summary: String,
    /// It still tells of it.
    active: bool,
    #[schema(value_type = String, format = DateTime)]
    first_seen: Time,
    #[schema(value_type = String, format = DateTime)]
    last_seen: Time,
    probes: u64,
    distinct_ports: u32,
    /// Why it was concluded, the other product's own verdict included.
    reasons: Vec<String>,
    /// Finds what it saw.
    xql: String,
}

impl View {
    fn of(view: Detection) -> View {
        let (from, to) = super::evidence::span(view.first_seen, view.last_seen);
        View {
            xql: super::evidence::xql(&view, from, to),
            active: view.change != vedette_event::Change::Closed,
            detection_id: view.id,
            observers: view.observers,
            name: view.name,
            summary: view.summary,
            first_seen: view.first_seen,
            last_seen: view.last_seen,
            probes: view.probes,
            distinct_ports: view.distinct_ports,
            reasons: view.reasons,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct AlertList {
    alerts: Vec<AlertSummary>,
    /// How many match, on all pages.
    total: u64,
    /// How many more would match, were they not excluded.
    excluded: u64,
    /// For the next page; null on the last.
    next_cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Comments {
    comments: Vec<Comment>,
}

#[derive(Serialize, ToSchema)]
pub struct History {
    history: Vec<Change>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertEdit {
    status: Option<Status>,
    /// Needed to close.
    resolution: Option<Resolution>,
    /// A user's name; null takes the assignee away.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    assignee: Option<Option<String>>,
    /// Goes before what the detector or rule says.
    #[schema(value_type = Option<String>)]
    severity: Option<Severity>,
    comment: Option<String>,
}

impl AlertEdit {
    /// Whether it can be made at all.
    pub fn check(&self) -> Result<(), ApiError> {
        if self.status != Some(Status::Closed) || self.resolution.is_some() {
            return Ok(());
        }
        let message = "Closing an alert needs a resolution.";
        Err(ApiError::new(StatusCode::BAD_REQUEST, "resolution_required", message)
            .help("true_positive, benign, false_positive, duplicate, known_scanner or other."))
    }

    pub fn change(&self) -> Edit<'_> {
        Edit {
            status: self.status,
            resolution: self.resolution,
            assignee: self.assignee.as_ref().map(Option::as_deref),
            severity: self.severity,
            comment: self.comment.as_deref(),
        }
    }
}

/// Tells `null` from absent.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewComment {
    /// 1 to 10,000 characters.
    text: String,
}

/// Alerts, page by page.
#[utoipa::path(get, path = "/api/v1/alerts", tag = "alerts", params(ListParameters),
    responses((status = 200, body = AlertList), (status = 400, body = super::error::ErrorBody)))]
pub async fn list(
    State(app): State<Arc<App>>,
    Query(parameters): Query<ListParameters>,
) -> Result<Answer<AlertList>, ApiError> {
    let filter = filter(&parameters)?;
    let sort = sort(parameters.sort.as_deref().unwrap_or("-detected_at"))?;
    let limit = parameters.limit.unwrap_or(50);
    if !(1..=500).contains(&limit) {
        return Err(ApiError::bad_request("`limit` is 1 to 500."));
    }
    let offset = match parameters.cursor.as_deref() {
        None => 0,
        Some(cursor) => {
            cursor.parse().map_err(|_| ApiError::bad_request("`cursor` is not one that was given out."))?
        }
    };
    let (page, excluded) = app
        .state(move |store, _| {
            let hidden = AlertFilter { excluded: ExcludedFilter::Only, ..filter.clone() };
            let excluded = match filter.excluded {
                ExcludedFilter::Without => store.count_alerts(&hidden)?,
                _ => 0,
            };
            Ok((store.list_alerts(&filter, sort, limit, offset)?, excluded))
        })
        .await?;
    Ok(Answer(AlertList {
        alerts: page.alerts.iter().map(AlertSummary::of).collect(),
        total: page.total,
        excluded,
        next_cursor: page.next.map(|next| next.to_string()),
    }))
}

/// One alert with its detection, comments and history.
#[utoipa::path(get, path = "/api/v1/alerts/{id}", tag = "alerts", params(("id" = i64, Path)),
    responses((status = 200, body = Alert), (status = 404, body = super::error::ErrorBody)))]
pub async fn show(State(app): State<Arc<App>>, Id(id): Id) -> Result<Answer<Alert>, ApiError> {
    let alert = app.state(move |store, _| whole(store, store.alert(id)?)).await?;
    alert.map(Answer).ok_or_else(|| no_alert(id))
}

/// Changes what people change about an alert.
#[utoipa::path(patch, path = "/api/v1/alerts/{id}", tag = "alerts", params(("id" = i64, Path)),
    request_body = AlertEdit,
    responses((status = 200, body = Alert), (status = 400, body = super::error::ErrorBody),
              (status = 404, body = super::error::ErrorBody)))]
pub async fn edit(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Identity>,
    Id(id): Id,
    Json(edit): Json<AlertEdit>,
) -> Result<Answer<Alert>, ApiError> {
    edit.check()?;
    let edited = app
        .state(move |store, now| {
            let record = store.edit_alert(id, &edit.change(), &who.name, now)?;
            Ok((whole(store, record.clone())?, record))
        })
        .await;
    match edited.map_err(unknown_user)? {
        (Some(alert), Some(record)) => {
            app.live.tell(News::Edited, record);
            Ok(Answer(alert))
        }
        _ => Err(no_alert(id)),
    }
}

/// An alert's comments, oldest first.
#[utoipa::path(get, path = "/api/v1/alerts/{id}/comments", tag = "alerts", params(("id" = i64, Path)),
    responses((status = 200, body = Comments), (status = 404, body = super::error::ErrorBody)))]
pub async fn comments(State(app): State<Arc<App>>, Id(id): Id) -> Result<Answer<Comments>, ApiError> {
    let found = app.state(move |store, _| store.alert(id)?.map(|_| store.comments(id)).transpose()).await?;
    found.map(|comments| Answer(Comments { comments })).ok_or_else(|| no_alert(id))
}

/// Adds a comment.
#[utoipa::path(post, path = "/api/v1/alerts/{id}/comments", tag = "alerts", params(("id" = i64, Path)),
    request_body = NewComment,
    responses((status = 201, body = Comment), (status = 404, body = super::error::ErrorBody)))]
pub async fn add_comment(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Identity>,
    Id(id): Id,
    Json(new): Json<NewComment>,
) -> Result<(StatusCode, Answer<Comment>), ApiError> {
    let (comment, record) = app
        .state(move |store, now| Ok((store.add_comment(id, &new.text, &who.name, now)?, store.alert(id)?)))
        .await?;
    if let Some(record) = record {
        app.live.tell(News::Edited, record);
    }
    comment.map(|comment| (StatusCode::CREATED, Answer(comment))).ok_or_else(|| no_alert(id))
}

/// Who changed what about an alert, and when; oldest first.
#[utoipa::path(get, path = "/api/v1/alerts/{id}/history", tag = "alerts", params(("id" = i64, Path)),
    responses((status = 200, body = History), (status = 404, body = super::error::ErrorBody)))]
pub async fn history(State(app): State<Arc<App>>, Id(id): Id) -> Result<Answer<History>, ApiError> {
    let found = app.state(move |store, _| store.alert(id)?.map(|_| store.history(id)).transpose()).await?;
    found.map(|history| Answer(History { history })).ok_or_else(|| no_alert(id))
}

pub fn no_alert(id: i64) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "alert_not_found", format!("There is no alert {id}."))
        .help("`GET /api/v1/alerts` lists them.")
}

fn whole(store: &Store, record: Option<AlertRecord>) -> Result<Option<Alert>, StateError> {
    let Some(record) = record else { return Ok(None) };
    let id = record.life.alert_id;
    let summary = AlertSummary::of(&record);
    let (detection, finding) = match record.subject {
        Subject::Detection(detection) => (Some(*detection), None),
        Subject::Finding(finding) => (None, Some(*finding)),
    };
    Ok(Some(Alert {
        summary,
        detection,
        finding,
        seen_by: store.views(id)?.into_iter().map(View::of).collect(),
        comments: store.comments(id)?,
        history: store.history(id)?,
        capture_bytes: store.capture_size(id)?,
    }))
}

pub fn unknown_user(error: StateError) -> ApiError {
    match error {
        StateError::Invalid(message) if message.contains("no such user") => {
            ApiError::new(StatusCode::BAD_REQUEST, "unknown_user", super::error::capitalised(message))
        }
        other => other.into(),
    }
}
