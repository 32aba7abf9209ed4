//! How the command line on the same machine finds a running server and gets in: a file in the
//! data folder that only its owner can read.

use crate::files;
use crate::secret::Secret;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use vedette_event::Time;

/// What `<data-dir>/run/server.json` says.
#[derive(Clone, Serialize, Deserialize)]
pub struct LocalServer {
    /// Where to reach it from this machine: `http://127.0.0.1:8750`.
    pub url: String,
    /// The certificate authority to trust, with HTTPS only.
    pub ca: Option<PathBuf>,
    /// SHA-256 of that certificate, hexadecimal.
    pub ca_sha256: Option<String>,
    pub pid: u32,
    pub started_at: Time,
    /// For `Authorization: Bearer`; has the role administrator while the server runs.
    pub token: String,
}

impl std::fmt::Debug for LocalServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LocalServer({}, pid {})", self.url, self.pid)
    }
}

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("run/server.json")
}

impl LocalServer {
    /// The server that runs on this folder; `None` when there is none. A server that was killed
    /// leaves its file behind: one whose process is gone does not count.
    pub fn find(data_dir: &Path) -> io::Result<Option<LocalServer>> {
        let text = match std::fs::read(path(data_dir)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let found: LocalServer = serde_json::from_slice(&text).map_err(io::Error::other)?;
        Ok(Path::new(&format!("/proc/{}", found.pid)).exists().then_some(found))
    }

    pub(crate) fn publish(&self, data_dir: &Path) -> io::Result<()> {
        files::private_dir(&data_dir.join("run"))?;
        files::write_private(&path(data_dir), &serde_json::to_vec_pretty(self).map_err(io::Error::other)?)
    }

    pub(crate) fn new(url: String, ca: Option<(PathBuf, String)>, token: &Secret, now: Time) -> LocalServer {
        let (ca, ca_sha256) = ca.unzip();
        LocalServer {
            url,
            ca,
            ca_sha256,
            pid: std::process::id(),
            started_at: now,
            token: token.reveal().to_owned(),
        }
    }
}

/// Takes the file away, if it is still ours.
pub(crate) fn withdraw(data_dir: &Path) {
    if let Ok(Some(found)) = LocalServer::find(data_dir)
        && found.pid == std::process::id()
        && let Err(error) = std::fs::remove_file(path(data_dir))
    {
        tracing::warn!(%error, "the file for the local command line could not be removed");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn is_private_and_forgets_dead_servers() {
        let dir = tempfile::tempdir().unwrap();
        assert!(LocalServer::find(dir.path()).unwrap().is_none());
        let token = Secret::random();
        let mut local = LocalServer::new("http://127.0.0.1:1".into(), None, &token, Time(1));
        local.publish(dir.path()).unwrap();
        let mode = std::fs::metadata(path(dir.path())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(LocalServer::find(dir.path()).unwrap().unwrap().token, token.reveal());
        assert!(!format!("{local:?}").contains(token.reveal()));
        withdraw(dir.path());
        assert!(LocalServer::find(dir.path()).unwrap().is_none());
        local.pid = u32::MAX;
        local.publish(dir.path()).unwrap();
        assert!(LocalServer::find(dir.path()).unwrap().is_none());
    }
}
