//! An example of every function and every stage. A test runs each of them and writes its result into
//! docs/xql.md; hover shows those of functions.

/// A small dataset that the examples read.
pub struct Sample {
    pub name: &'static str,
    /// Name and type of each column.
    pub columns: &'static [(&'static str, &'static str)],
    /// Each row as a JSON array.
    pub rows: &'static [&'static str],
}

/// The datasets of the examples; `one` has a single row, for examples that compute one value.
pub static SAMPLES: &[Sample] = &[
    Sample {
        name: "visits",
        columns: &[
            ("_time", "timestamp"),
            ("user", "string"),
            ("host", "string"),
            ("ip", "string"),
            ("bytes", "integer"),
            ("ports", "[integer]"),
        ],
        rows: &[
            r#"["2026-01-31T08:00:00Z", "ann", "web1", "10.0.0.1", 100, [80, 443]]"#,
            r#"["2026-01-31T08:20:00Z", "bob", "web1", "10.0.0.2", 300, [80]]"#,
            r#"["2026-01-31T09:10:00Z", "ann", "db1", "10.0.0.1", null, []]"#,
            r#"["2026-01-31T11:30:00Z", "cat", "web2", "192.168.7.9", 50, [22]]"#,
        ],
    },
    Sample {
        name: "teams",
        columns: &[("user", "string"), ("team", "string")],
        rows: &[r#"["ann", "red"]"#, r#"["bob", "blue"]"#, r#"["dan", "red"]"#],
    },
    Sample { name: "one", columns: &[("n", "integer")], rows: &["[1]"] },
];

/// The example of a function: an expression, or for aggregates and window functions a stage over `visits`.
pub fn of_function(name: &str) -> Option<&'static str> {
    FUNCTIONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, example)| *example)
}

/// The examples of a stage: whole queries.
pub fn of_stage(name: &str) -> &'static [&'static str] {
    STAGES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or(&[], |(_, examples)| examples)
}

#[rustfmt::skip]
const FUNCTIONS: &[(&str, &str)] = &[
    ("if", r#"if(7 > 5, "more", "less")"#),
    ("coalesce", r#"coalesce(null, "a", "b")"#),
    ("add", "add(2, 3)"),
    ("subtract", "subtract(2, 3)"),
    ("multiply", "multiply(4, 2.5)"),
    ("divide", "divide(7, 2)"),
    ("floor", "floor(2.7)"),
    ("div", "div(-7, 2)"),
    ("mod", "mod(-7, 3)"),
    ("round", "round(2.5)"),
    ("trunc", "trunc(3.14159, 2)"),
    ("pow", "pow(2, 10)"),
    ("power", "power(2, 0.5)"),
    ("sqrt", "sqrt(16)"),
    ("cbrt", "cbrt(27)"),
    ("exp", "exp(0)"),
    ("ln", "ln(1)"),
    ("log", "log(8, 2)"),
    ("log10", "log10(1000)"),
    ("sign", "sign(-3)"),
    ("pi", "round(pi(), 4)"),
    ("rand", "rand() < 1"),
    ("sin", "sin(0)"),
    ("cos", "cos(0)"),
    ("tan", "tan(0)"),
    ("cot", "round(cot(1), 4)"),
    ("sec", "sec(0)"),
    ("csc", "round(csc(1), 4)"),
    ("asin", "asin(0)"),
    ("acos", "acos(1)"),
    ("atan", "atan(0)"),
    ("safe_add", "safe_add(9223372036854775807, 1)"),
    ("safe_subtract", "safe_subtract(2, 3)"),
    ("safe_multiply", "safe_multiply(4, 2.5)"),
    ("safe_divide", "safe_divide(10, 0)"),
    ("safe_negate", "safe_negate(5)"),
    ("greatest", "greatest(10, null, 42, 18)"),
    ("least", r#"least("b", "a")"#),
    ("range_bucket", "range_bucket(25, arraycreate(0, 10, 50, 100))"),
    ("cosine_distance", "cosine_distance(arraycreate(1.0, 0.0), arraycreate(0.0, 2.0))"),
    ("euclidean_distance", "euclidean_distance(arraycreate(0, 0), arraycreate(3, 4))"),
    ("abs", "abs(-3)"),
    ("bitwise_and", "bitwise_and(6, 3)"),
    ("bitwise_or", "bitwise_or(6, 3)"),
    ("bitwise_xor", "bitwise_xor(6, 3)"),
    ("bitwise_sleft", "bitwise_sleft(1, 4)"),
    ("bitwise_sright", "bitwise_sright(512, 8)"),
    ("ceil", "ceil(2.1)"),
    ("to_integer", r#"to_integer("0x1f")"#),
    ("to_float", r#"to_float("2.5")"#),
    ("to_number", r#"to_number("2.5")"#),
    ("to_boolean", r#"to_boolean("TRUE")"#),
    ("to_string", "to_string(42)"),
    ("concat", r#"concat("web", 1)"#),
    ("len", r#"len("häuser")"#),
    ("lowercase", r#"lowercase("CMD.exe")"#),
    ("uppercase", r#"uppercase("cmd.exe")"#),
    ("trim", r#"trim("xxadminx", "x")"#),
    ("ltrim", r#"ltrim("000120", "0")"#),
    ("rtrim", r#"rtrim("1.500", "0")"#),
    ("replace", r#"replace("a.b.c", ".", "-")"#),
    ("replex", r#"replex("user 17 of 20", "\d+", "n")"#),
    ("split", r#"split("a,b,c", ",")"#),
    ("string_count", r#"string_count("banana", "an")"#),
    ("format_string", r#"format_string("%s has %05d", "ann", 42)"#),
    ("regextract", r#"regextract("cmd -p 80 -p 443", "-p (\d+)")"#),
    ("regexcapture", r#"regexcapture("GET /index", "(?P<verb>\w+) (?P<path>\S+)")"#),
    ("wildcard_match", r#"wildcard_match("report7.doc", "report?.*")"#),
    ("convert_from_base_64", r#"convert_from_base_64("c2VjcmV0")"#),
    ("convert_to_base_64", r#"convert_to_base_64("secret")"#),
    ("md5", r#"md5("a")"#),
    ("sha1", r#"sha1("a")"#),
    ("sha256", r#"sha256("a")"#),
    ("sha512", r#"sha512("a")"#),
    ("extract_url_host", r#"extract_url_host("https://www.Example.co.uk/x")"#),
    ("extract_url_pub_suffix", r#"extract_url_pub_suffix("https://www.example.co.uk/x")"#),
    ("extract_url_registered_domain", r#"extract_url_registered_domain("https://www.example.co.uk/x")"#),
    ("arraycreate", r#"arraycreate("a", "b")"#),
    ("arrayconcat", r#"arrayconcat(arraycreate(1, 2), arraycreate(2))"#),
    ("arraydistinct", "arraydistinct(arraycreate(2, 1, 2))"),
    ("arrayindex", r#"arrayindex(arraycreate("a", "b", "c"), -1)"#),
    ("arrayindexof", r#"arrayindexof(arraycreate(5, 80, 443), "@element" > 79)"#),
    ("array_length", r#"array_length(arraycreate("a", "b"))"#),
    ("arrayrange", r#"arrayrange(arraycreate("a", "b", "c", "d"), 1, 3)"#),
    ("arraystring", r#"arraystring(arraycreate("a", "b"), ";")"#),
    ("arraymap", r#"arraymap(arraycreate("a", "b"), uppercase("@element"))"#),
    ("arrayfilter", r#"arrayfilter(arraycreate("web", "db"), "@element" contains "e")"#),
    ("array_any", r#"array_any(arraycreate(22, 80), "@element" = 22)"#),
    ("array_all", r#"array_all(arraycreate(22, 80), "@element" = 22)"#),
    ("arraymerge", r#"arraymerge(arraycreate("[1,2]", "[3]"))"#),
    ("json_extract", r#"json_extract("{\"a\":{\"b\":1}}", "$.a")"#),
    ("json_extract_scalar", r#"json_extract_scalar("{\"a\":{\"b\":1}}", "$.a.b")"#),
    ("json_extract_array", r#"json_extract_array("{\"a\":[\"x\",\"y\"]}", "$.a")"#),
    ("json_extract_scalar_array", r#"json_extract_scalar_array("{\"a\":[\"x\",\"y\"]}", "$.a")"#),
    ("json_path_extract", r#"json_path_extract("{\"a\":[{\"b\":1},{\"b\":2}]}", "$..b")"#),
    ("to_json_string", r#"to_json_string(arraycreate("a", "b"))"#),
    ("object_create", r#"object_create("user", "ann", "bytes", 100)"#),
    ("object_merge", r#"object_merge(object_create("a", 1), object_create("a", 2, "b", 3))"#),
    ("current_time", "current_time()"),
    ("timestamp_diff", r#"timestamp_diff(to_timestamp(7200), to_timestamp(0), "HOUR")"#),
    ("extract_time", r#"extract_time(to_timestamp(0), "YEAR")"#),
    ("date_floor", r#"date_floor(to_timestamp(90061), "d")"#),
    ("to_epoch", r#"to_epoch(to_timestamp(60), "MILLIS")"#),
    ("to_timestamp", r#"to_timestamp(60000, "MILLIS")"#),
    ("timestamp_seconds", "timestamp_seconds(60)"),
    ("parse_epoch", r#"parse_epoch("%d/%m/%Y", "31/01/2026")"#),
    ("parse_timestamp", r#"parse_timestamp("%Y-%m-%d %H:%M", "2026-01-31 08:00", "+02:00")"#),
    ("format_timestamp", r#"format_timestamp("%Y/%m/%d %H:%M", to_timestamp(0))"#),
    ("time_frame_end", "time_frame_end()"),
    ("hierarchy_match", "hierarchy_match()"),
    ("incidr", r#"incidr("10.1.2.3", "10.0.0.0/8, 192.168.0.0/16")"#),
    ("incidr6", r#"incidr6("2001:db8::1", "2001:db8::/32")"#),
    ("incidrlist", r#"incidrlist("10.1.2.3,10.9.9.9", "10.0.0.0/8")"#),
    ("ip_to_int", r#"ip_to_int("0.0.1.2")"#),
    ("safe_ip_to_int", r#"safe_ip_to_int("not an address")"#),
    ("int_to_ip", "int_to_ip(258)"),
    ("is_ipv4", r#"is_ipv4("10.1.2.3")"#),
    ("is_ipv6", r#"is_ipv6("10.1.2.3")"#),
    ("is_known_private_ipv4", r#"is_known_private_ipv4("172.31.0.1")"#),
    ("is_known_private_ipv6", r#"is_known_private_ipv6("fd12::1")"#),
    ("count", "comp count() as rows, count(bytes) as known by host | sort asc host"),
    ("count_distinct", "comp count_distinct(user) as users"),
    ("sum", "comp sum(bytes) as total by user | sort asc user"),
    ("avg", "comp avg(bytes) as mean"),
    ("min", "comp min(bytes) as least"),
    ("max", "comp max(_time) as newest"),
    ("values", "comp values(user) as users by host | sort asc host"),
    ("list", "comp list(user) as users"),
    ("earliest", "comp earliest(host) as first_host by user | sort asc user"),
    ("latest", "comp latest(host) as last_host by user | sort asc user"),
    ("first", "comp first(user) as one"),
    ("last", "comp last(user) as other"),
    ("median", "comp median(bytes) as middle"),
    ("stddev_population", "comp stddev_population(bytes) as spread"),
    ("stddev_sample", "comp stddev_sample(bytes) as spread"),
    ("var", "comp var(bytes) as variance"),
    ("approx_count", "comp approx_count(user) as users"),
    ("approx_quantiles", "comp approx_quantiles(bytes, 2) as bounds"),
    ("approx_top", "comp approx_top(user, 1) as most_frequent"),
    ("first_value", "windowcomp first_value(host) by user sort asc _time as began_at | fields user, host, began_at"),
    ("last_value", "windowcomp last_value(host) by user sort asc _time between null and null as ended_at | fields user, host, ended_at"),
    ("dense_rank", "windowcomp dense_rank() sort asc user as place | fields user, place"),
    ("lag", "windowcomp lag(host) by user sort asc _time as before | fields user, host, before"),
    ("rank", "windowcomp rank() sort desc bytes as place | fields user, bytes, place"),
    ("row_number", "windowcomp row_number() by user sort asc _time as visit | fields user, visit"),
];

#[rustfmt::skip]
const STAGES: &[(&str, &[&str])] = &[
    ("config", &[
        "config timeframe = 2h | dataset = visits | fields user",
        "config case_sensitive = true | dataset = visits | filter user = \"ANN\"",
    ]),
    ("dataset", &["dataset = teams", "dataset in (visits, teams) | filter user = \"ann\" | comp count() as n by _dataset | sort asc _dataset"]),
    ("preset", &["preset = network_story | comp count() as n"]),
    ("cold_dataset", &["cold_dataset = teams | limit 1"]),
    ("datamodel", &["datamodel dataset = xdr_data | fields xdm.source.ipv4, xdm.target.port"]),
    ("search", &["search \"red\" dataset = teams"]),
    ("call", &["call \"visits of a host\" host = \"web1\""]),
    ("filter", &[
        "dataset = visits | filter user = \"A*\" and not (bytes = null or host contains \"db\") | fields user, host",
        "dataset = visits | filter ip incidr \"10.0.0.0/8\" and host ~= \"^web\\d$\" | fields host, ip",
        "dataset = visits | filter user in (dataset = teams | filter team = \"red\" | fields user) | fields user, host",
    ]),
    ("alter", &["dataset = visits | alter kilobytes = divide(bytes, 1000), first_port = arrayindex(ports, 0) | fields user, kilobytes, first_port"]),
    ("comp", &["dataset = visits | comp count() as n, values(host) as hosts by user | sort desc n, asc user"]),
    ("fields", &["dataset = teams | fields team as group, user", "dataset = visits | fields - ip, ports"]),
    ("sort", &["dataset = visits | sort desc bytes, asc user | fields user, bytes"]),
    ("limit", &["dataset = visits | sort asc _time | limit 2 | fields user"]),
    ("dedup", &["dataset = visits | dedup user by desc _time | fields user, host"]),
    ("arrayexpand", &["dataset = visits | arrayexpand ports | fields user, ports"]),
    ("bin", &["dataset = visits | bin _time span = 1h | comp count() as n by _time | sort asc _time", "dataset = visits | bin bytes span = 100 | fields user, bytes", "dataset = visits | bin bytes bins = 2 | comp count() as n by bytes | sort asc bytes"]),
    ("getrole", &["dataset = teams | getrole user as roles | limit 1"]),
    ("iploc", &["dataset = visits | filter user = \"cat\" | iploc ip loc_country | fields ip, loc_country"]),
    ("join", &["dataset = visits | join type = left (dataset = teams) as t t.user = user | fields user, host, team"]),
    ("replacenull", &["dataset = visits | replacenull bytes = 0 | fields user, bytes"]),
    ("tag", &["dataset = teams | limit 1 | tag add \"seen\""]),
    ("target", &["dataset = teams | filter team = \"red\" | target type = lookup red_users"]),
    ("top", &["dataset = visits | top 1 user"]),
    ("transaction", &["dataset = visits | fields user, host | transaction user span = 1d | fields user, _duration, _num_of_rows, host | sort asc user"]),
    ("union", &["dataset = teams | fields user | union (dataset = visits | fields - _time | fields user) | dedup user | sort asc user"]),
    ("view", &["dataset = visits | comp count() as n by host | sort asc host | view graph type = pie xaxis = host yaxis = n"]),
    ("windowcomp", &["dataset = visits | windowcomp sum(bytes) by user sort asc _time between null and 0 as so_far | fields user, bytes, so_far"]),
    ("call_macro", &["dataset = visits | call_macro \"in kilobytes\" of = bytes | fields user, kilobytes"]),
];

#[cfg(test)]
mod tests {
    use super::{FUNCTIONS, of_function, of_stage};
    use crate::{functions, parse, stages};

    #[test]
    fn every_function_and_every_stage_has_one_that_uses_it() {
        for function in functions::FUNCTIONS {
            let example = of_function(function.name);
            assert!(
                example.is_some_and(|text| text.contains(&format!("{}(", function.name))),
                "{}",
                function.name
            );
        }
        assert_eq!(FUNCTIONS.len(), functions::FUNCTIONS.len());
        for stage in stages::STAGES {
            assert!(!of_stage(stage.name).is_empty(), "{}", stage.name);
            for query in of_stage(stage.name) {
                assert!(query.contains(&format!("{} ", stage.name)), "{query}");
                assert!(parse(query).query.is_some(), "{query}: {:?}", parse(query).diagnostics);
            }
        }
    }
}
