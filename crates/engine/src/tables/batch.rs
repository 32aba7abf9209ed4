//! Objects as columns: which there are, of which type, and what does not fit.

use super::input::Object;
use super::{Imported, TableError, TableKind};
use crate::types::{Type, time_type};
use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, ListBuilder, RecordBatch, StringArray, StringBuilder,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{Field, Schema};
use serde_json::Value;
use std::collections::HashSet;
use std::sync::Arc;
use vedette_event::Time;

/// Columns of one table.
const MOST_COLUMNS: usize = 1_000;
/// Fields that say when something happened, the first that is there.
const TIMES: [&str; 5] = ["_time", "@timestamp", "timestamp", "time", "ts"];

/// The rows as columns: those of `known` first, in their types, then those that are new.
pub(super) fn of(
    objects: Vec<Object>,
    known: &Schema,
    kind: TableKind,
    now: Time,
    report: &mut Imported,
) -> Result<RecordBatch, TableError> {
    let system = kind == TableKind::Dataset;
    let mut fields: Vec<Field> = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    let raw = system.then(|| raw_json(&objects));
    let objects: Vec<Object> = objects.into_iter().map(lower).collect();
    if let Some(raw) = raw {
        system_columns(&objects, raw, now, &mut fields, &mut columns);
    }
    for (name, ty) in typed_names(&objects, known, system)? {
        let values: Vec<Option<&Value>> = objects.iter().map(|object| object.get(&name)).collect();
        columns.push(column(&values, &ty, report));
        fields.push(Field::new(name, ty.arrow(), true));
    }
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(objects.len()));
    Ok(RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)?)
}

fn raw_json(objects: &[Object]) -> StringArray {
    objects.iter().map(|object| serde_json::to_string(object).ok()).collect()
}

/// Names of fields in lower case; of two that differ in case only, the first.
fn lower(object: Object) -> Object {
    if object.keys().all(|name| !name.chars().any(char::is_uppercase)) {
        return object;
    }
    let mut lowered = Object::new();
    for (name, value) in object {
        lowered.entry(name.to_lowercase()).or_insert(value);
    }
    lowered
}

fn system_columns(
    objects: &[Object],
    raw: StringArray,
    now: Time,
    fields: &mut Vec<Field>,
    columns: &mut Vec<ArrayRef>,
) {
    let time = |object: &Object| TIMES.iter().find_map(|name| moment(object.get(*name)?)).unwrap_or(now.0);
    let times = |values: Vec<i64>| Arc::new(TimestampMicrosecondArray::from(values).with_timezone("UTC"));
    let ids: StringArray = (0..objects.len()).map(|at| Some(format!("{:x}-{at:x}", now.0))).collect();
    for (name, column) in [
        ("_time", times(objects.iter().map(time).collect()) as ArrayRef),
        ("_insert_time", times(vec![now.0; objects.len()])),
        ("_id", Arc::new(ids)),
        ("_raw_json", Arc::new(raw)),
    ] {
        fields.push(Field::new(name, column.data_type().clone(), true));
        columns.push(column);
    }
}

/// Microseconds of a time written as RFC 3339, or as a number of seconds, milliseconds or
/// microseconds since 1970 (told apart by their size: each begins in 1973).
fn moment(value: &Value) -> Option<i64> {
    const SIZES: [(f64, f64); 3] = [(1e14, 1.0), (1e11, 1e3), (1e8, 1e6)];
    match value {
        Value::String(text) => Time::parse(text).map(|time| time.0),
        Value::Number(number) => {
            let number = number.as_f64()?;
            let (_, unit) = SIZES.into_iter().find(|(least, _)| number >= *least)?;
            (number < 1e17).then_some((number * unit) as i64)
        }
        _ => None,
    }
}

/// The columns and their types. A new one is of the type that holds all its values.
fn typed_names(objects: &[Object], known: &Schema, system: bool) -> Result<Vec<(String, Type)>, TableError> {
    let own = |name: &str| system && matches!(name, "_time" | "_insert_time" | "_id" | "_raw_json");
    let mut names: Vec<(String, Type)> = Vec::new();
    for field in known.fields() {
        if !own(field.name()) {
            names.push((field.name().clone(), Type::of(field.data_type()).unwrap_or(Type::Str)));
        }
    }
    let mut seen: HashSet<String> = names.iter().map(|(name, _)| name.clone()).collect();
    for object in objects {
        for name in object.keys() {
            if own(name) || seen.contains(name) {
                continue;
            }
            if name.starts_with("__") || name.is_empty() || name.len() > 200 {
                return Err(TableError::Input(format!("`{}` cannot be the name of a field", clip(name))));
            }
            let values = objects.iter().filter_map(|object| object.get(name));
            let ty = values.fold(Type::Null, joined);
            seen.insert(name.clone());
            // A field that is null everywhere has no type yet: it comes with its first value.
            if ty != Type::Null {
                names.push((name.clone(), ty));
            }
        }
        if names.len() > MOST_COLUMNS {
            return Err(TableError::Input(format!("there are more than {MOST_COLUMNS} fields")));
        }
    }
    Ok(names)
}

fn clip(text: &str) -> String {
    text.chars().take(60).collect()
}

/// The type that also holds `value`; [`Type::Str`] where nothing else does.
fn joined(ty: Type, value: &Value) -> Type {
    let own = match value {
        Value::Null => return ty,
        Value::Bool(_) => Type::Bool,
        Value::Number(number) if number.is_i64() => Type::Int,
        Value::Number(_) => Type::Float,
        Value::String(_) | Value::Object(_) => Type::Str,
        Value::Array(items) => {
            let texts = items.iter().all(|item| item.is_string() || item.is_null());
            if texts { Type::List(Box::new(Type::Str)) } else { Type::Str }
        }
    };
    match (&ty, &own) {
        (Type::Int, Type::Float) | (Type::Float, Type::Int) => Type::Float,
        (Type::Null, _) => own,
        _ if ty == own => ty,
        _ => Type::Str,
    }
}

fn column(values: &[Option<&Value>], ty: &Type, report: &mut Imported) -> ArrayRef {
    let mut misfits = 0;
    let mut fit = |value: &Option<&Value>, fitted: bool| {
        misfits += u64::from(!fitted && value.is_some_and(|value| !value.is_null()));
    };
    macro_rules! each {
        ($array:ty, $read:expr) => {{
            let read = |value: &Option<&Value>| {
                let cell = (*value).and_then($read);
                fit(value, cell.is_some());
                cell
            };
            values.iter().map(read).collect::<$array>()
        }};
    }
    let column: ArrayRef = match ty {
        Type::Bool => Arc::new(each!(BooleanArray, Value::as_bool)),
        Type::Int => Arc::new(each!(Int64Array, whole)),
        Type::Float => Arc::new(each!(Float64Array, Value::as_f64)),
        Type::Time => Arc::new(each!(TimestampMicrosecondArray, moment).with_timezone("UTC")),
        Type::List(item) if **item == Type::Str => {
            let mut lists = ListBuilder::new(StringBuilder::new());
            for value in values {
                let items = value.and_then(Value::as_array);
                fit(value, items.is_some());
                for item in items.into_iter().flatten() {
                    lists.values().append_option(text(item));
                }
                lists.append(items.is_some());
            }
            Arc::new(lists.finish())
        }
        _ => Arc::new(each!(StringArray, text)),
    };
    report.misfits += misfits;
    debug_assert!(*ty != Type::Time || *column.data_type() == time_type());
    column
}

fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let number = value.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < 9e15)?;
        Some(number as i64)
    })
}

/// A value as text: a string as it is, anything else as JSON.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use arrow::util::pretty::pretty_format_batches;
    use serde_json::json;

    fn objects(rows: Value) -> Vec<Object> {
        rows.as_array().unwrap().iter().map(|row| row.as_object().unwrap().clone()).collect()
    }

    fn lookup(rows: Value, known: &Schema) -> (RecordBatch, u64) {
        let mut report = Imported::default();
        let batch = of(objects(rows), known, TableKind::Lookup, Time(7), &mut report).unwrap();
        (batch, report.misfits)
    }

    fn types(batch: &RecordBatch) -> Vec<(String, &'static str)> {
        let schema = batch.schema();
        let named = |field: &Arc<Field>| (field.name().clone(), Type::of(field.data_type()).unwrap().name());
        schema.fields().iter().map(named).collect()
    }

    #[test]
    fn a_new_column_takes_the_type_that_holds_all_its_values() {
        let (batch, misfits) = lookup(
            json!([{"a": 1, "B": "x", "c": null, "d": [1], "e": {"k": 1}, "f": ["s"]},
                   {"a": 1.5, "B": 2, "g": true, "f": []}]),
            &Schema::empty(),
        );
        let wanted = [
            ("a", "float"),
            ("b", "string"),
            ("d", "string"),
            ("e", "string"),
            ("f", "array of strings"),
            ("g", "boolean"),
        ];
        assert_eq!(types(&batch), wanted.map(|(name, ty)| (name.to_owned(), ty)));
        assert_eq!(misfits, 0);
        let shown = pretty_format_batches(&[batch]).unwrap().to_string();
        assert!(shown.contains("{\"k\":1}") && shown.contains("[1]"), "{shown}");
    }

    #[test]
    fn a_known_column_keeps_its_type_and_what_does_not_fit_is_null() {
        let (first, _) = lookup(json!([{"n": 1, "s": "x", "l": ["a"], "b": true}]), &Schema::empty());
        let (next, misfits) = lookup(
            json!([{"n": "two", "s": 3, "l": "b", "b": 1}, {"n": 4.0, "new": 1}, {}]),
            &first.schema(),
        );
        assert_eq!(types(&next)[..4], types(&first)[..], "in the same order");
        assert_eq!(misfits, 3, "n, l and b");
        assert_eq!(next.column(0).as_any().downcast_ref::<Int64Array>().unwrap().value(1), 4);
        assert_eq!(next.num_rows(), 3);
    }

    #[test]
    fn a_dataset_has_its_time_and_the_whole_object() {
        let mut report = Imported::default();
        let rows =
            json!([{"Timestamp": "2026-01-31T08:00:00Z", "a": 1}, {"ts": 1_700_000_000, "__x": 1}, {}]);
        let wrong = of(objects(rows.clone()), &Schema::empty(), TableKind::Dataset, Time(7), &mut report);
        assert!(wrong.unwrap_err().to_string().contains("__x"));
        let rows = json!([rows[0], {"ts": 1_700_000_000}, {"time": 1_700_000_000_000_i64}, {"ts": 5}, {}]);
        let batch = of(objects(rows), &Schema::empty(), TableKind::Dataset, Time(7), &mut report).unwrap();
        let times = batch.column(0).as_any().downcast_ref::<TimestampMicrosecondArray>().unwrap();
        let second = 1_700_000_000_000_000;
        assert_eq!(times.values()[..], [1_769_846_400_000_000, second, second, 7, 7]);
        let raw = batch.column(3).as_any().downcast_ref::<StringArray>().unwrap();
        assert_eq!(raw.value(0), r#"{"Timestamp":"2026-01-31T08:00:00Z","a":1}"#);
    }
}
