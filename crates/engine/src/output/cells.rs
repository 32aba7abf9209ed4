//! Cells of Arrow columns as borrowed values.

use arrow::array::{
    Array, AsArray, BooleanArray, DictionaryArray, Float64Array, Int64Array, ListArray, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Int32Type, TimeUnit};

/// One cell of a result.
pub(crate) enum Cell<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(&'a str),
    /// Microseconds since the epoch.
    Time(i64),
    List(ListCell<'a>),
}

/// The items of an array cell.
pub(crate) struct ListCell<'a> {
    items: &'a ColumnView<'a>,
    next: usize,
    end: usize,
}

impl<'a> Iterator for ListCell<'a> {
    type Item = Cell<'a>;

    fn next(&mut self) -> Option<Cell<'a>> {
        if self.next >= self.end {
            return None;
        }
        self.next += 1;
        Some(self.items.cell(self.next - 1))
    }
}

/// A column of one of the types results have, looked at once a batch and not once a cell.
pub(crate) enum ColumnView<'a> {
    Str(&'a StringArray),
    Words(&'a DictionaryArray<Int32Type>, &'a StringArray),
    Int(&'a Int64Array),
    Float(&'a Float64Array),
    Bool(&'a BooleanArray),
    Time(&'a TimestampMicrosecondArray),
    List(&'a ListArray, Box<ColumnView<'a>>),
    /// Of a type results do not have; the planner casts them away.
    Nothing,
}

impl<'a> ColumnView<'a> {
    pub(crate) fn of(array: &'a dyn Array) -> ColumnView<'a> {
        let view = match array.data_type() {
            DataType::Utf8 => array.as_string_opt().map(ColumnView::Str),
            DataType::Dictionary(_, _) => array.as_dictionary_opt::<Int32Type>().and_then(|words| {
                words.values().as_string_opt().map(|values| ColumnView::Words(words, values))
            }),
            DataType::Int64 => array.as_primitive_opt().map(ColumnView::Int),
            DataType::Float64 => array.as_primitive_opt().map(ColumnView::Float),
            DataType::Boolean => array.as_boolean_opt().map(ColumnView::Bool),
            DataType::Timestamp(TimeUnit::Microsecond, _) => array.as_primitive_opt().map(ColumnView::Time),
            DataType::List(_) => array
                .as_list_opt::<i32>()
                .map(|list| ColumnView::List(list, Box::new(ColumnView::of(list.values().as_ref())))),
            _ => None,
        };
        view.unwrap_or(ColumnView::Nothing)
    }

    pub(crate) fn cell(&self, row: usize) -> Cell<'_> {
        match self {
            ColumnView::Str(array) if array.is_valid(row) => Cell::Str(array.value(row)),
            ColumnView::Words(words, values) => match words.key(row) {
                Some(key) if values.is_valid(key) => Cell::Str(values.value(key)),
                _ => Cell::Null,
            },
            ColumnView::Int(array) if array.is_valid(row) => Cell::Int(array.value(row)),
            ColumnView::Float(array) if array.is_valid(row) => Cell::Float(array.value(row)),
            ColumnView::Bool(array) if array.is_valid(row) => Cell::Bool(array.value(row)),
            ColumnView::Time(array) if array.is_valid(row) => Cell::Time(array.value(row)),
            ColumnView::List(array, items) if array.is_valid(row) => {
                let offsets = array.value_offsets();
                Cell::List(ListCell { items, next: offsets[row] as usize, end: offsets[row + 1] as usize })
            }
            _ => Cell::Null,
        }
    }
}

/// The name of a result column's type.
pub(crate) fn type_name(data: &DataType) -> &'static str {
    crate::types::Type::of(data).map_or("string", |ty| ty.name())
}
