//! Exclusions: looked at beforehand, made, changed, ended.

use super::alerts::{AlertSummary, no_alert};
use super::error::ApiError;
use super::extract::{Id, Json, Query};
use crate::access::Identity;
use crate::app::App;
use crate::audit::Note;
use crate::clock;
use crate::exclusions::{Breadth, Conditions};
use crate::live::News;
use crate::prefix::Prefix;
use crate::state::{ExclusionRecord, NewExclusion, Preview};
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json as Answer};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use vedette_event::{Subject, Time};

const DAY: i64 = 86_400_000_000;
const DEFAULT_EXPIRY: u32 = 90;
const LONGEST_EXPIRY: u32 = 3650;
const DEFAULT_LOOK_BACK: u32 = 30;
const EXAMPLES: usize = 5;
/// An exclusion of more than half of so many stored alerts is wide, whatever it says.
const TELLING_COUNT: u64 = 20;
/// Addresses of an alert that a suggestion names.
const SUGGESTED: usize = 50;

#[derive(Serialize, ToSchema)]
pub struct Exclusion {
    id: i64,
    conditions: Conditions,
    reason: String,
    /// The alert it was made from.
    alert_id: Option<i64>,
    in_force: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    created_by: String,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Time,
    /// Alerts it has hidden so far, and when the last of them came or grew.
    hits: i64,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_hit_at: Option<Time>,
    /// Alerts it hides now.
    hidden: i64,
    #[schema(value_type = Option<String>, format = DateTime)]
    removed_at: Option<Time>,
    removed_by: Option<String>,
}

impl Exclusion {
    fn of(record: ExclusionRecord) -> Exclusion {
        Exclusion {
            in_force: record.in_force(clock::now()),
            id: record.id,
            conditions: record.conditions,
            reason: record.reason,
            alert_id: record.alert_id,
            created_at: record.created_at,
            created_by: record.created_by,
            expires_at: record.expires_at,
            hits: record.hits,
            last_hit_at: record.last_hit_at,
            hidden: record.hidden,
            removed_at: record.removed_at,
            removed_by: record.removed_by,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct ExclusionList {
    exclusions: Vec<Exclusion>,
    /// Alerts that are hidden now, by all of them.
    hidden: u64,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExclusionParameters {
    /// Also those that are over or were removed.
    all: Option<bool>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExclusionRequest {
    conditions: Conditions,
    /// Why nobody needs to see them.
    reason: String,
    /// 1 to 3,650; 90 when absent.
    expires_in_days: Option<u32>,
    /// The alert it is made from.
    alert_id: Option<i64>,
    /// Also hide stored alerts that are not closed, detected within so many days; none when absent.
    stored_days: Option<u32>,
    /// Needed for one that is wide.
    #[serde(default)]
    wide: bool,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewRequest {
    conditions: Conditions,
    /// How far back, 1 to 365; 30 when absent.
    days: Option<u32>,
}

/// What an exclusion would have hidden.
#[derive(Serialize, ToSchema)]
pub struct ExclusionPreview {
    days: u32,
    /// Stored alerts of that time, and those of them that it covers.
    looked_at: u64,
    matched: u64,
    /// Of those: not closed, and closed as a true positive.
    open: u64,
    true_positives: u64,
    /// There are more alerts in that time than were looked at.
    cut: bool,
    /// It covers every alert: it cannot be made.
    everything: bool,
    /// It covers so much that making it needs `wide`; and why.
    wide: bool,
    why_wide: Option<String>,
    /// The latest that it covers.
    examples: Vec<AlertSummary>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExclusionEdit {
    reason: Option<String>,
    /// From now on, 1 to 3,650.
    expires_in_days: Option<u32>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RemoveParameters {
    /// Show again what it hid.
    show: Option<bool>,
}

#[derive(Serialize, ToSchema)]
pub struct Removed {
    /// Alerts that are shown again.
    shown: u64,
}

/// The exclusions in force.
#[utoipa::path(get, path = "/api/v1/exclusions", tag = "exclusions", params(ExclusionParameters),
    responses((status = 200, body = ExclusionList)))]
pub async fn list(
    State(app): State<Arc<App>>,
    Query(parameters): Query<ExclusionParameters>,
) -> Result<Answer<ExclusionList>, ApiError> {
    let all = parameters.all.unwrap_or_default();
    let (found, totals) =
        app.state(move |store, now| Ok((store.exclusions(all, now)?, store.alert_totals()?))).await?;
    let exclusions = found.into_iter().map(Exclusion::of).collect();
    Ok(Answer(ExclusionList { exclusions, hidden: totals.excluded }))
}

/// One exclusion.
#[utoipa::path(get, path = "/api/v1/exclusions/{id}", tag = "exclusions", params(("id" = i64, Path)),
    responses((status = 200, body = Exclusion), (status = 404, body = super::error::ErrorBody)))]
pub async fn show(State(app): State<Arc<App>>, Id(id): Id) -> Result<Answer<Exclusion>, ApiError> {
    let found = app.state(move |store, _| store.exclusion(id)).await?;
    found.map(|record| Answer(Exclusion::of(record))).ok_or_else(|| unknown(id))
}

/// What these conditions would have hidden; nothing is changed.
#[utoipa::path(post, path = "/api/v1/exclusions/preview", tag = "exclusions", request_body = PreviewRequest,
    responses((status = 200, body = ExclusionPreview), (status = 400, body = super::error::ErrorBody)))]
pub async fn preview(
    State(app): State<Arc<App>>,
    Json(request): Json<PreviewRequest>,
) -> Result<Answer<ExclusionPreview>, ApiError> {
    checked(&request.conditions)?;
    let days = days(request.days, DEFAULT_LOOK_BACK, 365, "days")?;
    let (breadth, found) = looked_at(&app, &request.conditions, days).await?;
    let why_wide = wideness(breadth, &found);
    Ok(Answer(ExclusionPreview {
        days,
        looked_at: found.looked_at,
        matched: found.matched,
        open: found.open,
        true_positives: found.true_positives,
        cut: found.cut,
        everything: breadth == Breadth::Everything,
        wide: why_wide.is_some(),
        why_wide,
        examples: found.examples.iter().map(AlertSummary::of).collect(),
    }))
}

/// Makes an exclusion; it is in force at once.
#[utoipa::path(post, path = "/api/v1/exclusions", tag = "exclusions", request_body = ExclusionRequest,
    responses((status = 201, body = Exclusion), (status = 400, body = super::error::ErrorBody)))]
pub async fn add(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Identity>,
    Extension(note): Extension<Note>,
    Json(request): Json<ExclusionRequest>,
) -> Result<(StatusCode, Answer<Exclusion>), ApiError> {
    checked(&request.conditions)?;
    let expiry = days(request.expires_in_days, DEFAULT_EXPIRY, LONGEST_EXPIRY, "expires_in_days")?;
    let stored = request.stored_days.map(|given| days(Some(given), 0, 3650, "stored_days")).transpose()?;
    let (breadth, found) = looked_at(&app, &request.conditions, DEFAULT_LOOK_BACK).await?;
    if breadth == Breadth::Everything {
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "exclusion_of_everything",
            "These conditions hold for every alert.",
        )
        .help("Name a source, a target, a host, a rule, a name or a category."));
    }
    if let Some(why) = wideness(breadth, &found).filter(|_| !request.wide) {
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "exclusion_too_wide", why)
            .help("Narrow it; or send `wide` with it, when that is what is meant."));
    }
    let record = app
        .state(move |store, now| {
            let new = NewExclusion {
                conditions: &request.conditions,
                reason: &request.reason,
                alert_id: request.alert_id,
                expires_at: now.plus(i64::from(expiry) * DAY),
                by: &who.name,
            };
            let made = store.add_exclusion(&new, now)?;
            if let Some(days) = stored {
                store.exclude_stored(made.id, now.plus(-i64::from(days) * DAY), &who.name, now)?;
            }
            Ok(store.exclusion(made.id)?.unwrap_or(made))
        })
        .await?;
    note.asset(record.id);
    let conditions = serde_json::to_string(&record.conditions).unwrap_or_default();
    note.say(format!("Excluded {conditions} for {expiry} days: {}", record.reason));
    Ok((StatusCode::CREATED, Answer(Exclusion::of(record))))
}

/// Gives an exclusion another end or another reason.
#[utoipa::path(patch, path = "/api/v1/exclusions/{id}", tag = "exclusions", params(("id" = i64, Path)),
    request_body = ExclusionEdit,
    responses((status = 200, body = Exclusion), (status = 404, body = super::error::ErrorBody)))]
pub async fn edit(
    State(app): State<Arc<App>>,
    Extension(note): Extension<Note>,
    Id(id): Id,
    Json(edit): Json<ExclusionEdit>,
) -> Result<Answer<Exclusion>, ApiError> {
    let expiry = edit
        .expires_in_days
        .map(|given| days(Some(given), 0, LONGEST_EXPIRY, "expires_in_days"))
        .transpose()?;
    if let Some(days) = expiry {
        note.say(format!("Exclusion {id} now ends in {days} days"));
    }
    let edited = app
        .state(move |store, now| {
            let end = expiry.map(|days| now.plus(i64::from(days) * DAY));
            store.edit_exclusion(id, end, edit.reason.as_deref(), now)
        })
        .await?;
    edited.map(|record| Answer(Exclusion::of(record))).ok_or_else(|| unknown(id))
}

/// Ends an exclusion. What it hid stays hidden unless `show` is given.
#[utoipa::path(delete, path = "/api/v1/exclusions/{id}", tag = "exclusions",
    params(("id" = i64, Path), RemoveParameters),
    responses((status = 200, body = Removed), (status = 404, body = super::error::ErrorBody)))]
pub async fn remove(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Identity>,
    Extension(note): Extension<Note>,
    Id(id): Id,
    Query(parameters): Query<RemoveParameters>,
) -> Result<Answer<Removed>, ApiError> {
    let show = parameters.show.unwrap_or_default();
    let removed = app.state(move |store, now| store.remove_exclusion(id, show, &who.name, now)).await?;
    let alerts = removed.ok_or_else(|| unknown(id))?;
    let shown = alerts.len() as u64;
    note.say(format!("Removed exclusion {id}; {shown} alerts are shown again"));
    alerts.into_iter().for_each(|alert| app.live.tell(News::Edited, alert));
    Ok(Answer(Removed { shown }))
}

/// The conditions that describe one alert: where an exclusion made from it begins.
#[utoipa::path(get, path = "/api/v1/alerts/{id}/exclusion", tag = "exclusions", params(("id" = i64, Path)),
    responses((status = 200, body = Conditions), (status = 404, body = super::error::ErrorBody)))]
pub async fn suggestion(State(app): State<Arc<App>>, Id(id): Id) -> Result<Answer<Conditions>, ApiError> {
    let alert = app.state(move |store, _| store.alert(id)).await?.ok_or_else(|| no_alert(id))?;
    Ok(Answer(suggested(&alert.subject)))
}

/// Who, whom and what, as the alert says them.
fn suggested(subject: &Subject) -> Conditions {
    let few = |all: &[std::net::IpAddr]| -> Vec<Prefix> {
        if all.len() > SUGGESTED { Vec::new() } else { all.iter().copied().map(Prefix::host).collect() }
    };
    let mut conditions = Conditions {
        raised_by: vec![subject.source()],
        rule_id: subject.rule().map(|rule| rule.rule_id),
        sources: few(subject.source_ips()),
        targets: few(subject.target_ips()),
        ..Conditions::default()
    };
    match subject {
        Subject::Detection(d) => {
            conditions.scan_types = d.scan_types.clone();
            conditions.ports = Some(d.ports.clone()).filter(|ports| !ports.is_empty());
        }
        Subject::Finding(finding) => {
            conditions.hosts = finding.hosts.iter().take(SUGGESTED).cloned().collect();
            if conditions.rule_id.is_none() {
                conditions.name = Some(finding.name.clone()).filter(|name| !name.trim().is_empty());
            }
        }
    }
    conditions
}

fn unknown(id: i64) -> ApiError {
    ApiError::not_found(format!("There is no exclusion {id}, or it is over."))
}

fn checked(conditions: &Conditions) -> Result<(), ApiError> {
    conditions.mistake().map_or(Ok(()), |why| Err(ApiError::bad_request(why)))
}

fn days(given: Option<u32>, default: u32, most: u32, name: &str) -> Result<u32, ApiError> {
    let days = given.unwrap_or(default);
    if (1..=most).contains(&days) {
        return Ok(days);
    }
    Err(ApiError::bad_request(format!("`{name}` is 1 to {most}.")))
}

async fn looked_at(app: &App, conditions: &Conditions, days: u32) -> Result<(Breadth, Preview), ApiError> {
    let (breadth, conditions) = (conditions.breadth(), conditions.clone());
    let found = app
        .state(move |store, now| {
            store.preview_exclusion(&conditions, now.plus(-i64::from(days) * DAY), EXAMPLES)
        })
        .await?;
    Ok((breadth, found))
}

/// Why an exclusion is wide: a sentence.
fn wideness(breadth: Breadth, found: &Preview) -> Option<String> {
    let (matched, all) = (found.matched, found.looked_at);
    match breadth {
        Breadth::Narrow if matched * 2 > all && matched >= TELLING_COUNT => {
            Some(format!("It covers {matched} of the latest {all} alerts, more than half."))
        }
        Breadth::Narrow => None,
        _ => Some(
            "It names no source, target, host, rule, name or category, or only a vast network.".to_owned(),
        ),
    }
}
