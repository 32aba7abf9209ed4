//! Queries made of any bytes: every stage and function, with arguments of the right types and now and then of
//! wrong ones. Nearly all can be read; whether they make sense is for the planner to say.
//!
//! The bytes are choices: fewer of them make a smaller query, so what shrinks bytes shrinks queries.

use std::fmt::Write;
use vedette_xql::functions::{FUNCTIONS, Kind, Need, Param, Type};

/// Bytes as choices; when they run out every choice is the first.
pub struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    pub fn new(bytes: &'a [u8]) -> Choices<'a> {
        Choices(bytes)
    }

    fn below(&mut self, count: usize) -> usize {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                usize::from(*first) % count.max(1)
            }
            None => 0,
        }
    }

    fn of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }

    /// Once in so many times; never when the bytes have run out.
    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }
}

/// Deepest nesting of expressions, and of queries in queries.
const DEEPEST: usize = 4;
const MOST_STAGES: usize = 6;

/// The datasets that queries read: name and columns, as the tests' tables are written.
pub const DATASETS: [(&str, &[(&str, &str)]); 2] = [
    (
        "t",
        &[
            ("_time", "timestamp"),
            ("_id", "string"),
            ("i", "integer"),
            ("f", "float"),
            ("s", "string"),
            ("w", "word"),
            ("b", "boolean"),
            ("at", "timestamp"),
            ("l", "[string]"),
            ("n", "[integer]"),
            ("ip", "ip"),
            ("js", "string"),
        ],
    ),
    ("u", &[("i", "integer"), ("s", "string"), ("note", "string")]),
];

/// A query and what is known of its fields while it grows.
struct Query<'c, 'a> {
    choices: &'c mut Choices<'a>,
    fields: Vec<(String, Type)>,
    depth: usize,
}

/// A whole query.
pub fn query(choices: &mut Choices<'_>) -> String {
    let mut text = String::new();
    match choices.below(6) {
        4 => text.push_str("config case_sensitive = true | "),
        5 => {
            let frames = ["= 1d", "= 30m", "between \"-7d\" and \"now\"", "between \"begin\" and \"-1MO\""];
            let _ = write!(text, "config timeframe {} | ", choices.of(&frames));
        }
        _ => {}
    }
    text.push_str(&Query { choices, fields: Vec::new(), depth: 0 }.whole());
    text
}

fn kind(name: &str) -> Type {
    match name {
        "integer" => Type::Integer,
        "float" => Type::Float,
        "boolean" => Type::Boolean,
        "timestamp" => Type::Timestamp,
        "ip" => Type::Address,
        "[string]" | "[integer]" => Type::Array,
        _ => Type::Text,
    }
}

impl Query<'_, '_> {
    fn whole(&mut self) -> String {
        let (name, columns) = DATASETS[usize::from(self.choices.once_in(4))];
        self.fields = columns.iter().map(|(name, ty)| ((*name).to_owned(), kind(ty))).collect();
        let mut text = match self.choices.below(12) {
            9 => "dataset in (t, u)".to_owned(),
            10 => "search \"a\" dataset = t".to_owned(),
            11 => "dataset = t*".to_owned(),
            _ => format!("dataset = {name}"),
        };
        for _ in 0..self.choices.below(MOST_STAGES) {
            let stage = self.stage();
            let _ = write!(text, " | {stage}");
        }
        text
    }

    /// The same with a beginning of its own, for a query inside this one.
    fn inner(&mut self) -> String {
        let outer = std::mem::take(&mut self.fields);
        self.depth += 2;
        let text = self.whole();
        self.depth -= 2;
        self.fields = outer;
        text
    }

    fn stage(&mut self) -> String {
        match self.choices.below(24) {
            0 | 1 => format!("filter {}", self.value(Type::Boolean)),
            2..=4 => self.alter(),
            5 | 6 => self.comp(),
            7 => self.choose(),
            8 => format!("sort {}", self.keys(true)),
            9 => format!("limit {}", self.choices.of(&["5", "0", "1", "1000000"])),
            10 => {
                let keys = self.keys(false);
                let order =
                    if self.choices.once_in(2) { format!(" by {}", self.keys(true)) } else { String::new() };
                format!("dedup {keys}{order}")
            }
            11 => format!(
                "arrayexpand {}{}",
                self.field(Type::Array),
                self.choices.of(&["", " limit 2", " limit 0"])
            ),
            12 => self.bin(),
            13 => self.join(),
            14 if self.depth < DEEPEST => format!("union ({})", self.inner()),
            14 => "union u".to_owned(),
            15 => {
                let value = self.choices.of(&["\"-\"", "0", "\"\"\"x\\ty\"\"\"", "-1"]);
                format!("replacenull {} = {value}", self.any_field())
            }
            16 => self.top(),
            17 => self.transaction(),
            18 | 19 => self.windowcomp(),
            20 => self.view(),
            21 => format!("tag add {}", self.choices.of(&["\"a\"", "\"a\", \"b\""])),
            22 => {
                let (field, suffix) =
                    (self.field(Type::Address), self.choices.of(&["", " loc_city as c", " suffix = _x"]));
                format!("iploc {field}{suffix}")
            }
            _ => format!("getrole {} as roles", self.field(Type::Text)),
        }
    }

    fn alter(&mut self) -> String {
        let mut sets = Vec::new();
        let mut made = Vec::new();
        for _ in 0..=self.choices.below(3) {
            let ty = self.ty();
            let name = self.new_name();
            sets.push(format!("{name} = {}", self.value(ty)));
            made.push((name, ty));
        }
        made.into_iter().for_each(|(name, ty)| self.know(name, ty));
        format!("alter {}", sets.join(", "))
    }

    fn comp(&mut self) -> String {
        let aggregates: Vec<_> = FUNCTIONS.iter().filter(|one| one.kind.is_aggregate()).collect();
        let mut calls = Vec::new();
        let mut made = Vec::new();
        for _ in 0..=self.choices.below(3) {
            let one = aggregates[self.choices.below(aggregates.len())];
            let args = self.arguments(one.params);
            if self.choices.once_in(4) {
                calls.push(format!("{}({args})", one.name));
            } else {
                let name = self.new_name();
                calls.push(format!("{}({args}) as {name}", one.name));
                made.push((name, plain(one.result)));
            }
        }
        let mut text = format!("comp {}", calls.join(", "));
        if self.choices.once_in(2) {
            let (name, ty) = self.some_field();
            let _ = write!(text, " by {name}");
            made.push((name, ty));
        }
        text.push_str(self.choices.of(&["", "", "", " addrawdata = true as raw"]));
        self.fields = made;
        text
    }

    /// `fields`
    fn choose(&mut self) -> String {
        if self.choices.once_in(4) {
            let (name, _) = self.some_field();
            self.fields.retain(|(known, _)| *known != name);
            return format!("fields - {name}");
        }
        let (mut kept, mut texts) = (Vec::new(), Vec::new());
        for _ in 0..=self.choices.below(4) {
            let (name, ty) = self.some_field();
            if kept.iter().any(|(known, _)| *known == name) {
                continue;
            }
            texts.push(name.clone());
            kept.push((name, ty));
        }
        if self.choices.once_in(5) {
            return format!("fields {}, i*", texts.join(", "));
        }
        self.fields = kept;
        format!("fields {}", texts.join(", "))
    }

    fn bin(&mut self) -> String {
        match self.choices.below(3) {
            0 => {
                let zone =
                    self.choices.of(&["", " timeshift = 5", " timeshift = 1615353499 timezone = \"+08:00\""]);
                let span = self.choices.of(&["1h", "5m", "1d", "1w", "1mo", "1y", "7s", "250ms"]);
                format!("bin {} span = {span}{zone}", self.field(Type::Timestamp))
            }
            1 => format!(
                "bin {} span = {}",
                self.field(Type::Integer),
                self.choices.of(&["10", "1", "1000000"])
            ),
            _ => format!("bin {} bins = {}", self.field(Type::Float), self.choices.of(&["5", "1", "100000"])),
        }
    }

    fn join(&mut self) -> String {
        if self.depth >= DEEPEST {
            return "filter true".to_owned();
        }
        let kind = self.choices.of(&["", "type = left ", "type = right ", "type = inner "]);
        let conflict = self.choices.of(&["", "conflict_strategy = both ", "conflict_strategy = left "]);
        let (inner, key) = (self.inner(), self.any_field());
        let (op, own) = (self.choices.of(&["=", "=", "=", "<", "!=", ">="]), self.any_field());
        let more = if self.choices.once_in(4) {
            format!(" and {}", self.value(Type::Boolean))
        } else {
            String::new()
        };
        format!("join {kind}{conflict}({inner}) as j j.{key} {op} {own}{more}")
    }

    fn top(&mut self) -> String {
        let (field, count) = (self.any_field(), self.choices.of(&["", "3 ", "1 "]));
        let by = if self.choices.once_in(2) { format!(" by {}", self.any_field()) } else { String::new() };
        let names = self.choices.of(&["", " top_count as c", " top_count as c, top_percent as p"]);
        format!("top {count}{field}{by}{names}")
    }

    fn transaction(&mut self) -> String {
        let key = self.any_field();
        let how = match self.choices.below(4) {
            0 => String::new(),
            1 => " span = 1h".to_owned(),
            2 => " startswith = \"a\" endswith = \"b\"".to_owned(),
            _ => {
                let (start, end) = (self.value(Type::Boolean), self.value(Type::Boolean));
                format!(" startswith = {start} endswith = {end} allowunclosed = false")
            }
        };
        format!("transaction {key}{how}{}", self.choices.of(&["", " maxevents = 2"]))
    }

    fn windowcomp(&mut self) -> String {
        let windows: Vec<_> = FUNCTIONS
            .iter()
            .filter(|one| matches!(one.kind, Kind::Window | Kind::AggregateOrWindow))
            .collect();
        let one = windows[self.choices.below(windows.len())];
        let args = self.arguments(one.params);
        let mut text = format!("windowcomp {}({args})", one.name);
        if self.choices.once_in(2) {
            let _ = write!(text, " by {}", self.any_field());
        }
        if !self.choices.once_in(3) {
            let _ = write!(text, " sort {}", self.keys(true));
            let frames =
                ["", "", " between null and 0", " between -1 and 1", " between -2", " between 0 and null"];
            text.push_str(self.choices.of(&frames));
            text.push_str(self.choices.of(&["", "", " frame_type = range"]));
        }
        let name = self.new_name();
        let _ = write!(text, " as {name}");
        self.know(name, plain(one.result));
        text
    }

    fn view(&mut self) -> String {
        let graph = self.choices.of(&["line", "pie", "column", "single", "map"]);
        match self.choices.below(3) {
            0 => {
                format!("view graph type = {graph} xaxis = {} yaxis = {}", self.any_field(), self.any_field())
            }
            1 => format!("view highlight fields = {} values = \"x\"", self.any_field()),
            _ => "view column order = populated".to_owned(),
        }
    }

    fn keys(&mut self, ordered: bool) -> String {
        let keys = (0..=self.choices.below(2)).map(|_| {
            let direction = if ordered { self.choices.of(&["asc ", "desc "]) } else { "" };
            format!("{direction}{}", self.any_field())
        });
        keys.collect::<Vec<_>>().join(", ")
    }

    fn ty(&mut self) -> Type {
        let all = [
            Type::Text,
            Type::Integer,
            Type::Float,
            Type::Boolean,
            Type::Timestamp,
            Type::Array,
            Type::Json,
            Type::Address,
        ];
        all[self.choices.below(all.len())]
    }

    fn new_name(&mut self) -> String {
        self.choices.of(&["a", "c", "d", "e", "i", "s", "l", "`odd name`", "_time", "ip", "B"]).to_owned()
    }

    fn know(&mut self, name: String, ty: Type) {
        let lower = name.to_lowercase();
        self.fields.retain(|(known, _)| known.to_lowercase() != lower);
        self.fields.push((name, ty));
    }

    fn some_field(&mut self) -> (String, Type) {
        match self.fields.len() {
            0 => ("i".to_owned(), Type::Integer),
            count => self.fields[self.choices.below(count)].clone(),
        }
    }

    fn any_field(&mut self) -> String {
        self.some_field().0
    }

    /// A field of this type where there is one.
    fn field(&mut self, ty: Type) -> String {
        let fit: Vec<String> =
            self.fields.iter().filter(|(_, known)| fits(*known, ty)).map(|(name, _)| name.clone()).collect();
        match fit.len() {
            0 => self.any_field(),
            count => fit[self.choices.below(count)].clone(),
        }
    }

    fn value(&mut self, ty: Type) -> String {
        let ty = if self.choices.once_in(16) { self.ty() } else { ty };
        if self.depth >= DEEPEST {
            return self.leaf(ty);
        }
        self.depth += 1;
        let text = match self.choices.below(8) {
            0..=2 => self.leaf(ty),
            3 if matches!(ty, Type::Boolean | Type::Condition) => self.joined_truths(),
            3 | 4 if matches!(ty, Type::Boolean | Type::Condition) => self.comparison(),
            3 if matches!(ty, Type::Text | Type::Json | Type::Any) => self.arrow(),
            _ => self.call(ty),
        };
        self.depth -= 1;
        text
    }

    fn joined_truths(&mut self) -> String {
        let (left, right) = (self.value(Type::Boolean), self.value(Type::Boolean));
        match self.choices.below(3) {
            0 => format!("({left} and {right})"),
            1 => format!("({left} or {right})"),
            _ => format!("not ({left})"),
        }
    }

    fn comparison(&mut self) -> String {
        let ty = self.ty();
        let left = self.value(ty);
        match self.choices.below(10) {
            0..=3 => {
                let op = self.choices.of(&["=", "!=", "<", "<=", ">", ">="]);
                format!("{left} {op} {}", self.value(ty))
            }
            4 => format!("{left} {} null", self.choices.of(&["=", "!="])),
            5 => {
                let (not, one, two) = (self.choices.of(&["", "not "]), self.value(ty), self.value(ty));
                format!("{left} {not}in ({one}, {two})")
            }
            6 => format!("{left} {}contains {}", self.choices.of(&["", "not "]), self.value(Type::Text)),
            7 => {
                let pattern = self.choices.of(&[
                    "\"a\"",
                    "\"(?i)^a.*b$\"",
                    "\"(a|b)*c\"",
                    "\"\\d+\"",
                    "\"[\"",
                    "\"(?=a)\"",
                ]);
                format!("{left} {} {pattern}", self.choices.of(&["~=", "!~="]))
            }
            8 => {
                let address = self.value(Type::Address);
                let range = self.choices.of(&["\"10.0.0.0/8\"", "\"10.0.0.0/8, fc00::/7\"", "\"x\"", "ip"]);
                format!("{address} {} {range}", self.choices.of(&["incidr", "not incidr", "incidr6"]))
            }
            _ => format!("{left} in (dataset = u | fields {})", self.choices.of(&["i", "s", "note"])),
        }
    }

    fn arrow(&mut self) -> String {
        let path = self.choices.of(&["a", "a.b", "[0]", "a[]", "a{}", "[\"x.y\"]", "[1].b[0]", "[]"]);
        format!("{} -> {path}", self.field(Type::Text))
    }

    fn call(&mut self, ty: Type) -> String {
        let fit = |one: &&vedette_xql::functions::Function| {
            one.kind == Kind::Scalar && (fits(one.result, ty) || matches!(one.result, Type::Same | Type::Any))
        };
        let all: Vec<_> = FUNCTIONS.iter().filter(fit).collect();
        let Some(count) = all.len().checked_sub(1) else { return self.leaf(ty) };
        let low = self.choices.below(count + 1);
        let one = all[low];
        format!("{}({})", one.name, self.arguments(one.params))
    }

    fn arguments(&mut self, params: &[Param]) -> String {
        let mut args = Vec::new();
        for param in params {
            let times = match param.need {
                Need::Required => 1,
                Need::Optional => self.choices.below(2),
                Need::Repeated => self.choices.below(4),
            };
            args.extend((0..times).map(|_| self.value(param.ty)));
        }
        args.join(", ")
    }

    /// A field or a literal.
    fn leaf(&mut self, ty: Type) -> String {
        if self.choices.once_in(2) {
            return self.field(ty);
        }
        if self.choices.once_in(16) {
            return "null".to_owned();
        }
        let texts: &[&str] = match ty {
            Type::Integer | Type::Number => {
                &["1", "0", "-1", "42", "9223372036854775807", "-9223372036854775807", "4294967296"]
            }
            Type::Float => &["1.5", "0.0", "-2.5", "1e300", "0.1"],
            Type::Boolean => &["true", "false"],
            Type::Condition => {
                &["\"@element\" = \"a\"", "lowercase(\"@element\")", "\"@element\" in (\"a\", \"b\")", "true"]
            }
            Type::Timestamp => &[
                "current_time()",
                "to_timestamp(0)",
                "parse_timestamp(\"%Y-%m-%d\", \"2026-01-31\")",
                "to_timestamp(-99999999999999, \"MILLIS\")",
            ],
            Type::Array => &[
                "arraycreate(\"a\", \"b\")",
                "arraycreate()",
                "arraycreate(1, 2, 3)",
                "split(\"a,b\", \",\")",
            ],
            Type::Json => &[r#""{\"a\":{\"b\":[1,\"x\"]}}""#, "\"[1,2]\"", "\"no json\"", "\"\""],
            Type::Address => &["\"10.0.0.1\"", "\"fc00::1\"", "\"999.1.1.1\"", "\"\""],
            Type::Cidr => &["\"10.0.0.0/8\"", "\"10.0.0.0/8, 192.168.0.0/16\"", "\"10.0.0.0/99\""],
            Type::Pattern => {
                &["\"a\"", "\"(?i)^a.*b$\"", "\"([a-z])\"", "\"(?P<k>\\d+)\"", "\"[\"", "\"(x)(y)?\"", "\"\""]
            }
            Type::Format => &["\"%Y-%m-%d %H:%M:%S\"", "\"%E3S %Ez\"", "\"%\"", "\"%Q\""],
            Type::Choice(words) => return format!("\"{}\"", self.choices.of(words)),
            Type::Text | Type::Any | Type::Same => &[
                "\"a\"",
                "\"\"",
                "\"A*b\"",
                "\"$.a\"",
                "\"%s\"",
                "\"\"\"\\t\"\"\"",
                "\"ä😀\"",
                "\"\\d\"",
                "\"UTC\"",
            ],
        };
        self.choices.of(texts).to_owned()
    }
}

/// Whether a value of one type can stand where the other is wanted.
fn fits(known: Type, wanted: Type) -> bool {
    let class = |ty| match ty {
        Type::Integer | Type::Float | Type::Number => 1,
        Type::Boolean | Type::Condition => 2,
        Type::Timestamp => 3,
        Type::Array => 4,
        Type::Any | Type::Same => 0,
        _ => 5,
    };
    class(wanted) == 0 || class(known) == class(wanted)
}

/// The type of a result as a field of it has it.
fn plain(ty: Type) -> Type {
    match ty {
        Type::Same | Type::Any => Type::Integer,
        other => other,
    }
}
