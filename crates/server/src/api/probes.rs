//! For whoever watches the server: is it alive, is it ready.

use crate::app::App;
use crate::health::{self, Part};
use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub struct Alive {
    alive: bool,
}

#[derive(Serialize, ToSchema)]
pub struct Ready {
    ready: bool,
    /// The parts that are not ready.
    not_ready: Vec<Part>,
}

/// The process answers.
#[utoipa::path(get, path = "/livez", tag = "status", security(()), responses((status = 200, body = Alive)))]
pub async fn alive() -> Answer<Alive> {
    Answer(Alive { alive: true })
}

/// The server can do its work; otherwise the parts that cannot are named.
#[utoipa::path(get, path = "/readyz", tag = "status", security(()),
    responses((status = 200, body = Ready), (status = 503, body = Ready)))]
pub async fn ready(State(app): State<Arc<App>>) -> (StatusCode, Answer<Ready>) {
    let parts = tokio::task::spawn_blocking(move || health::parts(&app, &app.sensing.report())).await;
    let Ok(parts) = parts else {
        return (StatusCode::SERVICE_UNAVAILABLE, Answer(Ready { ready: false, not_ready: Vec::new() }));
    };
    let ready = health::is_ready(&parts);
    let not_ready = parts.into_iter().filter(|part| !part.ok && part.name != "sensor").collect();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Answer(Ready { ready, not_ready }))
}
