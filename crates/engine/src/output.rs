//! Results as text and files.
//!
//! One form of each type everywhere: timestamps are RFC 3339 in UTC with microseconds
//! (`2026-01-31T08:00:00.000000Z`), integers and floats are numbers (a float that is not finite
//! is null), arrays are arrays, null is `null` in JSON and an empty cell in CSV and tables.

mod cells;
mod delimited;
mod files;
mod json;

pub(crate) use cells::{Cell, ColumnView, type_name};
pub(crate) use json::write_cell;
