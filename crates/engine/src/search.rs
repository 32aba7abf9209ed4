//! `search`: rows of some or all datasets in which every text occurs in some field.

use crate::error::QueryError;
use crate::expr::Exprs;
use crate::plan::{Context, Rows};
use crate::source::{parts, union};
use datafusion::logical_expr::LogicalPlanBuilder;
use vedette_xql::ast::{Expr, ExprKind, Name, Search, Span};

pub(crate) fn read(context: &Context, search: &Search, span: Span) -> Result<Rows, QueryError> {
    let every = [Name { name: "*".into(), text: "*".into(), span }];
    let names = if search.datasets.is_empty() { &every[..] } else { &search.datasets };
    let rows = union(parts(context, names)?)?;
    let fields: Vec<Name> = rows
        .scope
        .fields
        .iter()
        .filter(|field| field.name != "_dataset")
        .map(|field| Name { name: field.name.clone(), text: field.column.clone(), span })
        .collect();
    let mut builder = LogicalPlanBuilder::from(rows.plan);
    for text in &search.texts {
        let tests = fields.iter().map(|field| holds(field, &text.text, span));
        let Some(test) = tests.reduce(|a, b| expr(ExprKind::Or(Box::new(a), Box::new(b)), span)) else {
            continue;
        };
        builder = builder.filter(Exprs::new(context, &rows.scope).truth(&test)?.expr)?;
    }
    Ok(Rows { plan: builder.build()?, scope: rows.scope })
}

fn holds(field: &Name, text: &str, span: Span) -> Expr {
    let value = Box::new(expr(ExprKind::Field(field.clone()), span));
    let part = Box::new(expr(ExprKind::Str(text.to_owned()), span));
    expr(ExprKind::Contains { value, part, negated: false }, span)
}

fn expr(kind: ExprKind, span: Span) -> Expr {
    Expr { kind, span }
}
