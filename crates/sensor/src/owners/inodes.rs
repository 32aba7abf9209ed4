//! Which process holds a socket: a search of `/proc/*/fd`, whose result is kept until something is
//! asked for that is not in it.
//!
//! A search takes milliseconds with hundreds of processes, so its share of time is bounded: the
//! pause after one is twenty times as long as it took. Programs of other users are seen with
//! CAP_SYS_PTRACE (and CAP_DAC_READ_SEARCH) only; those that are not are counted.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

/// Between two searches at least, and so many times the length of the last.
const PAUSE: Duration = Duration::from_millis(100);
const SPARE: u32 = 20;
/// Bounds of one search.
const PROCESSES: usize = 32_768;
const SOCKETS: usize = 262_144;
const LONGEST: Duration = Duration::from_millis(500);
/// What was searched for in vain is not searched for again for so long.
const VAIN: Duration = Duration::from_secs(10);

#[derive(Default)]
pub struct Inodes {
    holders: HashMap<u64, u32>,
    vain: HashSet<u64>,
    vain_since: Option<Instant>,
    searched: Option<Instant>,
    took: Duration,
    pub searches: u64,
    pub time: Duration,
    /// Processes that could not be looked into at the last search.
    pub unreadable: u64,
}

impl Inodes {
    /// The process that holds a socket. Searches when it is not known and the time for it has come.
    pub fn holder(&mut self, inode: u64) -> Option<u32> {
        if inode == 0 {
            return None;
        }
        if let Some(&pid) = self.holders.get(&inode) {
            return Some(pid);
        }
        if self.vain_since.is_none_or(|since| since.elapsed() > VAIN) {
            (self.vain_since, self.vain) = (Some(Instant::now()), HashSet::new());
        }
        let pause = PAUSE.max(self.took * SPARE);
        if self.vain.contains(&inode) || self.searched.is_some_and(|at| at.elapsed() < pause) {
            return None;
        }
        self.search();
        let found = self.holders.get(&inode).copied();
        if found.is_none() && self.vain.len() < SOCKETS {
            self.vain.insert(inode);
        }
        found
    }

    fn search(&mut self) {
        let begun = Instant::now();
        self.holders.clear();
        self.unreadable = 0;
        let own = std::process::id();
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        for pid in pids.take(PROCESSES) {
            // What this sensor does is nobody's attempt.
            if pid != own {
                self.look_into(pid);
            }
            if begun.elapsed() > LONGEST || self.holders.len() >= SOCKETS {
                break;
            }
        }
        self.searches += 1;
        self.took = begun.elapsed();
        self.time += self.took;
        self.searched = Some(Instant::now());
    }

    fn look_into(&mut self, pid: u32) {
        let files = match fs::read_dir(format!("/proc/{pid}/fd")) {
            Ok(files) => files,
            Err(error) => {
                self.unreadable += u64::from(error.kind() == ErrorKind::PermissionDenied);
                return;
            }
        };
        let mut denied = false;
        for file in files.flatten() {
            match fs::read_link(file.path()) {
                Ok(target) => {
                    let inode = target.to_str().and_then(socket_inode);
                    if let Some(inode) = inode {
                        // Of several that share it, the first by number: a parent before its child.
                        self.holders.entry(inode).or_insert(pid);
                    }
                }
                Err(error) => denied |= error.kind() == ErrorKind::PermissionDenied,
            }
        }
        self.unreadable += u64::from(denied);
    }
}

/// `socket:[12345]`
fn socket_inode(target: &str) -> Option<u64> {
    target.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_sockets_have_inodes_of_interest() {
        assert_eq!(socket_inode("socket:[77]"), Some(77));
        for other in ["pipe:[77]", "socket:[x]", "/tmp/socket:[1]", "", "socket:[1"] {
            assert_eq!(socket_inode(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_not_there_is_not_searched_for_again_and_again() {
        let mut inodes = Inodes::default();
        for inode in 1..1_000 {
            inodes.holder(u64::MAX - inode);
        }
        assert!(inodes.searches <= 3, "{}", inodes.searches);
        assert_eq!(inodes.holder(0), None);
    }
}
