//! `vedette users` as users type it.

use super::{KeyRole, ListFormat, ServerArgs};
use clap::Subcommand;

#[derive(Subcommand)]
pub enum UsersCommand {
    /// All users
    List {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(long, value_enum, default_value_t = ListFormat::Table)]
        format: ListFormat,
    },
    /// Add a user; the password is read from standard input, or made and printed this once
    Add {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "NAME")]
        name: String,
        #[arg(long, value_enum, default_value_t = KeyRole::Viewer)]
        role: KeyRole,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Give a user another role; their sessions end
    Role {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "NAME")]
        name: String,
        #[arg(value_enum, value_name = "ROLE")]
        role: KeyRole,
    },
    /// Keep a user out; their sessions end
    Disable {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Let a user in again
    Enable {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Give a user a new password; their sessions end
    Reset {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "NAME")]
        name: String,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Remove a user; what they wrote stays under their name
    Remove {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "NAME")]
        name: String,
    },
}
