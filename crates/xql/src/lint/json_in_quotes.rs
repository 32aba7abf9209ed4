use super::{Found, Rule, walk};
use crate::ast::{ExprKind, Query};

pub(super) const RULE: Rule = Rule {
    code: "XQL507",
    doc: "A text taken out of JSON as JSON keeps its quotes, so it equals no plain text.",
    why: "json_extract and `-> field{}` give JSON: a text comes with its quotes. Comparing it with a \
          text without them is never true.",
    bad: "config timeframe = 1d | dataset = a | filter json_extract(event, \"$.user\") = \"root\"",
    good: "config timeframe = 1d | dataset = a | filter json_extract_scalar(event, \"$.user\") = \"root\"",
    run,
};

fn run(query: &Query, found: &mut Found) {
    walk::each_of_query(query, &mut |expr| {
        let (value, texts): (_, Vec<_>) = match &expr.kind {
            ExprKind::Compare { left, right, .. } => (left, vec![right.as_ref()]),
            ExprKind::In { value, list, .. } => (value, list.iter().collect()),
            _ => return,
        };
        let plain = |text: &str| !text.starts_with(['"', '{', '[']);
        if let ExprKind::Call { function, .. } = &value.kind
            && function.name == "json_extract"
            && texts.iter().filter_map(|one| walk::text(one)).any(plain)
        {
            found.warn(
                value.span,
                "json_extract gives JSON: a text in it has quotes, and equals no text without them",
                "use json_extract_scalar, or the arrow without {}",
            );
        }
    });
}
