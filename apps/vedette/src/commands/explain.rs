//! The numbers behind a verdict, for a terminal.

use super::table;
use serde_json::Value;
use std::io::Write;

/// Writes an `explanation` as the detector gives it.
pub fn write(out: &mut impl Write, numbers: &Value, threshold: &Value) -> std::io::Result<()> {
    let word = |value: &Value| table::cell(value);
    writeln!(
        out,
        "  evidence over {} for {}; {} is enough",
        word(&numbers["within"]),
        word(&numbers["about"]),
        word(threshold)
    )?;
    let columns = ["time", "target", "port", "technique", "answer", "weight", "score"];
    let contacts: Vec<Value> = numbers["contacts"].as_array().cloned().unwrap_or_default();
    let rows: Vec<Vec<Value>> =
        contacts.iter().map(|contact| columns.iter().map(|name| contact[*name].clone()).collect()).collect();
    table::write(out, &columns, rows.iter())?;
    for sentence in numbers["otherwise"].as_array().into_iter().flatten() {
        writeln!(out, "  {}.", word(sentence))?;
    }
    Ok(())
}
