//! `alter`: adds fields, or gives existing ones new values. All assignments of one stage see the
//! row as it was before the stage. Made fields come last; changed ones stay where they are.

use crate::error::{QueryError, all};
use crate::expr::{Exprs, Typed};
use crate::plan::{Context, Rows};
use crate::scope::{Companions, Field, Scope, is_reserved};
use datafusion::logical_expr::Expr;
use vedette_xql::ast::Assignment;
use vedette_xql::{Diagnostic, codes};

pub(super) fn apply(context: &Context, rows: Rows, assignments: &[Assignment]) -> Result<Rows, QueryError> {
    let exprs = Exprs::new(context, &rows.scope);
    let made = all(assignments.iter().map(|assignment| {
        check_name(assignment)?;
        Ok((assignment, exprs.value(&assignment.value)?))
    }))?;

    let made = made.into_iter().map(|(assignment, value)| Made {
        name: assignment.target.text.clone(),
        companions: exprs.companions(&assignment.value).cloned(),
        value,
    });
    let made: Vec<Made> = made.collect();
    set(rows, made)
}

/// A field that a stage makes.
pub(super) struct Made {
    pub name: String,
    pub value: Typed,
    pub companions: Option<Companions>,
}

impl Made {
    pub(super) fn new(name: impl Into<String>, value: Typed) -> Made {
        Made { name: name.into(), value, companions: None }
    }
}

/// The rows with fields added or overwritten.
pub(super) fn set(rows: Rows, made: Vec<Made>) -> Result<Rows, QueryError> {
    let mut scope = rows.scope.clone();
    let mut columns: Vec<Expr> = Vec::new();
    keep_old_keys(&mut scope, &made, &mut columns);
    for Made { name, value, companions } in made {
        let mut field = Field::new(&name, value.data.clone());
        field.companions = companions;
        // The same name twice in one stage: the last one counts.
        match scope.fields.iter_mut().find(|known| known.name == field.name) {
            Some(known) => {
                field.column.clone_from(&known.column);
                *known = field.clone();
            }
            None => scope.fields.push(field.clone()),
        }
        columns.retain(|made| made.schema_name().to_string() != field.column);
        columns.push(value.expr.alias(&field.column));
    }
    let ordered = scope.fields.iter().map(|field| {
        let made = columns.iter().find(|made| made.schema_name().to_string() == field.column);
        made.cloned().unwrap_or_else(|| field.expr())
    });
    let ordered: Vec<Expr> = ordered.collect();
    let hidden = columns.into_iter().filter(|made| !ordered.contains(made)).collect::<Vec<_>>();
    rows.project(ordered.into_iter().chain(hidden).collect(), scope)
}

/// Rows keep the order an earlier `sort` gave them by the values it saw: a key that is given a
/// new value lives on under a name of its own.
fn keep_old_keys(scope: &mut Scope, made: &[Made], columns: &mut Vec<Expr>) {
    for new in made {
        let Some(field) = scope.find(&new.name.to_lowercase()) else { continue };
        let old = field.column.clone();
        if !scope.order.iter().chain(&scope.ties).any(|key| key.column == old) {
            continue;
        }
        let hidden = scope.hidden_name();
        columns.push(crate::scope::column(&old).alias(&hidden));
        for key in scope.order.iter_mut().chain(&mut scope.ties) {
            if key.column == old {
                key.column.clone_from(&hidden);
            }
        }
    }
}

fn check_name(assignment: &Assignment) -> Result<(), QueryError> {
    if !is_reserved(&assignment.target.name) {
        return Ok(());
    }
    let message = format!("`{}` is a name that Vedette uses itself", assignment.target.text);
    Err(Diagnostic::error(codes::BAD_ARGUMENT, assignment.target.span, message).into())
}
