//! `comp function(argument) as name, … by key, …`: one row for each set of keys.

use super::{Lower, Place, StageInfo};
use crate::ast::{self, StageKind};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::grammar::expression::call;
use crate::grammar::pieces::{NameUse, alias, comma_list, is_reserved, name, option};
use crate::lower::{self, Lowering};
use crate::parser::Parser;
use crate::syntax::SyntaxKind::{self, *};
use crate::syntax::SyntaxNode;

pub(super) const STAGE: StageInfo = StageInfo {
    name: "comp",
    place: Place::Pipe,
    form: "comp function(field) as name, … by key, …",
    doc: "Groups the rows by the keys and computes over each group.",
    grammar,
    lower: Lower::Stage(lower),
};

fn grammar(p: &mut Parser) {
    if p.at_word("by") {
        p.error(
            codes::NOT_AN_AGGREGATE,
            "comp needs a function before `by`",
            "for example: comp count() as n by field; for distinct values alone use dedup",
        );
    } else {
        comma_list(p, aggregate);
    }
    if p.at_word("group") && p.nth_is_word(1, "by") {
        p.error_mended(codes::FOREIGN_STAGE, "comp groups with `by` alone", "write: comp … by field", "");
        p.bump();
    }
    if p.eat_word("by") {
        p.start(NameList);
        comma_list(p, key);
        p.finish();
    }
    late_alias(p);
    if p.at_word("addrawdata") && p.nth(1) == Eq {
        option(p);
        alias(p);
    }
}

fn aggregate(p: &mut Parser) -> bool {
    p.start(Aggregate);
    let found = aggregate_call(p);
    if found && p.at_word("as") && p.nth(1) == Star {
        p.start(SyntaxKind::Alias);
        p.bump();
        p.start(SyntaxKind::Name);
        p.bump();
        p.finish();
        p.finish();
    } else if found {
        alias(p);
    }
    p.finish();
    found
}

fn aggregate_call(p: &mut Parser) -> bool {
    match (p.peek(), p.nth(1)) {
        (Ident, LParen) => {
            call(p);
            true
        }
        (Ident | QuotedIdent, Eq) => {
            let new = p.nth_text(0);
            p.error(
                codes::NOT_AN_AGGREGATE,
                "comp names its results with `as`, behind the function",
                format!("write: comp {} as {new}", call_text(p, 2)),
            );
            false
        }
        (Ident, _) if crate::functions::find(p.nth_text(0)).is_some() => {
            let function = p.nth_text(0).to_lowercase();
            let field = matches!(p.nth(1), Ident | QuotedIdent) && !is_reserved(p.nth_text(1));
            let inside = match function.as_str() {
                _ if field => p.nth_text(1),
                "count" => "",
                _ => "field",
            };
            p.error(
                codes::NOT_AN_AGGREGATE,
                format!("`{function}` needs its brackets"),
                format!("write: {function}({inside})"),
            );
            p.bump_error();
            if field {
                p.bump_error();
            }
            true
        }
        _ => {
            let message = format!("comp needs an aggregate function, found {}", p.found());
            p.error(
                codes::NOT_AN_AGGREGATE,
                message,
                "for example: comp count() as n, values(user) as users by host",
            );
            false
        }
    }
}

/// The call that begins at token `n`, as far as it can be shown in one line.
fn call_text(p: &Parser, n: usize) -> String {
    if p.nth(n) == Ident && p.nth(n + 1) == LParen {
        let inside = if p.nth(n + 2) == RParen { "" } else { "…" };
        format!("{}({inside})", p.nth_text(n))
    } else {
        "count()".to_owned()
    }
}

fn key(p: &mut Parser) -> bool {
    if p.at(Ident) && p.nth(1) == LParen {
        let function = p.nth_text(0);
        let help = if function.eq_ignore_ascii_case("bin") {
            "round it before: | bin _time span = 5m | comp … by _time".to_owned()
        } else {
            format!("compute it before: | alter key = {function}(…) | comp … by key")
        };
        p.error(codes::EXPECTED_NAME, "comp groups by fields, not by functions", help);
        p.skip_to(&[Comma]);
        return true;
    }
    let directed = (p.at_word("asc") || p.at_word("desc")) && matches!(p.nth(1), Ident | QuotedIdent);
    if directed {
        p.start(SyntaxKind::SortKey);
        p.bump();
    }
    let found = name(p, "a field to group by", NameUse::Read);
    if directed {
        p.finish();
    }
    if found && p.at_word("as") && !ends_after_alias(p) {
        p.error(
            codes::UNEXPECTED_TOKEN,
            "a key of comp keeps its name",
            "rename it before, with alter, or after, with fields",
        );
        p.skip_to(&[Comma]);
    }
    found
}

/// `as name`, and then the stage ends.
fn ends_after_alias(p: &Parser) -> bool {
    matches!(p.nth(1), Ident | QuotedIdent) && matches!(p.nth(2), Pipe | Eof | RParen | Semicolon)
        || p.nth_is_word(2, "addrawdata")
}

/// `comp count() by key as n`, as a page of the vendor writes it: the name is the function's.
fn late_alias(p: &mut Parser) {
    if !p.at_word("as") {
        return;
    }
    p.report(
        Diagnostic::warning(
            codes::LATE_ALIAS,
            p.span(),
            "a name behind the keys of comp is that of its function",
        )
        .with_help("write it before `by`: comp count() as n by key; a key keeps its name"),
    );
    alias(p);
}

fn lower(l: &mut Lowering, stage: &SyntaxNode) -> Option<StageKind> {
    let aggregates: Vec<_> =
        lower::children(stage, Aggregate).map(|node| lower_aggregate(l, &node)).collect();
    let (mut by, mut order) = (Vec::new(), Vec::new());
    for key in lower::child(stage, NameList).iter().flat_map(SyntaxNode::children) {
        let name = match key.kind() {
            SyntaxKind::Name => lower::name(&key),
            SyntaxKind::SortKey => lower::name_in(&key)?,
            _ => continue,
        };
        if key.kind() == SyntaxKind::SortKey {
            order.push(ast::SortKey { field: name.clone(), descending: lower::has_word(&key, "desc") });
        }
        by.push(name);
    }
    let mut aggregates = lower::all(aggregates)?;
    let pairs = lower::settings(stage);
    if let Some(late) =
        lower::alias_in(stage)?.filter(|alias| pairs.iter().all(|p| alias.span.start < p.word.span.start))
    {
        match aggregates.as_mut_slice() {
            [only] if only.alias.is_none() => only.alias = Some(late),
            _ => {
                l.bad_setting(
                    late.span,
                    "this name could belong to several things",
                    "write it behind its function: comp count() as n by key",
                );
                return None;
            }
        }
    }
    let raw = raw_data(l, stage)?;
    Some(StageKind::Comp(ast::Comp { aggregates, by, order, raw }))
}

/// `addrawdata = true as name`
fn raw_data(l: &mut Lowering, stage: &SyntaxNode) -> Option<Option<ast::Name>> {
    let Some(pair) = lower::settings(stage).into_iter().next() else { return Some(None) };
    let wanted = l.yes_or_no(pair.values.first()?)?;
    let default = ast::Name { name: "raw_data".into(), text: "raw_data".into(), span: pair.word.span };
    let behind = lower::children(stage, SyntaxKind::Alias)
        .filter_map(|alias| lower::name_in(&alias))
        .find(|name| name.span.start > pair.word.span.start);
    let name = behind.unwrap_or(default);
    Some(wanted.then_some(name))
}

fn lower_aggregate(l: &mut Lowering, node: &SyntaxNode) -> Option<ast::Aggregate> {
    let call = lower::child(node, SyntaxKind::CallExpr)?;
    let args = l.arguments(&call);
    Some(ast::Aggregate {
        function: lower::name_in(&call)?,
        args: args?,
        alias: lower::alias_in(node)?,
        span: lower::span(node),
    })
}
