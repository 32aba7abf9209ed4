//! The lake: rows durable when acknowledged, queryable at once, kept as Parquet in Delta tables.
//!
//! Belongs here: the write-ahead log, rows in memory, data files, Delta tables, merging, retention,
//! and the table provider that reads memory and files as one. Does not belong here: queries and
//! their functions (`engine`), sources and HTTP (`server`).

mod arrivals;
mod columns;
mod config;
mod error;
mod files;
mod folder;
mod lake;
mod maintain;
mod memory;
mod merge;
mod provider;
mod report;
mod retain;
mod schema;
mod store;
mod table;
mod wal;

pub use columns::batch_of;
pub use config::LakeConfig;
pub use error::LakeError;
pub use lake::Lake;
pub use report::{Ack, DatasetInfo, Health, LakeStats, Problem};
pub use schema::{HIDDEN_PREFIX, arrow_schema, arrow_type, is_hidden, v4_column, v6_column};
