//! The query library: what `call "name"` runs.

use super::error::ApiError;
use super::extract::{Json, Name};
use super::query::Diagnostic;
use crate::access::Identity;
use crate::app::App;
use crate::state::LibraryQuery;
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json as Answer};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub struct Library {
    /// By name.
    queries: Vec<LibraryQuery>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LibraryEdit {
    /// XQL; its `$name`s are parameters of the call. Stages alone are a macro for `call_macro`, with `${name}`s.
    query: String,
    /// What it is for.
    #[serde(default)]
    about: String,
}

/// All queries of the library.
#[utoipa::path(get, path = "/api/v1/library", tag = "query", responses((status = 200, body = Library)))]
pub async fn list(State(app): State<Arc<App>>) -> Result<Answer<Library>, ApiError> {
    Ok(Answer(Library { queries: app.state(|store, _| store.library()).await? }))
}

/// Keeps a query under a name; one that is there is replaced. The text must be valid XQL.
#[utoipa::path(put, path = "/api/v1/library/{name}", tag = "query", params(("name" = String, Path)),
    request_body = LibraryEdit,
    responses((status = 200, body = LibraryQuery), (status = 400, body = super::error::ErrorBody)))]
pub async fn keep(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Identity>,
    Name(name): Name,
    Json(edit): Json<LibraryEdit>,
) -> Result<Answer<LibraryQuery>, ApiError> {
    let found = vedette_xql::check(&vedette_xql::without_placeholders(&edit.query));
    if found.iter().any(vedette_xql::Diagnostic::is_error) {
        let shown: Vec<Diagnostic> = found.iter().map(|one| Diagnostic::of(&edit.query, one)).collect();
        let error = ApiError::new(StatusCode::BAD_REQUEST, "query_invalid", "The query is wrong.");
        return Err(error.extra("diagnostics", json!(shown)));
    }
    let kept = app
        .state(move |store, now| {
            let query = LibraryQuery {
                name: name.trim().to_owned(),
                query: edit.query,
                about: edit.about,
                updated_at: now,
                updated_by: who.name,
            };
            store.keep_query(&query)?;
            Ok(query)
        })
        .await?;
    Ok(Answer(kept))
}

/// Removes a query from the library.
#[utoipa::path(delete, path = "/api/v1/library/{name}", tag = "query", params(("name" = String, Path)),
    responses((status = 204), (status = 404, body = super::error::ErrorBody)))]
pub async fn forget(State(app): State<Arc<App>>, Name(name): Name) -> Result<StatusCode, ApiError> {
    match app.state(move |store, _| store.forget_query(&name)).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::not_found("The library has no query of this name.")
            .help("`GET /api/v1/library` lists them.")),
    }
}
