//! Names, aliases and lists: the pieces that stages share.

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::foreign;
use crate::functions;
use crate::lexer::clip;
use crate::nearest::nearest;
use crate::parser::Parser;
use crate::stages;
use crate::syntax::SyntaxKind::*;

/// Words that can only be names in back-quotes.
const RESERVED: &[&str] = &["and", "or", "not", "in", "contains", "by", "as", "null", "true", "false"];

pub(crate) fn is_reserved(word: &str) -> bool {
    RESERVED.iter().any(|reserved| word.eq_ignore_ascii_case(reserved))
}

/// What a name may look like where it stands.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum NameUse {
    /// A field that exists.
    Read,
    /// A new field: a stage's name needs back-quotes.
    Define,
    /// `event_*`
    Pattern,
}

/// A name, or an error that says what should stand here. `false` when there is none.
pub(crate) fn name(p: &mut Parser, what: &str, usage: NameUse) -> bool {
    let pattern = usage == NameUse::Pattern;
    match p.peek() {
        Ident if is_reserved(p.nth_text(0)) => {
            expected_name(p, what);
            return false;
        }
        QuotedIdent if p.nth_text(0) == "``" => {
            p.error(codes::EXPECTED_NAME, "an empty name", "put the name between the back-quotes");
            p.bump_error();
            return false;
        }
        Ident | QuotedIdent => {}
        Star if pattern => {}
        Str | TripleStr | ForeignStr | StrBackslash => {
            quoted_instead(p, what);
            return false;
        }
        LBrace | Lt if at_placeholder(p) => {
            placeholder(p);
            return false;
        }
        _ => {
            expected_name(p, what);
            return false;
        }
    }
    if usage == NameUse::Define && p.at(Ident) && stages::find(p.nth_text(0)).is_some() {
        let word = p.nth_text(0);
        p.report(
            Diagnostic::warning(
                codes::KEYWORD_AS_NAME,
                p.span(),
                format!("`{word}` is the name of a stage; Cortex refuses it as a field name"),
            )
            .with_help(format!("put it in back-quotes: `{word}`"))
            .with_replacement(format!("`{word}`")),
        );
    }
    p.start(Name);
    p.bump();
    name_rest(p, pattern);
    p.finish();
    if p.at(LBracket) && p.joined(0) {
        key_in_brackets(p);
    }
    true
}

/// `field["key"]`, as other languages reach into JSON.
fn key_in_brackets(p: &mut Parser) {
    let field = clip(p.source(p.previous_span()));
    if functions::find(&field).is_some() {
        let message = format!("the values of `{field}` stand in round brackets");
        p.error(codes::FOREIGN_OPERATOR, message, format!("write {field}(…, …)"));
    } else {
        let message = format!("square brackets do not reach into `{field}`");
        let help = format!("write {field} -> [{}], in alter or filter", clip(p.nth_text(1)));
        p.error(codes::FOREIGN_OPERATOR, message, help);
    }
    p.start(Error);
    p.take_brackets();
    while p.joined(0) && matches!(p.peek(), Dot | Ident | QuotedIdent | LBracket) {
        if p.at(LBracket) {
            p.take_brackets();
        } else {
            p.bump();
        }
    }
    p.finish();
}

/// Parts written directly after the first: `` `a b`.c ``, `*`.
fn name_rest(p: &mut Parser, pattern: bool) {
    while p.joined(0) {
        match p.peek() {
            Dot if matches!(p.nth(1), Ident | QuotedIdent | Star) && p.joined(1) => {
                if p.nth(1) == Star && !pattern {
                    return;
                }
                p.bump();
                p.bump();
            }
            Ident | QuotedIdent | Int | Star if pattern => p.bump(),
            Minus if pattern && p.nth(1) == Ident && p.joined(1) => {
                let (first, second) = (p.source(p.previous_span()), p.nth_text(1));
                p.error(
                    codes::UNEXPECTED_TOKEN,
                    "a name with `-` in it needs back-quotes",
                    format!("write `{first}-{second}`"),
                );
                p.bump();
                p.bump();
            }
            _ => return,
        }
    }
}

fn expected_name(p: &mut Parser, what: &str) {
    let message = format!("expected {what}, found {}", p.found());
    let word = p.nth_text(0);
    if p.at(Ident) {
        p.error(
            codes::EXPECTED_NAME,
            message,
            format!("`{word}` is a word of the language; as a name it needs back-quotes: `{word}`"),
        );
        return;
    }
    let mut diagnostic = Diagnostic::error(codes::EXPECTED_NAME, p.span(), message);
    diagnostic.help = p.stage_form.map(|form| format!("the form is: {form}"));
    p.report(diagnostic);
}

fn quoted_instead(p: &mut Parser, what: &str) {
    let content = p.nth_text(0).trim_matches('"').trim_matches('\'').to_owned();
    let plain = content.chars().all(|c| c == '_' || c == '.' || c.is_alphanumeric()) && !content.is_empty();
    let help = if plain { format!("write {content}") } else { format!("write `{}`", clip(&content)) };
    p.error(codes::EXPECTED_NAME, format!("expected {what}, found a text in quotes"), help);
    p.bump_error();
}

/// `{DATASET}`, `<dataset>`: a template that was not filled in.
pub(crate) fn at_placeholder(p: &Parser) -> bool {
    p.at(LBrace) || p.at(Lt) && p.nth(1) == Ident && p.nth(2) == Gt
}

pub(crate) fn placeholder(p: &mut Parser) {
    let object = p.at(LBrace) && matches!(p.nth(1), Str | RBrace);
    let (message, help) = if object {
        ("XQL writes no objects in curly brackets", "write object_create(\"key\", value, …)")
    } else {
        ("this looks like a placeholder of a template", "put the real name or value in its place")
    };
    p.error(codes::EXPECTED_VALUE, message, help);
    p.start(Error);
    if p.at(LBrace) {
        p.take_brackets();
    } else {
        p.bump();
        p.bump();
        p.bump();
    }
    p.finish();
}

/// `as name`, when it is there.
pub(crate) fn alias(p: &mut Parser) {
    if !p.at_word("as") {
        return;
    }
    p.start(Alias);
    p.bump();
    name(p, "a new name after `as`", NameUse::Define);
    p.finish();
}

/// Items between commas. `item` says whether it found something; after a mistake the list goes on
/// behind the next comma.
pub(crate) fn comma_list(p: &mut Parser, mut item: impl FnMut(&mut Parser) -> bool) {
    loop {
        if !item(p) {
            p.skip_to(&[Comma]);
        }
        if !p.at(Comma) {
            return;
        }
        p.bump();
        if trailing_comma(p) {
            return;
        }
    }
}

/// A further item of a list where a comma should stand; says so, and the list can go on. `begins` tells
/// whether the word at the cursor begins an item.
pub(crate) fn comma_missing(p: &mut Parser, begins: impl Fn(&Parser) -> bool) -> bool {
    let word = p.nth_text(0);
    let name = p.at(QuotedIdent)
        || p.at(Ident) && !is_reserved(word) && !stages::is_stage(word) && !foreign::is_stage(word);
    if !name || p.joined(0) || !begins(p) {
        return false;
    }
    let span = p.span();
    let end = p.previous_span().end;
    let message = format!("a comma is missing before {}", p.found());
    p.report(
        Diagnostic::error(codes::UNEXPECTED_TOKEN, span, message)
            .with_help("put `,` between them")
            .with_fix(crate::ast::Span { start: end, end }, ","),
    );
    true
}

/// Reports the comma just taken when nothing can follow it.
fn trailing_comma(p: &mut Parser) -> bool {
    let ends = p.at_stage_end() || p.at(RParen) || p.at_word("by");
    if ends {
        let span = p.previous_span();
        p.report(
            Diagnostic::error(
                codes::TRAILING_COMMA,
                span,
                format!("nothing follows this comma but {}", p.found()),
            )
            .with_help("remove the comma, or add what is missing")
            .with_replacement(""),
        );
    }
    ends
}

/// Field names between commas, in a node.
pub(crate) fn name_list(p: &mut Parser, what: &str) {
    p.start(NameList);
    comma_list(p, |p| name(p, what, NameUse::Read));
    p.finish();
}

/// `word = value` pairs side by side. `words` are those the stage knows; with another word before
/// a `=` the stage has an unknown option.
pub(crate) fn options(p: &mut Parser, words: &[&'static str]) {
    while p.at(Ident) && matches!(p.nth(1), Eq | EqEq) {
        let word = p.nth_text(0);
        if !words.iter().any(|known| known.eq_ignore_ascii_case(word)) {
            let message = format!("this stage has no option `{}`", clip(word));
            let diagnostic = Diagnostic::error(codes::BAD_SETTING, p.span(), message);
            p.report(match nearest(word, words.iter().copied()) {
                Some(near) => diagnostic.did_you_mean(near),
                None => diagnostic.with_help(format!("it has {}", words.join(", "))),
            });
        }
        option(p);
    }
}

/// One `word = value`; the cursor stands on the word.
pub(crate) fn option(p: &mut Parser) {
    p.start(Setting);
    let word = p.nth_text(0);
    p.bump();
    if p.at(EqEq) {
        p.error_mended(codes::FOREIGN_OPERATOR, "XQL has no `==`", "write a single `=`", "=");
    }
    p.bump();
    if !plain_value(p) {
        p.unexpected(&format!("a value for `{word}`"));
    }
    p.finish();
}

/// A word, a text or a number.
pub(crate) fn plain_value(p: &mut Parser) -> bool {
    match p.peek() {
        Ident if stages::is_stage(p.nth_text(0)) && !p.nth_text(0).eq_ignore_ascii_case("dataset") => false,
        Ident | QuotedIdent | Str | TripleStr | StrBackslash | Int | Float | Param => {
            p.bump();
            true
        }
        Minus if matches!(p.nth(1), Int | Float | Ident) => {
            p.bump();
            p.bump();
            true
        }
        _ => false,
    }
}
