//! The same computed by DuckDB, from its Python package, over random rows. Skipped with a message
//! where `$PYTHON` (`python3`) does not have it: `pip install duckdb`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use serde_json::{Map, Value as Json, json};
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use support::{Shape, Table, Tables};
use vedette_engine::{Engine, EngineConfig, QueryOptions};
use vedette_event::Time;

/// Gets a file of rows and queries as JSON, gives the rows of each query.
const SCRIPT: &str = r#"
import sys, json
try:
    import duckdb
except ImportError:
    print("absent")
    sys.exit(0)
job = json.load(sys.stdin)
db = duckdb.connect()
db.execute("""create table r as select * from read_json(?, format = 'newline_delimited', columns = {
    k: 'VARCHAR', n: 'BIGINT', x: 'DOUBLE', s: 'VARCHAR', t: 'TIMESTAMP', u: 'TIMESTAMP', js: 'VARCHAR', id: 'BIGINT'})""",
    [job["rows"]])
print(json.dumps([db.execute(sql).fetchall() for sql in job["queries"]], default = str))
"#;

/// In the order of `id` or of the key; times as texts.
const PAIRS: &[(&str, &str)] = &[
    (
        "comp count() as a, count(n) as b, sum(n) as c, sum(x) as d, avg(n) as e, avg(x) as f, min(n) as g, \
         max(x) as h, min(s) as i, count_distinct(s) as j, count_distinct(n) as l by k | sort asc k",
        "select k, count(*), count(n), sum(n)::bigint, sum(x), avg(n), avg(x), min(n), max(x), min(s), \
         count(distinct s), count(distinct n) from r group by k order by k nulls first",
    ),
    (
        "comp median(x) as a, stddev_population(x) as b, stddev_sample(n) as c, var(x) as d by k | sort asc k",
        "select k, median(x), stddev_pop(x), stddev_samp(n), var_samp(x) from r group by k order by k nulls first",
    ),
    (
        "comp values(s) as a, values(n) as b by k | sort asc k",
        "select k, list_sort(coalesce(list(distinct s) filter (s is not null), [])), \
         list_sort(coalesce(list(distinct n) filter (n is not null), [])) from r group by k order by k nulls first",
    ),
    (
        "alter _time = t | comp earliest(n) as a, latest(n) as b, earliest(s) as c, latest(s) as d by k | sort asc k",
        "select k, arg_min(n, t) filter (n is not null), arg_max(n, t) filter (n is not null), \
         arg_min(s, t) filter (s is not null), arg_max(s, t) filter (s is not null) \
         from r group by k order by k nulls first",
    ),
    (
        "sort asc t | comp first(n) as a, last(n) as b by k | sort asc k",
        "select k, arg_min(n, t) filter (n is not null), arg_max(n, t) filter (n is not null) \
         from r group by k order by k nulls first",
    ),
    (
        "comp approx_quantiles(n, 4) as a, approx_quantiles(x, 3, true) as b by k | sort asc k",
        "select k, quantile_disc(n, [0, 0.25, 0.5, 0.75, 1]), \
         (select quantile_disc(v, [0, 1/3, 2/3, 1]) from (select distinct i.x as v from r i where i.k is not distinct from r.k)) \
         from r group by k order by k nulls first",
    ),
    (
        "fields id, t, u | alter a = extract_time(t, \"YEAR\"), b = extract_time(t, \"MONTH\"), \
         c = extract_time(t, \"DAY\"), d = extract_time(t, \"HOUR\"), e = extract_time(t, \"MINUTE\"), \
         f = extract_time(t, \"SECOND\"), g = extract_time(t, \"DAYOFWEEK\"), h = extract_time(t, \"DAYOFYEAR\"), \
         i = extract_time(t, \"QUARTER\"), j = extract_time(t, \"MICROSECOND\") \
         | sort asc id | fields id, a, b, c, d, e, f, g, h, i, j",
        "select id, year(t), month(t), day(t), hour(t), minute(t), second(t), dayofweek(t) + 1, dayofyear(t), \
         quarter(t), microsecond(t) % 1000000 from r order by id",
    ),
    (
        "alter y = to_string(date_floor(t, \"y\")), m = to_string(date_floor(t, \"mo\")), \
         w = to_string(date_floor(t, \"w\")), d = to_string(date_floor(t, \"d\")), h = to_string(date_floor(t, \"h\")) \
         | sort asc id | fields id, y, m, w, d, h",
        "select id, strftime(date_trunc('year', t), '%Y-%m-%dT%H:%M:%S.%fZ'), \
         strftime(date_trunc('month', t), '%Y-%m-%dT%H:%M:%S.%fZ'), \
         strftime(date_trunc('week', t + interval 1 day) - interval 1 day, '%Y-%m-%dT%H:%M:%S.%fZ'), \
         strftime(date_trunc('day', t), '%Y-%m-%dT%H:%M:%S.%fZ'), \
         strftime(date_trunc('hour', t), '%Y-%m-%dT%H:%M:%S.%fZ') from r order by id",
    ),
    (
        "alter a = timestamp_diff(t, u, \"DAY\"), b = timestamp_diff(t, u, \"HOUR\"), c = timestamp_diff(t, u, \"SECOND\"), \
         d = to_epoch(t), e = to_epoch(t, \"MILLIS\") | sort asc id | fields id, a, b, c, d, e",
        "with d as (select *, epoch_us(t) - epoch_us(u) as us from r) select id, \
         (sign(us) * (abs(us) // 86400000000))::bigint, (sign(us) * (abs(us) // 3600000000))::bigint, \
         (sign(us) * (abs(us) // 1000000))::bigint, \
         (epoch_us(t) - ((epoch_us(t) % 1000000) + 1000000) % 1000000) // 1000000, \
         (epoch_us(t) - ((epoch_us(t) % 1000) + 1000) % 1000) // 1000 from d order by id",
    ),
    (
        "alter a = format_timestamp(\"%Y-%m-%d %H:%M:%S\", t), b = format_timestamp(\"%a %A %b %B %d %j %y\", t), \
         c = format_timestamp(\"%I %p %U %W\", t), \
         d = to_string(parse_timestamp(\"%d/%b/%Y:%H:%M:%S\", format_timestamp(\"%d/%b/%Y:%H:%M:%S\", t))) \
         | sort asc id | fields id, a, b, c, d",
        "select id, strftime(t, '%Y-%m-%d %H:%M:%S'), strftime(t, '%a %A %b %B %d %j %y'), \
         strftime(t, '%I %p %U %W'), strftime(date_trunc('second', t), '%Y-%m-%dT%H:%M:%S.000000Z') from r order by id",
    ),
    (
        "alter a = uppercase(s), b = lowercase(s), c = len(s), d = replace(s, \"a\", \"xy\"), e = trim(s, \"ab \"), \
         f = split(s, \"a\"), g = string_count(s, \"b\"), h = md5(s), i = sha256(s), j = convert_to_base_64(s), \
         m = convert_from_base_64(convert_to_base_64(s)) | sort asc id | fields id, a, b, c, d, e, f, g, h, i, j, m",
        "select id, upper(s), lower(s), length(s), replace(s, 'a', 'xy'), trim(s, 'ab '), string_split(s, 'a'), \
         len(string_split(s, 'b')) - 1, md5(s), sha256(s), to_base64(encode(s)), s from r order by id",
    ),
    (
        "alter a = regextract(s, \"[a-c]+\"), b = regextract(s, \"([A-C])\\w\"), c = replex(s, \"([aeiou])\", \"<\\1>\"), \
         d = if(s ~= \"^[a-c].*b$\", 1, 0), e = if(s contains \"AB\", 1, 0), f = if(s = \"a*B\", 1, 0), \
         g = if(s in (\"ab\", \"c\"), 1, 0) | sort asc id | fields id, a, b, c, d, e, f, g",
        "select id, regexp_extract_all(s, '[a-c]+'), regexp_extract_all(s, '([A-C])\\w', 1), \
         regexp_replace(s, '([aeiou])', '<\\1>', 'g'), \
         if(regexp_matches(s, '^[a-c].*b$'), 1, 0), if(contains(lower(s), 'ab'), 1, 0), \
         if(lower(s) like 'a%b', 1, 0), if(lower(s) in ('ab', 'c'), 1, 0) from r order by id",
    ),
    (
        "alter p = split(s, \"a\") | alter a = arraymap(p, len(\"@element\")), b = arrayfilter(p, len(\"@element\") > 1), \
         c = arrayindex(p, -1), d = arraydistinct(p), e = arraystring(p, \"-\"), \
         f = array_any(p, \"@element\" = \"b\"), g = arrayrange(p, 1, 3), h = array_length(p) \
         | sort asc id | fields id, a, b, c, e, f, g, h",
        "with q as (select *, string_split(s, 'a') as p from r) select id, list_transform(p, lambda e: length(e)), \
         list_filter(p, lambda e: length(e) > 1), p[-1], array_to_string(p, '-'), \
         len(list_filter(p, lambda e: lower(e) = 'b')) > 0, p[2:3], len(p) from q order by id",
    ),
    (
        "alter a = js -> a, b = js -> o.b[1], c = js -> o.b[0].c, d = json_extract(js, \"$.o.b\"), \
         e = json_extract_array(js, \"$.o.b\"), f = js -> missing | sort asc id | fields id, a, b, c, d, e, f",
        "select id, json_extract_string(js, '$.a'), json_extract_string(js, '$.o.b[1]'), \
         json_extract_string(js, '$.o.b[0].c'), json_extract(js, '$.o.b')::varchar, \
         json_extract(js, '$.o.b[*]')::varchar[], null from r order by id",
    ),
    (
        "alter a = add(n, id), b = subtract(x, n), c = multiply(n, 3), d = divide(n, id), e = floor(x), f = ceil(x), \
         g = abs(n), h = pow(x, 2), i = bitwise_and(n, id), j = to_integer(to_string(n)) \
         | sort asc id | fields id, a, b, c, d, e, f, g, h, i, j",
        "select id, n + id, x - n, n * 3, if(id = 0, null, n::double / id), floor(x)::bigint, ceil(x)::bigint, abs(n), \
         x ** 2, n & id, n from r order by id",
    ),
];

/// A stream of numbers that is the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }

    fn or_null(&mut self, value: Json) -> Json {
        if self.roll(8) == 0 { Json::Null } else { value }
    }

    fn text(&mut self) -> String {
        let letters = ["a", "b", "c", "A", "B", " ", "ä", "1", "_"];
        (0..self.roll(9)).map(|_| letters[self.roll(letters.len() as u64) as usize]).collect()
    }

    /// From 1900 to 2100; no two the same.
    fn time(&mut self, id: u64) -> Json {
        let second = self.roll(6_311_433_600) as i64 - 2_208_988_800;
        Json::from(Time(second * 1_000_000 + (id * 97 % 1_000_000) as i64).rfc3339())
    }
}

const COLUMNS: [(&str, &str); 8] = [
    ("k", "word"),
    ("n", "integer"),
    ("x", "float"),
    ("s", "string"),
    ("t", "timestamp"),
    ("u", "timestamp"),
    ("js", "string"),
    ("id", "integer"),
];

fn rows(count: u64) -> Vec<Vec<Json>> {
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let row = |id: u64| {
        let key = ["one", "two", "Two", "three", ""][dice.roll(5) as usize];
        let json = json!({"a": dice.text(), "o": {"b": [{"c": dice.roll(9)}, dice.text(), dice.roll(99)]}});
        vec![
            dice.or_null(key.into()),
            {
                let n = dice.roll(200) as i64 - 100;
                dice.or_null(n.into())
            },
            // Quarters add up exactly, in any order.
            {
                let x = (dice.roll(4000) as f64 - 2000.0) / 4.0;
                dice.or_null(x.into())
            },
            {
                let s = dice.text();
                dice.or_null(s.into())
            },
            dice.time(id),
            dice.time(id + 7),
            dice.or_null(json.to_string().into()),
            id.into(),
        ]
    };
    (0..count).map(row).collect()
}

/// What DuckDB says to each query, or nothing where it is not there.
fn theirs(rows: &[Vec<Json>]) -> Option<Vec<Vec<Json>>> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for row in rows {
        let row: Map<String, Json> =
            COLUMNS.iter().zip(row).map(|((name, _), value)| ((*name).to_owned(), value.clone())).collect();
        writeln!(file, "{}", Json::from(row)).unwrap();
    }
    let queries: Vec<&str> = PAIRS.iter().map(|(_, sql)| *sql).collect();
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let child =
        Command::new(python).args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.ok()?;
    let job = json!({"rows": file.path(), "queries": queries});
    child.stdin.take().unwrap().write_all(job.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let answer = String::from_utf8(output.stdout).unwrap();
    if answer.trim() == "absent" {
        return None;
    }
    Some(serde_json::from_str(&answer).expect("DuckDB refused a query; its words stand above"))
}

#[test]
fn duckdb_says_the_same() {
    let rows = rows(3_000);
    let Some(theirs) = theirs(&rows) else {
        println!("skipped: there is no Python with the package duckdb ($PYTHON names another one)");
        return;
    };
    let columns = COLUMNS.map(|(name, ty)| (name.to_owned(), ty.to_owned())).to_vec();
    let table = Table { name: "r".to_owned(), columns, rows };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for shape in [Shape { dictionaries: true, batch: 700 }, Shape { dictionaries: false, batch: 5_000 }] {
        let catalog = Arc::new(Tables::new(std::slice::from_ref(&table), shape));
        let engine = Engine::new(catalog, EngineConfig { threads: 2, ..EngineConfig::default() }).unwrap();
        for ((xql, sql), theirs) in PAIRS.iter().zip(&theirs) {
            let query = format!("dataset = r | {xql}");
            let result = runtime.block_on(engine.run(&query, QueryOptions::at(Time(0))));
            let result = result.unwrap_or_else(|why| panic!("{query}\n{why:?}"));
            let mut ours = Vec::new();
            result.write_ndjson(&mut ours).unwrap();
            let ours: Vec<Vec<Json>> = String::from_utf8(ours)
                .unwrap()
                .lines()
                .map(|line| {
                    serde_json::from_str::<Map<String, Json>>(line)
                        .unwrap()
                        .into_iter()
                        .map(|(_, v)| v)
                        .collect()
                })
                .collect();
            assert_eq!(ours.len(), theirs.len(), "{query}");
            for (ours, theirs) in ours.iter().zip(theirs) {
                let theirs = theirs.as_array().unwrap();
                for (column, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                    let name = &result.columns()[column].name;
                    assert!(same(ours, theirs), "{query}\n{sql}\n`{name}`: ours {ours}, theirs {theirs}");
                }
            }
        }
    }
}

fn same(ours: &Json, theirs: &Json) -> bool {
    match (ours, theirs) {
        (Json::Number(a), Json::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
        }
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        _ => ours == theirs,
    }
}
