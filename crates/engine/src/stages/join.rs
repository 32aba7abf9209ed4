//! `join`: columns of another query where a condition holds.
//!
//! A column that both sides have is the inner query's (`conflict_strategy = right`, the default), the
//! outer one's (`left`), or both, the inner one as `<name>_joined_10` and up. A key by which the two are
//! joined and which has the same name on both sides is the same value, and is never lost. Keys are
//! compared with their case. Afterwards a column goes by its bare name, and by `alias.name` too.

use crate::error::QueryError;
use crate::expr::{Exprs, Typed, one_type};
use crate::plan::{Context, Rows, read};
use crate::scope::{Field, Scope};
use crate::stopping::while_wanted;
use crate::types::Type;
use datafusion::common::JoinType;
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder};
use std::collections::HashSet;
use vedette_xql::ast::{self, CompareOp, Conflict, ExprKind, Join, JoinKind};

/// The first number behind `_joined_`.
const FIRST_NUMBER: usize = 10;

pub(super) fn apply(context: &Context, rows: Rows, join: &Join) -> Result<Rows, QueryError> {
    let inner = read(context, &join.query)?;
    let mut scope = rows.scope.clone();
    let (inner, columns) = renamed(inner, &mut scope)?;
    let both = combined(&rows.scope, &columns, &join.alias.name);
    let terms = conjuncts(&join.on);
    let on =
        crate::error::all(terms.iter().map(|term| condition(context, &both, rows.scope.fields.len(), term)))?;
    let keys = shared_keys(&terms, &join.alias.name);

    let kind = match join.kind {
        JoinKind::Inner => JoinType::Inner,
        JoinKind::Left => JoinType::Left,
        JoinKind::Right => JoinType::Right,
    };
    let joined = LogicalPlanBuilder::from(rows.plan).join_on(inner.plan, kind, on)?.build()?;
    let (fields, made) = merged(&rows.scope, &columns, join, &keys)?;
    scope.fields = fields;
    scope.order.clear();
    scope.ties.clear();
    let rows = Rows { plan: joined, scope: scope.clone() };
    rows.project(made, scope)
}

/// A column of the inner query: its field, whose column has a name that no other has.
struct Inner {
    field: Field,
    /// As the inner query called it.
    text: String,
}

/// The inner rows with names of columns that clash with nothing.
fn renamed(rows: Rows, scope: &mut Scope) -> Result<(Rows, Vec<Inner>), QueryError> {
    let mut columns = Vec::new();
    let mut made = Vec::new();
    scope.counter = scope.counter.max(rows.scope.counter);
    for field in rows.scope.fields.iter().filter(|field| !field.hidden) {
        let name = scope.hidden_name();
        made.push(field.expr().alias(&name));
        let own = Field { column: name, companions: None, ..field.clone() };
        columns.push(Inner { field: own, text: field.column.clone() });
    }
    let plan = LogicalPlanBuilder::from(rows.plan).project(made)?.build()?;
    Ok((Rows { plan, scope: rows.scope }, columns))
}

/// What the condition can name: outer fields, `alias.field`, and inner fields that clash with none.
fn combined(outer: &Scope, columns: &[Inner], alias: &str) -> Scope {
    let mut fields = outer.fields.clone();
    for inner in columns {
        fields.push(Field { name: format!("{alias}.{}", inner.field.name), ..inner.field.clone() });
    }
    for inner in columns {
        if outer.find(&inner.field.name).is_none() {
            fields.push(inner.field.clone());
        }
    }
    let mut scope = Scope::new(fields);
    scope.dataset.clone_from(&outer.dataset);
    scope
}

fn conjuncts(on: &ast::Expr) -> Vec<&ast::Expr> {
    let mut terms = Vec::new();
    let mut open = vec![on];
    while let Some(next) = open.pop() {
        match &next.kind {
            ExprKind::And(left, right) => open.extend([right.as_ref(), left.as_ref()]),
            _ => terms.push(next),
        }
    }
    terms
}

/// One term of the condition, which may name `outer` fields and then those of the inner query. Equality of two columns is the plan's own, which joins by hashing.
fn condition(context: &Context, both: &Scope, outer: usize, term: &ast::Expr) -> Result<Expr, QueryError> {
    let exprs = Exprs::new(context, both);
    if let ExprKind::Compare { op: CompareOp::Eq, left, right } = &term.kind {
        let (left, right) = (exprs.value(left)?, exprs.value(right)?);
        let list = |side: &Typed| matches!(side.ty(), Type::List(_));
        let fixed = left.value().is_some() || right.value().is_some();
        if !fixed && !list(&left) && !list(&right) && comparable(&left, &right) {
            let ty = one_type(&[left.clone(), right.clone()])?;
            return Ok(left.to(&ty).plain().expr.eq(right.to(&ty).plain().expr));
        }
    }
    let truth = exprs.truth(term)?;
    let names = truth.expr.column_refs();
    let of_inner = |name: &str| both.fields.iter().skip(outer).any(|field| field.column == name);
    let sides: Vec<bool> = names.iter().map(|column| of_inner(&column.name)).collect();
    // Tried on every pair of rows, which may be for long; one that is of one side alone is not.
    match sides.contains(&true) && sides.contains(&false) {
        true => Ok(while_wanted(truth, &context.stopped).expr),
        false => Ok(truth.expr),
    }
}

/// Equal types, or numbers of both kinds.
fn comparable(left: &Typed, right: &Typed) -> bool {
    let (a, b) = (left.ty(), right.ty());
    a == b || a.is_number() && b.is_number() || a == Type::Null || b == Type::Null
}

/// Names in `alias.name = name`.
fn shared_keys(terms: &[&ast::Expr], alias: &str) -> HashSet<String> {
    let mut keys = HashSet::new();
    for term in terms {
        let ExprKind::Compare { op: CompareOp::Eq, left, right } = &term.kind else { continue };
        for (inner, outer) in [(left, right), (right, left)] {
            if let (Some(inner), Some(outer)) = (field_name(inner), field_name(outer))
                && inner.strip_prefix(alias).and_then(|rest| rest.strip_prefix('.')) == Some(outer)
            {
                keys.insert(outer.to_owned());
            }
        }
    }
    keys
}

fn field_name(expr: &ast::Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Field(name) | ExprKind::Word(name) => Some(&name.name),
        _ => None,
    }
}

/// The fields of the result and the columns they are made of.
fn merged(
    outer: &Scope,
    columns: &[Inner],
    join: &Join,
    keys: &HashSet<String>,
) -> Result<(Vec<Field>, Vec<Expr>), QueryError> {
    let mut fields: Vec<Field> = outer.fields.clone();
    let mut made: Vec<Expr> = outer.fields.iter().map(Field::expr).collect();
    let mut number = FIRST_NUMBER;
    for inner in columns {
        let clash = fields.iter().position(|field| field.name == inner.field.name);
        let Some(at) = clash else {
            let mut field = Field { column: inner.text.clone(), ..inner.field.clone() };
            field.name = inner.text.to_lowercase();
            made.push(inner.field.expr().alias(&field.column));
            fields.push(field);
            continue;
        };
        match join.conflict {
            _ if keys.contains(&inner.field.name) && join.conflict != Conflict::Both => {
                let own = &fields[at];
                let sides = vec![
                    Typed::new(own.expr(), own.data.clone(), join.on.span),
                    Typed::new(inner.field.expr(), inner.field.data.clone(), join.on.span),
                ];
                let (sides, data) = crate::expr::unify(sides)?;
                made[at] = coalesce(sides.into_iter().map(|side| side.expr).collect()).alias(&own.column);
                fields[at] = Field { data, companions: None, ..own.clone() };
            }
            Conflict::Left => {}
            Conflict::Right => {
                let column = fields[at].column.clone();
                made[at] = inner.field.expr().alias(&column);
                fields[at] = Field { column, ..inner.field.clone() };
            }
            Conflict::Both => {
                // An earlier join may have made such a name.
                let taken = |number| {
                    let name = format!("{}_joined_{number}", inner.text).to_lowercase();
                    fields.iter().any(|field| field.name == name)
                };
                while taken(number) {
                    number += 1;
                }
                let column = format!("{}_joined_{number}", inner.text);
                number += 1;
                made.push(inner.field.expr().alias(&column));
                fields.push(Field { name: column.to_lowercase(), column, ..inner.field.clone() });
            }
        }
    }
    by_alias(columns, &join.alias.name, &mut fields, &mut made);
    Ok((fields, made))
}

/// Inner columns can be named by `alias.field` too; shown they are only where that is done.
fn by_alias(columns: &[Inner], alias: &str, fields: &mut Vec<Field>, made: &mut Vec<Expr>) {
    let known: HashSet<String> = fields.iter().map(|field| field.name.clone()).collect();
    for inner in columns {
        let name = format!("{alias}.{}", inner.field.name);
        if !known.contains(&name) {
            made.push(inner.field.expr().alias(&name));
            fields.push(Field { name: name.clone(), column: name, hidden: true, ..inner.field.clone() });
        }
    }
}
