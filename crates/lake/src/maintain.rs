//! What goes on in the background: flushing memory, forgetting the write-ahead log, merging,
//! retention, sweeping.
//!
//! Flushing has a task of its own, because a merge can take seconds and rows must not pile up
//! meanwhile. Both tasks end when the lake is closed or no one holds it any more.

use crate::lake::{Inner, clock};
use crate::merge;
use crate::retain::expired;
use crate::table::Purpose;
use crate::{Lake, LakeError};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::Notify;
use vedette_event::Time;

/// Housekeeping looks this many times more seldom than flushing.
const HOUSEKEEPING_EVERY: u32 = 5;
/// Full segments of the write-ahead log beyond which every dataset is flushed.
const LOG_SEGMENTS: u64 = 8;

impl Lake {
    /// Starts flushing, merging, retention and clean-up in the background until the lake is closed
    /// or dropped. A second call does nothing.
    pub fn spawn_maintenance(&self) {
        if self.inner.maintained.swap(true, std::sync::atomic::Ordering::AcqRel) {
            return;
        }
        let interval = self.inner.config.maintenance_interval.max(Duration::from_millis(1));
        let Inner { flush_wanted, ending, .. } = self.inner.as_ref();
        let flushing = Loop {
            lake: Arc::downgrade(&self.inner),
            interval,
            wake: flush_wanted.clone(),
            ending: ending.clone(),
        };
        let housekeeping =
            Loop { interval: interval * HOUSEKEEPING_EVERY, wake: ending.clone(), ..flushing.clone() };
        tokio::spawn(flushing.run(async |inner: &Inner| inner.flush_due(clock()).await));
        tokio::spawn(housekeeping.run(async |inner: &Inner| inner.housekeep(clock()).await));
    }

    /// One round of everything the background does, as if it were `now`.
    pub async fn maintain(&self, now: Time) -> Result<(), LakeError> {
        let flushed = self.inner.flush_due(now).await;
        self.inner.housekeep(now).await.and(flushed)
    }

    /// Writes all rows in memory to data files.
    pub async fn flush(&self) -> Result<(), LakeError> {
        self.inner.flush_all(clock()).await
    }
}

/// Work repeated until the lake is closed or dropped; it does not keep the lake open.
#[derive(Clone)]
struct Loop {
    lake: Weak<Inner>,
    interval: Duration,
    /// Begins the next round at once.
    wake: Arc<Notify>,
    ending: Arc<Notify>,
}

impl Loop {
    async fn run(self, work: impl AsyncFn(&Inner) -> Result<(), LakeError>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(self.interval) => {}
                () = self.wake.notified() => {}
                () = self.ending.notified() => {}
            }
            let Some(inner) = self.lake.upgrade() else { return };
            if inner.is_closed() {
                return;
            }
            let result = work(&inner).await;
            inner.note_outcome(result.as_ref().err());
        }
    }
}

impl Inner {
    /// Flushes every dataset that has many rows or old rows in memory.
    async fn flush_due(&self, now: Time) -> Result<(), LakeError> {
        let interval = i64::try_from(self.config.flush_interval.as_micros()).unwrap_or(i64::MAX);
        let crowded = self.memory_used() > self.config.memory_bytes / 2;
        // One unflushed row keeps all of the log after it.
        let log_is_long = self.wal_bytes() > LOG_SEGMENTS * self.config.wal_segment_bytes;
        let mut result = Ok(());
        for store in &self.stores {
            let rows = store.memory_rows();
            let old = store.oldest_in_memory().is_some_and(|oldest| now.since(oldest) >= interval);
            let large = crowded && store.memory_bytes() > self.config.memory_bytes / 16;
            if rows >= self.config.flush_rows || old || large || (log_is_long && rows > 0) {
                let flushed = self.flush_store(store, now).await;
                result = result.and(flushed.map(|_| ()));
            }
        }
        result.and(self.forget_wal())
    }

    pub(crate) async fn flush_all(&self, now: Time) -> Result<(), LakeError> {
        let mut result = Ok(());
        for store in &self.stores {
            // Rows that came during a flush that had to be repeated wait for a second one.
            while store.memory_rows() > 0 {
                if let Err(error) = self.flush_store(store, now).await {
                    result = Err(error);
                    break;
                }
            }
        }
        self.forget_wal()?;
        result
    }

    /// Merges, drops what retention says, deletes what nobody needs. Each goes on when another
    /// fails.
    async fn housekeep(&self, now: Time) -> Result<(), LakeError> {
        let _one_at_a_time = self.housekeeping.lock().await;
        let retained = self.retain(now).await;
        let merged = self.merge(now).await;
        let grace = i64::try_from(self.config.vacuum_grace.as_micros()).unwrap_or(i64::MAX);
        let swept = self.stores.iter().map(|store| store.sweep(now.plus(-grace))).fold(Ok(()), Result::and);
        retained.and(merged).and(swept)
    }

    async fn retain(&self, now: Time) -> Result<(), LakeError> {
        let files: Vec<_> = self.stores.iter().map(|store| store.files()).collect();
        let gone = expired(&files, now, &self.config);
        let mut result = Ok(());
        for (index, store) in self.stores.iter().enumerate() {
            let files: Vec<_> =
                gone.iter().filter(|(of, _)| *of == index).map(|(_, file)| file.clone()).collect();
            if files.is_empty() || store.damage().is_some() {
                continue;
            }
            tracing::info!(dataset = store.dataset.name, files = files.len(), "retention drops files");
            result = result.and(store.replace(&files, Vec::new(), Purpose::Expire, now).await);
        }
        result
    }

    async fn merge(&self, now: Time) -> Result<(), LakeError> {
        let mut result = Ok(());
        for store in &self.stores {
            if store.damage().is_some() || store.has_unknown_columns().await {
                continue;
            }
            for set in merge::plan(&store.whole_files(), now, &self.config) {
                let merged = merge::merge(store, set, now).await;
                if merged.is_ok() {
                    self.count(|counters| &counters.merges, 1);
                }
                result = result.and(merged);
                if self.is_closed() {
                    return result;
                }
            }
        }
        result
    }
}
