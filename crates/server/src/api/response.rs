//! Response to an attack: what is allowed, what a block would do, blocks and their end.

use super::error::ApiError;
use super::extract::{Id, Json, Query};
use super::guard::Peer;
use crate::access::{Identity, Role};
use crate::app::App;
use crate::audit::{self, Note};
use crate::clock;
use crate::prefix::Prefix;
use crate::response::follow::{Carried, Order};
use crate::response::followers::Follower;
use crate::response::policy::{Automatic, Policy};
use crate::response::{Plan, Refusal, ResponseError, Surroundings, Wanted};
use crate::state::BlockRecord;
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json as Answer};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::net::IpAddr;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use vedette_event::{Attribution, Severity, Time};

const LONGEST_REASON: usize = 1000;
const MOST_LISTED: u32 = 1000;

#[derive(Serialize, ToSchema)]
pub struct ResponseStatus {
    policy: Policy,
    /// Sources can be blocked in this host's firewall; if not, why, and what to do.
    ready: bool,
    reason: Option<String>,
    help: Option<String>,
    /// Sources that are blocked now.
    blocks: usize,
    /// What is never blocked as this host stands, besides the policy's list.
    spared: SparedNow,
    /// A hook command is told of blocks.
    hook: bool,
    /// Hosts that carry blocks out in their own firewalls (`vedette response follow`).
    followers: Vec<Follower>,
    last_error: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct SparedNow {
    #[schema(value_type = Vec<String>)]
    own: Vec<IpAddr>,
    #[schema(value_type = Vec<String>)]
    routers: Vec<IpAddr>,
    #[schema(value_type = Vec<String>)]
    resolvers: Vec<IpAddr>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyEdit {
    enabled: Option<bool>,
    #[schema(value_type = Option<Vec<String>>)]
    never_block: Option<Vec<Prefix>>,
    automatic: Option<Automatic>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BlockRequest {
    /// Without it, the only source of `alert_id`.
    #[schema(value_type = Option<String>)]
    address: Option<IpAddr>,
    /// The alert that is the evidence; without it, a confirmed one of the last 7 days is looked for.
    alert_id: Option<i64>,
    /// 60 to 2,592,000.
    seconds: u64,
    /// Not needed for a preview.
    #[serde(default)]
    reason: String,
    /// Do without confirmed evidence. For administrators.
    #[serde(default, rename = "override")]
    overridden: bool,
}

/// What a block would do.
#[derive(Serialize, ToSchema)]
pub struct BlockPreview {
    #[schema(value_type = String)]
    address: IpAddr,
    seconds: u64,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Time,
    would_block: bool,
    /// Every reason why not.
    refusals: Vec<Refusal>,
    /// What to know before.
    warnings: Vec<String>,
    /// It is blocked already, until then.
    #[schema(value_type = Option<String>, format = DateTime)]
    blocked_until: Option<Time>,
    /// The alert that is the evidence.
    evidence: Option<Evidence>,
    /// Open TCP connections with it, which would hang.
    open_connections: usize,
    /// What the firewall would be told, in nft's language.
    commands: String,
    /// A hook command would be told.
    hook: bool,
}

#[derive(Serialize, ToSchema)]
pub struct Evidence {
    alert_id: i64,
    name: String,
    #[schema(value_type = String)]
    severity: Severity,
    #[schema(value_type = Option<String>)]
    attribution: Option<Attribution>,
}

#[derive(Serialize, ToSchema)]
pub struct Blocks {
    blocks: Vec<BlockRecord>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BlockParameters {
    /// Also those that are over.
    all: Option<bool>,
}

/// How response stands.
#[utoipa::path(get, path = "/api/v1/response", tag = "response", responses((status = 200, body = ResponseStatus)))]
pub async fn show(State(app): State<Arc<App>>) -> Result<Answer<ResponseStatus>, ApiError> {
    let (policy, blocks) =
        app.state(|store, _| Ok((store.response_policy()?, store.blocks(false, u32::MAX)?.len()))).await?;
    let unable = app.responder.ready().err();
    let now = Surroundings::read();
    Ok(Answer(ResponseStatus {
        policy,
        ready: unable.is_none(),
        help: unable.as_ref().map(|error| error.help().to_owned()),
        reason: unable.map(|error| super::error::capitalised(&error.to_string())),
        blocks,
        spared: SparedNow { own: now.own, routers: now.gateways, resolvers: now.resolvers },
        hook: app.responder.has_hook(),
        followers: app.responder.followers.list(clock::now()),
        last_error: app.responder.last_error.lock().clone(),
    }))
}

/// Changes what is allowed. Switching response off ends all blocks.
#[utoipa::path(patch, path = "/api/v1/response", tag = "response", request_body = PolicyEdit,
    responses((status = 200, body = ResponseStatus), (status = 400, body = super::error::ErrorBody),
              (status = 409, body = super::error::ErrorBody)))]
pub async fn edit(
    State(app): State<Arc<App>>,
    Extension(note): Extension<Note>,
    Json(edit): Json<PolicyEdit>,
) -> Result<Answer<ResponseStatus>, ApiError> {
    let mut policy = app.state(|store, _| store.response_policy()).await?;
    if edit.enabled == Some(true)
        && let Err(error) = app.responder.ready()
    {
        let message = super::error::capitalised(&format!("{error}: no source can be blocked."));
        return Err(ApiError::new(StatusCode::CONFLICT, "response_unavailable", message).help(error.help()));
    }
    policy.enabled = edit.enabled.unwrap_or(policy.enabled);
    policy.never_block = edit.never_block.unwrap_or(policy.never_block);
    policy.automatic = edit.automatic.unwrap_or(policy.automatic);
    if let Some(why) = policy.mistake() {
        return Err(ApiError::bad_request(why));
    }
    let word = |on: bool| if on { "on" } else { "off" };
    note.say(format!(
        "Response is {}, by itself {}; {} networks are never blocked",
        word(policy.enabled),
        word(policy.automatic.enabled),
        policy.never_block.len()
    ));
    app.state(move |store, _| store.set_response_policy(&policy)).await?;
    *app.responder.last_error.lock() = None;
    let responder = app.responder.clone();
    blocking(move || responder.reconcile(clock::now())).await?;
    show(State(app)).await
}

/// Sources that are blocked.
#[utoipa::path(get, path = "/api/v1/response/blocks", tag = "response", params(BlockParameters),
    responses((status = 200, body = Blocks)))]
pub async fn blocks(
    State(app): State<Arc<App>>,
    Query(parameters): Query<BlockParameters>,
) -> Result<Answer<Blocks>, ApiError> {
    let all = parameters.all.unwrap_or_default();
    let blocks = app.state(move |store, _| store.blocks(all, MOST_LISTED)).await?;
    Ok(Answer(Blocks { blocks }))
}

/// What a block would do, and every reason why it would be refused. Changes nothing.
#[utoipa::path(post, path = "/api/v1/response/preview", tag = "response", request_body = BlockRequest,
    responses((status = 200, body = BlockPreview), (status = 400, body = super::error::ErrorBody)))]
pub async fn preview(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Identity>,
    peer: Option<Extension<Peer>>,
    Json(request): Json<BlockRequest>,
) -> Result<Answer<BlockPreview>, ApiError> {
    let wanted = wanted(&app, &who, peer, request).await?;
    let (responder, asked) = (app.responder.clone(), wanted.clone());
    let now = clock::now();
    let plan = blocking(move || Ok(responder.plan(&asked, now)?)).await?;
    Ok(Answer(shown(&app, &wanted, plan, now)))
}

fn shown(app: &App, wanted: &Wanted, plan: Plan, now: Time) -> BlockPreview {
    let seconds = i64::try_from(wanted.seconds).unwrap_or(i64::MAX / 1_000_000).min(i64::MAX / 2_000_000);
    BlockPreview {
        address: wanted.address,
        seconds: wanted.seconds,
        expires_at: now.plus(seconds * 1_000_000),
        would_block: plan.refusals.is_empty(),
        refusals: plan.refusals,
        warnings: plan.warnings,
        blocked_until: plan.blocked_until,
        evidence: plan.evidence.map(|alert| Evidence {
            alert_id: alert.life.alert_id,
            name: alert.subject.name().to_owned(),
            severity: alert.severity(),
            attribution: alert.subject.detection().map(|d| d.attribution),
        }),
        open_connections: plan.connections,
        commands: plan.commands,
        hook: app.responder.has_hook(),
    }
}

/// Blocks a source for a time, or makes its block longer.
#[utoipa::path(post, path = "/api/v1/response/blocks", tag = "response", request_body = BlockRequest,
    responses((status = 201, body = BlockRecord), (status = 409, body = super::error::ErrorBody),
              (status = 503, body = super::error::ErrorBody)))]
pub async fn block(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Identity>,
    Extension(note): Extension<Note>,
    peer: Option<Extension<Peer>>,
    Json(request): Json<BlockRequest>,
) -> Result<(StatusCode, Answer<BlockRecord>), ApiError> {
    let reason = request.reason.trim();
    if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
        return Err(ApiError::bad_request("A block needs a `reason` of 1 to 1,000 characters."));
    }
    let wanted = wanted(&app, &who, peer, request).await?;
    note.asset(wanted.address);
    let how = if wanted.overridden { " without confirmed evidence" } else { "" };
    note.say(format!("Block {} for {} s{how}: {}", wanted.address, wanted.seconds, wanted.reason));
    let responder = app.responder.clone();
    let (block, _) = blocking(move || responder.block(&wanted, clock::now())).await?;
    Ok((StatusCode::CREATED, Answer(block)))
}

/// Ends a block before its time.
#[utoipa::path(delete, path = "/api/v1/response/blocks/{id}", tag = "response", params(("id" = i64, Path)),
    responses((status = 200, body = BlockRecord), (status = 404, body = super::error::ErrorBody)))]
pub async fn undo(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Identity>,
    Extension(note): Extension<Note>,
    Id(id): Id,
) -> Result<Answer<BlockRecord>, ApiError> {
    let responder = app.responder.clone();
    let ended = blocking(move || responder.undo(id, &who.name, clock::now())).await?;
    let ended = ended.ok_or_else(|| ApiError::not_found(format!("There is no block {id} in force.")))?;
    note.say(format!("Undid the block of {}", ended.address));
    Ok(Answer(ended))
}

/// Ends all blocks, and takes Vedette's table out of the firewall.
#[utoipa::path(post, path = "/api/v1/response/clear", tag = "response",
    responses((status = 200, body = Blocks), (status = 409, body = super::error::ErrorBody)))]
pub async fn clear(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Identity>,
    Extension(note): Extension<Note>,
) -> Result<Answer<Blocks>, ApiError> {
    let responder = app.responder.clone();
    let blocks = blocking(move || responder.clear(&who.name, clock::now())).await?;
    note.say(format!("Ended all blocks, {} of them", blocks.len()));
    Ok(Answer(Blocks { blocks }))
}

/// What a host that follows tells of itself.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// As it calls itself, 1 to 200 characters.
    host: String,
    carried: Carried,
}

/// Takes what a host made of the last order, and answers with what it is to block now.
#[utoipa::path(post, path = "/api/v1/response/follow", tag = "response", request_body = Report,
    responses((status = 200, body = Order), (status = 400, body = super::error::ErrorBody)))]
pub async fn follow(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    Json(report): Json<Report>,
) -> Result<Answer<Order>, ApiError> {
    let host = report.host.trim().to_owned();
    if host.is_empty() || host.chars().count() > 200 || host.chars().any(char::is_control) {
        return Err(ApiError::bad_request("`host` has 1 to 200 characters."));
    }
    if report.carried.blocked.len().max(report.carried.spared.len()) > MOST_LISTED as usize {
        return Err(ApiError::bad_request(format!("`carried` has at most {MOST_LISTED} addresses.")));
    }
    let mut carried = report.carried;
    let cut = |text: &mut String| *text = text.chars().take(500).collect();
    carried.trouble.iter_mut().for_each(cut);
    carried.spared.iter_mut().for_each(|one| cut(&mut one.why));
    let address = peer.map(|Extension(peer)| peer.0.ip().to_string()).unwrap_or_default();
    let follower = Follower { host: host.clone(), address, last_seen: clock::now(), carried };
    let changed = app.responder.followers.note(follower);
    let changed = changed.ok_or_else(|| ApiError::busy("Too many hosts follow this server."))?;
    for (verb, said, addresses) in
        [("Block", "blocks", changed.begun), ("Expire", "no longer blocks", changed.ended)]
    {
        if !addresses.is_empty() {
            let list = addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(", ");
            audit::own(&app, ("RESPONSE", verb), format!("The host {host} {said} {list}")).await;
        }
    }
    let responder = app.responder.clone();
    blocking(move || Ok(responder.order(clock::now())?)).await.map(Answer)
}

/// The block that a request means.
async fn wanted(
    app: &App,
    who: &Identity,
    peer: Option<Extension<Peer>>,
    request: BlockRequest,
) -> Result<Wanted, ApiError> {
    if request.overridden && who.role != Role::Administrator {
        let message = "Only an administrator may do without confirmed evidence.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden", message));
    }
    let address = match (request.address, request.alert_id) {
        (Some(address), _) => address,
        (None, Some(id)) => {
            let alert = app.state(move |store, _| store.alert(id)).await?;
            let alert = alert.ok_or_else(|| super::alerts::no_alert(id))?;
            match alert.subject.source_ips() {
                [only] => *only,
                all => {
                    let message = format!("Alert {id} has {} sources: name one as `address`.", all.len());
                    return Err(ApiError::bad_request(message));
                }
            }
        }
        (None, None) => return Err(ApiError::bad_request("Give `address` or `alert_id`.")),
    };
    Ok(Wanted {
        address: address.to_canonical(),
        seconds: request.seconds,
        alert_id: request.alert_id,
        reason: request.reason.trim().to_owned(),
        overridden: request.overridden,
        automatic: false,
        by: who.name.clone(),
        asker: peer.map(|Extension(peer)| peer.0.ip()),
    })
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ResponseError> + Send + 'static,
) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| ApiError::internal(format!("response: {error}")))?.map_err(|error| match error {
        ResponseError::Refused(refusals) => refused(&refusals),
        ResponseError::Firewall(error) => {
            let message = super::error::capitalised(&error.to_string());
            ApiError::new(StatusCode::CONFLICT, "firewall_unavailable", message).help(error.help())
        }
        ResponseError::State(error) => error.into(),
    })
}

fn refused(refusals: &[Refusal]) -> ApiError {
    let message = refusals.iter().map(|one| one.message.as_str()).collect::<Vec<_>>().join(" ");
    let help = refusals.iter().find_map(|one| one.help.clone()).unwrap_or_default();
    ApiError::new(StatusCode::CONFLICT, "block_refused", message)
        .help(help)
        .extra("refusals", json!(refusals))
}
