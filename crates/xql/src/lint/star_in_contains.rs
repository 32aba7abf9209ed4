use super::{Found, Rule, walk};
use crate::ast::{ExprKind, Query};

pub(super) const RULE: Rule = Rule {
    code: "XQL510",
    doc: "A star inside `contains`.",
    why: "Here the star stands for any run of characters, as behind `=`; whether Cortex takes it so inside \
          `contains` is not documented. `=` with stars does what is meant everywhere.",
    bad: "config timeframe = 1d | dataset = a | filter path contains \"temp*exe\"",
    good: "config timeframe = 1d | dataset = a | filter path = \"*temp*exe*\"",
    run,
};

fn run(query: &Query, found: &mut Found) {
    walk::each_of_query(query, &mut |expr| {
        if let ExprKind::Contains { part, .. } = &expr.kind
            && let Some(text) = walk::text(part).filter(|text| text.contains('*'))
        {
            found.warn(
                part.span,
                "`contains` takes the star as a star",
                format!("write: = \"*{}*\"", text.trim_matches('*')),
            );
        }
    });
}
