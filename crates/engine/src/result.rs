//! What a query gives back, without a type of Arrow in its signatures.

use crate::output::{Cell, ColumnView};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use std::time::Duration;
use vedette_event::{Row, Time, Value};
use vedette_xql::Diagnostic;
use vedette_xql::ast::View;

/// A column of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    /// `string`, `integer`, `float`, `boolean`, `timestamp`, or `array of …s`.
    pub type_name: &'static str,
}

/// What a query cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct QueryStats {
    /// Rows the datasets delivered, after what was pruned by time.
    pub rows_scanned: u64,
    pub elapsed: Duration,
}

/// The rows of a finished query.
#[derive(Debug)]
pub struct QueryResult {
    pub(crate) columns: Vec<Column>,
    pub(crate) schema: SchemaRef,
    pub(crate) batches: Vec<RecordBatch>,
    /// The row limit cut the result: there may be more rows.
    pub limit_hit: bool,
    /// Some `list()` held more than its 100 values.
    pub list_cut: bool,
    pub stats: QueryStats,
    /// Warnings about the query's text.
    pub warnings: Vec<Diagnostic>,
    /// How the query wants the rows shown.
    pub views: Vec<View>,
}

impl QueryResult {
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    pub fn row_count(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// The rows, one after the other, cells in column order.
    pub fn rows(&self) -> impl Iterator<Item = Row> + '_ {
        self.batches.iter().flat_map(|batch| {
            let views: Vec<ColumnView<'_>> =
                batch.columns().iter().map(|c| ColumnView::of(c.as_ref())).collect();
            (0..batch.num_rows()).map(move |row| views.iter().map(|view| value(view.cell(row))).collect())
        })
    }
}

fn value(cell: Cell<'_>) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Bool(yes) => Value::Bool(yes),
        Cell::Int(number) => Value::Int(number),
        Cell::Float(number) => Value::Float(number),
        Cell::Str(text) => Value::text(text),
        Cell::Time(micros) => Value::Time(Time(micros)),
        Cell::List(items) => Value::List(items.map(value).collect()),
    }
}
