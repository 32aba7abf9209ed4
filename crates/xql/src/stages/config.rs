//! `config case_sensitive = false timeframe = 24h`: settings for the whole query.

use super::{Lower, Place, StageInfo};
use crate::ast::Config;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::lower::{self, Lowering};
use crate::nearest::nearest;
use crate::parser::Parser;
use crate::stages;
use crate::syntax::SyntaxKind::{self, *};
use crate::syntax::{SyntaxNode, SyntaxToken};
use crate::timeframe;

pub(super) const STAGE: StageInfo = StageInfo {
    name: "config",
    place: Place::Config,
    form: "config case_sensitive = false timeframe = 24h",
    doc: "Sets how the query is read: upper and lower case, time frame, longest run.",
    grammar,
    lower: Lower::Config(lower),
};

const SETTINGS: [&str; 3] = ["case_sensitive", "timeframe", "max_runtime_minutes"];

fn grammar(p: &mut Parser) {
    if p.at_stage_end() {
        p.error(
            codes::BAD_SETTING,
            "config says nothing",
            "for example: config case_sensitive = false timeframe = 24h",
        );
    }
    while p.at(Ident) && !stages::is_stage(p.nth_text(0)) {
        setting(p);
        if p.at(Comma) {
            p.error_mended(
                codes::UNEXPECTED_TOKEN,
                "settings stand side by side, without commas",
                "remove the comma",
                "",
            );
            p.bump_error();
        }
    }
}

fn setting(p: &mut Parser) {
    let word = p.nth_text(0);
    let known = SETTINGS.iter().any(|name| word.eq_ignore_ascii_case(name));
    if !known {
        let message = format!("config has no setting `{}`", crate::lexer::clip(word));
        let diagnostic = Diagnostic::error(codes::BAD_SETTING, p.span(), message);
        p.report(match nearest(word, SETTINGS) {
            Some(near) => diagnostic.did_you_mean(near),
            None => diagnostic.with_help(format!("the settings are {}", SETTINGS.join(", "))),
        });
    }
    p.start(Setting);
    p.bump();
    let equals = p.eat(Eq);
    if p.at_word("between") {
        p.bump();
        bound(p);
        if p.eat_word("and") {
            bound(p);
        } else {
            p.unexpected("`and` and the end of the time frame");
        }
    } else if !equals {
        let message = format!("expected `=` after `{word}`, found {}", p.found());
        p.error(codes::BAD_SETTING, message, format!("write: config {word} = …"));
        p.skip_to(&[]);
    } else {
        value(p, word);
    }
    p.finish();
}

fn value(p: &mut Parser, setting: &str) {
    match p.peek() {
        Ident if (p.at_word("last") || p.at_word("past")) && matches!(p.nth(1), Ident | Int) => {
            let message = format!("a time frame goes back from now, without `{}`", p.nth_text(0));
            p.error_mended(codes::BAD_TIMEFRAME, message, format!("write: {setting} = 24h"), "");
            p.bump_error();
            value(p, setting);
        }
        Ident | QuotedIdent | Str | TripleStr => p.bump(),
        Minus if p.nth(1) == Ident => {
            p.bump();
            p.bump();
        }
        Int if p.nth(1) == Ident && p.nth_text(1).len() <= 7 && !stages::is_stage(p.nth_text(1)) => {
            let help = match timeframe::unit_of_word(p.nth_text(1)) {
                Some(unit) => format!("write: {setting} = {}{unit}", p.nth_text(0)),
                None => "for example: timeframe = 24h".to_owned(),
            };
            p.error(codes::BAD_TIMEFRAME, "a number and its unit are written together", help);
            p.start(Error);
            p.bump();
            p.bump();
            p.finish();
        }
        Int => p.bump(),
        Param => {
            let help = "a time frame can also be given when the query is run";
            p.error(codes::BAD_SETTING, "a setting of config cannot be a parameter", help);
            p.bump_error();
        }
        _ => {
            p.unexpected(&format!("a value for `{setting}`"));
            p.skip_to(&[]);
        }
    }
}

fn bound(p: &mut Parser) {
    if matches!(p.peek(), Str | TripleStr) {
        return p.bump();
    }
    let message = format!("expected a time in quotes, found {}", p.found());
    p.error(codes::BAD_TIMEFRAME, message, "for example: timeframe between \"-7d\" and \"now\"");
    if p.at(Ident) && !p.at_word("and") {
        p.bump_error();
    }
}

fn lower(l: &mut Lowering, stage: &SyntaxNode, config: &mut Config) {
    for node in lower::children(stage, Setting) {
        lower_setting(l, &node, config);
    }
}

fn lower_setting(l: &mut Lowering, node: &SyntaxNode, config: &mut Config) {
    let tokens: Vec<SyntaxToken> = lower::tokens(node).collect();
    let Some(name) = tokens.first() else { return };
    let values: Vec<&SyntaxToken> =
        tokens[1..].iter().filter(|t| !matches!(t.kind(), Eq | Minus) && !is_joint(t)).collect();
    let Some(first) = values.first() else { return };
    let text = lower::plain_text(first);
    match name.text().to_ascii_lowercase().as_str() {
        "case_sensitive" => match text.to_ascii_lowercase().as_str() {
            "true" => config.case_sensitive = Some(true),
            "false" => config.case_sensitive = Some(false),
            _ => bad_value(l, first, "case_sensitive is either true or false", "case_sensitive = false"),
        },
        "max_runtime_minutes" => match text.parse() {
            Ok(minutes) if minutes > 0 => config.max_runtime_minutes = Some(minutes),
            _ => bad_value(
                l,
                first,
                "max_runtime_minutes is a whole number of minutes",
                "max_runtime_minutes = 60",
            ),
        },
        "timeframe" => {
            let texts: Vec<_> = values.iter().map(|t| (lower::plain_text(t), lower::token_span(t))).collect();
            match timeframe::read(&texts) {
                Ok(frame) => config.timeframe = Some(frame),
                Err(diagnostic) => l.diagnostics.push(diagnostic),
            }
        }
        _ => {}
    }
}

fn is_joint(token: &SyntaxToken) -> bool {
    token.kind() == SyntaxKind::Ident
        && ["between", "and"].iter().any(|word| token.text().eq_ignore_ascii_case(word))
}

fn bad_value(l: &mut Lowering, token: &SyntaxToken, message: &str, example: &str) {
    l.diagnostics.push(
        Diagnostic::error(codes::BAD_SETTING, lower::token_span(token), message)
            .with_help(format!("for example: config {example}")),
    );
}
