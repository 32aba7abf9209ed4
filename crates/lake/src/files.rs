//! Data files: rows sorted by `_time` as Parquet, with the facts about each that pruning and
//! retention need.
//!
//! Columns carry their Arrow types in the file, so that few-valued strings come back as
//! dictionaries without being built again. Files are synced before a table mentions them.

use crate::LakeError;
use arrow::array::{AsArray, RecordBatch};
use arrow::compute::{interleave_record_batch, max, min};
use arrow::datatypes::{SchemaRef, TimestampMicrosecondType};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};
use serde_json::{Value, json};
use std::fs::File;
use std::path::Path;
use vedette_event::Time;

/// Rows of a row group: small enough to prune by time, large enough for dictionaries to pay.
const ROW_GROUP_ROWS: usize = 250_000;
/// Rows handed to the writer at a time.
const SLICE_ROWS: usize = 16_384;
/// The beginning of the name of every file written here; those of others are read, never merged.
const OWN_PREFIX: &str = "part-";

/// Smallest and largest value of a time column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeRange {
    pub min: Time,
    pub max: Time,
}

impl TimeRange {
    pub fn join(self, other: TimeRange) -> TimeRange {
        TimeRange { min: self.min.min(other.min), max: self.max.max(other.max) }
    }
}

/// A file of a table. Whoever holds the `Arc` of one keeps the file from being deleted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DataFile {
    /// Name inside the table's folder.
    pub name: String,
    pub bytes: u64,
    /// None when a foreign writer did not say.
    pub rows: Option<u64>,
    pub time: Option<TimeRange>,
    pub insert_time: Option<TimeRange>,
    /// When it was written; stands in for `insert_time` where that is unknown.
    pub written: Time,
}

impl DataFile {
    /// The newest moment a row of it was stored.
    pub fn newest_insert(&self) -> Time {
        self.insert_time.map_or(self.written, |range| range.max)
    }

    /// Written by a lake, so sorted and of known content.
    pub fn is_own(&self) -> bool {
        DataFile::is_own_name(&self.name) && self.rows.is_some() && self.insert_time.is_some()
    }

    pub fn is_own_name(name: &str) -> bool {
        name.starts_with(OWN_PREFIX)
    }

    /// The statistics of a Delta `add` action.
    pub fn stats(&self) -> String {
        let mut least = serde_json::Map::new();
        let mut most = serde_json::Map::new();
        for (column, range) in [("_time", self.time), ("_insert_time", self.insert_time)] {
            if let Some(range) = range
                && let (Some(from), Some(to)) = (stat_text(range.min), stat_text(range.max))
            {
                least.insert(column.to_owned(), Value::String(from));
                most.insert(column.to_owned(), Value::String(to));
            }
        }
        json!({ "numRecords": self.rows, "minValues": least, "maxValues": most, "nullCount": {} }).to_string()
    }

    /// Reads statistics that this or another writer made.
    pub fn from_stats(name: String, bytes: u64, written: Time, stats: Option<&str>) -> DataFile {
        let stats: Value = stats.and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null);
        let range = |column: &str| {
            let min = Time::parse(stats["minValues"][column].as_str()?)?;
            let max = Time::parse(stats["maxValues"][column].as_str()?)?;
            // Other writers cut times to milliseconds.
            let cut = !DataFile::is_own_name(&name) && max.0 % 1000 == 0;
            Some(TimeRange { min, max: if cut { max.plus(999) } else { max } })
        };
        let (time, insert_time) = (range("_time"), range("_insert_time"));
        DataFile { name, bytes, rows: stats["numRecords"].as_u64(), time, insert_time, written }
    }
}

/// RFC 3339, for the years it can be written in.
fn stat_text(time: Time) -> Option<String> {
    const YEAR_1: i64 = -62_135_596_800_000_000;
    const YEAR_9999_END: i64 = 253_402_300_799_000_000;
    (YEAR_1..YEAR_9999_END).contains(&time.0).then(|| time.rfc3339())
}

/// Writes batches that arrive sorted by `_time`.
pub(crate) struct FileWriter {
    writer: ArrowWriter<File>,
    path: std::path::PathBuf,
    file: DataFile,
}

impl FileWriter {
    pub fn create(dir: &Path, schema: &SchemaRef, written: Time) -> Result<FileWriter, LakeError> {
        let name = format!("{OWN_PREFIX}{}.parquet", uuid::Uuid::new_v4());
        let path = dir.join(&name);
        let file = File::create_new(&path).map_err(|error| LakeError::io("create", &path, &error))?;
        let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties(schema)))
            .map_err(|error| parquet_error(&path, error))?;
        let file = DataFile { name, bytes: 0, rows: Some(0), time: None, insert_time: None, written };
        Ok(FileWriter { writer, path, file })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds rows that are not older than those before. Batches out of order are refused: the file
    /// says of itself that it is sorted.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), LakeError> {
        let time = time_range(batch, "_time");
        if let (Some(before), Some(now)) = (self.file.time, time)
            && now.min < before.max
        {
            return Err(LakeError::Internal(format!("rows for {} are not in order", self.path.display())));
        }
        self.writer.write(batch).map_err(|error| parquet_error(&self.path, error))?;
        self.file.rows = self.file.rows.map(|rows| rows + batch.num_rows() as u64);
        widen(&mut self.file.time, time);
        widen(&mut self.file.insert_time, time_range(batch, "_insert_time"));
        Ok(())
    }

    /// Completes the file and syncs it and its name.
    pub fn finish(self) -> Result<DataFile, LakeError> {
        let FileWriter { writer, path, mut file } = self;
        let written = writer.into_inner().map_err(|error| parquet_error(&path, error))?;
        let synced = written.sync_all().and_then(|()| written.metadata()).and_then(|metadata| {
            path.parent().map_or(Ok(()), crate::wal::writer::sync_dir).map(|()| metadata.len())
        });
        file.bytes = synced.map_err(|error| LakeError::io("write", &path, &error))?;
        Ok(file)
    }
}

/// Writes rows in any order as one file; nothing is left behind when it fails.
pub(crate) fn write_sorted(
    dir: &Path,
    schema: &SchemaRef,
    batches: &[RecordBatch],
    written: Time,
) -> Result<DataFile, LakeError> {
    let order = time_order(batches)?;
    let mut writer = FileWriter::create(dir, schema, written)?;
    let path = writer.path.clone();
    let batches: Vec<&RecordBatch> = batches.iter().collect();
    let result = order
        .chunks(SLICE_ROWS)
        .try_for_each(|rows| {
            let slice = interleave_record_batch(&batches, rows)
                .map_err(|error| LakeError::Internal(format!("rows cannot be put in order: {error}")))?;
            writer.write(&slice)
        })
        .and_then(|()| writer.finish());
    if result.is_err() {
        let _ = std::fs::remove_file(path);
    }
    result
}

/// The rows of all batches by `_time`, as (batch, row); rows of one moment keep their order.
fn time_order(batches: &[RecordBatch]) -> Result<Vec<(usize, usize)>, LakeError> {
    let mut keyed = Vec::with_capacity(batches.iter().map(RecordBatch::num_rows).sum());
    for (index, batch) in batches.iter().enumerate() {
        let times = batch
            .column_by_name("_time")
            .and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>())
            .ok_or_else(|| LakeError::Internal("a batch has no _time".to_owned()))?;
        keyed.extend(times.values().iter().enumerate().map(|(row, time)| (*time, index, row)));
    }
    keyed.sort_by_key(|(time, _, _)| *time);
    Ok(keyed.into_iter().map(|(_, batch, row)| (batch, row)).collect())
}

fn widen(range: &mut Option<TimeRange>, new: Option<TimeRange>) {
    *range = match (*range, new) {
        (Some(old), Some(new)) => Some(old.join(new)),
        (old, new) => old.or(new),
    };
}

/// The range of a time column; none when it is absent or empty.
pub(crate) fn time_range(batch: &RecordBatch, column: &str) -> Option<TimeRange> {
    let values = batch.column_by_name(column)?.as_primitive_opt::<TimestampMicrosecondType>()?;
    Some(TimeRange { min: Time(min(values)?), max: Time(max(values)?) })
}

fn properties(schema: &SchemaRef) -> WriterProperties {
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_created_by(format!("Vedette {}", env!("CARGO_PKG_VERSION")));
    if let Ok(position) = schema.index_of("_time") {
        builder = builder.set_sorting_columns(Some(vec![SortingColumn {
            column_idx: position as i32,
            descending: false,
            nulls_first: false,
        }]));
    }
    builder = plain_delta(builder, "_time", Encoding::DELTA_BINARY_PACKED);
    builder = plain_delta(builder, "_insert_time", Encoding::DELTA_BINARY_PACKED);
    // Identifiers share their beginning with their neighbours.
    plain_delta(builder, "_id", Encoding::DELTA_BYTE_ARRAY).build()
}

/// Values that rarely repeat: no dictionary, differences to the value before.
fn plain_delta(
    builder: WriterPropertiesBuilder,
    column: &str,
    encoding: Encoding,
) -> WriterPropertiesBuilder {
    builder.set_column_dictionary_enabled(column.into(), false).set_column_encoding(column.into(), encoding)
}

fn parquet_error(path: &Path, error: parquet::errors::ParquetError) -> LakeError {
    use std::error::Error as _;
    // The disk's own error is inside, in one way or another.
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            return LakeError::io("write", path, io);
        }
        source = inner.source();
    }
    let error = std::io::Error::other(error.to_string());
    LakeError::io("write", path, &error)
}
