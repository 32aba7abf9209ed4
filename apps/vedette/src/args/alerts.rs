//! `vedette alerts` as users type it.

use super::{ListFormat, ServerArgs, TextOrJson};
use crate::since::Since;
use clap::{Args as ClapArgs, Subcommand};
use std::net::IpAddr;
use std::path::PathBuf;

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
