use super::{Found, Rule};
use crate::ast::{Query, StageKind};

pub(super) const RULE: Rule = Rule {
    code: "XQL514",
    doc: "limit after comp without a sort takes any groups.",
    why: "Groups come in no order: which ones are kept may change from run to run. Mostly the largest \
          are meant.",
    bad: "config timeframe = 1d | dataset = a | comp count() as n by user | limit 10",
    good: "config timeframe = 1d | dataset = a | comp count() as n by user | sort desc n | limit 10",
    run,
};

fn run(query: &Query, found: &mut Found) {
    let mut unordered = false;
    for stage in &query.stages {
        match &stage.kind {
            StageKind::Comp(comp) => unordered = !comp.by.is_empty(),
            StageKind::Sort(_) | StageKind::Top(_) => unordered = false,
            StageKind::Limit(_) if unordered => {
                found.warn(
                    stage.span,
                    "the groups have no order here: which of them are kept is left to chance",
                    "sort before it: | sort desc n | limit …",
                );
            }
            _ => {}
        }
    }
}
