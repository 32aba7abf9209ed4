use super::{Found, Rule, walk};
use crate::ast::{CompareOp, Expr, ExprKind, Query, StageKind};
use std::collections::HashSet;

pub(super) const RULE: Rule = Rule {
    code: "XQL501",
    doc: "A negative condition drops the rows in which the field is null.",
    why: "Null compared with a value is neither true nor false, so `!=`, `not in`, `not contains` and \
          `!~=` keep no row without a value. Say what is meant of null.",
    bad: "config timeframe = 1d | dataset = a | filter user != \"root\"",
    good: "config timeframe = 1d | dataset = a | filter user != \"root\" or user = null",
    run,
};

fn run(query: &Query, found: &mut Found) {
    for stage in &query.stages {
        let StageKind::Filter(condition) = &stage.kind else { continue };
        let mut settled = HashSet::new();
        walk::each(condition, &mut |expr| {
            if let ExprKind::Compare { left, right, .. } = &expr.kind
                && right.kind == ExprKind::Null
            {
                settled.extend(walk::field(left).map(|name| name.name.as_str()));
            }
        });
        walk::each(condition, &mut |expr| {
            if let Some(name) = negative(expr).and_then(walk::field)
                && !settled.contains(name.name.as_str())
            {
                let field = &name.text;
                found.warn(
                    expr.span,
                    format!("rows in which `{field}` is null are dropped here"),
                    format!("to keep them add: or {field} = null; to be plain about it: and {field} != null"),
                );
            }
        });
    }
}

/// The left side of a condition that is true for what is not there.
fn negative(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Compare { op: CompareOp::NotEq, left, right } if right.kind != ExprKind::Null => Some(left),
        ExprKind::In { value, negated: true, .. }
        | ExprKind::Contains { value, negated: true, .. }
        | ExprKind::Matches { value, negated: true, .. } => Some(value),
        _ => None,
    }
}
