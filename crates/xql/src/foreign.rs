//! Habits from other languages (SPL, KQL, SQL): the words people type, and what XQL has instead. Only
//! names and advice are here; nothing of those languages is understood.

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::parser::Parser;
use crate::stages;
use crate::syntax::SyntaxKind::{self, *};

/// A stage of another language.
struct ForeignStage {
    word: &'static str,
    help: &'static str,
    /// The XQL stage whose form is near enough to read the rest with, so that its mistakes show too.
    read_as: Option<&'static str>,
}

const fn row(word: &'static str, help: &'static str, read_as: Option<&'static str>) -> ForeignStage {
    ForeignStage { word, help, read_as }
}

const STAGES: &[ForeignStage] = &[
    row("where", "use filter: | filter field = \"value\"", Some("filter")),
    row("having", "use filter after comp: | filter n > 10", Some("filter")),
    row("stats", "use comp: | comp count() as n by field", Some("comp")),
    row("eventstats", "use windowcomp: | windowcomp count() by field as n", None),
    row("streamstats", "use windowcomp: | windowcomp sum(field) by key sort asc _time as running", None),
    row("summarize", "use comp: | comp count() as n by field", Some("comp")),
    row("aggregate", "use comp: | comp count() as n by field", Some("comp")),
    row("eval", "use alter: | alter field = value", Some("alter")),
    row("extend", "use alter: | alter field = value", Some("alter")),
    row("let", "use alter: | alter field = value", None),
    row("rename", "use fields: | fields old as new, other (it keeps only the fields listed)", None),
    row("drop", "use fields with a minus: | fields - field", None),
    row("project", "use fields: | fields a, b as c", None),
    row("table", "use fields: | fields a, b", Some("fields")),
    row("select", "use fields: dataset = name | filter … | fields a, b", None),
    row("from", "begin with the dataset: dataset = name | …", None),
    row("index", "begin with the dataset: dataset = name | …", None),
    row("source", "begin with the dataset: dataset = name | …", None),
    row("sourcetype", "begin with the dataset: dataset = name | …", None),
    row("take", "use limit: | limit 100", Some("limit")),
    row("head", "use limit: | limit 100", Some("limit")),
    row("tail", "use sort, then limit: | sort desc _time | limit 100", None),
    row("order", "use sort: | sort desc field", None),
    row("group", "grouping is a part of comp: | comp count() as n by field", None),
    row("distinct", "use dedup: | dedup field", Some("dedup")),
    row("uniq", "use dedup: | dedup field", None),
    row("count", "use comp: | comp count() as n", None),
    row("rare", "use comp, sort and limit: | comp count() as n by field | sort asc n | limit 10", None),
    row("timechart", "use bin and comp: | bin _time span = 1h | comp count() as n by _time", None),
    row("chart", "use comp, then view graph", None),
    row("render", "use view: | view graph type = line xaxis = _time yaxis = n", None),
    row("mvexpand", "use arrayexpand: | arrayexpand field", None),
    row("mv-expand", "use arrayexpand: | arrayexpand field", None),
    row("rex", "use alter with regextract: | alter x = arrayindex(regextract(field, \"…\"), 0)", None),
    row("regex", "use filter with ~=: | filter field ~= \"…\"", None),
    row("parse", "use alter with regextract or json_extract_scalar", None),
    row("spath", "use alter with ->: | alter x = field -> key", None),
    row("fillnull", "use replacenull: | replacenull field = \"…\"", None),
    row("lookup", "use join: | join type = left (dataset = name) as l l.key = key", None),
    row("append", "use union: | union (dataset = name | …)", None),
    row("iplocation", "use iploc: | iploc field", None),
    row("inputlookup", "begin with the lookup as a dataset: dataset = name | …", None),
    row("outputlookup", "use target: | target type = lookup name", None),
];

fn find(word: &str) -> Option<&'static ForeignStage> {
    STAGES.iter().find(|row| row.word.eq_ignore_ascii_case(word))
}

pub(crate) fn is_stage(word: &str) -> bool {
    find(word).is_some()
}

/// Takes a stage of another language, if the cursor stands on one, and says what XQL has instead.
pub(crate) fn stage(p: &mut Parser) -> bool {
    let Some(foreign) = p.at(Ident).then(|| find(p.nth_text(0))).flatten() else { return false };
    let word = p.nth_text(0).to_lowercase();
    let second = p.nth_text(1).eq_ignore_ascii_case("by") && matches!(foreign.word, "order" | "group");
    let shown = if second { format!("{word} by") } else { word };
    let message = format!("XQL has no stage `{shown}`");
    let mut diagnostic = Diagnostic::error(codes::FOREIGN_STAGE, p.span(), message).with_help(foreign.help);
    if let Some(name) = foreign.read_as {
        diagnostic = diagnostic.with_replacement(name);
    }
    p.report(diagnostic);
    let grammar = foreign.read_as.and_then(stages::find).map(|info| {
        p.stage_form = Some(info.form);
        info.grammar
    });
    match grammar {
        Some(grammar) => {
            p.start(Stage);
            p.bump();
            grammar(p);
        }
        None => {
            p.start(OpaqueStage);
            p.bump();
            p.take_opaque();
        }
    }
    p.finish();
    true
}

/// Operators written as words; the cursor stands `n` tokens before.
pub(crate) fn operator(p: &Parser, n: usize) -> Option<&'static str> {
    if p.nth(n) != Ident {
        return None;
    }
    let word = p.nth_text(n);
    let row = OPERATORS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word))?;
    // A field may have such a name: then no value follows it.
    let follows =
        matches!(p.nth(n + 1), Str | TripleStr | StrBackslash | ForeignStr | Ident | Int | Float | LParen);
    follows.then_some(row.1)
}

/// Every stage of another language that has advice.
pub(crate) fn stage_words() -> impl Iterator<Item = &'static str> {
    STAGES.iter().map(|row| row.word)
}

/// What to write instead of a stage of another language, and the stage of XQL that reads the same.
pub(crate) fn stage_advice(word: &str) -> Option<(&'static str, Option<&'static str>)> {
    STAGES.iter().find(|row| row.word == word).map(|row| (row.help, row.read_as))
}

/// Every function of another language that has advice.
pub(crate) fn function_words() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|(name, _)| *name)
}

const OPERATORS: &[(&str, &str)] = &[
    ("like", "use a wildcard: field = \"abc*\", or a regular expression: field ~= \"^abc\""),
    ("ilike", "use a wildcard: field = \"abc*\" (upper and lower case count as the same by default)"),
    ("rlike", "use a regular expression: field ~= \"^abc\""),
    ("regexp", "use a regular expression: field ~= \"^abc\""),
    ("matches", "use a regular expression: field ~= \"^abc\""),
    ("startswith", "use a wildcard at the end: field = \"abc*\""),
    ("endswith", "use a wildcard at the start: field = \"*abc\""),
    ("has", "use contains: field contains \"abc\""),
    ("has_any", "use a list with wildcards: field in (\"*a*\", \"*b*\")"),
    ("between", "write two comparisons: field >= a and field <= b"),
    ("eq", "write `=`"),
    ("equals", "write `=`"),
    ("ne", "write `!=`"),
    ("gt", "write `>`"),
    ("gte", "write `>=`"),
    ("lt", "write `<`"),
    ("lte", "write `<=`"),
    ("is", "write field = null or field != null"),
    ("mod", "use the function: mod(a, b)"),
];

/// Operators written as signs: what to do, and what to write.
pub(crate) fn symbol(kind: SyntaxKind) -> Option<(&'static str, &'static str)> {
    match kind {
        EqEq => Some(("write a single `=`", "=")),
        LtGt => Some(("write `!=`", "!=")),
        EqTilde => Some(("write `~=` for a regular expression, `=` for equality in any case", "~=")),
        _ => None,
    }
}

/// Functions of other languages.
pub(crate) fn function(name: &str) -> Option<&'static str> {
    FUNCTIONS.iter().find(|(foreign, _)| *foreign == name).map(|(_, help)| *help)
}

/// The function of XQL that takes the same arguments.
pub(crate) fn same_function(name: &str) -> Option<&'static str> {
    SAME_FUNCTIONS.iter().find(|(foreign, _)| *foreign == name).map(|(_, own)| *own)
}

const SAME_FUNCTIONS: &[(&str, &str)] = &[
    ("ifnull", "coalesce"),
    ("nvl", "coalesce"),
    ("case", "if"),
    ("iff", "if"),
    ("iif", "if"),
    ("strlen", "len"),
    ("lower", "lowercase"),
    ("tolower", "lowercase"),
    ("upper", "uppercase"),
    ("toupper", "uppercase"),
    ("tostring", "to_string"),
    ("toint", "to_integer"),
    ("tolong", "to_integer"),
    ("tonumber", "to_number"),
    ("todouble", "to_float"),
    ("now", "current_time"),
    ("getdate", "current_time"),
    ("strcat", "concat"),
    ("cnt", "count"),
    ("dc", "count_distinct"),
    ("dcount", "count_distinct"),
    ("distinct_count", "count_distinct"),
    ("makeset", "values"),
    ("make_set", "values"),
    ("array_agg", "values"),
    ("mean", "avg"),
    ("average", "avg"),
    ("stdev", "stddev_sample"),
    ("stddev", "stddev_sample"),
    ("variance", "var"),
    ("prev", "lag"),
    ("regexp_extract", "regextract"),
    ("regex_replace", "replex"),
    ("ceiling", "ceil"),
    ("ip_in_int", "int_to_ip"),
    ("mvcount", "array_length"),
    ("mvindex", "arrayindex"),
    ("mvjoin", "arraystring"),
];

const FUNCTIONS: &[(&str, &str)] = &[
    ("isnull", "write field = null"),
    ("is_null", "write field = null"),
    ("isempty", "write field = null or field = \"\""),
    ("isnotnull", "write field != null"),
    ("isnotempty", "write field != null and field != \"\""),
    ("bin", "bin is a stage: | bin _time span = 5m"),
    ("ifnull", "use coalesce(a, b)"),
    ("nvl", "use coalesce(a, b)"),
    ("case", "use if(condition, value, condition, value, default)"),
    ("iff", "use if(condition, value, default)"),
    ("iif", "use if(condition, value, default)"),
    ("length", "use len(text), or array_length(array)"),
    ("strlen", "use len(text)"),
    ("lower", "use lowercase(text)"),
    ("tolower", "use lowercase(text)"),
    ("upper", "use uppercase(text)"),
    ("toupper", "use uppercase(text)"),
    ("tostring", "use to_string(value)"),
    ("toint", "use to_integer(value)"),
    ("tolong", "use to_integer(value)"),
    ("tonumber", "use to_number(value)"),
    ("todouble", "use to_float(value)"),
    ("cast", "use to_string, to_integer, to_float or to_timestamp"),
    ("substr", "use regextract with a group: arrayindex(regextract(text, \"^.{0,10}\"), 0)"),
    ("substring", "use regextract with a group: arrayindex(regextract(text, \"^.{0,10}\"), 0)"),
    ("now", "use current_time()"),
    ("getdate", "use current_time()"),
    ("ago", "use to_timestamp(subtract(to_epoch(current_time()), 3600), \"SECONDS\")"),
    ("strftime", "use format_timestamp(\"%Y-%m-%d\", _time)"),
    ("strptime", "use parse_timestamp(\"%Y-%m-%d\", text)"),
    ("date_format", "use format_timestamp(\"%Y-%m-%d\", _time)"),
    ("datediff", "use timestamp_diff(later, earlier, \"DAY\")"),
    ("strcat", "use concat(a, b)"),
    ("cidrmatch", "use incidr(address, \"10.0.0.0/8\")"),
    ("ipv4_is_in_range", "use incidr(address, \"10.0.0.0/8\")"),
    ("ipv4_is_private", "use is_known_private_ipv4(address)"),
    ("cnt", "use count()"),
    ("dc", "use count_distinct(field)"),
    ("dcount", "use count_distinct(field)"),
    ("distinct_count", "use count_distinct(field)"),
    ("countif", "use sum(if(condition, 1, 0))"),
    ("count_if", "use sum(if(condition, 1, 0))"),
    ("sumif", "use sum(if(condition, value, 0))"),
    ("makeset", "use values(field)"),
    ("make_set", "use values(field)"),
    ("array_agg", "use values(field), or list(field) to keep duplicates"),
    ("collect", "use values(field), or list(field) to keep duplicates"),
    ("mean", "use avg(field)"),
    ("average", "use avg(field)"),
    ("stdev", "use stddev_sample(field)"),
    ("stddev", "use stddev_sample(field), or stddev_population(field)"),
    ("variance", "use var(field)"),
    ("percentile", "use approx_quantiles: arrayindex(approx_quantiles(field, 100), 95)"),
    ("perc95", "use approx_quantiles: arrayindex(approx_quantiles(field, 100), 95)"),
    ("approx_percentile", "use approx_quantiles: arrayindex(approx_quantiles(field, 100), 95)"),
    ("quantile", "use approx_quantiles: arrayindex(approx_quantiles(field, 100), 95)"),
    ("lead", "use lag with the opposite order: windowcomp lag(field) by key sort desc _time as next"),
    ("next", "use lag with the opposite order: windowcomp lag(field) by key sort desc _time as next"),
    ("prev", "use lag: windowcomp lag(field) by key sort asc _time as before"),
    ("ntile", "use row_number() and divide by the number of rows"),
    (
        "timestamp",
        "use parse_timestamp(\"%Y-%m-%dT%H:%M:%SZ\", text), or write the time as a text: _time >= \"2026-01-31T00:00:00Z\"",
    ),
    (
        "datetime",
        "use parse_timestamp(\"%Y-%m-%dT%H:%M:%SZ\", text), or write the time as a text: _time >= \"2026-01-31T00:00:00Z\"",
    ),
    ("arg_max", "use latest(field), or sort and dedup"),
    ("contains", "contains stands between: field contains \"text\""),
    ("startswith", "use a wildcard at the end: field = \"abc*\""),
    ("endswith", "use a wildcard at the start: field = \"*abc\""),
    ("like", "use a wildcard: field = \"abc*\""),
    ("match", "use a regular expression: field ~= \"^abc\""),
    ("regexp_extract", "use regextract(text, \"…\")"),
    ("regex_replace", "use replex(text, \"…\", \"new\")"),
    ("ceiling", "use ceil(x)"),
    ("ip_in_int", "use int_to_ip(number)"),
    ("duration", "take seconds away: to_timestamp(subtract(to_epoch(current_time()), 86400), \"SECONDS\")"),
    ("interval", "take seconds away: to_timestamp(subtract(to_epoch(current_time()), 86400), \"SECONDS\")"),
    ("timestamp_sub", "count in seconds: to_timestamp(subtract(to_epoch(_time), 86400), \"SECONDS\")"),
    ("timestamp_add", "count in seconds: to_timestamp(add(to_epoch(_time), 86400), \"SECONDS\")"),
    ("date_sub", "count in seconds: to_timestamp(subtract(to_epoch(_time), 86400), \"SECONDS\")"),
    ("date_add", "count in seconds: to_timestamp(add(to_epoch(_time), 86400), \"SECONDS\")"),
    ("dateadd", "count in seconds: to_timestamp(add(to_epoch(_time), 86400), \"SECONDS\")"),
    ("relative_time", "count in seconds: to_timestamp(subtract(to_epoch(_time), 86400), \"SECONDS\")"),
    ("date_diff", "use timestamp_diff(later, earlier, \"DAY\")"),
    ("arraylast", "use a negative index: arrayindex(array, -1)"),
    ("array_last", "use a negative index: arrayindex(array, -1)"),
    ("arrayfirst", "use arrayindex(array, 0)"),
    ("array_contains", "write: array contains \"value\", or array_any(array, \"@element\" = \"value\")"),
    ("arraycontains", "write: array contains \"value\", or array_any(array, \"@element\" = \"value\")"),
    ("array_join", "use arraystring(array, \", \")"),
    ("mvfilter", "use arrayfilter(array, \"@element\" = \"value\")"),
    ("split_part", "use arrayindex(split(text, \",\"), 0)"),
    ("concat_ws", "use arraystring(arraycreate(a, b), \", \")"),
    ("left", "use regextract: arrayindex(regextract(text, \"^.{0,10}\"), 0)"),
    ("right", "use regextract: arrayindex(regextract(text, \".{0,10}$\"), 0)"),
    ("mvcount", "use array_length(array)"),
    ("mvindex", "use arrayindex(array, 0)"),
    ("mvjoin", "use arraystring(array, \", \")"),
    ("parse_json", "use json_extract_scalar(text, \"$.key\"), or text -> key"),
    ("spath", "use json_extract_scalar(text, \"$.key\"), or text -> key"),
];
