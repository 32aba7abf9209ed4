//! Datasets as clients list them, and the rows of lookups that programs keep.

use super::request::{Data, number};
use super::{Reply, reply};
use crate::api::error::{ApiError, capitalised};
use crate::app::App;
use crate::audit::Note;
use crate::clock;
use axum::Extension;
use axum::extract::State;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use vedette_engine::{TableError, TableKind, row_fits};

/// Rows that one call takes or gives.
const MOST: usize = 100_000;
const GIVEN: usize = 10_000;

type Row = Map<String, Value>;

/// All datasets and lookups, in the words of the console of the original.
#[utoipa::path(post, path = "/public_api/v1/xql/get_datasets", tag = "cortex", request_body = Object,
    responses((status = 200, body = Object)))]
pub async fn list(State(app): State<Arc<App>>, _: Data) -> Reply {
    let stored = app.lake.datasets();
    let own = app.tables.list();
    let shown = app.engine.catalog().datasets().into_iter().map(|dataset| {
        let info = stored.iter().find(|info| info.name == dataset.name);
        let table = own.iter().find(|table| table.name == dataset.name);
        let kind = match table.map(|table| table.kind) {
            Some(TableKind::Lookup) => "LOOKUP",
            Some(TableKind::Dataset) => "USER",
            None => "SYSTEM",
        };
        let milliseconds = |time: vedette_event::Time| time.0.div_euclid(1000);
        let updated = table.map(|table| table.updated).or(info.and_then(|info| info.newest));
        json!({
            "Dataset Name": dataset.name,
            "Type": kind,
            "Log Update Type": if kind == "LOOKUP" { "STATE" } else { "LOGS" },
            "Last Updated": updated.map(milliseconds),
            "Total Days Stored": info.and_then(|info| Some((info.newest?.since(info.oldest?)) / 86_400_000_000)),
            "Hot Range": {"from": info.and_then(|info| info.oldest).map(milliseconds),
                          "to": info.and_then(|info| info.newest).map(milliseconds)},
            "Cold Range": null,
            "Total Size Stored": table.map(|table| table.bytes).or(info.map(|info| info.bytes)),
            "Total Events": table.map(|table| table.rows).or(info.map(|info| info.rows)),
            "TTL": null,
            "Default Query Target": dataset.name == "xdr_data",
        })
    });
    reply(shown.collect())
}

/// Adds rows to a lookup, or changes those of the same key; the first make it.
#[utoipa::path(post, path = "/public_api/v1/xql/lookups/add_data", tag = "cortex", request_body = Object,
    responses((status = 200, body = Object), (status = 400, body = Object)))]
pub async fn add(
    State(app): State<Arc<App>>,
    Extension(note): Extension<Note>,
    data: Data,
) -> Result<Reply, ApiError> {
    let name = data.needed("dataset_name")?;
    let rows = rows_of(&data, "data")?;
    let keys = data.list("key_fields").unwrap_or_default();
    let keys: Vec<String> = keys.iter().filter_map(super::request::text).collect();
    note.asset(&name);
    let merged = change(move || app.tables.merge_rows(&name, &keys, rows, clock::now())).await?;
    Ok(reply(json!({"added": merged.added, "updated": merged.updated, "skipped": merged.skipped})))
}

/// Rows of a lookup that one of the filters fits; all when there is none.
#[utoipa::path(post, path = "/public_api/v1/xql/lookups/get_data", tag = "cortex", request_body = Object,
    responses((status = 200, body = Object), (status = 404, body = Object)))]
pub async fn get(State(app): State<Arc<App>>, data: Data) -> Result<Reply, ApiError> {
    let name = data.needed("dataset_name")?;
    let filters = if data.get("filters").is_some() { rows_of(&data, "filters")? } else { Vec::new() };
    let limit = data.get("limit").and_then(number).unwrap_or(GIVEN as i64);
    let limit = usize::try_from(limit).unwrap_or_default().min(GIVEN);
    let rows = change(move || app.tables.lookup_rows(&name)).await?;
    let total = rows.len();
    let wanted = |row: &Row| filters.is_empty() || filters.iter().any(|filter| row_fits(row, filter));
    let found: Vec<Row> = rows.into_iter().filter(wanted).collect();
    let matching = found.len();
    let shown: Vec<Row> = found.into_iter().take(limit).collect();
    Ok(reply(json!({"data": shown, "filter_count": matching, "total_count": total})))
}

/// Removes the rows of a lookup that one of the filters fits; there must be some.
#[utoipa::path(post, path = "/public_api/v1/xql/lookups/remove_data", tag = "cortex", request_body = Object,
    responses((status = 200, body = Object), (status = 404, body = Object)))]
pub async fn remove(
    State(app): State<Arc<App>>,
    Extension(note): Extension<Note>,
    data: Data,
) -> Result<Reply, ApiError> {
    let name = data.needed("dataset_name")?;
    let filters = rows_of(&data, "filters")?;
    if filters.is_empty() || filters.iter().any(Map::is_empty) {
        return Err(ApiError::bad_request("`filters` names no rows; nothing was removed.")
            .help("An example: {\"filters\": [{\"ip\": \"10.0.0.1\"}]}."));
    }
    note.asset(&name);
    let deleted = change(move || app.tables.remove_rows(&name, &filters, clock::now())).await?;
    Ok(reply(json!({"deleted": deleted})))
}

/// A list of objects; one alone counts as a list of one.
fn rows_of(data: &Data, key: &str) -> Result<Vec<Row>, ApiError> {
    let list = data.list(key).ok_or_else(|| {
        ApiError::bad_request(format!("`{key}` is missing in `request_data`: a list of objects."))
    })?;
    if list.len() > MOST {
        return Err(ApiError::bad_request(format!("`{key}` has {} rows; a call takes {MOST}.", list.len())));
    }
    let wrong = || ApiError::bad_request(format!("`{key}` must be a list of objects."));
    list.into_iter()
        .map(|item| match item {
            Value::Object(row) => Ok(row),
            _ => Err(wrong()),
        })
        .collect()
}

async fn change<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, TableError> + Send + 'static,
) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|error| ApiError::internal(error.to_string()))?;
    done.map_err(|error| match &error {
        TableError::Unknown(name) => ApiError::not_found(format!("There is no lookup {name}."))
            .help("`xql/lookups/add_data` makes one, or `PUT /api/v1/lookups/{name}`."),
        error if error.is_users() => ApiError::bad_request(capitalised(&error.to_string())),
        error => ApiError::internal(error.to_string()),
    })
}
