//! Correlation rules over HTTP: look, change, try out, take in and hand out.

mod moving;

use super::error::{ApiError, capitalised};
use super::extract::{Id, Json, Query};
use super::query::Diagnostic;
use crate::access::Identity;
use crate::app::App;
use crate::clock;
use crate::rules::check::{self, Mistake, Verdict};
use crate::rules::{Rule, trial};
use crate::state::RuleRecord;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::{Extension, Json as Answer};
use futures::StreamExt;
pub use moving::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::convert::Infallible;
use std::sync::Arc;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::{IntoParams, ToSchema};
use vedette_event::Time;
use vedette_event::datasets::rule_runs::Run;

/// A rule and where it stands.
#[derive(Serialize, ToSchema)]
#[schema(as = Rule)]
pub struct RuleAnswer {
    id: i64,
    enabled: bool,
    /// File name of a rule that came with Vedette.
    shipped: Option<String>,
    /// It came with Vedette and was changed since.
    modified: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    created_by: String,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
    updated_by: String,
    /// When it runs next; null for a rule that is off, and for real-time rules.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_run: Option<Time>,
    /// End of the first window whose run failed; null while it does not.
    #[schema(value_type = Option<String>, format = DateTime)]
    failing_since: Option<Time>,
    last_error: Option<String>,
    last_run: Option<RunAnswer>,
    rule: Rule,
}

/// One run of a rule; `vedette_rule_runs` has them all.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = RuleRun)]
pub struct RunAnswer {
    /// `ok`, `failed` or `skipped`.
    status: &'static str,
    #[schema(value_type = String, format = DateTime)]
    window_start: Time,
    #[schema(value_type = String, format = DateTime)]
    window_end: Time,
    #[schema(value_type = String, format = DateTime)]
    finished_at: Time,
    duration_ms: i64,
    rows_scanned: i64,
    rows_found: i64,
    alerts: i64,
    suppressed: i64,
    aggregated: i64,
    error: Option<String>,
    note: Option<String>,
}

impl RunAnswer {
    fn of(run: &Run) -> RunAnswer {
        RunAnswer {
            status: run.status.as_str(),
            window_start: run.from,
            window_end: run.to,
            finished_at: run.finished_at,
            duration_ms: run.duration_ms,
            rows_scanned: run.rows_scanned,
            rows_found: run.rows_found,
            alerts: run.alerts,
            suppressed: run.suppressed,
            aggregated: run.aggregated,
            error: run.error.clone(),
            note: run.note.clone(),
        }
    }
}

impl RuleAnswer {
    fn of(record: RuleRecord, last_run: Option<&Run>) -> RuleAnswer {
        let waits = record.enabled && record.next_due > Time::ZERO && record.next_due < Time(i64::MAX);
        RuleAnswer {
            id: record.id,
            enabled: record.enabled,
            shipped: record.shipped,
            modified: record.modified,
            created_at: record.created_at,
            created_by: record.created_by,
            updated_at: record.updated_at,
            updated_by: record.updated_by,
            next_run: waits.then_some(record.next_due),
            failing_since: record.failing_since,
            last_error: record.last_error,
            last_run: last_run.map(RunAnswer::of),
            rule: record.rule,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct RuleList {
    rules: Vec<RuleAnswer>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRule {
    rule: Rule,
    /// True when absent.
    enabled: Option<bool>,
}

/// What is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleEdit {
    rule: Option<Rule>,
    enabled: Option<bool>,
}

/// Every rule, by its number.
#[utoipa::path(get, path = "/api/v1/rules", tag = "rules", responses((status = 200, body = RuleList)))]
pub async fn list(State(app): State<Arc<App>>) -> Result<Answer<RuleList>, ApiError> {
    let (rules, runs) = app.state(|store, _| Ok((store.rules()?, store.last_runs()?))).await?;
    let last = |id: i64| runs.iter().find(|run| run.rule_id == id);
    let rules = rules.into_iter().map(|rule| {
        let run = last(rule.id);
        RuleAnswer::of(rule, run)
    });
    Ok(Answer(RuleList { rules: rules.collect() }))
}

/// One rule.
#[utoipa::path(get, path = "/api/v1/rules/{id}", tag = "rules", params(("id" = i64, Path)),
    responses((status = 200, body = RuleAnswer), (status = 404, body = super::error::ErrorBody)))]
pub async fn show(State(app): State<Arc<App>>, Id(id): Id) -> Result<Answer<RuleAnswer>, ApiError> {
    let (rule, runs) =
        app.state(move |store, _| Ok((store.rule(id)?, store.rule_runs(Some(id), 1)?))).await?;
    rule.map(|rule| Answer(RuleAnswer::of(rule, runs.last()))).ok_or_else(|| no_rule(id))
}

/// Adds a rule. It begins with the next window.
#[utoipa::path(post, path = "/api/v1/rules", tag = "rules", request_body = NewRule,
    responses((status = 201, body = RuleAnswer), (status = 400, body = super::error::ErrorBody)))]
pub async fn create(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Identity>,
    Json(new): Json<NewRule>,
) -> Result<(StatusCode, Answer<RuleAnswer>), ApiError> {
    checked(&app, &new.rule).await?;
    let enabled = new.enabled.unwrap_or(true);
    let record = app.state(move |store, now| store.add_rule(&new.rule, enabled, &who.name, now)).await?;
    tracing::info!(rule = record.id, by = ?record.updated_by, "a correlation rule was added");
    Ok((StatusCode::CREATED, Answer(RuleAnswer::of(record, None))))
}

/// Changes a rule, or switches it on or off. It then begins anew with the next window.
#[utoipa::path(patch, path = "/api/v1/rules/{id}", tag = "rules", params(("id" = i64, Path)),
    request_body = RuleEdit,
    responses((status = 200, body = RuleAnswer), (status = 400, body = super::error::ErrorBody),
              (status = 404, body = super::error::ErrorBody)))]
pub async fn edit(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Identity>,
    Id(id): Id,
    Json(edit): Json<RuleEdit>,
) -> Result<Answer<RuleAnswer>, ApiError> {
    if let Some(rule) = &edit.rule {
        checked(&app, rule).await?;
    }
    let changed = app
        .state(move |store, now| store.change_rule(id, edit.rule.as_ref(), edit.enabled, &who.name, now))
        .await?;
    let record = changed.ok_or_else(|| no_rule(id))?;
    tracing::info!(rule = id, enabled = record.enabled, by = ?record.updated_by, "a correlation rule was changed");
    show(State(app), Id(id)).await
}

/// Deletes a rule. Its alerts stay. Rules that came with Vedette can only be switched off.
#[utoipa::path(delete, path = "/api/v1/rules/{id}", tag = "rules", params(("id" = i64, Path)),
    responses((status = 204), (status = 400, body = super::error::ErrorBody),
              (status = 404, body = super::error::ErrorBody)))]
pub async fn remove(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Identity>,
    Id(id): Id,
) -> Result<StatusCode, ApiError> {
    if !app.state(move |store, _| store.remove_rule(id)).await? {
        return Err(no_rule(id));
    }
    tracing::info!(rule = id, by = ?who.name, "a correlation rule was deleted");
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a rule that came with Vedette what it was.
#[utoipa::path(post, path = "/api/v1/rules/{id}/restore", tag = "rules", params(("id" = i64, Path)),
    responses((status = 200, body = RuleAnswer), (status = 404, body = super::error::ErrorBody)))]
pub async fn restore(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Identity>,
    Id(id): Id,
) -> Result<Answer<RuleAnswer>, ApiError> {
    let restored = app.state(move |store, now| store.restore_rule(id, &who.name, now)).await?;
    if restored.is_none() {
        return Err(ApiError::not_found(format!("There is no rule {id} that came with Vedette.")));
    }
    show(State(app), Id(id)).await
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RunsParameters {
    /// Most runs, 1 to 1,000; 50 when absent.
    limit: Option<u32>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = RuleRuns)]
pub struct Runs {
    /// The latest first.
    runs: Vec<RunAnswer>,
}

/// The latest runs of a rule.
#[utoipa::path(get, path = "/api/v1/rules/{id}/runs", tag = "rules",
    params(("id" = i64, Path), RunsParameters),
    responses((status = 200, body = Runs), (status = 404, body = super::error::ErrorBody)))]
pub async fn runs(
    State(app): State<Arc<App>>,
    Id(id): Id,
    Query(parameters): Query<RunsParameters>,
) -> Result<Answer<Runs>, ApiError> {
    let limit = parameters.limit.unwrap_or(50);
    if !(1..=1000).contains(&limit) {
        return Err(ApiError::bad_request("`limit` is 1 to 1000."));
    }
    let (rule, runs) =
        app.state(move |store, _| Ok((store.rule(id)?, store.rule_runs(Some(id), limit)?))).await?;
    rule.ok_or_else(|| no_rule(id))?;
    Ok(Answer(Runs { runs: runs.iter().rev().map(RunAnswer::of).collect() }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleToCheck {
    rule: Rule,
}

#[derive(Serialize, ToSchema)]
pub struct RuleVerdict {
    ok: bool,
    mistakes: Vec<Mistake>,
    /// Of the query.
    diagnostics: Vec<Diagnostic>,
}

/// Finds what is wrong with a rule; saves and runs nothing.
#[utoipa::path(post, path = "/api/v1/rules/check", tag = "rules", request_body = RuleToCheck,
    responses((status = 200, body = RuleVerdict)))]
pub async fn check(
    State(app): State<Arc<App>>,
    Json(request): Json<RuleToCheck>,
) -> Result<Answer<RuleVerdict>, ApiError> {
    let rule = request.rule;
    let verdict = check::check_with(&rule, &app.engine, clock::now()).await;
    Ok(Answer(RuleVerdict {
        ok: verdict.is_fine(),
        diagnostics: diagnostics(&rule, &verdict),
        mistakes: verdict.mistakes,
    }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleToTry {
    rule: Rule,
    /// How many days back, 1 to 31; 7 when absent.
    days: Option<u32>,
}

/// Runs a rule over the past as the schedule would have run it, one JSON line as it gets on; saves
/// nothing and raises nothing. A client that hangs up stops it.
#[utoipa::path(post, path = "/api/v1/rules/test", tag = "rules", request_body = RuleToTry,
    responses((status = 200, content_type = "application/x-ndjson", body = trial::Line),
              (status = 400, body = super::error::ErrorBody)))]
pub async fn test(State(app): State<Arc<App>>, Json(request): Json<RuleToTry>) -> Result<Response, ApiError> {
    let days = request.days.unwrap_or(7);
    if !(1..=31).contains(&days) {
        return Err(ApiError::bad_request("`days` is 1 to 31."));
    }
    checked(&app, &request.rule).await?;
    let rule = request.rule;
    let windows = trial::windows(&rule, days, clock::now());
    let windows = windows.map_err(|why| ApiError::bad_request(capitalised(&why)))?;
    let (tell, lines) = tokio::sync::mpsc::channel(4);
    tokio::spawn(async move {
        let last = tokio::select! {
            () = tell.closed() => return,
            done = trial::run(&app.engine, &rule, &windows, &tell) => match done {
                Ok(trial) => trial::Line::Result(trial),
                Err(error) => {
                    let body = super::query::query_error(&rule.query, error).body();
                    trial::Line::Error(body["error"].clone())
                }
            },
        };
        let _ = tell.send(last).await;
    });
    let text = ReceiverStream::new(lines).map(|line| {
        let mut text = serde_json::to_vec(&line).unwrap_or_default();
        text.push(b'\n');
        Ok::<Bytes, Infallible>(Bytes::from(text))
    });
    let mut response = Response::new(Body::from_stream(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

fn no_rule(id: i64) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "rule_not_found", format!("There is no rule {id}."))
        .help("`GET /api/v1/rules` lists them.")
}

/// Refuses a rule that is wrong, with all that is wrong with it.
async fn checked(app: &App, rule: &Rule) -> Result<(), ApiError> {
    let verdict = check::check_with(rule, &app.engine, clock::now()).await;
    if verdict.is_fine() {
        return Ok(());
    }
    let error = ApiError::new(StatusCode::BAD_REQUEST, "rule_invalid", first_words(&verdict));
    let error = error.extra("mistakes", json!(verdict.mistakes));
    match diagnostics(rule, &verdict) {
        found if found.is_empty() => Err(error),
        found => Err(error.extra("diagnostics", json!(found))),
    }
}

fn diagnostics(rule: &Rule, verdict: &Verdict) -> Vec<Diagnostic> {
    verdict.diagnostics.iter().map(|found| Diagnostic::of(&rule.query, found)).collect()
}

/// What is wrong, in a sentence.
pub fn first_words(verdict: &Verdict) -> String {
    let mistake = verdict.mistakes.first().map(|one| format!("{}: {}", one.field, one.message));
    let diagnostic = || {
        let errors = verdict.diagnostics.iter().filter(|found| found.is_error());
        errors.map(|found| format!("query: {}", found.message)).next()
    };
    capitalised(&mistake.or_else(diagnostic).unwrap_or_else(|| "the rule is wrong".to_owned()))
}
