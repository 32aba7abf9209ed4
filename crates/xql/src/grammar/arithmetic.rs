//! What XQL does not have between values, and what to write instead: `a + b`, and a wildcard without
//! quotes, which looks like a multiplication.

use crate::codes;
use crate::grammar::expression::{Level, level};
use crate::grammar::pieces::is_reserved;
use crate::lexer::clip;
use crate::parser::Parser;
use crate::syntax::SyntaxKind::*;

/// `a + b`: XQL has functions for that; both sides are read all the same.
pub(super) fn arithmetic(p: &mut Parser, operator: Level, first: bool) {
    if first {
        let message = format!("XQL has no {} between values", p.found());
        let help = arithmetic_help(p);
        p.error(codes::INFIX_ARITHMETIC, message, help);
    }
    p.bump();
    level(p, operator.tighter(), "a value");
}

fn arithmetic_help(p: &Parser) -> String {
    let name = match p.peek() {
        Plus => "add",
        Minus => "subtract",
        Star => "multiply",
        Slash => "divide",
        _ => "mod",
    };
    let simple = simple_chain(p);
    let texts = simple.as_ref().is_some_and(|chain| chain.iter().any(|word| word.starts_with('"')));
    match simple {
        Some(chain) if texts && name == "add" => {
            format!("write {}", clip(&format!("concat({})", chain.join(", "))))
        }
        Some(chain) => format!("write {}", clip(&nested_calls(name, &chain))),
        None if name == "add" => "write add(…, …); to join texts: concat(…, …)".to_owned(),
        None => format!("write {name}(…, …)"),
    }
}

/// The operands of `a + b + c`, when each is one token and the operators are all the same.
fn simple_chain<'t>(p: &Parser<'t>) -> Option<Vec<&'t str>> {
    const LONGEST: usize = 6;
    let operand = |kind| matches!(kind, Ident | QuotedIdent | Int | Float | Str);
    let mut chain = vec![p.source(p.previous_span())];
    if !p.previous_kind().is_some_and(operand) {
        return None;
    }
    let mut n = 0;
    while p.nth(n) == p.peek() {
        if !operand(p.nth(n + 1)) || chain.len() == LONGEST {
            return None;
        }
        chain.push(p.nth_text(n + 1));
        n += 2;
    }
    let ends = !matches!(p.nth(n), LParen | LBracket | Arrow | Plus | Minus | Star | Slash | Percent);
    ends.then_some(chain)
}

/// `add(add(a, b), c)`
fn nested_calls(name: &str, chain: &[&str]) -> String {
    let mut call = chain[0].to_owned();
    for operand in &chain[1..] {
        call = format!("{name}({call}, {operand})");
    }
    call
}

/// `admin*` or `*admin*` where a text should stand.
pub(super) fn at_bare_wildcard(p: &Parser) -> bool {
    match p.peek() {
        Star => p.nth(1) == Ident && p.joined(1),
        Ident | Int if p.nth(1) == Star && p.joined(1) => match p.nth(2) {
            Ident => is_reserved(p.nth_text(2)),
            QuotedIdent | Int | Float | Str | LParen | Minus => false,
            _ => true,
        },
        _ => false,
    }
}

pub(super) fn bare_wildcard(p: &mut Parser) {
    let mut length = 1;
    while p.joined(length) && matches!(p.nth(length), Ident | Int | Float | Star | Dot) {
        length += 1;
    }
    let text: String = (0..length).map(|n| p.nth_text(n)).collect();
    let help = format!("write \"{}\"", clip(&text));
    p.error(codes::EXPECTED_VALUE, "a text with a wildcard stands in quotes", help);
    p.start(Error);
    for _ in 0..length {
        p.bump();
    }
    p.finish();
}
