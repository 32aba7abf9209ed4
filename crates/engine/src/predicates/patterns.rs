//! Tests of strings against texts of the query: equal to one of them, or holding one; with
//! wildcards; minding case or not. Each word of a dictionary is looked at once.

use super::wildcard::Wildcard;
use crate::kernel::{Columns, Kernel, Memo, map_text, texts};
use ahash::AHashSet;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, BooleanBufferBuilder, StringArray};
use arrow::buffer::{BooleanBuffer, Buffer, OffsetBuffer};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::ColumnarValue;
use memchr::memmem::Finder;
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

/// Up to this many texts are compared one by one, which is faster than hashing.
const FEW: usize = 8;

/// The texts of the query, ready to be compared with: in lower case unless case counts.
#[derive(Debug)]
struct Texts {
    sensitive: bool,
    exact: Vec<String>,
    /// The same, when there are more than a few.
    set: AHashSet<String>,
    wild: Vec<Wildcard>,
    parts: Vec<Finder<'static>>,
}

impl Texts {
    fn new(kind: Kind, sensitive: bool, args: &[ColumnarValue]) -> Texts {
        let (exact, wild, parts) = (Vec::new(), Vec::new(), Vec::new());
        let mut all = Texts { sensitive, exact, set: AHashSet::new(), wild, parts };
        for arg in args {
            if let Ok(texts) = texts(arg)
                && let Some(text) = texts.get(0)
            {
                all.add(kind, text);
            }
        }
        if all.exact.len() > FEW {
            all.set = all.exact.drain(..).collect();
        }
        all
    }

    fn add(&mut self, kind: Kind, text: &str) {
        let text = if self.sensitive { text.to_owned() } else { text.to_lowercase() };
        let wild = match kind {
            Kind::Equals => Wildcard::parse(&text),
            // A `*` in the part to be found stands for any run of characters there, too.
            Kind::Contains => text.contains('*').then(|| Wildcard::parse(&format!("*{text}*"))).flatten(),
        };
        match (wild, kind) {
            (Some(wild), _) => match wild.only_part() {
                Some(part) => self.parts.push(Finder::new(part).into_owned()),
                None => self.wild.push(wild),
            },
            (None, Kind::Equals) => self.exact.push(text),
            (None, Kind::Contains) => self.parts.push(Finder::new(&text).into_owned()),
        }
    }

    fn column(&self, words: &StringArray) -> BooleanArray {
        let bytes = bytes_of(words);
        let ascii = self.sensitive || bytes.is_ascii();
        if ascii && self.set.is_empty() && self.wild.is_empty() && self.parts.is_empty() {
            return self.few(words);
        }
        if !ascii {
            return each(words, |word| self.test(&lower(word)));
        }
        let folded = if self.sensitive { Cow::Borrowed(bytes) } else { bytes.to_ascii_lowercase().into() };
        if self.exact.is_empty() && self.set.is_empty() && self.wild.is_empty() {
            return self.parts(words, &folded);
        }
        if self.sensitive {
            return each(words, |word| self.test(word));
        }
        match lowered(words, folded.into_owned()) {
            Some(words) => each(&words, |word| self.test(word)),
            None => each(words, |word| self.test(&lower(word))),
        }
    }

    /// Few texts, and words that are ASCII or whose case counts: nothing need be copied.
    fn few(&self, words: &StringArray) -> BooleanArray {
        let sensitive = self.sensitive;
        each(words, |word| {
            self.exact.iter().any(|text| {
                text.len() == word.len()
                    && if sensitive { text == word } else { text.eq_ignore_ascii_case(word) }
            })
        })
    }

    /// Which words hold a part: one pass over the bytes of all words, which lie one behind the other.
    fn parts(&self, words: &StringArray, bytes: &[u8]) -> BooleanArray {
        let offsets = words.value_offsets();
        let first = offsets.first().map_or(0, |first| *first as usize);
        let end = |row: usize| offsets[row + 1] as usize - first;
        let mut found = BooleanBufferBuilder::new(words.len());
        found.append_n(words.len(), false);
        for part in &self.parts {
            let length = part.needle().len();
            if length == 0 {
                return each(words, |_| true);
            }
            let (mut at, mut row) = (0, 0);
            while let Some(hit) = bytes.get(at..).and_then(|rest| part.find(rest)) {
                let start = at + hit;
                while end(row) <= start {
                    row += 1;
                }
                // One that runs over into the next word is none, nor is any behind it in this word.
                if start + length <= end(row) {
                    found.set_bit(row, true);
                }
                at = end(row);
            }
        }
        BooleanArray::new(found.finish(), words.nulls().cloned())
    }

    /// The word is in lower case already, unless case counts.
    fn test(&self, word: &str) -> bool {
        self.exact.iter().any(|text| text == word)
            || self.set.contains(word)
            || self.wild.iter().any(|wild| wild.matches(word))
            || self.parts.iter().any(|part| part.find(word.as_bytes()).is_some())
    }
}

/// The bytes of all words.
fn bytes_of(words: &StringArray) -> &[u8] {
    let offsets = words.value_offsets();
    let (first, last) =
        (offsets.first().map_or(0, |at| *at as usize), offsets.last().map_or(0, |at| *at as usize));
    words.value_data().get(first..last).unwrap_or_default()
}

fn each(words: &StringArray, test: impl Fn(&str) -> bool) -> BooleanArray {
    let found = BooleanBuffer::collect_bool(words.len(), |row| test(words.value(row)));
    BooleanArray::new(found, words.nulls().cloned())
}

/// The same words, whose bytes in lower case are these.
fn lowered(words: &StringArray, bytes: Vec<u8>) -> Option<StringArray> {
    let lengths = (0..words.len()).map(|at| words.value_length(at) as usize);
    let offsets = OffsetBuffer::from_lengths(lengths);
    StringArray::try_new(offsets, Buffer::from_vec(bytes), words.nulls().cloned()).ok()
}

/// In lower case; texts that are so already cost nothing.
fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::scalar::ScalarValue;

    /// Which words pass; a null stays one.
    fn passed(kind: Kind, sensitive: bool, texts: &[&str], words: &[Option<&str>]) -> Vec<Option<bool>> {
        let args: Vec<ColumnarValue> =
            texts.iter().map(|text| ColumnarValue::Scalar(ScalarValue::from(*text))).collect();
        // A slice, as the rows behind a filter are.
        let padded = [&[Some("before scan")], words, &[Some("after scan")]].concat();
        let words = StringArray::from(padded).slice(1, words.len());
        Texts::new(kind, sensitive, &args).column(&words).iter().collect()
    }

    #[test]
    fn parts_are_found_within_words_and_never_across_them() {
        let words =
            [Some("sc"), Some("an"), Some("portscan"), None, Some("SCANSCAN"), Some(""), Some("xscanscanx")];
        let (yes, no) = (Some(true), Some(false));
        assert_eq!(passed(Kind::Contains, true, &["scan"], &words), [no, no, yes, None, no, no, yes]);
        assert_eq!(passed(Kind::Contains, false, &["sCan"], &words), [no, no, yes, None, yes, no, yes]);
        assert_eq!(passed(Kind::Equals, false, &["*Scan*"], &words), [no, no, yes, None, yes, no, yes]);
        assert_eq!(passed(Kind::Contains, false, &[""], &words), [yes, yes, yes, None, yes, yes, yes]);
        assert_eq!(passed(Kind::Contains, false, &["nport"], &words), [no, no, no, None, no, no, no]);
    }

    #[test]
    fn all_ways_to_look_agree() {
        let words: Vec<Option<&str>> =
            vec![Some("Drop"), Some("DROP"), Some("drop"), Some("drops"), None, Some(""), Some("Dröp")];
        let many: Vec<String> = (0..20).map(|at| format!("other{at}")).chain(["dRop".to_owned()]).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        for words in [&words[..], &words[..6]] {
            let few = passed(Kind::Equals, false, &["dRop"], words);
            assert_eq!(few[..6], [Some(true), Some(true), Some(true), Some(false), None, Some(false)]);
            assert_eq!(few, passed(Kind::Equals, false, &many, words));
            assert_eq!(few, passed(Kind::Equals, false, &["dRop", "nothing*"], words));
        }
        assert_eq!(passed(Kind::Equals, false, &["DRÖP"], &words)[6], Some(true));
        // The Kelvin sign is a K whose lower case is ASCII.
        assert_eq!(passed(Kind::Equals, false, &["k"], &[Some("\u{212a}")]), [Some(true)]);
    }

    #[test]
    fn words_of_one_letter_do_not_make_it_slow() {
        let word = "a".repeat(9_999);
        let words: Vec<Option<&str>> = vec![Some(&word); 1_000];
        let found = passed(Kind::Contains, false, &[&"a".repeat(10_000)], &words);
        assert!(found.iter().all(|found| *found == Some(false)));
    }
}
