//! Running a query within its limits.

use crate::explain::{self, Explanation};
use crate::output::type_name;
use crate::plan::{Context, plan};
use crate::result::{Column, QueryStats};
use crate::stopping::{StopOnDrop, StopSoon, Stopped, logical_rules, physical_rules};
use crate::tables::{Format, Imported, TableError, Tables};
use crate::target;
use crate::{Catalog, EngineConfig, ErrorKind, QueryError, QueryOptions, QueryResult};
use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::memory::{DataSourceExec, MemorySourceConfig};
use datafusion::execution::TaskContext;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, MemoryConsumer, MemoryPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::prelude::SessionConfig;
use datafusion::scalar::ScalarValue;
use futures::StreamExt;
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;
use vedette_event::Time;
use vedette_xql::ast::{Query, StageKind};
use vedette_xql::{Diagnostic, Fault};

/// Runs queries on threads of its own. Clones share them.
#[derive(Clone)]
pub struct Engine(Arc<Shared>);

pub(crate) struct Shared {
    catalog: Arc<dyn Catalog>,
    config: EngineConfig,
    turn: Arc<Semaphore>,
    /// Of the queries under way: each is there until the last of its tasks has ended.
    pools: Mutex<Vec<Weak<dyn MemoryPool>>>,
    /// `None` only while it is dropped.
    runtime: Option<tokio::runtime::Runtime>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // The last engine may go away inside another runtime, where waiting is forbidden.
            runtime.shutdown_background();
        }
    }
}

/// What the queries of an engine hold now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Queries of which something still runs.
    pub queries: usize,
    /// Bytes they hold for sorting, grouping and their results, of those they may hold.
    pub bytes: usize,
}

/// Stops the task when the caller goes away.
struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Engine {
    /// Starts the threads. Fails when the system gives none.
    pub fn new(catalog: Arc<dyn Catalog>, config: EngineConfig) -> Result<Engine, QueryError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(config.threads.max(1))
            .thread_name("query")
            // Plans of long queries are deep.
            .thread_stack_size(16 << 20)
            .enable_all()
            .build()
            .map_err(|why| QueryError::internal(format!("starting the query threads failed: {why}")))?;
        let turn = Arc::new(Semaphore::new(config.concurrent_queries.max(1)));
        let pools = Mutex::default();
        Ok(Engine(Arc::new(Shared { catalog, config, turn, pools, runtime: Some(runtime) })))
    }

    /// What the queries under way hold; a query that was stopped counts until it has let go of everything.
    pub fn usage(&self) -> Usage {
        let mut pools = self.0.pools.lock();
        pools.retain(|pool| pool.strong_count() > 0);
        let live: Vec<_> = pools.iter().filter_map(Weak::upgrade).collect();
        Usage { queries: live.len(), bytes: live.iter().map(|pool| pool.reserved()).sum() }
    }

    pub fn catalog(&self) -> &dyn Catalog {
        self.0.catalog.as_ref()
    }

    /// Parses, plans and runs a query. Must be called where a tokio runtime with time is at hand;
    /// the work itself happens on the engine's own threads. Dropping the future stops the query.
    pub async fn run(&self, text: &str, options: QueryOptions) -> Result<QueryResult, QueryError> {
        let (query, warnings) = parse(text)?;
        let mut result = self.run_parsed(query, options).await?;
        result.warnings.splice(0..0, warnings);
        Ok(result)
    }

    /// The same for a query that was parsed elsewhere.
    pub async fn run_parsed(&self, query: Query, options: QueryOptions) -> Result<QueryResult, QueryError> {
        let longest = self.longest_run(&query, &options);
        let cancel = options.cancel.clone();
        if cancel.is_cancelled() {
            return Err(cancelled());
        }
        let work = async {
            let turn = self.0.turn.clone().acquire_owned().await;
            let shared = self.0.clone();
            let stop = StopOnDrop(Arc::default());
            let stopped = stop.0.clone();
            self.spawn(async move {
                let _turn = turn;
                let memory = memory(&shared, &options);
                run_here(&shared, &query, options, stopped).await.map_err(|error| error.within(memory))
            })
            .await
        };
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(cancelled()),
            done = tokio::time::timeout(longest, work) => done.unwrap_or_else(|_| Err(too_slow(longest))),
        }
    }

    /// Plans a query and runs nothing: the mistakes that only the catalogue shows.
    pub async fn check(&self, text: &str, options: QueryOptions) -> Result<(), QueryError> {
        let (query, _) = parse(text)?;
        let shared = self.0.clone();
        let stop = StopOnDrop(Arc::default());
        let stopped = stop.0.clone();
        self.spawn(async move {
            let (context, state) = prepare(&shared, &options, stopped)?;
            physical(&state, &plan(&context, &query)?).await?;
            Ok(())
        })
        .await
    }

    /// How a query is understood and carried out. With `analyze` it is run, and the explanation says how
    /// many rows there really were, and where the time went.
    pub async fn explain(
        &self,
        text: &str,
        options: QueryOptions,
        analyze: bool,
    ) -> Result<Explanation, QueryError> {
        let (query, warnings) = parse(text)?;
        let longest = self.longest_run(&query, &options);
        let shared = self.0.clone();
        let turns = self.0.turn.clone();
        let stop = StopOnDrop(Arc::default());
        let stopped = stop.0.clone();
        let work = self.spawn(async move {
            let _turn = if analyze { turns.acquire_owned().await.ok() } else { None };
            let (context, state) = prepare(&shared, &options, stopped)?;
            let explained = explain::explain(&context, &state, &query, analyze).await;
            let mut explanation = explained.map_err(|error| error.within(memory(&shared, &options)))?;
            explanation.warnings.splice(0..0, warnings);
            Ok(explanation)
        });
        tokio::time::timeout(longest, work).await.unwrap_or_else(|_| Err(too_slow(longest)))
    }

    /// Reads JSON, CSV or lines into a dataset of a user's, through the rules for it if there are any. Nothing
    /// is stored when a rule cannot be carried out.
    pub async fn import(
        &self,
        tables: &Arc<Tables>,
        name: String,
        (format, text): (Format, Vec<u8>),
        now: Time,
    ) -> Result<Imported, TableError> {
        let (shared, tables) = (self.0.clone(), tables.clone());
        let work = self.spawn(async move {
            Ok(crate::rules::import(&shared, &tables, &name, (format, &text), now).await)
        });
        work.await.unwrap_or_else(|error| Err(TableError::Internal(error.message)))
    }

    async fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, QueryError>> + Send + 'static,
    ) -> Result<T, QueryError> {
        let Some(runtime) = &self.0.runtime else { return Err(cancelled()) };
        let task = runtime.spawn(work);
        let _stop = AbortOnDrop(task.abort_handle());
        match task.await {
            Ok(result) => result,
            Err(error) if error.is_cancelled() => Err(cancelled()),
            Err(error) => {
                tracing::error!(%error, "a query failed through a mistake of the engine");
                Err(QueryError::internal("the query failed through a mistake of ours; please report it"))
            }
        }
    }

    fn longest_run(&self, query: &Query, options: &QueryOptions) -> Duration {
        let own =
            query.config.max_runtime_minutes.map(|minutes| Duration::from_secs(minutes.saturating_mul(60)));
        let wanted = [own, options.limits.runtime].into_iter().flatten().min();
        wanted.map_or(self.0.config.max_runtime, |wanted| wanted.min(self.0.config.max_runtime))
    }
}

fn parse(text: &str) -> Result<(Query, Vec<Diagnostic>), QueryError> {
    let parsed = vedette_xql::parse(text);
    match parsed.query {
        Some(query) => Ok((query, parsed.diagnostics)),
        None => {
            let errors = || parsed.diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
            let kind = if errors().all(|error| error.fault() == Fault::NotSupported) {
                ErrorKind::Unsupported
            } else {
                ErrorKind::Query
            };
            Err(QueryError::of_text(kind, parsed.diagnostics))
        }
    }
}

fn cancelled() -> QueryError {
    QueryError::new(ErrorKind::Cancelled, "the query was stopped")
}

fn too_slow(longest: Duration) -> QueryError {
    QueryError::new(
        ErrorKind::Resources,
        format!("the query ran longer than the {} it may: narrow its time frame", span_of(longest)),
    )
}

fn span_of(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        seconds if seconds % 60 == 0 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

/// What a query is planned with, and the session it runs in.
pub(crate) fn prepare(
    shared: &Shared,
    options: &QueryOptions,
    stopped: Stopped,
) -> Result<(Context, SessionState), QueryError> {
    let context = Context {
        catalog: shared.catalog.clone(),
        now: options.now,
        timeframe: options.timeframe.clone(),
        case_sensitive: false,
        parameters: Arc::new(parameters(&options.parameters)),
        warnings: Arc::default(),
        mentioned: Arc::default(),
        depth: 0,
        stopped: stopped.clone(),
        list_cut: Arc::new(AtomicBool::new(false)),
    };
    let memory = memory(shared, options);
    let pool: Arc<dyn MemoryPool> =
        Arc::new(FairSpillPool::new(usize::try_from(memory).unwrap_or(usize::MAX)));
    let mut pools = shared.pools.lock();
    pools.retain(|pool| pool.strong_count() > 0);
    pools.push(Arc::downgrade(&pool));
    drop(pools);
    let mut disk = DiskManagerBuilder::default().with_max_temp_directory_size(shared.config.spill_limit);
    if let Some(dir) = &shared.config.spill_dir {
        disk = disk.with_mode(DiskManagerMode::Directories(vec![dir.clone()]));
    }
    let runtime =
        RuntimeEnvBuilder::new().with_memory_pool(pool).with_disk_manager_builder(disk).build_arc()?;
    let config = SessionConfig::new()
        .with_target_partitions(shared.config.threads.max(1))
        .with_information_schema(false);
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_default_features()
        .with_optimizer_rules(logical_rules(&stopped))
        .with_physical_optimizer_rules(physical_rules(&stopped))
        .with_physical_optimizer_rule(Arc::new(StopSoon(stopped)))
        .build();
    Ok((context, state))
}

/// Bytes that a query may hold.
fn memory(shared: &Shared, options: &QueryOptions) -> u64 {
    let most = shared.config.memory_limit;
    options.limits.memory.map_or(most, |own| own.min(most))
}

/// Parameters are texts; compared with a number they are read as one, like all that is written
/// into a query.
fn parameters(given: &BTreeMap<String, String>) -> HashMap<String, ScalarValue> {
    let value = |text: &String| ScalarValue::Utf8(Some(text.clone()));
    given.iter().map(|(name, text)| (name.to_lowercase(), value(text))).collect()
}

/// All rows of a plan, as one batch.
pub(crate) async fn whole(state: &SessionState, plan: &LogicalPlan) -> Result<RecordBatch, QueryError> {
    let physical = physical(state, plan).await?;
    let (batches, _) = collect(physical.clone(), state.task_ctx(), u64::MAX).await?;
    concat_batches(&physical.schema(), &batches).map_err(|why| QueryError::internal(why.to_string()))
}

async fn physical(state: &SessionState, plan: &LogicalPlan) -> Result<Arc<dyn ExecutionPlan>, QueryError> {
    Ok(state.create_physical_plan(plan).await?)
}

async fn run_here(
    shared: &Shared,
    query: &Query,
    options: QueryOptions,
    stopped: Stopped,
) -> Result<QueryResult, QueryError> {
    let start = Instant::now();
    let target = target::of(query, options.may_store)?;
    let (context, state) = prepare(shared, &options, stopped)?;
    let logical = plan(&context, query)?;
    let physical = physical(&state, &logical).await?;
    let wanted = options.limits.rows.map_or(shared.config.row_limit, |own| own.min(shared.config.row_limit));
    // What is stored is not what is shown: it must be whole.
    let most = if target.is_some() { shared.config.row_limit } else { wanted };
    let (batches, limit_hit) = collect(physical.clone(), state.task_ctx(), most).await?;
    let schema = physical.schema();
    let views = query.stages.iter().filter_map(|stage| match &stage.kind {
        StageKind::View(view) => Some(view.clone()),
        _ => None,
    });
    let mut result = QueryResult {
        columns: columns(&schema),
        schema,
        batches,
        limit_hit,
        list_cut: context.list_cut.load(Ordering::Relaxed),
        stats: QueryStats { rows_scanned: rows_scanned(physical.as_ref()), elapsed: start.elapsed() },
        warnings: std::mem::take(&mut *context.warnings.lock()),
        views: views.collect(),
    };
    if let Some(target) = target {
        let when = (options.now, options.once.as_deref());
        target::store(shared.catalog.as_ref(), target, query, &result, when)?;
        result.keep_first(wanted);
    }
    Ok(result)
}

fn columns(schema: &SchemaRef) -> Vec<Column> {
    let column = |field: &Arc<arrow::datatypes::Field>| Column {
        name: field.name().clone(),
        type_name: type_name(field.data_type()),
    };
    schema.fields().iter().map(column).collect()
}

/// The rows up to the limit, and whether there were more. The result counts against the query's
/// memory while it grows.
async fn collect(
    physical: Arc<dyn ExecutionPlan>,
    task: Arc<TaskContext>,
    most: u64,
) -> Result<(Vec<RecordBatch>, bool), QueryError> {
    let held = MemoryConsumer::new("result").register(task.memory_pool());
    let mut stream = execute_stream(physical, task)?;
    let mut batches = Vec::new();
    let mut rows: u64 = 0;
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        let room = usize::try_from(most - rows).unwrap_or(usize::MAX);
        if batch.num_rows() > room {
            if room > 0 {
                batches.push(batch.slice(0, room));
            }
            return Ok((batches, true));
        }
        held.try_grow(batch.get_array_memory_size())?;
        rows += batch.num_rows() as u64;
        if batch.num_rows() > 0 {
            batches.push(batch);
        }
    }
    Ok((batches, false))
}

/// Rows that came out of the leaves of a plan that has run.
fn rows_scanned(plan: &dyn ExecutionPlan) -> u64 {
    let children = plan.children();
    if children.is_empty() {
        let metrics = plan.metrics().unwrap_or_default();
        // A filter that looked at rows before their other columns were read.
        let passed_over = metrics.sum_by_name("pushdown_rows_pruned").map_or(0, |rows| rows.as_usize());
        // Rows that lie in memory are not counted as they are read.
        let there = || {
            let source = plan.downcast_ref::<DataSourceExec>()?.data_source();
            let batches = source.downcast_ref::<MemorySourceConfig>()?.partitions().iter().flatten();
            Some(batches.map(RecordBatch::num_rows).sum())
        };
        return (metrics.output_rows().or_else(there).unwrap_or(0) + passed_over) as u64;
    }
    children.into_iter().map(|child| rows_scanned(child.as_ref())).sum()
}
