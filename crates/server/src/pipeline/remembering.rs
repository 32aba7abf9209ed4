//! What the detector remembers, across restarts: a file beside the other state, written now and then.
//!
//! Belongs here: when to save, the file, what to do when it is damaged. Does not belong here: what
//! is in it (see `vedette_detect`).

use crate::files;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use vedette_detect::{Config, Detector};

/// A crash costs what was seen in this time. A scan of one probe in five minutes loses none or one.
const EVERY: Duration = Duration::from_secs(20);
/// Encoding must not take more than one part in so many of the detector's time.
const SPARE: u32 = 100;
/// A file that is longer is not ours.
const LONGEST: u64 = 128 << 20;

pub(super) struct Remembering {
    path: PathBuf,
    next: Instant,
    /// Events at the last save: without new ones there is nothing to save.
    saved: u64,
    writing: Arc<AtomicBool>,
    failures: Arc<AtomicU64>,
}

impl Remembering {
    pub(super) fn new(path: PathBuf) -> Remembering {
        Remembering {
            path,
            next: Instant::now() + EVERY,
            saved: 0,
            writing: Arc::default(),
            failures: Arc::default(),
        }
    }

    /// The detector of the last run, or a new one where there was none or its file is of no use.
    pub(super) fn recall(&self, config: Config) -> Detector {
        let bytes = match read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::warn!(path = %self.path.display(), %error, "what the detector knew cannot be read; it begins anew");
                }
                return Detector::new(config);
            }
        };
        match Detector::restore(config.clone(), &bytes) {
            Ok(detector) => {
                tracing::info!(sources = detector.statistics().sources, "the detector goes on where it was");
                detector
            }
            Err(error) => {
                tracing::warn!(path = %self.path.display(), %error, "what the detector knew is of no use; it begins anew");
                Detector::new(config)
            }
        }
    }

    /// Saves when it is time. The disk is waited for elsewhere.
    pub(super) fn keep(&mut self, detector: &Detector) {
        let events = detector.statistics().events;
        if Instant::now() < self.next || events == self.saved || self.writing.load(Ordering::Acquire) {
            return;
        }
        let begun = Instant::now();
        let bytes = detector.checkpoint();
        self.next = Instant::now() + EVERY.max(begun.elapsed() * SPARE);
        self.saved = events;
        let Some(bytes) = bytes else { return self.note(Err(io::ErrorKind::OutOfMemory.into())) };
        self.writing.store(true, Ordering::Release);
        let (path, writing, failures) = (self.path.clone(), self.writing.clone(), self.failures.clone());
        let write = move || {
            note(&path, &failures, files::write_private(&path, &bytes));
            writing.store(false, Ordering::Release);
        };
        if let Err(error) = std::thread::Builder::new().name("vedette-state".to_owned()).spawn(write) {
            self.writing.store(false, Ordering::Release);
            self.note(Err(error));
        }
    }

    /// Saves for the next run; false when it could not.
    pub(super) fn finish(&self, detector: &Detector) -> bool {
        // A write that is under way must not come after this one.
        while self.writing.load(Ordering::Acquire) {
            std::thread::sleep(Duration::from_millis(5));
        }
        let Some(bytes) = detector.checkpoint() else { return false };
        let written = files::write_private(&self.path, &bytes);
        let done = written.is_ok();
        self.note(written);
        done
    }

    pub(super) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    fn note(&self, result: io::Result<()>) {
        note(&self.path, &self.failures, result);
    }
}

fn note(path: &Path, failures: &AtomicU64, result: io::Result<()>) {
    match result {
        Ok(()) => failures.store(0, Ordering::Relaxed),
        Err(error) => {
            if failures.fetch_add(1, Ordering::Relaxed) == 0 {
                tracing::error!(path = %path.display(), %error, "what the detector knows cannot be saved: a restart will lose it");
            }
        }
    }
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
    fn goes_on_where_it_was_and_survives_a_damaged_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("detector.state");
        let mut remembering = Remembering::new(path.clone());
        let mut detector = remembering.recall(Config::default());
        assert_eq!(detector.statistics().events, 0, "nothing was there");
        detector.advance(vedette_event::Time(5), &mut Vec::new());
        remembering.next = Instant::now();
        remembering.keep(&detector);
        assert!(!path.exists(), "nothing happened that is worth a write");
        assert!(remembering.finish(&detector));
        let bytes = std::fs::read(&path).unwrap();
        assert!(Detector::restore(Config::default(), &bytes).is_ok());
        std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        assert_eq!(remembering.recall(Config::default()).statistics().sources, 0);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_said_and_not_fatal() {
        let dir = tempfile::tempdir().unwrap();
        let remembering = Remembering::new(dir.path().join("missing/detector.state"));
        assert!(!remembering.finish(&Detector::new(Config::default())));
        assert_eq!(remembering.failures(), 1);
    }
}
