//! What a crash, a bad disk, or a stranger leaves in the folder.

use crate::support::*;
use std::path::Path;
use vedette_lake::{Lake, LakeError};

/// A folder whose log holds three appends of ten rows, and the bytes of its one segment.
async fn three_appends(dir: &Path) -> Vec<u8> {
    let lake = open(dir).await;
    for n in 0..3 {
        lake.append("things", rows(n * 10..n * 10 + 10)).await.unwrap();
    }
    drop(lake);
    let files = wal_files(dir);
    assert_eq!(files.len(), 1);
    std::fs::read(&files[0]).unwrap()
}

/// Where the last record begins and ends.
fn last_record(segment: &[u8]) -> std::ops::Range<usize> {
    let start = segment.windows(4).rposition(|window| window == b"VREC").unwrap();
    let length = u32::from_le_bytes(segment[start + 4..start + 8].try_into().unwrap());
    start..start + 24 + length as usize
}

/// A folder with this as the only segment of its log.
fn folder_with(segment: &[u8]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("wal")).unwrap();
    std::fs::write(dir.path().join("wal/00000000000000000001.wal"), segment).unwrap();
    dir
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_cut_at_every_byte_of_its_last_record_keeps_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    lake.append("things", rows(0..20)).await.unwrap();
    lake.append("others", vec![other(1)]).await.unwrap();
    drop(lake);
    let segment = std::fs::read(&wal_files(dir.path())[0]).unwrap();
    let last = last_record(&segment);
    for cut in last.clone() {
        let folder = folder_with(&segment[..cut]);
        let lake = open(folder.path()).await;
        assert_eq!(lake.stats().replayed_rows, 20, "cut at {cut}");
        // Zeros at the end cannot be told from space that was never written.
        let torn = lake.stats().torn_bytes as usize;
        assert!(torn <= cut - last.start && (torn > 0) == (cut > last.start), "cut at {cut}: {torn}");
        assert!(lake.health().is_well());
        if cut % 10 == 0 {
            // The log goes on after the cut, and the cut end is not taken for damage later.
            lake.append("things", rows(50..51)).await.unwrap();
            drop(lake);
            let lake = open(folder.path()).await;
            assert!(lake.health().is_well(), "{:?}", lake.health());
            assert_eq!(numbers(&lake, "things").await, (0..20).chain([50]).collect::<Vec<_>>());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_costs_one_append_and_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let segment = three_appends(dir.path()).await;
    let second = segment.windows(4).enumerate().filter(|(_, window)| *window == b"VREC").nth(1).unwrap().0;
    for offset in [0, 5, 12, 17, 22, 24, 40] {
        let mut damaged = segment.clone();
        damaged[second + offset] ^= 0x40;
        let folder = folder_with(&damaged);
        let lake = open(folder.path()).await;
        assert_eq!(
            numbers(&lake, "things").await,
            (0..10).chain(20..30).collect::<Vec<_>>(),
            "offset {offset}"
        );
        let health = lake.health();
        assert!(health.accepts_rows() && !health.is_well());
        assert_eq!((lake.stats().damaged_ranges, health.problems.len()), (1, 1), "{health:?}");
        assert!(health.problems[0].message.contains("checksum"), "{health:?}");
        let copies = files(&folder.path().join("damaged"), ".bin");
        assert_eq!(copies.len(), 1);
        assert_eq!(std::fs::read(&copies[0]).unwrap()[offset], damaged[second + offset]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_file_that_lost_its_header_gives_its_records() {
    let dir = tempfile::tempdir().unwrap();
    let mut segment = three_appends(dir.path()).await;
    segment[3] ^= 1;
    let folder = folder_with(&segment);
    let lake = open(folder.path()).await;
    assert_eq!(numbers(&lake, "things").await, (0..30).collect::<Vec<_>>());
    assert!(!lake.health().is_well());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_log_file_is_missed() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..3 {
        let lake = open(dir.path()).await;
        lake.append("things", rows(n..n + 1)).await.unwrap();
    }
    std::fs::remove_file(&wal_files(dir.path())[1]).unwrap();
    let lake = open(dir.path()).await;
    assert_eq!(numbers(&lake, "things").await, [0, 2]);
    let health = lake.health();
    assert!(health.problems[0].message.contains("1 records before 3"), "{health:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_strangers_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    drop(three_appends(dir.path()).await);
    let strange = [
        "wal/notes.wal",
        "wal/1.wal",
        "wal/00000000000000000001.wal.bak",
        "datasets/README",
        "datasets/things/export.parquet",
    ];
    for name in strange {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, b"not ours").unwrap();
    }
    std::fs::create_dir(dir.path().join("wal/00000000000000000009.wal")).unwrap();
    let lake = open(dir.path()).await;
    assert!(lake.health().is_well(), "{:?}", lake.health());
    lake.flush().await.unwrap();
    lake.maintain(vedette_event::Time(i64::MAX / 2)).await.unwrap();
    assert_eq!(numbers(&lake, "things").await.len(), 0, "expired by then");
    for name in strange {
        assert!(dir.path().join(name).exists(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn noise_in_place_of_a_log_is_told_and_does_not_stop_the_lake() {
    let noise: Vec<u8> = (0..100_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let folder = folder_with(&noise);
    let lake = open(folder.path()).await;
    assert!(!lake.health().is_well());
    lake.append("things", rows(0..2)).await.unwrap();
    assert_eq!(numbers(&lake, "things").await, [0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_table_stops_its_dataset_only_and_its_rows_wait_in_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    lake.append("things", rows(0..5)).await.unwrap();
    lake.flush().await.unwrap();
    lake.append("things", rows(5..8)).await.unwrap();
    drop(lake);
    let log = dir.path().join("datasets/things/_delta_log/00000000000000000000.json");
    let good = std::fs::read(&log).unwrap();
    std::fs::write(&log, b"{\"protocol\":{\"minReaderVersion\":1}}\n").unwrap();

    let lake = open(dir.path()).await;
    let health = lake.health();
    assert!(health.problems.iter().any(|problem| problem.part == "dataset things"), "{health:?}");
    let error = lake.append("things", rows(9..10)).await.unwrap_err();
    assert!(matches!(&error, LakeError::Damaged { path, .. } if path.ends_with("things")), "{error}");
    assert!(lake.provider("things").is_err());
    lake.append("others", vec![other(1)]).await.unwrap();
    assert!(lake.flush().await.is_err());
    assert_eq!(numbers(&lake, "others").await, [1]);
    assert!(lake.close().await.is_err());

    std::fs::write(&log, good).unwrap();
    let lake = open(dir.path()).await;
    assert_eq!(numbers(&lake, "things").await, (0..8).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_a_crash_left_empty_is_made_again_from_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    lake.append("things", rows(0..5)).await.unwrap();
    lake.flush().await.unwrap();
    lake.append("things", rows(5..9)).await.unwrap();
    drop(lake);
    // What ext4 may show after a power cut: the name is there, the contents are not.
    let torn = dir.path().join("datasets/things/_delta_log/00000000000000000002.json");
    std::fs::write(&torn, b"").unwrap();
    let lake = open(dir.path()).await;
    assert!(lake.health().is_well(), "{:?}", lake.health());
    assert_eq!(numbers(&lake, "things").await, (0..9).collect::<Vec<_>>());
    lake.flush().await.unwrap();
    assert_eq!(numbers(&lake, "things").await, (0..9).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_data_file_is_told_and_the_others_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path()).await;
    for n in 0..3 {
        lake.append("things", rows(n * 10..n * 10 + 10)).await.unwrap();
        lake.flush().await.unwrap();
    }
    lake.close().await.unwrap();
    let paths = parquet_files(dir.path(), "things");
    std::fs::remove_file(&paths[0]).unwrap();
    let cut = std::fs::read(&paths[1]).unwrap();
    std::fs::write(&paths[1], &cut[..cut.len() / 2]).unwrap();

    let lake = open(dir.path()).await;
    assert_eq!(numbers(&lake, "things").await.len(), 10);
    let health = lake.health();
    assert!(health.accepts_rows());
    assert!(health.problems[0].message.contains("2 data files with 20 rows"), "{health:?}");
    // They stay lost, and are not forgotten, when the table goes on.
    lake.append("things", rows(50..51)).await.unwrap();
    lake.flush().await.unwrap();
    assert_eq!(numbers(&lake, "things").await.len(), 11);
    assert_eq!(lake.health().problems.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_that_cannot_be_read_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    drop(three_appends(dir.path()).await);
    std::fs::write(dir.path().join("lake.json"), b"{").unwrap();
    let lake = open(dir.path()).await;
    assert_eq!(numbers(&lake, "things").await.len(), 30);
    assert!(lake.health().problems[0].message.contains("lake.json"));
    drop(lake);
    let newer = br#"{"format":9,"lake":"00000000","openings":1}"#;
    std::fs::write(dir.path().join("lake.json"), newer).unwrap();
    let error = Lake::open(config(dir.path())).await.err().unwrap();
    assert!(matches!(error, LakeError::NewerFormat { found: 9, .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_in_the_place_of_a_folder_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let blocked = dir.path().join("lake");
    std::fs::write(&blocked, b"a file").unwrap();
    let error = Lake::open(config(&blocked)).await.err().unwrap().to_string();
    assert!(error.contains(&*blocked.to_string_lossy()) && error.contains("move it away"), "{error}");

    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("wal"), b"a file").unwrap();
    let error = Lake::open(config(dir.path())).await.err().unwrap().to_string();
    assert!(error.contains("/wal") && error.contains("move it away"), "{error}");
}
