//! Flushing, merging, retention, sweeping; and the same in the background.

use crate::support::*;
use std::time::Duration;
use vedette_event::Time;
use vedette_lake::{Lake, LakeConfig};

const DAY: i64 = 86_400_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn old_rows_and_many_rows_are_flushed_and_the_log_is_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let settings = LakeConfig {
        flush_rows: 100,
        flush_interval: Duration::from_secs(10),
        wal_segment_bytes: 4096,
        ..config(dir.path())
    };
    let lake = Lake::open(settings).await.unwrap();
    let start = Time::from_seconds(1_000_000_000);
    lake.append_at(vec![("things", rows(0..50)), ("others", vec![other(1)])], start).await.unwrap();
    lake.maintain(start.plus(9_000_000)).await.unwrap();
    assert_eq!(lake.stats().flushes, 0);
    lake.append_at(vec![("things", rows(50..100))], start.plus(9_000_000)).await.unwrap();
    lake.maintain(start.plus(9_000_000)).await.unwrap();
    assert_eq!(lake.stats().flushes, 1, "100 rows are enough");
    assert_eq!(lake.datasets()[1].memory_rows, 1);
    assert_eq!(wal_files(dir.path()).len(), 2, "the one row of `others` is only there");
    lake.maintain(start.plus(10_000_000)).await.unwrap();
    assert_eq!(lake.datasets()[1].memory_rows, 0);
    assert_eq!(wal_files(dir.path()).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn small_files_become_one_sorted_file_and_the_old_ones_go_when_nobody_reads_them() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(LakeConfig { merge_files: 4, ..config(dir.path()) }).await.unwrap();
    let now = Time(20_000 * DAY);
    for n in 0..4 {
        // Interleaved times, so that merging has to sort.
        let rows = (0..10).map(|i| row(i * 4 + n)).collect();
        lake.append_at(vec![("things", rows)], now).await.unwrap();
        lake.flush().await.unwrap();
    }
    let before = lake.provider("things").unwrap();
    lake.maintain(now).await.unwrap();
    assert_eq!((lake.stats().merges, lake.datasets()[0].files), (1, 1));
    assert_eq!(parquet_files(dir.path(), "things").len(), 5, "a reader holds the old ones");
    let context = datafusion::execution::context::SessionContext::new();
    let held = context.read_table(before).unwrap().select_columns(&["n"]).unwrap();
    assert_eq!(ints(&held.clone().collect().await.unwrap()), (0..40).collect::<Vec<_>>());
    lake.maintain(now).await.unwrap();
    assert_eq!(parquet_files(dir.path(), "things").len(), 5);

    // A plan keeps its files when its provider is gone.
    let plan = held.create_physical_plan().await.unwrap();
    drop(held);
    lake.maintain(now).await.unwrap();
    assert_eq!(parquet_files(dir.path(), "things").len(), 5);
    drop(plan);
    lake.maintain(now).await.unwrap();
    assert_eq!(parquet_files(dir.path(), "things").len(), 1);
    assert_eq!(numbers(&lake, "things").await, (0..40).collect::<Vec<_>>());
    let unsorted = read(&lake, "things", &["n"], None).await;
    let order: Vec<i64> = unsorted
        .iter()
        .flat_map(|batch| {
            use arrow::array::AsArray;
            batch.column(0).as_primitive::<arrow::datatypes::Int64Type>().values().to_vec()
        })
        .collect();
    assert_eq!(order, (0..40).collect::<Vec<_>>(), "sorted by time in the file");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grace_keeps_replaced_files_for_other_readers() {
    let dir = tempfile::tempdir().unwrap();
    let settings = LakeConfig { merge_files: 2, vacuum_grace: Duration::from_secs(60), ..config(dir.path()) };
    let lake = Lake::open(settings.clone()).await.unwrap();
    let now = Time(20_000 * DAY);
    for n in 0..2 {
        lake.append_at(vec![("things", rows(n..n + 1))], now).await.unwrap();
        lake.flush().await.unwrap();
    }
    lake.maintain(now).await.unwrap();
    lake.maintain(now.plus(59_000_000)).await.unwrap();
    assert_eq!(parquet_files(dir.path(), "things").len(), 3);
    assert_eq!(lake.stats().replaced_files, 2);
    drop(lake);
    // Opened again, the lake finds them, and their grace begins anew.
    let lake = Lake::open(settings).await.unwrap();
    assert_eq!(lake.stats().replaced_files, 2);
    lake.maintain(Time(30_000 * DAY)).await.unwrap();
    assert_eq!(parquet_files(dir.path(), "things").len(), 1, "expired, and kept for its own grace");
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_drops_old_files_and_says_how_many_rows() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(LakeConfig { retention_days: 30, ..config(dir.path()) }).await.unwrap();
    for day in [20_000, 20_020] {
        lake.append_at(vec![("things", rows(0..10))], Time(day * DAY)).await.unwrap();
        lake.flush().await.unwrap();
    }
    lake.maintain(Time(20_030 * DAY)).await.unwrap();
    assert_eq!(lake.datasets()[0].rows, 20);
    lake.maintain(Time(20_031 * DAY)).await.unwrap();
    assert_eq!(lake.datasets()[0].rows, 10);
    assert_eq!(lake.stats().expired_rows, 10);
    lake.maintain(Time(20_031 * DAY)).await.unwrap();
    assert_eq!(parquet_files(dir.path(), "things").len(), 1);
    drop(lake);
    assert_eq!(numbers(&open(dir.path()).await, "things").await.len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_by_size_drops_the_oldest() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(LakeConfig { retention_bytes: 1, ..config(dir.path()) }).await.unwrap();
    lake.append("things", rows(0..10)).await.unwrap();
    lake.flush().await.unwrap();
    lake.append("things", rows(10..20)).await.unwrap();
    lake.maintain(Time(i64::MAX / 4)).await.unwrap();
    assert_eq!(lake.datasets()[0].rows, 0);
    assert_eq!(lake.stats().expired_rows, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_background_does_all_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let settings = LakeConfig {
        flush_rows: 20,
        merge_files: 3,
        maintenance_interval: Duration::from_millis(5),
        wal_segment_bytes: 16 << 10,
        ..config(dir.path())
    };
    let lake = Lake::open(settings).await.unwrap();
    lake.spawn_maintenance();
    lake.spawn_maintenance();
    let mut next = 0;
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    while (lake.stats().merges < 3 || lake.stats().flushes < 10) && std::time::Instant::now() < deadline {
        lake.append("things", rows(next..next + 10)).await.unwrap();
        next += 10;
    }
    let stats = lake.stats();
    assert!(stats.merges >= 3 && stats.flushes >= 10, "{stats:?}");
    assert_eq!(numbers(&lake, "things").await, (0..next).collect::<Vec<_>>());
    lake.close().await.unwrap();
    assert!(lake.stats().last_error.is_none(), "{:?}", lake.stats());
    assert_eq!(numbers(&open(dir.path()).await, "things").await, (0..next).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn full_memory_makes_appends_wait_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(LakeConfig { memory_bytes: 100_000, ..config(dir.path()) }).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..4 {
        let lake = lake.clone();
        tasks.spawn(async move {
            for n in 0..20 {
                let first = (writer * 20 + n) * 50;
                lake.append("things", rows(first..first + 50)).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    assert!(lake.stats().waits > 0);
    assert!(lake.stats().memory_bytes < 400_000, "{}", lake.stats().memory_bytes);
    assert_eq!(numbers(&lake, "things").await, (0..4000).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_table_log_is_summed_up() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    for n in 0..25 {
        lake.append("others", vec![other(n)]).await.unwrap();
        lake.flush().await.unwrap();
    }
    let log = dir.path().join("datasets/others/_delta_log");
    assert!(!files(&log, ".checkpoint.parquet").is_empty());
    drop(lake);
    let lake = open(dir.path()).await;
    assert_eq!(numbers(&lake, "others").await, (0..25).collect::<Vec<_>>());
    assert_eq!(lake.stats().replayed_rows, 0, "the checkpoint knows how far the log is in the table");
    let info = &lake.datasets()[1];
    assert_eq!((info.oldest, info.newest), (Some(Time(0)), Some(Time::from_seconds(24))));
}
