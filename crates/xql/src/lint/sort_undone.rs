use super::{Found, Rule};
use crate::ast::{Query, StageKind};

pub(super) const RULE: Rule = Rule {
    code: "XQL513",
    doc: "A sort whose order is lost.",
    why: "comp gives its groups in no order, and another sort makes its own: the first sort only costs time.",
    bad: "config timeframe = 1d | dataset = a | sort desc _time | comp count() as n by user",
    good: "config timeframe = 1d | dataset = a | comp count() as n by user | sort desc n",
    run,
};

fn run(query: &Query, found: &mut Found) {
    for (number, stage) in query.stages.iter().enumerate() {
        if !matches!(stage.kind, StageKind::Sort(_)) {
            continue;
        }
        let undone = query.stages[number + 1..].iter().find_map(|after| match &after.kind {
            StageKind::Filter(_) | StageKind::Alter(_) | StageKind::Fields(_) => None,
            // What looks at the order of the rows.
            StageKind::Comp(comp) => {
                let ordered = ["first", "last", "list", "earliest", "latest"];
                Some(
                    comp.raw.is_none()
                        && !comp.aggregates.iter().any(|one| ordered.contains(&one.function.name.as_str())),
                )
            }
            StageKind::Sort(_) => Some(true),
            _ => Some(false),
        });
        if undone == Some(true) {
            found.warn(
                stage.span,
                "the order made here is lost in a later stage",
                "sort after it, or not at all",
            );
        }
    }
}
