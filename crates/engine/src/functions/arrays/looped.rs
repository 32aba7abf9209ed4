//! `arraymap`, `arrayfilter` and the like: an expression for each element. The elements of all rows
//! become one column `@element`; what the expression computes without the element is computed once
//! a row and repeated beside it; and the rest of the expression runs over that table.
//!
//! Arguments: the array, the expression as text, what is computed once a row.

use super::shape::places;
use super::{Planned, array};
use crate::expr::Typed;
use crate::functions::Call;
use crate::kernel::{self, Columns, Kernel, MOST_BYTES, list_of};
use crate::scope::column;
use crate::types::{Type, list_type};
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, ListArray, RecordBatch, StringArray, UInt32Array,
    new_empty_array,
};
use arrow::compute::{cast, concat, take};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, Result, internal_err, resources_err};
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{ColumnarValue, Expr};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};
use std::ops::Range;
use std::sync::{Arc, OnceLock};
use vedette_xql::functions::ELEMENT;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Map,
    Filter,
    Any,
    All,
    IndexOf,
}

/// Elements that are computed at a time.
const CHUNK: usize = 32_768;

pub(super) fn plan(call: &Call<'_>, what: What) -> Planned {
    let array = array(call, 0)?;
    let Type::List(item) = array.ty() else { return Err(call.wrong(&array, "an array")) };
    let item = if *item == Type::Null { DataType::Utf8 } else { item.arrow() };
    let element = Typed::new(column(ELEMENT), item, call.span);
    let syntax = call.syntax(1)?;
    let body = call.exprs.in_loop(element, || match what {
        What::Map => call.exprs.value(syntax).map(|body| match body.ty() {
            Type::Null => body.to(&Type::Str),
            _ => body.plain(),
        }),
        _ => call.exprs.truth(syntax),
    })?;
    let text = call.literal(body.expr.to_string());
    let mut outer = Vec::new();
    let inner = hoist(body.expr, &mut outer)?;
    let mut args = vec![array, text];
    // Their types are known when the plan runs.
    args.extend(outer.into_iter().map(|outer| Typed::new(outer, DataType::Null, call.span)));
    let kernel = Loop { what, data: body.data, body: inner, compiled: OnceLock::new() };
    Ok(kernel::call(kernel, args, call.span))
}

/// The body with everything that has nothing to do with the element moved out of it.
fn hoist(body: Expr, outer: &mut Vec<Expr>) -> Result<Expr> {
    let own = Column::new_unqualified(ELEMENT);
    let moved = body.transform_down(|part| {
        let reads = part.column_refs();
        if reads.is_empty() || reads.contains(&own) {
            return Ok(Transformed::no(part));
        }
        let at = outer.iter().position(|known| *known == part).unwrap_or(outer.len());
        if at == outer.len() {
            outer.push(part);
        }
        Ok(Transformed::new(column(&outer_name(at)), true, TreeNodeRecursion::Jump))
    })?;
    Ok(moved.data)
}

fn outer_name(at: usize) -> String {
    format!("__outer{at}")
}

#[derive(Debug)]
struct Loop {
    what: What,
    body: Expr,
    /// The type of what the body gives.
    data: DataType,
    compiled: OnceLock<std::result::Result<Arc<dyn PhysicalExpr>, String>>,
}

impl Kernel for Loop {
    fn name(&self) -> &'static str {
        match self.what {
            What::Map => "arraymap",
            What::Filter => "arrayfilter",
            What::Any => "array_any",
            What::All => "array_all",
            What::IndexOf => "arrayindexof",
        }
    }

    fn returns(&self, args: &[DataType]) -> DataType {
        match (self.what, args.first()) {
            (What::Map, _) => list_type(self.data.clone()),
            (What::Filter, Some(array)) => array.clone(),
            (What::Filter, None) => list_type(DataType::Utf8),
            (What::Any | What::All, _) => DataType::Boolean,
            (What::IndexOf, _) => DataType::Int64,
        }
    }

    fn run(&self, args: &[ColumnarValue], rows: usize) -> Result<ColumnarValue> {
        let all = Columns::new(args, rows)?;
        let lists = all.list(0)?;
        let made = self.each(lists, &all.columns[2..])?;
        let made: ArrayRef = match self.what {
            What::Map => super::shape::with_values(lists, cast(&made, &self.data)?),
            What::Filter => {
                let holds = made.as_boolean();
                let kept = |row| Some(places(lists, row)?.filter(|at| truth(holds, *at)));
                list_of(lists.values(), (0..all.rows).map(kept))?
            }
            What::Any => by_row(lists, |mut places| places.any(|at| truth(made.as_boolean(), at))),
            What::All => by_row(lists, |mut places| places.all(|at| truth(made.as_boolean(), at))),
            What::IndexOf => {
                let holds = made.as_boolean();
                let index = |row| {
                    let index = places(lists, row)?.position(|at| truth(holds, at))?;
                    i64::try_from(index).ok()
                };
                Arc::new((0..all.rows).map(index).collect::<Int64Array>())
            }
        };
        all.done(made)
    }

    fn body(&self) -> Option<&Expr> {
        Some(&self.body)
    }
}

/// A condition that is null is not true.
fn truth(holds: &BooleanArray, at: usize) -> bool {
    holds.is_valid(at) && holds.value(at)
}

fn by_row(lists: &ListArray, test: impl Fn(Range<usize>) -> bool) -> ArrayRef {
    Arc::new((0..lists.len()).map(|row| places(lists, row).map(&test)).collect::<BooleanArray>())
}

impl Loop {
    /// What the body gives for each value of the lists, those of null rows included.
    fn each(&self, lists: &ListArray, outer: &[ArrayRef]) -> Result<ArrayRef> {
        let values = lists.values();
        let mut parents = vec![0u32; values.len()];
        let offsets = lists.value_offsets();
        for row in 0..lists.len() {
            parents[offsets[row] as usize..offsets[row + 1] as usize].fill(row as u32);
        }
        let parents = UInt32Array::from(parents);
        let mut parts = Vec::new();
        let mut bytes = 0;
        let mut start = 0;
        while start < values.len() {
            let length = chunk(&parents.values()[start..], outer);
            let rows = parents.slice(start, length);
            let mut columns = vec![values.slice(start, length)];
            for outer in outer {
                columns.push(take(outer, &rows, None)?);
            }
            let part = self.evaluate(columns, length)?;
            bytes += part.get_buffer_memory_size();
            if bytes > MOST_BYTES {
                return resources_err!("the elements of {} fill more than {MOST_BYTES} bytes", self.name());
            }
            parts.push(part);
            start += length;
        }
        if parts.is_empty() {
            return Ok(new_empty_array(&self.data));
        }
        let parts: Vec<&dyn Array> = parts.iter().map(|part| part.as_ref()).collect();
        Ok(concat(&parts)?)
    }

    fn evaluate(&self, columns: Vec<ArrayRef>, rows: usize) -> Result<ArrayRef> {
        let names = (0..columns.len()).map(|at| match at {
            0 => ELEMENT.to_owned(),
            at => outer_name(at - 1),
        });
        let fields = names.zip(&columns);
        let fields: Vec<Field> =
            fields.map(|(name, column)| Field::new(name, column.data_type().clone(), true)).collect();
        let schema = Arc::new(Schema::new(fields));
        let compiled = self.compiled.get_or_init(|| self.compile(&schema).map_err(|why| why.to_string()));
        let batch = RecordBatch::try_new(schema, columns)?;
        match compiled {
            Ok(body) => body.evaluate(&batch)?.into_array(rows),
            Err(why) => internal_err!("{why}"),
        }
    }

    fn compile(&self, schema: &Schema) -> Result<Arc<dyn PhysicalExpr>> {
        let schema = Arc::new(DFSchema::try_from(schema.clone())?);
        let context = SimplifyContext::builder().with_schema(schema.clone()).build();
        let simplifier = ExprSimplifier::new(context);
        let body = simplifier.simplify(simplifier.coerce(self.body.clone(), &schema)?)?;
        create_physical_expr(&body, &schema, &ExecutionProps::new(), &PhysicalPlanningContext::default())
    }
}

/// How many elements to compute at a time, so that what is repeated beside them stays small.
fn chunk(parents: &[u32], outer: &[ArrayRef]) -> usize {
    const BYTES: usize = 16 << 20;
    let texts: Vec<&StringArray> = outer.iter().filter_map(|outer| outer.as_string_opt::<i32>()).collect();
    let mut bytes = 0;
    let fits = parents.iter().take(CHUNK).take_while(|row| {
        bytes += texts.iter().map(|texts| texts.value_length(**row as usize) as usize).sum::<usize>();
        bytes <= BYTES
    });
    fits.count().max(1)
}
