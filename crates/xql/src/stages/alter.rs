//! `alter field = expression, …`: adds fields or overwrites them. Every expression sees the row as it
//! was before the stage.

use super::{Lower, Place, StageInfo};
use crate::ast::{Assignment, StageKind};
use crate::codes;
use crate::grammar::expression::expression;
use crate::grammar::pieces::{NameUse, comma_list, comma_missing, name};
use crate::lower::{self, Lowering};
use crate::parser::Parser;
use crate::syntax::SyntaxKind::{self, *};
use crate::syntax::SyntaxNode;

pub(super) const STAGE: StageInfo = StageInfo {
    name: "alter",
    place: Place::Pipe,
    form: "alter field = expression, …",
    doc: "Adds fields, or overwrites them.",
    grammar,
    lower: Lower::Stage(lower),
};

fn grammar(p: &mut Parser) {
    comma_list(p, assignment);
    while comma_missing(p, |p| p.nth(1) == Eq) {
        comma_list(p, assignment);
    }
}

pub(super) fn assignment(p: &mut Parser) -> bool {
    p.start(SyntaxKind::Assignment);
    let whole = target(p) && expression(p, "a value after `=`");
    if whole && p.at_word("as") {
        let new = p.nth_text(1);
        p.error(
            codes::ASSIGNMENT_EXPECTED,
            "`as` has no place in alter",
            format!("the new field stands first: alter {new} = …"),
        );
        p.skip_to(&[Comma]);
    }
    p.finish();
    whole
}

/// `field =`
fn target(p: &mut Parser) -> bool {
    if p.at(Ident) && p.nth(1) == LParen {
        p.error(
            codes::ASSIGNMENT_EXPECTED,
            "the field to set is missing",
            format!("write: alter name = {}(…)", p.nth_text(0)),
        );
        return false;
    }
    if !name(p, "the field to set", NameUse::Define) {
        return false;
    }
    match p.peek() {
        Eq => p.bump(),
        EqEq => {
            p.error_mended(codes::FOREIGN_OPERATOR, "XQL has no `==`", "write a single `=`", "=");
            p.bump();
        }
        Colon if p.nth(1) == Eq => {
            p.error_mended(codes::FOREIGN_OPERATOR, "XQL has no `:=`", "write a single `=`", "");
            p.bump();
            p.bump();
        }
        _ => {
            let field = p.source(p.previous_span());
            let message = format!("expected `=` after `{field}`, found {}", p.found());
            let form = p.stage_form.unwrap_or("alter field = expression, …");
            p.error(codes::ASSIGNMENT_EXPECTED, message, format!("the form is: {form}"));
            return false;
        }
    }
    true
}

fn lower(l: &mut Lowering, stage: &SyntaxNode) -> Option<StageKind> {
    lower_assignments(l, stage).map(StageKind::Alter)
}

pub(super) fn lower_assignments(l: &mut Lowering, stage: &SyntaxNode) -> Option<Vec<Assignment>> {
    let assignments: Vec<Option<Assignment>> = lower::children(stage, SyntaxKind::Assignment)
        .map(|node| {
            let value = lower::only_expr(&node).and_then(|value| l.expr(&value));
            Some(Assignment { target: lower::name_in(&node)?, value: value? })
        })
        .collect();
    lower::all(assignments)
}
