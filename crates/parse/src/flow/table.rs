//! The bounded table of flows: a slab, an index, and one queue for each time-out.
//!
//! Every flow is in exactly one queue. All flows of a queue wait equally long, so that its front is
//! always the next to expire, and nothing needs sorting or touching when packets come.

use super::key::Key;
use super::state::Flow;
use ahash::RandomState;
use hashbrown::HashTable;

/// The queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// No answer yet.
    Pending,
    /// SYN-ACK seen, nothing from the source since.
    HalfOpen,
    /// Decided and over; kept to recognise what still comes.
    Done,
    /// The same for UDP, whose replies may be very late.
    DoneUdp,
    /// Accepted, without connections of its own: UDP, ICMP, others.
    OpenShort,
    OpenTcp,
}

pub const QUEUES: [Queue; 6] =
    [Queue::Pending, Queue::HalfOpen, Queue::Done, Queue::DoneUdp, Queue::OpenShort, Queue::OpenTcp];

impl Queue {
    /// How long flows wait in it, in microseconds.
    ///
    /// 500 ms for an answer is the contract of an attempt. A closed TCP flow is kept for 30 s, which
    /// covers repeated SYNs up to the fifth; UDP for 60 s (resolvers answer up to 30 s late).
    /// Open TCP connections without keep-alive may be silent for long: after 300 to 600 s they count
    /// as ended, and go on as mid-stream if they do go on.
    pub fn timeout(self) -> i64 {
        match self {
            Queue::Pending | Queue::HalfOpen => 500_000,
            Queue::Done | Queue::OpenShort => 30_000_000,
            Queue::DoneUdp => 60_000_000,
            Queue::OpenTcp => 300_000_000,
        }
    }
}

const NONE: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Ends {
    front: u32,
    back: u32,
    len: u32,
}

const EMPTY: Ends = Ends { front: NONE, back: NONE, len: 0 };

/// A flow's place in its queue, and its hash.
pub struct Entry {
    pub flow: Flow,
    hash: u64,
    /// In microseconds since the epoch.
    deadline: i64,
    next: u32,
    previous: u32,
    queue: Queue,
}

pub struct Table {
    index: HashTable<u32>,
    entries: Vec<Entry>,
    free: Vec<u32>,
    queues: [Ends; 6],
    /// The flow found or added last: packets come in trains.
    latest: u32,
    hasher: RandomState,
}

impl Table {
    pub fn new(hasher: RandomState) -> Table {
        Table {
            index: HashTable::new(),
            entries: Vec::new(),
            free: Vec::new(),
            queues: [EMPTY; 6],
            latest: NONE,
            hasher,
        }
    }

    pub fn len(&self) -> usize {
        self.index.len()
    }

    #[inline]
    pub fn find(&mut self, key: &Key) -> Option<u32> {
        if self.entries.get(self.latest as usize).is_some_and(|entry| entry.flow.key == *key) {
            return Some(self.latest);
        }
        let hash = key.hash(&self.hasher);
        let at = *self.index.find(hash, |&at| self.entries[at as usize].flow.key == *key)?;
        self.latest = at;
        Some(at)
    }

    #[inline]
    pub fn flow(&mut self, at: u32) -> &mut Flow {
        &mut self.entries[at as usize].flow
    }

    /// The front of a queue and its deadline.
    #[inline]
    pub fn front(&self, queue: Queue) -> Option<(u32, i64)> {
        let at = self.queues[queue as usize].front;
        self.entries.get(at as usize).map(|entry| (at, entry.deadline))
    }

    pub fn queue_len(&self, queue: Queue) -> usize {
        self.queues[queue as usize].len as usize
    }

    /// Adds a flow that is not in the table.
    pub fn insert(&mut self, flow: Flow, queue: Queue, now: i64) -> u32 {
        let hash = flow.key.hash(&self.hasher);
        let entry = Entry {
            flow,
            hash,
            deadline: now.saturating_add(queue.timeout()),
            next: NONE,
            previous: NONE,
            queue,
        };
        let at = match self.free.pop() {
            Some(at) => {
                self.entries[at as usize] = entry;
                at
            }
            None => {
                self.entries.push(entry);
                (self.entries.len() - 1) as u32
            }
        };
        let entries = &self.entries;
        self.index.insert_unique(hash, at, |&at| entries[at as usize].hash);
        self.link(at, queue);
        self.latest = at;
        at
    }

    pub fn remove(&mut self, at: u32) {
        self.unlink(at);
        let hash = self.entries[at as usize].hash;
        if let Ok(found) = self.index.find_entry(hash, |&found| found == at) {
            found.remove();
        }
        self.free.push(at);
        if self.latest == at {
            self.latest = NONE;
        }
    }

    /// Passes the front of a queue, for a table that is to be [cleared](Table::clear).
    pub fn pass(&mut self, queue: Queue) -> Option<u32> {
        let (at, _) = self.front(queue)?;
        self.queues[queue as usize].front = self.entries[at as usize].next;
        Some(at)
    }

    /// Forgets every flow at once.
    pub fn clear(&mut self) {
        self.index.clear();
        self.entries.clear();
        self.free.clear();
        self.queues = [EMPTY; 6];
        self.latest = NONE;
    }

    /// To the back of a queue, with a new deadline.
    pub fn requeue(&mut self, at: u32, queue: Queue, now: i64) {
        self.unlink(at);
        let entry = &mut self.entries[at as usize];
        entry.deadline = now.saturating_add(queue.timeout());
        entry.queue = queue;
        self.link(at, queue);
    }

    fn link(&mut self, at: u32, queue: Queue) {
        let ends = &mut self.queues[queue as usize];
        let back = ends.back;
        ends.back = at;
        ends.len += 1;
        if back == NONE {
            ends.front = at;
        } else {
            self.entries[back as usize].next = at;
        }
        let entry = &mut self.entries[at as usize];
        entry.previous = back;
        entry.next = NONE;
    }

    fn unlink(&mut self, at: u32) {
        let Entry { next, previous, queue, .. } = self.entries[at as usize];
        let ends = &mut self.queues[queue as usize];
        ends.len -= 1;
        if previous == NONE {
            ends.front = next;
        } else {
            self.entries[previous as usize].next = next;
        }
        if next == NONE {
            self.queues[queue as usize].back = previous;
        } else {
            self.entries[next as usize].previous = previous;
        }
    }
}
