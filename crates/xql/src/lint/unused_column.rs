use super::{Found, Rule, walk};
use crate::ast::{Fields, Name, Query, StageKind};

pub(super) const RULE: Rule = Rule {
    code: "XQL512",
    doc: "A column is computed, never read, and not in the result.",
    why: "It costs time, and often means that a name was misspelt.",
    bad: "config timeframe = 1d | dataset = a | alter hour = extract_time(_time, \"HOUR\") | comp count() as n by user",
    good: "config timeframe = 1d | dataset = a | alter hour = extract_time(_time, \"HOUR\") | comp count() as n by user, hour",
    run,
};

/// Stages with more columns are made by programs, and each column is looked for in all that follows.
const MOST: usize = 200;

fn run(query: &Query, found: &mut Found) {
    for (number, stage) in query.stages.iter().enumerate() {
        let made: Vec<&Name> = match &stage.kind {
            StageKind::Alter(list) => list.iter().map(|one| &one.target).collect(),
            StageKind::Comp(comp) => comp.aggregates.iter().filter_map(|one| one.alias.as_ref()).collect(),
            StageKind::WindowComp(calls) => calls.iter().filter_map(|one| one.alias.as_ref()).collect(),
            _ => continue,
        };
        let after = &query.stages[number + 1..];
        for name in made.into_iter().filter(|name| name.name != "*").take(MOST) {
            if lost(after.iter().map(|stage| &stage.kind), &name.name) {
                found.warn(
                    name.span,
                    format!("`{}` is computed and then neither read nor kept", name.text),
                    "remove it, or keep it with fields or in comp's `by`",
                );
            }
        }
    }
}

/// Is the column gone, without having been read, by the end?
fn lost<'a>(stages: impl Iterator<Item = &'a StageKind>, column: &str) -> bool {
    for stage in stages {
        if walk::reads(stage, column) {
            return false;
        }
        match stage {
            // The library's stages may read anything.
            StageKind::Macro(_) => return false,
            StageKind::Comp(_) | StageKind::Fields(Fields::Keep(_)) => return true,
            StageKind::Fields(Fields::Drop(names)) if names.iter().any(|name| name.name == column) => {
                return true;
            }
            // Written again before it was read: the other one's matter.
            StageKind::Alter(list) if list.iter().any(|one| one.target.name == column) => return true,
            _ => {}
        }
    }
    false
}
