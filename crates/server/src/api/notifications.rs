//! Channels on which alerts are told: add, look, try, switch off, remove; and what did not arrive.

use super::error::{ApiError, capitalised};
use super::extract::{Id, Json, Query};
use crate::access::Identity;
use crate::app::App;
use crate::audit::Note;
use crate::clock;
use crate::notify::channel::{Secrets, Settings, address};
use crate::notify::roots;
use crate::state::{AlertRecord, ChannelRecord, Delivery};
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json as Answer};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use vedette_event::{AlertSource, Finding, Mitre, Severity, Time};

const KEY_BYTES: usize = 32;
/// Of a certificate authority, and of a login, in bytes.
const LONGEST_TRUST: usize = 64 << 10;
const LONGEST_LOGIN: usize = 1_000;

/// A channel without its secrets.
#[derive(Serialize, ToSchema)]
pub struct Channel {
    id: i64,
    name: String,
    enabled: bool,
    /// Scheme, host and port; paths often hold a secret.
    address: String,
    /// There is a login for its mail server.
    has_login: bool,
    /// It trusts an authority of its own.
    has_trust: bool,
    settings: Settings,
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    created_by: String,
}

#[derive(Serialize, ToSchema)]
pub struct Channels {
    channels: Vec<Channel>,
    /// Deliveries that are still to be made.
    waiting: u64,
    /// Deliveries that were given up.
    dead: u64,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewChannel {
    name: String,
    /// `https://…`, `syslog+udp://host:514`, `syslog+tcp://host:601`, `syslog+tls://host:6514`,
    /// `smtp://host:587` (STARTTLS), `smtps://host:465` or `smtp+plain://host:25`.
    url: String,
    /// Of mail servers; the password is kept sealed and never shown.
    username: Option<String>,
    password: Option<String>,
    /// The certificate authority of the receiver as PEM, for `https`, `syslog+tls`, `smtp` and `smtps`;
    /// public ones when absent.
    trust: Option<String>,
    /// Of webhooks, `whsec_` and base64: made when absent.
    key: Option<String>,
    #[serde(default)]
    settings: Settings,
}

#[derive(Serialize, ToSchema)]
pub struct MadeChannel {
    channel: Channel,
    /// Of webhooks: signs what is sent (Standard Webhooks); shown this once.
    key: Option<String>,
}

/// What is absent stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelEdit {
    /// What happens while it is off is not told later.
    enabled: Option<bool>,
    name: Option<String>,
    /// Another server or another way there: the login is then given anew, or gone.
    url: Option<String>,
    /// With `password`; empty takes the login away.
    username: Option<String>,
    password: Option<String>,
    /// As PEM; empty takes it away.
    trust: Option<String>,
    /// All of them: what is absent in it has its default.
    settings: Option<Settings>,
}

#[derive(Serialize, ToSchema)]
pub struct Trial {
    delivered: bool,
    /// Why not.
    error: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveryParameters {
    /// `waiting`, `delivered` or `dead`; all when absent.
    state: Option<String>,
    /// 1 to 500; 50 when absent.
    limit: Option<u32>,
}

#[derive(Serialize, ToSchema)]
pub struct Deliveries {
    /// The latest first.
    deliveries: Vec<Delivery>,
}

fn shown(app: &App, record: ChannelRecord) -> Channel {
    let secrets = app.notifier.secrets(&record);
    let place = secrets.as_ref().and_then(|secrets| {
        let scheme = secrets.url.split("://").next()?.to_owned();
        address(&secrets.url).ok().map(|to| format!("{scheme}://{}:{}", to.host, to.port))
    });
    Channel {
        id: record.id,
        name: record.name,
        enabled: record.enabled,
        has_login: secrets.as_ref().is_some_and(|secrets| secrets.username.is_some()),
        has_trust: secrets.as_ref().is_some_and(|secrets| secrets.trust.is_some()),
        address: place
            .unwrap_or_else(|| "unreadable: the key file of the data folder is another one".to_owned()),
        settings: record.settings,
        created_at: record.created_at,
        created_by: record.created_by,
    }
}

fn no_channel(id: i64) -> ApiError {
    ApiError::not_found(format!("There is no channel {id}.")).help("`GET /api/v1/channels` lists them.")
}

/// All channels.
#[utoipa::path(get, path = "/api/v1/channels", tag = "notifications",
    responses((status = 200, body = Channels)))]
pub async fn list(State(app): State<Arc<App>>) -> Result<Answer<Channels>, ApiError> {
    let (channels, (waiting, dead)) =
        app.state(|store, _| Ok((store.channels()?, store.delivery_counts()?))).await?;
    let channels = channels.into_iter().map(|record| shown(&app, record)).collect();
    Ok(Answer(Channels { channels, waiting, dead }))
}

/// Adds a channel. Alerts from now on are told there, each once.
#[utoipa::path(post, path = "/api/v1/channels", tag = "notifications", request_body = NewChannel,
    responses((status = 201, body = MadeChannel), (status = 400, body = super::error::ErrorBody)))]
pub async fn add(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Identity>,
    Extension(note): Extension<Note>,
    Json(new): Json<NewChannel>,
) -> Result<(StatusCode, Answer<MadeChannel>), ApiError> {
    let name = named(&new.name)?;
    new.settings.check(&new.url).map_err(|why| ApiError::bad_request(capitalised(&why)))?;
    let key = match &new.key {
        None => BASE64_STANDARD.encode(rand::random::<[u8; KEY_BYTES]>()),
        Some(key) => key.strip_prefix("whsec_").unwrap_or(key).to_owned(),
    };
    let long_enough = BASE64_STANDARD.decode(&key).is_ok_and(|bytes| (24..=64).contains(&bytes.len()));
    if !long_enough {
        return Err(ApiError::bad_request(
            "`key` is base64 of 24 to 64 bytes, with `whsec_` in front or not.",
        ));
    }
    let web = new.url.starts_with("http");
    let shown_key = web.then(|| format!("whsec_{key}"));
    let secrets =
        Secrets { url: new.url, key, username: new.username, password: new.password, trust: new.trust };
    check_secrets(&secrets)?;
    let notifier = app.notifier.clone();
    let record = app
        .state(move |store, now| {
            let seal = |id| notifier.seal(id, &secrets);
            store.add_channel(&name, &new.settings, seal, &who.name, now)
        })
        .await?;
    note.asset(record.id);
    note.say(format!("Added the notification channel {}", record.name));
    let made = MadeChannel { channel: shown(&app, record), key: shown_key };
    Ok((StatusCode::CREATED, Answer(made)))
}

fn named(name: &str) -> Result<String, ApiError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(ApiError::bad_request("A name has 1 to 100 characters."));
    }
    Ok(name.to_owned())
}

/// What is wrong with what is kept sealed.
fn check_secrets(secrets: &Secrets) -> Result<(), ApiError> {
    let to = address(&secrets.url).map_err(|why| ApiError::bad_request(capitalised(&why)))?;
    if secrets.username.is_some() != secrets.password.is_some() {
        return Err(ApiError::bad_request("`username` and `password` go together."));
    }
    if secrets.username.is_some() && !to.transport.has_login() {
        return Err(ApiError::bad_request("A password is sent to mail servers only, and only encrypted.")
            .help("Give an address that begins with smtp:// (STARTTLS) or smtps://."));
    }
    if let Some(pem) = &secrets.trust {
        if !(to.transport.has_trust() || secrets.url.starts_with("https:")) {
            return Err(ApiError::bad_request(
                "`trust` is for https://, syslog+tls://, smtp:// and smtps://.",
            ));
        }
        if pem.len() > LONGEST_TRUST {
            return Err(ApiError::bad_request(format!("`trust` has at most {LONGEST_TRUST} bytes.")));
        }
        roots(Some(pem)).map_err(|why| ApiError::bad_request(capitalised(&why)))?;
    }
    let long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.len() > LONGEST_LOGIN);
    if long(&secrets.username) || long(&secrets.password) {
        return Err(ApiError::bad_request(format!(
            "`username` and `password` have at most {LONGEST_LOGIN} bytes."
        )));
    }
    Ok(())
}

/// Changes a channel. What it keeps secret stays, and is not shown.
#[utoipa::path(patch, path = "/api/v1/channels/{id}", tag = "notifications", params(("id" = i64, Path)),
    request_body = ChannelEdit,
    responses((status = 200, body = Channel), (status = 400, body = super::error::ErrorBody),
              (status = 404, body = super::error::ErrorBody)))]
pub async fn edit(
    State(app): State<Arc<App>>,
    Extension(note): Extension<Note>,
    Id(id): Id,
    Json(edit): Json<ChannelEdit>,
) -> Result<Answer<Channel>, ApiError> {
    let known = app.state(move |store, _| store.channel(id)).await?.ok_or_else(|| no_channel(id))?;
    let enabled = edit.enabled;
    note.say(told_change(&known, &edit));
    if edit.only_switches() {
        let Some(enabled) = enabled else { return Ok(Answer(shown(&app, known))) };
        app.state(move |store, _| store.enable_channel(id, enabled)).await?;
    } else {
        let before = app.notifier.secrets(&known);
        let name = edit.name.as_deref().map_or_else(|| Ok(known.name.clone()), named)?;
        let settings = edit.settings.clone().unwrap_or_else(|| known.settings.clone());
        let secrets = changed_secrets(before, edit)?;
        settings.check(&secrets.url).map_err(|why| ApiError::bad_request(capitalised(&why)))?;
        check_secrets(&secrets)?;
        let sealed = app.notifier.seal(id, &secrets);
        let sealed = sealed.ok_or_else(|| ApiError::internal("the channel's secrets cannot be sealed"))?;
        app.state(move |store, _| {
            let found = store.change_channel(id, &name, &settings, &sealed)?;
            if let Some(enabled) = enabled {
                store.enable_channel(id, enabled)?;
            }
            Ok(found)
        })
        .await?;
    }
    let found = app.state(move |store, _| store.channel(id)).await?;
    found.map(|record| Answer(shown(&app, record))).ok_or_else(|| no_channel(id))
}

impl ChannelEdit {
    fn only_switches(&self) -> bool {
        let texts = [&self.name, &self.url, &self.username, &self.password, &self.trust];
        self.settings.is_none() && texts.iter().all(|text| text.is_none())
    }
}

/// For the audit log, without what is secret.
fn told_change(known: &ChannelRecord, edit: &ChannelEdit) -> String {
    let parts = [
        ("name", edit.name.is_some()),
        ("address", edit.url.is_some()),
        ("login", edit.username.is_some() || edit.password.is_some()),
        ("authority", edit.trust.is_some()),
        ("settings", edit.settings.is_some()),
        ("switched on", edit.enabled == Some(true)),
        ("switched off", edit.enabled == Some(false)),
    ];
    let parts: Vec<&str> = parts.into_iter().filter(|(_, is)| *is).map(|(part, _)| part).collect();
    format!("Changed the notification channel {}: {}", known.name, parts.join(", "))
}

/// What is kept sealed after a change. A login stays with its server: who may point a channel elsewhere
/// must not thereby learn a password.
fn changed_secrets(before: Option<Secrets>, edit: ChannelEdit) -> Result<Secrets, ApiError> {
    let mut secrets = match (before, &edit.url) {
        (Some(secrets), _) => secrets,
        // The key file is another one: a new address can begin anew, with a key nobody has yet.
        (None, Some(_)) => {
            Secrets { key: BASE64_STANDARD.encode(rand::random::<[u8; KEY_BYTES]>()), ..Secrets::default() }
        }
        (None, None) => {
            return Err(ApiError::bad_request(
                "The channel's address cannot be read: the key file of the data folder is another one.",
            )
            .help("Give `url` anew."));
        }
    };
    if let Some(url) = edit.url {
        let place = |url: &str| address(url).map_err(|why| ApiError::bad_request(capitalised(&why)));
        let to = place(&url)?;
        if place(&secrets.url).ok().as_ref() != Some(&to) {
            (secrets.username, secrets.password) = (None, None);
        }
        if !(to.transport.has_trust() || url.starts_with("https:")) {
            secrets.trust = None;
        }
        secrets.url = url;
    }
    let or_gone = |text: String| Some(text).filter(|text| !text.is_empty());
    if let Some(username) = edit.username {
        secrets.username = or_gone(username);
        if secrets.username.is_none() {
            secrets.password = None;
        }
    }
    if let Some(password) = edit.password {
        secrets.password = or_gone(password);
    }
    if let Some(trust) = edit.trust {
        secrets.trust = or_gone(trust);
    }
    Ok(secrets)
}

/// Removes a channel, and what was still to be told there.
#[utoipa::path(delete, path = "/api/v1/channels/{id}", tag = "notifications", params(("id" = i64, Path)),
    responses((status = 204), (status = 404, body = super::error::ErrorBody)))]
pub async fn remove(State(app): State<Arc<App>>, Id(id): Id) -> Result<StatusCode, ApiError> {
    match app.state(move |store, _| store.remove_channel(id)).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(no_channel(id)),
    }
}

/// Sends a made-up alert on a channel now, and says what came of it.
#[utoipa::path(post, path = "/api/v1/channels/{id}/test", tag = "notifications", params(("id" = i64, Path)),
    responses((status = 200, body = Trial), (status = 404, body = super::error::ErrorBody)))]
pub async fn test(State(app): State<Arc<App>>, Id(id): Id) -> Result<Answer<Trial>, ApiError> {
    let record = app.state(move |store, _| store.channel(id)).await?.ok_or_else(|| no_channel(id))?;
    let (notifier, now) = (app.notifier.clone(), clock::now());
    let sent = tokio::task::spawn_blocking(move || {
        let alert = AlertRecord::made_up(made_up(now), now);
        notifier.send(&record, &alert, &format!("msg_test_{}", now.0), now)
    })
    .await;
    let sent = sent.map_err(|error| ApiError::internal(error.to_string()))?;
    let error = sent.err().map(|failure| failure.why);
    Ok(Answer(Trial { delivered: error.is_none(), error }))
}

fn made_up(now: Time) -> Finding {
    Finding {
        source: AlertSource::External,
        key: "test".to_owned(),
        name: "Test of a notification channel".to_owned(),
        summary: "Vedette sent this because somebody asked it to test the channel. Nothing happened."
            .to_owned(),
        severity: Severity::Informational,
        category: "Test".to_owned(),
        mitre: Mitre::default(),
        source_ips: Vec::new(),
        target_ips: Vec::new(),
        hosts: Vec::new(),
        users: Vec::new(),
        first_seen: now,
        last_seen: now,
        detected_at: now,
        count: 1,
        vendor: "Vedette".to_owned(),
        product: "Vedette".to_owned(),
        fields: serde_json::Map::new(),
        rule: None,
    }
}

/// What was told, is to be told, or was given up.
#[utoipa::path(get, path = "/api/v1/deliveries", tag = "notifications", params(DeliveryParameters),
    responses((status = 200, body = Deliveries), (status = 400, body = super::error::ErrorBody)))]
pub async fn deliveries(
    State(app): State<Arc<App>>,
    Query(parameters): Query<DeliveryParameters>,
) -> Result<Answer<Deliveries>, ApiError> {
    let limit = parameters.limit.unwrap_or(50);
    if !(1..=500).contains(&limit) {
        return Err(ApiError::bad_request("`limit` is 1 to 500."));
    }
    let state = parameters.state;
    if state.as_deref().is_some_and(|state| !["waiting", "delivered", "dead"].contains(&state)) {
        return Err(ApiError::bad_request("`state` is waiting, delivered or dead."));
    }
    let deliveries = app.state(move |store, _| store.deliveries(state.as_deref(), limit)).await?;
    Ok(Answer(Deliveries { deliveries }))
}

/// Tries a delivery again that was given up.
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/retry", tag = "notifications",
    params(("id" = i64, Path)),
    responses((status = 204), (status = 404, body = super::error::ErrorBody)))]
pub async fn retry(State(app): State<Arc<App>>, Id(id): Id) -> Result<StatusCode, ApiError> {
    match app.state(move |store, now| store.revive_delivery(id, now)).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::not_found(format!("There is no delivery {id} that was given up."))
            .help("`GET /api/v1/deliveries?state=dead` lists them.")),
    }
}
