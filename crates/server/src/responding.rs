//! The task that responds: looks at each alert as it comes, and keeps records and firewall in step.

use crate::app::App;
use crate::audit;
use crate::clock;
use crate::response::ResponseError;
use crate::state::{AlertFilter, AlertRecord, BlockRecord, Sort, SortKey};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

/// How often records and firewall are compared. An end comes to light no later.
const EVERY: Duration = Duration::from_secs(5);
/// Alerts looked at when news were missed.
const CATCH_UP: u32 = 500;

/// Runs until the server stops. Blocks outlive it: the kernel ends them.
pub async fn run(app: Arc<App>, mut stopping: watch::Receiver<bool>) {
    let mut news = app.live.listen();
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        // What was heard; `None` when it is time to compare.
        let heard = tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => return,
            _ = ticks.tick() => None,
            heard = news.recv() => Some(heard),
        };
        match heard {
            None => reconcile(&app).await,
            Some(Ok(message)) => consider(&app, vec![message.1.clone()]).await,
            Some(Err(RecvError::Lagged(_))) => catch_up(&app).await,
            Some(Err(RecvError::Closed)) => return,
        }
    }
}

/// News were missed: looks at everything that goes on.
async fn catch_up(app: &Arc<App>) {
    let filter = AlertFilter { active: Some(true), ..AlertFilter::default() };
    let latest = Sort { key: SortKey::UpdatedAt, descending: true };
    match app.state(move |store, _| store.list_alerts(&filter, latest, CATCH_UP, 0)).await {
        Ok(page) => consider(app, page.alerts).await,
        Err(error) => tracing::error!(%error, "alerts that were missed cannot be looked at"),
    }
}

async fn reconcile(app: &Arc<App>) {
    let responder = app.responder.clone();
    let done = tokio::task::spawn_blocking(move || responder.reconcile(clock::now())).await;
    for block in settle(app, done) {
        let (verb, how) = match block.ending.as_deref() {
            Some("expired") => ("Expire", "its time was over"),
            _ => ("Clear", "response is switched off"),
        };
        audit::own(app, ("RESPONSE", verb), format!("{} is no longer blocked: {how}", block.address)).await;
    }
}

async fn consider(app: &Arc<App>, alerts: Vec<AlertRecord>) {
    if !app.responder.allowed {
        return;
    }
    for alert in alerts {
        let responder = app.responder.clone();
        let done = tokio::task::spawn_blocking(move || responder.consider(&alert, clock::now())).await;
        for block in settle(app, done) {
            let said = format!("Blocked {} until {}: {}", block.address, block.expires_at, block.reason);
            audit::own(app, ("RESPONSE", "Block"), said).await;
        }
    }
}

/// What was done; a failure is kept for the status.
fn settle(
    app: &App,
    done: Result<Result<Vec<BlockRecord>, ResponseError>, tokio::task::JoinError>,
) -> Vec<BlockRecord> {
    let why = match done {
        Ok(Ok(blocks)) => return blocks,
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    if app.responder.last_error.lock().replace(why.clone()).is_none() {
        tracing::error!(why, "response to attacks fails");
    }
    Vec::new()
}
