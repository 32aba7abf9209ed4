//! Help with XQL over HTTP: completion and hover at a place, and how a query is carried out.

use super::error::ApiError;
use super::extract::Json;
use super::query::{Column, Diagnostic, Timeframe, frame, query_error};
use crate::app::App;
use crate::clock;
use crate::explained::{self, Explained};
use axum::Json as Answer;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;
use vedette_engine::{QueryLimits, QueryOptions};
use vedette_xql::assist;

/// A place in a query.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceRequest {
    query: String,
    /// In bytes of UTF-8; past the end is the end.
    offset: usize,
}

/// What could stand at a place.
#[derive(Serialize, ToSchema)]
pub struct CompletionAnswer {
    /// The part of the text that an item replaces, in bytes.
    start: u32,
    end: u32,
    /// The likeliest first.
    items: Vec<CompletionItem>,
}

#[derive(Serialize, ToSchema)]
pub struct CompletionItem {
    label: String,
    /// `field`, `stage`, `dataset`, `function`, `setting`, `value` or `keyword`.
    #[schema(value_type = String)]
    kind: assist::ItemKind,
    /// A type, a signature, a form.
    detail: String,
    doc: String,
    /// The text to insert.
    insert: String,
}

/// What stands at a place; the text is empty where nothing is known.
#[derive(Serialize, ToSchema)]
pub struct HoverAnswer {
    start: u32,
    end: u32,
    /// Markdown.
    text: String,
}

/// What could stand at a place of a query.
#[utoipa::path(post, path = "/api/v1/xql/complete", tag = "query", request_body = PlaceRequest,
    responses((status = 200, body = CompletionAnswer)))]
pub async fn complete(
    State(app): State<Arc<App>>,
    Json(request): Json<PlaceRequest>,
) -> Result<Answer<CompletionAnswer>, ApiError> {
    let mut names = vedette_engine::names(app.engine.catalog());
    if request.query.to_lowercase().contains("call") {
        let library = app.state(|store, _| store.library()).await?;
        names.library = library.into_iter().map(|query| query.name).collect();
    }
    let found = assist::complete(&request.query, request.offset, &names);
    let items = found.items.into_iter().map(|item| CompletionItem {
        label: item.label,
        kind: item.kind,
        detail: item.detail,
        doc: item.doc,
        insert: item.insert,
    });
    Ok(Answer(CompletionAnswer { start: found.span.start, end: found.span.end, items: items.collect() }))
}

/// What stands at a place of a query.
#[utoipa::path(post, path = "/api/v1/xql/hover", tag = "query", request_body = PlaceRequest,
    responses((status = 200, body = HoverAnswer)))]
pub async fn hover(State(app): State<Arc<App>>, Json(request): Json<PlaceRequest>) -> Answer<HoverAnswer> {
    let names = vedette_engine::names(app.engine.catalog());
    let found = assist::hover(&request.query, request.offset, &names);
    Answer(match found {
        Some(found) => HoverAnswer { start: found.span.start, end: found.span.end, text: found.text },
        None => HoverAnswer { start: 0, end: 0, text: String::new() },
    })
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainRequest {
    query: String,
    /// Run the query, and tell the real rows and times.
    #[serde(default)]
    analyze: bool,
    /// For queries without `config timeframe`; everything when absent.
    timeframe: Option<Timeframe>,
    /// Values of the query's `$name`, by name without the `$`.
    #[serde(default)]
    parameters: BTreeMap<String, String>,
}

/// How a query is carried out.
#[derive(Serialize, ToSchema)]
pub struct ExplainAnswer {
    #[serde(flatten)]
    #[schema(inline)]
    explained: Explained,
    warnings: Vec<Diagnostic>,
}

/// How a query is understood and carried out: its stages, what is read, the operators.
#[utoipa::path(post, path = "/api/v1/query/explain", tag = "query", request_body = ExplainRequest,
    responses((status = 200, body = ExplainAnswer), (status = 400, body = super::error::ErrorBody),
              (status = 422, body = super::error::ErrorBody)))]
pub async fn explain(
    State(app): State<Arc<App>>,
    Json(request): Json<ExplainRequest>,
) -> Result<Answer<ExplainAnswer>, ApiError> {
    let options = QueryOptions {
        timeframe: request.timeframe.as_ref().map(frame).transpose()?,
        limits: QueryLimits::default(),
        parameters: request.parameters,
        ..QueryOptions::at(clock::now())
    };
    let text = request.query;
    let found = app.engine.explain(&text, options, request.analyze).await;
    let found = found.map_err(|error| query_error(&text, error))?;
    let warnings = found.warnings.iter().map(|one| Diagnostic::of(&text, one)).collect();
    Ok(Answer(ExplainAnswer { explained: explained::of(&text, found), warnings }))
}

impl From<&vedette_engine::Column> for Column {
    fn from(column: &vedette_engine::Column) -> Column {
        Column { name: column.name.clone(), r#type: column.type_name.to_owned() }
    }
}
