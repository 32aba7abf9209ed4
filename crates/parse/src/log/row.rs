//! A row by the names of its columns.

use super::Record;
use vedette_event::{Dataset, Observation, Row, Time, Value};

/// A row that is being filled; cells that are never set stay null.
pub(crate) struct RowOf {
    dataset: &'static Dataset,
    row: Row,
}

impl RowOf {
    pub(crate) fn new(
        dataset: &'static Dataset,
        vendor: &'static str,
        product: &'static str,
        time: Time,
    ) -> RowOf {
        let mut row = RowOf { dataset, row: vec![Value::Null; dataset.fields.len()] };
        row.set("_time", time);
        row.set("_vendor", vendor);
        row.set("_product", product);
        row
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<Value>) {
        if let Some(cell) = self.dataset.position(name).and_then(|at| self.row.get_mut(at)) {
            *cell = value.into();
        }
    }

    /// Text that is null when it is empty.
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.set(name, Value::text_or_null(text));
    }

    pub(crate) fn done(self, seen: Vec<Observation>) -> Record {
        Record { dataset: self.dataset, row: self.row, seen }
    }
}
