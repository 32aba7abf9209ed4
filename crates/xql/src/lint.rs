//! Doubtful places: queries that run and probably do not say what was meant, or cost more than they
//! need. A rule is one file in `lint/`, with its examples, which are its tests and its manual page.
//!
//! A comment `// allow XQL501` anywhere in a query silences that rule in it.

pub(crate) mod walk;

mod always_true;
mod case_of_groups;
mod case_of_patterns;
mod cidr_as_text;
mod duplicate_condition;
mod element_shadowed;
mod filter_after_comp;
mod format_without_codes;
mod json_in_quotes;
mod limit_without_sort;
mod never_true;
mod no_time_frame;
mod null_not_equal;
mod old_name;
mod old_row;
mod only_star;
mod pattern_is_text;
mod sort_undone;
mod star_in_contains;
mod unused_column;

use crate::ast::{Query, Span};
use crate::diagnostic::Diagnostic;
use crate::parse;
use crate::syntax::SyntaxKind;

/// One kind of doubtful place.
pub struct Rule {
    /// Stable, `XQL501` and up.
    pub code: &'static str,
    /// One line.
    pub doc: &'static str,
    /// Why it matters, for the manual.
    pub why: &'static str,
    /// A query that it warns about.
    pub bad: &'static str,
    /// The same, mended.
    pub good: &'static str,
    run: fn(&Query, &mut Found),
}

/// Every rule, by code.
pub static RULES: &[Rule] = &[
    null_not_equal::RULE,
    old_row::RULE,
    case_of_groups::RULE,
    case_of_patterns::RULE,
    never_true::RULE,
    always_true::RULE,
    json_in_quotes::RULE,
    cidr_as_text::RULE,
    element_shadowed::RULE,
    star_in_contains::RULE,
    duplicate_condition::RULE,
    unused_column::RULE,
    sort_undone::RULE,
    limit_without_sort::RULE,
    no_time_frame::RULE,
    filter_after_comp::RULE,
    pattern_is_text::RULE,
    only_star::RULE,
    old_name::RULE,
    format_without_codes::RULE,
];

/// What a rule has found.
struct Found {
    code: &'static str,
    /// The query that is looked at stands in no other.
    outermost: bool,
    list: Vec<Diagnostic>,
}

impl Found {
    fn warn(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.list.push(Diagnostic::warning(self.code, span, message).with_help(help));
    }
}

/// Mistakes and doubtful places of a query, in order of place. A query with mistakes is not looked at
/// any further.
pub fn lint(text: &str) -> Vec<Diagnostic> {
    let parsed = parse(text);
    let allowed = allowed(&parsed);
    let mut all = parsed.diagnostics;
    let Some(query) = parsed.query else { return all };
    all.extend(crate::flow::unknown_names(&query, &crate::Catalog::default()));
    let queries = walk::queries(&query);
    for rule in RULES.iter().filter(|rule| !allowed.iter().any(|code| code == rule.code)) {
        let mut found = Found { code: rule.code, outermost: true, list: Vec::new() };
        for query in &queries {
            (rule.run)(query, &mut found);
            found.outermost = false;
        }
        all.append(&mut found.list);
    }
    all.sort_by_key(|one| one.span.start);
    all
}

/// Codes named in comments after the word `allow`.
fn allowed(parsed: &crate::Parsed) -> Vec<String> {
    let tokens = parsed.syntax().descendants_with_tokens().filter_map(rowan::NodeOrToken::into_token);
    let mut codes = Vec::new();
    for comment in tokens.filter(|token| token.kind() == SyntaxKind::Comment) {
        let Some((_, after)) = comment.text().split_once("allow ") else { continue };
        let words = after.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        codes.extend(words.take_while(|word| word.starts_with("XQL")).map(str::to_owned));
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<&'static str> {
        lint(text).iter().map(|one| one.code).collect()
    }

    #[test]
    fn every_rule_warns_of_its_bad_example_and_not_of_its_good_one() {
        for (number, rule) in RULES.iter().enumerate() {
            assert_eq!(rule.code, format!("XQL{}", 501 + number), "codes go up by one");
            let (bad, good) = (lint(rule.bad), lint(rule.good));
            assert!(bad.iter().all(|one| !one.is_error()), "{}: {bad:?}", rule.code);
            assert!(bad.iter().any(|one| one.code == rule.code), "{}: not seen in {}", rule.code, rule.bad);
            assert!(good.iter().all(|one| !one.is_error()), "{}: {good:?}", rule.code);
            assert!(!good.iter().any(|one| one.code == rule.code), "{}: still in {}", rule.code, rule.good);
            let others: Vec<_> = good.iter().map(|one| one.code).collect();
            assert!(others.is_empty(), "{}: the good example has {others:?}", rule.code);
        }
    }

    #[test]
    fn a_comment_silences_a_rule_and_only_it() {
        let bad = "dataset = a | filter b != \"x\" and b != \"x\"";
        assert_eq!(codes(bad), ["XQL515", "XQL501", "XQL501", "XQL511"]);
        assert_eq!(codes(&format!("{bad} // allow XQL501, XQL515: b is never null")), ["XQL511"]);
        assert_eq!(codes(&format!("{bad} // we do not allow this")).len(), 4);
    }

    #[test]
    fn a_query_with_mistakes_gives_its_mistakes() {
        assert_eq!(codes("dataset = a | filter b == 1"), ["XQL204"]);
        assert!(!codes("").is_empty());
    }

    #[test]
    fn the_time_frame_is_asked_of_the_whole_query_only() {
        let inside = "dataset = a | filter b in (dataset = c | fields d)";
        assert_eq!(codes(inside), ["XQL515"]);
        assert_eq!(codes(&format!("// why\n\n{inside}")), ["XQL515"]);
    }

    #[test]
    fn queries_inside_are_looked_at_too() {
        let text = "config timeframe = 1d | dataset = a | filter b in (dataset = c | filter d = 1 and d = 2 | fields d)";
        assert!(codes(text).contains(&"XQL505"), "{:?}", codes(text));
    }
}
