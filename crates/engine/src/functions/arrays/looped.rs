//! `arraymap`, `arrayfilter` and the like: an expression for each element. The elements of all rows
//! become one column `@element`, the other columns the expression reads are repeated beside it,
//! and the expression runs over that table.
//!
//! Arguments: the array, the expression as text, the columns the expression reads.

use super::shape::places;
use super::{Planned, array};
use crate::expr::Typed;
use crate::functions::Call;
use crate::kernel::{self, Columns, Kernel, list_of};
use crate::scope::column;
use crate::types::{Type, list_type};
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, ListArray, RecordBatch, UInt32Array, new_empty_array,
};
use arrow::compute::{cast, concat, take};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::{Column, DFSchema, Result, TableReference};
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
    let own = Column::new_unqualified(ELEMENT);
    let mut reads: Vec<Column> =
        body.expr.column_refs().into_iter().filter(|read| **read != own).cloned().collect();
    reads.sort();
    let mut args = vec![array, call.literal(body.expr.to_string())];
    // Their types are known when the plan runs.
    args.extend(reads.iter().map(|read| Typed::new(Expr::Column(read.clone()), DataType::Null, call.span)));
    let kernel = Loop { what, data: body.data, body: body.expr, reads, compiled: OnceLock::new() };
    Ok(kernel::call(kernel, args, call.span))
}

#[derive(Debug)]
struct Loop {
    what: What,
    body: Expr,
    /// The type of what the body gives.
    data: DataType,
    reads: Vec<Column>,
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
    fn each(&self, lists: &ListArray, reads: &[ArrayRef]) -> Result<ArrayRef> {
        let values = lists.values();
        let mut parents = vec![0u32; values.len()];
        let offsets = lists.value_offsets();
        for row in 0..lists.len() {
            parents[offsets[row] as usize..offsets[row + 1] as usize].fill(row as u32);
        }
        let parents = UInt32Array::from(parents);
        let mut parts = Vec::new();
        for start in (0..values.len()).step_by(CHUNK) {
            let length = CHUNK.min(values.len() - start);
            let rows = parents.slice(start, length);
            let mut columns = vec![values.slice(start, length)];
            for read in reads {
                columns.push(take(read, &rows, None)?);
            }
            parts.push(self.evaluate(columns, length)?);
        }
        if parts.is_empty() {
            return Ok(new_empty_array(&self.data));
        }
        let parts: Vec<&dyn Array> = parts.iter().map(|part| part.as_ref()).collect();
        Ok(concat(&parts)?)
    }

    fn evaluate(&self, columns: Vec<ArrayRef>, rows: usize) -> Result<ArrayRef> {
        let schema = self.schema(&columns)?;
        let compiled = self.compiled.get_or_init(|| self.compile(&schema).map_err(|why| why.to_string()));
        let batch = RecordBatch::try_new(schema.inner().clone(), columns)?;
        match compiled {
            Ok(body) => body.evaluate(&batch)?.into_array(rows),
            Err(why) => datafusion::common::internal_err!("{why}"),
        }
    }

    fn schema(&self, columns: &[ArrayRef]) -> Result<DFSchema> {
        let own = (None, ELEMENT);
        let reads = self.reads.iter().map(|read| (read.relation.clone(), read.name.as_str()));
        let names: Vec<(Option<TableReference>, &str)> = std::iter::once(own).chain(reads).collect();
        let fields = names.iter().zip(columns);
        let fields = fields.map(|((_, name), column)| Field::new(*name, column.data_type().clone(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        DFSchema::from_field_specific_qualified_schema(
            names.into_iter().map(|(table, _)| table).collect(),
            &schema,
        )
    }

    fn compile(&self, schema: &DFSchema) -> Result<Arc<dyn PhysicalExpr>> {
        let context = SimplifyContext::builder().with_schema(Arc::new(schema.clone())).build();
        let simplifier = ExprSimplifier::new(context);
        let body = simplifier.simplify(simplifier.coerce(self.body.clone(), schema)?)?;
        create_physical_expr(&body, schema, &ExecutionProps::new(), &PhysicalPlanningContext::default())
    }
}
