//! The lake's settings. Every one has a default that suits a single host.

use std::path::PathBuf;
use std::time::Duration;
use vedette_event::Dataset;

#[derive(Clone, Debug)]
pub struct LakeConfig {
    /// The folder; made when absent. One process at a time.
    pub dir: PathBuf,
    /// The datasets the lake holds.
    pub datasets: Vec<&'static Dataset>,
    /// Rows are kept this many days after they were stored. 0 keeps them for ever.
    pub retention_days: u32,
    /// Bytes of data files above which the oldest are dropped. 0 means no limit.
    pub retention_bytes: u64,
    /// Bytes of rows held in memory; beyond it appends wait for a flush.
    pub memory_bytes: usize,
    /// Rows of a dataset in memory that make it due for a flush.
    pub flush_rows: usize,
    /// The longest rows stay in memory only (they are durable in the write-ahead log all the time).
    pub flush_interval: Duration,
    /// Size of a write-ahead log file.
    pub wal_segment_bytes: u64,
    /// Rows of a full-grown data file; smaller ones are merged.
    pub file_rows: usize,
    /// Small files of about one size that make a merge due.
    pub merge_files: usize,
    /// How long replaced files stay for readers other than this process.
    pub vacuum_grace: Duration,
    /// How often the maintenance task looks.
    pub maintenance_interval: Duration,
}

impl LakeConfig {
    pub fn new(dir: impl Into<PathBuf>) -> LakeConfig {
        LakeConfig {
            dir: dir.into(),
            datasets: vedette_event::datasets::ALL.to_vec(),
            retention_days: 30,
            retention_bytes: 20_000_000_000,
            memory_bytes: 256 << 20,
            flush_rows: 100_000,
            flush_interval: Duration::from_secs(30),
            wal_segment_bytes: 64 << 20,
            file_rows: 1_000_000,
            merge_files: 8,
            vacuum_grace: Duration::from_secs(600),
            maintenance_interval: Duration::from_secs(1),
        }
    }
}
