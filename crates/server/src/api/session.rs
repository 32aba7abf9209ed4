//! Signing in and out.

use super::error::ApiError;
use super::extract::Json;
use super::guard::{COOKIE, Peer, session_cookie};
use crate::access::{Identity, IdentityKind, Role};
use crate::app::App;
use crate::audit::Note;
use crate::clock;
use crate::state::{MIN_PASSWORD, SESSION_IDLE, UserRecord};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json as Answer};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use utoipa::ToSchema;
use vedette_event::Time;

/// Who is signed in.
#[derive(Serialize, ToSchema)]
pub struct Me {
    username: String,
    role: Role,
    kind: IdentityKind,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Time>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    username: String,
    password: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    current: String,
    /// At least 12 characters.
    new: String,
}

/// Signs in: the answer sets the session's cookie.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", security(()), request_body = SignIn,
    responses((status = 200, body = Me), (status = 401, body = super::error::ErrorBody),
              (status = 429, body = super::error::ErrorBody)))]
pub async fn sign_in(
    State(app): State<Arc<App>>,
    Extension(Peer(peer)): Extension<Peer>,
    Extension(note): Extension<Note>,
    Json(request): Json<SignIn>,
) -> Result<Response, ApiError> {
    note.actor(&request.username.trim().to_lowercase());
    note.say("Signed in to the console");
    let user = checked(&app, peer.ip(), &request.username, request.password).await?;
    signed_in(&app, &user.username, StatusCode::OK).await
}

/// Who I am.
#[utoipa::path(get, path = "/api/v1/session", tag = "session",
    responses((status = 200, body = Me), (status = 401, body = super::error::ErrorBody)))]
pub async fn me(Extension(who): Extension<Identity>) -> Answer<Me> {
    Answer(Me { username: who.name, role: who.role, kind: who.kind, expires_at: who.expires_at })
}

/// Signs out.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", responses((status = 204)))]
pub async fn sign_out(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, ApiError> {
    if let Some(token) = session_cookie(&headers).map(str::to_owned) {
        app.state(move |store, _| store.end_session(&token)).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie(&app, "", 0))]).into_response())
}

/// Changes my own password and ends all my sessions.
#[utoipa::path(post, path = "/api/v1/session/password", tag = "session", request_body = NewPassword,
    responses((status = 204), (status = 401, body = super::error::ErrorBody)))]
pub async fn change_password(
    State(app): State<Arc<App>>,
    Extension(Peer(peer)): Extension<Peer>,
    Extension(who): Extension<Identity>,
    Json(request): Json<NewPassword>,
) -> Result<Response, ApiError> {
    if who.kind != IdentityKind::Session {
        return Err(ApiError::bad_request("Only a user who is signed in has a password to change."));
    }
    check_password(&request.new)?;
    let user = checked(&app, peer.ip(), &who.name, request.current).await?;
    let _turn = app.hashing.acquire().await.map_err(|_| ApiError::busy("The server is stopping."))?;
    app.state(move |store, _| store.set_password(&user.username, &request.new)).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie(&app, "", 0))]).into_response())
}

/// The user of these credentials; failures are counted, and too many have to wait.
async fn checked(
    app: &App,
    address: std::net::IpAddr,
    username: &str,
    password: String,
) -> Result<UserRecord, ApiError> {
    // A few at a time: hashing costs memory and a core, and whoever guesses waits in line.
    let _turn = app.hashing.acquire().await.map_err(|_| ApiError::busy("The server is stopping."))?;
    if let Some(seconds) = app.throttle.wait(address, username, clock::now()) {
        let message = "There were too many failed attempts.";
        return Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", message)
            .help(format!("Wait {seconds} seconds."))
            .extra("retry_after_seconds", json!(seconds)));
    }
    let name = username.to_owned();
    let found = app.state(move |store, _| store.check_credentials(&name, &password)).await?;
    match found {
        Some(user) => {
            app.throttle.succeeded(username);
            Ok(user)
        }
        None => {
            app.throttle.failed(address, username, clock::now());
            tracing::warn!(%address, user = ?username.chars().take(64).collect::<String>(), "a sign-in failed");
            let message = "The user name or the password is wrong.";
            Err(ApiError::new(StatusCode::UNAUTHORIZED, "invalid_credentials", message))
        }
    }
}

/// Begins a session and answers with it.
pub async fn signed_in(app: &App, username: &str, status: StatusCode) -> Result<Response, ApiError> {
    let name = username.to_owned();
    let session = app
        .state(move |store, now| {
            store.note_sign_in(&name, now)?;
            let user = store.user(&name)?;
            user.map(|user| Ok((store.begin_session(&name, now)?, user))).transpose()
        })
        .await?;
    let ((token, expires_at), user) =
        session.ok_or_else(|| ApiError::internal("the user vanished while signing in"))?;
    let me = Me {
        username: user.username,
        role: user.role,
        kind: IdentityKind::Session,
        expires_at: Some(expires_at),
    };
    let set = cookie(app, token.reveal(), SESSION_IDLE / 1_000_000);
    Ok((status, [(header::SET_COOKIE, set)], Answer(me)).into_response())
}

/// The browser forgets the cookie when the session ends for want of use at the latest; the server
/// decides anyway.
fn cookie(app: &App, value: &str, seconds: i64) -> HeaderValue {
    let secure = if app.is_tls() { "; Secure" } else { "" };
    // A session that is used goes on for up to 7 days: the cookie must not end before.
    let age = if seconds == 0 { 0 } else { 7 * 24 * 3600 };
    let text = format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}{secure}");
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

/// The password's length, with an error code of its own for forms.
pub fn check_password(password: &str) -> Result<(), ApiError> {
    if password.chars().count() >= MIN_PASSWORD {
        return Ok(());
    }
    let message = format!("The password needs at least {MIN_PASSWORD} characters.");
    Err(ApiError::new(StatusCode::BAD_REQUEST, "password_too_short", message)
        .help("Several words in a row are easy to remember and hard to guess."))
}
