use super::{Found, Rule, walk};
use crate::ast::{ExprKind, Query};

pub(super) const RULE: Rule = Rule {
    code: "XQL517",
    doc: "A regular expression that only looks for a text.",
    why: "`contains` finds it faster, and takes upper and lower case as one.",
    bad: "config timeframe = 1d | dataset = a | filter command ~= \"(?i).*mimikatz.*\"",
    good: "config timeframe = 1d | dataset = a | filter command contains \"mimikatz\"",
    run,
};

fn run(query: &Query, found: &mut Found) {
    walk::each_of_query(query, &mut |expr| {
        if let ExprKind::Matches { pattern, negated, .. } = &expr.kind
            && let Some(inside) = walk::text(pattern).and_then(plain)
        {
            let not = if *negated { "not " } else { "" };
            found.warn(
                pattern.span,
                "this expression only looks for a text",
                format!("write: {not}contains \"{inside}\""),
            );
        }
    });
}

/// The text, when there is nothing else to the pattern.
fn plain(pattern: &str) -> Option<&str> {
    let inside = pattern.strip_prefix("(?i)").unwrap_or(pattern);
    let open = inside.strip_prefix(".*");
    let inside = open.unwrap_or(inside);
    let inside = inside.strip_suffix(".*").unwrap_or(inside);
    let special = |c: char| "\\^$.|?*+()[]{}\"".contains(c);
    (inside.len() > 1 && !inside.contains(special)).then_some(inside)
}
