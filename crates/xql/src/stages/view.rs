//! `view graph …`, `view highlight …`, `view column order = …`: how the result is shown.

use super::{Lower, Place, StageInfo};
use crate::ast::{Name, StageKind, Text, View, ViewParameter};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::grammar::pieces::plain_value;
use crate::lower::{self, Lowering, Pair};
use crate::nearest::nearest;
use crate::parser::Parser;
use crate::syntax::SyntaxKind::*;
use crate::syntax::SyntaxNode;

pub(super) const STAGE: StageInfo = StageInfo {
    name: "view",
    place: Place::Pipe,
    form: "view graph type = line xaxis = a yaxis = b",
    doc: "Says how the result is drawn.",
    grammar,
    lower: Lower::Stage(lower),
};

/// Kinds of graphs.
pub const GRAPHS: [&str; 13] = [
    "area",
    "bar",
    "bubble",
    "column",
    "funnel",
    "gauge",
    "line",
    "map",
    "pie",
    "scatter",
    "single",
    "table",
    "wordcloud",
];

/// What a graph can be told.
pub const PARAMETERS: [&str; 33] = [
    "type",
    "subtype",
    "layout",
    "header",
    "xaxis",
    "yaxis",
    "series",
    "xaxistitle",
    "yaxistitle",
    "seriescolor",
    "seriestitle",
    "valuecolor",
    "scale_threshold",
    "show_callouts",
    "show_callouts_names",
    "show_percentage",
    "default_limit",
    "legend",
    "dataunit",
    "headcolor",
    "gridcolor",
    "headerfontsize",
    "legendfontsize",
    "xvaluesfontsize",
    "yvaluesfontsize",
    "calloutfontsize",
    "maxscalerange",
    "minscalerange",
    "bubblerad",
    "font",
    "word_color",
    "bgcolor",
    "fontsize",
];

fn grammar(p: &mut Parser) {
    if p.eat_word("graph") || p.eat_word("highlight") {
        parameters(p);
    } else if p.at_word("column") && p.nth_is_word(1, "order") {
        p.bump();
        parameters(p);
    } else {
        let message = format!("expected `graph`, `highlight` or `column order`, found {}", p.found());
        p.error(codes::UNEXPECTED_TOKEN, message, "for example: view graph type = line xaxis = a yaxis = b");
        p.skip_to(&[]);
    }
}

fn parameters(p: &mut Parser) {
    while p.at(Ident) && matches!(p.nth(1), Eq | LParen) {
        p.start(Setting);
        let word = p.nth_text(0);
        p.bump();
        if p.eat(Eq) {
            values(p, word);
        } else {
            let open = p.span();
            p.bump();
            values(p, word);
            if !p.eat(RParen) {
                p.unclosed_bracket(open);
            }
        }
        p.finish();
    }
}

fn values(p: &mut Parser, word: &str) {
    loop {
        if !plain_value(p) {
            p.unexpected(&format!("a value for `{word}`"));
            return p.skip_to(&[RParen]);
        }
        if !p.eat(Comma) {
            return;
        }
    }
}

fn lower(l: &mut Lowering, stage: &SyntaxNode) -> Option<StageKind> {
    let pairs = lower::settings(stage);
    let view = if lower::has_word(stage, "graph") {
        graph(l, stage, pairs)?
    } else if lower::has_word(stage, "highlight") {
        highlight(l, stage, &pairs)?
    } else {
        column_order(l, &pairs)?
    };
    Some(StageKind::View(view))
}

fn graph(l: &mut Lowering, stage: &SyntaxNode, pairs: Vec<Pair>) -> Option<View> {
    let Some(kind) = pairs.iter().find(|pair| pair.word.text == "type").and_then(|pair| pair.values.first())
    else {
        let help = "for example: view graph type = line xaxis = a yaxis = b";
        l.bad_setting(lower::span(stage), "the graph has no type", help);
        return None;
    };
    if !GRAPHS.iter().any(|known| known.eq_ignore_ascii_case(&kind.text)) {
        let message = format!("there is no graph of type `{}`", kind.text);
        let help = match nearest(&kind.text, GRAPHS) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the types are {}", GRAPHS.join(", ")),
        };
        l.bad_setting(kind.span, message, help);
        return None;
    }
    for pair in &pairs {
        if !PARAMETERS.contains(&pair.word.text.as_str()) {
            l.diagnostics.push(unknown(&pair.word));
        }
    }
    let parameters = pairs.into_iter().map(|pair| ViewParameter {
        name: pair.word.text,
        values: pair.values,
        span: pair.word.span,
    });
    Some(View::Graph { parameters: parameters.collect() })
}

/// Only how it is drawn is at stake.
fn unknown(word: &Text) -> Diagnostic {
    let message = format!("graphs have no parameter `{}`", word.text);
    let warning = Diagnostic::warning(codes::BAD_SETTING, word.span, message);
    match nearest(&word.text, PARAMETERS) {
        Some(near) => warning.did_you_mean(near),
        None => warning.with_help("it is passed on and changes nothing"),
    }
}

fn highlight(l: &mut Lowering, stage: &SyntaxNode, pairs: &[Pair]) -> Option<View> {
    let of = |word: &str| pairs.iter().find(|pair| pair.word.text == word).map(|pair| pair.values.as_slice());
    let (Some(fields), Some(values)) = (of("fields"), of("values")) else {
        let help = "write: view highlight fields = a, b values = \"x\", \"y\"";
        l.bad_setting(lower::span(stage), "highlight needs fields and values", help);
        return None;
    };
    let name =
        |field: &Text| Name { name: field.text.to_lowercase(), text: field.text.clone(), span: field.span };
    Some(View::Highlight {
        fields: fields.iter().map(name).collect(),
        values: values.iter().map(|value| value.text.clone()).collect(),
    })
}

fn column_order(l: &mut Lowering, pairs: &[Pair]) -> Option<View> {
    let order = pairs.first()?.values.first()?;
    match order.text.to_ascii_lowercase().as_str() {
        "populated" => Some(View::ColumnOrder { populated: true }),
        "default" => Some(View::ColumnOrder { populated: false }),
        _ => {
            l.bad_setting(order.span, "there is no such order of columns", "write default or populated");
            None
        }
    }
}
