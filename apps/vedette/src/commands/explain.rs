//! The numbers behind a verdict, for a terminal.

use super::table;
use serde_json::Value;
use std::io::Write;

/// Whether a source has fired, in a few words, of a `standing` as the detector gives it.
pub fn verdict(standing: &Value) -> String {
    let word = |value: &Value| table::cell(value);
    let figures = format!("{} of {}", word(&standing["score"]), word(&standing["threshold"]));
    if standing["campaign"].is_null() {
        return format!("has not fired: {figures}");
    }
    match (standing["kind"].as_str(), standing["class"].as_str()) {
        (Some("scan") | None, _) => format!("is in a campaign: {figures}"),
        (_, Some(class)) => format!("raises no alert, a class covers it ({class}): {figures}"),
        (Some(kind), None) => format!("raises no alert, it is {}: {figures}", kind.replace('_', " ")),
    }
}

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
