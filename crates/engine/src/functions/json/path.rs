//! Paths into JSON: `$`, `.key`, `[0]`, `['key.with.dots']`.

use std::fmt::Write;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

/// Reads a path. The `$` may be left out. The error is a sentence.
pub(crate) fn parse(text: &str) -> Result<Vec<Step>, String> {
    let text = text.trim();
    let mut rest = text.strip_prefix('$').unwrap_or(text);
    let mut steps = Vec::new();
    while let Some(first) = rest.chars().next() {
        if first == '[' {
            let (step, after) = bracket(&rest[1..])?;
            steps.push(step);
            rest = after;
            continue;
        }
        let key = rest.strip_prefix('.').unwrap_or(rest);
        let end = key.find(['.', '[']).unwrap_or(key.len());
        let (key, after) = key.split_at(end);
        match key {
            "" if after.starts_with('.') => return Err("`..` is understood by json_path_extract only".into()),
            "*" => return Err("`*` is understood by json_path_extract only".into()),
            // `$.` is the whole, `$.[0]` is `$[0]`.
            "" => {}
            key => steps.push(Step::Key(key.to_owned())),
        }
        rest = after;
    }
    Ok(steps)
}

/// What follows a `[`: the step, and what is behind the `]`.
fn bracket(text: &str) -> Result<(Step, &str), String> {
    let open = || format!("the bracket of `[{}` is not closed", text.chars().take(20).collect::<String>());
    for quote in ['\'', '"'] {
        if let Some(quoted) = text.strip_prefix(quote) {
            let close = format!("{quote}]");
            let (key, after) = quoted.split_once(close.as_str()).ok_or_else(open)?;
            return Ok((Step::Key(key.to_owned()), after));
        }
    }
    let (inside, after) = text.split_once(']').ok_or_else(open)?;
    match inside.trim() {
        "*" => Err("`[*]` is understood by json_path_extract only".to_owned()),
        inside => match inside.parse() {
            Ok(index) => Ok((Step::Index(index), after)),
            Err(_) => Err(format!("`[{inside}]` is no index; a key stands in quotes: ['{inside}']")),
        },
    }
}

/// The path of an arrow in the form that [`parse`] reads.
pub(super) fn write(steps: &[vedette_xql::ast::JsonStep]) -> String {
    use vedette_xql::ast::JsonStep;
    let mut text = String::from("$");
    for step in steps {
        // Writing to a string cannot fail.
        let _ = match step {
            JsonStep::Index(index) => write!(text, "[{index}]"),
            JsonStep::Key(key) if key.contains(['.', '[', '"', '\'', '*']) => {
                let quote = if key.contains('\'') { '"' } else { '\'' };
                write!(text, "[{quote}{key}{quote}]")
            }
            JsonStep::Key(key) => write!(text, ".{key}"),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Step {
        Step::Key(text.to_owned())
    }

    #[test]
    fn paths_are_read() {
        assert_eq!(parse("$"), Ok(vec![]));
        assert_eq!(parse("$."), Ok(vec![]));
        assert_eq!(parse("$.a.b[0]"), Ok(vec![key("a"), key("b"), Step::Index(0)]));
        assert_eq!(parse("a.b"), Ok(vec![key("a"), key("b")]));
        assert_eq!(parse("$['a.b'][\"c]\"].d-e"), Ok(vec![key("a.b"), key("c]"), key("d-e")]));
        assert_eq!(parse("$.[1].x y"), Ok(vec![Step::Index(1), key("x y")]));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in ["$[", "$['a", "$[a]", "$[-1]", "$..a", "$.*", "$[*]", "$[99999999999999999999]"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
