use super::{Found, Rule, walk};
use crate::ast::{ExprKind, Query};
use crate::check::format_codes;
use crate::functions::{self, Type};

pub(super) const RULE: Rule = Rule {
    code: "XQL520",
    doc: "A format of times without any % code.",
    why: "Formats are written in % codes: `%Y` is the year. Letters are taken as they stand, so every row gets the \
          same text, and no text can be read as a time.",
    bad: "config timeframe = 1d | dataset = a | alter day = format_timestamp(\"YYYY-MM-DD\", _time)",
    good: "config timeframe = 1d | dataset = a | alter day = format_timestamp(\"%Y-%m-%d\", _time)",
    run,
};

fn run(query: &Query, found: &mut Found) {
    walk::each_of_query(query, &mut |expr| {
        let ExprKind::Call { function, args } = &expr.kind else { return };
        let Some(known) = functions::find(&function.name) else { return };
        for (arg, param) in args.iter().zip(known.params).filter(|(_, param)| param.ty == Type::Format) {
            let Some(text) = walk::text(arg).filter(|text| !text.contains('%') && !text.starts_with('$'))
            else {
                continue;
            };
            let help = match format_codes(text) {
                Some(codes) => format!("write: \"{codes}\""),
                None => "for example: \"%Y-%m-%d %H:%M:%S\"".to_owned(),
            };
            found.warn(arg.span, format!("the {} of `{}` has no % code", param.name, known.name), help);
        }
    });
}
