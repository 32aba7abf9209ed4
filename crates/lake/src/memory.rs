//! The rows of one dataset that are not in a data file yet.
//!
//! Rows come in batches of any size, often of one row; a query over thousands of tiny batches would
//! be slow, so neighbours of like size are joined as they come, and each row is copied a few times
//! at most. A flush takes all rows at once; they stay visible here until their file is committed.

use crate::files::{TimeRange, time_range};
use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;

/// Rows up to which neighbouring chunks are joined: the batch size queries work with.
const JOIN_ROWS: usize = 8192;

/// Rows with their place in the write-ahead log.
#[derive(Clone, Debug)]
pub(crate) struct Chunk {
    pub batch: RecordBatch,
    /// Sequences of the oldest and the newest append in it.
    pub first_sequence: u64,
    pub last_sequence: u64,
    pub time: Option<TimeRange>,
    pub insert_time: Option<TimeRange>,
    bytes: usize,
}

impl Chunk {
    fn new(batch: RecordBatch, first_sequence: u64, last_sequence: u64) -> Chunk {
        Chunk {
            first_sequence,
            last_sequence,
            time: time_range(&batch, "_time"),
            insert_time: time_range(&batch, "_insert_time"),
            bytes: batch.get_array_memory_size(),
            batch,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// Being flushed, or to be flushed again after a failure: these never change.
    sealed: Vec<Chunk>,
    active: Vec<Chunk>,
}

impl Memory {
    pub fn push(&mut self, schema: &SchemaRef, batch: RecordBatch, sequence: u64) {
        if batch.num_rows() == 0 {
            return;
        }
        self.active.push(Chunk::new(batch, sequence, sequence));
        while let [.., earlier, later] = self.active.as_slice() {
            let (rows, next) = (earlier.batch.num_rows(), later.batch.num_rows());
            if rows > next * 2 || rows + next > JOIN_ROWS {
                break;
            }
            // Joining saves time only: when it fails the chunks stay as they are.
            let Ok(batch) = concat_batches(schema, [&earlier.batch, &later.batch]) else { break };
            let joined = Chunk::new(batch, earlier.first_sequence, later.last_sequence);
            self.active.truncate(self.active.len() - 2);
            self.active.push(joined);
        }
    }

    /// What is to be written next: the chunks of a flush that failed, or else all rows.
    pub fn seal(&mut self) -> Vec<Chunk> {
        if self.sealed.is_empty() {
            self.sealed = std::mem::take(&mut self.active);
        }
        self.sealed.clone()
    }

    /// The sealed chunks are in a committed file now.
    pub fn drop_sealed(&mut self) {
        self.sealed = Vec::new();
    }

    /// All rows, oldest first.
    pub fn batches(&self) -> Vec<RecordBatch> {
        self.chunks().map(|chunk| chunk.batch.clone()).collect()
    }

    pub fn rows(&self) -> usize {
        self.chunks().map(|chunk| chunk.batch.num_rows()).sum()
    }

    pub fn bytes(&self) -> usize {
        self.chunks().map(|chunk| chunk.bytes).sum()
    }

    /// Sequence of the oldest append whose rows are only here and in the write-ahead log.
    pub fn first_sequence(&self) -> Option<u64> {
        self.chunks().next().map(|chunk| chunk.first_sequence)
    }

    pub fn chunks(&self) -> impl Iterator<Item = &Chunk> {
        self.sealed.iter().chain(&self.active)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use arrow::array::{Array, AsArray, Int64Array};
    use arrow::datatypes::{DataType, Field, Int64Type, Schema};
    use std::sync::Arc;

    fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]))
    }

    fn batch(numbers: std::ops::Range<i64>) -> RecordBatch {
        let column: Arc<dyn Array> = Arc::new(Int64Array::from_iter_values(numbers));
        RecordBatch::try_new(schema(), vec![column]).unwrap()
    }

    fn numbers(memory: &Memory) -> Vec<i64> {
        memory
            .batches()
            .iter()
            .flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec())
            .collect()
    }

    #[test]
    fn many_single_rows_become_few_chunks_in_order() {
        let mut memory = Memory::default();
        for n in 0..20_000 {
            memory.push(&schema(), batch(n..n + 1), n as u64 + 1);
        }
        assert_eq!(numbers(&memory), (0..20_000).collect::<Vec<_>>());
        assert!(memory.batches().len() < 30, "{} chunks", memory.batches().len());
        assert_eq!(memory.seal().last().unwrap().last_sequence, 20_000);
    }

    #[test]
    fn rows_that_come_during_a_flush_stay_apart() {
        let mut memory = Memory::default();
        memory.push(&schema(), batch(0..3), 1);
        let sealed = memory.seal();
        memory.push(&schema(), batch(3..5), 2);
        assert_eq!(sealed.len(), 1);
        assert_eq!(sealed[0].last_sequence, 1);
        assert_eq!(numbers(&memory), [0, 1, 2, 3, 4]);
        // A flush that failed writes the same chunks again.
        assert_eq!(memory.seal()[0].last_sequence, 1);
        memory.drop_sealed();
        assert_eq!(numbers(&memory), [3, 4]);
        assert_eq!(memory.seal()[0].last_sequence, 2);
    }
}
