//! XQL in two steps: a query is started, and its result asked for until it is there.

use super::request::{Data, number};
use super::{Reply, reply};
use crate::access::{Access, Identity};
use crate::api::error::ApiError;
use crate::api::query::query_error;
use crate::api::query_output::written_while_sent;
use crate::app::App;
use crate::clock;
use crate::queries::State as QueryState;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, Value as Json, json};
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration as Wait;
use tokio::sync::watch;
use vedette_engine::{CancelToken, QueryError, QueryLimits, QueryOptions, QueryResult};
use vedette_event::{Time, Value};
use vedette_xql::ast::{Duration, TimePoint, TimeUnit, Timeframe};

/// Rows of an answer; more come as a stream.
const ROWS: usize = 1000;
/// A client that does not want to wait gets its answer at once, or after so long: most queries are
/// done by then, and asking again costs both sides more.
const PATIENCE: Wait = Wait::from_millis(500);
/// A client that wants to wait waits no longer.
const LONGEST: Wait = Wait::from_secs(15 * 60);
/// There is no quota here; clients compute with one.
const QUOTA: f64 = 1_000_000.0;

/// Starts a query; the reply is its number.
#[utoipa::path(post, path = "/public_api/v1/xql/start_xql_query", tag = "cortex", request_body = Object,
    responses((status = 200, body = Object), (status = 400, body = Object)))]
pub async fn start(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Identity>,
    data: Data,
) -> Result<Reply, ApiError> {
    let text = data.needed("query")?;
    let timeframe = timeframe(data.get("timeframe"))?;
    let cancel = CancelToken::new();
    let options = || QueryOptions {
        now: clock::now(),
        timeframe: timeframe.clone(),
        cancel: cancel.clone(),
        limits: QueryLimits { rows: Some(app.limits.query_rows), ..QueryLimits::default() },
        may_store: Access::Work.allows(who.role),
        parameters: Default::default(),
        once: None,
    };
    // What is wrong with the text is said now, and not to the third question.
    app.engine.check(&text, options()).await.map_err(|error| refused(&text, error))?;
    let begun = app.queries.begin(&who, &text, cancel.clone(), clock::now());
    let (id, sender) = begun.ok_or_else(|| ApiError::busy("There are too many queries under way."))?;
    let (app, options) = (app.clone(), options());
    tokio::spawn(async move {
        let result = app.engine.run(&text, options).await;
        let seconds = result.as_ref().map_or(0.0, |result| result.stats.elapsed.as_secs_f64());
        sender.send_replace(match result {
            Ok(result) => QueryState::Done(Arc::new(result)),
            Err(error) => QueryState::Failed(Arc::new(error)),
        });
        app.queries.ended(seconds, clock::now());
    });
    Ok(reply(json!(id)))
}

/// `{from, to}` or `{relativeTime}` in milliseconds, as numbers or texts; `{}` is everything.
fn timeframe(wanted: Option<&Json>) -> Result<Option<Timeframe>, ApiError> {
    let wrong = || {
        ApiError::bad_request("`timeframe` has `from` and a later `to`, or `relativeTime`, in milliseconds.")
    };
    let Some(wanted) = wanted.filter(|wanted| wanted.as_object().is_none_or(|fields| !fields.is_empty()))
    else {
        return Ok(None);
    };
    let part = |key: &str| {
        let part = wanted.get(key).filter(|part| !part.is_null());
        part.map(|part| number(part).ok_or_else(wrong)).transpose()
    };
    // Some clients name a span: `last_24_hours`.
    if let Some(span) = wanted.get("relativeTime").and_then(Json::as_str).and_then(named_span) {
        return Ok(Some(Timeframe::Last(span)));
    }
    let moment = |milliseconds: i64| TimePoint::At(milliseconds.saturating_mul(1000));
    match (part("relativeTime")?, part("from")?, part("to")?) {
        (Some(span), None, None) if span > 0 => Ok(Some(Timeframe::Last(Duration {
            amount: span.unsigned_abs().div_ceil(1000),
            unit: TimeUnit::Second,
        }))),
        (None, Some(from), Some(to)) if from <= to => Ok(Some(Timeframe::Between(moment(from), moment(to)))),
        (None, Some(from), None) => Ok(Some(Timeframe::Between(moment(from), TimePoint::At(clock::now().0)))),
        _ => Err(wrong()),
    }
}

fn named_span(text: &str) -> Option<Duration> {
    let (amount, unit) = text.strip_prefix("last_")?.split_once('_')?;
    let unit = match unit.trim_end_matches('s') {
        "minute" => TimeUnit::Minute,
        "hour" => TimeUnit::Hour,
        "day" => TimeUnit::Day,
        _ => return None,
    };
    Some(Duration { amount: amount.parse().ok()?, unit })
}

/// A query's error; `err_msg` is what clients parse: place and message as JSON.
fn refused(text: &str, error: QueryError) -> ApiError {
    let message = err_msg(text, &error);
    query_error(text, error).raw(message)
}

fn err_msg(text: &str, error: &QueryError) -> String {
    let found = error.diagnostics.iter().find(|found| found.is_error()).or(error.diagnostics.first());
    let Some(found) = found else { return json!({"message": error.message}).to_string() };
    let (line, column) = vedette_xql::line_column(text, found.span.start);
    let message = match &found.help {
        Some(help) => format!("{} ({help})", found.message),
        None => found.message.clone(),
    };
    json!({"line": line, "column": column, "message": message}).to_string()
}

/// The result of a query, or `PENDING`.
#[utoipa::path(post, path = "/public_api/v1/xql/get_query_results", tag = "cortex", request_body = Object,
    responses((status = 200, body = Object), (status = 404, body = Object)))]
pub async fn results(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Identity>,
    data: Data,
) -> Result<Reply, ApiError> {
    let id = data.needed("query_id")?;
    if data.text("format")?.is_some_and(|format| !format.eq_ignore_ascii_case("json")) {
        return Err(ApiError::bad_request("`format` is json."));
    }
    let limit = data.number("limit")?;
    if limit.is_some_and(|limit| limit < 1) {
        return Err(ApiError::bad_request("`limit` is 1 or more."));
    }
    let limit = limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let mut found = app.queries.find(&id, &who).ok_or_else(no_query)?;
    let wait = if data.flag("pending_flag")?.unwrap_or(true) { PATIENCE } else { LONGEST };
    let state = end_of(&mut found.state, wait).await;
    let remaining = QUOTA - app.queries.used(clock::now()).0.seconds / 3600.0;
    Ok(reply(match state {
        QueryState::Pending => json!({
            "status": "PENDING",
            "number_of_results": null,
            "query_cost": {},
            "remaining_quota": remaining,
            "results": {},
        }),
        QueryState::Failed(error) => {
            let message = err_msg(&found.text, &error);
            json!({
                "status": "FAIL",
                "number_of_results": 0,
                "query_cost": {},
                "remaining_quota": remaining,
                "results": {},
                "err_code": 500,
                "err_msg": message,
                "error_details": error.message,
            })
        }
        QueryState::Done(result) => {
            let whole = result.row_count();
            let streamed = whole > ROWS && limit.is_none_or(|limit| limit > ROWS);
            let shown = whole.min(limit.unwrap_or(usize::MAX));
            let results = if streamed {
                json!({"stream_id": id})
            } else {
                json!({"data": result.rows().take(shown).map(|row| object(&result, &row)).collect::<Vec<_>>()})
            };
            let cost = json!({ app.instance_id.as_str(): result.stats.elapsed.as_secs_f64() / 3600.0 });
            json!({
                "status": "SUCCESS",
                "number_of_results": shown,
                "query_cost": cost,
                "remaining_quota": remaining,
                "results": results,
            })
        }
    }))
}

fn no_query() -> ApiError {
    ApiError::not_found("There is no such query, or its result is gone: results are kept for an hour.")
        .help("Start the query again.")
}

/// The state of a query once it has ended, or as it is after that time.
async fn end_of(state: &mut watch::Receiver<QueryState>, wait: Wait) -> QueryState {
    let ended = state.wait_for(|state| !matches!(state, QueryState::Pending));
    match tokio::time::timeout(wait, ended).await {
        Ok(Ok(state)) => state.clone(),
        // The task is gone without a word: a mistake of ours, and no reason to wait.
        Ok(Err(_)) => QueryState::Failed(Arc::new(QueryError::internal("the query broke off"))),
        Err(_) => QueryState::Pending,
    }
}

/// A row as clients read it: times are milliseconds since 1970.
fn object(result: &QueryResult, row: &[Value]) -> Map<String, Json> {
    let names = result.columns().iter().map(|column| column.name.clone());
    names.zip(row.iter().map(cell)).collect()
}

fn cell(value: &Value) -> Json {
    match value {
        Value::Time(Time(micros)) => json!(micros.div_euclid(1000)),
        Value::List(items) => Json::Array(items.iter().map(cell).collect()),
        other => crate::api::query_output::cell(other),
    }
}

/// The rows of a long result, one JSON object a line. Packed where the client wants to unpack it
/// itself, and then without a `Content-Encoding`: its HTTP library would unpack it first.
#[utoipa::path(post, path = "/public_api/v1/xql/get_query_results_stream", tag = "cortex",
    request_body = Object,
    responses((status = 200, body = String, content_type = "application/x-ndjson"),
              (status = 404, body = Object)))]
pub async fn stream(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Identity>,
    data: Data,
) -> Result<Response, ApiError> {
    let id = data.needed("stream_id")?;
    let packed = data.flag("is_gzip_compressed")?.unwrap_or(false);
    let mut found = app.queries.find(&id, &who).ok_or_else(no_query)?;
    let QueryState::Done(result) = end_of(&mut found.state, PATIENCE).await else {
        return Err(ApiError::bad_request("The query has no result yet.")
            .help("Ask with get_query_results until its status is SUCCESS."));
    };
    let body = written_while_sent(move |out| {
        if packed {
            let mut packer = GzEncoder::new(out, Compression::fast());
            write_lines(&result, &mut packer)?;
            packer.finish().map(drop)
        } else {
            write_lines(&result, out)
        }
    });
    let kind = if packed { "application/octet-stream" } else { "application/x-ndjson" };
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    Ok(response)
}

fn write_lines(result: &QueryResult, out: &mut impl Write) -> io::Result<()> {
    for row in result.rows() {
        serde_json::to_writer(&mut *out, &object(result, &row))?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// What clients know as the quota. Nothing is refused for it.
#[utoipa::path(post, path = "/public_api/v1/xql/get_quota", tag = "cortex", request_body = Object,
    responses((status = 200, body = Object)))]
pub async fn quota(State(app): State<Arc<App>>, _: Data) -> Reply {
    let (used, running) = app.queries.used(clock::now());
    reply(json!({
        "license_quota": QUOTA,
        "additional_purchased_quota": 0.0,
        "eval_quota": 0.0,
        "used_quota": used.seconds / 3600.0,
        "daily_used_quota": used.seconds_today / 3600.0,
        "total_daily_running_queries": used.queries_today,
        "total_daily_concurrent_rejected_queries": 0,
        "current_concurrent_active_query_count": running,
        "total_additional_purchased_quota": 0.0,
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn time_frames_come_in_milliseconds_as_numbers_and_texts() {
        let read = |value: Json| timeframe(Some(&value));
        assert!(timeframe(None).unwrap().is_none() && read(json!({})).unwrap().is_none());
        let last = Timeframe::Last(Duration { amount: 60, unit: TimeUnit::Second });
        assert_eq!(read(json!({"relativeTime": 60_000})).unwrap(), Some(last.clone()));
        assert_eq!(read(json!({"relativeTime": "60000"})).unwrap(), Some(last));
        let named = Timeframe::Last(Duration { amount: 24, unit: TimeUnit::Hour });
        assert_eq!(read(json!({"relativeTime": "last_24_hours"})).unwrap(), Some(named));
        let span = Timeframe::Between(TimePoint::At(1_000_000), TimePoint::At(2_000_000));
        assert_eq!(read(json!({"from": 1000, "to": "2000"})).unwrap(), Some(span));
        for wrong in [
            json!({"from": 2, "to": 1}),
            json!({"to": 1}),
            json!({"relativeTime": -1}),
            json!({"relativeTime": 1, "from": 1, "to": 2}),
            json!({"from": "x", "to": 1}),
            json!("24h"),
            json!({"relativeTime": "last_week"}),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
