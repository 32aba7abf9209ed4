//! Giving up rights once the capture socket is open.
//!
//! # The contract
//! Opening the ring needs CAP_NET_RAW; no work on packets afterwards needs any capability: not
//! reading, not changing the filter, not listing interfaces. On Linux capabilities belong to threads, and a new
//! thread starts with its maker's. So:
//!
//! 1. [`crate::Sensor::open`] while the process has one thread.
//! 2. [`give_up_all_but`] in that thread, before any other thread (an async runtime) starts. What
//!    the rest of the process needs is named there: nothing for an agent; see [`SERVER_NEEDS`] for
//!    a server that was started as root.
//! 3. [`crate::Sensor::start`]: the capture thread, the one that reads strangers' packets, gives up
//!    whatever is left, always, and is barred from gaining rights by executing a file. The thread
//!    that calls the sink keeps the caller's rights, because the sink is the server's: it may have
//!    to write a data folder of another user.
//! 4. The thread that names local processes is made in step 1, so that it can open the kernel's
//!    connect events. It then keeps CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH where it had them, to see
//!    which process of another user holds a socket, and nothing else; it reads no packets.
//!
//! A process that cannot keep this order (a sensor started later, a test) may skip step 2: the
//! capture thread is without capabilities all the same, the others keep theirs. Health says what
//! the capture thread holds.
//!
//! Root without capabilities still owns root's files. Running as a user of its own with
//! `setcap cap_net_raw+ep` is the better way, and the one that `make run` offers.

use crate::sys;
use caps::{CapSet, Capability, CapsHashSet};

/// What a server that was started as root keeps: its data folder may belong to another user, and
/// it may have to listen below port 1024. Everything else goes, CAP_NET_RAW included.
pub const SERVER_NEEDS: [Capability; 2] = [Capability::CAP_DAC_OVERRIDE, Capability::CAP_NET_BIND_SERVICE];

/// What a server keeps that may also block sources in this host's firewall (`vedette up --response`).
pub const RESPONDER_NEEDS: [Capability; 3] = [SERVER_NEEDS[0], SERVER_NEEDS[1], Capability::CAP_NET_ADMIN];

/// What a host keeps that carries out another server's blocks (`vedette response follow`).
pub const FOLLOWER_NEEDS: [Capability; 1] = [Capability::CAP_NET_ADMIN];

/// What the calling thread may do.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Privileges {
    /// Effective user id.
    pub user_id: u32,
    /// Names of the capabilities it holds, `CAP_…`, sorted.
    pub capabilities: Vec<String>,
    /// It cannot gain rights by executing a file.
    pub no_new_privileges: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("giving up capabilities: {0}")]
pub struct PrivilegeError(String);

/// Gives up every capability of the calling thread, and thereby of the threads it makes from now
/// on, but those in `keep` that it has. Ambient and inheritable capabilities go altogether; the
/// bounding set shrinks to `keep` where the thread may change it (root).
///
/// # Errors
/// When a capability is still there afterwards.
pub fn give_up_all_but(keep: &[Capability]) -> Result<Privileges, PrivilegeError> {
    let failed = |error: caps::errors::CapsError| PrivilegeError(error.to_string());
    // First, because changing it needs a capability that is about to go.
    if caps::has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP).unwrap_or(false) {
        for capability in caps::read(None, CapSet::Bounding).map_err(failed)? {
            if !keep.contains(&capability) {
                caps::drop(None, CapSet::Bounding, capability).map_err(failed)?;
            }
        }
    }
    // Kernels before 4.3 have no ambient set to clear.
    let _ = caps::clear(None, CapSet::Ambient);
    let permitted = caps::read(None, CapSet::Permitted).map_err(failed)?;
    let kept: CapsHashSet = permitted.into_iter().filter(|capability| keep.contains(capability)).collect();
    caps::set(None, CapSet::Effective, &kept).map_err(failed)?;
    caps::set(None, CapSet::Permitted, &kept).map_err(failed)?;
    caps::clear(None, CapSet::Inheritable).map_err(failed)?;
    let left = caps::read(None, CapSet::Permitted).map_err(failed)?;
    if left != kept {
        return Err(PrivilegeError(format!("the kernel left {left:?}")));
    }
    Ok(current())
}

/// Gives up everything, for good: for the capture thread.
pub(crate) fn give_up_everything() -> Result<Privileges, PrivilegeError> {
    give_up_all_but(&[])?;
    bar_new_ones()?;
    Ok(current())
}

/// Bars the calling thread from gaining rights by executing a file.
pub(crate) fn bar_new_ones() -> Result<(), PrivilegeError> {
    sys::no_new_privileges().map_err(|error| PrivilegeError(error.to_string()))
}

/// What the calling thread may do now.
pub fn current() -> Privileges {
    let held = caps::read(None, CapSet::Permitted).unwrap_or_default();
    let mut capabilities: Vec<String> = held.iter().map(Capability::to_string).collect();
    capabilities.sort_unstable();
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    Privileges {
        user_id: sys::effective_uid(),
        capabilities,
        no_new_privileges: status.lines().any(|line| line.starts_with("NoNewPrivs:") && line.ends_with('1')),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn capability_lines() -> Vec<(String, u64)> {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let lines = status.lines().filter_map(|line| line.strip_prefix("Cap")?.split_once(":\t"));
        lines.map(|(name, hex)| (name.to_owned(), u64::from_str_radix(hex, 16).unwrap())).collect()
    }

    #[test]
    fn a_thread_gives_up_everything_and_the_others_keep_theirs() {
        let before = capability_lines();
        let inside = std::thread::spawn(|| {
            let privileges = give_up_everything().unwrap();
            assert!(privileges.capabilities.is_empty() && privileges.no_new_privileges, "{privileges:?}");
            let grandchild = std::thread::spawn(capability_lines).join().unwrap();
            (capability_lines(), grandchild)
        });
        let (thread, grandchild) = inside.join().unwrap();
        let root = before.iter().any(|(name, bits)| name == "Eff" && *bits != 0);
        for lines in [thread, grandchild] {
            for (name, bits) in lines {
                // Without CAP_SETPCAP the bounding set stays; it grants nothing by itself.
                assert!(bits == 0 || (name == "Bnd" && !root), "Cap{name} is {bits:#x}");
            }
        }
        assert_eq!(capability_lines(), before);
    }

    #[test]
    fn what_is_named_stays_where_it_was_held() {
        let kept = std::thread::spawn(|| give_up_all_but(&SERVER_NEEDS).unwrap()).join().unwrap();
        let held = caps::has_cap(None, CapSet::Permitted, Capability::CAP_DAC_OVERRIDE).unwrap();
        let expected: &[&str] = if held { &["CAP_DAC_OVERRIDE", "CAP_NET_BIND_SERVICE"] } else { &[] };
        assert_eq!(kept.capabilities, expected);
    }
}
