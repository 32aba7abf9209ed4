use super::{Found, Rule, walk};
use crate::ast::{CompareOp, ExprKind, Query};
use std::net::IpAddr;

pub(super) const RULE: Rule = Rule {
    code: "XQL508",
    doc: "An address range is compared as text.",
    why: "`=` and `in` compare with the text \"10.0.0.0/8\" itself, which no address equals.",
    bad: "config timeframe = 1d | dataset = a | filter ip = \"10.0.0.0/8\"",
    good: "config timeframe = 1d | dataset = a | filter ip incidr \"10.0.0.0/8\"",
    run,
};

fn run(query: &Query, found: &mut Found) {
    walk::each_of_query(query, &mut |expr| {
        let texts: Vec<_> = match &expr.kind {
            ExprKind::Compare { op: CompareOp::Eq | CompareOp::NotEq, right, .. } => vec![right.as_ref()],
            ExprKind::In { list, .. } => list.iter().collect(),
            _ => return,
        };
        for one in texts {
            if let Some(text) = walk::text(one).filter(|text| is_range(text)) {
                found.warn(
                    one.span,
                    format!("\"{text}\" is compared as text here: no address equals it"),
                    format!("write: incidr \"{text}\" (several ranges: incidr \"a, b\")"),
                );
            }
        }
    });
}

fn is_range(text: &str) -> bool {
    text.split_once('/').is_some_and(|(address, length)| {
        address.parse::<IpAddr>().is_ok() && length.parse::<u8>().is_ok_and(|length| length <= 128)
    })
}
