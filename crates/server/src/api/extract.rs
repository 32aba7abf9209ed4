//! Bodies, query strings and paths of requests, with errors of ours when they are wrong.

use super::error::{ApiError, capitalised};
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;
use tokio_stream::StreamExt;

/// A JSON body. The content type must say so: a form of another site cannot.
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Json<T>, ApiError> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            let message = "The body must be JSON, with the header `Content-Type: application/json`.";
            return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message));
        }
        let limit = request.extensions().get::<BodyLimit>().map_or(DEFAULT_LIMIT, |limit| limit.0);
        let body = read_body(request.into_body(), limit).await?;
        serde_json::from_slice(&body)
            .map(Json)
            .map_err(|error| ApiError::bad_request(capitalised(&format!("the body: {error}"))))
    }
}

/// The longest body in bytes, as an extension of the request.
#[derive(Clone, Copy)]
pub struct BodyLimit(pub usize);

const DEFAULT_LIMIT: usize = 1 << 20;
/// So much of a body that is too long is read and thrown away: a client that is still sending when the
/// connection closes sees a broken pipe, and never the answer that says what was wrong.
const THROWN_AWAY: usize = 16 << 20;

/// The whole of a body of at most `limit` bytes.
pub async fn read_body(body: Body, limit: usize) -> Result<Vec<u8>, ApiError> {
    let mut stream = body.into_data_stream();
    let (mut body, mut length) = (Vec::new(), 0_usize);
    while let Some(part) = stream.next().await {
        let part = part.map_err(|_| ApiError::bad_request("The body could not be read to its end."))?;
        length = length.saturating_add(part.len());
        if length <= limit {
            body.extend_from_slice(&part);
        } else if length > limit.saturating_add(THROWN_AWAY) {
            break;
        } else {
            body = Vec::new();
        }
    }
    if length > limit {
        let message = format!("The body is too large: at most {limit} bytes are read.");
        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message));
    }
    Ok(body)
}

/// The parameters behind the question mark.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Query<T>, ApiError> {
        axum::extract::Query::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Query(query)| Query(query))
            .map_err(|rejection| ApiError::bad_request(capitalised(&rejection.body_text())))
    }
}

/// A number in the path.
pub struct Id(pub i64);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Id, ApiError> {
        Path::from_request_parts(parts, state)
            .await
            .map(|Path(id)| Id(id))
            .map_err(|_| ApiError::not_found("There is nothing under this path: a number is expected."))
    }
}

/// A name in the path.
pub struct Name(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Name, ApiError> {
        Path::from_request_parts(parts, state)
            .await
            .map(|Path(name)| Name(name))
            .map_err(|_| ApiError::not_found("There is nothing under this path."))
    }
}
