//! What the lake tells about itself: datasets, counters, health.

use serde::Serialize;
use std::sync::atomic::{AtomicU64, Ordering};
use vedette_event::Time;

/// The answer to a durable append.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ack {
    pub rows: u64,
    /// Cells that became null because they did not fit their field.
    pub nulled_cells: u64,
    /// Position in the write-ahead log; grows with every append of this folder.
    pub sequence: u64,
}

/// One dataset as it stands.
#[derive(Clone, Debug, Serialize)]
pub struct DatasetInfo {
    pub name: String,
    /// All rows, those in memory included.
    pub rows: u64,
    /// Size of the live data files.
    pub bytes: u64,
    pub files: u64,
    /// Smallest and largest `_time`.
    pub oldest: Option<Time>,
    pub newest: Option<Time>,
    /// Rows not in a data file yet (durable in the write-ahead log).
    pub memory_rows: u64,
    pub memory_bytes: u64,
    /// Version of the Delta table; none before its first flush.
    pub table_version: Option<u64>,
    /// Rows dropped by retention since the lake was opened.
    pub expired_rows: u64,
}

/// Counters since the lake was opened.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LakeStats {
    pub appends: u64,
    pub appended_rows: u64,
    pub failed_appends: u64,
    /// Syncs of the write-ahead log; many appends share one.
    pub syncs: u64,
    /// Cells that became null because they did not fit their field.
    pub nulled_cells: u64,
    /// Appends that had to wait because memory was full.
    pub waits: u64,
    /// Rows brought back from the write-ahead log when the lake was opened.
    pub replayed_rows: u64,
    /// Bytes of records cut off at the end of the log when the lake was opened: never acknowledged.
    pub torn_bytes: u64,
    /// Stretches of the log that were damaged and put into quarantine.
    pub damaged_ranges: u64,
    pub wal_bytes: u64,
    pub wal_segments: u64,
    pub memory_bytes: u64,
    pub flushes: u64,
    pub merges: u64,
    /// Rows dropped by retention.
    pub expired_rows: u64,
    /// Data files replaced but not deleted yet.
    pub replaced_files: u64,
    pub replaced_bytes: u64,
    pub last_flush: Option<Time>,
    pub last_error: Option<String>,
}

/// Whether the lake can do its work.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Health {
    /// Empty when all is well.
    pub problems: Vec<Problem>,
}

/// One part that is not well.
#[derive(Clone, Debug, Serialize)]
pub struct Problem {
    /// `write-ahead log`, `dataset xdr_data`, ….
    pub part: String,
    /// What, why, and what to do.
    pub message: String,
    /// Appends fail or will soon; otherwise only old data or housekeeping suffers.
    pub stops_appends: bool,
}

impl Health {
    pub fn is_well(&self) -> bool {
        self.problems.is_empty()
    }

    /// True when appends are expected to succeed.
    pub fn accepts_rows(&self) -> bool {
        !self.problems.iter().any(|problem| problem.stops_appends)
    }
}

/// What is counted as it happens; see [`LakeStats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub appends: AtomicU64,
    pub appended_rows: AtomicU64,
    pub failed_appends: AtomicU64,
    pub nulled_cells: AtomicU64,
    pub waits: AtomicU64,
    pub flushes: AtomicU64,
    pub merges: AtomicU64,
    pub damaged_ranges: AtomicU64,
}

impl Counters {
    pub fn read(&self) -> LakeStats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        LakeStats {
            appends: get(&self.appends),
            appended_rows: get(&self.appended_rows),
            failed_appends: get(&self.failed_appends),
            nulled_cells: get(&self.nulled_cells),
            waits: get(&self.waits),
            flushes: get(&self.flushes),
            merges: get(&self.merges),
            damaged_ranges: get(&self.damaged_ranges),
            ..LakeStats::default()
        }
    }
}
