//! Ingest straight into a data folder on which no server runs.

use crate::api::ingest::IngestReport;
use crate::pipeline::lines::{LineCounts, LineIngest, Source, zone};
use crate::server::lake_dir;
use std::io::Read;
use std::path::Path;
use vedette_event::datasets;
use vedette_lake::{Lake, LakeConfig, LakeError};

/// Bytes read at a time, and the longest line.
const PIECE: usize = 256 * 1024;
const LONGEST_LINE: usize = 1 << 20;

#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    #[error("there is no source {0:?}; there is {names}", names = Source::NAMES)]
    Source(String),
    #[error("{0}")]
    Zone(String),
    #[error("the input cannot be read: {0}")]
    Input(std::io::Error),
    #[error(transparent)]
    Lake(#[from] LakeError),
}

/// Reads `input` to its end into the lake of `data_dir`, as `POST /api/v1/ingest/{source}` does.
pub async fn ingest_offline(
    data_dir: &Path,
    source: &str,
    timezone: &str,
    origin: &str,
    input: &mut dyn Read,
) -> Result<IngestReport, IngestError> {
    let source = Source::parse(source).ok_or_else(|| IngestError::Source(source.to_owned()))?;
    let zone = zone(timezone).map_err(IngestError::Zone)?;
    let mut config = LakeConfig::new(lake_dir(data_dir));
    config.datasets = datasets::in_lake();
    let lake = Lake::open(config).await?;
    let counts = LineCounts::default();
    let mut lines = LineIngest::new(&lake, &counts, source, origin, zone, LONGEST_LINE);
    let mut piece = vec![0; PIECE];
    loop {
        match input.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => lines.push(&piece[..count]).await?,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(IngestError::Input(error)),
        }
    }
    let summary = lines.finish().await.map_err(|(_, error)| error)?;
    lake.close().await?;
    Ok(summary.into())
}
