use super::walk::Chain;
use super::{Found, Rule, walk};
use crate::ast::{CompareOp, Expr, ExprKind, Query};
use std::collections::HashMap;

pub(super) const RULE: Rule = Rule {
    code: "XQL505",
    doc: "One field must equal two different values at once.",
    why: "`a = 1 and a = 2` is true for no row; `or` or `in` was meant.",
    bad: "config timeframe = 1d | dataset = a | filter port = 22 and port = 23",
    good: "config timeframe = 1d | dataset = a | filter port in (22, 23)",
    run,
};

fn run(query: &Query, found: &mut Found) {
    for chain in walk::chains(query, Chain::And) {
        let mut values: HashMap<&str, &Expr> = HashMap::new();
        for one in chain {
            let ExprKind::Compare { op: CompareOp::Eq, left, right } = &one.kind else { continue };
            let Some(name) = walk::field(left).filter(|_| literal(right)) else { continue };
            let before = values.entry(&name.name).or_insert(right);
            if differ(before, right) {
                let field = &name.text;
                found.warn(
                    one.span,
                    format!("`{field}` cannot equal two values at once: no row is kept"),
                    format!("write: {field} in (…), or join the conditions with `or`"),
                );
            }
        }
    }
}

fn literal(expr: &Expr) -> bool {
    match &expr.kind {
        // A wildcard equals many values.
        ExprKind::Str(text) => !text.contains('*'),
        ExprKind::Int(_) | ExprKind::Bool(_) => true,
        _ => false,
    }
}

fn differ(a: &Expr, b: &Expr) -> bool {
    match (walk::text(a), walk::text(b)) {
        (Some(a), Some(b)) => a.to_lowercase() != b.to_lowercase(),
        _ => std::mem::discriminant(&a.kind) == std::mem::discriminant(&b.kind) && a.kind != b.kind,
    }
}
