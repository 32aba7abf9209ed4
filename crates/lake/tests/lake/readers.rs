//! Readers while everything moves: each sees every row acknowledged before it looked, once.

use crate::support::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};
use vedette_lake::{Lake, LakeConfig};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_see_exactly_the_acknowledged_rows_during_flushes_and_merges() {
    let dir = tempfile::tempdir().unwrap();
    let settings = LakeConfig {
        flush_rows: 30,
        merge_files: 3,
        maintenance_interval: Duration::from_millis(2),
        wal_segment_bytes: 32 << 10,
        ..config(dir.path())
    };
    let lake = Lake::open(settings).await.unwrap();
    lake.spawn_maintenance();
    let (begun, acknowledged, over) =
        (Arc::new(AtomicI64::new(0)), Arc::new(AtomicI64::new(0)), Arc::new(AtomicBool::new(false)));

    let writer = {
        let (lake, begun, acknowledged, over) =
            (lake.clone(), begun.clone(), acknowledged.clone(), over.clone());
        tokio::spawn(async move {
            let mut next = 0;
            while !over.load(Ordering::Acquire) {
                let size = next % 7 + 1;
                begun.store(next + size, Ordering::Release);
                lake.append("things", rows(next..next + size)).await.unwrap();
                next += size;
                acknowledged.store(next, Ordering::Release);
            }
            next
        })
    };
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let (lake, begun, acknowledged, over) =
            (lake.clone(), begun.clone(), acknowledged.clone(), over.clone());
        readers.spawn(async move {
            let mut looks = 0;
            while !over.load(Ordering::Acquire) {
                let least = acknowledged.load(Ordering::Acquire);
                let seen = numbers(&lake, "things").await;
                let most = begun.load(Ordering::Acquire);
                let count = seen.len() as i64;
                assert!(least <= count && count <= most, "{least} <= {count} <= {most}");
                assert!(
                    seen.iter().enumerate().all(|(index, n)| index as i64 == *n),
                    "a row twice or missing"
                );
                looks += 1;
            }
            looks
        });
    }
    let deadline = Instant::now() + Duration::from_secs(6);
    while Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    over.store(true, Ordering::Release);
    let total = writer.await.unwrap();
    let looks: i32 = readers.join_all().await.into_iter().sum();
    let stats = lake.stats();
    assert!(looks > 20 && stats.flushes > 5 && stats.merges > 2, "{looks} looks, {stats:?}");
    lake.close().await.unwrap();
    assert_eq!(numbers(&open(dir.path()).await, "things").await, (0..total).collect::<Vec<_>>());
}
