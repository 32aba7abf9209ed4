//! `vedette ingest` as users type it.

use super::ServerArgs;
use clap::{Args as ClapArgs, ValueEnum};
use std::path::PathBuf;

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
