//! The live stream of alerts: server-sent events.

use super::alerts::AlertSummary;
use super::error::ApiError;
use crate::app::App;
use crate::clock;
use crate::live::Heard;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use futures::stream;
use serde_json::json;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// A comment goes out this often, so that proxies and clients see that it is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Alerts as they open, grow, end and are worked on: events `hello`, `alert` and `gap`.
#[utoipa::path(get, path = "/api/v1/events", tag = "alerts",
    responses((status = 200, content_type = "text/event-stream", body = String),
              (status = 503, body = super::error::ErrorBody)))]
pub async fn events(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let Some(subscription) = app.live.subscribe() else {
        let most = app.live.most();
        return Err(ApiError::busy(format!("All {most} live streams are taken.")));
    };
    let hello = Event::default()
        .event("hello")
        .data(json!({"time": clock::now(), "version": env!("CARGO_PKG_VERSION")}).to_string());
    let news = stream::unfold(subscription, |mut subscription| async move {
        let event = match subscription.next().await? {
            Heard::Alert(message) => {
                let (news, record) = &*message;
                let data = json!({"change": news.as_str(), "alert": AlertSummary::of(record)});
                Event::default().event("alert").data(data.to_string())
            }
            Heard::Missed(count) => Event::default().event("gap").data(json!({"missed": count}).to_string()),
        };
        Some((event, subscription))
    });
    let mut stopping = app.stopping.clone();
    let end = async move {
        let _ = stopping.wait_for(|stopping| *stopping).await;
    };
    let all = stream::once(async { hello }).chain(news).map(Ok::<Event, Infallible>).take_until(end);
    let mut response = Sse::new(all).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response();
    // Asks proxies not to hold events back.
    response.headers_mut().insert("x-accel-buffering", axum::http::HeaderValue::from_static("no"));
    Ok(response)
}
