//! Values of a column as small numbers: each distinct value is kept once and known by its number.

use ahash::RandomState;
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, StringArray, StringBuilder,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use datafusion::common::{Result, exec_err, resources_err};
use hashbrown::HashTable;
use std::sync::Arc;

/// The number of a null.
pub(super) const NONE: u32 = u32::MAX;

/// The distinct values of a column.
pub(super) struct Interner {
    data: DataType,
    values: Values,
}

enum Values {
    Texts(Texts),
    /// Everything that fits in 64 bits.
    Numbers(Numbers),
}

impl Interner {
    /// For values of this type, strings in their plain form.
    pub(super) fn new(data: DataType) -> Interner {
        let values = match data {
            DataType::Utf8 => Values::Texts(Texts::default()),
            _ => Values::Numbers(Numbers::default()),
        };
        Interner { data, values }
    }

    /// The number of each row's value.
    pub(super) fn intern(&mut self, column: &ArrayRef, ids: &mut Vec<u32>) -> Result<()> {
        ids.clear();
        ids.reserve(column.len());
        match &mut self.values {
            Values::Texts(texts) => texts.intern(column, ids)?,
            Values::Numbers(numbers) => numbers.intern(column, ids)?,
        }
        if self.len() >= NONE as usize {
            return resources_err!("more than four thousand million different values");
        }
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        match &self.values {
            Values::Texts(texts) => texts.ends.len(),
            Values::Numbers(numbers) => numbers.values.len(),
        }
    }

    /// All numbers in ascending order of their values.
    pub(super) fn ascending(&self) -> Vec<u32> {
        let mut ids: Vec<u32> = (0..self.len() as u32).collect();
        match &self.values {
            Values::Texts(texts) => ids.sort_unstable_by(|a, b| texts.get(*a).cmp(texts.get(*b))),
            Values::Numbers(numbers) if self.data == DataType::Float64 => {
                let float = |id: &u32| f64::from_bits(numbers.values[*id as usize] as u64);
                ids.sort_unstable_by(|a, b| float(a).total_cmp(&float(b)));
            }
            Values::Numbers(numbers) => ids.sort_unstable_by_key(|id| numbers.values[*id as usize]),
        }
        ids
    }

    /// A column of the values with these numbers.
    pub(super) fn column(&self, ids: impl ExactSizeIterator<Item = u32>) -> ArrayRef {
        let numbers = match &self.values {
            Values::Texts(texts) => {
                let mut column = StringBuilder::with_capacity(ids.len(), 16 * ids.len());
                ids.for_each(|id| column.append_value(texts.get(id)));
                return Arc::new(column.finish());
            }
            Values::Numbers(numbers) => ids.map(|id| numbers.values[id as usize]),
        };
        match &self.data {
            DataType::Boolean => Arc::new(numbers.map(|number| Some(number != 0)).collect::<BooleanArray>()),
            DataType::Float64 => {
                let floats = numbers.map(|bits| f64::from_bits(bits as u64));
                Arc::new(Float64Array::from_iter_values(floats))
            }
            DataType::Timestamp(_, _) => {
                Arc::new(TimestampMicrosecondArray::from_iter_values(numbers).with_timezone("UTC"))
            }
            _ => Arc::new(Int64Array::from_iter_values(numbers)),
        }
    }

    /// Bytes held.
    pub(super) fn size(&self) -> usize {
        match &self.values {
            Values::Texts(texts) => {
                texts.bytes.capacity()
                    + texts.ends.capacity() * 8
                    + texts.table.capacity() * 5
                    + texts.known.capacity() * 4
            }
            Values::Numbers(numbers) => {
                numbers.values.capacity() * 8 + numbers.table.capacity() * 5 + numbers.low.capacity() * 4
            }
        }
    }
}

/// Strings, one behind the other.
#[derive(Default)]
struct Texts {
    bytes: String,
    ends: Vec<usize>,
    table: HashTable<u32>,
    hasher: RandomState,
    /// The latest dictionary, and the numbers of its words as far as they were needed.
    words: Option<ArrayRef>,
    known: Vec<u32>,
}

impl Texts {
    fn get(&self, id: u32) -> &str {
        let id = id as usize;
        let start = if id == 0 { 0 } else { self.ends[id - 1] };
        &self.bytes[start..self.ends[id]]
    }

    fn id(&mut self, text: &str) -> u32 {
        let hash = self.hasher.hash_one(text);
        if let Some(id) = self.table.find(hash, |id| self.get(*id) == text) {
            return *id;
        }
        let id = self.ends.len() as u32;
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len());
        let Texts { table, bytes, ends, hasher, .. } = self;
        let get = |id: u32| {
            let start = if id == 0 { 0 } else { ends[id as usize - 1] };
            &bytes[start..ends[id as usize]]
        };
        table.insert_unique(hash, id, |id| hasher.hash_one(get(*id)));
        id
    }

    fn intern(&mut self, column: &ArrayRef, ids: &mut Vec<u32>) -> Result<()> {
        if let Some(texts) = column.as_string_opt::<i32>() {
            ids.extend(texts.iter().map(|text| text.map_or(NONE, |text| self.id(text))));
            return Ok(());
        }
        let Some(words) = column.as_dictionary_opt::<Int32Type>() else {
            return exec_err!("strings were expected, not {}", column.data_type());
        };
        if !self.words.as_ref().is_some_and(|known| crate::kernel::same(known, words.values())) {
            self.words = Some(words.values().clone());
            self.known.clear();
            self.known.resize(words.values().len(), UNKNOWN);
        }
        let values: &StringArray = words.values().as_string();
        for row in 0..words.len() {
            if words.keys().is_null(row) {
                ids.push(NONE);
                continue;
            }
            let key = words.keys().value(row) as usize;
            if self.known[key] == UNKNOWN {
                self.known[key] = if values.is_null(key) { NONE } else { self.id(values.value(key)) };
            }
            ids.push(self.known[key]);
        }
        Ok(())
    }
}

/// A word of the dictionary that was not needed yet.
const UNKNOWN: u32 = u32::MAX - 1;

/// Numbers below this are looked up without hashing: ports, hours, days.
const LOW: usize = 1 << 16;

#[derive(Default)]
struct Numbers {
    values: Vec<i64>,
    table: HashTable<u32>,
    hasher: RandomState,
    low: Vec<u32>,
}

impl Numbers {
    fn id(&mut self, number: i64) -> u32 {
        if let Ok(small) = usize::try_from(number)
            && small < LOW
        {
            if self.low.is_empty() {
                self.low.resize(LOW, UNKNOWN);
            }
            if self.low[small] == UNKNOWN {
                self.low[small] = self.values.len() as u32;
                self.values.push(number);
            }
            return self.low[small];
        }
        let hash = self.hasher.hash_one(number);
        if let Some(id) = self.table.find(hash, |id| self.values[*id as usize] == number) {
            return *id;
        }
        let id = self.values.len() as u32;
        self.values.push(number);
        let Numbers { table, values, hasher, .. } = self;
        table.insert_unique(hash, id, |id| hasher.hash_one(values[*id as usize]));
        id
    }

    fn intern(&mut self, column: &ArrayRef, ids: &mut Vec<u32>) -> Result<()> {
        macro_rules! each {
            ($array:expr, $bits:expr) => {
                ids.extend($array.iter().map(|value| value.map_or(NONE, |value| self.id($bits(value)))))
            };
        }
        match column.data_type() {
            DataType::Int64 => each!(column.as_primitive::<Int64Type>(), |number| number),
            DataType::Timestamp(_, _) => {
                each!(column.as_primitive::<TimestampMicrosecondType>(), |number| number)
            }
            DataType::Float64 => each!(column.as_primitive::<Float64Type>(), bits),
            DataType::Boolean => each!(column.as_boolean(), i64::from),
            other => return exec_err!("values of {other} cannot be collected"),
        }
        Ok(())
    }
}

/// Equal floats have equal bits: one zero, one NaN.
fn bits(number: f64) -> i64 {
    let number = if number == 0.0 { 0.0 } else { number };
    let number = if number.is_nan() { f64::NAN } else { number };
    number.to_bits() as i64
}
