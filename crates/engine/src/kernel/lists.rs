//! Kernels over arrays, and over several columns at once.

use super::{MOST_BYTES, map_text};
use arrow::array::{Array, ArrayRef, AsArray, ListArray, ListBuilder, StringBuilder, UInt32Array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::take;
use arrow::datatypes::Field;
use datafusion::common::{Result, exec_datafusion_err, resources_err};
use datafusion::logical_expr::ColumnarValue;
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

/// The arguments of a kernel as columns of one length.
pub(crate) struct Columns {
    pub columns: Vec<ArrayRef>,
    pub rows: usize,
    /// All arguments were the same in every row: one row is computed.
    scalar: bool,
}

impl Columns {
    pub(crate) fn new(args: &[ColumnarValue], rows: usize) -> Result<Columns> {
        let scalar = args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if scalar { 1 } else { rows };
        let columns = args.iter().map(|arg| arg.to_array(rows)).collect::<Result<_>>()?;
        Ok(Columns { columns, rows, scalar })
    }

    pub(crate) fn list(&self, at: usize) -> Result<&ListArray> {
        let column = self.columns.get(at).and_then(|column| column.as_list_opt::<i32>());
        column.ok_or_else(|| exec_datafusion_err!("argument {at} is no array"))
    }

    /// The value of a column of integers.
    pub(crate) fn integer(&self, at: usize, row: usize) -> Option<i64> {
        let column = self.columns.get(at)?.as_primitive_opt::<arrow::datatypes::Int64Type>()?;
        column.is_valid(row).then(|| column.value(row))
    }

    pub(crate) fn done(&self, made: ArrayRef) -> Result<ColumnarValue> {
        Ok(match self.scalar {
            true => ColumnarValue::Scalar(ScalarValue::try_from_array(&made, 0)?),
            false => ColumnarValue::Array(made),
        })
    }
}

/// Arrays made of some of `values`: for each row the places of its elements, or null.
pub(crate) fn list_of<I>(values: &ArrayRef, rows: impl Iterator<Item = Option<I>>) -> Result<ArrayRef>
where
    I: Iterator<Item = usize>,
{
    let (mut places, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        let before = places.len();
        valid.push(row.is_some());
        places.extend(row.into_iter().flatten().map(|place| place as u32));
        lengths.push(places.len() - before);
    }
    let items = take(values, &UInt32Array::from(places), None)?;
    let field = Arc::new(Field::new_list_field(items.data_type().clone(), true));
    let nulls = NullBuffer::from(valid);
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(ListArray::try_new(field, offsets, items, Some(nulls))?))
}

/// An array of texts for each text, or null.
pub(crate) fn text_lists(
    input: &ColumnarValue,
    make: impl Fn(&str) -> Option<Vec<Option<String>>>,
) -> Result<ColumnarValue> {
    map_text(input, None, |texts| {
        let mut lists = ListBuilder::new(StringBuilder::new());
        for text in texts {
            lists.append_option(text.and_then(&make));
            if lists.values().values_slice().len() > MOST_BYTES {
                return resources_err!("a function made arrays of more than {MOST_BYTES} bytes");
            }
        }
        Ok(Arc::new(lists.finish()) as ArrayRef)
    })
}
