//! One file a command. Each takes its resolved arguments and gives an exit code.

mod alerts;
mod answering;
mod bench;
mod capture;
mod channels;
mod coverage;
mod demo;
mod exclusions;
mod explain;
mod export;
mod incidents;
mod ingest;
mod keys;
mod log;
mod logfile;
mod query;
mod replay;
mod response;
mod rules;
mod selftest;
mod table;
mod tables;
mod tokens;
mod up;
mod users;
mod xql;

use crate::args::{Command, XqlCommand};
use crate::failure::Failure;
use std::io::Read;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use vedette_event::Time;

pub fn run(command: Command) -> Result<u8, Failure> {
    match command {
        Command::Up(args) => up::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Alerts(command) => alerts::run(&command),
        Command::Exclusions(command) => exclusions::run(&command),
        Command::Response(command) => response::run(&command),
        Command::Users(command) => users::run(&command),
        Command::Rules(command) => rules::run(&command),
        Command::Selftest(target) => selftest::run(&target),
        Command::Replay(args) => replay::run(&args),
        Command::Bench(command) => bench::run(&command),
        Command::Query(args) => query::run(&args),
        Command::Coverage(args) => coverage::run(&args),
        Command::Lookups(command) => tables::lookups(&command),
        Command::Incidents(command) => incidents::run(&command),
        Command::Export(args) => export::run(&args),
        Command::Channels(command) => channels::run(&command),
        Command::Keys(command) => keys::run(&command),
        Command::Tokens(command) => tokens::run(&command),
        Command::Library(command) => tables::library(&command),
        Command::Models(command) => tables::models(&command),
        Command::Ingest(args) => ingest::run(&args),
        Command::Xql(XqlCommand::Check(args)) => xql::look_at_files(&args, vedette_xql::check),
        Command::Xql(XqlCommand::Lint(args)) => xql::look_at_files(&args, vedette_xql::lint),
        Command::Xql(XqlCommand::Fmt(args)) => xql::format_files(&args),
        Command::Xql(XqlCommand::Explain(args)) => xql::explain::run(&args),
        Command::Xql(XqlCommand::Lsp(target)) => xql::lsp::run(&target),
    }
}

/// A text file, or standard input for `-`. Bounded: a query or rule is never this long.
pub fn read_text(path: &Path) -> Result<String, Failure> {
    const LIMIT: u64 = 16 << 20;
    let wrong = |error: &dyn std::fmt::Display| Failure::Input(format!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().lock().take(LIMIT).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(LIMIT).read_to_end(&mut bytes))
    };
    read.map_err(|error| wrong(&error))?;
    String::from_utf8(bytes).map_err(|error| wrong(&format!("not UTF-8 text: {error}")))
}

/// The clock of the command line.
fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// The threads that carry a command's asynchronous parts.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Runtime::new().map_err(|error| Failure::Ours(format!("cannot start threads: {error}")))
}
