use super::{Found, Rule, walk};
use crate::ast::{Expr, ExprKind, Query};
use crate::functions::ELEMENT;

pub(super) const RULE: Rule = Rule {
    code: "XQL509",
    doc: "\"@element\" of an outer function cannot be reached inside an inner one.",
    why: "In arraymap(a, arrayfilter(b, \"@element\" = …)) the inner function's elements are meant, also \
          where the outer one's were.",
    bad: "config timeframe = 1d | dataset = a | alter x = arraymap(list, arrayfilter(other, \"@element\" = \"a\"))",
    good: "config timeframe = 1d | dataset = a | alter y = arrayfilter(other, \"@element\" = \"a\") \
           | alter x = arraymap(list, concat(\"@element\", y))",
    run,
};

fn run(query: &Query, found: &mut Found) {
    walk::each_of_query(query, &mut |expr| {
        let Some(outer) = looped(expr) else { return };
        walk::each(outer, &mut |inner| {
            if let Some(condition) = looped(inner) {
                walk::each(condition, &mut |part| {
                    if walk::text(part) == Some(ELEMENT) {
                        found.warn(
                            part.span,
                            "this \"@element\" is the inner function's; the outer one's cannot be reached here",
                            "compute the inner array in an alter before",
                        );
                    }
                });
            }
        });
    });
    found.list.dedup_by_key(|one| one.span);
}

/// What a function evaluates for each element.
fn looped(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Call { function, args } => {
            let row = crate::functions::find(&function.name)?;
            let at = row.params.iter().position(|param| param.ty == crate::functions::Type::Condition)?;
            args.get(at)
        }
        _ => None,
    }
}
