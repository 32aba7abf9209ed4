//! What bounds a query, and what it is told about the outside.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::watch;
use vedette_event::Time;
use vedette_xql::ast::Timeframe;

/// Limits of an engine. Each holds for every query by itself.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Bytes a query may hold for sorting, grouping and its result before it spills or fails.
    pub memory_limit: u64,
    /// Longest run time; `config max_runtime_minutes` can only shorten it.
    pub max_runtime: Duration,
    /// Most rows a result holds; a result cut here says so.
    pub row_limit: u64,
    /// Threads that run queries, and the parts a query is split into.
    pub threads: usize,
    /// Queries that run at the same time; others wait their turn.
    pub concurrent_queries: usize,
    /// Where queries put what does not fit in memory; the system's temporary folder when `None`.
    pub spill_dir: Option<PathBuf>,
    /// Most bytes on disk for that.
    pub spill_limit: u64,
}

impl Default for EngineConfig {
    fn default() -> EngineConfig {
        EngineConfig {
            memory_limit: 2 << 30,
            max_runtime: Duration::from_secs(60 * 60),
            row_limit: 1_000_000,
            threads: std::thread::available_parallelism().map_or(2, usize::from),
            concurrent_queries: 4,
            spill_dir: None,
            spill_limit: 20 << 30,
        }
    }
}

/// Tighter limits for one query; `None` leaves the engine's.
#[derive(Clone, Debug, Default)]
pub struct QueryLimits {
    pub rows: Option<u64>,
    pub runtime: Option<Duration>,
    pub memory: Option<u64>,
}

/// What a query is told about the outside.
#[derive(Clone, Debug)]
pub struct QueryOptions {
    /// The moment `current_time()` gives and relative time frames count from.
    pub now: Time,
    /// Time frame of a query that sets none; `None` reads everything.
    pub timeframe: Option<Timeframe>,
    pub cancel: CancelToken,
    pub limits: QueryLimits,
    /// Whether a query that ends in `target` may store its rows.
    pub may_store: bool,
    /// Values of the query's `$name`, by name without the `$`; case does not count.
    pub parameters: BTreeMap<String, String>,
    /// A query that appends its rows to a dataset does so once under this name: run again after a
    /// crash, it stores nothing more.
    pub once: Option<String>,
}

impl QueryOptions {
    pub fn at(now: Time) -> QueryOptions {
        QueryOptions {
            now,
            timeframe: None,
            cancel: CancelToken::new(),
            limits: QueryLimits::default(),
            may_store: false,
            parameters: BTreeMap::new(),
            once: None,
        }
    }
}

/// Stops the queries it was given to. Clones share it.
#[derive(Clone, Debug)]
pub struct CancelToken(watch::Sender<bool>);

impl CancelToken {
    pub fn new() -> CancelToken {
        CancelToken(watch::Sender::new(false))
    }

    /// Stops them now and in the future.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }

    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns once [`CancelToken::cancel`] was called.
    pub(crate) async fn cancelled(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|cancelled| *cancelled).await;
    }
}

impl Default for CancelToken {
    fn default() -> CancelToken {
        CancelToken::new()
    }
}
