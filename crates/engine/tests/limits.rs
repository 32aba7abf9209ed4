//! A query over its limits ends with a clear error and lets go of everything; one that is stopped ends soon,
//! whatever it is at. What is measured is printed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use std::sync::Arc;
use std::time::{Duration, Instant};
use vedette_engine::{
    CancelToken, Catalog, DatasetFields, Engine, EngineConfig, ErrorKind, QueryError, QueryLimits,
    QueryOptions, QueryResult, Usage,
};
use vedette_event::Time;

const ROWS: i64 = 2_000_000;

/// `big`: two million rows of a number, one of few values, and a text that differs in each.
struct Big(Arc<MemTable>);

impl Big {
    fn new() -> Big {
        let fields = [
            ("n", DataType::Int64),
            ("few", DataType::Int64),
            ("s", DataType::Utf8),
            ("_time", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))),
            ("__row", DataType::Int64),
        ];
        let fields = fields.map(|(name, ty)| Field::new(name, ty, true));
        let schema = Arc::new(Schema::new(fields.to_vec()));
        let batch = |first: i64| {
            let numbers = first..first + 8000;
            let text = numbers.clone().map(|n| Some(format!("user {n} of {}", n % 977)));
            let columns: Vec<ArrayRef> = vec![
                Arc::new(numbers.clone().collect::<Int64Array>()),
                Arc::new(numbers.clone().map(|n| n % 10).collect::<Int64Array>()),
                Arc::new(text.collect::<StringArray>()),
                Arc::new(
                    numbers.clone().map(Some).collect::<TimestampMicrosecondArray>().with_timezone("UTC"),
                ),
                Arc::new(numbers.collect::<Int64Array>()),
            ];
            RecordBatch::try_new(schema.clone(), columns).unwrap()
        };
        let batches: Vec<RecordBatch> = (0..ROWS / 8000).map(|at| batch(at * 8000)).collect();
        let middle = batches.len() / 2;
        let parts = vec![batches[..middle].to_vec(), batches[middle..].to_vec()];
        Big(Arc::new(MemTable::try_new(schema, parts).unwrap()))
    }
}

impl Catalog for Big {
    fn datasets(&self) -> Vec<DatasetFields> {
        Vec::new()
    }

    fn provider(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, QueryError> {
        Ok((name == "big").then(|| self.0.clone() as Arc<dyn TableProvider>))
    }
}

struct World {
    engine: Engine,
    runtime: tokio::runtime::Runtime,
}

impl World {
    fn new(config: EngineConfig) -> World {
        let config = EngineConfig { threads: 2, concurrent_queries: 1, ..config };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        World { engine: Engine::new(Arc::new(Big::new()), config).unwrap(), runtime: runtime.unwrap() }
    }

    fn run(&self, query: &str, limits: QueryLimits) -> Result<QueryResult, QueryError> {
        let options = QueryOptions { limits, ..QueryOptions::at(Time(0)) };
        self.runtime.block_on(self.engine.run(query, options))
    }

    /// How long it takes until nothing of any query runs or holds memory.
    fn until_idle(&self) -> Duration {
        let begun = Instant::now();
        while self.engine.usage() != Usage::default() {
            assert!(begun.elapsed() < Duration::from_secs(60), "{:?} is never let go", self.engine.usage());
            std::thread::sleep(Duration::from_millis(1));
        }
        begun.elapsed()
    }
}

/// Each is busy for long with something else.
const HEAVY: [(&str, &str); 10] = [
    (
        "a join of everything with everything",
        "dataset = big | join (dataset = big) as b b.n > n | comp count()",
    ),
    (
        "a regular expression",
        "dataset = big | filter s ~= \"(u|s|e|r| )*[0-9 ]+(o|f| )*[0-9]+x\" | union (dataset = big | filter s ~= \"(.*a){8}\") | comp count()",
    ),
    ("a sort", "dataset = big | alter t = concat(s, s, s) | sort desc t | dedup t | sort asc s"),
    ("groups of one row", "dataset = big | comp values(n) as v, list(s) as l by s"),
    (
        "distinct values",
        "dataset = big | alter a = concat(s, \"x\") | comp count_distinct(a) as c, values(a) as v",
    ),
    (
        "windows",
        "dataset = big | windowcomp sum(n) by few sort asc n between -100 and 100 as w | windowcomp rank() sort desc w as r",
    ),
    (
        "one window over everything",
        "dataset = big | windowcomp median(n) by few as m | windowcomp count() as c",
    ),
    ("transactions", "dataset = big | transaction few maxevents = 1000"),
    (
        "arrays",
        "dataset = big | alter a = arraymap(split(s, \" \"), concat(\"@element\", s, s)) | arrayexpand a | comp count() by a",
    ),
    (
        "JSON",
        "dataset = big | alter j = to_json_string(object_create(\"a\", s, \"b\", n)) | alter x = j -> a | comp count_distinct(x)",
    ),
];

/// How soon all is let go. A sort reads the first rows of everything it merges in one piece, which takes twenty
/// times as long without optimisation. A machine that is busy with other things gets several tries.
const SOON: Duration = Duration::from_millis(if cfg!(debug_assertions) { 20_000 } else { 200 });
const TRIES: usize = 5;

/// Stops a query after a while; until when it was answered, and until when all was let go. `None` when the
/// query was done before.
fn stopped_after(world: &World, name: &str, query: &str, while_: Duration) -> Option<(Duration, Duration)> {
    let cancel = CancelToken::new();
    let options = QueryOptions { cancel: cancel.clone(), ..QueryOptions::at(Time(0)) };
    let (engine, text) = (world.engine.clone(), query.to_owned());
    let task = world.runtime.spawn(async move { engine.run(&text, options).await.map(drop) });
    std::thread::sleep(while_);
    if task.is_finished() {
        return None;
    }
    let begun = Instant::now();
    cancel.cancel();
    let answer = world.runtime.block_on(task).unwrap();
    let answered = begun.elapsed();
    if let Err(error) = answer {
        assert_eq!(error.kind, ErrorKind::Cancelled, "{name}: {error}");
    }
    world.until_idle();
    Some((answered, begun.elapsed()))
}

fn is_stopped_soon(world: &World, name: &str, query: &str, while_: Duration) {
    for attempt in 1..=TRIES {
        let Some((answered, idle)) = stopped_after(world, name, query, while_) else { return };
        println!("{name}, stopped after {while_:?}: answered after {answered:?}, all let go after {idle:?}");
        if answered < SOON && idle < SOON {
            return;
        }
        assert!(attempt < TRIES, "{name}: answered after {answered:?}, let go after {idle:?}");
    }
}

#[test]
fn a_query_that_is_stopped_ends_soon() {
    let world = World::new(EngineConfig::default());
    for (name, query) in HEAVY {
        // While it reads, and when it has read everything and sorts, merges or makes arrays.
        for while_ in [100, 700, 2500] {
            is_stopped_soon(&world, name, query, Duration::from_millis(while_));
        }
    }
}

/// Planning runs in one piece: it looks up at every stage, and the optimiser at every step.
#[test]
fn a_query_that_is_being_planned_is_stopped_too() {
    let world = World::new(EngineConfig::default());
    let stage = |at: usize| {
        format!(
            "| alter a{at} = if(n > {at}, concat(s, to_string(few)), few = {at}, null, s) | filter a{at} != \"{at}\""
        )
    };
    let stages: Vec<String> = (0..120).map(stage).collect();
    let long = format!("dataset = big {} | comp count() by a0", stages.join(" "));
    let joins: Vec<String> = (0..40)
        .map(|at| format!("| join type = left (dataset = big | fields n as n{at}) as j{at} j{at}.n{at} = n"))
        .collect();
    let joins = format!("dataset = big {} | comp count()", joins.join(" "));
    for (name, query) in [("a long plan", long), ("many joins", joins)] {
        for while_ in [20, 100, 400] {
            is_stopped_soon(&world, name, &query, Duration::from_millis(while_));
        }
    }
}

/// A caller that goes away, as a client that hangs up: the future is dropped.
#[test]
fn a_query_nobody_waits_for_ends_too() {
    let world = World::new(EngineConfig::default());
    let engine = world.engine.clone();
    let task =
        world.runtime.spawn(async move { engine.run(HEAVY[0].1, QueryOptions::at(Time(0))).await.map(drop) });
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(world.engine.usage().queries, 1);
    task.abort();
    println!("let go after {:?}", world.until_idle());
    assert_eq!(world.run("dataset = big | limit 1", QueryLimits::default()).unwrap().row_count(), 1);
}

#[test]
fn a_query_over_its_time_says_so() {
    let world = World::new(EngineConfig::default());
    for (name, query) in [HEAVY[0], HEAVY[3]] {
        let limits = QueryLimits { runtime: Some(Duration::from_millis(300)), ..QueryLimits::default() };
        let begun = Instant::now();
        let error = world.run(query, limits).unwrap_err();
        println!("{name}: told after {:?}, all let go after {:?}", begun.elapsed(), world.until_idle());
        assert_eq!(error.kind, ErrorKind::Resources);
        assert!(error.message.contains("longer than the 300 ms it may"), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(10));
    }
}

/// What cannot be spilt to disk fails, and nothing is held afterwards.
#[test]
fn a_query_over_its_memory_says_so() {
    let world = World::new(EngineConfig::default());
    let few = QueryLimits { memory: Some(16 << 20), ..QueryLimits::default() };
    for query in [
        "dataset = big | comp values(s) as v by few",
        "dataset = big | comp count_distinct(s) as c, values(s) as v",
        "dataset = big | comp list(n) as l by s",
        "dataset = big | join (dataset = big) as b b.s = s | comp count()",
        "dataset = big",
        "dataset = big | windowcomp count() as c",
        "dataset = big | transaction few",
    ] {
        let error = world.run(query, few.clone()).unwrap_err();
        println!("{query}: {error}");
        assert_eq!(error.kind, ErrorKind::Resources, "{query}: {error}");
        let told = "the query needs more memory than the 16 MB it may use: narrow its time frame";
        assert!(error.message.starts_with(told), "{query}: {error}");
        world.until_idle();
    }
    let sum = world.run("dataset = big | comp sum(n) as n", few).unwrap();
    assert_eq!(sum.row_count(), 1, "the next query has its memory");
}

/// What can be spilt is.
#[test]
fn a_sort_larger_than_its_memory_is_done_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let config = EngineConfig { spill_dir: Some(folder.path().to_owned()), ..EngineConfig::default() };
    let world = World::new(config);
    // The order by which rows are numbered: sorted whole, and not kept whole.
    let query = "dataset = big | windowcomp row_number() sort desc s as place | comp max(place) as n";
    let limits = QueryLimits { memory: Some(64 << 20), ..QueryLimits::default() };
    let result = world.run(query, limits).unwrap();
    assert_eq!(result.rows().next().unwrap()[0], vedette_event::Value::Int(ROWS));
    world.until_idle();
    let left: Vec<_> = walk(folder.path());
    assert!(left.is_empty(), "nothing is left on disk: {left:?}");
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn rows_over_the_limit_are_left_out_and_the_query_ends() {
    let world = World::new(EngineConfig { row_limit: 1000, ..EngineConfig::default() });
    let result = world.run("dataset = big", QueryLimits::default()).unwrap();
    assert_eq!((result.row_count(), result.limit_hit), (1000, true));
    world.until_idle();
    let rows = |n| QueryLimits { rows: Some(n), ..QueryLimits::default() };
    let result = world.run("dataset = big", rows(10)).unwrap();
    assert_eq!((result.row_count(), result.limit_hit), (10, true));
    let result = world.run("dataset = big | comp count() as n", rows(1)).unwrap();
    assert_eq!((result.row_count(), result.limit_hit), (1, false), "just as many as may be");
    let result = world.run("dataset = big", rows(5000)).unwrap();
    assert_eq!(result.row_count(), 1000, "a query cannot raise the limit");
}
