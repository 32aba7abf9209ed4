//! JSON: an array of objects, or one object a line.

use super::{Cell, ColumnView};
use crate::QueryResult;
use std::io::{Result, Write};
use vedette_event::Time;

impl QueryResult {
    /// Rows as one JSON array of objects.
    pub fn write_json_rows(&self, out: &mut impl Write) -> Result<()> {
        out.write_all(b"[")?;
        self.write_objects(out, b",\n", b"")?;
        out.write_all(b"]")
    }

    /// Rows as JSON objects, one a line.
    pub fn write_ndjson(&self, out: &mut impl Write) -> Result<()> {
        self.write_objects(out, b"", b"\n")
    }

    fn write_objects(&self, out: &mut impl Write, between: &[u8], after: &[u8]) -> Result<()> {
        let keys: Vec<String> = self
            .columns
            .iter()
            .map(|column| Ok(format!("{}:", serde_json::to_string(&column.name)?)))
            .collect::<Result<_>>()?;
        let mut first = true;
        for batch in &self.batches {
            let views: Vec<_> = batch.columns().iter().map(|c| ColumnView::of(c.as_ref())).collect();
            for row in 0..batch.num_rows() {
                if !std::mem::take(&mut first) {
                    out.write_all(between)?;
                }
                out.write_all(b"{")?;
                for (index, (key, view)) in keys.iter().zip(&views).enumerate() {
                    if index > 0 {
                        out.write_all(b",")?;
                    }
                    out.write_all(key.as_bytes())?;
                    write_cell(out, view.cell(row))?;
                }
                out.write_all(b"}")?;
                out.write_all(after)?;
            }
        }
        Ok(())
    }
}

/// A cell as a JSON value.
pub(crate) fn write_cell(out: &mut impl Write, cell: Cell<'_>) -> Result<()> {
    match cell {
        Cell::Null => out.write_all(b"null"),
        Cell::Bool(yes) => write!(out, "{yes}"),
        Cell::Int(number) => write!(out, "{number}"),
        Cell::Float(number) => Ok(serde_json::to_writer(out, &number)?),
        Cell::Str(text) => Ok(serde_json::to_writer(out, text)?),
        Cell::Time(micros) => write!(out, "\"{}\"", Time(micros)),
        Cell::List(items) => {
            out.write_all(b"[")?;
            for (index, item) in items.enumerate() {
                if index > 0 {
                    out.write_all(b",")?;
                }
                write_cell(out, item)?;
            }
            out.write_all(b"]")
        }
    }
}
