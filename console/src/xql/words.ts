// The words of XQL, for colours. What can stand where, and what it means, the server says; xql.test.ts
// holds these lists against the tables in crates/xql.

export const STAGES: readonly string[] = [
  "alter", "arrayexpand", "bin", "call", "call_macro", "cold_dataset", "comp", "config", "datamodel", "dataset", "dedup", "fields", "filter", "getrole", "iploc",
  "join", "limit", "preset", "replacenull", "search", "sort", "tag", "target", "top", "transaction", "union", "view", "windowcomp",
];

/** Words that are neither stages nor functions. */
export const KEYWORDS: readonly string[] = [
  "and", "or", "not", "in", "contains", "incidr", "incidr6", "by", "as", "asc", "desc", "null", "true", "false",
  "timeframe", "case_sensitive", "max_runtime_minutes", "between",
];

export const FUNCTIONS: readonly string[] = [
  "if", "coalesce", "add", "subtract", "multiply", "divide", "floor", "div", "mod", "round", "trunc", "pow", "power", "sqrt", "cbrt",
  "exp", "ln", "log", "log10", "sign", "pi", "rand", "sin", "cos", "tan", "cot", "sec", "csc", "asin", "acos", "atan", "safe_add",
  "safe_subtract", "safe_multiply", "safe_divide", "safe_negate", "greatest", "least", "range_bucket", "cosine_distance",
  "euclidean_distance", "abs", "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_sleft", "bitwise_sright", "ceil", "to_integer",
  "to_float", "to_number", "to_boolean", "to_string", "concat", "len", "lowercase", "uppercase", "trim", "ltrim", "rtrim", "replace",
  "replex", "split", "string_count", "format_string", "regextract", "regexcapture", "wildcard_match", "convert_from_base_64",
  "convert_to_base_64", "md5", "sha1", "sha256", "sha512", "extract_url_host", "extract_url_pub_suffix", "extract_url_registered_domain",
  "arraycreate", "arrayconcat", "arraydistinct", "arrayindex", "arrayindexof", "array_length", "arrayrange", "arraystring", "arraymap",
  "arrayfilter", "array_any", "array_all", "arraymerge", "json_extract", "json_extract_scalar", "json_extract_array",
  "json_extract_scalar_array", "json_path_extract", "to_json_string", "object_create", "object_merge", "current_time", "timestamp_diff",
  "extract_time", "date_floor", "to_epoch", "to_timestamp", "timestamp_seconds", "parse_epoch", "parse_timestamp", "format_timestamp",
  "time_frame_end", "incidr", "incidr6", "incidrlist", "ip_to_int", "safe_ip_to_int", "int_to_ip", "is_ipv4", "is_ipv6",
  "is_known_private_ipv4", "is_known_private_ipv6", "hierarchy_match", "count", "count_distinct", "sum", "avg", "min", "max", "values",
  "list", "earliest", "latest", "first", "last", "median", "stddev_population", "stddev_sample", "var", "approx_count", "approx_quantiles",
  "approx_top", "first_value", "last_value", "lag", "rank", "dense_rank", "row_number",
];
