//! An aggregate over all rows: a table with one group.

use arrow::array::ArrayRef;
use datafusion::common::Result;
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};
use datafusion::scalar::ScalarValue;
use parking_lot::Mutex;

/// An aggregate that can be told of groups before their first row.
pub(super) trait Grouped: GroupsAccumulator {
    fn make_room(&mut self, total: usize);
}

pub(super) struct Single<G> {
    /// Never waited for: the lock is what makes it shareable, and only `size` shares it.
    groups: Mutex<G>,
    /// As many zeros as a batch has rows.
    zeros: Vec<usize>,
}

impl<G: Grouped> Single<G> {
    pub(super) fn new(mut groups: G) -> Single<G> {
        groups.make_room(1);
        Single { groups: Mutex::new(groups), zeros: Vec::new() }
    }
}

impl<G> std::fmt::Debug for Single<G> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Single")
    }
}

impl<G: Grouped> Accumulator for Single<G> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.zeros.resize(values.first().map_or(0, |column| column.len()), 0);
        self.groups.get_mut().update_batch(values, &self.zeros, None, 1)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        ScalarValue::try_from_array(&self.groups.get_mut().evaluate(EmitTo::All)?, 0)
    }

    fn size(&self) -> usize {
        self.groups.lock().size() + self.zeros.capacity() * 8
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let states = self.groups.get_mut().state(EmitTo::All)?;
        states.iter().map(|state| ScalarValue::try_from_array(state, 0)).collect()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.zeros.resize(states.first().map_or(0, |column| column.len()), 0);
        self.groups.get_mut().merge_batch(states, &self.zeros, 1)
    }
}
