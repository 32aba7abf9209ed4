//! What is known of logs that are not in memory: a file for each, in a folder of its own, so that a log
//! goes on where it ended after a restart, or after more other logs than are followed at once.
//!
//! Belongs here: the files, their names and bounds. Does not belong here: what is in them.

use crate::files;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use vedette_parse::log::Format;

/// Logs kept, and bytes of all of them; the one that was written the longest ago goes first.
const MOST: usize = 256;
const MOST_BYTES: u64 = 1 << 30;
/// A file that is longer is not ours.
const LONGEST: u64 = 128 << 20;
const ENDING: &str = "timeline";

/// A format and an origin.
pub type Key = (Format, String);

pub struct Shelf {
    folder: PathBuf,
}

impl Shelf {
    pub fn new(folder: PathBuf) -> Shelf {
        Shelf { folder }
    }

    /// What was put there under this key; a file that cannot be read is told of and counts as none.
    pub fn get(&self, key: &Key) -> Option<Vec<u8>> {
        let path = self.path(key);
        match read(&path) {
            Ok(bytes) => {
                // The head says whose it is: names are only hashes.
                let body = bytes.strip_prefix(head(key).as_bytes()).map(<[u8]>::to_vec);
                if body.is_none() {
                    tracing::warn!(path = %path.display(), "not what is known of this log; it begins anew");
                }
                body
            }
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::warn!(path = %path.display(), %error, "what is known of a log cannot be read; it begins anew");
                }
                None
            }
        }
    }

    pub fn put(&self, key: &Key, bytes: &[u8]) -> io::Result<()> {
        files::private_dir(&self.folder)?;
        let content = [head(key).as_bytes(), bytes].concat();
        files::write_private(&self.path(key), &content)?;
        self.make_room()
    }

    fn path(&self, key: &Key) -> PathBuf {
        let digest = Sha256::digest(head(key));
        let name: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(format!("{name}.{ENDING}"))
    }

    fn make_room(&self) -> io::Result<()> {
        let mut known: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        for entry in fs::read_dir(&self.folder)?.flatten() {
            let path = entry.path();
            if let Ok(about) = entry.metadata()
                && path.extension().is_some_and(|ending| ending == ENDING)
            {
                known.push((about.modified().unwrap_or(SystemTime::UNIX_EPOCH), about.len(), path));
            }
        }
        known.sort();
        let mut bytes: u64 = known.iter().map(|(_, len, _)| len).sum();
        let mut count = known.len();
        for (_, len, path) in known {
            if count <= MOST && bytes <= MOST_BYTES {
                break;
            }
            tracing::info!(path = %path.display(), "what is known of the log silent the longest is forgotten");
            fs::remove_file(path)?;
            (count, bytes) = (count - 1, bytes - len);
        }
        Ok(())
    }
}

fn head(key: &Key) -> String {
    format!("vedette time-line of {} {}\n", key.0.as_str(), key.1.replace('\n', " "))
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_put_comes_back_to_its_own_log_only() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(dir.path().join("logs"));
        let key = (Format::Zeek, "../../etc/passwd\nconn.log".to_owned());
        assert_eq!(shelf.get(&key), None);
        shelf.put(&key, b"12\n3").unwrap();
        assert_eq!(shelf.get(&key).unwrap(), b"12\n3");
        assert_eq!(shelf.get(&(Format::Panos, key.1.clone())), None);
        fs::write(shelf.path(&key), "something else").unwrap();
        assert_eq!(shelf.get(&key), None);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is written elsewhere");
    }

    #[test]
    fn the_number_kept_is_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(dir.path().to_owned());
        for n in 0..MOST + 20 {
            shelf.put(&(Format::Zeek, n.to_string()), b"x").unwrap();
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), MOST);
        assert!(shelf.get(&(Format::Zeek, (MOST + 19).to_string())).is_some());
    }
}
