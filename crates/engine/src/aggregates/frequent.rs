//! `approx_top`: the n most frequent values, or those with the largest sum of a weight, as JSON
//! objects. Every value is counted, so the result is exact; the query's memory bounds how many
//! different values there may be.

use crate::output::{Cell, ColumnView, write_cell};
use crate::types::list_type;
use ahash::AHashMap;
use arrow::array::{Array, ArrayRef, AsArray, Float64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Expr, Signature, Volatility};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

/// Most values of one result.
pub(super) const MOST: i64 = 10_000;

/// The top `number` of a column; with a second column, which holds floats, by its sum.
pub(super) fn call(args: Vec<Expr>, number: usize) -> Expr {
    let signature = Signature::variadic_any(Volatility::Immutable);
    let weighted = args.len() > 1;
    AggregateUDF::new_from_impl(Frequent { number, weighted, signature }).call(args)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Frequent {
    number: usize,
    weighted: bool,
    signature: Signature,
}

impl AggregateUDFImpl for Frequent {
    fn name(&self) -> &str {
        "xql_approx_top"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(list_type(DataType::Utf8))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let field =
            |name, data| Arc::new(Field::new(format_state_name(args.name, name), list_type(data), true));
        Ok(vec![field("values", DataType::Utf8), field("weights", DataType::Float64)])
    }

    fn accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Counts {
            number: self.number,
            weighted: self.weighted,
            counts: AHashMap::new(),
            bytes: 0,
        }))
    }
}

/// Values as JSON, with their counts or sums.
#[derive(Debug)]
struct Counts {
    number: usize,
    weighted: bool,
    counts: AHashMap<String, f64>,
    bytes: usize,
}

impl Counts {
    fn add(&mut self, value: &str, weight: f64) {
        match self.counts.get_mut(value) {
            Some(count) => *count += weight,
            None => {
                self.bytes += value.len();
                self.counts.insert(value.to_owned(), weight);
            }
        }
    }

    fn top(&self) -> Vec<String> {
        let mut all: Vec<(&String, f64)> = self.counts.iter().map(|(value, count)| (value, *count)).collect();
        // Of equally frequent ones the smaller text comes first.
        all.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        let name = if self.weighted { "sum" } else { "count" };
        let top = all.into_iter().take(self.number);
        top.map(|(value, count)| format!("{{\"value\":{value},\"{name}\":{count}}}")).collect()
    }
}

impl Accumulator for Counts {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let weights = match values.get(1) {
            Some(weights) => Some(cast(weights, &DataType::Float64)?),
            None => None,
        };
        let weights = weights.as_ref().map(|weights| weights.as_primitive::<Float64Type>());
        let view = ColumnView::of(values[0].as_ref());
        let mut json = Vec::new();
        for row in 0..values[0].len() {
            let weight = match weights {
                Some(weights) if weights.is_valid(row) => weights.value(row),
                Some(_) => continue,
                None => 1.0,
            };
            let cell = view.cell(row);
            if !matches!(cell, Cell::Null) {
                json.clear();
                write_cell(&mut json, cell)?;
                self.add(&String::from_utf8_lossy(&json), weight);
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let top = StringArray::from_iter_values(self.top());
        Ok(SingleRowListArrayBuilder::new(Arc::new(top)).build_list_scalar())
    }

    fn size(&self) -> usize {
        size_of::<Counts>() + self.bytes + self.counts.capacity() * (size_of::<(String, f64)>() + 1)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values = StringArray::from_iter_values(self.counts.keys());
        let weights = Float64Array::from_iter_values(self.counts.values().copied());
        Ok(vec![
            SingleRowListArrayBuilder::new(Arc::new(values)).build_list_scalar(),
            SingleRowListArrayBuilder::new(Arc::new(weights)).build_list_scalar(),
        ])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [values, weights] = states else { return internal_err!("no state of approx_top") };
        let (values, weights) = (values.as_list::<i32>(), weights.as_list::<i32>());
        for (values, weights) in values.iter().zip(weights.iter()) {
            let Some((values, weights)) = values.zip(weights) else { continue };
            let weights = weights.as_primitive::<Float64Type>();
            for (value, weight) in values.as_string::<i32>().iter().zip(weights.iter()) {
                if let Some((value, weight)) = value.zip(weight) {
                    self.add(value, weight);
                }
            }
        }
        Ok(())
    }
}
