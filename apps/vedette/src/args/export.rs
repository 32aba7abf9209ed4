//! `vedette export` as users type it.

use super::ServerArgs;
use crate::since::Since;
use clap::{Args as ClapArgs, ValueEnum};

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
