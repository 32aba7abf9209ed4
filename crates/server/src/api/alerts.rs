//! Alerts: list, look, work on.

use super::error::ApiError;
use super::extract::{Id, Json, Query};
use crate::access::Identity;
use crate::app::App;
use crate::live::News;
use crate::state::{
    AlertFilter, AlertRecord, Change, Comment, Edit, ExcludedFilter, Resolution, SelfTestFilter, Sort,
    SortKey, StateError, Status, Store,
};
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json as Answer};
use serde::{Deserialize, Deserializer, Serialize};
use std::net::IpAddr;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use vedette_event::{AlertSource, Attribution, Detection, Finding, ScanType, Severity, Shape, Subject, Time};

/// Addresses and ports a summary shows; the detection has them all.
const FEW_ADDRESSES: usize = 10;
const FEW_PORTS: usize = 20;

/// An alert as lists show it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AlertSummary {
    pub id: i64,
    /// `new`, `in_progress` or `closed`.
    pub status: String,
    /// Why it was closed; null while it is not.
    pub resolution: Option<String>,
    pub assignee: Option<String>,
    /// The campaign is still going on.
    pub active: bool,
    /// Made by Vedette's own self-test.
    pub self_test: bool,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Time,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Time,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub closed_at: Option<Time>,
    pub comment_count: i64,
    /// Null for a self-test, and for what was excluded from the start.
    pub incident_id: Option<i64>,
    /// Number of the exclusion that keeps it out of lists and notifications.
    pub excluded_by: Option<i64>,
    /// What raised it: `detection`, `correlation` or `external`.
    #[schema(value_type = String)]
    pub source: AlertSource,
    pub category: String,
    /// Later hits that were kept back as the same.
    pub duplicates: i64,
    /// Number and name of the correlation rule; null without one.
    pub rule_id: Option<i64>,
    pub rule_name: Option<String>,
    /// Hosts and users it speaks of by name, the first 10.
    pub hosts: Vec<String>,
    pub users: Vec<String>,
    /// Null for what is no detection, as are `shape` and `attribution`.
    pub detection_id: Option<String>,
    pub name: String,
    pub summary: String,
    #[schema(value_type = String)]
    pub severity: Severity,
    /// The first 10.
    #[schema(value_type = Vec<String>)]
    pub source_ips: Vec<IpAddr>,
    pub source_count: usize,
    #[schema(value_type = Vec<String>)]
    pub target_ips: Vec<IpAddr>,
    pub target_count: usize,
    #[schema(value_type = Vec<String>)]
    pub scan_types: Vec<ScanType>,
    #[schema(value_type = Option<String>)]
    pub shape: Option<Shape>,
    /// Empty for what is no detection.
    pub direction: String,
    #[schema(value_type = String, format = DateTime)]
    pub first_seen: Time,
    #[schema(value_type = String, format = DateTime)]
    pub last_seen: Time,
    #[schema(value_type = String, format = DateTime)]
    pub detected_at: Time,
    /// Probes; for what is no detection, the rows or events it stands for.
    pub probes: u64,
    pub distinct_ports: u32,
    pub distinct_hosts: u32,
    /// The first 20.
    pub open_ports: Vec<u16>,
    /// Tool it looks like; null when unknown.
    pub tool: Option<String>,
    #[schema(value_type = Option<String>)]
    pub attribution: Option<Attribution>,
    pub mitre_tactics: Vec<String>,
    pub mitre_techniques: Vec<String>,
}

impl AlertSummary {
    pub fn of(record: &AlertRecord) -> AlertSummary {
        let (life, subject) = (&record.life, &record.subject);
        let (d, finding) = (subject.detection(), subject.finding());
        let few = |all: &[IpAddr]| all.iter().copied().take(FEW_ADDRESSES).collect();
        let names = |all: &[String]| all.iter().take(FEW_ADDRESSES).cloned().collect();
        AlertSummary {
            id: life.alert_id,
            status: life.status.clone(),
            resolution: life.resolution.clone(),
            assignee: life.assignee.clone(),
            active: life.active,
            self_test: record.self_test,
            created_at: life.created_at,
            updated_at: life.updated_at,
            closed_at: record.closed_at,
            comment_count: record.comment_count,
            incident_id: life.incident_id,
            excluded_by: life.excluded_by,
            source: subject.source(),
            category: subject.category().to_owned(),
            duplicates: life.duplicates,
            rule_id: subject.rule().map(|rule| rule.rule_id),
            rule_name: subject.rule().map(|rule| rule.rule_name.clone()),
            hosts: finding.map(|finding| names(&finding.hosts)).unwrap_or_default(),
            users: finding.map(|finding| names(&finding.users)).unwrap_or_default(),
            detection_id: d.map(|d| d.id.clone()),
            name: subject.name().to_owned(),
            summary: subject.summary().to_owned(),
            severity: record.severity(),
            source_ips: few(subject.source_ips()),
            source_count: subject.source_ips().len(),
            target_ips: few(subject.target_ips()),
            target_count: subject.target_ips().len(),
            scan_types: d.map(|d| d.scan_types.clone()).unwrap_or_default(),
            shape: d.map(|d| d.shape),
            direction: d.map(|d| d.direction.clone()).unwrap_or_default(),
            first_seen: subject.first_seen(),
            last_seen: subject.last_seen(),
            detected_at: subject.detected_at(),
            probes: subject.count(),
            distinct_ports: d.map_or(0, |d| d.distinct_ports),
            distinct_hosts: d.map_or(0, |d| d.distinct_hosts),
            open_ports: d.map(|d| few_ports(&d.open_ports)).unwrap_or_default(),
            tool: d.map(|d| d.tool.name.clone()).filter(|name| !name.is_empty()),
            attribution: d.map(|d| d.attribution),
            mitre_tactics: subject.mitre().tactics.clone(),
            mitre_techniques: subject.mitre().techniques.clone(),
        }
    }
}

/// The first addresses or names of a list.
pub fn address_list(mut all: Vec<String>) -> Vec<String> {
    all.truncate(FEW_ADDRESSES);
    all
}

fn few_ports(ports: &[u16]) -> Vec<u16> {
    ports.iter().copied().take(FEW_PORTS).collect()
}

/// An alert with everything about it.
#[derive(Serialize, ToSchema)]
pub struct Alert {
    #[serde(flatten)]
    summary: AlertSummary,
    /// As printed by `vedette replay --format json`; null for what is no detection.
    #[schema(value_type = Option<Object>)]
    detection: Option<Detection>,
    /// What a correlation rule or another product found; null for a detection.
    #[schema(value_type = Option<Object>)]
    finding: Option<Finding>,
    /// Others that saw the same scan: a sensor's alert may have been told of by logs too.
    seen_by: Vec<View>,
    comments: Vec<Comment>,
    history: Vec<Change>,
    /// Size of the capture file of its probes; null where the sensor kept none.
    capture_bytes: Option<u64>,
}

/// What another observer saw of the same scan.
#[derive(Serialize, ToSchema)]
#[schema(as = AlertView)]
pub struct View {
    /// Who: `panos:fw-1`, `zeek:conn.log`, or a sensor's identifier.
    observers: Vec<String>,
    detection_id: String,
    name: String,
    summary: String,
    /// It still tells of it.
    active: bool,
    #[schema(value_type = String, format = DateTime)]
    first_seen: Time,
    #[schema(value_type = String, format = DateTime)]
    last_seen: Time,
    probes: u64,
    distinct_ports: u32,
    /// Why it was concluded, the other product's own verdict included.
    reasons: Vec<String>,
    /// Finds what it saw.
    xql: String,
}

impl View {
    fn of(view: Detection) -> View {
        let (from, to) = super::evidence::span(view.first_seen, view.last_seen);
        View {
            xql: super::evidence::xql(&view, from, to),
            active: view.change != vedette_event::Change::Closed,
            detection_id: view.id,
            observers: view.observers,
            name: view.name,
            summary: view.summary,
            first_seen: view.first_seen,
            last_seen: view.last_seen,
            probes: view.probes,
            distinct_ports: view.distinct_ports,
            reasons: view.reasons,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct AlertList {
    alerts: Vec<AlertSummary>,
    /// How many match, on all pages.
    total: u64,
    /// How many more would match, were they not excluded.
    excluded: u64,
    /// For the next page; null on the last.
    next_cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Comments {
    comments: Vec<Comment>,
}

#[derive(Serialize, ToSchema)]
pub struct History {
    history: Vec<Change>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListParameters {
    /// `new`, `in_progress`, `closed`; several with commas.
    status: Option<String>,
    /// `informational` to `critical`; several with commas.
    severity: Option<String>,
    /// Whether the campaign goes on.
    active: Option<bool>,
    /// What raised it: `detection`, `correlation`, `external`; several with commas.
    raised_by: Option<String>,
    /// Number of a correlation rule.
    rule: Option<i64>,
    /// A user, or `none`.
    assignee: Option<String>,
    source: Option<String>,
    target: Option<String>,
    /// Looked for in name, summary, addresses and tool.
    q: Option<String>,
    /// Detected at or after, RFC 3339.
    since: Option<String>,
    /// Detected before, RFC 3339.
    until: Option<String>,
    /// Only self-tests, or none of them; both when absent.
    self_test: Option<bool>,
    /// What exclusions hide: `hide`, which is the default, `show` or `only`.
    excluded: Option<String>,
    /// `detected_at`, `updated_at`, `severity` or `probes`, with `-` in front for descending.
    sort: Option<String>,
    /// 1 to 500; 50 when absent.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertEdit {
    status: Option<Status>,
    /// Needed to close.
    resolution: Option<Resolution>,
    /// A user's name; null takes the assignee away.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    assignee: Option<Option<String>>,
    /// Goes before what the detector or rule says.
    #[schema(value_type = Option<String>)]
    severity: Option<Severity>,
    comment: Option<String>,
}

impl AlertEdit {
    /// Whether it can be made at all.
    pub fn check(&self) -> Result<(), ApiError> {
        if self.status != Some(Status::Closed) || self.resolution.is_some() {
            return Ok(());
        }
        let message = "Closing an alert needs a resolution.";
        Err(ApiError::new(StatusCode::BAD_REQUEST, "resolution_required", message)
            .help("true_positive, benign, false_positive, duplicate, known_scanner or other."))
    }

    pub fn change(&self) -> Edit<'_> {
        Edit {
            status: self.status,
            resolution: self.resolution,
            assignee: self.assignee.as_ref().map(Option::as_deref),
            severity: self.severity,
            comment: self.comment.as_deref(),
        }
    }
}

/// Tells `null` from absent.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewComment {
    /// 1 to 10,000 characters.
    text: String,
}

/// Alerts, page by page.
#[utoipa::path(get, path = "/api/v1/alerts", tag = "alerts", params(ListParameters),
    responses((status = 200, body = AlertList), (status = 400, body = super::error::ErrorBody)))]
pub async fn list(
    State(app): State<Arc<App>>,
    Query(parameters): Query<ListParameters>,
) -> Result<Answer<AlertList>, ApiError> {
    let filter = filter(&parameters)?;
    let sort = sort(parameters.sort.as_deref().unwrap_or("-detected_at"))?;
    let limit = parameters.limit.unwrap_or(50);
    if !(1..=500).contains(&limit) {
        return Err(ApiError::bad_request("`limit` is 1 to 500."));
    }
    let offset = match parameters.cursor.as_deref() {
        None => 0,
        Some(cursor) => {
            cursor.parse().map_err(|_| ApiError::bad_request("`cursor` is not one that was given out."))?
        }
    };
    let (page, excluded) = app
        .state(move |store, _| {
            let hidden = AlertFilter { excluded: ExcludedFilter::Only, ..filter.clone() };
            let excluded = match filter.excluded {
                ExcludedFilter::Without => store.count_alerts(&hidden)?,
                _ => 0,
            };
            Ok((store.list_alerts(&filter, sort, limit, offset)?, excluded))
        })
        .await?;
    Ok(Answer(AlertList {
        alerts: page.alerts.iter().map(AlertSummary::of).collect(),
        total: page.total,
        excluded,
        next_cursor: page.next.map(|next| next.to_string()),
    }))
}

/// One alert with its detection, comments and history.
#[utoipa::path(get, path = "/api/v1/alerts/{id}", tag = "alerts", params(("id" = i64, Path)),
    responses((status = 200, body = Alert), (status = 404, body = super::error::ErrorBody)))]
pub async fn show(State(app): State<Arc<App>>, Id(id): Id) -> Result<Answer<Alert>, ApiError> {
    let alert = app.state(move |store, _| whole(store, store.alert(id)?)).await?;
    alert.map(Answer).ok_or_else(|| no_alert(id))
}

/// Changes what people change about an alert.
#[utoipa::path(patch, path = "/api/v1/alerts/{id}", tag = "alerts", params(("id" = i64, Path)),
    request_body = AlertEdit,
    responses((status = 200, body = Alert), (status = 400, body = super::error::ErrorBody),
              (status = 404, body = super::error::ErrorBody)))]
pub async fn edit(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Identity>,
    Id(id): Id,
    Json(edit): Json<AlertEdit>,
) -> Result<Answer<Alert>, ApiError> {
    edit.check()?;
    let edited = app
        .state(move |store, now| {
            let record = store.edit_alert(id, &edit.change(), &who.name, now)?;
            Ok((whole(store, record.clone())?, record))
        })
        .await;
    match edited.map_err(unknown_user)? {
        (Some(alert), Some(record)) => {
            app.live.tell(News::Edited, record);
            Ok(Answer(alert))
        }
        _ => Err(no_alert(id)),
    }
}

/// An alert's comments, oldest first.
#[utoipa::path(get, path = "/api/v1/alerts/{id}/comments", tag = "alerts", params(("id" = i64, Path)),
    responses((status = 200, body = Comments), (status = 404, body = super::error::ErrorBody)))]
pub async fn comments(State(app): State<Arc<App>>, Id(id): Id) -> Result<Answer<Comments>, ApiError> {
    let found = app.state(move |store, _| store.alert(id)?.map(|_| store.comments(id)).transpose()).await?;
    found.map(|comments| Answer(Comments { comments })).ok_or_else(|| no_alert(id))
}

/// Adds a comment.
#[utoipa::path(post, path = "/api/v1/alerts/{id}/comments", tag = "alerts", params(("id" = i64, Path)),
    request_body = NewComment,
    responses((status = 201, body = Comment), (status = 404, body = super::error::ErrorBody)))]
pub async fn add_comment(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Identity>,
    Id(id): Id,
    Json(new): Json<NewComment>,
) -> Result<(StatusCode, Answer<Comment>), ApiError> {
    let (comment, record) = app
        .state(move |store, now| Ok((store.add_comment(id, &new.text, &who.name, now)?, store.alert(id)?)))
        .await?;
    if let Some(record) = record {
        app.live.tell(News::Edited, record);
    }
    comment.map(|comment| (StatusCode::CREATED, Answer(comment))).ok_or_else(|| no_alert(id))
}

/// Who changed what about an alert, and when; oldest first.
#[utoipa::path(get, path = "/api/v1/alerts/{id}/history", tag = "alerts", params(("id" = i64, Path)),
    responses((status = 200, body = History), (status = 404, body = super::error::ErrorBody)))]
pub async fn history(State(app): State<Arc<App>>, Id(id): Id) -> Result<Answer<History>, ApiError> {
    let found = app.state(move |store, _| store.alert(id)?.map(|_| store.history(id)).transpose()).await?;
    found.map(|history| Answer(History { history })).ok_or_else(|| no_alert(id))
}

pub fn no_alert(id: i64) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "alert_not_found", format!("There is no alert {id}."))
        .help("`GET /api/v1/alerts` lists them.")
}

fn whole(store: &Store, record: Option<AlertRecord>) -> Result<Option<Alert>, StateError> {
    let Some(record) = record else { return Ok(None) };
    let id = record.life.alert_id;
    let summary = AlertSummary::of(&record);
    let (detection, finding) = match record.subject {
        Subject::Detection(detection) => (Some(*detection), None),
        Subject::Finding(finding) => (None, Some(*finding)),
    };
    Ok(Some(Alert {
        summary,
        detection,
        finding,
        seen_by: store.views(id)?.into_iter().map(View::of).collect(),
        comments: store.comments(id)?,
        history: store.history(id)?,
        capture_bytes: store.capture_size(id)?,
    }))
}

pub fn unknown_user(error: StateError) -> ApiError {
    match error {
        StateError::Invalid(message) if message.contains("no such user") => {
            ApiError::new(StatusCode::BAD_REQUEST, "unknown_user", super::error::capitalised(message))
        }
        other => other.into(),
    }
}

/// The filter that the parameters mean; order and page aside.
pub fn filter(p: &ListParameters) -> Result<AlertFilter, ApiError> {
    Ok(AlertFilter {
        status: words(p.status.as_deref(), "status", |word| {
            Status::ALL.into_iter().find(|status| status.as_str() == word)
        })?,
        severity: words(p.severity.as_deref(), "severity", severity)?,
        active: p.active,
        raised_by: words(p.raised_by.as_deref(), "raised_by", AlertSource::parse)?,
        rule_id: p.rule,
        assignee: p.assignee.as_ref().map(|name| (name != "none").then(|| name.to_lowercase())),
        source: address(p.source.as_deref(), "source")?,
        target: address(p.target.as_deref(), "target")?,
        text: p.q.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned),
        since: moment(p.since.as_deref(), "since")?,
        until: moment(p.until.as_deref(), "until")?,
        self_test: match p.self_test {
            None => SelfTestFilter::Both,
            Some(true) => SelfTestFilter::Only,
            Some(false) => SelfTestFilter::Without,
        },
        excluded: match p.excluded.as_deref() {
            None | Some("hide") => ExcludedFilter::Without,
            Some("show") => ExcludedFilter::Both,
            Some("only") => ExcludedFilter::Only,
            Some(_) => return Err(ApiError::bad_request("`excluded` is hide, show or only.")),
        },
        ..AlertFilter::default()
    })
}

pub fn severity(word: &str) -> Option<Severity> {
    let all = [Severity::Informational, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    all.into_iter().find(|severity| severity.as_str() == word)
}

pub fn words<T>(
    text: Option<&str>,
    name: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, ApiError> {
    let list = text.unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty());
    list.map(|word| read(word).ok_or_else(|| ApiError::bad_request(format!("`{name}` cannot be {word:?}."))))
        .collect()
}

fn address(text: Option<&str>, name: &str) -> Result<Option<IpAddr>, ApiError> {
    let wrong = || ApiError::bad_request(format!("`{name}` is not an IP address."));
    text.map(|text| text.parse().map_err(|_| wrong())).transpose()
}

fn moment(text: Option<&str>, name: &str) -> Result<Option<Time>, ApiError> {
    let wrong = || ApiError::bad_request(format!("`{name}` is not a time like 2026-01-31T08:00:00Z."));
    text.map(|text| Time::parse(text).ok_or_else(wrong)).transpose()
}

fn sort(text: &str) -> Result<Sort, ApiError> {
    let (descending, name) = match text.strip_prefix('-') {
        Some(name) => (true, name),
        None => (false, text),
    };
    let key = match name {
        "detected_at" => SortKey::DetectedAt,
        "updated_at" => SortKey::UpdatedAt,
        "severity" => SortKey::Severity,
        "probes" => SortKey::Probes,
        _ => {
            return Err(ApiError::bad_request("`sort` is detected_at, updated_at, severity or probes.")
                .help("With `-` in front for descending."));
        }
    };
    Ok(Sort { key, descending })
}
