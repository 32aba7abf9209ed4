//! Arrow and Parquet, for other programs to read. Strings are plain there, never dictionaries:
//! batches of a result do not share one.

use crate::QueryResult;
use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::io::{Error, Result, Write};
use std::sync::Arc;

impl QueryResult {
    /// Rows as an Arrow IPC stream.
    pub fn write_arrow_ipc(&self, out: &mut impl Write) -> Result<()> {
        let (schema, batches) = self.plain().map_err(Error::other)?;
        let mut writer = StreamWriter::try_new(out, &schema).map_err(Error::other)?;
        for batch in &batches {
            writer.write(batch).map_err(Error::other)?;
        }
        writer.finish().map_err(Error::other)
    }

    /// Rows as a Parquet file, compressed with zstd.
    pub fn write_parquet(&self, out: &mut (impl Write + Send)) -> Result<()> {
        let (schema, batches) = self.plain().map_err(Error::other)?;
        let level = ZstdLevel::try_new(1).map_err(Error::other)?;
        let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level)).build();
        let mut writer = ArrowWriter::try_new(out, schema, Some(properties)).map_err(Error::other)?;
        for batch in &batches {
            writer.write(batch).map_err(Error::other)?;
        }
        writer.close().map_err(Error::other)?;
        Ok(())
    }

    pub(crate) fn plain(&self) -> std::result::Result<(SchemaRef, Vec<RecordBatch>), ArrowError> {
        let fields: Vec<Field> = self
            .schema
            .fields()
            .iter()
            .map(|field| match field.data_type() {
                DataType::Dictionary(_, _) => Field::new(field.name(), DataType::Utf8, true),
                _ => field.as_ref().clone(),
            })
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let mut batches = Vec::with_capacity(self.batches.len());
        for batch in &self.batches {
            let columns = batch
                .columns()
                .iter()
                .zip(schema.fields())
                .map(|(column, field)| cast(column, field.data_type()))
                .collect::<std::result::Result<Vec<_>, _>>()?;
            batches.push(RecordBatch::try_new(schema.clone(), columns)?);
        }
        Ok((schema, batches))
    }
}
