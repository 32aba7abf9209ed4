//! Issues: what newer clients call alerts, under a newer path and keys.

use super::Reply;
use super::alert_shape::issue;
use super::alerts::narrow;
use super::cases::found;
use super::request::{Data, Page};
use crate::api::error::ApiError;
use crate::app::App;
use crate::state::{AlertFilter, SelfTestFilter, Sort, SortKey};
use axum::extract::State;
use std::sync::Arc;

/// What issues call the fields that alerts are filtered by.
const NAMES: [(&str, &str); 8] = [
    ("id", "alert_id"),
    ("issue_id", "alert_id"),
    ("_insert_time", "server_creation_time"),
    ("observation_time", "creation_time"),
    ("last_update_timestamp", "last_modified_ts"),
    ("detection.method", "alert_source"),
    ("status.progress", "status"),
    ("status.resolution_reason", "status"),
];

/// Alerts that pass the filters, page by page, in the words of issues.
#[utoipa::path(post, path = "/public_api/v1/issue/search", tag = "cortex", request_body = Object,
    responses((status = 200, body = Object), (status = 400, body = Object)))]
pub async fn search(State(app): State<Arc<App>>, data: Data) -> Result<Reply, ApiError> {
    let Page { from, count } = data.page()?;
    let mut filter = AlertFilter { self_test: SelfTestFilter::Without, ..AlertFilter::default() };
    for mut wanted in data.filters()? {
        if let Some((_, name)) = NAMES.iter().find(|(theirs, _)| *theirs == wanted.field) {
            wanted.field = (*name).to_owned();
        }
        narrow(&mut filter, &wanted)?;
    }
    let (key, descending) =
        data.sort(&["observation_time", "_insert_time", "last_update_timestamp", "id", "severity"])?;
    let key = match key {
        "severity" => SortKey::Severity,
        "_insert_time" | "id" => SortKey::CreatedAt,
        "last_update_timestamp" => SortKey::UpdatedAt,
        _ => SortKey::DetectedAt,
    };
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let sort = Sort { key, descending };
    let page = app.state(move |store, _| store.list_alerts(&filter, sort, count, from as u64)).await?;
    let here = app.hosts.here();
    let issues = page.alerts.iter().map(|alert| issue(alert, &here)).collect();
    Ok(found(usize::try_from(page.total).unwrap_or(usize::MAX), issues))
}
