//! Any text as a query: it is checked, linted and laid out, and the layout is stable; completion and hover are
//! asked for at some place. The same text as a file of rules.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vedette_xql::Catalog;
use vedette_xql::assist::{complete, highlight, hover};

fuzz_target!(|text: &str| {
    let found = vedette_xql::check(text);
    for one in &found {
        assert!(one.span.start <= one.span.end && one.span.end as usize <= text.len());
    }
    vedette_xql::lint(text);
    if let Ok(laid_out) = vedette_xql::format(text) {
        assert_eq!(vedette_xql::format(&laid_out).as_ref(), Ok(&laid_out));
    }
    assist(text);
    rules(text);
});

/// At the end, and at a place that the text itself says.
fn assist(text: &str) {
    let names = Catalog::default();
    let place = text.bytes().map(usize::from).sum::<usize>() % (text.len() + 1);
    for offset in [text.len(), place] {
        let offered = complete(text, offset, &names);
        assert!(offered.span.end as usize <= text.len());
        hover(text, offset, &names);
    }
    highlight(text);
}

fn rules(text: &str) {
    for one in &vedette_xql::check_rules(text) {
        assert!(one.span.start <= one.span.end && one.span.end as usize <= text.len());
    }
    if let Ok(laid_out) = vedette_xql::format_rules(text) {
        assert_eq!(vedette_xql::format_rules(&laid_out).as_ref(), Ok(&laid_out));
    }
}
