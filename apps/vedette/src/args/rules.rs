//! `vedette rules` as users type it.

use super::{ListFormat, ServerArgs, TextOrJson};
use clap::{Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Subcommand)]
pub enum RulesCommand {
    /// The rules of the server, and how their last run went
    List {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(long, value_enum, default_value_t = ListFormat::Table)]
        format: ListFormat,
    },
    /// Find every mistake in rule files (TOML), Cortex exports (JSON) and Sigma correlations (YAML); no server needed
    Check {
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
        format: TextOrJson,
    },
    /// Run the tests that stand in rule files, the shipped ones when none is named; no server needed
    Test {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Instead, run the rules over so many days of the server's data; raises nothing
        #[arg(long, value_name = "N", requires = "files", value_parser = clap::value_parser!(u32).range(1..=31))]
        days: Option<u32>,
    },
    /// Add the rules of rule files, Cortex exports and Sigma correlations to the server
    Import {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Write rules of the server as a Cortex export, or one as a rule file
    Export {
        #[command(flatten)]
        target: ServerArgs,
        /// All when none is named
        #[arg(value_name = "ID")]
        ids: Vec<i64>,
        #[arg(long, value_enum, default_value_t = RuleFormat::Cortex)]
        format: RuleFormat,
    },
    /// Give a rule the text of a file; it begins anew with the next window
    Set {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "ID")]
        id: i64,
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Make a rule that came with Vedette what it was when it came
    Restore {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "ID")]
        id: i64,
    },
    /// Delete a rule of your own
    Remove {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "ID")]
        id: i64,
    },
    /// The last runs of a rule
    Runs {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "ID")]
        id: i64,
        #[arg(long, value_enum, default_value_t = ListFormat::Table)]
        format: ListFormat,
    },
    /// Switch a rule on
    Enable {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "ID")]
        id: i64,
    },
    /// Switch a rule off
    Disable {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "ID")]
        id: i64,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RuleFormat {
    /// JSON as Cortex exports it
    Cortex,
    /// A rule file
    Toml,
}
