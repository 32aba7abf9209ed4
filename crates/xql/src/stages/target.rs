//! `target type = dataset|lookup [append = true|false] name`: saves the result.

use super::{Lower, Place, StageInfo};
use crate::ast::{Span, StageKind, Target};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::grammar::pieces::{NameUse, name, options};
use crate::lower::{self, Lowering};
use crate::parser::Parser;
use crate::syntax::SyntaxKind::{Eq, Pipe};
use crate::syntax::SyntaxNode;

pub(super) const STAGE: StageInfo = StageInfo {
    name: "target",
    place: Place::Pipe,
    form: "target type = dataset|lookup [append = true|false] name",
    doc: "Saves the result as a dataset or lookup; the last stage.",
    grammar,
    lower: Lower::Stage(lower),
};

fn grammar(p: &mut Parser) {
    if (p.at_word("lookup") || p.at_word("dataset")) && p.nth(1) == Eq {
        return kind_as_option(p);
    }
    options(p, &["type", "append"]);
    name(p, "the name of the dataset or lookup", NameUse::Define);
    options(p, &["type", "append"]);
    if !p.at_stage_end() {
        return;
    }
    if p.at(Pipe) {
        p.error(codes::UNEXPECTED_TOKEN, "target is the last stage", "move it to the end of the query");
    }
}

/// `target lookup = "name"`
fn kind_as_option(p: &mut Parser) {
    let (kind, name) = (p.nth_text(0).to_lowercase(), p.nth_text(2).trim_matches('"').to_owned());
    let end = p.nth_token(2).map_or(p.span().end, |token| token.end);
    let span = Span { start: p.span().start, end };
    let right = format!("type = {kind} {name}");
    p.report(
        Diagnostic::error(codes::BAD_SETTING, span, "target says with `type` what it makes")
            .with_help(format!("write: target {right}"))
            .with_replacement(right),
    );
    p.skip_to(&[]);
}

fn lower(l: &mut Lowering, stage: &SyntaxNode) -> Option<StageKind> {
    let name = lower::name_in(stage)?;
    let (mut lookup, mut append) = (None, false);
    for pair in lower::settings(stage) {
        let value = pair.values.first()?;
        match (pair.word.text.as_str(), value.text.to_ascii_lowercase().as_str()) {
            ("append", _) => append = l.yes_or_no(value)?,
            ("type", "dataset") => lookup = Some(false),
            ("type", "lookup") => lookup = Some(true),
            _ => {
                let message = format!("target has no type `{}`", value.text);
                l.bad_setting(value.span, message, "it has dataset and lookup");
                return None;
            }
        }
    }
    let Some(lookup) = lookup else {
        let help = format!("write: target type = dataset {}", name.text);
        l.bad_setting(name.span, "target does not say what is made", help);
        return None;
    };
    Some(StageKind::Target(Target { lookup, append, name }))
}
