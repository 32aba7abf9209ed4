//! What a query looks like: stages between pipes. Expressions are in `expression`, the pieces that
//! several stages share in `pieces`, each stage in its own file under `stages`.

mod arithmetic;
mod comparison;
pub(crate) mod expression;
mod habits;
pub(crate) mod pieces;
pub(crate) mod rules;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::foreign;
use crate::nearest::nearest;
use crate::parser::Parser;
use crate::stages::{self, Place, StageInfo};
use crate::syntax::SyntaxKind::*;

/// More stages than any query needs; a plan of this depth still fits the engine's stack.
pub(crate) const MAX_STAGES: usize = 250;

/// What has been seen of one query so far.
#[derive(Default)]
struct Progress {
    source: bool,
    /// The stage just read is `config`.
    config: bool,
}

pub(crate) fn query(p: &mut Parser) {
    p.start(Root);
    if p.at(Eof) {
        p.error(codes::EMPTY_QUERY, "there is no query here", "a query begins like `dataset = xdr_data | …`");
    }
    if p.at(Pipe) {
        p.report(
            Diagnostic::warning(codes::LEADING_PIPE, p.span(), "the query begins with a pipe")
                .with_help("no dataset is named, so `xdr_data` is read; or put `dataset = …` before it")
                .with_replacement(""),
        );
        p.bump();
    }
    let mut progress = Progress::default();
    while !p.at(Eof) {
        stage(p, &mut progress);
        end_of_stage(p, &progress);
        separator(p);
    }
    p.finish_root();
}

/// Queries inside one another. Real ones have two; each is a plan of its own.
const MAX_QUERIES: u32 = 10;

/// `( dataset = … | … )`; the cursor stands on the bracket.
pub(crate) fn inner_query(p: &mut Parser) {
    let open = p.span();
    if p.inner_queries == MAX_QUERIES {
        p.error(
            codes::NESTED_TOO_DEEPLY,
            format!("queries are nested more than {MAX_QUERIES} deep here"),
            "store the inner ones as datasets with target, and read those",
        );
        return p.give_up();
    }
    if !p.enter() {
        return;
    }
    let form = p.stage_form;
    p.inner_queries += 1;
    p.start(Subquery);
    p.bump();
    let mut progress = Progress::default();
    loop {
        stage(p, &mut progress);
        end_of_stage(p, &progress);
        if matches!(p.peek(), RParen | Eof | Semicolon) {
            break;
        }
        separator(p);
        if p.at(RParen) && p.previous_kind() == Some(Pipe) {
            let message = "nothing follows this pipe";
            let span = p.previous_span();
            p.report(
                Diagnostic::error(codes::EMPTY_STAGE, span, message)
                    .with_help("add a stage or remove the `|`"),
            );
            break;
        }
    }
    if !p.eat(RParen) {
        p.unclosed_bracket(open);
    }
    p.finish();
    p.inner_queries -= 1;
    p.stage_form = form;
    p.leave();
}

/// The pipe after a stage, or the end.
fn separator(p: &mut Parser) {
    match p.peek() {
        Pipe => {
            p.bump();
            if p.at(Eof) {
                let span = p.previous_span();
                p.report(
                    Diagnostic::error(codes::EMPTY_STAGE, span, "nothing follows this pipe")
                        .with_help("add a stage or remove the `|`"),
                );
            }
        }
        PipePipe => {
            p.error_mended(
                codes::EMPTY_STAGE,
                "two pipes in a row, with no stage between them",
                "write one `|` between stages, and `or` between conditions",
                "|",
            );
            p.bump_error();
        }
        Semicolon => {
            p.bump();
            if !p.at(Eof) {
                p.error(
                    codes::AFTER_LAST_STAGE,
                    "the query ended at the `;` before this",
                    "one text holds one query; remove the `;` or what follows it",
                );
                p.start(Error);
                while !p.at(Eof) {
                    p.bump();
                }
                p.finish();
            }
        }
        _ => {} // a missing pipe, reported already
    }
}

fn stage(p: &mut Parser, progress: &mut Progress) {
    p.stage_form = None;
    progress.config = false;
    if p.at_stage_end() {
        p.error(codes::EMPTY_STAGE, "a stage is missing before this", "remove one of the pipes");
        return;
    }
    p.stages += 1;
    if p.stages > MAX_STAGES {
        p.error(
            codes::TOO_MANY_STAGES,
            format!("a query may have {MAX_STAGES} stages, and this is one more"),
            "join neighbouring `filter` or `alter` stages",
        );
        return p.give_up();
    }
    if p.rules && rules::stage(p) {
        progress.source = true;
        return;
    }
    if p.at(Ident)
        && let Some(info) = stages::find(p.nth_text(0))
    {
        return known_stage(p, info, progress);
    }
    if foreign::stage(p) {
        progress.source = true;
        return;
    }
    unknown_stage(p, progress);
}

fn known_stage(p: &mut Parser, info: &'static StageInfo, progress: &mut Progress) {
    check_place(p, info, progress);
    progress.config = info.place == Place::Config;
    p.stage_form = Some(info.form);
    p.start(Stage);
    p.bump();
    (info.grammar)(p);
    p.finish();
}

fn check_place(p: &mut Parser, info: &StageInfo, progress: &mut Progress) {
    match info.place {
        Place::Config if progress.source => p.error(
            codes::SOURCE_NOT_FIRST,
            "`config` must stand at the very beginning",
            "move it before the dataset: config … | dataset = … | …",
        ),
        Place::Config => {}
        Place::Source if p.rules && p.inner_queries == 0 => p.error(
            codes::SOURCE_NOT_FIRST,
            "a rule names no source: the head of its section does",
            "begin with filter or alter",
        ),
        Place::Source if progress.source => p.error(
            codes::SOURCE_NOT_FIRST,
            format!("`{}` must be the first stage (only `config` may stand before it)", info.name),
            match info.name {
                "call" => "stages of the library are put in with call_macro \"name\"",
                "dataset" => {
                    "it says once where the rows come from; join and union add other sources, and search has its \
                     own: search \"text\" dataset = name"
                }
                _ => "it says once where the rows come from; join and union add other sources",
            },
        ),
        Place::Source | Place::Pipe => progress.source = true,
    }
}

fn unknown_stage(p: &mut Parser, progress: &mut Progress) {
    if p.at(Ident) {
        let word = p.nth_text(0);
        let first = !progress.source && p.nth(1) == Pipe;
        let near = nearest(word, stages::names().chain(foreign::stage_words())).filter(|_| !first);
        let advice = near.and_then(foreign::stage_advice);
        let help = if first {
            format!("a query begins with where the rows come from: dataset = {word} | …")
        } else if let (Some(name), Some((help, _))) = (near, advice) {
            format!("`{name}` is of another language: {help}")
        } else if let Some(name) = near {
            format!("did you mean `{name}`?")
        } else if p.nth(1) == Eq {
            format!("to set a field write: alter {word} = …; to compare one: filter {word} = …")
        } else {
            format!("the stages are {}", stages::names().collect::<Vec<_>>().join(", "))
        };
        let message = format!("XQL has no stage `{}`", crate::lexer::clip(word));
        let mut diagnostic = Diagnostic::error(codes::UNKNOWN_STAGE, p.span(), message).with_help(help);
        let own = match advice {
            Some((_, read_as)) => read_as,
            None => near,
        };
        let mended = if first { Some(format!("dataset = {word}")) } else { own.map(str::to_owned) };
        if let Some(text) = mended {
            diagnostic = diagnostic.with_replacement(text);
        }
        p.report(diagnostic);
    } else {
        let message = format!("a stage begins with its name, not with {}", p.found());
        let help = if p.at(Minus) && p.nth(1) == Minus {
            "a comment begins with // in XQL"
        } else {
            "for example: filter, alter, comp, fields, sort, limit"
        };
        p.error(codes::UNKNOWN_STAGE, message, help);
    }
    progress.source = true;
    p.start(OpaqueStage);
    p.bump();
    p.take_opaque();
    p.finish();
}

/// A stage has read what it understands; whatever is left before the next pipe is a mistake.
fn end_of_stage(p: &mut Parser, progress: &Progress) {
    while !p.at_stage_end() {
        if p.at(Ident) && foreign::is_stage(p.nth_text(0)) {
            return; // the missing pipe is the smaller mistake
        }
        if p.at(Ident) && stages::is_stage(p.nth_text(0)) {
            let word = p.nth_text(0);
            if progress.config {
                // Pages of the vendor write it so, and settings cannot be taken for a stage.
                let message = format!("a pipe is missing between config and `{word}`");
                let warning = Diagnostic::warning(codes::MISSING_PIPE, p.span(), message);
                p.report(
                    warning.with_help(format!("write: | {word} …")).with_replacement(format!("| {word}")),
                );
                return;
            }
            p.error_mended(
                codes::MISSING_PIPE,
                format!("a pipe is missing before `{word}`"),
                format!("write: | {word} …"),
                format!("| {word}"),
            );
            return;
        }
        match p.peek() {
            RParen | RBracket | RBrace => {
                let bracket = p.found();
                p.error(
                    codes::UNMATCHED_BRACKET,
                    format!("this {bracket} closes nothing"),
                    "remove it, or add the bracket that should open before it",
                );
                p.bump_error();
                p.skip_to(&[]); // what follows was meant to stand inside
            }
            Ident if nearest_stage(p).is_some() => {
                let word = p.nth_text(0);
                let name = nearest_stage(p).unwrap_or_default();
                p.error(
                    codes::MISSING_PIPE,
                    format!("`{word}` does not belong here"),
                    format!("for a new stage write: | {name} …"),
                );
                p.skip_to(&[]);
            }
            _ => {
                p.unexpected("`|` or the end of the query");
                p.skip_to(&[]);
            }
        }
    }
}

pub(crate) fn nearest_stage(p: &Parser) -> Option<&'static str> {
    let word = p.nth_text(0);
    if word.len() < 4 || !matches!(p.nth(1), Ident | Int) {
        return None;
    }
    nearest(word, stages::names())
}
