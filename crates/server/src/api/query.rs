//! XQL over HTTP: run, check, and the datasets there are.

use super::error::ApiError;
use super::extract::{Json, Query as Parameters};
use super::query_output::{Format, answer};
use crate::access::{Access, Identity};
use crate::app::App;
use crate::clock;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use axum::{Extension, Json as Answer};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use vedette_engine::{CancelToken, QueryError, QueryLimits, QueryOptions};
use vedette_event::Time;
use vedette_xql::ast::{Duration, TimePoint, TimeUnit, Timeframe as Frame};

/// Rows of an answer whose request does not say.
const DEFAULT_ROWS: u64 = 1000;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryRequest {
    query: String,
    /// Most rows of the answer, 1 to 1,000,000; 1,000 when absent. The answer says when it was cut.
    limit: Option<u64>,
    /// For queries without `config timeframe`; everything when absent.
    timeframe: Option<Timeframe>,
    /// Values of the query's `$name`, by name without the `$`.
    #[serde(default)]
    parameters: BTreeMap<String, String>,
}

/// Either `last_seconds`, or `from` and `to`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Timeframe {
    last_seconds: Option<u64>,
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Time>,
    #[schema(value_type = Option<String>, format = DateTime)]
    to: Option<Time>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FormatParameter {
    /// `json`, `ndjson`, `csv`, `arrow` or `parquet`; goes before the `Accept` header.
    format: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckRequest {
    query: String,
}

#[derive(Serialize, ToSchema)]
pub struct CheckAnswer {
    ok: bool,
    diagnostics: Vec<Diagnostic>,
}

/// What is wrong with a query, and where.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Diagnostic {
    /// `error` or `warning`.
    severity: &'static str,
    code: &'static str,
    message: String,
    help: Option<String>,
    /// Lines and columns count from 1; columns count characters.
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    /// Byte offsets into the query.
    start: u32,
    end: u32,
    /// The edit that mends it, where there is just one way.
    fix: Option<Fix>,
}

/// This text in the place of that part of the query, in bytes.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Fix {
    start: u32,
    end: u32,
    text: String,
}

impl Diagnostic {
    pub fn of(text: &str, found: &vedette_xql::Diagnostic) -> Diagnostic {
        let (line, column) = vedette_xql::line_column(text, found.span.start);
        let (end_line, end_column) = vedette_xql::line_column(text, found.span.end);
        Diagnostic {
            severity: if found.is_error() { "error" } else { "warning" },
            code: found.code,
            message: found.message.clone(),
            help: found.help.clone(),
            line,
            column,
            end_line,
            end_column,
            start: found.span.start,
            end: found.span.end,
            fix: found.fix.as_ref().map(|fix| Fix {
                start: fix.span.start,
                end: fix.span.end,
                text: fix.text.clone(),
            }),
        }
    }
}

/// The answer in JSON.
#[derive(Serialize, ToSchema)]
pub struct QueryAnswer {
    columns: Vec<Column>,
    /// One array a row, cells in the order of `columns`.
    #[schema(value_type = Vec<Vec<Object>>)]
    rows: Vec<Vec<serde_json::Value>>,
    row_count: u64,
    /// There may be more rows.
    limit_hit: bool,
    stats: Stats,
    warnings: Vec<Diagnostic>,
    /// How the query wants the rows shown: its `view` stages.
    #[schema(value_type = Vec<Object>)]
    views: Vec<serde_json::Value>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Column {
    pub name: String,
    /// `string`, `integer`, `float`, `boolean`, `timestamp`, or `array of …`.
    pub r#type: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Stats {
    pub elapsed_ms: u64,
    /// Rows the datasets delivered.
    pub rows_scanned: Option<u64>,
    pub bytes_scanned: Option<u64>,
}

/// Runs a query. A client that hangs up stops it.
#[utoipa::path(post, path = "/api/v1/query", tag = "query", params(FormatParameter),
    request_body = QueryRequest,
    responses((status = 200, body = QueryAnswer), (status = 400, body = super::error::ErrorBody),
              (status = 422, body = super::error::ErrorBody)))]
pub async fn run(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Identity>,
    Parameters(parameter): Parameters<FormatParameter>,
    headers: HeaderMap,
    Json(request): Json<QueryRequest>,
) -> Result<Response, ApiError> {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let format = Format::choose(parameter.format.as_deref(), accept)?;
    let most = app.limits.query_rows;
    let limit = request.limit.unwrap_or(DEFAULT_ROWS);
    if !(1..=most).contains(&limit) {
        return Err(ApiError::bad_request(format!("`limit` is 1 to {most}.")));
    }
    let timeframe = request.timeframe.as_ref().map(frame).transpose()?;
    // Stops the query when this future is dropped, which is when the client hangs up.
    let cancel = CancelOnDrop(CancelToken::new());
    let options = QueryOptions {
        now: clock::now(),
        timeframe,
        cancel: cancel.0.clone(),
        limits: QueryLimits { rows: Some(limit), ..QueryLimits::default() },
        may_store: Access::Work.allows(who.role),
        parameters: request.parameters,
        once: None,
    };
    let result = app.engine.run(&request.query, options).await;
    let result = result.map_err(|error| query_error(&request.query, error))?;
    Ok(answer(format, result, &request.query))
}

struct CancelOnDrop(CancelToken);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

pub fn frame(wanted: &Timeframe) -> Result<Frame, ApiError> {
    match (wanted.last_seconds, wanted.from, wanted.to) {
        (Some(amount), None, None) => Ok(Frame::Last(Duration { amount, unit: TimeUnit::Second })),
        (None, Some(from), Some(to)) if from <= to => {
            Ok(Frame::Between(TimePoint::At(from.0), TimePoint::At(to.0)))
        }
        _ => Err(ApiError::bad_request("`timeframe` has either `last_seconds`, or `from` and a later `to`.")),
    }
}

/// A query's error, with its diagnostics placed in the text.
pub fn query_error(text: &str, error: QueryError) -> ApiError {
    let found: Vec<Diagnostic> = error.diagnostics.iter().map(|found| Diagnostic::of(text, found)).collect();
    let answer = ApiError::from(error);
    if found.is_empty() { answer } else { answer.extra("diagnostics", json!(found)) }
}

/// Checks a query's text, its names included, and runs nothing.
#[utoipa::path(post, path = "/api/v1/query/check", tag = "query", request_body = CheckRequest,
    responses((status = 200, body = CheckAnswer)))]
pub async fn check(
    State(app): State<Arc<App>>,
    Json(request): Json<CheckRequest>,
) -> Result<Answer<CheckAnswer>, ApiError> {
    let text = request.query;
    let mut found = vedette_xql::check(&text);
    if !found.iter().any(vedette_xql::Diagnostic::is_error)
        && let Err(error) = app.engine.check(&text, QueryOptions::at(clock::now())).await
    {
        if error.diagnostics.is_empty() {
            return Err(query_error(&text, error));
        }
        found.extend(error.diagnostics);
    }
    let diagnostics: Vec<Diagnostic> = found.iter().map(|one| Diagnostic::of(&text, one)).collect();
    Ok(Answer(CheckAnswer { ok: !found.iter().any(vedette_xql::Diagnostic::is_error), diagnostics }))
}

#[derive(Serialize, ToSchema)]
pub struct Datasets {
    datasets: Vec<DatasetAnswer>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = DatasetDescription)]
pub struct DatasetAnswer {
    name: String,
    doc: String,
    /// `stored` in the lake, or `current`: rows made from the state as it is.
    kind: &'static str,
    rows: Option<u64>,
    /// Size of its data files.
    bytes: Option<u64>,
    #[schema(value_type = Option<String>, format = DateTime)]
    oldest: Option<Time>,
    #[schema(value_type = Option<String>, format = DateTime)]
    newest: Option<Time>,
    fields: Vec<FieldAnswer>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = FieldDescription)]
pub struct FieldAnswer {
    name: String,
    r#type: String,
    doc: String,
}

/// The datasets and their fields.
#[utoipa::path(get, path = "/api/v1/datasets", tag = "query", responses((status = 200, body = Datasets)))]
pub async fn datasets(State(app): State<Arc<App>>) -> Answer<Datasets> {
    let stored = app.lake.datasets();
    let described = app.engine.catalog().datasets().into_iter().map(|dataset| {
        let known = vedette_event::datasets::by_name(&dataset.name);
        let doc = |field: &str| {
            let known = known.and_then(|known| known.fields.iter().find(|one| one.name == field));
            known.map_or("", |field| field.doc).to_owned()
        };
        let fields = dataset
            .fields
            .iter()
            .map(|(name, kind)| FieldAnswer {
                name: name.clone(),
                r#type: (*kind).to_owned(),
                doc: doc(name),
            })
            .collect();
        let info = stored.iter().find(|info| info.name == dataset.name);
        DatasetAnswer {
            doc: known.map_or("", |known| known.doc).to_owned(),
            kind: if info.is_some() { "stored" } else { "current" },
            rows: info.map(|info| info.rows),
            bytes: info.map(|info| info.bytes),
            oldest: info.and_then(|info| info.oldest),
            newest: info.and_then(|info| info.newest),
            fields,
            name: dataset.name,
        }
    });
    Answer(Datasets { datasets: described.collect() })
}
