//! How many events a second become durable: connection attempts as the sensor makes them, appended
//! by several tasks with the background work on, then read back.
//!
//! `ingest_speed FOLDER [--rows N] [--batch N] [--tasks N]`; the folder must not exist.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use vedette_event::datasets::xdr_data;
use vedette_event::{
    Closing, Direction, Event, EventKind, FirstPacket, Observer, ObserverKind, Outcome, Row, Time, Transport,
    Volume, flag,
};
use vedette_lake::{Lake, LakeConfig, LakeError};

struct Options {
    dir: PathBuf,
    rows: u64,
    batch: u64,
    tasks: u64,
}

fn options() -> Option<Options> {
    let mut arguments = std::env::args().skip(1);
    let dir = PathBuf::from(arguments.next()?);
    let mut options = Options { dir, rows: 1_000_000, batch: 500, tasks: 4 };
    while let Some(name) = arguments.next() {
        let value = arguments.next()?.parse().ok().filter(|value| *value > 0)?;
        match name.as_str() {
            "--rows" => options.rows = value,
            "--batch" => options.batch = value,
            "--tasks" => options.tasks = value,
            _ => return None,
        }
    }
    Some(options)
}

fn main() -> ExitCode {
    let Some(options) = options() else {
        eprintln!("usage: ingest_speed FOLDER [--rows N] [--batch N] [--tasks N]");
        return ExitCode::from(2);
    };
    if options.dir.exists() {
        eprintln!("{} exists", options.dir.display());
        return ExitCode::from(2);
    }
    let result = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())
        .and_then(|runtime| runtime.block_on(run(options)).map_err(|error| error.to_string()));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(3)
        }
    }
}

async fn run(options: Options) -> Result<(), LakeError> {
    let lake = Lake::open(LakeConfig::new(&options.dir)).await?;
    lake.spawn_maintenance();
    let next = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..options.tasks {
        let (lake, next) = (lake.clone(), next.clone());
        tasks.spawn(async move {
            let mut slowest = Duration::ZERO;
            loop {
                let first = next.fetch_add(options.batch, Ordering::Relaxed);
                if first >= options.rows {
                    return Ok::<Duration, LakeError>(slowest);
                }
                let rows: Vec<Row> = (first..first + options.batch).map(attempt).collect();
                let asked = Instant::now();
                lake.append("xdr_data", rows).await?;
                slowest = slowest.max(asked.elapsed());
            }
        });
    }
    let mut slowest = Duration::ZERO;
    while let Some(result) = tasks.join_next().await {
        let result = result.map_err(|error| LakeError::Internal(error.to_string()))?;
        slowest = slowest.max(result?);
    }
    let taken = begun.elapsed().as_secs_f64();
    let stats = lake.stats();
    println!(
        "{} rows durable in {taken:.2} s: {:.0} events/s, {} appends, {} syncs, slowest append {} ms, {} waits",
        stats.appended_rows,
        stats.appended_rows as f64 / taken,
        stats.appends,
        stats.syncs,
        slowest.as_millis(),
        stats.waits,
    );
    let begun = Instant::now();
    lake.close().await?;
    let stats = lake.stats();
    println!(
        "closed in {:.2} s: {} flushes, {} merges, last error {:?}",
        begun.elapsed().as_secs_f64(),
        stats.flushes,
        stats.merges,
        stats.last_error
    );
    let begun = Instant::now();
    let lake = Lake::open(LakeConfig::new(&options.dir)).await?;
    let opened = begun.elapsed();
    for info in lake.datasets().iter().filter(|info| info.rows > 0) {
        println!(
            "{}: {} rows in {} files, {:.1} bytes a row; opened again in {} ms",
            info.name,
            info.rows,
            info.files,
            info.bytes as f64 / info.rows as f64,
            opened.as_millis()
        );
    }
    Ok(())
}

/// Attempt `n`: thousands of sources, a few hundred targets, mostly refused.
fn attempt(n: u64) -> Row {
    // A multiplicative hash spreads the numbers; the figures need variety, not randomness.
    let mixed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let time = Time(1_700_000_000_000_000 + n as i64 * 50);
    let refused = !mixed.is_multiple_of(5);
    let event = Event {
        kind: EventKind::Attempt,
        time,
        decided: time,
        observer: Arc::new(Observer {
            id: "a6f1c0de".to_owned(),
            hostname: "web-1".to_owned(),
            kind: ObserverKind::Sensor,
        }),
        direction: Direction::Inbound,
        transport: Transport::Tcp,
        source: IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + (mixed >> 40) as u32 % 20_000)),
        source_port: 32_768 + (mixed >> 17) as u16 % 28_000,
        target: IpAddr::V4(Ipv4Addr::from(0xc0a8_0000 + (mixed >> 24) as u32 % 300)),
        target_port: (mixed >> 33) as u16,
        outcome: if refused { Outcome::Refused } else { Outcome::Accepted },
        handshake_completed: !refused,
        closing: Closing::Open,
        count: 1,
        retries: 0,
        sent: Volume { packets: 1, bytes: 0 },
        received: Volume { packets: 1, bytes: 0 },
        duration: (mixed % 900) as i64,
        first: FirstPacket {
            tcp_flags: flag::SYN,
            ttl: 64,
            window: 64_240,
            mss: 1460,
            ..FirstPacket::default()
        },
        icmp: None,
        source_mac: None,
        reset: None,
        vlan: None,
        interface: "eth0".into(),
        process: None,
    };
    xdr_data::row(&event)
}
