//! A dataset's table of fields: the one place from which come its columns, its completions and
//! its page in the manual.

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldType {
    Str,
    Int,
    Float,
    Bool,
    /// Microseconds since the epoch, UTC.
    Time,
    StrList,
    IntList,
}

impl FieldType {
    /// The name users read in messages and in the manual.
    pub fn name(self) -> &'static str {
        match self {
            FieldType::Str => "string",
            FieldType::Int => "integer",
            FieldType::Float => "float",
            FieldType::Bool => "boolean",
            FieldType::Time => "timestamp",
            FieldType::StrList => "array of strings",
            FieldType::IntList => "array of integers",
        }
    }
}

/// One field of a dataset.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub name: &'static str,
    pub ty: FieldType,
    /// One sentence for the manual and for hover, with the unit where there is one.
    pub doc: &'static str,
    /// Few distinct values: stored as a dictionary.
    pub low_cardinality: bool,
    /// Holds an IP address: the store keeps a numeric companion column beside it, which turns
    /// `incidr` into a range test.
    pub address: bool,
}

impl Field {
    pub const fn new(name: &'static str, ty: FieldType, doc: &'static str) -> Field {
        Field { name, ty, doc, low_cardinality: false, address: false }
    }

    pub const fn str(name: &'static str, doc: &'static str) -> Field {
        Field::new(name, FieldType::Str, doc)
    }

    /// A string with few distinct values.
    pub const fn word(name: &'static str, doc: &'static str) -> Field {
        Field { name, ty: FieldType::Str, doc, low_cardinality: true, address: false }
    }

    /// An IP address in text form.
    pub const fn ip(name: &'static str, doc: &'static str) -> Field {
        Field { name, ty: FieldType::Str, doc, low_cardinality: true, address: true }
    }

    pub const fn int(name: &'static str, doc: &'static str) -> Field {
        Field::new(name, FieldType::Int, doc)
    }

    pub const fn bool(name: &'static str, doc: &'static str) -> Field {
        Field::new(name, FieldType::Bool, doc)
    }

    pub const fn time(name: &'static str, doc: &'static str) -> Field {
        Field::new(name, FieldType::Time, doc)
    }
}

/// A dataset: its name as queries write it, and its fields in column order.
///
/// Every dataset has `_time`, `_insert_time` and `_id`. The store fills `_insert_time` and `_id`
/// when it takes a row, whatever the row says.
#[derive(Clone, Copy, Debug)]
pub struct Dataset {
    pub name: &'static str,
    pub doc: &'static str,
    pub fields: &'static [Field],
}

impl Dataset {
    /// The position of a field, by its exact lower-case name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }
}
