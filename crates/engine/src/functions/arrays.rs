//! Arrays; the first element has index 0. A text where an array is needed is read as a JSON array.

mod looped;
mod shape;

use super::{Call, Function, json};
use crate::error::QueryError;
use crate::expr::{Typed, one_type, unify};
use crate::kernel::{self, Columns, Simple};
use crate::output::ColumnView;
use crate::types::{Type, list_type};
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray, StringBuilder};
use arrow::datatypes::DataType;
use looped::What;
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "array_length", plan: plan_length },
    Function { name: "arraycreate", plan: plan_create },
    Function { name: "arrayconcat", plan: plan_concat },
    Function { name: "arraydistinct", plan: |call| same(call, &shape::DISTINCT) },
    Function { name: "arrayindex", plan: plan_index },
    Function { name: "arrayrange", plan: plan_range },
    Function { name: "arraystring", plan: plan_string },
    Function { name: "arraymerge", plan: plan_merge },
    Function { name: "arraymap", plan: |call| looped::plan(call, What::Map) },
    Function { name: "arrayfilter", plan: |call| looped::plan(call, What::Filter) },
    Function { name: "arrayindexof", plan: |call| looped::plan(call, What::IndexOf) },
    Function { name: "array_any", plan: |call| looped::plan(call, What::Any) },
    Function { name: "array_all", plan: |call| looped::plan(call, What::All) },
];

type Planned = Result<Typed, QueryError>;

/// An argument that is an array.
fn array(call: &Call<'_>, index: usize) -> Planned {
    let arg = call.arg(index)?;
    match arg.ty() {
        Type::List(_) => Ok(arg),
        Type::Null => Ok(arg.to(&Type::List(Box::new(Type::Str)))),
        Type::Str => Ok(json::array_of(arg)),
        _ => Err(call.wrong(&arg, "an array")),
    }
}

/// An integer; texts and floats are read as one, null where they are none.
fn integer(call: &Call<'_>, index: usize) -> Planned {
    let arg = call.number(index)?;
    Ok(if arg.ty() == Type::Int {
        arg
    } else {
        kernel::call(&super::numbers::TRUNCATE, vec![arg], call.span)
    })
}

/// A kernel that gives an array of the same type.
fn same(call: &Call<'_>, kernel: &'static Simple) -> Planned {
    Ok(kernel::call(kernel, vec![array(call, 0)?], call.span))
}

fn plan_length(call: &Call<'_>) -> Planned {
    Ok(kernel::call(&ARRAY_LENGTH, vec![array(call, 0)?], call.span))
}

/// Values of different types become texts.
fn plan_create(call: &Call<'_>) -> Planned {
    let (values, data) = unify(call.arg_values()?)?;
    let ty = Type::of(&data).filter(|ty| *ty != Type::Null).unwrap_or(Type::Str);
    let values = values.into_iter().map(|value| value.to(&ty).plain()).collect();
    Ok(kernel::call(shape::Create(ty.arrow()), values, call.span))
}

fn plan_concat(call: &Call<'_>) -> Planned {
    let arrays = crate::error::all((0..call.count()).map(|at| array(call, at)))?;
    let ty = one_type(&arrays)?;
    let arrays = arrays.into_iter().map(|array| array.to(&ty)).collect();
    Ok(kernel::call(&shape::CONCAT, arrays, call.span))
}

fn plan_index(call: &Call<'_>) -> Planned {
    Ok(kernel::call(&shape::INDEX, vec![array(call, 0)?, integer(call, 1)?], call.span))
}

fn plan_range(call: &Call<'_>) -> Planned {
    let args = vec![array(call, 0)?, integer(call, 1)?, integer(call, 2)?];
    Ok(kernel::call(&shape::RANGE, args, call.span))
}

fn plan_string(call: &Call<'_>) -> Planned {
    Ok(kernel::call(&JOINED, vec![array(call, 0)?, call.text(1)?.plain()], call.span))
}

/// An array of arrays, or of texts that hold JSON arrays, as one array.
fn plan_merge(call: &Call<'_>) -> Planned {
    let arrays = array(call, 0)?;
    match arrays.ty() {
        Type::List(inner) if matches!(*inner, Type::List(_)) => {
            Ok(kernel::call(&shape::FLATTEN, vec![arrays], call.span))
        }
        _ => {
            let arrays = arrays.to(&Type::List(Box::new(Type::Str)));
            Ok(kernel::call(&shape::MERGE, vec![arrays], call.span))
        }
    }
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

/// Elements that are null are left out.
static JOINED: Simple = Simple {
    name: "arraystring",
    returns: |_| DataType::Utf8,
    run: |args, rows| {
        let all = Columns::new(args, rows)?;
        let (lists, delimiters) = (all.list(0)?, all.columns[1].as_string::<i32>());
        let items = ColumnView::of(lists.values().as_ref());
        let offsets = lists.value_offsets();
        let mut made = StringBuilder::new();
        for row in 0..all.rows {
            if lists.is_null(row) || delimiters.is_null(row) {
                made.append_null();
                continue;
            }
            let items = (offsets[row]..offsets[row + 1]).map(|at| items.cell(at as usize));
            let texts: Vec<String> = items.filter_map(super::convert::text_of).collect();
            made.append_value(texts.join(delimiters.value(row)));
        }
        all.done(Arc::new(made.finish()))
    },
};

/// An array with its elements as texts.
pub(crate) fn to_texts(array: Typed) -> Typed {
    let span = array.span;
    kernel::call(&TO_TEXTS, vec![array], span)
}

static TO_TEXTS: Simple = Simple {
    name: "elements_to_text",
    returns: |_| list_type(DataType::Utf8),
    run: |args, _| {
        super::numbers::of_one(args, |array| {
            let lists = array.as_list::<i32>();
            let items = ColumnView::of(lists.values().as_ref());
            let texts: StringArray =
                (0..lists.values().len()).map(|at| super::convert::text_of(items.cell(at))).collect();
            shape::with_values(lists, Arc::new(texts))
        })
    },
};
