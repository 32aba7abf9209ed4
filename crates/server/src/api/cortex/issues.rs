//! Issues: what newer clients call alerts, under a newer path and keys.

use super::Reply;
use super::alert_shape::issue;
use super::alerts::{apply, narrow};
use super::cases::found;
use super::request::{Data, Page};
use crate::access::Identity;
use crate::api::error::ApiError;
use crate::api::extract::Id;
use crate::app::App;
use crate::audit::Note;
use crate::state::{AlertFilter, SelfTestFilter, Sort, SortKey};
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Map, Value};
use std::sync::Arc;

/// What issues call the fields that alerts are filtered by.
const NAMES: [(&str, &str); 9] = [
    ("id", "alert_id"),
    ("issue_id", "alert_id"),
    ("_insert_time", "server_creation_time"),
    ("observation_time", "creation_time"),
    ("last_update_timestamp", "last_modified_ts"),
    ("detection.method", "alert_source"),
    ("case_ids", "case_id"),
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
        match wanted.field.as_str() {
            // All that there is here.
            "issue_domain" | "domain" => {
                wanted.one_of(&["in", "eq"])?;
                if !wanted.texts()?.iter().any(|word| word.eq_ignore_ascii_case("security")) {
                    filter.ids = Some(Vec::new());
                }
            }
            "name" => {
                wanted.one_of(&["contains"])?;
                filter.text = wanted.texts()?.into_iter().next();
            }
            _ => narrow(&mut filter, &wanted)?,
        }
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

/// Changes what people change about an issue. The answer has no body.
#[utoipa::path(post, path = "/public_api/v1/issue/{id}", tag = "cortex", params(("id" = i64, Path)),
    request_body = Object, responses((status = 204), (status = 404, body = Object)))]
pub async fn update(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Identity>,
    Extension(note): Extension<Note>,
    Id(id): Id,
    data: Data,
) -> Result<StatusCode, ApiError> {
    note.asset(id);
    let change = as_alert(data.get("update_data").unwrap_or(&Value::Null));
    apply(&app, &who, vec![id], &change).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A change of an issue in the words of alerts. A reason says more than `Resolved`, which is what progress
/// says; both come with a dot, with an underscore, or inside `status`.
fn as_alert(change: &Value) -> Data {
    let status = |part: &str| {
        let places =
            [&change[format!("status.{part}")], &change[format!("status_{part}")], &change["status"][part]];
        places.into_iter().find(|value| value.as_str().is_some_and(|word| !word.is_empty())).cloned()
    };
    let word = status("resolution_reason").or_else(|| status("progress"));
    let word = word.or_else(|| change.get("status").filter(|value| value.is_string()).cloned());
    let comment = status("resolution_comment").or_else(|| change.get("comment").cloned());
    let parts = [("severity", change.get("severity").cloned()), ("status", word), ("comment", comment)];
    let parts = parts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Data(Value::Object(parts.collect::<Map<_, _>>()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_spelling_of_a_change_is_read() {
        let reason = json!({"status": "Resolved - False Positive", "severity": "low"});
        for change in [
            json!({"severity": "low", "status.progress": "Resolved", "status.resolution_reason": "Resolved - False Positive"}),
            json!({"severity": "low", "status_progress": "Resolved", "status_resolution_reason": "Resolved - False Positive"}),
            json!({"severity": "low", "status": {"progress": "Resolved", "resolution_reason": "Resolved - False Positive"}}),
            json!({"severity": "low", "status": "Resolved - False Positive"}),
        ] {
            assert_eq!(as_alert(&change).0, reason, "{change}");
        }
        assert_eq!(as_alert(&json!({"status.progress": "In Progress"})).0, json!({"status": "In Progress"}));
        assert_eq!(as_alert(&Value::Null).0, json!({}));
        assert_eq!(as_alert(&json!(["x"])).0, json!({}));
    }
}
