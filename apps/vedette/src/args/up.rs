//! `vedette up` and `vedette demo` as users type them.

use super::Level;
use clap::Args as ClapArgs;
use std::net::SocketAddr;
use std::path::PathBuf;

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
    /// How little evidence is a scan: low needs 12 points, medium 9, high 7
    #[arg(long, value_enum, default_value_t = Level::Medium)]
    pub sensitivity: Level,
    /// Megabytes that the detector may use for what it remembers of sources; 256 are enough for a million
    #[arg(long, value_name = "MB", default_value_t = 256, value_parser = clap::value_parser!(u32).range(4..=1_048_576))]
    pub detector_memory: u32,
    /// Keep the right to change this host's firewall (CAP_NET_ADMIN), for `vedette response`
    #[arg(long)]
    pub response: bool,
    /// Database of places for the stage iploc: a GeoLite2 or DB-IP .mmdb file (repeatable), beside those
    /// in the folder `places` of the data folder
    #[arg(long, value_name = "FILE")]
    pub places: Vec<PathBuf>,
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
