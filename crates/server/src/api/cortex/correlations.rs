//! Correlation rules in the shape of Cortex's exports.
//!
//! The documentation has the fields of these replies at top level; other calls have them inside
//! `reply`. Both are sent.

use super::request::{Data, Filter};
use super::{Reply, words};
use crate::access::Identity;
use crate::api::error::{ApiError, capitalised};
use crate::api::rules::first_words;
use crate::app::App;
use crate::audit::Note;
use crate::clock;
use crate::rules::{check, cortex};
use crate::state::{RuleRecord, StateError};
use axum::extract::State;
use axum::{Extension, Json};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Rules of one request.
const MOST: usize = 100;
const FIELDS: &str = "rule_id, name, severity and is_enabled";

fn both(fields: Value) -> Reply {
    let mut body = fields.clone();
    body["reply"] = fields;
    Json(body)
}

/// Rules that pass the filters.
#[utoipa::path(post, path = "/public_api/v1/correlations/get", tag = "cortex", request_body = Object,
    responses((status = 200, body = Object), (status = 400, body = Object)))]
pub async fn get(State(app): State<Arc<App>>, data: Data) -> Result<Reply, ApiError> {
    let page = data.page()?;
    let found = matching(&app, &data.filters()?).await?;
    let total = found.len();
    let objects: Vec<Value> = page.of(found).iter().map(cortex::export).collect();
    Ok(both(json!({
        "objects_count": total,
        "objects_type": "correlation_rules",
        "objects": objects,
    })))
}

async fn matching(app: &App, filters: &[Filter]) -> Result<Vec<RuleRecord>, ApiError> {
    let mut found = Vec::new();
    for rule in app.state(|store, _| store.rules()).await? {
        let mut passes = true;
        for filter in filters {
            passes &= fits(filter, &rule)?;
        }
        if passes {
            found.push(rule);
        }
    }
    Ok(found)
}

fn fits(filter: &Filter, rule: &RuleRecord) -> Result<bool, ApiError> {
    let contains = filter.one_of(&["in", "eq", "contains"])? == "contains";
    match filter.field.as_str() {
        "rule_id" | "id" => Ok(filter.numbers()?.contains(&rule.id)),
        "name" => {
            let name = rule.rule.name.to_lowercase();
            let wanted = filter.texts()?;
            Ok(wanted
                .iter()
                .map(|text| text.to_lowercase())
                .any(|text| if contains { name.contains(&text) } else { name == text }))
        }
        "severity" => {
            let own = cortex::export(rule)["severity"].as_str().and_then(words::severity_to_set);
            Ok(filter.texts()?.iter().any(|word| own.is_some() && words::severity_to_set(word) == own))
        }
        "is_enabled" => Ok(filter.flag()? == rule.enabled),
        _ => Err(filter.unknown(FIELDS)),
    }
}

/// Adds rules, and changes those whose number is given. Each that is wrong is named with its reason,
/// and the others are taken.
#[utoipa::path(post, path = "/public_api/v1/correlations/insert", tag = "cortex", request_body = Object,
    responses((status = 200, body = Object), (status = 400, body = Object)))]
pub async fn insert(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Identity>,
    Extension(note): Extension<Note>,
    Data(data): Data,
) -> Result<Reply, ApiError> {
    let given = cortex::rules_of(&data).map_err(|why| {
        ApiError::bad_request(capitalised(&why)).help("`request_data` is an array of rules.")
    })?;
    if given.is_empty() || given.len() > MOST {
        return Err(ApiError::bad_request(format!("A request takes 1 to {MOST} rules.")));
    }
    let (mut added, mut updated, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for (index, object) in given.into_iter().enumerate() {
        match keep(&app, &who, object).await? {
            Ok((id, true)) => added.push(json!({"id": id, "status": "created successfully"})),
            Ok((id, false)) => updated.push(json!({"id": id, "status": "updated successfully"})),
            Err(why) => errors.push(json!({"index": index, "name": object.get("name"), "status": why})),
        }
    }
    if added.is_empty() && updated.is_empty() {
        let first = errors.first().and_then(|error| error["status"].as_str()).unwrap_or_default().to_owned();
        return Err(ApiError::bad_request(first));
    }
    note.say(format!("Added {} rules and changed {}", added.len(), updated.len()));
    Ok(both(json!({"added_objects": added, "updated_objects": updated, "errors": errors})))
}

/// Number of the rule, and whether it is new; or what is wrong with it.
async fn keep(
    app: &App,
    who: &Identity,
    object: &Map<String, Value>,
) -> Result<Result<(i64, bool), String>, StateError> {
    let imported = match cortex::import(object) {
        Ok(imported) => imported,
        Err(why) => return Ok(Err(capitalised(&why))),
    };
    let verdict = check::check_with(&imported.rule, &app.engine, clock::now()).await;
    if !verdict.is_fine() {
        return Ok(Err(first_words(&verdict)));
    }
    let by = who.name.clone();
    app.state(move |store, now| {
        let cortex::Imported { id, rule, enabled, .. } = imported;
        let Some(id) = id.filter(|id| *id != 0) else {
            return Ok(Ok((store.add_rule(&rule, enabled, &by, now)?.id, true)));
        };
        let changed = store.change_rule(id, Some(&rule), Some(enabled), &by, now)?;
        Ok(changed.map(|rule| (rule.id, false)).ok_or_else(|| format!("There is no rule {id} to change.")))
    })
    .await
}

/// Deletes the rules that pass the filters; there must be some.
#[utoipa::path(post, path = "/public_api/v1/correlations/delete", tag = "cortex", request_body = Object,
    responses((status = 200, body = Object), (status = 400, body = Object)))]
pub async fn delete(
    State(app): State<Arc<App>>,
    Extension(note): Extension<Note>,
    data: Data,
) -> Result<Reply, ApiError> {
    let filters = data.filters()?;
    if filters.is_empty() {
        let message = "Without `filters` every rule would be deleted; name those that shall go.";
        return Err(ApiError::bad_request(message)
            .help("An example: {\"field\": \"rule_id\", \"operator\": \"in\", \"value\": [7]}."));
    }
    let found = matching(&app, &filters).await?;
    if let Some(rule) = found.iter().find(|rule| rule.shipped.is_some()) {
        let message = format!("Rule {} came with Vedette and cannot be deleted.", rule.id);
        return Err(ApiError::bad_request(message).help("Switch it off; nothing was deleted."));
    }
    let ids: Vec<i64> = found.iter().map(|rule| rule.id).collect();
    note.asset(ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(","));
    let deleted = app
        .state(move |store, _| {
            let mut deleted = Vec::new();
            for id in ids {
                if store.remove_rule(id)? {
                    deleted.push(id);
                }
            }
            Ok(deleted)
        })
        .await?;
    Ok(both(json!({"objects_count": deleted.len(), "objects": deleted})))
}
