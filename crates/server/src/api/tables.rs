//! Lookups and datasets of users: uploaded as JSON or CSV, listed, removed.

use super::error::{ApiError, capitalised};
use super::extract::{Name, Query, read_body};
use crate::app::App;
use crate::clock;
use axum::Json as Answer;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use vedette_engine::{Format, Imported, LOOKUP_BYTES, TableError, TableInfo, TableKind};

/// The body of one upload.
const LONGEST: usize = 256 << 20;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UploadParameters {
    /// `json` (one object a line, or an array; when absent), `csv`, or `lines` of any text, each a `_raw_log`.
    format: Option<String>,
    /// Lookups only: true adds the rows, false (when absent) replaces all.
    append: Option<bool>,
}

/// What became of an upload.
#[derive(Serialize, ToSchema)]
pub struct UploadReport {
    /// Rows stored, durable when the answer comes.
    rows: u64,
    /// Lines that could not be read, and why; the first 100.
    refused: Vec<String>,
    refused_lines: u64,
    /// Values that do not fit the type their column has: null there; a dataset has them in `_raw_json`.
    misfits: u64,
    /// Rows that the rules for the dataset let fall.
    dropped: u64,
}

#[derive(Serialize, ToSchema)]
pub struct Tables {
    tables: Vec<TableAnswer>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Table)]
pub struct TableAnswer {
    #[serde(flatten)]
    #[schema(value_type = Object)]
    info: TableInfo,
}

/// The lookups and datasets that users made.
#[utoipa::path(get, path = "/api/v1/tables", tag = "query", responses((status = 200, body = Tables)))]
pub async fn list(State(app): State<Arc<App>>) -> Answer<Tables> {
    Answer(Tables { tables: app.tables.list().into_iter().map(|info| TableAnswer { info }).collect() })
}

/// Adds rows to a dataset of the user's own; the first make it. `_time` comes from a field `_time`,
/// `@timestamp`, `timestamp`, `time` or `ts`, and is the time of arrival where there is none.
#[utoipa::path(post, path = "/api/v1/datasets/{name}", tag = "ingest",
    params(("name" = String, Path), UploadParameters),
    request_body(content = String, content_type = "application/x-ndjson"),
    responses((status = 200, body = UploadReport), (status = 400, body = super::error::ErrorBody),
              (status = 413, body = super::error::ErrorBody)))]
pub async fn add(
    State(app): State<Arc<App>>,
    Name(name): Name,
    Query(parameters): Query<UploadParameters>,
    request: Request,
) -> Result<Answer<UploadReport>, ApiError> {
    if parameters.append == Some(false) {
        return Err(ApiError::bad_request("Rows of a dataset are only ever added."));
    }
    import(app, name, TableKind::Dataset, true, &parameters, request).await
}

/// Makes a lookup, or replaces its rows.
#[utoipa::path(put, path = "/api/v1/lookups/{name}", tag = "query",
    params(("name" = String, Path), UploadParameters),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 200, body = UploadReport), (status = 400, body = super::error::ErrorBody),
              (status = 413, body = super::error::ErrorBody)))]
pub async fn put_lookup(
    State(app): State<Arc<App>>,
    Name(name): Name,
    Query(parameters): Query<UploadParameters>,
    request: Request,
) -> Result<Answer<UploadReport>, ApiError> {
    let append = parameters.append.unwrap_or(false);
    import(app, name, TableKind::Lookup, append, &parameters, request).await
}

/// Removes a lookup, or a dataset that users made, with its rows.
#[utoipa::path(delete, path = "/api/v1/tables/{name}", tag = "query", params(("name" = String, Path)),
    responses((status = 204), (status = 404, body = super::error::ErrorBody)))]
pub async fn remove(State(app): State<Arc<App>>, Name(name): Name) -> Result<StatusCode, ApiError> {
    match blocking(move || app.tables.remove(&name)).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::not_found("There is no lookup or dataset of this name that can be removed.")
            .help("`GET /api/v1/tables` lists them; built-in datasets go by retention.")),
    }
}

async fn import(
    app: Arc<App>,
    name: String,
    kind: TableKind,
    append: bool,
    parameters: &UploadParameters,
    request: Request,
) -> Result<Answer<UploadReport>, ApiError> {
    let format = match parameters.format.as_deref() {
        None | Some("json") => Format::Json,
        Some("csv") => Format::Csv,
        Some("lines") if kind == TableKind::Dataset => Format::Lines,
        Some(_) => return Err(ApiError::bad_request("`format` is json or csv, for a dataset also lines.")),
    };
    let most = if kind == TableKind::Lookup { LOOKUP_BYTES as usize } else { LONGEST };
    let text = read_body(request.into_body(), most).await?;
    let done = match kind {
        TableKind::Dataset => {
            let done = app.engine.import(&app.tables, name, (format, text), clock::now()).await;
            done.map_err(refusal)?
        }
        TableKind::Lookup => {
            blocking(move || app.tables.import(&name, kind, append, (format, &text), clock::now())).await?
        }
    };
    let Imported { rows, refused, refused_lines, misfits, dropped } = done;
    Ok(Answer(UploadReport { rows, refused, refused_lines, misfits, dropped }))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, TableError> + Send + 'static,
) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|error| ApiError::internal(error.to_string()))?;
    done.map_err(refusal)
}

fn refusal(error: TableError) -> ApiError {
    match error.is_users() {
        true => ApiError::bad_request(capitalised(&error.to_string())),
        false => ApiError::internal(error.to_string()),
    }
}
