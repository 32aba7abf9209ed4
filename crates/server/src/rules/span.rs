//! Lengths of time as people write them: `10 minutes`, `2 hours`, `1d`.

const SECOND: i64 = 1_000_000;

/// Microseconds of a length of time; `None` for what is none, for zero, and for more than a year.
pub fn parse(text: &str) -> Option<i64> {
    let text = text.trim().to_lowercase();
    let text = text.strip_prefix("every ").unwrap_or(&text).trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (amount, unit) = text.split_at(digits);
    let amount: i64 = if amount.is_empty() { 1 } else { amount.parse().ok()? };
    let unit = match unit.trim() {
        "s" | "sec" | "second" | "seconds" => SECOND,
        "m" | "min" | "mins" | "minute" | "minutes" => 60 * SECOND,
        "h" | "hour" | "hours" => 3600 * SECOND,
        "d" | "day" | "days" => 24 * 3600 * SECOND,
        "w" | "week" | "weeks" => 7 * 24 * 3600 * SECOND,
        _ => return None,
    };
    let length = amount.checked_mul(unit)?;
    (1..=366 * 24 * 3600 * SECOND).contains(&length).then_some(length)
}

/// `90 minutes`, in the largest unit that fits.
pub fn write(length: i64) -> String {
    let units = [(7 * 24 * 3600, "week"), (24 * 3600, "day"), (3600, "hour"), (60, "minute"), (1, "second")];
    let seconds = length / SECOND;
    let (size, name) =
        units.into_iter().find(|(size, _)| seconds >= *size && seconds % size == 0).unwrap_or((1, "second"));
    let amount = seconds / size;
    format!("{amount} {name}{}", if amount == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_written() {
        for (text, seconds, written) in [
            ("10 minutes", 600, "10 minutes"),
            ("every 2 Hours", 7200, "2 hours"),
            ("1d", 86_400, "1 day"),
            ("hour", 3600, "1 hour"),
            ("90m", 5400, "90 minutes"),
            ("30 s", 30, "30 seconds"),
        ] {
            assert_eq!(parse(text), Some(seconds * SECOND), "{text}");
            assert_eq!(write(seconds * SECOND), written);
        }
        for wrong in
            ["", "0 minutes", "ten minutes", "5", "-1h", "1 fortnight", "99999999999999999999h", "2y"]
        {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
