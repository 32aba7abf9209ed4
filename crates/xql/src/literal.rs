//! What strings and numbers mean.

use crate::syntax::SyntaxKind::{self, *};

/// The value of a string token. Plain strings keep everything as it stands except `\"`; in triple
/// quotes escapes are resolved, and unknown ones kept, so that `\d` stays a regular expression.
pub(crate) fn string(kind: SyntaxKind, text: &str) -> String {
    match kind {
        TripleStr => {
            unescape(text.strip_prefix("\"\"\"").unwrap_or(text).strip_suffix("\"\"\"").unwrap_or(""))
        }
        StrBackslash => inside(text).to_owned(),
        _ => pairs(inside(text)),
    }
}

fn inside(text: &str) -> &str {
    let open = text.chars().next().map_or(0, char::len_utf8);
    let close = text.chars().next_back().map_or(0, char::len_utf8);
    text.get(open..text.len() - close).unwrap_or("")
}

fn pairs(text: &str) -> String {
    text.replace("\\\"", "\"")
}

fn unescape(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            value.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => value.push('\n'),
            Some('t') => value.push('\t'),
            Some('r') => value.push('\r'),
            Some('\\') => value.push('\\'),
            Some('"') => value.push('"'),
            Some(other) => {
                value.push('\\');
                value.push(other);
            }
            None => value.push('\\'),
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_strings_stay_raw() {
        assert_eq!(string(Str, r#""a\n\d+""#), r"a\n\d+");
        assert_eq!(string(Str, r#""say \"hi\"""#), r#"say "hi""#);
        assert_eq!(string(Str, r#""\\""#), r"\\");
        assert_eq!(string(Str, r#""""#), "");
        assert_eq!(string(StrBackslash, r#""\test\""#), r"\test\");
    }

    #[test]
    fn triple_strings_resolve_escapes() {
        assert_eq!(string(TripleStr, r#""""12\t3*""""#), "12\t3*");
        assert_eq!(string(TripleStr, r#""""C:\\x\d""""#), r"C:\x\d");
        assert_eq!(string(TripleStr, r#""""""""#), "");
    }
}
