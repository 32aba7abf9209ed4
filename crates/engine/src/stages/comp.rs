//! `comp`: one row for each combination of its keys, with what the aggregates make of their rows.
//! Keys come first, then the aggregates in the order they were written; nothing else is left.

use super::sort::order_keys;
use super::sugar::Sugar;
use crate::aggregates::{self, Planner};
use crate::error::{QueryError, all};
use crate::plan::{Context, Rows};
use crate::scope::{Field, OrderKey, Scope, is_reserved};
use crate::types::Type;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, lit};
use std::collections::HashMap;
use vedette_xql::ast::{Aggregate, Comp, Name};
use vedette_xql::{Diagnostic, codes};

pub(super) fn apply(context: &Context, rows: Rows, comp: &Comp) -> Result<Rows, QueryError> {
    let comp = &whole(context, &rows.scope, comp)?;
    let keys = keys(&rows.scope, &comp.by)?;
    let names = names(comp)?;
    let mut planner = Planner::new(context, &rows.scope, &comp.aggregates);
    let results = all(comp.aggregates.iter().map(|aggregate| aggregates::plan(&mut planner, aggregate)))?;

    let mut fields: Vec<Field> = Vec::new();
    let mut columns: Vec<Expr> = Vec::new();
    for (field, _) in &keys {
        columns.push(field.expr());
        fields.push(field.clone());
    }
    for (name, result) in names.into_iter().zip(results) {
        if fields.iter().any(|field| field.name == name.name) {
            let message = format!("there would be two fields `{}`", name.text);
            return Err(Diagnostic::error(codes::DUPLICATE_NAME, name.span, message).into());
        }
        columns.push(result.expr.alias(&name.text));
        fields.push(Field { name: name.name, ..Field::new(name.text, result.data) });
    }

    let mut scope = Scope::new(fields);
    // Equal rows of a later sort come in the order of the keys.
    scope.ties =
        keys.iter().map(|(field, _)| OrderKey { column: field.column.clone(), descending: false }).collect();
    if !comp.order.is_empty() {
        scope.order = order_keys(&scope, &comp.order)?;
    }
    scope.remember_gone(&rows.scope, "comp");
    scope.counter = rows.scope.counter;
    let mut groups: Vec<Expr> = keys.into_iter().map(|(_, expr)| expr).collect();
    let aggregates = planner.finish();
    if groups.is_empty() && aggregates.is_empty() {
        groups.push(lit(1i64).alias("__one"));
    }
    let plan = LogicalPlanBuilder::from(rows.plan).aggregate(groups, aggregates)?.build()?;
    Rows { plan, scope: scope.clone() }.project(columns, scope)
}

/// Fields and rows in one array of raw data.
const RAW_FIELDS: usize = 50;

/// The stage with `sum(*) as *` and `addrawdata` written out.
fn whole(context: &Context, scope: &Scope, comp: &Comp) -> Result<Comp, QueryError> {
    let mut made = Comp { aggregates: Vec::new(), ..comp.clone() };
    for aggregate in &comp.aggregates {
        if aggregate.alias.as_ref().is_some_and(|alias| alias.name == "*") {
            made.aggregates.extend(of_every_field(context, scope, comp, aggregate)?);
        } else {
            made.aggregates.push(aggregate.clone());
        }
    }
    if let Some(name) = &comp.raw {
        let s = Sugar { span: name.span };
        let fields = scope.fields.iter().filter(|field| !field.hidden).take(RAW_FIELDS);
        let pairs = fields.flat_map(|field| [s.text(&field.column), s.field(&field.name)]);
        let row = s.call("to_json_string", vec![s.call("object_create", pairs.collect())]);
        made.aggregates.push(s.aggregate("list", vec![row], &name.text));
    }
    Ok(made)
}

/// `sum(*) as *`: the function over every field that is no key and that it can take.
fn of_every_field(
    context: &Context,
    scope: &Scope,
    comp: &Comp,
    star: &Aggregate,
) -> Result<Vec<Aggregate>, QueryError> {
    let numbers = ["sum", "avg", "median", "stddev_population", "stddev_sample", "var"];
    let numeric = numbers.contains(&star.function.name.as_str());
    let s = Sugar { span: star.span };
    let fields = scope.fields.iter().filter(|field| {
        let key = comp.by.iter().any(|key| key.name == field.name);
        !key && !field.hidden && (!numeric || field.ty().is_number())
    });
    let calls = fields.map(|field| {
        let mut call = s.aggregate(&star.function.text, vec![s.field(&field.name)], &field.column);
        call.function = star.function.clone();
        call
    });
    let fits = |call: &Aggregate| {
        let one = std::slice::from_ref(call);
        aggregates::plan(&mut Planner::new(context, scope, one), call).is_ok()
    };
    let calls: Vec<Aggregate> = calls.filter(fits).collect();
    if calls.is_empty() {
        let message = format!("there is no field here that {}() can take", star.function.name);
        return Err(Diagnostic::error(codes::TYPE_MISMATCH, star.span, message).into());
    }
    Ok(calls)
}

/// The keys as fields of the result, and how they are grouped by: words as plain strings, which
/// DataFusion groups faster.
fn keys(scope: &Scope, by: &[Name]) -> Result<Vec<(Field, Expr)>, QueryError> {
    let mut keys: Vec<(Field, Expr)> = Vec::new();
    for field in all(by.iter().map(|name| key(scope, name)))? {
        if keys.iter().any(|(known, _)| known.name == field.name) {
            continue;
        }
        let typed = crate::expr::Typed::new(field.expr(), field.data.clone(), Default::default()).plain();
        let mut grouped = Field::new(&field.column, typed.data);
        grouped.name = field.name;
        keys.push((grouped, typed.expr.alias(&field.column)));
    }
    Ok(keys)
}

fn key(scope: &Scope, name: &Name) -> Result<Field, QueryError> {
    let field = scope.field(name)?;
    if let Type::List(_) = field.ty() {
        let message = format!("`{}` is {}; comp groups by single values", name.text, field.ty().a_name());
        let error = Diagnostic::error(codes::TYPE_MISMATCH, name.span, message);
        return Err(error.with_help("arraystring() makes one string of it").into());
    }
    Ok(field.clone())
}

/// The name of each aggregate: its alias, or `<function>_<n>`, counted for each function in order.
fn names(comp: &Comp) -> Result<Vec<Name>, QueryError> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    all(comp.aggregates.iter().map(|aggregate| {
        if let Some(alias) = &aggregate.alias {
            if is_reserved(&alias.name) {
                let message = format!("`{}` is a name that Vedette uses itself", alias.text);
                return Err(Diagnostic::error(codes::BAD_ARGUMENT, alias.span, message).into());
            }
            return Ok(alias.clone());
        }
        let count = counts.entry(&aggregate.function.name).or_default();
        *count += 1;
        let text = format!("{}_{count}", aggregate.function.name);
        Ok(Name { name: text.clone(), text, span: aggregate.span })
    }))
}
