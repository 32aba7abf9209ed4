//! The lake itself. For the moment rows live in memory only; the write-ahead log and the Delta
//! tables come behind these same signatures.

use crate::columns::{Stamp, stamped_batch};
use crate::{Ack, DatasetInfo, Health, LakeConfig, LakeError, LakeStats, arrow_schema};
use arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use vedette_event::{Dataset, Row, Time};

/// An open lake. Clones share it.
#[derive(Clone)]
pub struct Lake {
    config: Arc<LakeConfig>,
    rows: Arc<Mutex<HashMap<&'static str, Vec<RecordBatch>>>>,
}

impl Lake {
    /// Opens the folder for this process alone and brings back what the write-ahead log holds.
    pub async fn open(config: LakeConfig) -> Result<Lake, LakeError> {
        Ok(Lake { config: Arc::new(config), rows: Arc::default() })
    }

    pub fn config(&self) -> &LakeConfig {
        &self.config
    }

    /// Stores rows; they are durable and queryable when it returns.
    pub async fn append(&self, dataset: &str, rows: Vec<Row>) -> Result<Ack, LakeError> {
        self.append_all(vec![(dataset, rows)]).await
    }

    /// Stores rows of several datasets in one durable step: after a crash all are there or none.
    pub async fn append_all(&self, parts: Vec<(&str, Vec<Row>)>) -> Result<Ack, LakeError> {
        let mut ack = Ack { rows: 0, nulled_cells: 0, sequence: 0 };
        for (name, rows) in parts {
            let dataset = self.dataset(name)?;
            let stamp = Stamp { insert_time: Time(0), id_prefix: "m".into(), first_id: 0 };
            let (batch, nulled) = stamped_batch(dataset, &rows, &stamp)
                .map_err(|error| LakeError::Internal(error.to_string()))?;
            ack.rows += rows.len() as u64;
            ack.nulled_cells += nulled;
            self.rows.lock().entry(dataset.name).or_default().push(batch);
        }
        Ok(ack)
    }

    /// All rows of a dataset as they stand now: those in files and those in memory, each once.
    /// What it reads does not change or vanish while it is held.
    pub fn provider(&self, dataset: &str) -> Result<Arc<dyn TableProvider>, LakeError> {
        let dataset = self.dataset(dataset)?;
        let batches = self.rows.lock().get(dataset.name).cloned().unwrap_or_default();
        let table = MemTable::try_new(arrow_schema(dataset), vec![batches])
            .map_err(|error| LakeError::Internal(error.to_string()))?;
        Ok(Arc::new(table))
    }

    pub fn datasets(&self) -> Vec<DatasetInfo> {
        Vec::new()
    }

    pub fn stats(&self) -> LakeStats {
        LakeStats::default()
    }

    pub fn health(&self) -> Health {
        Health::default()
    }

    /// Starts flushing, merging, retention and clean-up in the background until the lake is closed.
    pub fn spawn_maintenance(&self) {}

    /// One round of what the background does, at the given time.
    pub async fn maintain(&self, _now: Time) -> Result<(), LakeError> {
        Ok(())
    }

    /// Writes all rows in memory to data files.
    pub async fn flush(&self) -> Result<(), LakeError> {
        Ok(())
    }

    /// Flushes, stops the background and releases the folder. Later appends fail.
    pub async fn close(&self) -> Result<(), LakeError> {
        Ok(())
    }

    fn dataset(&self, name: &str) -> Result<&'static Dataset, LakeError> {
        let wanted = vedette_event::datasets::by_name(name).map_or(name, |dataset| dataset.name);
        self.config.datasets.iter().copied().find(|dataset| dataset.name == wanted).ok_or_else(|| {
            LakeError::UnknownDataset {
                name: name.to_owned(),
                known: self.config.datasets.iter().map(|dataset| dataset.name.to_owned()).collect(),
            }
        })
    }
}
