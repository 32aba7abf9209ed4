//! Regular expressions: RE2's syntax on the regex crate. Both refuse what cannot be matched in linear time
//! (look-around, back-references).

use regex::{Regex, RegexBuilder};

/// Most bytes one compiled expression may take.
const SIZE: usize = 4 << 20;

/// An RE2 expression; the error is a sentence that says what is wrong with it.
pub fn re2(text: &str) -> Result<Regex, String> {
    let translated = translate(text)?;
    RegexBuilder::new(&translated).size_limit(SIZE).dfa_size_limit(SIZE).nest_limit(200).build().map_err(
        |why| {
            match why {
                regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
                // The last line of the message says what is wrong, those before draw a picture.
                other => {
                    let text = other.to_string();
                    text.lines().last().unwrap_or("").trim_start_matches("error: ").to_owned()
                }
            }
        },
    )
}

/// What RE2 and the regex crate read differently: `\d \w \s \b` are ASCII in RE2, `\Q…\E` quotes,
/// inside `[…]` the characters `[ & ~` and a second `-` mean themselves, and so does a `{` that begins no
/// repetition.
fn translate(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text.chars().peekable();
    let mut in_class = false;
    while let Some(next) = rest.next() {
        match next {
            '\\' => {
                let Some(letter) = rest.next() else { return Err("it ends in a backslash".to_owned()) };
                if letter == 'Q' && !in_class {
                    let remaining: String = rest.collect();
                    let (quoted, after) = remaining.split_once("\\E").unwrap_or((&remaining, ""));
                    out.push_str(&regex::escape(quoted));
                    return Ok(out + &translate(after)?);
                }
                escape(letter, in_class, &mut out)?;
            }
            '[' if in_class => {
                let posix = rest.peek() == Some(&':');
                out.push_str(if posix { "[" } else { "\\[" });
                if posix {
                    for inner in rest.by_ref() {
                        out.push(inner);
                        if inner == ']' {
                            break;
                        }
                    }
                }
            }
            '[' => {
                in_class = true;
                out.push('[');
                if rest.peek() == Some(&'^') {
                    rest.next();
                    out.push('^');
                }
                // A bracket right at the start means itself.
                if rest.peek() == Some(&']') {
                    rest.next();
                    out.push_str("\\]");
                }
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            '&' | '~' if in_class => {
                out.push('\\');
                out.push(next);
            }
            // The end of a range, not a difference of classes.
            '-' if in_class && rest.peek() == Some(&'-') => {
                let first = out.ends_with('[') || out.ends_with("[^");
                if first {
                    out.push_str("\\-");
                } else {
                    rest.next();
                    out.push_str("-\\-");
                }
            }
            '{' if !in_class && !is_repetition(rest.clone()) => out.push_str("\\{"),
            other => out.push(other),
        }
    }
    Ok(out)
}

/// `{3}`, `{3,}`, `{3,5}`, seen from behind the `{`.
fn is_repetition(rest: impl Iterator<Item = char>) -> bool {
    let inner: String = rest.take_while(|c| *c != '}').take(24).collect();
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match inner.split_once(',') {
        None => number(&inner),
        Some((least, most)) => number(least) && (most.is_empty() || number(most)),
    }
}

fn escape(letter: char, in_class: bool, out: &mut String) -> Result<(), String> {
    const SPACE: &str = r"\t\n\f\r ";
    const WORD: &str = "0-9A-Za-z_";
    let (set, negated) = match letter {
        'd' => ("0-9", false),
        'D' => ("0-9", true),
        'w' => (WORD, false),
        'W' => (WORD, true),
        's' => (SPACE, false),
        'S' => (SPACE, true),
        'b' | 'B' if !in_class => {
            out.push_str(if letter == 'b' { r"(?-u:\b)" } else { r"\B" });
            return Ok(());
        }
        'C' => return Err("`\\C` (one byte) is not supported".to_owned()),
        'E' => return Ok(()),
        // Ends of words in the regex crate.
        '<' | '>' => {
            out.push(letter);
            return Ok(());
        }
        other => {
            out.push('\\');
            out.push(other);
            return Ok(());
        }
    };
    match (negated, in_class) {
        (false, true) => out.push_str(set),
        (false, false) => *out += &format!("[{set}]"),
        (true, _) => *out += &format!("[^{set}]"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn re2_differs_in_these() {
        assert!(!re2(r"^\d$").unwrap().is_match("٣"));
        assert!(!re2(r"^\w$").unwrap().is_match("é"));
        assert!(re2(r"^[\d\s]+$").unwrap().is_match("1 2"));
        assert!(re2(r"^[^\D]$").unwrap().is_match("7"));
        assert!(re2(r"^[[a]$").unwrap().is_match("["));
        assert!(re2(r"^[]a]$").unwrap().is_match("]"));
        assert!(re2(r"^[[:alpha:]]+$").unwrap().is_match("ab"));
        assert!(re2(r"^[a&&b]$").unwrap().is_match("&"));
        assert!(re2(r"\Qa.b\E+").unwrap().is_match("a.bb"));
        assert!(re2(r"(?i)^ABC").unwrap().is_match("abc"));
        assert!(re2(r"\bé").unwrap().find("é").is_none());
        assert!(re2(r#"^{"a": [^}]*}$"#).unwrap().is_match(r#"{"a": 1}"#));
        assert!(re2("^a{x}{2}$").unwrap().is_match("a{x}}"));
        assert!(re2("^a{2,}$").unwrap().is_match("aaa"));
        assert!(re2(r"^\<b\>$").unwrap().is_match("<b>"));
        assert!(re2("^[+--]$").unwrap().is_match(","));
        assert!(re2("^[--a]$").unwrap().is_match("A"));
    }

    #[test]
    fn what_re2_refuses_is_refused() {
        for text in ["(?=a)", "(?<!a)b", r"(a)\1", "(", "[", "a{2,1}", "*", r"\", r"\C", "(?P<n>a)(?P<n>b)"] {
            assert!(re2(text).is_err(), "{text}");
        }
    }

    #[test]
    fn absurd_expressions_are_refused_or_quick() {
        assert!(re2(&"(".repeat(10_000)).is_err());
        assert!(re2("((a{1000}){1000}){1000}").is_err());
        assert!(re2("(a*)*b").is_ok_and(|regex| !regex.is_match(&"a".repeat(100_000))));
    }
}
