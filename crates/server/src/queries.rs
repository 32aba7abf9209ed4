//! Queries that are started now and asked for later: the Cortex API's way.
//!
//! Results wait in memory for an hour, bounded in number and bytes; the oldest go first. A client that
//! comes too late hears that its result is gone, and starts the query again.

use crate::access::{Identity, Role};
use crate::secret::hex;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::watch;
use vedette_engine::{CancelToken, QueryError, QueryResult};
use vedette_event::Time;

/// Queries remembered, those that run included.
const MOST: usize = 256;
/// Queries under way at one time, waiting for their turn included.
const UNDER_WAY: usize = 32;
/// Memory that finished results take together.
const BYTES: usize = 512 << 20;
/// A result is kept so long: an hour, in microseconds.
const KEPT: i64 = 3600 * 1_000_000;

/// How a query stands.
#[derive(Clone, Debug)]
pub enum State {
    Pending,
    Done(Arc<QueryResult>),
    Failed(Arc<QueryError>),
}

struct Query {
    owner: Identity,
    text: Arc<str>,
    started: Time,
    state: watch::Receiver<State>,
    cancel: CancelToken,
}

/// A query as its owner sees it.
pub struct Found {
    pub text: Arc<str>,
    pub state: watch::Receiver<State>,
}

#[derive(Default)]
pub struct Queries {
    known: Mutex<HashMap<String, Query>>,
    used: Mutex<Used>,
}

/// Time that queries took, for the quota that clients ask for.
#[derive(Clone, Copy, Default)]
pub struct Used {
    day: i64,
    pub seconds_today: f64,
    pub seconds: f64,
    pub queries_today: u64,
}

impl Queries {
    /// Remembers a query that starts; the sender takes its end. `None` when too many are under way.
    pub fn begin(
        &self,
        owner: &Identity,
        text: &str,
        cancel: CancelToken,
        now: Time,
    ) -> Option<(String, watch::Sender<State>)> {
        let mut known = self.known.lock();
        known.retain(|_, query| now.since(query.started) < KEPT);
        let pending = known.values().filter(|query| query.is_pending()).count();
        if pending >= UNDER_WAY {
            return None;
        }
        while known.len() >= MOST && forget_oldest(&mut known) {}
        let (sender, state) = watch::channel(State::Pending);
        let id = hex(&rand::random::<[u8; 12]>());
        let query = Query { owner: owner.clone(), text: text.into(), started: now, state, cancel };
        known.insert(id.clone(), query);
        Some((id, sender))
    }

    /// A query by its number, for who started it and for administrators.
    pub fn find(&self, id: &str, who: &Identity) -> Option<Found> {
        let known = self.known.lock();
        let query = known.get(id).filter(|query| query.is_of(who))?;
        Some(Found { text: query.text.clone(), state: query.state.clone() })
    }

    /// Makes room when results take too much of it, and counts the time the query took.
    pub fn ended(&self, seconds: f64, now: Time) {
        let mut known = self.known.lock();
        let held = |known: &HashMap<String, Query>| known.values().map(Query::bytes).sum::<usize>();
        while held(&known) > BYTES && forget_oldest(&mut known) {}
        drop(known);
        let mut used = self.used.lock();
        used.turn_to(now);
        used.seconds_today += seconds;
        used.seconds += seconds;
        used.queries_today += 1;
    }

    /// Time used up, and queries under way.
    pub fn used(&self, now: Time) -> (Used, usize) {
        let mut used = self.used.lock();
        used.turn_to(now);
        let pending = self.known.lock().values().filter(|query| query.is_pending()).count();
        (*used, pending)
    }

    /// Stops what is under way: the server ends.
    pub fn stop(&self) {
        self.known.lock().values().for_each(|query| query.cancel.cancel());
    }
}

/// Forgets the oldest finished query; false when there is none.
fn forget_oldest(known: &mut HashMap<String, Query>) -> bool {
    let finished = known.iter().filter(|(_, query)| !query.is_pending());
    let oldest = finished.min_by_key(|(_, query)| query.started).map(|(id, _)| id.clone());
    oldest.and_then(|id| known.remove(&id)).is_some()
}

impl Query {
    fn is_pending(&self) -> bool {
        // A sender that is gone without a word was cut off: nothing is under way.
        matches!(*self.state.borrow(), State::Pending) && self.state.has_changed().is_ok()
    }

    fn is_of(&self, who: &Identity) -> bool {
        let same = |a: &Identity, b: &Identity| (a.kind, a.number, &a.name) == (b.kind, b.number, &b.name);
        who.role == Role::Administrator || same(&self.owner, who)
    }

    fn bytes(&self) -> usize {
        match &*self.state.borrow() {
            State::Done(result) => result.bytes(),
            _ => 0,
        }
    }
}

impl Used {
    fn turn_to(&mut self, now: Time) {
        let day = now.seconds().div_euclid(86_400);
        if day != self.day {
            (self.day, self.seconds_today, self.queries_today) = (day, 0.0, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::access::IdentityKind;
    use vedette_engine::ErrorKind;

    fn who(number: i64, role: Role) -> Identity {
        Identity {
            name: "k".to_owned(),
            role,
            kind: IdentityKind::ApiKey,
            number: Some(number),
            expires_at: None,
        }
    }

    fn failed() -> State {
        State::Failed(Arc::new(QueryError::new(ErrorKind::Resources, "too long")))
    }

    #[test]
    fn a_query_is_its_owners_and_administrators() {
        let queries = Queries::default();
        let (id, _sender) = queries.begin(&who(1, Role::Viewer), "x", CancelToken::new(), Time(0)).unwrap();
        assert!(queries.find(&id, &who(1, Role::Viewer)).is_some());
        assert!(queries.find(&id, &who(2, Role::Analyst)).is_none());
        assert!(queries.find(&id, &who(2, Role::Administrator)).is_some());
        assert!(queries.find("none", &who(1, Role::Administrator)).is_none());
    }

    #[test]
    fn they_are_bounded_and_old_ones_go() {
        let queries = Queries::default();
        let me = who(1, Role::Viewer);
        let mut senders = Vec::new();
        for _ in 0..UNDER_WAY {
            senders.push(queries.begin(&me, "x", CancelToken::new(), Time(0)).unwrap());
        }
        assert!(queries.begin(&me, "x", CancelToken::new(), Time(0)).is_none());
        let first = senders[0].0.clone();
        senders.iter().for_each(|(_, sender)| {
            sender.send_replace(failed());
        });
        assert_eq!(queries.used(Time(0)).1, 0);
        for _ in 0..MOST {
            let (_, sender) = queries.begin(&me, "x", CancelToken::new(), Time(1)).unwrap();
            sender.send_replace(failed());
        }
        assert!(queries.find(&first, &me).is_none(), "forgotten for the newer ones");
        let (id, sender) = queries.begin(&me, "x", CancelToken::new(), Time(2)).unwrap();
        sender.send_replace(failed());
        assert!(queries.find(&id, &me).is_some());
        queries.begin(&me, "x", CancelToken::new(), Time(3 + KEPT)).unwrap();
        assert!(queries.find(&id, &me).is_none(), "an hour has passed");
    }
}
