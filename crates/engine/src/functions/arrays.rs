//! Arrays; the first element has index 0.

use super::{Call, Function};
use crate::error::QueryError;
use crate::expr::Typed;
use crate::kernel::{self, Simple};
use crate::types::Type;
use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::datatypes::DataType;
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] = &[Function { name: "array_length", plan: plan_length }];

type Planned = Result<Typed, QueryError>;

/// An argument that is an array.
fn array(call: &Call<'_>, index: usize) -> Planned {
    let arg = call.arg(index)?;
    match arg.ty() {
        Type::List(_) => Ok(arg),
        Type::Null => Ok(arg.to(&Type::List(Box::new(Type::Str)))),
        _ => Err(call.wrong(&arg, "an array")),
    }
}

fn plan_length(call: &Call<'_>) -> Planned {
    Ok(kernel::call(&ARRAY_LENGTH, vec![array(call, 0)?], call.span))
}

pub(crate) static ARRAY_LENGTH: Simple = Simple {
    name: "array_length",
    returns: |_| DataType::Int64,
    run: |args, _| {
        super::numbers::of_one(args, |arrays| {
            let lists = arrays.as_list::<i32>();
            let length = |row| lists.is_valid(row).then(|| i64::from(lists.value_length(row)));
            Arc::new((0..lists.len()).map(length).collect::<Int64Array>()) as ArrayRef
        })
    },
};
