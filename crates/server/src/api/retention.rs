//! How long things are kept.

use super::error::ApiError;
use super::extract::Json;
use crate::app::App;
use crate::audit::Note;
use axum::extract::State;
use axum::{Extension, Json as Answer};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub struct Retention {
    /// Rows of datasets; set when the server starts.
    dataset_days: u32,
    dataset_bytes: u64,
    /// Closed alerts, and those that an exclusion hides. Open ones are kept.
    closed_alert_days: u32,
    /// Alerts dropped by their age so far.
    alerts_expired: u64,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionEdit {
    /// 1 to 36,500.
    closed_alert_days: u32,
}

async fn now(app: &App) -> Result<Answer<Retention>, ApiError> {
    let (days, expired) =
        app.state(|store, _| Ok((store.closed_alert_days()?, store.alerts_expired()?))).await?;
    Ok(Answer(Retention {
        dataset_days: app.retention.0,
        dataset_bytes: app.retention.1,
        closed_alert_days: days,
        alerts_expired: expired,
    }))
}

/// How long things are kept.
#[utoipa::path(get, path = "/api/v1/retention", tag = "administration",
    responses((status = 200, body = Retention)))]
pub async fn show(State(app): State<Arc<App>>) -> Result<Answer<Retention>, ApiError> {
    now(&app).await
}

/// Sets how long closed alerts are kept; the next hourly sweep goes by it.
#[utoipa::path(patch, path = "/api/v1/retention", tag = "administration", request_body = RetentionEdit,
    responses((status = 200, body = Retention), (status = 400, body = super::error::ErrorBody)))]
pub async fn edit(
    State(app): State<Arc<App>>,
    Extension(note): Extension<Note>,
    Json(edit): Json<RetentionEdit>,
) -> Result<Answer<Retention>, ApiError> {
    let days = edit.closed_alert_days;
    if !(1..=36_500).contains(&days) {
        return Err(ApiError::bad_request("Closed alerts are kept 1 to 36,500 days."));
    }
    note.say(format!("Closed alerts are kept {days} days"));
    app.state(move |store, _| store.set_closed_alert_days(days)).await?;
    now(&app).await
}
