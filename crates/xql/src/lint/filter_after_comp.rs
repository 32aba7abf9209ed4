use super::{Found, Rule, walk};
use crate::ast::{Query, StageKind};

pub(super) const RULE: Rule = Rule {
    code: "XQL516",
    doc: "A filter on the keys of comp stands after it.",
    why: "Before comp it gives the same rows and spares the groups that are thrown away.",
    bad: "config timeframe = 1d | dataset = a | comp count() as n by port | filter port > 1024",
    good: "config timeframe = 1d | dataset = a | filter port > 1024 | comp count() as n by port",
    run,
};

fn run(query: &Query, found: &mut Found) {
    for pair in query.stages.windows(2) {
        let (StageKind::Comp(comp), StageKind::Filter(condition)) = (&pair[0].kind, &pair[1].kind) else {
            continue;
        };
        for one in walk::all_of(condition) {
            let (mut keys, mut others) = (0, 0);
            walk::each(one, &mut |expr| {
                if let Some(name) = walk::field(expr) {
                    let key = comp.by.iter().any(|key| key.name == name.name);
                    *(if key { &mut keys } else { &mut others }) += 1;
                }
            });
            if keys > 0 && others == 0 {
                found.warn(
                    one.span,
                    "this condition reads only keys of comp: it could stand before it",
                    "move it into a filter before comp",
                );
            }
        }
    }
}
