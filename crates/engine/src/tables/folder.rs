//! The folder of all tables: which there are, and how one changes.

use super::batch;
use super::input::{Format, objects, with_raw_log};
use super::{Imported, LOOKUP_BYTES, TableError, TableKind, check_name, provider};
use crate::DatasetFields;
use crate::output::type_name;
use crate::rules::RuleFiles;
use arrow::array::RecordBatch;
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use parking_lot::{Mutex, RwLock};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vedette_event::Time;

const MANIFEST: &str = "table.json";
/// Appends made once that are remembered; windows that are caught up are fewer.
const REMEMBERED: usize = 1_000;
/// So many small parts are put together into one.
const PARTS: usize = 32;
const SMALL: u64 = 16 << 20;

/// A table as lists show it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TableInfo {
    pub name: String,
    pub kind: TableKind,
    pub rows: u64,
    pub bytes: u64,
    pub updated: Time,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Manifest {
    kind: TableKind,
    parts: Vec<Part>,
    /// Number of the next part.
    next: u64,
    updated: Time,
    /// Names of the latest appends that are made once; in the same file as the parts they added.
    #[serde(default)]
    once: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Part {
    file: String,
    rows: u64,
    bytes: u64,
}

/// A table at one moment.
struct Table {
    dir: PathBuf,
    manifest: Manifest,
    schema: SchemaRef,
    /// Of a lookup.
    rows: Option<RecordBatch>,
}

/// Folder of the rules, in that of the tables.
const RULES: &str = ".rules";

/// The tables of one data folder, and the rules for them. Only one process may have it open.
pub struct Tables {
    rules: RuleFiles,
    dir: PathBuf,
    tables: RwLock<BTreeMap<String, Arc<Table>>>,
    /// One change at a time.
    change: Mutex<()>,
}

impl Tables {
    /// Opens the folder, made if it is not there. A table that cannot be read is left out and named in
    /// the log.
    pub fn open(dir: &Path) -> Result<Tables, TableError> {
        // The engine finds files by their whole path alone.
        let dir = &std::path::absolute(dir).map_err(TableError::io(dir))?;
        fs::create_dir_all(dir).map_err(TableError::io(dir))?;
        let mut tables = BTreeMap::new();
        for entry in fs::read_dir(dir).map_err(TableError::io(dir))?.filter_map(Result::ok) {
            let Ok(name) = entry.file_name().into_string() else { continue };
            if check_name(&name).is_err() || !entry.path().is_dir() {
                continue;
            }
            match Table::open(entry.path()) {
                Ok(table) => {
                    table.tidy();
                    tables.insert(name, Arc::new(table));
                }
                Err(error) => tracing::error!(%error, name, "a table cannot be read and is left out"),
            }
        }
        let rules = RuleFiles::open(&dir.join(RULES));
        Ok(Tables { rules, dir: dir.to_owned(), tables: RwLock::new(tables), change: Mutex::default() })
    }

    /// The files of rules for these tables.
    pub fn rules(&self) -> &RuleFiles {
        &self.rules
    }

    pub fn list(&self) -> Vec<TableInfo> {
        self.tables.read().iter().map(|(name, table)| table.info(name)).collect()
    }

    pub(crate) fn fields(&self) -> Vec<DatasetFields> {
        let described = |(name, table): (&String, &Arc<Table>)| DatasetFields {
            name: name.clone(),
            fields: table
                .schema
                .fields()
                .iter()
                .map(|f| (f.name().clone(), type_name(f.data_type())))
                .collect(),
        };
        self.tables.read().iter().map(described).collect()
    }

    pub(crate) fn provider(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, TableError> {
        let Some(table) = self.tables.read().get(name).cloned() else { return Ok(None) };
        match &table.rows {
            Some(rows) => provider::numbered(rows).map(Some),
            None => provider::parts(&table.files(), table.schema.clone()).map(Some),
        }
    }

    /// Reads JSON or CSV into a table. With `append` it grows, otherwise its rows are replaced. Lines
    /// that cannot be read are left out and told.
    pub fn import(
        &self,
        name: &str,
        kind: TableKind,
        append: bool,
        (format, text): (Format, &[u8]),
        now: Time,
    ) -> Result<Imported, TableError> {
        let name = check_name(name)?;
        let _change = self.change.lock();
        let mut report = Imported::default();
        let known = self.known(&name, kind, append)?;
        let rows = objects(format, text, &mut report)?;
        report.rows = rows.len() as u64;
        let schema = known.as_ref().map_or_else(|| Arc::new(Schema::empty()), |table| table.schema.clone());
        let batch = batch::of(rows, &schema, kind, now, &mut report)?;
        self.write(&name, kind, known, batch, now)?;
        Ok(report)
    }

    /// A text as the rows of a dataset, before any rule has seen them; nothing is stored.
    pub(crate) fn read(
        &self,
        name: &str,
        (format, text): (Format, &[u8]),
        now: Time,
    ) -> Result<(RecordBatch, Imported), TableError> {
        check_name(name)?;
        let mut report = Imported::default();
        let mut rows = objects(format, text, &mut report)?;
        with_raw_log(&mut rows);
        let batch = batch::of(rows, &Schema::empty(), TableKind::Dataset, now, &mut report)?;
        Ok((batch, report))
    }

    /// Adds rows to a dataset, columns by name.
    pub(crate) fn add(&self, name: &str, rows: &RecordBatch, now: Time) -> Result<(), TableError> {
        let rows = rows.clone();
        self.keep(name, TableKind::Dataset, true, std::slice::from_ref(&rows), &rows.schema(), (now, None))
    }

    /// Keeps rows of a query; those of an append that is made `once` and was made before are not kept
    /// again.
    pub(crate) fn keep(
        &self,
        name: &str,
        kind: TableKind,
        append: bool,
        rows: &[RecordBatch],
        schema: &SchemaRef,
        (now, once): (Time, Option<&str>),
    ) -> Result<(), TableError> {
        let name = check_name(name)?;
        let _change = self.change.lock();
        let known = self.known(&name, kind, append)?;
        let made = |table: &Arc<Table>| table.manifest.once.iter().any(|made| Some(made.as_str()) == once);
        if known.as_ref().is_some_and(made) {
            return Ok(());
        }
        let whole = concat_batches(schema, rows)?;
        let batch = match &known {
            Some(table) => fitted(&whole, &table.schema)?,
            None => whole,
        };
        self.write_once(&name, kind, known, batch, (now, once))
    }

    /// Removes a table; false when there was none.
    pub fn remove(&self, name: &str) -> Result<bool, TableError> {
        let _change = self.change.lock();
        let Some(table) = self.tables.write().remove(&name.to_ascii_lowercase()) else { return Ok(false) };
        fs::remove_dir_all(&table.dir).map_err(TableError::io(&table.dir))?;
        Ok(true)
    }

    /// What is there already and goes on; an error when it is something else.
    fn known(&self, name: &str, kind: TableKind, append: bool) -> Result<Option<Arc<Table>>, TableError> {
        let Some(table) = self.tables.read().get(name).cloned() else { return Ok(None) };
        if table.manifest.kind != kind {
            let (there, wanted) = (table.manifest.kind.as_str(), kind.as_str());
            return Err(TableError::OtherKind { name: name.to_owned(), there, wanted });
        }
        Ok(append.then_some(table))
    }

    /// One change at a time, for changes that read first.
    pub(super) fn lock_changes(&self) -> parking_lot::MutexGuard<'_, ()> {
        self.change.lock()
    }

    /// Puts these rows in the place of a lookup's.
    pub(super) fn replace_lookup(&self, name: &str, rows: RecordBatch, now: Time) -> Result<(), TableError> {
        self.write(name, TableKind::Lookup, None, rows, now)
    }

    /// The rows of a lookup; `None` when there is none of this name.
    pub(super) fn lookup_batch(&self, name: &str) -> Result<Option<RecordBatch>, TableError> {
        let known = self.known(name, TableKind::Lookup, true)?;
        Ok(known.and_then(|table| table.rows.clone()))
    }

    fn write(
        &self,
        name: &str,
        kind: TableKind,
        known: Option<Arc<Table>>,
        batch: RecordBatch,
        now: Time,
    ) -> Result<(), TableError> {
        self.write_once(name, kind, known, batch, (now, None))
    }

    fn write_once(
        &self,
        name: &str,
        kind: TableKind,
        known: Option<Arc<Table>>,
        batch: RecordBatch,
        (now, once): (Time, Option<&str>),
    ) -> Result<(), TableError> {
        let dir = self.dir.join(name);
        fs::create_dir_all(&dir).map_err(TableError::io(&dir))?;
        // A table that is replaced goes on with its numbers: its files may still be read.
        let before = self.tables.read().get(name).map_or(0, |table| table.manifest.next);
        let mut manifest = match &known {
            Some(table) => Manifest { updated: now, ..table.manifest.clone() },
            None => Manifest { kind, parts: Vec::new(), next: before, updated: now, once: Vec::new() },
        };
        let (batch, joined) = match &known {
            Some(table) => table.with_small_parts(batch)?,
            None => (batch, Vec::new()),
        };
        manifest.parts.retain(|part| !joined.contains(&part.file));
        let file = format!("{}.parquet", manifest.next);
        manifest.next += 1;
        manifest.once.extend(once.map(str::to_owned));
        let old = manifest.once.len().saturating_sub(REMEMBERED);
        manifest.once.drain(..old);
        let path = dir.join(&file);
        write_part(&path, &batch)?;
        let bytes = fs::metadata(&path).map_err(TableError::io(&path))?.len();
        manifest.parts.push(Part { file, rows: batch.num_rows() as u64, bytes });
        let size: u64 = manifest.parts.iter().map(|part| part.bytes).sum();
        if kind == TableKind::Lookup && size > LOOKUP_BYTES {
            let _ = fs::remove_file(&path);
            return Err(TableError::TooLarge(size));
        }
        write_manifest(&dir, &manifest)?;
        let table = Table::open(dir)?;
        self.tables.write().insert(name.to_owned(), Arc::new(table));
        Ok(())
    }
}

impl Table {
    fn open(dir: PathBuf) -> Result<Table, TableError> {
        let path = dir.join(MANIFEST);
        let text = fs::read(&path).map_err(TableError::io(&path))?;
        let manifest: Manifest = serde_json::from_slice(&text)
            .map_err(|error| TableError::Internal(format!("{}: {error}", path.display())))?;
        let mut fields: Vec<Arc<Field>> = Vec::new();
        for part in &manifest.parts {
            for field in part_reader(&dir.join(&part.file))?.schema().fields() {
                if !fields.iter().any(|known| known.name() == field.name()) {
                    fields.push(field.clone());
                }
            }
        }
        let mut table = Table { dir, manifest, schema: Arc::new(Schema::new(fields)), rows: None };
        if table.manifest.kind == TableKind::Lookup {
            table.rows = Some(table.read(&table.manifest.parts)?);
        }
        Ok(table)
    }

    fn info(&self, name: &str) -> TableInfo {
        let parts = &self.manifest.parts;
        TableInfo {
            name: name.to_owned(),
            kind: self.manifest.kind,
            rows: parts.iter().map(|part| part.rows).sum(),
            bytes: parts.iter().map(|part| part.bytes).sum(),
            updated: self.manifest.updated,
        }
    }

    fn files(&self) -> Vec<PathBuf> {
        self.manifest.parts.iter().map(|part| self.dir.join(&part.file)).collect()
    }

    fn read(&self, parts: &[Part]) -> Result<RecordBatch, TableError> {
        let mut batches = Vec::new();
        for part in parts {
            for batch in part_reader(&self.dir.join(&part.file))?.build()? {
                batches.push(fitted(&batch?, &self.schema)?);
            }
        }
        Ok(concat_batches(&self.schema, &batches)?)
    }

    /// The new rows behind those of the small parts, once there are many; and which parts those were.
    fn with_small_parts(&self, new: RecordBatch) -> Result<(RecordBatch, Vec<String>), TableError> {
        let small = self.manifest.parts.iter().filter(|part| part.bytes < SMALL);
        let small: Vec<Part> = small.cloned().collect();
        if small.len() < PARTS {
            return Ok((new, Vec::new()));
        }
        let schema = new.schema();
        let old = fitted(&self.read(&small)?, &schema)?;
        let whole = concat_batches(&schema, &[old, new])?;
        Ok((whole, small.into_iter().map(|part| part.file).collect()))
    }

    /// Removes files that no manifest names any more: of replaced rows, or of a write that broke off.
    fn tidy(&self) {
        let named = |file: &str| file == MANIFEST || self.manifest.parts.iter().any(|part| part.file == file);
        let entries = fs::read_dir(&self.dir).into_iter().flatten().filter_map(Result::ok);
        for entry in entries.filter(|entry| entry.file_name().to_str().is_none_or(|file| !named(file))) {
            if let Err(error) = fs::remove_file(entry.path()) {
                tracing::warn!(%error, path = %entry.path().display(), "a file that is not needed stays");
            }
        }
    }
}

/// The rows with the columns of `schema` first, in its types, and their further ones behind.
fn fitted(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, TableError> {
    let own = batch.schema();
    let mut fields: Vec<Arc<Field>> = Vec::new();
    let mut columns = Vec::new();
    for field in schema.fields() {
        let column = match own.column_with_name(field.name()) {
            Some((at, _)) => cast(batch.column(at), field.data_type())?,
            None => arrow::array::new_null_array(field.data_type(), batch.num_rows()),
        };
        fields.push(Arc::new(field.as_ref().clone().with_nullable(true)));
        columns.push(column);
    }
    for (at, field) in own.fields().iter().enumerate() {
        if schema.column_with_name(field.name()).is_none() {
            fields.push(field.clone());
            columns.push(batch.column(at).clone());
        }
    }
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)?)
}

/// The rows of both, columns by name; of two types of a column the first one's counts.
pub(crate) fn both(first: &RecordBatch, second: &RecordBatch) -> Result<RecordBatch, TableError> {
    let second = fitted(second, &first.schema())?;
    let first = fitted(first, &second.schema())?;
    Ok(concat_batches(&second.schema(), &[first, second])?)
}

fn part_reader(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>, TableError> {
    let file = File::open(path).map_err(TableError::io(path))?;
    Ok(ParquetRecordBatchReaderBuilder::try_new(file)?)
}

fn write_part(path: &Path, batch: &RecordBatch) -> Result<(), TableError> {
    let file = File::create(path).map_err(TableError::io(path))?;
    let level = ZstdLevel::try_new(1)?;
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level)).build();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties))?;
    writer.write(batch)?;
    writer.into_inner()?.sync_all().map_err(TableError::io(path))
}

fn write_manifest(dir: &Path, manifest: &Manifest) -> Result<(), TableError> {
    let (path, temporary) = (dir.join(MANIFEST), dir.join("table.json.new"));
    let text = serde_json::to_vec(manifest).map_err(|error| TableError::Internal(error.to_string()))?;
    fs::write(&temporary, text).map_err(TableError::io(&temporary))?;
    File::open(&temporary).and_then(|file| file.sync_all()).map_err(TableError::io(&temporary))?;
    fs::rename(&temporary, &path).map_err(TableError::io(&path))?;
    File::open(dir).and_then(|folder| folder.sync_all()).map_err(TableError::io(dir))
}
