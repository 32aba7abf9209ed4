//! Reading the log back when the lake is opened.
//!
//! What a crash leaves is expected: the last segment may end in a record that was cut, which was
//! never acknowledged and is dropped. Anything else that is not whole is damage: the bytes are
//! copied to the `damaged` folder, it is reported, and everything that can be read goes on.

use super::record::{self, Item, SegmentHead};
use super::writer::{Segment, cut};
use crate::LakeError;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Replayed {
    /// The segments on the disk, oldest first.
    pub segments: Vec<Segment>,
    /// Sequence of the newest record seen; 0 when there was none.
    pub last_sequence: u64,
    /// Bytes dropped at the end of the log.
    pub torn_bytes: u64,
    /// One sentence for each stretch that was damaged.
    pub damage: Vec<String>,
}

/// Takes a sequence and a payload; its error is why the record cannot be used.
pub(crate) type Sink<'a> = dyn FnMut(u64, &[u8]) -> Result<(), String> + 'a;

/// Hands every record to `sink` in order.
pub(crate) fn replay(wal_dir: &Path, damaged_dir: &Path, sink: &mut Sink<'_>) -> Result<Replayed, LakeError> {
    let paths = segment_paths(wal_dir)?;
    let mut replayed = Replayed::default();
    let mut gap_explained = true;
    for (index, (first, path)) in paths.iter().enumerate() {
        let bytes = std::fs::read(path).map_err(|error| LakeError::io("read", path, &error))?;
        let mut segment = SegmentReader {
            path,
            bytes: &bytes,
            is_last: index + 1 == paths.len(),
            damaged_dir,
            gap_explained,
            replayed: &mut replayed,
        };
        segment.expect(*first);
        segment.read(sink)?;
        gap_explained = segment.gap_explained;
    }
    Ok(replayed)
}

/// The segments of a folder by the sequence in their names. Other files are none of ours.
fn segment_paths(dir: &Path) -> Result<Vec<(u64, PathBuf)>, LakeError> {
    let entries = std::fs::read_dir(dir).map_err(|error| LakeError::io("list", dir, &error))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| LakeError::io("list", dir, &error))?.path();
        let number = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".wal"));
        if let Some(number) = number
            && number.len() == 20
            && let Ok(first) = number.parse()
            && path.is_file()
        {
            paths.push((first, path));
        }
    }
    paths.sort();
    Ok(paths)
}

struct SegmentReader<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    is_last: bool,
    damaged_dir: &'a Path,
    /// Sequences missing before the next record are those of damage told of already, or of
    /// segments deleted in good order.
    gap_explained: bool,
    replayed: &'a mut Replayed,
}

impl SegmentReader<'_> {
    fn read(&mut self, sink: &mut Sink<'_>) -> Result<(), LakeError> {
        let mut end = self.bytes.len();
        let damage_before = self.replayed.damage.len();
        let items = match SegmentHead::decode(self.bytes) {
            Ok(head) => record::scan(self.bytes, &head.salt),
            Err(_) if self.bytes.iter().all(|byte| *byte == 0) => Vec::new(),
            Err(cause) => {
                self.damaged(0..self.bytes.len(), &cause);
                record::scan_without_header(self.bytes)
            }
        };
        let mut last = None;
        for item in items {
            match item {
                Item::Record { sequence, payload } => {
                    self.expect(sequence);
                    self.replayed.last_sequence = self.replayed.last_sequence.max(sequence);
                    last = Some(sequence);
                    if let Err(cause) = sink(sequence, payload) {
                        let start = payload.as_ptr() as usize - self.bytes.as_ptr() as usize;
                        self.damaged(start..start + payload.len(), &cause);
                    }
                }
                Item::Damaged(range) => self.damaged(range, "its checksum does not match"),
                Item::Tail(range) if self.is_last => {
                    self.replayed.torn_bytes += range.len() as u64;
                    end = range.start;
                }
                Item::Tail(range) => self.damaged(range, "its checksum does not match"),
            }
        }
        let is_damaged = self.replayed.damage.len() > damage_before;
        self.keep(last, end, is_damaged)
    }

    /// Notes the segment; the end that was cut off goes from the disk too, so that it is not taken
    /// for damage once this segment is no longer the last. A segment without a record goes as a
    /// whole, because the next one may have its name.
    fn keep(&mut self, last: Option<u64>, end: usize, is_damaged: bool) -> Result<(), LakeError> {
        let Some(last) = last else {
            let name = self.path.file_name().unwrap_or_default();
            let gone = if is_damaged {
                std::fs::create_dir_all(self.damaged_dir)
                    .and_then(|()| std::fs::rename(self.path, self.damaged_dir.join(name)))
            } else {
                std::fs::remove_file(self.path)
            };
            return gone.map_err(|error| LakeError::io("move away", self.path, &error));
        };
        if end < self.bytes.len() {
            cut(self.path, end as u64).map_err(|error| LakeError::io("cut the end of", self.path, &error))?;
        }
        self.replayed.segments.push(Segment { path: self.path.to_path_buf(), last, bytes: end as u64 });
        Ok(())
    }

    /// Notes that the next record is `sequence`, and reports those that are missing before it.
    fn expect(&mut self, sequence: u64) {
        let known = self.replayed.last_sequence;
        let missing = sequence.saturating_sub(known).saturating_sub(1);
        if missing > 0 && !self.gap_explained {
            self.replayed.damage.push(format!(
                "{missing} records before {sequence} in {} are missing: part of the log was removed",
                self.path.display()
            ));
        }
        self.gap_explained = false;
        self.replayed.last_sequence = known.max(sequence.saturating_sub(1));
    }

    fn damaged(&mut self, range: Range<usize>, cause: &str) {
        self.gap_explained = true;
        let name = self.path.file_stem().unwrap_or_default().to_string_lossy();
        let copy = self.damaged_dir.join(format!("{name}-{}.bin", range.start));
        let kept = std::fs::create_dir_all(self.damaged_dir)
            .and_then(|()| std::fs::write(&copy, &self.bytes[range.clone()]));
        let kept = match kept {
            Ok(()) => format!("a copy is kept as {}", copy.display()),
            Err(error) => format!("and no copy could be kept as {}: {error}", copy.display()),
        };
        self.replayed.damage.push(format!(
            "bytes {} to {} of {}: {cause}; {kept}",
            range.start,
            range.end,
            self.path.display()
        ));
    }
}
