//! Alerts: lists, single ones, and what clients do to them. What other products send in is `insert`.

use super::alert_events::contributing_events;
use super::alert_shape::{Here, fields, flat, nested, original};
use super::alert_tree;
use super::request::{Data, Filter, Page, number};
use super::{Reply, paged, reply, words};
use crate::access::Identity;
use crate::api::error::ApiError;
use crate::app::App;
use crate::audit::Note;
use crate::live::News;
use crate::state::{AlertFilter, AlertRecord, Edit, SelfTestFilter, Sort, SortKey};
use axum::Extension;
use axum::extract::State;
use serde_json::{Value, json};
use std::sync::Arc;
use vedette_event::Time;

/// Alerts that one call can name.
const MOST: usize = 1000;
/// Alerts looked through for a tree of conditions: the latest ones.
const SEARCHED: u32 = 100_000;
const FIELDS: &str = "alert_id_list, external_id_list, case_id, alert_source, severity, status, creation_time, \
     server_creation_time and last_modified_ts";
/// Keys that lists are sorted by; the first when none is given.
const SORTS: [&str; 7] = [
    "creation_time",
    "detection_timestamp",
    "server_creation_time",
    "local_insert_ts",
    "last_modified_ts",
    "alert_id",
    "severity",
];

/// Alerts that pass the filters, page by page, each with its events inside.
#[utoipa::path(post, path = "/public_api/v1/alerts/get_alerts_multi_events", tag = "cortex",
    request_body = Object, responses((status = 200, body = Object), (status = 400, body = Object)))]
pub async fn multi_events(State(app): State<Arc<App>>, data: Data) -> Result<Reply, ApiError> {
    list(&app, &data, nested).await
}

/// The same, the events' fields beside the alert's, each a list.
#[utoipa::path(post, path = "/public_api/v2/alerts/get_alerts_multi_events", tag = "cortex",
    request_body = Object, responses((status = 200, body = Object), (status = 400, body = Object)))]
pub async fn multi_events_flat(State(app): State<Arc<App>>, data: Data) -> Result<Reply, ApiError> {
    list(&app, &data, flat).await
}

/// The same under the name that old clients use.
#[utoipa::path(post, path = "/public_api/v1/alerts/get_alerts", tag = "cortex",
    request_body = Object, responses((status = 200, body = Object), (status = 400, body = Object)))]
pub async fn get_alerts(State(app): State<Arc<App>>, data: Data) -> Result<Reply, ApiError> {
    list(&app, &data, nested).await
}

async fn list(app: &App, data: &Data, shape: fn(&AlertRecord, &Here) -> Value) -> Result<Reply, ApiError> {
    let Page { from, count } = data.page()?;
    let mut filter = AlertFilter { self_test: SelfTestFilter::Without, ..AlertFilter::default() };
    for wanted in data.filters()? {
        narrow(&mut filter, &wanted)?;
    }
    // One client asks for one alert outside of the filters.
    if let Some(id) = data.number("alert_id")? {
        filter.ids = Some(vec![id]);
        filter.self_test = SelfTestFilter::Both;
    }
    let (key, descending) = data.sort(&SORTS)?;
    let key = match key {
        "severity" => SortKey::Severity,
        // Numbers are given out as alerts are made.
        "server_creation_time" | "local_insert_ts" | "alert_id" => SortKey::CreatedAt,
        "last_modified_ts" => SortKey::UpdatedAt,
        _ => SortKey::DetectedAt,
    };
    let sort = Sort { key, descending };
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let page = app.state(move |store, _| store.list_alerts(&filter, sort, count, from as u64)).await?;
    let here = app.hosts.here();
    let alerts = page.alerts.iter().map(|alert| shape(alert, &here)).collect();
    Ok(paged(usize::try_from(page.total).unwrap_or(usize::MAX), "alerts", alerts))
}

pub fn narrow(filter: &mut AlertFilter, wanted: &Filter) -> Result<(), ApiError> {
    let listed = || wanted.one_of(&["in", "eq"]);
    match wanted.field.as_str() {
        "alert_id_list" | "alert_id" => {
            listed()?;
            filter.ids = Some(wanted.numbers()?);
            // Who names an alert wants it, whatever it is.
            filter.self_test = SelfTestFilter::Both;
        }
        "case_id" | "incident_id" => {
            listed()?;
            filter.incidents = Some(wanted.numbers()?);
        }
        "external_id_list" | "external_id" => {
            listed()?;
            filter.keys = Some(wanted.texts()?);
        }
        "alert_source" | "source" => {
            listed()?;
            let known =
                wanted.texts()?.iter().filter_map(|word| words::source_named(word)).collect::<Vec<_>>();
            // A source that is not here has raised nothing.
            if known.is_empty() { filter.ids = Some(Vec::new()) } else { filter.raised_by = known }
        }
        "severity" => {
            listed()?;
            let mut all = Vec::new();
            for word in wanted.texts()? {
                all.extend(words::severities(&word).ok_or_else(|| no_word("severity", &word))?);
            }
            if all.is_empty() { filter.ids = Some(Vec::new()) } else { filter.severity = all }
        }
        "status" | "resolution_status" => {
            listed()?;
            for word in wanted.texts()? {
                let (status, _) = words::status_named(&word).ok_or_else(|| no_word("status", &word))?;
                filter.status.push(status);
            }
        }
        "creation_time" | "detection_timestamp" => between(wanted, &mut filter.since, &mut filter.until)?,
        "server_creation_time" | "local_insert_ts" => {
            let (since, until) = &mut filter.created;
            between(wanted, since, until)?;
        }
        "last_modified_ts" => {
            let (since, until) = &mut filter.updated;
            between(wanted, since, until)?;
        }
        _ => return Err(wanted.unknown(FIELDS)),
    }
    Ok(())
}

pub fn no_word(field: &str, word: &str) -> ApiError {
    let word: String = word.chars().take(64).collect();
    ApiError::bad_request(format!("`{field}` cannot be {word:?}."))
}

/// From a moment on, and before a moment.
fn between(wanted: &Filter, since: &mut Option<Time>, until: &mut Option<Time>) -> Result<(), ApiError> {
    let moment = wanted.moment()?;
    if wanted.one_of(&["gte", "lte"])? == "gte" {
        *since = Some(since.map_or(moment, |known| known.max(moment)));
    } else {
        // Alerts are finer than the milliseconds that clients see, and `until` is the first moment after.
        let end = moment.plus(1000);
        *until = Some(until.map_or(end, |known| known.min(end)));
    }
    Ok(())
}

/// Alerts that pass a tree of conditions.
#[utoipa::path(post, path = "/public_api/v1/alerts/get_alerts_by_filter_data", tag = "cortex",
    request_body = Object, responses((status = 200, body = Object), (status = 400, body = Object)))]
pub async fn by_filter_data(State(app): State<Arc<App>>, data: Data) -> Result<Reply, ApiError> {
    let wanted = alert_tree::Wanted::read(data.get("filter_data").unwrap_or(&Value::Null))?;
    let alerts = app.state(|store, _| store.latest_alerts(SEARCHED)).await?;
    let here = app.hosts.here();
    let rows = alerts
        .iter()
        .filter(|alert| !alert.self_test && alert.life.excluded_by.is_none())
        .map(|alert| fields(alert, &here));
    let (total, rows) = wanted.of(rows, crate::clock::now())?;
    let rows: Vec<Value> =
        rows.into_iter().map(|fields| json!({"alert_fields": fields, "incident_fields": null})).collect();
    Ok(paged(total, "alerts", rows))
}

/// What raised these alerts, word for word.
#[utoipa::path(post, path = "/public_api/v1/alerts/get_original_alerts", tag = "cortex",
    request_body = Object, responses((status = 200, body = Object), (status = 400, body = Object)))]
pub async fn originals(State(app): State<Arc<App>>, data: Data) -> Result<Reply, ApiError> {
    let ids = ids(&data)?;
    let alerts = app
        .state(move |store, _| ids.into_iter().map(|id| store.alert(id)).collect::<Result<Vec<_>, _>>())
        .await?;
    let alerts: Vec<Value> = alerts.iter().flatten().map(original).collect();
    Ok(paged(alerts.len(), "alerts", alerts))
}

/// The events behind one alert: what clients call its contributing events.
#[utoipa::path(post, path = "/public_api/v1/alerts/get_correlation_alert_data", tag = "cortex",
    request_body = Object, responses((status = 200, body = Object), (status = 404, body = Object)))]
pub async fn contributing(State(app): State<Arc<App>>, data: Data) -> Result<Reply, ApiError> {
    let id = data.number("alert_id")?;
    let id = id.ok_or_else(|| ApiError::bad_request("`alert_id` is missing in `request_data`."))?;
    let found = app.state(move |store, _| store.alert(id)).await?;
    let alert = found.ok_or_else(|| ApiError::not_found(format!("There is no alert {id}.")))?;
    Ok(reply(contributing_events(&alert)))
}

fn ids(data: &Data) -> Result<Vec<i64>, ApiError> {
    let list = data
        .list("alert_id_list")
        .ok_or_else(|| ApiError::bad_request("`alert_id_list` is missing in `request_data`."))?;
    if list.is_empty() || list.len() > MOST {
        return Err(ApiError::bad_request(format!("`alert_id_list` has 1 to {MOST} numbers of alerts.")));
    }
    let wrong = || ApiError::bad_request("`alert_id_list` is a list of numbers of alerts.");
    list.iter().map(|id| number(id).ok_or_else(wrong)).collect()
}

/// Changes severity and status of alerts, and comments on them.
#[utoipa::path(post, path = "/public_api/v1/alerts/update_alerts", tag = "cortex",
    request_body = Object, responses((status = 200, body = Object), (status = 400, body = Object)))]
pub async fn update(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Identity>,
    Extension(note): Extension<Note>,
    data: Data,
) -> Result<Reply, ApiError> {
    let ids = ids(&data)?;
    let change = Data(data.get("update_data").cloned().unwrap_or_default());
    note.asset(ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(","));
    let changed = apply(&app, &who, ids, &change).await?;
    Ok(reply(json!({ "alerts_ids": changed })))
}

/// Makes a change to alerts; the numbers of those that there are.
pub async fn apply(app: &App, who: &Identity, ids: Vec<i64>, change: &Data) -> Result<Vec<String>, ApiError> {
    let severity = change.text("severity")?.filter(|word| !word.is_empty());
    let severity = severity
        .map(|word| words::severity_to_set(&word).ok_or_else(|| no_word("severity", &word)))
        .transpose()?;
    let status = change.text("status")?.filter(|word| !word.is_empty());
    let status =
        status.map(|word| words::status_named(&word).ok_or_else(|| no_word("status", &word))).transpose()?;
    let comment = change.text("comment")?.filter(|text| !text.trim().is_empty());
    if severity.is_none() && status.is_none() && comment.is_none() {
        return Err(ApiError::bad_request("`update_data` has none of `severity`, `status` and `comment`."));
    }
    let by = who.name.clone();
    let edited = app
        .state(move |store, now| {
            let edit = Edit {
                status: status.map(|(status, _)| status),
                resolution: status.and_then(|(_, resolution)| resolution),
                severity,
                comment: comment.as_deref(),
                ..Edit::default()
            };
            store.edit_alerts(&ids, &edit, &by, now)
        })
        .await?;
    let changed: Vec<String> = edited.iter().map(|alert| alert.life.alert_id.to_string()).collect();
    edited.into_iter().for_each(|alert| app.live.tell(News::Edited, alert));
    if changed.is_empty() {
        return Err(ApiError::not_found("There is no alert of these numbers."));
    }
    Ok(changed)
}
