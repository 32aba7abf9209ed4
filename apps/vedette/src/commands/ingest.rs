//! `vedette ingest`: other products' logs into datasets, through the server when one runs on the
//! data folder, else straight into it.

use crate::args::{IngestArgs, LogSource};
use crate::client::Client;
use crate::data_dir;
use crate::failure::Failure;
use serde_json::Value;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use vedette_server::IngestError;

pub fn run(args: &IngestArgs) -> Result<u8, Failure> {
    let source = args.source.name();
    let own = matches!(args.source, LogSource::Json | LogSource::Csv | LogSource::Lines).then_some(source);
    let wrong = |error: std::io::Error| Failure::Input(format!("{}: {error}", args.file.display()));
    let mut input: Box<dyn Read> = if args.file.as_os_str() == "-" {
        Box::new(std::io::stdin())
    } else {
        if args.file.is_dir() {
            return Err(Failure::Input(format!("{}: a folder; give a log file", args.file.display())));
        }
        Box::new(File::open(&args.file).map_err(wrong)?)
    };
    if let Some(format) = own {
        return into_own(args, format, &mut input);
    }
    if args.dataset.is_some() {
        return Err(Failure::Usage(
            "lines of this source go to their own datasets: leave out --dataset".to_owned(),
        ));
    }
    let origin = args.file.display().to_string();
    let report = match Client::find(&args.target)? {
        Some(client) => {
            let path = format!(
                "/ingest/{source}?origin={}&timezone={}",
                crate::client::encode(&origin),
                crate::client::encode(&args.timezone)
            );
            client.upload(&path, &mut input)?
        }
        None => {
            let dir = data_dir::resolve(args.target.data_dir.clone());
            let done = vedette_server::ingest_offline(&dir, source, &args.timezone, &origin, &mut input);
            let report = super::runtime()?.block_on(done).map_err(blame)?;
            serde_json::to_value(report).map_err(|error| Failure::Ours(error.to_string()))?
        }
    };
    tell(&report);
    Ok(u8::from(report["quarantined"].as_u64().unwrap_or(0) > 0))
}

/// JSON or CSV of any source, into a dataset of the user's own.
fn into_own(args: &IngestArgs, format: &str, input: &mut dyn Read) -> Result<u8, Failure> {
    let Some(name) = &args.dataset else {
        return Err(Failure::Usage("say which dataset the rows go to: --dataset NAME".to_owned()));
    };
    let client = Client::need(&args.target)?;
    let report = client.upload(
        &format!("/datasets/{}?format={format}", crate::client::encode(name).replace('/', "%2F")),
        input,
    )?;
    tell_upload(name, &report)
}

/// The word the API has for a file's format, by its name.
pub fn format_of(file: &Path) -> Result<&'static str, Failure> {
    match file.extension().and_then(|end| end.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("csv") => Ok("csv"),
        Some("json" | "ndjson" | "jsonl") => Ok("json"),
        _ => Err(Failure::Usage(format!("{}: the name must end in .csv, .json or .ndjson", file.display()))),
    }
}

/// Says what became of an upload; 1 when lines were refused.
pub fn tell_upload(name: &str, report: &Value) -> Result<u8, Failure> {
    println!("{name}: {} rows", report["rows"]);
    if let Some(count) = report["dropped"].as_u64().filter(|count| *count > 0) {
        eprintln!("rows dropped by the rules for {name}: {count}");
    }
    let (refused, misfits) = (report["refused_lines"].as_u64(), report["misfits"].as_u64());
    if let Some(count) = refused.filter(|count| *count > 0) {
        eprintln!("lines that could not be read and are left out: {count}");
        for why in report["refused"].as_array().into_iter().flatten().take(10) {
            eprintln!("  {}", super::table::cell(why));
        }
    }
    if let Some(count) = misfits.filter(|count| *count > 0) {
        eprintln!(
            "values that do not fit the type of their column and are null there (_raw_json has them): {count}"
        );
    }
    Ok(u8::from(refused > Some(0)))
}

fn blame(error: IngestError) -> Failure {
    match error {
        IngestError::Lake(error) => Failure::Ours(error.to_string()),
        IngestError::State(error) => Failure::Ours(error.to_string()),
        error => Failure::Input(error.to_string()),
    }
}

fn tell(report: &Value) {
    for dataset in report["datasets"].as_array().into_iter().flatten() {
        println!("{}: {} rows", dataset["name"].as_str().unwrap_or_default(), dataset["rows"]);
    }
    let number = |name: &str| report[name].as_u64().unwrap_or(0);
    if number("scans") > 0 {
        eprintln!("{} scan(s) found: see `vedette alerts list`", number("scans"));
    }
    if number("unexamined") > 0 {
        eprintln!(
            "{} of them were stored but not examined for scans: their times are ahead of the present, or more than an \
             hour behind what had been read before; ingest logs in the order of their times",
            number("unexamined")
        );
    }
    let quarantined = number("quarantined");
    if quarantined > 0 {
        eprintln!("{quarantined} lines could not be read; they are kept in dataset vedette_quarantine:");
        for reason in report["reasons"].as_array().into_iter().flatten() {
            eprintln!("  {:>8}  {}", reason["count"], reason["reason"].as_str().unwrap_or_default());
        }
    }
}
