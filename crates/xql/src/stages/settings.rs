//! The `word = value` settings of the stages: for completion, hover and the manual. What a stage really
//! reads is said in its own file; a test holds the two together.

/// One setting of a stage.
#[derive(Clone, Copy, Debug)]
pub struct StageSetting {
    pub name: &'static str,
    /// What may stand behind `=`, or examples of it where the choice is endless.
    pub values: &'static [&'static str],
    pub doc: &'static str,
}

const fn set(name: &'static str, values: &'static [&'static str], doc: &'static str) -> StageSetting {
    StageSetting { name, values, doc }
}

const YES_NO: &[&str] = &["true", "false"];
const SPANS: &[&str] = &["1m", "5m", "1h", "1d", "1w"];

const CONFIG: &[StageSetting] = &[
    set("case_sensitive", YES_NO, "Do upper and lower case count in comparisons? Not unless this says so."),
    set(
        "timeframe",
        &["1h", "24h", "7d", "30d"],
        "The rows that are read: of the last so much time, or between two times.",
    ),
    set("max_runtime_minutes", &["60"], "The longest the query may run."),
];

const JOIN: &[StageSetting] = &[
    set(
        "type",
        &["inner", "left", "right"],
        "Rows without a partner: dropped (inner), or kept of the outer (left) or inner (right) query.",
    ),
    set(
        "conflict_strategy",
        &["both", "left", "right"],
        "Which column stays when both sides have one of a name.",
    ),
];

const BIN: &[StageSetting] = &[
    set("span", SPANS, "Length of a bucket of times."),
    set("bins", &["10", "100", "1000"], "Width of a bucket of numbers."),
    set("timeshift", &["1615353499"], "A moment, in seconds since 1970, at which a bucket begins."),
    set("timezone", &["\"UTC\"", "\"+02:00\"", "\"Europe/Berlin\""], "Whose days, weeks, months and years."),
];

const COMP: &[StageSetting] =
    &[set("addrawdata", YES_NO, "Adds an array of the rows behind each group, as JSON.")];

const IPLOC: &[StageSetting] = &[set("suffix", &["_source", "_target"], "What the columns' names end in.")];

const TARGET: &[StageSetting] = &[
    set("type", &["dataset", "lookup"], "What is made of the rows."),
    set("append", YES_NO, "Do the rows join what is there, or take its place?"),
];

const TRANSACTION: &[StageSetting] = &[
    set("span", SPANS, "Events of one bucket of this length belong together."),
    set("startswith", &[], "The condition or text of the event that begins one."),
    set("endswith", &[], "The condition or text of the event that ends one."),
    set("allowunclosed", YES_NO, "Do transactions count that nothing has ended?"),
    set("maxevents", &["100"], "Most events of one transaction."),
    set("timeshift", &["1615353499"], "A moment, in seconds since 1970, at which a bucket begins."),
    set("timezone", &["\"UTC\"", "\"+02:00\""], "Whose days, weeks, months and years."),
];

const VIEW: &[StageSetting] = &[
    set("type", &super::view::GRAPHS, "The kind of graph."),
    set(
        "subtype",
        &["grouped", "stacked", "full", "standard", "radial"],
        "How the graph shows several series.",
    ),
    set("layout", &["horizontal", "vertical"], "Which way bars go."),
    set("header", &[], "The title."),
    set("xaxis", &[], "The field along the x axis."),
    set("yaxis", &[], "The fields along the y axis."),
    set("series", &[], "The field whose values are series of their own."),
    set("fields", &[], "The fields that are marked."),
    set("values", &[], "The values that are marked."),
    set("order", &["default", "populated"], "The order of the columns."),
];

const WINDOWCOMP: &[StageSetting] =
    &[set("frame_type", &["rows", "range"], "Are bounds numbers of rows, or distances of the sort key?")];

/// The settings of a stage.
pub fn of(stage: &str) -> &'static [StageSetting] {
    match stage.to_ascii_lowercase().as_str() {
        "config" => CONFIG,
        "join" => JOIN,
        "bin" => BIN,
        "comp" => COMP,
        "iploc" => IPLOC,
        "target" => TARGET,
        "transaction" => TRANSACTION,
        "view" => VIEW,
        "windowcomp" => WINDOWCOMP,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::parse;

    /// A query with the setting, around it what its stage needs.
    fn query(stage: &str, setting: &str, value: &str) -> Option<String> {
        let pipe = |rest: String| Some(format!("dataset = a | {rest}"));
        match (stage, setting) {
            ("config", _) => Some(format!("config {setting} = {value} | dataset = a")),
            ("join", _) => pipe(format!("join {setting} = {value} (dataset = b) as b b.x = x")),
            ("bin" | "transaction", "timeshift" | "timezone") => {
                pipe(format!("{stage} x span = 1d timeshift = 1 {setting} = {value}"))
                    .filter(|_| setting != "timeshift")
            }
            ("bin" | "transaction", _) => pipe(format!("{stage} x {setting} = {value}")),
            ("comp", _) => pipe(format!("comp count() as n by x {setting} = {value} as raw")),
            ("iploc", _) => pipe(format!("iploc x {setting} = {value}")),
            ("target", "type") => pipe(format!("target {setting} = {value} t")),
            ("target", _) => pipe(format!("target type = dataset {setting} = {value} t")),
            ("windowcomp", _) => {
                pipe(format!("windowcomp sum(x) sort asc x between null and 0 {setting} = {value}"))
            }
            ("view", "type") => pipe(format!("view graph {setting} = {value} xaxis = x yaxis = y")),
            ("view", "order") => pipe(format!("view column {setting} = {value}")),
            ("view", "subtype" | "layout") => {
                pipe(format!("view graph type = column {setting} = {value} xaxis = x yaxis = y"))
            }
            _ => None,
        }
    }

    #[test]
    fn every_value_is_one_the_stage_reads() {
        let mut tried = 0;
        for stage in crate::stages::STAGES {
            for setting in of(stage.name) {
                assert!(!setting.doc.is_empty());
                for value in setting.values {
                    let Some(query) = query(stage.name, setting.name, value) else { continue };
                    let found = parse(&query);
                    assert!(found.diagnostics.is_empty(), "{query}: {:?}", found.diagnostics);
                    tried += 1;
                }
            }
        }
        assert!(tried > 40, "{tried}");
    }
}
