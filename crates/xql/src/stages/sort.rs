//! `sort desc a, asc b`: the direction stands before each field.

use super::{Lower, Place, StageInfo};
use crate::ast::{self, StageKind};
use crate::codes;
use crate::grammar::pieces::{NameUse, comma_list, name};
use crate::lower::{self, Lowering};
use crate::parser::Parser;
use crate::syntax::SyntaxKind::{self, *};
use crate::syntax::SyntaxNode;

pub(super) const STAGE: StageInfo = StageInfo {
    name: "sort",
    place: Place::Pipe,
    form: "sort asc|desc field, asc|desc field, …",
    doc: "Orders the rows.",
    grammar,
    lower: Lower::Stage(lower),
};

fn grammar(p: &mut Parser) {
    if p.at_word("by") {
        p.error_mended(codes::BAD_SORT_KEY, "sort has no `by`", "write: sort desc field", "");
        p.bump_error();
    }
    sort_keys(p, "sort");
}

/// `asc|desc field, …`; `before` is what stands before the list, for messages.
pub(super) fn sort_keys(p: &mut Parser, before: &str) {
    comma_list(p, |p| {
        p.start(SyntaxKind::SortKey);
        let found = sort_key(p, before);
        p.finish();
        found
    });
}

fn sort_key(p: &mut Parser, before: &str) -> bool {
    if at_direction(p, 0) {
        p.bump();
        return name(p, "a field to sort by", NameUse::Read);
    }
    if matches!(p.peek(), Minus | Plus) {
        let direction = if p.at(Minus) { "desc" } else { "asc" };
        let help = format!("write: {before} {direction} {}", p.nth_text(1));
        let message = format!("{} gives no direction in XQL", p.found());
        p.error_mended(codes::BAD_SORT_KEY, message, help, format!("{direction} "));
        p.bump();
        return name(p, "a field to sort by", NameUse::Read);
    }
    let span = p.span();
    if !name(p, "`asc` or `desc` and a field", NameUse::Read) {
        return false;
    }
    let field = p.source(crate::ast::Span { start: span.start, end: p.previous_span().end });
    if at_direction(p, 0) {
        let direction = p.nth_text(0).to_lowercase();
        let message = format!("the direction stands before the field, not after `{field}`");
        let whole = crate::ast::Span { start: span.start, end: p.span().end };
        p.report(
            crate::Diagnostic::error(codes::BAD_SORT_KEY, p.span(), message)
                .with_help(format!("write: {before} {direction} {field}"))
                .with_fix(whole, format!("{direction} {field}")),
        );
        p.bump();
        return true;
    }
    p.report(
        crate::Diagnostic::error(codes::BAD_SORT_KEY, span, format!("`{field}` has no direction"))
            .with_help(format!("write: {before} asc {field}, or: {before} desc {field}")),
    );
    true
}

fn at_direction(p: &Parser, n: usize) -> bool {
    p.nth_is_word(n, "asc") || p.nth_is_word(n, "desc")
}

pub(super) fn lower_keys(stage: &SyntaxNode) -> Option<Vec<ast::SortKey>> {
    lower::all(lower::children(stage, SyntaxKind::SortKey).map(|node| {
        Some(ast::SortKey { field: lower::name_in(&node)?, descending: lower::has_word(&node, "desc") })
    }))
}

fn lower(_: &mut Lowering, stage: &SyntaxNode) -> Option<StageKind> {
    lower_keys(stage).map(StageKind::Sort)
}
