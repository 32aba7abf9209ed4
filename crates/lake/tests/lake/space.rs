//! A disk that is full, on a small file system of its own. Needs the right to mount one; without it
//! the test says so and passes.

use crate::support::*;
use std::path::Path;
use std::process::Command;
use vedette_lake::{Lake, LakeConfig};

/// A mounted tmpfs, unmounted when dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new(size: &str) -> Option<SmallDisk> {
        let dir = tempfile::tempdir().unwrap();
        let options = format!("size={size}");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(dir.path()).output();
        match mounted {
            Ok(output) if output.status.success() => Some(SmallDisk(dir)),
            _ => {
                println!("skipped: no right to mount a tmpfs here");
                None
            }
        }
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn remount(&self, options: &str) {
        let status =
            Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(self.path()).status();
        assert!(status.unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

fn small(dir: &Path) -> LakeConfig {
    LakeConfig { wal_segment_bytes: 64 << 10, memory_bytes: 1 << 20, ..config(dir) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_rows_and_takes_them_again_when_there_is_space() {
    let Some(disk) = SmallDisk::new("2m") else { return };
    let lake = Lake::open(small(disk.path())).await.unwrap();
    let mut acknowledged = 0;
    let error = loop {
        assert!(acknowledged < 1_000_000, "the disk never fills");
        match lake.append("things", rows(acknowledged..acknowledged + 100)).await {
            Ok(_) => acknowledged += 100,
            Err(error) => break error,
        }
    };
    assert!(error.is_out_of_space() && error.is_temporary(), "{error}");
    assert!(error.to_string().contains(&*disk.path().to_string_lossy()), "{error}");
    let health = lake.health();
    assert!(!health.accepts_rows() || !health.is_well(), "{health:?}");
    assert_eq!(numbers(&lake, "things").await, (0..acknowledged).collect::<Vec<_>>());

    disk.remount("size=64m");
    lake.append("things", rows(acknowledged..acknowledged + 100)).await.unwrap();
    acknowledged += 100;
    lake.flush().await.unwrap();
    assert!(lake.health().is_well(), "{:?}", lake.health());
    assert_eq!(numbers(&lake, "things").await, (0..acknowledged).collect::<Vec<_>>());
    lake.close().await.unwrap();
    let live = lake.datasets()[0].files as usize;
    assert_eq!(parquet_files(disk.path(), "things").len(), live, "failed flushes leave no files behind");
    drop(lake);

    let lake = Lake::open(small(disk.path())).await.unwrap();
    assert_eq!(numbers(&lake, "things").await, (0..acknowledged).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_becomes_read_only_refuses_rows_and_recovers() {
    let Some(disk) = SmallDisk::new("8m") else { return };
    let lake = Lake::open(small(disk.path())).await.unwrap();
    lake.append("things", rows(0..10)).await.unwrap();
    // Writes into a file that is open already still pass; a new one cannot be made.
    lake.close().await.unwrap();
    drop(lake);
    disk.remount("ro");
    let error = Lake::open(small(disk.path())).await.err().unwrap().to_string();
    assert!(
        error.contains(&*disk.path().to_string_lossy()) && error.contains("mount the file system writable"),
        "{error}"
    );
    disk.remount("rw");
    let lake = Lake::open(small(disk.path())).await.unwrap();
    assert_eq!(numbers(&lake, "things").await, (0..10).collect::<Vec<_>>());
}
