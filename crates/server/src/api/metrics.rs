//! Figures for Prometheus, read at the moment of the scrape.

use super::error::ApiError;
use crate::app::App;
use crate::health;
use crate::sensing::SensorState;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Metrics in the OpenMetrics text format.
#[utoipa::path(get, path = "/metrics", tag = "status",
    responses((status = 200, content_type = "application/openmetrics-text", body = String)))]
pub async fn metrics(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let text = tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        encode(&mut text, &registry(&app)).map(|()| text)
    })
    .await;
    match text {
        Ok(Ok(text)) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
        }
        _ => Err(ApiError::internal("writing the metrics failed")),
    }
}

fn registry(app: &App) -> Registry {
    let mut registry = Registry::with_prefix("vedette");
    let (sensor, stats) = (app.sensing.report(), app.lake.stats());
    let owners = sensor.health.owners.clone().unwrap_or_default();
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let counters = [
        ("sensor_packets", "Packets the sensor read", sensor.health.packets_seen),
        ("sensor_packets_dropped", "Packets the kernel dropped", sensor.health.packets_dropped_kernel),
        ("sensor_events", "Events the sensor made", sensor.health.events),
        ("sensor_events_dropped", "Events the sensor dropped", sensor.health.events_dropped),
        ("sensor_processes_named", "Attempts whose local process is known", owners.named),
        ("sensor_processes_unnamed", "Attempts of this host without a known process", owners.unnamed),
        ("sensor_connect_events_lost", "Connect events that found no room", owners.events_lost),
        ("sensor_socket_lookups", "Sockets asked for", owners.lookups),
        ("sensor_socket_lookups_skipped", "Sockets not asked for: too many", owners.lookups_skipped),
        ("sensor_process_searches", "Searches of all processes", owners.searches),
        ("sensor_process_search_milliseconds", "Time they took", owners.search_ms),
        ("ingest_events", "Events taken in", app.intake.received()),
        ("ingest_events_stored", "Events stored", read(&app.storing.events)),
        ("ingest_rows_dropped", "Rows dropped before the store", app.intake.store_gauge.dropped()),
        ("ingest_rows_lost", "Rows the store gave up on", read(&app.storing.lost)),
        ("ingest_events_refused", "Events that came to a closed intake", app.intake.refused()),
        ("ingest_failures", "Durable steps that failed", read(&app.storing.failures)),
        ("ingest_lines_accepted", "Log lines stored", read(&app.lines.accepted)),
        ("ingest_lines_quarantined", "Log lines in quarantine", read(&app.lines.quarantined)),
        ("ingest_log_events_examined", "Log events examined", read(&app.following.examined)),
        (
            "ingest_log_events_unexamined",
            "Log events too early or late to examine",
            read(&app.following.unexamined),
        ),
        ("ingest_log_detector_faults", "Detectors of logs that began anew", read(&app.following.faults)),
        ("receiving_messages", "Log messages received", read(&app.receiving.counts.messages)),
        ("receiving_stored", "Received log records stored", read(&app.receiving.counts.stored)),
        ("receiving_quarantined", "Received messages in quarantine", read(&app.receiving.counts.quarantined)),
        ("receiving_dropped", "Datagrams for which there was no room", read(&app.receiving.counts.dropped)),
        ("receiving_refused", "Messages of senders that may not", read(&app.receiving.counts.refused)),
        ("receiving_lost", "Received rows the store gave up on", read(&app.receiving.counts.lost)),
        ("detector_events", "Events the detector looked at", read(&app.detecting.events)),
        ("detector_events_dropped", "Events the detector did not see", app.intake.detector_gauge.dropped()),
        ("detector_faults", "Faults of the detector", read(&app.detecting.faults)),
        ("detections", "Detections told", read(&app.alerting.detections)),
        ("alert_store_failures", "Failed tries to store an alert", read(&app.alerting.failures)),
        ("alerts_lost", "Alerts given up on", read(&app.alerting.lost)),
        ("rule_runs", "Runs of correlation rules", read(&app.rules.runs)),
        ("notifications", "Alerts told on channels", read(&app.notifier.delivered)),
        ("notification_failures", "Tries to tell an alert that failed", read(&app.notifier.failures)),
        ("rule_failures", "Runs of correlation rules that failed", read(&app.rules.failures)),
        ("lake_appends", "Durable appends", stats.appends),
        ("lake_rows", "Rows appended", stats.appended_rows),
        ("lake_failed_appends", "Failed appends", stats.failed_appends),
        ("lake_syncs", "Syncs of the write-ahead log", stats.syncs),
        ("lake_expired_rows", "Rows dropped by retention", stats.expired_rows),
        ("http_requests", "Requests", read(&app.counts.requests)),
        ("http_client_errors", "Answers 4xx", read(&app.counts.client_errors)),
        ("http_server_errors", "Answers 5xx", read(&app.counts.server_errors)),
        ("http_panics", "Handlers that panicked", read(&app.counts.panics)),
        ("http_refused", "Connections and requests turned away", read(&app.counts.refused)),
        ("live_missed", "Live messages lost on slow clients", app.live.missed()),
    ];
    for (name, help, value) in counters {
        registry.register(name, help, ConstCounter::new(value));
    }
    for (name, help, value) in gauges(app, sensor.state) {
        registry.register(name, help, ConstGauge::new(value));
    }
    registry
}

fn gauges(app: &App, sensor: SensorState) -> Vec<(&'static str, &'static str, i64)> {
    let totals = app.store.alert_totals().unwrap_or_default();
    let blocks = app.store.blocks(false, u32::MAX).map_or(0, |blocks| blocks.len());
    let failing_rules = app.store.failing_rules().map_or(0, |failing| failing.len());
    let stats = app.lake.stats();
    let parts = health::parts(app, &app.sensing.report());
    let bytes: u64 = app.lake.datasets().iter().map(|dataset| dataset.bytes).sum();
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let int = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let queries = app.engine.usage();
    vec![
        ("ready", "1 when the server can do its work", i64::from(health::is_ready(&parts))),
        ("sensor_running", "1 while the sensor runs", i64::from(sensor == SensorState::Running)),
        ("ingest_queue", "Rows waiting for the store", int(app.intake.store_gauge.queued() as u64)),
        ("detector_queue", "Events waiting for the detector", int(app.intake.detector_gauge.queued() as u64)),
        ("detector_sources", "Sources remembered", int(app.detecting.statistics().sources as u64)),
        (
            "detector_unsaved",
            "Times in a row its memory could not be saved",
            int(read(&app.detecting.unsaved)),
        ),
        ("campaigns", "Campaigns being followed", int(app.detecting.statistics().campaigns as u64)),
        ("alerts_open", "Alerts not closed", int(totals.new + totals.in_progress)),
        ("alerts_active", "Alerts whose campaign goes on", int(totals.active)),
        ("blocks", "Sources blocked in the firewall", int(blocks as u64)),
        ("alerts_excluded", "Alerts hidden by exclusions", int(totals.excluded)),
        (
            "alerts_expired",
            "Alerts dropped by their age",
            int(app.store.alerts_expired().unwrap_or_default()),
        ),
        ("rules_failing", "Correlation rules that fail", int(failing_rules as u64)),
        ("lake_bytes", "Bytes of data files", int(bytes)),
        ("lake_wal_bytes", "Bytes of the write-ahead log", int(stats.wal_bytes)),
        ("lake_memory_bytes", "Bytes of rows in memory", int(stats.memory_bytes)),
        ("queries_running", "Queries of which something still runs", int(queries.queries as u64)),
        ("query_memory_bytes", "Bytes that running queries hold", int(queries.bytes as u64)),
        ("live_streams", "Live streams open", int(app.live.streams() as u64)),
        ("http_connections", "Connections open", int(app.counts.connections.load(Ordering::Relaxed))),
        ("start_time_seconds", "Start of the server, seconds since 1970", app.started_at.seconds()),
    ]
}
