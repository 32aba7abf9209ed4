//! The same change to many alerts: named by number, or by the filter of a list.

use super::alerts::{AlertEdit, ListParameters, filter, unknown_user};
use super::error::ApiError;
use super::extract::Json;
use crate::access::Identity;
use crate::app::App;
use crate::audit::Note;
use crate::live::News;
use crate::state::MOST_AT_ONCE;
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::{Extension, Json as Answer};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use utoipa::ToSchema;

/// Alerts by number that were refused or are missing, as far as they are named.
const NAMED: usize = 100;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkEdit {
    /// Numbers of alerts, at most 10,000. Either these or `filter`.
    #[serde(default)]
    ids: Option<Vec<i64>>,
    /// The parameters of `GET /api/v1/alerts` as they stand behind its question mark: `status=new&rule=3`.
    /// `sort`, `limit` and `cursor` mean nothing here.
    filter: Option<String>,
    /// With `filter`: how many alerts it is known to match. Another number changes nothing.
    expected: Option<u64>,
    change: AlertEdit,
    /// Only tell how many there are.
    #[serde(default)]
    dry_run: bool,
}

#[derive(Serialize, ToSchema)]
pub struct BulkResult {
    dry_run: bool,
    matched: u64,
    changed: u64,
    /// As wanted already.
    unchanged: u64,
    /// Numbers of no alert, and alerts that could not be changed; the first 100.
    missing: Vec<i64>,
    refused: Vec<Refused>,
}

#[derive(Serialize, ToSchema)]
pub struct Refused {
    id: i64,
    message: String,
}

/// Changes many alerts in one call. Sent again it changes nothing more.
#[utoipa::path(post, path = "/api/v1/alerts/bulk", tag = "alerts", request_body = BulkEdit,
    responses((status = 200, body = BulkResult), (status = 400, body = super::error::ErrorBody),
              (status = 409, body = super::error::ErrorBody)))]
pub async fn edit(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Identity>,
    Extension(note): Extension<Note>,
    Json(bulk): Json<BulkEdit>,
) -> Result<Answer<BulkResult>, ApiError> {
    bulk.change.check()?;
    let ids = numbers(&app, &bulk).await?;
    let matched = ids.len() as u64;
    if bulk.dry_run {
        note.say(format!("Counted {matched} alerts for a change of many"));
        return Ok(Answer(BulkResult {
            dry_run: true,
            matched,
            changed: 0,
            unchanged: 0,
            missing: Vec::new(),
            refused: Vec::new(),
        }));
    }
    let change = bulk.change;
    let done = app
        .state(move |store, now| store.edit_many(&ids, &change.change(), &who.name, now))
        .await
        .map_err(unknown_user)?;
    note.say(format!("Changed {} of {matched} alerts", done.changed.len()));
    let result = BulkResult {
        dry_run: false,
        matched,
        changed: done.changed.len() as u64,
        unchanged: done.unchanged,
        missing: done.missing.into_iter().take(NAMED).collect(),
        refused: done
            .refused
            .into_iter()
            .take(NAMED)
            .map(|(id, why)| Refused { id, message: super::error::capitalised(&why) })
            .collect(),
    };
    done.changed.into_iter().for_each(|alert| app.live.tell(News::Edited, alert));
    Ok(Answer(result))
}

/// The alerts that are meant, each once.
async fn numbers(app: &App, bulk: &BulkEdit) -> Result<Vec<i64>, ApiError> {
    let ids = match (&bulk.ids, &bulk.filter) {
        (Some(ids), None) => {
            let mut ids = ids.clone();
            ids.sort_unstable();
            ids.dedup();
            ids
        }
        (None, Some(text)) => matching(app, text, bulk).await?,
        _ => return Err(ApiError::bad_request("Give either `ids` or `filter`.")),
    };
    if ids.len() > MOST_AT_ONCE as usize {
        return Err(ApiError::bad_request(format!("One call changes at most {MOST_AT_ONCE} alerts."))
            .help("Narrow the filter, or send several calls."));
    }
    Ok(ids)
}

async fn matching(app: &App, text: &str, bulk: &BulkEdit) -> Result<Vec<i64>, ApiError> {
    let wrong = |why: String| ApiError::bad_request(format!("`filter`: {why}"));
    let uri: Uri =
        format!("/?{text}").parse().map_err(|_| wrong("it is no list of parameters".to_owned()))?;
    let parameters = Query::<ListParameters>::try_from_uri(&uri).map_err(|error| wrong(error.body_text()))?;
    let filter = filter(&parameters.0)?;
    let ids = app.state(move |store, _| store.matching_alerts(&filter, MOST_AT_ONCE + 1)).await?;
    let found = ids.len() as u64;
    match bulk.expected {
        None if !bulk.dry_run => {
            Err(ApiError::bad_request("`filter` needs `expected`, the number it matches.")
                .help("The same call with `dry_run` counts them."))
        }
        Some(expected) if expected != found && !bulk.dry_run => {
            let message =
                format!("The filter matches {found} alerts now, not {expected}; nothing was changed.");
            Err(ApiError::new(StatusCode::CONFLICT, "count_changed", message).extra("matched", json!(found)))
        }
        _ => Ok(ids),
    }
}
