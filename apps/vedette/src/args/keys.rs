//! `vedette keys` as users type it.

use super::{ListFormat, ServerArgs};
use clap::{Subcommand, ValueEnum};

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
