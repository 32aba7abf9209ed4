//! The links, one function each: what it takes to be whole, and what is likely when it is not.

use super::Finding;
use super::client::{self, Answer};
use crate::app::App;
use crate::clock;
use crate::pipeline::DetectorState;
use crate::pipeline::watch::Watch;
use crate::sensing::{SensorReport, SensorState};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use vedette_engine::{QueryLimits, QueryOptions};
use vedette_event::Value;

const LOOK_AGAIN: Duration = Duration::from_millis(5);
const RESTART: &str = "restart Vedette; if it happens again, report it with the log";

/// Waits until `done`, at most so long; whether it came to be.
async fn until(longest: Duration, mut done: impl FnMut() -> bool) -> bool {
    let begin = Instant::now();
    while !done() {
        if begin.elapsed() > longest {
            return false;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    true
}

pub async fn server(app: &App) -> Finding {
    let address = app.local_address();
    match client::get(app, "/livez").await {
        Ok(answer) if answer.status == 200 => Finding::ok(format!("{address} answers")),
        Ok(answer) => Finding::broken(
            format!("{address} answered {}", answer.status),
            "the server turns requests away",
            "look into its log; too many clients at once are a usual reason",
        ),
        Err(error) => Finding::broken(
            format!("{address}: {error}"),
            format!("no connection to the server's own address ({error})"),
            "see whether a firewall blocks loopback, or too many connections are open",
        ),
    }
}

pub fn capture(sensor: &SensorReport) -> Finding {
    if sensor.state == SensorState::Running {
        return Finding::ok(match sensor.health.interfaces.as_slice() {
            [] => "running, no interface is up".to_owned(),
            interfaces => format!("running on {}", interfaces.join(", ")),
        });
    }
    let reason = sensor.reason.clone().unwrap_or_else(|| "it does not run".to_owned());
    let help = sensor.help.clone().unwrap_or_else(|| match sensor.state {
        SensorState::NotPermitted => "run as root, or `setcap cap_net_raw+ep` the program".to_owned(),
        _ => RESTART.to_owned(),
    });
    Finding::broken(format!("the sensor is {}", sensor.state.as_str().replace('_', " ")), reason, help)
}

/// The probes went out and the sensor's count of packets grew by them.
pub async fn packets(app: &App, before: &SensorReport, sent: u64) -> Finding {
    if sent == 0 {
        return Finding::broken(
            "no probe could be sent",
            "this machine's loopback refuses connections from 127.0.0.0/8",
            "see whether loopback is up (`ip addr show lo`) and no firewall rejects it",
        );
    }
    let seen = || app.sensing.report().health.packets_seen.saturating_sub(before.health.packets_seen);
    if until(Duration::from_secs(2), || seen() >= sent).await {
        return Finding::ok(format!("{} packets for {sent} probes", seen()));
    }
    let now = app.sensing.report();
    let detail = format!("{} packets for {sent} probes", seen());
    let dropped = now.health.packets_dropped_kernel.saturating_sub(before.health.packets_dropped_kernel);
    if now.state != SensorState::Running {
        let why = now.reason.unwrap_or_default();
        return Finding::broken(detail, format!("the sensor ended meanwhile: {why}"), RESTART);
    }
    if !now.health.interfaces.iter().any(|name| name == "lo") {
        let names = now.health.interfaces.join(", ");
        return Finding::broken(
            detail,
            format!("the sensor does not watch loopback, where the probes run; it watches: {names}"),
            "start it without a choice of interfaces, or add `lo` to them",
        );
    }
    if dropped > 0 {
        let cause = format!("the kernel dropped {dropped} packets: the sensor is too slow for the traffic");
        return Finding::broken(detail, cause, "give the sensor more processor time or a larger ring");
    }
    Finding::broken(detail, "the capture is open and sees nothing on loopback", RESTART)
}

pub async fn events(app: &App, watch: &Watch, sent: u64) -> Finding {
    let arrived = || watch.arrived.load(Ordering::Acquire);
    let all = until(Duration::from_secs(3), || arrived() >= sent).await;
    let detail = format!("{} events for {sent} probes", arrived());
    // A few may drown in a flood of other traffic; that is no broken chain.
    if all || arrived() * 5 >= sent * 4 {
        return Finding::ok(detail);
    }
    if app.intake.is_closed() {
        return Finding::broken(detail, "ingest is closed and takes no events", "restart Vedette");
    }
    let dropped = app.sensing.report().health.events_dropped;
    if dropped > 0 {
        let cause = format!("the sensor dropped {dropped} events because ingest was behind");
        return Finding::broken(detail, cause, "see `vedette status` for what holds ingest up");
    }
    Finding::broken(detail, "the sensor made no events of the packets it saw", RESTART)
}

pub async fn stored(app: &App, watch: &Watch) -> Finding {
    let arrived = watch.arrived.load(Ordering::Acquire);
    let stored = || watch.stored.load(Ordering::Acquire);
    if until(Duration::from_secs(4), || stored() >= arrived).await {
        return Finding::ok(format!("{arrived} rows in xdr_data"));
    }
    let detail = format!("{} of {arrived} events stored", stored());
    if let Some(why) = app.storing.last_error.lock().clone() {
        return Finding::broken(
            detail,
            format!("the lake does not take rows: {why}"),
            "free space on the disk and check the rights of the data folder; it goes on by itself",
        );
    }
    if !app.storing.running.load(Ordering::Acquire) {
        return Finding::broken(detail, "the storing task has ended", RESTART);
    }
    if app.intake.store_gauge.dropped() > 0 {
        let cause =
            format!("the queue to the store was full: {} rows dropped", app.intake.store_gauge.dropped());
        return Finding::broken(detail, cause, "the disk is too slow for the traffic: use a faster one");
    }
    Finding::broken(detail, "the store is slow", "see whether the disk is busy, and test again")
}

pub async fn queryable(app: &App, watch: &Watch) -> Finding {
    let expected = watch.arrived.load(Ordering::Acquire);
    let query = format!(
        "dataset = xdr_data | filter source_ip = \"{}\" and target_ip = \"{}\" | comp count() as n",
        watch.source, watch.target
    );
    match count(app, &query).await {
        Ok(found) if found >= expected => Finding::ok(format!("XQL finds {found} rows")),
        Ok(found) => Finding::broken(
            format!("XQL finds {found} of {expected} rows"),
            "rows that are stored cannot be read back",
            "look into the log for damaged files of dataset xdr_data",
        ),
        Err(why) => Finding::broken(
            "the query failed",
            format!("the query engine failed: {why}"),
            "look into the log",
        ),
    }
}

/// The first cell of a query's answer.
async fn count(app: &App, query: &str) -> Result<u64, String> {
    let mut options = QueryOptions::at(clock::now());
    options.limits = QueryLimits { runtime: Some(Duration::from_secs(10)), ..QueryLimits::default() };
    let result = app.engine.run(query, options).await.map_err(|error| error.to_string())?;
    match result.rows().next().as_deref() {
        Some([Value::Int(number), ..]) => Ok(number.unsigned_abs()),
        _ => Ok(0),
    }
}

pub async fn detected(app: &App, watch: &Watch) -> Finding {
    if until(Duration::from_secs(3), || watch.detection.get().is_some()).await {
        return Finding::ok("told as a scan");
    }
    let examined = watch.examined.load(Ordering::Acquire);
    let detail = format!("{examined} events examined, no scan told");
    match app.detecting.state() {
        DetectorState::Off => {
            Finding::broken(detail, "detection is switched off", "start Vedette with detection on")
        }
        DetectorState::Stopped => Finding::broken(detail, "the detector has stopped", "restart Vedette"),
        DetectorState::Running if examined == 0 => Finding::broken(
            detail,
            format!("the detector is behind: {} events wait", app.intake.detector_gauge.queued()),
            "see `vedette status`; under a flood it catches up afterwards",
        ),
        DetectorState::Running => {
            Finding::broken(detail, "the detector did not take the probes for a scan", RESTART)
        }
    }
}

/// The alert is in the state database and in the dataset `alerts`; its number.
pub async fn alert(app: &Arc<App>, watch: &Watch) -> (Finding, Option<i64>) {
    let id = watch.detection.get().cloned().unwrap_or_default();
    let begin = Instant::now();
    let found = loop {
        let wanted = id.clone();
        match app.state(move |store, _| store.alert_of(&wanted)).await {
            Ok(Some(alert)) => break Ok(alert),
            Ok(None) if begin.elapsed() < Duration::from_secs(2) => {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            Ok(None) => break Err(app.alerting.last_error.lock().clone()),
            Err(error) => break Err(Some(error.to_string())),
        }
    };
    let alert = match found {
        Ok(alert) => alert,
        Err(why) => {
            let why = why.unwrap_or_else(|| "it is not there".to_owned());
            let fix = "check the disk and the rights of the data folder; the alert is kept and tried again";
            let cause = format!("the alert could not be stored: {why}");
            return (Finding::broken("no alert", cause, fix), None);
        }
    };
    let number = alert.life.alert_id;
    let query = format!("dataset = alerts | filter alert_id = {number} | comp count() as n");
    let finding = match count(app, &query).await {
        Ok(1) => Finding::ok(format!("alert {number}, closed as a self-test")),
        Ok(_) => Finding::broken(
            format!("alert {number} is not in dataset alerts"),
            "the dataset alerts does not show the latest alerts",
            RESTART,
        ),
        Err(why) => Finding::broken(
            format!("alert {number} is stored"),
            format!("dataset alerts cannot be queried: {why}"),
            "look into the log",
        ),
    };
    (finding, Some(number))
}

/// The live stream, opened like any client's, delivers the alert.
pub async fn notification(listener: Result<Answer, String>, watch: &Watch) -> Finding {
    let mut listener = match listener {
        Ok(listener) => listener,
        Err(why) => {
            let cause = format!("the live stream could not be opened: {why}");
            return Finding::broken("not subscribed", cause, "close clients that hold live streams open");
        }
    };
    let id = watch.detection.get().cloned().unwrap_or_default();
    let heard = async {
        while let Ok(Some(line)) = listener.line().await {
            let Some(data) = line.strip_prefix("data:") else { continue };
            let message: serde_json::Value = serde_json::from_str(data).unwrap_or_default();
            if message.pointer("/alert/detection_id").and_then(|value| value.as_str()) == Some(id.as_str()) {
                return true;
            }
        }
        false
    };
    match tokio::time::timeout(Duration::from_secs(3), heard).await {
        Ok(true) => Finding::ok("the live stream delivered the alert"),
        Ok(false) => Finding::broken("the live stream ended", "the server closed the live stream", RESTART),
        Err(_) => Finding::broken(
            "nothing arrived within 3 seconds",
            "the live stream is open and the alert did not come through it",
            RESTART,
        ),
    }
}
