//! A capture file as rows of `xdr_data`, for queries over files.

use crate::replay::fold;
use std::path::Path;
use vedette_event::Row;
use vedette_event::datasets::xdr_data;

/// Larger captures are replayed or ingested, not queried in place.
const LARGEST: u64 = 2 << 30;

/// The attempts of a pcap or pcapng file. An error is a sentence for the user.
pub fn rows(path: &Path) -> Result<Vec<Row>, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let size = std::fs::metadata(path).map_err(|error| wrong(&error))?.len();
    if size > LARGEST {
        return Err(wrong(&format!("{size} bytes are too many to read at once; split it with editcap")));
    }
    let bytes = std::fs::read(path).map_err(|error| wrong(&error))?;
    let (events, report) = fold(&bytes).map_err(|error| wrong(&error))?;
    if let Some(damage) = report.damage {
        tracing::warn!("{}", wrong(&damage));
    }
    Ok(events.iter().map(xdr_data::row).collect())
}
