//! Files of parsing and modelling rules that users keep (`.xif`).

use super::error::{ApiError, capitalised};
use super::extract::{Name, read_body};
use super::query::Diagnostic;
use crate::app::App;
use axum::Json as Answer;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;
use utoipa::ToSchema;
use vedette_engine::{RULE_FILE_BYTES, RuleFileError, RuleFileInfo};

#[derive(Serialize, ToSchema)]
pub struct RuleFiles {
    files: Vec<RuleFileAnswer>,
}

/// What a file makes: fields of the data model, rows of datasets, rules for other files.
#[derive(Serialize, ToSchema)]
#[schema(as = RuleFile)]
pub struct RuleFileAnswer {
    name: String,
    bytes: u64,
    /// Datasets that it makes part of the data model.
    models: Vec<String>,
    /// Datasets whose rows it shapes as they come in.
    ingests: Vec<String>,
    /// Rules that others call.
    rules: Vec<String>,
}

impl From<RuleFileInfo> for RuleFileAnswer {
    fn from(info: RuleFileInfo) -> RuleFileAnswer {
        let RuleFileInfo { name, bytes, models, ingests, rules } = info;
        RuleFileAnswer { name, bytes, models, ingests, rules }
    }
}

#[derive(Serialize, ToSchema)]
pub struct RuleFileText {
    name: String,
    text: String,
}

/// All files of rules.
#[utoipa::path(get, path = "/api/v1/models", tag = "ingest", responses((status = 200, body = RuleFiles)))]
pub async fn list(State(app): State<Arc<App>>) -> Answer<RuleFiles> {
    Answer(RuleFiles { files: app.tables.rules().list().into_iter().map(Into::into).collect() })
}

/// The text of a file.
#[utoipa::path(get, path = "/api/v1/models/{name}", tag = "ingest", params(("name" = String, Path)),
    responses((status = 200, body = RuleFileText), (status = 404, body = super::error::ErrorBody)))]
pub async fn show(State(app): State<Arc<App>>, Name(name): Name) -> Result<Answer<RuleFileText>, ApiError> {
    match app.tables.rules().text(&name) {
        Some(text) => Ok(Answer(RuleFileText { name, text })),
        None => Err(unknown()),
    }
}

/// Keeps a file under a name; one that is there is replaced. It is taken when all of it can be read and
/// every rule it calls is there; otherwise nothing changes.
#[utoipa::path(put, path = "/api/v1/models/{name}", tag = "ingest", params(("name" = String, Path)),
    request_body(content = String, content_type = "text/plain"),
    responses((status = 200, body = RuleFileAnswer), (status = 400, body = super::error::ErrorBody)))]
pub async fn keep(
    State(app): State<Arc<App>>,
    Name(name): Name,
    request: Request,
) -> Result<Answer<RuleFileAnswer>, ApiError> {
    let text = text_of(request).await?;
    blocking(move || app.tables.rules().keep(&name, &text)).await.map(|info| Answer(info.into()))
}

/// Checks a file as it would be kept under a name, the rules of other files at hand, and keeps nothing.
#[utoipa::path(post, path = "/api/v1/models/{name}/check", tag = "ingest", params(("name" = String, Path)),
    request_body(content = String, content_type = "text/plain"),
    responses((status = 200, body = RuleFileAnswer), (status = 400, body = super::error::ErrorBody)))]
pub async fn check(
    State(app): State<Arc<App>>,
    Name(name): Name,
    request: Request,
) -> Result<Answer<RuleFileAnswer>, ApiError> {
    let text = text_of(request).await?;
    blocking(move || app.tables.rules().check(&name, &text)).await.map(|info| Answer(info.into()))
}

async fn text_of(request: Request) -> Result<String, ApiError> {
    let body = read_body(request.into_body(), RULE_FILE_BYTES).await?;
    String::from_utf8(body).map_err(|_| ApiError::bad_request("The file is not UTF-8."))
}

/// Removes a file. Refused while another file needs its rules.
#[utoipa::path(delete, path = "/api/v1/models/{name}", tag = "ingest", params(("name" = String, Path)),
    responses((status = 204), (status = 404, body = super::error::ErrorBody)))]
pub async fn remove(State(app): State<Arc<App>>, Name(name): Name) -> Result<StatusCode, ApiError> {
    match blocking(move || app.tables.rules().remove(&name)).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(unknown()),
    }
}

fn unknown() -> ApiError {
    ApiError::not_found("There is no file of rules of this name.").help("`GET /api/v1/models` lists them.")
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RuleFileError> + Send + 'static,
) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|error| ApiError::internal(error.to_string()))?;
    done.map_err(|error| match error {
        RuleFileError::Io { .. } => ApiError::internal(error.to_string()),
        RuleFileError::Name(_) => ApiError::bad_request(capitalised(&error.to_string())),
        RuleFileError::Wrong { file, text, diagnostics } => {
            let shown: Vec<Diagnostic> = diagnostics.iter().map(|one| Diagnostic::of(&text, one)).collect();
            let first = diagnostics.first().map_or("", |one| one.message.as_str());
            let message = format!("The rules are wrong (file `{file}`): {first}");
            ApiError::new(StatusCode::BAD_REQUEST, "rules_invalid", message)
                .extra("diagnostics", json!(shown))
        }
    })
}
