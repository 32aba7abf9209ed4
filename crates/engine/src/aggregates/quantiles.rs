//! `approx_quantiles`: the bounds of n parts of equal size. Values are kept as they are while
//! there are few; then in layers, each value of a layer standing for twice as many as one of the
//! layer below, so that memory grows with the logarithm of the number of values. The smallest and
//! the largest value are exact, the rank of the others is off by less than half a percent.
//!
//! DISTINCT values are kept all, so their number bounds the memory.

use crate::kernel::{Columns, Simple};
use crate::types::list_type;
use ahash::AHashSet;
use arrow::array::{Array, ArrayRef, AsArray, Float64Array, ListArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type, Int64Type};
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Expr, Signature, Volatility};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

/// Most parts.
pub(super) const MOST: i64 = 10_000;

/// Values of one layer.
const LAYER: usize = 4_096;

/// `number` parts of a column of floats: an array of `number + 1` floats.
pub(super) fn call(arg: Expr, number: usize, distinct: bool) -> Expr {
    let signature = Signature::any(1, Volatility::Immutable);
    AggregateUDF::new_from_impl(Quantiles { number, distinct, signature }).call(vec![arg])
}

/// Bounds as the whole numbers they were; the largest come back as the largest there is.
pub(super) static WHOLE: Simple = Simple {
    name: "whole_bounds",
    returns: |_| list_type(DataType::Int64),
    run: |args, rows| {
        let all = Columns::new(args, rows)?;
        let lists = all.list(0)?;
        let whole = lists.values().as_primitive::<Float64Type>().unary::<_, Int64Type>(|bound| bound as i64);
        let item = Arc::new(Field::new_list_field(DataType::Int64, true));
        let lists =
            ListArray::try_new(item, lists.offsets().clone(), Arc::new(whole), lists.nulls().cloned())?;
        all.done(Arc::new(lists))
    },
};

#[derive(Debug, PartialEq, Eq, Hash)]
struct Quantiles {
    number: usize,
    distinct: bool,
    signature: Signature,
}

impl AggregateUDFImpl for Quantiles {
    fn name(&self) -> &str {
        "xql_approx_quantiles"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(list_type(DataType::Float64))
    }

    /// Pairs of a layer and a value, one behind the other.
    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let name = format_state_name(args.name, "layers");
        Ok(vec![Arc::new(Field::new(name, list_type(DataType::Float64), true))])
    }

    fn accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Sketch {
            number: self.number,
            distinct: self.distinct.then(AHashSet::new),
            layers: Vec::new(),
            low: f64::INFINITY,
            high: f64::NEG_INFINITY,
            odd: false,
        }))
    }
}

#[derive(Debug)]
struct Sketch {
    number: usize,
    /// The values seen, by their bits.
    distinct: Option<AHashSet<u64>>,
    layers: Vec<Vec<f64>>,
    low: f64,
    high: f64,
    /// Which of two neighbours goes up next time.
    odd: bool,
}

impl Sketch {
    fn see(&mut self, value: f64) {
        if value.is_nan() {
            return;
        }
        self.low = self.low.min(value);
        self.high = self.high.max(value);
        match &mut self.distinct {
            // Zero and minus zero are one value.
            Some(seen) => drop(seen.insert((value + 0.0).to_bits())),
            None => self.add(0, value),
        }
    }

    fn add(&mut self, layer: usize, value: f64) {
        while self.layers.len() <= layer {
            self.layers.push(Vec::new());
        }
        self.layers[layer].push(value);
        let mut full = layer;
        while self.layers[full].len() >= LAYER {
            let mut values = std::mem::take(&mut self.layers[full]);
            values.sort_unstable_by(f64::total_cmp);
            self.odd = !self.odd;
            let every_other = values.into_iter().skip(usize::from(self.odd)).step_by(2);
            full += 1;
            if self.layers.len() == full {
                self.layers.push(Vec::new());
            }
            self.layers[full].extend(every_other);
        }
    }

    /// All values in order with what each stands for.
    fn weighted(&self) -> Vec<(f64, u64)> {
        let mut all: Vec<(f64, u64)> = match &self.distinct {
            Some(seen) => seen.iter().map(|bits| (f64::from_bits(*bits), 1)).collect(),
            None => {
                let layers = self.layers.iter().enumerate();
                layers
                    .flat_map(|(at, values)| values.iter().map(move |value| (*value, 1 << at.min(62))))
                    .collect()
            }
        };
        all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        all
    }

    fn bounds(&self) -> Option<Vec<f64>> {
        let all = self.weighted();
        let total: u64 = all.iter().map(|(_, weight)| weight).sum();
        if total == 0 {
            return None;
        }
        let mut bounds = vec![self.low];
        let (mut at, mut before) = (0, 0);
        for part in 1..self.number {
            let rank = (u128::from(total) * part as u128).div_ceil(self.number as u128) as u64;
            while at + 1 < all.len() && before + all[at].1 < rank {
                before += all[at].1;
                at += 1;
            }
            bounds.push(all[at].0);
        }
        bounds.push(self.high);
        Some(bounds)
    }
}

fn list(values: Option<Vec<f64>>) -> ScalarValue {
    match values {
        Some(values) => {
            SingleRowListArrayBuilder::new(Arc::new(Float64Array::from(values))).build_list_scalar()
        }
        None => ScalarValue::new_null_list(DataType::Float64, true, 1),
    }
}

impl Accumulator for Sketch {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let values = cast(&values[0], &DataType::Float64)?;
        values.as_primitive::<Float64Type>().iter().flatten().for_each(|value| self.see(value));
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(list(self.bounds()))
    }

    fn size(&self) -> usize {
        let layers: usize =
            self.layers.iter().map(|layer| layer.capacity() * 8 + size_of::<Vec<f64>>()).sum();
        size_of::<Sketch>() + layers + self.distinct.as_ref().map_or(0, |seen| seen.capacity() * 9)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let mut state = Vec::new();
        if self.low <= self.high {
            state.extend([-1.0, self.low, -1.0, self.high]);
        }
        for (at, layer) in self.layers.iter().enumerate() {
            layer.iter().for_each(|value| state.extend([at as f64, *value]));
        }
        let seen = self.distinct.iter().flatten();
        seen.for_each(|bits| state.extend([0.0, f64::from_bits(*bits)]));
        Ok(vec![list(Some(state))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let Some(states) = states.first().and_then(|states| states.as_list_opt::<i32>()) else {
            return internal_err!("no state of approx_quantiles");
        };
        for state in states.iter().flatten() {
            for pair in state.as_primitive::<Float64Type>().values().chunks_exact(2) {
                self.low = self.low.min(pair[1]);
                self.high = self.high.max(pair[1]);
                match &mut self.distinct {
                    _ if pair[0] < 0.0 => {}
                    Some(seen) => drop(seen.insert(pair[1].to_bits())),
                    None => self.add(pair[0] as usize, pair[1]),
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sketch(number: usize) -> Sketch {
        Sketch {
            number,
            distinct: None,
            layers: Vec::new(),
            low: f64::INFINITY,
            high: f64::NEG_INFINITY,
            odd: false,
        }
    }

    #[test]
    fn ranks_stay_near_in_little_memory() {
        const COUNT: u64 = 2_000_000;
        let mut whole = sketch(10);
        let mut parts = [sketch(10), sketch(10), sketch(10)];
        for at in 0..COUNT {
            // Every number below COUNT once, in no order.
            let value = (at * 1_000_003 % COUNT) as f64;
            whole.see(value);
            parts[at as usize % 3].see(value);
        }
        let mut merged = sketch(10);
        for part in &mut parts {
            let state = part.state().unwrap_or_default();
            let state = state[0].to_array().unwrap_or_else(|_| Arc::new(Float64Array::from(vec![0.0])));
            assert!(merged.merge_batch(&[state]).is_ok());
        }
        for sketch in [&whole, &merged] {
            assert!(sketch.size() < 1 << 20, "{}", sketch.size());
            let bounds = sketch.bounds().unwrap_or_default();
            assert_eq!((bounds[0], bounds[10]), (0.0, (COUNT - 1) as f64));
            for (part, bound) in bounds.iter().enumerate() {
                let wanted = COUNT as f64 * part as f64 / 10.0;
                assert!((bound - wanted).abs() < COUNT as f64 * 0.005, "{part}: {bound}");
            }
        }
    }
}
