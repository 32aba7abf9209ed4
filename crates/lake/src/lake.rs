//! The lake itself: opening it, taking rows, showing them.

use crate::arrivals::{Arrival, Arrivals};
use crate::columns::{Stamp, stamped_batch};
use crate::folder::Folder;
use crate::report::Counters;
use crate::store::{Store, blocking};
use crate::wal::codec::{self, MAX_EMPTY_ROWS};
use crate::wal::record::MAX_PAYLOAD;
use crate::wal::replay::{Replayed, replay};
use crate::wal::writer::Wal;
use crate::{Ack, DatasetInfo, Health, LakeConfig, LakeError, LakeStats, Problem};
use arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::Notify;
use vedette_event::{Dataset, Row, Time};

/// Rows from which an append is prepared away from the threads that serve.
const MANY_ROWS: usize = 1_000;

/// An open lake. Clones share it.
#[derive(Clone)]
pub struct Lake {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub config: LakeConfig,
    pub stores: Vec<Store>,
    wal: Wal,
    arrivals: Arrivals,
    folder: Folder,
    counters: Counters,
    /// Bytes of rows on their way through the write-ahead log.
    in_flight: AtomicUsize,
    next_id: AtomicU64,
    id_prefix: Arc<str>,
    replayed_rows: u64,
    torn_bytes: u64,
    /// What was found wrong when the lake was opened.
    notes: Vec<String>,
    last_error: Mutex<Option<String>>,
    last_flush: AtomicU64,
    /// A dataset has as many rows in memory as make a flush due.
    pub flush_wanted: Arc<Notify>,
    /// The lake is closed or dropped.
    pub ending: Arc<Notify>,
    pub maintained: AtomicBool,
    pub housekeeping: tokio::sync::Mutex<()>,
    closed: AtomicBool,
}

/// The clock, read at the edge.
pub(crate) fn clock() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

impl Lake {
    /// Opens the folder for this process alone and brings back what the write-ahead log holds.
    ///
    /// Fails when another process has the folder open, when a newer version wrote it, or when it
    /// cannot be read or written. A damaged dataset or log does not fail it: everything else works,
    /// and [`Lake::health`] tells.
    pub async fn open(config: LakeConfig) -> Result<Lake, LakeError> {
        let dir = config.dir.clone();
        let folder = blocking(move || Folder::open(&dir)).await?;
        let mut stores = Vec::with_capacity(config.datasets.len());
        for dataset in &config.datasets {
            let dir = folder.dataset(dataset.name);
            stores.push(Store::open(dataset, dir, &folder.damaged(), clock()).await);
        }
        let mut flushed = Vec::with_capacity(stores.len());
        for store in &stores {
            flushed.push(store.flushed().await);
        }
        let (wal_dir, damaged) = (folder.wal(), folder.damaged());
        let replaying = move || {
            let mut rows = 0;
            let replayed = replay(&wal_dir, &damaged, &mut |sequence, payload| {
                rows += bring_back(&stores, &flushed, sequence, payload)?;
                Ok(())
            })?;
            Ok((stores, flushed, replayed, rows))
        };
        let (stores, flushed, replayed, replayed_rows) = blocking(replaying).await?;
        let Replayed { segments, last_sequence, torn_bytes, damage } = replayed;
        let next = flushed.into_iter().max().unwrap_or(0).max(last_sequence) + 1;
        let wal = Wal::start(folder.wal(), config.wal_segment_bytes, segments, next)?;
        let damaged_ranges = damage.len() as u64;
        let notes: Vec<String> = folder.note.iter().cloned().chain(damage).collect();
        for note in &notes {
            tracing::error!("{note}");
        }
        let inner = Inner {
            id_prefix: folder.id_prefix.as_str().into(),
            counters: Counters { damaged_ranges: damaged_ranges.into(), ..Counters::default() },
            config,
            stores,
            wal,
            arrivals: Arrivals::default(),
            folder,
            in_flight: AtomicUsize::new(0),
            next_id: AtomicU64::new(0),
            replayed_rows,
            torn_bytes,
            notes,
            last_error: Mutex::new(None),
            last_flush: AtomicU64::new(0),
            flush_wanted: Arc::default(),
            ending: Arc::default(),
            maintained: AtomicBool::new(false),
            housekeeping: tokio::sync::Mutex::new(()),
            closed: AtomicBool::new(false),
        };
        inner.forget_wal()?;
        Ok(Lake { inner: Arc::new(inner) })
    }

    pub fn config(&self) -> &LakeConfig {
        &self.inner.config
    }

    /// Stores rows; they are durable and queryable when it returns. On an error none of them is
    /// acknowledged, and the call may be repeated.
    pub async fn append(&self, dataset: &str, rows: Vec<Row>) -> Result<Ack, LakeError> {
        self.append_all(vec![(dataset, rows)]).await
    }

    /// Stores rows of several datasets in one durable step: after a crash all are there or none.
    pub async fn append_all(&self, parts: Vec<(&str, Vec<Row>)>) -> Result<Ack, LakeError> {
        let arrival = self.inner.arrivals.begin(clock);
        self.append_arrived(parts, arrival).await
    }

    /// The same with the `_insert_time` given.
    pub async fn append_at(&self, parts: Vec<(&str, Vec<Row>)>, insert_time: Time) -> Result<Ack, LakeError> {
        let arrival = self.inner.arrivals.begin(|| insert_time);
        self.append_arrived(parts, arrival).await
    }

    /// Every row whose `_insert_time` is at or before this time can be read by a provider made from
    /// now on, and no row with such a time comes later, unless the clock goes back.
    pub fn settled_until(&self) -> Time {
        self.inner.arrivals.settled_until(clock)
    }

    async fn append_arrived(&self, parts: Vec<(&str, Vec<Row>)>, arrival: Arrival) -> Result<Ack, LakeError> {
        let result = self.try_append(parts, arrival).await;
        let inner = &self.inner;
        match &result {
            Ok(ack) => {
                inner.count(|counters| &counters.appends, 1);
                inner.count(|counters| &counters.appended_rows, ack.rows);
                inner.count(|counters| &counters.nulled_cells, ack.nulled_cells);
            }
            Err(_) => inner.count(|counters| &counters.failed_appends, 1),
        }
        result
    }

    async fn try_append(&self, parts: Vec<(&str, Vec<Row>)>, arrival: Arrival) -> Result<Ack, LakeError> {
        let inner = &self.inner;
        if inner.is_closed() {
            return Err(LakeError::Closed);
        }
        let insert_time = arrival.time();
        let mut work = Vec::with_capacity(parts.len());
        for (name, rows) in parts {
            let index = inner.position(name)?;
            if let Some(damage) = inner.stores[index].damage() {
                return Err(damage);
            }
            if !rows.is_empty() {
                let first_id = inner.next_id.fetch_add(rows.len() as u64, Ordering::Relaxed);
                let stamp = Stamp { insert_time, id_prefix: inner.id_prefix.clone(), first_id };
                work.push((index, inner.stores[index].dataset, rows, stamp));
            }
        }
        let rows: usize = work.iter().map(|(_, _, rows, _)| rows.len()).sum();
        let prepared = if rows < MANY_ROWS { prepare(work)? } else { blocking(|| prepare(work)).await? };
        let Prepared { payload, batches, nulled_cells } = prepared;
        if payload.len() > MAX_PAYLOAD {
            return Err(LakeError::TooLarge { bytes: payload.len(), limit: MAX_PAYLOAD });
        }
        if batches.is_empty() {
            return Ok(Ack { rows: 0, nulled_cells, sequence: 0 });
        }
        let held: usize = batches.iter().map(|(_, batch)| batch.get_array_memory_size()).sum();
        let held = inner.make_room(held + payload.len()).await?;
        let lake = inner.clone();
        let deliver = move |sequence| {
            for (index, batch) in batches {
                lake.stores[index].push(batch, sequence);
                if lake.stores[index].memory_rows() >= lake.config.flush_rows {
                    lake.flush_wanted.notify_one();
                }
            }
            drop(held);
            drop(arrival);
        };
        let sequence = inner.wal.append(payload, Box::new(deliver)).await?;
        Ok(Ack { rows: rows as u64, nulled_cells, sequence })
    }

    /// All rows of a dataset as they stand now: those in files and those in memory, each once.
    /// What it reads does not change or vanish while it, or a plan made from it, is held.
    ///
    /// Columns are those of [`crate::arrow_schema`], the hidden companions included.
    pub fn provider(&self, dataset: &str) -> Result<Arc<dyn TableProvider>, LakeError> {
        let index = self.inner.position(dataset)?;
        Ok(Arc::new(self.inner.stores[index].snapshot()?))
    }

    pub fn datasets(&self) -> Vec<DatasetInfo> {
        self.inner.stores.iter().map(Store::info).collect()
    }

    pub fn stats(&self) -> LakeStats {
        let inner = &self.inner;
        let (wal_segments, wal_bytes) = inner.wal.size();
        let last_flush = inner.last_flush.load(Ordering::Relaxed);
        let mut stats = LakeStats {
            syncs: inner.wal.syncs(),
            replayed_rows: inner.replayed_rows,
            torn_bytes: inner.torn_bytes,
            wal_bytes,
            wal_segments,
            memory_bytes: inner.memory_used() as u64,
            last_flush: (last_flush > 0).then_some(Time(last_flush as i64)),
            last_error: inner.last_error.lock().clone(),
            ..inner.counters.read()
        };
        for store in &inner.stores {
            let (files, bytes) = store.replaced();
            stats.replaced_files += files;
            stats.replaced_bytes += bytes;
            stats.expired_rows += store.info().expired_rows;
        }
        stats
    }

    pub fn health(&self) -> Health {
        let inner = &self.inner;
        let mut problems = Vec::new();
        let mut add = |part: String, message: String, stops_appends: bool| {
            problems.push(Problem { part, message, stops_appends });
        };
        if inner.is_closed() {
            add("lake".to_owned(), LakeError::Closed.to_string(), true);
        } else if let Some(error) = inner.wal.error() {
            add("write-ahead log".to_owned(), format!("rows are not accepted: {error}"), true);
        }
        for note in &inner.notes {
            add("write-ahead log".to_owned(), note.clone(), false);
        }
        for store in &inner.stores {
            let part = || format!("dataset {}", store.dataset.name);
            if let Some(error) = store.damage() {
                add(part(), error.to_string(), true);
            }
            if let Some(error) = store.flush_error() {
                let full = inner.memory_used() > inner.config.memory_bytes / 10 * 9;
                let message = format!("rows stay in memory and in the write-ahead log: {error}");
                add(part(), message, full);
            }
            let lost = store.lost_files();
            if !lost.is_empty() {
                let rows: u64 = lost.iter().filter_map(|file| file.rows).sum();
                let first = store.dir.join(&lost[0].name);
                add(
                    part(),
                    format!(
                        "{} data files with {rows} rows are missing or cut, the first is {}; restore them from a backup and start again",
                        lost.len(),
                        first.display()
                    ),
                    false,
                );
            }
        }
        Health { problems }
    }

    /// Flushes, stops the background and releases the folder. Later appends fail; providers already
    /// made stay readable. When the flush fails the rows are still safe in the write-ahead log.
    pub async fn close(&self) -> Result<(), LakeError> {
        let inner = &self.inner;
        if inner.closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        inner.ending.notify_waiters();
        inner.wal.close().await;
        let _housekeeping_is_over = inner.housekeeping.lock().await;
        let flushed = inner.flush_all(clock()).await;
        inner.folder.unlock();
        flushed
    }
}

struct Prepared {
    payload: Vec<u8>,
    batches: Vec<(usize, RecordBatch)>,
    nulled_cells: u64,
}

/// Makes the log record and the columns of an append.
fn prepare(work: Vec<(usize, &'static Dataset, Vec<Row>, Stamp)>) -> Result<Prepared, LakeError> {
    let mut prepared = Prepared { payload: Vec::new(), batches: Vec::new(), nulled_cells: 0 };
    for (index, dataset, rows, stamp) in work {
        if rows.len() as u64 > MAX_EMPTY_ROWS {
            return Err(LakeError::TooLarge { bytes: rows.len(), limit: MAX_EMPTY_ROWS as usize });
        }
        codec::encode_part(&mut prepared.payload, dataset, &stamp, &rows);
        let (batch, nulled) = stamped_batch(dataset, &rows, &stamp)
            .map_err(|error| LakeError::Internal(format!("rows of {} as columns: {error}", dataset.name)))?;
        prepared.nulled_cells += nulled;
        prepared.batches.push((index, batch));
    }
    Ok(prepared)
}

/// Puts a record of the log back into memory, without the parts that are in their tables already.
fn bring_back(stores: &[Store], flushed: &[u64], sequence: u64, payload: &[u8]) -> Result<u64, String> {
    let mut count = 0;
    let mut problem = None;
    for part in codec::decode(payload)? {
        let Some(index) = stores.iter().position(|store| store.dataset.name == part.dataset) else {
            problem =
                Some(format!("it has rows of dataset `{}`, which this version does not know", part.dataset));
            continue;
        };
        if sequence <= flushed[index] {
            continue;
        }
        let (dataset, stamp) = (stores[index].dataset, part.stamp.clone());
        let (rows, _) = part.into_rows(dataset);
        let (batch, _) = stamped_batch(dataset, &rows, &stamp).map_err(|error| error.to_string())?;
        count += rows.len() as u64;
        stores[index].push(batch, sequence);
    }
    problem.map_or(Ok(count), Err)
}

/// Memory taken by rows on their way; given back when dropped.
struct Held {
    inner: Arc<Inner>,
    bytes: usize,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.inner.in_flight.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.ending.notify_waiters();
    }
}

impl Inner {
    fn position(&self, name: &str) -> Result<usize, LakeError> {
        let wanted = vedette_event::datasets::by_name(name).map_or(name, |dataset| dataset.name);
        self.stores.iter().position(|store| store.dataset.name == wanted).ok_or_else(|| {
            LakeError::UnknownDataset {
                name: name.to_owned(),
                known: self.stores.iter().map(|store| store.dataset.name.to_owned()).collect(),
            }
        })
    }

    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub fn count(&self, pick: fn(&Counters) -> &AtomicU64, more: u64) {
        pick(&self.counters).fetch_add(more, Ordering::Relaxed);
    }

    /// Keeps the outcome of background work for the statistics; the same error again is not news.
    pub fn note_outcome(&self, error: Option<&LakeError>) {
        let Some(error) = error.map(LakeError::to_string) else { return };
        let mut last = self.last_error.lock();
        if last.as_ref() != Some(&error) {
            tracing::error!(%error, "the lake's background work failed");
            *last = Some(error);
        }
    }

    pub fn wal_bytes(&self) -> u64 {
        self.wal.size().1
    }

    pub fn memory_used(&self) -> usize {
        self.in_flight.load(Ordering::Acquire) + self.stores.iter().map(Store::memory_bytes).sum::<usize>()
    }

    /// Waits until the rows fit into memory (callers that ask at one time may exceed it together by
    /// their own rows), flushing what is there; a lone append larger than all
    /// memory passes when nothing else is held.
    async fn make_room(self: &Arc<Self>, bytes: usize) -> Result<Held, LakeError> {
        let mut waited = false;
        loop {
            let used = self.memory_used();
            if used == 0 || used + bytes <= self.config.memory_bytes {
                self.in_flight.fetch_add(bytes, Ordering::AcqRel);
                return Ok(Held { inner: self.clone(), bytes });
            }
            if !waited {
                waited = true;
                self.count(|counters| &counters.waits, 1);
            }
            self.flush_largest().await?;
        }
    }

    async fn flush_largest(&self) -> Result<(), LakeError> {
        let mut stores: Vec<(usize, &Store)> =
            self.stores.iter().map(|store| (store.memory_bytes(), store)).collect();
        stores.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
        let mut failed = None;
        for (bytes, store) in stores {
            if bytes == 0 {
                break;
            }
            match self.flush_store(store, clock()).await {
                Ok(_) => return self.forget_wal(),
                Err(error) => failed = Some(error),
            }
        }
        match failed {
            Some(error) => Err(error),
            // Everything is on its way through the log, and will be in memory in a moment.
            None => {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                Ok(())
            }
        }
    }

    pub async fn flush_store(&self, store: &Store, now: Time) -> Result<(), LakeError> {
        let result = store.flush(now).await;
        match &result {
            Ok(true) => {
                self.count(|counters| &counters.flushes, 1);
                self.last_flush.store(now.0.max(0) as u64, Ordering::Relaxed);
            }
            Ok(false) => {}
            Err(error) => self.note_outcome(Some(error)),
        }
        result.map(|_| ())
    }

    /// Deletes the part of the write-ahead log whose rows are all in tables.
    pub fn forget_wal(&self) -> Result<(), LakeError> {
        // Read first: rows delivered later are not looked at, and have a later sequence.
        let delivered = self.wal.delivered();
        let first = self.stores.iter().filter_map(Store::first_unflushed).min();
        self.wal.delete_through(first.map_or(delivered, |first| delivered.min(first.saturating_sub(1))))
    }
}
