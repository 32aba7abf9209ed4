//! Regular expressions (RE2's, on the regex crate) and wildcards that take strings apart.

use super::{Call, Function, like_first};
use crate::error::QueryError;
use crate::expr::Typed;
use crate::kernel::{self, Kernel, map_text, text_lists, texts};
use crate::predicates::{compile, re2};
use crate::types::list_type;
use arrow::array::{ArrayRef, BooleanArray, StringArray};
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::ColumnarValue;
use regex::{Captures, Regex};
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
use vedette_xql::{Diagnostic, codes};

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "regextract", plan: plan_extract },
    Function { name: "regexcapture", plan: |call| plan(call, What::Capture) },
    Function { name: "replex", plan: plan_replace },
    Function { name: "wildcard_match", plan: plan_wildcard },
];

type Planned = std::result::Result<Typed, QueryError>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Extract,
    Capture,
    Replace,
    Wildcard { sensitive: bool },
}

fn plan_extract(call: &Call<'_>) -> Planned {
    let pattern = call.text(1)?;
    if let Some(text) = pattern.text() {
        let groups = compile(text, pattern.span)?.captures_len() - 1;
        if groups > 1 {
            let message = format!("regextract() takes one group at most, and this expression has {groups}");
            let help = "write the groups that only hold things together as (?:…)";
            return Err(Diagnostic::error(codes::BAD_PATTERN, pattern.span, message).with_help(help).into());
        }
    }
    plan(call, What::Extract)
}

fn plan_replace(call: &Call<'_>) -> Planned {
    let (pattern, new) = (call.text(1)?, call.text(2)?);
    if let (Some(text), Some(rewrite)) = (pattern.text(), new.text()) {
        let groups = compile(text, pattern.span)?.captures_len() - 1;
        let highest = pieces(rewrite).map_err(|why| call.bad(new.span, why))?;
        let highest = highest.iter().filter_map(|piece| piece.as_ref().err()).max().copied().unwrap_or(0);
        if highest > groups {
            let message = format!("\\{highest} is a group that the expression does not have");
            return Err(call.bad(new.span, message));
        }
    }
    plan(call, What::Replace)
}

fn plan_wildcard(call: &Call<'_>) -> Planned {
    plan(call, What::Wildcard { sensitive: call.exprs.context.case_sensitive })
}

fn plan(call: &Call<'_>, what: What) -> Planned {
    let mut args = vec![call.text(0)?];
    for at in 1..call.count() {
        args.push(call.text(at)?.plain());
    }
    // Only over fixed patterns does a dictionary stay one.
    if args[1..].iter().any(|arg| arg.value().is_none()) {
        args = args.into_iter().map(Typed::plain).collect();
    }
    if let (Some(text), false) = (args[1].text(), matches!(what, What::Wildcard { .. })) {
        compile(text, args[1].span)?;
    }
    Ok(kernel::call(Pattern { what, regex: OnceLock::new() }, args, call.span))
}

/// Arguments: the string, the pattern, and for `replex` what goes in.
#[derive(Debug)]
struct Pattern {
    what: What,
    regex: OnceLock<Option<Regex>>,
}

/// Most matches of one string; a string with more of them gives null.
const MOST: usize = 1 << 20;

impl Pattern {
    fn compile(&self, pattern: &str) -> Option<Regex> {
        match self.what {
            What::Wildcard { sensitive } => re2(&wildcard(pattern, sensitive)).ok(),
            _ => re2(pattern).ok(),
        }
    }

    fn extract(&self, regex: &Regex, text: &str) -> Option<Vec<Option<String>>> {
        let found: Vec<Option<String>> = match regex.captures_len() {
            1 => regex.find_iter(text).take(MOST + 1).map(|found| Some(found.as_str().to_owned())).collect(),
            2 => {
                let group = |found: Captures<'_>| found.get(1).map(|group| group.as_str().to_owned());
                regex.captures_iter(text).take(MOST + 1).map(group).collect()
            }
            _ => return None,
        };
        (found.len() <= MOST).then_some(found)
    }

    fn text(&self, regex: &Regex, text: &str, new: Option<&str>) -> Option<String> {
        match self.what {
            What::Capture => capture(regex, text),
            _ => replace(regex, text, new?),
        }
    }
}

impl Kernel for Pattern {
    fn name(&self) -> &'static str {
        match self.what {
            What::Extract => "regextract",
            What::Capture => "regexcapture",
            What::Replace => "replex",
            What::Wildcard { sensitive: true } => "wildcard_match",
            What::Wildcard { sensitive: false } => "wildcard_match_any_case",
        }
    }

    fn returns(&self, args: &[DataType]) -> DataType {
        match self.what {
            What::Extract => list_type(DataType::Utf8),
            What::Wildcard { .. } => DataType::Boolean,
            What::Capture | What::Replace => like_first(args),
        }
    }

    fn run(&self, args: &[ColumnarValue], rows: usize) -> Result<ColumnarValue> {
        if args[1..].iter().any(|arg| matches!(arg, ColumnarValue::Array(_))) {
            return self.run_rows(args, rows);
        }
        let pattern = texts(&args[1])?;
        let regex = self.regex.get_or_init(|| pattern.get(0).and_then(|pattern| self.compile(pattern)));
        let regex = regex.as_ref();
        match self.what {
            What::Extract => text_lists(&args[0], |text| self.extract(regex?, text)),
            What::Wildcard { .. } => map_text(&args[0], None, |texts| {
                let test = |text: Option<&str>| Some(regex?.is_match(text?));
                Ok(Arc::new(texts.iter().map(test).collect::<BooleanArray>()) as ArrayRef)
            }),
            _ => {
                let new = args.get(2).map(texts).transpose()?;
                let new = new.as_ref().and_then(|new| new.get(0));
                super::strings::each(&args[0], |text| self.text(regex?, text, new))
            }
        }
    }
}

impl Pattern {
    /// Each row has a pattern of its own; one that cannot be read gives null.
    fn run_rows(&self, args: &[ColumnarValue], rows: usize) -> Result<ColumnarValue> {
        let columns = args.iter().map(texts).collect::<Result<Vec<_>>>()?;
        let mut last: Option<(String, Option<Regex>)> = None;
        let (mut lists, mut strings, mut truths) = (Vec::new(), Vec::new(), Vec::new());
        for row in 0..rows {
            let pattern = columns[1].get(row);
            if let Some(pattern) = pattern
                && last.as_ref().is_none_or(|(known, _)| known != pattern)
            {
                last = Some((pattern.to_owned(), self.compile(pattern)));
            }
            let regex = pattern.and(last.as_ref()).and_then(|(_, regex)| regex.as_ref());
            let (text, new) = (columns[0].get(row), columns.get(2).and_then(|new| new.get(row)));
            let both = regex.zip(text);
            match self.what {
                What::Extract => lists.push(both.and_then(|(regex, text)| self.extract(regex, text))),
                What::Wildcard { .. } => truths.push(both.map(|(regex, text)| regex.is_match(text))),
                _ => strings.push(both.and_then(|(regex, text)| self.text(regex, text, new))),
            }
        }
        Ok(ColumnarValue::Array(match self.what {
            What::Extract => {
                let mut made = arrow::array::ListBuilder::new(arrow::array::StringBuilder::new());
                lists.into_iter().for_each(|list| made.append_option(list));
                Arc::new(made.finish())
            }
            What::Wildcard { .. } => Arc::new(BooleanArray::from(truths)),
            _ => Arc::new(StringArray::from(strings)),
        }))
    }
}

/// `*` any run of characters, `?` one character, from beginning to end.
fn wildcard(pattern: &str, sensitive: bool) -> String {
    let mut regex = String::from(if sensitive { "(?s)^" } else { "(?is)^" });
    for next in pattern.chars() {
        match next {
            '*' => regex.push_str(".*"),
            '?' => regex.push('.'),
            other => regex.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        }
    }
    regex + "$"
}

/// The named groups of the first match as a JSON object; null where nothing matches.
fn capture(regex: &Regex, text: &str) -> Option<String> {
    let found = regex.captures(text)?;
    let mut groups = serde_json::Map::new();
    for name in regex.capture_names().flatten() {
        let value = found.name(name).map(|group| group.as_str());
        groups.insert(name.to_owned(), value.into());
    }
    serde_json::to_string(&groups).ok()
}

/// What goes in for a match, in pieces: text, or the number of a group.
type Pieces<'t> = Vec<std::result::Result<Cow<'t, str>, usize>>;

/// `\0` to `\9` are groups, `\\` is a backslash.
fn pieces(rewrite: &str) -> std::result::Result<Pieces<'_>, String> {
    let mut pieces = Vec::new();
    let mut parts = rewrite.split('\\');
    pieces.push(Ok(Cow::Borrowed(parts.next().unwrap_or_default())));
    while let Some(part) = parts.next() {
        match part.chars().next() {
            Some(digit @ '0'..='9') => {
                pieces.push(Err(digit as usize - '0' as usize));
                pieces.push(Ok(Cow::Borrowed(&part[1..])));
            }
            // An empty part: two backslashes, unless it is the last.
            None => match parts.next() {
                Some(next) => pieces.push(Ok(Cow::Owned(format!("\\{next}")))),
                None => return Err("a single backslash at the end: write \\\\".to_owned()),
            },
            Some(other) => {
                return Err(format!("`\\{other}` is neither a group (\\1) nor a backslash (\\\\)"));
            }
        }
    }
    Ok(pieces)
}

fn replace(regex: &Regex, text: &str, new: &str) -> Option<String> {
    let pieces = pieces(new).ok()?;
    let mut made = String::with_capacity(text.len());
    let mut end = 0;
    for found in regex.captures_iter(text) {
        let whole = found.get(0)?;
        made.push_str(&text[end..whole.start()]);
        for piece in &pieces {
            match piece {
                Ok(text) => made.push_str(text),
                Err(group) => made.push_str(found.get(*group).map_or("", |group| group.as_str())),
            }
        }
        end = whole.end();
        if made.len() > super::strings::LONGEST {
            return None;
        }
    }
    made.push_str(&text[end..]);
    Some(made)
}
