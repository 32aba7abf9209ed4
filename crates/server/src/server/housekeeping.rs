//! What a server does at its start and now and then: the audit log, certificates, old alerts.

use crate::app::App;
use crate::audit;
use crate::clock;
use crate::sensing::SensorState;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The audit log says when the server and its sensor began.
pub async fn note_start(app: Arc<App>) {
    let report = app.sensing.report();
    let sensor = match (report.state, report.reason) {
        (SensorState::Running, _) => "The sensor began to watch".to_owned(),
        (_, reason) => format!("The sensor does not run: {}", reason.unwrap_or_default()),
    };
    audit::own(&app, ("SERVER", "Start"), "The server began").await;
    audit::own(&app, ("AGENTS", "Start"), sensor).await;
}

/// What has to be done now and then.
pub async fn keep_house(app: Arc<App>, mut stopping: watch::Receiver<bool>) {
    let mut hourly = tokio::time::interval(Duration::from_secs(3600));
    let mut minutely = tokio::time::interval(Duration::from_secs(60));
    loop {
        tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => return,
            _ = minutely.tick() => {
                let following = app.following.clone();
                drop(tokio::task::spawn_blocking(move || following.advance(clock::now())));
                continue;
            }
            _ = hourly.tick() => {}
        }
        app.receiving.renew_certificate(clock::now());
        expire_alerts(&app).await;
        if let Some(certificate) = &app.certificate
            && let Err(error) = certificate.renew(clock::now())
        {
            tracing::error!(%error, "the certificate could not be renewed");
        }
    }
}

/// Drops alerts that are older than they are to be kept.
async fn expire_alerts(app: &Arc<App>) {
    match app.state(|store, now| store.expire_alerts(now)).await {
        Ok(expired) if expired.alerts > 0 => {
            let said = format!(
                "Dropped {} alerts and {} incidents that were older than they are kept",
                expired.alerts, expired.incidents
            );
            audit::own(app, ("ALERTS", "Expire"), said).await;
        }
        Ok(_) => {}
        Err(error) => tracing::error!(%error, "old alerts cannot be dropped"),
    }
}
