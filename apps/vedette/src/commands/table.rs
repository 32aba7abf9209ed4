//! Rows as a table for a terminal.

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::Value;
use std::io::Write;

/// Columns of the terminal; 160 when standard output is not one.
pub fn width() -> u16 {
    Table::new().width().unwrap_or(160)
}

/// Cells come from logs and packets: control characters are shown, never sent to the terminal.
fn clean(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

pub fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => clean(text),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

pub fn write<'a>(
    out: &mut impl Write,
    names: &[&str],
    rows: impl Iterator<Item = &'a Vec<Value>>,
) -> std::io::Result<()> {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY).set_header(names);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width());
    for row in rows {
        table.add_row(row.iter().map(cell));
    }
    writeln!(out, "{table}")
}
