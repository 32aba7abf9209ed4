//! Live news of alerts, for everyone who listens. A listener that is too slow misses some and is
//! told how many; nobody is waited for.

use crate::state::AlertRecord;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// Messages a listener may be behind.
const BACKLOG: usize = 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    Opened,
    Updated,
    /// The campaign ended.
    Closed,
    /// A person changed the alert.
    Edited,
}

impl News {
    pub fn as_str(self) -> &'static str {
        match self {
            News::Opened => "opened",
            News::Updated => "updated",
            News::Closed => "closed",
            News::Edited => "edited",
        }
    }
}

pub type Message = Arc<(News, AlertRecord)>;

pub struct Live {
    sender: broadcast::Sender<Message>,
    streams: AtomicUsize,
    most: usize,
    missed: AtomicU64,
}

impl Live {
    pub fn new(most: usize) -> Arc<Live> {
        Arc::new(Live {
            sender: broadcast::channel(BACKLOG).0,
            streams: AtomicUsize::new(0),
            most,
            missed: AtomicU64::new(0),
        })
    }

    pub fn tell(&self, news: News, alert: AlertRecord) {
        // An error only says that nobody listens.
        let _ = self.sender.send(Arc::new((news, alert)));
    }

    /// `None` when all places are taken.
    pub fn subscribe(self: &Arc<Live>) -> Option<Subscription> {
        let taken = self.streams.fetch_add(1, Ordering::AcqRel);
        let place = Place(self.clone());
        (taken < self.most).then(|| Subscription { receiver: self.sender.subscribe(), place })
    }

    /// For a part of the server: takes no place.
    pub fn listen(&self) -> broadcast::Receiver<Message> {
        self.sender.subscribe()
    }

    pub fn streams(&self) -> usize {
        self.streams.load(Ordering::Acquire)
    }

    pub fn most(&self) -> usize {
        self.most
    }

    pub fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }
}

/// Given back when dropped.
struct Place(Arc<Live>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.streams.fetch_sub(1, Ordering::AcqRel);
    }
}

pub struct Subscription {
    receiver: broadcast::Receiver<Message>,
    place: Place,
}

#[derive(Debug)]
pub enum Heard {
    Alert(Message),
    /// So many messages were lost on this listener.
    Missed(u64),
}

impl Subscription {
    /// `None` when the server stops.
    pub async fn next(&mut self) -> Option<Heard> {
        match self.receiver.recv().await {
            Ok(message) => Some(Heard::Alert(message)),
            Err(RecvError::Lagged(count)) => {
                self.place.0.missed.fetch_add(count, Ordering::Relaxed);
                Some(Heard::Missed(count))
            }
            Err(RecvError::Closed) => None,
        }
    }
}
