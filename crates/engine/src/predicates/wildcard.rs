//! `*` stands for any run of characters, also none.

/// A text with wildcards, cut at them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wildcard {
    first: String,
    middle: Vec<String>,
    last: String,
}

impl Wildcard {
    /// `None` when there is no `*` in it.
    pub(crate) fn parse(text: &str) -> Option<Wildcard> {
        let (first, rest) = text.split_once('*')?;
        let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
        let middle = middle.split('*').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        Some(Wildcard { first: first.to_owned(), middle, last: last.to_owned() })
    }

    /// Does the whole text match? Each part is looked for once, from left to right: linear.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let Some(rest) = text.strip_prefix(self.first.as_str()) else { return false };
        let Some(mut rest) = rest.strip_suffix(self.last.as_str()) else { return false };
        for part in &self.middle {
            match rest.find(part.as_str()) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        true
    }

    /// The part that is to stand anywhere in the text, where that is all that is asked.
    pub(crate) fn only_part(&self) -> Option<&str> {
        match self.middle.as_slice() {
            [part] if self.first.is_empty() && self.last.is_empty() => Some(part),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Wildcard::parse(pattern).is_some_and(|wildcard| wildcard.matches(text))
    }

    #[test]
    fn stars_match_any_run() {
        for (pattern, text) in
            [("*", ""), ("*", "x"), ("a*", "a"), ("*a", "ba"), ("a*a", "aba"), ("**", "x"), ("*b*", "abc")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a*", "ba"), ("*a", "ab"), ("a*a", "a"), ("*b*c*", "acb"), ("é*é", "é")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
        assert_eq!(Wildcard::parse("abc"), None);
    }

    #[test]
    fn many_stars_do_not_explode() {
        let pattern = "a*".repeat(10_000);
        assert!(!matches(&format!("{pattern}b"), &"a".repeat(100_000)));
    }
}
