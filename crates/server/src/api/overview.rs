//! The first page: alerts over time, the sensor, what is being observed.

use super::error::ApiError;
use super::extract::Query;
use super::status::SensorAnswer;
use crate::app::App;
use crate::clock;
use crate::health::{self, Degraded};
use crate::pipeline::observed::Snapshot;
use crate::state::StateError;
use axum::Json as Answer;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use vedette_event::Time;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OverviewParameters {
    /// How far back, 1 to 720; 24 when absent.
    hours: Option<u32>,
}

#[derive(Serialize, ToSchema)]
pub struct Overview {
    #[schema(value_type = String, format = DateTime)]
    time: Time,
    hours: u32,
    alerts: OverviewAlerts,
    sensor: SensorAnswer,
    observed: Snapshot,
    degraded: Vec<Degraded>,
}

/// Self-tests are left out of all of these.
#[derive(Serialize, ToSchema)]
pub struct OverviewAlerts {
    total: u64,
    new: u64,
    in_progress: u64,
    closed: u64,
    active: u64,
    /// Hidden by exclusions; in no other figure.
    excluded: u64,
    open_by_severity: BySeverity,
    bucket_seconds: i64,
    /// Every bucket, empty ones too, oldest first; an alert counts where it was detected.
    buckets: Vec<AlertBucket>,
}

#[derive(Serialize, ToSchema)]
pub struct BySeverity {
    critical: u64,
    high: u64,
    medium: u64,
    low: u64,
    informational: u64,
}

impl BySeverity {
    fn of(counts: [u64; 5]) -> BySeverity {
        let [informational, low, medium, high, critical] = counts;
        BySeverity { critical, high, medium, low, informational }
    }
}

#[derive(Serialize, ToSchema)]
pub struct AlertBucket {
    #[schema(value_type = String, format = DateTime)]
    start: Time,
    #[serde(flatten)]
    counts: BySeverity,
}

/// What the first page shows.
#[utoipa::path(get, path = "/api/v1/overview", tag = "status", params(OverviewParameters),
    responses((status = 200, body = Overview)))]
pub async fn overview(
    State(app): State<Arc<App>>,
    Query(parameters): Query<OverviewParameters>,
) -> Result<Answer<Overview>, ApiError> {
    let hours = parameters.hours.unwrap_or(24);
    if !(1..=720).contains(&hours) {
        return Err(ApiError::bad_request("`hours` is 1 to 720."));
    }
    let collected = tokio::task::spawn_blocking(move || collect(&app, hours)).await;
    let overview = collected.map_err(|error| ApiError::internal(format!("the overview: {error}")))?;
    Ok(Answer(overview?))
}

fn collect(app: &App, hours: u32) -> Result<Overview, StateError> {
    let (now, sensor) = (clock::now(), app.sensing.report());
    let parts = health::parts(app, &sensor);
    let observed = app.intake.observed.lock().snapshot(now);
    Ok(Overview {
        time: now,
        hours,
        alerts: alerts(app, hours, now)?,
        degraded: health::degraded(app, &sensor, &parts),
        sensor: SensorAnswer::of(&sensor),
        observed,
    })
}

fn alerts(app: &App, hours: u32, now: Time) -> Result<OverviewAlerts, StateError> {
    let seconds = bucket_seconds(hours);
    let count = (i64::from(hours) * 3600 / seconds).max(1);
    // Buckets begin at round times, and the last one holds this moment.
    let last = now.seconds().div_euclid(seconds) * seconds;
    let start = Time::from_seconds(last - (count - 1) * seconds);
    let totals = app.store.alert_totals()?;
    let buckets = app.store.alert_buckets(start, seconds, usize::try_from(count).unwrap_or(1))?;
    Ok(OverviewAlerts {
        total: totals.total,
        new: totals.new,
        in_progress: totals.in_progress,
        closed: totals.closed,
        active: totals.active,
        excluded: totals.excluded,
        open_by_severity: BySeverity::of(totals.open_by_severity),
        bucket_seconds: seconds,
        buckets: buckets
            .into_iter()
            .map(|bucket| AlertBucket { start: bucket.start, counts: BySeverity::of(bucket.by_severity) })
            .collect(),
    })
}

/// So that there are some 24 to 72 of them.
fn bucket_seconds(hours: u32) -> i64 {
    match hours {
        0..=1 => 60,
        2..=6 => 300,
        7..=12 => 900,
        13..=72 => 3600,
        73..=240 => 4 * 3600,
        _ => 24 * 3600,
    }
}
