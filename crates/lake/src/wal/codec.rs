//! What a record of the write-ahead log says: rows, by column name, so that rows of an older
//! version find their columns after an upgrade. Pure functions; the bytes may be anything.
//!
//! A payload is one or more parts: dataset name, insert time, prefix and number of the first
//! identifier, the names of the columns that are not all null, the count of rows, then row by row
//! one cell a column: a tag byte and its value. Counts and integers are variable-length (7 bits a
//! byte, signed ones zigzag), which makes a typical row a quarter of its Arrow form.

use crate::columns::Stamp;
use std::borrow::Cow;
use vedette_event::{Dataset, Row, Time, Value};

/// Rows of one dataset.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub dataset: String,
    pub stamp: Stamp,
    pub columns: Vec<String>,
    pub rows: Vec<Row>,
}

impl Part {
    /// The rows in the field order of `dataset`, and the number of cells whose column is gone.
    pub fn into_rows(self, dataset: &Dataset) -> (Vec<Row>, u64) {
        let places: Vec<Option<usize>> = self.columns.iter().map(|column| dataset.position(column)).collect();
        let mut homeless = 0;
        let rows = self.rows.into_iter().map(|cells| {
            let mut row = vec![Value::Null; dataset.fields.len()];
            for (cell, place) in cells.into_iter().zip(&places) {
                match place {
                    Some(place) => row[*place] = cell,
                    None => homeless += u64::from(!cell.is_null()),
                }
            }
            row
        });
        (rows.collect(), homeless)
    }
}

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INT: u8 = 3;
const FLOAT: u8 = 4;
const TEXT: u8 = 5;
const TIME: u8 = 6;
const LIST: u8 = 7;

/// Appends one part to a payload.
pub(crate) fn encode_part(out: &mut Vec<u8>, dataset: &Dataset, stamp: &Stamp, rows: &[Row]) {
    let used: Vec<usize> = (0..dataset.fields.len())
        .filter(|position| rows.iter().any(|row| row.get(*position).is_some_and(|cell| !cell.is_null())))
        .collect();
    put_text(out, dataset.name);
    put_signed(out, stamp.insert_time.0);
    put_text(out, &stamp.id_prefix);
    put_count(out, stamp.first_id);
    put_count(out, used.len() as u64);
    for position in &used {
        put_text(out, dataset.fields[*position].name);
    }
    put_count(out, rows.len() as u64);
    for row in rows {
        for position in &used {
            put_cell(out, row.get(*position).unwrap_or(&Value::Null));
        }
    }
}

fn put_cell(out: &mut Vec<u8>, cell: &Value) {
    match cell {
        Value::List(items) => {
            out.push(LIST);
            put_count(out, items.len() as u64);
            for item in items {
                match item {
                    // No field holds lists of lists.
                    Value::List(_) => out.push(NULL),
                    item => put_scalar(out, item),
                }
            }
        }
        cell => put_scalar(out, cell),
    }
}

fn put_scalar(out: &mut Vec<u8>, cell: &Value) {
    match cell {
        Value::Null | Value::List(_) => out.push(NULL),
        Value::Bool(false) => out.push(FALSE),
        Value::Bool(true) => out.push(TRUE),
        Value::Int(number) => {
            out.push(INT);
            put_signed(out, *number);
        }
        Value::Float(number) => {
            out.push(FLOAT);
            out.extend_from_slice(&number.to_le_bytes());
        }
        Value::Str(text) => {
            out.push(TEXT);
            put_text(out, text);
        }
        Value::Time(time) => {
            out.push(TIME);
            put_signed(out, time.0);
        }
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_count(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

fn put_signed(out: &mut Vec<u8>, number: i64) {
    put_count(out, ((number << 1) ^ (number >> 63)) as u64);
}

fn put_count(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// The parts of a payload, or what is wrong with it.
pub(crate) fn decode(payload: &[u8]) -> Result<Vec<Part>, &'static str> {
    let mut reader = Reader { rest: payload };
    let mut parts = Vec::new();
    while !reader.rest.is_empty() {
        parts.push(reader.part()?);
    }
    Ok(parts)
}

struct Reader<'a> {
    rest: &'a [u8],
}

const SHORT: &str = "it ends in the middle of a value";

impl<'a> Reader<'a> {
    fn part(&mut self) -> Result<Part, &'static str> {
        let dataset = self.text()?.to_owned();
        let insert_time = Time(self.signed()?);
        let id_prefix = self.text()?.into();
        let first_id = self.count()?;
        let width = self.size(1)?;
        let columns: Vec<String> =
            (0..width).map(|_| self.text().map(str::to_owned)).collect::<Result<_, _>>()?;
        // Rows without any cell take no bytes, so only the record's own limit bounds them.
        let count = if width == 0 { self.count()?.min(MAX_EMPTY_ROWS) as usize } else { self.size(width)? };
        let mut rows = Vec::with_capacity(count);
        for _ in 0..count {
            rows.push((0..width).map(|_| self.cell()).collect::<Result<Row, _>>()?);
        }
        let stamp = Stamp { insert_time, id_prefix, first_id };
        Ok(Part { dataset, stamp, columns, rows })
    }

    fn cell(&mut self) -> Result<Value, &'static str> {
        match self.byte()? {
            LIST => {
                let count = self.size(1)?;
                let items = (0..count)
                    .map(|_| match self.byte()? {
                        LIST => Err("a list holds a list"),
                        tag => self.scalar(tag),
                    })
                    .collect::<Result<Vec<Value>, _>>()?;
                Ok(Value::List(items))
            }
            tag => self.scalar(tag),
        }
    }

    fn scalar(&mut self, tag: u8) -> Result<Value, &'static str> {
        Ok(match tag {
            NULL => Value::Null,
            FALSE => Value::Bool(false),
            TRUE => Value::Bool(true),
            INT => Value::Int(self.signed()?),
            FLOAT => {
                let mut eight = [0; 8];
                eight.copy_from_slice(self.take(8)?);
                Value::Float(f64::from_le_bytes(eight))
            }
            TEXT => Value::Str(Cow::Owned(self.text()?.to_owned())),
            TIME => Value::Time(Time(self.signed()?)),
            _ => return Err("a cell has an unknown type"),
        })
    }

    /// A count of things of at least `least` bytes each, all of which must still be there.
    fn size(&mut self, least: usize) -> Result<usize, &'static str> {
        let count = usize::try_from(self.count()?).map_err(|_| SHORT)?;
        match count.checked_mul(least) {
            Some(bytes) if bytes <= self.rest.len() => Ok(count),
            _ => Err(SHORT),
        }
    }

    fn text(&mut self) -> Result<&'a str, &'static str> {
        let length = self.size(1)?;
        std::str::from_utf8(self.take(length)?).map_err(|_| "a text is not UTF-8")
    }

    fn signed(&mut self) -> Result<i64, &'static str> {
        let number = self.count()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    fn count(&mut self) -> Result<u64, &'static str> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err("a number is longer than 64 bits")
    }

    fn byte(&mut self) -> Result<u8, &'static str> {
        let (byte, rest) = self.rest.split_first().ok_or(SHORT)?;
        self.rest = rest;
        Ok(*byte)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], &'static str> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(SHORT)?;
        self.rest = rest;
        Ok(taken)
    }
}

/// Rows of nothing but nulls that one part may hold.
pub(crate) const MAX_EMPTY_ROWS: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use vedette_event::{Field, FieldType};

    const DATASET: Dataset = Dataset {
        name: "things",
        doc: "Test.",
        fields: &[
            Field::time("_time", "t"),
            Field::str("name", "n"),
            Field::int("size", "s"),
            Field::new("score", FieldType::Float, "f"),
            Field::bool("yes", "b"),
            Field::new("tags", FieldType::StrList, "l"),
            Field::int("never", "always null"),
        ],
    };

    fn stamp() -> Stamp {
        Stamp { insert_time: Time(-5), id_prefix: "abc-1".into(), first_id: 1 << 40 }
    }

    fn row(name: &str, size: i64) -> Row {
        vec![
            Value::Time(Time(i64::MIN)),
            Value::text(name),
            Value::Int(size),
            Value::Float(-0.5),
            Value::Bool(true),
            Value::List(vec![Value::text("ä"), Value::Null, Value::Int(3)]),
            Value::Null,
        ]
    }

    fn encoded() -> Vec<u8> {
        let mut out = Vec::new();
        encode_part(&mut out, &DATASET, &stamp(), &[row("a", i64::MAX), row("", i64::MIN)]);
        encode_part(&mut out, &DATASET, &stamp(), &[vec![Value::Null; 7]]);
        out
    }

    #[test]
    fn rows_come_back_as_they_were() {
        let parts = decode(&encoded()).unwrap();
        assert_eq!(parts.len(), 2);
        assert!(!parts[0].columns.iter().any(|column| column == "never"));
        assert_eq!(parts[0].stamp.insert_time, Time(-5));
        assert_eq!(parts[0].stamp.id(1), "abc-1-10000000001");
        let (rows, homeless) = parts[0].clone().into_rows(&DATASET);
        assert_eq!(rows, [row("a", i64::MAX), row("", i64::MIN)]);
        assert_eq!(homeless, 0);
        let (rows, _) = parts[1].clone().into_rows(&DATASET);
        assert_eq!(rows, [vec![Value::Null; 7]]);
    }

    #[test]
    fn columns_are_found_by_name_in_another_version() {
        const LATER: Dataset = Dataset {
            name: "things",
            doc: "Test.",
            fields: &[Field::int("new", "n"), Field::int("size", "s"), Field::time("_time", "t")],
        };
        let part = decode(&encoded()).unwrap().remove(0);
        let (rows, homeless) = part.into_rows(&LATER);
        assert_eq!(rows[0], [Value::Null, Value::Int(i64::MAX), Value::Time(Time(i64::MIN))]);
        assert_eq!(homeless, 8, "name, score, yes and tags of two rows have no column");
    }

    #[test]
    fn a_cut_payload_is_an_error_at_every_byte() {
        let whole = encoded();
        let mut first = Vec::new();
        encode_part(&mut first, &DATASET, &stamp(), &[row("a", i64::MAX), row("", i64::MIN)]);
        for cut in 1..whole.len() {
            assert_eq!(decode(&whole[..cut]).is_ok(), cut == first.len(), "cut at {cut}");
        }
    }

    #[test]
    fn counts_that_lie_do_not_allocate() {
        // A dataset name said to be 2^60 bytes long; a list of 2^60 items.
        let mut huge = Vec::new();
        put_count(&mut huge, 1 << 60);
        assert!(decode(&huge).is_err());
        let mut whole = Vec::new();
        put_text(&mut whole, "things");
        put_signed(&mut whole, 0);
        put_text(&mut whole, "p");
        put_count(&mut whole, 0);
        put_count(&mut whole, 1);
        put_text(&mut whole, "tags");
        put_count(&mut whole, 1);
        whole.push(LIST);
        put_count(&mut whole, 1 << 60);
        assert!(decode(&whole).is_err());
        assert!(decode(&[0xff; 64]).is_err());
    }
}
