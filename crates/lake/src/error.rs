//! What can go wrong in the lake, as values that say whose fault it is and what to do. Errors are
//! `Clone`, because one failed sync answers many appenders.

use std::io;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, thiserror::Error)]
pub enum LakeError {
    /// The caller's: no such dataset.
    #[error("there is no dataset `{name}`; the datasets are {}", known.join(", "))]
    UnknownDataset { name: String, known: Vec<String> },

    /// The caller's: more in one append than one log record may hold. Nothing was stored.
    #[error("one append of {bytes} bytes exceeds the limit of {limit}; send fewer rows at a time")]
    TooLarge { bytes: usize, limit: usize },

    /// The user's: another process has the folder open.
    #[error("{} is in use by {}; stop it, or use another folder", dir.display(), holder(*pid))]
    Locked { dir: PathBuf, pid: Option<u32> },

    /// The user's: the folder was written by a newer version.
    #[error("{} has format {found}, and this version reads up to {supported}; use a newer version", dir.display())]
    NewerFormat { dir: PathBuf, found: u32, supported: u32 },

    /// The machine's: the folder cannot be read or written. Nothing was acknowledged.
    #[error("cannot {action} {}: {cause}; {fix}", path.display())]
    Storage { action: &'static str, path: PathBuf, cause: String, fix: &'static str, out_of_space: bool },

    /// What is on disk is not what was written there.
    #[error("{} is damaged: {cause}; {fix}", path.display())]
    Damaged { path: PathBuf, cause: String, fix: &'static str },

    /// The lake was closed while the call was under way; nothing was acknowledged.
    #[error("the lake is closed")]
    Closed,

    /// Ours.
    #[error("internal error in the lake: {0}")]
    Internal(String),
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}

impl LakeError {
    pub(crate) fn io(action: &'static str, path: impl AsRef<Path>, error: &io::Error) -> LakeError {
        let (fix, out_of_space) = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => (OUT_OF_SPACE, true),
            io::ErrorKind::PermissionDenied => ("make it writable for the user Vedette runs as", false),
            io::ErrorKind::ReadOnlyFilesystem => {
                ("mount the file system writable, or use another folder", false)
            }
            io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
                ("something else is there: move it away, or use another folder", false)
            }
            _ => ("check the disk and the path", false),
        };
        let path = path.as_ref().to_path_buf();
        LakeError::Storage { action, path, cause: error.to_string(), fix, out_of_space }
    }

    /// True when freeing space on the disk is the cure.
    pub fn is_out_of_space(&self) -> bool {
        matches!(self, LakeError::Storage { out_of_space: true, .. })
    }

    /// True when the same call may succeed later without anyone changing it.
    pub fn is_temporary(&self) -> bool {
        matches!(self, LakeError::Storage { .. })
    }
}

pub(crate) const OUT_OF_SPACE: &str =
    "free some space, lower the retention, or move the data folder to a larger disk";
