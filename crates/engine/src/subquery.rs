//! `value in (dataset = … | …)`: is the value among those of another query? The inner query has one
//! column; its nulls are no values. Upper and lower case count, whatever the query's setting.

use crate::error::QueryError;
use crate::expr::{Exprs, Typed};
use crate::kernel::{self, Simple};
use crate::plan::read;
use crate::scope::column;
use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, JoinType, Result, exec_datafusion_err};
use datafusion::logical_expr::expr::InSubquery;
use datafusion::logical_expr::{
    EmptyRelation, Expr, LogicalPlan, LogicalPlanBuilder, Projection, in_subquery, lit, not_in_subquery, when,
};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;
use vedette_xql::ast::{self, Query, Span};
use vedette_xql::{Diagnostic, codes};

pub(crate) fn within(
    exprs: &Exprs<'_>,
    value: &ast::Expr,
    query: &Query,
    negated: bool,
    span: Span,
) -> std::result::Result<Typed, QueryError> {
    let value = exprs.value(value)?.plain();
    let rows = read(exprs.context, query)?;
    let only = only_column(&rows.scope.fields, query)?;
    let own = Typed::new(only.expr(), only.data.clone(), query.span).plain();
    let Some(ty) = value.ty().common(&own.ty()) else {
        let message = format!("{} is compared with rows of {}s", value.ty().a_name(), own.ty().name());
        return Err(Diagnostic::error(codes::TYPE_MISMATCH, span, message).into());
    };
    let (value, own) = (of_row(exprs, value.to(&ty)), own.to(&ty));
    let inner = LogicalPlanBuilder::from(rows.plan)
        .project(vec![own.expr.alias("__in")])?
        .filter(column("__in").is_not_null())?
        .distinct()?
        .build()?;
    let inner = Arc::new(inner);
    let expr = match negated {
        false => in_subquery(value.expr, inner),
        // A null is not known to be in the list or not.
        true => {
            let known = value.expr.clone().is_not_null().or(lit(ScalarValue::Boolean(None)));
            known.and(not_in_subquery(value.expr, inner))
        }
    };
    Ok(Typed::bool(expr, span))
}

/// The plan with membership in a query as a value (`alter known = name in (…)`) carried out by a join: the
/// engine knows it as a condition of filters alone.
pub(crate) fn joined(plan: LogicalPlan) -> Result<LogicalPlan> {
    plan.transform_up(|node| match node {
        LogicalPlan::Projection(projection) if projection.expr.iter().any(asks) => {
            beside_its_members(projection).map(Transformed::yes)
        }
        other => Ok(Transformed::no(other)),
    })
    .map(|found| found.data)
}

fn asks(expr: &Expr) -> bool {
    expr.exists(|part| Ok(matches!(part, Expr::InSubquery(_)))).unwrap_or(false)
}

fn beside_its_members(projection: Projection) -> Result<LogicalPlan> {
    let mut input = projection.input.as_ref().clone();
    let mut columns = Vec::with_capacity(projection.expr.len());
    for expr in projection.expr {
        let name = expr.schema_name().to_string();
        let known = expr.transform_up(|part| match part {
            Expr::InSubquery(asked) => member(&mut input, asked).map(Transformed::yes),
            other => Ok(Transformed::no(other)),
        })?;
        columns.push(known.data.alias(name));
    }
    LogicalPlanBuilder::from(input).project(columns)?.build()
}

/// Is the value among the rows of the query? Null where the value is null.
fn member(input: &mut LogicalPlan, asked: InSubquery) -> Result<Expr> {
    let inner = asked.subquery.subquery.as_ref().clone();
    let name = format!("__in{}", input.schema().fields().len());
    let inner = LogicalPlanBuilder::from(inner).project(vec![column("__in").alias(&name)])?.build()?;
    let on = asked.expr.as_ref().clone().eq(column(&name));
    let outer = std::mem::replace(input, LogicalPlan::EmptyRelation(nothing()));
    *input = LogicalPlanBuilder::from(outer).join_on(inner, JoinType::Left, [on])?.build()?;
    let found = column(&name);
    let found = if asked.negated { found.is_null() } else { found.is_not_null() };
    when(asked.expr.is_null(), lit(ScalarValue::Boolean(None))).otherwise(found)
}

fn nothing() -> EmptyRelation {
    EmptyRelation { produce_one_row: false, schema: Arc::new(DFSchema::empty()) }
}

/// A value that is the same in every row, made to look as if it were not: the planner joins the inner query by
/// a value of the row, and has no plan for another.
fn of_row(exprs: &Exprs<'_>, value: Typed) -> Typed {
    static BESIDE: Simple = Simple {
        name: "beside",
        returns: |args| args.first().cloned().unwrap_or(DataType::Null),
        run: |args, _| args.first().cloned().ok_or_else(|| exec_datafusion_err!("nothing stands here")),
    };
    match exprs.scope.fields.first() {
        Some(field) if value.expr.column_refs().is_empty() => {
            let span = value.span;
            let row = Typed::new(field.expr(), field.data.clone(), span);
            kernel::call(&BESIDE, vec![value, row], span)
        }
        _ => value,
    }
}

/// The one column that is not a system field, or the only one.
fn only_column<'a>(
    fields: &'a [crate::scope::Field],
    query: &Query,
) -> std::result::Result<&'a crate::scope::Field, QueryError> {
    let mut own = fields.iter().filter(|field| !field.is_system());
    match (own.next(), own.next(), fields) {
        (Some(only), None, _) => Ok(only),
        (None, _, [only]) => Ok(only),
        _ => {
            let message = "a query after `in` gives one field, and this one gives several";
            let error = Diagnostic::error(codes::TYPE_MISMATCH, query.span, message);
            Err(error.with_help("end it with: | fields name").into())
        }
    }
}
