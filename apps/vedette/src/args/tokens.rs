//! `vedette tokens` as users type it.

use super::{KeyRole, ListFormat, ServerArgs};
use clap::Subcommand;

#[derive(Subcommand)]
pub enum TokensCommand {
    /// All tokens, without what is secret of them
    List {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(long, value_enum, default_value_t = ListFormat::Table)]
        format: ListFormat,
    },
    /// Make a token; it is printed this once
    Create {
        #[command(flatten)]
        target: ServerArgs,
        /// What it is for
        #[arg(value_name = "NAME")]
        name: String,
        #[arg(long, value_enum, default_value_t = KeyRole::Viewer)]
        role: KeyRole,
        #[arg(long, value_name = "DAYS")]
        expires_in_days: Option<u32>,
    },
    /// End a token
    Revoke {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "ID")]
        id: i64,
    },
}
