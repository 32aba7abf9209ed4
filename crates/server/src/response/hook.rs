//! A command of the administrator's that is told of each block and its end: for firewalls beyond this host.
//!
//! It stands in a file of the data folder and can be set there alone: whoever rules the console does not
//! thereby run programs on the host.

use crate::state::Store;
use serde::Deserialize;
use serde_json::Value;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;
use vedette_sensor::program::Program;

/// In the data folder.
pub const FILE: &str = "response-hook.json";
const LONGEST: u64 = 16 << 10;
const OUTPUT: usize = 2000;
/// Runs that wait.
const WAITING: usize = 2000;

/// The command and its arguments; no shell comes near them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hook {
    pub command: Vec<String>,
    #[serde(default = "ten")]
    pub timeout_seconds: u64,
}

fn ten() -> u64 {
    10
}

impl Hook {
    /// The hook of a data folder; `None` when there is none. An error is a sentence that says what to do.
    pub fn read(folder: &Path) -> Result<Option<Hook>, String> {
        let path = folder.join(FILE);
        let wrong = |what: String| format!("{}: {what}; no hook is run", path.display());
        let file = match std::fs::File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(wrong(error.to_string())),
        };
        let about = file.metadata().map_err(|error| wrong(error.to_string()))?;
        if about.mode() & 0o022 != 0 {
            return Err(wrong("others may write to it: chmod go-w it".to_owned()));
        }
        let mut text = String::new();
        file.take(LONGEST).read_to_string(&mut text).map_err(|error| wrong(error.to_string()))?;
        let hook: Hook = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        if !hook.command.first().is_some_and(|program| program.starts_with('/')) {
            return Err(wrong("`command` is a list that begins with the whole path of a program".to_owned()));
        }
        if !(1..=60).contains(&hook.timeout_seconds) {
            return Err(wrong("`timeout_seconds` is 1 to 60".to_owned()));
        }
        Ok(Some(hook))
    }

    /// Runs it with `told` on standard input; what it said, for the record. Blocks.
    pub fn run(&self, told: &serde_json::Value) -> Result<String, String> {
        let program = Program {
            command: self.command.clone(),
            input: told.to_string().into_bytes(),
            time_out: Duration::from_secs(self.timeout_seconds),
            output: OUTPUT,
            net_admin: false,
        };
        let ended = program.run().map_err(|error| format!("it could not be started: {error}"))?;
        match ended.status {
            Some(status) if status.success() => Ok(ended.stdout.trim().to_owned()),
            Some(status) => Err(format!("it failed ({status}): {}", ended.stderr.trim())),
            None => Err(format!("it was ended after {} seconds", self.timeout_seconds)),
        }
    }
}

/// Runs the hook for one block after the other, in a thread that ends with the responder.
pub fn start(hook: Hook, store: Arc<Store>, failures: Arc<AtomicU64>) -> SyncSender<(i64, Value)> {
    let (sender, receiver) = sync_channel::<(i64, Value)>(WAITING);
    std::thread::spawn(move || {
        for (id, told) in receiver {
            let said = hook.run(&told).unwrap_or_else(|why| {
                failures.fetch_add(1, Ordering::Relaxed);
                tracing::error!(block = id, why, "the hook command failed");
                why
            });
            if let Err(error) =
                store.note_hook(id, &format!("{}: {said}", told["action"].as_str().unwrap_or("")))
            {
                tracing::error!(%error, "what the hook said is not kept");
            }
        }
    });
    sender
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn is_read_with_care() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Hook::read(dir.path()), Ok(None));
        let path = dir.path().join(FILE);
        let write = |text: &str, mode: u32| {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            Hook::read(dir.path())
        };
        assert_eq!(write(r#"{"command": ["/bin/cat", "-"]}"#, 0o600).unwrap().unwrap().timeout_seconds, 10);
        assert!(write(r#"{"command": ["/bin/cat"]}"#, 0o622).unwrap_err().contains("chmod"));
        for wrong in ["{", r#"{"command": []}"#, r#"{"command": ["cat"]}"#, r#"{"command": "/bin/cat; id"}"#]
        {
            assert!(write(wrong, 0o600).is_err(), "{wrong}");
        }
        assert!(write(r#"{"command": ["/bin/cat"], "timeout_seconds": 0}"#, 0o600).is_err());
    }

    #[test]
    fn is_told_on_standard_input_and_its_failure_is_told_on() {
        let hook = |command: &[&str]| Hook {
            command: command.iter().map(ToString::to_string).collect(),
            timeout_seconds: 1,
        };
        let told = json!({"address": "10.0.0.9", "reason": "$(id)"});
        assert_eq!(hook(&["/bin/cat"]).run(&told).unwrap(), told.to_string());
        assert!(hook(&["/bin/sh", "-c", "echo no >&2; exit 3"]).run(&told).unwrap_err().contains("no"));
        assert!(hook(&["/bin/sleep", "20"]).run(&told).unwrap_err().contains("1 seconds"));
        assert!(hook(&["/no/such"]).run(&told).is_err());
    }
}
