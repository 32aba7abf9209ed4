//! Response to an attack: a source is cut off in this host's firewall, for a time.
//!
//! ```text
//! alert or person ─> judge ─> record ─> nftables (with a time-out) ─> hook
//!                      └ refused, with every reason
//! ```
//!
//! | file | topic |
//! |---|---|
//! | `policy` | what an administrator allows |
//! | `judging` | whether a block may be, and what it would do |
//! | `spare` | who is never blocked |
//! | `firewall` | our table in nftables |
//! | `hook` | the command that is told |
//! | `follow`, `followers` | other hosts that carry blocks out, at their end and at ours |
//! | `connections` | what a block would cut |
//!
//! Off until it is switched on, and then only with evidence: a source that completed a handshake cannot be
//! a forged address. Whoever can forge addresses must not be able to make this host cut off others: a person
//! may block a source that is confirmed, the policy by itself only one that completed a handshake.

mod connections;
mod firewall;
pub mod follow;
pub mod followers;
mod hook;
mod judging;
pub mod policy;
mod spare;

use crate::clock;
use crate::state::{AlertRecord, BlockRecord, Ending, NewBlock, StateError, Store};
pub use firewall::FirewallError;
use hook::Hook;
use judging::proves;
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::{Value, json};
pub use spare::{Seats, Surroundings};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use utoipa::ToSchema;
use vedette_detect::Class;
use vedette_event::Time;

/// Blocks in force at one time, and those that the policy may make in an hour.
const MOST_BLOCKS: usize = 1000;
const MOST_AUTOMATIC: u64 = 100;
const HOUR: i64 = 3_600_000_000;
/// Sources of one alert that the policy blocks.
const MOST_SOURCES: usize = 16;
const OURSELVES: &str = "vedette";

/// A block that somebody wants.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub address: IpAddr,
    pub seconds: u64,
    pub alert_id: Option<i64>,
    pub reason: String,
    /// An administrator does without confirmed evidence.
    pub overridden: bool,
    pub automatic: bool,
    pub by: String,
    /// From where they ask.
    pub asker: Option<IpAddr>,
}

/// Why a block is refused.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Refusal {
    /// `response_off`, `firewall_unavailable`, `never_block`, `not_confirmed`, `no_evidence`,
    /// `alert_not_found`, `too_many_blocks` or `bad_duration`.
    pub code: &'static str,
    pub message: String,
    pub help: Option<String>,
}

/// What a block would do.
#[derive(Clone, Debug)]
pub struct Plan {
    pub refusals: Vec<Refusal>,
    pub evidence: Option<AlertRecord>,
    /// It is blocked already, until then.
    pub blocked_until: Option<Time>,
    /// What a person should know before.
    pub warnings: Vec<String>,
    /// Open TCP connections with it, which would hang.
    pub connections: usize,
    pub commands: String,
}

#[derive(Debug, thiserror::Error)]
pub enum ResponseError {
    #[error("the block is refused")]
    Refused(Vec<Refusal>),
    #[error(transparent)]
    Firewall(#[from] FirewallError),
    #[error(transparent)]
    State(#[from] StateError),
}

pub struct Responder {
    store: Arc<Store>,
    /// The command line allowed it (`vedette up --response`).
    pub allowed: bool,
    classes: Vec<Class>,
    pub seats: Seats,
    pub followers: followers::Followers,
    hooks: Option<SyncSender<(i64, Value)>>,
    pub hook_trouble: Option<String>,
    pub hook_failures: Arc<AtomicU64>,
    hostname: String,
    /// Changes come one after the other: record and kernel must agree.
    changing: Mutex<()>,
    pub last_error: Mutex<Option<String>>,
}

impl Responder {
    pub fn new(
        store: Arc<Store>,
        allowed: bool,
        classes: Vec<Class>,
        folder: &Path,
        hostname: String,
    ) -> Arc<Responder> {
        let (hook, hook_trouble) = match Hook::read(folder) {
            Ok(hook) => (hook.filter(|_| allowed), None),
            Err(trouble) => (None, Some(trouble)),
        };
        let hook_failures = Arc::new(AtomicU64::new(0));
        let hooks = hook.map(|hook| hook::start(hook, store.clone(), hook_failures.clone()));
        Arc::new(Responder {
            store,
            allowed,
            classes,
            seats: Seats::default(),
            followers: followers::Followers::default(),
            hooks,
            hook_trouble,
            hook_failures,
            hostname,
            changing: Mutex::default(),
            last_error: Mutex::default(),
        })
    }

    pub fn has_hook(&self) -> bool {
        self.hooks.is_some()
    }

    /// What hosts that follow are to carry out.
    pub fn order(&self, now: Time) -> Result<follow::Order, StateError> {
        let policy = self.store.response_policy()?;
        let blocks = if policy.enabled { self.store.blocks(false, MOST_BLOCKS as u32)? } else { Vec::new() };
        let ordered =
            |block: &BlockRecord| follow::Ordered { address: block.address, seconds: left(block, now) };
        let blocks = blocks.iter().map(ordered).collect();
        Ok(follow::Order { enabled: policy.enabled, blocks, never_block: policy.never_block })
    }

    /// Whether this host's firewall can be changed.
    pub fn ready(&self) -> Result<(), FirewallError> {
        if self.allowed { firewall::ready() } else { Err(FirewallError::NotPermitted) }
    }

    /// Blocks a source, or makes its block longer. True when it was not blocked before. Blocks the thread.
    pub fn block(&self, wanted: &Wanted, now: Time) -> Result<(BlockRecord, bool), ResponseError> {
        let _turn = self.changing.lock();
        let plan = self.plan(wanted, now)?;
        if !plan.refusals.is_empty() {
            return Err(ResponseError::Refused(plan.refusals));
        }
        let seconds = i64::try_from(wanted.seconds).unwrap_or(i64::MAX / 1_000_000);
        let new = NewBlock {
            address: wanted.address,
            alert_id: plan.evidence.as_ref().map(|alert| alert.life.alert_id),
            reason: &wanted.reason,
            automatic: wanted.automatic,
            overridden: wanted.overridden,
            by: &wanted.by,
            expires_at: now.plus(seconds * 1_000_000),
        };
        // First the record: after a crash in between, the record is what is made true.
        let (block, fresh) = self.store.note_block(&new, now)?;
        if let Err(error) = firewall::block(&[(block.address, left(&block, now))]) {
            if fresh {
                self.store.end_block(block.id, Ending::Failed, OURSELVES, clock::now())?;
            }
            *self.last_error.lock() = Some(error.to_string());
            return Err(error.into());
        }
        tracing::warn!(address = %block.address, seconds = wanted.seconds, by = ?wanted.by, "a source is blocked");
        if fresh {
            self.tell_hook("block", &block, plan.evidence.as_ref());
        }
        Ok((block, fresh))
    }

    /// Ends a block; `None` when it is not in force.
    pub fn undo(&self, id: i64, by: &str, now: Time) -> Result<Option<BlockRecord>, ResponseError> {
        let _turn = self.changing.lock();
        let Some(block) = self.store.block(id)?.filter(|block| block.ended_at.is_none()) else {
            return Ok(None);
        };
        self.ready()?;
        firewall::unblock(block.address)?;
        let ended = self.store.end_block(id, Ending::Undone, by, now)?;
        if let Some(block) = &ended {
            self.tell_hook("undo", block, None);
        }
        Ok(ended)
    }

    /// Ends all blocks and takes our table away; the blocks that were in force.
    pub fn clear(&self, by: &str, now: Time) -> Result<Vec<BlockRecord>, ResponseError> {
        let _turn = self.changing.lock();
        self.clear_in_turn(by, now)
    }

    fn clear_in_turn(&self, by: &str, now: Time) -> Result<Vec<BlockRecord>, ResponseError> {
        self.ready()?;
        firewall::clear()?;
        let ended = self.store.end_blocks(Ending::Cleared, by, now)?;
        ended.iter().for_each(|block| self.tell_hook("undo", block, None));
        Ok(ended)
    }

    /// Makes kernel and records agree: what is over is marked so, what is missing in the kernel (after a
    /// restart of the host) comes back, what is not in the records goes. The blocks that ended.
    pub fn reconcile(&self, now: Time) -> Result<Vec<BlockRecord>, ResponseError> {
        let _turn = self.changing.lock();
        let mut over = self.store.expire_blocks(now)?;
        over.iter().for_each(|block| self.tell_hook("expired", block, None));
        if self.ready().is_err() {
            return Ok(over);
        }
        if !self.store.response_policy()?.enabled {
            if firewall::blocked()?.is_some() {
                over.extend(self.clear_in_turn(OURSELVES, now)?);
            }
            return Ok(over);
        }
        let wanted = self.store.blocks(false, MOST_BLOCKS as u32)?;
        let kernel = firewall::blocked()?;
        if kernel.is_none() && wanted.is_empty() {
            return Ok(over);
        }
        let kernel = kernel.unwrap_or_default();
        let missing: Vec<(IpAddr, u64)> = wanted
            .iter()
            .filter(|block| !kernel.iter().any(|(address, _)| *address == block.address))
            .map(|block| (block.address, left(block, now)))
            .collect();
        if !missing.is_empty() {
            firewall::block(&missing)?;
        }
        for (address, _) in kernel {
            if !wanted.iter().any(|block| block.address == address) {
                firewall::unblock(address)?;
            }
        }
        Ok(over)
    }

    /// What the policy makes of an alert: the blocks that were made.
    pub fn consider(&self, alert: &AlertRecord, now: Time) -> Result<Vec<BlockRecord>, ResponseError> {
        let policy = self.store.response_policy()?;
        let automatic = &policy.automatic;
        let wanted = policy.enabled
            && automatic.enabled
            && self.allowed
            && alert.severity() >= automatic.min_severity
            && alert.life.excluded_by.is_none()
            && alert.life.status != "closed"
            && alert.life.active
            && !alert.self_test;
        let Some(detection) = alert.subject.detection().filter(|d| wanted && d.direction != "outbound")
        else {
            return Ok(Vec::new());
        };
        let id = alert.life.alert_id;
        let mut made = Vec::new();
        for address in detection.source_ips.iter().copied().take(MOST_SOURCES) {
            let known = self.store.block_of(address)?.is_some() || self.store.was_undone(address, id)?;
            if known || !proves(alert, address) {
                continue;
            }
            if self.store.automatic_blocks_since(now.plus(-HOUR))? >= MOST_AUTOMATIC {
                let why = format!("the policy made {MOST_AUTOMATIC} blocks within an hour and makes no more");
                *self.last_error.lock() = Some(why);
                break;
            }
            let wanted = Wanted {
                address,
                seconds: automatic.seconds,
                alert_id: Some(id),
                reason: format!("Policy: a confirmed scan of severity {}", alert.severity().as_str()),
                overridden: false,
                automatic: true,
                by: OURSELVES.to_owned(),
                asker: None,
            };
            match self.block(&wanted, now) {
                Ok((block, true)) => made.push(block),
                // Spared, for example: each is a reason that was foreseen.
                Ok(_) | Err(ResponseError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(made)
    }

    fn tell_hook(&self, action: &str, block: &BlockRecord, alert: Option<&AlertRecord>) {
        let Some(hooks) = &self.hooks else { return };
        let told = json!({
            "action": action,
            "address": block.address,
            "expires_at": block.expires_at,
            "reason": block.reason,
            "by": block.ended_by.as_ref().unwrap_or(&block.created_by),
            "automatic": block.automatic,
            "host": self.hostname,
            "alert_id": block.alert_id,
            "alert": alert.map(|alert| json!({
                "id": alert.life.alert_id,
                "name": alert.subject.name(),
                "severity": alert.severity(),
                "detected_at": alert.subject.detected_at(),
            })),
        });
        if hooks.try_send((block.id, told)).is_err() {
            self.hook_failures.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Seconds that a block has left, at least one.
fn left(block: &BlockRecord, now: Time) -> u64 {
    u64::try_from(block.expires_at.since(now) / 1_000_000).unwrap_or(0).max(1)
}

/// Without a server: takes our table out of the firewall, and marks the blocks of a data folder as ended, so
/// that a server that starts does not bring them back. Whether there was a table, and how many blocks.
///
/// # Errors
/// A sentence for people, with what to do.
pub fn clear_offline(folder: &Path) -> Result<(bool, usize), String> {
    let table = firewall::clear().map_err(|error| format!("{error}. {}", error.help()))?;
    let path = folder.join(crate::server::STATE);
    if !path.exists() {
        return Ok((table, 0));
    }
    let store = Store::open(&path).map_err(|error| error.to_string())?;
    let ended =
        store.end_blocks(Ending::Cleared, "local", clock::now()).map_err(|error| error.to_string())?;
    Ok((table, ended.len()))
}

#[cfg(test)]
mod tests;
