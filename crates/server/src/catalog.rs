//! The datasets of queries: those of the lake, tables that users made, and alerts, incidents, hosts
//! and runs of rules as they stand.

use crate::hosts::Hosts;
use crate::state::{StateError, Store};
use std::sync::Arc;
use vedette_engine::{LakeCatalog, Library, RowSource, Tables};
use vedette_event::{Row, datasets};
use vedette_lake::Lake;

/// Rows of `alerts`, `incidents` and `vedette_rule_runs`: the latest ones.
const LATEST: u32 = 100_000;

pub fn of(lake: &Lake, store: &Arc<Store>, tables: &Arc<Tables>, hosts: &Arc<Hosts>) -> LakeCatalog {
    let for_calls = store.clone();
    let library: Library = Arc::new(move |name| match for_calls.library_query(name) {
        Ok(found) => found.map(|query| query.query),
        Err(error) => {
            tracing::error!(%error, "the query library cannot be read");
            None
        }
    });
    LakeCatalog::new(lake.clone())
        .with_rows(&datasets::alerts::DATASET, rows(store, alerts))
        .with_rows(&datasets::rule_runs::DATASET, rows(store, rule_runs))
        .with_rows(&datasets::incidents::DATASET, rows(store, incidents))
        .with_rows(&datasets::endpoints::DATASET, rows(hosts, endpoints))
        .with_tables(tables.clone())
        .with_library(library)
}

/// Rows made anew for each query from what `of` holds.
fn rows<T: Send + Sync + 'static>(of: &Arc<T>, make: fn(&T) -> Result<Vec<Row>, StateError>) -> RowSource {
    let of = of.clone();
    Arc::new(move || make(&of).map_err(|error| error.to_string()))
}

fn alerts(store: &Store) -> Result<Vec<Row>, StateError> {
    let alerts = store.latest_alerts(LATEST)?;
    Ok(alerts.iter().map(|alert| datasets::alerts::row(&alert.life, &alert.subject)).collect())
}

fn incidents(store: &Store) -> Result<Vec<Row>, StateError> {
    Ok(store.latest_incidents(LATEST)?.iter().map(datasets::incidents::row).collect())
}

fn rule_runs(store: &Store) -> Result<Vec<Row>, StateError> {
    Ok(store.rule_runs(None, LATEST)?.iter().map(datasets::rule_runs::row).collect())
}

fn endpoints(hosts: &Hosts) -> Result<Vec<Row>, StateError> {
    Ok(hosts.all()?.iter().map(datasets::endpoints::row).collect())
}
