//! How the server is, in full and honestly.

use super::error::ApiError;
use crate::app::App;
use crate::clock;
use crate::health::{self, Degraded, Part, StoredDataset};
use crate::sensing::SensorReport;
use axum::Json as Answer;
use axum::extract::State;
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use utoipa::ToSchema;
use vedette_detect::Class;
use vedette_event::Time;
use vedette_event::datasets::quarantine;
use vedette_sensor::{OwnerHealth, OwnerLimit};

/// The sensor as it is.
#[derive(Serialize, ToSchema)]
#[schema(as = Sensor)]
pub struct SensorAnswer {
    /// `running`, `off`, `not_permitted`, `failed` or `stopped`.
    state: &'static str,
    /// Why it does not run.
    reason: Option<String>,
    help: Option<String>,
    interfaces: Vec<String>,
    packets: u64,
    /// Dropped by the kernel before the sensor read them.
    packets_dropped: u64,
    events: u64,
    events_dropped: u64,
    /// Attempts that stand in events only as a count, because of a flood.
    attempts_aggregated: u64,
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Time>,
    /// How well the local processes behind attempts are known; null when the sensor does not look.
    processes: Option<ProcessesAnswer>,
}

/// How well the local processes behind attempts are known. Counts are since the sensor's start.
#[derive(Serialize, ToSchema)]
#[schema(as = SensorProcesses)]
pub struct ProcessesAnswer {
    running: bool,
    /// The kernel tells of each connection which process makes it: also of those that end at once.
    connect_events: bool,
    /// Processes of other users can be looked into.
    other_users: bool,
    /// What is not known here, a sentence each, with what would help.
    limits: Vec<String>,
    /// Attempts whose process is known, and attempts of this host for which none was found.
    named: u64,
    unnamed: u64,
    /// Of the latter: several processes may have made it, so none was named.
    ambiguous: u64,
    connect_events_lost: u64,
    /// Sockets asked for, and those not asked for because there were too many.
    lookups: u64,
    lookups_skipped: u64,
    /// Searches of all processes, and the milliseconds they took.
    searches: u64,
    search_milliseconds: u64,
}

impl ProcessesAnswer {
    fn of(owners: &OwnerHealth) -> ProcessesAnswer {
        let limit = |limit: &OwnerLimit| format!("{}; to change it: {}", limit.what, limit.help);
        ProcessesAnswer {
            running: owners.running,
            connect_events: owners.connect_events,
            other_users: owners.other_users,
            limits: owners.limits.iter().map(limit).collect(),
            named: owners.named,
            unnamed: owners.unnamed,
            ambiguous: owners.ambiguous,
            connect_events_lost: owners.events_lost,
            lookups: owners.lookups,
            lookups_skipped: owners.lookups_skipped,
            searches: owners.searches,
            search_milliseconds: owners.search_ms,
        }
    }
}

impl SensorAnswer {
    pub fn of(report: &SensorReport) -> SensorAnswer {
        let health = &report.health;
        SensorAnswer {
            state: report.state.as_str(),
            reason: report.reason.clone(),
            help: report.help.clone(),
            interfaces: health.interfaces.clone(),
            packets: health.packets_seen,
            packets_dropped: health.packets_dropped_kernel,
            events: health.events,
            events_dropped: health.events_dropped,
            attempts_aggregated: health.aggregated,
            started_at: report.started_at,
            processes: health.owners.as_ref().map(ProcessesAnswer::of),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct Status {
    version: &'static str,
    #[schema(value_type = String, format = DateTime)]
    time: Time,
    #[schema(value_type = String, format = DateTime)]
    started_at: Time,
    uptime_seconds: i64,
    hostname: String,
    /// Names this installation among others.
    instance_id: String,
    ready: bool,
    parts: Vec<Part>,
    sensor: SensorAnswer,
    ingest: IngestStatus,
    receiving: ReceivingStatus,
    detector: DetectorStatus,
    alerts: AlertsStatus,
    lake: LakeStatus,
    quarantined_rows: u64,
    live: LiveStatus,
    http: HttpStatus,
    /// What works only in part or not at all; empty when all is well.
    degraded: Vec<Degraded>,
}

#[derive(Serialize, ToSchema)]
pub struct IngestStatus {
    events_received: u64,
    events_stored: u64,
    /// Not stored: the queue was full, the intake closed, or the store gave up.
    events_dropped: u64,
    queue_length: usize,
    queue_capacity: usize,
    lines_accepted: u64,
    lines_quarantined: u64,
    /// What logs said that the detector examined, and what it did not because of its time.
    log_events_examined: u64,
    log_events_unexamined: u64,
    batches_failed: u64,
    last_error: Option<String>,
}

/// Logs that other hosts send: syslog and NetFlow. Counts are since the start.
#[derive(Serialize, ToSchema)]
pub struct ReceivingStatus {
    /// Empty: nothing is listened to.
    listeners: Vec<ReceivingListener>,
    /// Networks that may send; empty: this host only.
    allowed: Vec<String>,
    messages: u64,
    bytes: u64,
    stored: u64,
    /// Of no format that is read, or damaged: in `vedette_quarantine`.
    quarantined: u64,
    /// Datagrams for which there was no room.
    dropped: u64,
    /// Datagrams and connections of senders that may not.
    refused: u64,
    /// Rows that the store could not take and that were given up on.
    lost: u64,
    connections: usize,
    queued_bytes: usize,
    /// The busiest, at most 100.
    senders: Vec<ReceivingSender>,
}

#[derive(Serialize, ToSchema)]
pub struct ReceivingListener {
    /// `syslog_udp`, `syslog_tcp`, `syslog_tls` or `netflow`.
    kind: &'static str,
    address: String,
}

#[derive(Serialize, ToSchema)]
pub struct ReceivingSender {
    address: String,
    formats: Vec<&'static str>,
    stored: u64,
    quarantined: u64,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_seen: Option<Time>,
}

#[derive(Serialize, ToSchema)]
pub struct DetectorStatus {
    /// `running`, `off` or `stopped`.
    state: &'static str,
    reason: Option<String>,
    events: u64,
    events_dropped: u64,
    detections: u64,
    queue_length: usize,
    queue_capacity: usize,
    sources: usize,
    sources_forgotten: u64,
    campaigns: usize,
    campaigns_closed_early: u64,
    faults: u64,
    /// Times in a row that what it knows could not be saved: a restart would lose it.
    unsaved: u64,
    /// `low`, `medium` or `high`, and the evidence within a minute that is called a scan then; null when
    /// detection is off.
    sensitivity: Option<&'static str>,
    threshold: Option<f64>,
    /// Bytes that it may use for what it remembers; the least suspected sources are forgotten first.
    memory_limit: Option<usize>,
    /// Classes of benign discovery and approved scanners, the shipped ones first.
    classes: Vec<ClassAnswer>,
}

/// A class of benign discovery.
#[derive(Serialize, ToSchema)]
#[schema(as = DiscoveryClass)]
pub struct ClassAnswer {
    name: String,
    why: String,
    /// Switched on, and not over.
    in_force: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Time>,
}

impl ClassAnswer {
    fn of(class: &Class, now: Time) -> ClassAnswer {
        ClassAnswer {
            name: class.name.clone(),
            why: class.why.clone(),
            in_force: class.enabled && class.expires().is_none_or(|end| now < end),
            expires: class.expires(),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct AlertsStatus {
    total: u64,
    open: u64,
    active: u64,
    /// Hidden by exclusions; not in the figures above.
    excluded: u64,
    /// Exclusions in force.
    exclusions: u64,
    /// Later hits that were kept back as the same as an alert.
    duplicates: u64,
    /// Closed alerts are dropped after so many days, and how many were.
    closed_alert_days: u32,
    expired: u64,
    store_failures: u64,
    waiting: usize,
}

#[derive(Serialize, ToSchema)]
pub struct LakeStatus {
    bytes: u64,
    wal_bytes: u64,
    retention_days: u32,
    retention_bytes: u64,
    expired_rows: u64,
    datasets: Vec<StoredDataset>,
}

#[derive(Serialize, ToSchema)]
pub struct LiveStatus {
    subscribers: usize,
    messages_missed: u64,
}

#[derive(Serialize, ToSchema)]
pub struct HttpStatus {
    requests: u64,
    client_errors: u64,
    server_errors: u64,
    panics: u64,
    refused: u64,
    connections: u64,
}

/// How the server is.
#[utoipa::path(get, path = "/api/v1/status", tag = "status", responses((status = 200, body = Status)))]
pub async fn status(State(app): State<Arc<App>>) -> Result<Answer<Status>, ApiError> {
    // Reads the state database.
    tokio::task::spawn_blocking(move || collect(&app))
        .await
        .map(Answer)
        .map_err(|error| ApiError::internal(format!("collecting the status: {error}")))
}

fn collect(app: &App) -> Status {
    let (now, sensor) = (clock::now(), app.sensing.report());
    let parts = health::parts(app, &sensor);
    let (datasets, stats) = (health::stored_datasets(app), app.lake.stats());
    let quarantined = datasets.iter().find(|dataset| dataset.name == quarantine::DATASET.name);
    Status {
        version: env!("CARGO_PKG_VERSION"),
        time: now,
        started_at: app.started_at,
        uptime_seconds: now.since(app.started_at) / 1_000_000,
        hostname: app.hostname.clone(),
        instance_id: app.instance_id.clone(),
        ready: health::is_ready(&parts),
        degraded: health::degraded(app, &sensor, &parts),
        detector: detector(app, &parts),
        parts,
        sensor: SensorAnswer::of(&sensor),
        ingest: ingest(app),
        receiving: receiving(app),
        alerts: alerts(app),
        quarantined_rows: quarantined.map_or(0, |dataset| dataset.rows),
        lake: LakeStatus {
            bytes: datasets.iter().map(|dataset| dataset.bytes).sum(),
            wal_bytes: stats.wal_bytes,
            retention_days: app.retention.0,
            retention_bytes: app.retention.1,
            expired_rows: stats.expired_rows,
            datasets,
        },
        live: LiveStatus { subscribers: app.live.streams(), messages_missed: app.live.missed() },
        http: http(app),
    }
}

fn ingest(app: &App) -> IngestStatus {
    let (intake, storing) = (&app.intake, &app.storing);
    IngestStatus {
        events_received: intake.received(),
        events_stored: storing.events.load(Ordering::Relaxed),
        events_dropped: intake.store_gauge.dropped()
            + intake.refused()
            + storing.lost.load(Ordering::Relaxed),
        queue_length: intake.store_gauge.queued(),
        queue_capacity: intake.store_gauge.capacity(),
        lines_accepted: app.lines.accepted.load(Ordering::Relaxed),
        lines_quarantined: app.lines.quarantined.load(Ordering::Relaxed),
        log_events_examined: app.following.examined.load(Ordering::Relaxed),
        log_events_unexamined: app.following.unexamined.load(Ordering::Relaxed),
        batches_failed: storing.failures.load(Ordering::Relaxed),
        last_error: storing.last_error.lock().clone(),
    }
}

fn receiving(app: &App) -> ReceivingStatus {
    let (receiving, counts) = (&app.receiving, &app.receiving.counts);
    let read = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    let senders = receiving.senders().into_iter().map(|sender| ReceivingSender {
        address: sender.address.to_string(),
        formats: sender.formats,
        stored: sender.stored,
        quarantined: sender.quarantined,
        last_seen: sender.last,
    });
    let listener = |(kind, address): &(crate::receiving::Kind, std::net::SocketAddr)| ReceivingListener {
        kind: kind.as_str(),
        address: address.to_string(),
    };
    ReceivingStatus {
        listeners: receiving.listeners.iter().map(listener).collect(),
        allowed: receiving.from(),
        messages: read(&counts.messages),
        bytes: read(&counts.bytes),
        stored: read(&counts.stored),
        quarantined: read(&counts.quarantined),
        dropped: read(&counts.dropped),
        refused: read(&counts.refused),
        lost: read(&counts.lost),
        connections: counts.connections.load(Ordering::Relaxed),
        queued_bytes: receiving.queued_bytes(),
        senders: senders.collect(),
    }
}

fn detector(app: &App, parts: &[Part]) -> DetectorStatus {
    let (state, figures) = (app.detecting.state(), app.detecting.statistics());
    let config = app.detection.as_ref();
    DetectorStatus {
        state: state.as_str(),
        reason: parts.iter().find(|part| part.name == "detector").and_then(|part| part.message.clone()),
        events: app.detecting.events.load(Ordering::Relaxed),
        events_dropped: app.intake.detector_gauge.dropped(),
        detections: app.alerting.detections.load(Ordering::Relaxed),
        queue_length: app.intake.detector_gauge.queued(),
        queue_capacity: app.intake.detector_gauge.capacity(),
        sources: figures.sources,
        sources_forgotten: figures.sources_forgotten,
        campaigns: figures.campaigns,
        campaigns_closed_early: figures.campaigns_closed_early,
        faults: app.detecting.faults.load(Ordering::Relaxed),
        unsaved: app.detecting.unsaved.load(Ordering::Relaxed),
        sensitivity: config.map(|config| config.sensitivity.as_str()),
        threshold: config.map(|config| config.sensitivity.margin()),
        memory_limit: config.map(|config| config.memory),
        classes: config
            .map(|config| config.classes.iter().map(|class| ClassAnswer::of(class, clock::now())).collect())
            .unwrap_or_default(),
    }
}

fn alerts(app: &App) -> AlertsStatus {
    let totals = app.store.alert_totals().unwrap_or_default();
    AlertsStatus {
        total: totals.total,
        open: totals.new + totals.in_progress,
        active: totals.active,
        excluded: totals.excluded,
        exclusions: app.store.exclusions(false, clock::now()).map_or(0, |all| all.len() as u64),
        duplicates: totals.duplicates,
        closed_alert_days: app.store.closed_alert_days().unwrap_or_default(),
        expired: app.store.alerts_expired().unwrap_or_default(),
        store_failures: app.alerting.failures.load(Ordering::Relaxed),
        waiting: app.alerting.waiting(),
    }
}

fn http(app: &App) -> HttpStatus {
    let counts = &app.counts;
    HttpStatus {
        requests: counts.requests.load(Ordering::Relaxed),
        client_errors: counts.client_errors.load(Ordering::Relaxed),
        server_errors: counts.server_errors.load(Ordering::Relaxed),
        panics: counts.panics.load(Ordering::Relaxed),
        refused: counts.refused.load(Ordering::Relaxed),
        connections: counts.connections.load(Ordering::Relaxed),
    }
}
