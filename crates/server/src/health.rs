//! How the server is, part by part: what the status, readiness, the overview and the metrics say.
//! Everything that is lost, off or failing is said here and nowhere kept quiet.

use crate::app::App;
use crate::pipeline::DetectorState;
use crate::sensing::{SensorReport, SensorState};
use serde::Serialize;
use std::sync::atomic::Ordering;
use utoipa::ToSchema;
use vedette_event::Time;

/// Failing rules that are named.
const MOST_FAILING: usize = 20;

/// One part of the server.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Part {
    /// `state`, `lake`, `ingest`, `detector`, `alerts`, `rules` or `sensor`.
    pub name: &'static str,
    pub ok: bool,
    pub message: Option<String>,
    pub help: Option<String>,
}

/// Something that works only in part, or not at all.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Degraded {
    pub code: &'static str,
    pub part: &'static str,
    pub message: String,
    pub help: Option<String>,
}

fn fine(name: &'static str) -> Part {
    Part { name, ok: true, message: None, help: None }
}

fn broken(name: &'static str, message: impl Into<String>, help: &str) -> Part {
    Part { name, ok: false, message: Some(message.into()), help: Some(help.to_owned()) }
}

/// All parts. The sensor is one of them, but a server without it is ready all the same.
pub fn parts(app: &App, sensor: &SensorReport) -> Vec<Part> {
    vec![state(app), lake(app), ingest(app), detector(app), alerts(app), rules(app), sensor_part(sensor)]
}

/// Whether the server can do its work: every part but the sensor.
pub fn is_ready(parts: &[Part]) -> bool {
    parts.iter().all(|part| part.ok || part.name == "sensor")
}

fn state(app: &App) -> Part {
    match app.store.check() {
        Ok(()) => fine("state"),
        Err(error) => broken("state", error.to_string(), "Check the disk and the rights of the data folder."),
    }
}

fn lake(app: &App) -> Part {
    let health = app.lake.health();
    if health.accepts_rows() {
        return fine("lake");
    }
    let problem = health.problems.into_iter().find(|problem| problem.stops_appends);
    let message = problem.map_or("it takes no rows".to_owned(), |p| format!("{}: {}", p.part, p.message));
    broken("lake", message, "Free space on the disk, or check the rights of the data folder.")
}

fn ingest(app: &App) -> Part {
    if app.intake.is_closed() || !app.storing.running.load(Ordering::Acquire) {
        return broken("ingest", "it does not take events", "Restart Vedette.");
    }
    if app.storing.stuck.load(Ordering::Acquire) {
        let why = app.storing.last_error.lock().clone().unwrap_or_default();
        return broken("ingest", format!("rows cannot be stored: {why}"), "See the lake.");
    }
    fine("ingest")
}

fn detector(app: &App) -> Part {
    match app.detecting.state() {
        DetectorState::Running => fine("detector"),
        DetectorState::Off => {
            broken("detector", "detection is switched off", "Start Vedette with detection on.")
        }
        DetectorState::Stopped => broken("detector", "the detector has stopped", "Restart Vedette."),
    }
}

fn alerts(app: &App) -> Part {
    match app.alerting.last_error.lock().clone() {
        None => fine("alerts"),
        Some(why) => {
            let waiting = app.alerting.waiting();
            let message = format!("alerts cannot be stored ({waiting} wait): {why}");
            broken("alerts", message, "Check the disk and the rights of the data folder.")
        }
    }
}

fn rules(app: &App) -> Part {
    match app.rules.last_error.lock().clone() {
        None => fine("rules"),
        Some(why) => {
            let help = "Check the disk and the rights of the data folder.";
            broken("rules", format!("correlation rules cannot be run: {why}"), help)
        }
    }
}

/// Rules that fail: each is blind until somebody mends it.
fn failing_rules(app: &App) -> Vec<Degraded> {
    let failing = app.store.failing_rules().unwrap_or_default().into_iter();
    let told = failing.map(|rule| Degraded {
        code: "rule_failing",
        part: "rules",
        message: format!("Rule {} ({}) fails since {}: {}", rule.id, rule.name, rule.since, rule.error),
        help: Some("Mend it or switch it off; it raises no alerts as it is.".to_owned()),
    });
    told.take(MOST_FAILING).collect()
}

/// Alerts that somebody wanted to hear of and did not.
fn undelivered(app: &App) -> Vec<Degraded> {
    let (_, dead) = app.store.delivery_counts().unwrap_or_default();
    let given_up = (dead > 0).then(|| Degraded {
        code: "notifications_given_up",
        part: "notifications",
        message: format!("{dead} notifications could not be delivered and were given up."),
        help: Some("`GET /api/v1/deliveries?state=dead` says why; each can be tried again.".to_owned()),
    });
    let stuck = app.notifier.last_error.lock().clone().map(|why| Degraded {
        code: "notifications_stuck",
        part: "notifications",
        message: format!("Notifications cannot go on: {why}"),
        help: Some("Check the disk and the rights of the data folder.".to_owned()),
    });
    given_up.into_iter().chain(stuck).collect()
}

/// What keeps sources from being blocked although somebody wants it.
fn responding(app: &App) -> Vec<Degraded> {
    let responder = &app.responder;
    let degraded = |code, message, help: Option<&str>| Degraded {
        code,
        part: "response",
        message,
        help: help.map(str::to_owned),
    };
    let enabled = app.store.response_policy().is_ok_and(|policy| policy.enabled);
    let unable = responder.ready().err().filter(|_| enabled).map(|error| {
        degraded(
            "response_unable",
            format!("Response is on, yet no source can be blocked: {error}."),
            Some(error.help()),
        )
    });
    let failing = responder.last_error.lock().clone().filter(|_| enabled);
    let failing = failing.map(|why| degraded("response_failing", format!("Response: {why}."), None));
    let hook = responder.hook_trouble.clone().map(|why| degraded("response_hook", why, None));
    let failures = responder.hook_failures.load(Ordering::Relaxed);
    let failures = (failures > 0).then(|| {
        let help = "`GET /api/v1/response/blocks?all=true` has what it said.";
        degraded(
            "response_hook_failed",
            format!("Since the start the hook command failed {failures} times."),
            Some(help),
        )
    });
    unable.into_iter().chain(failing).chain(hook).chain(failures).collect()
}

fn sensor_part(sensor: &SensorReport) -> Part {
    Part {
        name: "sensor",
        ok: sensor.state == SensorState::Running,
        message: sensor.reason.clone(),
        help: sensor.help.clone(),
    }
}

/// Everything that is not as it should be, losses since the start included.
pub fn degraded(app: &App, sensor: &SensorReport, parts: &[Part]) -> Vec<Degraded> {
    let mut list: Vec<Degraded> = Vec::new();
    for part in parts.iter().filter(|part| !part.ok && part.name != "sensor") {
        let message = part.message.clone().unwrap_or_default();
        list.push(Degraded { code: "part_failing", part: part.name, message, help: part.help.clone() });
    }
    list.extend(sensor_degraded(sensor));
    list.extend(losses(app, sensor));
    list.extend(failing_rules(app));
    list.extend(undelivered(app));
    list.extend(responding(app));
    if app.detecting.unsaved.load(Ordering::Relaxed) > 0 {
        list.push(Degraded {
            code: "detector_unsaved",
            part: "detector",
            message: "What the detector knows of slow scans cannot be saved: a restart would lose it."
                .to_owned(),
            help: Some("The log says why; look at the space and rights of the data folder.".to_owned()),
        });
    }
    list.extend(app.class_troubles.iter().take(MOST_FAILING).map(|trouble| Degraded {
        code: "class_left_out",
        part: "detector",
        message: format!("A class of discovery is not in force: {trouble}."),
        help: Some("Mend the file and restart Vedette.".to_owned()),
    }));
    for problem in app.lake.health().problems.into_iter().filter(|problem| !problem.stops_appends) {
        let message = format!("{}: {}", problem.part, problem.message);
        list.push(Degraded { code: "lake_problem", part: "lake", message, help: None });
    }
    list
}

fn sensor_degraded(sensor: &SensorReport) -> Vec<Degraded> {
    let code = match sensor.state {
        SensorState::Running => None,
        SensorState::Off => Some("sensor_off"),
        SensorState::NotPermitted => Some("sensor_not_permitted"),
        SensorState::Failed => Some("sensor_failed"),
        SensorState::Stopped => Some("sensor_stopped"),
    };
    let off = code.map(|code| Degraded {
        code,
        part: "sensor",
        message: format!("No sensor: {}.", sensor.reason.clone().unwrap_or_default()),
        help: sensor.help.clone(),
    });
    let partial = sensor.health.degraded.iter().map(|one| Degraded {
        code: "sensor_partial",
        part: "sensor",
        message: format!("{}: {}", one.what, one.reason),
        help: None,
    });
    off.into_iter().chain(partial).collect()
}

/// Counters that should stand at zero.
fn losses(app: &App, sensor: &SensorReport) -> Vec<Degraded> {
    let health = &sensor.health;
    let lost = [
        (
            "sensor",
            "packets_dropped",
            health.packets_dropped_kernel,
            "packets the kernel dropped before the sensor read them",
        ),
        (
            "sensor",
            "events_dropped",
            health.events_dropped,
            "events the sensor dropped because ingest was behind",
        ),
        (
            "ingest",
            "events_dropped",
            app.intake.store_gauge.dropped(),
            "rows not stored because the queue was full",
        ),
        ("ingest", "events_refused", app.intake.refused(), "events that came when ingest was closed"),
        ("ingest", "rows_lost", app.storing.lost.load(Ordering::Relaxed), "rows given up on by the store"),
        (
            "receiving",
            "datagrams_dropped",
            app.receiving.counts.dropped.load(Ordering::Relaxed),
            "datagrams of logs for which there was no room",
        ),
        (
            "receiving",
            "rows_lost",
            app.receiving.counts.lost.load(Ordering::Relaxed),
            "rows of received logs given up on by the store",
        ),
        (
            "detector",
            "events_dropped",
            app.intake.detector_gauge.dropped(),
            "events the detector did not see",
        ),
        (
            "detector",
            "detector_faults",
            app.detecting.faults.load(Ordering::Relaxed),
            "faults after which the detector began anew",
        ),
        (
            "alerts",
            "alerts_lost",
            app.alerting.lost.load(Ordering::Relaxed),
            "alerts that could not be stored",
        ),
    ];
    let told = lost.into_iter().filter(|(_, _, count, _)| *count > 0);
    told.map(|(part, code, count, what)| Degraded {
        code,
        part,
        message: format!("Since the start: {count} {what}."),
        help: None,
    })
    .collect()
}

/// Sizes and time spans of a stored dataset.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StoredDataset {
    pub name: String,
    pub rows: u64,
    pub bytes: u64,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub oldest: Option<Time>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub newest: Option<Time>,
}

pub fn stored_datasets(app: &App) -> Vec<StoredDataset> {
    let infos = app.lake.datasets().into_iter();
    infos
        .map(|info| StoredDataset {
            name: info.name,
            rows: info.rows,
            bytes: info.bytes,
            oldest: info.oldest,
            newest: info.newest,
        })
        .collect()
}
