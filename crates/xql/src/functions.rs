//! The table of functions: one row a function, every function and aggregate of XQL. Messages,
//! completion and the manual read it, and the engine implements the rows that say `supported`.

/// Stands for the element of the array that a function goes through.
pub const ELEMENT: &str = "@element";

/// What a function may be used as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One value from the values of one row.
    Scalar,
    /// In `comp`.
    Aggregate,
    /// In `comp` and in `windowcomp`.
    AggregateOrWindow,
    /// In `windowcomp` only.
    Window,
}

impl Kind {
    pub fn is_aggregate(self) -> bool {
        matches!(self, Kind::Aggregate | Kind::AggregateOrWindow)
    }
}

/// The type of a parameter or result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    Any,
    /// Of a result: the type of the value argument (of `if` and `coalesce`: of the first value).
    Same,
    Boolean,
    /// Evaluated for each element of an array, which it calls `"@element"`.
    Condition,
    Integer,
    Float,
    /// An integer, a float, or a text that reads as one.
    Number,
    Text,
    /// A text with one address.
    Address,
    /// A text with one or more address ranges, separated by commas.
    Cidr,
    /// A text of `%` codes for a time.
    Format,
    /// A text that is a regular expression.
    Pattern,
    /// One of these texts, in any case.
    Choice(&'static [&'static str]),
    Timestamp,
    Array,
    /// A text that holds JSON.
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    Required,
    Optional,
    /// Any number of times, also none.
    Repeated,
}

#[derive(Clone, Copy, Debug)]
pub struct Param {
    pub name: &'static str,
    pub ty: Type,
    pub need: Need,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Lower case; names are case-insensitive.
    pub name: &'static str,
    pub kind: Kind,
    pub params: &'static [Param],
    pub result: Type,
    pub doc: &'static str,
    /// Does the engine run it?
    pub supported: bool,
}

impl Function {
    /// Fewest and most arguments; `None` is any number.
    pub fn arity(&self) -> (usize, Option<usize>) {
        let least = self.params.iter().filter(|param| param.need == Need::Required).count();
        let endless = self.params.iter().any(|param| param.need == Need::Repeated);
        (least, (!endless).then_some(self.params.len()))
    }

    /// The parameter that argument `n` (from 0) goes to.
    pub fn param(&self, n: usize) -> Option<&'static Param> {
        let last = self.params.last().filter(|param| param.need == Need::Repeated);
        self.params.get(n).or(last)
    }

    /// `timestamp_diff(later, earlier, part)`
    pub fn signature(&self) -> String {
        let mut text = format!("{}(", self.name);
        for (n, param) in self.params.iter().enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            match param.need {
                Need::Required => text.push_str(&format!("{comma}{}", param.name)),
                Need::Optional => text.push_str(&format!("[{comma}{}]", param.name)),
                Need::Repeated => text.push_str(&format!("{comma}{}, …", param.name)),
            }
        }
        text.push(')');
        text
    }
}

/// The row of a function; case does not count.
pub fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name.eq_ignore_ascii_case(name))
}

const fn req(name: &'static str, ty: Type) -> Param {
    Param { name, ty, need: Need::Required }
}
const fn opt(name: &'static str, ty: Type) -> Param {
    Param { name, ty, need: Need::Optional }
}
const fn rep(name: &'static str, ty: Type) -> Param {
    Param { name, ty, need: Need::Repeated }
}
const fn row(
    supported: bool,
    kind: Kind,
    name: &'static str,
    params: &'static [Param],
    result: Type,
    doc: &'static str,
) -> Function {
    Function { name, kind, params, result, doc, supported }
}

const YES: bool = true;
const NO: bool = false;

/// Units of `to_epoch` and `to_timestamp`.
const UNITS: Type = Type::Choice(&["SECONDS", "MILLIS", "MICROS"]);
const TIME_PARTS: Type = Type::Choice(&[
    "DAY",
    "DAYOFWEEK",
    "DAYOFYEAR",
    "HOUR",
    "MICROSECOND",
    "MILLISECOND",
    "MINUTE",
    "MONTH",
    "QUARTER",
    "SECOND",
    "YEAR",
]);
/// `MILLIS` is not documented but in use.
const DIFF_PARTS: Type =
    Type::Choice(&["DAY", "HOUR", "MINUTE", "SECOND", "MILLISECOND", "MILLIS", "MICROSECOND"]);

use Kind::{Aggregate, AggregateOrWindow, Scalar, Window};
use Type::*;

/// Every function of XQL.
#[rustfmt::skip]
pub static FUNCTIONS: &[Function] = &[
    // Conditions
    row(YES, Scalar, "if", &[req("condition", Boolean), req("value", Any), rep("more", Any)], Same, "The value behind the first condition that is true; else the last value, if it stands alone, or null."),
    row(YES, Scalar, "coalesce", &[req("value", Any), rep("value", Any)], Same, "The first value that is not null."),
    // Numbers
    row(YES, Scalar, "add", &[req("a", Number), req("b", Number)], Number, "a plus b."),
    row(YES, Scalar, "subtract", &[req("a", Number), req("b", Number)], Number, "a minus b."),
    row(YES, Scalar, "multiply", &[req("a", Number), req("b", Number)], Number, "a times b."),
    row(YES, Scalar, "divide", &[req("a", Number), req("b", Number)], Float, "a divided by b, with fractions; null when b is 0."),
    row(YES, Scalar, "floor", &[req("number", Number)], Integer, "The next whole number below."),
    row(YES, Scalar, "div", &[req("a", Number), req("b", Number)], Integer, "a divided by b without the fraction; null when b is 0."),
    row(YES, Scalar, "mod", &[req("a", Number), req("b", Number)], Number, "What is left of a when divided by b, with the sign of a; null when b is 0."),
    row(YES, Scalar, "round", &[req("number", Number), opt("digits", Integer)], Number, "The nearest whole number, or number of so many digits behind the point."),
    row(YES, Scalar, "trunc", &[req("number", Number), opt("digits", Integer)], Number, "The number cut off behind the point, or behind so many digits."),
    row(YES, Scalar, "pow", &[req("number", Number), req("exponent", Number)], Number, "A number to a power."),
    row(YES, Scalar, "power", &[req("number", Number), req("exponent", Number)], Number, "The same as pow."),
    row(YES, Scalar, "sqrt", &[req("number", Number)], Float, "The square root; null of a negative number."),
    row(YES, Scalar, "cbrt", &[req("number", Number)], Float, "The cube root."),
    row(YES, Scalar, "exp", &[req("number", Number)], Float, "e to a power."),
    row(YES, Scalar, "ln", &[req("number", Number)], Float, "The natural logarithm; null of 0 and below."),
    row(YES, Scalar, "log", &[req("number", Number), opt("base", Number)], Float, "The logarithm to a base (e)."),
    row(YES, Scalar, "log10", &[req("number", Number)], Float, "The logarithm to the base 10."),
    row(YES, Scalar, "sign", &[req("number", Number)], Integer, "-1, 0 or 1."),
    row(YES, Scalar, "pi", &[], Float, "The number pi."),
    row(YES, Scalar, "rand", &[], Float, "A random number from 0 up to, without, 1; another one in each row."),
    row(YES, Scalar, "sin", &[req("radians", Number)], Float, "The sine."),
    row(YES, Scalar, "cos", &[req("radians", Number)], Float, "The cosine."),
    row(YES, Scalar, "tan", &[req("radians", Number)], Float, "The tangent."),
    row(YES, Scalar, "cot", &[req("radians", Number)], Float, "The cotangent; null where it has no value."),
    row(YES, Scalar, "sec", &[req("radians", Number)], Float, "The secant."),
    row(YES, Scalar, "csc", &[req("radians", Number)], Float, "The cosecant; null where it has no value."),
    row(YES, Scalar, "asin", &[req("number", Number)], Float, "The angle whose sine this is; null outside -1 to 1."),
    row(YES, Scalar, "acos", &[req("number", Number)], Float, "The angle whose cosine this is; null outside -1 to 1."),
    row(YES, Scalar, "atan", &[req("number", Number)], Float, "The angle whose tangent this is."),
    row(YES, Scalar, "safe_add", &[req("a", Number), req("b", Number)], Number, "The same as add, which never fails here: null when the sum is too large."),
    row(YES, Scalar, "safe_subtract", &[req("a", Number), req("b", Number)], Number, "The same as subtract."),
    row(YES, Scalar, "safe_multiply", &[req("a", Number), req("b", Number)], Number, "The same as multiply."),
    row(YES, Scalar, "safe_divide", &[req("a", Number), req("b", Number)], Float, "The same as divide: null when b is 0."),
    row(YES, Scalar, "safe_negate", &[req("number", Number)], Number, "The number with the other sign."),
    row(YES, Scalar, "greatest", &[req("value", Any), rep("value", Any)], Same, "The largest of the values that are not null."),
    row(YES, Scalar, "least", &[req("value", Any), rep("value", Any)], Same, "The smallest of the values that are not null."),
    row(YES, Scalar, "range_bucket", &[req("number", Number), req("bounds", Array)], Integer, "How many of the ascending bounds the number has reached."),
    row(YES, Scalar, "cosine_distance", &[req("vector", Array), req("vector", Array)], Float, "1 minus the cosine of the angle between two arrays of numbers; null when their lengths differ."),
    row(YES, Scalar, "euclidean_distance", &[req("vector", Array), req("vector", Array)], Float, "The distance between two arrays of numbers; null when their lengths differ."),
    row(YES, Scalar, "abs", &[req("number", Number)], Number, "The number without its sign."),
    row(YES, Scalar, "bitwise_and", &[req("a", Integer), req("b", Integer)], Integer, "The bits set in both."),
    row(YES, Scalar, "bitwise_or", &[req("a", Integer), req("b", Integer)], Integer, "The bits set in one or both."),
    row(YES, Scalar, "bitwise_xor", &[req("a", Integer), req("b", Integer)], Integer, "The bits set in just one."),
    row(YES, Scalar, "bitwise_sleft", &[req("number", Integer), req("places", Integer)], Integer, "The bits moved to the left."),
    row(YES, Scalar, "bitwise_sright", &[req("number", Integer), req("places", Integer)], Integer, "The bits moved to the right."),
    row(YES, Scalar, "ceil", &[req("number", Number)], Integer, "The next whole number above."),
    row(YES, Scalar, "to_integer", &[req("value", Any)], Integer, "As a whole number (hexadecimal texts too); null when it is none."),
    row(YES, Scalar, "to_float", &[req("value", Any)], Float, "As a number with fractions; null when it is none."),
    row(YES, Scalar, "to_number", &[req("value", Any)], Float, "The same as to_float."),
    row(YES, Scalar, "to_boolean", &[req("text", Text)], Boolean, "From \"true\" or \"false\", in any case."),
    row(YES, Scalar, "to_string", &[req("value", Any)], Text, "As text."),
    // Texts
    row(YES, Scalar, "concat", &[req("text", Any), rep("text", Any)], Text, "The texts one behind the other; null when one of them is null."),
    row(YES, Scalar, "len", &[req("text", Text)], Integer, "How many characters."),
    row(YES, Scalar, "lowercase", &[req("text", Text)], Text, "In lower case."),
    row(YES, Scalar, "uppercase", &[req("text", Text)], Text, "In upper case."),
    row(YES, Scalar, "trim", &[req("text", Text), opt("characters", Text)], Text, "Without these characters (blanks and tabs) at both ends."),
    row(YES, Scalar, "ltrim", &[req("text", Text), opt("characters", Text)], Text, "Without these characters (blanks and tabs) at the start."),
    row(YES, Scalar, "rtrim", &[req("text", Text), opt("characters", Text)], Text, "Without these characters (blanks and tabs) at the end."),
    row(YES, Scalar, "replace", &[req("text", Text), req("old", Text), req("new", Text)], Text, "With every `old` replaced by `new`."),
    row(YES, Scalar, "replex", &[req("text", Text), req("pattern", Pattern), req("new", Text)], Text, "With every match of the regular expression replaced by `new`."),
    row(YES, Scalar, "split", &[req("text", Text), opt("delimiter", Text)], Array, "The parts between the delimiters (a blank)."),
    row(YES, Scalar, "string_count", &[req("text", Text), req("part", Text)], Integer, "How often the part occurs."),
    row(YES, Scalar, "format_string", &[req("format", Text), rep("value", Any)], Text, "The values in a printf format."),
    row(YES, Scalar, "regextract", &[req("text", Text), req("pattern", Pattern)], Array, "All matches of the regular expression, or of its one group."),
    row(YES, Scalar, "regexcapture", &[req("text", Text), req("pattern", Pattern)], Json, "The named groups of the regular expression."),
    row(YES, Scalar, "wildcard_match", &[req("text", Text), req("pattern", Text)], Boolean, "Does the text match, with * for any run of characters and ? for one?"),
    row(YES, Scalar, "convert_from_base_64", &[req("text", Text)], Text, "Decodes base64."),
    row(YES, Scalar, "convert_to_base_64", &[req("text", Text)], Text, "Encodes as base64."),
    row(YES, Scalar, "md5", &[req("text", Text)], Text, "The MD5 hash, in hexadecimal."),
    row(YES, Scalar, "sha1", &[req("text", Text)], Text, "The SHA-1 hash, in hexadecimal."),
    row(YES, Scalar, "sha256", &[req("text", Text)], Text, "The SHA-256 hash, in hexadecimal."),
    row(YES, Scalar, "sha512", &[req("text", Text)], Text, "The SHA-512 hash, in hexadecimal."),
    row(YES, Scalar, "extract_url_host", &[req("url", Text)], Text, "The host of a URL, in lower case."),
    row(YES, Scalar, "extract_url_pub_suffix", &[req("url", Text)], Text, "The public suffix of a URL's host, such as co.uk."),
    row(YES, Scalar, "extract_url_registered_domain", &[req("url", Text)], Text, "The registered domain of a URL's host."),
    // Arrays
    row(YES, Scalar, "arraycreate", &[rep("value", Any)], Array, "An array of the values."),
    row(YES, Scalar, "arrayconcat", &[req("array", Array), rep("array", Array)], Array, "One array of the elements of all."),
    row(YES, Scalar, "arraydistinct", &[req("array", Array)], Array, "Each element once."),
    row(YES, Scalar, "arrayindex", &[req("array", Array), req("index", Integer)], Any, "The element at an index from 0; a negative index counts from the end."),
    row(YES, Scalar, "arrayindexof", &[req("array", Array), req("condition", Condition)], Integer, "The index of the first element for which the condition holds."),
    row(YES, Scalar, "array_length", &[req("array", Array)], Integer, "How many elements."),
    row(YES, Scalar, "arrayrange", &[req("array", Array), req("start", Integer), req("end", Integer)], Array, "The elements from start up to, without, end."),
    row(YES, Scalar, "arraystring", &[req("array", Array), req("delimiter", Text)], Text, "The elements in one text, with the delimiter between them."),
    row(YES, Scalar, "arraymap", &[req("array", Array), req("expression", Condition)], Array, "The expression for each element."),
    row(YES, Scalar, "arrayfilter", &[req("array", Array), req("condition", Condition)], Array, "The elements for which the condition holds."),
    row(YES, Scalar, "array_any", &[req("array", Array), req("condition", Condition)], Boolean, "Does the condition hold for some element?"),
    row(YES, Scalar, "array_all", &[req("array", Array), req("condition", Condition)], Boolean, "Does the condition hold for every element?"),
    row(YES, Scalar, "arraymerge", &[req("array", Array)], Array, "One array of an array of JSON arrays."),
    // JSON
    row(YES, Scalar, "json_extract", &[req("json", Json), req("path", Text)], Json, "The part at a path, as JSON."),
    row(YES, Scalar, "json_extract_scalar", &[req("json", Json), req("path", Text)], Text, "The text or number at a path; null for an object or array."),
    row(YES, Scalar, "json_extract_array", &[req("json", Json), req("path", Text)], Array, "The array at a path; texts in it keep their quotes."),
    row(YES, Scalar, "json_extract_scalar_array", &[req("json", Json), req("path", Text)], Array, "The array at a path, its texts without quotes."),
    row(YES, Scalar, "json_path_extract", &[req("json", Json), req("path", Text)], Json, "What a full JSONPath finds."),
    row(YES, Scalar, "to_json_string", &[req("value", Any)], Json, "As JSON."),
    row(YES, Scalar, "object_create", &[rep("key_and_value", Any)], Json, "An object of keys and values in turn."),
    row(YES, Scalar, "object_merge", &[req("object", Json), rep("object", Json)], Json, "One object of several; the last one wins."),
    // Time
    row(YES, Scalar, "current_time", &[], Timestamp, "Now; the same for the whole query."),
    row(YES, Scalar, "timestamp_diff", &[req("later", Timestamp), req("earlier", Timestamp), req("part", DIFF_PARTS)], Integer, "The time between two timestamps in whole units."),
    row(YES, Scalar, "extract_time", &[req("time", Timestamp), req("part", TIME_PARTS)], Integer, "A part of a timestamp, in UTC; Sunday is day 1 of the week."),
    row(YES, Scalar, "date_floor", &[req("time", Timestamp), req("unit", Choice(&["y", "mo", "w", "d", "h"])), opt("zone", Text)], Timestamp, "The start of the year, month, week, day or hour."),
    row(YES, Scalar, "to_epoch", &[req("time", Timestamp), opt("unit", UNITS)], Integer, "Units (seconds) since 1970."),
    row(YES, Scalar, "to_timestamp", &[req("epoch", Integer), opt("unit", UNITS)], Timestamp, "From units (seconds) since 1970."),
    row(YES, Scalar, "timestamp_seconds", &[req("epoch", Integer)], Timestamp, "From seconds since 1970."),
    row(YES, Scalar, "parse_epoch", &[req("format", Format), req("text", Text), opt("zone", Text), opt("unit", UNITS)], Integer, "Units since 1970 from a text of a given format."),
    row(YES, Scalar, "parse_timestamp", &[req("format", Format), req("text", Text), opt("zone", Text)], Timestamp, "A timestamp from a text of a given format."),
    row(YES, Scalar, "format_timestamp", &[req("format", Format), req("time", Timestamp), opt("zone", Text)], Text, "A timestamp as text."),
    row(YES, Scalar, "time_frame_end", &[], Timestamp, "The end of the query's time frame."),
    // Network
    row(YES, Scalar, "incidr", &[req("address", Address), req("ranges", Cidr)], Boolean, "Is the IPv4 address in one of the ranges?"),
    row(YES, Scalar, "incidr6", &[req("address", Address), req("ranges", Cidr)], Boolean, "Is the IPv6 address in one of the ranges?"),
    row(YES, Scalar, "incidrlist", &[req("addresses", Text), req("range", Cidr)], Boolean, "Are all addresses of the list in the range?"),
    row(YES, Scalar, "ip_to_int", &[req("address", Address)], Integer, "An IPv4 address as a number."),
    row(YES, Scalar, "safe_ip_to_int", &[req("address", Address)], Integer, "The old name of ip_to_int."),
    row(YES, Scalar, "int_to_ip", &[req("number", Integer)], Text, "An IPv4 address from its number."),
    row(YES, Scalar, "is_ipv4", &[req("address", Address)], Boolean, "Is the text an IPv4 address?"),
    row(YES, Scalar, "is_ipv6", &[req("address", Address)], Boolean, "Is the text an IPv6 address?"),
    row(YES, Scalar, "is_known_private_ipv4", &[req("address", Address)], Boolean, "Is it in 10/8, 172.16/12 or 192.168/16?"),
    row(YES, Scalar, "is_known_private_ipv6", &[req("address", Address)], Boolean, "Is it in fc00::/7?"),
    // Assets
    row(YES, Scalar, "hierarchy_match", &[opt("path", Any), opt("id_path", Text)], Boolean, "Does the asset stand at or below a place of the organisation (xdm.asset.hierarchy.path), given as an array of names, and has its place this id?"),
    // Aggregates
    row(YES, AggregateOrWindow, "count", &[opt("field", Any)], Integer, "How many rows, or how many values that are not null."),
    row(YES, Aggregate, "count_distinct", &[req("field", Any)], Integer, "How many different values."),
    row(YES, AggregateOrWindow, "sum", &[req("field", Number)], Number, "The sum."),
    row(YES, AggregateOrWindow, "avg", &[req("field", Number)], Float, "The mean."),
    row(YES, AggregateOrWindow, "min", &[req("field", Any)], Same, "The smallest value."),
    row(YES, AggregateOrWindow, "max", &[req("field", Any)], Same, "The largest value."),
    row(YES, Aggregate, "values", &[req("field", Any)], Array, "The different values, ascending."),
    row(YES, Aggregate, "list", &[req("field", Any)], Array, "Up to 100 values, with duplicates."),
    row(YES, AggregateOrWindow, "earliest", &[req("field", Any)], Same, "The value in the row with the smallest _time."),
    row(YES, AggregateOrWindow, "latest", &[req("field", Any)], Same, "The value in the row with the largest _time."),
    row(YES, Aggregate, "first", &[req("field", Any)], Same, "The value in the first row."),
    row(YES, Aggregate, "last", &[req("field", Any)], Same, "The value in the last row."),
    row(YES, AggregateOrWindow, "median", &[req("field", Number)], Float, "The middle value."),
    row(YES, AggregateOrWindow, "stddev_population", &[req("field", Number)], Float, "The standard deviation of all values."),
    row(YES, AggregateOrWindow, "stddev_sample", &[req("field", Number)], Float, "The standard deviation estimated from a sample."),
    row(YES, Aggregate, "var", &[req("field", Number)], Float, "The variance estimated from a sample."),
    row(YES, Aggregate, "approx_count", &[req("field", Any)], Integer, "Roughly how many different values."),
    row(YES, Aggregate, "approx_quantiles", &[req("field", Number), req("number", Integer), opt("distinct", Boolean)], Array, "The bounds of n parts of roughly equal size."),
    row(YES, Aggregate, "approx_top", &[req("field", Any), opt("number", Integer), opt("weight", Number)], Array, "Roughly the n (10) most frequent values."),
    // Windows
    row(NO, Window, "first_value", &[req("field", Any)], Same, "The first value of the frame."),
    row(NO, Window, "last_value", &[req("field", Any)], Same, "The last value of the frame."),
    row(NO, Window, "lag", &[req("field", Any)], Same, "The value in the row before."),
    row(NO, Window, "rank", &[], Integer, "The place in the order, the same for equals."),
    row(NO, Window, "dense_rank", &[], Integer, "The place in the order, the same for equals, without gaps."),
    row(NO, Window, "row_number", &[], Integer, "The number of the row."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_unique_and_well_formed() {
        let mut names = std::collections::HashSet::new();
        for function in FUNCTIONS {
            assert!(names.insert(function.name), "{} is there twice", function.name);
            assert_eq!(function.name, function.name.to_lowercase());
            let order: Vec<u8> = function.params.iter().map(|param| param.need as u8).collect();
            assert!(order.is_sorted(), "{}: optional before required", function.name);
        }
    }

    #[test]
    fn signatures_show_what_may_be_left_out() {
        let signature = |name| find(name).map(Function::signature).unwrap_or_default();
        assert_eq!(signature("to_epoch"), "to_epoch(time[, unit])");
        assert_eq!(signature("COUNT"), "count([field])");
        assert_eq!(signature("coalesce"), "coalesce(value, value, …)");
    }
}
