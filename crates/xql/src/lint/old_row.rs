use super::{Found, Rule, walk};
use crate::ast::{Query, StageKind};
use std::collections::HashSet;

pub(super) const RULE: Rule = Rule {
    code: "XQL502",
    doc: "An assignment reads a field that an earlier one of the same stage sets.",
    why: "All assignments of one alter see the row as it was before the stage: the earlier one has no \
          effect on the later one.",
    bad: "config timeframe = 1d | dataset = a | alter x = add(y, 1), z = multiply(x, 2)",
    good: "config timeframe = 1d | dataset = a | alter x = add(y, 1) | alter z = multiply(x, 2)",
    run,
};

fn run(query: &Query, found: &mut Found) {
    for stage in &query.stages {
        let StageKind::Alter(list) = &stage.kind else { continue };
        let mut set: HashSet<&str> = HashSet::new();
        for one in list {
            walk::each(&one.value, &mut |expr| {
                if let Some(name) = walk::field(expr)
                    && set.contains(name.name.as_str())
                {
                    found.warn(
                        expr.span,
                        format!("`{}` is read here as it was before this stage", name.text),
                        "begin a new stage with `| alter` to read what was just assigned",
                    );
                }
            });
            set.insert(&one.target.name);
        }
    }
}
