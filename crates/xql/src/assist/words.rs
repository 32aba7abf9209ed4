//! Words that are neither stages nor functions, with what they mean.

pub(super) struct Word {
    pub name: &'static str,
    pub doc: &'static str,
}

const fn word(name: &'static str, doc: &'static str) -> Word {
    Word { name, doc }
}

/// What compares two values, or joins two conditions.
pub(super) const OPERATORS: &[Word] = &[
    word("and", "Both conditions hold."),
    word("or", "One of the conditions holds, or both."),
    word(
        "contains",
        "The text holds the other one somewhere; of an array: some element is the value or holds it.",
    ),
    word("not contains", "The text does not hold the other one; never true of null."),
    word("in", "One of the values of a list, or of the one column of a query: in (\"a\", \"b*\")."),
    word("not in", "None of the values of a list or query; never true of null."),
    word("incidr", "The IPv4 address lies in one of the ranges: ip incidr \"10.0.0.0/8, 192.168.0.0/16\"."),
    word("not incidr", "The IPv4 address lies in none of the ranges."),
    word("incidr6", "The IPv6 address lies in one of the ranges."),
    word("not incidr6", "The IPv6 address lies in none of the ranges."),
];

/// What a value can be beside a field or a function.
pub(super) const VALUES: &[Word] = &[
    word("null", "No value; `= null` and `!= null` are the only tests of it."),
    word("true", "The condition holds."),
    word("false", "The condition does not hold."),
    word("not", "Turns a condition round."),
];

const OTHERS: &[Word] = &[
    word("as", "Names what stands before it."),
    word("by", "Groups by the fields behind it; in dedup: the order that decides which row stays."),
    word("asc", "Upwards; null comes first."),
    word("desc", "Downwards; null comes last."),
    word("between", "The two ends of a time frame or of a window's frame."),
    word("limit", "Most elements that become rows."),
    word("add", "Tags can only be added."),
];

/// The meaning of a word; case does not count.
pub(super) fn meaning(text: &str) -> Option<&'static Word> {
    let mut all = OPERATORS.iter().chain(VALUES).chain(OTHERS);
    all.find(|word| word.name.eq_ignore_ascii_case(text))
}
