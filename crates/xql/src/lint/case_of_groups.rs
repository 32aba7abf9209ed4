use super::{Found, Rule, walk};
use crate::ast::{CompareOp, ExprKind, Query, StageKind};
use std::collections::HashSet;

pub(super) const RULE: Rule = Rule {
    code: "XQL503",
    doc: "A field is compared whatever its case, then grouped by its exact case.",
    why: "Conditions take `Admin` and `admin` as one; comp and dedup count them as two. Bring the field \
          to one case first.",
    bad: "config timeframe = 1d | dataset = a | filter user = \"admin\" | comp count() as n by user",
    good: "config timeframe = 1d | dataset = a | filter user = \"admin\" | alter user = lowercase(user) \
           | comp count() as n by user",
    run,
};

fn run(query: &Query, found: &mut Found) {
    if query.config.case_sensitive == Some(true) {
        return;
    }
    let mut compared: HashSet<&str> = HashSet::new();
    for stage in &query.stages {
        match &stage.kind {
            StageKind::Filter(condition) => walk::each(condition, &mut |expr| match &expr.kind {
                ExprKind::Compare { op: CompareOp::Eq, left, right }
                    if walk::text(right).is_some_and(has_letters) =>
                {
                    compared.extend(walk::field(left).map(|name| name.name.as_str()));
                }
                ExprKind::In { value, list, negated: false }
                    if list.iter().filter_map(walk::text).any(has_letters) =>
                {
                    compared.extend(walk::field(value).map(|name| name.name.as_str()));
                }
                _ => {}
            }),
            StageKind::Alter(list) => {
                for one in list {
                    compared.remove(one.target.name.as_str());
                }
            }
            StageKind::Comp(comp) => {
                for key in comp.by.iter().filter(|key| compared.contains(key.name.as_str())) {
                    found.warn(
                        key.span,
                        format!(
                            "`{}` was compared whatever its case, and is grouped by its exact case",
                            key.text
                        ),
                        format!("before it: | alter {0} = lowercase({0})", key.text),
                    );
                }
                compared.clear();
            }
            _ => {}
        }
    }
}

fn has_letters(text: &str) -> bool {
    text.chars().any(char::is_alphabetic)
}
