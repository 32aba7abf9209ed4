//! What can be checked without any data: functions and their arguments, and the forms of XQL that are
//! not supported yet. Works on the tree, so it also looks at parts beside a syntax error.

use crate::ast::{Name, Span};
use crate::codes;
use crate::diagnostic::{Diagnostic, Findings};
use crate::foreign;
use crate::functions::{self, Function, Kind, Type};
use crate::lexer::clip;
use crate::lower;
use crate::nearest::nearest;
use crate::pattern::re2;
use crate::syntax::SyntaxKind::*;
use crate::syntax::SyntaxNode;
use std::net::IpAddr;

pub(crate) fn check(root: &SyntaxNode, diagnostics: &mut Findings) {
    for node in root.descendants() {
        match node.kind() {
            CallExpr => call(&node, diagnostics),
            Literal => {
                literal(&node, diagnostics);
                text_as_condition(&node, diagnostics);
            }
            CompareExpr => comparison(&node, diagnostics),
            Subquery => subquery(&node, diagnostics),
            _ => {}
        }
    }
}

fn call(node: &SyntaxNode, diagnostics: &mut Findings) {
    let Some(name) = lower::name_in(node) else { return };
    let in_comp = node.parent().is_some_and(|parent| parent.kind() == Aggregate);
    if node.parent().is_some_and(|parent| parent.kind() == WindowCall) {
        return window(node, &name, diagnostics);
    }
    let Some(function) = functions::find(&name.name) else {
        let near = !diagnostics.plenty();
        diagnostics.push(unknown_function(&name.name, &name.text, name.span, in_comp, near));
        return;
    };
    if in_comp && function.kind == Kind::Scalar {
        diagnostics.push(scalar_in_comp(function, name.span, node));
        return;
    }
    if let Some(diagnostic) = wrong_place(function, name.span, in_comp) {
        if !inside_scalar_in_comp(node) {
            diagnostics.push(diagnostic);
        }
        return;
    }
    if !function.supported {
        let message = format!("the function `{}` is not supported yet", function.name);
        diagnostics.push(
            Diagnostic::error(codes::FUNCTION_NOT_SUPPORTED, name.span, message)
                .with_help("nothing is wrong with the query: this version of Vedette cannot run it"),
        );
    }
    if let Some(list) = lower::child(node, ArgList) {
        arguments(function, name.span, &list, diagnostics);
    }
}

/// A function of windowcomp.
fn window(node: &SyntaxNode, name: &Name, diagnostics: &mut Findings) {
    let can = |function: &&Function| matches!(function.kind, Kind::Window | Kind::AggregateOrWindow);
    match functions::find(&name.name) {
        Some(function) if can(&function) => {
            if let Some(list) = lower::child(node, ArgList) {
                arguments(function, name.span, &list, diagnostics);
            }
        }
        _ => {
            let known: Vec<&str> = functions::FUNCTIONS.iter().filter(can).map(|f| f.name).collect();
            let message = format!("windowcomp has no function `{}`", clip(&name.text));
            let diagnostic = Diagnostic::error(codes::NOT_AN_AGGREGATE, name.span, message);
            if let Some(help) = foreign::function(&name.name) {
                diagnostics.push(match foreign::same_function(&name.name) {
                    Some(own) => diagnostic.with_help(help).with_replacement(own),
                    None => diagnostic.with_help(help),
                });
                return;
            }
            diagnostics.push(match nearest(&name.name, known.iter().copied()) {
                Some(near) => diagnostic.with_help(format!("did you mean {near}()?")).with_replacement(near),
                None => diagnostic.with_help(format!("it has {}", known.join(", "))),
            });
        }
    }
}

fn unknown_function(name: &str, text: &str, span: Span, in_comp: bool, near: bool) -> Diagnostic {
    let message = format!("XQL has no function `{}`", clip(text));
    if let Some(help) = foreign::function(name) {
        let diagnostic = Diagnostic::error(codes::FOREIGN_FUNCTION, span, message).with_help(help);
        return match foreign::same_function(name) {
            Some(own) => diagnostic.with_replacement(own),
            None => diagnostic,
        };
    }
    let candidates = functions::FUNCTIONS
        .iter()
        .filter(|_| near)
        .filter(|function| if in_comp { function.kind.is_aggregate() } else { function.kind == Kind::Scalar })
        .map(|function| function.name);
    let diagnostic = Diagnostic::error(codes::UNKNOWN_FUNCTION, span, message);
    let candidates = candidates.chain(foreign::function_words().filter(|_| near));
    let Some(near) = nearest(name, candidates) else { return diagnostic };
    match (functions::find(near), foreign::function(near)) {
        (Some(near), _) => diagnostic
            .with_help(format!("did you mean {}? {}", near.signature(), near.doc))
            .with_replacement(near.name),
        (None, Some(help)) => diagnostic.with_help(format!("`{near}` is of another language: {help}")),
        (None, None) => diagnostic,
    }
}

fn wrong_place(function: &Function, span: Span, in_comp: bool) -> Option<Diagnostic> {
    let name = function.name;
    match function.kind {
        Kind::Aggregate | Kind::AggregateOrWindow if !in_comp => Some(
            Diagnostic::error(
                codes::AGGREGATE_OUTSIDE_COMP,
                span,
                format!("`{name}` works over many rows, so it stands directly in comp"),
            )
            .with_help(format!("write: | comp {} as x by key, and use x in the next stage", shape(function))),
        ),
        Kind::Window => Some(
            Diagnostic::error(
                codes::AGGREGATE_OUTSIDE_COMP,
                span,
                format!("`{name}` works in windowcomp only"),
            )
            .with_help(format!("write: | windowcomp {} by key sort asc _time as x", shape(function))),
        ),
        _ => None,
    }
}

/// `count()` or `sum(…)`
fn shape(function: &Function) -> String {
    let inside = if function.arity().0 == 0 { "" } else { "…" };
    format!("{}({inside})", function.name)
}

/// `comp divide(sum(a), count())`: the aggregates belong in comp, the rest behind it.
fn scalar_in_comp(function: &Function, span: Span, node: &SyntaxNode) -> Diagnostic {
    let name = function.name;
    let aggregate = node
        .descendants()
        .filter(|inner| inner.kind() == CallExpr && inner != node)
        .find_map(|inner| functions::find(&lower::name_in(&inner)?.name).filter(|f| f.kind.is_aggregate()));
    let help = match aggregate {
        Some(aggregate) => {
            format!("compute over the results: | comp {} as x | alter y = {name}(x, …)", shape(aggregate))
        }
        None => format!("compute it for each row first: | alter x = {name}(…) | comp max(x) as y"),
    };
    Diagnostic::error(codes::NOT_AN_AGGREGATE, span, format!("`{name}` is not an aggregate function"))
        .with_help(help)
}

/// The call around it was reported already.
fn inside_scalar_in_comp(node: &SyntaxNode) -> bool {
    node.ancestors().skip(1).filter(|around| around.kind() == CallExpr).any(|around| {
        around.parent().is_some_and(|parent| parent.kind() == Aggregate)
            && lower::name_in(&around)
                .and_then(|name| functions::find(&name.name))
                .is_some_and(|function| function.kind == Kind::Scalar)
    })
}

fn arguments(function: &Function, name: Span, list: &SyntaxNode, diagnostics: &mut Findings) {
    let args: Vec<SyntaxNode> = lower::exprs(list).collect();
    if args.iter().any(is_star) && !aliased_star(list) {
        return star_argument(function, &args, diagnostics);
    }
    // Where the parser complained, the number of arguments is not known.
    let broken = list.children().any(|child| child.kind() == Error);
    let (least, most) = function.arity();
    let count = args.len();
    if !broken && (count < least || most.is_some_and(|most| count > most)) {
        let wanted = match (least, most) {
            (least, Some(most)) if least == most => plural(least),
            (0, Some(most)) => format!("at most {}", plural(most)),
            (least, Some(most)) if most == least + 1 => format!("{least} or {}", plural(most)),
            (least, Some(most)) => format!("{least} to {}", plural(most)),
            (least, None) => format!("at least {}", plural(least)),
        };
        let message = format!("`{}` takes {wanted}, not {count}", function.name);
        diagnostics
            .push(Diagnostic::error(codes::ARGUMENT_COUNT, name, message).with_help(how(function, count)));
        return;
    }
    for (n, arg) in args.iter().enumerate() {
        if let Some(param) = function.param(n) {
            argument(function, param.ty, arg, args.get(n + 1), diagnostics);
        }
    }
}

/// How the function is called; ranges of addresses are often taken for arguments of their own.
fn how(function: &Function, count: usize) -> String {
    match function.params.last() {
        Some(last) if last.ty == Type::Cidr && count > function.params.len() => {
            format!(
                "several ranges stand in one text: {}(address, \"10.0.0.0/8, 192.168.0.0/16\")",
                function.name
            )
        }
        _ => format!("the form is: {}", function.signature()),
    }
}

fn plural(count: usize) -> String {
    match count {
        0 => "no arguments".to_owned(),
        1 => "1 argument".to_owned(),
        _ => format!("{count} arguments"),
    }
}

/// `sum(*) as *`
fn aliased_star(list: &SyntaxNode) -> bool {
    let aggregate = list.parent().and_then(|call| call.parent());
    let alias = aggregate.and_then(|aggregate| lower::child(&aggregate, Alias));
    alias.and_then(|alias| lower::name_in(&alias)).is_some_and(|name| name.name == "*")
}

fn is_star(arg: &SyntaxNode) -> bool {
    arg.kind() == FieldExpr && arg.text() == "*"
}

fn star_argument(function: &Function, args: &[SyntaxNode], diagnostics: &mut Findings) {
    let Some(star) = args.iter().find(|arg| is_star(arg)) else { return };
    let span = lower::span(star);
    diagnostics.push(if function.name == "count" {
        Diagnostic::error(codes::BAD_ARGUMENT, span, "count takes no `*`")
            .with_help("write count()")
            .with_replacement("")
    } else if function.kind.is_aggregate() {
        Diagnostic::error(codes::BAD_ARGUMENT, span, "`*` as an argument means every field")
            .with_help(format!("write: comp {}(*) as *", function.name))
    } else {
        Diagnostic::error(codes::BAD_ARGUMENT, span, format!("`{}` takes no `*`", function.name))
            .with_help(format!("the form is: {}", function.signature()))
    });
}

fn argument(
    function: &Function,
    wanted: Type,
    arg: &SyntaxNode,
    next: Option<&SyntaxNode>,
    diagnostics: &mut Findings,
) {
    let text = string_literal(arg);
    match (wanted, text) {
        (Type::Choice(choices), Some(text)) if !has(choices, &text) => {
            diagnostics.push(bad_choice(function, choices, &text, lower::span(arg)));
        }
        (Type::Choice(choices), None) if arg.kind() == FieldExpr && has(choices, &arg.text().to_string()) => {
            let word = arg.text();
            diagnostics.push(
                Diagnostic::error(
                    codes::BAD_ARGUMENT,
                    lower::span(arg),
                    format!("`{word}` must stand in quotes here"),
                )
                .with_help(format!("write \"{word}\""))
                .with_replacement(format!("\"{word}\"")),
            );
        }
        (Type::Format, None) if next.and_then(string_literal).is_some_and(|text| text.contains('%')) => {
            let message = format!("in `{}` the format comes first", function.name);
            diagnostics.push(
                Diagnostic::error(codes::BAD_ARGUMENT, lower::span(arg), message)
                    .with_help(format!("the form is: {}", function.signature())),
            );
        }
        (Type::Format, None)
            if next.and_then(string_literal).is_some_and(|text| format_codes(&text).is_some()) =>
        {
            let codes = next.and_then(string_literal).and_then(|text| format_codes(&text));
            let message = format!("in `{}` the format comes first, in % codes", function.name);
            let help = format!(
                "write: {}(\"{}\", {})",
                function.name,
                codes.unwrap_or_default(),
                clip(&arg.text().to_string())
            );
            diagnostics
                .push(Diagnostic::error(codes::BAD_ARGUMENT, lower::span(arg), message).with_help(help));
        }
        (Type::Condition, Some(text)) if function.name != "arraymap" && text != functions::ELEMENT => {
            diagnostics.push(quoted_condition(function, &text, lower::span(arg)));
        }
        (Type::Pattern, Some(text)) => pattern(&text, lower::span(arg), diagnostics),
        (Type::Cidr, Some(text)) => cidr(&text, lower::span(arg), diagnostics),
        _ => {}
    }
}

fn has(choices: &[&str], word: &str) -> bool {
    choices.iter().any(|choice| choice.eq_ignore_ascii_case(word))
}

fn bad_choice(function: &Function, choices: &[&'static str], text: &str, span: Span) -> Diagnostic {
    let message = format!("`{}` does not know \"{}\"", function.name, clip(text));
    let diagnostic = Diagnostic::error(codes::BAD_ARGUMENT, span, message);
    match nearest(text, choices.iter().copied()) {
        Some(near) => {
            let quoted = format!("\"{near}\"");
            diagnostic.with_help(format!("did you mean {quoted}?")).with_replacement(quoted)
        }
        None => diagnostic.with_help(format!("it knows {}", choices.join(", "))),
    }
}

fn string_literal(node: &SyntaxNode) -> Option<String> {
    if node.kind() != Literal {
        return None;
    }
    let token = lower::tokens(node).next()?;
    token.kind().is_string().then(|| lower::plain_text(&token))
}

/// A regular expression. One that is a parameter is looked at when it has a value.
fn pattern(text: &str, span: Span, diagnostics: &mut Findings) {
    if text.starts_with('$') && text.len() > 1 || diagnostics.plenty() {
        return;
    }
    if let Err(why) = re2(text) {
        let message = format!("this regular expression cannot be read: {why}");
        let diagnostic = Diagnostic::error(codes::BAD_PATTERN, span, message);
        diagnostics.push(match text {
            _ if text.contains("(?=") || text.contains("(?!") || text.contains("(?<") => diagnostic
                .with_help(
                    "RE2 has no look-around: match what stands there too, or test it with a second condition",
                ),
            _ => diagnostic,
        });
    }
}

/// Address ranges in one text, separated by commas.
fn cidr(text: &str, span: Span, diagnostics: &mut Findings) {
    // A variable of a loop or a template is no range.
    if text.contains(['@', '$']) {
        return;
    }
    for range in text.split(',').map(str::trim) {
        if !is_range(range) {
            let message = format!("`{}` is not an address range", clip(range));
            diagnostics.push(
                Diagnostic::error(codes::BAD_CIDR, span, message)
                    .with_help("for example: \"10.0.0.0/8\"; several: \"10.0.0.0/8, 192.168.0.0/16\""),
            );
            return;
        }
    }
}

fn is_range(range: &str) -> bool {
    let (address, bits) = range.split_once('/').unwrap_or((range, "0"));
    let most = match address.parse() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.bytes().all(|byte| byte.is_ascii_digit()) && bits.parse().is_ok_and(|bits: u8| bits <= most)
}

/// `incidr` and `incidr6` as operators.
fn comparison(node: &SyntaxNode, diagnostics: &mut Findings) {
    if lower::tokens(node).any(|token| matches!(token.kind(), Match | NotMatch)) {
        if let Some(right) = lower::exprs(node).nth(1)
            && let Some(text) = string_literal(&right)
        {
            pattern(&text, lower::span(&right), diagnostics);
        }
        return;
    }
    if !(lower::has_word(node, "incidr") || lower::has_word(node, "incidr6")) {
        return;
    }
    if let Some(range) = lower::exprs(node).nth(1)
        && let Some(text) = string_literal(&range)
    {
        cidr(&text, lower::span(&range), diagnostics);
    }
}

/// `arrayfilter(a, "@element > 5")`, `arrayindexof(a, "x")`: a text where a condition of the element stands.
fn quoted_condition(function: &Function, text: &str, span: Span) -> Diagnostic {
    let message = format!("`{}` takes a condition, and this is a text", function.name);
    let right = match text.contains(functions::ELEMENT) {
        true => text.replace(functions::ELEMENT, "\"@element\""),
        false => format!("\"@element\" = \"{text}\""),
    };
    let diagnostic = Diagnostic::error(codes::BAD_ARGUMENT, span, message);
    diagnostic.with_help(format!("write: {}(array, {right})", function.name)).with_replacement(right)
}

/// The same format in % codes, of one written in letters: `YYYY-MM-dd HH:mm:ss`.
pub(crate) fn format_codes(text: &str) -> Option<String> {
    const LETTERS: &[(&str, &str)] = &[
        ("YYYY", "%Y"),
        ("yyyy", "%Y"),
        ("MM", "%m"),
        ("DD", "%d"),
        ("dd", "%d"),
        ("HH", "%H"),
        ("hh", "%H"),
        ("mm", "%M"),
        ("SS", "%S"),
        ("ss", "%S"),
    ];
    if text.contains('%') {
        return None;
    }
    let (mut made, mut rest, mut found) = (String::new(), text, false);
    while let Some(next) = rest.chars().next() {
        match LETTERS.iter().find(|(letters, _)| rest.starts_with(letters)) {
            Some((letters, code)) => {
                made.push_str(code);
                rest = &rest[letters.len()..];
                found = true;
            }
            None => {
                made.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
    }
    found.then_some(made)
}

/// `a contains "b" or "c"`: each side of `and` and `or` is a condition of its own.
fn text_as_condition(node: &SyntaxNode, diagnostics: &mut Findings) {
    let Some(text) = string_literal(node) else { return };
    let joined = node.parent().filter(|parent| matches!(parent.kind(), OrExpr | AndExpr | NotExpr));
    // A transaction may begin with a text alone.
    let edge = || {
        let stage = node.ancestors().find(|around| around.kind() == Stage);
        stage.is_some_and(|stage| lower::has_word(&stage, "transaction"))
    };
    let Some(parent) = joined.filter(|_| text != functions::ELEMENT && !edge()) else { return };
    let before =
        parent.children().take_while(|other| other != node).filter(|one| one.kind() == CompareExpr).last();
    let diagnostic =
        Diagnostic::error(codes::EXPECTED_VALUE, lower::span(node), "a text alone is no condition");
    let whole = before.and_then(|compared| {
        let sides: Vec<SyntaxNode> = lower::exprs(&compared).collect();
        let [_, value] = sides.as_slice() else { return None };
        (value.kind() == Literal).then(|| {
            let all = compared.text().to_string();
            let end = usize::from(value.text_range().start() - compared.text_range().start());
            format!("{}{}", &all[..end], node.text())
        })
    });
    diagnostics.push(match whole {
        Some(whole) => diagnostic.with_help(format!("write: {}", clip(&whole))).with_replacement(whole),
        None => diagnostic.with_help("compare it with a field: field = \"…\", or field contains \"…\""),
    });
}

fn literal(node: &SyntaxNode, diagnostics: &mut Findings) {
    let Some(text) = string_literal(node) else { return };
    if text == functions::ELEMENT && !inside_loop(node) {
        diagnostics.push(
            Diagnostic::error(
                codes::BAD_ARGUMENT,
                lower::span(node),
                "there is no array here whose elements \"@element\" could be",
            )
            .with_help(
                "it stands in the second argument of arraymap, arrayfilter, arrayindexof, array_any and \
                 array_all",
            ),
        );
    }
}

/// Is the node in an argument that is computed for each element of an array?
fn inside_loop(node: &SyntaxNode) -> bool {
    node.ancestors().any(|arg| {
        let Some(list) = arg.parent().filter(|list| list.kind() == ArgList) else { return false };
        let function = list.parent().and_then(|call| lower::name_in(&call));
        let function = function.and_then(|name| functions::find(&name.name));
        let at = lower::exprs(&list).position(|other| other == arg);
        function
            .zip(at)
            .and_then(|(function, at)| function.param(at))
            .is_some_and(|p| p.ty == Type::Condition)
    })
}

/// A query in brackets stands behind `in` or in a stage that takes one.
fn subquery(node: &SyntaxNode, diagnostics: &mut Findings) {
    for stage in lower::children(node, Stage) {
        if let Some(word) = lower::tokens(&stage).next().filter(|w| w.text().eq_ignore_ascii_case("target")) {
            let message = "a query inside another stores nothing";
            diagnostics.push(
                Diagnostic::error(codes::UNEXPECTED_TOKEN, lower::token_span(&word), message)
                    .with_help("move target to the end of the outer query"),
            );
        }
    }
    let placed = node.parent().is_some_and(|parent| match parent.kind() {
        CompareExpr => lower::has_word(&parent, "in"),
        kind => kind == Stage,
    });
    if !placed {
        let message = "a query in brackets stands behind `in`, `join` or `union`";
        diagnostics.push(
            Diagnostic::error(codes::EXPECTED_VALUE, lower::span(node), message)
                .with_help("to compare with its rows: field in (dataset = … | fields one_field)"),
        );
    }
}
