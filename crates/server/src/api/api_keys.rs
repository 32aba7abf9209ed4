//! API keys, for administrators: the keys that clients of the Cortex API send.

use super::error::ApiError;
use super::extract::{Id, Json};
use crate::access::{Identity, Role};
use crate::app::App;
use crate::audit::Note;
use crate::clock;
use crate::secret::Secret;
use crate::state::{KeyKind, KeyRecord, NewKey};
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json as Answer};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use vedette_event::Time;

/// A day, in microseconds.
const DAY: i64 = 86_400_000_000;

#[derive(Serialize, ToSchema)]
pub struct ApiKeys {
    api_keys: Vec<ApiKey>,
}

#[derive(Serialize, ToSchema)]
pub struct ApiKey {
    /// What clients send as `x-xdr-auth-id`.
    id: i64,
    name: String,
    kind: KeyKind,
    role: Role,
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    created_by: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    rotated_at: Option<Time>,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used: Option<Time>,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Time>,
}

impl From<KeyRecord> for ApiKey {
    fn from(key: KeyRecord) -> ApiKey {
        ApiKey {
            id: key.id,
            name: key.name,
            kind: key.kind,
            role: key.role,
            created_at: key.created_at,
            created_by: key.created_by,
            rotated_at: key.rotated_at,
            last_used: key.last_used,
            expires_at: key.expires_at,
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKeyRequest {
    /// What it is for.
    name: String,
    kind: KeyKind,
    role: Role,
    /// 1 to 3,650; absent: it does not end by itself.
    expires_in_days: Option<u32>,
}

#[derive(Serialize, ToSchema)]
pub struct MadeApiKey {
    api_key: ApiKey,
    /// The secret: 128 characters, shown this once.
    key: String,
}

fn made((record, secret): (KeyRecord, Secret), note: &Note, verb: &str) -> MadeApiKey {
    let (kind, role) = (record.kind.as_str(), record.role.as_str());
    note.asset(record.id);
    note.say(format!("{verb} the {kind} API key {} ({}) with the role {role}", record.id, record.name));
    MadeApiKey { api_key: record.into(), key: secret.reveal().to_owned() }
}

fn no_key() -> ApiError {
    ApiError::not_found("There is no such API key.")
}

/// All API keys, without their secrets.
#[utoipa::path(get, path = "/api/v1/api-keys", tag = "administration",
    responses((status = 200, body = ApiKeys)))]
pub async fn keys(State(app): State<Arc<App>>) -> Result<Answer<ApiKeys>, ApiError> {
    let keys = app.state(|store, _| store.keys()).await?;
    Ok(Answer(ApiKeys { api_keys: keys.into_iter().map(ApiKey::from).collect() }))
}

/// Makes an API key; the answer shows its secret this once.
#[utoipa::path(post, path = "/api/v1/api-keys", tag = "administration", request_body = ApiKeyRequest,
    responses((status = 201, body = MadeApiKey)))]
pub async fn add_key(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Identity>,
    Extension(note): Extension<Note>,
    Json(request): Json<ApiKeyRequest>,
) -> Result<(StatusCode, Answer<MadeApiKey>), ApiError> {
    if request.expires_in_days.is_some_and(|days| !(1..=3650).contains(&days)) {
        return Err(ApiError::bad_request("A key lasts 1 to 3,650 days, or for ever."));
    }
    let expires_at = request.expires_in_days.map(|days| clock::now().plus(i64::from(days) * DAY));
    let sealer = app.sealer.clone();
    let added = app
        .state(move |store, now| {
            let (kind, role) = (request.kind, request.role);
            let new = NewKey { name: &request.name, kind, role, created_by: &who.name, expires_at };
            store.add_key(&sealer, &new, now)
        })
        .await?;
    Ok((StatusCode::CREATED, Answer(made(added, &note, "Made"))))
}

/// Gives an API key a new secret, shown this once; the old one ends at once.
#[utoipa::path(post, path = "/api/v1/api-keys/{id}/rotate", tag = "administration",
    params(("id" = i64, Path)),
    responses((status = 200, body = MadeApiKey), (status = 404, body = super::error::ErrorBody)))]
pub async fn rotate_key(
    State(app): State<Arc<App>>,
    Extension(note): Extension<Note>,
    Id(id): Id,
) -> Result<Answer<MadeApiKey>, ApiError> {
    let sealer = app.sealer.clone();
    let rotated = app.state(move |store, now| store.rotate_key(&sealer, id, now)).await?;
    rotated.map(|key| Answer(made(key, &note, "Rotated"))).ok_or_else(no_key)
}

/// Revokes an API key.
#[utoipa::path(delete, path = "/api/v1/api-keys/{id}", tag = "administration", params(("id" = i64, Path)),
    responses((status = 204), (status = 404, body = super::error::ErrorBody)))]
pub async fn revoke_key(State(app): State<Arc<App>>, Id(id): Id) -> Result<StatusCode, ApiError> {
    let revoked = app.state(move |store, _| store.revoke_key(id)).await?;
    if revoked { Ok(StatusCode::NO_CONTENT) } else { Err(no_key()) }
}
