// The words of XQL that this version runs: for colours and completion. The server is the judge of a
// query; words.test.ts holds this table against the one in crates/xql.

export interface FunctionWord {
  name: string;
  kind: "scalar" | "aggregate";
  signature: string;
  doc: string;
}

/** Stages, with what to type after the name. */
export const STAGES: readonly { name: string; form: string; doc: string }[] = [
  { name: "dataset", form: "dataset = name", doc: "Where the rows come from." },
  { name: "config", form: "config timeframe = 24h", doc: "Time frame and case sensitivity; stands first." },
  { name: "filter", form: "filter condition", doc: "Keeps the rows for which the condition holds." },
  { name: "alter", form: "alter field = expression, …", doc: "Adds or changes fields." },
  { name: "fields", form: "fields a, b as c", doc: "Keeps these fields, in this order; fields - a removes." },
  { name: "comp", form: "comp count() as n by field", doc: "Groups rows and computes aggregates." },
  { name: "dedup", form: "dedup field by desc _time", doc: "Keeps one row for each value." },
  { name: "sort", form: "sort desc field", doc: "Orders the rows." },
  { name: "limit", form: "limit 100", doc: "Keeps at most so many rows." },
];

/** Words that are neither stages nor functions. */
export const KEYWORDS: readonly string[] = [
  "and", "or", "not", "in", "contains", "incidr", "incidr6", "by", "as", "asc", "desc", "null", "true", "false",
  "timeframe", "case_sensitive", "max_runtime_minutes", "between", "preset",
];

export const FUNCTIONS: readonly FunctionWord[] = [
  { name: "if", kind: "scalar", signature: "if(condition, value, more, …)", doc: "The value behind the first condition that is true; else the last value, if it stands alone, or null." },
  { name: "coalesce", kind: "scalar", signature: "coalesce(value, value, …)", doc: "The first value that is not null." },
  { name: "add", kind: "scalar", signature: "add(a, b)", doc: "a plus b." },
  { name: "subtract", kind: "scalar", signature: "subtract(a, b)", doc: "a minus b." },
  { name: "multiply", kind: "scalar", signature: "multiply(a, b)", doc: "a times b." },
  { name: "divide", kind: "scalar", signature: "divide(a, b)", doc: "a divided by b, with fractions; null when b is 0." },
  { name: "floor", kind: "scalar", signature: "floor(number)", doc: "The next whole number below." },
  { name: "round", kind: "scalar", signature: "round(number)", doc: "The nearest whole number." },
  { name: "to_integer", kind: "scalar", signature: "to_integer(value)", doc: "As a whole number (hexadecimal texts too); null when it is none." },
  { name: "to_float", kind: "scalar", signature: "to_float(value)", doc: "As a number with fractions; null when it is none." },
  { name: "to_number", kind: "scalar", signature: "to_number(value)", doc: "The same as to_float." },
  { name: "to_string", kind: "scalar", signature: "to_string(value)", doc: "As text." },
  { name: "concat", kind: "scalar", signature: "concat(text, text, …)", doc: "The texts one behind the other; null when one of them is null." },
  { name: "len", kind: "scalar", signature: "len(text)", doc: "How many characters." },
  { name: "lowercase", kind: "scalar", signature: "lowercase(text)", doc: "In lower case." },
  { name: "uppercase", kind: "scalar", signature: "uppercase(text)", doc: "In upper case." },
  { name: "replace", kind: "scalar", signature: "replace(text, old, new)", doc: "With every `old` replaced by `new`." },
  { name: "current_time", kind: "scalar", signature: "current_time()", doc: "Now; the same for the whole query." },
  { name: "timestamp_diff", kind: "scalar", signature: "timestamp_diff(later, earlier, part)", doc: "The time between two timestamps in whole units." },
  { name: "extract_time", kind: "scalar", signature: "extract_time(time, part)", doc: "A part of a timestamp, in UTC; Sunday is day 1 of the week." },
  { name: "to_epoch", kind: "scalar", signature: "to_epoch(time[, unit])", doc: "Units (seconds) since 1970." },
  { name: "to_timestamp", kind: "scalar", signature: "to_timestamp(epoch[, unit])", doc: "From units (seconds) since 1970." },
  { name: "format_timestamp", kind: "scalar", signature: "format_timestamp(format, time[, zone])", doc: "A timestamp as text." },
  { name: "incidr", kind: "scalar", signature: "incidr(address, ranges)", doc: "Is the IPv4 address in one of the ranges?" },
  { name: "incidr6", kind: "scalar", signature: "incidr6(address, ranges)", doc: "Is the IPv6 address in one of the ranges?" },
  { name: "is_ipv4", kind: "scalar", signature: "is_ipv4(address)", doc: "Is the text an IPv4 address?" },
  { name: "is_ipv6", kind: "scalar", signature: "is_ipv6(address)", doc: "Is the text an IPv6 address?" },
  { name: "is_known_private_ipv4", kind: "scalar", signature: "is_known_private_ipv4(address)", doc: "Is it in 10/8, 172.16/12 or 192.168/16?" },
  { name: "count", kind: "aggregate", signature: "count([field])", doc: "How many rows, or how many values that are not null." },
  { name: "count_distinct", kind: "aggregate", signature: "count_distinct(field)", doc: "How many different values." },
  { name: "sum", kind: "aggregate", signature: "sum(field)", doc: "The sum." },
  { name: "avg", kind: "aggregate", signature: "avg(field)", doc: "The mean." },
  { name: "min", kind: "aggregate", signature: "min(field)", doc: "The smallest value." },
  { name: "max", kind: "aggregate", signature: "max(field)", doc: "The largest value." },
  { name: "values", kind: "aggregate", signature: "values(field)", doc: "The different values, ascending." },
  { name: "list", kind: "aggregate", signature: "list(field)", doc: "Up to 100 values, with duplicates." },
  { name: "earliest", kind: "aggregate", signature: "earliest(field)", doc: "The value in the row with the smallest _time." },
  { name: "latest", kind: "aggregate", signature: "latest(field)", doc: "The value in the row with the largest _time." },
  { name: "first", kind: "aggregate", signature: "first(field)", doc: "The value in the first row." },
  { name: "last", kind: "aggregate", signature: "last(field)", doc: "The value in the last row." },
  { name: "pow", kind: "scalar", signature: "pow(number, exponent)", doc: "A number to a power." },
  { name: "abs", kind: "scalar", signature: "abs(number)", doc: "The number without its sign." },
  { name: "bitwise_and", kind: "scalar", signature: "bitwise_and(a, b)", doc: "The bits set in both." },
  { name: "to_boolean", kind: "scalar", signature: "to_boolean(text)", doc: "From \"true\" or \"false\", in any case." },
  { name: "array_length", kind: "scalar", signature: "array_length(array)", doc: "How many elements." },
  { name: "is_known_private_ipv6", kind: "scalar", signature: "is_known_private_ipv6(address)", doc: "Is it in fc00::/7?" },
  { name: "median", kind: "aggregate", signature: "median(field)", doc: "The middle value." },
  { name: "stddev_population", kind: "aggregate", signature: "stddev_population(field)", doc: "The standard deviation of all values." },
  { name: "stddev_sample", kind: "aggregate", signature: "stddev_sample(field)", doc: "The standard deviation estimated from a sample." },
  { name: "var", kind: "aggregate", signature: "var(field)", doc: "The variance estimated from a sample." },
  { name: "approx_count", kind: "aggregate", signature: "approx_count(field)", doc: "Roughly how many different values." },
];
