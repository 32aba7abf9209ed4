//! The command line as users type it. Parsing never does anything.

mod alerts;
mod channels;
mod exclusions;
mod export;
mod incidents;
mod ingest;
mod keys;
mod response;
mod rules;
mod tables;
mod tokens;
mod up;
mod users;

pub use alerts::{AlertsCommand, BulkArgs};
pub use channels::{ChannelArgs, ChannelsCommand};
pub use exclusions::{ConditionArgs, ExclusionsCommand};
pub use export::{ExportArgs, ExportFormat, Exported};
pub use incidents::{IncidentsCommand, SetIncident};
pub use ingest::{IngestArgs, LogSource};
pub use keys::{KeyRole, KeysCommand};
pub use response::{BlockArgs, FollowArgs, ResponseCommand, Switch};
pub use rules::{RuleFormat, RulesCommand};
pub use tables::{LibraryCommand, LookupsCommand, ModelsCommand};
pub use tokens::TokensCommand;
pub use up::{DemoArgs, UpArgs};
pub use users::UsersCommand;

use crate::since::Since;
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use vedette_detect::Sensitivity;

/// Vedette, an open XDR that sees a port scan from the host being scanned.
#[derive(Parser)]
#[command(name = "vedette", version, max_term_width = 100)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Start server, sensor and console on this machine
    Up(UpArgs),
    /// The same on a throw-away folder, with a recorded scan replayed into it
    Demo(DemoArgs),
    /// Detect scans in capture files (pcap, pcapng) and in logs of other products; no server needed
    Replay(ReplayArgs),
    /// Measure how good detection is
    #[command(subcommand)]
    Bench(BenchCommand),
    /// Run an XQL query
    Query(QueryArgs),
    /// Read other products' logs into datasets, and find the scans in them
    Ingest(IngestArgs),
    /// Check, lay out and explain XQL queries offline; serve editors
    #[command(subcommand)]
    Xql(XqlCommand),
    /// List, show and close alerts
    #[command(subcommand)]
    Alerts(AlertsCommand),
    /// Keep alerts that nobody needs to see out of sight: look beforehand, add, list, remove
    #[command(subcommand)]
    Exclusions(ExclusionsCommand),
    /// Cut sources off in this host's firewall, for a time
    #[command(subcommand)]
    Response(ResponseCommand),
    /// Correlation rules: check, test, list, take in and hand out
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Keep lookups: small tables that queries join with
    #[command(subcommand)]
    Lookups(LookupsCommand),
    /// Keep queries under a name, for `call "name"`
    #[command(subcommand)]
    Library(LibraryCommand),
    /// Keep files of parsing and modelling rules (.xif) for datasets of your own
    #[command(subcommand)]
    Models(ModelsCommand),
    /// Keep the users of the console
    #[command(subcommand)]
    Users(UsersCommand),
    /// Keep tokens for programs that use Vedette's own API
    #[command(subcommand)]
    Tokens(TokensCommand),
    /// Keep API keys for clients of the Cortex API
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Incidents: alerts that belong together
    #[command(subcommand)]
    Incidents(IncidentsCommand),
    /// Where alerts are told: webhooks, chat, mail, syslog
    #[command(subcommand)]
    Channels(ChannelsCommand),
    /// Alerts and events for other systems (OCSF, ECS), one JSON object a line
    Export(ExportArgs),
    /// Compare what the sensors saw with what firewalls logged, by source and day
    Coverage(CoverageArgs),
    /// Prove the chain from packet to alert; name the broken link
    Selftest(ServerArgs),
}

/// Which server to talk to.
#[derive(ClapArgs, Clone)]
pub struct ServerArgs {
    /// Data folder of the server on this machine
    #[arg(long, value_name = "DIR", global = true)]
    pub data_dir: Option<PathBuf>,
    /// Address of another server; the token comes from VEDETTE_TOKEN
    #[arg(long, value_name = "URL", global = true, conflicts_with = "data_dir")]
    pub server: Option<String>,
    /// Certificate authority (PEM) of that server
    #[arg(long, value_name = "FILE", global = true)]
    pub ca: Option<PathBuf>,
}

#[derive(ClapArgs)]
pub struct ReplayArgs {
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    pub format: TextOrJson,
    #[arg(long, value_enum, default_value_t = Level::Medium)]
    pub sensitivity: Level,
    /// Folder of classes of benign discovery and approved scanners, JSON files, beside the shipped ones
    #[arg(long, value_name = "DIR")]
    pub classes: Option<PathBuf>,
    /// Say why this source has fired, or has not (repeatable)
    #[arg(long, value_name = "IP")]
    pub explain: Vec<IpAddr>,
    /// Address of the host that recorded the capture; tells inbound from outbound (repeatable)
    #[arg(long, value_name = "IP")]
    pub local: Vec<IpAddr>,
}

impl ReplayArgs {
    pub fn json(&self) -> bool {
        self.format == TextOrJson::Json
    }
}

#[derive(Subcommand)]
pub enum BenchCommand {
    /// Score the detector on folders of captures with labels in manifest.tsv
    Detect(BenchDetectArgs),
}

#[derive(ClapArgs)]
pub struct BenchDetectArgs {
    #[arg(required = true, value_name = "DIR")]
    pub folders: Vec<PathBuf>,
    /// Write the scores as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write them as a page in Markdown
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    #[arg(long, value_enum, default_value_t = Level::Medium)]
    pub sensitivity: Level,
}

#[derive(ClapArgs)]
pub struct QueryArgs {
    #[command(flatten)]
    pub target: ServerArgs,
    /// The query
    #[arg(value_name = "XQL", required_unless_present = "file", conflicts_with = "file")]
    pub xql: Option<String>,
    /// Read the query from a file (- for standard input)
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    #[arg(long, value_enum, default_value_t = QueryFormat::Table)]
    pub format: QueryFormat,
    /// Most rows of the answer
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    pub limit: u64,
    /// Database of places for the stage iploc (.mmdb, repeatable), where no server runs on the data folder
    #[arg(long, value_name = "FILE")]
    pub places: Vec<PathBuf>,
    #[command(flatten)]
    pub parameters: ParameterArgs,
}

/// Values of the query's `$name`.
#[derive(ClapArgs, Default)]
pub struct ParameterArgs {
    /// The value of a parameter that the query writes as $NAME (repeatable)
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parameter)]
    pub given: Vec<(String, String)>,
}

impl ParameterArgs {
    /// By name, without the `$`; of a name that is given twice, the last counts.
    pub fn by_name(&self) -> BTreeMap<String, String> {
        self.given.iter().cloned().collect()
    }
}

fn parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim_start_matches('$').is_empty() => {
            Ok((name.trim_start_matches('$').to_lowercase(), value.to_owned()))
        }
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

#[derive(ClapArgs)]
pub struct CoverageArgs {
    #[command(flatten)]
    pub target: ServerArgs,
    /// From then on: 2026-01-31T08:00:00Z, or 30m, 12h, 7d ago
    #[arg(long, value_name = "TIME", default_value = "7d")]
    pub since: Since,
    #[arg(long, value_enum, default_value_t = QueryFormat::Table)]
    pub format: QueryFormat,
}

#[derive(Subcommand)]
pub enum XqlCommand {
    /// Find every mistake of the queries in these files
    Check(XqlCheckArgs),
    /// Find what runs but is probably not what was meant, and what costs time (docs/lint.md)
    Lint(XqlCheckArgs),
    /// Put queries into the usual layout; nothing else of them changes
    Fmt(XqlFmtArgs),
    /// Tell how queries are understood and carried out
    Explain(XqlExplainArgs),
    /// Serve editors over standard input and output (Language Server Protocol)
    Lsp(ServerArgs),
}

#[derive(ClapArgs)]
pub struct XqlExplainArgs {
    /// Files, or queries as they stand (- for standard input). Without --data-dir or --server the
    /// built-in datasets are taken, without data
    #[arg(required = true, value_name = "FILE|XQL")]
    pub queries: Vec<String>,
    #[command(flatten)]
    pub target: ServerArgs,
    /// Run the queries, and tell the real rows and times
    #[arg(long)]
    pub analyze: bool,
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    pub format: TextOrJson,
    #[command(flatten)]
    pub parameters: ParameterArgs,
}

#[derive(ClapArgs)]
pub struct XqlFmtArgs {
    /// Files to rewrite (- reads standard input and writes standard output), or queries as they stand
    #[arg(required = true, value_name = "FILE|XQL")]
    pub files: Vec<PathBuf>,
    /// Write nothing; name the files that are not in the usual layout and fail if there are any
    #[arg(long)]
    pub check: bool,
}

#[derive(ClapArgs)]
pub struct XqlCheckArgs {
    /// Files (- for standard input), or queries as they stand
    #[arg(required = true, value_name = "FILE|XQL")]
    pub files: Vec<PathBuf>,
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    pub format: TextOrJson,
    #[command(flatten)]
    pub parameters: ParameterArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TextOrJson {
    Text,
    Json,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    Table,
    Json,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum QueryFormat {
    Table,
    Json,
    Ndjson,
    Csv,
    Arrow,
    Parquet,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Level {
    Low,
    Medium,
    High,
}

impl From<Level> for Sensitivity {
    fn from(level: Level) -> Sensitivity {
        match level {
            Level::Low => Sensitivity::Low,
            Level::Medium => Sensitivity::Medium,
            Level::High => Sensitivity::High,
        }
    }
}
