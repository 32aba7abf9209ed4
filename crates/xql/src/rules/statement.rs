//! A statement: a query without a source, in the dialect of rules.

use super::{Statement, Step};
use crate::ast::{self, Name, Span, Text};
use crate::codes;
use crate::diagnostic::{Diagnostic, Findings};
use crate::lexer::{Token, clip};
use crate::lower::{self, Lowering};
use crate::parser::Parser;
use crate::stages::{self, Lower};
use crate::syntax::SyntaxKind::{self, *};
use crate::syntax::SyntaxNode;
use crate::{check, grammar, literal};

/// The steps of a statement; its mistakes go to the findings. Places are those of the whole file.
pub(super) fn read(
    text: &str,
    tokens: &[Token],
    broken_lines: &[Span],
    findings: &mut Findings,
) -> Option<Statement> {
    let (first, last) = ends(tokens)?;
    // What stands before counts as one blank, so that places in the tree are places in the file.
    let before = Token { kind: Whitespace, start: 0, end: first.start };
    let own = tokens.iter().copied().skip_while(|token| token.kind.is_trivia());
    let all: Vec<Token> = std::iter::once(before).filter(|blank| blank.end > 0).chain(own).collect();
    let mut parser = Parser::new(text, all, broken_lines.to_vec());
    parser.rules = true;
    grammar::query(&mut parser);
    let (tree, mut found) = parser.finish_tree();
    let root = SyntaxNode::new_root(tree);
    check::check(&root, &mut found);
    let mut lowering = Lowering::default();
    let mut config = ast::Config::default();
    let steps = steps(&root, &mut lowering, &mut config);
    found.append(lowering.diagnostics);
    found.rewrite(|one| log_parser(text, one));
    findings.append(found);
    let calls =
        root.descendants().filter(|node| node.kind() == RuleCall).filter_map(|node| lower::name_in(&node));
    let own = tokens.iter().filter(|token| token.kind == Param);
    let parameters = own.map(|token| {
        let text = text[token.start as usize..token.end as usize].trim_start_matches('$').to_owned();
        Name { name: text.to_lowercase(), text, span: token.span() }
    });
    Some(Statement {
        parameters: parameters.collect(),
        config,
        steps,
        calls: calls.collect(),
        span: Span { start: first.start, end: last.end },
    })
}

fn ends(tokens: &[Token]) -> Option<(Token, Token)> {
    let solid = |token: &&Token| !token.kind.is_trivia();
    Some((*tokens.iter().find(solid)?, *tokens.iter().rev().find(solid)?))
}

fn steps(root: &SyntaxNode, lowering: &mut Lowering, config: &mut ast::Config) -> Vec<Step> {
    let mut steps = Vec::new();
    for node in lower::children(root, SyntaxKind::Stage) {
        let span = lower::span(&node);
        if let Some(call) = lower::child(&node, RuleCall) {
            steps.extend(lower::name_in(&call).map(Step::Call));
            continue;
        }
        let word = lower::tokens(&node).next();
        if word.as_ref().is_some_and(|word| word.text().eq_ignore_ascii_case("drop")) {
            let condition = lower::only_expr(&node).and_then(|condition| lowering.expr(&condition));
            steps.extend(condition.map(Step::Drop));
            continue;
        }
        let info = word.and_then(|word| stages::find(word.text()));
        match info.map(|info| info.lower) {
            Some(Lower::Stage(lower)) => {
                steps.extend(lower(lowering, &node).map(|kind| Step::Stage(ast::Stage { kind, span })));
            }
            Some(Lower::Config(lower)) => lower(lowering, &node, config),
            _ => {}
        }
    }
    steps
}

/// `parse_cef(_raw_log)`: XQL of rules, which this version does not run.
fn log_parser(text: &str, found: &mut Diagnostic) {
    let name = text.get(found.span.start as usize..found.span.end as usize).unwrap_or_default();
    if found.code == codes::UNKNOWN_FUNCTION && name.to_lowercase().starts_with("parse_") {
        let message = format!("the log parser `{}` is not supported yet", clip(name));
        *found = Diagnostic::error(codes::FUNCTION_NOT_SUPPORTED, found.span, message)
            .with_help("nothing is wrong with the rule: this version of Vedette cannot run it");
    }
}

/// `NAME = value`
pub(super) fn constant(text: &str, tokens: &[Token], findings: &mut Findings) -> Option<(Name, Text)> {
    let solid: Vec<Token> = tokens.iter().filter(|token| !token.kind.is_trivia()).copied().collect();
    let source = |token: &Token| &text[token.start as usize..token.end as usize];
    let value = |token: &Token| match token.kind {
        kind if kind.is_string() => Some(literal::string(kind, source(token))),
        Ident | Int | Float => Some(source(token).to_owned()),
        _ => None,
    };
    if let [name, equals, last] = solid.as_slice()
        && (name.kind, equals.kind) == (Ident, Eq)
        && let Some(value) = value(last)
    {
        let name =
            Name { name: source(name).to_lowercase(), text: source(name).to_owned(), span: name.span() };
        return Some((name, Text { text: value, span: last.span() }));
    }
    let (first, last) = ends(tokens)?;
    let span = Span { start: first.start, end: last.end };
    findings.push(
        Diagnostic::error(codes::BAD_SECTION, span, "this is not a constant")
            .with_help("the form is: NAME = \"value\";"),
    );
    None
}
