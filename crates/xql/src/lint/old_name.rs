use super::{Found, Rule, walk};
use crate::ast::{ExprKind, Name, Query, Source};
use crate::diagnostic::Diagnostic;

pub(super) const RULE: Rule = Rule {
    code: "XQL519",
    doc: "An old name of a function or dataset.",
    why: "It still works here, and may stop working elsewhere.",
    bad: "config timeframe = 1d | dataset = a | alter n = safe_ip_to_int(ip)",
    good: "config timeframe = 1d | dataset = a | alter n = ip_to_int(ip)",
    run,
};

/// Old and new.
const FUNCTIONS: &[(&str, &str)] = &[("safe_ip_to_int", "ip_to_int"), ("to_number", "to_float")];
const DATASETS: &[(&str, &str)] = &[("xdr_dataset", "xdr_data")];

fn run(query: &Query, found: &mut Found) {
    if let Source::Dataset(names) = &query.source {
        names.iter().for_each(|name| old(name, DATASETS, found));
    }
    walk::each_of_query(query, &mut |expr| {
        if let ExprKind::Call { function, .. } = &expr.kind {
            old(function, FUNCTIONS, found);
        }
    });
}

fn old(name: &Name, table: &[(&str, &str)], found: &mut Found) {
    if let Some((_, new)) = table.iter().find(|(old, _)| *old == name.name) {
        let message = format!("`{}` is an old name", name.text);
        found.list.push(
            Diagnostic::warning(found.code, name.span, message)
                .with_help(format!("write: {new}"))
                .with_replacement(*new),
        );
    }
}
