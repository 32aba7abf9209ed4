//! One dataset in the lake: its rows in memory, its live files, its table; and the flush that moves
//! rows from the one to the other.

use crate::files::{DataFile, write_sorted};
use crate::memory::Memory;
use crate::provider::Snapshot;
use crate::report::DatasetInfo;
use crate::table::{Purpose, Table};
use crate::{LakeError, arrow_schema};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parking_lot::Mutex;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use vedette_event::{Dataset, Time};

pub(crate) struct Store {
    pub dataset: &'static Dataset,
    pub schema: SchemaRef,
    /// Absolute folder of the table.
    pub dir: PathBuf,
    /// What readers see. Held for moments only.
    state: Mutex<State>,
    /// Held across a commit. None when the table cannot be opened.
    table: tokio::sync::Mutex<Option<Table>>,
}

#[derive(Default)]
struct State {
    memory: Memory,
    files: Vec<Arc<DataFile>>,
    /// Replaced or expired files still on the disk, and since when.
    replaced: Vec<(Arc<DataFile>, Time)>,
    /// Names of live files that are not there or not whole: left out of what is read.
    lost: HashSet<String>,
    version: Option<u64>,
    expired_rows: u64,
    /// Why the table cannot be used.
    damaged: Option<LakeError>,
    /// Why the last flush failed.
    flush_error: Option<LakeError>,
}

impl Store {
    /// Opens the table. One that is damaged does not keep the lake from opening.
    pub async fn open(
        dataset: &'static Dataset,
        dir: PathBuf,
        damaged_dir: &std::path::Path,
        now: Time,
    ) -> Store {
        let mut state = State::default();
        let table = match Table::open(dataset, dir.clone(), damaged_dir).await {
            Ok(table) => Some(table),
            Err(error) => {
                state.damaged = Some(error);
                None
            }
        };
        let store = Store {
            dataset,
            schema: arrow_schema(dataset),
            dir,
            state: Mutex::new(state),
            table: tokio::sync::Mutex::new(table),
        };
        if let Err(error) = store.look_at_files(now).await {
            store.state.lock().damaged = Some(error);
            *store.table.lock().await = None;
        }
        store
    }

    /// Lists the live files, those of them that are lost, and own files no table mentions.
    async fn look_at_files(&self, now: Time) -> Result<(), LakeError> {
        let table = self.table.lock().await;
        let Some(table) = table.as_ref() else { return Ok(()) };
        let files = table.files(&[])?;
        let mut state = self.state.lock();
        for file in &files {
            let size = std::fs::metadata(self.dir.join(&file.name)).map(|metadata| metadata.len());
            if size.ok() != Some(file.bytes) {
                state.lost.insert(file.name.clone());
            }
        }
        let entries =
            std::fs::read_dir(&self.dir).map_err(|error| LakeError::io("list", &self.dir, &error))?;
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if DataFile::is_own_name(&name) && !files.iter().any(|file| file.name == name) {
                let bytes = entry.metadata().map_or(0, |metadata| metadata.len());
                state.replaced.push((Arc::new(DataFile::from_stats(name, bytes, now, None)), now));
            }
        }
        state.version = table.version();
        state.files = files;
        Ok(())
    }

    /// Adds rows that are durable in the write-ahead log.
    pub fn push(&self, batch: RecordBatch, sequence: u64) {
        self.state.lock().memory.push(&self.schema, batch, sequence);
    }

    /// Rows and files of this moment, each row once.
    pub fn snapshot(&self) -> Result<Snapshot, LakeError> {
        let state = self.state.lock();
        if let Some(error) = &state.damaged {
            return Err(error.clone());
        }
        let readable = state.files.iter().filter(|file| !state.lost.contains(&file.name));
        Ok(Snapshot {
            schema: self.schema.clone(),
            dir: self.dir.clone(),
            files: readable.cloned().collect(),
            memory: state.memory.batches(),
        })
    }

    /// Moves all rows of memory into a file of the table. Rows stay readable throughout. Returns
    /// whether there was anything to do.
    pub async fn flush(&self, now: Time) -> Result<bool, LakeError> {
        let result = self.try_flush(now).await;
        self.state.lock().flush_error = result.as_ref().err().cloned();
        result
    }

    async fn try_flush(&self, now: Time) -> Result<bool, LakeError> {
        let mut table = self.table.lock().await;
        let Some(table) = table.as_mut() else { return Err(self.unusable()) };
        table.settle().await?;
        let chunks = self.state.lock().memory.seal();
        let Some(through) = chunks.last().map(|chunk| chunk.last_sequence) else { return Ok(false) };
        // A commit that was made although its error said otherwise is not made again.
        if table.flushed < through {
            let batches: Vec<RecordBatch> = chunks.into_iter().map(|chunk| chunk.batch).collect();
            let (dir, schema) = (self.dir.clone(), self.schema.clone());
            let file = blocking(move || write_sorted(&dir, &schema, &batches, now)).await?;
            table.commit(&[file], &[], Purpose::Flush { through }).await?;
        }
        let files = table.files(&self.files())?;
        let mut state = self.state.lock();
        state.files = files;
        state.version = table.version();
        state.memory.drop_sealed();
        Ok(true)
    }

    /// Replaces files by others with the same rows, or by none. The old ones stay on the disk until
    /// they are swept.
    pub async fn replace(
        &self,
        remove: &[Arc<DataFile>],
        add: Vec<DataFile>,
        purpose: Purpose,
        now: Time,
    ) -> Result<(), LakeError> {
        let mut table = self.table.lock().await;
        let Some(table) = table.as_mut() else { return Err(self.unusable()) };
        table.settle().await?;
        table.commit(&add, remove, purpose).await?;
        let files = table.files(&self.files())?;
        let mut state = self.state.lock();
        state.files = files;
        state.version = table.version();
        state.replaced.extend(remove.iter().map(|file| (file.clone(), now)));
        if matches!(purpose, Purpose::Expire) {
            state.expired_rows += remove.iter().filter_map(|file| file.rows).sum::<u64>();
        }
        Ok(())
    }

    /// Deletes replaced files that no query holds and whose grace is over.
    pub fn sweep(&self, replaced_before: Time) -> Result<(), LakeError> {
        let ready: Vec<Arc<DataFile>> = {
            let mut state = self.state.lock();
            let (ready, rest) = std::mem::take(&mut state.replaced)
                .into_iter()
                .partition(|(file, since)| *since <= replaced_before && Arc::strong_count(file) == 1);
            state.replaced = rest;
            ready.into_iter().map(|(file, _)| file).collect()
        };
        let mut failed = None;
        for file in ready {
            let path = self.dir.join(&file.name);
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    failed = Some(LakeError::io("delete", path, &error));
                    self.state.lock().replaced.push((file, replaced_before));
                }
                _ => {}
            }
        }
        failed.map_or(Ok(()), Err)
    }

    fn unusable(&self) -> LakeError {
        self.state.lock().damaged.clone().unwrap_or(LakeError::Closed)
    }

    /// Newest sequence whose rows are in the table; 0 when the table cannot be opened, so that rows
    /// are kept rather than thought stored.
    pub async fn flushed(&self) -> u64 {
        self.table.lock().await.as_ref().map_or(0, |table| table.flushed)
    }

    pub async fn has_unknown_columns(&self) -> bool {
        self.table.lock().await.as_ref().is_some_and(Table::has_unknown_columns)
    }

    /// Why rows cannot be taken or read.
    pub fn damage(&self) -> Option<LakeError> {
        self.state.lock().damaged.clone()
    }

    pub fn flush_error(&self) -> Option<LakeError> {
        self.state.lock().flush_error.clone()
    }

    pub fn lost_files(&self) -> Vec<Arc<DataFile>> {
        let state = self.state.lock();
        state.files.iter().filter(|file| state.lost.contains(&file.name)).cloned().collect()
    }

    pub fn files(&self) -> Vec<Arc<DataFile>> {
        self.state.lock().files.clone()
    }

    /// Files whose rows can be rewritten.
    pub fn whole_files(&self) -> Vec<Arc<DataFile>> {
        let state = self.state.lock();
        state.files.iter().filter(|file| !state.lost.contains(&file.name)).cloned().collect()
    }

    /// Number and bytes of replaced files still on the disk.
    pub fn replaced(&self) -> (u64, u64) {
        let state = self.state.lock();
        (state.replaced.len() as u64, state.replaced.iter().map(|(file, _)| file.bytes).sum())
    }

    pub fn memory_bytes(&self) -> usize {
        self.state.lock().memory.bytes()
    }

    pub fn memory_rows(&self) -> usize {
        self.state.lock().memory.rows()
    }

    /// When the oldest row in memory was stored.
    pub fn oldest_in_memory(&self) -> Option<Time> {
        self.state.lock().memory.chunks().filter_map(|chunk| Some(chunk.insert_time?.min)).min()
    }

    /// Sequence of the oldest append that is not in the table.
    pub fn first_unflushed(&self) -> Option<u64> {
        self.state.lock().memory.first_sequence()
    }

    pub fn info(&self) -> DatasetInfo {
        let state = self.state.lock();
        let file_times = state.files.iter().filter_map(|file| file.time);
        let range = file_times
            .chain(state.memory.chunks().filter_map(|chunk| chunk.time))
            .reduce(|range, other| range.join(other));
        let memory_rows = state.memory.rows() as u64;
        DatasetInfo {
            name: self.dataset.name.to_owned(),
            rows: state.files.iter().filter_map(|file| file.rows).sum::<u64>() + memory_rows,
            bytes: state.files.iter().map(|file| file.bytes).sum(),
            files: state.files.len() as u64,
            oldest: range.map(|range| range.min),
            newest: range.map(|range| range.max),
            memory_rows,
            memory_bytes: state.memory.bytes() as u64,
            table_version: state.version,
            expired_rows: state.expired_rows,
        }
    }
}

/// Runs what computes or blocks on the disk away from the threads that serve.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LakeError> + Send + 'static,
) -> Result<T, LakeError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| LakeError::Internal(format!("a task of the lake failed: {error}")))?
}
