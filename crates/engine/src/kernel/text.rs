//! Kernels over strings, whether plain or as a dictionary: a dictionary's words are looked at
//! once, not once a row.

use super::Memo;
use crate::types::{is_words, words_type};
use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, Int32Array, StringArray, StringBuilder};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Int32Type};
use datafusion::common::{Result, exec_err, resources_err};
use datafusion::logical_expr::ColumnarValue;
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

/// Most bytes of the strings a function makes in one batch: an array cannot hold twice as many.
pub(crate) const MOST_BYTES: usize = 1 << 30;

/// A column of strings as it grows.
pub(crate) struct TextColumn(StringBuilder);

impl TextColumn {
    pub(crate) fn new(rows: usize) -> TextColumn {
        TextColumn(StringBuilder::with_capacity(rows, 16 * rows))
    }

    /// Fails when the column holds more than memory should be given to.
    pub(crate) fn push(&mut self, text: Option<impl AsRef<str>>) -> Result<()> {
        let length = text.as_ref().map_or(0, |text| text.as_ref().len());
        if self.0.values_slice().len() + length > MOST_BYTES {
            return resources_err!("a function made more than {MOST_BYTES} bytes of text");
        }
        self.0.append_option(text);
        Ok(())
    }

    pub(crate) fn finish(mut self) -> ArrayRef {
        Arc::new(self.0.finish())
    }
}

/// Applies `make` to the strings of `input`. It gives one value for each string, null among them.
/// Where `input` is a dictionary and the values are strings, the result is a dictionary too.
pub(crate) fn map_text(
    input: &ColumnarValue,
    memo: Option<&Memo>,
    make: impl Fn(&StringArray) -> Result<ArrayRef>,
) -> Result<ColumnarValue> {
    match input {
        ColumnarValue::Scalar(scalar) => {
            let one = cast(&scalar.to_array()?, &DataType::Utf8)?;
            let made = ScalarValue::try_from_array(&make(one.as_string())?, 0)?;
            let words = is_words(&scalar.data_type()) && made.data_type() == DataType::Utf8;
            Ok(ColumnarValue::Scalar(if words {
                ScalarValue::Dictionary(Box::new(DataType::Int32), Box::new(made))
            } else {
                made
            }))
        }
        ColumnarValue::Array(array) => Ok(ColumnarValue::Array(match array.data_type() {
            DataType::Utf8 => make(array.as_string())?,
            DataType::Null => make(cast(array, &DataType::Utf8)?.as_string())?,
            _ => {
                let Some(words) = array.as_dictionary_opt::<Int32Type>() else {
                    return exec_err!("strings were expected, not {}", array.data_type());
                };
                map_words(words, memo, make)?
            }
        })),
    }
}

fn map_words(
    words: &DictionaryArray<Int32Type>,
    memo: Option<&Memo>,
    make: impl Fn(&StringArray) -> Result<ArrayRef>,
) -> Result<ArrayRef> {
    // A few rows left of a large dictionary.
    if words.values().len() > words.len() && memo.is_none() {
        let plain = cast(words, &DataType::Utf8)?;
        let made = make(plain.as_string())?;
        return if made.data_type() == &DataType::Utf8 { Ok(cast(&made, &words_type())?) } else { Ok(made) };
    }
    let make = || make(words.values().as_string());
    let made = match memo {
        Some(memo) => memo.of(words.values(), make)?,
        None => make()?,
    };
    if made.data_type() == &DataType::Utf8 {
        return Ok(Arc::new(DictionaryArray::try_new(words.keys().clone(), made)?));
    }
    Ok(take(&made, words.keys(), None)?)
}

/// Strings to be looked at row by row, beside those of other columns.
pub(crate) enum Texts<'a> {
    /// The same in every row.
    One(Option<String>),
    Plain(&'a StringArray),
    Words(&'a Int32Array, &'a StringArray),
}

impl Texts<'_> {
    pub(crate) fn get(&self, row: usize) -> Option<&str> {
        match self {
            Texts::One(text) => text.as_deref(),
            Texts::Plain(array) => array.is_valid(row).then(|| array.value(row)),
            Texts::Words(keys, values) => {
                let key = keys.is_valid(row).then(|| keys.value(row) as usize)?;
                values.is_valid(key).then(|| values.value(key))
            }
        }
    }
}

/// The strings of an argument.
pub(crate) fn texts(input: &ColumnarValue) -> Result<Texts<'_>> {
    Ok(match input {
        ColumnarValue::Scalar(scalar) => Texts::One(match scalar {
            ScalarValue::Null => None,
            ScalarValue::Dictionary(_, inner) => inner.try_as_str().flatten().map(str::to_owned),
            other => other.try_as_str().flatten().map(str::to_owned),
        }),
        ColumnarValue::Array(array) => match array.data_type() {
            DataType::Utf8 => Texts::Plain(array.as_string()),
            DataType::Null => Texts::One(None),
            _ => match array.as_dictionary_opt::<Int32Type>() {
                Some(words) => Texts::Words(words.keys(), words.values().as_string()),
                None => return exec_err!("strings were expected, not {}", array.data_type()),
            },
        },
    })
}
