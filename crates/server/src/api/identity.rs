//! Who makes a request: by session cookie, API token or API key.

use super::error::ApiError;
use super::extract;
use super::guard::{Peer, session_cookie};
use super::signature;
use crate::access::{Identity, IdentityKind, Role};
use crate::app::App;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use sha2::{Digest, Sha256};

/// Who asks, and the body: with an advanced key it was read, for the call is noted by its digest.
/// `reads`: the call changes nothing.
pub async fn of(
    app: &App,
    parts: &Parts,
    body: Body,
    reads: bool,
) -> Result<(Option<Identity>, Body), ApiError> {
    let headers = &parts.headers;
    if let Some(signed) = signature::of(headers)? {
        let (digest, body, stores) = call_digest(app, parts, body, signed.is_hashed()).await?;
        let address = parts.extensions.get::<Peer>().map(|peer| peer.0.ip().to_string());
        let call = signature::Call { digest, address: address.unwrap_or_default(), reads: reads && !stores };
        return Ok((Some(signature::check(app, signed, call).await?), body));
    }
    let identity = match bearer(headers) {
        Some(token) => by_token(app, token).await?,
        None => by_cookie(app, headers).await?,
    };
    Ok((identity, body))
}

/// Tells one call from another, and whether a query in it may store its rows. Bodies count where they are
/// short and clients are known to make several calls under one nonce: in the Cortex API. Elsewhere what has
/// a body is taken once.
async fn call_digest(
    app: &App,
    parts: &Parts,
    body: Body,
    hashed: bool,
) -> Result<([u8; 32], Body, bool), ApiError> {
    let mut digest = Sha256::new();
    digest.update(parts.method.as_str());
    digest.update(parts.uri.path().trim_end_matches('/'));
    digest.update([0]);
    digest.update(parts.uri.query().unwrap_or_default());
    if !hashed || !parts.uri.path().starts_with("/public_api/") {
        let bodiless = matches!(parts.method, Method::GET | Method::HEAD);
        return Ok((digest.finalize().into(), body, !bodiless));
    }
    let bytes = extract::read_body(body, app.limits.body).await?;
    digest.update([0]);
    digest.update(&bytes);
    let stores = bytes.windows(6).any(|word| word.eq_ignore_ascii_case(b"target"));
    Ok((digest.finalize().into(), Body::from(bytes), stores))
}

pub fn missing() -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, "unauthenticated", "Sign in first, or send an API token or key.")
        .help(
            "Programs send `Authorization: Bearer vdt_…`, or `x-xdr-auth-id` and `Authorization` of an API \
             key; an administrator makes both.",
        )
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

async fn by_token(app: &App, token: &str) -> Result<Option<Identity>, ApiError> {
    if app.local.matches(token) {
        return Ok(Some(Identity {
            name: "local".to_owned(),
            role: Role::Administrator,
            kind: IdentityKind::Local,
            number: None,
            expires_at: None,
        }));
    }
    let token = token.to_owned();
    Ok(app.state(move |store, now| store.check_token(&token, now)).await?)
}

async fn by_cookie(app: &App, headers: &HeaderMap) -> Result<Option<Identity>, ApiError> {
    let Some(token) = session_cookie(headers) else { return Ok(None) };
    let token = token.to_owned();
    let found = app.state(move |store, now| store.session(&token, now)).await?;
    Ok(found.map(|session| Identity {
        name: session.username,
        role: session.role,
        kind: IdentityKind::Session,
        number: None,
        expires_at: Some(session.expires_at),
    }))
}
