//! Rows of a lookup read, matched by keys and taken out: what a lookup is for when programs keep it.
//!
//! Belongs here: changes of single rows. Does not belong here: files and manifests (`folder`), types of
//! columns (`batch`).

use super::folder::Tables;
use super::input::Object;
use super::{Imported, TableError, TableKind, batch, check_name};
use crate::output::{Cell, ColumnView};
use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use serde_json::{Map, Value};
use std::collections::HashMap;
use vedette_event::Time;

/// What a merge did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    pub added: u64,
    pub updated: u64,
    /// Rows without a value in one of the key columns.
    pub skipped: u64,
}

impl Tables {
    /// The rows of a lookup, in their order.
    pub fn lookup_rows(&self, name: &str) -> Result<Vec<Map<String, Value>>, TableError> {
        let name = check_name(name)?;
        match self.lookup_batch(&name)? {
            Some(rows) => Ok(objects(&rows)),
            None => Err(TableError::Unknown(name)),
        }
    }

    /// Adds rows; one whose key columns have the values of a row that is there changes that row. Without
    /// keys every row is added. The lookup is made when there is none.
    pub fn merge_rows(
        &self,
        name: &str,
        keys: &[String],
        rows: Vec<Map<String, Value>>,
        now: Time,
    ) -> Result<Merged, TableError> {
        let name = check_name(name)?;
        let keys: Vec<String> = keys.iter().map(|key| key.to_lowercase()).collect();
        let _change = self.lock_changes();
        let known = self.lookup_batch(&name)?;
        let schema = known.as_ref().map_or_else(|| Schema::empty().into(), RecordBatch::schema);
        let mut all = known.as_ref().map(objects).unwrap_or_default();
        let mut places: HashMap<String, usize> =
            all.iter().enumerate().filter_map(|(at, row)| Some((key_of(row, &keys)?, at))).collect();
        let mut merged = Merged::default();
        for row in rows {
            let row: Object = row.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect();
            if keys.is_empty() {
                all.push(row);
                merged.added += 1;
                continue;
            }
            let Some(key) = key_of(&row, &keys) else {
                merged.skipped += 1;
                continue;
            };
            match places.get(&key).and_then(|at| all.get_mut(*at)) {
                Some(there) => {
                    there.extend(row);
                    merged.updated += 1;
                }
                None => {
                    places.insert(key, all.len());
                    all.push(row);
                    merged.added += 1;
                }
            }
        }
        self.replace(&name, all, &schema, now)?;
        Ok(merged)
    }

    /// Removes the rows that one of the filters fits: one that has all its values. How many went.
    pub fn remove_rows(
        &self,
        name: &str,
        filters: &[Map<String, Value>],
        now: Time,
    ) -> Result<u64, TableError> {
        let name = check_name(name)?;
        let _change = self.lock_changes();
        let Some(known) = self.lookup_batch(&name)? else { return Err(TableError::Unknown(name)) };
        let before = objects(&known);
        let count = before.len();
        let kept: Vec<Object> =
            before.into_iter().filter(|row| !filters.iter().any(|filter| fits(row, filter))).collect();
        let gone = count - kept.len();
        if gone > 0 {
            self.replace(&name, kept, &known.schema(), now)?;
        }
        Ok(gone as u64)
    }

    fn replace(&self, name: &str, rows: Vec<Object>, schema: &Schema, now: Time) -> Result<(), TableError> {
        let rows = batch::of(rows, schema, TableKind::Lookup, now, &mut Imported::default())?;
        self.replace_lookup(name, rows, now)
    }
}

/// Whether a row has all the values of a filter; a filter without values fits nothing.
pub fn fits(row: &Map<String, Value>, filter: &Map<String, Value>) -> bool {
    let same = |(name, wanted): (&String, &Value)| {
        row.get(&name.to_lowercase()).is_some_and(|there| text(there) == text(wanted))
    };
    !filter.is_empty() && filter.iter().all(same)
}

/// A value as it is compared: 7 and "7" are one, as programs send both.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn key_of(row: &Object, keys: &[String]) -> Option<String> {
    let values: Vec<String> = keys
        .iter()
        .map(|key| row.get(key).filter(|value| !value.is_null()).map(text))
        .collect::<Option<_>>()?;
    serde_json::to_string(&values).ok()
}

fn objects(batch: &RecordBatch) -> Vec<Object> {
    let schema = batch.schema();
    let views: Vec<ColumnView<'_>> = batch.columns().iter().map(|c| ColumnView::of(c.as_ref())).collect();
    let object = |row| {
        let named = schema.fields().iter().zip(&views);
        named.map(|(field, view)| (field.name().clone(), json(view.cell(row)))).collect()
    };
    (0..batch.num_rows()).map(object).collect()
}

fn json(cell: Cell<'_>) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Bool(yes) => Value::from(yes),
        Cell::Int(number) => Value::from(number),
        Cell::Float(number) => Value::from(number),
        Cell::Str(text) => Value::from(text),
        Cell::Time(micros) => Value::from(Time(micros).to_string()),
        Cell::List(items) => Value::Array(items.map(json).collect()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn rows(value: Value) -> Vec<Object> {
        value.as_array().unwrap().iter().map(|row| row.as_object().unwrap().clone()).collect()
    }

    #[test]
    fn rows_are_added_changed_by_key_and_removed() {
        let dir = tempfile::tempdir().unwrap();
        let tables = Tables::open(dir.path()).unwrap();
        let keys = ["IP".to_owned()];
        let merge = |keys: &[String], value| tables.merge_rows("bad", keys, rows(value), Time(1)).unwrap();
        let first = merge(&keys, json!([{"ip": "10.0.0.1", "hits": 1}, {"ip": "10.0.0.2", "hits": 2}]));
        assert_eq!(first, Merged { added: 2, ..Merged::default() });
        let second = merge(
            &keys,
            json!([{"IP": "10.0.0.2", "hits": 9}, {"ip": "10.0.0.3", "note": "x"}, {"hits": 1}]),
        );
        assert_eq!(second, Merged { added: 1, updated: 1, skipped: 1 });
        let there = tables.lookup_rows("BAD").unwrap();
        assert_eq!((there.len(), &there[1]["hits"], &there[2]["note"]), (3, &json!(9), &json!("x")));
        assert_eq!(merge(&[], json!([{"ip": "10.0.0.1", "hits": 5}])).added, 1, "without keys: one more");
        let filter = rows(json!([{"ip": "10.0.0.1", "hits": "5"}, {}]));
        assert_eq!(
            tables.remove_rows("bad", &filter, Time(2)).unwrap(),
            1,
            "both values, and {{}} fits none"
        );
        assert_eq!(tables.remove_rows("bad", &filter, Time(2)).unwrap(), 0);
        drop(tables);
        let again = Tables::open(dir.path()).unwrap();
        assert_eq!(again.lookup_rows("bad").unwrap().len(), 3, "durable");
    }

    #[test]
    fn what_is_no_lookup_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let tables = Tables::open(dir.path()).unwrap();
        assert!(matches!(tables.lookup_rows("none"), Err(TableError::Unknown(_))));
        assert!(matches!(tables.remove_rows("none", &[], Time(1)), Err(TableError::Unknown(_))));
        assert!(tables.merge_rows("../x", &[], Vec::new(), Time(1)).is_err());
        let text = (super::super::Format::Json, br#"{"a": 1}"#.as_slice());
        tables.import("rows", TableKind::Dataset, true, text, Time(1)).unwrap();
        let refused = tables.merge_rows("rows", &[], rows(json!([{"a": 2}])), Time(1)).unwrap_err();
        assert!(refused.to_string().contains("is a dataset"), "{refused}");
    }
}
