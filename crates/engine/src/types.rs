//! The types of XQL and how they look in Arrow.
//!
//! Strings come in two forms, plain and as a dictionary (few distinct values); both are the type
//! [`Type::Str`] to the language. Everything else has exactly one form; what files hold beside
//! these is cast on reading (`source`).

use arrow::datatypes::{DataType, Field, TimeUnit};
use std::sync::Arc;

/// A type as the language knows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Type {
    /// The literal `null`: fits everywhere.
    Null,
    Str,
    Int,
    Float,
    Bool,
    Time,
    List(Box<Type>),
}

impl Type {
    /// The type of a column; `None` for forms that [`canonical`] would cast first.
    pub(crate) fn of(data: &DataType) -> Option<Type> {
        Some(match data {
            DataType::Null => Type::Null,
            DataType::Utf8 => Type::Str,
            DataType::Dictionary(_, values) if **values == DataType::Utf8 => Type::Str,
            DataType::Int64 => Type::Int,
            DataType::Float64 => Type::Float,
            DataType::Boolean => Type::Bool,
            DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => Type::Time,
            DataType::List(item) => Type::List(Box::new(Type::of(item.data_type())?)),
            _ => return None,
        })
    }

    /// The plain Arrow form.
    pub(crate) fn arrow(&self) -> DataType {
        match self {
            Type::Null => DataType::Null,
            Type::Str => DataType::Utf8,
            Type::Int => DataType::Int64,
            Type::Float => DataType::Float64,
            Type::Bool => DataType::Boolean,
            Type::Time => time_type(),
            Type::List(item) => list_type(item.arrow()),
        }
    }

    /// The name users read.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Type::Null => "null",
            Type::Str => "string",
            Type::Int => "integer",
            Type::Float => "float",
            Type::Bool => "boolean",
            Type::Time => "timestamp",
            Type::List(item) => match **item {
                Type::Int => "array of integers",
                Type::Float => "array of floats",
                Type::Bool => "array of booleans",
                Type::Time => "array of timestamps",
                Type::List(_) => "array of arrays",
                Type::Str | Type::Null => "array of strings",
            },
        }
    }

    /// "a string", "an integer".
    pub(crate) fn a_name(&self) -> String {
        let name = self.name();
        let article = if name.starts_with(['a', 'i']) { "an" } else { "a" };
        if *self == Type::Null { name.to_owned() } else { format!("{article} {name}") }
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Type::Int | Type::Float)
    }

    /// The one type that values of both can be put into, if there is one without guessing: equal
    /// types, null with anything, integer with float. With a string on one side, a string.
    pub(crate) fn common(&self, other: &Type) -> Option<Type> {
        Some(match (self, other) {
            (Type::Null, any) | (any, Type::Null) => any.clone(),
            (a, b) if a == b => a.clone(),
            (Type::Int, Type::Float) | (Type::Float, Type::Int) => Type::Float,
            (Type::List(a), Type::List(b)) => Type::List(Box::new(a.common(b)?)),
            (Type::List(_), _) | (_, Type::List(_)) => return None,
            (Type::Str, _) | (_, Type::Str) => Type::Str,
            _ => return None,
        })
    }
}

pub(crate) fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

pub(crate) fn list_type(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(item, true)))
}

/// A string as a dictionary.
pub(crate) fn words_type() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

pub(crate) fn is_words(data: &DataType) -> bool {
    *data == words_type()
}

/// The form a column of any Arrow type is read in; `None` when it cannot be shown at all.
pub(crate) fn canonical(data: &DataType) -> Option<DataType> {
    Some(match data {
        known if Type::of(known).is_some() => match known {
            DataType::Dictionary(_, _) => words_type(),
            DataType::Timestamp(_, _) => time_type(),
            DataType::List(item) => list_type(canonical(item.data_type())?),
            other => other.clone(),
        },
        DataType::Int8 | DataType::Int16 | DataType::Int32 => DataType::Int64,
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => DataType::Int64,
        DataType::Float16 | DataType::Float32 => DataType::Float64,
        DataType::Decimal32(_, _)
        | DataType::Decimal64(_, _)
        | DataType::Decimal128(_, _)
        | DataType::Decimal256(_, _) => DataType::Float64,
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::Dictionary(_, values) => match canonical(values)? {
            DataType::Utf8 => words_type(),
            other => other,
        },
        DataType::Timestamp(_, _) | DataType::Date32 | DataType::Date64 => time_type(),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            match canonical(item.data_type())? {
                // An array of dictionary words has no use here.
                DataType::Dictionary(_, _) => list_type(DataType::Utf8),
                other => list_type(other),
            }
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_types_need_no_guess() {
        let list = |item| Type::List(Box::new(item));
        assert_eq!(Type::Int.common(&Type::Float), Some(Type::Float));
        assert_eq!(Type::Null.common(&Type::Time), Some(Type::Time));
        assert_eq!(Type::Str.common(&Type::Time), Some(Type::Str));
        assert_eq!(Type::Bool.common(&Type::Int), None);
        assert_eq!(list(Type::Int).common(&list(Type::Float)), Some(list(Type::Float)));
        assert_eq!(list(Type::Int).common(&Type::Int), None);
    }

    #[test]
    fn columns_of_other_programs_become_ours() {
        assert_eq!(canonical(&DataType::UInt16), Some(DataType::Int64));
        assert_eq!(canonical(&DataType::Utf8View), Some(DataType::Utf8));
        assert_eq!(canonical(&DataType::Timestamp(TimeUnit::Nanosecond, None)), Some(time_type()));
        assert_eq!(canonical(&DataType::Binary), None);
    }

    #[test]
    fn names_read_well() {
        assert_eq!(Type::Int.a_name(), "an integer");
        assert_eq!(Type::Str.a_name(), "a string");
        assert_eq!(Type::List(Box::new(Type::Str)).a_name(), "an array of strings");
    }
}
