//! Completion, hover and classes of tokens. A `^` in a text is the cursor.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;
use std::time::{Duration, Instant};
use vedette_xql::assist::{Completions, ItemKind, TokenClass, complete, highlight, hover};
use vedette_xql::{Catalog, CatalogDataset, CatalogField, CatalogPreset};

fn catalog() -> Catalog {
    let dataset = |name: &str, fields: &[(&str, &str)], model: &[&str]| CatalogDataset {
        name: name.to_owned(),
        doc: format!("The rows of {name}."),
        fields: fields
            .iter()
            .map(|(name, ty)| CatalogField {
                name: (*name).to_owned(),
                ty: (*ty).to_owned(),
                doc: format!("What {name} is."),
            })
            .collect(),
        model: model.iter().map(|name| (*name).to_owned()).collect(),
    };
    let times = [("_time", "timestamp")];
    let with_time = |fields: &[(&'static str, &'static str)]| [&times[..], fields].concat();
    Catalog {
        datasets: vec![
            dataset(
                "xdr_data",
                &with_time(&[("source_ip", "string"), ("target_port", "integer"), ("event_type", "string")]),
                &["xdm.source.ipv4", "xdm.target.port"],
            ),
            dataset("alerts", &with_time(&[("alert_name", "string"), ("severity", "string")]), &[]),
            dataset(
                "panw_ngfw_traffic_raw",
                &with_time(&[("bytes", "integer"), ("odd name", "string")]),
                &[],
            ),
        ],
        presets: vec![CatalogPreset { name: "xdr_process".to_owned(), dataset: "xdr_data".to_owned() }],
        aliases: vec!["ip".to_owned()],
        fieldsets: vec!["xdm_network".to_owned()],
        library: vec!["Scans of the day".to_owned()],
    }
}

fn at(marked: &str) -> (String, Completions) {
    let offset = marked.find('^').unwrap();
    let text = marked.replacen('^', "", 1);
    let found = complete(&text, offset, &catalog());
    (text, found)
}

fn labels(marked: &str) -> Vec<String> {
    at(marked).1.items.into_iter().map(|item| item.label).collect()
}

/// All of these are offered, and none of those.
fn offers(marked: &str, these: &[&str], not_those: &[&str]) {
    let labels = labels(marked);
    let has = |name: &&&str| labels.iter().any(|label| label == **name);
    let missing: Vec<_> = these.iter().filter(|name| !has(name)).collect();
    let wrong: Vec<_> = not_those.iter().filter(has).collect();
    assert!(
        missing.is_empty() && wrong.is_empty(),
        "{marked}: lacks {missing:?}, has {wrong:?} in {labels:?}"
    );
}

#[test]
fn stages_where_a_stage_begins() {
    offers("^", &["dataset", "config", "preset", "filter", "search"], &["source_ip"]);
    offers("dataset = xdr_data | ^", &["filter", "comp", "windowcomp", "view"], &["dataset", "config"]);
    offers("dataset = xdr_data | fil^", &["filter"], &["comp"]);
    offers("config timeframe = 1d | ^", &["dataset", "alter"], &[]);
    offers("dataset = a | filter x in (^", &["dataset", "search"], &["alter"]);
    offers("dataset = a | join type = left (^", &["dataset", "preset"], &["alter"]);
    offers("dataset = a | filter x in (dataset = alerts | ^", &["fields"], &["dataset"]);
    // What follows the cursor does not matter.
    offers("dataset = xdr_data | ^ | limit 5", &["filter"], &[]);
}

#[test]
fn datasets_where_a_source_is_named() {
    offers("dataset = ^", &["xdr_data", "alerts"], &["filter"]);
    offers("dataset = ale^", &["alerts"], &["xdr_data"]);
    offers("dataset in (xdr_data, ^", &["alerts"], &[]);
    offers("dataset = \"al^", &["alerts"], &["xdr_data"]);
    offers("preset = ^", &["xdr_process"], &["alerts"]);
    offers("datamodel ^", &["dataset"], &[]);
    offers("datamodel dataset = ^", &["xdr_data"], &[]);
    offers("dataset = xdr_data | union ^", &["alerts"], &[]);
    offers("dataset = xdr_data | filter a in (dataset = ^", &["alerts"], &[]);
    offers("search \"x\" ^", &["dataset"], &[]);
    offers("call \"^", &["Scans of the day"], &[]);
}

#[test]
fn fields_follow_the_stages() {
    offers("dataset = alerts | filter ^", &["severity", "_time"], &["source_ip"]);
    offers("filter ^", &["source_ip"], &["severity"]);
    offers("dataset = alerts | alter n = 1 | filter ^", &["n", "severity"], &[]);
    offers(
        "dataset = alerts | comp count() as n by severity | filter ^",
        &["n", "severity"],
        &["alert_name", "_time"],
    );
    offers("dataset = alerts | comp count(), count() | filter ^", &["count_1", "count_2"], &["severity"]);
    offers(
        "dataset = alerts | fields severity as s | sort asc ^",
        &["s", "_time"],
        &["severity", "alert_name"],
    );
    offers("dataset = alerts | fields - severity | filter ^", &["alert_name", "_time"], &["severity"]);
    offers("dataset = alerts | fields al* | filter ^", &["alert_name"], &["severity"]);
    offers("dataset = panw* | dedup ^", &["bytes"], &["severity"]);
    offers("dataset in (alerts, xdr_data) | filter ^", &["severity", "source_ip", "_dataset"], &[]);
    offers(
        "datamodel dataset = xdr_data | filter ^",
        &["xdm.source.ipv4", "xdr_data.source_ip"],
        &["source_ip"],
    );
    offers("dataset = alerts | union xdr_data | filter ^", &["severity", "source_ip"], &[]);
    offers("dataset = alerts | top 5 severity | filter ^", &["top_count", "severity"], &["alert_name"]);
    offers("dataset = alerts | iploc x suffix = _s | filter ^", &["loc_country_s"], &["loc_country"]);
    offers(
        "dataset = alerts | windowcomp rank() sort asc _time as place | filter ^",
        &["place", "severity"],
        &[],
    );
    // A stage with a mistake changes nothing; those before it still count.
    offers("dataset = alerts | alter n = 1 | alter m == | filter ^", &["n", "severity"], &[]);
    offers("dataset = unknown_one | alter n = 1 | filter ^", &["n"], &["source_ip"]);
}

#[test]
fn a_join_offers_both_sides() {
    let join = "dataset = xdr_data | join (dataset = alerts | fields alert_name) as a ";
    offers(&format!("{join}^"), &["a.alert_name", "source_ip"], &["a.severity"]);
    offers(&format!("{join}a.^"), &["a.alert_name"], &["source_ip"]);
    offers(
        &format!("{join}a.alert_name = event_type | filter ^"),
        &["alert_name", "source_ip"],
        &["severity"],
    );
    offers("dataset = xdr_data | join ^", &["type", "conflict_strategy"], &[]);
    offers("dataset = xdr_data | join conflict_strategy = ^", &["both", "left", "right"], &["inner"]);
    offers(
        "dataset = xdr_data | join type = left (dataset = alerts | filter ^",
        &["severity"],
        &["source_ip"],
    );
}

#[test]
fn values_and_operators_take_turns() {
    offers("filter ^", &["lowercase", "null", "not", "ENUM."], &["contains", "count_distinct"]);
    offers("filter source_ip ^", &["contains", "not in", "incidr", "and"], &["lowercase", "source_ip"]);
    offers("filter source_ip = ^", &["event_type", "concat"], &["contains"]);
    offers("filter source_ip = \"x\" and ^", &["event_type"], &["contains"]);
    offers("filter event_type = ENUM.^", &["ENUM.PROCESS", "ENUM.FILE"], &["source_ip"]);
    offers("filter XDM_ALIAS.^", &["XDM_ALIAS.ip"], &[]);
    offers("alter x = ^", &["source_ip", "if"], &["sum"]);
    offers("alter ^", &["source_ip"], &["if"]);
    offers("alter x = 1, ^", &["source_ip"], &["if"]);
    offers("alter x = concat(source_ip, ^", &["event_type", "to_string"], &["contains"]);
    offers("alter x = extract_time(_time, ^", &["\"HOUR\""], &["source_ip"]);
    offers("alter x = extract_time(_time, \"^", &["HOUR", "DAYOFWEEK"], &["source_ip"]);
    offers("alter x = arrayfilter(split(event_type), ^", &["@element"], &[]);
    assert_eq!(labels("alter x = source_ip -> ^"), Vec::<String>::new());
}

#[test]
fn stages_offer_their_own_words() {
    offers("comp ^", &["count", "values"], &["lowercase", "lag"]);
    offers("comp sum(^", &["target_port", "if"], &["count"]);
    offers("comp count() ^", &["as", "by"], &["count"]);
    offers("comp count() as n by ^", &["source_ip"], &["count"]);
    offers("comp count() as n by source_ip ^", &["addrawdata"], &[]);
    offers("comp count() by source_ip addrawdata = ^", &["true", "false"], &[]);
    offers("sort ^", &["asc", "desc"], &["source_ip"]);
    offers("sort desc ^", &["source_ip"], &["asc"]);
    offers("sort desc source_ip, ^", &["asc"], &[]);
    offers("dedup source_ip ^", &["by"], &[]);
    offers("dedup source_ip by ^", &["asc", "desc"], &["source_ip"]);
    offers("windowcomp ^", &["lag", "row_number", "sum"], &["values"]);
    offers("windowcomp lag(source_ip) ^", &["by", "sort", "between", "frame_type"], &[]);
    offers("windowcomp lag(source_ip) sort ^", &["asc", "source_ip"], &[]);
    offers("config ^", &["timeframe", "case_sensitive"], &["source_ip"]);
    offers("config case_sensitive = ^", &["true", "false"], &[]);
    offers("config timeframe ^", &["between"], &[]);
    offers("bin _time ^", &["span", "timezone"], &[]);
    offers("bin _time span = ^", &["1h"], &[]);
    offers("target ^", &["type", "append"], &[]);
    offers("target type = ^", &["dataset", "lookup"], &[]);
    offers("transaction source_ip startswith = ^", &["event_type"], &[]);
    offers("transaction source_ip startswith = (event_type = \"a\") ^", &["endswith"], &[]);
    offers("view ^", &["graph"], &[]);
    offers("view graph type = ^", &["pie", "line"], &["source_ip"]);
    offers("view graph type = pie xaxis = ^", &["source_ip"], &[]);
    offers("fields ^", &["source_ip", "fieldset.xdm_network"], &["as"]);
    offers("tag ^", &["add"], &[]);
    offers("iploc source_ip ^", &["loc_country", "suffix"], &[]);
    offers("top 5 ^", &["source_ip"], &[]);
}

#[test]
fn nothing_where_nothing_can_be_known() {
    for text in [
        "filter a = \"x^",
        "// filter ^",
        "/* filter ^",
        "filter /* a ^",
        "alter a as ^",
        "filter $pa^",
        "limit ^",
        "nonsense ^",
        "filter a = \"\"\"x\n y ^",
    ] {
        assert_eq!(labels(text), Vec::<String>::new(), "{text}");
    }
    offers("/* a */ ^", &["dataset"], &[]);
    offers("// a\n^", &["dataset"], &[]);
    offers("filter source_ip = \"a // b\" and ^", &["event_type"], &[]);
}

#[test]
fn the_word_being_typed_is_replaced() {
    let (text, found) = at("datamodel dataset = xdr_data | filter xdm.sou^rce = 1");
    assert_eq!(&text[found.span.start as usize..found.span.end as usize], "xdm.sou");
    assert_eq!(found.items[0].label, "xdm.source.ipv4");
    let (_, found) = at("dataset = alerts | filter s^");
    assert_eq!((found.items[0].label.as_str(), found.items[0].kind), ("severity", ItemKind::Field));
    assert!(found.items[0].doc.contains("alerts"), "{:?}", found.items[0]);
    let (_, found) = at("dataset = panw_ngfw_traffic_raw | filter odd^");
    assert_eq!(found.items[0].insert, "`odd name`");
    let (_, found) = at("alter n = add(target_port, 1) | filter n^");
    let made = found.items.iter().find(|item| item.label == "n").unwrap();
    assert!(made.detail == "integer" && made.doc.contains("add(target_port, 1)"), "{made:?}");
}

fn explained(marked: &str) -> Option<String> {
    let offset = marked.find('^').unwrap();
    hover(&marked.replacen('^', "", 1), offset, &catalog()).map(|found| found.text)
}

#[test]
fn hover_explains_what_stands_there() {
    for (text, words) in [
        ("dataset = xdr_data | fil^ter a = 1", "Keeps the rows"),
        ("^dataset = xdr_data", "Says which dataset"),
        ("dataset = xdr_^data", "source_ip"),
        ("dataset = \"ale^rts\"", "severity"),
        ("preset = xdr_pr^ocess", "xdr_data"),
        ("filter low^ercase(source_ip) = \"a\"", "lowercase(text)"),
        ("comp cou^nt() as n", "count([field])"),
        ("filter source^_ip = \"a\"", "What source_ip is."),
        ("alter n = add(1, 2) | filter n^ = 3", "add(1, 2)"),
        ("dataset = xdr_data | comp count() as n by source_ip | sort desc n^", "count() as n"),
        ("filter source_ip conta^ins \"a\"", "holds the other"),
        ("sort de^sc source_ip", "Downwards"),
        ("config case_sens^itive = true", "upper and lower"),
        ("dataset = a | join ty^pe = left (dataset = b) as b b.x = x", "partner"),
        ("filter event_type = ENUM.PRO^CESS", "constant"),
        ("alter x = extract_ti^me(_time, \"HOUR\")", "DAYOFWEEK"),
    ] {
        let found = explained(text);
        assert!(found.as_ref().is_some_and(|found| found.contains(words)), "{text}: {found:?}");
    }
    for text in
        ["filter a = \"te^xt\"", "filter nosuch^field = 1", "limit 1^0", "^", "// wo^rd", "filter a ^= 1"]
    {
        assert_eq!(explained(text), None, "{text}");
    }
}

#[test]
fn tokens_have_classes() {
    let text = "config timeframe = 1d | dataset = a // why\n| filter lowercase(b) = \"x\" and c->d != null | alter n = 1.5 | sort desc n";
    let shown: Vec<String> = highlight(text)
        .into_iter()
        .filter(|(_, class)| *class != TokenClass::Operator)
        .map(|(span, class)| format!("{} {class:?}", &text[span.start as usize..span.end as usize]))
        .collect();
    let expected = [
        "config Stage",
        "timeframe Setting",
        "1d Constant",
        "dataset Stage",
        "a Dataset",
        "// why Comment",
        "filter Stage",
        "lowercase Function",
        "b Field",
        "\"x\" Text",
        "and Keyword",
        "c Field",
        "d Field",
        "null Constant",
        "alter Stage",
        "n Definition",
        "1.5 Number",
        "sort Stage",
        "desc Keyword",
        "n Field",
    ];
    assert_eq!(shown, expected);
}

/// Whatever the text and the place: no panic, and spans that lie in the text.
fn holds_everywhere(text: &str, offset: usize) {
    let catalog = catalog();
    let found = complete(text, offset, &catalog);
    assert!(text.get(found.span.start as usize..found.span.end as usize).is_some(), "{text:?} {offset}");
    if let Some(found) = hover(text, offset, &catalog) {
        assert!(text.get(found.span.start as usize..found.span.end as usize).is_some());
    }
    let tokens = highlight(text);
    assert!(tokens.windows(2).all(|pair| pair[0].0.end <= pair[1].0.start));
}

fn piece() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "dataset",
        "=",
        "in",
        "(",
        ")",
        ",",
        "|",
        "filter",
        "alter",
        "comp",
        "by",
        "as",
        "fields",
        "sort",
        "desc",
        "join",
        "union",
        "type",
        "config",
        "timeframe",
        "between",
        "windowcomp",
        "transaction",
        "startswith",
        "view",
        "graph",
        "\"",
        "\"\"\"",
        "\\",
        "/*",
        "*/",
        "//",
        "\n",
        " ",
        "a",
        "xdr_data",
        "alerts",
        "count(",
        "if(",
        "extract_time(",
        "$p",
        "`",
        "`x y`",
        "ENUM.",
        ".",
        "xdm.",
        "->",
        "[",
        "]",
        "{",
        "}",
        "*",
        "-",
        "1",
        "1.5",
        "ä",
        "🚨",
        "'",
        "\u{0}",
        "call",
        "search",
        "preset",
        "top",
        "iploc",
        "bin",
        "target",
        "dedup",
    ];
    prop_oneof![
        8 => prop::sample::select(WORDS).prop_map(|word| format!("{word} ")),
        4 => prop::sample::select(WORDS).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_pieces_at_any_place(pieces in prop::collection::vec(piece(), 0..30), place in any::<prop::sample::Index>()) {
        let text = pieces.concat();
        holds_everywhere(&text, place.index(text.len() + 2));
    }

    #[test]
    fn any_text_at_any_place(text in "\\PC{0,60}", place in any::<prop::sample::Index>()) {
        holds_everywhere(&text, place.index(text.len() + 2));
    }
}

#[test]
fn every_place_of_real_forms() {
    for stage in vedette_xql::stages::STAGES {
        for query in vedette_xql::examples::of_stage(stage.name) {
            (0..=query.len()).for_each(|offset| holds_everywhere(query, offset));
        }
    }
}

#[test]
fn long_texts_do_not_take_long() {
    let conditions: Vec<String> = (0..20_000).map(|n| format!("f{n} != \"v{n}\"")).collect();
    let columns: Vec<String> = (0..12_000).map(|n| format!("c{n} = add(x, {n})")).collect();
    for text in [
        format!("dataset = alerts | filter {} and ", conditions.join(" or ")),
        format!("dataset = alerts | alter {} | filter c1", columns.join(", ")),
        format!("dataset = alerts {}| filter ", "| alter b = 1 ".repeat(240)),
        "(".repeat(400_000),
        "dataset = a | filter x in (".repeat(15_000),
        format!("filter {}", "\"\\".repeat(200_000)),
        "x".repeat(1 << 20),
        "| ".repeat(500_000),
    ] {
        let begun = Instant::now();
        holds_everywhere(&text, text.len());
        holds_everywhere(&text, text.len() / 2);
        // Far more than it takes on the busiest machine; a step that is quadratic takes longer still.
        assert!(begun.elapsed() < Duration::from_secs(300), "{:?}: {}", begun.elapsed(), &text[..30]);
        println!("{:?} for {} bytes of {}", begun.elapsed(), text.len(), &text[..20]);
    }
}
