//! What statements of rules have and queries have not: `call name`, as a stage and as a value, and `drop`.

use crate::codes;
use crate::grammar::expression::expression;
use crate::grammar::pieces::{NameUse, name};
use crate::parser::Parser;
use crate::syntax::SyntaxKind::*;

/// Takes a stage that only rules have, if the cursor stands on one.
pub(crate) fn stage(p: &mut Parser) -> bool {
    if at_call(p) {
        p.start(Stage);
        call(p);
        p.finish();
        return true;
    }
    if !p.at_word("drop") {
        return false;
    }
    p.stage_form = Some("drop condition");
    p.start(Stage);
    p.bump();
    if !expression(p, "a condition after `drop`") {
        p.skip_to(&[]);
    }
    p.finish();
    if p.at(Pipe) {
        p.error(
            codes::UNEXPECTED_TOKEN,
            "drop is the last stage of a statement",
            "begin a new statement behind `;`",
        );
    }
    true
}

pub(crate) fn at_call(p: &Parser) -> bool {
    p.at_word("call") && matches!(p.nth(1), Ident | QuotedIdent)
}

/// `call name`; the cursor stands on `call`.
pub(crate) fn call(p: &mut Parser) {
    p.start(RuleCall);
    p.bump();
    name(p, "the name of a rule", NameUse::Read);
    p.finish();
}
