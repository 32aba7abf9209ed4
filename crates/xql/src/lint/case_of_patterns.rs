use super::{Found, Rule, walk};
use crate::ast::{ExprKind, Query};

pub(super) const RULE: Rule = Rule {
    code: "XQL504",
    doc: "A regular expression minds case where everything else does not.",
    why: "`=`, `in` and `contains` take `PowerShell` and `powershell` as one unless case_sensitive is \
          set; `~=` never does.",
    bad: "config timeframe = 1d | dataset = a | filter command ~= \"power(shell)?\"",
    good: "config timeframe = 1d | dataset = a | filter command ~= \"(?i)power(shell)?\"",
    run,
};

fn run(query: &Query, found: &mut Found) {
    if query.config.case_sensitive == Some(true) {
        return;
    }
    walk::each_of_query(query, &mut |expr| {
        if let ExprKind::Matches { value, pattern, .. } = &expr.kind
            && let Some(text) = walk::text(pattern)
            && minds_case(text)
            && !matches!(&value.kind, ExprKind::Call { function, .. } if ["lowercase", "uppercase"].contains(&function.name.as_str()))
        {
            found.warn(
                pattern.span,
                "this expression minds case; `=` and `contains` do not",
                "begin it with (?i), or with (?-i) to say that it is meant",
            );
        }
    });
}

/// Letters that stand for themselves, with nothing said of case.
fn minds_case(pattern: &str) -> bool {
    let mut escaped = false;
    let letters = pattern.chars().any(|c| {
        let letter = c.is_alphabetic() && !escaped;
        escaped = c == '\\' && !escaped;
        letter
    });
    letters && !pattern.contains("(?i") && !pattern.contains("(?-i") && !both_cases(pattern)
}

/// `[a-zA-Z]` says that case was thought of.
fn both_cases(pattern: &str) -> bool {
    pattern.contains("a-zA-Z") || pattern.contains("A-Za-z")
}
