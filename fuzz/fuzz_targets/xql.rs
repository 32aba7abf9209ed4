//! Any text as a query: it is checked, linted and laid out, and the layout is stable.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let found = vedette_xql::check(text);
    for one in &found {
        assert!(one.span.start <= one.span.end && one.span.end as usize <= text.len());
    }
    vedette_xql::lint(text);
    if let Ok(laid_out) = vedette_xql::format(text) {
        assert_eq!(vedette_xql::format(&laid_out).as_ref(), Ok(&laid_out));
    }
});
