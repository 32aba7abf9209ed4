//! The thread between the capture and the sink, where events get their processes.
//!
//! It starts with the rights of whoever opens the sensor, opens the connect events, and then keeps
//! only what looking into other users' processes takes. If it fails, events go on without owners.

use super::Owners;
use super::trace::Trace;
use crate::CaptureError;
use crate::privilege::{self, Privileges};
use caps::Capability;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};
use vedette_event::Event;

/// What looking into processes of other users takes.
const NEEDS: [Capability; 2] = [Capability::CAP_SYS_PTRACE, Capability::CAP_DAC_READ_SEARCH];
/// Between two looks at the connect events, while there are some and while there are none.
const BUSY: Duration = Duration::from_millis(10);
const IDLE: Duration = Duration::from_millis(50);
const QUIET: Duration = Duration::from_secs(1);
/// Processes read ahead of their events at one look, in case they are gone by then.
const AHEAD: usize = 32;

/// What is not seen here, why, and what would help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerLimit {
    /// A sentence.
    pub what: String,
    pub help: String,
}

/// How well local processes are known. Counts are since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnerHealth {
    /// The thread runs.
    pub running: bool,
    /// The kernel tells of each connection which process makes it.
    pub connect_events: bool,
    /// Processes of other users can be looked into.
    pub other_users: bool,
    pub limits: Vec<OwnerLimit>,
    /// Attempts of this host whose process is known, and is not.
    pub named: u64,
    pub unnamed: u64,
    /// Of the latter: more than one process may have made it.
    pub ambiguous: u64,
    /// Connect events that were lost because there were too many.
    pub events_lost: u64,
    /// Questions about single sockets, and those not asked because there were too many.
    pub lookups: u64,
    pub lookups_skipped: u64,
    /// Searches of all processes' files, and how long they took in all.
    pub searches: u64,
    pub search_ms: u64,
    pub privileges: Privileges,
}

/// The thread, waiting for its work.
pub(crate) struct Stage {
    work: Sender<Work>,
    health: Arc<Mutex<OwnerHealth>>,
    thread: JoinHandle<()>,
}

struct Work {
    from: Receiver<Vec<Event>>,
    to: Sender<Vec<Event>>,
}

impl Stage {
    /// Starts the thread while this one still has all its rights.
    pub(crate) fn begin() -> Result<Stage, CaptureError> {
        let (work, wanted) = channel::<Work>();
        let health = Arc::new(Mutex::new(OwnerHealth::default()));
        let told = health.clone();
        let thread = Builder::new()
            .name("vedette-owners".to_owned())
            .spawn(move || {
                let trace = Trace::open();
                let privileges = give_up();
                let first = health_at_first(&trace, privileges);
                *lock(&told) = first;
                if let Ok(work) = wanted.recv() {
                    attend(work, trace.ok(), &told);
                }
                lock(&told).running = false;
            })
            .map_err(CaptureError::system("start a thread"))?;
        Ok(Stage { work, health, thread })
    }

    /// Names the processes of what comes `from`, and passes it on, until there is no more.
    pub(crate) fn attend(
        self,
        from: Receiver<Vec<Event>>,
        to: Sender<Vec<Event>>,
    ) -> (Arc<Mutex<OwnerHealth>>, JoinHandle<()>) {
        // The thread waits for nothing else.
        let _ = self.work.send(Work { from, to });
        (self.health, self.thread)
    }
}

pub(crate) fn lock(health: &Mutex<OwnerHealth>) -> MutexGuard<'_, OwnerHealth> {
    health.lock().unwrap_or_else(PoisonError::into_inner)
}

fn give_up() -> Privileges {
    if let Err(error) = privilege::give_up_all_but(&NEEDS).and_then(|_| privilege::bar_new_ones()) {
        tracing::warn!(%error, "the thread that names processes keeps rights it does not need");
    }
    privilege::current()
}

fn health_at_first(trace: &std::io::Result<Trace>, privileges: Privileges) -> OwnerHealth {
    let all = NEEDS.iter().all(|need| privileges.capabilities.contains(&need.to_string()));
    let mut limits = Vec::new();
    if let Err(error) = trace {
        limits.push(OwnerLimit {
            what: format!(
                "connections that end at once, as those of a connect scan, are not traced to their process: the kernel's connect events cannot be read ({error})"
            ),
            help: "start Vedette as root (it gives up its rights once they are open; a container needs --privileged)".to_owned(),
        });
    }
    if !all {
        limits.push(OwnerLimit {
            what: "of other users' programs those that send raw packets or datagrams are not named, and paths are not known".to_owned(),
            help: "start Vedette as root, or put AmbientCapabilities=CAP_NET_RAW CAP_SYS_PTRACE CAP_DAC_READ_SEARCH into its service".to_owned(),
        });
    }
    OwnerHealth {
        running: true,
        connect_events: trace.is_ok(),
        other_users: all,
        limits,
        privileges,
        ..OwnerHealth::default()
    }
}

fn attend(work: Work, mut trace: Option<Trace>, health: &Mutex<OwnerHealth>) {
    let mut owners = Some(Owners::new(trace.is_some()));
    let mut active = Instant::now();
    loop {
        let patience = if active.elapsed() < QUIET { BUSY } else { IDLE };
        let received = work.from.recv_timeout(patience);
        let mut batch = match received {
            Ok(batch) => batch,
            Err(RecvTimeoutError::Timeout) => Vec::new(),
            Err(RecvTimeoutError::Disconnected) => return,
        };
        if let Some(able) = &mut owners {
            let named = catch_unwind(AssertUnwindSafe(|| {
                if look(able, trace.as_mut()) || !batch.is_empty() {
                    active = Instant::now();
                }
                able.name(&mut batch);
                publish(able, trace.as_ref(), health);
            }));
            if named.is_err() {
                tracing::error!("naming processes failed and is off from here on; please report this");
                (owners, trace) = (None, None);
                lock(health).running = false;
            }
        }
        if !batch.is_empty() && work.to.send(batch).is_err() {
            return;
        }
    }
}

/// Takes what the kernel told of connections; true when it did.
fn look(owners: &mut Owners, trace: Option<&mut Trace>) -> bool {
    let (Some(trace), Some(connects)) = (trace, &mut owners.connects) else { return false };
    let mut makers: Vec<u32> = Vec::new();
    let any = trace.drain(|told| {
        connects.take(told);
        if told.begins && makers.len() < AHEAD && !makers.contains(&told.pid) {
            makers.push(told.pid);
        }
    });
    for pid in makers {
        owners.processes.of(pid);
    }
    any
}

fn publish(owners: &Owners, trace: Option<&Trace>, health: &Mutex<OwnerHealth>) {
    let counts = owners.counts;
    let mut health = lock(health);
    health.named = counts.named;
    health.unnamed = counts.unnamed;
    health.ambiguous = counts.ambiguous;
    health.events_lost = trace.map_or(0, |trace| trace.lost);
    health.lookups = counts.lookups;
    health.lookups_skipped = counts.lookups_skipped;
    health.searches = owners.inodes.searches;
    health.search_ms = u64::try_from(owners.inodes.time.as_millis()).unwrap_or(u64::MAX);
}
