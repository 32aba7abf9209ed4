//! Reading a dataset: its files and its rows in memory as one table.
//!
//! A provider is a snapshot. It holds the files it names, so that merging and retention cannot
//! delete them under a running query, and the memory rows that were in no file at that moment.
//! Files whose time range cannot match the filters are left out here; row groups and pages are
//! pruned by the Parquet reader. Filters are applied again above, so nothing here need be exact.

use crate::files::{DataFile, TimeRange};
use arrow::array::{ArrayRef, BooleanArray, RecordBatch, TimestampMicrosecondArray, UInt64Array};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::memory::{DataSourceExec, MemorySourceConfig};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{Column, DFSchema, Result, ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::union::UnionExec;
use object_store::path::Path as StorePath;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One dataset at one moment.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub schema: SchemaRef,
    /// Absolute.
    pub dir: PathBuf,
    pub files: Vec<Arc<DataFile>>,
    pub memory: Vec<RecordBatch>,
}

#[async_trait]
impl TableProvider for Snapshot {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let partitions = state.config().target_partitions().max(1);
        let files = self.matching_files(state, filters)?;
        let mut inputs: Vec<Arc<dyn ExecutionPlan>> = Vec::new();
        if !files.is_empty() {
            let groups = file_groups(&self.dir, &self.schema, &files, partitions)?;
            let late = self.columns_beside(filters, projection) >= LATE;
            let reading = Reading { late, ordered: false };
            inputs.push(scan_files(state, &self.schema, groups, projection, limit, reading)?);
        }
        if inputs.is_empty() || !self.memory.is_empty() {
            let shares = shares(&self.memory, partitions);
            let memory = MemorySourceConfig::try_new(&shares, self.schema.clone(), projection.cloned())?;
            inputs.push(DataSourceExec::from_data_source(memory.with_limit(limit)));
        }
        match inputs.len() {
            1 => Ok(inputs.remove(0)),
            _ => UnionExec::try_new(inputs),
        }
    }
}

impl Snapshot {
    /// How many columns are read that the filters do not look at.
    fn columns_beside(&self, filters: &[Expr], projection: Option<&Vec<usize>>) -> usize {
        let looked_at: HashSet<&Column> = filters.iter().flat_map(Expr::column_refs).collect();
        let looked_at = |at: usize| {
            let name = self.schema.fields().get(at).map(|field| field.name().as_str());
            looked_at.iter().any(|column| Some(column.name()) == name)
        };
        let all = || (0..self.schema.fields().len()).collect();
        projection.cloned().unwrap_or_else(all).into_iter().filter(|at| !looked_at(*at)).count()
    }

    /// The files that may hold rows the filters let through.
    fn matching_files(&self, state: &dyn Session, filters: &[Expr]) -> Result<Vec<Arc<DataFile>>> {
        let Some(filter) = conjunction(filters.iter().cloned()) else {
            return Ok(self.files.clone());
        };
        let schema = DFSchema::try_from(self.schema.as_ref().clone())?;
        let predicate = state.create_physical_expr(filter, &schema).and_then(|filter| {
            PruningPredicateBuilder::new().with_file_schema(self.schema.clone()).try_build(filter)
        });
        // What pruning cannot make use of is still a filter above.
        let Ok(predicate) = predicate else { return Ok(self.files.clone()) };
        let keep = predicate.prune(&FileRanges(&self.files))?;
        Ok(self.files.iter().zip(keep).filter(|(_, keep)| *keep).map(|(file, _)| file.clone()).collect())
    }
}

/// The files as groups of about equal size, oldest first. Each carries its `Arc`, so that a plan
/// keeps its files even when the provider is gone.
pub(crate) fn file_groups(
    dir: &Path,
    schema: &SchemaRef,
    files: &[Arc<DataFile>],
    groups: usize,
) -> Result<Vec<FileGroup>> {
    let mut ordered = files.to_vec();
    ordered.sort_by_key(|file| file.time.map(|range| range.min));
    let mut filled: Vec<(u64, Vec<PartitionedFile>)> = vec![(0, Vec::new()); groups.min(files.len()).max(1)];
    for file in ordered {
        let Some(least) = filled.iter_mut().min_by_key(|(bytes, _)| *bytes) else { break };
        least.0 += file.bytes;
        least.1.push(partitioned(dir, schema, file)?);
    }
    Ok(filled.into_iter().map(|(_, files)| FileGroup::new(files)).collect())
}

fn partitioned(dir: &Path, schema: &SchemaRef, file: Arc<DataFile>) -> Result<PartitionedFile> {
    let mut statistics = Statistics::new_unknown(schema);
    if let Some(rows) = file.rows {
        statistics.num_rows = Precision::Exact(rows as usize);
    }
    statistics.total_byte_size = Precision::Inexact(file.bytes as usize);
    for (column, range) in [("_time", file.time), ("_insert_time", file.insert_time)] {
        if let (Ok(position), Some(range)) = (schema.index_of(column), range) {
            let scalar = |time: vedette_event::Time| {
                Precision::Inexact(ScalarValue::TimestampMicrosecond(Some(time.0), Some("UTC".into())))
            };
            statistics.column_statistics[position].min_value = scalar(range.min);
            statistics.column_statistics[position].max_value = scalar(range.max);
        }
    }
    let location = StorePath::from_absolute_path(dir.join(&file.name))
        .map_err(|error| datafusion::error::DataFusionError::External(Box::new(error)))?;
    let mut partitioned = PartitionedFile::new("", file.bytes)
        .with_statistics(Arc::new(statistics))
        .with_extension(Lease(file));
    partitioned.object_meta.location = location;
    Ok(partitioned)
}

/// Keeps a file from being deleted while a plan may still read it.
struct Lease(#[expect(dead_code, reason = "held, never read")] Arc<DataFile>);

/// With so many columns that no filter looks at, those are read for the rows only that the filters let
/// through. (Ten million rows, a filter that keeps one in 20,000: 25 times faster for whole rows, 3 times
/// for four columns. One that keeps most rows costs about the same either way.)
const LATE: usize = 2;

/// How files are read.
#[derive(Clone, Copy, Default)]
pub(crate) struct Reading {
    /// Filters first, then the other columns of what is left.
    pub late: bool,
    /// Each partition gives the rows of its own files, as they lie in them. Otherwise partitions that
    /// are done help the others.
    pub ordered: bool,
}

/// A plan that reads files, one partition a group.
pub(crate) fn scan_files(
    state: &dyn Session,
    schema: &SchemaRef,
    groups: Vec<FileGroup>,
    projection: Option<&Vec<usize>>,
    limit: Option<usize>,
    reading: Reading,
) -> Result<Arc<dyn ExecutionPlan>> {
    let url = ObjectStoreUrl::local_filesystem();
    let runtime = state.runtime_env();
    let store = runtime.object_store(&url)?;
    let footers = runtime.cache_manager.get_file_metadata_cache();
    let source = ParquetSource::new(TableSchema::from(schema.clone()))
        .with_table_parquet_options(state.table_options().parquet.clone())
        .with_pushdown_filters(reading.late)
        .with_parquet_file_reader_factory(Arc::new(CachedParquetFileReaderFactory::new(store, footers)));
    let config = FileScanConfigBuilder::new(url, Arc::new(source))
        .with_file_groups(groups)
        .with_projection_indices(projection.cloned())?
        .with_limit(limit)
        .with_preserve_order(reading.ordered)
        .build();
    Ok(DataSourceExec::from_data_source(config))
}

/// Batches dealt out so that each partition has about as many rows.
fn shares(batches: &[RecordBatch], partitions: usize) -> Vec<Vec<RecordBatch>> {
    let mut shares: Vec<(usize, Vec<RecordBatch>)> =
        vec![(0, Vec::new()); partitions.min(batches.len()).max(1)];
    for batch in batches {
        let Some(least) = shares.iter_mut().min_by_key(|(rows, _)| *rows) else { break };
        least.0 += batch.num_rows();
        least.1.push(batch.clone());
    }
    shares.into_iter().map(|(_, batches)| batches).collect()
}

/// The time ranges of files, as pruning asks for them.
struct FileRanges<'a>(&'a [Arc<DataFile>]);

impl FileRanges<'_> {
    fn times(&self, column: &Column, pick: impl Fn(TimeRange) -> i64) -> Option<ArrayRef> {
        let range: fn(&DataFile) -> Option<TimeRange> = match column.name() {
            "_time" => |file| file.time,
            "_insert_time" => |file| file.insert_time,
            _ => return None,
        };
        let times: TimestampMicrosecondArray = self.0.iter().map(|file| range(file).map(&pick)).collect();
        Some(Arc::new(times.with_timezone("UTC")))
    }
}

impl PruningStatistics for FileRanges<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.times(column, |range| range.min.0)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.times(column, |range| range.max.0)
    }

    fn num_containers(&self) -> usize {
        self.0.len()
    }

    fn null_counts(&self, _column: &Column) -> Option<ArrayRef> {
        None
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(self.0.iter().map(|file| file.rows).collect::<UInt64Array>()))
    }

    fn contained(&self, _column: &Column, _values: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}
