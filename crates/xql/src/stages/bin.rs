//! `bin field span = 1h`, `bin field span = 100` or `bin field bins = 10`: each value becomes the start of
//! its bucket.

use super::{Lower, Place, StageInfo};
use crate::ast::{BinSize, BinSpan, StageKind};
use crate::codes;
use crate::grammar::pieces::{NameUse, name, options};
use crate::lower::{self, Lowering, Pair};
use crate::parser::Parser;
use crate::syntax::SyntaxKind::{Error, Int};
use crate::syntax::SyntaxNode;
use crate::timeframe;

pub(super) const STAGE: StageInfo = StageInfo {
    name: "bin",
    place: Place::Pipe,
    form: "bin field span = 1h [timeshift = epoch [timezone = \"+08:00\"]]   or   bin field span = 100   or   bin field bins = 10",
    doc: "Rounds a time or number down to the start of its bucket.",
    grammar,
    lower: Lower::Stage(lower),
};

fn grammar(p: &mut Parser) {
    if !name(p, "a field with times or numbers", NameUse::Read) {
        return p.skip_to(&[]);
    }
    options(p, &["span", "bins", "timeshift", "timezone"]);
    blank_in_span(p);
    size_without_sign(p);
}

/// `span = 5 minutes`
fn blank_in_span(p: &mut Parser) {
    let Some(unit) = timeframe::unit_of_word(p.nth_text(0)).filter(|_| p.previous_kind() == Some(Int)) else {
        return;
    };
    let number = p.source(p.previous_span());
    let message = "a number and its unit are written together";
    p.error(codes::BAD_SETTING, message, format!("write: span = {number}{unit}"));
    p.bump_error();
    options(p, &["timeshift", "timezone"]);
}

/// `bin _time 5m`, `bin _time span 5m`
fn size_without_sign(p: &mut Parser) {
    let word = usize::from(p.at_word("span"));
    if timeframe::duration(p.nth_text(word)).is_none() {
        return;
    }
    let size = p.nth_text(word);
    let help = format!("write: span = {size}");
    if word == 1 {
        p.error_mended(codes::BAD_SETTING, "a `=` is missing behind `span`", help, "span =");
        p.bump_error();
    } else {
        let message = "the size of the buckets stands behind `span =`";
        p.error_mended(codes::BAD_SETTING, message, help, format!("span = {size}"));
    }
    p.bump_error();
}

fn lower(l: &mut Lowering, stage: &SyntaxNode) -> Option<StageKind> {
    let field = lower::name_in(stage)?;
    let pairs = lower::settings(stage);
    let bins = pairs.iter().find(|pair| pair.word.text == "bins");
    let width = width(&pairs);
    let span = if width.is_some() { None } else { span(l, &pairs)? };
    let size = match (bins, span.map(BinSize::Span).or(width)) {
        (Some(pair), None) => BinSize::Most(l.whole(pair.values.first()?, 1)?),
        (None, Some(size)) => size,
        (Some(pair), Some(_)) => {
            l.bad_setting(
                pair.word.span,
                "bin has either span or bins",
                "span is the size of a bucket, bins how many there may be",
            );
            return None;
        }
        // What stands there was told of.
        (None, None) if lower::child(stage, Error).is_some() => return None,
        (None, None) => {
            l.bad_setting(
                field.span,
                "bin needs the size of its buckets",
                "for times: span = 1h; for numbers: span = 100, or bins = 10 for ten of them at most",
            );
            return None;
        }
    };
    Some(StageKind::Bin { field, size })
}

/// `span = 100`, of numbers.
fn width(pairs: &[Pair]) -> Option<BinSize> {
    let span = pairs.iter().find(|pair| pair.word.text == "span")?.values.first()?;
    let width = span.text.parse().ok().filter(|width: &f64| width.is_finite() && *width > 0.0)?;
    pairs.iter().all(|pair| !pair.word.text.starts_with("time")).then_some(BinSize::Width(width))
}

/// `span = 1h timeshift = 1615353499 timezone = "+08:00"`; the outer `None` is a mistake.
pub(super) fn span(l: &mut Lowering, pairs: &[Pair]) -> Option<Option<BinSpan>> {
    let find = |word: &str| pairs.iter().find(|pair| pair.word.text == word).map(|pair| pair.values.first());
    let Some(length) = find("span") else {
        if let Some(stray) = pairs.iter().find(|pair| pair.word.text.starts_with("time")) {
            let message = format!("`{}` belongs to a span", stray.word.text);
            l.bad_setting(stray.word.span, message, "write it behind: span = 1d");
            return None;
        }
        return Some(None);
    };
    let length = length?;
    let Some(duration) = timeframe::duration(&length.text).filter(|found| found.amount > 0) else {
        l.bad_setting(
            length.span,
            "this is not a length of time",
            "for example: span = 5m; units are ms, s, m (minutes), h, d, w, mo (months), y",
        );
        return None;
    };
    let timeshift = match find("timeshift") {
        Some(value) => {
            let value = value?;
            let Ok(seconds) = value.text.parse() else {
                l.bad_setting(value.span, "timeshift is in seconds since 1970", "timeshift = 1615353499");
                return None;
            };
            Some(seconds)
        }
        None => None,
    };
    let timezone = match find("timezone") {
        Some(value) => Some(value?.clone()),
        None => None,
    };
    Some(Some(BinSpan { length: duration, timeshift, timezone }))
}
