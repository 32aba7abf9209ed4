use super::walk::Chain;
use super::{Found, Rule, walk};
use crate::ast::{CompareOp, ExprKind, Query};
use std::collections::HashSet;

pub(super) const RULE: Rule = Rule {
    code: "XQL506",
    doc: "`a != x or a != y` is true for every row.",
    why: "Every value differs from one of two values. `and`, or `not in`, was meant.",
    bad: "config timeframe = 1d | dataset = a | filter port != 80 or port != 443 or port = null",
    good: "config timeframe = 1d | dataset = a | filter port not in (80, 443) or port = null",
    run,
};

fn run(query: &Query, found: &mut Found) {
    for chain in walk::chains(query, Chain::Or) {
        let mut seen = HashSet::new();
        for one in chain {
            if let ExprKind::Compare { op: CompareOp::NotEq, left, right } = &one.kind
                && right.kind != ExprKind::Null
                && let Some(name) = walk::field(left)
                && !seen.insert(name.name.as_str())
            {
                let field = &name.text;
                found.warn(
                    one.span,
                    format!("every value of `{field}` differs from one of the two: this is always true"),
                    format!("write: {field} not in (…), or join the conditions with `and`"),
                );
            }
        }
    }
}
