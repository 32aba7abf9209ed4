//! A table for a terminal.

use super::{Cell, ColumnView};
use crate::QueryResult;
use comfy_table::{ContentArrangement, Table, presets};
use std::fmt::Write as _;
use std::io::{Result, Write};
use vedette_event::Time;

/// Longest text of one cell; a list of thousands of addresses is for the other formats.
const CELL: usize = 2_000;

impl QueryResult {
    /// Rows as a table at most `width` characters wide. Control characters, which a log line may
    /// hold to play tricks on a terminal, are shown as `\u{…}`.
    pub fn write_table(&self, out: &mut impl Write, width: u16) -> Result<()> {
        let mut table = Table::new();
        table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        table.set_header(self.columns.iter().map(|column| clean(&column.name)));
        for batch in &self.batches {
            let views: Vec<_> = batch.columns().iter().map(|c| ColumnView::of(c.as_ref())).collect();
            for row in 0..batch.num_rows() {
                table.add_row(views.iter().map(|view| text(view.cell(row))));
            }
        }
        writeln!(out, "{table}")
    }
}

fn text(cell: Cell<'_>) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Bool(yes) => yes.to_string(),
        Cell::Int(number) => number.to_string(),
        Cell::Float(number) => number.to_string(),
        Cell::Str(text) => clean(text),
        Cell::Time(micros) => Time(micros).to_string(),
        Cell::List(items) => {
            let mut all = String::new();
            for item in items {
                if !all.is_empty() {
                    all.push_str(", ");
                }
                if all.len() > CELL {
                    all.push('…');
                    break;
                }
                all.push_str(&text(item));
            }
            all
        }
    }
}

fn clean(text: &str) -> String {
    let mut shown = String::with_capacity(text.len().min(CELL));
    for character in text.chars() {
        if shown.len() > CELL {
            shown.push('…');
            break;
        }
        if character.is_control() && character != '\n' {
            // Writing to a string cannot fail.
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    shown
}
