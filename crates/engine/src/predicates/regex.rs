//! `~=`: RE2 expressions on the regex crate. Both refuse what cannot be matched in linear time
//! (look-around, back-references).

use super::patterns::some_element;
use crate::error::QueryError;
use crate::expr::{Exprs, Typed};
use crate::kernel::{self, Kernel, Memo, map_text, texts};
use crate::types::Type;
use arrow::array::{ArrayRef, BooleanArray, StringArray};
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::ColumnarValue;
use regex::{Regex, RegexBuilder};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use vedette_xql::ast::{self, Span};
use vedette_xql::{Diagnostic, codes};

/// Most bytes one compiled expression may take.
const SIZE: usize = 4 << 20;

/// Finds the pattern anywhere in the string, or in some element of an array; case counts unless the pattern says `(?i)`.
pub(super) fn matches(
    exprs: &Exprs<'_>,
    value: &ast::Expr,
    pattern: &ast::Expr,
    span: Span,
) -> std::result::Result<Typed, QueryError> {
    let (value, pattern) = (exprs.value(value)?, exprs.value(pattern)?);
    if !matches!(pattern.ty(), Type::Str | Type::Null) {
        let message = format!("~= needs a pattern, and this is {}", pattern.ty().a_name());
        return Err(Diagnostic::error(codes::TYPE_MISMATCH, pattern.span, message).into());
    }
    if let Some(text) = pattern.text() {
        compile(text, pattern.span)?;
    }
    let fixed = pattern.value().is_some();
    let value = match value.ty() {
        // Some element matches.
        Type::List(_) if fixed => value.to(&Type::List(Box::new(Type::Str))),
        _ => value.to(&Type::Str),
    };
    Ok(kernel::call(Search::default(), vec![value, pattern.to(&Type::Str)], span))
}

/// The expression of a pattern in the query, or an error at its place.
pub(crate) fn compile(text: &str, span: Span) -> std::result::Result<Regex, QueryError> {
    re2(text).map_err(|why| {
        let message = format!("this regular expression cannot be read: {why}");
        Diagnostic::error(codes::BAD_PATTERN, span, message).into()
    })
}

/// An RE2 expression; the error is a sentence.
pub(crate) fn re2(text: &str) -> std::result::Result<Regex, String> {
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
/// and inside `[…]` the characters `[ & ~` mean themselves.
fn translate(text: &str) -> std::result::Result<String, String> {
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
            other => out.push(other),
        }
    }
    Ok(out)
}

fn escape(letter: char, in_class: bool, out: &mut String) -> std::result::Result<(), String> {
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

/// Arguments: the string, the pattern.
#[derive(Debug, Default)]
struct Search {
    regex: OnceLock<Option<Regex>>,
    memo: Memo,
}

impl Kernel for Search {
    fn name(&self) -> &'static str {
        "regex_search"
    }

    fn returns(&self, _: &[DataType]) -> DataType {
        DataType::Boolean
    }

    fn run(&self, args: &[ColumnarValue], rows: usize) -> Result<ColumnarValue> {
        let patterns = texts(&args[1])?;
        if let ColumnarValue::Array(_) = &args[1] {
            return search_rows(&args[0], &patterns, rows);
        }
        let regex = self.regex.get_or_init(|| patterns.get(0).and_then(|text| re2(text).ok()));
        let search = |words: &StringArray| -> BooleanArray {
            words.iter().map(|word| Some(regex.as_ref()?.is_match(word?))).collect()
        };
        match &args[0] {
            array if matches!(array.data_type(), DataType::List(_)) => some_element(array, search),
            value => map_text(value, Some(&self.memo), |words| Ok(Arc::new(search(words)) as ArrayRef)),
        }
    }
}

/// Each row has a pattern of its own; one that cannot be read gives null.
fn search_rows(value: &ColumnarValue, patterns: &kernel::Texts<'_>, rows: usize) -> Result<ColumnarValue> {
    const KEPT: usize = 64;
    let values = texts(value)?;
    let mut known: HashMap<&str, Option<Regex>> = HashMap::new();
    let mut found = Vec::with_capacity(rows);
    for row in 0..rows {
        let Some((value, pattern)) = values.get(row).zip(patterns.get(row)) else {
            found.push(None);
            continue;
        };
        if known.len() >= KEPT && !known.contains_key(pattern) {
            known.clear();
        }
        let regex = known.entry(pattern).or_insert_with(|| re2(pattern).ok());
        found.push(regex.as_ref().map(|regex| regex.is_match(value)));
    }
    Ok(ColumnarValue::Array(Arc::new(BooleanArray::from(found))))
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
