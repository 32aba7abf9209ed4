//! The audit log: what a person or program did to the server's state becomes a row of `audit_logs`.
//!
//! Which requests are acts stands in the table of routes; the layer of each route writes the row
//! when the answer is known, so that no handler can forget it. Handlers may add whom or what it was
//! about, and never a secret.

use crate::access::Identity;
use crate::app::App;
use crate::clock;
use parking_lot::Mutex;
use std::sync::Arc;
use vedette_event::datasets::audit_logs::{self, Act};

/// Longest asset and description, in characters: they come from requests.
const LONGEST: usize = 500;

/// An act as the table of routes names it: what is acted on, and how.
pub type Kind = (&'static str, &'static str);

/// What a handler knows about its act beyond the request. An extension of the request.
#[derive(Clone, Default)]
pub struct Note(Arc<Mutex<Noted>>);

#[derive(Default)]
struct Noted {
    actor: Option<String>,
    asset: Option<String>,
    description: Option<String>,
}

impl Note {
    /// Who acts, where the request itself does not say: a sign-in.
    pub fn actor(&self, name: &str) {
        self.0.lock().actor = Some(cut(name));
    }

    /// What the act is about.
    pub fn asset(&self, asset: impl ToString) {
        self.0.lock().asset = Some(cut(&asset.to_string()));
    }

    /// The act in a sentence.
    pub fn say(&self, description: impl AsRef<str>) {
        self.0.lock().description = Some(cut(description.as_ref()));
    }
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// A request that was an act, and what came of it.
pub struct Done<'a> {
    pub kind: Kind,
    pub who: Option<&'a Identity>,
    pub address: String,
    /// From the request's path, where the handler says nothing.
    pub asset: Option<&'a str>,
    pub note: Note,
    pub status: u16,
    /// The error's code.
    pub reason: Option<&'static str>,
    pub request_id: String,
}

/// Writes the row of a request's act. It is durable when this returns, or waits with the other
/// rows while the lake cannot write.
pub async fn write(app: &App, done: Done<'_>) {
    let noted = std::mem::take(&mut *done.note.0.lock());
    let actor = done.who.map(|who| who.name.clone()).or(noted.actor);
    let asset = noted.asset.or(done.asset.map(cut));
    let (entity, sub_type) = done.kind;
    let description = noted.description.unwrap_or_else(|| match &asset {
        Some(asset) => format!("{sub_type} of {entity}: {asset}"),
        None => format!("{sub_type} of {entity}"),
    });
    let act = Act {
        actor: actor.unwrap_or_else(|| "unknown".to_owned()),
        actor_kind: done.who.map(|who| who.kind.as_str()),
        role: done.who.map(|who| who.role.as_str()),
        api_key_id: done.who.and_then(Identity::key),
        client_ip: Some(done.address),
        entity,
        sub_type,
        success: done.status < 400,
        reason: done.reason.map(str::to_owned),
        asset,
        description,
        request_id: done.request_id,
        ..Act::default()
    };
    store(app, act).await;
}

/// Writes an act of the server itself.
pub async fn own(app: &App, (entity, sub_type): Kind, description: impl Into<String>) {
    let act = Act {
        actor: "vedette".to_owned(),
        actor_kind: Some("system"),
        entity,
        sub_type,
        success: true,
        asset: Some(app.hostname.clone()),
        description: description.into(),
        ..Act::default()
    };
    store(app, act).await;
}

async fn store(app: &App, mut act: Act) {
    act.time = clock::now();
    act.audit_id = match app.state(|store, _| store.next_audit_number()).await {
        Ok(number) => number,
        Err(error) => {
            tracing::error!(%error, "an act has no number in the audit log");
            0
        }
    };
    let row = audit_logs::row(act);
    let name = audit_logs::DATASET.name;
    if let Err(error) = app.lake.append(name, vec![row.clone()]).await {
        tracing::error!(%error, "the audit log cannot be written now; the act waits to be stored");
        app.intake.submit_rows(name, vec![row]);
    }
}
