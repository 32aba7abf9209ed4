//! Functions over several values at once: the largest of them, buckets, distances of vectors.

use super::{Call, Function};
use crate::error::QueryError;
use crate::expr::{Typed, unify};
use crate::kernel::{self, Columns, Simple};
use crate::types::{Type, list_type};
use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, ListArray};
use arrow::compute::cast as cast_array;
use arrow::datatypes::{DataType, Float64Type};
use datafusion::common::Result;
use datafusion::functions::core::expr_fn::{greatest, least};
use datafusion::logical_expr::{ColumnarValue, Expr};
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "greatest", plan: |call| extreme(call, greatest) },
    Function { name: "least", plan: |call| extreme(call, least) },
    Function { name: "range_bucket", plan: plan_bucket },
    Function { name: "cosine_distance", plan: |call| distance(call, &COSINE) },
    Function { name: "euclidean_distance", plan: |call| distance(call, &EUCLIDEAN) },
];

type Planned = std::result::Result<Typed, QueryError>;

/// Nulls are passed over.
fn extreme(call: &Call<'_>, function: fn(Vec<Expr>) -> Expr) -> Planned {
    let values = call.arg_values()?;
    if let Some(list) = values.iter().find(|value| matches!(value.ty(), Type::List(_))) {
        return Err(call.wrong(list, "a single value"));
    }
    let (values, _) = unify(values)?;
    let values: Vec<Typed> = values.into_iter().map(Typed::plain).collect();
    let Some(data) = values.first().map(|value| value.data.clone()) else {
        return Err(call.bad(call.span, format!("{}() needs a value", call.name.name)));
    };
    let values = values.into_iter().map(|value| value.expr).collect();
    Ok(Typed::new(function(values), data, call.span))
}

/// An array of numbers, as one of floats.
fn vector(call: &Call<'_>, index: usize) -> Planned {
    let arg = call.arg(index)?;
    match arg.ty() {
        Type::List(item) if matches!(*item, Type::Int | Type::Float | Type::Str | Type::Null) => {
            let data = list_type(DataType::Float64);
            let expr = kernel::call(&TO_FLOATS, vec![arg], call.span).expr;
            Ok(Typed::new(expr, data, call.span))
        }
        Type::Null => Ok(Typed::new(
            datafusion::logical_expr::cast(arg.expr, list_type(DataType::Float64)),
            list_type(DataType::Float64),
            call.span,
        )),
        _ => Err(call.wrong(&arg, "an array of numbers")),
    }
}

fn plan_bucket(call: &Call<'_>) -> Planned {
    Ok(kernel::call(&BUCKET, vec![call.float(0)?, vector(call, 1)?], call.span))
}

fn distance(call: &Call<'_>, kernel: &'static Simple) -> Planned {
    Ok(kernel::call(kernel, vec![vector(call, 0)?, vector(call, 1)?], call.span))
}

/// Elements that are no numbers are null.
static TO_FLOATS: Simple = Simple {
    name: "to_floats",
    returns: |_| list_type(DataType::Float64),
    run: |args, rows| {
        let all = Columns::new(args, rows)?;
        all.done(cast_array(&all.columns[0], &list_type(DataType::Float64))?)
    },
};

static BUCKET: Simple = Simple {
    name: "range_bucket",
    returns: |_| DataType::Int64,
    run: |args, rows| {
        let all = Columns::new(args, rows)?;
        let numbers = all.columns[0].as_primitive::<Float64Type>();
        let bounds = all.list(1)?;
        let row = |row: usize| {
            let bounds = row_of(bounds, row)?;
            let number = numbers.is_valid(row).then(|| numbers.value(row))?;
            Some(bounds.iter().filter(|bound| **bound <= number).count() as i64)
        };
        all.done(Arc::new((0..all.rows).map(row).collect::<Int64Array>()) as ArrayRef)
    },
};

static COSINE: Simple = Simple {
    name: "cosine_distance",
    returns: |_| DataType::Float64,
    run: |args, rows| {
        pairs(args, rows, |a, b| {
            let dot: f64 = a.iter().zip(b).map(|(x, y)| x * y).sum();
            1.0 - dot / (length(a) * length(b))
        })
    },
};

static EUCLIDEAN: Simple = Simple {
    name: "euclidean_distance",
    returns: |_| DataType::Float64,
    run: |args, rows| {
        pairs(args, rows, |a, b| a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum::<f64>().sqrt())
    },
};

fn length(vector: &[f64]) -> f64 {
    vector.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// A number for two vectors of one length; null otherwise, and where it is not finite.
fn pairs(args: &[ColumnarValue], rows: usize, work: impl Fn(&[f64], &[f64]) -> f64) -> Result<ColumnarValue> {
    let all = Columns::new(args, rows)?;
    let (a, b) = (all.list(0)?, all.list(1)?);
    let row = |row: usize| {
        let (a, b) = (row_of(a, row)?, row_of(b, row)?);
        (a.len() == b.len()).then(|| work(&a, &b)).filter(|made| made.is_finite())
    };
    all.done(Arc::new((0..all.rows).map(row).collect::<Float64Array>()) as ArrayRef)
}

/// The numbers of a row; `None` when the array or one of its elements is null.
fn row_of(lists: &ListArray, row: usize) -> Option<Vec<f64>> {
    if lists.is_null(row) {
        return None;
    }
    let values = lists.value(row);
    let values = values.as_primitive_opt::<Float64Type>()?;
    values.iter().collect()
}
