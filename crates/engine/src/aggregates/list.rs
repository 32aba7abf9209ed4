//! `list`: up to 100 values of each group, duplicates kept, in no promised order. That some
//! values were left out is told beside the result.

use super::distinct::{lists_of_one, value_type};
use super::single::{Grouped, Single};
use crate::types::list_type;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, ListArray, UInt32Array, new_empty_array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{cast, concat, take};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, Expr, GroupsAccumulator, Signature, Volatility,
};
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Most values in one list.
pub(crate) const MOST: usize = 100;

/// The call of it; `cut` is raised when a list had to leave values out.
pub(super) fn call(arg: Expr, cut: Arc<AtomicBool>) -> Expr {
    let signature = Signature::any(1, Volatility::Immutable);
    AggregateUDF::new_from_impl(List { cut, signature }).call(vec![arg])
}

#[derive(Debug)]
struct List {
    cut: Arc<AtomicBool>,
    signature: Signature,
}

impl PartialEq for List {
    fn eq(&self, other: &List) -> bool {
        Arc::ptr_eq(&self.cut, &other.cut)
    }
}

impl Eq for List {}

impl Hash for List {
    fn hash<H: Hasher>(&self, state: &mut H) {
        "list".hash(state);
    }
}

impl AggregateUDFImpl for List {
    fn name(&self) -> &str {
        "xql_list"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, args: &[DataType]) -> Result<DataType> {
        match args.first() {
            Some(data) => Ok(list_type(value_type(data))),
            None => exec_err!("list() needs an argument"),
        }
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let data = args.input_fields.first().map_or(DataType::Null, |field| value_type(field.data_type()));
        Ok(vec![Arc::new(Field::new(format_state_name(args.name, "list"), list_type(data), true))])
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Single::new(self.groups(&args)?)))
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(self.groups(&args)?))
    }
}

impl List {
    fn groups(&self, args: &AccumulatorArgs) -> Result<Groups> {
        let Some(field) = args.expr_fields.first() else { return exec_err!("no argument") };
        let data = value_type(field.data_type());
        Ok(Groups { kept: new_empty_array(&data), data, lists: Vec::new(), bytes: 0, cut: self.cut.clone() })
    }
}

struct Groups {
    data: DataType,
    /// All values kept, of all groups mixed.
    kept: ArrayRef,
    /// Where in `kept` each group's values are; one more than the most tells that some were cut.
    lists: Vec<Vec<u32>>,
    /// Bytes of `lists`.
    bytes: usize,
    cut: Arc<AtomicBool>,
}

impl Groups {
    /// Adds the values at these places of `values` to their groups.
    fn add(&mut self, values: &ArrayRef, rows: impl Iterator<Item = (u32, usize)>) -> Result<()> {
        let mut taken = Vec::new();
        let start = self.kept.len() as u32;
        for (row, group) in rows {
            let list = &mut self.lists[group];
            if list.len() <= MOST {
                let before = list.capacity();
                list.push(start + taken.len() as u32);
                self.bytes += (list.capacity() - before) * 4;
                taken.push(row);
            }
        }
        if !taken.is_empty() {
            let new = take(values, &UInt32Array::from(taken), None)?;
            self.kept = if self.kept.is_empty() { new } else { concat(&[&self.kept, &new])? };
        }
        Ok(())
    }

    fn lists(&mut self, emit: EmitTo, most: usize) -> Result<ArrayRef> {
        let lists = emit.take_needed(&mut self.lists);
        let lengths = lists.iter().map(|list| list.len().min(most));
        let offsets = OffsetBuffer::from_lengths(lengths);
        let places: UInt32Array = lists.iter().flat_map(|list| list.iter().take(most)).copied().collect();
        let values = take(&self.kept, &places, None)?;
        if self.lists.is_empty() {
            self.kept = new_empty_array(&self.data);
            self.bytes = 0;
        }
        let item = Arc::new(Field::new_list_field(self.data.clone(), true));
        Ok(Arc::new(ListArray::new(item, offsets, values, None)))
    }
}

impl Grouped for Groups {
    fn make_room(&mut self, total: usize) {
        if self.lists.len() < total {
            self.bytes += (total - self.lists.len()) * size_of::<Vec<u32>>();
            self.lists.resize_with(total, Vec::new);
        }
    }
}

impl GroupsAccumulator for Groups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.make_room(total);
        let plain = cast(&values[0], &self.data)?;
        let nulls = plain.logical_nulls();
        let counts = |row: &usize| {
            nulls.as_ref().is_none_or(|nulls| nulls.is_valid(*row))
                && filter.is_none_or(|filter| filter.is_valid(*row) && filter.value(*row))
        };
        self.add(&plain, (0..groups.len()).filter(counts).map(|row| (row as u32, groups[row])))
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        if self.lists.iter().any(|list| list.len() > MOST) {
            self.cut.store(true, Ordering::Relaxed);
        }
        self.lists(emit, MOST)
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.lists(emit, MOST + 1)?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.make_room(total);
        let lists = states[0].as_list::<i32>();
        let offsets = lists.value_offsets();
        let values = lists.values();
        let rows = groups.iter().enumerate().filter(|(row, _)| lists.is_valid(*row));
        let places = rows.flat_map(|(row, group)| {
            let items = offsets[row] as u32..offsets[row + 1] as u32;
            items.filter(|at| values.is_valid(*at as usize)).map(move |at| (at, *group))
        });
        let places: Vec<(u32, usize)> = places.collect();
        self.add(values, places.into_iter())
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        Ok(vec![lists_of_one(&values[0], &self.data, filter)?])
    }

    fn size(&self) -> usize {
        self.bytes + self.kept.get_array_memory_size()
    }
}
