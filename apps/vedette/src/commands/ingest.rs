//! `vedette ingest`: other products' logs into datasets, through the server when one runs on the
//! data folder, else straight into it.

use crate::args::{IngestArgs, LogSource};
use crate::client::Client;
use crate::data_dir;
use crate::failure::Failure;
use serde_json::{Value, json};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use vedette_lake::{Lake, LakeConfig};
use vedette_server::{LineCounts, LineIngest, Source};

pub fn run(args: &IngestArgs) -> Result<u8, Failure> {
    let LogSource::Panos = args.source;
    let wrong = |error: std::io::Error| Failure::Input(format!("{}: {error}", args.file.display()));
    let mut input: Box<dyn Read> = if args.file.as_os_str() == "-" {
        Box::new(std::io::stdin())
    } else {
        if args.file.is_dir() {
            return Err(Failure::Input(format!("{}: a folder; give a log file", args.file.display())));
        }
        Box::new(File::open(&args.file).map_err(wrong)?)
    };
    let origin = args.file.display().to_string();
    let report = match Client::find(&args.target)? {
        Some(client) => {
            let path = format!("/ingest/panos?origin={}&timezone={}", encode(&origin), encode(&args.timezone));
            client.upload(&path, &mut input)?
        }
        None => {
            let dir = data_dir::resolve(args.target.data_dir.clone());
            super::runtime()?.block_on(offline(&dir, args, &origin, &mut input))?
        }
    };
    tell(&report);
    Ok(u8::from(report["quarantined"].as_u64().unwrap_or(0) > 0))
}

/// Straight into the data folder; refused while a server holds it.
async fn offline(
    dir: &Path,
    args: &IngestArgs,
    origin: &str,
    input: &mut dyn Read,
) -> Result<Value, Failure> {
    let ours = |error: &dyn std::fmt::Display| Failure::Ours(error.to_string());
    let zone = vedette_server::time_zone(&args.timezone).ok_or_else(|| {
        Failure::Usage(format!("--timezone {}: give a name like Europe/Rome or an offset like +02:00", args.timezone))
    })?;
    let lake = Lake::open(LakeConfig::new(dir)).await.map_err(|error| ours(&error))?;
    let counts = LineCounts::default();
    let mut lines = LineIngest::new(&lake, &counts, Source::Panos, origin, 1 << 20).with_zone(zone);
    let mut piece = vec![0u8; 1 << 20];
    loop {
        let read = input
            .read(&mut piece)
            .map_err(|error| Failure::Input(format!("{}: {error}", args.file.display())))?;
        if read == 0 {
            break;
        }
        lines.push(&piece[..read]).await.map_err(|error| ours(&error))?;
    }
    let summary = lines.finish().await.map_err(|(_, error)| ours(&error))?;
    lake.close().await.map_err(|error| ours(&error))?;
    let named = |map: Vec<(String, u64)>, key: &str, number: &str| {
        map.into_iter().map(|(name, count)| json!({key: name, number: count})).collect::<Vec<_>>()
    };
    let datasets = summary.datasets.iter().map(|(name, rows)| ((*name).to_owned(), *rows)).collect();
    let reasons = summary.reasons.into_iter().collect();
    Ok(json!({
        "accepted": summary.accepted,
        "quarantined": summary.quarantined,
        "reasons": named(reasons, "reason", "count"),
        "datasets": named(datasets, "name", "rows"),
    }))
}

fn tell(report: &Value) {
    for dataset in report["datasets"].as_array().into_iter().flatten() {
        println!("{}: {} rows", dataset["name"].as_str().unwrap_or_default(), dataset["rows"]);
    }
    let quarantined = report["quarantined"].as_u64().unwrap_or(0);
    if quarantined > 0 {
        eprintln!("{quarantined} lines could not be read; they are kept in dataset vedette_quarantine:");
        for reason in report["reasons"].as_array().into_iter().flatten() {
            eprintln!("  {:>8}  {}", reason["count"], reason["reason"].as_str().unwrap_or_default());
        }
    }
}

fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
