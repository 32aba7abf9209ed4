//! Rows as a table for a terminal.

use crate::args::ListFormat;
use crate::failure::Failure;
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

/// A list as a table or as JSON; words on standard error where it is empty.
pub fn write_list(
    out: &mut impl Write,
    columns: &[&str],
    list: &Value,
    format: ListFormat,
    none: &str,
) -> Result<(), Failure> {
    let list = list.as_array().cloned().unwrap_or_default();
    if format == ListFormat::Json {
        return Ok(writeln!(out, "{}", Value::Array(list))?);
    }
    if list.is_empty() {
        eprintln!("{none}");
        return Ok(());
    }
    let rows: Vec<Vec<Value>> =
        list.iter().map(|row| columns.iter().map(|name| row[*name].clone()).collect()).collect();
    Ok(write(out, columns, rows.iter())?)
}

/// Narrower than this a column is a pillar of letters.
const COLUMN: u16 = 11;

/// A table as wide as the terminal. With too many columns for that, the rows one below the other,
/// without their empty fields.
pub fn write<'a>(
    out: &mut impl Write,
    names: &[&str],
    rows: impl Iterator<Item = &'a Vec<Value>>,
) -> std::io::Result<()> {
    write_within(out, width(), names, rows)
}

fn write_within<'a>(
    out: &mut impl Write,
    width: u16,
    names: &[&str],
    rows: impl Iterator<Item = &'a Vec<Value>>,
) -> std::io::Result<()> {
    if names.len() > usize::from(width / COLUMN) {
        return write_records(out, names, rows);
    }
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY).set_header(names);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    for row in rows {
        table.add_row(row.iter().map(cell));
    }
    writeln!(out, "{table}")
}

fn write_records<'a>(
    out: &mut impl Write,
    names: &[&str],
    rows: impl Iterator<Item = &'a Vec<Value>>,
) -> std::io::Result<()> {
    let widest = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
    for (number, row) in rows.enumerate() {
        writeln!(out, "── row {} {}", number + 1, "─".repeat(40))?;
        let shown = names.iter().zip(row).filter(|(_, value)| !value.is_null());
        let mut count = 0;
        for (name, value) in shown {
            writeln!(out, "{name:widest$}  {}", cell(value))?;
            count += 1;
        }
        if count < names.len() {
            writeln!(out, "({} empty fields not shown)", names.len() - count)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn written(width: u16, names: &[&str], row: Vec<Value>) -> String {
        let mut out = Vec::new();
        write_within(&mut out, width, names, [row].iter()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn many_columns_become_lines() {
        let row = || vec![json!("x"), Value::Null, json!([1, 2]), json!("bad\u{1b}[2J")];
        let names = ["a", "b", "long_name", "d"];
        let lines = written(40, &names, row());
        assert!(
            lines.contains("long_name  1, 2\n") && lines.contains("(1 empty fields not shown)"),
            "{lines}"
        );
        assert!(!lines.contains('\u{1b}'), "{lines}");
        assert!(written(80, &names, row()).contains("long_name   d"), "a table where there is room");
    }
}
