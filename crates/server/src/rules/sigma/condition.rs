//! `selection and not 1 of filter_*`: the condition of a detection over its parts.

/// Depth of brackets, so that no text is too deep for the stack.
const DEEPEST: usize = 50;

/// Puts the parts into the condition. `find` gives the XQL of a part by its name, `names` are all.
pub fn render(
    text: &str,
    names: &[&str],
    find: &dyn Fn(&str) -> Result<String, String>,
) -> Result<String, String> {
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { tokens, at: 0, depth: 0, names, find };
    let whole = reader.any()?;
    match reader.peek() {
        None => Ok(whole),
        Some(rest) => Err(format!("condition: {rest:?} is not expected there")),
    }
}

struct Reader<'a> {
    tokens: Vec<&'a str>,
    at: usize,
    depth: usize,
    names: &'a [&'a str],
    find: &'a dyn Fn(&str) -> Result<String, String>,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.at).copied()
    }

    fn take(&mut self) -> Option<&'a str> {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn takes(&mut self, word: &str) -> bool {
        let is_it = self.peek().is_some_and(|token| token.eq_ignore_ascii_case(word));
        self.at += usize::from(is_it);
        is_it
    }

    fn any(&mut self) -> Result<String, String> {
        let mut parts = vec![self.all()?];
        while self.takes("or") {
            parts.push(self.all()?);
        }
        Ok(joined(parts, " or "))
    }

    fn all(&mut self) -> Result<String, String> {
        let mut parts = vec![self.one()?];
        while self.takes("and") {
            parts.push(self.one()?);
        }
        Ok(joined(parts, " and "))
    }

    fn one(&mut self) -> Result<String, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("condition: it is more than {DEEPEST} deep"));
        }
        let part = match self.take() {
            None => Err("condition: it ends too early".to_owned()),
            // A field that is null makes no condition true, nor its opposite: `not` is true then.
            Some(word) if word.eq_ignore_ascii_case("not") => {
                Ok(format!("if({}, true, false) = false", self.one()?))
            }
            Some("(") => {
                let inner = self.any()?;
                if self.takes(")") {
                    Ok(format!("({inner})"))
                } else {
                    Err("condition: a bracket stays open".to_owned())
                }
            }
            Some(word @ ("1" | "any" | "all")) if self.takes("of") => self.several(word == "all"),
            Some(name) => (self.find)(name),
        };
        self.depth -= 1;
        part
    }

    /// `1 of filter_*`, `all of them`
    fn several(&mut self, all: bool) -> Result<String, String> {
        let pattern = self.take().ok_or("condition: `of` ends too early")?;
        let fits = |name: &str| match pattern.strip_suffix('*') {
            _ if pattern == "them" => !name.starts_with('_'),
            Some(start) => name.starts_with(start),
            None => name == pattern,
        };
        let parts: Vec<String> = self
            .names
            .iter()
            .filter(|name| fits(name))
            .map(|name| (self.find)(name))
            .collect::<Result<_, _>>()?;
        match parts.is_empty() {
            true => Err(format!("condition: no part is called {pattern:?}")),
            false => Ok(joined(parts, if all { " and " } else { " or " })),
        }
    }
}

fn joined(parts: Vec<String>, word: &str) -> String {
    match <[String; 1]>::try_from(parts) {
        Ok([only]) => only,
        Err(parts) => format!("({})", parts.join(word)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn of(text: &str) -> Result<String, String> {
        let names = ["sel_a", "sel_b", "other"];
        let find = |name: &str| match names.contains(&name) {
            true => Ok(name[name.len() - 1..].to_owned()),
            false => Err(format!("no {name}")),
        };
        render(text, &names, &find)
    }

    #[test]
    fn conditions_are_put_together() {
        assert_eq!(of("sel_a").unwrap(), "a");
        assert_eq!(of("sel_a and sel_b or other").unwrap(), "((a and b) or r)");
        assert_eq!(
            of("sel_a and not (sel_b or other)").unwrap(),
            "(a and if(((b or r)), true, false) = false)"
        );
        assert_eq!(of("1 of sel_*").unwrap(), "(a or b)");
        assert_eq!(of("all of them").unwrap(), "(a and b and r)");
        assert_eq!(of("sel_a AND NOT other").unwrap(), "(a and if(r, true, false) = false)");
    }

    #[test]
    fn broken_conditions_are_named() {
        for wrong in ["", "sel_a and", "(sel_a", "sel_a sel_b", "1 of x*", "nobody", "not", "all of", ")"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
        assert!(of(&"(".repeat(100_000)).unwrap_err().contains("deep"));
        assert!(of(&"not ".repeat(100_000)).unwrap_err().contains("deep"));
    }
}
