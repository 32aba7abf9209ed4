//! How long a query takes over generated firewall threat logs in a real lake, and the memory it needs.
//!
//! `query_speed make FOLDER [ROWS]` makes the lake: 20,000 sources, 830 threat names, one row in twenty
//! a scan, 50,000 URLs. `query_speed run FOLDER QUERY_FILE` runs the query once cold and five times warm,
//! and prints the seconds and the peak memory of the process, which does nothing else. `query_speed json
//! FOLDER QUERY_FILE` prints the same as one line of JSON, for `bench/compare.py`.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;
use vedette_engine::{Engine, EngineConfig, LakeCatalog, QueryOptions};
use vedette_event::datasets::panw::THREAT;
use vedette_event::{Row, Time, Value};
use vedette_lake::{Lake, LakeConfig};

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// The rows end here; the query runs a minute later.
const END: i64 = 1_780_000_000;
const BATCH: u64 = 5_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let outcome = match arguments[..] {
        ["make", folder] => runtime.block_on(make(folder, 10_000_000)),
        ["make", folder, rows] => match rows.parse() {
            Ok(rows) => runtime.block_on(make(folder, rows)),
            Err(error) => return failed(&error),
        },
        ["run", folder, query] => runtime.block_on(run(folder, query)),
        ["json", folder, query] => runtime.block_on(json(folder, query)),
        _ => {
            eprintln!("usage: query_speed make FOLDER [ROWS] | query_speed run|json FOLDER QUERY_FILE");
            return ExitCode::from(2);
        }
    };
    outcome.map_or_else(|error| failed(error.as_ref()), |()| ExitCode::SUCCESS)
}

fn failed(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("{error}");
    ExitCode::from(3)
}

async fn make(folder: &str, rows: u64) -> Outcome {
    let mut config = LakeConfig::new(folder);
    config.datasets = vec![&THREAT];
    config.retention_days = 0;
    let lake = Lake::open(config).await?;
    lake.spawn_maintenance();
    let begun = Instant::now();
    let mut first = 0;
    while first < rows {
        let last = (first + BATCH).min(rows);
        let batch: Vec<Row> = (first..last).map(|number| row(number, rows)).collect();
        lake.append(THREAT.name, batch).await?;
        first = last;
    }
    lake.close().await?;
    let taken = begun.elapsed().as_secs_f64();
    println!("{rows} rows made and stored in {taken:.1} s: {:.0} rows/s", rows as f64 / taken);
    Ok(())
}

async fn run(folder: &str, query: &str) -> Outcome {
    let lake = open(folder).await?;
    for info in lake.datasets() {
        println!("{}: {} rows in {} files, {} MB", info.name, info.rows, info.files, info.bytes / 1_000_000);
    }
    let timed = timed(lake, query, 6).await?;
    println!("{} rows of result", timed.rows);
    let (cold, warm) = (timed.seconds[0], sorted(&timed.seconds[1..]));
    println!("first run {cold:.2} s; warm: median of five {:.2} s, fastest {:.2} s", warm[2], warm[0]);
    println!("peak memory of the process {} kB", peak_memory());
    Ok(())
}

async fn json(folder: &str, query: &str) -> Outcome {
    let timed = timed(open(folder).await?, query, 4).await?;
    let seconds: Vec<String> = timed.seconds.iter().map(|seconds| format!("{seconds:.4}")).collect();
    let (rows, first, peak) = (timed.rows, timed.first, peak_memory());
    println!(
        "{{\"seconds\":[{}],\"rows\":{rows},\"first\":{first:?},\"peak_kb\":{peak}}}",
        seconds.join(",")
    );
    Ok(())
}

async fn open(folder: &str) -> Result<Lake, Box<dyn std::error::Error>> {
    let mut config = LakeConfig::new(folder);
    config.datasets = vec![&THREAT];
    config.retention_days = 0;
    Ok(Lake::open(config).await?)
}

/// What came out of several runs of a query, and how long each took.
struct Timed {
    seconds: Vec<f64>,
    rows: usize,
    /// The first row of the result, to compare with what others make of the same rows.
    first: String,
}

async fn timed(lake: Lake, query: &str, runs: usize) -> Result<Timed, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string(query)?;
    let catalog = Arc::new(LakeCatalog::new(lake));
    let engine = Engine::new(catalog, EngineConfig { threads: 2, ..EngineConfig::default() })?;
    let mut timed = Timed { seconds: Vec::new(), rows: 0, first: String::new() };
    for _ in 0..runs {
        let begun = Instant::now();
        let result = engine.run(&text, QueryOptions::at(Time::from_seconds(END + 60))).await?;
        timed.seconds.push(begun.elapsed().as_secs_f64());
        timed.rows = result.rows().count();
        timed.first = result.rows().next().map_or_else(String::new, |row| format!("{row:?}"));
    }
    Ok(timed)
}

fn sorted(seconds: &[f64]) -> Vec<f64> {
    let mut sorted = seconds.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The high-water mark of resident memory in kB; 0 where the system does not tell.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or(0)
}

const SCANS: [&str; 10] = [
    "SCAN: TCP Port Scan",
    "SCAN: UDP Port Scan",
    "SCAN: Host Sweep",
    "SCAN: Nmap OS Detection",
    "SCAN: Nmap Script Scan",
    "SCAN: TCP SYN Scan",
    "SCAN: TCP Connect Scan",
    "Masscan Port Scanning Tool Detection",
    "Port Scan",
    "Network Scan",
];

/// Deterministic numbers; the figures need variety, not randomness.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn word(&mut self, from: &[&str]) -> Value {
        Value::text(from[self.roll(from.len() as u64) as usize].to_owned())
    }
}

/// Row `number` of `rows`: spread over thirty days, ascending in time.
fn row(number: u64, rows: u64) -> Row {
    let dice = &mut Dice(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    dice.roll(2);
    let mut row = vec![Value::Null; THREAT.fields.len()];
    let mut set = |name: &str, value: Value| {
        if let Some(position) = THREAT.position(name) {
            row[position] = value;
        }
    };
    let span = 30 * 86_400_u64;
    let age = (span as u128 * u128::from(rows - number) * 1_000_000 / u128::from(rows)) as i64;
    let time = Value::Time(Time(END * 1_000_000 - age));
    for name in ["_time", "time_generated"] {
        set(name, time.clone());
    }
    let source = dice.roll(20_000);
    let inside = source < 15_000;
    let prefix = if inside { "10.1" } else { "198.18" };
    set("source_ip", Value::from(format!("{prefix}.{}.{}", source / 250 % 250, source % 250)));
    let target = dice.roll(40_000);
    set(
        "dest_ip",
        Value::from(format!("10.{}.{}.{}", 20 + target / 10_000, target / 200 % 200, target % 200)),
    );
    set("source_port", Value::Int(1_024 + dice.roll(64_000) as i64));
    let common = [22, 80, 135, 443, 445, 1433, 3306, 3389, 5432, 8080][dice.roll(10) as usize];
    let port = if dice.roll(3) == 0 { dice.roll(65_536) as i64 } else { common };
    set("dest_port", Value::Int(port));
    set("session_id", Value::Int(dice.roll(4_000_000) as i64));
    let scan = dice.roll(20) == 0;
    set("log_type", dice.word(&["threat", "threat", "threat", "threat", "url"]));
    let name = dice.roll(820);
    let name = if scan {
        SCANS[name as usize % SCANS.len()].to_owned()
    } else {
        format!("Vulnerability number {name}")
    };
    set("threat_name", Value::from(name));
    let page = ["index", "login", "admin", "image", "basket"][dice.roll(5) as usize];
    set(
        "file_name",
        Value::from(format!("shop.example/{page}/part{}.php?id={}", dice.roll(10), dice.roll(1_000))),
    );
    set("severity", dice.word(&["critical", "high", "medium", "low", "informational"]));
    set("action", dice.word(&["allow", "alert", "drop", "deny", "reset-client", "reset-both"]));
    set("from_zone", dice.word(&["trust", "untrust", "dmz", "guests"]));
    set("to_zone", dice.word(&["trust", "untrust", "dmz", "servers"]));
    set("rule_matched", Value::from(format!("rule-{}", dice.roll(60))));
    set("source_location", dice.word(&["DE", "US", "FR", "JP", "BR", "IN", "10.0.0.0-10.255.255.255"]));
    set("dest_location", dice.word(&["DE", "US", "10.0.0.0-10.255.255.255"]));
    set("protocol", dice.word(&["tcp", "tcp", "udp", "icmp"]));
    set("app", dice.word(&["ssl", "web-browsing", "dns", "ms-rdp", "unknown-tcp", "smb"]));
    row
}
