//! `sum` of integers, in 128 bits: a sum that 64 bits cannot hold is null and never wraps round.

use super::single::{Grouped, Single};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Int64Array};
use arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef, Int64Type};
use datafusion::common::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, Expr, GroupsAccumulator, Signature, Volatility,
};
use std::sync::Arc;

pub(super) fn call(arg: Expr) -> Expr {
    let signature = Signature::exact(vec![DataType::Int64], Volatility::Immutable);
    AggregateUDF::new_from_impl(Sum { signature }).call(vec![arg])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Sum {
    signature: Signature,
}

/// What the parts of a sum travel as.
const STATE: DataType = DataType::Decimal128(38, 0);

impl AggregateUDFImpl for Sum {
    fn name(&self) -> &str {
        "xql_sum"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format_state_name(args.name, "sum"), STATE, true))])
    }

    fn accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Single::new(Groups::default())))
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Groups::default()))
    }
}

#[derive(Default)]
struct Groups {
    sums: Vec<i128>,
    /// Groups that had a value.
    seen: Vec<bool>,
}

impl Groups {
    fn add(&mut self, group: usize, value: i128) {
        self.sums[group] = self.sums[group].saturating_add(value);
        self.seen[group] = true;
    }

    fn take(&mut self, emit: EmitTo) -> impl Iterator<Item = Option<i128>> {
        let sums = emit.take_needed(&mut self.sums).into_iter();
        let seen = emit.take_needed(&mut self.seen).into_iter();
        sums.zip(seen).map(|(sum, seen)| seen.then_some(sum))
    }
}

impl Grouped for Groups {
    fn make_room(&mut self, total: usize) {
        if self.sums.len() < total {
            self.sums.resize(total, 0);
            self.seen.resize(total, false);
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
        let numbers = values[0].as_primitive::<Int64Type>();
        if numbers.null_count() == 0 && filter.is_none() {
            for (number, group) in numbers.values().iter().zip(groups) {
                self.add(*group, i128::from(*number));
            }
            return Ok(());
        }
        for (row, group) in groups.iter().enumerate() {
            if numbers.is_valid(row) && filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row))
            {
                self.add(*group, i128::from(numbers.value(row)));
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let sums = self.take(emit).map(|sum| sum.and_then(|sum| i64::try_from(sum).ok()));
        Ok(Arc::new(sums.collect::<Int64Array>()))
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let sums: Decimal128Array = self.take(emit).collect();
        Ok(vec![Arc::new(sums.with_data_type(STATE))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.make_room(total);
        let sums = states[0].as_primitive::<Decimal128Type>();
        for (row, group) in groups.iter().enumerate() {
            if sums.is_valid(row) {
                self.add(*group, sums.value(row));
            }
        }
        Ok(())
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let numbers = values[0].as_primitive::<Int64Type>();
        let sums: Decimal128Array = (0..numbers.len())
            .map(|row| {
                let counts = filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
                (counts && numbers.is_valid(row)).then(|| i128::from(numbers.value(row)))
            })
            .collect();
        Ok(vec![Arc::new(sums.with_data_type(STATE))])
    }

    fn size(&self) -> usize {
        self.sums.capacity() * 16 + self.seen.capacity()
    }
}
