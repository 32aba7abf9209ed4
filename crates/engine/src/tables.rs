//! Datasets that users make: lookups, results kept by `target`, JSON and CSV of any source.
//!
//! ```text
//! text ─> input (objects) ─> batch (typed columns) ─> folder (Parquet parts, a manifest) ─> provider
//! ```
//!
//! Belongs here: their columns, their files, how they grow. Does not belong here: the built-in
//! datasets with their write-ahead log (`lake`), who may change them (`server`).
//!
//! A table is a folder with Parquet files and a manifest that names them; replacing the manifest is
//! what makes a change visible, whole or not at all. Columns appear when a value does, and keep the
//! type of the first that came: a later value that does not fit is null, and counted.

mod batch;
mod folder;
mod input;
mod lookup;
mod provider;

pub(crate) use folder::both;
pub use folder::{TableInfo, Tables};
pub use input::Format;
pub use lookup::{Merged, fits as row_fits};
pub(crate) use provider::{file as file_provider, numbered};

use crate::QueryError;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A lookup may be so long, as in Cortex.
pub const LOOKUP_BYTES: u64 = 50 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableKind {
    /// Rows with `_time`, `_insert_time`, `_id`.
    Dataset,
    /// Small, replaced whole, in the order of its rows; no system fields.
    Lookup,
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    pub rows: u64,
    /// Lines that are no JSON object or no row of the CSV, by what is wrong; at most 100 are told.
    pub refused: Vec<String>,
    pub refused_lines: u64,
    /// Values that do not fit the type of their column: null there, whole in `_raw_json`.
    pub misfits: u64,
    /// Rows that a rule let fall.
    pub dropped: u64,
}

/// Why a table could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error(
        "`{0}` is no name for a dataset: it takes 1 to 100 letters, digits and underscores, and begins with a letter"
    )]
    Name(String),
    #[error("`{0}` is the name of a built-in dataset")]
    BuiltIn(String),
    #[error("there is no table `{0}`")]
    Unknown(String),
    #[error("`{name}` is a {there}, not a {wanted}")]
    OtherKind { name: String, there: &'static str, wanted: &'static str },
    #[error("a lookup may hold 50 MB; this one would hold {0} bytes")]
    TooLarge(u64),
    #[error("{0}")]
    Input(String),
    #[error("{path}: {source}")]
    Io { path: String, source: std::io::Error },
    #[error("the table cannot be written: {0}")]
    Internal(String),
}

impl TableError {
    fn io(path: &Path) -> impl FnOnce(std::io::Error) -> TableError + '_ {
        move |source| TableError::Io { path: path.display().to_string(), source }
    }

    /// The user's to mend, not ours.
    pub fn is_users(&self) -> bool {
        !matches!(self, TableError::Io { .. } | TableError::Internal(_))
    }
}

impl From<arrow::error::ArrowError> for TableError {
    fn from(error: arrow::error::ArrowError) -> TableError {
        TableError::Internal(error.to_string())
    }
}

impl From<parquet::errors::ParquetError> for TableError {
    fn from(error: parquet::errors::ParquetError) -> TableError {
        TableError::Internal(error.to_string())
    }
}

impl From<TableError> for QueryError {
    fn from(error: TableError) -> QueryError {
        QueryError::internal(error.to_string())
    }
}

impl TableKind {
    pub fn as_str(self) -> &'static str {
        match self {
            TableKind::Dataset => "dataset",
            TableKind::Lookup => "lookup",
        }
    }
}

/// The name in the form it is kept in.
pub(crate) fn check_name(name: &str) -> Result<String, TableError> {
    let lower = name.to_ascii_lowercase();
    let begins = lower.starts_with(|first: char| first.is_ascii_lowercase());
    let plain = lower.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !begins || !plain || lower.len() > 100 {
        return Err(TableError::Name(name.chars().take(100).collect()));
    }
    match vedette_event::datasets::by_name(&lower) {
        Some(built_in) => Err(TableError::BuiltIn(built_in.name.to_owned())),
        None => Ok(lower),
    }
}
