//! `vedette exclusions` as users type it.

use super::{ListFormat, ServerArgs, TextOrJson};
use clap::{Args as ClapArgs, Subcommand};

#[derive(Subcommand)]
pub enum ExclusionsCommand {
    /// Those in force, with how often each hid an alert
    List {
        #[command(flatten)]
        target: ServerArgs,
        /// Also those that are over
        #[arg(long)]
        all: bool,
        #[arg(long, value_enum, default_value_t = ListFormat::Table)]
        format: ListFormat,
    },
    /// How many stored alerts one would have hidden, with examples; changes nothing
    Preview {
        #[command(flatten)]
        target: ServerArgs,
        #[command(flatten)]
        conditions: ConditionArgs,
        /// Look at the alerts of so many days
        #[arg(long, value_name = "N", default_value_t = 30)]
        days: u32,
        #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
        format: TextOrJson,
    },
    /// Keep alerts out of lists and notifications; they are stored all the same
    Add {
        #[command(flatten)]
        target: ServerArgs,
        #[command(flatten)]
        conditions: ConditionArgs,
        /// Why nobody needs to see them
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// It ends by itself after so many days
        #[arg(long, value_name = "N", default_value_t = 90)]
        expires_in_days: u32,
        /// Also hide stored alerts of so many days that are not closed
        #[arg(long, value_name = "N")]
        stored_days: Option<u32>,
        /// Needed when it hides a great deal
        #[arg(long)]
        wide: bool,
    },
    /// End one
    Remove {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "ID")]
        id: i64,
        /// Show again what it hid
        #[arg(long)]
        show: bool,
    },
}

/// Which alerts are meant. All that are given must hold.
#[derive(ClapArgs)]
pub struct ConditionArgs {
    /// Begin with what describes this alert; the options below replace its parts
    #[arg(long, value_name = "ID")]
    pub alert: Option<i64>,
    /// All sources lie in these addresses and networks (comma-separated)
    #[arg(long, value_name = "IP|NETWORK", value_delimiter = ',')]
    pub source: Vec<String>,
    /// All targets lie in these
    #[arg(long, value_name = "IP|NETWORK", value_delimiter = ',')]
    pub target_ip: Vec<String>,
    /// All hosts it names are among these
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub host: Vec<String>,
    /// No other ports were probed: 22,8000-8100
    #[arg(long, value_name = "PORTS")]
    pub ports: Option<String>,
    /// No other techniques were used: tcp_syn,udp,…
    #[arg(long, value_name = "TYPE", value_delimiter = ',')]
    pub scan_type: Vec<String>,
    /// The alert's name; * stands for any text
    #[arg(long, value_name = "PATTERN")]
    pub name: Option<String>,
    #[arg(long, value_name = "TEXT")]
    pub category: Option<String>,
    /// Number of a correlation rule
    #[arg(long, value_name = "ID")]
    pub rule: Option<i64>,
    /// detection, correlation, external
    #[arg(long, value_name = "WORD", value_delimiter = ',')]
    pub raised_by: Vec<String>,
    /// Alerts of a higher severity are shown
    #[arg(long, value_name = "WORD")]
    pub severity_at_most: Option<String>,
}
