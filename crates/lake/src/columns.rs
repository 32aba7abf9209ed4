//! Rows into Arrow columns. A cell of the wrong type becomes null and is counted: a row is never
//! lost for it.

use crate::schema::arrow_schema;
use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Float64Builder, Int64Builder, ListBuilder, RecordBatch,
    StringBuilder, StringDictionaryBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::Int32Type;
use arrow::error::ArrowError;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use vedette_event::{Dataset, Field, FieldType, Row, Time, Value};

/// What the store puts into the cells that are its own, whatever the row says.
#[derive(Clone, Debug)]
pub(crate) struct Stamp {
    pub insert_time: Time,
    /// What every identifier of this lake folder's current opening begins with.
    pub id_prefix: Arc<str>,
    /// Number of the first row; the others follow.
    pub first_id: u64,
}

impl Stamp {
    /// The `_id` of the row at `index`.
    pub fn id(&self, index: usize) -> String {
        format!("{}-{:x}", self.id_prefix, self.first_id.saturating_add(index as u64))
    }
}

/// Rows as a batch with [`arrow_schema`], `_id` and `_insert_time` as the rows have them, and the
/// number of cells that became null because they did not fit their field. For rows that live
/// outside the lake and are queried beside it.
pub fn batch_of(dataset: &Dataset, rows: &[Row]) -> Result<(RecordBatch, u64), ArrowError> {
    build(dataset, rows, None)
}

/// Rows as a batch, with the store's own cells filled.
pub(crate) fn stamped_batch(
    dataset: &Dataset,
    rows: &[Row],
    stamp: &Stamp,
) -> Result<(RecordBatch, u64), ArrowError> {
    build(dataset, rows, Some(stamp))
}

fn build(dataset: &Dataset, rows: &[Row], stamp: Option<&Stamp>) -> Result<(RecordBatch, u64), ArrowError> {
    let width = dataset.fields.len();
    // A cell beyond the field table has no column to go to.
    let mut misfits: u64 = rows.iter().map(|row| row.len().saturating_sub(width) as u64).sum();
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(width);
    for (position, field) in dataset.fields.iter().enumerate() {
        let column = match (field.name, stamp) {
            ("_id", Some(stamp)) => ids(rows.len(), stamp),
            ("_insert_time", Some(stamp)) => {
                let mut builder = times(rows.len());
                builder.append_value_n(stamp.insert_time.0, rows.len());
                Arc::new(builder.finish())
            }
            // Every row has a time: a source that gives none saw it when it came.
            ("_time", Some(stamp)) => {
                let mut builder = times(rows.len());
                for row in rows {
                    match cell(row, position) {
                        Value::Time(time) => builder.append_value(time.0),
                        other => {
                            misfits += u64::from(!other.is_null());
                            builder.append_value(stamp.insert_time.0);
                        }
                    }
                }
                Arc::new(builder.finish())
            }
            _ => column(field, position, rows, &mut misfits),
        };
        columns.push(column);
    }
    for (position, _) in dataset.fields.iter().enumerate().filter(|(_, field)| field.address) {
        let (v4, v6) = companions(position, rows);
        columns.push(v4);
        columns.push(v6);
    }
    Ok((RecordBatch::try_new(arrow_schema(dataset), columns)?, misfits))
}

fn cell(row: &Row, position: usize) -> &Value {
    row.get(position).unwrap_or(&Value::Null)
}

fn times(capacity: usize) -> TimestampMicrosecondBuilder {
    TimestampMicrosecondBuilder::with_capacity(capacity).with_timezone("UTC")
}

fn ids(count: usize, stamp: &Stamp) -> ArrayRef {
    let mut builder = StringBuilder::with_capacity(count, count * (stamp.id_prefix.len() + 8));
    for index in 0..count {
        builder.append_value(stamp.id(index));
    }
    Arc::new(builder.finish())
}

/// One column; cells that do not fit are null and counted in `misfits`.
fn column(field: &Field, position: usize, rows: &[Row], misfits: &mut u64) -> ArrayRef {
    macro_rules! fill {
        ($builder:expr, $($pattern:pat => $value:expr),+) => {{
            let mut builder = $builder;
            for row in rows {
                match cell(row, position) {
                    $($pattern => builder.append_value($value),)+
                    other => {
                        *misfits += u64::from(!other.is_null());
                        builder.append_null();
                    }
                }
            }
            Arc::new(builder.finish())
        }};
    }
    match field.ty {
        FieldType::Str if field.low_cardinality => {
            fill!(StringDictionaryBuilder::<Int32Type>::new(), Value::Str(text) => text.as_ref())
        }
        FieldType::Str => fill!(StringBuilder::new(), Value::Str(text) => text.as_ref()),
        FieldType::Int => fill!(Int64Builder::with_capacity(rows.len()), Value::Int(number) => *number),
        FieldType::Float => fill!(
            Float64Builder::with_capacity(rows.len()),
            Value::Float(number) => *number,
            Value::Int(number) => *number as f64
        ),
        FieldType::Bool => fill!(BooleanBuilder::with_capacity(rows.len()), Value::Bool(yes) => *yes),
        FieldType::Time => fill!(times(rows.len()), Value::Time(time) => time.0),
        FieldType::StrList => {
            let mut builder = ListBuilder::new(StringBuilder::new());
            for row in rows {
                list(cell(row, position), &mut builder, misfits, |values, item| match item {
                    Value::Str(text) => {
                        values.append_value(text);
                        true
                    }
                    _ => {
                        values.append_null();
                        false
                    }
                });
            }
            Arc::new(builder.finish())
        }
        FieldType::IntList => {
            let mut builder = ListBuilder::new(Int64Builder::new());
            for row in rows {
                list(cell(row, position), &mut builder, misfits, |values, item| match item {
                    Value::Int(number) => {
                        values.append_value(*number);
                        true
                    }
                    _ => {
                        values.append_null();
                        false
                    }
                });
            }
            Arc::new(builder.finish())
        }
    }
}

/// Appends one list cell; `push` says whether the item fitted.
fn list<B: arrow::array::ArrayBuilder>(
    value: &Value,
    builder: &mut ListBuilder<B>,
    misfits: &mut u64,
    push: impl Fn(&mut B, &Value) -> bool,
) {
    let Value::List(items) = value else {
        *misfits += u64::from(!value.is_null());
        builder.append_null();
        return;
    };
    for item in items {
        let fitted = push(builder.values(), item);
        *misfits += u64::from(!fitted && !item.is_null());
    }
    builder.append(true);
}

/// The two numeric columns beside an address column.
fn companions(position: usize, rows: &[Row]) -> (ArrayRef, ArrayRef) {
    let mut v4 = Int64Builder::with_capacity(rows.len());
    let mut v6 = BinaryBuilder::new();
    for row in rows {
        let text = match cell(row, position) {
            Value::Str(text) => text.as_ref(),
            _ => "",
        };
        v4.append_option(text.parse::<Ipv4Addr>().ok().map(|address| i64::from(u32::from(address))));
        v6.append_option(text.parse::<Ipv6Addr>().ok().map(|address| address.octets()));
    }
    (Arc::new(v4.finish()), Arc::new(v6.finish()))
}
