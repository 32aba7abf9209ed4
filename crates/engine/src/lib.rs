//! XQL over Arrow: a syntax tree becomes a DataFusion plan, a plan becomes rows.
//!
//! | step | goes in | comes out | where |
//! |---|---|---|---|
//! | parse | text | syntax tree, diagnostics | crate `xql` |
//! | source | dataset names, time frame | a plan that reads them, the names in scope | `source` |
//! | stages | plan and scope, one stage | plan and scope | `stages`, one file a stage |
//! | expressions | syntax, scope | typed DataFusion expressions | `expr`, `predicates`, `functions`, `aggregates` |
//! | run | plan | record batches, within the limits | `engine` |
//! | explain | plan | stages, scans, operators, with rows and times | `explain` |
//! | rules | files of users | fields of the data model, rows on their way in | `rules` |
//! | write | record batches | JSON, CSV, Arrow, Parquet | `output` |
//!
//! Belongs here: the meaning of XQL. Does not belong here: its grammar (`xql`), how rows are
//! stored (`lake`), HTTP. No type of Arrow or DataFusion leaves this crate except in [`Catalog`],
//! which only this crate's own catalogues and tests implement.

mod aggregates;
mod catalog;
mod config;
mod datamodel;
mod engine;
mod error;
mod explain;
mod expr;
mod functions;
mod kernel;
mod language;
mod library;
mod output;
mod places;
mod plan;
mod predicates;
mod presets;
mod result;
mod rules;
mod scope;
mod search;
mod source;
mod stages;
mod stopping;
mod subquery;
mod tables;
mod target;
mod timeframe;
mod types;

pub use catalog::{Catalog, DatasetFields, FileRows, LakeCatalog, Library, RowSource};
pub use config::{CancelToken, EngineConfig, QueryLimits, QueryOptions};
pub use engine::{Engine, Usage};
pub use error::{ErrorKind, QueryError};
pub use explain::{Explanation, Operator, Scan, StageRows};
pub use language::{empty_catalog, names};
pub use places::{Places, PlacesError};
pub use result::{Column, QueryResult, QueryStats};
pub use rules::{RULE_FILE_BYTES, RuleFileError, RuleFileInfo, RuleFiles, RuleSet};
pub use tables::{
    Format, Imported, LOOKUP_BYTES, Merged, TableError, TableInfo, TableKind, Tables, row_fits,
};
pub use vedette_xql::ast::{Target, View};
