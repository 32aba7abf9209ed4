//! `$field` in the texts of a rule. Values come from logs and packets: they are put in as they are,
//! bounded, and never read again for further `$`.

use serde_json::{Map, Value};

/// A row of a result by the names of its fields.
pub type Row = Map<String, Value>;

/// Longest value put into a text, in characters; most entries of a list.
const LONGEST_VALUE: usize = 200;
const MOST_ENTRIES: usize = 10;

/// Replaces `$name` and `${name}` by the row's value; `$$` is one dollar. A name the row does not
/// have stays as it is, so that the mistake shows. At most `longest` characters.
pub fn fill(template: &str, row: &Row, longest: usize) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some(at) = rest.find('$') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            text.push('$');
            rest = after;
            continue;
        }
        let (name, after) = name_at(rest);
        match find(row, name) {
            Some(value) if !name.is_empty() => text.push_str(&plain(value)),
            _ => {
                text.push('$');
                text.push_str(&rest[..rest.len() - after.len()]);
            }
        }
        rest = after;
    }
    text.push_str(rest);
    cut(&text, longest)
}

/// The names a text asks for.
pub fn names(template: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.find('$') {
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            rest = after;
            continue;
        }
        let (name, after) = name_at(rest);
        if !name.is_empty() {
            names.push(name);
        }
        rest = after;
    }
    names
}

/// The name at the start of the text, and what follows it.
fn name_at(text: &str) -> (&str, &str) {
    if let Some(inner) = text.strip_prefix('{')
        && let Some((name, after)) = inner.split_once('}')
    {
        return (name, after);
    }
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end = text.find(|c: char| !letter(c) && c != '.').unwrap_or(text.len());
    // A dot at the end is the sentence's.
    let end = text[..end].trim_end_matches('.').len();
    text.split_at(end)
}

/// A field of the row; case does not count, as in XQL.
pub fn find<'a>(row: &'a Row, name: &str) -> Option<&'a Value> {
    row.get(name)
        .or_else(|| row.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// A value as it reads in a sentence.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => "(none)".to_owned(),
        Value::String(text) => cut(text, LONGEST_VALUE),
        Value::Array(items) => {
            let mut text = items.iter().take(MOST_ENTRIES).map(plain).collect::<Vec<_>>().join(", ");
            if items.len() > MOST_ENTRIES {
                text.push_str(&format!(" and {} more", items.len() - MOST_ENTRIES));
            }
            text
        }
        other => cut(&other.to_string(), LONGEST_VALUE),
    }
}

/// The first `longest` characters, with a mark where it was cut.
pub fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn row() -> Row {
        let row = json!({
            "source_ip": "10.0.0.1", "n": 7, "Ports": (1..=12).collect::<Vec<_>>(), "empty": null,
            "evil": "<script>$source_ip</script>", "long": "x".repeat(100_000), "xdm.source.ip": "10.9.9.9",
        });
        row.as_object().unwrap().clone()
    }

    #[test]
    fn fields_are_put_in() {
        let fill = |text: &str| fill(text, &row(), 1000);
        assert_eq!(fill("$n ports from $source_ip."), "7 ports from 10.0.0.1.");
        assert_eq!(fill("${n}x $SOURCE_IP $empty"), "7x 10.0.0.1 (none)");
        assert_eq!(fill("$ports"), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more");
        assert_eq!(fill("from $xdm.source.ip"), "from 10.9.9.9");
        assert_eq!(fill("costs $$5, $nobody ${open $"), "costs $5, $nobody ${open $");
    }

    #[test]
    fn values_are_not_read_again_and_are_bounded() {
        assert_eq!(fill("$evil", &row(), 1000), "<script>$source_ip</script>");
        assert_eq!(fill("$long$long", &row(), 1000).chars().count(), 2 * (LONGEST_VALUE + 1));
        assert_eq!(fill("$long", &row(), 10), format!("{}…", "x".repeat(10)));
        assert_eq!(cut("äöü", 2), "äö…");
    }

    #[test]
    fn names_are_found() {
        assert_eq!(names("$a and ${b c}, $$no $d."), ["a", "b c", "d"]);
    }
}
