//! What was computed for a dictionary, kept for the next batch that brings the same one.

use arrow::array::{Array, ArrayRef, StringArray};
use parking_lot::Mutex;
use std::sync::Arc;

/// Batches of one file share their dictionaries, and a few threads read at a time.
const KEPT: usize = 8;

/// The latest dictionaries and what was made of them. The dictionary is held, so that its address
/// cannot come to mean another.
#[derive(Debug, Default)]
pub(crate) struct Memo(Mutex<Vec<(ArrayRef, ArrayRef)>>);

impl Memo {
    /// What `make` makes of the dictionary, or made of it before.
    pub(crate) fn of<E>(
        &self,
        values: &ArrayRef,
        make: impl FnOnce() -> Result<ArrayRef, E>,
    ) -> Result<ArrayRef, E> {
        if let Some((_, made)) = self.0.lock().iter().find(|(known, _)| same(known, values)) {
            return Ok(made.clone());
        }
        let made = make()?;
        let mut kept = self.0.lock();
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push((values.clone(), made.clone()));
        Ok(made)
    }
}

/// Are these the same bytes in memory? Not: are they equal.
pub(crate) fn same(a: &ArrayRef, b: &ArrayRef) -> bool {
    if Arc::ptr_eq(a, b) {
        return true;
    }
    let (Some(a), Some(b)) = (text(a), text(b)) else { return false };
    a.len() == b.len()
        && a.offsets().inner().ptr_eq(b.offsets().inner())
        && a.values().as_ptr() == b.values().as_ptr()
        && a.null_count() == b.null_count()
}

fn text(array: &ArrayRef) -> Option<&StringArray> {
    array.as_any().downcast_ref::<StringArray>()
}
