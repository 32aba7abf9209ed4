//! Rules taken in and handed out: exports of Cortex, Sigma correlations, rule files.

use super::{first_words, no_rule};
use crate::access::Identity;
use crate::api::error::{ApiError, capitalised};
use crate::api::extract::{Json, Query};
use crate::app::App;
use crate::clock;
use crate::rules::{check, cortex, shipped, sigma};
use crate::state::StateError;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json as Answer};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleImport {
    /// An export of Cortex: a rule, an array of rules, or an object that holds the array.
    #[schema(value_type = Option<Object>)]
    rules: Option<Value>,
    /// Instead, Sigma correlations and the rules they refer to: a YAML file as text.
    sigma: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct RulesImported {
    imported: Vec<ImportedRule>,
    refused: Vec<RefusedRule>,
}

#[derive(Serialize, ToSchema)]
pub struct ImportedRule {
    id: i64,
    name: String,
    /// What of it has no meaning here.
    notes: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub struct RefusedRule {
    name: String,
    message: String,
}

/// Takes in rules that Cortex exported, or Sigma correlations; each that is right is added, and the
/// others are named.
#[utoipa::path(post, path = "/api/v1/rules/import", tag = "rules", request_body = RuleImport,
    responses((status = 200, body = RulesImported), (status = 400, body = crate::api::error::ErrorBody)))]
pub async fn import(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Identity>,
    Json(request): Json<RuleImport>,
) -> Result<Answer<RulesImported>, ApiError> {
    let read = match (&request.rules, &request.sigma) {
        (Some(export), None) => of_cortex(export),
        (None, Some(text)) => of_sigma(text),
        _ => Err("the body has either `rules` or `sigma`".to_owned()),
    };
    let found = read.map_err(|why| ApiError::bad_request(capitalised(&why)))?;
    if found.len() > 500 {
        return Err(ApiError::bad_request("At most 500 rules are taken in at one time."));
    }
    let mut answer = RulesImported { imported: Vec::new(), refused: Vec::new() };
    for (name, read) in found {
        match import_one(&app, &who, read).await? {
            Ok(imported) => answer.imported.push(imported),
            Err(message) => answer.refused.push(RefusedRule { name, message }),
        }
    }
    Ok(Answer(answer))
}

/// Rules by their names, or why each could not be read.
type Read = Vec<(String, Result<cortex::Imported, String>)>;

fn of_cortex(export: &Value) -> Result<Read, String> {
    let name = |object: &serde_json::Map<String, Value>| {
        object.get("name").and_then(Value::as_str).unwrap_or("(no name)").to_owned()
    };
    let found = cortex::rules_of(export)?;
    Ok(found.into_iter().map(|object| (name(object), cortex::import(object))).collect())
}

fn of_sigma(text: &str) -> Result<Read, String> {
    let read = |one: sigma::Read| match one {
        Ok(rule) => {
            (rule.name.clone(), Ok(cortex::Imported { id: None, rule, enabled: true, notes: Vec::new() }))
        }
        Err(refused) => (refused.title, Err(refused.why)),
    };
    Ok(sigma::rules(text)?.into_iter().map(read).collect())
}

async fn import_one(
    app: &App,
    who: &Identity,
    read: Result<cortex::Imported, String>,
) -> Result<Result<ImportedRule, String>, StateError> {
    let imported = match read {
        Ok(imported) => imported,
        Err(why) => return Ok(Err(capitalised(&why))),
    };
    let verdict = check::check_with(&imported.rule, &app.engine, clock::now()).await;
    if !verdict.is_fine() {
        return Ok(Err(first_words(&verdict)));
    }
    let (by, cortex::Imported { rule, enabled, notes, .. }) = (who.name.clone(), imported);
    let record = app.state(move |store, now| store.add_rule(&rule, enabled, &by, now)).await?;
    Ok(Ok(ImportedRule { id: record.id, name: record.rule.name, notes }))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportParameters {
    /// Numbers of rules, with commas; all when absent.
    id: Option<String>,
    /// `cortex`, or `toml` for one rule as a file; `cortex` when absent.
    format: Option<String>,
}

/// Rules in the shape of a Cortex export, or one as a rule file.
#[utoipa::path(get, path = "/api/v1/rules/export", tag = "rules", params(ExportParameters),
    responses((status = 200, body = Vec<Object>), (status = 400, body = crate::api::error::ErrorBody)))]
pub async fn export(
    State(app): State<Arc<App>>,
    Query(parameters): Query<ExportParameters>,
) -> Result<Response, ApiError> {
    let wanted: Option<Vec<i64>> = match &parameters.id {
        None => None,
        Some(text) => {
            let wrong = |_| ApiError::bad_request("`id` is numbers of rules, with commas.");
            Some(text.split(',').map(|one| one.trim().parse()).collect::<Result<_, _>>().map_err(wrong)?)
        }
    };
    let mut rules = app.state(|store, _| store.rules()).await?;
    if let Some(wanted) = wanted {
        if let Some(missing) = wanted.iter().find(|id| !rules.iter().any(|rule| rule.id == **id)) {
            return Err(no_rule(*missing));
        }
        rules.retain(|rule| wanted.contains(&rule.id));
    }
    match (parameters.format.as_deref().unwrap_or("cortex"), rules.as_slice()) {
        ("cortex", rules) => Ok(Answer(rules.iter().map(cortex::export).collect::<Vec<_>>()).into_response()),
        ("toml", [one]) => {
            let text = shipped::write(&one.rule, one.enabled).map_err(ApiError::internal)?;
            Ok(([(header::CONTENT_TYPE, "application/toml")], text).into_response())
        }
        ("toml", _) => Err(ApiError::bad_request("A file holds one rule; name it with `id`.")),
        _ => Err(ApiError::bad_request("`format` is cortex or toml.")),
    }
}
