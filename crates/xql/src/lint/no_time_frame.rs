use super::{Found, Rule, walk};
use crate::ast::{Query, Source};

pub(super) const RULE: Rule = Rule {
    code: "XQL515",
    doc: "The query says nothing of time.",
    why: "Without a time frame a query reads what the caller's setting says, from a day to everything: \
          the same text gives other results elsewhere, and may read far more than needed.",
    bad: "dataset = a | filter user = \"root\"",
    good: "config timeframe = 1d | dataset = a | filter user = \"root\"",
    run,
};

fn run(query: &Query, found: &mut Found) {
    // Queries inside take the time frame of the whole.
    if !found.outermost {
        return;
    }
    let mut timed = query.config.timeframe.is_some() || matches!(query.source, Source::Call(_));
    walk::each_of_query(query, &mut |expr| {
        timed |= walk::field(expr).is_some_and(|name| name.name == "_time");
    });
    if !timed {
        let mut span = query.span;
        span.end = span.end.min(span.start + 1);
        found.warn(span, "this query has no time frame", "begin with: config timeframe = 24h");
    }
}
