//! How a dataset's field table becomes columns: the Arrow schema rows have in memory and in what
//! queries read, and the Delta schema of the table on disk.
//!
//! | field | in memory and in queries | in the Delta table |
//! |---|---|---|
//! | string | `Utf8` | string |
//! | string with few distinct values | `Dictionary(Int32, Utf8)` | string (dictionary-encoded) |
//! | integer, float, boolean | `Int64`, `Float64`, `Boolean` | long, double, boolean |
//! | timestamp | `Timestamp(Microsecond, "UTC")` | timestamp |
//! | array | `List<Utf8>`, `List<Int64>` | array |
//!
//! Beside every address field stand two hidden companions that turn `incidr` into a range test:
//! `__v4_<field>` (`Int64`: the IPv4 address as a number, null when the text is not an IPv4
//! address) and `__v6_<field>` (`Binary`: the 16 bytes of an IPv6 address in network order, null
//! otherwise). An IPv4-mapped IPv6 address is an IPv6 address here, as its text says.

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use deltalake::kernel::{ArrayType, DataType as DeltaType, StructField};
use std::sync::Arc;
use vedette_event::{Dataset, FieldType};

/// Columns whose name begins so are the store's own and are never shown to users.
pub const HIDDEN_PREFIX: &str = "__";

pub fn is_hidden(column: &str) -> bool {
    column.starts_with(HIDDEN_PREFIX)
}

/// The hidden companion of an address field that holds IPv4 addresses as numbers.
pub fn v4_column(field: &str) -> String {
    format!("__v4_{field}")
}

/// The hidden companion of an address field that holds IPv6 addresses as 16 bytes.
pub fn v6_column(field: &str) -> String {
    format!("__v6_{field}")
}

/// The Arrow type of a field.
pub fn arrow_type(field: &vedette_event::Field) -> DataType {
    match field.ty {
        FieldType::Str if field.low_cardinality => {
            DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
        }
        FieldType::Str => DataType::Utf8,
        FieldType::Int => DataType::Int64,
        FieldType::Float => DataType::Float64,
        FieldType::Bool => DataType::Boolean,
        FieldType::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        FieldType::StrList => DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true))),
        FieldType::IntList => DataType::List(Arc::new(Field::new_list_field(DataType::Int64, true))),
    }
}

/// The columns of a dataset as queries see them: its fields in order, then the hidden companions
/// of its address fields. Every column is nullable.
pub fn arrow_schema(dataset: &Dataset) -> SchemaRef {
    let mut columns: Vec<Field> =
        dataset.fields.iter().map(|field| Field::new(field.name, arrow_type(field), true)).collect();
    for field in dataset.fields.iter().filter(|field| field.address) {
        columns.push(Field::new(v4_column(field.name), DataType::Int64, true));
        columns.push(Field::new(v6_column(field.name), DataType::Binary, true));
    }
    Arc::new(Schema::new(columns))
}

/// The same columns as the Delta table has them.
pub(crate) fn delta_fields(dataset: &Dataset) -> Vec<StructField> {
    let mut columns: Vec<StructField> = Vec::new();
    for field in dataset.fields {
        let ty = match field.ty {
            FieldType::Str => DeltaType::STRING,
            FieldType::Int => DeltaType::LONG,
            FieldType::Float => DeltaType::DOUBLE,
            FieldType::Bool => DeltaType::BOOLEAN,
            FieldType::Time => DeltaType::TIMESTAMP,
            FieldType::StrList => ArrayType::new(DeltaType::STRING, true).into(),
            FieldType::IntList => ArrayType::new(DeltaType::LONG, true).into(),
        };
        columns.push(StructField::nullable(field.name, ty));
    }
    for field in dataset.fields.iter().filter(|field| field.address) {
        columns.push(StructField::nullable(v4_column(field.name), DeltaType::LONG));
        columns.push(StructField::nullable(v6_column(field.name), DeltaType::BINARY));
    }
    columns
}
