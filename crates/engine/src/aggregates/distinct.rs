//! `values` and `count_distinct`: the different values of each group.
//!
//! DataFusion's own keep a boxed set for every group, which costs ten times the time and the
//! memory on thousands of groups; here all groups share one table.

use super::intern::{Interner, NONE};
use super::pairs::Pairs;
use super::single::{Grouped, Single};
use crate::types::{list_type, words_type};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, ListArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{cast, is_not_null};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, Expr, GroupsAccumulator, Signature, Volatility,
};
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum What {
    Values,
    Count,
}

/// The call of one of them.
pub(super) fn call(what: What, arg: Expr) -> Expr {
    let signature = Signature::any(1, Volatility::Immutable);
    AggregateUDF::new_from_impl(Distinct { what, signature }).call(vec![arg])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Distinct {
    what: What,
    signature: Signature,
}

/// The type of one value of a column of that type.
pub(super) fn value_type(data: &DataType) -> DataType {
    if *data == words_type() { DataType::Utf8 } else { data.clone() }
}

impl AggregateUDFImpl for Distinct {
    fn name(&self) -> &str {
        match self.what {
            What::Values => "xql_values",
            What::Count => "xql_count_distinct",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, args: &[DataType]) -> Result<DataType> {
        match (self.what, args.first()) {
            (What::Count, _) => Ok(DataType::Int64),
            (What::Values, Some(data)) => Ok(list_type(value_type(data))),
            (What::Values, None) => exec_err!("values() needs an argument"),
        }
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let data = args.input_fields.first().map_or(DataType::Null, |field| value_type(field.data_type()));
        Ok(vec![Arc::new(Field::new(format_state_name(args.name, "values"), list_type(data), true))])
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

impl Distinct {
    fn groups(&self, args: &AccumulatorArgs) -> Result<Groups> {
        let Some(field) = args.expr_fields.first() else { return exec_err!("no argument") };
        let data = value_type(field.data_type());
        let interner = Interner::new(data.clone());
        Ok(Groups { what: self.what, data, interner, pairs: Pairs::default(), ids: Vec::new() })
    }
}

struct Groups {
    what: What,
    data: DataType,
    interner: Interner,
    pairs: Pairs,
    /// Of the batch at hand.
    ids: Vec<u32>,
}

impl Groups {
    /// The pairs of these groups as one array a group, ascending or in any order.
    fn lists(&mut self, emit: EmitTo, ascending: bool) -> ArrayRef {
        let order = if ascending { self.interner.ascending() } else { Vec::new() };
        let mut rank = vec![0u32; order.len()];
        for (at, id) in order.iter().enumerate() {
            rank[*id as usize] = at as u32;
        }
        let (ids, lengths) = self.pairs.take(emit, ascending.then_some(rank.as_slice()));
        let value = |id: &u32| if ascending { order[*id as usize] } else { *id };
        let values = self.interner.column(ids.iter().map(value));
        if matches!(emit, EmitTo::All) {
            self.interner = Interner::new(self.data.clone());
        }
        let item = Arc::new(Field::new_list_field(self.data.clone(), true));
        Arc::new(ListArray::new(item, OffsetBuffer::from_lengths(lengths), values, None))
    }
}

impl Grouped for Groups {
    fn make_room(&mut self, total: usize) {
        self.pairs.groups(total);
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
        self.pairs.groups(total);
        self.interner.intern(&values[0], &mut self.ids)?;
        for (row, (id, group)) in self.ids.iter().zip(groups).enumerate() {
            if *id != NONE && filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row)) {
                self.pairs.insert(*group, *id);
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        match self.what {
            What::Values => Ok(self.lists(emit, true)),
            What::Count => Ok(Arc::new(Int64Array::from(self.pairs.take_counts(emit)))),
        }
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.lists(emit, false)])
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.pairs.groups(total);
        let lists = states[0].as_list::<i32>();
        let offsets = lists.value_offsets();
        let first = offsets.first().map_or(0, |first| *first as usize);
        let last = offsets.last().map_or(0, |last| *last as usize);
        self.interner.intern(&lists.values().slice(first, last - first), &mut self.ids)?;
        for (row, group) in groups.iter().enumerate() {
            if lists.is_null(row) {
                continue;
            }
            for at in offsets[row] as usize - first..offsets[row + 1] as usize - first {
                if self.ids[at] != NONE {
                    self.pairs.insert(*group, self.ids[at]);
                }
            }
        }
        Ok(())
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        Ok(vec![lists_of_one(&values[0], &self.data, filter)?])
    }

    fn size(&self) -> usize {
        self.interner.size() + self.pairs.size() + self.ids.capacity() * 4
    }
}

/// Each row as an array of its one value; null where it has none or is filtered away.
pub(super) fn lists_of_one(
    column: &ArrayRef,
    data: &DataType,
    filter: Option<&BooleanArray>,
) -> Result<ArrayRef> {
    let plain = cast(column, data)?;
    let mut valid = is_not_null(&plain)?;
    if let Some(filter) = filter {
        valid = arrow::compute::and(&valid, &arrow::compute::prep_null_mask_filter(filter))?;
    }
    let item = Arc::new(Field::new_list_field(data.clone(), true));
    let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(1, plain.len()));
    let nulls = NullBuffer::new(valid.values().clone());
    Ok(Arc::new(ListArray::new(item, offsets, plain, Some(nulls))))
}
