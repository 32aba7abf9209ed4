//! Alerts and events as lines of JSON for other systems, one object a line.
//!
//! Alerts come page by page as the client takes them, and with `follow` go on as new ones are raised.
//! Events are the rows of a query.

use super::error::ApiError;
use super::extract::Query;
use super::query::query_error;
use super::query_output::{cell, written_while_sent};
use crate::app::App;
use crate::clock;
use crate::export::{self, Schema};
use crate::state::{AlertFilter, SelfTestFilter, Sort, SortKey};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use futures::stream;
use serde::Deserialize;
use serde_json::Value;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;
use utoipa::IntoParams;
use vedette_engine::{QueryLimits, QueryOptions};
use vedette_event::Time;
use vedette_xql::ast::{TimePoint, Timeframe};

/// Alerts of one step.
const PAGE: u32 = 500;
/// How soon a follower hears of a new alert, at the latest.
const EVERY: Duration = Duration::from_secs(1);

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AlertExport {
    /// `ocsf` or `ecs`.
    #[param(inline)]
    format: Schema,
    /// Made at or after; all when absent.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Time>,
    /// Go on with new alerts until the client hangs up.
    follow: Option<bool>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventExport {
    /// `ocsf` or `ecs`.
    #[param(inline)]
    format: Schema,
    /// At or after; all when absent.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Time>,
    /// Before; now when absent.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
    /// Most events, the oldest first; as many as a query may have when absent.
    limit: Option<u64>,
}

/// Alerts, the oldest first, self-tests left out.
#[utoipa::path(get, path = "/api/v1/export/alerts", tag = "export", params(AlertExport),
    responses((status = 200, body = String, content_type = "application/x-ndjson"),
              (status = 400, body = super::error::ErrorBody)))]
pub async fn alerts(
    State(app): State<Arc<App>>,
    Query(wanted): Query<AlertExport>,
) -> Result<Response, ApiError> {
    let follow = wanted.follow.unwrap_or(false);
    let from = Follower { app, schema: wanted.format, since: wanted.since, last: 0, follow };
    // What comes first is asked for now, so that an error is an answer.
    let first = from.step().await?;
    let lines = stream::unfold(Some((from, Some(first))), |state| async move {
        let (mut from, first) = state?;
        let page = match first {
            Some(page) => Ok(page),
            None => from.step().await,
        };
        let (text, last, more) = match page {
            Ok(page) => page,
            Err(error) => return Some((Err(std::io::Error::other(error.message().to_owned())), None)),
        };
        from.last = last.unwrap_or(from.last);
        if !more && !from.follow {
            return (!text.is_empty()).then(|| (Ok(text), None));
        }
        if !more {
            let mut stopping = from.app.stopping.clone();
            let stopped = stopping.wait_for(|stopping| *stopping);
            if tokio::time::timeout(EVERY, stopped).await.is_ok() {
                return Some((Ok(text), None));
            }
        }
        Some((Ok(text), Some((from, None))))
    });
    Ok(lines_of(Body::from_stream(lines)))
}

/// Lines, the number of the last alert in them, and whether more are there already.
type Step = (String, Option<i64>, bool);

struct Follower {
    app: Arc<App>,
    schema: Schema,
    since: Option<Time>,
    /// The last alert that was told: numbers rise.
    last: i64,
    follow: bool,
}

impl Follower {
    async fn step(&self) -> Result<Step, ApiError> {
        let (last, since, schema) = (self.last, self.since, self.schema);
        let filter = AlertFilter {
            self_test: SelfTestFilter::Without,
            after: Some(last),
            created: (since, None),
            ..AlertFilter::default()
        };
        let sort = Sort { key: SortKey::Number, descending: false };
        let page = self.app.state(move |store, _| store.list_alerts(&filter, sort, PAGE, 0)).await?;
        let mut text = String::new();
        for alert in &page.alerts {
            text.push_str(&export::alert(schema, alert).to_string());
            text.push('\n');
        }
        let last = page.alerts.last().map(|alert| alert.life.alert_id);
        Ok((text, last, page.alerts.len() as u64 == u64::from(PAGE)))
    }
}

/// Connection attempts that were seen, the oldest first.
#[utoipa::path(get, path = "/api/v1/export/events", tag = "export", params(EventExport),
    responses((status = 200, body = String, content_type = "application/x-ndjson"),
              (status = 400, body = super::error::ErrorBody)))]
pub async fn events(
    State(app): State<Arc<App>>,
    Query(wanted): Query<EventExport>,
) -> Result<Response, ApiError> {
    let now = clock::now();
    let (since, until) = (wanted.since.unwrap_or(Time(0)), wanted.until.unwrap_or(now));
    if since > until {
        return Err(ApiError::bad_request("`since` is later than `until`."));
    }
    let most = app.limits.query_rows;
    let rows = wanted.limit.unwrap_or(most);
    if !(1..=most).contains(&rows) {
        return Err(ApiError::bad_request(format!("`limit` is 1 to {most}.")));
    }
    let text = "dataset = xdr_data | sort asc _time | fields *";
    let options = QueryOptions {
        timeframe: Some(Timeframe::Between(TimePoint::At(since.0), TimePoint::At(until.0))),
        limits: QueryLimits { rows: Some(rows), ..QueryLimits::default() },
        ..QueryOptions::at(now)
    };
    let result = app.engine.run(text, options).await.map_err(|error| query_error(text, error))?;
    let (cut, schema) = (result.limit_hit, wanted.format);
    let names: Vec<String> = result.columns().iter().map(|column| column.name.clone()).collect();
    let body = written_while_sent(move |out| {
        for row in result.rows() {
            let cells = row.iter().map(|value| match value {
                vedette_event::Value::Time(Time(micros)) => Value::from(*micros),
                other => cell(other),
            });
            let row = names.iter().cloned().zip(cells).collect();
            serde_json::to_writer(&mut *out, &export::event(schema, &row))?;
            out.write_all(b"\n")?;
        }
        Ok(())
    });
    let mut answer = lines_of(body);
    if cut {
        // There are more: ask again with `since` of the last one.
        answer.headers_mut().insert("x-vedette-cut", HeaderValue::from_static("true"));
    }
    Ok(answer)
}

fn lines_of(body: Body) -> Response {
    let mut answer = Response::new(body);
    let kind = HeaderValue::from_static("application/x-ndjson");
    answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    answer.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    answer
}
