//! `vedette bench detect`: how good the detector is on folders of labelled captures.

mod expect;
mod manifest;
mod page;
mod score;

use crate::args::BenchCommand;
use crate::commands::capture;
use crate::failure::Failure;
use std::io::Write;
use std::path::Path;
use vedette_detect::Config;

pub fn run(command: &BenchCommand) -> Result<u8, Failure> {
    let BenchCommand::Detect(args) = command;
    let config = Config { sensitivity: args.sensitivity.into(), ..Config::default() };
    let mut scores = Vec::new();
    for folder in &args.folders {
        scores.extend(score(folder, &config)?);
    }
    let summary = page::Summary::of(&scores);
    if let Some(path) = &args.json {
        let result = serde_json::json!({ "summary": summary, "scenarios": scores });
        let text = serde_json::to_string_pretty(&result).map_err(|error| Failure::Ours(error.to_string()))?;
        write_file(path, &(text + "\n"))?;
    }
    if let Some(path) = &args.markdown {
        write_file(path, &page::page(&scores, &summary))?;
    }
    write!(std::io::stdout().lock(), "{}", page::table(&scores, &summary))?;
    Ok(u8::from(!scores.iter().all(score::Score::is_right)))
}

fn score(folder: &Path, config: &Config) -> Result<Vec<score::Score>, Failure> {
    let path = folder.join("manifest.tsv");
    let wrong = |what: String| Failure::Input(format!("{}: {what}", path.display()));
    let text = std::fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
    let scenarios = manifest::parse(&text).map_err(wrong)?;
    let each = scenarios.iter().map(|scenario| {
        let expected = expect::of(scenario).map_err(|e| wrong(format!("{}: {e}", scenario.name)))?;
        let outcome = capture::replay(&folder.join(&scenario.file), config.clone(), Vec::new())?;
        Ok(score::of(scenario, &expected, &outcome.told))
    });
    each.collect()
}

fn write_file(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| Failure::Input(format!("{}: {error}", path.display())))
}
