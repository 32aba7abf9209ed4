//! `vedette incidents` as users type it.

use super::{ListFormat, ServerArgs, TextOrJson};
use clap::{Args as ClapArgs, Subcommand};

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
    /// A user; `none` takes the assignee away
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
