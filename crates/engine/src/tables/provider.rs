//! How rows of tables and of files are read.

use super::batch;
use super::input::{Format, objects};
use super::{Imported, TableError, TableKind};
use crate::source::ROW_NUMBER;
use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vedette_event::Time;

/// JSON and CSV files are read whole.
const MOST_TEXT: u64 = 1 << 30;

/// Rows in memory that remember their order.
pub(crate) fn numbered(rows: &RecordBatch) -> Result<Arc<dyn TableProvider>, TableError> {
    let mut fields: Vec<Arc<Field>> = rows.schema().fields().iter().cloned().collect();
    let mut columns: Vec<ArrayRef> = rows.columns().to_vec();
    fields.push(Arc::new(Field::new(ROW_NUMBER, DataType::Int64, false)));
    let numbers = (0..rows.num_rows()).map(|row| i64::try_from(row).unwrap_or(i64::MAX));
    columns.push(Arc::new(Int64Array::from_iter_values(numbers)));
    let schema = Arc::new(Schema::new(fields));
    let whole = RecordBatch::try_new(schema.clone(), columns)?;
    let table = MemTable::try_new(schema, vec![vec![whole]]);
    Ok(Arc::new(table.map_err(|error| TableError::Internal(error.to_string()))?))
}

/// Parquet files as one table; columns that a file lacks are null.
pub(super) fn parts(files: &[PathBuf], schema: SchemaRef) -> Result<Arc<dyn TableProvider>, TableError> {
    let internal = |error: datafusion::error::DataFusionError| TableError::Internal(error.to_string());
    let urls: Result<Vec<_>, _> =
        files.iter().map(|file| ListingTableUrl::parse(address(file)).map_err(internal)).collect();
    let options = ListingOptions::new(Arc::new(ParquetFormat::default())).with_file_extension("");
    let config =
        ListingTableConfig::new_with_multi_paths(urls?).with_listing_options(options).with_schema(schema);
    Ok(Arc::new(ListingTable::try_new(config).map_err(internal)?))
}

/// A path as an address, so that no character of it is taken for a pattern.
fn address(path: &Path) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte);
    let mut text = String::from("file://");
    for byte in path.as_os_str().as_encoded_bytes() {
        match plain(*byte) {
            true => text.push(char::from(*byte)),
            false => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// A Parquet, JSON or CSV file; `None` when its name ends in none of these.
pub(crate) fn file(path: &Path, now: Time) -> Result<Option<Arc<dyn TableProvider>>, TableError> {
    let name = path.to_string_lossy();
    let whole = path.canonicalize().map_err(TableError::io(path))?;
    if name.to_ascii_lowercase().ends_with(".parquet") {
        let reader =
            ParquetRecordBatchReaderBuilder::try_new(File::open(&whole).map_err(TableError::io(path))?);
        let reader = reader.map_err(|error| TableError::Input(format!("{name}: {error}")))?;
        return parts(&[whole], reader.schema().clone()).map(Some);
    }
    let Some(format) = Format::of_name(&name) else { return Ok(None) };
    let size = whole.metadata().map_err(TableError::io(path))?.len();
    if size > MOST_TEXT {
        let help = "convert it to Parquet, or ingest it into a dataset";
        return Err(TableError::Input(format!("{name}: {size} bytes are too many to read at once; {help}")));
    }
    let text = std::fs::read(&whole).map_err(TableError::io(path))?;
    let mut report = Imported::default();
    let rows = objects(format, &text, &mut report)?;
    if let Some(first) = report.refused.first() {
        let more = report.refused_lines;
        return Err(TableError::Input(format!("{name}: {more} lines cannot be read, the first: {first}")));
    }
    let batch = batch::of(rows, &Schema::empty(), TableKind::Lookup, now, &mut report)?;
    numbered(&timed(&batch)?).map(Some)
}

/// With `_time` as a time where it is written as one.
fn timed(batch: &RecordBatch) -> Result<RecordBatch, TableError> {
    let schema = batch.schema();
    let Some((at, field)) = schema.column_with_name("_time") else { return Ok(batch.clone()) };
    if *field.data_type() != DataType::Utf8 {
        return Ok(batch.clone());
    }
    let times = cast(batch.column(at), &crate::types::time_type())?;
    if times.null_count() > batch.column(at).null_count() {
        return Ok(batch.clone());
    }
    let mut fields: Vec<Arc<Field>> = schema.fields().iter().cloned().collect();
    let mut columns = batch.columns().to_vec();
    fields[at] = Arc::new(Field::new("_time", times.data_type().clone(), true));
    columns[at] = times;
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}
