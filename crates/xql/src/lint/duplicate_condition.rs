use super::walk::Chain;
use super::{Found, Rule, walk};
use crate::ast::{Expr, ExprKind, Query};

pub(super) const RULE: Rule = Rule {
    code: "XQL511",
    doc: "The same condition stands twice in one chain.",
    why: "The second says nothing; often another field or value was meant.",
    bad: "config timeframe = 1d | dataset = a | filter source_port = 22 or source_port = 22",
    good: "config timeframe = 1d | dataset = a | filter source_port = 22 or dest_port = 22",
    run,
};

/// Longer chains are made by programs, and comparing all with all would take long.
const MOST: usize = 200;

fn run(query: &Query, found: &mut Found) {
    for kind in [Chain::And, Chain::Or] {
        for chain in walk::chains(query, kind) {
            for (number, one) in chain.iter().enumerate().take(MOST) {
                if chain[..number].iter().any(|before| same(before, one)) {
                    found.warn(
                        one.span,
                        "this condition stands here twice",
                        "remove it, or say what was meant",
                    );
                }
            }
        }
    }
}

/// Chains are not compared with each other: they can be as deep as the query is long.
fn same(a: &Expr, b: &Expr) -> bool {
    let leaf = match (&a.kind, &b.kind) {
        (ExprKind::Field(a) | ExprKind::Word(a), ExprKind::Field(b) | ExprKind::Word(b)) => {
            return a.name == b.name;
        }
        (ExprKind::Call { function: a, .. }, ExprKind::Call { function: b, .. }) => a.name == b.name,
        (ExprKind::Compare { op: a, .. }, ExprKind::Compare { op: b, .. }) => a == b,
        (ExprKind::In { negated: a, .. }, ExprKind::In { negated: b, .. })
        | (ExprKind::Contains { negated: a, .. }, ExprKind::Contains { negated: b, .. })
        | (ExprKind::Matches { negated: a, .. }, ExprKind::Matches { negated: b, .. })
        | (ExprKind::InCidr { negated: a, .. }, ExprKind::InCidr { negated: b, .. }) => a == b,
        (ExprKind::Not(_), ExprKind::Not(_)) => true,
        (ExprKind::And(..) | ExprKind::Or(..) | ExprKind::InQuery { .. }, _) => return false,
        (a, b) => return a == b,
    };
    let (a, b) = (walk::parts(a), walk::parts(b));
    leaf && a.len() == b.len() && a.into_iter().zip(b).all(|(a, b)| same(a, b))
}
