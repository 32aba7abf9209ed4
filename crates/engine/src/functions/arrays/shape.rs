//! Arrays made of arrays.

use crate::functions::json;
use crate::kernel::{Columns, Kernel, Simple, list_of};
use crate::types::list_type;
use arrow::array::{
    Array, ArrayRef, AsArray, ListArray, ListBuilder, StringArray, StringBuilder, UInt32Array,
    new_empty_array,
};
use arrow::compute::{concat, take};
use arrow::datatypes::{DataType, Field};
use arrow::row::{RowConverter, SortField};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::ColumnarValue;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

/// The places of a row's elements in the values of a list column.
pub(super) fn places(lists: &ListArray, row: usize) -> Option<Range<usize>> {
    let offsets = lists.value_offsets();
    lists.is_valid(row).then(|| offsets[row] as usize..offsets[row + 1] as usize)
}

/// The same arrays with other elements, one for each.
pub(super) fn with_values(lists: &ListArray, values: ArrayRef) -> ArrayRef {
    let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    Arc::new(ListArray::new(field, lists.offsets().clone(), values, lists.nulls().cloned()))
}

fn element_type(args: &[DataType]) -> DataType {
    match args.first() {
        Some(DataType::List(item)) => item.data_type().clone(),
        _ => DataType::Utf8,
    }
}

fn first_type(args: &[DataType]) -> DataType {
    list_type(element_type(args))
}

/// `arraycreate`: one element from each column.
#[derive(Debug)]
pub(super) struct Create(pub DataType);

impl Kernel for Create {
    fn name(&self) -> &'static str {
        "arraycreate"
    }

    fn returns(&self, _: &[DataType]) -> DataType {
        list_type(self.0.clone())
    }

    fn run(&self, args: &[ColumnarValue], rows: usize) -> Result<ColumnarValue> {
        let all = Columns::new(args, rows)?;
        let columns: Vec<&dyn Array> = all.columns.iter().map(|column| column.as_ref()).collect();
        let values = if columns.is_empty() { new_empty_array(&self.0) } else { concat(&columns)? };
        let row = |row| Some((0..columns.len()).map(move |column| column * all.rows + row));
        all.done(list_of(&values, (0..all.rows).map(row))?)
    }
}

/// Null when one of the arrays is.
pub(super) static CONCAT: Simple = Simple {
    name: "arrayconcat",
    returns: first_type,
    run: |args, rows| {
        let all = Columns::new(args, rows)?;
        let lists = (0..all.columns.len()).map(|at| all.list(at)).collect::<Result<Vec<_>>>()?;
        let values: Vec<&dyn Array> = lists.iter().map(|list| list.values().as_ref()).collect();
        let mut start = 0;
        let mut starts = Vec::new();
        for values in &values {
            starts.push(start);
            start += values.len();
        }
        let row = |row| {
            let parts = lists.iter().zip(&starts).map(|(list, start)| {
                places(list, row).map(|places| places.start + start..places.end + start)
            });
            Some(parts.collect::<Option<Vec<_>>>()?.into_iter().flatten())
        };
        all.done(list_of(&concat(&values)?, (0..all.rows).map(row))?)
    },
};

/// Each element where it is first seen.
pub(super) static DISTINCT: Simple = Simple {
    name: "arraydistinct",
    returns: first_type,
    run: |args, rows| {
        let all = Columns::new(args, rows)?;
        let lists = all.list(0)?;
        let converter = RowConverter::new(vec![SortField::new(lists.values().data_type().clone())])?;
        let keys = converter.convert_columns(&[lists.values().clone()])?;
        let row = |row| {
            let mut seen = HashSet::new();
            let first: Vec<usize> = places(lists, row)?.filter(|at| seen.insert(keys.row(*at))).collect();
            Some(first.into_iter())
        };
        all.done(list_of(lists.values(), (0..all.rows).map(row))?)
    },
};

/// Null outside the array.
pub(super) static INDEX: Simple = Simple {
    name: "arrayindex",
    returns: element_type,
    run: |args, rows| {
        let all = Columns::new(args, rows)?;
        let lists = all.list(0)?;
        let place = |row| {
            let (places, index) = (places(lists, row)?, all.integer(1, row)?);
            let from = if index < 0 { places.end } else { places.start };
            let at = usize::try_from(i64::try_from(from).ok()?.checked_add(index)?).ok()?;
            places.contains(&at).then_some(at as u32)
        };
        let chosen: UInt32Array = (0..all.rows).map(place).collect();
        all.done(take(lists.values(), &chosen, None)?)
    },
};

/// From start up to, without, end; what lies outside the array is left out.
pub(super) static RANGE: Simple = Simple {
    name: "arrayrange",
    returns: first_type,
    run: |args, rows| {
        let all = Columns::new(args, rows)?;
        let lists = all.list(0)?;
        let row = |row| {
            let places = places(lists, row)?;
            let clipped = |at: i64| usize::try_from(at.max(0)).unwrap_or(usize::MAX).min(places.len());
            let (start, end) = (clipped(all.integer(1, row)?), clipped(all.integer(2, row)?));
            Some(places.start + start..places.start + end.max(start))
        };
        all.done(list_of(lists.values(), (0..all.rows).map(row))?)
    },
};

/// An array of arrays as one.
pub(super) static FLATTEN: Simple = Simple {
    name: "arrayflatten",
    returns: |args| element_type(args),
    run: |args, rows| {
        let all = Columns::new(args, rows)?;
        let outer = all.list(0)?;
        let Some(inner) = outer.values().as_list_opt::<i32>() else {
            return internal_err!("no array of arrays");
        };
        let row = |row| Some(places(outer, row)?.filter_map(|at| places(inner, at)).flatten());
        all.done(list_of(inner.values(), (0..all.rows).map(row))?)
    },
};

/// Texts that are no JSON arrays stay as they are.
pub(super) static MERGE: Simple = Simple {
    name: "arraymerge",
    returns: |_| list_type(DataType::Utf8),
    run: |args, rows| {
        let all = Columns::new(args, rows)?;
        let lists = all.list(0)?;
        let texts: &StringArray = lists.values().as_string();
        let mut made = ListBuilder::new(StringBuilder::new());
        for row in 0..all.rows {
            let Some(places) = places(lists, row) else {
                made.append_null();
                continue;
            };
            for text in places.filter(|at| texts.is_valid(*at)).map(|at| texts.value(at)) {
                match json::items(text) {
                    Some(items) => items.into_iter().for_each(|item| made.values().append_option(item)),
                    None => made.values().append_value(text),
                }
            }
            made.append(true);
        }
        all.done(Arc::new(made.finish()))
    },
};
