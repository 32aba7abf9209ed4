//! Arguments of what leaves the house: notifications, incidents, exports.

use super::{ListFormat, ServerArgs, TextOrJson};
use crate::since::Since;
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Subcommand)]
pub enum ChannelsCommand {
    /// All channels, without their secrets
    List {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(long, value_enum, default_value_t = ListFormat::Table)]
        format: ListFormat,
    },
    /// Add a channel; alerts from now on are told there
    Add(Box<AddChannel>),
    /// Send a made-up alert now, and say what came of it
    Test {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "ID")]
        id: i64,
    },
    /// Switch a channel on
    On {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "ID")]
        id: i64,
    },
    /// Switch a channel off; what happens meanwhile is not told later
    Off {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "ID")]
        id: i64,
    },
    /// Remove a channel, and what was still to be told there
    Remove {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "ID")]
        id: i64,
    },
    /// What was told, is to be told, or was given up; the latest first
    Deliveries {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(long, value_enum)]
        state: Option<DeliveryState>,
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
        #[arg(long, value_enum, default_value_t = ListFormat::Table)]
        format: ListFormat,
    },
    /// Try a delivery again that was given up
    Retry {
        #[command(flatten)]
        target: ServerArgs,
        /// Number of the delivery
        #[arg(value_name = "ID", required_unless_present = "all")]
        id: Option<i64>,
        /// All that were given up
        #[arg(long, conflicts_with = "id")]
        all: bool,
    },
}

#[derive(ClapArgs)]
pub struct AddChannel {
    #[command(flatten)]
    pub target: ServerArgs,
    #[arg(value_name = "NAME")]
    pub name: String,
    /// https://…, syslog+udp://host:514, syslog+tcp://host:601, syslog+tls://host:6514,
    /// smtp://host:587 (STARTTLS), smtps://host:465, smtp+plain://host:25
    #[arg(value_name = "URL")]
    pub url: String,
    /// Shape of what is sent: json, ocsf, slack, teams (webhooks), cef (syslog)
    #[arg(long, value_enum)]
    pub shape: Option<ChannelShape>,
    /// Tell only alerts of this severity and above
    #[arg(long, value_name = "WORD")]
    pub min_severity: Option<String>,
    /// Tell only alerts of these: detection, correlation, external (comma-separated)
    #[arg(long, value_name = "WORDS", value_delimiter = ',')]
    pub sources: Vec<String>,
    /// Hours in which only critical alerts are told at once: 22:00-06:30
    #[arg(long, value_name = "FROM-TO", requires = "timezone")]
    pub quiet: Option<String>,
    /// Time zone of the quiet hours, like Europe/Rome
    #[arg(long, value_name = "ZONE", requires = "quiet")]
    pub timezone: Option<String>,
    /// Let the channel reach this host and private networks
    #[arg(long)]
    pub allow_private: bool,
    /// Sender of mail
    #[arg(long, value_name = "ADDRESS", requires = "to")]
    pub from: Option<String>,
    /// Receivers of mail (comma-separated)
    #[arg(long, value_name = "ADDRESSES", value_delimiter = ',', requires = "from")]
    pub to: Vec<String>,
    /// User of the mail server; the password comes from VEDETTE_CHANNEL_PASSWORD
    #[arg(long, value_name = "NAME")]
    pub username: Option<String>,
    /// Certificate authority (PEM) of the receiver, for syslog+tls and mail
    #[arg(long, value_name = "FILE")]
    pub trust: Option<PathBuf>,
    /// Title of messages: $name, $severity, $source_ips and other fields are put in
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
    /// Text of messages, with the same fields
    #[arg(long, value_name = "TEXT")]
    pub body: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum ChannelShape {
    Json,
    Ocsf,
    Slack,
    Teams,
    Cef,
}

impl ChannelShape {
    pub fn as_str(self) -> &'static str {
        match self {
            ChannelShape::Json => "json",
            ChannelShape::Ocsf => "ocsf",
            ChannelShape::Slack => "slack",
            ChannelShape::Teams => "teams",
            ChannelShape::Cef => "cef",
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub enum DeliveryState {
    Waiting,
    Delivered,
    Dead,
}

impl DeliveryState {
    pub fn as_str(self) -> &'static str {
        match self {
            DeliveryState::Waiting => "waiting",
            DeliveryState::Delivered => "delivered",
            DeliveryState::Dead => "dead",
        }
    }
}

#[derive(Subcommand)]
pub enum IncidentsCommand {
    /// Incidents, the latest changed first
    List {
        #[command(flatten)]
        target: ServerArgs,
        /// Only these: new, in_progress, closed (comma-separated)
        #[arg(long, value_name = "STATUS")]
        status: Option<String>,
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
        #[arg(long, value_enum, default_value_t = ListFormat::Table)]
        format: ListFormat,
    },
    /// One incident with its alerts and what people did to it
    Show {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "ID")]
        id: i64,
        #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
        format: TextOrJson,
    },
    /// Change an incident; closing it closes its open alerts
    Set(SetIncident),
}

#[derive(ClapArgs)]
pub struct SetIncident {
    #[command(flatten)]
    pub target: ServerArgs,
    #[arg(value_name = "ID")]
    pub id: i64,
    /// new, in_progress or closed
    #[arg(long, value_name = "WORD")]
    pub status: Option<String>,
    /// Why it is closed: true_positive, benign, false_positive, duplicate, known_scanner or other
    #[arg(long, value_name = "WORD")]
    pub reason: Option<String>,
    /// A user's name; nobody takes the assignee away
    #[arg(long, value_name = "USER")]
    pub assignee: Option<String>,
    /// informational to critical
    #[arg(long, value_name = "WORD")]
    pub severity: Option<String>,
    #[arg(long, value_name = "true|false")]
    pub starred: Option<bool>,
    #[arg(long, value_name = "TEXT")]
    pub comment: Option<String>,
}

#[derive(ClapArgs)]
pub struct ExportArgs {
    #[command(flatten)]
    pub target: ServerArgs,
    #[arg(long, value_enum, default_value_t = Exported::Alerts)]
    pub what: Exported,
    /// ocsf: Detection Finding (2004), Network Activity (4001); ecs: Elastic Common Schema
    #[arg(long, value_enum, default_value_t = ExportFormat::Ocsf)]
    pub format: ExportFormat,
    /// How far back, as 30m, 24h or 7d, or a moment (RFC 3339); everything when absent
    #[arg(long, value_name = "SPAN")]
    pub since: Option<Since>,
    /// Most events, the oldest first
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Alerts: go on as new ones are raised, until you stop it
    #[arg(long)]
    pub follow: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Exported {
    Alerts,
    Events,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum ExportFormat {
    Ocsf,
    Ecs,
}
