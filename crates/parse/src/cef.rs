//! ArcSight's Common Event Format: `CEF:0|vendor|product|version|class|name|severity|key=value …`.
//!
//! A pure function from text. A syslog header before `CEF:` is passed over. Extension values run to
//! the next ` key=`; a backslash keeps `=`, `\`, `|` and line ends as they are.

/// An event as its line says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cef {
    pub vendor: String,
    pub product: String,
    pub version: String,
    pub class: String,
    pub name: String,
    /// 0 to 10, or a word.
    pub severity: String,
    /// In the order of the line, at most [`MOST`].
    pub extensions: Vec<(String, String)>,
}

/// Extensions kept of one line.
pub const MOST: usize = 200;

impl Cef {
    /// The first extension of this name.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.extensions.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }
}

/// Reads a line, or says what is wrong with it.
pub fn parse(line: &str) -> Result<Cef, &'static str> {
    let start = line.find("CEF:").ok_or("no `CEF:` in it")?;
    let mut fields = Vec::with_capacity(8);
    let mut rest = line.get(start + 4..).unwrap_or_default();
    while fields.len() < 7 {
        let (field, after) = until_bar(rest).ok_or("fewer than seven fields before the extensions")?;
        fields.push(field);
        rest = after;
    }
    let mut fields = fields.into_iter();
    let version = fields.next().unwrap_or_default();
    if version.trim().parse::<u8>().is_err() {
        return Err("the number after `CEF:` is none");
    }
    let mut next = || fields.next().unwrap_or_default().trim().to_owned();
    Ok(Cef {
        vendor: next(),
        product: next(),
        version: next(),
        class: next(),
        name: next(),
        severity: next(),
        extensions: extensions(rest.trim_end_matches(['\r', '\n'])),
    })
}

/// The text before a bar that is not escaped, unescaped, and what follows.
fn until_bar(text: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '|' => return Some((field, text.get(at + 1..)?)),
            '\\' => field.extend(letters.next().map(|(_, letter)| letter)),
            other => field.push(other),
        }
    }
    None
}

fn extensions(text: &str) -> Vec<(String, String)> {
    // Where each key begins, and where its value does.
    let mut starts: Vec<(usize, usize)> = Vec::new();
    for (equals, _) in text.match_indices('=') {
        let before = text.get(..equals).unwrap_or_default();
        let key = before.rfind(' ').map_or(0, |space| space + 1);
        let name = before.get(key..).unwrap_or_default();
        let escaped = before.ends_with('\\');
        let word =
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-[]".contains(&b));
        if !escaped && word && starts.len() < MOST {
            starts.push((key, equals + 1));
        }
    }
    let ends = starts.iter().skip(1).map(|(key, _)| *key).chain([text.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|((key, value), end)| {
            let name = text.get(*key..value - 1).unwrap_or_default();
            (name.to_owned(), unescape(text.get(*value..end).unwrap_or_default().trim_end()))
        })
        .collect()
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('n') => plain.push('\n'),
                Some('r') => plain.push('\r'),
                Some(other) => plain.push(other),
                None => plain.push('\\'),
            },
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_header_and_extensions() {
        let line = r"<13>Jan 1 00:00:00 fw CEF:0|Acme \| Sons|Guard|1.0|100|Port\\scan|8|src=203.0.113.7 dst=10.0.0.5 dpt=22 msg=a\=b with words act=blocked cs1Label=Rule";
        let event = parse(line).unwrap();
        assert_eq!((event.vendor.as_str(), event.product.as_str()), ("Acme | Sons", "Guard"));
        assert_eq!((event.name.as_str(), event.severity.as_str()), (r"Port\scan", "8"));
        assert_eq!(event.get("src"), Some("203.0.113.7"));
        assert_eq!(event.get("msg"), Some("a=b with words"));
        assert_eq!(event.get("act"), Some("blocked"));
        assert_eq!(event.extensions.len(), 6);
    }

    #[test]
    fn what_is_no_cef_is_refused() {
        for line in ["", "CEF:", "CEF:0|a|b|c|d|e", "CEF:x|a|b|c|d|e|5|", "LEEF:1.0|a|b|c|d|"] {
            assert!(parse(line).is_err(), "{line}");
        }
        let bare = parse("CEF:0|a|b|c|d|e|5|").unwrap();
        assert!(bare.extensions.is_empty());
        let many = format!("CEF:0|a|b|c|d|e|5|{}", "k=v ".repeat(1000));
        assert_eq!(parse(&many).unwrap().extensions.len(), MOST);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
            let _ = parse(&text);
            let _ = parse(&format!("CEF:0|a|b|c|d|e|5|{text}"));
        }
    }
}
