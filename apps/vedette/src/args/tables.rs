//! `vedette lookups`, `models` and `library` as users type them: what users keep beside the datasets.

use super::ServerArgs;
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Subcommand)]
pub enum LookupsCommand {
    /// Lookups, and datasets of your own
    List {
        #[command(flatten)]
        target: ServerArgs,
    },
    /// Make a lookup of a CSV or JSON file, or replace its rows
    Import {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "NAME")]
        name: String,
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Add the rows to those that are there
        #[arg(long)]
        append: bool,
    },
    /// Remove a lookup, or a dataset of your own, with its rows
    Remove {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "NAME")]
        name: String,
    },
}

#[derive(Subcommand)]
pub enum ModelsCommand {
    /// All files of rules, and the datasets they are for
    List {
        #[command(flatten)]
        target: ServerArgs,
    },
    /// The text of one
    Show {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Keep a file: MODEL sections drive `datamodel`, INGEST sections shape `ingest --dataset`
    Add {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "NAME")]
        name: String,
        /// File with the rules (- for standard input)
        #[arg(short, long, value_name = "FILE")]
        file: PathBuf,
    },
    /// Remove one
    Remove {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "NAME")]
        name: String,
    },
}

#[derive(Subcommand)]
pub enum LibraryCommand {
    /// All queries of the library
    List {
        #[command(flatten)]
        target: ServerArgs,
    },
    /// The text of one
    Show {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Keep a query; its $names are parameters of the call
    Save {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "NAME")]
        name: String,
        /// File with the query (- for standard input)
        #[arg(short, long, value_name = "FILE")]
        file: PathBuf,
        /// What it is for
        #[arg(long, value_name = "TEXT", default_value = "")]
        about: String,
    },
    /// Remove one
    Remove {
        #[command(flatten)]
        target: ServerArgs,
        #[arg(value_name = "NAME")]
        name: String,
    },
}
