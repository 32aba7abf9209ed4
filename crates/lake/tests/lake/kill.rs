//! SIGKILL at any moment: no acknowledged row is lost, none is doubled.
//!
//! A child process (this test program again) appends numbered rows from several tasks, with
//! settings that make it flush, merge, checkpoint and turn over its log all the time, and writes a
//! line for each acknowledgement. It is killed at a random moment, the lake is opened and counted,
//! and the next child goes on in the same folder.

use crate::support::*;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use vedette_lake::{Lake, LakeConfig};

const ROUNDS: u64 = 50;
const TASKS: i64 = 4;
const FOLDER: &str = "VEDETTE_KILL_FOLDER";
const FIRST: &str = "VEDETTE_KILL_FIRST";

fn hectic(dir: &Path) -> LakeConfig {
    LakeConfig {
        flush_rows: 25,
        merge_files: 3,
        maintenance_interval: Duration::from_millis(1),
        wal_segment_bytes: 16 << 10,
        ..config(dir)
    }
}

/// Numbers are task * 2^40 + count; each task counts on from where it was told to begin.
#[test]
#[ignore = "the child of the test below"]
fn child() {
    let Ok(dir) = std::env::var(FOLDER) else { return };
    let first: i64 = std::env::var(FIRST).unwrap().parse().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let lake = Lake::open(hectic(Path::new(&dir))).await.unwrap();
        lake.spawn_maintenance();
        say("open");
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..TASKS {
            let lake = lake.clone();
            tasks.spawn(async move {
                let mut next = (task << 40) + first;
                loop {
                    let size = next % 5 + 1;
                    let both = vec![("things", rows(next..next + size)), ("others", vec![other(next)])];
                    lake.append_all(both).await.unwrap();
                    say(&format!("ack {next} {size}"));
                    next += size;
                }
            });
        }
        tasks.join_all().await;
    });
}

/// One write, so that a line is whole or absent.
fn say(line: &str) {
    std::io::stdout().write_all(format!("\n{line}\n").as_bytes()).unwrap();
    std::io::stdout().flush().unwrap();
}

/// Lets a child run for `after` its lake is open, kills it, and gives what it acknowledged.
fn run_and_kill(dir: &Path, first: i64, after: Duration) -> Vec<(i64, i64)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["kill::child", "--exact", "--ignored", "--nocapture"])
        .env(FOLDER, dir)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (sender, receiver) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut acknowledged = Vec::new();
        for line in lines.map_while(Result::ok) {
            let mut words = line.split_whitespace();
            match words.next() {
                Some("open") => sender.send(()).unwrap(),
                Some("ack") => {
                    let number = words.next().and_then(|word| word.parse().ok());
                    let size = words.next().and_then(|word| word.parse().ok());
                    acknowledged.extend(number.zip(size));
                }
                _ => {}
            }
        }
        acknowledged
    });
    receiver.recv_timeout(Duration::from_secs(30)).expect("the child opens its lake");
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

#[test]
fn killed_at_fifty_random_moments_it_loses_and_doubles_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let begun = Instant::now();
    // Not seeded: another run tries other moments. The moments of a failure are printed.
    let mut random = u64::from(std::process::id()) | 1;
    let mut acknowledged: HashMap<i64, i64> = HashMap::new();
    let mut next = 0;
    let (mut replayed, mut torn) = (0, 0);
    for round in 0..ROUNDS {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let after = Duration::from_micros((random >> 33) % 400_000);
        let acks = run_and_kill(dir.path(), next, after);
        for (first, size) in acks {
            for number in first..first + size {
                *acknowledged.entry(number).or_default() += 1;
            }
        }
        let stats = runtime.block_on(async {
            let lake = Lake::open(hectic(dir.path())).await.unwrap();
            let health = lake.health();
            assert!(health.is_well(), "round {round}, killed after {after:?}: {health:?}");
            let mut found: HashMap<i64, i64> = HashMap::new();
            for number in numbers(&lake, "things").await {
                *found.entry(number).or_default() += 1;
                next = next.max((number & 0xff_ffff_ffff) + 1);
            }
            let doubled: Vec<_> = found.iter().filter(|(_, count)| **count > 1).take(5).collect();
            let lost: Vec<_> =
                acknowledged.keys().filter(|number| !found.contains_key(number)).take(5).collect();
            assert!(
                doubled.is_empty() && lost.is_empty(),
                "round {round}, killed after {after:?}: doubled {doubled:?}, lost {lost:?}"
            );
            // Both datasets of an append, or neither.
            let others = numbers(&lake, "others").await;
            assert!(others.iter().all(|number| found.contains_key(number)), "round {round}");
            assert!(others.windows(2).all(|pair| pair[0] != pair[1]), "round {round}: others doubled");
            lake.stats()
        });
        replayed += stats.replayed_rows;
        torn += stats.torn_bytes;
    }
    println!(
        "{ROUNDS} kills, {} acknowledged rows, {replayed} replayed, {torn} torn bytes, {:?}",
        acknowledged.len(),
        begun.elapsed()
    );
    assert!(acknowledged.len() > 1000, "the load was too small to prove anything: {}", acknowledged.len());
}
