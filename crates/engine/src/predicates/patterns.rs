//! Tests of strings against texts of the query: equal to one of them, or holding one; with
//! wildcards; minding case or not. Each word of a dictionary is looked at once.

use super::wildcard::Wildcard;
use crate::kernel::{Columns, Kernel, Memo, map_text, texts};
use ahash::AHashSet;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringArray};
use arrow::buffer::{Buffer, OffsetBuffer};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::ColumnarValue;
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Equals,
    Contains,
}

/// Arguments: the value (a string or an array), then the texts to test against. The texts are the
/// same in every row, or there is exactly one and it is a column.
#[derive(Debug)]
pub(crate) struct TextTest {
    kind: Kind,
    sensitive: bool,
    texts: OnceLock<Texts>,
    memo: Memo,
}

impl TextTest {
    pub(crate) fn new(kind: Kind, sensitive: bool) -> TextTest {
        TextTest { kind, sensitive, texts: OnceLock::new(), memo: Memo::default() }
    }
}

impl Kernel for TextTest {
    fn name(&self) -> &'static str {
        match (self.kind, self.sensitive) {
            (Kind::Equals, true) => "text_equals",
            (Kind::Equals, false) => "text_equals_any_case",
            (Kind::Contains, true) => "text_contains",
            (Kind::Contains, false) => "text_contains_any_case",
        }
    }

    fn returns(&self, _: &[DataType]) -> DataType {
        DataType::Boolean
    }

    fn run(&self, args: &[ColumnarValue], rows: usize) -> Result<ColumnarValue> {
        if let [value, ColumnarValue::Array(_)] = args {
            return self.run_rows(value, &args[1], rows);
        }
        let tests = self.texts.get_or_init(|| Texts::new(self.kind, self.sensitive, &args[1..]));
        match &args[0] {
            array if matches!(array.data_type(), DataType::List(_)) => {
                some_element(array, |words| tests.column(words))
            }
            value => map_text(value, Some(&self.memo), |words| Ok(Arc::new(tests.column(words)) as ArrayRef)),
        }
    }
}

impl TextTest {
    /// Both sides differ from row to row. What stands in a column has no wildcards.
    fn run_rows(&self, value: &ColumnarValue, other: &ColumnarValue, rows: usize) -> Result<ColumnarValue> {
        let lists = value.to_array(rows)?;
        let others = texts(other)?;
        // Often the same as in the row before.
        let mut last: Option<(&str, Cow<'_, str>)> = None;
        let mut tests = Vec::with_capacity(rows);
        let values = match lists.as_list_opt::<i32>() {
            Some(_) => None,
            None => Some(texts(value)?),
        };
        for row in 0..rows {
            let Some(other) = others.get(row) else {
                tests.push(None);
                continue;
            };
            if last.as_ref().is_none_or(|(known, _)| *known != other) {
                last = Some((other, self.folded(other)));
            }
            let other = last.as_ref().map_or("", |(_, folded)| folded.as_ref());
            tests.push(match &values {
                Some(values) => values.get(row).map(|value| self.holds(value, other)),
                None => self.some_item(&lists, row, other)?,
            });
        }
        Ok(ColumnarValue::Array(Arc::new(BooleanArray::from(tests))))
    }

    fn some_item(&self, lists: &ArrayRef, row: usize, other: &str) -> Result<Option<bool>> {
        let lists = lists.as_list::<i32>();
        if lists.is_null(row) {
            return Ok(None);
        }
        let items = cast(&lists.value(row), &DataType::Utf8)?;
        Ok(Some(items.as_string::<i32>().iter().flatten().any(|item| self.holds(item, other))))
    }

    fn folded<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.sensitive { Cow::Borrowed(text) } else { lower(text) }
    }

    /// `other` is folded already.
    fn holds(&self, value: &str, other: &str) -> bool {
        let value = self.folded(value);
        match self.kind {
            Kind::Equals => value == other,
            Kind::Contains => value.contains(other),
        }
    }
}

/// Is the test true for some element? An array without elements holds nothing; no array: null.
pub(super) fn some_element(
    array: &ColumnarValue,
    test: impl Fn(&StringArray) -> BooleanArray,
) -> Result<ColumnarValue> {
    let rows = match array {
        ColumnarValue::Array(array) => array.len(),
        ColumnarValue::Scalar(_) => 1,
    };
    let all = Columns::new(std::slice::from_ref(array), rows)?;
    let lists = all.list(0)?;
    let items = cast(lists.values(), &DataType::Utf8)?;
    let tests = test(items.as_string());
    let offsets = lists.value_offsets();
    let any: BooleanArray = (0..lists.len())
        .map(|row| {
            let items = offsets[row] as usize..offsets[row + 1] as usize;
            lists
                .is_valid(row)
                .then(|| items.into_iter().any(|item| tests.is_valid(item) && tests.value(item)))
        })
        .collect();
    all.done(Arc::new(any))
}

/// The texts of the query, ready to be compared with.
#[derive(Debug)]
struct Texts {
    sensitive: bool,
    exact: AHashSet<String>,
    wild: Vec<Wildcard>,
    parts: Vec<String>,
}

impl Texts {
    fn new(kind: Kind, sensitive: bool, args: &[ColumnarValue]) -> Texts {
        let mut all = Texts { sensitive, exact: AHashSet::new(), wild: Vec::new(), parts: Vec::new() };
        for arg in args {
            if let Ok(texts) = texts(arg)
                && let Some(text) = texts.get(0)
            {
                all.add(kind, text);
            }
        }
        all
    }

    fn add(&mut self, kind: Kind, text: &str) {
        let wild = match kind {
            Kind::Equals => Wildcard::parse(text),
            // A `*` in the part to be found stands for any run of characters there, too.
            Kind::Contains if text.contains('*') => Wildcard::parse(&format!("*{text}*")),
            Kind::Contains => None,
        };
        let text = if self.sensitive { text.to_owned() } else { text.to_lowercase() };
        match (wild, kind) {
            (Some(wild), _) => self.wild.push(if self.sensitive { wild } else { wild.lowered() }),
            (None, Kind::Equals) => {
                self.exact.insert(text);
            }
            (None, Kind::Contains) => self.parts.push(text),
        }
    }

    fn column(&self, words: &StringArray) -> BooleanArray {
        if self.sensitive {
            return words.iter().map(|word| word.map(|word| self.test(word))).collect();
        }
        match ascii_lower(words) {
            Some(words) => words.iter().map(|word| word.map(|word| self.test(word))).collect(),
            None => words.iter().map(|word| word.map(|word| self.test(&lower(word)))).collect(),
        }
    }

    /// The word is in lower case already, unless case counts.
    fn test(&self, word: &str) -> bool {
        self.exact.contains(word)
            || self.wild.iter().any(|wild| wild.matches(word))
            || self.parts.iter().any(|part| word.contains(part.as_str()))
    }
}

/// All words in lower case at once, which costs less than looking through them; only where they
/// are ASCII.
fn ascii_lower(words: &StringArray) -> Option<StringArray> {
    let (first, last) = (*words.offsets().first()? as usize, *words.offsets().last()? as usize);
    let bytes = words.values().get(first..last)?;
    if !bytes.is_ascii() {
        return None;
    }
    let lowered = Buffer::from_vec(bytes.to_ascii_lowercase());
    let lengths = (0..words.len()).map(|at| words.value_length(at) as usize);
    let offsets = OffsetBuffer::from_lengths(lengths);
    StringArray::try_new(offsets, lowered, words.nulls().cloned()).ok()
}

/// In lower case; texts that are so already cost nothing.
fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.to_lowercase())
}
