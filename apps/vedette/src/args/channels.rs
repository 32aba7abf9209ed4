//! `vedette channels` as users type it.

use super::{ListFormat, ServerArgs};
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
    Add {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "NAME")]
        name: String,
        /// https://…, syslog+udp://host:514, syslog+tcp://host:601, syslog+tls://host:6514,
        /// smtp://host:587 (STARTTLS), smtps://host:465, smtp+plain://host:25
        #[arg(value_name = "URL")]
        url: String,
        #[command(flatten)]
        more: Box<ChannelArgs>,
    },
    /// Change a channel; what is not named stays, `none` takes a setting away
    Set {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "ID")]
        id: i64,
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        /// Another address; on another server the login must be given anew
        #[arg(long, value_name = "URL")]
        url: Option<String>,
        #[command(flatten)]
        more: Box<ChannelArgs>,
    },
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

/// What a channel may have besides name and address.
#[derive(ClapArgs, Default)]
pub struct ChannelArgs {
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
    #[arg(long, value_name = "FROM-TO")]
    pub quiet: Option<String>,
    /// Time zone of the quiet hours, like Europe/Rome
    #[arg(long, value_name = "ZONE", requires = "quiet")]
    pub timezone: Option<String>,
    /// Let the channel reach this host and private networks
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub allow_private: Option<bool>,
    /// Sender of mail
    #[arg(long, value_name = "ADDRESS")]
    pub from: Option<String>,
    /// Receivers of mail (comma-separated)
    #[arg(long, value_name = "ADDRESSES", value_delimiter = ',')]
    pub to: Vec<String>,
    /// User of the mail server; the password comes from VEDETTE_CHANNEL_PASSWORD
    #[arg(long, value_name = "NAME")]
    pub username: Option<String>,
    /// Certificate authority (PEM) of the receiver, where it is not a public one
    #[arg(long, value_name = "FILE")]
    pub trust: Option<PathBuf>,
    /// Title of messages: $name, $severity, $source_ips and other fields are put in
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
    /// Text of messages, with the same fields
    #[arg(long, value_name = "TEXT")]
    pub body: Option<String>,
}
