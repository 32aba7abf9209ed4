//! Ingest straight into a data folder on which no server runs.

use crate::api::ingest::IngestReport;
use crate::classes;
use crate::clock;
use crate::live::Live;
use crate::pipeline::following::Following;
use crate::pipeline::lines::{Input, LineCounts, LineIngest, zone};
use crate::pipeline::{Alerting, Intake, Storing};
use crate::sensing::Sensing;
use crate::server::{STATE, lake_dir, logs_dir};
use crate::state::{StateError, Store};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use vedette_detect::Config;
use vedette_event::datasets;
use vedette_lake::{Lake, LakeConfig, LakeError};
use vedette_parse::log::Format;

/// Bytes read at a time, and the longest line.
const PIECE: usize = 256 * 1024;
const LONGEST_LINE: usize = 1 << 20;
/// Rows about what was found that wait to be stored.
const QUEUE: usize = 100_000;

#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    #[error("there is no source {0:?}; there are {names}", names = Format::NAMES)]
    Source(String),
    #[error("{0}")]
    Zone(String),
    #[error("the input cannot be read: {0}")]
    Input(std::io::Error),
    #[error(transparent)]
    Lake(#[from] LakeError),
    #[error(transparent)]
    State(#[from] StateError),
}

/// Detection without a server: the alerts go into the same state, for the next server to show.
struct Offline {
    following: Arc<Following>,
    intake: Arc<Intake>,
    storing: tokio::task::JoinHandle<()>,
}

impl Offline {
    fn begin(data_dir: &Path, lake: &Lake) -> Result<Offline, StateError> {
        let store = Arc::new(Store::open(&data_dir.join(STATE))?);
        let (intake, outlets) = Intake::new(QUEUE, false);
        let alerting = Alerting::new(store, Live::new(0), intake.clone(), Sensing::idle());
        let (classes, troubles) = classes::with_own(&data_dir.join(classes::FOLDER));
        troubles.iter().for_each(|trouble| tracing::warn!(%trouble, "class of discovery"));
        let config = Config { classes, ..Config::default() };
        let storing = Arc::new(Storing::default()).run(lake.clone(), intake.clone(), outlets.store);
        Ok(Offline {
            following: Following::new(Some(config), alerting, Some(logs_dir(data_dir))),
            intake,
            storing: tokio::spawn(storing),
        })
    }

    /// Closes what is open, and waits until what was found is stored.
    async fn end(self) {
        let following = self.following;
        let _ = tokio::task::spawn_blocking(move || following.finish(clock::now())).await;
        self.intake.close();
        let _ = self.storing.await;
    }
}

/// Reads `input` to its end into the lake of `data_dir`, as `POST /api/v1/ingest/{source}` does.
pub async fn ingest_offline(
    data_dir: &Path,
    source: &str,
    timezone: &str,
    origin: &str,
    input: &mut dyn Read,
) -> Result<IngestReport, IngestError> {
    let format = Format::parse(source).ok_or_else(|| IngestError::Source(source.to_owned()))?;
    let zone = zone(timezone).map_err(IngestError::Zone)?;
    let mut config = LakeConfig::new(lake_dir(data_dir));
    config.datasets = datasets::in_lake();
    let lake = Lake::open(config).await?;
    let counts = LineCounts::default();
    let detection = Offline::begin(data_dir, &lake)?;
    let input_is = Input { format, origin: origin.to_owned(), zone, longest: LONGEST_LINE };
    let mut lines = LineIngest::new(&lake, &counts, detection.following.clone(), input_is);
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
    detection.end().await;
    lake.close().await?;
    Ok(summary.into())
}
