//! JSON and CSV as objects: a column's name to its value.

use super::{Imported, TableError};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

pub(super) type Object = Map<String, Value>;

/// Refused lines that are told one by one.
const TOLD: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One object a line, or one array of objects.
    Json,
    /// With a line of column names.
    Csv,
    /// Any text: each line is a `_raw_log`.
    Lines,
}

impl Format {
    /// By the end of a file's name.
    pub fn of_name(name: &str) -> Option<Format> {
        let end = name.rsplit('.').next()?.to_ascii_lowercase();
        match end.as_str() {
            "json" | "ndjson" | "jsonl" => Some(Format::Json),
            "csv" => Some(Format::Csv),
            _ => None,
        }
    }
}

/// The objects of a text, and what of it is none.
pub(super) fn objects(format: Format, text: &[u8], report: &mut Imported) -> Result<Vec<Object>, TableError> {
    let text = std::str::from_utf8(text).map_err(|error| {
        TableError::Input(format!("the text is not UTF-8 from byte {} on", error.valid_up_to()))
    })?;
    // Some programs put a mark before UTF-8.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match format {
        Format::Json => json(text, report),
        Format::Csv => csv_rows(text, report),
        Format::Lines => Ok(lines(text)),
    }
}

fn json(text: &str, report: &mut Imported) -> Result<Vec<Object>, TableError> {
    if text.trim_start().starts_with('[') {
        return array(text, report);
    }
    // An object over several lines, alone in its file.
    if serde_json::from_str::<IgnoredAny>(text).is_ok()
        && let Ok(object) = serde_json::from_str(text)
    {
        return Ok(vec![object]);
    }
    let mut objects = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match serde_json::from_str::<Object>(line) {
            Ok(object) => objects.push(object),
            Err(error) => refuse(report, format!("line {}: {}", number + 1, no_object(line, &error))),
        }
    }
    Ok(objects)
}

/// Why a line is no JSON object, in words for those who wrote it.
fn no_object(line: &str, error: &serde_json::Error) -> String {
    let line = line.trim();
    if !line.starts_with('{') {
        let some: String = line.chars().filter(|c| !c.is_control()).take(40).collect();
        return format!("not a JSON object, it begins with {some:?}");
    }
    format!("not valid JSON at column {}, or an object over several lines", error.column())
}

fn array(text: &str, report: &mut Imported) -> Result<Vec<Object>, TableError> {
    let items: Vec<Value> =
        serde_json::from_str(text).map_err(|error| TableError::Input(format!("the array: {error}")))?;
    let mut objects = Vec::new();
    for (number, item) in items.into_iter().enumerate() {
        match item {
            Value::Object(object) => objects.push(object),
            _ => refuse(report, format!("item {}: not an object", number + 1)),
        }
    }
    Ok(objects)
}

fn lines(text: &str) -> Vec<Object> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| Object::from_iter([("_raw_log".to_owned(), Value::from(line))])).collect()
}

/// The objects with their text as `_raw_log`, where they have none of their own.
pub(super) fn with_raw_log(objects: &mut [Object]) {
    for object in objects.iter_mut().filter(|object| !object.contains_key("_raw_log")) {
        let text = serde_json::to_string(object).unwrap_or_default();
        object.insert("_raw_log".to_owned(), Value::from(text));
    }
}

fn csv_rows(text: &str, report: &mut Imported) -> Result<Vec<Object>, TableError> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let wrong = |error: csv::Error| TableError::Input(error.to_string());
    let names: Vec<String> =
        reader.headers().map_err(wrong)?.iter().map(|name| name.trim().to_owned()).collect();
    if let Some(empty) = names.iter().position(String::is_empty) {
        return Err(TableError::Input(format!("column {} of the first line has no name", empty + 1)));
    }
    let mut rows: Vec<Vec<String>> = Vec::new();
    for record in reader.records() {
        match record {
            Ok(record) if record.len() == names.len() => {
                rows.push(record.iter().map(str::to_owned).collect());
            }
            Ok(record) => {
                let line = record.position().map_or(0, csv::Position::line);
                let (has, wants) = (record.len(), names.len());
                refuse(report, format!("line {line}: {has} values under {wants} names"));
            }
            Err(error) => refuse(report, error.to_string()),
        }
    }
    let readers: Vec<fn(&str) -> Option<Value>> =
        (0..names.len()).map(|column| reading(&rows, column)).collect();
    let object = |row: Vec<String>| -> Object {
        let cells = names.iter().zip(row).zip(&readers);
        cells.map(|((name, cell), read)| (name.clone(), read(&cell).unwrap_or(Value::Null))).collect()
    };
    Ok(rows.into_iter().map(object).collect())
}

/// How the cells of a column are read: as whole numbers, numbers or truths where every one of them is,
/// else as they stand. Empty cells are null.
fn reading(rows: &[Vec<String>], column: usize) -> fn(&str) -> Option<Value> {
    let whole = |cell: &str| {
        let number: i64 = cell.parse().ok()?;
        // `007` is no number to count with.
        (number.to_string() == cell).then(|| Value::from(number))
    };
    let float = |cell: &str| {
        let number = cell.parse::<f64>().ok().filter(|number| number.is_finite())?;
        let digits = cell.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.');
        let padded = cell.len() > 1 && cell.starts_with('0') && !cell.starts_with("0.");
        (digits && !padded).then(|| Value::from(number))
    };
    let truth = |cell: &str| match cell {
        "true" | "TRUE" | "True" => Some(Value::Bool(true)),
        "false" | "FALSE" | "False" => Some(Value::Bool(false)),
        _ => None,
    };
    let text = |cell: &str| (!cell.is_empty()).then(|| Value::from(cell));
    let cells = || rows.iter().filter_map(|row| row.get(column)).filter(|cell| !cell.is_empty());
    let readers: [fn(&str) -> Option<Value>; 3] = [whole, float, truth];
    let fits = |read: &&fn(&str) -> Option<Value>| cells().all(|cell| read(cell).is_some());
    if cells().next().is_none() { text } else { readers.iter().find(fits).copied().unwrap_or(text) }
}

fn refuse(report: &mut Imported, why: String) {
    report.refused_lines += 1;
    if report.refused.len() < TOLD {
        report.refused.push(why);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn read(format: Format, text: &str) -> (Vec<Value>, Imported) {
        let mut report = Imported::default();
        let objects = objects(format, text.as_bytes(), &mut report).unwrap();
        (objects.into_iter().map(Value::Object).collect(), report)
    }

    #[test]
    fn json_comes_as_lines_as_an_array_or_as_one_object() {
        for text in ["{\"a\":1}\n\n{\"a\":2}\n", "[{\"a\":1},\n{\"a\":2}]", "\u{feff}{\"a\":1}\r\n{\"a\":2}"]
        {
            assert_eq!(read(Format::Json, text).0, [json!({"a": 1}), json!({"a": 2})], "{text}");
        }
        assert_eq!(read(Format::Json, "{\n \"a\": 1\n}").0, [json!({"a": 1})]);
        assert!(read(Format::Json, "").0.is_empty());
    }

    #[test]
    fn what_is_no_object_is_refused_and_named() {
        let (rows, report) = read(Format::Json, "{\"a\":1}\n7\n{\"a\":\n");
        assert_eq!((rows.len(), report.refused_lines), (1, 2));
        assert!(report.refused[0].starts_with("line 2: not a JSON object"), "{:?}", report.refused);
        let (rows, report) = read(Format::Json, "[1, {\"a\":1}]");
        assert_eq!((rows.len(), report.refused.as_slice()), (1, &["item 1: not an object".to_owned()][..]));
        assert!(objects(Format::Json, b"[{\"a\":1}", &mut Imported::default()).is_err());
        assert!(objects(Format::Json, b"\xff\xfe", &mut Imported::default()).is_err());
    }

    #[test]
    fn csv_columns_are_numbers_only_where_every_cell_is() {
        let (rows, report) =
            read(Format::Csv, "ip,port,id,ok,x\n10.0.0.1,22,007,true,1.5\n10.0.0.2,,8,FALSE,2\n");
        assert_eq!(rows[0], json!({"ip": "10.0.0.1", "port": 22, "id": "007", "ok": true, "x": 1.5}));
        assert_eq!(rows[1], json!({"ip": "10.0.0.2", "port": null, "id": "8", "ok": false, "x": 2.0}));
        assert_eq!(report, Imported::default());
    }

    #[test]
    fn csv_rows_of_another_length_are_refused() {
        let (rows, report) = read(Format::Csv, "a,b\n1,2\n1\n1,2,3\n\"x,y\",4\n");
        assert_eq!(rows.len(), 2);
        assert_eq!(report.refused[0], "line 3: 1 values under 2 names");
        assert!(objects(Format::Csv, b"a,,c\n1,2,3\n", &mut Imported::default()).is_err());
    }
}
