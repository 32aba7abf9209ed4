//! `Idempotency-Key`: a call that makes something is made once, however often it is sent.
//!
//! The answer is kept for a day, sealed (it may show a secret), and given again to the same caller
//! for the same call. Refusals are not kept: what was wrong may be put right and sent again.

use super::error::ApiError;
use super::extract;
use crate::access::Identity;
use crate::app::App;
use crate::secret::{digest, hex};
use crate::state::Made;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

const HEADER: &str = "idempotency-key";
/// Longest key, in characters.
const LONGEST: usize = 255;
/// Longer answers are not kept; none of ours is.
const LONGEST_ANSWER: usize = 1 << 20;

/// Runs `next` once for each key, or gives its answer again.
pub async fn run<F: Future<Output = Response>>(
    app: &App,
    who: Option<&Identity>,
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    let key = request.headers().get(HEADER).map(|key| key.to_str().unwrap_or_default().to_owned());
    match (key, who) {
        (Some(key), Some(who)) => match once(app, who, &key, request, next).await {
            Ok(response) | Err(response) => response,
        },
        _ => next(request).await,
    }
}

async fn once<F: Future<Output = Response>>(
    app: &App,
    who: &Identity,
    key: &str,
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Result<Response, Response> {
    if key.is_empty() || key.chars().count() > LONGEST {
        let message = format!("`Idempotency-Key` has 1 to {LONGEST} visible ASCII characters.");
        return Err(ApiError::bad_request(message).into_response());
    }
    let (parts, body) = request.into_parts();
    let body = extract::read_body(body, app.limits.body).await.map_err(IntoResponse::into_response)?;
    let caller = (who.kind.as_str(), who.number, &who.name);
    let id = digest(&format!("{caller:?} {} {} {key}", parts.method, parts.uri.path().trim_end_matches('/')));
    let content = digest(&hex(&body));
    let begun = app.state(move |store, now| store.begin_call(id, content, now)).await;
    match begun.map_err(|error| ApiError::from(error).into_response())? {
        Made::Now => {}
        Made::UnderWay => return Err(conflict("A call with this `Idempotency-Key` is under way.")),
        Made::Other => {
            return Err(conflict("This `Idempotency-Key` was used for a call with another body."));
        }
        Made::Answered(status, sealed) => return Ok(again(app, id, status, &sealed)),
    }
    let answer = next(Request::from_parts(parts, Body::from(body))).await;
    Ok(keep(app, id, answer).await)
}

fn conflict(message: &str) -> Response {
    ApiError::new(StatusCode::CONFLICT, "idempotency_conflict", message)
        .help("Use a new key for each call, and the same one to send the same call again.")
        .into_response()
}

fn owner(id: [u8; 32]) -> String {
    format!("call:{}", hex(&id))
}

fn again(app: &App, id: [u8; 32], status: u16, sealed: &[u8]) -> Response {
    let Some(body) = app.sealer.open_sealed(&owner(id), sealed) else {
        return ApiError::internal("an answer kept for an Idempotency-Key does not open").into_response();
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
    response
}

async fn keep(app: &App, id: [u8; 32], answer: Response) -> Response {
    let (parts, body) = answer.into_parts();
    let body = match to_bytes(body, LONGEST_ANSWER).await {
        Ok(body) => body,
        Err(error) => return ApiError::internal(format!("reading an answer: {error}")).into_response(),
    };
    let sealed = app.sealer.seal(&owner(id), &body).filter(|_| parts.status.is_success());
    let status = parts.status.as_u16();
    let kept =
        app.state(move |store, _| store.end_call(id, sealed.as_deref().map(|answer| (status, answer)))).await;
    if let Err(error) = kept {
        tracing::error!(%error, "the answer to a call with an Idempotency-Key is not kept");
    }
    Response::from_parts(parts, Body::from(body))
}
