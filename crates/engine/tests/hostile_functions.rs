//! Every function over values nobody wants to see, and expressions nobody would write: the answer
//! is rows or an error of the query's, never a panic, never a mistake of ours, never a long wait.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::{Shape, Table, Tables};
use vedette_engine::{Engine, EngineConfig, ErrorKind, QueryOptions};
use vedette_event::Time;
use vedette_xql::functions::{FUNCTIONS, Function, Kind, Need, Param, Type};

/// Slow machines run the tests without optimisation.
const LONGEST: Duration = Duration::from_secs(20);

fn texts() -> Vec<Json> {
    let deep = format!("{}1{}", "[".repeat(50_000), "]".repeat(50_000));
    let objects = format!("{}1{}", "{\"a\":".repeat(500), "}".repeat(500));
    let wide = format!("[{}0]", "1,".repeat(20_000));
    let long = "a".repeat(200_000);
    let mut texts: Vec<Json> = [
        deep.as_str(),
        &objects,
        &wide,
        &long,
        "",
        " ",
        "\0",
        "\u{feff}\u{202e}é\u{301}👩‍👩‍👧",
        "İıẞß",
        "{\"a\":{\"b\":[1,\"x\",null]},\"a\":2}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":1e999}",
        "[1,2",
        "/////w==",
        "(((((a*)*)*)*)*)*$",
        "a{1000}{1000}",
        "[[:alpha:]&&[^x]",
        "\\Q\\E\\1\\9\\",
        "%s%d%*d%.*f%99999999d%",
        "%Y%Y%Y%s%E*S",
        "99999-99-99 99:99:99",
        "-9223372036854775808",
        "9223372036854775807",
        "1e400",
        "nan",
        "$..*..*",
        "$[99999999999999999999]['",
        "10.0.0.0/8,::/0,",
        "255.255.255.255",
        "::ffff:1.2.3.4",
        "http://[::1%25eth0]:99999/@:@/\\..//",
        "https://xn--ls8h.co.uk.",
    ]
    .map(Json::from)
    .to_vec();
    texts.push(Json::Null);
    texts
}

fn table() -> Table {
    let texts = texts();
    let count = texts.len();
    let numbers = [i64::MIN, i64::MAX, -1, 0, 1, 63, 64, 253_402_300_800, -62_135_596_801];
    let floats = [0.0, -0.0, 1e308, -1e308, 1e-320, 9.3e18, 0.1];
    let times = [i64::MIN, -1, i64::MAX, 253_402_300_799_999_999];
    let row = |at: usize| {
        let other = texts[(at * 7 + 3) % count].clone();
        let null = at % 5 == 4;
        let or_null = |value: Json| if null { Json::Null } else { value };
        vec![
            texts[at].clone(),
            other.clone(),
            or_null(json!(numbers[at % numbers.len()])),
            or_null(json!(floats[at % floats.len()])),
            or_null(json!(at.is_multiple_of(2))),
            or_null(json!(times[at % times.len()])),
            or_null(json!([texts[at], other, null, "10.0.0.1"])),
            or_null(json!([i64::MIN, null, 7, i64::MAX])),
        ]
    };
    let columns = [
        "s string",
        "w word",
        "i integer",
        "f float",
        "b boolean",
        "t timestamp",
        "l [string]",
        "n [integer]",
    ];
    let columns = columns.iter().map(|column| column.split_once(' ').unwrap());
    Table {
        name: "hostile".to_owned(),
        columns: columns.map(|(name, ty)| (name.to_owned(), ty.to_owned())).collect(),
        rows: (0..count).map(row).collect(),
    }
}

struct Lab {
    engine: Engine,
    runtime: tokio::runtime::Runtime,
    worked: usize,
    refused: usize,
}

impl Lab {
    fn new() -> Lab {
        let catalog = Arc::new(Tables::new(&[table()], Shape { dictionaries: true, batch: 16 }));
        let engine = Engine::new(catalog, EngineConfig { threads: 2, ..EngineConfig::default() }).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Lab { engine, runtime, worked: 0, refused: 0 }
    }

    /// Rows, or an error that is the query's.
    fn run(&mut self, query: &str) {
        let start = Instant::now();
        let result = self.runtime.block_on(self.engine.run(query, QueryOptions::at(Time(0))));
        assert!(start.elapsed() < LONGEST, "{:?}: {query}", start.elapsed());
        match result {
            Ok(result) => {
                result.write_ndjson(&mut std::io::sink()).unwrap();
                self.worked += 1;
            }
            Err(error) => {
                assert!(!matches!(error.kind, ErrorKind::Internal), "{error:?}\n{query}");
                self.refused += 1;
            }
        }
    }
}

fn scalars() -> Vec<&'static Function> {
    FUNCTIONS.iter().filter(|function| function.kind == Kind::Scalar).collect()
}

/// What may stand for a parameter, the hostile columns first.
fn candidates(param: &Param) -> Vec<String> {
    let columns = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    match param.ty {
        Type::Choice(words) => words.iter().map(|word| format!("\"{word}\"")).collect(),
        Type::Condition => columns(&["\"@element\" = w", "len(\"@element\") > i", "\"@element\" contains s"]),
        Type::Format => columns(&["\"%c %E*S %z\"", "s"]),
        Type::Timestamp => columns(&["t", "to_timestamp(i)", "null"]),
        Type::Integer => columns(&["i", "s", "-9223372036854775808", "f"]),
        Type::Number | Type::Float => columns(&["i", "f", "s", "9223372036854775807"]),
        Type::Array => columns(&["l", "n", "s", "arraycreate(s, w)"]),
        Type::Boolean => columns(&["b", "s = w", "null"]),
        _ => columns(&["s", "w", "l", "\"a{1000}\"", "\"(x\"", "null", "i"]),
    }
}

#[test]
fn every_function_survives_every_column() {
    let mut lab = Lab::new();
    for function in scalars() {
        let needed: Vec<&Param> =
            function.params.iter().filter(|param| param.need != Need::Optional).collect();
        let most = needed.iter().map(|param| candidates(param).len()).max().unwrap_or(1);
        for turn in 0..most.min(5) {
            let args = needed.iter().enumerate().map(|(at, param)| {
                let all = candidates(param);
                all[(turn + at * turn) % all.len()].clone()
            });
            let args = args.collect::<Vec<_>>().join(", ");
            lab.run(&format!("dataset = hostile | alter r = {}({args}) | fields r", function.name));
        }
    }
    println!("{} worked, {} were refused", lab.worked, lab.refused);
    assert!(lab.worked > 2 * lab.refused, "{} worked, {} were refused", lab.worked, lab.refused);
}

/// A stream of numbers that is the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % sides
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.roll(all.len())]
    }
}

fn expression(dice: &mut Dice, functions: &[&'static Function], depth: usize) -> String {
    if depth == 0 || dice.roll(5) == 0 {
        let leaves = [
            "s",
            "w",
            "i",
            "f",
            "b",
            "t",
            "l",
            "n",
            "null",
            "\"\"",
            "\"a*\"",
            "0",
            "-1",
            "1.5",
            "true",
            "s -> a.b[0]",
            "w -> []",
        ];
        return (*dice.of(&leaves)).to_owned();
    }
    if dice.roll(6) == 0 {
        let (left, right) = (expression(dice, functions, depth - 1), expression(dice, functions, depth - 1));
        let operator = *dice.of(&["=", "!=", "<", ">=", "contains", "~=", "incidr", "and", "or"]);
        return format!("({left} {operator} {right})");
    }
    let function = *dice.of(functions);
    let mut args = Vec::new();
    for param in function.params {
        let times = match param.need {
            Need::Required => 1,
            Need::Optional => dice.roll(2),
            Need::Repeated => dice.roll(3),
        };
        for _ in 0..times {
            args.push(match param.ty {
                Type::Choice(words) => format!("\"{}\"", dice.of(words)),
                Type::Condition if dice.roll(2) == 0 => {
                    format!("\"@element\" = {}", expression(dice, functions, depth - 1))
                }
                Type::Format => "\"%F %T\"".to_owned(),
                _ if dice.roll(3) == 0 => dice.of(&candidates(param)).clone(),
                _ => expression(dice, functions, depth - 1),
            });
        }
    }
    format!("{}({})", function.name, args.join(", "))
}

/// `EXPRESSIONS=20000 SEED=7 cargo test …` for a long run of others.
#[test]
fn no_expression_is_our_mistake() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let count = number("EXPRESSIONS").unwrap_or(300);
    let mut lab = Lab::new();
    let functions = scalars();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ number("SEED").unwrap_or(0) as u64);
    for _ in 0..count {
        let value = expression(&mut dice, &functions, 3);
        let stage = match dice.roll(4) {
            0 => format!("filter ({value}) = null"),
            1 => format!(
                "alter r = {value} | comp values(to_string(r)) as v, count_distinct(to_string(r)) as c by b"
            ),
            2 => format!(
                "comp max({value}) as m, approx_top({value}, 2) as t, approx_quantiles({value}, 2) as q by w"
            ),
            _ => format!("alter r = {value} | fields r"),
        };
        lab.run(&format!("dataset = hostile | {stage}"));
    }
    println!("{} worked, {} were refused", lab.worked, lab.refused);
    assert!(lab.worked > count / 10, "{} worked, {} were refused", lab.worked, lab.refused);
}
