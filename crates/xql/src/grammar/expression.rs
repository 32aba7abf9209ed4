//! Expressions, by precedence climbing: `or`, `and`, `not`, one comparison, (arithmetic, which XQL does
//! not have), `->`. Chains of one precedence are flat nodes, so that ten thousand conditions joined by
//! `or` are wide and not deep.

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::foreign;
use crate::grammar::pieces::{self, NameUse, is_reserved};
use crate::grammar::{arithmetic, comparison, habits, rules};
use crate::lexer::clip;
use crate::parser::Parser;
use crate::stages;
use crate::syntax::SyntaxKind::{self, *};
use rowan::Checkpoint;

/// How strongly an operator binds; the weakest first.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub(super) enum Level {
    Or,
    And,
    Not,
    Compare,
    Add,
    Multiply,
    Value,
}

impl Level {
    pub(super) fn tighter(self) -> Level {
        match self {
            Level::Or => Level::And,
            Level::And => Level::Not,
            Level::Not => Level::Compare,
            Level::Compare => Level::Add,
            Level::Add => Level::Multiply,
            Level::Multiply | Level::Value => Level::Value,
        }
    }
}

/// An expression; `false`, with an error, when there is none. `what` names it for the message.
pub(crate) fn expression(p: &mut Parser, what: &str) -> bool {
    level(p, Level::Or, what)
}

pub(super) fn level(p: &mut Parser, least: Level, what: &str) -> bool {
    let checkpoint = p.checkpoint();
    if !prefix(p, what) {
        return false;
    }
    while let Some(operator) = operator_level(p) {
        if operator < least {
            break;
        }
        chain(p, checkpoint, operator);
    }
    true
}

/// `a or b or c`: the operators of one level that follow the operand at `checkpoint`, in one node.
fn chain(p: &mut Parser, checkpoint: Checkpoint, operator: Level) {
    let kind = match operator {
        Level::Or => OrExpr,
        Level::And => AndExpr,
        Level::Add | Level::Multiply => ArithmeticExpr,
        _ => CompareExpr,
    };
    p.start_at(checkpoint, kind);
    let mut count = 0;
    while operator_level(p) == Some(operator) {
        count += 1;
        match operator {
            Level::Compare => {
                if count == 2 {
                    p.error(
                        codes::CHAINED_COMPARISON,
                        "a second comparison directly after the first",
                        "join two comparisons with `and` or `or`",
                    );
                }
                comparison::comparison(p);
            }
            Level::Add | Level::Multiply => arithmetic::arithmetic(p, operator, count == 1),
            _ => logic(p, operator),
        }
    }
    p.finish();
}

/// The level of the operator at the cursor.
fn operator_level(p: &Parser) -> Option<Level> {
    match p.peek() {
        Eq | EqEq | NotEq | LtGt | Lt | LtEq | Gt | GtEq | Match | NotMatch | EqTilde => Some(Level::Compare),
        AmpAmp => Some(Level::And),
        // Only inside a condition is it an `or`; between stages it is two pipes.
        PipePipe if !stages::is_stage(p.nth_text(1)) => Some(Level::Or),
        Plus | Minus => Some(Level::Add),
        Star | Slash | Percent => Some(Level::Multiply),
        Ident => word_level(p),
        _ => None,
    }
}

fn word_level(p: &Parser) -> Option<Level> {
    let word = p.nth_text(0);
    let is = |name: &str| word.eq_ignore_ascii_case(name);
    if is("or") {
        Some(Level::Or)
    } else if is("and") {
        Some(Level::And)
    } else if ["in", "contains", "incidr", "incidr6"].iter().any(|name| is(name)) {
        Some(Level::Compare)
    } else if is("not") {
        let negated = ["in", "contains", "incidr", "incidr6"].iter().any(|name| p.nth_is_word(1, name));
        let null = p.nth_is_word(1, "null");
        (negated || null || foreign::operator(p, 1).is_some()).then_some(Level::Compare)
    } else {
        foreign::operator(p, 0).map(|_| Level::Compare)
    }
}

fn logic(p: &mut Parser, operator: Level) {
    let word = if operator == Level::Or { "or" } else { "and" };
    if matches!(p.peek(), AmpAmp | PipePipe) {
        let message = format!("XQL has no {}", p.found());
        p.error_mended(codes::FOREIGN_OPERATOR, message, format!("write `{word}`"), word);
    }
    p.bump();
    level(p, operator.tighter(), &format!("a condition after `{word}`"));
}

/// `( item, item )` with the cursor on the opening bracket; at least one item.
pub(super) fn bracketed(p: &mut Parser, mut item: impl FnMut(&mut Parser)) {
    let open = p.span();
    if !p.enter() {
        return;
    }
    p.bump();
    loop {
        item(p);
        match p.peek() {
            Comma => {
                p.bump();
                if p.at(RParen) {
                    let span = p.previous_span();
                    p.report(
                        Diagnostic::error(codes::TRAILING_COMMA, span, "nothing follows this comma")
                            .with_help("remove it, or add what is missing")
                            .with_replacement(""),
                    );
                }
            }
            RParen => break,
            _ if p.at_stage_end() => break,
            _ if begins_value(p) && !is_reserved(p.nth_text(0)) => {
                let message = format!("a comma is missing before {}", p.found());
                p.error(codes::UNEXPECTED_TOKEN, message, "put `,` between the values");
            }
            _ => {
                p.unexpected("`,` or `)`");
                p.skip_to(&[Comma, RParen]);
                p.eat(Comma);
            }
        }
        if p.at(RParen) || p.at_stage_end() {
            break;
        }
    }
    if !p.eat(RParen) {
        p.unclosed_bracket(open);
    }
    p.leave();
}

fn prefix(p: &mut Parser, what: &str) -> bool {
    if p.at_word("not") || p.at(Bang) {
        if p.at(Bang) {
            let message = "XQL has no `!` before a condition";
            p.error_mended(codes::FOREIGN_OPERATOR, message, "write `not`", "not ");
        }
        if !p.enter() {
            return true;
        }
        p.start(NotExpr);
        p.bump();
        level(p, Level::Not, "a condition after `not`");
        p.finish();
        p.leave();
        return true;
    }
    if matches!(p.peek(), Minus | Plus) {
        return signed(p);
    }
    let checkpoint = p.checkpoint();
    if !primary(p, what) {
        return false;
    }
    if p.at(Arrow) {
        p.start_at(checkpoint, ArrowExpr);
        while p.at(Arrow) {
            arrow(p);
        }
        p.finish();
    }
    true
}

/// A negative number.
fn signed(p: &mut Parser) -> bool {
    let number = matches!(p.nth(1), Int | Float);
    if p.at(Minus) && number {
        p.start(Literal);
        p.bump();
        p.bump();
        p.finish();
        return true;
    }
    if p.at(Minus) && habits::at_length_of_time(p) {
        habits::length_of_time(p);
        return true;
    }
    let help = if p.at(Plus) { "remove the `+`" } else { "write subtract(0, …)" };
    let message = format!("a {} before a value", p.found());
    p.error(codes::INFIX_ARITHMETIC, message, help);
    p.bump_error();
    if begins_value(p) { primary(p, "a value") } else { true }
}

/// `-> a.b[0]`, `-> []`, `-> {}`, `-> ["dotted.key"]`.
fn arrow(p: &mut Parser) {
    p.bump();
    if p.at(Arrow) {
        p.bump(); // `->->`
        if matches!(p.peek(), Str | TripleStr) {
            p.bump();
            return;
        }
    }
    if !matches!(p.peek(), Ident | QuotedIdent | Int | LBracket | LBrace | Param) {
        let message = format!("expected a key after `->`, found {}", p.found());
        p.error(codes::EXPECTED_NAME, message, "for example: field -> key.inner[0]");
        return;
    }
    let mut first = true;
    while first || p.joined(0) || matches!(p.peek(), LBracket | LBrace) {
        match p.peek() {
            LBracket | LBrace => p.take_brackets(),
            Ident | QuotedIdent | Int | Float | Dot | Param => p.bump(),
            _ => return,
        }
        first = false;
    }
}

pub(crate) fn begins_value(p: &Parser) -> bool {
    matches!(
        p.peek(),
        Ident
            | QuotedIdent
            | Param
            | Int
            | Float
            | BareAddress
            | Str
            | StrBackslash
            | TripleStr
            | ForeignStr
            | LParen
    )
}

fn primary(p: &mut Parser, what: &str) -> bool {
    match p.peek() {
        _ if arithmetic::at_bare_wildcard(p) => arithmetic::bare_wildcard(p),
        Int | Float | Str | StrBackslash | TripleStr | ForeignStr | Param => literal(p),
        BareAddress => {
            let text = p.nth_text(0);
            let quoted = format!("\"{text}\"");
            let help = format!("write {quoted}");
            p.error_mended(codes::UNQUOTED_ADDRESS, "an address stands in quotes", help, quoted);
            literal(p);
        }
        Ident if ["true", "false", "null"].iter().any(|word| p.at_word(word)) => literal(p),
        Ident if is_reserved(p.nth_text(0)) => return missing(p, what),
        Ident if p.rules && rules::at_call(p) => rules::call(p),
        Ident if habits::at_branching(p) => habits::branching(p),
        Ident if p.nth(1) == LParen => call(p),
        Ident | QuotedIdent => {
            p.start(FieldExpr);
            pieces::name(p, "a field", NameUse::Read);
            p.finish();
        }
        LParen if comparison::begins_query(p) => comparison::subquery(p),
        LParen => parenthesised(p),
        LBracket => {
            p.error(
                codes::UNEXPECTED_TOKEN,
                "XQL has no list in square brackets",
                "write arraycreate(…, …), or after `in` a list in round brackets",
            );
            p.start(Error);
            p.take_brackets();
            p.finish();
        }
        LBrace | Lt if pieces::at_placeholder(p) => pieces::placeholder(p),
        _ => return missing(p, what),
    }
    true
}

fn missing(p: &mut Parser, what: &str) -> bool {
    let message = format!("expected {what}, found {}", p.found());
    let mut diagnostic = Diagnostic::error(codes::EXPECTED_VALUE, p.span(), message);
    diagnostic.help = match p.peek() {
        EqEq | Eq => Some("write a single `=` between the field and the value".to_owned()),
        Star => Some("a wildcard stands inside a text: = \"abc*\"".to_owned()),
        _ => p.stage_form.map(|form| format!("the form is: {form}")),
    };
    p.report(diagnostic);
    false
}

pub(super) fn literal(p: &mut Parser) {
    p.start(Literal);
    p.bump();
    p.finish();
}

fn parenthesised(p: &mut Parser) {
    let open = p.span();
    if !p.enter() {
        return;
    }
    p.start(ParenExpr);
    p.bump();
    if !expression(p, "a condition or value") {
        p.skip_to(&[Comma, RParen]);
    }
    if p.at(Comma) {
        p.error(
            codes::UNEXPECTED_TOKEN,
            "a comma inside plain brackets",
            "a list stands after `in`: field in (…, …); conditions are joined with `and` or `or`",
        );
        p.skip_to(&[RParen]);
    }
    if !p.eat(RParen) {
        if p.at_stage_end() {
            p.unclosed_bracket(open);
        } else {
            p.unexpected("`)`, `and` or `or`");
            p.skip_to(&[RParen]);
            p.eat(RParen);
        }
    }
    p.finish();
    p.leave();
}

/// `name(arguments)`; the cursor stands on the name, a bracket follows.
pub(crate) fn call(p: &mut Parser) {
    p.start(CallExpr);
    pieces::name(p, "a function", NameUse::Read);
    p.start(ArgList);
    if p.nth(1) == RParen {
        p.bump();
        p.bump();
    } else {
        bracketed(p, argument);
    }
    p.finish();
    p.finish();
}

fn argument(p: &mut Parser) {
    // `count(*)`, `sum(*)`: whether the function takes it is checked later.
    if p.at(Star) && matches!(p.nth(1), RParen | Comma) {
        p.start(FieldExpr);
        p.start(Name);
        p.bump();
        p.finish();
        p.finish();
        return;
    }
    if p.at_word("distinct") && matches!(p.nth(1), Ident | QuotedIdent) {
        let field = clip(p.nth_text(1));
        p.error(
            codes::FOREIGN_OPERATOR,
            "XQL has no `distinct` inside a function",
            format!("write count_distinct({field})"),
        );
        p.bump_error();
    }
    expression(p, "an argument");
}

/// For stages: the kinds that may follow a finished condition by mistake.
pub(crate) fn begins_condition(kind: SyntaxKind) -> bool {
    matches!(kind, Ident | QuotedIdent | LParen | Bang)
}
