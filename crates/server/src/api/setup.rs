//! The first user.

use super::error::ApiError;
use super::extract::Json;
use super::session::{Me, signed_in};
use crate::app::App;
use crate::audit::Note;
use crate::clock;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::{Extension, Json as Answer};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use vedette_event::Time;

#[derive(Serialize, ToSchema)]
pub struct SetupStatus {
    /// There is no user yet.
    required: bool,
    /// When the setup link ends.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Time>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetupRequest {
    /// From the setup link.
    token: String,
    username: String,
    /// At least 12 characters.
    password: String,
}

/// Whether the first user has still to be made.
#[utoipa::path(get, path = "/api/v1/setup", tag = "setup", security(()),
    responses((status = 200, body = SetupStatus)))]
pub async fn status(State(app): State<Arc<App>>) -> Answer<SetupStatus> {
    let expires_at = app.setup.expires_at();
    Answer(SetupStatus { required: expires_at.is_some(), expires_at })
}

/// Makes the first user, an administrator, and signs them in.
#[utoipa::path(post, path = "/api/v1/setup", tag = "setup", security(()), request_body = SetupRequest,
    responses((status = 201, body = Me), (status = 403, body = super::error::ErrorBody),
              (status = 410, body = super::error::ErrorBody)))]
pub async fn set_up(
    State(app): State<Arc<App>>,
    Extension(note): Extension<Note>,
    Json(request): Json<SetupRequest>,
) -> Result<Response, ApiError> {
    note.actor(&request.username.trim().to_lowercase());
    note.say("Made the first user, an administrator");
    let _turn = app.hashing.acquire().await.map_err(|_| ApiError::busy("The server is stopping."))?;
    if app.setup.token().is_none() {
        return Err(already_done());
    }
    if !app.setup.accepts(&request.token, clock::now()) {
        let message = "The setup link is not valid (any more).";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "setup_token_invalid", message)
            .help("Restart Vedette: it prints a fresh link while there is no user."));
    }
    super::session::check_password(&request.password)?;
    let SetupRequest { username, password, .. } = request;
    let name = username.clone();
    let added = app.state(move |store, now| store.add_first_user(&name, &password, now)).await?;
    app.setup.done();
    if !added {
        return Err(already_done());
    }
    tracing::info!("the first user was set up");
    signed_in(&app, &username.trim().to_lowercase(), StatusCode::CREATED).await
}

fn already_done() -> ApiError {
    ApiError::new(StatusCode::GONE, "setup_done", "Vedette is set up already.")
        .help("Sign in, or ask an administrator for an account.")
}
