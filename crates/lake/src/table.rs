//! The Delta table of one dataset: opening it, and committing files to it.
//!
//! A flush commits its file together with the sequence of the newest append in it, as a Delta
//! application transaction. After a crash, or after a commit whose outcome is unknown, that number
//! says which rows of the write-ahead log are in the table, so none is stored twice.
//!
//! The log files of the table are synced here after every commit, because the object store does
//! not; only then may the write-ahead log forget the rows. A crash before the sync can leave the
//! newest log file empty: it is set aside when the table is opened, and the rows come back from the
//! write-ahead log.

use crate::LakeError;
use crate::files::DataFile;
use crate::schema::delta_fields;
use crate::wal::writer::sync_dir;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties, TableReference};
use deltalake::kernel::{Action, Add, MetadataExt, Remove, StructField, StructType, Transaction};
use deltalake::operations::create::CreateBuilder;
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vedette_event::{Dataset, Time};

/// Names our application transactions.
const APP_ID: &str = "vedette-lake";
/// Commits after which the table's log is summed up, so that opening and committing stay quick.
const CHECKPOINT_EVERY: u64 = 20;

/// Why a commit is made.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// New rows, up to this sequence of the write-ahead log.
    Flush {
        through: u64,
    },
    Merge,
    Expire,
}

pub(crate) struct Table {
    dataset: &'static Dataset,
    dir: PathBuf,
    table: Option<DeltaTable>,
    /// Newest sequence whose rows are in the table.
    pub flushed: u64,
    /// Files of a commit whose outcome could not be learnt.
    unsure: Vec<String>,
}

impl Table {
    /// Opens the table; one that does not exist yet is made by its first flush.
    pub async fn open(dataset: &'static Dataset, dir: PathBuf, damaged: &Path) -> Result<Table, LakeError> {
        std::fs::create_dir_all(&dir).map_err(|error| LakeError::io("create", &dir, &error))?;
        let mut opened = Table { dataset, dir, table: None, flushed: 0, unsure: Vec::new() };
        if opened.dir.join("_delta_log").is_dir() {
            set_aside_torn_log(&opened.dir.join("_delta_log"), damaged)?;
            opened.reload().await?;
        }
        Ok(opened)
    }

    /// Reads the table again as it is on the disk.
    async fn reload(&mut self) -> Result<(), LakeError> {
        let mut table = self.builder()?.build().map_err(|error| self.damaged(error))?;
        if !table.verify_deltatable_existence().await.map_err(|error| self.damaged(error))? {
            self.table = None;
            return Ok(());
        }
        table.load().await.map_err(|error| self.damaged(error))?;
        let state = table.snapshot().map_err(|error| self.damaged(error))?;
        let flushed = state
            .transaction_version(table.log_store().as_ref(), APP_ID)
            .await
            .map_err(|error| self.damaged(error))?;
        self.flushed = flushed.and_then(|version| u64::try_from(version).ok()).unwrap_or(0);
        self.table = Some(table);
        Ok(())
    }

    fn builder(&self) -> Result<DeltaTableBuilder, LakeError> {
        let url =
            deltalake::ensure_table_uri(self.dir.to_string_lossy()).map_err(|error| self.damaged(error))?;
        DeltaTableBuilder::from_url(url).map_err(|error| self.damaged(error))
    }

    pub fn version(&self) -> Option<u64> {
        self.table.as_ref().and_then(DeltaTable::version)
    }

    /// The live files. `known` gives those that were listed before, so that holding one keeps
    /// counting.
    pub fn files(&self, known: &[Arc<DataFile>]) -> Result<Vec<Arc<DataFile>>, LakeError> {
        let Some(table) = &self.table else { return Ok(Vec::new()) };
        let state = table.snapshot().map_err(|error| self.damaged(error))?;
        let log = state.snapshot().try_log_data().map_err(|error| self.damaged(error))?;
        let known: HashMap<&str, &Arc<DataFile>> =
            known.iter().map(|file| (file.name.as_str(), file)).collect();
        let files = log.iter().map(|view| {
            let name = view.path().into_owned();
            if let Some(file) = known.get(name.as_str()) {
                return Arc::clone(file);
            }
            let bytes = u64::try_from(view.size()).unwrap_or(0);
            let written = Time(view.modification_time().saturating_mul(1000));
            Arc::new(DataFile::from_stats(name, bytes, written, view.stats().as_deref()))
        });
        Ok(files.collect())
    }

    /// True when the table has columns this version does not know: a newer version wrote them.
    pub fn has_unknown_columns(&self) -> bool {
        let Some(state) = self.table.as_ref().and_then(|table| table.snapshot().ok()) else {
            return false;
        };
        let known = delta_fields(self.dataset);
        state.schema().fields().any(|field| !known.iter().any(|own| own.name() == field.name()))
    }

    /// Adds and removes files in one atomic, durable step.
    pub async fn commit(
        &mut self,
        add: &[DataFile],
        remove: &[Arc<DataFile>],
        purpose: Purpose,
    ) -> Result<(), LakeError> {
        if self.table.is_none() {
            self.create().await?;
        }
        if let Err(error) = self.try_commit(add, remove, purpose).await {
            // It may have been made all the same; the table knows.
            let error = self.write_error(error);
            self.unsure = add.iter().map(|file| file.name.clone()).collect();
            self.settle().await?;
            let made = match purpose {
                Purpose::Flush { through } => self.flushed >= through,
                Purpose::Merge | Purpose::Expire => self.lists(add, remove)?,
            };
            if !made {
                return Err(error);
            }
        }
        self.sync_log()?;
        if let Purpose::Flush { through } = purpose {
            self.flushed = self.flushed.max(through);
        }
        self.checkpoint_if_due().await;
        Ok(())
    }

    /// Learns the outcome of a commit that could not be learnt before, and deletes its files when it
    /// was not made.
    pub async fn settle(&mut self) -> Result<(), LakeError> {
        if self.unsure.is_empty() {
            return Ok(());
        }
        self.reload().await?;
        let live = self.files(&[])?;
        for name in std::mem::take(&mut self.unsure) {
            if !live.iter().any(|file| file.name == name) {
                let _ = std::fs::remove_file(self.dir.join(name));
            }
        }
        Ok(())
    }

    async fn try_commit(
        &mut self,
        add: &[DataFile],
        remove: &[Arc<DataFile>],
        purpose: Purpose,
    ) -> Result<(), DeltaTableError> {
        let Some(table) = &mut self.table else { return Ok(()) };
        let state = table.snapshot()?;
        let same_rows = matches!(purpose, Purpose::Merge);
        let mut actions: Vec<Action> = Vec::with_capacity(add.len() + remove.len() + 1);
        if let Some(schema) = extended(&state.schema(), self.dataset)? {
            actions.push(Action::Metadata(state.metadata().clone().with_schema(&schema)?));
        }
        actions.extend(remove.iter().map(|file| Action::Remove(removal(file, !same_rows))));
        actions.extend(add.iter().map(|file| Action::Add(addition(file, !same_rows))));
        let mut properties =
            CommitProperties::default().with_create_checkpoint(false).with_cleanup_expired_logs(Some(false));
        let operation = match purpose {
            Purpose::Flush { through } => {
                let sequence = i64::try_from(through).unwrap_or(i64::MAX);
                properties = properties.with_application_transaction(Transaction::new(APP_ID, sequence));
                DeltaOperation::Write { mode: SaveMode::Append, partition_by: None, predicate: None }
            }
            Purpose::Merge => DeltaOperation::Optimize { predicate: None, target_size: 0 },
            Purpose::Expire => DeltaOperation::Delete { predicate: None },
        };
        let commit = CommitBuilder::from(properties)
            .with_actions(actions)
            .build(Some(state as &dyn TableReference), table.log_store(), operation)
            .await?;
        table.state = Some(commit.snapshot());
        Ok(())
    }

    async fn create(&mut self) -> Result<(), LakeError> {
        let settings = [
            // Replaced files are deleted by the lake itself; history is not kept for its own sake.
            ("delta.logRetentionDuration", "interval 1 days"),
            ("delta.deletedFileRetentionDuration", "interval 1 days"),
            ("delta.dataSkippingStatsColumns", "_time,_insert_time"),
        ];
        let store = self.builder()?.build().map_err(|error| self.write_error(error))?.log_store();
        let table = CreateBuilder::new()
            .with_log_store(store)
            .with_table_name(self.dataset.name)
            .with_comment(self.dataset.doc)
            .with_columns(delta_fields(self.dataset))
            .with_configuration(settings.map(|(key, value)| (key, Some(value))))
            .with_save_mode(SaveMode::Ignore)
            .await
            .map_err(|error| self.write_error(error))?;
        self.table = Some(table);
        Ok(())
    }

    /// Whether the table as loaded holds `add` and not `remove`.
    fn lists(&self, add: &[DataFile], remove: &[Arc<DataFile>]) -> Result<bool, LakeError> {
        let live = self.files(&[])?;
        let has = |name: &str| live.iter().any(|file| file.name == name);
        Ok(add.iter().all(|file| has(&file.name)) && !remove.iter().any(|file| has(&file.name)))
    }

    /// Makes the newest log file durable.
    fn sync_log(&self) -> Result<(), LakeError> {
        let Some(version) = self.version() else { return Ok(()) };
        let log = self.dir.join("_delta_log");
        let newest = log.join(format!("{version:020}.json"));
        File::open(&newest)
            .and_then(|file| file.sync_all())
            .and_then(|()| sync_dir(&log))
            .map_err(|error| LakeError::io("sync", newest, &error))
    }

    /// A checkpoint that fails costs speed only, and is tried again.
    async fn checkpoint_if_due(&self) {
        let (Some(table), Some(version)) = (&self.table, self.version()) else { return };
        if !version.is_multiple_of(CHECKPOINT_EVERY) || version == 0 {
            return;
        }
        let result = async {
            deltalake::checkpoints::create_checkpoint(table, None).await?;
            // Only what is synced may make older log files needless.
            sync_checkpoints(&self.dir.join("_delta_log"), version)?;
            deltalake::checkpoints::cleanup_metadata(table, None).await
        };
        if let Err(error) = result.await {
            tracing::warn!(dataset = self.dataset.name, %error, "the table's log could not be summed up");
        }
    }

    fn damaged(&self, error: DeltaTableError) -> LakeError {
        LakeError::Damaged {
            path: self.dir.clone(),
            cause: error.to_string(),
            fix: "restore its _delta_log from a backup, or move the folder away to begin an empty dataset",
        }
    }

    fn write_error(&self, error: DeltaTableError) -> LakeError {
        use std::error::Error as _;
        let mut source = error.source();
        while let Some(inner) = source {
            if let Some(io) = inner.downcast_ref::<std::io::Error>() {
                return LakeError::io("write", &self.dir, io);
            }
            source = inner.source();
        }
        LakeError::io("write", &self.dir, &std::io::Error::other(error.to_string()))
    }
}

/// The table's schema with the columns the dataset has gained; none when it has gained none.
fn extended(table: &StructType, dataset: &Dataset) -> Result<Option<StructType>, DeltaTableError> {
    let mut fields: Vec<StructField> = table.fields().cloned().collect();
    let before = fields.len();
    for own in delta_fields(dataset) {
        match fields.iter().find(|field| field.name() == own.name()) {
            None => fields.push(own),
            Some(field) if field.data_type() == own.data_type() => {}
            Some(field) => {
                return Err(DeltaTableError::Generic(format!(
                    "column {} is {} in the table and {} in this version",
                    own.name(),
                    field.data_type(),
                    own.data_type()
                )));
            }
        }
    }
    if fields.len() == before {
        return Ok(None);
    }
    Ok(Some(StructType::try_new(fields)?))
}

fn addition(file: &DataFile, data_change: bool) -> Add {
    Add {
        path: file.name.clone(),
        size: i64::try_from(file.bytes).unwrap_or(i64::MAX),
        modification_time: file.written.0.div_euclid(1000),
        data_change,
        stats: Some(file.stats()),
        ..Add::default()
    }
}

fn removal(file: &DataFile, data_change: bool) -> Remove {
    Remove {
        path: file.name.clone(),
        data_change,
        deletion_timestamp: Some(crate::lake::clock().0.div_euclid(1000)),
        extended_file_metadata: Some(true),
        partition_values: Some(HashMap::new()),
        size: i64::try_from(file.bytes).ok(),
        ..Remove::default()
    }
}

fn sync_checkpoints(log: &Path, version: u64) -> Result<(), DeltaTableError> {
    let prefix = format!("{version:020}.checkpoint");
    for entry in std::fs::read_dir(log)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_string_lossy().starts_with(&prefix) || name == "_last_checkpoint" {
            File::open(entry.path())?.sync_all()?;
        }
    }
    Ok(sync_dir(log)?)
}

/// Moves away what a crash of the machine can leave half-written at the end of a table's log: a
/// newest commit that is not whole, and checkpoints that are not whole. Nothing that was synced,
/// and so nothing the write-ahead log has forgotten, is among them.
fn set_aside_torn_log(log: &Path, damaged: &Path) -> Result<(), LakeError> {
    let list = |error: std::io::Error| LakeError::io("list", log, &error);
    let mut newest: Option<PathBuf> = None;
    for entry in std::fs::read_dir(log).map_err(list)? {
        let path = entry.map_err(list)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.contains('#') {
            // What the object store was writing when the process stopped.
            let _ = std::fs::remove_file(path);
            continue;
        }
        let is_commit = name.strip_suffix(".json").is_some_and(|number| number.len() == 20);
        if is_commit && newest.as_ref().is_none_or(|other| *other < path) {
            newest = Some(path);
        } else if name.ends_with(".checkpoint.parquet") && !is_whole_parquet(&path) {
            set_aside(&path, damaged)?;
            let _ = std::fs::remove_file(log.join("_last_checkpoint"));
        }
    }
    match newest {
        Some(path) if !is_whole_commit(&path) => set_aside(&path, damaged),
        _ => Ok(()),
    }
}

fn is_whole_commit(path: &Path) -> bool {
    let Ok(text) = std::fs::read_to_string(path) else { return false };
    !text.trim().is_empty()
        && text.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok())
}

fn is_whole_parquet(path: &Path) -> bool {
    let Ok(bytes) = std::fs::read(path) else { return false };
    bytes.len() > 8 && bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1")
}

fn set_aside(path: &Path, damaged: &Path) -> Result<(), LakeError> {
    let table = path.ancestors().nth(2).and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let target = damaged.join(format!("{table}-{name}"));
    tracing::warn!(from = %path.display(), to = %target.display(), "an unfinished log file is set aside");
    std::fs::create_dir_all(damaged)
        .and_then(|()| std::fs::rename(path, &target))
        .map_err(|error| LakeError::io("move away", path, &error))
}
