//! Rows on their way into a dataset of a user's, through the sections `COLLECT` and then `INGEST` for it.

use super::Section;
use crate::engine::Shared;
use crate::error::QueryError;
use crate::source::{Part, scan};
use crate::tables::{Format, Imported, TableError, TableKind, Tables, numbered};
use crate::{QueryOptions, engine, plan};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Field, Schema};
use std::collections::HashSet;
use std::sync::Arc;
use vedette_event::Time;

/// Reads a text into a dataset. Nothing is stored when a rule cannot be carried out.
pub(crate) async fn import(
    shared: &Shared,
    tables: &Tables,
    name: &str,
    (format, text): (Format, &[u8]),
    now: Time,
) -> Result<Imported, TableError> {
    let rules = tables.rules().current();
    let steps = rules.on_the_way(&name.to_lowercase());
    if steps.is_empty() {
        return tables.import(name, TableKind::Dataset, true, (format, text), now);
    }
    let (mut rows, mut report) = tables.read(name, (format, text), now)?;
    for sections in steps {
        let came = rows.num_rows();
        let shaped = shape(shared, &sections, name, rows, now).await.map_err(|error| {
            let file = sections.first().map_or("", |section| section.file.as_str());
            TableError::Input(format!(
                "the rules of `{name}` (file `{file}`) cannot be carried out: {}",
                error.message
            ))
        })?;
        report.dropped += (came - shaped.hit) as u64;
        rows = shaped.rows;
    }
    report.rows = rows.num_rows() as u64;
    if report.rows > 0 {
        tables.add(name, &rows, now)?;
    }
    Ok(report)
}

struct Shaped {
    rows: RecordBatch,
    /// Of the rows that came, those that are kept in some form.
    hit: usize,
}

async fn shape(
    shared: &Shared,
    sections: &[&Section],
    name: &str,
    batch: RecordBatch,
    now: Time,
) -> Result<Shaped, QueryError> {
    let ids = batch.column_by_name("_id").cloned();
    let ids = ids.ok_or_else(|| QueryError::internal("rows without ids"))?;
    let counted = with_ids(&batch, (0..batch.num_rows()).map(|row| Some(row.to_string())))?;
    let mut made: Option<RecordBatch> = None;
    let mut hit: HashSet<usize> = HashSet::new();
    for pipeline in sections.iter().flat_map(|section| &section.pipelines) {
        let (context, state) = engine::prepare(shared, &QueryOptions::at(now), Arc::default())?;
        let provider = numbered(&counted).map_err(|why| QueryError::internal(why.to_string()))?;
        let rows = scan(Part { name: name.to_lowercase(), provider })?;
        let plan = plan::finish(pipeline.apply(&context, rows)?)?;
        let out = plain(&engine::whole(&state, &plan).await?)?;
        let numbers = numbers(&out);
        hit.extend(&numbers);
        let own =
            with_ids(&out, numbers.iter().map(|row| Some(ids.as_string::<i32>().value(*row).to_owned())))?;
        made = Some(both(made, own)?);
    }
    if sections.iter().any(|section| section.keep) {
        let rest: BooleanArray = (0..batch.num_rows()).map(|row| Some(!hit.contains(&row))).collect();
        made = Some(both(made, filter_record_batch(&batch, &rest).map_err(ours)?)?);
        hit.extend(0..batch.num_rows());
    }
    let rows = made.unwrap_or_else(|| batch.slice(0, 0));
    Ok(Shaped { rows, hit: hit.len() })
}

fn ours(error: arrow::error::ArrowError) -> QueryError {
    QueryError::internal(error.to_string())
}

/// The rows that came of which these were made.
fn numbers(rows: &RecordBatch) -> Vec<usize> {
    let ids = rows.column_by_name("_id").and_then(|ids| ids.as_string_opt::<i32>());
    let number = |id: Option<&str>| id.and_then(|id| id.parse().ok()).unwrap_or(0);
    ids.map(|ids| ids.iter().map(number).collect()).unwrap_or_default()
}

fn with_ids(
    rows: &RecordBatch,
    ids: impl Iterator<Item = Option<String>>,
) -> Result<RecordBatch, QueryError> {
    let schema = rows.schema();
    let Some((at, _)) = schema.column_with_name("_id") else {
        return Err(QueryError::internal("rows without ids"));
    };
    let mut columns = rows.columns().to_vec();
    columns[at] = Arc::new(ids.collect::<StringArray>()) as ArrayRef;
    let mut fields: Vec<Arc<Field>> = schema.fields().iter().cloned().collect();
    fields[at] = Arc::new(Field::new("_id", DataType::Utf8, true));
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(ours)
}

/// Words of dictionaries as plain texts: that is how tables keep them.
fn plain(rows: &RecordBatch) -> Result<RecordBatch, QueryError> {
    let mut fields: Vec<Field> = Vec::new();
    let mut columns = Vec::new();
    for (field, column) in rows.schema().fields().iter().zip(rows.columns()) {
        let column = match column.data_type() {
            DataType::Dictionary(_, _) | DataType::Null => cast(column, &DataType::Utf8).map_err(ours)?,
            _ => column.clone(),
        };
        fields.push(Field::new(field.name().to_lowercase(), column.data_type().clone(), true));
        columns.push(column);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(ours)
}

/// The rows of both, columns by name.
fn both(first: Option<RecordBatch>, second: RecordBatch) -> Result<RecordBatch, QueryError> {
    let Some(first) = first else { return Ok(second) };
    crate::tables::both(&first, &second).map_err(|why| QueryError::internal(why.to_string()))
}
