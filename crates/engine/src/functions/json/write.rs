//! Values as JSON.

use super::find::is_json;
use crate::output::{Cell, write_cell};
use datafusion::common::Result;

/// Appends a value as JSON. Texts in arrays that are JSON objects, arrays or quoted texts
/// themselves, as `json_extract_array` gives them, go in as they are.
pub(super) fn value(out: &mut Vec<u8>, cell: Cell<'_>) -> Result<()> {
    match cell {
        Cell::List(items) => {
            out.push(b'[');
            for (at, item) in items.enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                match item {
                    Cell::Str(text) if embeds(text) => out.extend_from_slice(text.as_bytes()),
                    item => value(out, item)?,
                }
            }
            out.push(b']');
        }
        other => write_cell(out, other)?,
    }
    Ok(())
}

fn embeds(text: &str) -> bool {
    text.starts_with(['{', '[', '"']) && is_json(text)
}

/// A value by itself: texts come back as they are, null stays null.
pub(super) fn alone(cell: Cell<'_>) -> Option<String> {
    match cell {
        Cell::Null => None,
        Cell::Str(text) => Some(text.to_owned()),
        other => {
            let mut out = Vec::new();
            value(&mut out, other).ok()?;
            String::from_utf8(out).ok()
        }
    }
}
