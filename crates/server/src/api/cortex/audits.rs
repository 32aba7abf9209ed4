//! The audit log, as clients of the Cortex API read it.

use super::request::{Data, Filter};
use super::{Reply, paged};
use crate::api::error::ApiError;
use crate::api::query::query_error;
use crate::app::App;
use crate::clock;
use axum::extract::State;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use vedette_engine::{QueryLimits, QueryOptions, QueryResult};
use vedette_event::{Time, Value};

/// The columns of the rows below, in this order.
const FIELDS: [&str; 14] = [
    "audit_id",
    "_time",
    "actor",
    "actor_kind",
    "role",
    "api_key_id",
    "client_ip",
    "type",
    "sub_type",
    "result",
    "reason",
    "asset",
    "description",
    "_insert_time",
];

/// What people and programs did.
#[utoipa::path(post, path = "/public_api/v1/audits/management_logs", tag = "cortex", request_body = Object,
    responses((status = 200, body = Object), (status = 400, body = Object)))]
pub async fn management_logs(State(app): State<Arc<App>>, data: Data) -> Result<Reply, ApiError> {
    answer(&app, &data, ("type != \"AGENTS\"", &[]), managed).await
}

/// What sensors did.
#[utoipa::path(post, path = "/public_api/v1/audits/agents_reports", tag = "cortex", request_body = Object,
    responses((status = 200, body = Object), (status = 400, body = Object)))]
pub async fn agents_reports(State(app): State<Arc<App>>, data: Data) -> Result<Reply, ApiError> {
    answer(&app, &data, ("type = \"AGENTS\"", REPORTS), reported).await
}

async fn answer(
    app: &App,
    data: &Data,
    (which, constants): (&str, &[(&str, &str)]),
    row: fn(&BTreeMap<&str, Value>, &App) -> Json,
) -> Result<Reply, ApiError> {
    let page = data.page()?;
    let (sort, descending) = data.sort(&["timestamp", "type", "sub_type", "result"])?;
    let column = if sort == "timestamp" { "audit_id" } else { sort };
    let direction = if descending { "desc" } else { "asc" };
    let (conditions, parameters) = conditions(&data.filters()?, constants)?;
    let rows = format!("dataset = audit_logs | filter {which}{conditions}");
    let total = run(app, &format!("{rows} | comp count() as total"), &parameters, 1).await?;
    let total = match total.rows().next().as_deref() {
        Some([Value::Int(total), ..]) => usize::try_from(*total).unwrap_or_default(),
        _ => 0,
    };
    let query = format!("{rows} | sort {direction} {column} | fields {}", FIELDS.join(", "));
    let most = page.from.saturating_add(page.count) as u64;
    let result = run(app, &query, &parameters, most).await?;
    let names: Vec<&str> = result.columns().iter().map(|column| column.name.as_str()).collect();
    let shown = result.rows().skip(page.from).take(page.count);
    let shown: Vec<Json> = shown.map(|cells| row(&names.iter().copied().zip(cells).collect(), app)).collect();
    Ok(paged(total, "data", shown))
}

async fn run(
    app: &App,
    query: &str,
    parameters: &BTreeMap<String, String>,
    rows: u64,
) -> Result<QueryResult, ApiError> {
    let limits = QueryLimits { rows: Some(rows.max(1)), ..QueryLimits::default() };
    let options = QueryOptions { limits, parameters: parameters.clone(), ..QueryOptions::at(clock::now()) };
    app.engine.run(query, options).await.map_err(|error| query_error(query, error))
}

/// Conditions in XQL, and their values as parameters: no text of a client becomes part of a query.
///
/// `constants` are fields that every row of the log shows alike.
fn conditions(
    filters: &[Filter],
    constants: &[(&str, &str)],
) -> Result<(String, BTreeMap<String, String>), ApiError> {
    let (mut text, mut parameters) = (String::new(), BTreeMap::new());
    for filter in filters {
        if let Some((_, shown)) = constants.iter().find(|(name, _)| *name == filter.field) {
            filter.one_of(&["in", "eq"])?;
            if !filter.texts()?.iter().any(|value| value.eq_ignore_ascii_case(shown)) {
                text.push_str(" and 1 = 0");
            }
            continue;
        }
        let column = match filter.field.as_str() {
            "timestamp" => {
                let later = filter.one_of(&["gte", "lte"])? == "gte";
                let moment = filter.moment()?.0.div_euclid(1000);
                // Rows are finer than the milliseconds that clients see.
                let (sign, moment) = if later { (">=", moment) } else { ("<", moment.saturating_add(1)) };
                text.push_str(&format!(" and _time {sign} to_timestamp({moment}, \"MILLIS\")"));
                continue;
            }
            "email" | "owner" => "actor",
            "type" => "type",
            "sub_type" => "sub_type",
            "result" => "result",
            "endpoint_id" | "endpoint_name" => "asset",
            _ => {
                return Err(
                    filter.unknown("timestamp, email, type, sub_type, result, endpoint_id and endpoint_name")
                );
            }
        };
        filter.one_of(&["in", "eq"])?;
        let any: Vec<String> = filter
            .texts()?
            .into_iter()
            .map(|value| {
                let name = format!("p{}", parameters.len());
                let condition = format!("{column} = ${name}");
                parameters.insert(name, value);
                condition
            })
            .collect();
        let any = if any.is_empty() { "1 = 0".to_owned() } else { any.join(" or ") };
        text.push_str(&format!(" and ({any})"));
    }
    Ok((text, parameters))
}

fn word(row: &BTreeMap<&str, Value>, name: &str) -> Option<String> {
    match row.get(name) {
        Some(Value::Str(text)) => Some(text.to_string()),
        _ => None,
    }
}

fn milliseconds(row: &BTreeMap<&str, Value>, name: &str) -> Option<i64> {
    match row.get(name) {
        Some(Value::Time(Time(micros))) => Some(micros.div_euclid(1000)),
        _ => None,
    }
}

fn managed(row: &BTreeMap<&str, Value>, app: &App) -> Json {
    let number = |name: &str| match row.get(name) {
        Some(Value::Int(number)) => Some(*number),
        _ => None,
    };
    let actor = word(row, "actor");
    let mut asset = Map::new();
    for name in ["actor_kind", "role", "client_ip", "asset"] {
        asset.extend(word(row, name).map(|value| (name.to_owned(), json!(value))));
    }
    asset.extend(number("api_key_id").map(|id| ("api_key_id".to_owned(), json!(id))));
    json!({
        "AUDIT_ID": number("audit_id"),
        "AUDIT_OWNER_NAME": actor,
        "AUDIT_OWNER_EMAIL": actor,
        "AUDIT_ASSET_JSON": Json::Object(asset).to_string(),
        "AUDIT_ASSET_NAMES": word(row, "asset").unwrap_or_default(),
        "AUDIT_HOSTNAME": app.hostname,
        "AUDIT_RESULT": word(row, "result"),
        "AUDIT_REASON": word(row, "reason"),
        "AUDIT_DESCRIPTION": word(row, "description"),
        "AUDIT_ENTITY": word(row, "type"),
        "AUDIT_ENTITY_SUBTYPE": word(row, "sub_type"),
        "AUDIT_SESSION_ID": null,
        "AUDIT_CASE_ID": null,
        "AUDIT_INSERT_TIME": milliseconds(row, "_time"),
        "AUDIT_SOURCE_IP": word(row, "client_ip"),
    })
}

/// What all reports of agents have in common.
const REPORTS: &[(&str, &str)] = &[
    ("category", "Status"),
    ("type", "Agent Status"),
    ("domain", ""),
    ("xdr_version", env!("CARGO_PKG_VERSION")),
];

fn reported(row: &BTreeMap<&str, Value>, app: &App) -> Json {
    let success = word(row, "result").as_deref() == Some("SUCCESS");
    json!({
        "TIMESTAMP": milliseconds(row, "_time"),
        "RECEIVEDTIME": milliseconds(row, "_insert_time"),
        "ENDPOINTID": vedette_sensor::observer().id,
        "ENDPOINTNAME": app.hostname,
        "DOMAIN": "",
        "XDRVERSION": env!("CARGO_PKG_VERSION"),
        "CATEGORY": REPORTS[0].1,
        "TYPE": REPORTS[1].1,
        "SUBTYPE": word(row, "sub_type"),
        "RESULT": if success { "Success" } else { "Fail" },
        "REASON": word(row, "reason"),
        "SEVERITY": if success { "SEV_010_INFO" } else { "SEV_030_MEDIUM" },
        "DESCRIPTION": word(row, "description"),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn values_of_clients_are_parameters_and_never_text() {
        let evil = "\") or 1 = 1 | fields *";
        let data = Data(json!({"filters": [
            {"field": "email", "operator": "in", "value": [evil, "ada"]},
            {"field": "timestamp", "operator": "gte", "value": 1000},
        ]}));
        let (text, parameters) = conditions(&data.filters().unwrap(), &[]).unwrap();
        assert_eq!(text, " and (actor = $p0 or actor = $p1) and _time >= to_timestamp(1000, \"MILLIS\")");
        assert_eq!((parameters["p0"].as_str(), parameters["p1"].as_str()), (evil, "ada"));
        for (category, is) in [("status", ""), ("Audit", " and 1 = 0")] {
            let data =
                Data(json!({"filters": [{"field": "category", "operator": "in", "value": [category]}]}));
            assert_eq!(conditions(&data.filters().unwrap(), REPORTS).unwrap().0, is, "{category}");
        }
        for wrong in [
            json!({"field": "shoe_size", "operator": "in", "value": 1}),
            json!({"field": "email", "operator": "gte", "value": 1}),
            json!({"field": "timestamp", "operator": "in", "value": 1}),
        ] {
            assert!(conditions(&Data(json!({"filters": [wrong]})).filters().unwrap(), REPORTS).is_err());
        }
    }
}
