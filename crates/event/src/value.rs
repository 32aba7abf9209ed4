//! One cell and one row of a dataset, before they become columns.

use crate::Time;
use std::borrow::Cow;
use std::net::IpAddr;

/// One cell. Absent and empty are different things: absent is [`Value::Null`].
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Value {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Cow<'static, str>),
    Time(Time),
    List(Vec<Value>),
}

/// The cells of one row, in the order of [`crate::Dataset::fields`].
pub type Row = Vec<Value>;

impl Value {
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// Text as a cell; the empty string stays an empty string.
    pub fn text(text: impl Into<String>) -> Value {
        Value::Str(Cow::Owned(text.into()))
    }

    /// Text as a cell; the empty string becomes null, as in logs whose columns are positional.
    pub fn text_or_null(text: &str) -> Value {
        if text.is_empty() { Value::Null } else { Value::text(text) }
    }
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Value {
        Value::Str(Cow::Borrowed(text))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Str(Cow::Owned(text))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Value {
        Value::Int(value)
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Value {
        Value::Int(i64::from(value))
    }
}

impl From<u16> for Value {
    fn from(value: u16) -> Value {
        Value::Int(i64::from(value))
    }
}

impl From<u8> for Value {
    fn from(value: u8) -> Value {
        Value::Int(i64::from(value))
    }
}

impl From<u64> for Value {
    /// Numbers above `i64::MAX` are held there: no counter of ours reaches it.
    fn from(value: u64) -> Value {
        Value::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Value {
        Value::Float(value)
    }
}

impl From<Time> for Value {
    fn from(value: Time) -> Value {
        Value::Time(value)
    }
}

impl From<IpAddr> for Value {
    fn from(value: IpAddr) -> Value {
        Value::Str(Cow::Owned(value.to_string()))
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Null, Into::into)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Value {
        Value::List(values.into_iter().map(Into::into).collect())
    }
}
