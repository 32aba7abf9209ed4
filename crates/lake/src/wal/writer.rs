//! The thread that writes the log, and its hand to the rest of the lake.
//!
//! All appends that wait while one group is being synced become the next group: one write, one
//! `fdatasync`. Rows are delivered to memory in sequence order, after the sync and before the
//! acknowledgement, so an acknowledged row is queryable.
//!
//! When a write or a sync fails nobody of the group is acknowledged, and the log is cut back to its
//! last synced byte before anything else is written: a record whose append failed must not come
//! back to life, because its sender will send it again.

use super::record::{self, SEGMENT_HEADER, SegmentHead};
use crate::LakeError;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};

/// Bytes after which a group is closed even though more is waiting.
const GROUP_BYTES: usize = 8 << 20;
/// Appends that may wait for the thread.
const QUEUE: usize = 1024;

/// Puts the rows of one append into memory, given its sequence.
pub(crate) type Deliver = Box<dyn FnOnce(u64) + Send>;

struct Request {
    payload: Vec<u8>,
    deliver: Deliver,
    reply: oneshot::Sender<Result<u64, LakeError>>,
}

/// A file of the log.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub path: PathBuf,
    /// Sequence of its last record; one less than its first while it has none.
    pub last: u64,
    /// Space it takes.
    pub bytes: u64,
}

/// What the thread and the rest share.
#[derive(Default)]
struct Shared {
    segments: Mutex<VecDeque<Segment>>,
    syncs: AtomicU64,
    /// Newest sequence whose rows are in memory.
    delivered: AtomicU64,
    /// The last write failed and none has succeeded since.
    error: Mutex<Option<LakeError>>,
    stopped: AtomicBool,
}

pub(crate) struct Wal {
    sender: Mutex<Option<mpsc::Sender<Request>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    shared: Arc<Shared>,
}

impl Wal {
    /// Starts the thread. `segments` are those on the disk, oldest first.
    pub fn start(
        dir: PathBuf,
        segment_bytes: u64,
        segments: Vec<Segment>,
        next_sequence: u64,
    ) -> Result<Wal, LakeError> {
        let shared = Arc::new(Shared {
            segments: Mutex::new(segments.into()),
            delivered: AtomicU64::new(next_sequence.saturating_sub(1)),
            ..Shared::default()
        });
        let (sender, receiver) = mpsc::channel(QUEUE);
        let writer = Writer {
            dir: dir.clone(),
            segment_bytes,
            next_sequence,
            current: None,
            tail_to_cut: None,
            shared: shared.clone(),
            buffer: Vec::new(),
        };
        let thread = std::thread::Builder::new()
            .name("vedette-wal".to_owned())
            .spawn(move || writer.run(receiver))
            .map_err(|error| LakeError::io("start the thread that writes", dir, &error))?;
        Ok(Wal { sender: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)), shared })
    }

    /// Makes a payload durable, delivers its rows, and gives its sequence.
    pub async fn append(&self, payload: Vec<u8>, deliver: Deliver) -> Result<u64, LakeError> {
        let sender = self.sender.lock().clone().ok_or(LakeError::Closed)?;
        let (reply, answer) = oneshot::channel();
        sender.send(Request { payload, deliver, reply }).await.map_err(|_| LakeError::Closed)?;
        answer.await.map_err(|_| LakeError::Closed)?
    }

    /// Newest sequence whose rows are in memory, or were there when the lake was opened.
    pub fn delivered(&self) -> u64 {
        self.shared.delivered.load(Ordering::Acquire)
    }

    /// Deletes the segments whose records all have a sequence of at most `flushed`. Only a prefix of
    /// the log ever goes, so that a gap means loss.
    pub fn delete_through(&self, flushed: u64) -> Result<(), LakeError> {
        loop {
            let path = {
                let segments = self.shared.segments.lock();
                // The last is the one being written.
                match segments.front() {
                    Some(segment) if segments.len() > 1 && segment.last <= flushed => segment.path.clone(),
                    _ => return Ok(()),
                }
            };
            match std::fs::remove_file(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(LakeError::io("delete", path, &error)),
            }
            self.shared.segments.lock().pop_front();
        }
    }

    pub fn syncs(&self) -> u64 {
        self.shared.syncs.load(Ordering::Relaxed)
    }

    /// Number of segments and the space they take.
    pub fn size(&self) -> (u64, u64) {
        let segments = self.shared.segments.lock();
        (segments.len() as u64, segments.iter().map(|segment| segment.bytes).sum())
    }

    /// Why appends fail at present.
    pub fn error(&self) -> Option<LakeError> {
        if self.shared.stopped.load(Ordering::Acquire) {
            return Some(LakeError::Closed);
        }
        self.shared.error.lock().clone()
    }

    /// Takes no more appends, and returns when those under way are answered.
    pub async fn close(&self) {
        self.sender.lock().take();
        let thread = self.thread.lock().take();
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

/// The segment being written.
struct Open {
    file: File,
    path: PathBuf,
    salt: record::Salt,
    /// End of what is synced.
    end: u64,
    size: u64,
}

struct Writer {
    dir: PathBuf,
    segment_bytes: u64,
    next_sequence: u64,
    current: Option<Open>,
    /// A segment with bytes after `end` that no one was told of, and that could not be cut yet.
    tail_to_cut: Option<(PathBuf, u64)>,
    shared: Arc<Shared>,
    buffer: Vec<u8>,
}

impl Writer {
    fn run(mut self, mut receiver: mpsc::Receiver<Request>) {
        while let Some(first) = receiver.blocking_recv() {
            let mut bytes = first.payload.len();
            let mut group = vec![first];
            while bytes < GROUP_BYTES
                && let Ok(next) = receiver.try_recv()
            {
                bytes += next.payload.len();
                group.push(next);
            }
            self.commit(group);
        }
        if let Some(open) = self.current.take() {
            let _ = open.file.set_len(open.end);
        }
        self.shared.stopped.store(true, Ordering::Release);
    }

    fn commit(&mut self, group: Vec<Request>) {
        let first = self.next_sequence;
        match self.write(&group) {
            Ok(()) => {
                *self.shared.error.lock() = None;
                self.next_sequence += group.len() as u64;
                if let Some(segment) = self.shared.segments.lock().back_mut() {
                    segment.last = self.next_sequence - 1;
                }
                for (sequence, request) in (first..).zip(group) {
                    (request.deliver)(sequence);
                    self.shared.delivered.store(sequence, Ordering::Release);
                    let _ = request.reply.send(Ok(sequence));
                }
            }
            Err(error) => {
                *self.shared.error.lock() = Some(error.clone());
                for request in group {
                    let _ = request.reply.send(Err(error.clone()));
                }
            }
        }
    }

    /// Writes and syncs the group, or leaves the log as it was.
    fn write(&mut self, group: &[Request]) -> Result<(), LakeError> {
        self.cut_tail()?;
        let length: usize = group.iter().map(|request| record::RECORD_HEADER + request.payload.len()).sum();
        let mut open = self.room_for(length as u64)?;
        self.buffer.clear();
        for (sequence, request) in (self.next_sequence..).zip(group) {
            record::append_record(&mut self.buffer, &open.salt, sequence, &request.payload);
        }
        let written = open.file.write_all_at(&self.buffer, open.end).and_then(|()| open.file.sync_data());
        // One large group must not hold its memory for ever.
        self.buffer.shrink_to(GROUP_BYTES);
        if let Err(error) = written {
            let error = LakeError::io("write", &open.path, &error);
            // The segment is not written again: the next append begins a new one.
            self.tail_to_cut = Some((open.path, open.end));
            let _ = self.cut_tail();
            return Err(error);
        }
        self.shared.syncs.fetch_add(1, Ordering::Relaxed);
        open.end += self.buffer.len() as u64;
        self.current = Some(open);
        Ok(())
    }

    /// Takes the segment being written, or a new one when `length` more bytes do not fit.
    fn room_for(&mut self, length: u64) -> Result<Open, LakeError> {
        if let Some(open) = self.current.take() {
            if open.end + length <= open.size {
                return Ok(open);
            }
            // Gives back the rest of the claimed space; without it the segment is merely larger.
            if open.file.set_len(open.end).is_ok()
                && let Some(segment) = self.shared.segments.lock().back_mut()
            {
                segment.bytes = open.end;
            }
        }
        let size = self.segment_bytes.max(SEGMENT_HEADER as u64 + length);
        let path = self.dir.join(segment_name(self.next_sequence));
        let open = create(&path, size, self.next_sequence).map_err(|error| {
            let _ = std::fs::remove_file(&path);
            LakeError::io("create", &path, &error)
        })?;
        self.shared.segments.lock().push_back(Segment { path, last: self.next_sequence - 1, bytes: size });
        Ok(open)
    }

    fn cut_tail(&mut self) -> Result<(), LakeError> {
        let Some((path, end)) = &self.tail_to_cut else { return Ok(()) };
        cut(path, *end).map_err(|error| LakeError::io("cut the end of", path, &error))?;
        let (path, end) = (path.clone(), *end);
        let mut segments = self.shared.segments.lock();
        if end <= SEGMENT_HEADER as u64 {
            // Nothing in it: the next segment will have the same name.
            let _ = std::fs::remove_file(&path);
            segments.retain(|segment| segment.path != path);
        } else if let Some(segment) = segments.iter_mut().find(|segment| segment.path == path) {
            segment.bytes = end;
        }
        self.tail_to_cut = None;
        Ok(())
    }
}

/// The name of the segment that begins with a sequence.
pub(crate) fn segment_name(first: u64) -> String {
    format!("{first:020}.wal")
}

/// Shortens a file, durably.
pub(crate) fn cut(path: &Path, end: u64) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    file.set_len(end)?;
    file.sync_all()
}

/// Makes the entries of a folder durable.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// A new segment whose space is claimed, so that writing into it cannot find the disk full and a
/// sync need not change the file's size.
fn create(path: &Path, size: u64, first_sequence: u64) -> io::Result<Open> {
    let file = OpenOptions::new().write(true).create_new(true).open(path)?;
    match rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, size) {
        Ok(()) => {}
        // A file system without it: writing finds out.
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => file.set_len(size)?,
        Err(error) => return Err(error.into()),
    }
    let mut salt = [0; 8];
    salt.copy_from_slice(&uuid::Uuid::new_v4().as_bytes()[..8]);
    let head = SegmentHead { salt, first_sequence };
    file.write_all_at(&head.encode(), 0)?;
    file.sync_all()?;
    if let Some(dir) = path.parent() {
        sync_dir(dir)?;
    }
    Ok(Open { file, path: path.to_path_buf(), salt, end: SEGMENT_HEADER as u64, size })
}
