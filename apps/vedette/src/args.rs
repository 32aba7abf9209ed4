//! The command line as users type it. Parsing never does anything.

mod exclusions;
mod outward;
mod response;
mod users;

pub use exclusions::{ConditionArgs, ExclusionsCommand};
pub use response::{BlockArgs, ResponseCommand, Switch};
pub use users::UsersCommand;

use crate::since::Since;
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use vedette_detect::Sensitivity;

pub use outward::*;

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
pub struct UpArgs {
    /// Where data is kept [default: /var/lib/vedette for root, ~/.local/share/vedette otherwise]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Address to listen on; anything but loopback is served with TLS
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8750")]
    pub listen: SocketAddr,
    /// Do not watch this host's network
    #[arg(long)]
    pub no_sensor: bool,
    /// Keep the right to change this host's firewall (CAP_NET_ADMIN), for `vedette response`
    #[arg(long)]
    pub response: bool,
    #[command(flatten)]
    pub receiving: ReceivingArgs,
}

/// Logs that other hosts send while they write them; none unless asked for.
#[derive(ClapArgs)]
#[command(next_help_heading = "Logs of other hosts")]
pub struct ReceivingArgs {
    /// Receive syslog here over UDP and TCP, for example 127.0.0.1:5514 (repeatable). What a line is
    /// (PAN-OS, netfilter, Zeek or Suricata JSON, Windows Firewall) is seen from it
    #[arg(long, value_name = "ADDR")]
    pub syslog: Vec<SocketAddr>,
    /// Receive syslog here over TLS, with the server's certificate (repeatable)
    #[arg(long, value_name = "ADDR")]
    pub syslog_tls: Vec<SocketAddr>,
    /// Receive NetFlow 5 and 9 and IPFIX here over UDP (repeatable)
    #[arg(long, value_name = "ADDR")]
    pub netflow: Vec<SocketAddr>,
    /// Address or network that may send (repeatable); needed for addresses other hosts can reach
    /// [default: this host only]
    #[arg(long, value_name = "NETWORK")]
    pub logs_from: Vec<String>,
    /// Time zone of senders, for times that carry none: UTC, Europe/Rome, +02:00
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub logs_timezone: String,
}

#[derive(ClapArgs)]
pub struct DemoArgs {
    /// Folder for the demo [default: a temporary one, removed at the end]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8750")]
    pub listen: SocketAddr,
    /// Do not watch this host's network
    #[arg(long)]
    pub no_sensor: bool,
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

#[derive(ClapArgs)]
pub struct IngestArgs {
    #[command(flatten)]
    pub target: ServerArgs,
    /// Format of the input
    #[arg(long, value_enum)]
    pub source: LogSource,
    /// Dataset of your own, for json and csv; the first rows make it
    #[arg(long, value_name = "NAME")]
    pub dataset: Option<String>,
    /// Time zone of the device, for times that carry none: UTC, Europe/Rome, +02:00
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub timezone: String,
    /// The log file (- for standard input)
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
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
    /// Files to rewrite (- reads standard input and writes standard output)
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Write nothing; name the files that are not in the usual layout and fail if there are any
    #[arg(long)]
    pub check: bool,
}

#[derive(ClapArgs)]
pub struct XqlCheckArgs {
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    pub format: TextOrJson,
    #[command(flatten)]
    pub parameters: ParameterArgs,
}

#[derive(Subcommand)]
pub enum AlertsCommand {
    /// Latest alerts first
    List {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(long, value_enum, default_value_t = ListFormat::Table)]
        format: ListFormat,
        /// Only these: new, in_progress, closed (comma-separated)
        #[arg(long, value_name = "STATUS")]
        status: Option<String>,
        /// Also those that exclusions hide
        #[arg(long)]
        excluded: bool,
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
    },
    /// Make one change to many alerts; without --yes only count them
    Bulk(BulkArgs),
    /// One alert, whole
    Show {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "ID")]
        id: i64,
        #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
        format: TextOrJson,
    },
    /// The numbers behind an alert, or why a source has not fired: each contact's weight, and what
    /// would have made it come out otherwise
    Explain {
        #[command(flatten)]
        target: ServerArgs,
        /// Number of the alert
        #[arg(value_name = "ID", required_unless_present = "source", conflicts_with = "source")]
        id: Option<i64>,
        /// Address of a source, whether it has fired or not
        #[arg(long, value_name = "IP")]
        source: Option<IpAddr>,
        /// Count the source's attempts from then on: 2026-01-31T08:00:00Z, or 30m, 12h, 7d ago
        #[arg(long, value_name = "TIME", default_value = "1d", requires = "source")]
        since: Since,
        #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
        format: TextOrJson,
    },
    /// The packets that the sensor kept of an alert's sources, as a pcap file
    Capture {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "ID")]
        id: i64,
        /// File to write (- for standard output)
        #[arg(short, long, value_name = "FILE", default_value = "-")]
        output: PathBuf,
    },
    /// Close an alert with a reason
    Close {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "ID")]
        id: i64,
        /// true_positive, benign, false_positive, duplicate, known_scanner or other
        #[arg(long, value_name = "WORD")]
        reason: String,
        #[arg(long, value_name = "TEXT")]
        comment: Option<String>,
    },
}

#[derive(ClapArgs)]
pub struct BulkArgs {
    #[command(flatten)]
    pub target: ServerArgs,
    /// Numbers of alerts
    #[arg(
        long,
        value_name = "ID",
        value_delimiter = ',',
        required_unless_present = "filter",
        conflicts_with = "filter"
    )]
    pub ids: Vec<i64>,
    /// Parameters of the API's list of alerts: 'status=new&source=10.0.0.9'
    #[arg(long, value_name = "PARAMETERS")]
    pub filter: Option<String>,
    /// new, in_progress or closed
    #[arg(long, value_name = "WORD")]
    pub status: Option<String>,
    /// With closed: true_positive, benign, false_positive, duplicate, known_scanner or other
    #[arg(long, value_name = "WORD")]
    pub reason: Option<String>,
    /// A user; `none` takes the assignee away
    #[arg(long, value_name = "USER")]
    pub assignee: Option<String>,
    #[arg(long, value_name = "WORD")]
    pub severity: Option<String>,
    #[arg(long, value_name = "TEXT")]
    pub comment: Option<String>,
    /// Do it
    #[arg(long)]
    pub yes: bool,
}

#[derive(Subcommand)]
pub enum KeysCommand {
    /// All keys, without their secrets
    List {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(long, value_enum, default_value_t = ListFormat::Table)]
        format: ListFormat,
    },
    /// Make a key; it is printed this once
    Create {
        #[command(flatten)]
        target: ServerArgs,
        /// What it is for
        #[arg(value_name = "NAME")]
        name: String,
        /// Standard: the key itself is sent; advanced: a hash over key, nonce and time
        #[arg(long, value_enum, default_value_t = KeyKind::Advanced)]
        kind: KeyKind,
        #[arg(long, value_enum, default_value_t = KeyRole::Viewer)]
        role: KeyRole,
        #[arg(long, value_name = "DAYS")]
        expires_in_days: Option<u32>,
    },
    /// Give a key a new secret; the old one ends at once
    Rotate {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "ID")]
        id: i64,
    },
    /// End a key
    Revoke {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "ID")]
        id: i64,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub enum KeyKind {
    Standard,
    Advanced,
}

impl KeyKind {
    pub fn as_str(self) -> &'static str {
        match self {
            KeyKind::Standard => "standard",
            KeyKind::Advanced => "advanced",
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub enum KeyRole {
    Viewer,
    Analyst,
    Administrator,
    Ingest,
}

impl KeyRole {
    pub fn as_str(self) -> &'static str {
        match self {
            KeyRole::Viewer => "viewer",
            KeyRole::Analyst => "analyst",
            KeyRole::Administrator => "administrator",
            KeyRole::Ingest => "ingest",
        }
    }
}

#[derive(Subcommand)]
pub enum RulesCommand {
    /// The rules of the server, and how their last run went
    List {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(long, value_enum, default_value_t = ListFormat::Table)]
        format: ListFormat,
    },
    /// Find every mistake in rule files (TOML), Cortex exports (JSON) and Sigma correlations (YAML); no server needed
    Check {
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
        format: TextOrJson,
    },
    /// Run the tests that stand in rule files, the shipped ones when none is named; no server needed
    Test {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Instead, run the rules over so many days of the server's data; raises nothing
        #[arg(long, value_name = "N", requires = "files", value_parser = clap::value_parser!(u32).range(1..=31))]
        days: Option<u32>,
    },
    /// Add the rules of rule files, Cortex exports and Sigma correlations to the server
    Import {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Write rules of the server as a Cortex export, or one as a rule file
    Export {
        #[command(flatten)]
        target: ServerArgs,
        /// All when none is named
        #[arg(value_name = "ID")]
        ids: Vec<i64>,
        #[arg(long, value_enum, default_value_t = RuleFormat::Cortex)]
        format: RuleFormat,
    },
    /// Switch a rule on
    Enable {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "ID")]
        id: i64,
    },
    /// Switch a rule off
    Disable {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "ID")]
        id: i64,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RuleFormat {
    /// JSON as Cortex exports it
    Cortex,
    /// A rule file
    Toml,
}

#[derive(Subcommand)]
pub enum LookupsCommand {
    /// Lookups, and datasets of your own
    List {
        #[command(flatten)]
        target: ServerArgs,
    },
    /// Make a lookup of a CSV or JSON file, or replace its rows
    Import {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "NAME")]
        name: String,
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Add the rows to those that are there
        #[arg(long)]
        append: bool,
    },
    /// Remove a lookup, or a dataset of your own, with its rows
    Remove {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "NAME")]
        name: String,
    },
}

#[derive(Subcommand)]
pub enum ModelsCommand {
    /// All files of rules, and the datasets they are for
    List {
        #[command(flatten)]
        target: ServerArgs,
    },
    /// The text of one
    Show {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Keep a file: MODEL sections drive `datamodel`, INGEST sections shape `ingest --dataset`
    Add {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "NAME")]
        name: String,
        /// File with the rules (- for standard input)
        #[arg(short, long, value_name = "FILE")]
        file: PathBuf,
    },
    /// Remove one
    Remove {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "NAME")]
        name: String,
    },
}

#[derive(Subcommand)]
pub enum LibraryCommand {
    /// All queries of the library
    List {
        #[command(flatten)]
        target: ServerArgs,
    },
    /// The text of one
    Show {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Keep a query; its $names are parameters of the call
    Save {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "NAME")]
        name: String,
        /// File with the query (- for standard input)
        #[arg(short, long, value_name = "FILE")]
        file: PathBuf,
        /// What it is for
        #[arg(long, value_name = "TEXT", default_value = "")]
        about: String,
    },
    /// Remove one
    Remove {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "NAME")]
        name: String,
    },
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
pub enum LogSource {
    /// PAN-OS threat and traffic logs, CSV
    Panos,
    /// Windows Firewall: pfirewall.log
    Pfirewall,
    /// Packets logged by the Linux kernel: iptables, nftables, UFW, Proxmox
    Netfilter,
    /// Zeek's conn.log, as text with its header or as JSON
    Zeek,
    /// Suricata's eve.json
    Suricata,
    /// NetFlow 5 and 9 and IPFIX: datagrams in a capture, or one after the other
    Netflow,
    /// Any JSON: one object a line, or an array; into --dataset
    Json,
    /// Any CSV with a line of names; into --dataset
    Csv,
    /// Any text: a row a line in _raw_log, for INGEST rules to take apart; into --dataset
    Lines,
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

impl LogSource {
    /// The name on the command line and in the API.
    pub fn name(self) -> &'static str {
        match self {
            LogSource::Panos => "panos",
            LogSource::Pfirewall => "pfirewall",
            LogSource::Netfilter => "netfilter",
            LogSource::Zeek => "zeek",
            LogSource::Suricata => "suricata",
            LogSource::Netflow => "netflow",
            LogSource::Json => "json",
            LogSource::Csv => "csv",
            LogSource::Lines => "lines",
        }
    }
}
