//! The self-test: sends a harmless pattern of probes from loopback to loopback and follows it
//! through every link of the chain, from the packet to the notification.
//!
//! Links: server, capture, packets, events, stored, queryable, detected, alert, notification. The
//! first broken one is named with its likely cause and the fix. What does not depend on it is
//! proven all the same; what does is skipped.

mod client;
mod links;
mod probing;

use crate::app::App;
use serde::Serialize;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc::Sender;
use utoipa::ToSchema;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Ok,
    Broken,
    Skipped,
}

/// What is known of one link.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SelfTestStep)]
pub struct Step {
    pub name: &'static str,
    pub title: &'static str,
    pub state: State,
    /// From `packets` on: since the first probe was sent.
    pub milliseconds: u64,
    pub detail: String,
    /// Why it is broken, as far as can be told.
    pub cause: Option<String>,
    pub fix: Option<String>,
}

/// How it ended.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SelfTestResult)]
pub struct Outcome {
    pub ok: bool,
    /// The first broken link.
    pub broken: Option<&'static str>,
    /// The alert it made, if it came that far.
    pub alert_id: Option<i64>,
    pub milliseconds: u64,
    pub message: String,
}

/// A line of the answer: a step, or at last the result.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SelfTestLine)]
pub enum Line {
    Step(Step),
    Result(Outcome),
}

/// What a link found out.
pub enum Finding {
    Ok(String),
    Broken { detail: String, cause: String, fix: String },
}

impl Finding {
    pub fn ok(detail: impl Into<String>) -> Finding {
        Finding::Ok(detail.into())
    }

    pub fn broken(detail: impl Into<String>, cause: impl Into<String>, fix: impl Into<String>) -> Finding {
        Finding::Broken { detail: detail.into(), cause: cause.into(), fix: fix.into() }
    }

    fn is_ok(&self) -> bool {
        matches!(self, Finding::Ok(_))
    }
}

/// The links by name and title, in order, each with the one it cannot do without.
const LINKS: [(&str, &str, Option<&str>); 9] = [
    ("server", "Server reachable", None),
    ("capture", "Capture open", None),
    ("packets", "Packets seen", Some("capture")),
    ("events", "Events made", Some("packets")),
    ("stored", "Stored durably", Some("events")),
    ("queryable", "Queryable", Some("stored")),
    ("detected", "Scan detected", Some("events")),
    ("alert", "Alert visible", Some("detected")),
    ("notification", "Notification delivered", Some("alert")),
];

/// Collects the steps and tells each as soon as it is known.
struct Chain {
    tell: Sender<Line>,
    steps: Vec<Step>,
}

impl Chain {
    /// Whether a link can be tried: the one it depends on was fine.
    fn can_try(&self, name: &str) -> bool {
        let needs = LINKS.iter().find(|(link, _, _)| *link == name).and_then(|(_, _, needs)| *needs);
        needs.is_none_or(|needs| self.steps.iter().any(|step| step.name == needs && step.state == State::Ok))
    }

    async fn add(&mut self, name: &'static str, milliseconds: u64, finding: Option<Finding>) -> bool {
        let title = LINKS.iter().find(|(link, _, _)| *link == name).map_or(name, |(_, title, _)| title);
        let fine = finding.as_ref().is_some_and(Finding::is_ok);
        let (state, detail, cause, fix) = match finding {
            Some(Finding::Ok(detail)) => (State::Ok, detail, None, None),
            Some(Finding::Broken { detail, cause, fix }) => (State::Broken, detail, Some(cause), Some(fix)),
            None => (State::Skipped, "needs a link that is broken".to_owned(), None, None),
        };
        let step = Step { name, title, state, milliseconds, detail, cause, fix };
        self.steps.push(step.clone());
        // Whoever asked may be gone; the test goes on to its end all the same.
        let _ = self.tell.send(Line::Step(step)).await;
        fine
    }

    async fn end(self, alert_id: Option<i64>, milliseconds: u64) -> Outcome {
        let broken = self.steps.iter().find(|step| step.state == State::Broken);
        let message = match broken {
            None => {
                format!("The whole chain works: from the packet to the notification in {} ms.", self.last())
            }
            Some(step) => format!(
                "Broken at \"{}\": {}. {}",
                step.title,
                step.cause.clone().unwrap_or_default().trim_end_matches('.'),
                super::api::error::capitalised(step.fix.as_deref().unwrap_or_default())
            ),
        };
        let broken = broken.map(|step| step.name);
        let outcome = Outcome { ok: broken.is_none(), broken, alert_id, milliseconds, message };
        let _ = self.tell.send(Line::Result(outcome.clone())).await;
        outcome
    }

    fn last(&self) -> u64 {
        self.steps.last().map_or(0, |step| step.milliseconds)
    }
}

/// Runs the test; each line is told as it is known. Takes a fraction of a second when all is well,
/// about 15 seconds at most.
pub async fn run(app: &Arc<App>, tell: Sender<Line>) -> Outcome {
    let begin = Instant::now();
    let mut chain = Chain { tell, steps: Vec::new() };
    let server = links::server(app).await;
    chain.add("server", millis(begin), Some(server)).await;
    let before = app.sensing.report();
    let opened = Instant::now();
    let capture = links::capture(&before);
    chain.add("capture", millis(opened), Some(capture)).await;
    if !chain.can_try("packets") {
        for name in ["packets", "events", "stored", "queryable", "detected", "alert", "notification"] {
            chain.add(name, 0, None).await;
        }
        return chain.end(None, millis(begin)).await;
    }
    let alert_id = follow(app, &mut chain, &before).await;
    chain.end(alert_id, millis(begin)).await
}

/// Sends the probes and follows them; the alert's number if there came to be one.
async fn follow(app: &Arc<App>, chain: &mut Chain, before: &crate::sensing::SensorReport) -> Option<i64> {
    let listener = client::listen(app).await;
    let (source, target) = probing::addresses();
    let watch = app.intake.watches.begin(source, target);
    let sent_at = Instant::now();
    let sent = probing::probe(source, target).await;
    let packets = links::packets(app, before, sent).await;
    chain.add("packets", millis(sent_at), Some(packets)).await;
    let events = match chain.can_try("events") {
        true => Some(links::events(app, &watch, sent).await),
        false => None,
    };
    if !chain.add("events", millis(sent_at), events).await {
        for name in ["stored", "queryable", "detected", "alert", "notification"] {
            chain.add(name, 0, None).await;
        }
        return None;
    }
    // The two ways behind the intake are independent: both at once, told in the order of the chain.
    let storing = async {
        let stored = links::stored(app, &watch).await;
        let stored_at = millis(sent_at);
        let queryable = match stored.is_ok() {
            true => Some(links::queryable(app, &watch).await),
            false => None,
        };
        (stored, stored_at, queryable, millis(sent_at))
    };
    let alerting = async {
        let detected = links::detected(app, &watch).await;
        let detected_at = millis(sent_at);
        let alert = match detected.is_ok() {
            true => Some(links::alert(app, &watch).await),
            false => None,
        };
        let alert_at = millis(sent_at);
        let news = match &alert {
            Some((Finding::Ok(_), _)) => Some(links::notification(listener, &watch).await),
            _ => None,
        };
        (detected, detected_at, alert, alert_at, news, millis(sent_at))
    };
    let (
        (stored, stored_at, queryable, queryable_at),
        (detected, detected_at, alert, alert_at, news, news_at),
    ) = futures::join!(storing, alerting);
    let (alert, alert_id) = alert.map_or((None, None), |(finding, id)| (Some(finding), id));
    chain.add("stored", stored_at, Some(stored)).await;
    chain.add("queryable", queryable_at, queryable).await;
    chain.add("detected", detected_at, Some(detected)).await;
    chain.add("alert", alert_at, alert).await;
    chain.add("notification", news_at, news).await;
    alert_id
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
