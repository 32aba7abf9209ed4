//! Users and API tokens, for administrators.

use super::error::ApiError;
use super::extract::{Id, Json, Name, Query};
use crate::access::{Identity, Role};
use crate::app::App;
use crate::audit::Note;
use crate::clock;
use crate::state::NewToken;
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json as Answer};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use vedette_event::Time;

const LARGEST_PAGE: usize = 500;

#[derive(Serialize, ToSchema)]
pub struct Users {
    users: Vec<User>,
    /// How many there are, on all pages.
    total: usize,
    /// For the next page; null on the last.
    next_cursor: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageParameters {
    /// 1 to 500; 500 when absent.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// One page of a list, how long the list is, and where the next page begins.
fn page<T>(all: Vec<T>, parameters: &PageParameters) -> Result<(Vec<T>, usize, Option<String>), ApiError> {
    let limit = parameters.limit.unwrap_or(LARGEST_PAGE);
    if !(1..=LARGEST_PAGE).contains(&limit) {
        return Err(ApiError::bad_request("`limit` is 1 to 500."));
    }
    let wrong = |_| ApiError::bad_request("`cursor` is not one that was given out.");
    let begin: usize = parameters.cursor.as_deref().map_or(Ok(0), str::parse).map_err(wrong)?;
    let total = all.len();
    let end = begin.saturating_add(limit);
    let rows = all.into_iter().skip(begin).take(limit).collect();
    Ok((rows, total, (end < total).then(|| end.to_string())))
}

#[derive(Serialize, ToSchema)]
pub struct User {
    username: String,
    role: Role,
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_sign_in: Option<Time>,
    disabled: bool,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    username: String,
    password: String,
    role: Role,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    role: Option<Role>,
    password: Option<String>,
    disabled: Option<bool>,
}

impl UserChange {
    fn in_words(&self) -> String {
        let role = self.role.map(|role| format!("role {}", role.as_str()));
        let password = self.password.as_ref().map(|_| "a new password".to_owned());
        let disabled = self.disabled.map(|off| if off { "disabled" } else { "enabled" }.to_owned());
        role.into_iter().chain(password).chain(disabled).collect::<Vec<_>>().join(", ")
    }
}

#[derive(Serialize, ToSchema)]
pub struct Tokens {
    tokens: Vec<Token>,
    /// How many there are, on all pages.
    total: usize,
    /// For the next page; null on the last.
    next_cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Token {
    id: i64,
    name: String,
    role: Role,
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    created_by: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used: Option<Time>,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Time>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    /// What it is for.
    name: String,
    role: Role,
    /// 1 to 3,650; absent: it does not end by itself.
    expires_in_days: Option<u32>,
}

#[derive(Serialize, ToSchema)]
pub struct MadeToken {
    id: i64,
    /// Shown this once.
    token: String,
}

fn no_user() -> ApiError {
    ApiError::not_found("There is no such user.")
}

fn shown(user: crate::state::UserRecord) -> User {
    User {
        username: user.username,
        role: user.role,
        created_at: user.created_at,
        last_sign_in: user.last_sign_in,
        disabled: user.disabled,
    }
}

/// Users by name, page by page.
#[utoipa::path(get, path = "/api/v1/users", tag = "administration", params(PageParameters),
    responses((status = 200, body = Users), (status = 400, body = super::error::ErrorBody)))]
pub async fn users(
    State(app): State<Arc<App>>,
    Query(parameters): Query<PageParameters>,
) -> Result<Answer<Users>, ApiError> {
    let (users, total, next_cursor) = page(app.state(|store, _| store.users()).await?, &parameters)?;
    Ok(Answer(Users { users: users.into_iter().map(shown).collect(), total, next_cursor }))
}

/// Adds a user.
#[utoipa::path(post, path = "/api/v1/users", tag = "administration", request_body = NewUser,
    responses((status = 201, body = User), (status = 409, body = super::error::ErrorBody)))]
pub async fn add_user(
    State(app): State<Arc<App>>,
    Extension(note): Extension<Note>,
    Json(new): Json<NewUser>,
) -> Result<(StatusCode, Answer<User>), ApiError> {
    note.asset(new.username.trim().to_lowercase());
    note.say(format!("Added the user {} with the role {}", new.username.trim(), new.role.as_str()));
    super::session::check_password(&new.password)?;
    let _turn = app.hashing.acquire().await.map_err(|_| ApiError::busy("The server is stopping."))?;
    let added = app
        .state(move |store, now| {
            let added = store.add_user(&new.username, &new.password, new.role, now)?;
            if added { store.user(new.username.trim()) } else { Ok(None) }
        })
        .await?;
    let user = added.ok_or_else(|| {
        ApiError::new(StatusCode::CONFLICT, "user_exists", "There is a user of this name already.")
    })?;
    Ok((StatusCode::CREATED, Answer(shown(user))))
}

/// Changes a user's role, password or state; their sessions end.
#[utoipa::path(patch, path = "/api/v1/users/{username}", tag = "administration",
    params(("username" = String, Path)), request_body = UserChange,
    responses((status = 200, body = User), (status = 404, body = super::error::ErrorBody)))]
pub async fn change_user(
    State(app): State<Arc<App>>,
    Extension(note): Extension<Note>,
    Name(name): Name,
    Json(change): Json<UserChange>,
) -> Result<Answer<User>, ApiError> {
    note.say(format!("Changed the user {name}: {}", change.in_words()));
    if let Some(password) = &change.password {
        super::session::check_password(password)?;
    }
    let _turn = app.hashing.acquire().await.map_err(|_| ApiError::busy("The server is stopping."))?;
    let changed = app
        .state(move |store, _| {
            if !store.update_user(&name, change.role, change.disabled)? {
                return Ok(None);
            }
            if let Some(password) = &change.password {
                store.set_password(&name, password)?;
            }
            store.user(&name)
        })
        .await?;
    changed.map(shown).map(Answer).ok_or_else(no_user)
}

/// Removes a user; what they wrote stays under their name.
#[utoipa::path(delete, path = "/api/v1/users/{username}", tag = "administration",
    params(("username" = String, Path)),
    responses((status = 204), (status = 404, body = super::error::ErrorBody)))]
pub async fn remove_user(State(app): State<Arc<App>>, Name(name): Name) -> Result<StatusCode, ApiError> {
    let removed = app.state(move |store, _| store.remove_user(&name)).await?;
    if removed { Ok(StatusCode::NO_CONTENT) } else { Err(no_user()) }
}

/// Names an alert can be assigned to.
#[derive(Serialize, ToSchema)]
pub struct Assignees {
    users: Vec<String>,
}

/// Whom an alert can be assigned to.
#[utoipa::path(get, path = "/api/v1/assignees", tag = "alerts", responses((status = 200, body = Assignees)))]
pub async fn assignees(State(app): State<Arc<App>>) -> Result<Answer<Assignees>, ApiError> {
    let users = app.state(|store, _| store.users()).await?;
    let able =
        users.into_iter().filter(|user| !user.disabled && crate::access::Access::Work.allows(user.role));
    Ok(Answer(Assignees { users: able.map(|user| user.username).collect() }))
}

/// API tokens, without the tokens themselves, page by page.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "administration", params(PageParameters),
    responses((status = 200, body = Tokens), (status = 400, body = super::error::ErrorBody)))]
pub async fn tokens(
    State(app): State<Arc<App>>,
    Query(parameters): Query<PageParameters>,
) -> Result<Answer<Tokens>, ApiError> {
    let (tokens, total, next_cursor) = page(app.state(|store, _| store.tokens()).await?, &parameters)?;
    let shown = |token: crate::state::TokenRecord| Token {
        id: token.id,
        name: token.name,
        role: token.role,
        created_at: token.created_at,
        created_by: token.created_by,
        last_used: token.last_used,
        expires_at: token.expires_at,
    };
    Ok(Answer(Tokens { tokens: tokens.into_iter().map(shown).collect(), total, next_cursor }))
}

/// Makes an API token; the answer shows it this once.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "administration", request_body = TokenRequest,
    responses((status = 201, body = MadeToken)))]
pub async fn add_token(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Identity>,
    Extension(note): Extension<Note>,
    Json(request): Json<TokenRequest>,
) -> Result<(StatusCode, Answer<MadeToken>), ApiError> {
    note.say(format!("Made the token {} with the role {}", request.name.trim(), request.role.as_str()));
    if request.expires_in_days.is_some_and(|days| !(1..=3650).contains(&days)) {
        return Err(ApiError::bad_request("A token lasts 1 to 3,650 days, or for ever."));
    }
    let expires_at = request.expires_in_days.map(|days| clock::now().plus(i64::from(days) * 86_400_000_000));
    let (id, token) = app
        .state(move |store, now| {
            let new = NewToken { name: &request.name, role: request.role, created_by: &who.name, expires_at };
            store.add_token(&new, now)
        })
        .await?;
    note.asset(id);
    Ok((StatusCode::CREATED, Answer(MadeToken { id, token: token.reveal().to_owned() })))
}

/// Revokes an API token.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "administration", params(("id" = i64, Path)),
    responses((status = 204), (status = 404, body = super::error::ErrorBody)))]
pub async fn revoke_token(State(app): State<Arc<App>>, Id(id): Id) -> Result<StatusCode, ApiError> {
    let revoked = app.state(move |store, _| store.revoke_token(id)).await?;
    if revoked { Ok(StatusCode::NO_CONTENT) } else { Err(ApiError::not_found("There is no such token.")) }
}
