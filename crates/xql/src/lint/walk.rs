//! Ways through the tree that several rules take.

use crate::ast::{Edge, Expr, ExprKind, Fields, Name, Query, StageKind, UnionWith};

/// The query and every query inside it.
pub(super) fn queries(query: &Query) -> Vec<&Query> {
    let mut all = vec![query];
    let mut next = 0;
    while next < all.len() {
        for stage in &all[next].stages {
            match &stage.kind {
                StageKind::Join(join) => all.push(&join.query),
                StageKind::Union(UnionWith::Query(inner)) => all.push(inner),
                _ => {}
            }
            for expr in expressions(&stage.kind) {
                each(expr, &mut |expr| {
                    if let ExprKind::InQuery { query, .. } = &expr.kind {
                        all.push(query);
                    }
                });
            }
        }
        next += 1;
    }
    all
}

/// The expressions of a stage, outermost only.
pub(crate) fn expressions(stage: &StageKind) -> Vec<&Expr> {
    match stage {
        StageKind::Alter(list) | StageKind::ReplaceNull(list) => list.iter().map(|one| &one.value).collect(),
        StageKind::Filter(condition) => vec![condition],
        StageKind::Comp(comp) => comp.aggregates.iter().flat_map(|one| &one.args).collect(),
        StageKind::WindowComp(calls) => calls.iter().flat_map(|one| &one.args).collect(),
        StageKind::Join(join) => vec![&join.on],
        StageKind::Transaction(it) => [&it.starts, &it.ends]
            .into_iter()
            .filter_map(|edge| match edge {
                Some(Edge::When(condition)) => Some(condition),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The parts of an expression.
pub(super) fn parts(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::Call { args, .. } => args.iter().collect(),
        ExprKind::Not(one) => vec![one],
        ExprKind::And(a, b) | ExprKind::Or(a, b) => vec![a, b],
        ExprKind::Compare { left, right, .. } => vec![left, right],
        ExprKind::In { value, list, .. } => std::iter::once(value.as_ref()).chain(list).collect(),
        ExprKind::InQuery { value, .. } | ExprKind::Arrow { value, .. } => vec![value],
        ExprKind::Contains { value, part, .. } => vec![value, part],
        ExprKind::Matches { value, pattern, .. } => vec![value, pattern],
        ExprKind::InCidr { value, range, .. } => vec![value, range],
        _ => Vec::new(),
    }
}

/// The expression and everything in it. Not recursive: thousands of conditions joined by `or` are a
/// deep tree.
pub(crate) fn each<'a>(expr: &'a Expr, look: &mut dyn FnMut(&'a Expr)) {
    let mut waiting = vec![expr];
    while let Some(expr) = waiting.pop() {
        look(expr);
        waiting.extend(parts(expr));
    }
}

/// Every expression of the query, whatever it stands in, but not those of queries inside it.
pub(super) fn each_of_query<'a>(query: &'a Query, look: &mut dyn FnMut(&'a Expr)) {
    query.stages.iter().flat_map(|stage| expressions(&stage.kind)).for_each(|expr| each(expr, look));
}

/// The conditions that must all hold: `a and (b and c)` gives three.
pub(super) fn all_of(expr: &Expr) -> Vec<&Expr> {
    members(expr, Chain::And)
}

/// What joins conditions.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Chain {
    And,
    Or,
}

/// Every chain of the query, whole: `a and b and c` is one, not two.
pub(super) fn chains(query: &Query, kind: Chain) -> Vec<Vec<&Expr>> {
    let mut found = Vec::new();
    let mut waiting: Vec<&Expr> = query.stages.iter().flat_map(|stage| expressions(&stage.kind)).collect();
    while let Some(expr) = waiting.pop() {
        if sides(expr, kind).is_some() {
            let chain = members(expr, kind);
            waiting.extend(&chain);
            found.push(chain);
        } else {
            waiting.extend(parts(expr));
        }
    }
    found
}

fn sides(expr: &Expr, kind: Chain) -> Option<[&Expr; 2]> {
    match (&expr.kind, kind) {
        (ExprKind::And(a, b), Chain::And) | (ExprKind::Or(a, b), Chain::Or) => Some([b, a]),
        _ => None,
    }
}

fn members(expr: &Expr, kind: Chain) -> Vec<&Expr> {
    let (mut found, mut waiting) = (Vec::new(), vec![expr]);
    while let Some(expr) = waiting.pop() {
        match sides(expr, kind) {
            Some(both) => waiting.extend(both),
            None => found.push(expr),
        }
    }
    found
}

/// The field an expression is, when it is nothing else.
pub(super) fn field(expr: &Expr) -> Option<&Name> {
    match &expr.kind {
        ExprKind::Field(name) | ExprKind::Word(name) => Some(name),
        _ => None,
    }
}

/// The text an expression is, when it is nothing else.
pub(super) fn text(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Str(text) => Some(text),
        _ => None,
    }
}

/// Does the stage, or one after it, read the column? `true` when that cannot be told.
pub(super) fn reads(stage: &StageKind, column: &str) -> bool {
    let is = |name: &Name| name.name == column;
    let mut found = false;
    for expr in expressions(stage) {
        each(expr, &mut |expr| {
            found |= field(expr).is_some_and(is) || matches!(expr.kind, ExprKind::InQuery { .. });
        });
    }
    found
        || match stage {
            StageKind::Alter(_) | StageKind::Filter(_) | StageKind::Limit(_) => false,
            StageKind::Comp(comp) => {
                comp.by.iter().any(is)
                    || comp.raw.is_some()
                    || comp
                        .aggregates
                        .iter()
                        .any(|one| one.alias.as_ref().is_some_and(|alias| alias.name == "*"))
            }
            StageKind::Dedup { keys, order } => keys.iter().any(is) || order.iter().any(|key| is(&key.field)),
            StageKind::Sort(keys) => keys.iter().any(|key| is(&key.field)),
            StageKind::Fields(Fields::Keep(choices)) => choices.iter().any(|choice| {
                is(&choice.field) || (choice.alias.is_none() && fits(&choice.field.name, column))
            }),
            StageKind::Fields(Fields::Drop(_)) => false,
            _ => true,
        }
}

/// `event_*`, `*_ip`, `*`.
fn fits(pattern: &str, column: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(rest), Some(_)) => column.contains(rest.trim_end_matches('*')),
        (Some(end), None) => column.ends_with(end),
        (None, Some(start)) => column.starts_with(start),
        (None, None) => false,
    }
}
