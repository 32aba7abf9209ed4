//! `vedette ingest`: other products' logs into datasets, through the server when one runs on the
//! data folder, else straight into it.

use crate::args::{IngestArgs, LogSource};
use crate::client::Client;
use crate::data_dir;
use crate::failure::Failure;
use serde_json::Value;
use std::fs::File;
use std::io::Read;
use vedette_server::IngestError;

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
            let path =
                format!("/ingest/panos?origin={}&timezone={}", encode(&origin), encode(&args.timezone));
            client.upload(&path, &mut input)?
        }
        None => {
            let dir = data_dir::resolve(args.target.data_dir.clone());
            let done = vedette_server::ingest_offline(&dir, "panos", &args.timezone, &origin, &mut input);
            let report = super::runtime()?.block_on(done).map_err(blame)?;
            serde_json::to_value(report).map_err(|error| Failure::Ours(error.to_string()))?
        }
    };
    tell(&report);
    Ok(u8::from(report["quarantined"].as_u64().unwrap_or(0) > 0))
}

fn blame(error: IngestError) -> Failure {
    match error {
        IngestError::Lake(error) => Failure::Ours(error.to_string()),
        error => Failure::Input(error.to_string()),
    }
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
