//! Datasets written as text, for tests.

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Float64Array, Int64Array, ListBuilder, RecordBatch, StringArray,
    StringBuilder, StringDictionaryBuilder, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Int32Type, Schema};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use vedette_engine::{Catalog, DatasetFields, QueryError};
use vedette_event::Time;

/// A dataset: its columns as `name: type`, its rows as JSON values.
#[derive(Clone, Debug, Default)]
pub struct Table {
    pub name: String,
    pub columns: Vec<(String, String)>,
    pub rows: Vec<Vec<Json>>,
}

/// How strings of few distinct values are stored, and in how many batches the rows come.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub dictionaries: bool,
    pub batch: usize,
}

pub struct Tables {
    tables: BTreeMap<String, (Table, Arc<MemTable>)>,
}

impl Tables {
    pub fn new(tables: &[Table], shape: Shape) -> Tables {
        let build = |table: &Table| (table.name.clone(), (table.clone(), Arc::new(table.build(shape))));
        Tables { tables: tables.iter().map(build).collect() }
    }
}

impl Catalog for Tables {
    fn datasets(&self) -> Vec<DatasetFields> {
        let tables = self.tables.values().map(|(table, _)| DatasetFields {
            name: table.name.clone(),
            fields: table.columns.iter().map(|(name, ty)| (name.clone(), type_name(ty))).collect(),
        });
        tables.collect()
    }

    fn provider(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, QueryError> {
        Ok(self.tables.get(name).map(|(_, table)| table.clone() as Arc<dyn TableProvider>))
    }
}

/// The name users read for the type of a column.
fn type_name(ty: &str) -> &'static str {
    match ty {
        "integer" => "integer",
        "float" => "float",
        "boolean" => "boolean",
        "timestamp" => "timestamp",
        "[string]" => "array of strings",
        "[integer]" => "array of integers",
        _ => "string",
    }
}

impl Table {
    fn build(&self, shape: Shape) -> MemTable {
        let mut fields = Vec::new();
        let mut columns: Vec<ArrayRef> = Vec::new();
        for (index, (name, ty)) in self.columns.iter().enumerate() {
            let cells: Vec<&Json> = self.rows.iter().map(|row| &row[index]).collect();
            let array = column(ty, &cells, shape);
            fields.push(Field::new(name, array.data_type().clone(), true));
            columns.push(array);
            if ty == "ip" {
                let (v4, v6) = companions(&cells);
                fields.push(Field::new(format!("__v4_{name}"), DataType::Int64, true));
                columns.push(v4);
                fields.push(Field::new(format!("__v6_{name}"), DataType::Binary, true));
                columns.push(v6);
            }
        }
        fields.push(Field::new("__row", DataType::Int64, true));
        columns.push(Arc::new((0..self.rows.len() as i64).map(Some).collect::<Int64Array>()));
        let schema = Arc::new(Schema::new(fields));
        let whole = RecordBatch::try_new(schema.clone(), columns).unwrap();
        let starts = (0..self.rows.len()).step_by(shape.batch);
        let batches =
            starts.map(|start| whole.slice(start, shape.batch.min(self.rows.len() - start))).collect();
        MemTable::try_new(schema, vec![batches]).unwrap()
    }
}

fn column(ty: &str, cells: &[&Json], shape: Shape) -> ArrayRef {
    let text = |cell: &&Json| cell.as_str().map(str::to_owned);
    match ty {
        "string" => Arc::new(cells.iter().map(text).collect::<StringArray>()),
        "word" | "ip" if shape.dictionaries => {
            let mut words = StringDictionaryBuilder::<Int32Type>::new();
            for cell in cells {
                words.append_option(cell.as_str());
            }
            Arc::new(words.finish())
        }
        "word" | "ip" => Arc::new(cells.iter().map(text).collect::<StringArray>()),
        "integer" => Arc::new(cells.iter().map(|cell| cell.as_i64()).collect::<Int64Array>()),
        "float" => Arc::new(cells.iter().map(|cell| cell.as_f64()).collect::<Float64Array>()),
        "boolean" => Arc::new(cells.iter().map(|cell| cell.as_bool()).collect::<BooleanArray>()),
        "timestamp" => {
            let moment = |cell: &&Json| {
                // Numbers are microseconds.
                cell.as_i64().or_else(|| cell.as_str().map(|text| Time::parse(text).unwrap().0))
            };
            let times: TimestampMicrosecondArray = cells.iter().map(moment).collect();
            Arc::new(times.with_timezone("UTC"))
        }
        "[string]" => {
            let mut lists = ListBuilder::new(StringBuilder::new());
            for cell in cells {
                match cell.as_array() {
                    Some(items) => {
                        items.iter().for_each(|item| lists.values().append_option(item.as_str()));
                        lists.append(true);
                    }
                    None => lists.append(false),
                }
            }
            Arc::new(lists.finish())
        }
        "[integer]" => {
            let mut lists = ListBuilder::new(arrow::array::Int64Builder::new());
            for cell in cells {
                match cell.as_array() {
                    Some(items) => {
                        items.iter().for_each(|item| lists.values().append_option(item.as_i64()));
                        lists.append(true);
                    }
                    None => lists.append(false),
                }
            }
            Arc::new(lists.finish())
        }
        other => panic!("unknown column type {other}"),
    }
}

fn companions(cells: &[&Json]) -> (ArrayRef, ArrayRef) {
    let text = |cell: &&Json| cell.as_str().unwrap_or("").to_owned();
    let v4: Int64Array = cells
        .iter()
        .map(|cell| text(cell).parse::<Ipv4Addr>().ok().map(|address| i64::from(u32::from(address))))
        .collect();
    let v6: Vec<Option<Vec<u8>>> = cells
        .iter()
        .map(|cell| text(cell).parse::<Ipv6Addr>().ok().map(|address| address.octets().to_vec()))
        .collect();
    let v6: BinaryArray = v6.iter().map(|bytes| bytes.as_deref()).collect();
    (Arc::new(v4), Arc::new(v6))
}
