//! "Did you mean": the nearest of some names.

/// The candidate that the fewest typing slips (a letter added, lost, changed, or two swapped) turn into
/// `name`, if that is at most a third of its letters. Case does not count; of equals the first wins.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name: Vec<char> = name.chars().take(MOST + 1).flat_map(char::to_lowercase).collect();
    if name.len() > MOST {
        return None;
    }
    let allowed = if name.len() < 2 { 0 } else { (name.len() / 3).max(1) };
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if candidate.len() > 4 * MOST {
            continue;
        }
        let letters: Vec<char> = candidate.chars().flat_map(char::to_lowercase).collect();
        if letters.len().abs_diff(name.len()) > allowed {
            continue;
        }
        let slips = distance(&name, &letters);
        if slips <= allowed && best.is_none_or(|(least, _)| slips < least) {
            best = Some((slips, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Longer names are not typing slips but data; this bounds the work.
const MOST: usize = 80;

/// Optimal string alignment distance.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let change = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = change.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn typing_slips_are_found_and_strangers_are_not() {
        let names = ["filter", "fields", "sort", "action_remote_port", "action_remote_ip"];
        assert_eq!(nearest("fliter", names), Some("filter"));
        assert_eq!(nearest("FILTR", names), Some("filter"));
        assert_eq!(nearest("srot", names), Some("sort"));
        assert_eq!(nearest("action_remote_prot", names), Some("action_remote_port"));
        assert_eq!(nearest("where", names), None);
        assert_eq!(nearest("", names), None);
        assert_eq!(nearest(&"x".repeat(1_000_000), names), None);
    }
}
