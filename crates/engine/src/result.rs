//! What a query gives back, without a type of Arrow in its signatures.

use crate::output::{Cell, ColumnView};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use std::sync::Arc;
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

    /// Cuts what is shown to so many rows.
    pub(crate) fn keep_first(&mut self, most: u64) {
        let mut left = usize::try_from(most).unwrap_or(usize::MAX);
        self.limit_hit |= self.row_count() > left;
        for batch in &mut self.batches {
            *batch = batch.slice(0, batch.num_rows().min(left));
            left -= batch.num_rows();
        }
    }

    /// The result without these columns, for storing.
    pub(crate) fn without(&self, names: &[&str]) -> Result<QueryResult, ArrowError> {
        let kept: Vec<usize> =
            (0..self.columns.len()).filter(|at| !names.contains(&self.columns[*at].name.as_str())).collect();
        Ok(QueryResult {
            columns: kept.iter().map(|at| self.columns[*at].clone()).collect(),
            schema: Arc::new(self.schema.project(&kept)?),
            batches: self.batches.iter().map(|batch| batch.project(&kept)).collect::<Result<_, _>>()?,
            limit_hit: self.limit_hit,
            list_cut: self.list_cut,
            stats: self.stats,
            warnings: Vec::new(),
            views: Vec::new(),
        })
    }

    /// Memory the rows take, in bytes.
    pub fn bytes(&self) -> usize {
        self.batches.iter().map(RecordBatch::get_array_memory_size).sum()
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
