//! The self-test over HTTP: one JSON line as each link is known.

use super::error::ApiError;
use crate::app::App;
use crate::selftest::{self, Line};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use futures::StreamExt;
use std::convert::Infallible;
use std::sync::Arc;
use tokio_stream::wrappers::ReceiverStream;

/// Proves the chain from packet to notification, and names the broken link.
#[utoipa::path(post, path = "/api/v1/selftest", tag = "status",
    responses((status = 200, content_type = "application/x-ndjson", body = Line),
              (status = 409, body = super::error::ErrorBody)))]
pub async fn run(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let (tell, lines) = tokio::sync::mpsc::channel(32);
    let (started, may_start) = tokio::sync::oneshot::channel();
    // A task of its own: a client that hangs up must not leave half a test behind.
    tokio::spawn(async move {
        let Ok(_turn) = app.self_test.try_acquire() else {
            let _ = started.send(false);
            return;
        };
        let _ = started.send(true);
        selftest::run(&app, tell).await;
    });
    if !may_start.await.unwrap_or(false) {
        let message = "A self-test is running already.";
        return Err(ApiError::new(StatusCode::CONFLICT, "selftest_running", message)
            .help("Wait for it to end; it takes 15 seconds at most."));
    }
    let text = ReceiverStream::new(lines).map(|line| {
        let mut text = serde_json::to_vec(&line).unwrap_or_default();
        text.push(b'\n');
        Ok::<Bytes, Infallible>(Bytes::from(text))
    });
    let mut response = Response::new(Body::from_stream(text));
    let kind = HeaderValue::from_static("application/x-ndjson");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}
