//! The lake's folder: who may open it, and what it is called.
//!
//! ```text
//! lock                     locked by the process that has the lake open; holds its number
//! lake.json                format of the folder, identity of the lake, count of its openings
//! wal/*.wal                the write-ahead log
//! datasets/<name>/         one Delta table each
//! damaged/                 what could not be read, kept for a look
//! ```

use crate::LakeError;
use crate::wal::writer::sync_dir;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Format of the folder this version writes.
const FORMAT: u32 = 1;

/// The folder, held by this process.
pub(crate) struct Folder {
    /// Absolute.
    pub dir: PathBuf,
    /// What every identifier made in this opening begins with: never used before.
    pub id_prefix: String,
    /// The lake's identity was lost and made anew.
    pub note: Option<String>,
    /// The lock is given up when this is dropped.
    lock: File,
}

#[derive(Serialize, Deserialize)]
struct Identity {
    format: u32,
    lake: String,
    openings: u64,
}

impl Folder {
    pub fn open(dir: &Path) -> Result<Folder, LakeError> {
        let create = |path: &Path| {
            std::fs::create_dir_all(path).map_err(|error| LakeError::io("create", path, &error))
        };
        create(dir)?;
        let dir = dir.canonicalize().map_err(|error| LakeError::io("find", dir, &error))?;
        let lock = lock(&dir)?;
        create(&dir.join("wal"))?;
        create(&dir.join("datasets"))?;
        let (id_prefix, note) = next_opening(&dir)?;
        Ok(Folder { dir, id_prefix, note, lock })
    }

    pub fn wal(&self) -> PathBuf {
        self.dir.join("wal")
    }

    pub fn dataset(&self, name: &str) -> PathBuf {
        self.dir.join("datasets").join(name)
    }

    pub fn damaged(&self) -> PathBuf {
        self.dir.join("damaged")
    }

    /// Lets another process open the folder.
    pub fn unlock(&self) {
        let _ = self.lock.unlock();
    }
}

fn lock(dir: &Path) -> Result<File, LakeError> {
    let path = dir.join("lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|error| LakeError::io("open", &path, &error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let _ = (&mut file).take(20).read_to_string(&mut text);
            return Err(LakeError::Locked { dir: dir.to_path_buf(), pid: text.trim().parse().ok() });
        }
        Err(TryLockError::Error(error)) => return Err(LakeError::io("lock", &path, &error)),
    }
    // The number is for the message above only.
    let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
    Ok(file)
}

/// Counts this opening, durably, and gives the prefix of its identifiers.
fn next_opening(dir: &Path) -> Result<(String, Option<String>), LakeError> {
    let path = dir.join("lake.json");
    let fresh = || {
        let id = uuid::Uuid::new_v4().simple().to_string();
        Identity { format: FORMAT, lake: id[..8].to_owned(), openings: 0 }
    };
    let mut note = None;
    let mut identity: Identity = match std::fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text).unwrap_or_else(|error| {
            note = Some(format!(
                "{} could not be read ({error}) and was made anew: rows stored from now on have another identifier prefix",
                path.display()
            ));
            fresh()
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => fresh(),
        Err(error) => return Err(LakeError::io("read", &path, &error)),
    };
    if identity.format > FORMAT {
        return Err(LakeError::NewerFormat {
            dir: dir.to_path_buf(),
            found: identity.format,
            supported: FORMAT,
        });
    }
    identity.openings += 1;
    let text = serde_json::to_string(&identity).map_err(|error| LakeError::Internal(error.to_string()))?;
    write_durably(&path, &text).map_err(|error| LakeError::io("write", &path, &error))?;
    Ok((format!("{}-{:x}", identity.lake, identity.openings), note))
}

/// Replaces a small file so that a crash leaves the old or the new.
fn write_durably(path: &Path, text: &str) -> std::io::Result<()> {
    let temporary = path.with_extension("tmp");
    let mut file = File::create(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    path.parent().map_or(Ok(()), sync_dir)
}
