//! What is known of one address: why it has fired, or why not.

use super::alerts::AlertSummary;
use super::error::ApiError;
use super::evidence::moment;
use super::extract::{Name, Query};
use super::query::query_error;
use crate::app::App;
use crate::clock;
use crate::state::{AlertFilter, ExcludedFilter, Sort, SortKey};
use axum::Json as Answer;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};
use vedette_detect::SourceStanding;
use vedette_engine::{QueryLimits, QueryOptions};
use vedette_event::{SensorLosses, Time, Value};

/// The detector answers between two batches of events.
const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(20);
const SECOND: i64 = 1_000_000;
const A_DAY: i64 = 86_400 * SECOND;
const MOST_ALERTS: u32 = 20;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SinceParameter {
    /// A day ago when absent.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Time>,
}

/// Why a source has fired, or has not.
#[derive(Serialize, ToSchema)]
pub struct SourceExplanation {
    #[schema(value_type = String)]
    source: IpAddr,
    #[schema(value_type = String, format = DateTime)]
    since: Time,
    /// What the detector weighs at this moment: `score`, `threshold`, `campaign`, `explanation`; null
    /// when it remembers nothing of this source.
    #[schema(value_type = Option<Object>)]
    standing: Option<SourceStanding>,
    /// Stored attempts it made since then, those that stand for many counted as many.
    attempts: i64,
    /// Different hosts, and different ports, of those attempts.
    targets: i64,
    ports: i64,
    /// Its attempts: can be changed and run as a query.
    xql: String,
    /// Its alerts since then, at most 20.
    alerts: Vec<AlertSummary>,
    /// What the sensor itself lost since it started: attempts among it were not weighed.
    #[schema(value_type = Object)]
    sensor_losses: SensorLosses,
}

/// Why a source has fired, or has not.
#[utoipa::path(get, path = "/api/v1/sources/{ip}/explanation", tag = "alerts",
    params(("ip" = String, Path), SinceParameter),
    responses((status = 200, body = SourceExplanation), (status = 400, body = super::error::ErrorBody)))]
pub async fn explanation(
    State(app): State<Arc<App>>,
    Name(ip): Name,
    Query(parameter): Query<SinceParameter>,
) -> Result<Answer<SourceExplanation>, ApiError> {
    let source: IpAddr = ip
        .parse()
        .map_err(|_| ApiError::bad_request("The path names an IP address: 10.0.0.9 or fe80::1."))?;
    let now = clock::now();
    let since = parameter.since.unwrap_or_else(|| now.plus(-A_DAY));
    if since > now {
        return Err(ApiError::bad_request("`since` is in the future."));
    }
    let standing = tokio::time::timeout(PATIENCE, app.detecting.explain(source)).await;
    let standing = standing.map_err(|_| ApiError::busy("The detector did not answer in time."))?;
    let standing = standing.map_err(ApiError::busy)?;
    let xql = attempts_query(source, since, now);
    let [attempts, targets, ports] = figures(&app, &xql, now).await?;
    let filter = AlertFilter {
        source: Some(source),
        since: Some(since),
        excluded: ExcludedFilter::Both,
        ..AlertFilter::default()
    };
    let latest = Sort { key: SortKey::UpdatedAt, descending: true };
    let page = app.state(move |store, _| store.list_alerts(&filter, latest, MOST_ALERTS, 0)).await?;
    Ok(Answer(SourceExplanation {
        source,
        since,
        standing,
        attempts,
        targets,
        ports,
        xql,
        alerts: page.alerts.iter().map(AlertSummary::of).collect(),
        sensor_losses: app.sensing.losses(),
    }))
}

/// Its attempts in `xdr_data`, the latest last.
fn attempts_query(source: IpAddr, since: Time, now: Time) -> String {
    format!(
        "config timeframe between \"{}\" and \"{}\"\n| dataset = xdr_data\n| filter event_sub_type != \"DISCONNECT\" \
         and source_ip = \"{source}\"\n| fields _time, target_ip, target_port, outcome, attempt_count, retries\n\
         | sort asc _time",
        moment(since),
        moment(now.plus(SECOND)),
    )
}

/// How many attempts the query finds, on how many hosts and ports.
async fn figures(app: &App, xql: &str, now: Time) -> Result<[i64; 3], ApiError> {
    let text = format!(
        "{xql}\n| comp sum(attempt_count) as attempts, count_distinct(target_ip) as hosts, count_distinct(if(target_port > 0, target_port)) as ports"
    );
    let mut options = QueryOptions::at(now);
    options.limits = QueryLimits { rows: Some(1), runtime: Some(LONGEST), ..QueryLimits::default() };
    let result = app.engine.run(&text, options).await.map_err(|error| query_error(&text, error))?;
    let row = result.rows().next().unwrap_or_default();
    let number = |place: usize| match row.get(place) {
        Some(Value::Int(number)) => *number,
        Some(Value::Float(number)) => *number as i64,
        _ => 0,
    };
    Ok([number(0), number(1), number(2)])
}
