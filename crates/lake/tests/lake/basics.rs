use crate::support::*;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Int32Type, Int64Type, TimestampMicrosecondType};
use datafusion::logical_expr::{col, lit};
use std::collections::HashSet;
use vedette_event::{Dataset, Field, Time, Value};
use vedette_lake::{Lake, LakeConfig, LakeError};

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_there_at_once_and_after_a_flush_and_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    let ack = lake.append("things", rows(0..100)).await.unwrap();
    assert_eq!((ack.rows, ack.nulled_cells), (100, 0));
    let expected: Vec<i64> = (0..100).collect();
    assert_eq!(numbers(&lake, "things").await, expected);
    drop(lake);

    let lake = open(dir.path()).await;
    assert_eq!(lake.stats().replayed_rows, 100);
    assert_eq!(numbers(&lake, "things").await, expected);
    lake.flush().await.unwrap();
    assert_eq!(lake.datasets()[0].memory_rows, 0);
    assert_eq!(lake.datasets()[0].files, 1);
    assert_eq!(numbers(&lake, "things").await, expected);
    lake.close().await.unwrap();
    assert!(matches!(lake.append("things", rows(0..1)).await, Err(LakeError::Closed)));

    let lake = open(dir.path()).await;
    assert_eq!(lake.stats().replayed_rows, 0, "what is in the table is not brought back");
    assert_eq!(numbers(&lake, "things").await, expected);
}

/// One batch of all rows in the order of their numbers.
async fn table(lake: &Lake) -> RecordBatch {
    let batches = read(
        lake,
        "things",
        &[
            "n",
            "_time",
            "_insert_time",
            "_id",
            "word",
            "ip",
            "tags",
            "ports",
            "score",
            "odd",
            "__v4_ip",
            "__v6_ip",
        ],
        None,
    )
    .await;
    let all = concat_batches(&batches[0].schema(), &batches).unwrap();
    let order = arrow::compute::sort_to_indices(all.column(0), None, None).unwrap();
    arrow::compute::take_record_batch(&all, &order).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_reads_the_same_from_memory_and_from_files() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    let stored = Time::from_seconds(1_700_000_000);
    lake.append_at(vec![("things", rows(0..50))], stored).await.unwrap();
    let memory = table(&lake).await;
    lake.flush().await.unwrap();
    let files = table(&lake).await;
    assert_eq!(memory, files);

    assert!(matches!(files.column(4).data_type(), DataType::Dictionary(..)));
    let words =
        files.column(4).as_dictionary::<Int32Type>().downcast_dict::<arrow::array::StringArray>().unwrap();
    assert_eq!(words.into_iter().take(4).flatten().collect::<Vec<_>>(), ["red", "green", "blue", "red"]);
    let times = files.column(1).as_primitive::<TimestampMicrosecondType>();
    assert_eq!(times.value(7), 7_000_000);
    assert_eq!(files.column(2).as_primitive::<TimestampMicrosecondType>().value(0), stored.0);
    // 10.0.0.2, then fe80::3.
    let (v4, v6) = (files.column(10).as_primitive::<Int64Type>(), files.column(11).as_binary::<i32>());
    assert_eq!((v4.value(2), v6.is_null(2)), (0x0a00_0002, true));
    assert!(v4.is_null(3));
    assert_eq!(v6.value(3), "fe80::3".parse::<std::net::Ipv6Addr>().unwrap().octets());
    assert_eq!(files.column(6).as_list::<i32>().value(5).as_string::<i32>().value(1), "5");
}

#[tokio::test(flavor = "multi_thread")]
async fn identifiers_are_unique_and_stay() {
    let dir = tempfile::tempdir().unwrap();
    let mut before: Vec<String> = Vec::new();
    for round in 0..3 {
        let lake = open(dir.path()).await;
        let ids = ids(&lake).await;
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
        assert!(before.iter().all(|id| ids.contains(id)), "an identifier changed");
        lake.append("things", rows(0..10)).await.unwrap();
        lake.append("things", rows(10..20)).await.unwrap();
        before = self::ids(&lake).await;
        assert_eq!(before.len(), 20 * (round + 1));
        if round == 1 {
            lake.flush().await.unwrap();
        }
    }
}

async fn ids(lake: &Lake) -> Vec<String> {
    let batches = read(lake, "things", &["_id"], None).await;
    batches
        .iter()
        .flat_map(|batch| {
            batch.column(0).as_string::<i32>().iter().flatten().map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cell_that_does_not_fit_is_null_and_counted_and_its_row_stays() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    let mut wrong = row(1);
    wrong[0] = Value::text("yesterday");
    wrong[4] = Value::Int(5);
    wrong[6] = Value::List(vec![Value::Int(1), Value::from("kept")]);
    wrong.push(Value::from("one too many"));
    let short = vec![Value::Time(Time(5))];
    let stored = Time::from_seconds(9);
    let ack = lake.append_at(vec![("things", vec![wrong, short])], stored).await.unwrap();
    assert_eq!(ack.nulled_cells, 4);
    assert_eq!(lake.stats().nulled_cells, 4);
    let times = read(&lake, "things", &["_time"], None).await;
    let times: Vec<i64> = times
        .iter()
        .flat_map(|batch| batch.column(0).as_primitive::<TimestampMicrosecondType>().values().to_vec())
        .collect();
    assert_eq!(times, [stored.0, 5], "a row without a time has the time it was stored");
    let tags = read(&lake, "things", &["tags"], None).await;
    let list = tags[0].column(0).as_list::<i32>().value(0);
    assert_eq!((list.as_string::<i32>().is_null(0), list.as_string::<i32>().value(1)), (true, "kept"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_dataset_is_an_error_that_names_the_known() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    let error = lake.append("thongs", rows(0..1)).await.unwrap_err().to_string();
    assert_eq!(error, "there is no dataset `thongs`; the datasets are things, others");
    assert!(lake.provider("thongs").is_err());
    assert_eq!(lake.stats().failed_appends, 1);
    // Nothing of an append that names an unknown dataset is stored.
    assert!(lake.append_all(vec![("things", rows(0..1)), ("thongs", rows(0..1))]).await.is_err());
    assert!(numbers(&lake, "things").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_several_datasets_go_together() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    let before = lake.stats().syncs;
    lake.append_all(vec![("things", rows(0..3)), ("others", vec![other(7)]), ("others", vec![])])
        .await
        .unwrap();
    assert_eq!(lake.stats().syncs, before + 1);
    drop(lake);
    let lake = open(dir.path()).await;
    assert_eq!(numbers(&lake, "things").await, [0, 1, 2]);
    assert_eq!(numbers(&lake, "others").await, [7]);
    assert_eq!(lake.append_all(vec![]).await.unwrap().rows, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn appends_that_come_together_share_syncs() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..200 {
        let lake = lake.clone();
        tasks.spawn(async move { lake.append("things", rows(n..n + 1)).await.unwrap() });
    }
    tasks.join_all().await;
    assert_eq!(numbers(&lake, "things").await, (0..200).collect::<Vec<_>>());
    assert!(lake.stats().syncs < 200, "{} syncs", lake.stats().syncs);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    let error = Lake::open(config(dir.path())).await.err().unwrap();
    let pid = std::process::id();
    assert!(matches!(&error, LakeError::Locked { pid: Some(holder), .. } if *holder == pid), "{error}");
    assert!(error.to_string().contains(&format!("in use by process {pid}")), "{error}");
    lake.close().await.unwrap();
    Lake::open(config(dir.path())).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_by_time_read_only_the_files_they_need() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    for day in 0..5 {
        lake.append("things", rows(day * 100..day * 100 + 10)).await.unwrap();
        lake.flush().await.unwrap();
    }
    lake.append("things", rows(900..910)).await.unwrap();
    let at = |seconds: i64| {
        lit(datafusion::common::ScalarValue::TimestampMicrosecond(
            Some(seconds * 1_000_000),
            Some("UTC".into()),
        ))
    };
    let filter = col("_time").gt_eq(at(200)).and(col("_time").lt(at(305)));
    let found = ints(&read(&lake, "things", &["n"], Some(filter.clone())).await);
    assert_eq!(found, (200..210).chain(300..305).collect::<Vec<_>>());

    let context = datafusion::execution::context::SessionContext::new();
    let plan = context.read_table(lake.provider("things").unwrap()).unwrap().filter(filter).unwrap();
    let plan = plan.create_physical_plan().await.unwrap();
    let shown = datafusion::physical_plan::displayable(plan.as_ref()).indent(false).to_string();
    assert_eq!(shown.matches("part-").count(), 2, "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dataset_may_gain_columns() {
    const LATER: Dataset = Dataset {
        name: "others",
        doc: "With one more.",
        fields: &[
            Field::time("_time", "When."),
            Field::time("_insert_time", "When stored."),
            Field::str("_id", "Identifier."),
            Field::ip("added", "New."),
            Field::int("n", "Number."),
        ],
    };
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    lake.append("others", vec![other(1)]).await.unwrap();
    lake.flush().await.unwrap();
    lake.append("others", vec![other(2)]).await.unwrap();
    drop(lake);

    let later = LakeConfig { datasets: vec![&THINGS, &LATER], ..config(dir.path()) };
    let lake = Lake::open(later.clone()).await.unwrap();
    let newer = vec![Value::Time(Time(3)), Value::Null, Value::Null, Value::from("10.0.0.1"), Value::Int(3)];
    lake.append("others", vec![newer]).await.unwrap();
    assert_eq!(numbers(&lake, "others").await, [1, 2, 3]);
    lake.close().await.unwrap();

    let lake = Lake::open(later).await.unwrap();
    assert_eq!(numbers(&lake, "others").await, [1, 2, 3]);
    let found = read(&lake, "others", &["n"], Some(col("__v4_added").eq(lit(0x0a00_0001_i64)))).await;
    assert_eq!(ints(&found), [3]);
    lake.close().await.unwrap();

    // The older version reads what it knows, and merges nothing away.
    let older = LakeConfig { file_rows: 100, merge_files: 2, ..config(dir.path()) };
    let lake = Lake::open(older).await.unwrap();
    lake.append("others", vec![other(4)]).await.unwrap();
    lake.flush().await.unwrap();
    lake.maintain(Time(i64::MAX / 2)).await.ok();
    assert_eq!(lake.stats().merges, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_readers_of_delta_tables_see_the_same_rows() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    lake.append("things", rows(0..30)).await.unwrap();
    lake.close().await.unwrap();
    let url = deltalake::ensure_table_uri(dir.path().join("datasets/things").to_string_lossy()).unwrap();
    let table = deltalake::open_table(url).await.unwrap();
    let provider = table.table_provider().build().await.unwrap();
    let context = datafusion::execution::context::SessionContext::new();
    let filter = col("word").eq(lit("red")).and(col("__v4_ip").is_not_null());
    let table = context.read_table(std::sync::Arc::new(provider)).unwrap().filter(filter).unwrap();
    let batches = table.select_columns(&["n", "tags"]).unwrap().collect().await.unwrap();
    assert_eq!(ints(&batches), [0, 6, 12, 18, 24]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_beyond_all_limits_is_refused_whole() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    let mut large = row(1);
    large[4] = Value::text("x".repeat(65 << 20));
    let error = lake.append("things", vec![large]).await.unwrap_err();
    assert!(matches!(error, LakeError::TooLarge { .. }), "{error}");
    lake.append("things", rows(0..1)).await.unwrap();
    assert_eq!(numbers(&lake, "things").await, [0]);
}
