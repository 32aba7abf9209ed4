//! CSV as in RFC 4180, with a header line; an array is a cell of JSON text.

use super::json::write_cell;
use super::{Cell, ColumnView};
use crate::QueryResult;
use std::io::{Result, Write};
use vedette_event::Time;

impl QueryResult {
    /// Rows as CSV with a header. Null is an empty cell, the empty string a quoted one.
    pub fn write_csv(&self, out: &mut impl Write) -> Result<()> {
        for (index, column) in self.columns.iter().enumerate() {
            separate(out, index)?;
            write_text(out, &column.name)?;
        }
        out.write_all(b"\r\n")?;
        for batch in &self.batches {
            let views: Vec<_> = batch.columns().iter().map(|c| ColumnView::of(c.as_ref())).collect();
            for row in 0..batch.num_rows() {
                for (index, view) in views.iter().enumerate() {
                    separate(out, index)?;
                    write_csv_cell(out, view.cell(row))?;
                }
                out.write_all(b"\r\n")?;
            }
        }
        Ok(())
    }
}

fn separate(out: &mut impl Write, index: usize) -> Result<()> {
    if index > 0 { out.write_all(b",") } else { Ok(()) }
}

fn write_csv_cell(out: &mut impl Write, cell: Cell<'_>) -> Result<()> {
    match cell {
        Cell::Null => Ok(()),
        Cell::Bool(yes) => write!(out, "{yes}"),
        Cell::Int(number) => write!(out, "{number}"),
        Cell::Float(number) if number.is_finite() => write!(out, "{number}"),
        Cell::Float(_) => Ok(()),
        Cell::Str(text) => write_text(out, text),
        Cell::Time(micros) => write!(out, "{}", Time(micros)),
        list @ Cell::List(_) => {
            let mut json = Vec::new();
            write_cell(&mut json, list)?;
            write_text(out, &String::from_utf8_lossy(&json))
        }
    }
}

fn write_text(out: &mut impl Write, text: &str) -> Result<()> {
    if !text.is_empty() && !text.contains([',', '"', '\n', '\r']) {
        return out.write_all(text.as_bytes());
    }
    write!(out, "\"{}\"", text.replace('"', "\"\""))
}
