//! `if()` and the like over words: the result is a dictionary of the few words it can be, so that
//! what follows (grouping, `values`) handles numbers.
//!
//! Arguments: condition, value, condition, value, …, value.

use super::Kernel;
use crate::types::words_type;
use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, Int32Array, StringArray, StringBuilder};
use arrow::buffer::{NullBuffer, ScalarBuffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::ColumnarValue;
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct ChooseWord;

/// The key of a row without a word.
const NONE: i32 = -1;

impl Kernel for ChooseWord {
    fn name(&self) -> &'static str {
        "choose_word"
    }

    fn returns(&self, _: &[DataType]) -> DataType {
        words_type()
    }

    fn run(&self, args: &[ColumnarValue], rows: usize) -> Result<ColumnarValue> {
        let Some((default, pairs)) = args.split_last() else { return exec_err!("no arguments") };
        let mut words = Words::default();
        let mut keys = vec![NONE; rows];
        let source = words.add(default)?;
        for (row, key) in keys.iter_mut().enumerate() {
            *key = source.key(row);
        }
        // The first that holds wins, so it is written last.
        for pair in pairs.chunks_exact(2).rev() {
            let source = words.add(&pair[1])?;
            for_true(&pair[0], rows, |row| keys[row] = source.key(row))?;
        }
        let values: ArrayRef = Arc::new(words.words.finish());
        let valid: NullBuffer = keys.iter().map(|key| *key != NONE).collect();
        let keys: ScalarBuffer<i32> = keys.into_iter().map(|key| key.max(0)).collect();
        let nulls = (valid.null_count() > 0).then_some(valid);
        let keys = Int32Array::try_new(keys, nulls)?;
        if values.is_empty() {
            let nothing = StringArray::from(vec![""]);
            return Ok(ColumnarValue::Array(Arc::new(DictionaryArray::try_new(keys, Arc::new(nothing))?)));
        }
        Ok(ColumnarValue::Array(Arc::new(DictionaryArray::try_new(keys, values)?)))
    }
}

/// Calls `each` for the rows where the condition is true, neither false nor null.
fn for_true(condition: &ColumnarValue, rows: usize, mut each: impl FnMut(usize)) -> Result<()> {
    match condition {
        ColumnarValue::Scalar(ScalarValue::Boolean(Some(true))) => (0..rows).for_each(each),
        ColumnarValue::Scalar(_) => {}
        ColumnarValue::Array(array) => {
            let Some(array) = array.as_boolean_opt() else {
                return exec_err!("a condition was expected, not {}", array.data_type());
            };
            let truths = match array.nulls() {
                Some(nulls) => array.values() & nulls.inner(),
                None => array.values().clone(),
            };
            truths.set_indices().for_each(&mut each);
        }
    }
    Ok(())
}

/// The dictionary of the result as it grows.
#[derive(Default)]
struct Words {
    words: StringBuilder,
}

/// Where the words of one value went.
enum Source {
    Same(i32),
    /// Keys of a dictionary, moved by so much; which keys hold null.
    Keys(Int32Array, i32, Option<NullBuffer>),
}

impl Source {
    fn key(&self, row: usize) -> i32 {
        match self {
            Source::Same(key) => *key,
            Source::Keys(keys, moved, empty) => {
                if keys.is_null(row) {
                    return NONE;
                }
                let key = keys.value(row);
                match empty {
                    Some(valid) if valid.is_null(key as usize) => NONE,
                    _ => key + moved,
                }
            }
        }
    }
}

impl Words {
    fn next(&self) -> i32 {
        // A batch has some thousand rows and so has no more words than fit.
        i32::try_from(arrow::array::ArrayBuilder::len(&self.words)).unwrap_or(i32::MAX)
    }

    fn add(&mut self, value: &ColumnarValue) -> Result<Source> {
        let array = match value {
            ColumnarValue::Scalar(scalar) => {
                let scalar = match scalar {
                    ScalarValue::Dictionary(_, inner) => inner.as_ref(),
                    other => other,
                };
                return Ok(match scalar.try_as_str().flatten() {
                    None => Source::Same(NONE),
                    Some(word) => {
                        let key = self.next();
                        self.words.append_value(word);
                        Source::Same(key)
                    }
                });
            }
            ColumnarValue::Array(array) => array,
        };
        let Some(words) = array.as_dictionary_opt::<Int32Type>() else {
            return exec_err!("words were expected, not {}", array.data_type());
        };
        let moved = self.next();
        if words.values().len() > words.len() {
            // A few rows left of a large dictionary: take only theirs.
            let plain = cast(words, &DataType::Utf8)?;
            let plain: &StringArray = plain.as_string();
            self.append(plain);
            let keys: Int32Array = (0..plain.len()).map(|row| i32::try_from(row).ok()).collect();
            return Ok(Source::Keys(keys, moved, plain.nulls().cloned()));
        }
        let values: &StringArray = words.values().as_string();
        self.append(values);
        Ok(Source::Keys(words.keys().clone(), moved, values.nulls().cloned()))
    }

    fn append(&mut self, values: &StringArray) {
        for value in values {
            self.words.append_value(value.unwrap_or(""));
        }
    }
}
