//! Log lines over HTTP: the body is read, parsed and stored while it arrives.

use super::error::ApiError;
use super::extract::{Name, Query};
use super::guard::Peer;
use crate::app::App;
use crate::pipeline::lines::{Input, LineIngest, Summary};
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json as Answer};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use vedette_parse::log::Format;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct IngestParameters {
    /// Only the dataset the source's lines belong to anyway; others are not possible yet.
    dataset: Option<String>,
    /// File or host the lines come from; the client's address when absent.
    origin: Option<String>,
    /// Time zone of times that carry none: `Europe/Berlin`, `+02:00`, `UTC` (when absent).
    timezone: Option<String>,
}

/// What became of the lines.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct IngestReport {
    /// Lines stored in their dataset.
    pub accepted: u64,
    /// Lines that could not be read; they are in `vedette_quarantine`.
    pub quarantined: u64,
    pub reasons: Vec<ReasonCount>,
    pub datasets: Vec<DatasetRows>,
    /// Bytes read.
    pub bytes: u64,
    /// Attempts and verdicts in them that the detector examined.
    pub examined: u64,
    /// Those it did not examine: more than a day ahead of the present, or more than an hour behind
    /// what had been read before.
    pub unexamined: u64,
    /// Scans found in them, each an alert.
    pub scans: u64,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReasonCount {
    pub reason: String,
    pub count: u64,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DatasetRows {
    pub name: String,
    pub rows: u64,
}

impl From<Summary> for IngestReport {
    fn from(summary: Summary) -> IngestReport {
        let reasons = summary.reasons.into_iter().map(|(reason, count)| ReasonCount { reason, count });
        let mut reasons: Vec<ReasonCount> = reasons.collect();
        reasons.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.reason.cmp(&b.reason)));
        let datasets = summary.datasets.into_iter();
        IngestReport {
            accepted: summary.accepted,
            quarantined: summary.quarantined,
            reasons,
            datasets: datasets.map(|(name, rows)| DatasetRows { name: name.to_owned(), rows }).collect(),
            bytes: summary.bytes,
            examined: summary.followings.examined,
            unexamined: summary.followings.unexamined,
            scans: summary.followings.scans.len() as u64,
        }
    }
}

/// Stores logs of other products and looks for scans in them. Every line counted as accepted or
/// quarantined is durable when the answer comes.
#[utoipa::path(post, path = "/api/v1/ingest/{source}", tag = "ingest",
    params(("source" = String, Path, description = "`panos`, `pfirewall`, `netfilter`, `zeek`, `suricata` or `netflow`"), IngestParameters),
    request_body(content = String, content_type = "text/plain"),
    responses((status = 200, body = IngestReport), (status = 404, body = super::error::ErrorBody),
              (status = 413, body = super::error::ErrorBody), (status = 503, body = super::error::ErrorBody)))]
pub async fn ingest(
    State(app): State<Arc<App>>,
    Extension(Peer(peer)): Extension<Peer>,
    Name(source): Name,
    Query(parameters): Query<IngestParameters>,
    body: Body,
) -> Result<Answer<IngestReport>, ApiError> {
    let format = Format::parse(&source).ok_or_else(|| {
        ApiError::not_found(format!("There is no source of this name; there are {}.", Format::NAMES))
    })?;
    if parameters.dataset.as_deref().is_some_and(|name| !format.datasets().contains(&name)) {
        let list = format.datasets().join(" and ");
        return Err(ApiError::bad_request(format!("Lines of this source go to {list} by their type.")));
    }
    let zone = crate::pipeline::lines::zone(parameters.timezone.as_deref().unwrap_or("UTC"))
        .map_err(ApiError::bad_request)?;
    let mut origin = parameters.origin.unwrap_or_else(|| peer.ip().to_string());
    origin.truncate(origin.char_indices().nth(500).map_or(origin.len(), |(end, _)| end));
    let input = Input { format, origin, zone, longest: app.limits.ingest_line };
    let mut lines = LineIngest::new(&app.lake, &app.lines, app.following.clone(), input);
    let read = read(&app, body, &mut lines).await;
    // Whatever happened: what came before is stored and told.
    let (summary, stored) = match lines.finish().await {
        Ok(summary) => (summary, Ok(())),
        Err((summary, error)) => (summary, Err(ApiError::from(error))),
    };
    let report = IngestReport::from(summary);
    match read.and(stored) {
        Ok(()) => Ok(Answer(report)),
        Err(error) => Err(error.extra("stored", json!(report))),
    }
}

async fn read(app: &App, body: Body, lines: &mut LineIngest<'_>) -> Result<(), ApiError> {
    let mut pieces = body.into_data_stream();
    loop {
        let piece = tokio::time::timeout(app.limits.idle_time, pieces.next()).await.map_err(|_| {
            let message = "The body stopped arriving.";
            ApiError::new(StatusCode::REQUEST_TIMEOUT, "timeout", message)
        })?;
        let Some(piece) = piece else { return Ok(()) };
        let piece = piece.map_err(|error| {
            ApiError::bad_request("The body could not be read to its end.").log(error.to_string())
        })?;
        if lines.summary().bytes.saturating_add(piece.len() as u64) > app.limits.ingest_body {
            let most = app.limits.ingest_body;
            let message = format!("One request may carry {most} bytes; the lines before are stored.");
            return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message));
        }
        lines.push(&piece).await?;
    }
}
