use super::{Found, Rule, walk};
use crate::ast::{CompareOp, ExprKind, Query};

pub(super) const RULE: Rule = Rule {
    code: "XQL518",
    doc: "A wildcard that is only a test for not null.",
    why: "`= \"*\"` is true for every value; `!= null` says so.",
    bad: "config timeframe = 1d | dataset = a | filter user = \"*\"",
    good: "config timeframe = 1d | dataset = a | filter user != null",
    run,
};

fn run(query: &Query, found: &mut Found) {
    walk::each_of_query(query, &mut |expr| {
        if let ExprKind::Compare { op: CompareOp::Eq, left, right } = &expr.kind
            && let (Some(name), Some(text)) = (walk::field(left), walk::text(right))
            && !text.is_empty()
            && text.chars().all(|c| c == '*')
        {
            found.warn(
                expr.span,
                format!("this is true for every value of `{}`", name.text),
                format!("write: {} != null", name.text),
            );
        }
    });
}
